//! From a file name to kernels, with every problem on the way kept.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{Code, Error, Result};
use super::settings::SourceSettings;
use super::{config, foreign};
use crate::coverage::{self, Analysed, Gap, Inventory};
use crate::front::ast::{FunctionRole, Item, ItemKind, TranslationUnit};
use crate::front::lower::{Each, LeftOut, LowerOptions, LowerOutput, lower_each};
use crate::front::parse::parse;
use crate::front::prelude;
use crate::ir::{Kernel, Space};
use crate::report::model::{ErrorReport, SourceText};
use crate::source::{
    Diagnostic, FileId, PreprocessOptions, SourceMap, Span, Token, lex_all, preprocess,
};

/// A file that was read, with its kernels.
pub struct Loaded {
    /// Positions.
    pub map: SourceMap,
    /// The file itself.
    pub file: FileId,
    /// Syntax.
    pub unit: TranslationUnit,
    /// Kernels (only when `lower` was asked for).
    pub kernels: Vec<Kernel>,
    /// Kernels that nobody asked for.
    pub left_out: Vec<LeftOut>,
    /// What the file has by its tokens.
    pub inventory: Inventory,
    /// What of it was not analysed.
    pub gaps: Vec<Gap>,
    /// The preprocessor gave up on something, so nothing was analysed.
    pub broken: bool,
    /// For each of `--instantiate`: the file has that template.
    pub stated: Vec<bool>,
    /// Problems, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// What reading, preprocessing and parsing took.
    pub parse_time: Duration,
    /// What lowering took.
    pub lower_time: Duration,
}

impl Loaded {
    /// Whether something is wrong with the input.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The names of all kernels that the file has, also of those that nobody asked for.
    pub fn names(&self) -> Vec<&str> {
        let made = self.kernels.iter().map(|k| k.name.as_str());
        made.chain(self.left_out.iter().map(|k| k.name.as_str()))
            .collect()
    }

    /// Names of the kernels by the syntax.
    pub fn kernel_names(&self) -> Vec<String> {
        kernel_names(&self.unit.items)
    }

    /// The problems for the JSON report.
    pub fn errors(&self) -> Vec<ErrorReport> {
        self.errors_of(&self.diagnostics.iter().collect::<Vec<_>>())
    }

    /// Those of some messages that are problems, for the JSON report.
    pub fn errors_of(&self, diagnostics: &[&Diagnostic]) -> Vec<ErrorReport> {
        diagnostics
            .iter()
            .filter(|d| d.is_error())
            .map(|d| {
                let at = d.primary_span();
                let pos = at.map(|s| self.map.line_col(s.file, s.start));
                ErrorReport {
                    code: d.code.unwrap_or(Code::Source.word()),
                    path: Some(at.map_or_else(
                        || self.map.file(self.file).path.clone(),
                        |s| self.map.file(s.file).path.clone(),
                    )),
                    line: pos.map(|p| p.0),
                    column: pos.map(|p| p.1),
                    message: d.message.clone(),
                }
            })
            .collect()
    }

    /// The texts of all files, the one that was asked for first.
    pub fn sources(&self) -> Vec<SourceText> {
        let one = |(_, f): (FileId, &crate::source::SourceFile)| SourceText {
            path: f.path.clone(),
            text: f.text.clone(),
        };
        self.map.files().map(one).collect()
    }
}

fn kernel_names(items: &[Item]) -> Vec<String> {
    let mut out = Vec::new();
    for i in items {
        match &i.kind {
            ItemKind::Function(f) if f.role == FunctionRole::Kernel => {
                out.push(f.name.last_name().to_string());
            }
            ItemKind::Namespace { items, .. } => out.extend(kernel_names(items)),
            _ => {}
        }
    }
    out
}

/// What the preprocessor is told.
pub fn preprocess_options(a: &SourceSettings) -> PreprocessOptions {
    PreprocessOptions {
        defines: a
            .define
            .iter()
            .map(|d| match d.split_once('=') {
                Some((n, v)) => (n.to_string(), Some(v.to_string())),
                None => (d.clone(), None),
            })
            .collect(),
        undefines: Vec::new(),
        include_dirs: a.include.clone(),
    }
}

/// The settings with the definitions, include folders and instances that the file's `unbarrier.toml` adds; those that were given win.
///
/// # Errors
/// `unbarrier.toml` is not sound.
pub fn configured(path: &Path, given: &SourceSettings) -> Result<SourceSettings> {
    let mut out = given.clone();
    out.include.extend(config::include(given, path)?);
    out.instantiate.extend(config::instantiate(given, path)?);
    let name = |d: &str| d.split('=').next().unwrap_or("").to_string();
    let known: Vec<String> = given.define.iter().map(|d| name(d)).collect();
    for d in config::defines(given, path)? {
        if !known.contains(&name(&d)) {
            out.define.push(d);
        }
    }
    Ok(out)
}

/// How far a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Syntax only.
    Syntax,
    /// Kernels, lowered.
    Kernels,
}

/// What to do with the kernels of a file.
struct Wanted<'e> {
    depth: Depth,
    /// Only kernels of these names or functions, where there are names.
    only: &'e [String],
    /// What is done with each, as soon as it is there.
    each: Each<'e>,
}

/// Reads, preprocesses and parses a file, and lowers its kernels if asked; `settings` are [`configured`]. What is wrong with the source is in
/// the result.
///
/// # Errors
/// The file cannot be read.
pub fn load(path: &Path, settings: &SourceSettings, depth: Depth) -> Result<Loaded> {
    let wanted = Wanted {
        depth,
        only: &[],
        each: &mut |_| {},
    };
    load_wanted(path, settings, wanted)
}

/// The same for some kernels (all where `only` names none), each of which is handed to `each` before the next is made. With `text` in the place of the
/// file's, where there is one.
///
/// # Errors
/// The file cannot be read.
pub fn load_kernels(
    path: &Path,
    text: Option<&str>,
    settings: &SourceSettings,
    only: &[String],
    each: Each<'_>,
) -> Result<Loaded> {
    let wanted = Wanted {
        depth: Depth::Kernels,
        only,
        each,
    };
    match text {
        Some(text) => {
            let shown = path.display().to_string();
            Ok(read_text(&shown, path, text, settings, wanted))
        }
        None => load_wanted(path, settings, wanted),
    }
}

fn load_wanted(path: &Path, settings: &SourceSettings, wanted: Wanted<'_>) -> Result<Loaded> {
    if path == Path::new(STDIN) {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| Error::of(Code::Io, STDIN, format!("standard input: {e}")))?;
        return Ok(read_text(STDIN, path, &text, settings, wanted));
    }
    let mut map = SourceMap::new();
    let file = map
        .load(path)
        .map_err(|e| Error::of(Code::Io, &path.display().to_string(), e.to_string()))?;
    Ok(read(map, file, settings, wanted))
}

/// The name of standard input among files.
pub const STDIN: &str = "-";

fn read_text(
    shown: &str,
    path: &Path,
    text: &str,
    settings: &SourceSettings,
    wanted: Wanted<'_>,
) -> Loaded {
    let mut map = SourceMap::new();
    let file = map.add_file(shown, path.to_path_buf(), text);
    read(map, file, settings, wanted)
}

/// As [`load`], to its kernels, with another text in the place of the file's.
pub fn load_text(path: &Path, text: &str, settings: &SourceSettings) -> Loaded {
    let wanted = Wanted {
        depth: Depth::Kernels,
        only: &[],
        each: &mut |_| {},
    };
    read_text(&path.display().to_string(), path, text, settings, wanted)
}

fn read(mut map: SourceMap, file: FileId, settings: &SourceSettings, wanted: Wanted<'_>) -> Loaded {
    let lower = wanted.depth == Depth::Kernels;
    let began = Instant::now();
    let pre = preprocess(&mut map, file, &preprocess_options(settings));
    let broken = pre.has_errors();
    let mut diagnostics = pre.diagnostics;
    let inventory = Inventory::new(&map, &pre.tokens);
    let mut tokens = prelude::tokens(&mut map, &pre.tokens);
    tokens.extend(pre.tokens);
    let instances = instances(&mut map, &inventory, &settings.instantiate);
    tokens.extend(instances.tokens);
    let parsed = parse(&tokens);
    if !broken {
        diagnostics.extend(parsed.diagnostics);
    }
    let parse_time = began.elapsed();
    let mut out = LowerOutput::default();
    if lower && !broken {
        let options = LowerOptions {
            distinct_pointers: settings.assume_distinct_pointers,
            stated: instances.file,
            only: wanted.only.to_vec(),
            ..LowerOptions::default()
        };
        out = lower_each(&parsed.unit, &options, wanted.each);
        diagnostics.append(&mut out.diagnostics);
        for k in &out.kernels {
            impossible(k, &map, &mut diagnostics);
        }
    }
    let none = out.kernels.is_empty() && out.left_out.is_empty();
    if let (true, Some(other)) = (none, foreign::language(&map, file)) {
        // What the parser says of another language helps nobody.
        diagnostics = vec![other];
    }
    if map.file(file).text.trim().is_empty() && diagnostics.is_empty() {
        diagnostics.push(Diagnostic::error(format!(
            "{}: the file is empty",
            map.file(file).path
        )));
    }
    let gaps = if lower {
        gaps(&inventory, &out, &diagnostics, broken)
    } else {
        Vec::new()
    };
    Loaded {
        map,
        file,
        unit: parsed.unit,
        kernels: out.kernels,
        left_out: out.left_out,
        inventory,
        gaps,
        broken,
        stated: instances.stated,
        diagnostics,
        parse_time,
        lower_time: began.elapsed().saturating_sub(parse_time),
    }
}

/// What was not analysed of what the tokens say is there.
fn gaps(
    inventory: &Inventory,
    out: &LowerOutput,
    diagnostics: &[Diagnostic],
    broken: bool,
) -> Vec<Gap> {
    let skipped: Vec<(Span, String)> = (out.skipped.iter())
        .map(|s| (s.span, s.reason.clone()))
        .collect();
    let others = out.left_out.iter().map(|k| coverage::LeftOut {
        function: &k.function,
        span: k.span,
        definition: k.definition,
    });
    let left_out: Vec<coverage::LeftOut<'_>> = others.collect();
    let wrong: Vec<&Diagnostic> = diagnostics.iter().filter(|d| d.is_error()).collect();
    let placed = wrong
        .iter()
        .filter_map(|d| Some((d.primary_span()?, d.message.clone())));
    let errors: Vec<(Span, String)> = placed.collect();
    let unread = wrong.first().filter(|_| broken).map(|d| d.message.as_str());
    inventory.gaps(&Analysed {
        kernels: &out.kernels,
        skipped: &skipped,
        errors: &errors,
        unread,
        left_out: &left_out,
    })
}

/// Instances that a person states, as tokens behind those of the file.
struct Instances {
    file: Option<FileId>,
    tokens: Vec<Token>,
    stated: Vec<bool>,
}

/// Instances of templates that the file has; files have the templates that they have.
fn instances(map: &mut SourceMap, inventory: &Inventory, wanted: &[String]) -> Instances {
    let known = inventory.kernel_templates();
    let name = |w: &str| {
        let path = w.split('<').next().unwrap_or("").trim();
        path.rsplit("::").next().unwrap_or("").trim().to_string()
    };
    let stated: Vec<bool> = wanted
        .iter()
        .map(|w| known.contains(name(w).as_str()))
        .collect();
    let mut text = String::new();
    for (w, _) in wanted.iter().zip(&stated).filter(|(_, s)| **s) {
        text.push_str(&format!("template [[kernel]] decltype({w}) {w};\n"));
    }
    if text.is_empty() {
        return Instances {
            file: None,
            tokens: Vec::new(),
            stated,
        };
    }
    let file = map.add_file("--instantiate", std::path::PathBuf::new(), &text);
    let tokens = lex_all(file, &text).0;
    Instances {
        file: Some(file),
        tokens,
        stated,
    }
}

/// More than any device has: 1 GiB of threadgroup memory.
const TOO_LARGE: u64 = 1 << 30;

/// What no compiler would accept, found during lowering.
fn impossible(k: &Kernel, map: &SourceMap, out: &mut Vec<Diagnostic>) {
    for o in &k.objects {
        let size = o.size.unwrap_or(0);
        if o.space == Space::Threadgroup && size >= TOO_LARGE {
            out.push(
                Diagnostic::error(format!(
                    "threadgroup array `{}` has {size} bytes; devices have {} bytes of threadgroup memory",
                    o.name,
                    32 * 1024
                ))
                .with_primary(o.span, "this array")
                .with_help("check the array's size"),
            );
        }
    }
    for u in &k.unsupported {
        let Some(name) = u
            .construct
            .strip_prefix("undeclared identifier `")
            .and_then(|s| s.strip_suffix('`'))
        else {
            continue;
        };
        // A name that its own macro expands to: the macro refers to itself and to nothing else.
        if map
            .expansion_chain(u.span)
            .iter()
            .any(|e| &*e.macro_name == name)
        {
            out.push(
                Diagnostic::error(format!(
                    "macro `{name}` expands to itself, and nothing else of that name is declared"
                ))
                .with_primary(u.span, "used here")
                .with_help("define the macro as something else, or declare what it should name"),
            );
        }
    }
}
