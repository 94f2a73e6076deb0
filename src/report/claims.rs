//! Claims about the barriers of files that are no part of this project, for `unbarrier audit`.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A claims file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The files.
    pub corpus: Corpus,
    /// How the prover is run.
    #[serde(rename = "run")]
    pub runs: Vec<Run>,
    /// What is claimed.
    #[serde(rename = "claim")]
    pub claims: Vec<Claim>,
    /// What running the kernels showed beside the verdicts.
    pub confirmed: Option<Confirmed>,
}

/// The counts of a run of `unbarrier confirm`, as somebody wrote them down; `audit` does not run anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// When.
    pub date: String,
    /// How, in the folder of the corpus.
    pub command: String,
    /// The compiler or device.
    pub with: String,
    /// A race appeared without a barrier that must stay.
    pub agree: u32,
    /// Nothing speaks against the verdict.
    pub do_not_refute: u32,
    /// The launch does not reach the barrier.
    pub not_reached: u32,
    /// The run shows the opposite.
    pub contradict: u32,
    /// What else is to be told.
    pub note: Option<String>,
}

/// Where the files come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// Name of the repository.
    pub name: String,
    /// Its commit.
    pub commit: String,
}

/// One run of `unbarrier prove`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// What claims call it.
    pub id: String,
    /// The file, relative to the corpus.
    pub file: String,
    /// Options of `unbarrier prove`.
    #[serde(default)]
    pub options: Vec<String>,
    /// The barrier lines it is about; all when absent.
    pub only: Option<BTreeSet<u32>>,
}

/// What a claim says of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Each can go.
    Removable,
    /// Each must stay.
    Needed,
    /// `count` of them can go together.
    Some,
    /// Simdgroup barriers that would have to be threadgroup barriers.
    Scope,
    /// Between `least` and `most` of all barriers can go.
    Total,
    /// No counterpart at the commit.
    Lost,
}

/// A claim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Number in the analysis, made unique.
    pub id: String,
    /// What it says of its lines.
    pub kind: Kind,
    /// In words.
    pub says: String,
    /// The lines in the numbering of the analysis.
    pub stated: Option<String>,
    /// The run that is about them.
    pub run: Option<String>,
    /// The lines at the commit.
    #[serde(default)]
    pub lines: BTreeSet<u32>,
    /// How many of the lines can go.
    pub count: Option<usize>,
    /// Fewest of all barriers that can go.
    pub least: Option<usize>,
    /// Most of all barriers that can go.
    pub most: Option<usize>,
    /// How the lines were found, and what else is to be said.
    pub note: Option<String>,
}

impl Claims {
    /// Reads a claims file; the error says where and what.
    pub fn parse(text: &str) -> Result<Claims, String> {
        let c: Claims = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut ids = BTreeSet::new();
        for r in &c.runs {
            if !ids.insert(&r.id) {
                return Err(format!("two runs are called `{}`", r.id));
            }
        }
        let mut named = BTreeSet::new();
        for k in &c.claims {
            if !named.insert(&k.id) {
                return Err(format!("two claims are called `{}`", k.id));
            }
            let wants_lines = !matches!(k.kind, Kind::Total | Kind::Lost);
            let complete = match k.kind {
                Kind::Some => k.count.is_some(),
                Kind::Total => k.least.is_some() && k.most.is_some(),
                _ => true,
            };
            if !complete || wants_lines != (k.run.is_some() && !k.lines.is_empty()) {
                return Err(format!(
                    "claim `{}`: `total` takes `least` and `most`, `lost` nothing, `some` `run`, `lines` and `count`, the others `run` and `lines`",
                    k.id
                ));
            }
            if let Some(r) = &k.run
                && !ids.contains(r)
            {
                return Err(format!("claim `{}`: no run is called `{r}`", k.id));
            }
        }
        Ok(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[corpus]\nname = 'a'\ncommit = 'b'\n[[run]]\nid = 'r'\nfile = 'x.metal'\n";

    fn claim(text: &str) -> Result<Claims, String> {
        Claims::parse(&format!("{HEAD}[[claim]]\nid = '1'\nsays = 's'\n{text}"))
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(claim("kind = 'removable'\nrun = 'r'\nlines = [3]").is_ok());
        for (text, part) in [
            (
                "kind = 'removable'\nrun = 'q'\nlines = [3]",
                "no run is called `q`",
            ),
            ("kind = 'removable'\nrun = 'r'", "claim `1`"),
            ("kind = 'some'\nrun = 'r'\nlines = [3]", "claim `1`"),
            ("kind = 'total'\nleast = 1", "claim `1`"),
            ("kind = 'maybe'", "maybe"),
            ("kind = 'lost'\nline = 3", "line"),
        ] {
            let e = claim(text).err().unwrap_or_default();
            assert!(e.contains(part), "{text}: {e}");
        }
        let twice = format!(
            "{HEAD}[[run]]\nid = 'r'\nfile = 'y'\n[[claim]]\nid = 'c'\nsays = ''\nkind = 'lost'\n"
        );
        assert!(Claims::parse(&twice).is_err_and(|e| e.contains("two runs")));
    }
}
