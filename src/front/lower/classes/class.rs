//! Lookup in classes ([class.member.lookup]).
//!
//! Purpose: what a name is as a member. A class hides what its bases declare; what two bases declare
//! is ambiguous; from within a template, bases that depend on its parameters are not looked into
//! ([temp.dep]). Soundness direction: exact.

use crate::front::ast::{
    Alias, Declarator, Enum, ItemKind, Member, PathSegment, Record, TemplateParam,
};
use crate::source::Span;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::scope::{Binding, Entity, Env, FuncCand, FuncSet};
use crate::front::lower::template::TArg;
use crate::front::lower::types::Ty;
use crate::front::lower::value::Place;

/// What a name is in a class.
#[derive(Clone)]
pub enum Own<'a> {
    /// A data member: the way to it from the class that declares it.
    Field(Vec<usize>),
    /// A static data member, or a member variable template.
    Static(&'a Declarator, Option<&'a [TemplateParam]>),
    /// Member functions.
    Funcs(Vec<FuncCand<'a>>),
    /// An alias.
    Alias(&'a Alias),
    /// A class.
    Record(&'a Record, Span),
    /// An enumeration.
    Enum(&'a Enum),
    /// An enumerator.
    Enumerator(&'a Enum),
    /// Several things, or nothing that is understood.
    Unclear,
}

impl<'a> Lowerer<'a> {
    /// A member and the class that declares it; `here` leaves dependent bases out.
    pub fn class_member(&self, rec: u32, name: &str, here: bool) -> Option<(u32, Own<'a>)> {
        if let Some(own) = self.own_member(rec, name) {
            return Some((rec, own));
        }
        let r = self.recs.get(rec as usize)?;
        let mut found: Option<(u32, Own<'a>)> = None;
        for (b, dependent) in &r.bases {
            if here && *dependent {
                continue;
            }
            if let Some((at, own)) = self.class_member(*b, name, here) {
                if found.as_ref().is_some_and(|(f, _)| *f != at) {
                    return Some((rec, Own::Unclear));
                }
                found = Some((at, own));
            }
        }
        found
    }

    fn own_member(&self, rec: u32, name: &str) -> Option<Own<'a>> {
        let r = self.recs.get(rec as usize)?;
        if name.is_empty() || !self.known.may_declare(r.decl, name) {
            return None;
        }
        let mut funcs: Vec<FuncCand<'a>> = Vec::new();
        let mut other: Vec<Own<'a>> = Vec::new();
        if let Some(path) = self.own_field(rec, name) {
            other.push(Own::Field(path));
        }
        for m in r.decl.members.iter().flatten() {
            match m {
                Member::Field(d, flags) if flags.is_static && d.name == name => {
                    other.push(Own::Static(d, None));
                }
                Member::Field(..) => {}
                Member::Item(item) => match &item.kind {
                    ItemKind::Function(f)
                        if !f.is_friend && base_name(f.name.last_name()) == name =>
                    {
                        funcs.push(FuncCand {
                            f,
                            at: r.at,
                            rec: Some(rec),
                            defaults: None,
                        });
                    }
                    ItemKind::Var(v) => {
                        let found = v.vars.iter().find(|d| d.name == name);
                        other.extend(found.map(|d| Own::Static(d, v.template.as_deref())));
                    }
                    ItemKind::Alias(a) if a.name == name => other.push(Own::Alias(a)),
                    ItemKind::Record(x) if x.name == name && x.members.is_some() => {
                        other.push(Own::Record(x, item.span));
                    }
                    ItemKind::Enum(e) => {
                        if e.name == name {
                            other.push(Own::Enum(e));
                        } else if !e.scoped && e.values.iter().any(|(n, _)| n == name) {
                            other.push(Own::Enumerator(e));
                        }
                    }
                    ItemKind::UsingDecl(p) if p.last_name() == name => {
                        self.used_member(rec, name, &mut funcs, &mut other);
                    }
                    _ => {}
                },
            }
        }
        match (funcs.is_empty(), other.len()) {
            (true, 0) => None,
            (false, 0) => Some(Own::Funcs(funcs)),
            (true, 1) => other.pop(),
            // Specialisations of a member template.
            (true, _) if other.iter().all(|o| matches!(o, Own::Record(..))) => {
                other.drain(..1).next()
            }
            _ => Some(Own::Unclear),
        }
    }

    /// `using Base::name;` in a class ([namespace.udecl]).
    fn used_member(
        &self,
        rec: u32,
        name: &str,
        funcs: &mut Vec<FuncCand<'a>>,
        other: &mut Vec<Own<'a>>,
    ) {
        let bases = self.recs.get(rec as usize).map_or(&[][..], |r| &r.bases);
        let found: Vec<(usize, (u32, Own<'a>))> = bases
            .iter()
            .enumerate()
            .filter_map(|(i, (b, _))| Some((i, self.class_member(*b, name, false)?)))
            .collect();
        match found.as_slice() {
            [(_, (_, Own::Funcs(f)))] => funcs.extend(f.iter().cloned()),
            // The base's own lookup finds it.
            [(i, (at, Own::Field(p)))] => match bases.get(*i) {
                Some((b, _)) if b == at => {
                    let mut path = vec![*i];
                    path.extend(p);
                    other.push(Own::Field(path));
                }
                _ => other.push(Own::Unclear),
            },
            _ => other.push(Own::Unclear),
        }
    }

    /// A data member that the class itself declares, in an anonymous member perhaps.
    fn own_field(&self, rec: u32, name: &str) -> Option<Vec<usize>> {
        let r = self.recs.get(rec as usize)?;
        for (i, f) in r.fields.iter().enumerate().filter(|(_, f)| !f.is_base) {
            if f.name == name && !name.is_empty() {
                return Some(vec![i]);
            }
            if f.name.is_empty()
                && let Ty::Record(inner) = f.ty
                && let Some(mut rest) = self.own_field(inner, name)
            {
                rest.insert(0, i);
                return Some(rest);
            }
        }
        None
    }

    /// The way from a class to one of its bases through its fields.
    fn way_to_base(&self, rec: u32, base: u32) -> Option<Vec<usize>> {
        if rec == base {
            return Some(Vec::new());
        }
        let r = self.recs.get(rec as usize)?;
        for (i, f) in r.fields.iter().enumerate().filter(|(_, f)| f.is_base) {
            if let Ty::Record(b) = f.ty
                && let Some(mut rest) = self.way_to_base(b, base)
            {
                rest.insert(0, i);
                return Some(rest);
            }
        }
        None
    }

    /// Path of field indices to a named data member, through bases and anonymous members.
    pub fn find_field(&self, rec: u32, name: &str) -> Option<Vec<usize>> {
        match self.class_member(rec, name, false)? {
            (at, Own::Field(path)) => {
                let mut way = self.way_to_base(rec, at)?;
                way.extend(path);
                Some(way)
            }
            _ => None,
        }
    }

    /// Member functions of a name, those of bases when the record has none.
    pub fn member_functions(&mut self, rec: u32, name: &str) -> Vec<FuncCand<'a>> {
        match self.class_member(rec, name, false) {
            Some((_, Own::Funcs(f))) => f,
            _ => Vec::new(),
        }
    }

    /// A static data member.
    pub fn static_member(&mut self, rec: u32, name: &str) -> Option<Place> {
        match self.class_member(rec, name, false)? {
            (at, Own::Static(d, None)) => {
                let from = self.recs.get(at as usize)?.at;
                self.shared_constant(d, Some(at), from)
            }
            (at, Own::Enumerator(e)) => {
                let from = self.recs.get(at as usize)?.at;
                self.enumerator(e, from, Some(at), name).map(Place::Val)
            }
            _ => None,
        }
    }

    /// What a name is in a record: from within it (`here`), or after `::`.
    pub fn entity_in_record(
        &mut self,
        rec: u32,
        seg: &'a PathSegment,
        targs: &Option<Vec<TArg>>,
        innermost: bool,
        here: bool,
    ) -> Option<Entity<'a>> {
        let name = seg.name.as_str();
        if let Some((at, own)) = self.class_member(rec, name, here) {
            return Some(self.member_entity(rec, at, own, seg, targs, innermost));
        }
        if !here {
            return None;
        }
        match self.recs.get(rec as usize)?.env.get(name).cloned() {
            Some(Binding::Place(p)) => Some(Entity::Place(p)),
            Some(Binding::Type(t)) => Some(Entity::Type(t)),
            Some(Binding::Func(f)) => Some(Entity::Funcs(f)),
            Some(Binding::Opaque) => Some(Entity::Unclear(name.to_string())),
            _ if self.injected(rec, seg) => Some(Entity::Type(Ty::Record(rec))),
            _ => None,
        }
    }

    /// Whether the name is that of the class itself ([class.pre]).
    pub fn injected(&self, rec: u32, seg: &PathSegment) -> bool {
        let decl = self.recs.get(rec as usize).map(|r| r.decl);
        seg.args.is_none() && decl.is_some_and(|d| d.name == seg.name && !d.name.is_empty())
    }

    fn member_entity(
        &mut self,
        rec: u32,
        at: u32,
        own: Own<'a>,
        seg: &'a PathSegment,
        targs: &Option<Vec<TArg>>,
        innermost: bool,
    ) -> Entity<'a> {
        let name = seg.name.as_str();
        let unclear = || Entity::Unclear(name.to_string());
        let from = self.recs.get(at as usize).map(|r| r.at).unwrap_or_default();
        self.log_member(at, &own, name);
        match own {
            Own::Field(_) => {
                let this = self.frames.last().and_then(|f| f.this.clone());
                let this = this.filter(|_| innermost);
                match (this, self.find_field(rec, name)) {
                    (Some(this), Some(_)) => self
                        .field_place(this, name)
                        .map_or_else(unclear, Entity::Place),
                    // Only its type can be asked for.
                    (None, Some(path)) => {
                        let mut p = Place::Val(self.undef(&Ty::Record(rec)));
                        for i in path {
                            match self.nth_field(p, i) {
                                Some(q) => p = q,
                                None => return unclear(),
                            }
                        }
                        Entity::Place(self.follow_ref(p))
                    }
                    _ => unclear(),
                }
            }
            Own::Funcs(cands) => Entity::Funcs(FuncSet {
                name: name.to_string(),
                cands,
                targs: targs.clone(),
                open: false,
                named: self.naming,
            }),
            Own::Static(d, None) => {
                let p = self.shared_constant(d, Some(at), from);
                p.map_or_else(unclear, Entity::Place)
            }
            Own::Static(d, Some(params)) => {
                let p = targs.as_ref().and_then(|t| {
                    let given = Self::positional(params, t)?;
                    let (env, _) = self.template_env(params, &given, Some(at), from)?;
                    self.with_env(env, Some(at), from, |l| l.constant_variable(d, false))
                });
                p.map_or_else(unclear, Entity::Place)
            }
            Own::Enumerator(e) => {
                let v = self.enumerator(e, from, Some(at), name);
                v.map_or_else(unclear, |v| Entity::Place(Place::Val(v)))
            }
            Own::Alias(_) | Own::Record(..) | Own::Enum(_) => {
                let t = self.member_type(&Ty::Record(at), seg, false);
                t.map_or_else(unclear, Entity::Type)
            }
            Own::Unclear => unclear(),
        }
    }

    /// The class and the names around it, as definitions outside of it write them.
    pub fn class_path(&self, rec: u32) -> String {
        let Some(r) = self.recs.get(rec as usize) else {
            return String::new();
        };
        match r.outer {
            Some(o) => format!("{}::{}", self.class_path(o), r.decl.name),
            None => r.decl.name.clone(),
        }
    }

    /// The definition of a member function outside of its class: the one with its parameters.
    pub fn definition(&mut self, c: &FuncCand<'a>) -> Option<(FuncCand<'a>, Env<'a>)> {
        let rec = c.rec?;
        let r = self.recs.get(rec as usize)?;
        let (at, targs, special) = (r.at, r.targs.clone(), r.decl.specialization.is_some());
        let key = (at.ns, self.class_path(rec), base_name(c.f.name.last_name()));
        let syms = self.syms.clone();
        let all = syms.members.get(&key)?;
        let mut out: Vec<(FuncCand<'a>, Env<'a>)> = Vec::new();
        for d in all {
            let written = d.item.name.segments.iter().rev().nth(1);
            let args = written.and_then(|s| s.args.as_deref());
            if special || d.item.params.len() != c.f.params.len() || d.item.body.is_none() {
                continue;
            }
            let cand = FuncCand {
                f: d.item,
                at: d.at,
                rec: Some(rec),
                defaults: None,
            };
            let mut env = Env::new();
            if let (Some(_), Some(params)) = (args, &d.item.template) {
                let given = Self::positional(params, &targs)?;
                env = self.template_env(params, &given, Some(rec), d.at)?.0;
            } else if d.item.template.is_some() {
                return None;
            }
            if self.same_parameters(c, &Env::new(), &cand, &env) {
                out.push((cand, env));
            }
        }
        match out.len() {
            1 => out.pop(),
            _ => None,
        }
    }
}

/// A constructor of a template may be spelled with arguments: `indexed<T>()`.
pub fn base_name(name: &str) -> &str {
    if name.starts_with("operator") {
        return name;
    }
    name.split('<').next().unwrap_or(name)
}
