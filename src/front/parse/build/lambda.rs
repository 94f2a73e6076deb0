//! Lambda expressions.
//!
//! Purpose: captures, parameters and body of a lambda.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use crate::front::ast::{Block, Expr, ExprKind, Lambda};

impl Builder<'_> {
    pub(super) fn lambda(&self, p: Pair<Rule>) -> Lambda {
        let span = self.span(&p);
        let mut l = Lambda {
            default_by_ref: None,
            captures: Vec::new(),
            params: Vec::new(),
            ret: None,
            body: Block {
                stmts: Vec::new(),
                span,
            },
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::capture => self.capture(s, &mut l),
                Rule::lambda_params => {
                    if let Some(ps) = s.into_inner().find(|x| x.as_rule() == Rule::params) {
                        l.params = self.params(ps);
                    }
                }
                Rule::trailing_ret => {
                    l.ret = s
                        .into_inner()
                        .find(|x| x.as_rule() == Rule::type_id)
                        .map(|t| self.type_id(t));
                }
                Rule::block => l.body = self.block(s),
                _ => {}
            }
        }
        l
    }

    fn capture(&self, p: Pair<Rule>, l: &mut Lambda) {
        let mut by_ref = false;
        let mut name = None;
        let mut init = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::capture_all => {
                    l.default_by_ref = Some(self.word(&s) == "&");
                    return;
                }
                Rule::by_ref => by_ref = true,
                Rule::this_expr => name = Some("this".to_string()),
                Rule::name => name = Some(self.word(&s).to_string()),
                Rule::assign_expr => init = Some(self.assign_expr(s)),
                Rule::brace_list => {
                    let span = self.span(&s);
                    init = Some(Expr {
                        kind: ExprKind::InitList(self.brace_list(s)),
                        span,
                    });
                }
                Rule::ellipsis => init = Some(self.unsupported(&s, "a pack expansion")),
                _ => {}
            }
        }
        if let Some(name) = name {
            l.captures.push((name, by_ref, init));
        }
    }
}
