//! Leaves out of a kernel's body what only computes values that do not matter.
//!
//! Soundness direction: exact for accesses and guards. Every access of memory that others see, every barrier and jump stays, but for jumps within constructs
//! that are left out whole; what is stored where contents do not matter is 0, of a type that only has the right size.

use super::relevance::{Effect, Relevance, Target};
use crate::ir::{Access, Expr, Kernel, ScalarTy, Stmt, VarId};

/// The rewritten body.
pub(super) fn body(k: &Kernel, relevant: &Relevance) -> Vec<Stmt> {
    Rewrite { relevant }.block(&k.body).0
}

/// The unsigned type of the same size in memory.
pub(super) fn plain(ty: ScalarTy) -> ScalarTy {
    match ty.size() {
        1 => ScalarTy::U8,
        2 => ScalarTy::U16,
        4 => ScalarTy::U32,
        _ => ScalarTy::U64,
    }
}

struct Rewrite<'r> {
    relevant: &'r Relevance,
}

impl Rewrite<'_> {
    fn block(&self, list: &[Stmt]) -> (Vec<Stmt>, Effect) {
        let mut out = Vec::new();
        let mut effect = Effect::default();
        for s in list {
            let (s, e) = self.statement(s);
            out.extend(s);
            effect.add(e);
        }
        (out, effect)
    }

    fn statement(&self, s: &Stmt) -> (Option<Stmt>, Effect) {
        let (made, effect) = self.made(s);
        match effect.is_needed() {
            true => (Some(made), effect),
            false => (None, effect),
        }
    }

    /// A statement with what is left of those in it, and what it does.
    fn made(&self, s: &Stmt) -> (Stmt, Effect) {
        let effect = match s {
            Stmt::Assign { dst, .. } | Stmt::Simd { dst, .. } => self.sets(&[*dst]),
            Stmt::MatrixMultiplyAccumulate { dst, .. } => self.sets(dst),
            Stmt::If {
                id,
                cond,
                then,
                els,
                span,
            } => {
                let (then, mut effect) = self.block(then);
                let (els, other) = self.block(els);
                effect.add(other);
                let s = Stmt::If {
                    id: *id,
                    cond: cond.clone(),
                    then,
                    els,
                    span: *span,
                };
                return (s, effect);
            }
            Stmt::Loop {
                id,
                header,
                cond,
                body,
                step,
                test_last,
                span,
            } => {
                let (header, mut effect) = self.block(header);
                let (body, of_body) = self.block(body);
                let (step, of_step) = self.block(step);
                effect.add(of_body);
                effect.add(of_step);
                let s = Stmt::Loop {
                    id: *id,
                    header,
                    cond: cond.clone(),
                    body,
                    step,
                    test_last: *test_last,
                    span: *span,
                };
                return (s, effect.within(Target::Loop(*id)));
            }
            Stmt::Region { label, body } => {
                let (body, effect) = self.block(body);
                let s = Stmt::Region {
                    label: *label,
                    body,
                };
                return (s, effect.within(Target::Region(*label)));
            }
            Stmt::Break(l) | Stmt::Continue(l) => Effect::jump(Target::Loop(*l)),
            Stmt::Leave(l) => Effect::jump(Target::Region(*l)),
            Stmt::Load { dst, access, .. } | Stmt::MatrixLoad { dst, access, .. }
                if !self.relevant.loads(dst, access) =>
            {
                Effect::default()
            }
            Stmt::Store { access, .. } | Stmt::MatrixStore { access, .. }
                if !self.relevant.stores(access) =>
            {
                Effect::default()
            }
            Stmt::Load { dst, ty, access } if !self.relevant.some_of(dst) => {
                let s = Stmt::Load {
                    dst: dst.clone(),
                    ty: plain(*ty),
                    access: access.clone(),
                };
                return (s, Effect::some());
            }
            Stmt::Store { src, ty, access } if !self.matters(access) => {
                let s = Stmt::Store {
                    src: zeros(src.len(), plain(*ty)),
                    ty: plain(*ty),
                    access: access.clone(),
                };
                return (s, Effect::some());
            }
            Stmt::MatrixLoad { dst, ty, access } if !self.relevant.some_of(dst) => {
                let s = Stmt::MatrixLoad {
                    dst: dst.clone(),
                    ty: plain(*ty),
                    access: access.clone(),
                };
                return (s, Effect::some());
            }
            Stmt::MatrixStore { src, ty, access } if !self.matters(access) => {
                let s = Stmt::MatrixStore {
                    src: zeros(src.len(), plain(*ty)),
                    ty: plain(*ty),
                    access: access.clone(),
                };
                return (s, Effect::some());
            }
            Stmt::Load { .. }
            | Stmt::Store { .. }
            | Stmt::Atomic { .. }
            | Stmt::MatrixLoad { .. }
            | Stmt::MatrixStore { .. }
            | Stmt::Barrier(_)
            | Stmt::Return { .. }
            | Stmt::Unsupported { .. } => Effect::some(),
        };
        (s.clone(), effect)
    }

    fn sets(&self, vars: &[VarId]) -> Effect {
        Effect {
            any: self.relevant.some_of(vars),
            ..Effect::default()
        }
    }

    /// Whether the contents of the object matter.
    fn matters(&self, access: &Access) -> bool {
        self.relevant.object(access.object.index())
    }
}

fn zeros(n: usize, ty: ScalarTy) -> Vec<Expr> {
    vec![Expr::constant(ty, 0); n]
}
