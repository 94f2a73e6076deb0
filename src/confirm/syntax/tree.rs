//! Reads the tree that Clang prints as JSON.
//!
//! Direction: exact on the kinds of nodes that are read here; other kinds are passed through to what is in them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::Value;

use super::place::Places;
use super::{ClangUse, Facts, Used};

/// What a use refers to, before all declarations are known.
enum Target {
    /// By identity.
    Id(String),
    /// A constructor of that class with that type.
    Constructor(String, String),
}

struct Reader {
    places: Places,
    facts: Facts,
    /// Lines of declarations by identity.
    lines: BTreeMap<String, u32>,
    /// Lines that declare the same.
    same: Vec<(String, String)>,
    constructors: BTreeMap<(String, String), BTreeSet<u32>>,
    uses: Vec<((u32, u32), Used, Target)>,
    /// Within a template itself, not an instance of it.
    pattern: bool,
}

/// Kinds of expressions that are conversions which nobody wrote, or wrappers.
const IMPLICIT: &[&str] = &[
    "ImplicitCastExpr",
    "ExprWithCleanups",
    "MaterializeTemporaryExpr",
    "CXXBindTemporaryExpr",
    "CXXConstructExpr",
    "CXXDefaultArgExpr",
    "CXXDefaultInitExpr",
    "ConstantExpr",
    "InitListExpr",
    "ImplicitValueInitExpr",
];

/// Reads a tree; `file` is the name of the text for Clang.
pub fn read(json: &str, file: &str, text: &str) -> Result<Facts, serde_json::Error> {
    let mut input = serde_json::Deserializer::from_str(json);
    // The tree is as deep as the program; the command has a stack for that.
    input.disable_recursion_limit();
    let tree = Value::deserialize(&mut input)?;
    let mut r = Reader {
        places: Places::new(file, text),
        facts: Facts::default(),
        lines: BTreeMap::new(),
        same: Vec::new(),
        constructors: BTreeMap::new(),
        uses: Vec::new(),
        pattern: false,
    };
    r.node(&tree);
    Ok(r.finish())
}

impl Reader {
    fn node(&mut self, n: &Value) {
        let kind = n.get("kind").and_then(Value::as_str).unwrap_or("");
        let at = n.get("loc").and_then(|l| self.places.line(l));
        let range = n.get("range").and_then(|r| self.places.range(r));
        if kind.ends_with("Decl") {
            self.declaration(n, kind, at);
        } else if let Some(range) = range {
            self.expression(n, kind, range);
        }
        let inner = n.get("inner").and_then(Value::as_array);
        let around = self.pattern;
        let mut first = true;
        for child in inner.into_iter().flatten() {
            let of = word(child, "kind").unwrap_or("");
            let is = is_pattern(kind, of, first);
            // Behind the parameters, the template comes before its instances.
            first &= !is || of.contains("Parm");
            self.pattern = around || is;
            self.node(child);
        }
        self.pattern = around;
    }

    fn declaration(&mut self, n: &Value, kind: &str, at: Option<u32>) {
        let (Some(id), Some(line)) = (word(n, "id"), at) else {
            return;
        };
        self.lines.insert(id.to_string(), line);
        self.facts.entities.entry(line).or_insert(line);
        if let Some(before) = word(n, "previousDecl") {
            self.same.push((id.to_string(), before.to_string()));
        }
        let implicit = n.get("isImplicit").and_then(Value::as_bool) == Some(true);
        match kind {
            "CXXConstructorDecl" if !implicit => {
                let key = (simple(word(n, "name").unwrap_or("")), signature(n, "type"));
                self.constructors.entry(key).or_default().insert(line);
            }
            "TypeAliasDecl" | "TypedefDecl" => {
                let name = word(n, "name").unwrap_or("").to_string();
                let is = type_of(n, "type");
                self.facts.aliases.entry(name).or_default().insert(is);
            }
            _ => {}
        }
    }

    fn expression(&mut self, n: &Value, kind: &str, range: (u32, u32)) {
        if n.get("valueCategory").is_some() && !IMPLICIT.contains(&kind) {
            let t = type_of(n, "type");
            let all = match self.pattern || t == "<dependent type>" {
                true => &mut self.facts.patterns,
                false => &mut self.facts.types,
            };
            all.entry(range).or_default().insert(t);
        }
        if let Some(id) = n.get("conversionFunc").and_then(|f| word(f, "id")) {
            self.use_of(range, Used::Implicit, id);
        }
        match kind {
            "DeclRefExpr" => {
                if let Some(id) = n.get("referencedDecl").and_then(|d| word(d, "id")) {
                    self.use_of(range, Used::Name, id);
                }
            }
            "MemberExpr" => {
                if let Some(id) = word(n, "referencedMemberDecl") {
                    self.use_of((range.1, range.1), Used::Name, id);
                }
            }
            "CXXOperatorCallExpr" => {
                if let Some(id) = callee(n) {
                    self.use_of(range, Used::Operator, id);
                }
            }
            "CXXConstructExpr" | "CXXTemporaryObjectExpr" => {
                let target =
                    Target::Constructor(simple(&type_of(n, "type")), signature(n, "ctorType"));
                self.uses.push((range, Used::Implicit, target));
            }
            _ => {}
        }
    }

    fn use_of(&mut self, lines: (u32, u32), used: Used, id: &str) {
        self.uses.push((lines, used, Target::Id(id.to_string())));
    }

    /// Resolves identities to lines.
    fn finish(mut self) -> Facts {
        for (a, b) in &self.same {
            if let (Some(a), Some(b)) = (self.lines.get(a), self.lines.get(b)) {
                unite(&mut self.facts.entities, *a, *b);
            }
        }
        for (lines, used, target) in self.uses {
            let decls = match target {
                Target::Id(id) => self.lines.get(&id).copied().into_iter().collect(),
                Target::Constructor(class, ty) => {
                    let all = self.constructors.get(&(class, ty));
                    all.into_iter().flatten().copied().collect()
                }
            };
            self.facts.uses.push(ClangUse { lines, used, decls });
        }
        self.facts
    }
}

/// Whether what is in a declaration of a template is the template itself.
fn is_pattern(template: &str, inner: &str, first: bool) -> bool {
    match (template, inner) {
        ("ClassTemplateDecl", inner) => inner == "CXXRecordDecl" || inner.contains("Parm"),
        (_, "ClassTemplatePartialSpecializationDecl" | "VarTemplatePartialSpecializationDecl") => {
            true
        }
        ("FunctionTemplateDecl" | "VarTemplateDecl" | "TypeAliasTemplateDecl", inner) => {
            inner.contains("Parm") || (first && inner.ends_with("Decl"))
        }
        _ => false,
    }
}

/// Makes two lines declare one entity.
fn unite(entities: &mut BTreeMap<u32, u32>, a: u32, b: u32) {
    let of = |l: u32| entities.get(&l).copied().unwrap_or(l);
    let (x, y) = (of(a), of(b));
    let (first, other) = (x.min(y), x.max(y));
    for v in entities.values_mut().filter(|v| **v == other) {
        *v = first;
    }
}

/// The function that an operator call calls.
fn callee(n: &Value) -> Option<&str> {
    let mut at = n.get("inner")?.as_array()?.first()?;
    while word(at, "kind") == Some("ImplicitCastExpr") {
        at = at.get("inner")?.as_array()?.first()?;
    }
    word(at.get("referencedDecl")?, "id")
}

fn word<'a>(n: &'a Value, key: &str) -> Option<&'a str> {
    n.get(key)?.as_str()
}

/// The type without aliases.
fn type_of(n: &Value, key: &str) -> String {
    let t = n.get(key);
    let part = |k: &str| t.and_then(|t| word(t, k));
    part("desugaredQualType")
        .or_else(|| part("qualType"))
        .unwrap_or("")
        .to_string()
}

/// The type of a function as written, without `noexcept`.
fn signature(n: &Value, key: &str) -> String {
    let t = n.get(key).and_then(|t| word(t, "qualType")).unwrap_or("");
    t.trim_end_matches(" noexcept").to_string()
}

/// The last name of a class, without its arguments.
fn simple(ty: &str) -> String {
    let mut depth = 0usize;
    let mut name = String::new();
    for c in ty.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ':' | ' ' if depth == 0 => name.clear(),
            c if depth == 0 => name.push(c),
            _ => {}
        }
    }
    name
}
