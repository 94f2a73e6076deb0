//! Statements that leave others: `switch`, `return`, and the regions they leave.
//!
//! Soundness direction: exact.

use super::ctx::Lowerer;
use super::fold;
use super::scope::Ctl;
use super::types::Ty;
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
            f.ctl.push(Ctl::Switch(label));
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
        }
        self.pop_scope();
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

    pub(super) fn return_stmt(&mut self, e: Option<&'a AExpr>, span: Span) {
        let Some(ret) = self.frames.last().and_then(|f| f.ret.clone()) else {
            if let Some(e) = e {
                self.place(e);
            }
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
                Some(t) => Place::Val(self.eval_as(e, t)),
                None => {
                    let p = self.place(e);
                    Place::Val(self.decay(p))
                }
            };
            self.span = span;
            if direct {
                first = Some(result);
            } else if result.ty() != &Ty::Void {
                let is_ref = matches!(ret.ty, Some(Ty::Ref(..)));
                let v = if is_ref {
                    let t = std::rc::Rc::new(result.ty().clone());
                    let p = self.address_of(result);
                    self.pointer_value(p, t)
                } else {
                    self.load(result)
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
                    }),
                    v,
                );
                self.constructing.pop();
                store = Some((ty, st));
            }
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
