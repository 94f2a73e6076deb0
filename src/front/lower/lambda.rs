//! Lambda expressions and their calls ([expr.prim.lambda]).
//!
//! Purpose: a closure is the body with a copy of what it sees: captures by value are values of the
//! place where it was made, captures by reference are aliases. Soundness direction: exact; a call of
//! a closure that is not known is an unknown call.

use crate::front::ast::{Block, Lambda};
use crate::source::Span;
use std::rc::Rc;

use super::call::Arg;
use super::ctx::{Closure, Lowerer};
use super::inline::is_auto;
use super::scope::{Binding, Env, Frame, Ret};
use super::types::Ty;
use super::value::{Place, Value};

impl<'a> Lowerer<'a> {
    /// A lambda expression: remembers what it sees.
    pub fn lambda(&mut self, l: &'a Lambda, span: Span) -> Value {
        let path = self.path();
        let id = self.persist.closures.insert_full((span, path)).0 as u32;
        let mut frame = match self.frames.last() {
            Some(f) => f.clone(),
            None => return Value::void(),
        };
        frame.ctl.clear();
        frame.ctl_scope = 0;
        frame.cleanups.clear();
        frame.ret = None;
        // By value: the current values of local variables are kept.
        let mut copied = Env::new();
        if l.default_by_ref == Some(false) {
            let mut seen = Env::new();
            for s in &frame.scopes {
                for (n, b) in s {
                    seen.insert(n.clone(), b.clone());
                }
            }
            for (n, b) in seen {
                if let Some(kept) = self.kept(&n, &b, span) {
                    copied.insert(n, kept);
                }
            }
        }
        for (n, by_ref, init) in &l.captures {
            let place = match init {
                Some(e) => self.place(e),
                None => match self.local(n) {
                    Some(Binding::Place(p)) => p,
                    _ => continue,
                },
            };
            let p = if *by_ref {
                self.freeze_place(place)
            } else if let Place::Val(_) | Place::Reg(_) = place {
                let v = self.load(place);
                let v = self.freeze_value(v);
                self.new_local(n, span, v)
            } else {
                self.freeze_place(place)
            };
            copied.insert(n.clone(), Binding::Place(p));
        }
        frame.scopes.push(copied);
        self.closures.insert(
            id,
            Closure {
                lambda: l,
                frame: Rc::new(frame),
            },
        );
        Value {
            ty: Ty::Lambda(id),
            leaves: Vec::new(),
        }
    }

    /// A copy of a variable that may change before the closure is called ([expr.prim.lambda.capture]/10); of a pack, of its elements.
    fn kept(&mut self, name: &str, b: &Binding<'a>, span: Span) -> Option<Binding<'a>> {
        match b {
            Binding::Place(p) => self.kept_place(name, p, span).map(Binding::Place),
            Binding::Places(all) => {
                let mut any = false;
                let mut out = Vec::new();
                for (i, p) in all.iter().enumerate() {
                    // Each is a variable of its own.
                    let copy = self.kept_place(&format!("{name}.{i}"), p, span);
                    any |= copy.is_some();
                    out.push(copy.unwrap_or_else(|| p.clone()));
                }
                any.then_some(Binding::Places(out))
            }
            _ => None,
        }
    }

    fn kept_place(&mut self, name: &str, p: &Place, span: Span) -> Option<Place> {
        let Place::Reg(r) = p else { return None };
        let changes = self.persist.mutated.contains(&r.key) && r.ty.array_element().is_none();
        changes.then(|| {
            let v = self.load(p.clone());
            let v = self.freeze_value(v);
            self.new_local(name, span, v)
        })
    }

    /// Calls a closure.
    pub fn call_lambda(&mut self, id: u32, args: Vec<Arg<'a>>, span: Span) -> Place {
        let Some(c) = self.closures.get(&id).cloned() else {
            let mut args = args;
            args.push(Arg::Place(Place::Val(Value {
                ty: Ty::Lambda(id),
                leaves: Vec::new(),
            })));
            return self.unknown_call("lambda", &args, true);
        };
        let name = "lambda".to_string();
        let key = format!("lambda#{id}");
        if !self.enter_call(&key, &name, span) {
            return Place::Val(Value::void());
        }
        let path = self.sub_path(&name, span);
        let mut frame: Frame<'a> = (*c.frame).clone();
        frame.path = path;
        frame.scopes.push(Env::new());
        frame.name = format!("{}::lambda", frame.name);
        let label = self.new_label();
        let body: &'a Block = &c.lambda.body;
        frame.ret = Some(Ret {
            label,
            ty: None,
            count: 0,
            first: None,
            store: None,
            span: body.span,
            level: self.blocks.len() + 1,
        });
        self.frames.push(frame);
        let ret_ty = match &c.lambda.ret {
            Some(t) if !is_auto(t) => Some(self.resolve_type(t)),
            _ => None,
        };
        if let Some(r) = self.frames.last_mut().and_then(|f| f.ret.as_mut()) {
            r.ty = ret_ty.clone();
        }
        self.bind_params(&c.lambda.params, args, None);
        let result = self.run_body(body, ret_ty.clone());
        self.frames.pop();
        self.call_stack.pop();
        self.span = span;
        self.call_result(result, ret_ty.as_ref())
    }
}
