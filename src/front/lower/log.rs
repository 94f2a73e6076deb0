//! A log of what lowering took names, expressions and records to be, for another front end to be held against.
//!
//! Purpose: `parse --cross-check` compares it with what Clang says of the same tokens. It is off unless [`super::LowerOptions::log`] is
//! set, and nothing reads it while lowering. Soundness direction: none; it changes nothing. What is not written here is not compared.

use std::collections::BTreeSet;

use crate::front::ast::{Enum, ItemKind, Member, Record};
use crate::source::Span;

use super::class::Own;
use super::ctx::Lowerer;
use super::scope::FuncCand;
use super::symbols::FIRST_ENUM;
use super::types::Ty;

/// How a declaration is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// By its name; the position is that of the name as written, qualifiers included.
    Name,
    /// By an operator; the position is that of the whole expression.
    Operator,
    /// By an initialisation or a conversion; the position is only near.
    Implicit,
}

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclAt {
    /// Where it is; its name is somewhere in it.
    pub span: Span,
    /// Its name.
    pub name: String,
}

/// A use of a declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Where.
    pub at: Span,
    /// How.
    pub how: How,
    /// Which declaration; `None` for one of the library.
    pub decl: Option<DeclAt>,
}

/// The layout of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    /// Its definition.
    pub at: Span,
    /// The type as it can be written at the end of the file.
    pub ty: String,
    /// Bytes.
    pub size: u64,
    /// Alignment.
    pub align: u64,
    /// Named members with their offsets.
    pub fields: Vec<(String, u64)>,
}

/// Everything that was seen.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Uses of declarations.
    pub uses: BTreeSet<Use>,
    /// Expressions with their types, spelled without `const` and `volatile`.
    pub types: BTreeSet<(Span, String)>,
    /// Constants that have an integer as their value: the declarator, the name behind it, the value.
    pub constants: BTreeSet<(Span, String, i128)>,
    /// Records.
    pub layouts: BTreeSet<Layout>,
    /// Records that have no name that can be written elsewhere, or whose layout is in doubt.
    pub unnamed: BTreeSet<String>,
    /// Expressions whose types have no spelling here.
    pub unspelled: u64,
}

impl Log {
    /// Adds what another one has.
    pub fn merge(&mut self, other: Log) {
        self.uses.extend(other.uses);
        self.types.extend(other.types);
        self.constants.extend(other.constants);
        self.layouts.extend(other.layouts);
        self.unnamed.extend(other.unnamed);
        self.unspelled += other.unspelled;
    }
}

impl<'a> Lowerer<'a> {
    fn log_use(&mut self, at: Span, how: How, decl: Option<DeclAt>) {
        if let Some(log) = &mut self.log {
            log.uses.insert(Use { at, how, decl });
        }
    }

    /// The name that is looked up means what is declared there.
    pub(super) fn log_name(&mut self, span: Span, name: &str) {
        if self.log.is_some() {
            let name = name.to_string();
            self.log_use(self.naming, How::Name, Some(DeclAt { span, name }));
        }
    }

    /// A name means a function of the library.
    pub(super) fn log_library(&mut self, at: Span) {
        self.log_use(at, How::Name, None);
    }

    /// Does what no expression of the source says: members are assigned or constructed because an object is.
    pub(super) fn quietly<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let log = self.log.take();
        let done = work(self);
        self.log = log;
        done
    }

    /// A function was chosen.
    pub(super) fn log_call(&mut self, at: Span, how: How, c: &FuncCand<'a>) {
        if self.log.is_some() {
            let name = c.f.name.last_name().to_string();
            let span = c.f.name_span;
            self.log_use(at, how, Some(DeclAt { span, name }));
        }
    }

    /// A name was declared in the innermost block.
    pub(super) fn log_origin(&mut self, name: &str, span: Span) {
        if self.log.is_some()
            && let Some(f) = self.frames.last_mut()
        {
            let open = f.scopes.len();
            f.origins.push((open, name.to_string(), span));
        }
    }

    /// The name that is looked up is one of the blocks around.
    pub(super) fn log_local(&mut self, name: &str) {
        if self.log.is_none() {
            return;
        }
        let Some(f) = self.frames.last() else { return };
        let Some(depth) = f.scopes.iter().rposition(|s| s.contains_key(name)) else {
            return;
        };
        // A captured copy stands for the variable that is captured.
        let found = f
            .origins
            .iter()
            .rev()
            .find(|(open, n, _)| *open <= depth + 1 && n == name);
        if let Some(span) = found.map(|(_, _, span)| *span) {
            self.log_name(span, name);
        }
    }

    /// The name that is looked up is an enumerator.
    pub(super) fn log_enumerator(&mut self, e: &Enum, name: &str) {
        let at = e.values.iter().position(|(n, _)| n == name);
        if let Some(span) = at.and_then(|i| e.places.get(i)) {
            self.log_name(*span, name);
        }
    }

    /// The name that is looked up is an enumerator of an enumeration that is known.
    pub(super) fn log_enumerator_of(&mut self, id: u32, name: &str) {
        let i = id.checked_sub(FIRST_ENUM).map(|i| i as usize);
        if let Some(e) = i.and_then(|i| self.enums.get(i)).map(|e| e.decl) {
            self.log_enumerator(e, name);
        }
    }

    /// The name that is looked up is a member of the record `at`; functions are logged when one is chosen.
    pub(super) fn log_member(&mut self, at: u32, own: &Own<'a>, name: &str) {
        if self.log.is_none() {
            return;
        }
        match own {
            Own::Field(_) => {
                let decl = self.recs.get(at as usize).map(|r| r.decl);
                if let Some(span) = decl.and_then(|d| field(d, name)) {
                    self.log_name(span, name);
                }
            }
            Own::Static(d, _) => self.log_name(d.span, name),
            Own::Enumerator(e) => self.log_enumerator(e, name),
            _ => {}
        }
    }

    /// An expression has a type.
    pub(super) fn log_type(&mut self, at: Span, ty: &Ty) {
        if self.log.is_none() {
            return;
        }
        let text = self.spelled(ty);
        if let Some(log) = &mut self.log {
            match text {
                Some(t) => {
                    log.types.insert((at, t));
                }
                None => log.unspelled += 1,
            }
        }
    }

    /// A constant has a value.
    pub(super) fn log_constant(&mut self, span: Span, name: &str, value: Option<i128>) {
        if let (Some(log), Some(v)) = (&mut self.log, value) {
            log.constants.insert((span, name.to_string(), v));
        }
    }

    /// The layouts of all records that were met.
    pub(super) fn log_layouts(&mut self) {
        if self.log.is_none() {
            return;
        }
        let places: Vec<(Span, u32)> = self.rec_index.iter().map(|(k, id)| (k.0, *id)).collect();
        for (at, id) in places {
            let ty = self.spelled(&Ty::Record(id));
            let Some(r) = self.recs.get(id as usize) else {
                continue;
            };
            let name = r.name.clone();
            let layout = ty
                .filter(|_| r.doubt.is_none() && !r.local)
                .map(|ty| Layout {
                    at,
                    ty,
                    size: r.size,
                    align: r.align,
                    fields: r
                        .fields
                        .iter()
                        .filter(|f| {
                            !f.is_base && !f.name.is_empty() && !matches!(f.ty, Ty::Ref(..))
                        })
                        .map(|f| (f.name.clone(), f.offset))
                        .collect(),
                });
            if let Some(log) = &mut self.log {
                match layout {
                    Some(l) => {
                        log.layouts.insert(l);
                    }
                    None => {
                        log.unnamed.insert(name);
                    }
                }
            }
        }
    }
}

/// The declarator of a data member, in anonymous members, too.
fn field(r: &Record, name: &str) -> Option<Span> {
    r.members.iter().flatten().find_map(|m| match m {
        Member::Field(d, _) if d.name == name => Some(d.span),
        Member::Field(d, _) if d.name.is_empty() => match &d.ty.kind {
            crate::front::ast::TypeKind::Record(inner) => field(inner, name),
            _ => None,
        },
        Member::Item(i) => match &i.kind {
            ItemKind::Record(inner) if inner.name.is_empty() => field(inner, name),
            _ => None,
        },
        _ => None,
    })
}
