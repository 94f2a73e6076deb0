//! Statements that leave others: `switch`, `return`, and the regions they leave.
//!
//! Soundness direction: exact.

use super::ctx::Lowerer;
use super::fold;
use super::scope::Ctl;
use super::types::{Cv, Ty};
use super::value::{Place, Value};
use crate::front::ast::{Expr as AExpr, Stmt as AStmt, StmtKind as SK};
use crate::ir::{BinOp, BranchId, Expr, LabelId, ScalarTy, Stmt};
use crate::source::Span;

impl<'a> Lowerer<'a> {
    /// A new label.
    pub fn new_label(&mut self) -> LabelId {
        self.label_count += 1;
        LabelId(self.label_count - 1)
    }

    /// Emits a two-way branch.
    pub fn emit_if(&mut self, cond: Expr, then: Vec<Stmt>, els: Vec<Stmt>, span: Span) {
        self.branch_count += 1;
        self.emit(Stmt::If {
            id: BranchId(self.branch_count - 1),
            cond,
            then,
            els,
            span,
        });
    }

    /// `switch`: a region with one guarded block per entry point. Fallthrough is expressed by a
    /// variable that says whether an earlier entry was taken.
    pub(super) fn switch(&mut self, cond: &'a AExpr, body: &'a [AStmt], span: Span) {
        let v = self.eval(cond);
        let t = v.ty.scalar().map_or(ScalarTy::I32, super::convert::promote);
        let v = self.convert(v, &Ty::Scalar(t));
        let v = v
            .as_scalar()
            .cloned()
            .unwrap_or_else(|| Expr::undef(ScalarTy::I32));
        let v = self.atom(v);
        // Entries: (labels, default?, statements).
        struct Arm<'a> {
            values: Vec<Expr>,
            default: bool,
            stmts: &'a [AStmt],
        }
        let mut arms: Vec<Arm<'a>> = Vec::new();
        let mut i = 0;
        while i < body.len() {
            let mut arm = Arm {
                values: Vec::new(),
                default: false,
                stmts: &[],
            };
            while let Some(s) = body.get(i) {
                match &s.kind {
                    SK::Case(e) => {
                        self.span = s.span;
                        let c = self.const_int(e);
                        match c {
                            Some(c) => arm.values.push(Expr::constant(t, c as u64)),
                            None => {
                                self.unsupported("non-constant case", false, true, Vec::new());
                            }
                        }
                    }
                    SK::Default => arm.default = true,
                    _ => break,
                }
                i += 1;
            }
            let start = i;
            while i < body.len() && !matches!(body[i].kind, SK::Case(_) | SK::Default) {
                i += 1;
            }
            arm.stmts = &body[start..i];
            arms.push(arm);
        }
        self.push_scope();
        let eq = |c: &Expr| fold::binary(BinOp::Eq, v.clone(), c.clone());
        let any = |vals: &[Expr]| {
            vals.iter()
                .map(eq)
                .reduce(|a, b| fold::binary(BinOp::Or, a, b))
                .unwrap_or_else(|| fold::boolc(false))
        };
        let all: Vec<Expr> = arms.iter().flat_map(|a| a.values.clone()).collect();
        let none = fold::not(any(&all));
        let label = self.new_label();
        if let Some(f) = self.frames.last_mut() {
            let open = f.scopes.len();
            f.ctl.push((Ctl::Switch(label), open));
        }
        let labels = self.frames.last().map_or(0, |f| f.ctl_scope);
        if let Some(f) = self.frames.last_mut() {
            f.ctl_scope = f.scopes.len();
        }
        let (region, ()) = self.in_block(|l| {
            let mut taken: Option<Expr> = None;
            let last = arms.len().saturating_sub(1);
            for (k, arm) in arms.iter().enumerate() {
                let mut cond = any(&arm.values);
                if arm.default {
                    cond = fold::binary(BinOp::Or, cond, none.clone());
                }
                if let Some(t) = taken.take() {
                    cond = fold::binary(BinOp::Or, t, cond);
                }
                l.span = span;
                match fold::const_bool(&cond) {
                    Some(false) => continue,
                    Some(true) => {
                        if l.stmts(arm.stmts) {
                            break;
                        }
                        taken = Some(cond);
                        continue;
                    }
                    None => {}
                }
                // A single test needs no variable; falling through does.
                let cond = if k == last { cond } else { l.freeze(cond) };
                let (mut then, ended) = l.in_block(|l| l.stmts(arm.stmts));
                // A trailing `break` of the last arm is the end anyway.
                if k == last && matches!(then.last(), Some(Stmt::Leave(x)) if *x == label) {
                    then.pop();
                }
                l.emit_if(cond.clone(), then, Vec::new(), span);
                taken = if ended { None } else { Some(cond) };
            }
        });
        if let Some(f) = self.frames.last_mut() {
            f.ctl.pop();
            f.ctl_scope = labels;
        }
        self.close_scope(false);
        self.emit_region(label, region);
    }

    /// Appends a region, or its statements when nothing leaves it.
    pub fn emit_region(&mut self, label: crate::ir::LabelId, mut body: Vec<Stmt>) {
        if matches!(body.last(), Some(Stmt::Leave(l)) if *l == label) {
            body.pop();
        }
        if leaves(&body, label) {
            self.emit(Stmt::Region { label, body });
        } else {
            for s in body {
                self.emit(s);
            }
        }
    }

    /// The result of `return e;` by value. A local object may be returned without a copy or not
    /// ([class.copy.elision]): where that can be told, it is not known.
    fn returned(&mut self, e: &'a AExpr, ty: Option<&Ty>) -> Value {
        if let crate::front::ast::ExprKind::InitList(args) = &e.kind
            && let Some(t) = ty
        {
            return self.construct(t, args, true);
        }
        let before = self.temporaries.len();
        let p = self.place(e);
        let s = self.special(p.ty());
        if !p.is_rvalue() && (s.dtor || s.copy) && self.is_local(e) {
            let name = self.type_name(p.ty());
            self.unsupported(
                format!("return of the local `{name}`"),
                true,
                true,
                Vec::new(),
            );
        }
        let v = match (ty, p.ty()) {
            (Some(Ty::Pointer(..)), _) | (None, _) if !matches!(p.ty(), Ty::Record(_)) => {
                let v = self.decay(p);
                match ty {
                    Some(t) => self.convert(v, t),
                    None => v,
                }
            }
            (Some(t), _) => self.init_from(p, t),
            (None, _) => self.copied(p),
        };
        self.adopt(before);
        v
    }

    /// Whether an expression names something that a block declares.
    fn is_local(&self, e: &AExpr) -> bool {
        match &e.kind {
            crate::front::ast::ExprKind::Path(p) => {
                p.as_ident().is_some_and(|n| self.local(n).is_some())
            }
            _ => false,
        }
    }

    pub(super) fn return_stmt(&mut self, e: Option<&'a AExpr>, span: Span) {
        let Some(ret) = self.frames.last().and_then(|f| f.ret.clone()) else {
            if let Some(e) = e {
                self.place(e);
            }
            self.run_cleanups(0);
            self.emit(Stmt::Return { span });
            return;
        };
        let direct = self.blocks.len() == ret.level && ret.count == 0;
        let mut first = None;
        let mut store = ret.store.clone();
        if let Some(e) = e {
            let result: Place = match &ret.ty {
                Some(Ty::Ref(..)) => {
                    let p = self.place(e);
                    self.freeze_place(p)
                }
                Some(Ty::Void) => {
                    self.place(e);
                    Place::Val(Value::void())
                }
                Some(t) => {
                    let t = t.clone();
                    Place::Val(self.returned(e, Some(&t)))
                }
                None => Place::Val(self.returned(e, None)),
            };
            let ends = self.frames.last().is_some_and(|f| !f.cleanups.is_empty());
            let result = match result {
                // The objects that end now may be what it was computed from.
                Place::Val(v) if ends => Place::Val(self.freeze_value(v)),
                other => other,
            };
            self.span = span;
            if ends {
                self.run_cleanups(0);
            }
            if direct {
                first = Some(result);
            } else if result.ty() != &Ty::Void {
                let is_ref = matches!(ret.ty, Some(Ty::Ref(..)));
                let v = if is_ref {
                    self.pointer_to(result)
                } else {
                    self.load_bits(result)
                };
                let key = self.key(ret.span, "%return");
                let (ty, st) = match store.take() {
                    Some(s) => s,
                    None => {
                        let name = self.frames.last().map_or_else(String::new, |f| {
                            format!("%{}.ret", f.name.split('<').next().unwrap_or(""))
                        });
                        let st = self.new_storage(&v.ty, &name, key, &mut Vec::new(), true);
                        (v.ty.clone(), st)
                    }
                };
                let v = self.convert(v, &ty);
                self.constructing.push(key);
                self.store(
                    &Place::Reg(super::value::RegPlace {
                        ty: ty.clone(),
                        store: st.clone(),
                        key,
                        path: Vec::new(),
                        cv: Cv::default(),
                        space: None,
                    }),
                    v,
                );
                self.constructing.pop();
                store = Some((ty, st));
            }
        }
        if e.is_none() {
            self.run_cleanups(0);
        }
        if !direct && self.blocks.len() != ret.level {
            self.emit(Stmt::Leave(ret.label));
        }
        if let Some(r) = self.frames.last_mut().and_then(|f| f.ret.as_mut()) {
            r.count += 1;
            r.first = first;
            r.store = store;
        }
    }
}

/// Whether a jump to the label is among the statements.
pub fn leaves(body: &[Stmt], label: crate::ir::LabelId) -> bool {
    body.iter().any(|s| match s {
        Stmt::Leave(l) => *l == label,
        Stmt::If { then, els, .. } => leaves(then, label) || leaves(els, label),
        Stmt::Loop {
            header, body, step, ..
        } => leaves(header, label) || leaves(body, label) || leaves(step, label),
        Stmt::Region { body, .. } => leaves(body, label),
        _ => false,
    })
}
