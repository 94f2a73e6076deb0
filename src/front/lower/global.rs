//! Program-scope variables: constants and function constants.
//!
//! Soundness direction: exact.

use super::ctx::{Lowerer, ObjKey};
use super::symbols::{At, GlobalVar};
use super::template::TArg;
use super::types::{Cv, Ty};
use super::value::{Leaf, Place, PtrVal, RegPlace, Value};
use crate::front::ast::{AddressSpace, Declarator, Init};
use crate::ir::{Expr, ExprKind, Object, Space, VarKind};

/// A constant may be read only.
const CONST: Cv = Cv {
    is_const: true,
    is_volatile: false,
};

impl<'a> Lowerer<'a> {
    /// A program-scope variable.
    pub fn global_place(&mut self, g: &GlobalVar<'a>, targs: Option<&[TArg]>) -> Option<Place> {
        let d = g.decl;
        if let Some(a) = d.attrs.iter().find(|a| a.name == "function_constant") {
            let index = a.args.first().and_then(|e| self.const_int(e)).unwrap_or(0) as u32;
            let ty = self.resolve_type(&d.ty);
            let Some(s) = ty.scalar() else {
                self.note("function constant that is no scalar");
                return Some(Place::Val(self.undef(&ty)));
            };
            let v = self.function_constant(index, false, &d.name, s);
            return Some(Place::Val(Value::comps(ty, vec![v])));
        }
        if let Some(params) = g.template {
            let given = Self::positional(params, targs?)?;
            let (env, _) = self.template_env(params, &given, None, g.at)?;
            return self.with_env(env, None, g.at, |l| l.constant_variable(d, false));
        }
        self.shared_constant(d, None, g.at)
    }

    /// A constant of a class or a namespace, which is evaluated once.
    pub fn shared_constant(
        &mut self,
        d: &'a Declarator,
        rec: Option<u32>,
        at: At,
    ) -> Option<Place> {
        let key = (std::ptr::from_ref(d) as usize, rec.unwrap_or(u32::MAX));
        if let Some(p) = self.known.constants.get(&key) {
            return Some(p.clone());
        }
        let p = self.with_env(Default::default(), rec, at, |l| {
            l.constant_variable(d, false)
        })?;
        let fixed = matches!(&p, Place::Reg(r) if r.space.is_some());
        if fixed && self.log.is_none() {
            self.known.constants.insert(key, p.clone());
        }
        Some(p)
    }

    /// The variable of a function constant, or of whether it is defined.
    pub fn function_constant(
        &mut self,
        index: u32,
        defined: bool,
        name: &str,
        s: crate::ir::ScalarTy,
    ) -> Expr {
        if let Some(v) = self.function_constants.get(&(index, defined)) {
            return Expr::var(s, *v);
        }
        let v = self.new_var(name.to_string(), s, true, self.span);
        if let Some(var) = self.vars.get_mut(v.index()) {
            var.kind = if defined {
                VarKind::FunctionConstantDefined(index)
            } else {
                VarKind::FunctionConstant(index)
            };
        }
        self.function_constants.insert((index, defined), v);
        Expr::var(s, v)
    }

    /// A constant with an initialiser: folded, or an object with contents for arrays.
    /// `automatic`: one of a function, which is in thread memory where nothing else is written.
    pub fn constant_variable(&mut self, d: &'a Declarator, automatic: bool) -> Option<Place> {
        let span = d.span;
        let init = d.init.as_ref();
        let mut ty = self.resolve_type(&d.ty);
        if let Ty::Unsized(t) = &ty
            && let Some(n) = self.list_bound(&d.init)
        {
            ty = Ty::Array(t.clone(), n);
        }
        if let Ty::Ref(t, _) = ty {
            ty = (*t).clone();
        }
        if self.depth > self.opts.max_nesting || ty.is_attribute() {
            return None;
        }
        self.depth += 1;
        let outer = self.span;
        let evaluate = |l: &mut Self| {
            let (block, v) = l.in_block(|l| match init {
                None => l.default_value(&ty),
                Some(Init::Assign(e)) => match &ty {
                    Ty::Unknown(_) => l.eval(e),
                    t => l.eval_as(e, t),
                },
                Some(Init::Paren(a)) => l.construct(&ty, a, false),
                Some(Init::Brace(a)) => l.construct(&ty, a, true),
            });
            l.fold_block(&block, v)
        };
        let (value, ok) = self.speculate(evaluate);
        // What depends on function constants is known only when a pipeline is made.
        let notes = self.unsupported.len();
        let chosen = (!ok && init.is_some() && !value.leaves.is_empty())
            .then(|| evaluate(self).0)
            .filter(|v| {
                let known = |l: &Leaf| matches!(l, Leaf::S(e) if self.of_function_constants(e));
                !matches!(v.ty, Ty::Array(..)) && v.leaves.iter().all(known)
            });
        self.span = outer;
        self.depth -= 1;
        if let Some(v) = chosen {
            return Some(Place::Val(v));
        }
        let space = match super::decl::declared_space(&d.ty) {
            None if automatic => AddressSpace::Thread,
            None => AddressSpace::Constant,
            Some(s) => s,
        };
        self.unsupported.truncate(notes);
        if matches!(value.ty, Ty::Array(..)) && ok {
            let key = ObjKey::Global(span, format!("{}{}", d.name, self.instance_text()));
            let bytes = self.bytes_of(&value);
            let mut obj: Object = self.describe_object(&d.name, Space::Constant, &value.ty);
            obj.init = bytes;
            obj.span = span;
            let o = self.object(key, || obj);
            return Some(Place::Mem(value.ty, PtrVal::object(o), CONST));
        }
        if ok {
            let known = value.as_scalar().filter(|e| e.ty.is_int());
            self.log_constant(span, &d.name, known.and_then(Expr::as_int));
            let s = self.special(&value.ty);
            if s.dtor || s.copy {
                return None;
            }
            return Some(Place::Reg(RegPlace {
                store: self.imm_store(&value),
                ty: value.ty,
                key: 0,
                path: Vec::new(),
                cv: CONST,
                space: Some(space),
            }));
        }
        if init.is_none() {
            return Some(Place::Val(self.undef(&ty)));
        }
        // Not a constant expression that is understood.
        None
    }

    /// Whether an expression is over function constants alone.
    fn of_function_constants(&self, e: &Expr) -> bool {
        let pure = |e: &Expr| self.of_function_constants(e);
        match &e.kind {
            ExprKind::Const(_) => true,
            ExprKind::Undef => false,
            ExprKind::Var(v) => self.vars.get(v.index()).is_some_and(|v| {
                matches!(
                    v.kind,
                    VarKind::FunctionConstant(_) | VarKind::FunctionConstantDefined(_)
                )
            }),
            ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => pure(a),
            ExprKind::Binary(_, a, b) => pure(a) && pure(b),
            ExprKind::Select(c, a, b) => pure(c) && pure(a) && pure(b),
            ExprKind::Math(_, args) => args.iter().all(pure),
        }
    }

    pub(super) fn instance_text(&self) -> String {
        self.frames
            .last()
            .and_then(|f| f.record)
            .and_then(|r| self.recs.get(r as usize))
            .map_or_else(String::new, |r| format!("@{}", r.name))
    }

    pub(super) fn bytes_of(&self, v: &Value) -> Option<Vec<u8>> {
        let mut out = vec![0u8; usize::try_from(self.size_of(&v.ty)).ok()?];
        for (l, leaf) in self.leaf_types(&v.ty).iter().zip(&v.leaves) {
            let (Some(s), Leaf::S(e)) = (l.scalar, leaf) else {
                return None;
            };
            let ExprKind::Const(bits) = e.kind else {
                return None;
            };
            for k in 0..s.size() {
                *out.get_mut((l.offset + k) as usize)? = (bits >> (8 * k)) as u8;
            }
        }
        Some(out)
    }
}
