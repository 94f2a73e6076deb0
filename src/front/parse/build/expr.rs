//! Expressions.
//!
//! Purpose: precedence by pest's Pratt parser; everything else is one node per rule.

use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::super::grammar::Rule;
use super::list::fold;
use super::{Builder, literal};
use crate::front::ast::{
    BinaryOp, CastKind, Expr, ExprKind, Path, TemplateArg, Type, TypeKind, UnaryOp,
};

static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let l = |r| Op::infix(r, Assoc::Left);
    PrattParser::new()
        .op(l(Rule::log_or))
        .op(l(Rule::log_and))
        .op(l(Rule::bit_or))
        .op(l(Rule::bit_xor))
        .op(l(Rule::bit_and))
        .op(l(Rule::eq) | l(Rule::ne))
        .op(l(Rule::lt) | l(Rule::gt) | l(Rule::le) | l(Rule::ge))
        .op(l(Rule::shl) | l(Rule::shr))
        .op(l(Rule::add) | l(Rule::sub))
        .op(l(Rule::mul) | l(Rule::div) | l(Rule::rem))
        .op(Op::prefix(Rule::neg)
            | Op::prefix(Rule::plus)
            | Op::prefix(Rule::not)
            | Op::prefix(Rule::bit_not)
            | Op::prefix(Rule::deref)
            | Op::prefix(Rule::addr_of)
            | Op::prefix(Rule::pre_inc)
            | Op::prefix(Rule::pre_dec)
            | Op::prefix(Rule::cast_op)
            | Op::prefix(Rule::sizeof_op))
        .op(Op::postfix(Rule::call)
            | Op::postfix(Rule::index)
            | Op::postfix(Rule::member)
            | Op::postfix(Rule::post_inc)
            | Op::postfix(Rule::post_dec))
});

impl Builder<'_> {
    /// `expr`: with commas.
    pub(super) fn expr(&self, p: Pair<Rule>) -> Expr {
        let whole = self.span(&p);
        let mut out: Option<Expr> = None;
        let mut count = 0usize;
        for s in p.into_inner() {
            let e = self.assign_expr(s);
            count += 1;
            out = Some(match out {
                None => e,
                Some(_) if count > super::super::limits::MAX_CHAIN => Expr {
                    kind: ExprKind::Unsupported("a chain of commas this long".into()),
                    span: whole,
                },
                Some(l) => Expr {
                    span: l.span.to(e.span),
                    kind: fold(None, l, e)
                        .unwrap_or_else(|both| ExprKind::Comma(Box::new(both.0), Box::new(both.1))),
                },
            });
        }
        out.unwrap_or(Expr {
            kind: ExprKind::Unsupported("an empty expression".into()),
            span: whole,
        })
    }

    pub(super) fn assign_expr(&self, p: Pair<Rule>) -> Expr {
        let whole = self.span(&p);
        let mut pairs: Vec<Pair<Rule>> = p.into_inner().collect();
        let tail = pairs.pop_if(|t| matches!(t.as_rule(), Rule::ternary_tail | Rule::assign_tail));
        let lhs = if pairs.len() == 1 {
            match pairs.pop() {
                Some(one) => self.primary(one),
                None => Expr {
                    kind: ExprKind::Unsupported("an empty expression".into()),
                    span: whole,
                },
            }
        } else {
            self.operators(pairs)
        };
        let Some(tail) = tail else { return lhs };
        if tail.as_rule() == Rule::ternary_tail {
            let mut parts = tail.into_inner().filter(|t| t.as_rule() != Rule::colon);
            if let (Some(a), Some(b)) = (parts.next(), parts.next()) {
                let (a, b) = (self.expr(a), self.assign_expr(b));
                return Expr {
                    span: lhs.span.to(b.span),
                    kind: ExprKind::Ternary(Box::new(lhs), Box::new(a), Box::new(b)),
                };
            }
            return lhs;
        }
        let mut op = None;
        let mut rhs = None;
        for t in tail.into_inner() {
            match t.as_rule() {
                Rule::assign_op => op = assign_operator(self.word(&t)),
                Rule::assign_expr => rhs = Some(self.assign_expr(t)),
                _ => {}
            }
        }
        match rhs {
            Some(rhs) => Expr {
                span: lhs.span.to(rhs.span),
                kind: ExprKind::Assign(op, Box::new(lhs), Box::new(rhs)),
            },
            None => lhs,
        }
    }

    fn operators(&self, pairs: Vec<Pair<Rule>>) -> Expr {
        PRATT
            .map_primary(|p| self.primary(p))
            .map_prefix(|op, e| self.prefix(op, e))
            .map_postfix(|e, op| self.postfix(e, op))
            .map_infix(|l, op, r| {
                let span = l.span.to(r.span);
                let op = infix_operator(op.as_rule());
                let kind = fold(Some(op), l, r).unwrap_or_else(|both| {
                    ExprKind::Binary(op, Box::new(both.0), Box::new(both.1))
                });
                Expr { kind, span }
            })
            .parse(pairs.into_iter())
    }

    fn prefix(&self, op: Pair<Rule>, e: Expr) -> Expr {
        let span = self.span(&op).to(e.span);
        let u = match op.as_rule() {
            Rule::neg => UnaryOp::Neg,
            Rule::plus => UnaryOp::Plus,
            Rule::not => UnaryOp::Not,
            Rule::bit_not => UnaryOp::BitNot,
            Rule::deref => UnaryOp::Deref,
            Rule::addr_of => UnaryOp::AddrOf,
            Rule::pre_inc => UnaryOp::PreInc,
            Rule::pre_dec => UnaryOp::PreDec,
            Rule::sizeof_op => {
                return Expr {
                    kind: ExprKind::SizeofExpr(Box::new(e)),
                    span,
                };
            }
            _ => {
                let ty = op
                    .into_inner()
                    .find(|t| t.as_rule() == Rule::type_id)
                    .map(|t| self.type_id(t));
                let kind = match (ty, e.kind) {
                    (Some(ty), ExprKind::InitList(args)) => ExprKind::Construct {
                        ty,
                        args,
                        brace: true,
                    },
                    (Some(ty), kind) => ExprKind::Cast(
                        CastKind::CStyle,
                        Box::new(ty),
                        Box::new(Expr { kind, span: e.span }),
                    ),
                    (None, kind) => kind,
                };
                return Expr { kind, span };
            }
        };
        Expr {
            kind: ExprKind::Unary(u, Box::new(e)),
            span,
        }
    }

    fn postfix(&self, e: Expr, op: Pair<Rule>) -> Expr {
        let span = e.span.to(self.span(&op));
        let kind = match op.as_rule() {
            Rule::post_inc => ExprKind::Postfix(Box::new(e), true),
            Rule::post_dec => ExprKind::Postfix(Box::new(e), false),
            Rule::index => ExprKind::Index(Box::new(e), self.args(op)),
            Rule::call => call(e, self.args(op)),
            _ => {
                let mut arrow = false;
                let mut name = None;
                for s in op.into_inner() {
                    match s.as_rule() {
                        Rule::arrow => arrow = true,
                        Rule::path => name = Some(self.path(s)),
                        _ => {}
                    }
                }
                match name {
                    Some(name) => ExprKind::Member {
                        base: Box::new(e),
                        name,
                        arrow,
                    },
                    None => e.kind,
                }
            }
        };
        Expr { kind, span }
    }

    fn construct(&self, ty: Type, p: Pair<Rule>) -> ExprKind {
        if p.as_rule() == Rule::brace_list {
            ExprKind::Construct {
                ty,
                args: self.brace_list(p),
                brace: true,
            }
        } else {
            ExprKind::Construct {
                ty,
                args: self.args(p),
                brace: false,
            }
        }
    }

    fn primary(&self, p: Pair<Rule>) -> Expr {
        let span = self.span(&p);
        let kind = match p.as_rule() {
            Rule::path_expr => {
                let mut path: Option<Path> = None;
                let mut brace = None;
                for s in p.into_inner() {
                    match s.as_rule() {
                        Rule::path => path = Some(self.path(s)),
                        Rule::brace_list => brace = Some(s),
                        _ => {}
                    }
                }
                match (path, brace) {
                    (Some(path), Some(b)) => self.construct(self.named(path), b),
                    (Some(path), None) => ExprKind::Path(path),
                    _ => ExprKind::Unsupported("a name".into()),
                }
            }
            Rule::number => literal::number(self.word(&p)),
            Rule::char => literal::character(self.word(&p)),
            Rule::string_lit => ExprKind::Str(
                p.into_inner()
                    .map(|s| literal::string(self.word(&s)))
                    .collect(),
            ),
            Rule::paren => {
                let mut kind = ExprKind::Unsupported("a parenthesis".into());
                for s in p.into_inner() {
                    match s.as_rule() {
                        Rule::block => {
                            kind = ExprKind::Unsupported("a statement expression".into());
                        }
                        Rule::expr => kind = self.expr(s).kind,
                        _ => {}
                    }
                }
                kind
            }
            Rule::bool_true => ExprKind::Bool(true),
            Rule::bool_false => ExprKind::Bool(false),
            Rule::null => ExprKind::Nullptr,
            Rule::this_expr => ExprKind::This,
            Rule::brace_list => ExprKind::InitList(self.brace_list(p)),
            Rule::ellipsis => ExprKind::Unsupported("...".into()),
            Rule::named_cast => self.named_cast(p),
            Rule::sizeof_type | Rule::alignof_type => {
                let size = p.as_rule() == Rule::sizeof_type;
                match p.into_inner().find(|t| t.as_rule() == Rule::type_id) {
                    Some(t) if size => ExprKind::SizeofType(Box::new(self.type_id(t))),
                    Some(t) => ExprKind::AlignofType(Box::new(self.type_id(t))),
                    None => ExprKind::Unsupported("sizeof".into()),
                }
            }
            Rule::sizeof_pack => {
                let inner = p.into_inner().find(|s| s.as_rule() == Rule::soup);
                ExprKind::SizeofPack(inner.map_or_else(String::new, |s| self.spelling(&s)))
            }
            Rule::alignof_expr => self.alignof_expr(p),
            Rule::typename_expr | Rule::decltype_expr | Rule::auto_expr => {
                let of_decltype = p.as_rule() == Rule::decltype_expr;
                let mut ty: Option<Type> = None;
                let mut args = None;
                for s in p.into_inner() {
                    match s.as_rule() {
                        Rule::path => ty = Some(self.named(self.path(s))),
                        Rule::decltype_type => ty = Some(self.decltype_type(s)),
                        Rule::brace_list | Rule::call => args = Some(s),
                        _ => {}
                    }
                }
                match (ty, args) {
                    // `decltype(e)::f(x)`: a function as well as a type.
                    (
                        Some(Type {
                            kind: TypeKind::Named(path),
                            span,
                            ..
                        }),
                        Some(a),
                    ) if of_decltype && a.as_rule() == Rule::call => {
                        let callee = Expr {
                            kind: ExprKind::Path(path),
                            span,
                        };
                        call(callee, self.args(a))
                    }
                    (Some(ty), Some(a)) => self.construct(ty, a),
                    // `decltype(e)::value`
                    (
                        Some(Type {
                            kind: TypeKind::Named(path),
                            ..
                        }),
                        None,
                    ) => ExprKind::Path(path),
                    _ => ExprKind::Unsupported("a type where a value is expected".into()),
                }
            }
            Rule::lambda => ExprKind::Lambda(Box::new(self.lambda(p))),
            _ => ExprKind::Unsupported("this expression".into()),
        };
        Expr { kind, span }
    }

    /// `alignof(name)`: the name can only be a type.
    fn alignof_expr(&self, p: Pair<Rule>) -> ExprKind {
        let inner = p.into_inner().find(|e| e.as_rule() == Rule::expr);
        match inner.map(|e| self.expr(e)) {
            Some(Expr {
                kind: ExprKind::Path(path),
                ..
            }) => ExprKind::AlignofType(Box::new(self.named(path))),
            _ => ExprKind::Unsupported("`alignof` of an expression".into()),
        }
    }

    fn named_cast(&self, p: Pair<Rule>) -> ExprKind {
        let mut kind = CastKind::Static;
        let mut ty = None;
        let mut e = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::cast_name => {
                    kind = match self.word(&s) {
                        "static_cast" => CastKind::Static,
                        "const_cast" => CastKind::Const,
                        "reinterpret_cast" => CastKind::Reinterpret,
                        _ => return ExprKind::Unsupported("`dynamic_cast`".into()),
                    }
                }
                Rule::type_id => ty = Some(self.type_id(s)),
                Rule::expr => e = Some(self.expr(s)),
                _ => {}
            }
        }
        match (ty, e) {
            (Some(ty), Some(e)) => ExprKind::Cast(kind, Box::new(ty), Box::new(e)),
            _ => ExprKind::Unsupported("a cast".into()),
        }
    }
}

/// `f(args)`, where `as_type<T>(e)` is a cast.
fn call(callee: Expr, mut args: Vec<Expr>) -> ExprKind {
    if args.len() == 1
        && let ExprKind::Path(path) = &callee.kind
        && let [.., last] = path.segments.as_slice()
        && last.name == "as_type"
        && let Some([t]) = last.args.as_deref()
        && path.segments.len() <= 2
    {
        let ty = match t {
            TemplateArg::Type(t) => Some(t.clone()),
            TemplateArg::Path(p) => Some(Type {
                kind: TypeKind::Named(p.clone()),
                quals: Default::default(),
                span: p.span,
            }),
            _ => None,
        };
        if let Some(ty) = ty
            && let Some(e) = args.pop()
        {
            return ExprKind::Cast(CastKind::AsType, Box::new(ty), Box::new(e));
        }
    }
    ExprKind::Call(Box::new(callee), args)
}

fn assign_operator(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "+=" => BinaryOp::Add,
        "-=" => BinaryOp::Sub,
        "*=" => BinaryOp::Mul,
        "/=" => BinaryOp::Div,
        "%=" => BinaryOp::Rem,
        "<<=" => BinaryOp::Shl,
        ">>=" => BinaryOp::Shr,
        "&=" => BinaryOp::BitAnd,
        "^=" => BinaryOp::BitXor,
        "|=" => BinaryOp::BitOr,
        _ => return None,
    })
}

fn infix_operator(rule: Rule) -> BinaryOp {
    match rule {
        Rule::add => BinaryOp::Add,
        Rule::sub => BinaryOp::Sub,
        Rule::mul => BinaryOp::Mul,
        Rule::div => BinaryOp::Div,
        Rule::rem => BinaryOp::Rem,
        Rule::shl => BinaryOp::Shl,
        Rule::shr => BinaryOp::Shr,
        Rule::lt => BinaryOp::Lt,
        Rule::gt => BinaryOp::Gt,
        Rule::le => BinaryOp::Le,
        Rule::ge => BinaryOp::Ge,
        Rule::eq => BinaryOp::Eq,
        Rule::ne => BinaryOp::Ne,
        Rule::bit_and => BinaryOp::BitAnd,
        Rule::bit_xor => BinaryOp::BitXor,
        Rule::bit_or => BinaryOp::BitOr,
        Rule::log_and => BinaryOp::LogAnd,
        _ => BinaryOp::LogOr,
    }
}
