//! The report as SARIF 2.1.0, in the subset that GitHub code scanning shows.
//!
//! Written as JSON by hand: the crates that know the format generate it from its schema while they are built, which takes longer than the rest
//! of the renderers together; tests hold the output against the schema.
//!
//! Soundness direction: none; nothing is decided here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::report::finding::{Finding, Place, of};
use crate::report::model::{AcceptedReport, ErrorReport, FileReport, Report, WitnessReport};
use crate::report::place::Base;
use crate::report::rule::{Level, Rule};
use crate::report::steps::{self, Kind};

/// Where the schema lies.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative URIs start from.
const ROOT: &str = "%SRCROOT%";

/// The whole report. Paths are relative to the root of `base`. An error when JSON cannot be written.
pub fn render(report: &Report, base: &Base) -> Result<String, serde_json::Error> {
    let writer = Writer { base };
    let mut results = Vec::new();
    for f in &report.files {
        for x in of(f) {
            results.push(writer.result(f, &x));
        }
    }
    results.extend(report.errors.iter().filter_map(|e| writer.error(e)));
    let notifications: Vec<Value> = report
        .errors
        .iter()
        .map(|e| writer.notification(e))
        .collect();
    let kernels = report.files.iter().flat_map(|f| &f.kernels);
    let assumptions: BTreeMap<&str, &[String]> = kernels
        .map(|k| (k.name.as_str(), k.assumptions.as_slice()))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": tool(),
            "invocations": [{
                "executionSuccessful": report.errors.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "originalUriBaseIds": { ROOT: { "description": text(
                "the root of the repository, or the working directory where there is none",
            ) } },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "assumptions": assumptions },
        }],
    });
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

/// An object without the members that are `null`.
fn object(mut v: Value) -> Value {
    if let Some(members) = v.as_object_mut() {
        members.retain(|_, x| !x.is_null());
    }
    v
}

/// A message.
fn text(words: &str) -> Value {
    json!({ "text": words })
}

fn tool() -> Value {
    let rule = |r: Rule| {
        json!({
            "id": r.id(),
            "name": r.name(),
            "shortDescription": text(r.short()),
            "fullDescription": text(r.help()),
            "help": text(r.help()),
            "defaultConfiguration": { "level": level(r.level()) },
            "properties": { "tags": ["concurrency", "metal"] },
        })
    };
    let rules: Vec<Value> = Rule::ALL.into_iter().map(rule).collect();
    json!({ "driver": {
        "name": "unbarrier",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    } })
}

fn level(l: Level) -> &'static str {
    match l {
        Level::None => "none",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

fn rule_index(r: Rule) -> Option<usize> {
    Rule::ALL.iter().position(|x| *x == r)
}

/// A list; `null` where it is empty.
fn some(list: Vec<Value>) -> Value {
    if list.is_empty() {
        Value::Null
    } else {
        Value::Array(list)
    }
}

struct Writer<'b> {
    base: &'b Base,
}

impl Writer<'_> {
    fn location(&self, p: &Place, message: Option<&str>, kernels: &[&str]) -> Value {
        let logical = kernels
            .iter()
            .map(|k| json!({ "name": k, "fullyQualifiedName": k, "kind": "function" }));
        object(json!({
            "physicalLocation": self.physical(&p.path, Some((p.line, p.column))),
            "message": message.map(text),
            "logicalLocations": some(logical.collect()),
        }))
    }

    fn physical(&self, path: &str, at: Option<(u32, u32)>) -> Value {
        let (uri, relative) = self.base.uri(path);
        let region = at.map(
            |(line, column)| json!({ "startLine": line.max(1), "startColumn": column.max(1) }),
        );
        object(json!({
            "artifactLocation": object(json!({
                "uri": uri,
                "uriBaseId": relative.then_some(ROOT),
            })),
            "region": region,
        }))
    }

    fn result(&self, f: &FileReport, x: &Finding) -> Value {
        let kind = if x.rule == Rule::Required {
            "informational"
        } else {
            "fail"
        };
        let mut sentence = x.sentence();
        if let Some(w) = x.witness {
            sentence.push_str("; ");
            sentence.push_str(&steps::launch(w));
        }
        let related = x.related.iter().zip(1..).map(|((p, what), id): (_, u32)| {
            let mut at = self.location(p, Some(what), &[]);
            at["id"] = json!(id);
            at
        });
        object(json!({
            "ruleId": x.rule.id(),
            "ruleIndex": rule_index(x.rule),
            "kind": kind,
            "level": level(x.level),
            "message": text(&sentence),
            "locations": [self.location(&x.at, None, &x.kernels)],
            "relatedLocations": some(related.collect()),
            "codeFlows": x.witness.map(|w| vec![self.flow(f, x, w)]),
            "partialFingerprints": { "unbarrier/v1": x.fingerprint },
            "suppressions": x.accepted.map(|a| vec![suppression(a)]),
            "properties": object(json!({ "kernels": x.kernels, "replay": x.replay })),
        }))
    }

    /// One thread flow per GPU thread.
    fn flow(&self, f: &FileReport, x: &Finding, w: &WitnessReport) -> Value {
        let removed = x
            .without_barrier
            .then(|| (Some(x.at.path.clone()), x.at.line, x.at.column));
        let all = steps::of(w, removed);
        let flow = |(n, t): (usize, &_)| {
            let name = steps::thread_name(t);
            let mine = all
                .iter()
                .zip(1..)
                .filter(|(s, _)| s.thread == Some(n) || (s.thread.is_none() && n == 1));
            let locations = mine.map(|(s, order): (_, u32)| {
                let place = Place {
                    path: s.path.clone().unwrap_or_else(|| f.path.clone()),
                    line: s.line,
                    column: s.column,
                };
                let words = match s.thread {
                    Some(_) => format!("{name} {}", s.text),
                    None => s.text.clone(),
                };
                json!({
                    "location": self.location(&place, Some(&words), &[]),
                    "executionOrder": order,
                    "kinds": [s.kind.name()],
                    "importance": match s.kind {
                        Kind::Iteration => "important",
                        Kind::Barrier | Kind::Access => "essential",
                    },
                })
            });
            json!({
                "id": format!("thread {}", t.index),
                "message": text(&name),
                "locations": locations.collect::<Vec<_>>(),
            })
        };
        let flows: Vec<Value> = w.threads.iter().enumerate().map(flow).collect();
        json!({ "message": text(&steps::launch(w)), "threadFlows": flows })
    }

    fn error(&self, e: &ErrorReport) -> Option<Value> {
        let path = e.path.as_deref()?;
        let at = Some((e.line.unwrap_or(1), e.column.unwrap_or(1)));
        let print = crate::report::obligation::fnv(&format!("bad-input\n{}", e.message));
        Some(json!({
            "ruleId": Rule::BadInput.id(),
            "ruleIndex": rule_index(Rule::BadInput),
            "kind": "fail",
            "level": "error",
            "message": text(&e.message),
            "locations": [{ "physicalLocation": self.physical(path, at) }],
            "partialFingerprints": { "unbarrier/v1": format!("{print:016x}:1") },
            "properties": { "code": e.code },
        }))
    }

    fn notification(&self, e: &ErrorReport) -> Value {
        let at = e.line.zip(e.column);
        let place = |p: &str| vec![json!({ "physicalLocation": self.physical(p, at) })];
        object(json!({
            "level": "error",
            "message": text(&e.message),
            "descriptor": { "id": e.code },
            "locations": e.path.as_deref().map(place),
        }))
    }
}

fn suppression(a: &AcceptedReport) -> Value {
    json!({
        "kind": "external",
        "status": "accepted",
        "justification": format!("{} ({})", a.reason, a.accepted_at),
    })
}
