//! Positions in Clang's tree.
//!
//! Purpose: from Clang's locations to lines of the text. Clang says a file only where it differs from the one it said last, so locations have to
//! be met in the order of the output. Direction: exact; what lies in other files is no place.

use serde_json::Value;

/// Follows the locations of a tree.
pub struct Places {
    file: String,
    starts: Vec<u64>,
    inside: bool,
}

impl Places {
    /// For a file with that text.
    pub fn new(file: &str, text: &str) -> Places {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = [0].into_iter().chain(ends.map(|(i, _)| i as u64 + 1));
        Places {
            file: file.to_string(),
            starts: starts.collect(),
            inside: false,
        }
    }

    /// The line of a location: where a macro is used, not where it is defined.
    pub fn line(&mut self, location: &Value) -> Option<u32> {
        let parts = location.as_object()?;
        let mut last = None;
        for (key, inner) in parts {
            match key.as_str() {
                "spellingLoc" => {
                    self.bare(inner);
                }
                "expansionLoc" => last = self.bare(inner),
                _ => {}
            }
        }
        if parts.contains_key("offset") {
            last = self.bare(location);
        }
        last
    }

    /// First and last line of a range.
    pub fn range(&mut self, range: &Value) -> Option<(u32, u32)> {
        let begin = range.get("begin").and_then(|b| self.line(b));
        let end = range.get("end").and_then(|e| self.line(e));
        Some((begin?, end?))
    }

    fn bare(&mut self, l: &Value) -> Option<u32> {
        let offset = l.get("offset")?.as_u64()?;
        if let Some(f) = l.get("file").and_then(Value::as_str) {
            self.inside = f == self.file;
        }
        let line = self.starts.partition_point(|s| *s <= offset);
        let line = u32::try_from(line.checked_sub(1)?).ok()?;
        self.inside.then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_said_once() {
        let mut p = Places::new("a.cpp", "x\nyy\nz\n");
        assert_eq!(p.line(&json!({"offset": 2})), None);
        assert_eq!(p.line(&json!({"offset": 3, "file": "a.cpp"})), Some(1));
        assert_eq!(p.line(&json!({"offset": 5})), Some(2));
        let expanded = json!({
            "spellingLoc": {"offset": 0, "file": "h.h"},
            "expansionLoc": {"offset": 0, "file": "a.cpp"}
        });
        assert_eq!(p.line(&expanded), Some(0));
        assert_eq!(p.line(&json!({"offset": 2, "file": "h.h"})), None);
        assert_eq!(p.line(&json!({})), None);
        assert_eq!(p.line(&json!({"offset": 2})), None);
    }
}
