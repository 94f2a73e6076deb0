//! A readable, stable text form of a kernel.
//!
//! Purpose: snapshots in tests, and something to look at. It shows everything that later stages may
//! depend on. Soundness direction: exact.

use std::fmt::Write as _;

use super::*;
use crate::source::Span;

/// Writes a kernel; `line_of` gives line and column of a place.
pub fn to_text(k: &Kernel, line_of: &dyn Fn(Span) -> (u32, u32)) -> String {
    let mut w = Writer {
        k,
        line_of,
        out: String::new(),
        depth: 1,
    };
    w.kernel();
    w.out
}

struct Writer<'a> {
    k: &'a Kernel,
    line_of: &'a dyn Fn(Span) -> (u32, u32),
    out: String,
    depth: usize,
}

fn space(s: Space) -> &'static str {
    match s {
        Space::Threadgroup => "threadgroup",
        Space::Device => "device",
        Space::Constant => "constant",
        Space::Thread => "thread",
        Space::Texture => "texture",
    }
}

/// The symbol of an infix operator.
fn symbol(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::Rem => "%",
        BinOp::Shl => "<<",
        BinOp::Shr => ">>",
        BinOp::And => "&",
        BinOp::Or => "|",
        BinOp::Xor => "^",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
        BinOp::Eq => "==",
        BinOp::Ne => "!=",
    }
}

impl Writer<'_> {
    fn place(&self, s: Span) -> String {
        let (l, c) = (self.line_of)(s);
        format!("{l}:{c}")
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn kernel(&mut self) {
        let k = self.k;
        let _ = writeln!(self.out, "kernel {}  ; {}", k.name, self.place(k.span));
        if let Some(n) = k.max_threads {
            self.line(&format!("max threads {n}"));
        }
        for p in &k.params {
            let index = p.index.map_or(String::new(), |i| format!(" #{i}"));
            self.line(&format!("param {}: {}{index}", p.name, p.ty));
        }
        for (i, o) in k.objects.iter().enumerate() {
            let size = o.size.map_or("?".to_string(), |s| s.to_string());
            let dims: String = o.dims.iter().map(|d| format!("[{d}]")).collect();
            let ro = if o.read_only { " read-only" } else { "" };
            let init = if o.init.is_some() { " initialised" } else { "" };
            self.line(&format!(
                "object o{i} {}: {} {}{dims}, {size} bytes{ro}{init}",
                o.name,
                space(o.space),
                o.elem
            ));
        }
        for s in &k.scalars {
            self.line(&format!(
                "scalar {}: {} at o{}+{}",
                s.name,
                s.ty.name(),
                s.object.0,
                s.offset
            ));
        }
        for v in &k.vars {
            let text = match v.kind {
                VarKind::Local => continue,
                VarKind::Builtin(b) => format!("{b:?}"),
                VarKind::FunctionConstant(n) => format!("function constant {n}"),
                VarKind::FunctionConstantDefined(n) => format!("function constant {n} defined"),
                VarKind::ArgumentBound(n) => format!("parameter {n} bound"),
            };
            self.line(&format!("input {}: {} = {text}", v.name, v.ty.name()));
        }
        for (i, b) in k.barriers.iter().enumerate() {
            let via = self.via(b.path);
            let loops: Vec<String> = b.loops.iter().map(|l| format!("L{}", l.0)).collect();
            let loops = if loops.is_empty() {
                String::new()
            } else {
                format!(" in {}", loops.join(" "))
            };
            let scope = match b.scope {
                BarrierScope::Threadgroup => "threadgroup",
                BarrierScope::Simdgroup => "simdgroup",
            };
            self.line(&format!(
                "barrier b{i}: {scope} {}{loops}  ; {}{via}",
                b.flags.names().join("|"),
                self.place(b.span)
            ));
        }
        for u in &k.unsupported {
            let at = self.place(u.span);
            self.line(&format!("unsupported {}  ; {at}", u.construct));
        }
        self.out.push_str("body\n");
        self.block(&k.body);
    }

    fn via(&self, p: PathId) -> String {
        let mut out = String::new();
        if let Some(path) = self.k.paths.get(p.index()) {
            for f in &path.frames {
                let _ = write!(out, " via {} at {}", f.function, self.place(f.call));
            }
        }
        out
    }

    fn nested(&mut self, b: &[Stmt]) {
        self.depth += 1;
        self.block(b);
        self.depth -= 1;
    }

    fn block(&mut self, b: &[Stmt]) {
        for s in b {
            self.stmt(s);
        }
    }

    fn var(&self, v: VarId) -> String {
        let Some(var) = self.k.vars.get(v.index()) else {
            return format!("?{}", v.0);
        };
        // Names may repeat (inlining, scopes): the number tells them apart.
        if var.name.starts_with('%') || !matches!(var.kind, VarKind::Local) {
            if var.name.starts_with('%') {
                return format!("%{}", v.0);
            }
            return var.name.clone();
        }
        format!("{}.{}", var.name, v.0)
    }

    fn vars(&self, v: &[VarId]) -> String {
        v.iter()
            .map(|x| self.var(*x))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn exprs(&self, v: &[Expr]) -> String {
        v.iter()
            .map(|x| self.expr(x))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn access(&self, a: &Access) -> String {
        let name = self
            .k
            .objects
            .get(a.object.index())
            .map_or("?", |o| o.name.as_str());
        let shape = match &a.shape {
            Shape::Bytes(n) => format!("{n} bytes"),
            Shape::Tile {
                rows,
                cols,
                elem,
                stride,
                transpose,
            } => format!(
                "tile {rows}x{cols}x{elem} stride {}{}",
                self.expr(stride),
                if *transpose { " transposed" } else { "" }
            ),
        };
        format!("{name}[{}] {shape}", self.expr(&a.offset))
    }

    fn at(&self, a: &Access) -> String {
        format!("  ; a{} {}", a.id.0, self.place(a.span))
    }

    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::Assign { dst, value, .. } => {
                let t = format!("{} = {}", self.var(*dst), self.expr(value));
                self.line(&t);
            }
            Stmt::Load { dst, ty, access } => {
                let t = format!(
                    "load.{} {} = {}{}",
                    ty.name(),
                    self.vars(dst),
                    self.access(access),
                    self.at(access)
                );
                self.line(&t);
            }
            Stmt::Store { src, ty, access } => {
                let t = format!(
                    "store.{} {} <- {}{}",
                    ty.name(),
                    self.access(access),
                    self.exprs(src),
                    self.at(access)
                );
                self.line(&t);
            }
            Stmt::Atomic {
                dst,
                observed,
                op,
                operands,
                ty,
                access,
            } => {
                let targets: Vec<VarId> = dst.iter().chain(observed).copied().collect();
                let t = format!(
                    "atomic.{}.{op:?} [{}] {} ({}){}",
                    ty.name(),
                    self.vars(&targets),
                    self.access(access),
                    self.exprs(operands),
                    self.at(access)
                );
                self.line(&t);
            }
            Stmt::Barrier(b) => self.line(&format!("barrier b{}", b.0)),
            Stmt::If {
                cond, then, els, ..
            } => {
                let t = format!("if {}", self.expr(cond));
                self.line(&t);
                self.nested(then);
                if !els.is_empty() {
                    self.line("else");
                    self.nested(els);
                }
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
                let kind = if *test_last { "do" } else { "loop" };
                let at = self.place(*span);
                self.line(&format!("{kind} L{}  ; {at}", id.0));
                self.depth += 1;
                if !header.is_empty() {
                    self.line("header");
                    self.nested(header);
                }
                if let Some(c) = cond {
                    let t = format!("while {}", self.expr(c));
                    self.line(&t);
                }
                self.line("body");
                self.nested(body);
                if !step.is_empty() {
                    self.line("step");
                    self.nested(step);
                }
                self.depth -= 1;
            }
            Stmt::Break(l) => self.line(&format!("break L{}", l.0)),
            Stmt::Continue(l) => self.line(&format!("continue L{}", l.0)),
            Stmt::Region { label, body } => {
                self.line(&format!("region @{}", label.0));
                self.nested(body);
            }
            Stmt::Leave(l) => self.line(&format!("leave @{}", l.0)),
            Stmt::Return { span } => {
                let at = self.place(*span);
                self.line(&format!("return  ; {at}"));
            }
            Stmt::Simd {
                dst,
                op,
                args,
                quad,
                span,
                ..
            } => {
                let kind = if *quad { "quad" } else { "simd" };
                let t = format!(
                    "{} = {kind}.{op:?}({})  ; {}",
                    self.var(*dst),
                    self.exprs(args),
                    self.place(*span)
                );
                self.line(&t);
            }
            Stmt::MatrixLoad { dst, ty, access } => {
                let t = format!(
                    "matrix_load.{} {} = {}{}",
                    ty.name(),
                    self.vars(dst),
                    self.access(access),
                    self.at(access)
                );
                self.line(&t);
            }
            Stmt::MatrixStore { src, ty, access } => {
                let t = format!(
                    "matrix_store.{} {} <- {}{}",
                    ty.name(),
                    self.access(access),
                    self.exprs(src),
                    self.at(access)
                );
                self.line(&t);
            }
            Stmt::MatrixMultiplyAccumulate { dst, a, b, c, .. } => {
                let t = format!(
                    "{} = mma ({}) ({}) ({})",
                    self.vars(dst),
                    self.exprs(a),
                    self.exprs(b),
                    self.exprs(c)
                );
                self.line(&t);
            }
            Stmt::Unsupported {
                construct,
                effects,
                clobbers,
                span,
                ..
            } => {
                let t = format!(
                    "unsupported {construct:?} memory={} control={} clobbers=[{}]  ; {}",
                    effects.memory,
                    effects.control,
                    self.vars(clobbers),
                    self.place(*span)
                );
                self.line(&t);
            }
        }
    }

    fn expr(&self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Const(bits) => match e.as_int() {
                _ if e.ty == ScalarTy::Bool => (*bits != 0).to_string(),
                Some(v) => match e.ty {
                    ScalarTy::I32 | ScalarTy::I64 => v.to_string(),
                    ScalarTy::U32 | ScalarTy::U64 => format!("{v}u"),
                    t => format!("{}({v})", t.name()),
                },
                None if e.ty == ScalarTy::F32 => {
                    format!("{:?}f", f32::from_bits(*bits as u32))
                }
                None => format!("{}(0x{bits:x})", e.ty.name()),
            },
            ExprKind::Var(v) => self.var(*v),
            ExprKind::Undef => format!("undef.{}", e.ty.name()),
            ExprKind::Unary(op, a) => {
                let s = match op {
                    UnOp::Neg => "-",
                    UnOp::BitNot => "~",
                    UnOp::Not => "!",
                };
                format!("{s}{}", self.expr(a))
            }
            ExprKind::Binary(op, a, b) => {
                format!("({} {} {})", self.expr(a), symbol(*op), self.expr(b))
            }
            ExprKind::Cast(a) => format!("{}({})", e.ty.name(), self.expr(a)),
            ExprKind::Bitcast(a) => format!("as_{}({})", e.ty.name(), self.expr(a)),
            ExprKind::Select(c, a, b) => {
                format!("({} ? {} : {})", self.expr(c), self.expr(a), self.expr(b))
            }
            ExprKind::Math(f, v) => format!("{f:?}({})", self.exprs(v)),
        }
    }
}
