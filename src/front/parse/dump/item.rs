//! Declarations as text.
//!
//! Purpose: one declaration per line, bodies and members indented.

use super::expr::{expr, list};
use super::stmt::{declarator, var_decl};
use super::types::{attrs, params, path, quals, template, template_args, ty};
use super::{Writer, flag, words};
use crate::front::ast::{Function, FunctionRole, Item, ItemKind, Member, Record};

impl Writer {
    pub(super) fn item(&mut self, i: &Item) {
        match &i.kind {
            ItemKind::Function(f) => self.function(f),
            ItemKind::Record(r) => self.record(r),
            ItemKind::Enum(e) => {
                let base = e
                    .underlying
                    .as_ref()
                    .map_or(String::new(), |t| format!(": {}", ty(t)));
                let values: Vec<String> = e
                    .values
                    .iter()
                    .map(|(n, v)| match v {
                        Some(v) => format!("({n} = {})", expr(v)),
                        None => n.clone(),
                    })
                    .collect();
                let head = if e.scoped { "(enum class" } else { "(enum" };
                self.line(words(&[head, &e.name, &base, &values.join(" ")]) + ")");
            }
            ItemKind::Alias(a) => {
                let t = template(&a.template);
                self.line(words(&["(alias", &t, &a.name, &ty(&a.ty), &attrs(&a.attrs)]) + ")");
            }
            ItemKind::Var(v) => self.line(var_decl(v)),
            ItemKind::Namespace { name, items, .. } => {
                self.nest(words(&["(namespace", name]), |w| {
                    for i in items {
                        w.item(i);
                    }
                });
            }
            ItemKind::UsingNamespace(p) => self.line(format!("(using-namespace {})", path(p))),
            ItemKind::NamespaceAlias(n, p) => {
                self.line(format!("(namespace-alias {n} {})", path(p)));
            }
            ItemKind::UsingDecl(p) => self.line(format!("(using {})", path(p))),
            ItemKind::ExplicitInstantiation(e) => {
                let ps = e.params.as_ref().map_or(String::new(), |p| params(p));
                let parts = words(&[
                    "(instantiate",
                    flag(e.is_kernel, "kernel"),
                    &path(&e.name),
                    &ps,
                    &attrs(&e.attrs),
                ]);
                self.line(parts + ")");
            }
            ItemKind::StaticAssert(e) => self.line(format!("(static-assert {})", expr(e))),
            ItemKind::Error(_) => self.line("(error)"),
            ItemKind::Empty => self.line("(empty)"),
        }
    }

    fn function(&mut self, f: &Function) {
        let role = match f.role {
            FunctionRole::Kernel => "kernel",
            FunctionRole::OtherStage => "stage",
            FunctionRole::Plain => "",
        };
        let ret = f
            .ret
            .as_ref()
            .map_or(String::new(), |t| format!("-> {}", ty(t)));
        let this = quals(&f.this_quals);
        let this = if this.is_empty() {
            this
        } else {
            format!("this:({this})")
        };
        let inits: Vec<String> = f
            .inits
            .iter()
            .map(|i| words(&["(init", &path(&i.name), &list(&i.args)]) + ")")
            .collect();
        let head = words(&[
            "(fn",
            &template(&f.template),
            role,
            flag(f.is_constexpr, "constexpr"),
            flag(f.is_static, "static"),
            &path(&f.name),
            &params(&f.params),
            &ret,
            &this,
            &attrs(&f.attrs),
            flag(f.defaulted_or_deleted, "defaulted"),
            &inits.join(" "),
        ]);
        match &f.body {
            Some(b) => self.nest(head, |w| w.stmts(&b.stmts)),
            None => self.line(head + " declared)"),
        }
    }

    pub(super) fn record(&mut self, r: &Record) {
        let args = r
            .specialization
            .as_ref()
            .map_or(String::new(), |a| template_args(a));
        let bases: Vec<String> = r.bases.iter().map(ty).collect();
        let bases = if bases.is_empty() {
            String::new()
        } else {
            format!(": {}", bases.join(", "))
        };
        let head = words(&[
            if r.is_union { "(union" } else { "(struct" },
            &template(&r.template),
            &format!("{}{args}", r.name),
            &attrs(&r.attrs),
            &bases,
        ]);
        let Some(members) = &r.members else {
            return self.line(head + " declared)");
        };
        self.nest(head, |w| {
            for m in members {
                match m {
                    Member::Field(d, flags) => {
                        let s = words(&[
                            "(field",
                            flag(flags.is_static, "static"),
                            flag(flags.is_constexpr, "constexpr"),
                            &declarator(d),
                        ]);
                        w.line(s + ")");
                    }
                    Member::Item(i) => w.item(i),
                }
            }
        });
    }
}
