//! Methods of textures (MSL specification, section 6.12).
//!
//! Purpose: what a texture method does to memory. Soundness direction: conflicts are over-approximated.
//! Where in a texture an access lies is not modelled: any two accesses to textures of one type that a
//! kernel may write can meet. Textures that no kernel can write are never in conflict.

use crate::ir::{Expr, ObjectId, ScalarTy, Shape, Space, Stmt};

use super::super::call::Arg;
use super::super::ctx::{Lowerer, ObjKey};
use super::super::types::Ty;
use super::super::value::{Place, Value};

impl<'a> Lowerer<'a> {
    /// The object that stands for all textures of a type that kernels may write.
    pub fn writable_texture(&mut self, ty: &Ty) -> ObjectId {
        let name = self.type_name(ty);
        let mut o = self.describe_object(&name, Space::Texture, ty);
        o.size = None;
        self.object(ObjKey::Texture(ty.clone()), || o)
    }

    /// Calls a method of a texture.
    pub fn texture_method(&mut self, ty: &Ty, name: &str, args: Vec<Arg<'a>>) -> Place {
        let Ty::Texture(kind, elem, written) = ty else {
            return Place::Val(Value::void());
        };
        let (elem, written) = (*elem, *written);
        // The arguments are read whatever the method does with them.
        let values = self.arg_values(args);
        let result = if kind.starts_with("depth") && !name.starts_with("gather") {
            Ty::Scalar(elem)
        } else {
            Ty::Vector(elem, 4, false)
        };
        if name.starts_with("get_") {
            return Place::Val(Value::scalar(Expr::undef(ScalarTy::U32)));
        }
        match name {
            // Orders the calling thread's own accesses; no thread waits.
            "fence" => Place::Val(Value::void()),
            "read"
            | "sample"
            | "sample_compare"
            | "gather"
            | "gather_compare"
            | "calculate_clamped_lod"
            | "calculate_unclamped_lod" => {
                let result = if name.starts_with("calculate") {
                    Ty::FLOAT
                } else {
                    result
                };
                if written {
                    self.texture_load(ty, elem);
                }
                self.note(format!("texture.{name}"));
                Place::Val(self.undef(&result))
            }
            "write" => {
                let mut src: Vec<Expr> = values
                    .first()
                    .filter(|v| v.ty.element().is_some())
                    .map(Value::scalars)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|e| super::super::fold::cast(e, elem))
                    .collect();
                src.resize(4, Expr::undef(elem));
                self.texture_store(ty, elem, src);
                Place::Val(Value::void())
            }
            // Atomic methods and what else there may be: reads and writes.
            _ => {
                self.texture_load(ty, elem);
                self.texture_store(ty, elem, vec![Expr::undef(elem); 4]);
                self.unsupported(format!("texture.{name}"), true, false, Vec::new());
                Place::Val(self.undef(&result))
            }
        }
    }

    fn texture_load(&mut self, ty: &Ty, elem: ScalarTy) {
        let o = self.writable_texture(ty);
        let dst = (0..4).map(|_| self.temp_var(elem)).collect();
        let shape = Shape::Bytes(4 * elem.size());
        let access = self.access(o, Expr::undef(ScalarTy::I64), shape);
        self.emit(Stmt::Load {
            dst,
            ty: elem,
            access,
        });
    }

    fn texture_store(&mut self, ty: &Ty, elem: ScalarTy, src: Vec<Expr>) {
        let o = self.writable_texture(ty);
        let shape = Shape::Bytes(4 * elem.size());
        let access = self.access(o, Expr::undef(ScalarTy::I64), shape);
        self.emit(Stmt::Store {
            src,
            ty: elem,
            access,
        });
    }
}
