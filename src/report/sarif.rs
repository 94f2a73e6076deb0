//! The report as SARIF 2.1.0, in the subset that GitHub code scanning shows.
//!
//! Soundness direction: none; nothing is decided here.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, CodeFlow, Invocation, Location, LogicalLocation, Message,
    MultiformatMessageString, Notification, PhysicalLocation, PropertyBag, Region,
    ReportingConfiguration, ReportingDescriptor, Result as Entry, ResultKind, ResultLevel, Run,
    Sarif, Suppression, ThreadFlow, ThreadFlowLocation, Tool, ToolComponent,
};

use super::finding::{Finding, Place, of};
use super::model::{AcceptedReport, ErrorReport, FileReport, Report, WitnessReport};
use super::place::Base;
use super::rule::{Level, Rule};
use super::steps::{self, Kind};

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
    let invocation = Invocation {
        execution_successful: report.errors.is_empty(),
        tool_execution_notifications: Some(
            report
                .errors
                .iter()
                .map(|e| writer.notification(e))
                .collect(),
        ),
        ..Invocation::builder().execution_successful(true).build()
    };
    let root = ArtifactLocation {
        description: Some(Message::from(
            "the root of the repository, or the working directory where there is none",
        )),
        ..ArtifactLocation::default()
    };
    let kernels = report.files.iter().flat_map(|f| &f.kernels);
    let assumptions: BTreeMap<&str, &[String]> = kernels
        .map(|k| (k.name.as_str(), k.assumptions.as_slice()))
        .collect();
    let run = Run {
        properties: Some(bag(json!({"assumptions": assumptions}))),
        invocations: Some(vec![invocation]),
        results: Some(results),
        column_kind: Some(json!("unicodeCodePoints")),
        original_uri_base_ids: Some(BTreeMap::from([(ROOT.to_string(), root)])),
        ..Run::builder().tool(tool()).build()
    };
    let log = Sarif {
        schema: Some(SCHEMA.to_string()),
        ..Sarif::builder()
            .version(json!("2.1.0"))
            .runs(vec![run])
            .build()
    };
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

fn tool() -> Tool {
    let rules = Rule::ALL
        .into_iter()
        .map(|r| ReportingDescriptor {
            name: Some(r.name().to_string()),
            short_description: Some(words(r.short())),
            full_description: Some(words(r.help())),
            help: Some(words(r.help())),
            default_configuration: Some(ReportingConfiguration {
                level: Some(json!(level(r.level()))),
                ..ReportingConfiguration::default()
            }),
            properties: Some(bag(json!({"tags": ["concurrency", "metal"]}))),
            ..ReportingDescriptor::builder().id(r.id()).build()
        })
        .collect();
    let driver = ToolComponent {
        version: Some(env!("CARGO_PKG_VERSION").to_string()),
        semantic_version: Some(env!("CARGO_PKG_VERSION").to_string()),
        rules: Some(rules),
        ..ToolComponent::builder().name("unbarrier").build()
    };
    Tool::builder().driver(driver).build()
}

fn words(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn level(l: Level) -> ResultLevel {
    match l {
        Level::None => ResultLevel::None,
        Level::Note => ResultLevel::Note,
        Level::Warning => ResultLevel::Warning,
        Level::Error => ResultLevel::Error,
    }
}

fn bag(v: serde_json::Value) -> PropertyBag {
    serde_json::from_value(v).unwrap_or_default()
}

fn rule_index(r: Rule) -> Option<i64> {
    let at = Rule::ALL.iter().position(|x| *x == r)?;
    i64::try_from(at).ok()
}

struct Writer<'b> {
    base: &'b Base,
}

impl Writer<'_> {
    fn location(&self, p: &Place, message: Option<&str>, kernels: &[&str]) -> Location {
        let logical = kernels
            .iter()
            .map(|k| LogicalLocation {
                name: Some((*k).to_string()),
                fully_qualified_name: Some((*k).to_string()),
                kind: Some("function".to_string()),
                ..LogicalLocation::default()
            })
            .collect::<Vec<_>>();
        Location {
            physical_location: Some(self.physical(&p.path, Some((p.line, p.column)))),
            message: message.map(Message::from),
            logical_locations: (!logical.is_empty()).then_some(logical),
            ..Location::default()
        }
    }

    fn physical(&self, path: &str, at: Option<(u32, u32)>) -> PhysicalLocation {
        let (uri, relative) = self.base.uri(path);
        let region = at.map(|(line, column)| Region {
            start_line: Some(i64::from(line.max(1))),
            start_column: Some(i64::from(column.max(1))),
            ..Region::default()
        });
        PhysicalLocation {
            artifact_location: Some(ArtifactLocation {
                uri: Some(uri),
                uri_base_id: relative.then(|| ROOT.to_string()),
                ..ArtifactLocation::default()
            }),
            region,
            ..PhysicalLocation::default()
        }
    }

    fn result(&self, f: &FileReport, x: &Finding) -> Entry {
        let kind = if x.rule == Rule::Required {
            ResultKind::Informational
        } else {
            ResultKind::Fail
        };
        let mut text = x.sentence();
        if let Some(w) = x.witness {
            text.push_str("; ");
            text.push_str(&steps::launch(w));
        }
        let related = x
            .related
            .iter()
            .zip(1i64..)
            .map(|((p, what), id)| Location {
                id: Some(id),
                ..self.location(p, Some(what), &[])
            })
            .collect::<Vec<_>>();
        let mut properties = json!({"kernels": x.kernels});
        if let Some(r) = x.replay {
            properties["replay"] = json!(r);
        }
        Entry {
            rule_id: Some(x.rule.id()),
            rule_index: rule_index(x.rule),
            kind: Some(kind),
            level: Some(level(x.level)),
            locations: Some(vec![self.location(&x.at, None, &x.kernels)]),
            related_locations: (!related.is_empty()).then_some(related),
            code_flows: x.witness.map(|w| vec![self.flow(f, x, w)]),
            partial_fingerprints: Some(BTreeMap::from([(
                "unbarrier/v1".to_string(),
                x.fingerprint.clone(),
            )])),
            suppressions: x.accepted.map(|a| vec![suppression(a)]),
            properties: Some(bag(properties)),
            ..Entry::builder()
                .message(Message::from(text.as_str()))
                .build()
        }
    }

    /// One thread flow per GPU thread.
    fn flow(&self, f: &FileReport, x: &Finding, w: &WitnessReport) -> CodeFlow {
        let removed = x
            .without_barrier
            .then(|| (Some(x.at.path.clone()), x.at.line, x.at.column));
        let mut flows: Vec<ThreadFlow> = Vec::new();
        let all = steps::of(w, removed);
        for (n, t) in w.threads.iter().enumerate() {
            let name = steps::thread_name(t);
            let locations: Vec<ThreadFlowLocation> = all
                .iter()
                .zip(1i64..)
                .filter(|(s, _)| s.thread == Some(n) || (s.thread.is_none() && n == 1))
                .map(|(s, order)| {
                    let place = Place {
                        path: s.path.clone().unwrap_or_else(|| f.path.clone()),
                        line: s.line,
                        column: s.column,
                    };
                    let text = match s.thread {
                        Some(_) => format!("{name} {}", s.text),
                        None => s.text.clone(),
                    };
                    ThreadFlowLocation {
                        location: Some(self.location(&place, Some(&text), &[])),
                        execution_order: Some(order),
                        kinds: Some(vec![s.kind.name().to_string()]),
                        importance: Some(json!(match s.kind {
                            Kind::Iteration => "important",
                            Kind::Barrier | Kind::Access => "essential",
                        })),
                        ..ThreadFlowLocation::default()
                    }
                })
                .collect();
            flows.push(ThreadFlow {
                id: Some(format!("thread {}", t.index)),
                message: Some(Message::from(name.as_str())),
                ..ThreadFlow::builder().locations(locations).build()
            });
        }
        CodeFlow {
            message: Some(Message::from(steps::launch(w).as_str())),
            ..CodeFlow::builder().thread_flows(flows).build()
        }
    }

    fn error(&self, e: &ErrorReport) -> Option<Entry> {
        let path = e.path.as_deref()?;
        let at = Some((e.line.unwrap_or(1), e.column.unwrap_or(1)));
        let location = Location {
            physical_location: Some(self.physical(path, at)),
            ..Location::default()
        };
        let print = super::obligation::fnv(&format!("bad-input\n{}", e.message));
        Some(Entry {
            rule_id: Some(Rule::BadInput.id()),
            rule_index: rule_index(Rule::BadInput),
            kind: Some(ResultKind::Fail),
            level: Some(ResultLevel::Error),
            locations: Some(vec![location]),
            partial_fingerprints: Some(BTreeMap::from([(
                "unbarrier/v1".to_string(),
                format!("{print:016x}:1"),
            )])),
            ..Entry::builder()
                .message(Message::from(e.message.as_str()))
                .build()
        })
    }

    fn notification(&self, e: &ErrorReport) -> Notification {
        let locations = e.path.as_deref().map(|p| {
            vec![Location {
                physical_location: Some(self.physical(p, e.line.zip(e.column))),
                ..Location::default()
            }]
        });
        Notification {
            level: Some(json!("error")),
            locations,
            ..Notification::builder()
                .message(Message::from(e.message.as_str()))
                .build()
        }
    }
}

fn suppression(a: &AcceptedReport) -> Suppression {
    Suppression {
        justification: Some(format!("{} ({})", a.reason, a.accepted_at)),
        status: Some(json!("accepted")),
        ..Suppression::builder().kind(json!("external")).build()
    }
}
