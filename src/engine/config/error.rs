//! What is wrong with an `unbarrier.toml`, for a person.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with an `unbarrier.toml`. Displayed: place and message, then the line it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// 1-based line and column.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what was expected.
    pub message: String,
    /// The line, marked; empty when it is about the whole file.
    pub snippet: String,
}

impl ConfigError {
    /// About the file as a whole.
    pub fn whole(path: &Path, message: String) -> ConfigError {
        ConfigError {
            path: path.to_path_buf(),
            at: None,
            message,
            snippet: String::new(),
        }
    }

    /// About some bytes of its text.
    pub fn at(path: &Path, text: &str, bytes: Range<usize>, message: String) -> ConfigError {
        let (line, column) = position(text, bytes.start);
        ConfigError {
            path: path.to_path_buf(),
            at: Some((line, column)),
            message,
            snippet: snippet(text, line, column, bytes.len()),
        }
    }

    /// `unbarrier.toml:3:1: message`, one line.
    pub fn headline(&self) -> String {
        let path = self.path.display();
        match self.at {
            Some((line, column)) => format!("{path}:{line}:{column}: {}", self.message),
            None => format!("{path}: {}", self.message),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.headline(), self.snippet)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for String {
    fn from(e: ConfigError) -> String {
        e.to_string()
    }
}

/// 1-based line and column (in characters) of a byte.
pub fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

fn snippet(text: &str, line: usize, column: usize, length: usize) -> String {
    let Some(shown) = text.lines().nth(line - 1) else {
        return String::new();
    };
    // Tabs and control characters would move what is below out of place.
    let shown: String = shown
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let rest = shown.chars().count().saturating_sub(column - 1);
    let marks = "^".repeat(length.min(rest).max(1));
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let shown = shown.trim_end();
    format!(
        "\n{gutter} |\n{number} | {shown}\n{gutter} | {}{marks}",
        " ".repeat(column - 1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_shown_and_marked() {
        let text = "a = 1\n\té = [32, 0]\n";
        let at = text.find('[').expect("there");
        let e = ConfigError::at(Path::new("u.toml"), text, at..at + 7, "no".into());
        assert_eq!(
            e.to_string(),
            "u.toml:2:6: no\n  |\n2 |  é = [32, 0]\n  |      ^^^^^^^"
        );
        let end = ConfigError::at(Path::new("u.toml"), "x", 1..1, "ends".into());
        assert_eq!(end.to_string(), "u.toml:1:2: ends\n  |\n1 | x\n  |  ^");
        let nothing = ConfigError::at(Path::new("u.toml"), "", 0..0, "empty".into());
        assert_eq!(nothing.to_string(), "u.toml:1:1: empty");
    }
}
