//! From a specification to numbers.

use std::collections::BTreeMap;

use thiserror::Error;

use super::expression::evaluate;
use super::spec::{BufferSpec, Number, Spec};
use crate::exec::{Fill, ScalarValue};

/// A launch with every expression evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct HostLaunch {
    /// Threads of a threadgroup.
    pub threadgroup: [u32; 3],
    /// Threadgroups of the grid.
    pub grid: [u32; 3],
    /// Those that are run.
    pub groups: Vec<[u32; 3]>,
    /// Scalar parameters.
    pub scalars: BTreeMap<String, ScalarValue>,
    /// Function constants by name or number, as written.
    pub constants: BTreeMap<String, ScalarValue>,
    /// Buffers by parameter.
    pub buffers: BTreeMap<String, Buffer>,
}

/// A buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Elements of the parameter's type.
    pub count: u64,
    /// What is in it.
    pub contents: Contents,
    /// The kernel may lack it.
    pub optional: bool,
    /// Bytes at offsets, over the contents.
    pub patches: Vec<(u64, Vec<u8>)>,
}

/// Contents of a buffer, scalar by scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// By a rule that the executor has, too.
    Fill(Fill),
    /// Fractions of a range.
    Real {
        /// Which sequence.
        seed: u64,
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
    },
    /// One by one, repeated.
    Values(Vec<ScalarValue>),
}

/// What is wrong with a specification.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("launch: {place}: {message}")]
pub struct LaunchError {
    /// Which entry: `buffers.x.count`.
    pub place: String,
    /// What is wrong with it.
    pub message: String,
}

/// Most elements of a buffer.
const MAX_COUNT: u64 = 1 << 28;
/// Most values of a table.
const MAX_TABLE: u64 = 1 << 22;
/// Threadgroups that are run where the specification does not say which.
const SAMPLE: u64 = 4;

fn fail<T>(place: impl Into<String>, message: impl Into<String>) -> Result<T, LaunchError> {
    Err(LaunchError {
        place: place.into(),
        message: message.into(),
    })
}

/// Evaluates a specification for a threadgroup size.
pub fn resolve(spec: &Spec, threadgroup: [u32; 3]) -> Result<HostLaunch, LaunchError> {
    let scalars = scalars(spec)?;
    let names = |n: &str| match scalars.get(n) {
        Some(ScalarValue::Int(v)) => Some(*v),
        _ => None,
    };
    let mut grid = [1u32; 3];
    if spec.grid.len() > 3 {
        return fail("grid", "expected one to three sizes");
    }
    for (i, n) in spec.grid.iter().enumerate() {
        let place = format!("grid[{i}]");
        let v = whole(n, &names, &place)?;
        grid[i] = match u32::try_from(v) {
            Ok(v) if v > 0 => v,
            _ => return fail(place, format!("{v} threadgroups are not possible")),
        };
    }
    let mut groups = Vec::new();
    for (i, g) in spec.groups.iter().enumerate() {
        let mut at = [0u32; 3];
        if g.is_empty() || g.len() > 3 {
            return fail(format!("groups[{i}]"), "expected one to three positions");
        }
        at[..g.len()].copy_from_slice(g);
        if (0..3).any(|k| at[k] >= grid[k]) {
            return fail(
                format!("groups[{i}]"),
                format!("{at:?} is outside the grid of {grid:?}"),
            );
        }
        groups.push(at);
    }
    if groups.is_empty() {
        groups = sample(grid);
    }
    let mut constants = BTreeMap::new();
    for (k, n) in &spec.constants {
        constants.insert(k.clone(), scalar(n, &names, &format!("constants.{k}"))?);
    }
    let mut buffers = BTreeMap::new();
    for (k, b) in &spec.buffers {
        buffers.insert(k.clone(), buffer(b, &names, k)?);
    }
    Ok(HostLaunch {
        threadgroup,
        grid,
        groups,
        scalars,
        constants,
        buffers,
    })
}

/// First, last and evenly spread between.
fn sample(grid: [u32; 3]) -> Vec<[u32; 3]> {
    let [x, y, z] = grid.map(u64::from);
    let all = x.saturating_mul(y).saturating_mul(z);
    let n = all.min(SAMPLE);
    (0..n)
        .map(|i| {
            let at = if n > 1 {
                u128::from(i) * u128::from(all - 1) / u128::from(n - 1)
            } else {
                0
            } as u64;
            [at % x, at / x % y, at / (x * y)].map(|v| v as u32)
        })
        .collect()
}

/// All parameters; one may be an expression over others.
fn scalars(spec: &Spec) -> Result<BTreeMap<String, ScalarValue>, LaunchError> {
    let mut out: BTreeMap<String, ScalarValue> = BTreeMap::new();
    let mut open: Vec<(&String, &Number)> = spec.params.iter().collect();
    while !open.is_empty() {
        let mut next = Vec::new();
        let mut error = None;
        for (name, n) in &open {
            let known = |k: &str| match out.get(k) {
                Some(ScalarValue::Int(v)) => Some(*v),
                _ => None,
            };
            match scalar(n, &known, &format!("params.{name}")) {
                Ok(v) => {
                    out.insert((*name).clone(), v);
                }
                Err(e) => {
                    next.push((*name, *n));
                    error = Some(e);
                }
            }
        }
        if next.len() == open.len() {
            return Err(error.unwrap_or(LaunchError {
                place: "params".into(),
                message: "parameters depend on each other".into(),
            }));
        }
        open = next;
    }
    Ok(out)
}

fn scalar(
    n: &Number,
    names: &dyn Fn(&str) -> Option<i128>,
    place: &str,
) -> Result<ScalarValue, LaunchError> {
    match n {
        Number::Bool(b) => Ok(ScalarValue::Int(i128::from(*b))),
        Number::Int(v) => Ok(ScalarValue::Int(i128::from(*v))),
        Number::Real(v) => Ok(ScalarValue::Float(*v)),
        Number::Expression(e) => match evaluate(e, names) {
            Ok(v) => Ok(ScalarValue::Int(v)),
            Err(message) => fail(place, message),
        },
    }
}

fn whole(
    n: &Number,
    names: &dyn Fn(&str) -> Option<i128>,
    place: &str,
) -> Result<i128, LaunchError> {
    match scalar(n, names, place)? {
        ScalarValue::Int(v) => Ok(v),
        ScalarValue::Float(v) => fail(place, format!("{v} is not a whole number")),
    }
}

fn buffer(
    b: &BufferSpec,
    names: &dyn Fn(&str) -> Option<i128>,
    name: &str,
) -> Result<Buffer, LaunchError> {
    let place = |what: &str| format!("buffers.{name}.{what}");
    let count = whole(&b.count, names, &place("count"))?;
    let count = match u64::try_from(count) {
        Ok(n) if n <= MAX_COUNT => n,
        _ => {
            return fail(
                place("count"),
                format!("{count} elements; at most {MAX_COUNT} are possible"),
            );
        }
    };
    let contents = match (&b.fill, &b.each, &b.values) {
        (None, None, None) => Contents::Fill(Fill::Random {
            seed: 1,
            low: 0,
            high: 7,
        }),
        (Some(f), None, None) => match rule(f) {
            Ok(c) => c,
            Err(message) => return fail(place("fill"), message),
        },
        (None, Some(e), None) => {
            if count > MAX_TABLE {
                return fail(place("each"), format!("at most {MAX_TABLE} elements"));
            }
            let mut all = Vec::with_capacity(count as usize);
            for i in 0..count {
                let with_i = |n: &str| {
                    if n == "i" {
                        Some(i128::from(i))
                    } else {
                        names(n)
                    }
                };
                match evaluate(e, &with_i) {
                    Ok(v) => all.push(ScalarValue::Int(v)),
                    Err(m) => return fail(place("each"), format!("element {i}: {m}")),
                }
            }
            Contents::Values(all)
        }
        (None, None, Some(v)) => {
            if v.is_empty() {
                return fail(place("values"), "no values");
            }
            let all: Result<Vec<ScalarValue>, LaunchError> = v
                .iter()
                .map(|n| scalar(n, names, &place("values")))
                .collect();
            Contents::Values(all?)
        }
        _ => {
            return fail(
                format!("buffers.{name}"),
                "expected one of fill, each and values",
            );
        }
    };
    Ok(Buffer {
        count,
        contents,
        optional: b.optional,
        patches: Vec::new(),
    })
}

fn rule(text: &str) -> Result<Contents, String> {
    let bad =
        || format!("`{text}`: expected zeros, index, random:SEED:LOW:HIGH or real:SEED:LOW:HIGH");
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["zeros"] => Ok(Contents::Fill(Fill::Zeros)),
        ["index"] => Ok(Contents::Fill(Fill::Index)),
        ["random", seed, low, high] => {
            let seed = seed.parse().map_err(|_| bad())?;
            let (low, high): (i64, i64) = (
                low.parse().map_err(|_| bad())?,
                high.parse().map_err(|_| bad())?,
            );
            if low > high {
                return Err(format!("`{text}`: {low} is more than {high}"));
            }
            Ok(Contents::Fill(Fill::Random { seed, low, high }))
        }
        ["real", seed, low, high] => {
            let seed = seed.parse().map_err(|_| bad())?;
            let (low, high): (f64, f64) = (
                low.parse().map_err(|_| bad())?,
                high.parse().map_err(|_| bad())?,
            );
            if !(low.is_finite() && high.is_finite() && low <= high) {
                return Err(format!("`{text}`: no range"));
            }
            Ok(Contents::Real { seed, low, high })
        }
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Result<HostLaunch, LaunchError> {
        let spec: Spec = toml::from_str(text).expect("a specification");
        resolve(&spec, [32, 1, 1])
    }

    #[test]
    fn parameters_may_depend_on_each_other() {
        let l = from("params = { a = \"b * 2\", b = \"c + 1\", c = 3, x = 0.5 }\ngrid = [\"a\"]\n[buffers]\nt = { count = 4, each = \"i * c\" }")
            .expect("sound");
        assert_eq!(l.scalars["a"], ScalarValue::Int(8));
        assert_eq!(l.grid, [8, 1, 1]);
        assert_eq!(l.groups, [[0, 0, 0], [2, 0, 0], [4, 0, 0], [7, 0, 0]]);
        let table: Vec<ScalarValue> = [0, 3, 6, 9].map(ScalarValue::Int).to_vec();
        assert_eq!(l.buffers["t"].contents, Contents::Values(table));
    }

    #[test]
    fn mistakes_say_where() {
        let e = |t: &str| from(t).expect_err("a mistake").to_string();
        assert_eq!(
            e("params = { a = \"b\", b = \"a\" }"),
            "launch: params.b: no parameter `a`"
        );
        assert_eq!(
            e("grid = [0]"),
            "launch: grid[0]: 0 threadgroups are not possible"
        );
        assert_eq!(
            e("groups = [[1]]"),
            "launch: groups[0]: [1, 0, 0] is outside the grid of [1, 1, 1]"
        );
        assert!(
            e("[buffers]\nx = { count = -1 }").starts_with("launch: buffers.x.count: -1 elements")
        );
        assert!(e("[buffers]\nx = { count = 1, fill = \"ones\" }").contains("expected zeros"));
        assert!(
            e("[buffers]\nx = { count = 1, fill = \"zeros\", each = \"i\" }")
                .contains("one of fill")
        );
        assert!(
            e("[buffers]\nx = { count = 2, each = \"8 / (1 - i)\" }")
                .contains("element 1: division by zero")
        );
    }
}
