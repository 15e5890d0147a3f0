use std::io;
use std::path::{Path, PathBuf};

/// Why a model cannot be used, fetched or removed. The text is for the user and ends with the next
/// step; [`ModelError::exit_code`] is the exit code of the process.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The manifest does not contain it.
    #[error("there is no model \"{name}\"{}; run \"aloud models list\"", hint(.near))]
    Unknown {
        /// The requested name.
        name: String,
        /// A similar name.
        near: Option<String>,
    },
    /// It does not exist for this processor.
    #[error("{model} does not run on this processor ({arch}); choose another model")]
    NotForThisMachine {
        /// The model.
        model: String,
        /// This processor, by Rust's name.
        arch: &'static str,
    },
    /// It was never fetched.
    #[error(
        "model \"{model}\" is not installed ({file} is missing); run \"aloud models fetch {model}\""
    )]
    Missing {
        /// The model.
        model: String,
        /// The missing file.
        file: String,
    },
    /// Its size is wrong.
    #[error(
        "model \"{model}\" is damaged ({file} has {have} bytes instead of {want}); \
         run \"aloud models fetch {model}\""
    )]
    Cut {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// Bytes on disk.
        have: u64,
        /// Bytes in the manifest.
        want: u64,
    },
    /// Its size is right but its contents are not.
    #[error(
        "model \"{model}\" is damaged ({file} fails its sha256 check); \
         run \"aloud models fetch {model}\""
    )]
    WrongHash {
        /// The model.
        model: String,
        /// The file.
        file: String,
    },
    /// No source delivered it.
    #[error(
        "cannot download {file} of model \"{model}\": {}; \
         check the network and run \"aloud models fetch\" again",
        .tried.join("; ")
    )]
    NoSource {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// The error of each source.
        tried: Vec<String>,
    },
    /// The disk is full.
    #[error(
        "not enough disk space for {path} ({need} bytes); free some, or set [models] dir to another \
         disk, and run \"aloud models fetch\" again", path = .path.display()
    )]
    NoSpace {
        /// The file being written.
        path: PathBuf,
        /// Its full size in bytes.
        need: u64,
    },
    /// It cannot be written for another reason.
    #[error("cannot write {path}: {why}; check the folder's owner and permissions", path = .path.display())]
    Write {
        /// The file being written.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
    /// It cannot be read.
    #[error(
        "cannot read {path}: {why}; check its owner and permissions, or fetch the model again",
        path = .path.display()
    )]
    Read {
        /// The file being read.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
    /// Another process is fetching or removing models.
    #[error("another aloud is working on the models in {dir}; try again when it is done", dir = .dir.display())]
    Busy {
        /// The folder of the models.
        dir: PathBuf,
    },
    /// The manifest inside the program is broken.
    #[error("the list of models in this program is broken ({0}); report this as a bug")]
    Bug(String),
}

impl ModelError {
    /// The exit code of a process that ends with this error (sysexits).
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Unknown { .. } => 64,
            Self::NotForThisMachine { .. }
            | Self::Missing { .. }
            | Self::Cut { .. }
            | Self::WrongHash { .. }
            | Self::NoSource { .. } => 69,
            Self::Bug(_) => 70,
            Self::NoSpace { .. } | Self::Write { .. } => 73,
            Self::Read { .. } => 74,
            Self::Busy { .. } => 75,
        }
    }

    /// The error for a failed write of `path`, whose full size is `need` bytes.
    pub(super) fn write(path: &Path, need: u64, error: &io::Error) -> Self {
        // To the user, a file size limit looks like a full disk and has the same cure.
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        if full {
            Self::NoSpace { path: path.to_owned(), need }
        } else {
            Self::Write { path: path.to_owned(), why: error.to_string() }
        }
    }

    /// The error for a failed read of `path`.
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.to_owned(), why: error.to_string() }
    }
}

fn hint(near: &Option<String>) -> String {
    near.as_ref().map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default()
}
