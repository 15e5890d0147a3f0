//! The book of timers and alarms: what will ring, kept on disk.
//!
//! ```text
//! set_timer ─▶ Book ─▶ timers.json ◀─ Book (another program)
//!                └──▶ rings() ─▶ Ring::say ─▶ the speaker
//! ```
//!
//! **Invariant:** a change is on disk before the tool says that it is done, or the tool says that
//! it could not be saved. The file is whole at any moment: it is only ever replaced.
//! **Invariant:** several programs may share the file. Each change is made to the newest file,
//! under a lock; each entry rings in one program only, the one that takes it first.
//! **Invariant:** nothing is lost in silence. A broken file is kept aside, a change that could not
//! be saved stays in memory and is tried again, what ran out while nothing was running is told.
//! Absent on purpose: sound, and a clock of its own; [`Book::rings`] gets one handed in.

mod entry;
mod file;
mod ring;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use entry::{Days, Entry, EntryId, What};
pub use ring::{Ring, RingKind};

use crate::base::{Flow, WallClock};

/// The most timers and alarms that a book holds; the next one is refused in words.
pub const MAX_ENTRIES: usize = 200;

/// The most changes that wait to be saved; beyond it the oldest is given up. Far more than anyone
/// speaks while a disk is full.
const MAX_UNSAVED: usize = 1_000;

/// How long a ring counts as the one that is heard now, so that "stop the timer" means it.
const RINGING: SignedDuration = SignedDuration::from_secs(120);

/// The longest time between two looks at the file and the clock. The wall clock may be set and
/// another program may add a timer, so it is not enough to sleep until the next one is due.
const LOOK: Duration = Duration::from_secs(1);

/// The timers and alarms. Cheap to clone; all clones are one book.
#[derive(Clone, Debug)]
pub struct Book {
    path: Option<Arc<Path>>,
    zone: TimeZone,
    state: Arc<Mutex<State>>,
}

/// What stands in the file.
#[derive(Clone, Debug, Default, PartialEq)]
struct Page {
    entries: Vec<Entry>,
    /// What rang in the last [`RINGING`] seconds.
    rang: Vec<Rang>,
}

/// Something that rang a moment ago.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rang {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(flatten)]
    pub(super) what: RingKind,
    pub(super) at: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    /// The file as last seen, with the unsaved changes made to it.
    page: Page,
    /// Changes that are not on disk, oldest first.
    unsaved: Vec<Change>,
    stamp: Option<file::Stamp>,
    /// Why the file could not be read or saved last, so that it is logged once and not each second.
    failing: Option<String>,
    trouble: Vec<String>,
}

/// One change to a page. Kept as such, so that it can be made again to a newer file.
#[derive(Clone, Debug)]
enum Change {
    Put(Entry),
    Remove(EntryId),
    Rang(Rang),
    /// What rang has been answered: it is no longer the one that is meant.
    Hushed,
}

/// How well a change is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// On disk.
    Yes,
    /// Only in this program's memory, for this reason.
    No(String),
}

impl Book {
    /// The book in the file at `path`; the file and its folder are made at the first change.
    /// Alarms ring by the clock in `zone`.
    ///
    /// Never fails: what is wrong is told by [`Book::take_trouble`], and the book then lives in
    /// memory until the file can be read and written.
    pub fn open(path: &Path, zone: TimeZone) -> Self {
        let book =
            Self { path: Some(path.into()), zone, state: Arc::new(Mutex::new(State::default())) };
        book.reload();
        book
    }

    /// A book without a file, for tests and trials.
    pub fn in_memory(zone: TimeZone) -> Self {
        Self { path: None, zone, state: Arc::new(Mutex::new(State::default())) }
    }

    /// What the user should be told of the file, each thing once: sentences with the next step.
    pub fn take_trouble(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().trouble)
    }

    /// The zone by which alarms ring.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The entries, the next to ring first.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = self.lock().page.entries.clone();
        entries.sort_by_key(|entry| (entry.due(&self.zone), entry.id));
        entries
    }

    /// When something rings next. May lie in the past, when it is due and not yet taken.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.lock().page.entries.iter().filter_map(|entry| entry.due(&self.zone)).min()
    }

    /// Takes all that is due at `now`, oldest first. Timers and single alarms leave the book,
    /// recurring alarms wait for their next time; of several that were missed only the last rings.
    pub fn take_due(&self, now: Timestamp) -> Vec<Ring> {
        let (rings, _) = self.change(|page| {
            let mut rings = Vec::new();
            let mut changes = Vec::new();
            for entry in &page.entries {
                let Some(due) = entry.last_due(now, &self.zone) else { continue };
                match entry.what {
                    What::Alarm { time, days, .. } if days.recurs() => {
                        let what = What::Alarm { time, days, since: now };
                        changes.push(Change::Put(Entry { what, ..entry.clone() }));
                    }
                    What::Alarm { .. } | What::Timer { .. } => {
                        changes.push(Change::Remove(entry.id));
                    }
                }
                let ring = Ring::new(entry.clone(), due, now, &self.zone);
                changes.push(Change::Rang(Rang {
                    label: ring.label.clone(),
                    what: ring.kind,
                    at: now,
                }));
                rings.push(ring);
            }
            rings.sort_by_key(|ring| (ring.due, ring.entry.id));
            (rings, changes)
        });
        rings
    }

    /// Puts back what was taken but could not be rung, so that it is due again.
    pub fn put_back(&self, ring: Ring) {
        self.change(|_| ((), vec![Change::Hushed, Change::Put(ring.entry)]));
    }

    /// Takes over what another program has written, and tries again to save what could not be
    /// saved. Costs one look at the file's time when there is neither. True when it has read.
    pub fn reload_if_changed(&self) -> bool {
        let changed = self.is_outdated();
        if changed {
            self.reload();
        }
        changed
    }

    /// Everything that rings from now on, as it does. Looks each second at the latest, so a timer
    /// that another program sets is heard as well. Never ends; poll it for as long as it is kept.
    pub fn rings(&self, wall: WallClock) -> Flow<Ring> {
        let book = self.clone();
        Box::pin(async_stream::stream! {
            loop {
                let now = wall.now();
                if book.is_outdated() || book.next_due().is_some_and(|due| due <= now) {
                    let book = book.clone();
                    // Reading and flushing a file has no place on the async threads.
                    let work = tokio::task::spawn_blocking(move || {
                        book.reload_if_changed();
                        book.take_due(now)
                    });
                    for ring in work.await.unwrap_or_default() {
                        yield ring;
                    }
                }
                let wait = book.next_due().map_or(LOOK, |due| {
                    let wait = due.duration_since(wall.now());
                    Duration::try_from(wait).unwrap_or(Duration::ZERO).min(LOOK)
                });
                // Not shorter than a tick, so that a book that cannot be saved does not spin.
                tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
            }
        })
    }

    /// What rang in the last two minutes, and was not answered, newest first.
    pub(super) fn ringing(&self, now: Timestamp) -> Vec<Rang> {
        let mut rang = self.lock().page.rang.clone();
        rang.retain(|rang| now.duration_since(rang.at).abs() <= RINGING);
        rang.reverse();
        rang
    }

    /// Says that what rang was heard.
    pub(super) fn hush(&self) {
        self.change(|_| ((), vec![Change::Hushed]));
    }

    /// Adds an entry. `Err` when the book is full.
    pub(super) fn add(
        &self,
        label: Option<String>,
        now: Timestamp,
        what: What,
    ) -> Result<(Entry, Saved), Full> {
        let (entry, saved) = self.change(|page| {
            if page.entries.len() >= MAX_ENTRIES {
                return (None, Vec::new());
            }
            let mut id = EntryId(now.as_microsecond());
            while page.entries.iter().any(|entry| entry.id == id) {
                id.0 += 1;
            }
            let entry = Entry { id, label, set: now, what };
            (Some(entry.clone()), vec![Change::Put(entry)])
        });
        entry.map(|entry| (entry, saved)).ok_or(Full)
    }

    /// Removes the entries that `choose` picks from the newest book; gives them back.
    pub(super) fn remove(
        &self,
        choose: impl FnOnce(&[Entry]) -> Vec<EntryId>,
    ) -> (Vec<Entry>, Saved) {
        self.change(|page| {
            let ids = choose(&page.entries);
            let gone = page.entries.iter().filter(|entry| ids.contains(&entry.id)).cloned();
            (gone.collect(), ids.into_iter().map(Change::Remove).collect())
        })
    }

    /// Makes the changes that `decide` asks for, given the newest page, and saves them.
    fn change<T>(&self, decide: impl FnOnce(&Page) -> (T, Vec<Change>)) -> (T, Saved) {
        let mut state = self.lock();
        let held = match &self.path {
            Some(path) => state.take_up(path).map(Some),
            None => Ok(None),
        };
        let (answer, changes) = decide(&state.page);
        if changes.is_empty() {
            return (answer, Saved::Yes);
        }
        for change in &changes {
            change.make(&mut state.page);
        }
        let Some(path) = &self.path else { return (answer, Saved::Yes) };
        changes.into_iter().for_each(|change| state.note(change));
        let result = held.and_then(|_held| {
            state.stamp = file::write(path, &state.page)?;
            Ok(())
        });
        (answer, state.settle(path, result))
    }

    /// Reads the file anew, and saves what is unsaved.
    fn reload(&self) {
        let Some(path) = &self.path else { return };
        let mut state = self.lock();
        // No lock and no folder is made only to find that there is nothing to read.
        if state.unsaved.is_empty() && file::stamp(path).is_none() {
            state.page = Page::default();
            state.stamp = None;
            return;
        }
        let result = state.take_up(path).and_then(|_held| {
            if !state.unsaved.is_empty() {
                state.stamp = file::write(path, &state.page)?;
            }
            Ok(())
        });
        state.settle(path, result);
    }

    fn is_outdated(&self) -> bool {
        let Some(path) = &self.path else { return false };
        let state = self.lock();
        !state.unsaved.is_empty() || state.stamp != file::stamp(path)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A page is replaced as a whole, so it is sound even after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The book holds [`MAX_ENTRIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl State {
    /// The lock and the newest page. Where there is no lock to be had (a folder that cannot be
    /// written) the page is read all the same: the file is whole at any moment.
    fn take_up(&mut self, path: &Path) -> io::Result<std::fs::File> {
        let held = file::lock(path);
        self.refresh(path)?;
        held
    }

    /// Takes over the file when it has changed, and makes the unsaved changes to it again.
    fn refresh(&mut self, path: &Path) -> io::Result<()> {
        if self.stamp.is_some() && self.stamp == file::stamp(path) {
            return Ok(());
        }
        let found = file::read(path)?;
        let broken = found.trouble.is_some();
        if let Some(trouble) = found.trouble {
            tracing::warn!("{trouble}");
            self.trouble.push(trouble);
            // The broken file may hold less than is known here. What is known is not given up.
            let mut kept = found.page;
            for entry in self.page.entries.drain(..) {
                if kept.entries.iter().all(|other| other.id != entry.id) {
                    kept.entries.push(entry);
                }
            }
            kept.entries.iter().cloned().for_each(|entry| self.note(Change::Put(entry)));
            self.page = kept;
        } else {
            self.page = found.page;
        }
        self.stamp = found.stamp;
        if !broken {
            for change in &self.unsaved {
                change.make(&mut self.page);
            }
        }
        Ok(())
    }

    /// Keeps a change until it is saved. Only the last one to each entry counts.
    fn note(&mut self, change: Change) {
        let id = change.entry();
        self.unsaved.retain(|old| match (old.entry(), id) {
            (Some(old), Some(id)) => old != id,
            (None, Some(_)) => true,
            // Of what rang a moment ago a few are enough.
            (old, None) => old.is_some() || matches!(change, Change::Rang(_)),
        });
        if self.unsaved.len() >= MAX_UNSAVED {
            self.unsaved.remove(0);
        }
        self.unsaved.push(change);
    }

    /// Notes how saving went.
    fn settle(&mut self, path: &Path, result: io::Result<()>) -> Saved {
        match result {
            Ok(()) => {
                self.unsaved.clear();
                self.failing = None;
                Saved::Yes
            }
            Err(error) => {
                let reason = reason(&error);
                if self.failing.as_ref() != Some(&reason) {
                    let trouble = format!(
                        "the timers file {} cannot be used: {reason}; timers are kept in memory until it can",
                        path.display()
                    );
                    tracing::warn!("{trouble}");
                    self.trouble.push(trouble);
                    self.failing = Some(reason.clone());
                }
                Saved::No(reason)
            }
        }
    }
}

impl Change {
    fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Put(entry) => Some(entry.id),
            Self::Remove(id) => Some(*id),
            Self::Rang(_) | Self::Hushed => None,
        }
    }

    fn make(&self, page: &mut Page) {
        match self {
            Self::Put(entry) => match page.entries.iter_mut().find(|old| old.id == entry.id) {
                Some(old) => *old = entry.clone(),
                None => page.entries.push(entry.clone()),
            },
            Self::Remove(id) => page.entries.retain(|entry| entry.id != *id),
            Self::Rang(rang) => {
                page.rang.retain(|old| rang.at.duration_since(old.at).abs() <= RINGING);
                page.rang.push(rang.clone());
            }
            Self::Hushed => page.rang.clear(),
        }
    }
}

/// Why a file could not be used, for the ear.
fn reason(error: &io::Error) -> String {
    use io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, TimedOut,
    };
    let kind = error.kind();
    if matches!(kind, StorageFull | QuotaExceeded) {
        "the disk is full".into()
    } else if matches!(kind, PermissionDenied | ReadOnlyFilesystem) {
        "the state folder is not writable".into()
    } else if kind == TimedOut {
        "another aloud program is holding it".into()
    } else {
        error.to_string()
    }
}

/// The default place of the book below the state folder `$XDG_STATE_HOME`.
pub fn default_path(state_home: &Path) -> PathBuf {
    state_home.join("aloud").join("timers.json")
}
