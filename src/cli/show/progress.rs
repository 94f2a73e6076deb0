//! Progress bars, on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that does not get in the way of what is printed.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// For work of unknown length; hidden unless `shown` and standard error is a terminal.
    pub fn new(shown: bool) -> Progress {
        if !shown || !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        // Nothing is drawn for work under a second.
        bar.enable_steady_tick(Duration::from_secs(1));
        Progress(bar)
    }

    /// Prints something between two drawings of the bar.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// What is being done.
    pub fn say(&self, number: usize, of: usize, file: &str, kernel: &str) {
        self.0
            .set_message(format!("{number} of {of}: {file}: {kernel}"));
    }

    /// How many runs ended.
    pub fn position(&self, n: u64) {
        self.0.set_position(n);
    }

    /// The bar goes.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// A bar for a number of runs.
pub fn runs(shown: bool, of: u64) -> Progress {
    if !shown || !std::io::stderr().is_terminal() {
        return Progress(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(of);
    if let Ok(style) = ProgressStyle::with_template("{elapsed} {bar:30} {pos}/{len} runs {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_secs(1));
    Progress(bar)
}
