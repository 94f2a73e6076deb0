//! Annotations of a GitHub workflow: one workflow command per finding.
//!
//! Source: docs.github.com, "Workflow commands for GitHub Actions". Barriers that are needed are not annotated.

use crate::report::finding::{self, Finding};
use crate::report::model::Report;
use crate::report::place::Base;
use crate::report::rule::{Level, Rule};

/// The annotations, a line each.
pub fn render(report: &Report, base: &Base) -> String {
    let mut out = String::new();
    for e in &report.errors {
        let mut at = Vec::new();
        if let Some(p) = &e.path {
            at.push(format!("file={}", property(&base.shown(p))));
        }
        at.extend(e.line.map(|l| format!("line={l}")));
        at.extend(e.column.map(|c| format!("col={c}")));
        at.push(format!("title={}", property(Rule::BadInput.short())));
        out.push_str(&format!("::error {}::{}\n", at.join(","), data(&e.message)));
    }
    for f in &report.files {
        for x in finding::of(f).iter().filter(|x| x.accepted.is_none()) {
            out.push_str(&annotation(x, base));
        }
    }
    out
}

fn annotation(x: &Finding<'_>, base: &Base) -> String {
    let command = match x.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
        Level::None => return String::new(),
    };
    let mut message = x.sentence();
    for (p, what) in &x.related {
        message.push_str(&format!(
            "\n{}:{}:{}: {what}",
            base.shown(&p.path),
            p.line,
            p.column
        ));
    }
    if let Some(r) = x.replay {
        message.push_str(&format!("\nreplay: {r}"));
    }
    format!(
        "::{command} file={},line={},col={},title={}::{}\n",
        property(&base.shown(&x.at.path)),
        x.at.line,
        x.at.column,
        property(x.rule.short()),
        data(&message)
    )
}

/// The text of a command.
fn data(s: &str) -> String {
    s.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(s: &str) -> String {
    data(s).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_ends_a_property_or_a_command() {
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
        assert_eq!(data("x: y,\nz"), "x: y,%0Az");
    }
}
