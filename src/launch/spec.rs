//! A specification as it is written.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[kernel.launch]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Threadgroups of the grid in x, y, z; missing ones are 1.
    #[serde(default)]
    pub grid: Vec<Number>,
    /// Positions of the threadgroups to run.
    #[serde(default)]
    pub groups: Vec<Vec<u32>>,
    /// Scalar parameters, `n` or `p.field`.
    #[serde(default)]
    pub params: BTreeMap<String, Number>,
    /// Function constants by name or number.
    #[serde(default)]
    pub constants: BTreeMap<String, Number>,
    /// Buffers, and threadgroup memory that the host sizes.
    #[serde(default)]
    pub buffers: BTreeMap<String, BufferSpec>,
}

/// A number, or an expression over parameters.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Number {
    /// `true`, `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A fraction.
    Real(f64),
    /// `"rows * n"`.
    Expression(String),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Bool(b) => write!(f, "{b}"),
            Number::Int(n) => write!(f, "{n}"),
            Number::Real(x) => write!(f, "{x:?}"),
            Number::Expression(e) => write!(f, "{e:?}"),
        }
    }
}

/// Size and contents of a buffer.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BufferSpec {
    /// Elements of the parameter's type.
    pub count: Number,
    /// A rule: `zeros`, `index`, `random:SEED:LOW:HIGH`, `real:SEED:LOW:HIGH`.
    pub fill: Option<String>,
    /// Element `i` as an expression over `i` and the parameters.
    pub each: Option<String>,
    /// The elements, one by one; repeated if there are fewer than `count`.
    pub values: Option<Vec<Number>>,
    /// The kernel may lack it (where macros decide which parameters there are).
    #[serde(default)]
    pub optional: bool,
}

impl fmt::Display for Spec {
    /// As it would stand in `unbarrier.toml`, from `[kernel.launch]` on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |v: &[Number]| {
            let all: Vec<String> = v.iter().map(Number::to_string).collect();
            all.join(", ")
        };
        let table = |m: &BTreeMap<String, Number>| {
            let all: Vec<String> = m.iter().map(|(k, v)| format!("{} = {v}", key(k))).collect();
            all.join(", ")
        };
        writeln!(f, "[kernel.launch]")?;
        if !self.grid.is_empty() {
            writeln!(f, "grid = [{}]", list(&self.grid))?;
        }
        if !self.groups.is_empty() {
            writeln!(f, "groups = {:?}", self.groups)?;
        }
        if !self.params.is_empty() {
            writeln!(f, "params = {{ {} }}", table(&self.params))?;
        }
        if !self.constants.is_empty() {
            writeln!(f, "constants = {{ {} }}", table(&self.constants))?;
        }
        if !self.buffers.is_empty() {
            writeln!(f, "[kernel.launch.buffers]")?;
        }
        for (name, b) in &self.buffers {
            write!(f, "{} = {{ count = {}", key(name), b.count)?;
            if let Some(x) = &b.fill {
                write!(f, ", fill = {x:?}")?;
            }
            if let Some(x) = &b.each {
                write!(f, ", each = {x:?}")?;
            }
            if let Some(x) = &b.values {
                write!(f, ", values = [{}]", list(x))?;
            }
            if b.optional {
                write!(f, ", optional = true")?;
            }
            writeln!(f, " }}")?;
        }
        Ok(())
    }
}

/// A key as TOML takes it: quoted where it has a dot.
fn key(k: &str) -> String {
    let bare = k
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare && !k.is_empty() {
        k.to_string()
    } else {
        format!("{k:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        let text = "grid = [\"n / 4\", 2]\ngroups = [[0, 1]]\nparams = { n = 8, x = 0.5, \"p.m\" = \"n + 1\" }\n\
                    constants = { wide = true }\n[buffers]\na = { count = \"n\", fill = \"zeros\" }\n\
                    b = { count = 4, each = \"i * 2\" }\nc = { count = 3, values = [1, 2.5, 3], optional = true }\n";
        let spec: Spec = toml::from_str(text).expect("a specification");
        #[derive(Deserialize)]
        struct Outer {
            kernel: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            launch: Spec,
        }
        let again: Outer = toml::from_str(&spec.to_string()).expect("what was printed");
        assert_eq!(again.kernel.launch, spec);
    }
}
