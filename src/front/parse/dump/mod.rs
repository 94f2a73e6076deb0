//! A compact text form of the tree.
//!
//! Purpose: for tests and for people who want to see how their code was read. One declaration or
//! statement per line, nested ones indented; expressions and types in prefix form.

mod expr;
mod item;
mod stmt;
mod types;

use crate::front::ast::TranslationUnit;

/// The tree as text.
pub fn dump(unit: &TranslationUnit) -> String {
    let mut w = Writer {
        out: String::new(),
        indent: 0,
    };
    for i in &unit.items {
        w.item(i);
    }
    w.out
}

struct Writer {
    out: String,
    indent: usize,
}

impl Writer {
    /// Writes one line.
    fn line(&mut self, text: impl AsRef<str>) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    /// Writes `head`, then what `body` writes, indented, then `)`.
    fn nest(&mut self, head: impl AsRef<str>, body: impl FnOnce(&mut Self)) {
        self.line(head);
        self.indent += 1;
        body(self);
        self.indent -= 1;
        if self.out.ends_with('\n') {
            self.out.pop();
        }
        self.out.push_str(")\n");
    }
}

/// `parts` that are not empty, separated by spaces.
fn words(parts: &[&str]) -> String {
    let full: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
    full.join(" ")
}

fn flag(set: bool, name: &'static str) -> &'static str {
    if set { name } else { "" }
}
