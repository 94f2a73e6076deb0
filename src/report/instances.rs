//! Names of kernels for people: instances of one template are counted, not listed.
//!
//! Soundness direction: none; what is not written out is counted.

use std::collections::BTreeMap;

use super::model::FileReport;

/// Names that are written out before anything is counted.
const NAMES: usize = 4;

/// Some kernels of a file: their names where they are few, else "softmax ×5, copy".
pub fn names(f: &FileReport, all: &[&str]) -> String {
    if all.len() <= NAMES {
        return all.join(", ");
    }
    let functions = functions(f);
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for name in all {
        let function = functions.get(name).copied().unwrap_or(name);
        let next = groups.len();
        let at = *places.entry(function).or_insert(next);
        match groups.get_mut(at) {
            Some(g) => g.1.push(name),
            None => groups.push((function, vec![name])),
        }
    }
    let many = groups.len() > NAMES;
    let shown = if many { NAMES - 1 } else { groups.len() };
    let mut parts: Vec<String> = Vec::new();
    for (function, members) in &groups[..shown] {
        parts.push(match members.as_slice() {
            [one] => (*one).to_string(),
            more => format!("{function} ×{}", more.len()),
        });
    }
    let rest: usize = groups[shown..].iter().map(|g| g.1.len()).sum();
    let listed = parts.join(", ");
    if rest > 0 {
        format!("{listed} and {rest} more")
    } else {
        listed
    }
}

/// What is said of kernels, each text once for all instances of a function of which it is said, in the order of the first.
pub fn grouped<'r>(f: &'r FileReport, said: Vec<(&'r str, String)>) -> Vec<(String, String)> {
    let functions = functions(f);
    let mut order: Vec<Vec<&str>> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    let mut places: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (name, text) in said {
        let function = functions.get(name).copied().unwrap_or(name);
        let next = order.len();
        let at = *places.entry((function, text.clone())).or_insert(next);
        match order.get_mut(at) {
            Some(g) => g.push(name),
            None => {
                order.push(vec![name]);
                texts.push(text);
            }
        }
    }
    let who = order.iter().map(|all| names(f, all));
    who.zip(texts).collect()
}

/// The function of each kernel.
fn functions(f: &FileReport) -> BTreeMap<&str, &str> {
    let all = f.kernels.iter();
    all.map(|k| (k.name.as_str(), k.function.as_str()))
        .collect()
}
