//! What objects hold where no initialiser is written ([dcl.init]/7), and what initialisers give.
//!
//! Soundness direction: exact.

use crate::front::ast::Init;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::types::Ty;
use crate::front::lower::value::Value;

impl<'a> Lowerer<'a> {
    /// A value that is left to its default member initialisers, otherwise unspecified.
    pub fn default_value(&mut self, ty: &Ty) -> Value {
        if let Ty::Array(t, n) = ty
            && self.initialises_itself(t)
        {
            return self.default_array(ty, t, *n);
        }
        let Ty::Record(id) = ty else {
            return self.uninitialised(ty);
        };
        let Some(r) = self.recs.get(*id as usize).filter(|r| !r.is_union) else {
            return self.undef(ty);
        };
        if self.has_constructor(r.decl) {
            let before = self.temporaries.len();
            let v = self.construct_record(*id, &[], false);
            self.adopt(before);
            return v;
        }
        let fields = r.fields.clone();
        let at = r.at;
        let mut leaves = Vec::new();
        for f in &fields {
            let v = match f.init {
                Some(init) => self.with_env(Default::default(), Some(*id), at, |l| {
                    l.init_value(&f.ty, init)
                }),
                None => self.default_value(&f.ty),
            };
            leaves.extend(v.leaves);
        }
        Value {
            ty: ty.clone(),
            leaves,
        }
    }

    /// The elements of an array, each by its constructor or initialisers ([dcl.init]/7).
    fn default_array(&mut self, ty: &Ty, element: &Ty, n: u64) -> Value {
        /// More elements than this are not written out one by one.
        const MOST: u64 = 4096;
        if n > MOST {
            let what = format!("array of {n} objects that initialise themselves");
            self.unsupported(what, true, true, Vec::new());
            return self.undef(ty);
        }
        let mut leaves = Vec::new();
        for _ in 0..n {
            let v = self.quietly(|l| l.default_value(element));
            leaves.extend(self.freeze_value(v).leaves);
        }
        Value {
            ty: ty.clone(),
            leaves,
        }
    }

    /// Whether an object of the type gets values, or runs code, where no initialiser is written.
    fn initialises_itself(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Array(t, _) => self.initialises_itself(t),
            Ty::Record(id) => self.recs.get(*id as usize).is_some_and(|r| {
                self.has_constructor(r.decl)
                    || r.fields
                        .iter()
                        .any(|f| f.init.is_some() || self.initialises_itself(&f.ty))
            }),
            _ => false,
        }
    }

    /// Evaluates an initialiser.
    pub fn init_value(&mut self, ty: &Ty, init: &'a Init) -> Value {
        match init {
            Init::Assign(e) => self.eval_as(e, ty),
            Init::Paren(a) => self.construct(ty, a, false),
            Init::Brace(a) => self.construct(ty, a, true),
        }
    }
}
