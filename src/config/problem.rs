use std::fmt;
use std::path::PathBuf;

/// Where a value comes from, in the order in which problems are reported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A place in the configuration file; both count from 1, columns in characters.
    File {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// This environment variable.
    Variable(String),
    /// Nobody set it.
    Default,
}

/// One mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub at: Origin,
    /// The key, such as `listen.pause_ms`; empty for a syntax error.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

/// Every mistake in the configuration, in the order of the file, then by variable. A process that
/// ends with it exits with 78. It prints one line for each, and a last one that says how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The configuration file, if one was selected.
    pub file: Option<PathBuf>,
    /// The mistakes; never empty.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    /// The exit code of a process that ends with this error (sysexits).
    pub const EXIT_CODE: u8 = 78;
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            let file =
                self.file.as_ref().map_or("configuration".into(), |p| p.display().to_string());
            match &problem.at {
                Origin::File { line, column } => write!(f, "{file}:{line}:{column}: ")?,
                Origin::Variable(name) => write!(f, "{name}: ")?,
                Origin::Default => write!(f, "{file}: ")?,
            }
            // A variable's name already tells its key.
            if !problem.key.is_empty() && !matches!(problem.at, Origin::Variable(_)) {
                write!(f, "{}: ", problem.key)?;
            }
            writeln!(f, "{}; {}", problem.what, problem.next)?;
        }
        let (many, it) = match self.problems.len() {
            1 => ("1 problem".to_owned(), "it"),
            n => (format!("{n} problems"), "them"),
        };
        write!(f, "{many} in the configuration; fix {it} and run \"aloud config check\"")
    }
}
