//! The book's file: read, set aside when broken, written so that it is whole at any moment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::Entry;
use super::page::Page;
use super::ring::Rang;

/// The version of the format below.
const VERSION: u64 = 1;

/// Upper bound for the file's size in bytes; a larger one is not ours.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// How often to try the lock, and the wait in between. A holder needs milliseconds, so two seconds
/// mean that it hangs.
const LOCK_TRIES: u32 = 200;
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// What changes when the file does: its inode (a rename gives a new one), time and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64, i64, i64, u64);

#[derive(Serialize)]
struct Written<'a> {
    version: u64,
    entries: &'a [Entry],
    rang: &'a [Rang],
    missed: &'a [Rang],
    names: &'a [String],
}

#[derive(Deserialize)]
struct Whole {
    version: u64,
    entries: Vec<Entry>,
    #[serde(default)]
    rang: Vec<Rang>,
    #[serde(default)]
    missed: Vec<Rang>,
    #[serde(default)]
    names: Vec<String>,
}

/// The contents found on disk.
pub(super) struct Found {
    pub(super) page: Page,
    pub(super) stamp: Option<Stamp>,
    /// What the user must be told: the file was broken and is kept aside.
    pub(super) trouble: Option<String>,
}

/// The stamp of the file at `path`; `None` if there is none.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some(Stamp(meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()))
}

/// Takes the lock shared by all writers of `path`. It is on a file beside it, because the file
/// itself is replaced. The lock ends with the returned handle, even if the program is killed.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, "lock"))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "another aloud program is holding it"))
}

/// The lock of the one program that rings the entries of `path`; `None` while another one holds it.
pub(super) fn lock_bell(path: &Path) -> io::Result<Option<File>> {
    let name = beside(path, "bell");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(name)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Reads the file. A missing one is an empty book. A broken one is renamed, so that nothing in it
/// is lost, and what is still readable is taken over.
///
/// # Errors
/// When it cannot be read or set aside: then it must not be written either.
pub(super) fn read(path: &Path) -> io::Result<Found> {
    // The stamp is taken first, so that a change in between is seen at the next check.
    let stamp = stamp(path);
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Found { page: Page::default(), stamp: None, trouble: None });
        }
        Err(error) => return Err(error),
    };
    let whole = serde_json::from_slice::<Whole>(&bytes).ok();
    if let Some(whole) = whole.filter(|whole| whole.version == VERSION) {
        let page = Page {
            entries: whole.entries,
            rang: whole.rang,
            missed: whole.missed,
            names: whole.names,
        };
        return Ok(Found { page, stamp, trouble: None });
    }
    let page = Page { entries: salvage(&bytes), ..Page::default() };
    let aside = set_aside(path)?;
    let kept = match page.entries.len() {
        0 => "none of its timers and alarms could be read".to_owned(),
        1 => "one of its entries could still be read and is kept".to_owned(),
        n => format!("{n} of its entries could still be read and are kept"),
    };
    let trouble = format!(
        "the timers file {} is broken: {kept}; it was moved to {}, look there for the rest",
        path.display(),
        aside.display()
    );
    Ok(Found { page, stamp: None, trouble: Some(trouble) })
}

/// Writes the file: a new one beside it, flushed to disk, then renamed over it.
pub(super) fn write(path: &Path, page: &Page) -> io::Result<Option<Stamp>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let written = Written {
        version: VERSION,
        entries: &page.entries,
        rang: &page.rang,
        missed: &page.missed,
        names: &page.names,
    };
    let mut text = serde_json::to_vec_pretty(&written)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself is on disk only once the folder is synced.
    File::open(folder)?.sync_all()?;
    Ok(stamp(path))
}

/// The readable entries of a broken file.
fn salvage(bytes: &[u8]) -> Vec<Entry> {
    let Ok(Value::Object(mut all)) = serde_json::from_slice(bytes) else { return Vec::new() };
    let Some(Value::Array(entries)) = all.remove("entries") else { return Vec::new() };
    entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
}

/// Renames the file to `.bad`, `.bad.1`, … whichever is free.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut aside = beside(path, "bad");
    let mut number = 0;
    while aside.symlink_metadata().is_ok() {
        number += 1;
        aside = beside(path, &format!("bad.{number}"));
    }
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
