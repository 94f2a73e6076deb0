//! What a kernel does, without its barriers, names and places: two kernels with equal canonical forms differ at most in
//! barriers.
//!
//! Variables, loops, branches, labels, objects and call paths are numbered by first use, places are dropped, barriers are
//! left out. Soundness direction: fewer kernels are equal than could be (the order of statements counts); equal ones do
//! the same between barriers.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::expr::{Expr, ExprKind};
use super::kernel::{Kernel, LabelId, LoopId, ObjectId, VarId, VarKind};
use super::stmt::{Access, Shape, Stmt};
use crate::source::Span;

/// The canonical form of a kernel as text, one line per statement, with the place of each statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canonical {
    /// One per statement or bracket, in order.
    pub lines: Vec<String>,
    /// Where each comes from (nothing to do with equality; see [`Canonical::same`]).
    pub places: Vec<Span>,
}

impl Canonical {
    /// Whether both do the same between barriers.
    pub fn same(&self, other: &Canonical) -> bool {
        self.lines == other.lines
    }

    /// The places of the first statements that differ: in `self` and in `other`.
    pub fn first_difference(&self, other: &Canonical) -> Option<(Span, Span)> {
        let n = self.lines.len().max(other.lines.len());
        let at = (0..n).find(|i| self.lines.get(*i) != other.lines.get(*i))?;
        let place = |c: &Canonical| {
            let near = c.places.get(at).or(c.places.last());
            near.copied().unwrap_or_default()
        };
        Some((place(self), place(other)))
    }
}

/// The canonical form. Costs time and memory in proportion to the kernel.
pub fn canonical(k: &Kernel) -> Canonical {
    let mut w = Writer {
        kernel: k,
        vars: BTreeMap::new(),
        loops: BTreeMap::new(),
        labels: BTreeMap::new(),
        objects: BTreeMap::new(),
        place: k.span,
        out: Canonical::default(),
    };
    for p in &k.params {
        let object = p.object.map(|o| w.object(o));
        w.line(format!("param {:?} {:?} {}", object, p.index, p.ty));
    }
    for s in &k.scalars {
        let object = w.object(s.object);
        w.line(format!("scalar {object} {} {:?}", s.offset, s.ty));
    }
    w.line(format!("max {:?}", k.max_threads));
    w.block(&k.body);
    w.out
}

struct Writer<'k> {
    kernel: &'k Kernel,
    vars: BTreeMap<VarId, usize>,
    loops: BTreeMap<LoopId, usize>,
    labels: BTreeMap<LabelId, usize>,
    objects: BTreeMap<ObjectId, usize>,
    place: Span,
    out: Canonical,
}

/// The number of a key, by first use; whether it is new.
fn number<K: Ord>(map: &mut BTreeMap<K, usize>, key: K) -> (usize, bool) {
    let next = map.len();
    let mut new = false;
    let n = *map.entry(key).or_insert_with(|| {
        new = true;
        next
    });
    (n, new)
}

impl Writer<'_> {
    fn line(&mut self, text: String) {
        self.out.lines.push(text);
        self.out.places.push(self.place);
    }

    fn object(&mut self, o: ObjectId) -> String {
        let (n, new) = number(&mut self.objects, o);
        match self.kernel.objects.get(o.index()) {
            Some(x) if new => format!(
                "o{n}({:?} {:?} {} {:?} {:?} {:?} {} {:?})",
                x.space, x.size, x.elem_size, x.scalar, x.dims, x.param, x.read_only, x.init
            ),
            _ => format!("o{n}"),
        }
    }

    fn var(&mut self, v: VarId) -> String {
        let x = self.kernel.vars.get(v.index());
        match x.map(|x| (x.kind, x.ty)) {
            Some((VarKind::Local, ty)) => {
                let (n, new) = number(&mut self.vars, v);
                if new {
                    format!("v{n}:{ty:?}")
                } else {
                    format!("v{n}")
                }
            }
            Some((kind, ty)) => format!("{kind:?}:{ty:?}"),
            None => format!("{v:?}"),
        }
    }

    fn vars(&mut self, list: &[VarId]) -> String {
        let all: Vec<String> = list.iter().map(|v| self.var(*v)).collect();
        all.join(",")
    }

    fn exprs(&mut self, list: &[Expr]) -> String {
        let mut out = String::new();
        for e in list {
            self.expr(e, &mut out);
            out.push(',');
        }
        out
    }

    fn text(&mut self, e: &Expr) -> String {
        let mut out = String::new();
        self.expr(e, &mut out);
        out
    }

    fn expr(&mut self, e: &Expr, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{:?}", e.ty);
        match &e.kind {
            ExprKind::Const(bits) => {
                let _ = write!(out, "#{bits}");
            }
            ExprKind::Var(v) => {
                let v = self.var(*v);
                let _ = write!(out, "${v}");
            }
            ExprKind::Undef => out.push('?'),
            ExprKind::Unary(op, a) => {
                let _ = write!(out, "({op:?} ");
                self.expr(a, out);
                out.push(')');
            }
            ExprKind::Binary(op, a, b) => {
                let _ = write!(out, "({op:?} ");
                self.expr(a, out);
                out.push(' ');
                self.expr(b, out);
                out.push(')');
            }
            ExprKind::Cast(a) => {
                out.push_str("(cast ");
                self.expr(a, out);
                out.push(')');
            }
            ExprKind::Bitcast(a) => {
                out.push_str("(bits ");
                self.expr(a, out);
                out.push(')');
            }
            ExprKind::Select(a, b, c) => {
                out.push_str("(select ");
                for x in [a, b, c] {
                    self.expr(x, out);
                    out.push(' ');
                }
                out.push(')');
            }
            ExprKind::Math(f, list) => {
                let _ = write!(out, "({f:?} ");
                for x in list {
                    self.expr(x, out);
                    out.push(' ');
                }
                out.push(')');
            }
        }
    }

    fn access(&mut self, a: &Access) -> String {
        self.place = a.span;
        let object = self.object(a.object);
        let offset = self.text(&a.offset);
        let shape = match &a.shape {
            Shape::Bytes(n) => format!("{n}"),
            Shape::Tile {
                rows,
                cols,
                elem,
                stride,
                transpose,
            } => format!(
                "tile {rows} {cols} {elem} {} {transpose}",
                self.text(stride)
            ),
        };
        format!("{object}[{offset}] {shape}")
    }

    fn block(&mut self, list: &[Stmt]) {
        for s in list {
            self.stmt(s);
        }
    }

    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::Barrier(_) => {}
            Stmt::Assign { dst, value, span } => {
                self.place = *span;
                let value = self.text(value);
                let dst = self.var(*dst);
                self.line(format!("{dst} = {value}"));
            }
            Stmt::Load { dst, ty, access } => {
                let access = self.access(access);
                let dst = self.vars(dst);
                self.line(format!("load {dst} {ty:?} {access}"));
            }
            Stmt::Store { src, ty, access } => {
                let src = self.exprs(src);
                let access = self.access(access);
                self.line(format!("store {src} {ty:?} {access}"));
            }
            Stmt::Atomic {
                dst,
                observed,
                op,
                operands,
                ty,
                access,
            } => {
                let operands = self.exprs(operands);
                let access = self.access(access);
                let dst: Vec<VarId> = dst.iter().chain(observed).copied().collect();
                let which = (dst.len(), observed.is_some());
                let dst = self.vars(&dst);
                self.line(format!(
                    "atomic {dst} {which:?} {op:?} {operands} {ty:?} {access}"
                ));
            }
            Stmt::If {
                cond,
                then,
                els,
                span,
                ..
            } => {
                self.place = *span;
                let cond = self.text(cond);
                self.line(format!("if {cond} {{"));
                self.block(then);
                self.line("} else {".into());
                self.block(els);
                self.line("}".into());
            }
            Stmt::Loop {
                id,
                header,
                cond,
                body,
                step,
                test_last,
                span,
            } => {
                self.place = *span;
                let (n, _) = number(&mut self.loops, *id);
                self.line(format!("loop {n} {test_last} {{"));
                // In the order of execution, so that variables are numbered alike.
                if *test_last {
                    self.block(body);
                    self.line("} step {".into());
                    self.block(step);
                    self.line("} header {".into());
                    self.block(header);
                } else {
                    self.block(header);
                }
                let cond = cond.as_ref().map(|c| self.text(c));
                self.line(format!("}} while {cond:?} {{"));
                if !test_last {
                    self.block(body);
                    self.line("} step {".into());
                    self.block(step);
                }
                self.line("}".into());
            }
            Stmt::Break(l) => {
                let (n, _) = number(&mut self.loops, *l);
                self.line(format!("break {n}"));
            }
            Stmt::Continue(l) => {
                let (n, _) = number(&mut self.loops, *l);
                self.line(format!("continue {n}"));
            }
            Stmt::Region { label, body } => {
                let (n, _) = number(&mut self.labels, *label);
                self.line(format!("region {n} {{"));
                self.block(body);
                self.line("}".into());
            }
            Stmt::Leave(l) => {
                let (n, _) = number(&mut self.labels, *l);
                self.line(format!("leave {n}"));
            }
            Stmt::Return { span } => {
                self.place = *span;
                self.line("return".into());
            }
            Stmt::Simd {
                dst,
                op,
                args,
                quad,
                span,
                ..
            } => {
                self.place = *span;
                let args = self.exprs(args);
                let dst = self.var(*dst);
                self.line(format!("simd {dst} {op:?} {args} {quad}"));
            }
            Stmt::MatrixLoad { dst, ty, access } => {
                let access = self.access(access);
                let dst = self.vars(dst);
                self.line(format!("matrix load {dst} {ty:?} {access}"));
            }
            Stmt::MatrixStore { src, ty, access } => {
                let src = self.exprs(src);
                let access = self.access(access);
                self.line(format!("matrix store {src} {ty:?} {access}"));
            }
            Stmt::MatrixMultiplyAccumulate { dst, a, b, c, span } => {
                self.place = *span;
                let parts = [a, b, c].map(|x| self.exprs(x));
                let dst = self.vars(dst);
                self.line(format!("matrix mma {dst} {parts:?}"));
            }
            Stmt::Unsupported {
                construct,
                effects,
                clobbers,
                span,
                ..
            } => {
                self.place = *span;
                let clobbers = self.vars(clobbers);
                self.line(format!("unsupported {construct} {effects:?} {clobbers}"));
            }
        }
    }
}
