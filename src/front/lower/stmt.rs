//! Statements and control flow.
//!
//! Soundness direction: exact; `goto` and what is not understood become `Unsupported` with control
//! effects.

use crate::front::ast::{
    Block, Expr as AExpr, ExprKind as EK, Item, ItemKind, Stmt as AStmt, StmtKind as SK,
};
use crate::ir::{BinOp, Expr, LoopId, ScalarTy, Stmt};

use super::ctx::Lowerer;
use super::fold;
use super::scope::{Binding, Ctl, Entity};
use super::types::Ty;
use super::value::Place;

impl<'a> Lowerer<'a> {
    /// Lowers a block; whether control cannot reach its end.
    pub fn block(&mut self, b: &'a Block) -> bool {
        self.push_scope();
        let labels = self
            .frames
            .last_mut()
            .map_or(0, |f| std::mem::take(&mut f.ctl_scope));
        let end = self.stmts(&b.stmts);
        self.close_scope(!end);
        if let Some(f) = self.frames.last_mut() {
            f.ctl_scope = labels;
        }
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
        self.end_of_expression();
        self.depth -= 1;
        r
    }

    pub(super) fn stmt_inner(&mut self, s: &'a AStmt) -> bool {
        match &s.kind {
            SK::Empty | SK::Case(_) | SK::Default => false,
            SK::Expr(e) => {
                self.expression_statement(e);
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
                self.close_scope(!r);
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
                self.close_scope(true);
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
                let target = self.frames.last().and_then(|f| f.ctl.last().copied());
                if let Some((_, depth)) = target {
                    self.run_cleanups(depth);
                }
                match target.map(|(c, _)| c) {
                    Some(Ctl::Loop(id)) => self.emit(Stmt::Break(id)),
                    Some(Ctl::Switch(l)) => self.emit(Stmt::Leave(l)),
                    None => self.unsupported("`break` outside a loop", false, true, Vec::new()),
                }
                true
            }
            SK::Continue => {
                let target = self.frames.last().and_then(|f| {
                    f.ctl.iter().rev().find_map(|(c, depth)| match c {
                        Ctl::Loop(id) => Some((*id, *depth)),
                        Ctl::Switch(_) => None,
                    })
                });
                match target {
                    Some((id, depth)) => {
                        self.run_cleanups(depth);
                        self.emit(Stmt::Continue(id));
                    }
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
                    self.bind(&a.name, Binding::Opaque);
                    self.note("local alias template");
                } else {
                    let t = self.qualified_type(&a.ty);
                    self.bind(&a.name, Binding::Type(t));
                }
            }
            ItemKind::Record(r) => {
                let t = self.declare_record(r, i.span);
                self.bind(&r.name, Binding::Type(t));
            }
            ItemKind::Enum(e) => {
                let at = self.at();
                let ty = self.new_enumeration(e, at, None);
                if let Ty::Enum(id, _) = ty
                    && !e.scoped
                {
                    for (i, (n, _)) in e.values.iter().enumerate() {
                        let b = match self.enumerator_of(id, n) {
                            Some(v) => Binding::Place(Place::Val(v)),
                            None => Binding::Opaque,
                        };
                        self.bind(n, b);
                        if let Some(span) = e.places.get(i) {
                            self.log_origin(n, *span);
                        }
                    }
                }
                if !e.name.is_empty() {
                    self.bind(&e.name, Binding::Type(ty));
                }
            }
            ItemKind::Var(v) => self.declaration(v),
            ItemKind::UsingNamespace(p) => {
                if let Some(ns) = self.syms.clone().namespace(p, self.at())
                    && let Some(f) = self.frames.last_mut()
                {
                    let open = f.scopes.len();
                    f.using.push((open, ns));
                }
            }
            ItemKind::NamespaceAlias(name, p) => self.local_space(name, p),
            ItemKind::UsingDecl(p) => self.local_using(p),
            // [dcl.pre]/10: an instance for which it does not hold does not compile.
            ItemKind::StaticAssert(e) => {
                if self.const_int(e) == Some(0) {
                    self.unsupported("static_assert that does not hold", false, false, Vec::new());
                }
            }
            ItemKind::Empty => {}
            _ => self.unsupported("local declaration", true, true, Vec::new()),
        }
    }

    /// `namespace a = b;` in a block.
    fn local_space(&mut self, name: &str, p: &'a crate::front::ast::Path) {
        let first = p.segments.first().map(|s| s.name.as_str());
        let local = first.and_then(|n| self.local(n)).is_some();
        match self.syms.clone().namespace(p, self.at()).filter(|_| !local) {
            Some(ns) => self.bind(name, Binding::Space(ns)),
            None => self.unsupported("alias of this namespace", true, true, Vec::new()),
        }
    }

    /// `using a::b;` in a block ([namespace.udecl]).
    fn local_using(&mut self, p: &'a crate::front::ast::Path) {
        let name = p.last_name();
        let here = self.frames.last().and_then(|f| f.scopes.last());
        let before = here.and_then(|s| s.get(name).cloned());
        let b = match self.entity(p) {
            Entity::Place(place) => Binding::Place(place),
            Entity::Type(t) => Binding::Type(t),
            Entity::Funcs(mut set) => {
                set.open = true;
                if let Some(Binding::Func(old)) = before {
                    set.cands.extend(old.cands);
                }
                Binding::Func(set)
            }
            // It hides what is around; calls of the library are made by their name.
            Entity::Builtin(..) => Binding::Library,
            Entity::Unclear(_) => Binding::Opaque,
        };
        self.bind(name, b);
    }

    /// `e;`: an object that it makes ends with it.
    fn expression_statement(&mut self, e: &'a AExpr) {
        let before = self.temporaries.len();
        if !matches!(e.kind, EK::Call(..) | EK::Construct { .. }) {
            return self.discard(e);
        }
        let p = self.place(e);
        if let Place::Val(v) = p
            && self.temporaries.len() == before + 1
            && self.special(&v.ty).dtor
        {
            self.adopt(before);
            let p = self.new_local("%temporary", e.span, v);
            self.destroy(p);
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
        let labels = self
            .frames
            .last_mut()
            .map_or(0, |f| std::mem::take(&mut f.ctl_scope));
        let r = self.stmt(s);
        self.close_scope(!r);
        if let Some(f) = self.frames.last_mut() {
            f.ctl_scope = labels;
        }
        r
    }

    pub(super) fn enter_loop(&mut self, id: LoopId) {
        self.loop_stack.push(id);
        if let Some(f) = self.frames.last_mut() {
            let open = f.scopes.len();
            f.ctl.push((Ctl::Loop(id), open));
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
        let ends = cond.as_ref().and_then(fold::const_bool) == Some(false);
        if test_last && ends && header.is_empty() && step.is_empty() {
            self.emit_once(id, body);
            return;
        }
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
            let end = l.stmt(body);
            l.close_scope(!end);
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
