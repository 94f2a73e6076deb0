//! Constants and layouts, asked for by aliases that are added to the text.
//!
//! Purpose: `using ub_probe_3 = ub_probed<(long long)(N)>;` behind the declaration of `N` makes Clang print what `N` is, in every instance of a
//! template; the same at the end of the file asks for `sizeof`, `alignof` and the offsets of members. Direction: what Clang does not answer (the
//! question does not compile there) is counted.

use std::collections::BTreeMap;

use crate::confirm::syntax::Facts;
use crate::front::lower::Log;
use crate::source::Span;

use super::Outcome;
use super::tokens::Tokens;

/// A question.
struct Question {
    alias: String,
    at: Span,
    kind: &'static str,
    what: String,
    /// What we say; one for each instance.
    ours: Vec<i64>,
}

/// What is asked.
pub struct Probes {
    behind: BTreeMap<u32, String>,
    questions: Vec<Question>,
}

const CONSTANTS: &str = "constants";
const LAYOUTS: &str = "sizes and offsets";

impl Probes {
    /// Questions about everything in a log.
    pub fn new(tokens: &Tokens<'_>, log: &Log, out: &mut Outcome) -> Probes {
        let mut p = Probes {
            behind: BTreeMap::new(),
            questions: Vec::new(),
        };
        let mut constants: BTreeMap<(Span, &str), Vec<i64>> = BTreeMap::new();
        for (at, name, v) in &log.constants {
            // Both sides cut values to 64 bits.
            constants.entry((*at, name)).or_default().push(*v as i64);
        }
        for ((at, name), values) in constants {
            match tokens.first(at).and_then(|i| tokens.end_of_declaration(i)) {
                Some(end) => p.ask(end, at, CONSTANTS, name, values),
                None => out.skip("constants in the expansion of a macro", 1),
            }
        }
        if let Some(last) = tokens.count().checked_sub(1) {
            for l in &log.layouts {
                let ty = &l.ty;
                let mut one = |what: String, v: u64| {
                    p.ask(last, l.at, LAYOUTS, &what, vec![v as i64]);
                };
                one(format!("sizeof({ty})"), l.size);
                one(format!("alignof({ty})"), l.align);
                for (f, offset) in &l.fields {
                    one(format!("__builtin_offsetof({ty}, {f})"), *offset);
                }
            }
        }
        out.skip("records without a name", log.unnamed.len() as u64);
        p
    }

    fn ask(&mut self, behind: u32, at: Span, kind: &'static str, what: &str, ours: Vec<i64>) {
        let alias = format!("ub_probe_{}", self.questions.len());
        let text = format!("using {alias} = ub_probed<(long long)({what})>; ");
        self.behind.entry(behind).or_default().push_str(&text);
        self.questions.push(Question {
            alias,
            at,
            kind,
            what: what.to_string(),
            ours,
        });
    }

    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// The text with the questions.
    pub fn text(&self, tokens: &Tokens<'_>) -> String {
        let text = tokens.text_with(&self.behind);
        format!("template <long long> struct ub_probed; {text}")
    }

    /// Compares the answers.
    pub fn compare(&self, seen: &Facts, out: &mut Outcome) {
        for q in &self.questions {
            let said = seen.aliases.get(&q.alias);
            let theirs: Vec<i64> = said
                .into_iter()
                .flatten()
                .filter_map(|t| value(t))
                .collect();
            if theirs.is_empty() {
                out.skip(
                    match q.kind {
                        CONSTANTS => "constants that Clang does not evaluate",
                        _ => "sizes and offsets that Clang does not answer",
                    },
                    1,
                );
                continue;
            }
            for ours in &q.ours {
                if theirs.contains(ours) {
                    out.agree(q.kind);
                    continue;
                }
                let all: Vec<String> = theirs.iter().map(i64::to_string).collect();
                out.differ(q.at, format!("`{}` is {ours}", q.what), all.join(" or "));
            }
        }
    }
}

/// The number in `ub_probed<5>`.
fn value(ty: &str) -> Option<i64> {
    let inside = ty.strip_prefix("ub_probed<")?.strip_suffix('>')?;
    inside.trim_end_matches('L').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn answers_are_numbers() {
        assert_eq!(value("ub_probed<-5>"), Some(-5));
        assert_eq!(value("ub_probed<(long long)(N)>"), None);
        assert_eq!(value("other<5>"), None);
    }
}
