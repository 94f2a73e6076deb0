//! Built-in functions of the Metal standard library.
//!
//! Purpose: dispatch a call that no user function takes. Soundness direction: a name that is not
//! modelled is an unknown call, never ignored.

pub mod atomic;
pub mod barrier;
pub mod constants;
pub mod geometric;
pub mod integer;
pub mod math;
pub mod matrix;
pub mod misc;
pub mod position;
pub mod simd;
pub mod tensor;
pub mod texture;

use crate::front::ast::Path;
use crate::ir::{Expr, ScalarTy};
use crate::models;
use crate::source::Span;

use super::call::Arg;
use super::ctx::Lowerer;
use super::template::TArg;
use super::types::{Ty, is_tensor};
use super::value::{Place, Value};

/// Whether a name is a modelled function.
pub fn is_builtin_function(name: &str) -> bool {
    math::lookup(name).is_some()
        || integer::is_name(name)
        || geometric::is_name(name)
        || models::simd_function(name).is_some()
        || models::atomic_function(name).is_some()
        || models::barrier(name).is_some()
        || matrix::is_name(name)
        || misc::is_name(name)
}

/// `__metal_f(x, mode)`, which the library's headers define `f(x)` with (files do the same for number types of their
/// own): the function, without what says how precise it is.
fn compiler_builtin<'n, 'a>(name: &'n str, mut args: Vec<Arg<'a>>) -> (&'n str, Vec<Arg<'a>>) {
    let Some(plain) = name.strip_prefix("__metal_") else {
        return (name, args);
    };
    if models::simd_function(plain).is_some_and(|f| f.args == args.len()) {
        return (plain, args);
    }
    match math::lookup(plain) {
        Some(rule) if args.len() == math::arity(rule) => (plain, args),
        Some(rule) if args.len() == math::arity(rule) + 1 => {
            args.pop();
            (plain, args)
        }
        _ => (name, args),
    }
}

/// A call being lowered.
pub struct Call<'c, 'a> {
    /// The name.
    pub name: &'c str,
    /// Written template arguments.
    pub targs: Option<Vec<TArg>>,
    /// Arguments.
    pub args: Vec<Arg<'a>>,
}

impl<'a> Lowerer<'a> {
    /// Calls a built-in function.
    pub fn call_builtin(
        &mut self,
        p: &'a Path,
        _ns: Option<&str>,
        targs: Option<Vec<TArg>>,
        args: Vec<Arg<'a>>,
        span: Span,
    ) -> Place {
        self.span = span;
        self.log_library(p.span);
        let name = p.last_name();
        if let Some(v) = self.numeric_limits(p) {
            return Place::Val(v);
        }
        if let Some(b) = name.strip_prefix("__metal_get_").and_then(models::input)
            && let [Arg::Place(like)] = args.as_slice()
        {
            let ty = like.ty().clone();
            let v = self.input_value(b, name, &ty);
            return Place::Val(v.unwrap_or_else(|| self.undef(&ty)));
        }
        let (name, args) = compiler_builtin(name, args);
        let call = Call { name, targs, args };
        if let Some(f) = models::barrier(name) {
            return self.barrier(f, call);
        }
        if let Some(f) = models::simd_function(name) {
            return self.simd_call(f, call);
        }
        if let Some(f) = models::atomic_function(name) {
            return self.atomic_call(f, call);
        }
        if matrix::is_name(name) {
            return self.matrix_call(call);
        }
        if misc::is_name(name) {
            return self.misc_call(call);
        }
        if geometric::is_name(name) {
            return self.geometric_call(call);
        }
        if integer::is_name(name) {
            return self.integer_call(call);
        }
        if let Some(f) = math::lookup(name) {
            return self.math_call(f, call);
        }
        if let Some(t) = tensor::of(name, call.targs.as_deref().unwrap_or(&[])) {
            for a in &call.args {
                if let Arg::Place(p) = a {
                    self.held_by_tensor(p);
                }
            }
            return Place::Val(Value {
                ty: t,
                leaves: Vec::new(),
            });
        }
        self.unknown_call(name, &call.args, false)
    }

    /// Argument values in order; pointers for arrays.
    pub fn arg_values(&mut self, args: Vec<Arg<'a>>) -> Vec<Value> {
        args.into_iter()
            .map(|a| match a {
                Arg::Place(p) => {
                    let v = self.decay(p);
                    match v.ty {
                        // A record with a conversion to a scalar takes part as that scalar.
                        Ty::Record(_) => self.convert(v, &Ty::FLOAT),
                        _ => v,
                    }
                }
                Arg::List(..) => Value::void(),
            })
            .collect()
    }

    /// Converts arguments to one element type and width, component by component.
    pub fn align_args(
        &mut self,
        vals: Vec<Value>,
        float_only: bool,
    ) -> Option<(ScalarTy, Ty, Vec<Vec<Expr>>)> {
        let mut elem: Option<ScalarTy> = None;
        let mut width = 1usize;
        let mut from_vec = false;
        for v in &vals {
            let s = v.ty.element()?;
            let vec = matches!(v.ty, Ty::Vector(..) | Ty::Matrix(..));
            if vec {
                width = width.max(v.leaves.len());
            }
            elem = Some(match (elem, vec, from_vec) {
                (None, _, _) => s,
                (Some(_), true, false) => s,
                (Some(e), false, true) => e,
                (Some(e), _, _) if e == s => e,
                (Some(e), _, _) => super::convert::common(e, s),
            });
            from_vec |= vec;
        }
        let mut elem = elem?;
        if float_only && !elem.is_float() {
            elem = ScalarTy::F32;
        }
        if !float_only && elem == ScalarTy::Bool {
            elem = ScalarTy::I32;
        }
        let mut out = Vec::new();
        for v in vals {
            let mut c: Vec<Expr> = v
                .scalars()
                .into_iter()
                .map(|e| super::fold::cast(e, elem))
                .collect();
            if c.len() < width {
                let e = self.short(c.swap_remove(0));
                c = vec![e; width];
            }
            out.push(c);
        }
        let ty = if width == 1 {
            Ty::Scalar(elem)
        } else {
            Ty::Vector(elem, u8::try_from(width).ok()?, false)
        };
        Some((elem, ty, out))
    }

    /// A method of a built-in type.
    pub fn builtin_method(
        &mut self,
        this: Place,
        name: &str,
        targs: Vec<TArg>,
        args: Vec<Arg<'a>>,
    ) -> Place {
        match (this.ty().clone(), name) {
            (Ty::Simdgroup(s), "thread_elements") => {
                let ty = Ty::Vector(s, 2, false);
                return match this {
                    Place::Reg(mut r) => {
                        if let super::value::Store::Mem(o) = &*r.store {
                            return Place::Mem(ty, super::value::PtrVal::object(*o), r.cv);
                        }
                        r.ty = ty;
                        Place::Reg(r)
                    }
                    Place::Mem(_, p, cv) => Place::Mem(ty, p, cv),
                    Place::Val(v) => Place::Val(Value {
                        ty,
                        leaves: v.leaves,
                    }),
                    other => other,
                };
            }
            (Ty::Array(_, n), "size") => {
                return Place::Val(Value::scalar(Expr::constant(ScalarTy::U64, n)));
            }
            (Ty::Array(t, _), "data") => {
                if let Some((p, _)) = self.as_pointer(this.clone()) {
                    return Place::Val(self.pointer_value(p, t));
                }
            }
            (Ty::Scalar(ScalarTy::U64), "any") => {
                let v = self.load(this);
                let e = self.truth(v);
                return Place::Val(Value::scalar(e));
            }
            (Ty::Scalar(ScalarTy::U64), "all") => {
                // Depends on which lanes are active.
                return Place::Val(Value::scalar(Expr::undef(ScalarTy::Bool)));
            }
            (Ty::Opaque(kind), _) if is_tensor(&kind) => {
                let mut all = args;
                all.push(Arg::Place(this));
                return self.tensor_method(&kind, name, &targs, &all);
            }
            (ty @ Ty::Texture(..), _) => return self.texture_method(&ty, name, args),
            _ => {}
        }
        let unknown = matches!(this.ty(), Ty::Unknown(_));
        let t = self.type_name(this.ty());
        let mut all = vec![Arg::Place(this)];
        all.extend(args);
        // A method of what is not known may be any of that name.
        if unknown {
            return self.unknown_call(name, &all, true);
        }
        self.unknown_call(&format!("{t}.{name}"), &all, false)
    }
}
