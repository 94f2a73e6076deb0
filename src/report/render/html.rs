//! The report as one page: no network, no other file.
//!
//! Purpose: data for the template `html/page.html`, which escapes all of it. Soundness direction: none; nothing is decided here.

mod colour;
mod date;
mod overview;

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use self::colour::Run;
use self::overview::Overview;
use crate::report::command::quoted;
use crate::report::finding::{Finding, Place, of};
use crate::report::layout::{self, HEIGHT, WIDTH};
use crate::report::model::{ErrorReport, FileReport, KernelReport, Report, Tool, WitnessReport};
use crate::report::place::Base;
use crate::report::rule::Rule;
use crate::report::steps::{self, Kind};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The whole report as a page. Paths are relative to the root of `base`. An error when the template cannot be filled in.
pub fn render(report: &Report, base: &Base) -> Result<String, String> {
    let files: Vec<FileView> = report
        .files
        .iter()
        .enumerate()
        .map(|(i, f)| file(i, f, base))
        .collect();
    let mut counts: BTreeMap<Rule, usize> = BTreeMap::new();
    for f in &report.files {
        for x in of(f) {
            *counts.entry(x.rule).or_default() += 1;
        }
    }
    let rules: Vec<RuleView> = counts
        .into_iter()
        .map(|(r, count)| RuleView {
            name: r.name(),
            title: r.short(),
            help: r.help(),
            count,
        })
        .collect();
    let mut kernels: Vec<&str> = report
        .files
        .iter()
        .flat_map(|f| &f.kernels)
        .map(|k| k.name.as_str())
        .collect();
    kernels.sort_unstable();
    kernels.dedup();
    let errors: Vec<String> = report.errors.iter().map(|e| error(e, base)).collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build().map_err(|e| e.to_string())?);
    environment
        .add_template("page", PAGE)
        .and_then(|()| environment.get_template("page"))
        .and_then(|t| {
            t.render(minijinja::value::Serde(Page {
                style: STYLE,
                script: SCRIPT,
                tool: report.tool.name,
                version: report.tool.version,
                command: command(&report.tool),
                date: date::made(),
                overview: overview::of(report, &files, base),
                rules,
                kernels,
                errors,
                files,
                node_width: WIDTH,
                node_height: HEIGHT,
            }))
        })
        .map_err(|e| format!("the page cannot be written: {e:#}"))
}

/// The words of the command line, as a shell would take them.
fn command(tool: &Tool) -> Vec<String> {
    let words = tool.arguments.iter().map(|w| quoted(w));
    std::iter::once(tool.name.to_string())
        .chain(words)
        .collect()
}

/// The message with its place, which it may name already.
fn error(e: &ErrorReport, base: &Base) -> String {
    match &e.path {
        Some(p) if !e.message.contains(p.as_str()) => {
            let at = |n: Option<u32>| n.map_or_else(String::new, |n| format!(":{n}"));
            let place = format!("{}{}{}", base.shown(p), at(e.line), at(e.column));
            format!("{place}: {}", e.message)
        }
        _ => e.message.clone(),
    }
}

#[derive(Serialize)]
struct Page<'r> {
    style: &'static str,
    script: &'static str,
    tool: &'static str,
    version: &'static str,
    command: Vec<String>,
    date: String,
    overview: Overview,
    rules: Vec<RuleView>,
    kernels: Vec<&'r str>,
    errors: Vec<String>,
    files: Vec<FileView<'r>>,
    node_width: i64,
    node_height: i64,
}

#[derive(Serialize)]
struct RuleView {
    name: &'static str,
    title: &'static str,
    help: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct FileView<'r> {
    id: String,
    path: String,
    sources: Vec<SourceView<'r>>,
    findings: Vec<FindingView<'r>>,
    kernels: Vec<KernelView<'r>>,
}

#[derive(Serialize)]
struct SourceView<'r> {
    id: String,
    path: String,
    lines: Vec<LineView<'r>>,
}

#[derive(Serialize)]
struct LineView<'r> {
    number: usize,
    runs: Vec<Run<'r>>,
    marks: Vec<Mark>,
}

/// A badge in the margin.
#[derive(Clone, Serialize)]
struct Mark {
    finding: String,
    rule: &'static str,
}

#[derive(Serialize)]
struct FindingView<'r> {
    id: String,
    rule: &'static str,
    /// Id of the line.
    target: String,
    place: String,
    /// Without the column.
    short_place: String,
    line: u32,
    message: String,
    kernels: Vec<&'r str>,
    /// For the filter: names between line feeds.
    kernel_list: String,
    related: Vec<RelatedView>,
    witness: Option<WitnessView>,
    replay: Option<&'r str>,
    accepted: Option<(&'r str, &'r str)>,
}

#[derive(Serialize)]
struct RelatedView {
    target: String,
    line: u32,
    text: String,
}

#[derive(Serialize)]
struct WitnessView {
    threads: Vec<String>,
    launch: String,
    array: String,
    byte: i128,
    replayed: bool,
    steps: Vec<StepView>,
}

#[derive(Serialize)]
struct StepView {
    /// 0, 1, or 2 for both.
    lane: usize,
    kind: &'static str,
    target: String,
    line: u32,
    text: String,
}

#[derive(Serialize)]
struct KernelView<'r> {
    id: String,
    name: &'r str,
    line: u32,
    target: String,
    assumptions: &'r [String],
    race_free: bool,
    together: &'r [u32],
    barriers: usize,
    graph: Option<GraphView>,
}

#[derive(Serialize)]
struct GraphView {
    width: i64,
    height: i64,
    nodes: Vec<NodeView>,
    edges: Vec<EdgeView>,
}

#[derive(Serialize)]
struct NodeView {
    x: i64,
    y: i64,
    title: String,
    detail: String,
    class: String,
    target: Option<String>,
}

#[derive(Serialize)]
struct EdgeView {
    d: String,
    back: bool,
    x: i64,
    y: i64,
    from: String,
    to: String,
    shifts: String,
    accesses: Vec<String>,
}

/// Names of the lines of a file's sources.
struct Names<'r> {
    id: String,
    paths: Vec<&'r str>,
}

impl Names<'_> {
    fn line(&self, path: &str, line: u32) -> String {
        let n = self.paths.iter().position(|p| *p == path).unwrap_or(0);
        format!("{}-{n}-{line}", self.id)
    }
}

fn file<'r>(i: usize, f: &'r FileReport, base: &Base) -> FileView<'r> {
    let findings = of(f);
    let mut paths: Vec<&str> = vec![f.path.as_str()];
    let places = findings.iter().flat_map(|x| {
        let related = x.related.iter().map(|(p, _)| p);
        std::iter::once(&x.at).chain(related)
    });
    let used: Vec<&Place> = places.collect();
    for s in &f.sources {
        if s.path != f.path && used.iter().any(|p| p.path == s.path) {
            paths.push(&s.path);
        }
    }
    let names = Names {
        id: format!("f{i}"),
        paths,
    };
    let mut marks: BTreeMap<(String, u32), Vec<Mark>> = BTreeMap::new();
    let mut views = Vec::new();
    for (n, x) in findings.iter().enumerate() {
        let id = format!("f{i}-finding-{n}");
        marks
            .entry((x.at.path.clone(), x.at.line))
            .or_default()
            .push(Mark {
                finding: id.clone(),
                rule: x.rule.name(),
            });
        views.push(finding(id, f, x, &names, base));
    }
    let sources = names
        .paths
        .iter()
        .enumerate()
        .filter_map(|(n, p)| {
            let s = f.sources.iter().find(|s| s.path == *p)?;
            let runs = colour::lines(&s.text).into_iter();
            let lines = runs.zip(1u32..).map(|(runs, number)| LineView {
                number: number as usize,
                runs,
                marks: marks
                    .get(&((*p).to_string(), number))
                    .cloned()
                    .unwrap_or_default(),
            });
            Some(SourceView {
                id: format!("f{i}-{n}"),
                path: base.shown(p),
                lines: lines.collect(),
            })
        })
        .collect();
    FileView {
        id: names.id.clone(),
        path: base.shown(&f.path),
        sources,
        findings: views,
        kernels: f
            .kernels
            .iter()
            .enumerate()
            .map(|(n, k)| kernel(format!("f{i}-kernel-{n}"), f, k, &names))
            .collect(),
    }
}

fn finding<'r>(
    id: String,
    f: &FileReport,
    x: &Finding<'r>,
    names: &Names,
    base: &Base,
) -> FindingView<'r> {
    let name = x.rule.name();
    let message = x
        .message
        .strip_prefix(name)
        .and_then(|m| m.strip_prefix(": "));
    FindingView {
        id,
        rule: name,
        target: names.line(&x.at.path, x.at.line),
        short_place: format!("{}:{}", base.shown(&x.at.path), x.at.line),
        place: format!("{}:{}:{}", base.shown(&x.at.path), x.at.line, x.at.column),
        line: x.at.line,
        message: message.unwrap_or(&x.message).to_string(),
        kernel_list: x.kernels.join("\n"),
        kernels: x.kernels.clone(),
        related: x
            .related
            .iter()
            .map(|(p, text)| RelatedView {
                target: names.line(&p.path, p.line),
                line: p.line,
                text: text.clone(),
            })
            .collect(),
        witness: x.witness.map(|w| witness(f, x, w, names)),
        replay: x.replay,
        accepted: x
            .accepted
            .map(|a| (a.reason.as_str(), a.accepted_at.as_str())),
    }
}

fn witness(f: &FileReport, x: &Finding, w: &WitnessReport, names: &Names) -> WitnessView {
    let removed = x
        .without_barrier
        .then(|| (Some(x.at.path.clone()), x.at.line, x.at.column));
    WitnessView {
        threads: w.threads.iter().map(steps::thread_name).collect(),
        launch: steps::launch(w),
        array: w.array.clone(),
        byte: w.byte,
        replayed: w.replayed,
        steps: steps::of(w, removed)
            .into_iter()
            .map(|s| {
                // The line is a link of its own.
                let at = format!(" at line {}", s.line);
                let text = match s.kind {
                    Kind::Iteration => s.text.strip_suffix(&at).unwrap_or(&s.text).to_string(),
                    Kind::Barrier | Kind::Access => s.text,
                };
                StepView {
                    lane: s.thread.unwrap_or(2),
                    kind: s.kind.name(),
                    target: names.line(s.path.as_deref().unwrap_or(&f.path), s.line),
                    line: s.line,
                    text,
                }
            })
            .collect(),
    }
}

fn kernel<'r>(id: String, f: &FileReport, k: &'r KernelReport, names: &Names) -> KernelView<'r> {
    let path = |p: &Option<String>| p.clone().unwrap_or_else(|| f.path.clone());
    let graph = k.graph.as_ref().map(|g| {
        let drawn = layout::of(g);
        let mut nodes = Vec::new();
        for (n, (x, y)) in drawn.nodes.iter().copied().enumerate() {
            let barrier = n
                .checked_sub(1)
                .and_then(|i| g.nodes.get(i).map(|b| (i, b)));
            nodes.push(match barrier {
                Some((i, b)) => NodeView {
                    x,
                    y,
                    title: format!("{}: {}", b.line, b.kind),
                    detail: b.flags.join(" | "),
                    class: k.barriers.get(i).map_or("", |r| r.verdict).to_string(),
                    target: Some(names.line(&path(&b.path), b.line)),
                },
                None => NodeView {
                    x,
                    y,
                    title: if n == 0 { "entry" } else { "exit" }.to_string(),
                    detail: String::new(),
                    class: "end".to_string(),
                    target: None,
                },
            });
        }
        let called = |id: &String| {
            let node = g.nodes.iter().find(|n| &n.id == id);
            node.map_or_else(|| id.clone(), |n| format!("line {}", n.line))
        };
        let edges = g.edges.iter().zip(drawn.edges).map(|(e, p)| EdgeView {
            d: p.d,
            back: p.back,
            x: p.label.0,
            y: p.label.1,
            from: called(&e.from),
            to: called(&e.to),
            shifts: e.shifts.clone(),
            accesses: e.accesses.clone(),
        });
        GraphView {
            width: drawn.width,
            height: drawn.height,
            nodes,
            edges: edges.collect(),
        }
    });
    KernelView {
        id,
        name: &k.name,
        line: k.line,
        target: names.line(&path(&k.path), k.line),
        assumptions: &k.assumptions,
        race_free: k.race_free,
        together: &k.jointly_removable,
        barriers: k.barriers.len(),
        graph,
    }
}
