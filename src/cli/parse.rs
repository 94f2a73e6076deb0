//! `unbarrier parse`.

use serde_json::json;

use super::args::{Format, ParseArgs};
use super::show::{emit, print_diagnostics};
use super::{BAD_INPUT, DONE};
use crate::engine::load::{Depth, configured, load};

/// Parses each file; exit code 2 when any has an error.
pub fn run(a: &ParseArgs) -> u8 {
    if a.cross_check {
        return super::crosscheck::run(a);
    }
    let mut bad = false;
    let mut files = Vec::new();
    let mut out = String::new();
    let mut good = 0;
    for path in &a.files {
        let read = configured(path, &a.source.settings())
            .and_then(|source| load(path, &source, Depth::Syntax));
        match read {
            Ok(l) => {
                let errors = l.errors();
                bad |= !errors.is_empty();
                good += usize::from(errors.is_empty());
                let kernels = l.kernel_names();
                if a.format == Format::Human {
                    print_diagnostics(&l, a.source.color);
                    out.push_str(&format!(
                        "{}: {}, {} declarations, kernels: {}\n",
                        path.display(),
                        if errors.is_empty() { "ok" } else { "errors" },
                        l.unit.items.len(),
                        if kernels.is_empty() {
                            "none".to_string()
                        } else {
                            kernels.join(", ")
                        }
                    ));
                }
                files.push(json!({
                    "path": path.display().to_string(),
                    "ok": errors.is_empty(),
                    "declarations": l.unit.items.len(),
                    "kernels": kernels,
                    "errors": errors,
                }));
            }
            Err(e) => {
                bad = true;
                if a.format == Format::Human {
                    eprintln!("error: {e}");
                }
                files.push(json!({
                    "path": path.display().to_string(),
                    "ok": false,
                    "declarations": 0,
                    "kernels": [],
                    "errors": [e.report()],
                }));
            }
        }
    }
    if a.format == Format::Json {
        let v = json!({"schema": crate::report::model::SCHEMA, "files": files});
        out = format!("{v:#}\n");
    } else if a.files.len() > 1 {
        out.push_str(&format!(
            "{good} of {} files without error\n",
            a.files.len()
        ));
    }
    emit(&out);
    if bad { BAD_INPUT } else { DONE }
}
