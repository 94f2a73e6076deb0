//! Values of options, from their text.

use std::path::PathBuf;

use clap::ValueEnum;

use super::ReportFormat;
use crate::report::rule::Rule;

pub fn rule(s: &str) -> Result<Rule, String> {
    let kinds: Vec<&str> = Rule::ALL
        .into_iter()
        .filter(|r| !matches!(r, Rule::BadInput | Rule::Removal | Rule::Change))
        .map(Rule::name)
        .collect();
    match Rule::named(s) {
        Some(r) if kinds.contains(&s) => Ok(r),
        _ => Err(format!("expected one of {}", kinds.join(", "))),
    }
}

pub fn output_file(s: &str) -> Result<(ReportFormat, PathBuf), String> {
    let bad = || "expected FORMAT=FILE, as in json=report.json".to_string();
    let (format, file) = s.split_once('=').ok_or_else(bad)?;
    let format = ReportFormat::from_str(format, true).map_err(|_| {
        format!("`{format}` is no format; there are json, sarif, html, markdown and github")
    })?;
    if format == ReportFormat::Human {
        return Err("text for people goes to standard output; redirect it".into());
    }
    if file.is_empty() {
        return Err(bad());
    }
    Ok((format, PathBuf::from(file)))
}

pub fn threadgroup(s: &str) -> Result<[u64; 3], String> {
    let parts: Vec<&str> = s.split(',').map(str::trim).collect();
    if parts.is_empty() || parts.len() > 3 {
        return Err("expected one to three sizes, as in 64 or 8,8,1".into());
    }
    let mut out = [1u64; 3];
    for (slot, p) in out.iter_mut().zip(&parts) {
        *slot = p.parse().map_err(|_| not_a_size(s, p))?;
        if *slot == 0 {
            return Err("a threadgroup has at least one thread in each dimension".into());
        }
    }
    let n = out.iter().try_fold(1u64, |a, b| a.checked_mul(*b));
    match n {
        Some(n) if n <= crate::encode::launch::MAX_THREADS => Ok(out),
        _ => Err(format!(
            "a threadgroup has at most {} threads",
            crate::encode::launch::MAX_THREADS
        )),
    }
}

/// What is wrong with a size; sizes joined by `x` or `*` are said again with commas.
fn not_a_size(s: &str, part: &str) -> String {
    let again = s.to_lowercase().replace(['x', '*', ' ', '×'], ",");
    let numbers = again.split(',').all(|p| p.parse::<u64>().is_ok());
    if numbers && again != s {
        format!("`{part}` is not a number of threads; dimensions are separated by commas: {again}")
    } else {
        format!("`{part}` is not a number of threads")
    }
}

pub fn threads(s: &str) -> Result<(u32, u32), String> {
    let limit = crate::encode::launch::MAX_THREADS;
    let one = |t: &str| match t.trim().parse::<u32>() {
        Ok(0) => Err("a threadgroup has at least one thread".to_string()),
        Ok(n) if u64::from(n) > limit => Err(format!("a threadgroup has at most {limit} threads")),
        Ok(n) => Ok(n),
        Err(_) => Err(format!(
            "`{t}` is not a number of threads; expected A..=B, as in 1..=256"
        )),
    };
    let (low, high) = match s.split_once("..=") {
        Some((a, b)) => (one(a)?, one(b)?),
        None => (one(s)?, one(s)?),
    };
    if low > high {
        return Err(format!("the range {low}..={high} is empty"));
    }
    Ok((low, high))
}

pub fn param(s: &str) -> Result<(String, i128), String> {
    let Some((name, value)) = s.split_once('=') else {
        return Err("expected NAME=VALUE, as in n=64".into());
    };
    let v = value
        .trim()
        .parse()
        .map_err(|_| format!("`{value}` is not an integer"))?;
    Ok((name.trim().to_string(), v))
}

pub fn fill(s: &str) -> Result<(Option<String>, crate::exec::Fill), String> {
    let (name, what) = match s.split_once('=') {
        Some((n, w)) => (Some(n.to_string()), w),
        None => (None, s),
    };
    Ok((name, crate::engine::fuzz::generate::fill_from(what)?))
}

pub fn set(s: &str) -> Result<(String, u64, Vec<u8>), String> {
    let bad = || "expected BUFFER@BYTE=HEX, as in in@8=ff000000".to_string();
    let (place, hex) = s.split_once('=').ok_or_else(bad)?;
    let (name, at) = place.split_once('@').ok_or_else(bad)?;
    let at = at
        .parse()
        .map_err(|_| format!("`{at}` is not a byte offset"))?;
    if hex.is_empty() || hex.len() % 2 != 0 || !hex.is_ascii() {
        return Err(format!("`{hex}`: expected two hexadecimal digits per byte"));
    }
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16))
        .collect::<Result<Vec<u8>, _>>()
        .map_err(|_| format!("`{hex}` is not hexadecimal"))?;
    Ok((name.to_string(), at, bytes))
}

pub fn size(s: &str) -> Result<(String, u64), String> {
    let (name, bytes) = s
        .split_once('=')
        .ok_or("expected BUFFER=BYTES, as in out=4096")?;
    let n = bytes
        .parse()
        .map_err(|_| format!("`{bytes}` is not a number of bytes"))?;
    Ok((name.to_string(), n))
}

pub fn group(s: &str) -> Result<[u32; 3], String> {
    let parts: Vec<&str> = s.split(',').collect();
    if parts.len() > 3 {
        return Err("expected one to three numbers".into());
    }
    let mut out = [0u32; 3];
    for (slot, p) in out.iter_mut().zip(&parts) {
        *slot = p
            .trim()
            .parse()
            .map_err(|_| format!("`{p}` is not a number"))?;
        if *slot == u32::MAX {
            return Err(format!(
                "`{p}`: a grid has at most {p} threadgroups, numbered from 0"
            ));
        }
    }
    Ok(out)
}

pub fn seconds(s: &str) -> Result<f64, String> {
    match s.parse::<f64>() {
        Ok(v) if v.is_finite() && v > 0.0 && v <= 86_400.0 => Ok(v),
        _ => Err("expected a positive number of seconds".into()),
    }
}
