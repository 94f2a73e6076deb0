//! The macros that are defined before the first line: predefined ones, `-D` and `-U`.

use std::path::PathBuf;

use super::builtin;
use super::macros::is_reserved_name;
use super::state::Preprocessor;
use crate::source::diagnostic::Diagnostic;
use crate::source::lex::{is_ident_continue, is_ident_start};

/// What a Metal compiler for macOS defines.
const PREDEFINED: &str = "\
#define __METAL_VERSION__ 320
#define __METAL__ 1
#define __METAL_MACOS__ 1
#define __cplusplus 201402L
#define __HAVE_BFLOAT__ 1
#define __DATE__ \"??? ?? ????\"
#define __TIME__ \"??:??:??\"
";

fn is_macro_name(name: &str) -> bool {
    name.chars().next().is_some_and(is_ident_start)
        && name.chars().all(is_ident_continue)
        && !is_reserved_name(name)
}

impl Preprocessor<'_> {
    /// Defines the built-in and predefined macros and follows `-D` and `-U`.
    pub fn define_initial_macros(&mut self) {
        for (name, mac) in builtin::all() {
            self.macros.insert(name, mac);
        }
        self.define_text("<built-in>", PREDEFINED);
        let opts = self.opts;
        for (name, value) in &opts.defines {
            let text = value.as_deref().unwrap_or("1");
            if !is_macro_name(name) {
                self.bad_option("-D", name);
            } else if text.contains(['\n', '\r', '\0']) {
                self.report(
                    Diagnostic::error(format!("the value of `-D {name}` is more than one line"))
                        .with_code("option"),
                );
            } else {
                self.macros.remove(name.as_str());
                self.define_text("<command line>", &format!("#define {name} {text}"));
            }
        }
        for name in &opts.undefines {
            if is_macro_name(name) {
                self.macros.remove(name.as_str());
            } else {
                self.bad_option("-U", name);
            }
        }
    }

    fn define_text(&mut self, display: &str, text: &str) {
        let id = self.map.add_file(display, PathBuf::new(), text);
        self.enter_file(id);
        while self.next().is_some() {}
    }

    fn bad_option(&mut self, option: &str, name: &str) {
        self.report(
            Diagnostic::error(format!("`{option} {name}`: `{name}` is not a macro name"))
                .with_code("option")
                .with_help(
                    "a macro name is a letter or `_`, then letters, digits and `_`; \
                     macros with parameters cannot be given as options",
                ),
        );
    }
}
