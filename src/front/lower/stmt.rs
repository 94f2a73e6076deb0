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

    fn stmt_inner(&mut self, s: &'a AStmt) -> bool {
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

    fn local_item(&mut self, i: &'a Item) {
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
                let ty = Ty::Enum(id, s);
                for (n, v) in self.enum_values(e) {
                    let v = Value::comps(ty.clone(), vec![Expr::constant(s, v as u64)]);
                    self.bind(n, Binding::Place(Place::Val(v)));
                }
                if !e.name.is_empty() {
                    self.bind(&e.name, Binding::Type(ty));
                }
            }
            ItemKind::Var(v) => self.declaration(v),
            ItemKind::StaticAssert(_)
            | ItemKind::Empty
            | ItemKind::UsingNamespace(_)
            | ItemKind::UsingDecl(_) => {}
            _ => self.unsupported("local declaration", true, true, Vec::new()),
        }
    }

    fn if_stmt(
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
        self.emit(Stmt::If {
            cond: c,
            then,
            els,
            span: cond.span,
        });
        t && e
    }

    fn scoped(&mut self, s: &'a AStmt) -> bool {
        self.push_scope();
        let r = self.stmt(s);
        self.pop_scope();
        r
    }

    fn enter_loop(&mut self, id: LoopId) {
        self.loop_stack.push(id);
        if let Some(f) = self.frames.last_mut() {
            f.ctl.push(Ctl::Loop(id));
        }
    }

    fn leave_loop(&mut self) {
        self.loop_stack.pop();
        if let Some(f) = self.frames.last_mut() {
            f.ctl.pop();
        }
    }

    fn run_loop(
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

    fn for_range(
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

    /// `switch`: a region with one guarded block per entry point. Fallthrough is expressed by a
    /// variable that says whether an earlier entry was taken.
    fn switch(&mut self, cond: &'a AExpr, body: &'a [AStmt], span: crate::source::Span) {
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
                l.emit(Stmt::If {
                    cond: cond.clone(),
                    then,
                    els: Vec::new(),
                    span,
                });
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

    fn return_stmt(&mut self, e: Option<&'a AExpr>, span: crate::source::Span) {
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
