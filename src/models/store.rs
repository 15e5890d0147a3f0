use std::fs::{self, File};
use std::io;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Manifest, Model, ModelError, ModelFile};

/// The settings of the model store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder of the models, normally `$XDG_DATA_HOME/aloud/models`.
    pub dir: PathBuf,
    /// A mirror that is tried before all other sources: `MIRROR/MODEL/FILE`.
    pub mirror: Option<String>,
    /// The command that runs pip, normally `python3 -m pip`.
    pub pip: Vec<String>,
}

impl Settings {
    /// No mirror, the default pip, and models in `dir`.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        let pip = ["python3", "-m", "pip"].map(str::to_owned).to_vec();
        Self { dir: dir.into(), mirror: None, pip }
    }
}

/// The models on this machine's disk.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) settings: Settings,
    pub(super) manifest: Manifest,
}

/// The state of one file, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileState {
    /// Its contents match the manifest.
    Whole,
    /// It does not exist.
    Missing,
    /// An interrupted download that can be resumed.
    Part {
        /// Bytes so far.
        have: u64,
    },
    /// Its size is wrong.
    Cut {
        /// Bytes on disk.
        have: u64,
    },
    /// Its contents are wrong.
    WrongHash,
}

/// The state of a model's files together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All files are intact.
    Whole,
    /// No file exists.
    Missing,
    /// Some files, or parts of them, exist.
    Part,
    /// At least one file is damaged.
    Damaged,
    /// This model does not exist for this processor.
    NotForThisMachine,
}

/// One model with its state.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its files for this processor, each with its state.
    pub files: Vec<(&'a ModelFile, FileState)>,
}

impl Listing<'_> {
    /// The state of the files together.
    pub fn state(&self) -> State {
        if self.files.is_empty() {
            return State::NotForThisMachine;
        }
        let of = |wanted: fn(&FileState) -> bool| self.files.iter().filter(move |(_, s)| wanted(s));
        if of(|s| matches!(s, FileState::Cut { .. } | FileState::WrongHash)).count() > 0 {
            State::Damaged
        } else if of(|s| *s == FileState::Whole).count() == self.files.len() {
            State::Whole
        } else if of(|s| *s == FileState::Missing).count() == self.files.len() {
            State::Missing
        } else {
            State::Part
        }
    }
}

impl Store {
    /// The models in `settings.dir`, as named in this program's manifest. Does not access the disk.
    pub fn open(settings: Settings) -> Result<Self, ModelError> {
        Ok(Self { settings, manifest: Manifest::embedded()?.clone() })
    }

    /// As [`Store::open`], with another manifest.
    pub fn with_manifest(settings: Settings, manifest: Manifest) -> Self {
        Self { settings, manifest }
    }

    /// What can be in this store.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder of the models.
    pub fn dir(&self) -> &Path {
        &self.settings.dir
    }

    /// The folder of one model, whatever is in it.
    pub(super) fn model_dir(&self, model: &str) -> PathBuf {
        self.settings.dir.join(model)
    }

    /// The path of `file` of `model`, for an engine that is about to open it. The file is intact:
    /// its size and time are those at which its sha256 was last verified, or else the sha256 is
    /// computed now, which takes about 0.1 s for 30 MB.
    pub fn path(&self, model: &str, file: &str) -> Result<PathBuf, ModelError> {
        let known = self.manifest.model(model)?;
        let Some(wanted) = known.files_here().find(|f| f.name == file) else {
            return Err(if known.files.iter().any(|f| f.name == file) {
                ModelError::NotForThisMachine {
                    model: model.to_owned(),
                    arch: std::env::consts::ARCH,
                }
            } else {
                ModelError::Bug(format!("{model} has no file {file}"))
            });
        };
        let (model, file) = (model.to_owned(), file.to_owned());
        match self.file_state(known, wanted, Trust::Record)? {
            FileState::Whole => Ok(self.file_path(known, wanted)),
            FileState::Missing | FileState::Part { .. } => Err(ModelError::Missing { model, file }),
            FileState::Cut { have } => {
                Err(ModelError::Cut { model, file, have, want: wanted.bytes })
            }
            FileState::WrongHash => Err(ModelError::WrongHash { model, file }),
        }
    }

    /// The folder of `model` with all its files intact, for an engine that opens them all.
    pub fn folder(&self, model: &str) -> Result<PathBuf, ModelError> {
        let known = self.manifest.model(model)?;
        if known.files_here().next().is_none() {
            let arch = std::env::consts::ARCH;
            return Err(ModelError::NotForThisMachine { model: model.to_owned(), arch });
        }
        known.files_here().try_for_each(|file| self.path(model, &file.name).map(drop))?;
        Ok(self.model_dir(model))
    }

    /// Every model with its state. Only reads files that changed since they were last checked.
    pub fn list(&self) -> Result<Vec<Listing<'_>>, ModelError> {
        self.manifest.models.iter().map(|m| self.listing(m, Trust::Record)).collect()
    }

    /// Reads every byte of the installed models `names` (all if empty), and returns their state. A
    /// file that was never fetched is [`FileState::Missing`], which is not damage.
    pub fn verify(&self, names: &[String]) -> Result<Vec<Listing<'_>>, ModelError> {
        self.chosen(names)?.into_iter().map(|m| self.listing(m, Trust::Nothing)).collect()
    }

    /// Removes a model with all its files and parts; returns the bytes freed.
    pub fn remove(&self, name: &str) -> Result<u64, ModelError> {
        let dir = self.model_dir(&self.manifest.model(name)?.name);
        if !dir.exists() {
            return Ok(0);
        }
        let _lock = self.try_lock()?.ok_or_else(|| ModelError::Busy { dir: self.dir().into() })?;
        let entries = fs::read_dir(&dir).map_err(|e| ModelError::read(&dir, &e))?;
        let free = entries.flatten().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum();
        fs::remove_dir_all(&dir).map_err(|e| ModelError::write(&dir, 0, &e))?;
        Ok(free)
    }

    /// The models `names`, in the manifest's order; all for this processor if empty.
    pub(super) fn chosen(&self, names: &[String]) -> Result<Vec<&Model>, ModelError> {
        for name in names {
            self.manifest.model(name)?;
        }
        let all = self.manifest.models.iter();
        Ok(all
            .filter(|m| {
                if names.is_empty() {
                    m.files_here().next().is_some()
                } else {
                    names.contains(&m.name)
                }
            })
            .collect())
    }

    pub(super) fn file_path(&self, model: &Model, file: &ModelFile) -> PathBuf {
        self.model_dir(&model.name).join(&file.name)
    }

    pub(super) fn part_path(&self, model: &Model, file: &ModelFile) -> PathBuf {
        self.model_dir(&model.name).join(format!("{}.part", file.name))
    }

    fn record_path(&self, model: &Model, file: &ModelFile) -> PathBuf {
        self.model_dir(&model.name).join(format!(".{}.whole", file.name))
    }

    /// The lock on the folder, or `None` if it is taken. Dropping it releases it.
    pub(super) fn try_lock(&self) -> Result<Option<File>, ModelError> {
        fs::create_dir_all(self.dir()).map_err(|e| ModelError::write(self.dir(), 0, &e))?;
        let path = self.dir().join(".lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|e| ModelError::write(&path, 0, &e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(e)) => Err(ModelError::write(&path, 0, &e)),
        }
    }

    /// Moves a verified part into place, durably.
    pub(super) fn settle(
        &self,
        model: &Model,
        file: &ModelFile,
        part: &Path,
    ) -> Result<(), ModelError> {
        let path = self.file_path(model, file);
        let placed = fs::rename(part, &path).and_then(|()| {
            // The name itself is on disk only once the folder is synced.
            File::open(self.model_dir(&model.name))?.sync_all()?;
            fs::metadata(&path)
        });
        let meta = placed.map_err(|e| ModelError::write(&path, file.bytes, &e))?;
        drop(fs::remove_file(part.with_added_extension("from")));
        drop(fs::write(self.record_path(model, file), record(file, &meta)));
        Ok(())
    }

    fn listing<'a>(&self, model: &'a Model, trust: Trust) -> Result<Listing<'a>, ModelError> {
        let files = model.files_here();
        let files = files.map(|f| self.file_state(model, f, trust).map(|state| (f, state)));
        Ok(Listing { model, files: files.collect::<Result<_, _>>()? })
    }

    pub(super) fn file_state(
        &self,
        model: &Model,
        file: &ModelFile,
        trust: Trust,
    ) -> Result<FileState, ModelError> {
        let path = self.file_path(model, file);
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let part = fs::metadata(self.part_path(model, file));
                return Ok(match part {
                    Ok(part) => FileState::Part { have: part.len() },
                    Err(_) => FileState::Missing,
                });
            }
            Err(e) => return Err(ModelError::read(&path, &e)),
        };
        if meta.len() != file.bytes {
            return Ok(FileState::Cut { have: meta.len() });
        }
        let record_path = self.record_path(model, file);
        let record = record(file, &meta);
        if trust == Trust::Record && fs::read_to_string(&record_path).is_ok_and(|r| r == record) {
            return Ok(FileState::Whole);
        }
        if sha256(&path).map_err(|e| ModelError::read(&path, &e))? != file.sha256 {
            // The record is removed first, so that nobody trusts it from now on.
            drop(fs::remove_file(&record_path));
            return Ok(FileState::WrongHash);
        }
        // A folder that cannot be written (a system's, a mirror's) costs a check at each use.
        drop(fs::write(&record_path, record));
        Ok(FileState::Whole)
    }
}

/// What a check trusts without reading the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The record of an earlier check, if size and time are unchanged.
    Record,
    /// Nothing.
    Nothing,
}

/// The lower-case sha256 of a file.
pub(super) fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => break,
            n => hash.update(&block[..n]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What is recorded for an intact file. Includes the inode's change time, because a copy or a
/// `touch` can reset the modification time, but not that.
fn record(file: &ModelFile, meta: &fs::Metadata) -> String {
    let (sha256, bytes) = (&file.sha256, file.bytes);
    format!("{sha256} {bytes} {}.{:09}\n", meta.ctime(), meta.ctime_nsec())
}
