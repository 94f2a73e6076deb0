//! Names for values that never change.
//!
//! Purpose: the parts of a value that is bound to a variable get the variable's name, so that reports
//! speak of it. Soundness direction: exact.

use crate::ir::{Expr, ExprKind, VarKind};

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::layout::component_name;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, PtrVal, Target, Value};

impl<'a> Lowerer<'a> {
    /// Gives names to the parts of a value that is bound and never changes.
    pub fn name_leaves(&mut self, name: &str, v: Value) -> Value {
        let many = v.leaves.len() > 1;
        let vector = matches!(v.ty, Ty::Vector(..));
        let mut leaves = Vec::new();
        for (i, l) in v.leaves.into_iter().enumerate() {
            let part = match (many, vector) {
                (false, _) => name.to_string(),
                (true, true) => format!("{name}.{}", component_name(i)),
                (true, false) => format!("{name}[{i}]"),
            };
            leaves.push(match l {
                Leaf::S(e) => Leaf::S(self.name_expr(&part, e)),
                Leaf::P(p) => {
                    let p = self.freeze_tag(p);
                    let offset = self.name_expr(&format!("{part}.offset"), p.offset);
                    Leaf::P(PtrVal {
                        target: p.target,
                        offset,
                    })
                }
            });
        }
        Value { ty: v.ty, leaves }
    }

    /// Keeps which object a pointer points to now.
    pub fn freeze_tag(&mut self, p: PtrVal) -> PtrVal {
        let target = match p.target {
            Target::Multi(tag, o) => Target::Multi(self.freeze(tag), o),
            t => t,
        };
        PtrVal {
            target,
            offset: p.offset,
        }
    }

    /// Gives a name to one scalar.
    pub fn name_expr(&mut self, name: &str, e: Expr) -> Expr {
        match &e.kind {
            ExprKind::Const(_) => return e,
            ExprKind::Var(v) if self.stable.get(v.index()).copied().unwrap_or(false) => {
                // A fresh temporary takes the variable's name.
                if let Some(var) = self.vars.get_mut(v.index())
                    && var.name.starts_with('%')
                    && var.kind == VarKind::Local
                {
                    var.name = name.to_string();
                    var.span = self.span;
                }
                return e;
            }
            _ => {}
        }
        let ty = e.ty;
        let v = self.new_var(name.to_string(), ty, true, self.span);
        self.assign(v, e);
        Expr::var(ty, v)
    }
}
