//! Statements and control flow.
//!
//! Soundness direction: exact; `goto` and what is not understood become `Unsupported` with control
//! effects.

use crate::front::ast::{Block, Expr as AExpr, Item, ItemKind, Stmt as AStmt, StmtKind as SK};
use crate::ir::{BinOp, Expr, LoopId, ScalarTy, Stmt};

use super::ctx::Lowerer;
use super::fold;
use super::scope::{Binding, Ctl};
use super::types::Ty;
use super::value::{Place, Value};

impl<'a> Lowerer<'a> {
    /// Lowers a block; whether control cannot reach its end.
    pub fn block(&mut self, b: &'a Block) -> bool {
        self.push_scope();
        let end = self.stmts(&b.stmts);
        self.pop_scope();
        end
    }

    /// Lowers statements in order; stops after one that ends the block.
    pub fn stmts(&mut self, list: &'a [AStmt]) -> bool {
        list.iter().any(|s| self.stmt(s))
    }

    /// Lowers a statement; whether control cannot pass it.
    pub fn stmt(&mut self, s: &'a AStmt) -> bool {
        self.span = s.span;
        if self.work > self.opts.max_work || self.stmt_count > self.opts.max_statements {
            // What follows in this block is left out; on this path anything may happen.
            self.unsupported("kernel too large", true, true, Vec::new());
            return true;
        }
        if self.depth > self.opts.max_nesting {
            self.unsupported("statement nested too deeply", true, true, Vec::new());
            return false;
        }
        self.depth += 1;
        let r = self.stmt_inner(s);
        self.depth -= 1;
        r
    }

    pub(super) fn stmt_inner(&mut self, s: &'a AStmt) -> bool {
        match &s.kind {
            SK::Empty | SK::Case(_) | SK::Default => false,
            SK::Expr(e) => {
                self.discard(e);
                false
            }
            SK::Decl(d) => {
                self.declaration(d);
                false
            }
            SK::Item(i) => {
                self.local_item(i);
                false
            }
            SK::Block(b) => self.block(b),
            SK::If {
                is_constexpr: _,
                init,
                cond,
                then,
                els,
            } => {
                self.push_scope();
                if let Some(i) = init {
                    self.stmt(i);
                }
                let r = self.if_stmt(s.span, cond, then, els.as_deref());
                self.pop_scope();
                r
            }
            SK::For {
                init,
                cond,
                step,
                body,
            } => {
                self.push_scope();
                if let Some(i) = init {
                    self.stmt(i);
                }
                self.span = s.span;
                let id = self.new_loop(s.span);
                self.run_loop(id, cond.as_ref(), step.as_ref(), body, false, s.span);
                self.pop_scope();
                false
            }
            SK::While { cond, body } => {
                let id = self.new_loop(s.span);
                self.run_loop(id, Some(cond), None, body, false, s.span);
                false
            }
            SK::DoWhile { body, cond } => {
                let id = self.new_loop(s.span);
                self.run_loop(id, Some(cond), None, body, true, s.span);
                false
            }
            SK::ForRange { var, range, body } => {
                self.for_range(s, var, range, body);
                false
            }
            SK::Switch { cond, body } => {
                self.switch(cond, body, s.span);
                false
            }
            SK::Return(e) => {
                self.return_stmt(e.as_ref(), s.span);
                true
            }
            SK::Break => {
                match self.frames.last().and_then(|f| f.ctl.last().copied()) {
                    Some(Ctl::Loop(id)) => self.emit(Stmt::Break(id)),
                    Some(Ctl::Switch(l)) => self.emit(Stmt::Leave(l)),
                    None => self.unsupported("`break` outside a loop", false, true, Vec::new()),
                }
                true
            }
            SK::Continue => {
                let target = self.frames.last().and_then(|f| {
                    f.ctl.iter().rev().find_map(|c| match c {
                        Ctl::Loop(id) => Some(*id),
                        Ctl::Switch(_) => None,
                    })
                });
                match target {
                    Some(id) => self.emit(Stmt::Continue(id)),
                    None => self.unsupported("`continue` outside a loop", false, true, Vec::new()),
                }
                true
            }
            SK::Goto(_) => {
                self.unsupported("goto", true, true, Vec::new());
                false
            }
            SK::Label(_) => {
                self.unsupported("label", false, true, Vec::new());
                false
            }
            SK::Unsupported(what) => {
                self.unsupported(what.clone(), true, true, Vec::new());
                false
            }
        }
    }

    pub(super) fn local_item(&mut self, i: &'a Item) {
        match &i.kind {
            ItemKind::Alias(a) => {
                if a.template.is_some() {
                    self.note("local alias template");
                } else {
                    let t = self.resolve_type(&a.ty);
                    self.bind(&a.name, Binding::Type(t));
                }
            }
            ItemKind::Record(r) => {
                let t = self.declare_record(r, i.span);
                self.bind(&r.name, Binding::Type(t));
            }
            ItemKind::Enum(e) => {
                let s = self.enum_scalar(e);
                let id = self.local_enums;
                self.local_enums += 1;
                let ty = self.enum_type(e, |s| Ty::Enum(id, s));
                for (n, v) in self.enum_values(e) {
                    let v = Value::comps(ty.clone(), vec![Expr::constant(s, v as u64)]);
                    self.bind(n, Binding::Place(Place::Val(v)));
                }
                if !e.name.is_empty() {
                    self.bind(&e.name, Binding::Type(ty));
                }
            }
            ItemKind::Var(v) => self.declaration(v),
            // [dcl.pre]/10: an instance for which it does not hold does not compile.
            ItemKind::StaticAssert(e) => {
                if self.const_int(e) == Some(0) {
                    self.unsupported("static_assert that does not hold", false, false, Vec::new());
                }
            }
            ItemKind::Empty | ItemKind::UsingNamespace(_) | ItemKind::UsingDecl(_) => {}
            _ => self.unsupported("local declaration", true, true, Vec::new()),
        }
    }

    pub(super) fn if_stmt(
        &mut self,
        span: crate::source::Span,
        cond: &'a AExpr,
        then: &'a AStmt,
        els: Option<&'a AStmt>,
    ) -> bool {
        let c = self.eval_bool(cond);
        match fold::const_bool(&c) {
            Some(true) => return self.scoped(then),
            Some(false) => return els.is_some_and(|e| self.scoped(e)),
            None => {}
        }
        let (then, t) = self.in_block(|l| l.scoped(then));
        let (els, e) = match els {
            Some(e) => self.in_block(|l| l.scoped(e)),
            None => (Vec::new(), false),
        };
        let _ = span;
        self.emit_if(c, then, els, cond.span);
        t && e
    }

    pub(super) fn scoped(&mut self, s: &'a AStmt) -> bool {
        self.push_scope();
        let r = self.stmt(s);
        self.pop_scope();
        r
    }

    pub(super) fn enter_loop(&mut self, id: LoopId) {
        self.loop_stack.push(id);
        if let Some(f) = self.frames.last_mut() {
            f.ctl.push(Ctl::Loop(id));
        }
    }

    pub(super) fn leave_loop(&mut self) {
        self.loop_stack.pop();
        if let Some(f) = self.frames.last_mut() {
            f.ctl.pop();
        }
    }

    pub(super) fn run_loop(
        &mut self,
        id: LoopId,
        cond: Option<&'a AExpr>,
        step: Option<&'a AExpr>,
        body: &'a AStmt,
        test_last: bool,
        span: crate::source::Span,
    ) {
        self.enter_loop(id);
        let test = |l: &mut Self| -> (Vec<Stmt>, Option<Expr>) {
            match cond {
                Some(c) => {
                    let (h, e) = l.in_block(|l| l.eval_bool(c));
                    if h.is_empty() && fold::const_bool(&e) == Some(true) {
                        (h, None)
                    } else {
                        (h, Some(e))
                    }
                }
                None => (Vec::new(), None),
            }
        };
        let mut tested = None;
        if !test_last {
            tested = Some(test(self));
        }
        let (body, _) = self.in_block(|l| l.scoped(body));
        let (step, ()) = self.in_block(|l| {
            if let Some(s) = step {
                l.discard(s);
            }
        });
        let (header, cond) = match tested {
            Some(t) => t,
            None => test(self),
        };
        self.leave_loop();
        self.emit(Stmt::Loop {
            id,
            header,
            cond,
            body,
            step,
            test_last,
            span,
        });
    }

    pub(super) fn for_range(
        &mut self,
        s: &'a AStmt,
        var: &'a crate::front::ast::Declarator,
        range: &'a AExpr,
        body: &'a AStmt,
    ) {
        let r = self.place(range);
        let r = self.freeze_place(r);
        let Ty::Array(_, n) = *r.ty() else {
            self.unsupported("range-based for over this type", true, true, Vec::new());
            return;
        };
        let i = self.new_var("%range".to_string(), ScalarTy::U32, false, s.span);
        self.assign(i, fold::u32c(0));
        let id = self.new_loop(s.span);
        self.enter_loop(id);
        let iv = Expr::var(ScalarTy::U32, i);
        let cond = fold::binary(BinOp::Lt, iv.clone(), fold::u32c(n as u32));
        let (body, ()) = self.in_block(|l| {
            l.push_scope();
            let e = l.element_place(r.clone(), iv.clone());
            l.declare_from_place(var, e);
            l.stmt(body);
            l.pop_scope();
        });
        let (step, ()) = self.in_block(|l| {
            let next = fold::binary(BinOp::Add, iv.clone(), fold::u32c(1));
            l.assign(i, next);
        });
        self.leave_loop();
        self.emit(Stmt::Loop {
            id,
            header: Vec::new(),
            cond: Some(cond),
            body,
            step,
            test_last: false,
            span: s.span,
        });
    }
}
