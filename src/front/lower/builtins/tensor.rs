//! Tensors, cooperative tensors and their operations, copies that go on (MSL specification, sections 2.21 and 6.17;
//! the tensor operations of Metal Performance Primitives).
//!
//! Purpose: none of it is modelled; each operation is unsupported by its name. What they may touch is known: cooperative
//! tensors are registers, and the others reach the memory that tensors were made of. Soundness direction:
//! over-approximates.

use std::rc::Rc;

use crate::ir::{Expr, ScalarTy};

use super::super::call::Arg;
use super::super::calls::unknown::Reach;
use super::super::ctx::Lowerer;
use super::super::template::TArg;
use super::super::types::{Cv, Ty, is_tensor, scalar_by_name};
use super::super::value::{Place, RegPlace, Store, Value};

/// An operation of one simdgroup or thread: it holds no barrier of the threadgroup.
const SMALL: &str = "matmul2d:one";

/// The type of that name with those arguments.
pub fn of(name: &str, args: &[TArg]) -> Option<Ty> {
    if !is_tensor(name) {
        return None;
    }
    let small = |a: &TArg| matches!(a, TArg::Ty(Ty::Opaque(n)) if matches!(&**n, "execution_simdgroup" | "execution_thread"));
    Some(match name {
        "matmul2d" if args.iter().any(small) => Ty::Opaque(SMALL.into()),
        "cooperative_tensor" => cooperative(args.first()),
        _ => Ty::Opaque(name.into()),
    })
}

fn cooperative(element: Option<&TArg>) -> Ty {
    match element {
        Some(TArg::Ty(Ty::Scalar(s))) => {
            Ty::Opaque(format!("cooperative_tensor:{}", s.name()).into())
        }
        _ => Ty::Opaque("cooperative_tensor".into()),
    }
}

impl<'a> Lowerer<'a> {
    /// An element of a cooperative tensor: a register of which nothing is known.
    pub fn tensor_element(&mut self, name: &str) -> Place {
        let s = name.split_once(':').and_then(|(_, s)| scalar_by_name(s));
        let ty = s.map_or(Ty::Unknown("element".into()), Ty::Scalar);
        let s = s.unwrap_or(ScalarTy::F32);
        let v = self.new_var("%element".into(), s, false, self.span);
        self.assign(v, Expr::undef(s));
        Place::Reg(RegPlace {
            ty,
            store: Rc::new(Store::Var(v, s)),
            key: 0,
            path: Vec::new(),
            cv: Cv::default(),
            space: None,
        })
    }

    /// Remembers that a tensor is made of this memory.
    pub fn held_by_tensor(&mut self, p: &Place) {
        let mut r = Reach {
            by_value: true,
            ..Reach::default()
        };
        self.reach(p, &mut r);
        let known = &mut self.persist.tensors;
        let before = (known.objects.len(), known.unknown);
        known.objects.extend(r.objects);
        known.unknown |= r.everything;
        self.restart |= before != (known.objects.len(), known.unknown);
    }

    /// A method of one of these types.
    pub fn tensor_method(
        &mut self,
        kind: &str,
        name: &str,
        targs: &[TArg],
        args: &[Arg<'a>],
    ) -> Place {
        let opaque = |ty: Ty| {
            Place::Val(Value {
                ty,
                leaves: Vec::new(),
            })
        };
        match name {
            "get_left_input_cooperative_tensor" => return opaque(cooperative(targs.first())),
            "get_right_input_cooperative_tensor" => return opaque(cooperative(targs.get(1))),
            "get_destination_cooperative_tensor"
            | "get_row_reduction_destination_cooperative_tensor"
            | "get_column_reduction_destination_cooperative_tensor" => {
                return opaque(cooperative(targs.last()));
            }
            "slice" | "static_slice" | "offset" if kind.starts_with("tensor") => {
                return opaque(Ty::Opaque(kind.into()));
            }
            _ if name.starts_with("get_") || matches!(name, "size" | "capacity" | "rank") => {
                return Place::Val(Value::scalar(Expr::undef(ScalarTy::U32)));
            }
            _ => {}
        }
        let mut reach = Reach::default();
        for a in args {
            match a {
                Arg::Place(p) => self.reach(p, &mut reach),
                // Bounds and offsets.
                Arg::List(_) => {}
            }
        }
        let short = kind.split(':').next().unwrap_or(kind);
        if kind == "simdgroup_event" {
            return self.unknown_call(&format!("simdgroup_event.{name}"), args, false);
        }
        // Several simdgroups meet in an operation of theirs.
        let together = matches!(kind, "matmul2d" | "convolution2d");
        self.may_touch(format!("{short}.{name}"), reach, together, false);
        opaque(Ty::Void)
    }

    /// A kernel argument that is a tensor has memory of its own.
    pub fn tensor_object(&mut self, o: crate::ir::ObjectId) {
        self.restart |= self.persist.tensors.objects.insert(o);
    }
}
