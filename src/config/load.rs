use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::section::{Report, Shown};
use super::table::{PREFIX, Table, overlay, parse};
use super::{ConfigErrors, Environment, Origin, Paths, Problem, Settings, read};

/// The largest configuration file, in bytes: far more than anyone writes by hand.
const LARGEST: u64 = 1 << 20;

/// The variables that hold keys; they are named, never shown.
const KEYS: [&str; 2] = ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"];

/// The configuration in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// Where everything is kept.
    pub paths: Paths,
    /// The file that was read; `None` if there was none.
    pub file: Option<PathBuf>,
    /// Variables with keys that are set.
    pub keys_seen: Vec<String>,
    pub(super) shown: Vec<Shown>,
}

impl Config {
    /// Reads `file`, else what `ALOUD_CONFIG` names, else the usual file if it exists, and overlays
    /// the variables `ALOUD_SECTION__KEY`.
    ///
    /// # Errors
    /// All mistakes in all of them.
    pub fn load(env: &Environment, file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let paths = Paths::of(env);
        let mut problems = Vec::new();
        let (file, text) = text(env, &paths, file, &mut problems);
        let mut table =
            text.as_deref().map_or_else(Table::default, |text| parse(text, &mut problems));
        overlay(&mut table, env, &mut problems);
        let mut report = Report { problems, shown: Vec::new(), home: paths.home.clone() };
        let settings = read::settings(&table, env, &paths, &mut report);
        let Report { mut problems, shown, .. } = report;
        slips(env, &shown, &mut problems);
        if problems.is_empty() {
            let keys = KEYS.iter().filter(|name| env.get(name).is_some());
            let keys_seen = keys.map(|name| (*name).to_owned()).collect();
            return Ok(Self { settings, paths, file, keys_seen, shown });
        }
        problems.sort();
        problems.dedup();
        Err(ConfigErrors { file, problems })
    }
}

/// The selected file, and its text if it can be read.
fn text(
    env: &Environment,
    paths: &Paths,
    asked: Option<&Path>,
    problems: &mut Vec<Problem>,
) -> (Option<PathBuf>, Option<String>) {
    let named = env.os("ALOUD_CONFIG").map(PathBuf::from);
    let (path, at, optional) = match (asked, named) {
        (Some(path), _) => (path.to_owned(), Origin::Default, false),
        (None, Some(path)) => (path, Origin::Variable("ALOUD_CONFIG".into()), false),
        (None, None) => (paths.config.clone(), Origin::Default, true),
    };
    let (what, next) = match read_text(&path) {
        Ok(text) => return (Some(path), Some(text)),
        Err((e, _)) if optional && e == Some(io::ErrorKind::NotFound) => return (None, None),
        Err((_, wrong)) => wrong,
    };
    // A file's name precedes its problems; a variable's problem has to name it.
    let what = match &at {
        Origin::Variable(_) => format!("{}: {what}", path.display()),
        Origin::File { .. } | Origin::Default => what,
    };
    problems.push(Problem { at, key: String::new(), what, next });
    (Some(path), None)
}

type Unread = (Option<io::ErrorKind>, (String, String));

fn read_text(path: &Path) -> Result<String, Unread> {
    let failed = |e: io::Error| {
        let next = if e.kind() == io::ErrorKind::NotFound {
            "run \"aloud config init\", or give another file"
        } else {
            "check its owner and permissions, or give another file"
        };
        (Some(e.kind()), (format!("cannot be read ({e})"), next.to_owned()))
    };
    let meta = fs::metadata(path).map_err(failed)?;
    if !meta.is_file() || meta.len() > LARGEST {
        let next = "give a configuration file, such as \"aloud config init\" writes".to_owned();
        return Err((None, ("not a configuration file".to_owned(), next)));
    }
    let bytes = fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| {
        let next = "save it in UTF-8".to_owned();
        (None, ("not UTF-8 text".to_owned(), next))
    })
}

/// Reports variables that look like a key with a missing underscore: they would be ignored.
fn slips(env: &Environment, shown: &[Shown], problems: &mut Vec<Problem>) {
    for shown in shown {
        let section = shown.section.replace('.', "__");
        let right = format!("{PREFIX}{section}__{}", shown.key).to_uppercase();
        let slip = right.replace("__", "_");
        if env.get(&slip).is_some() {
            let what = "no such variable".to_owned();
            let next = format!("did you mean {right}?");
            problems.push(Problem { at: Origin::Variable(slip), key: String::new(), what, next });
        }
    }
}

/// The commented file written by `aloud config init`: every key with its default.
pub fn default_file() -> &'static str {
    include_str!("default.toml")
}

/// Why no file was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// It exists, and is not overwritten.
    #[error("{path} already exists; edit it, or move it away first", path = .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("cannot write {path}: {why}; check the folder's owner and permissions", path = .path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
}

/// Writes [`default_file`] to `path`, and creates missing folders. Never overwrites.
pub fn init(path: &Path) -> Result<(), InitError> {
    let unwritten =
        |e: io::Error| InitError::Unwritten { path: path.to_owned(), why: e.to_string() };
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(unwritten)?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            return Err(InitError::Exists(path.to_owned()));
        }
        Err(e) => return Err(unwritten(e)),
    };
    file.write_all(default_file().as_bytes()).and_then(|()| file.sync_all()).map_err(unwritten)
}
