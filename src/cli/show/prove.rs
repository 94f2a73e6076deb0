//! `prove` at a terminal.

use super::{Progress, emit, print_messages, use_color};
use crate::cli::args::{Color, OutputArgs, ReportFormat};
use crate::cli::interrupt;
use crate::engine::error::Error;
use crate::engine::load::Loaded;
use crate::engine::observer::Observer;
use crate::engine::prove::Decided;
use crate::report::finding::{Finding, Place};
use crate::report::model::{AcceptedReport, KernelReport};
use crate::report::rule::Rule;
use crate::report::{describe, human, list};
use crate::source::{Diagnostic, Span};

/// Shows each file as soon as it is decided, where people read along.
pub struct ProveView<'a> {
    output: &'a OutputArgs,
    color: Color,
    human: bool,
    bar: Progress,
}

impl<'a> ProveView<'a> {
    /// A view that follows what the options of output say.
    pub fn new(output: &'a OutputArgs, color: Color) -> ProveView<'a> {
        let human = output.format == ReportFormat::Human;
        ProveView {
            output,
            color,
            human,
            bar: Progress::new(human),
        }
    }

    /// Nothing more goes on.
    pub fn clear(&self) {
        self.bar.clear();
    }

    /// The report on a file for a person.
    fn text(&self, f: &Decided<'_>) -> String {
        let (o, report, verdicts) = (self.output, f.report, f.verdicts);
        if o.quiet {
            return list::file(report, &|x| denied(&o.deny, x), true);
        }
        let asked = !o.show.is_empty() || !o.explain.is_empty();
        let main = f.loaded.file;
        let map = &f.loaded.map;
        let mut out = String::new();
        if asked || o.verbose {
            let color = use_color(self.color, false);
            let accepted = |rule: Rule, path: &str, line: u32| {
                let same = |x: &AcceptedReport| {
                    let place = x.path.as_deref().unwrap_or(&report.path);
                    x.finding == rule.name() && place == path && x.line == line
                };
                report.accepted.iter().any(same)
            };
            let wanted = |rule: Rule, span: Span| {
                let line = describe::at(map, span).0;
                let explained = span.file == main && o.explain.contains(&line);
                (o.show.is_empty() || covers(&o.show, rule))
                    && (o.explain.is_empty() || explained)
                    && !accepted(rule, &map.file(span.file).path, line)
            };
            for ((k, v), r) in verdicts.iter().zip(&report.kernels) {
                let k = &f.loaded.kernels[*k];
                out.push_str(&human::kernel(map, &report.path, k, v, r, &wanted, color));
            }
        }
        let chosen = |x: &Finding<'_>| {
            let here = |p: &Place| p.path == report.path && o.explain.contains(&p.line);
            let places = std::iter::once(&x.at).chain(x.related.iter().map(|(p, _)| p));
            let race = matches!(x.rule, Rule::Race | Rule::Flags);
            let explained = here(&x.at) || (race && places.into_iter().any(here));
            (o.show.is_empty() || covers(&o.show, x.rule)) && (o.explain.is_empty() || explained)
        };
        // These have lines of their own below.
        let listed = |x: &Finding<'_>| chosen(x) && (asked || x.rule != Rule::NotAnalysed);
        out.push_str(&list::file(report, &listed, asked));
        if !asked {
            out.push_str(&human::not_analysed(report));
            out.push_str(&human::accepted(report));
        }
        out
    }
}

impl Observer for ProveView<'_> {
    fn messages(&self, l: &Loaded, messages: &[&Diagnostic]) {
        if self.human {
            self.bar.suspend(|| print_messages(l, messages, self.color));
        }
    }

    fn error(&self, e: &Error) {
        if self.human {
            self.bar.suspend(|| eprintln!("error: {e}"));
        }
    }

    fn begin(&self, number: usize, of: usize, file: &str, kernel: &str) {
        self.bar.say(number, of, file, kernel);
    }

    fn kernel(&self, file: &str, kernel: &KernelReport) {
        interrupt::decided(file, kernel);
    }

    fn file(&self, f: &Decided<'_>) {
        if !self.human {
            return;
        }
        let mut text = String::new();
        if let (Some(r), false) = (&f.report.removal, self.output.quiet) {
            let lines: Vec<String> = r.lines.iter().map(u32::to_string).collect();
            text = format!("removing line {}: {}\n", lines.join(", "), r.reason);
        }
        text.push_str(&self.text(f));
        self.bar.suspend(|| emit(&text));
        interrupt::printed(&f.report.path);
    }
}

/// Whether kinds of findings that are asked for include this one: races past flags are races, and what was not
/// analysed is unknown.
fn covers(kinds: &[Rule], rule: Rule) -> bool {
    let general = match rule {
        Rule::Flags => Rule::Race,
        Rule::NotAnalysed => Rule::Unknown,
        other => other,
    };
    kinds.contains(&rule) || kinds.contains(&general)
}

/// Whether `--deny` forbids a finding.
pub fn denied(kinds: &[Rule], x: &Finding<'_>) -> bool {
    x.accepted.is_none() && covers(kinds, x.rule)
}
