use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::Environment;

/// Where aloud keeps its files, by the XDG Base Directory Specification 0.8: a variable counts only
/// if it is an absolute path; otherwise its default under the home folder applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The home folder, if there is one.
    pub home: Option<PathBuf>,
    /// The default configuration file, unless `ALOUD_CONFIG` names another.
    pub config: PathBuf,
    /// The folder of the models.
    pub models: PathBuf,
    /// The folder of generated pictures.
    pub pictures: PathBuf,
    /// The folder of the user's own tools.
    pub tools: PathBuf,
    /// The folder of lists and notes.
    pub lists: PathBuf,
    /// The user's calendar.
    pub calendar: PathBuf,
    /// The folder of timers, alarms and history.
    pub state: PathBuf,
    /// The folder of the control socket. Create it with [`Paths::make_runtime`].
    pub runtime: PathBuf,
}

/// Why a folder of aloud cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It cannot be created or inspected.
    #[error("cannot create {path}: {why}; set XDG_RUNTIME_DIR to a folder you own", path = .path.display())]
    Unmade {
        /// The folder.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
    /// Others could reach the socket in it, or have put it there.
    #[error(
        "{path} must be a folder that only you can open; remove it, or set XDG_RUNTIME_DIR to a folder you own",
        path = .path.display()
    )]
    Unsafe {
        /// The folder.
        path: PathBuf,
    },
}

impl Paths {
    /// The folders for `env`. Creates none of them.
    pub fn of(env: &Environment) -> Self {
        let home = env.os("HOME").map(PathBuf::from).filter(|p| p.is_absolute());
        let xdg = |name: &str, default: &str| {
            let own = env.os(name).map(PathBuf::from).filter(|p| p.is_absolute());
            // Without a home, a service still has its root folder.
            own.unwrap_or_else(|| home.clone().unwrap_or_else(|| "/".into()).join(default))
        };
        let config = xdg("XDG_CONFIG_HOME", ".config").join("aloud/config.toml");
        let tools = xdg("XDG_CONFIG_HOME", ".config").join("aloud/tools");
        let models = xdg("XDG_DATA_HOME", ".local/share").join("aloud/models");
        let pictures = xdg("XDG_DATA_HOME", ".local/share").join("aloud/pictures");
        let data = xdg("XDG_DATA_HOME", ".local/share").join("aloud");
        let (lists, calendar) = (data.join("lists"), data.join("calendar.ics"));
        let state = xdg("XDG_STATE_HOME", ".local/state").join("aloud");
        let runtime = env.os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute());
        let runtime = runtime.map_or_else(fallback, |dir| dir.join("aloud"));
        Self { home, config, models, pictures, tools, lists, calendar, state, runtime }
    }

    /// The log of what tools did.
    pub fn audit(&self) -> PathBuf {
        self.state.join("tools.jsonl")
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("control.sock")
    }

    /// Creates the folder of the socket, for its owner alone, and refuses one that others can
    /// enter: in a folder such as `/tmp` somebody else may have created it first.
    pub fn make_runtime(&self) -> Result<(), PathError> {
        let path = &self.runtime;
        let unmade = |e: io::Error| PathError::Unmade { path: path.clone(), why: e.to_string() };
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(unmade(e)),
        }
        // Not followed: somebody else's link would lead to a folder of their choice.
        let meta = fs::symlink_metadata(path).map_err(unmade)?;
        if private(&meta) { Ok(()) } else { Err(PathError::Unsafe { path: path.clone() }) }
    }
}

/// The folder of the socket if no session has set one: the session's usual place if it exists, so
/// that a bare shell still finds the service, else one in `/tmp`.
fn fallback() -> PathBuf {
    let Some(me) = me() else { return PathBuf::from("/tmp/aloud") };
    let session = PathBuf::from(format!("/run/user/{me}"));
    if fs::symlink_metadata(&session).is_ok_and(|meta| private(&meta)) {
        session.join("aloud")
    } else {
        PathBuf::from(format!("/tmp/aloud-{me}"))
    }
}

fn private(meta: &Metadata) -> bool {
    meta.is_dir() && me() == Some(meta.uid()) && meta.mode() & 0o077 == 0
}

/// The user of this process: the owner of its entry in `/proc`.
fn me() -> Option<u32> {
    fs::metadata(Path::new("/proc/self")).ok().map(|meta| meta.uid())
}
