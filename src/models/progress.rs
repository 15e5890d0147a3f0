use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What happens while models are fetched, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another process holds the lock; this one waits.
    Waiting,
    /// This model was already complete.
    Ready {
        /// The model.
        model: String,
    },
    /// A source is asked for a file.
    Source {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// The host or the package.
        from: String,
        /// The size of the file in bytes.
        bytes: u64,
    },
    /// Progress of the file; a first value above 0 means that an earlier download is resumed.
    Moved {
        /// Bytes so far.
        done: u64,
    },
    /// A source did not deliver; the next one is tried.
    Failed {
        /// The host or the package.
        from: String,
        /// Why, as a sentence without its full stop.
        why: String,
    },
    /// A file is complete and in its place.
    Whole {
        /// The model.
        model: String,
        /// The file.
        file: String,
    },
}

/// Shows [`Step`]s on stderr: a progress bar on a terminal, plain lines elsewhere.
#[derive(Debug)]
pub struct Bars {
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Bars {
    /// For this process's stderr.
    pub fn on_stderr() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), bar: None }
    }

    /// Shows one step.
    pub fn show(&mut self, step: &Step) {
        match step {
            Step::Waiting => self.line("another aloud is downloading models; waiting for it"),
            Step::Ready { model } => self.line(&format!("{model} is already installed")),
            Step::Source { model, file, from, bytes } => {
                self.begin(&format!("{model}/{file} from {from}"), *bytes);
            }
            Step::Moved { done } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                }
            }
            Step::Failed { from, why } => {
                self.end();
                self.line(&format!("{from}: {why}; trying the next source"));
            }
            Step::Whole { model, file } => {
                self.end();
                self.line(&format!("{model}/{file} verified"));
            }
        }
    }

    fn begin(&mut self, what: &str, bytes: u64) {
        self.end();
        if !self.terminal {
            self.line(&format!("fetching {what} ({:.1} MB)", bytes as f64 / 1e6));
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let look = "{spinner} {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(look) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bar = Some(bar);
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    #[expect(clippy::print_stderr, reason = "progress is for the person at the terminal")]
    fn line(&self, text: &str) {
        eprintln!("{text}");
    }
}
