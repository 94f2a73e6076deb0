//! Kernel parameters: memory objects, scalars of the launch, built-in inputs.
//!
//! Soundness direction: exact; a parameter that is not understood is unspecified and noted.

use std::rc::Rc;

use crate::front::ast::{AddressSpace, Attr, Function, Param as AParam, Type, TypeKind};
use crate::ir::{Expr, ObjectId, Param, ScalarParam, ScalarTy, Space};
use crate::models;

use crate::front::lower::builtins::position;
use crate::front::lower::ctx::{Lowerer, ObjKey};
use crate::front::lower::fold;
use crate::front::lower::layout::component_name;
use crate::front::lower::scope::Binding;
use crate::front::lower::types::{Cv, Qual, Ty, space_name};
use crate::front::lower::value::{Place, PtrVal, Value};

fn find<'b>(attrs: &'b [Attr], name: &str) -> Option<&'b Attr> {
    attrs.iter().find(|a| a.name == name)
}

/// The innermost pointee or element, where qualifiers of a buffer are written.
fn pointee(t: &Type) -> &Type {
    match &t.kind {
        TypeKind::Pointer(i) | TypeKind::Reference(i, _) => {
            if let TypeKind::Array(..) = i.kind {
                pointee(i)
            } else {
                i
            }
        }
        TypeKind::Array(i, _) | TypeKind::Attributed(i, _) => pointee(i),
        _ => t,
    }
}

impl<'a> Lowerer<'a> {
    /// Declares the parameters of a kernel; returns the tables of the launch.
    pub fn kernel_params(&mut self, f: &'a Function) -> (Vec<Param>, Vec<ScalarParam>) {
        let mut params = Vec::new();
        let mut scalars = Vec::new();
        for (i, p) in f.params.iter().enumerate() {
            self.span = p.span;
            let ty = self.resolve_type(&p.ty);
            let index = ["buffer", "threadgroup", "texture", "sampler"]
                .iter()
                .find_map(|n| find(&p.attrs, n))
                .and_then(|a| a.args.first())
                .and_then(|e| self.const_int(e))
                .and_then(|v| u32::try_from(v).ok());
            let (place, object) = self.kernel_param(i as u32, p, &ty, &mut scalars);
            let q = pointee(&p.ty);
            let space = q
                .quals
                .space
                .map_or(String::new(), |s| format!("{} ", space_name(s)));
            let constness = if q.quals.is_const { "const " } else { "" };
            params.push(Param {
                name: p.name.clone(),
                ty: format!("{space}{constness}{}", self.type_name(&ty)),
                object,
                index,
                span: p.span,
            });
            self.bind(&p.name, Binding::Place(place));
            self.log_origin(&p.name, p.span);
        }
        (params, scalars)
    }

    fn kernel_param(
        &mut self,
        i: u32,
        p: &'a AParam,
        ty: &Ty,
        scalars: &mut Vec<ScalarParam>,
    ) -> (Place, Option<ObjectId>) {
        if let Some(b) = p.attrs.iter().find_map(|a| models::input(&a.name)) {
            return (self.position(b, p, ty), None);
        }
        if p.attrs.iter().any(|a| a.name == "stage_in") {
            self.note("stage_in parameter");
            return (Place::Val(self.undef(ty)), None);
        }
        let q = pointee(&p.ty);
        // An alias may say it.
        let own = match ty {
            Ty::Pointer(_, q) | Ty::Ref(_, q) => *q,
            _ => Qual::default(),
        };
        let space = q.quals.space.or(own.space);
        let ir_space = match space {
            Some(AddressSpace::Device) => Space::Device,
            Some(AddressSpace::Constant) => Space::Constant,
            Some(AddressSpace::Threadgroup) => Space::Threadgroup,
            _ => Space::Thread,
        };
        match ty {
            Ty::Opaque(_) | Ty::Texture(..) => {
                let object = match ty {
                    Ty::Texture(_, _, true) => Some(self.writable_texture(ty)),
                    Ty::Texture(..) => {
                        let mut o = self.describe_object(&p.name, Space::Texture, ty);
                        o.size = None;
                        o.param = Some(i);
                        o.read_only = true;
                        Some(self.object(ObjKey::Param(i), || o))
                    }
                    Ty::Opaque(n) if n.starts_with("tensor") => {
                        Some(self.tensor_param(i, &p.name, ty))
                    }
                    _ => None,
                };
                let v = Value {
                    ty: ty.clone(),
                    leaves: Vec::new(),
                };
                (Place::Val(v), object)
            }
            Ty::Pointer(t, _) | Ty::Ref(t, _) if ir_space != Space::Thread => {
                let is_ref = matches!(ty, Ty::Ref(..));
                let whole: Ty = if is_ref {
                    (**t).clone()
                } else {
                    Ty::Unsized(t.clone())
                };
                if let Ty::Opaque(_) | Ty::Texture(..) = &**t {
                    let name = self.type_name(t);
                    self.note(format!("parameter of type `{name}`"));
                    return (
                        Place::Val(Value {
                            ty: (**t).clone(),
                            leaves: Vec::new(),
                        }),
                        None,
                    );
                }
                let mut o = self.describe_object(&p.name, ir_space, &whole);
                o.param = Some(i);
                o.read_only = q.quals.is_const || own.cv.is_const || ir_space == Space::Constant;
                let id = self.object(ObjKey::Param(i), || o);
                self.object_types.insert(id, (**t).clone());
                if is_ref {
                    let mut cv = Cv::from(q.quals).with(own.cv);
                    cv.is_const |= ir_space == Space::Constant;
                    if ir_space == Space::Constant {
                        self.launch_scalars(&p.name, id, 0, t, scalars);
                    }
                    return (Place::Mem((**t).clone(), PtrVal::object(id), cv), Some(id));
                }
                let cv = own.cv;
                let mut v = self.pointer_value(PtrVal::object(id), Rc::clone(t));
                if let Ty::Pointer(_, own) = &mut v.ty {
                    *own = Qual {
                        cv: Cv::from(q.quals).with(cv),
                        ..*own
                    };
                }
                (self.new_local(&p.name, p.span, v), Some(id))
            }
            _ => {
                let t = self.type_name(ty);
                self.note(format!("kernel parameter `{}` of type `{t}`", p.name));
                let v = self.undef(ty.strip_ref());
                (self.new_local(&p.name, p.span, v), None)
            }
        }
    }

    /// The memory of a parameter that is a tensor.
    fn tensor_param(&mut self, i: u32, name: &str, ty: &Ty) -> ObjectId {
        let mut o = self.describe_object(name, Space::Device, ty);
        o.size = None;
        o.param = Some(i);
        let o = self.object(ObjKey::Param(i), || o);
        self.tensor_object(o);
        o
    }

    fn position(&mut self, b: &models::InputAttribute, p: &AParam, ty: &Ty) -> Place {
        match self.input_value(b, &p.name, ty) {
            Some(v) => self.new_local(&p.name, p.span, v),
            None => {
                self.note("built-in input of this type");
                Place::Val(self.undef(ty))
            }
        }
    }

    /// A built-in input as a value of a type.
    pub fn input_value(
        &mut self,
        b: &models::InputAttribute,
        name: &str,
        ty: &Ty,
    ) -> Option<Value> {
        let n = ty.width().unwrap_or(1);
        let s = ty.element()?;
        let comps: Vec<Expr> = (0..n)
            .map(|i| {
                let part = if n == 1 {
                    name.to_string()
                } else {
                    format!("{name}.{}", component_name(usize::from(i)))
                };
                let e = match position::component(b, i) {
                    Some(bi) => self.builtin_var(bi, part),
                    None => Expr::constant(ScalarTy::U32, 0),
                };
                fold::cast(e, s)
            })
            .collect();
        Some(Value::comps(ty.clone(), comps))
    }

    /// Names every scalar in a constant parameter.
    fn launch_scalars(
        &mut self,
        name: &str,
        object: ObjectId,
        offset: u64,
        ty: &Ty,
        out: &mut Vec<ScalarParam>,
    ) {
        if out.len() > 512 {
            return;
        }
        match ty {
            Ty::Scalar(s) | Ty::Enum(_, s) => out.push(ScalarParam {
                name: name.to_string(),
                object,
                offset,
                ty: *s,
            }),
            Ty::Vector(s, n, _) => {
                for i in 0..*n {
                    out.push(ScalarParam {
                        name: format!("{name}.{}", component_name(usize::from(i))),
                        object,
                        offset: offset + u64::from(i) * s.size(),
                        ty: *s,
                    });
                }
            }
            Ty::Array(t, n) => {
                let size = self.size_of(t);
                for i in 0..(*n).min(16) {
                    self.launch_scalars(&format!("{name}[{i}]"), object, offset + i * size, t, out);
                }
            }
            Ty::Record(id) => {
                let fields = self
                    .recs
                    .get(*id as usize)
                    .map(|r| r.fields.clone())
                    .unwrap_or_default();
                for f in fields {
                    let n = if f.name.is_empty() {
                        name.to_string()
                    } else {
                        format!("{name}.{}", f.name)
                    };
                    self.launch_scalars(&n, object, offset + f.offset, &f.ty, out);
                }
            }
            _ => {}
        }
    }
}
