//! From a structured kernel to linear code.
//!
//! Purpose: [`compile`] flattens statements to instructions with jumps and expressions to
//! three-address code over registers. Constants get registers of their own, temporaries are
//! reused from statement to statement. `a ? b : c`, and `&&`/`||` (bitwise on `bool` in the IR),
//! skip the side that is not taken where it could divide by zero. Soundness direction: exact.

use std::collections::BTreeMap;

use super::code::*;
use crate::ir::*;
use crate::source::Span;

/// Compiles a kernel.
pub fn compile(kernel: &Kernel) -> Program {
    let mut c = Compiler {
        kernel,
        program: Program {
            written: vec![false; kernel.objects.len()],
            atomics: atomic_uses(kernel),
            ..Program::default()
        },
        next: kernel.vars.len() as Reg,
        constants: BTreeMap::new(),
        temps: Vec::new(),
        used: 0,
        span: kernel.span,
        loops: Vec::new(),
        open_loops: Vec::new(),
        open_regions: Vec::new(),
    };
    c.block(&kernel.body);
    c.emit(Instr::End);
    c.program.registers = c.next;
    c.program
}

struct OpenLoop {
    id: LoopId,
    breaks: Vec<usize>,
    continues: Vec<usize>,
}

struct Compiler<'k> {
    kernel: &'k Kernel,
    program: Program,
    next: Reg,
    constants: BTreeMap<u64, Reg>,
    temps: Vec<Reg>,
    used: usize,
    span: Span,
    loops: Vec<LoopId>,
    open_loops: Vec<OpenLoop>,
    open_regions: Vec<(LabelId, Vec<usize>)>,
}

impl Compiler<'_> {
    fn emit(&mut self, i: Instr) -> usize {
        self.program.code.push(i);
        self.program.spans.push(self.span);
        self.program.code.len() - 1
    }

    fn here(&self) -> u32 {
        self.program.code.len() as u32
    }

    /// Points a jump at the next instruction.
    fn land(&mut self, at: usize) {
        let here = self.here();
        if let Some(Instr::Jump(t) | Instr::Branch { target: t, .. }) =
            self.program.code.get_mut(at)
        {
            *t = here;
        }
    }

    fn temp(&mut self) -> Reg {
        if self.used == self.temps.len() {
            self.temps.push(self.next);
            self.next += 1;
        }
        self.used += 1;
        self.temps[self.used - 1]
    }

    fn constant(&mut self, bits: u64) -> Reg {
        if let Some(&r) = self.constants.get(&bits) {
            return r;
        }
        let r = self.next;
        self.next += 1;
        self.constants.insert(bits, r);
        self.program.constants.push((r, bits));
        r
    }

    /// A register that holds the value: the variable's own, a constant's, or a temporary.
    fn value(&mut self, e: &Expr) -> Reg {
        match &e.kind {
            ExprKind::Const(bits) => self.constant(*bits),
            ExprKind::Var(v) => v.0,
            _ => {
                // Temporaries of the operands come after this one and are free again afterwards.
                let mark = self.used;
                let dst = self.temp();
                self.into(e, dst);
                self.used = mark + 1;
                dst
            }
        }
    }

    /// Computes into a register, which may be read by the expression itself.
    fn into(&mut self, e: &Expr, dst: Reg) {
        match &e.kind {
            ExprKind::Const(_) | ExprKind::Var(_) => {
                let src = self.value(e);
                if src != dst {
                    self.emit(Instr::Mov { dst, src });
                }
            }
            ExprKind::Undef => {
                self.emit(Instr::Undef { dst });
            }
            ExprKind::Unary(op, a) => {
                let (op, ty) = (*op, a.ty);
                let a = self.value(a);
                self.emit(Instr::Un { op, ty, dst, a });
            }
            ExprKind::Binary(op @ (BinOp::And | BinOp::Or), a, b)
                if e.ty == ScalarTy::Bool && may_divide(b) =>
            {
                // Short-circuit: for `||` test the complement.
                let acc = self.temp();
                let test = self.temp();
                self.into(a, acc);
                if *op == BinOp::Or {
                    self.emit(Instr::Un {
                        op: UnOp::Not,
                        ty: ScalarTy::Bool,
                        dst: test,
                        a: acc,
                    });
                } else {
                    self.emit(Instr::Mov {
                        dst: test,
                        src: acc,
                    });
                }
                let skip = self.emit(Instr::Branch {
                    cond: test,
                    target: 0,
                    control: false,
                });
                self.into(b, acc);
                self.emit(Instr::Taint {
                    dst: acc,
                    from: test,
                });
                self.land(skip);
                self.emit(Instr::Mov { dst, src: acc });
            }
            ExprKind::Binary(op, a, b) => {
                let (op, ty) = (*op, a.ty);
                let a = self.value(a);
                let b = self.value(b);
                self.emit(Instr::Bin { op, ty, dst, a, b });
            }
            ExprKind::Cast(a) => {
                let (from, to) = (a.ty, e.ty);
                let a = self.value(a);
                self.emit(Instr::Cast { from, to, dst, a });
            }
            ExprKind::Bitcast(a) => self.into(a, dst),
            ExprKind::Select(c, a, b) if may_divide(a) || may_divide(b) => {
                let acc = self.temp();
                let cond = self.temp();
                self.into(c, cond);
                let other = self.emit(Instr::Branch {
                    cond,
                    target: 0,
                    control: false,
                });
                self.into(a, acc);
                let done = self.emit(Instr::Jump(0));
                self.land(other);
                self.into(b, acc);
                self.land(done);
                self.emit(Instr::Taint {
                    dst: acc,
                    from: cond,
                });
                self.emit(Instr::Mov { dst, src: acc });
            }
            ExprKind::Select(c, a, b) => {
                let cond = self.value(c);
                let a = self.value(a);
                let b = self.value(b);
                self.emit(Instr::Select { dst, cond, a, b });
            }
            ExprKind::Math(f, args) => {
                let arg_ty = args.first().map_or(e.ty, |a| a.ty);
                let second_ty = args.get(1).map_or(arg_ty, |a| a.ty);
                let mut regs = [0; 3];
                for (i, a) in args.iter().take(3).enumerate() {
                    regs[i] = self.value(a);
                }
                for i in args.len().max(1)..3 {
                    regs[i] = regs[0];
                }
                let index = self.program.math.len() as u32;
                self.program.math.push(MathCall {
                    f: *f,
                    ty: e.ty,
                    arg_ty,
                    second_ty,
                    dst,
                    args: regs,
                });
                self.emit(Instr::Math(index));
            }
        }
    }

    fn typed(&mut self, exprs: &[Expr]) -> Vec<(Reg, ScalarTy)> {
        exprs.iter().map(|e| (self.value(e), e.ty)).collect()
    }

    fn var_ty(&self, v: VarId) -> ScalarTy {
        self.kernel
            .vars
            .get(v.index())
            .map_or(ScalarTy::U32, |v| v.ty)
    }

    fn site(&mut self, ty: ScalarTy, access: &Access, kind: AccessKind, op: SiteOp) -> u32 {
        let offset = self.value(&access.offset);
        let (width, tile) = match &access.shape {
            Shape::Bytes(n) => (*n, None),
            Shape::Tile {
                rows,
                cols,
                elem,
                stride,
                transpose,
            } => {
                let stride = self.value(stride);
                (
                    *elem,
                    Some(TileShape {
                        rows: *rows,
                        cols: *cols,
                        elem: *elem,
                        stride,
                        transpose: *transpose,
                    }),
                )
            }
        };
        if kind != AccessKind::Read
            && let Some(w) = self.program.written.get_mut(access.object.index())
        {
            *w = true;
        }
        self.span = access.span;
        self.program.sites.push(Site {
            id: access.id,
            object: access.object,
            offset,
            width,
            ty,
            tile,
            op,
            kind,
            span: access.span,
            path: access.path,
            loops: self.loops.clone(),
        });
        self.program.sites.len() as u32 - 1
    }

    fn collective(&mut self, op: CollectiveOp) {
        self.program.collectives.push(Collective {
            op,
            span: self.span,
            loops: self.loops.clone(),
        });
        let index = self.program.collectives.len() as u32 - 1;
        self.emit(Instr::Collective(index));
    }

    fn block(&mut self, stmts: &[Stmt]) {
        for s in stmts {
            self.used = 0;
            self.stmt(s);
        }
        self.used = 0;
    }

    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::Assign { dst, value, span } => {
                self.span = *span;
                self.into(value, dst.0);
            }
            Stmt::Load { dst, ty, access } => {
                self.span = access.span;
                let regs = dst.iter().map(|v| v.0).collect();
                let i = self.site(*ty, access, AccessKind::Read, SiteOp::Load(regs));
                self.emit(Instr::Access(i));
            }
            Stmt::Store { src, ty, access } => {
                self.span = access.span;
                let regs = src.iter().map(|e| self.value(e)).collect();
                let i = self.site(*ty, access, AccessKind::Write, SiteOp::Store(regs));
                self.emit(Instr::Access(i));
            }
            Stmt::Atomic {
                dst,
                observed,
                op,
                operands,
                ty,
                access,
            } => {
                self.span = access.span;
                let operands = operands.iter().map(|e| self.value(e)).collect();
                let op = SiteOp::Atomic {
                    op: *op,
                    dst: dst.map(|v| v.0),
                    observed: observed.map(|v| v.0),
                    operands,
                };
                let i = self.site(*ty, access, AccessKind::Atomic, op);
                self.emit(Instr::Access(i));
            }
            Stmt::Barrier(id) => {
                if let Some(b) = self.kernel.barriers.get(id.index()) {
                    self.span = b.span;
                }
                self.emit(Instr::Barrier(*id));
            }
            Stmt::If {
                cond,
                then,
                els,
                span,
                ..
            } => {
                self.span = *span;
                let cond = self.value(cond);
                let other = self.emit(Instr::Branch {
                    cond,
                    target: 0,
                    control: true,
                });
                self.block(then);
                if els.is_empty() {
                    self.land(other);
                } else {
                    let done = self.emit(Instr::Jump(0));
                    self.land(other);
                    self.block(els);
                    self.land(done);
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
            } => self.repeat(*id, header, cond.as_ref(), body, step, *test_last, *span),
            Stmt::Break(id) => self.jump_out(*id, true),
            Stmt::Continue(id) => self.jump_out(*id, false),
            Stmt::Region { label, body } => {
                self.open_regions.push((*label, Vec::new()));
                self.block(body);
                if let Some((_, jumps)) = self.open_regions.pop() {
                    for j in jumps {
                        self.land(j);
                    }
                }
            }
            Stmt::Leave(label) => {
                let at = self.emit(Instr::Jump(0));
                if let Some((_, jumps)) =
                    self.open_regions.iter_mut().rev().find(|(l, _)| l == label)
                {
                    jumps.push(at);
                }
            }
            Stmt::Return { span } => {
                self.span = *span;
                self.emit(Instr::End);
            }
            Stmt::Simd {
                dst,
                op,
                args,
                quad,
                span,
                ..
            } => {
                self.span = *span;
                let args = self.typed(args);
                let ty = args.first().map_or(self.var_ty(*dst), |a| a.1);
                self.collective(CollectiveOp::Simd {
                    op: *op,
                    quad: *quad,
                    dst: dst.0,
                    ty,
                    args,
                });
            }
            Stmt::MatrixLoad { dst, ty, access } => {
                self.span = access.span;
                let types = dst.iter().map(|v| self.var_ty(*v)).collect();
                let regs = dst.iter().map(|v| v.0).collect();
                let site = self.site(*ty, access, AccessKind::Read, SiteOp::Load(regs));
                self.collective(CollectiveOp::MatrixAccess { site, types });
            }
            Stmt::MatrixStore { src, ty, access } => {
                self.span = access.span;
                let (regs, types) = self.typed(src).into_iter().unzip();
                let site = self.site(*ty, access, AccessKind::Write, SiteOp::Store(regs));
                self.collective(CollectiveOp::MatrixAccess { site, types });
            }
            Stmt::MatrixMultiplyAccumulate { dst, a, b, c, span } => {
                self.span = *span;
                let dst = dst.iter().map(|v| (v.0, self.var_ty(*v))).collect();
                let (a, b, c) = (self.typed(a), self.typed(b), self.typed(c));
                self.collective(CollectiveOp::MatrixMul { dst, a, b, c });
            }
            Stmt::Unsupported {
                construct,
                effects,
                clobbers,
                span,
                ..
            } => {
                self.span = *span;
                self.program.unsupported.push(UnsupportedSite {
                    construct: construct.clone(),
                    effects: *effects,
                    clobbers: clobbers.iter().map(|v| v.0).collect(),
                    span: *span,
                });
                let i = self.program.unsupported.len() as u32 - 1;
                self.emit(Instr::Unsupported(i));
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn repeat(
        &mut self,
        id: LoopId,
        header: &[Stmt],
        cond: Option<&Expr>,
        body: &[Stmt],
        step: &[Stmt],
        test_last: bool,
        span: Span,
    ) {
        self.span = span;
        self.emit(Instr::LoopStart(id));
        self.loops.push(id);
        self.open_loops.push(OpenLoop {
            id,
            breaks: Vec::new(),
            continues: Vec::new(),
        });
        let top = self.here();
        if !test_last {
            self.test(header, cond, span);
        }
        self.block(body);
        let continues = self
            .open_loops
            .last_mut()
            .map(|l| std::mem::take(&mut l.continues))
            .unwrap_or_default();
        for at in continues {
            self.land(at);
        }
        self.block(step);
        if test_last {
            self.test(header, cond, span);
        }
        self.span = span;
        self.emit(Instr::LoopNext { id, target: top });
        self.loops.pop();
        if let Some(open) = self.open_loops.pop() {
            for at in open.breaks {
                self.land(at);
            }
        }
    }

    fn test(&mut self, header: &[Stmt], cond: Option<&Expr>, span: Span) {
        self.block(header);
        self.span = span;
        if let Some(cond) = cond {
            let cond = self.value(cond);
            self.used = 0;
            let at = self.emit(Instr::Branch {
                cond,
                target: 0,
                control: true,
            });
            if let Some(open) = self.open_loops.last_mut() {
                open.breaks.push(at);
            }
        }
    }

    fn jump_out(&mut self, id: LoopId, leave: bool) {
        let at = self.emit(Instr::Jump(0));
        if let Some(open) = self.open_loops.iter_mut().rev().find(|l| l.id == id) {
            if leave {
                open.breaks.push(at);
            } else {
                open.continues.push(at);
            }
        }
    }
}

/// Whether evaluation may divide by zero (integers only).
fn may_divide(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Var(_) | ExprKind::Undef => false,
        ExprKind::Binary(op, a, b) => {
            matches!(op, BinOp::Div | BinOp::Rem)
                && !a.ty.is_float()
                && !matches!(b.kind, ExprKind::Const(n) if n != 0)
                || may_divide(a)
                || may_divide(b)
        }
        ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => may_divide(a),
        ExprKind::Select(c, a, b) => may_divide(c) || may_divide(a) || may_divide(b),
        ExprKind::Math(_, args) => args.iter().any(may_divide),
    }
}
