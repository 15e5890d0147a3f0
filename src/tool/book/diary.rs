//! The book as its owner holds it: the page, the file, the clocks. Everything that waits for a disk
//! is in here, so this lives on a thread of its own.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, EntryId, Now, What};
use super::file;
use super::page::{Change, Page};
use super::ring::{Rang, Ring};
use super::{Full, MAX_ENTRIES, Saved, View};
use crate::base::{BootMoment, LocalZone, WallClock};

/// The most changes that wait to be saved; beyond that the oldest is given up. Far more than anyone
/// makes by voice while a disk is full.
const MAX_UNSAVED: usize = 1_000;

/// The longest time between two checks of the file and the clocks. The wall clock may be set and
/// another program may add a timer, so sleeping until the next due time is not enough.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// The shortest one, so that a book that cannot be saved does not spin.
const TICK: Duration = Duration::from_millis(1);

/// A wall clock that moves against the boot clock by more than this was set: microseconds.
const SET: i64 = 500_000;

/// How long alarms wait after the wall clock was set: a clock set wrongly is often set back at
/// once. Microseconds.
const GRACE: u64 = 10_000_000;

/// A change below this is a correction of a slow or fast clock: microseconds.
const GRACE_FROM: i64 = 60_000_000;

/// The timers and alarms with everything that belongs to them.
#[derive(Debug)]
pub(crate) struct Diary {
    path: Option<PathBuf>,
    wall: WallClock,
    zone: LocalZone,
    /// The file as last read, with the unsaved changes applied.
    page: Page,
    /// Changes that are not on disk yet, oldest first.
    unsaved: Vec<Change>,
    stamp: Option<file::Stamp>,
    /// Why the last read or save failed, so that it is logged once and not every second.
    failing: Option<String>,
    /// Why the last read failed.
    unreadable: Option<String>,
    /// What the user has yet to be told; see [`View::news`].
    trouble: Vec<String>,
    /// The clocks at the last check.
    looked: Option<(Timestamp, BootMoment)>,
    /// The wall clock was just set, and may be set back.
    grace: Option<Grace>,
    bell: Bell,
}

/// A clock that was set; alarms wait before they follow it.
#[derive(Clone, Copy, Debug)]
struct Grace {
    /// By how much, in microseconds; forward is positive.
    net: i64,
    /// When it takes effect.
    until: BootMoment,
}

/// Whether this program rings what is due.
#[derive(Debug)]
enum Bell {
    /// It does not.
    No,
    /// It would, but another program that shares the file does.
    Waits,
    /// It does. With a file it holds a lock, which ends with the program however that ends.
    Rings { _lock: Option<File> },
}

impl Diary {
    pub(super) fn new(path: Option<PathBuf>, wall: WallClock, zone: LocalZone) -> Self {
        Self {
            path,
            wall,
            zone,
            page: Page::default(),
            unsaved: Vec::new(),
            stamp: None,
            failing: None,
            unreadable: None,
            trouble: Vec::new(),
            looked: None,
            grace: None,
            bell: Bell::No,
        }
    }

    /// Continues from another program's state, as if through the file.
    #[cfg(test)]
    pub(super) fn take_over(&mut self, before: &Self) {
        self.page = before.page.clone();
    }

    /// Both clocks and the zone.
    pub(crate) fn now(&self) -> Now {
        let (wall, boot) = self.wall.both();
        Now { wall, boot, zone: self.zone.get() }
    }

    /// From now on this program rings what is due, unless another one does.
    pub(super) fn ring_here(&mut self) {
        if matches!(self.bell, Bell::No) {
            self.bell = Bell::Waits;
        }
    }

    /// Checks what changes by itself: the file, the zone, the clocks.
    pub(super) fn look(&mut self) {
        self.zone.look();
        let now = self.now();
        if self.is_outdated() {
            self.reload();
        }
        self.follow_clock(&now);
        if matches!(self.bell, Bell::Waits) && !self.page.ringing(&now).is_empty() {
            match self.path.as_deref().map(file::lock_bell) {
                None => self.bell = Bell::Rings { _lock: None },
                Some(Ok(Some(lock))) => self.bell = Bell::Rings { _lock: Some(lock) },
                // Another program rings.
                Some(Ok(None)) => {}
                // Better that two ring than none.
                Some(Err(_)) => self.bell = Bell::Rings { _lock: None },
            }
        }
    }

    /// The current state, for those who must not wait.
    pub(super) fn view(&self) -> View {
        let now = self.now();
        let ringing = match self.bell {
            Bell::Rings { .. } => self.ringing(&now),
            Bell::No | Bell::Waits => Vec::new(),
        };
        View {
            entries: self.page.sorted(&now),
            ringing,
            missed: self.page.missed.clone(),
            trouble: self.failing.clone(),
            news: self.trouble.clone(),
        }
    }

    /// How long until the next check, at most [`LOOK`].
    pub(super) fn wait(&self) -> Duration {
        let now = self.now();
        let next = self.page.entries.iter().filter_map(|entry| entry.due(&now));
        // Anything already ringing is known; the next one counts.
        let next = next.filter(|due| *due > now.wall).min();
        next.map_or(LOOK, |due| {
            Duration::try_from(due.duration_since(now.wall)).unwrap_or(LOOK).clamp(TICK, LOOK)
        })
    }

    /// The entries, next to ring first, paused ones last.
    pub(crate) fn entries(&self, now: &Now) -> Vec<Entry> {
        self.page.sorted(now)
    }

    /// What rings now, whoever rings it, longest due first.
    pub(crate) fn ringing(&self, now: &Now) -> Vec<Ring> {
        let mut rings = self.page.ringing(now);
        if let Some(Grace { net, .. }) = self.grace.filter(|grace| grace.net > 0)
            && let Ok(before) = now.wall.checked_sub(SignedDuration::from_micros(net))
        {
            let alarm = |id: EntryId| {
                let entry = self.page.entries.iter().find(|entry| entry.id == id);
                entry.is_some_and(|entry| matches!(entry.what, What::Alarm { .. }))
            };
            rings.retain(|ring| ring.due <= before || !alarm(ring.id));
        }
        rings
    }

    /// What was answered in the last two minutes, newest first.
    pub(crate) fn rang(&self, now: &Now) -> Vec<Rang> {
        self.page.rang(now)
    }

    /// Whether the user has used the timer name `name` before.
    pub(crate) fn has_named(&self, name: &str) -> bool {
        self.page.names.iter().any(|old| old.to_lowercase() == name.to_lowercase())
    }

    /// Why the file cannot be read, if it cannot.
    pub(crate) fn unreadable(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    /// Keeps a problem for the user.
    pub(super) fn trouble(&mut self, message: String) {
        tracing::warn!("{message}");
        self.trouble.push(message);
    }

    /// The user was told the first `count` problems with the file.
    pub(super) fn noted(&mut self, count: usize) {
        self.trouble.drain(..count.min(self.trouble.len()));
    }

    /// Ends the rings of `ids`: answered, or unanswered for their full time.
    pub(crate) fn end(&mut self, ids: &[EntryId], answered: bool, now: &Now) -> Saved {
        self.change(|page| ((), page.end(ids, answered, now))).1
    }

    /// The last ring is over for good: "the timer" means another one from now on.
    pub(crate) fn hush(&mut self) -> Saved {
        self.change(|_| ((), vec![Change::Hushed])).1
    }

    /// The user was told about these missed rings.
    pub(crate) fn told(&mut self, missed: Vec<Rang>) -> Saved {
        self.change(|_| ((), vec![Change::Told(missed)])).1
    }

    /// Adds a timer or an alarm.
    ///
    /// # Errors
    /// When the book is full.
    pub(crate) fn add(
        &mut self,
        label: Option<String>,
        now: &Now,
        what: What,
    ) -> Result<(Entry, Saved), Full> {
        self.put(|page| new_entry(page, label, now, what))
    }

    /// Adds a reminder of `about`.
    ///
    /// # Errors
    /// When the book is full.
    pub(crate) fn remind(
        &mut self,
        about: String,
        now: &Now,
        what: What,
    ) -> Result<(Entry, Saved), Full> {
        self.put(|page| {
            let entry = new_entry(page, Some(about), now, what)?;
            Some(Entry { reminder: true, ..entry })
        })
    }

    fn put(&mut self, make: impl FnOnce(&Page) -> Option<Entry>) -> Result<(Entry, Saved), Full> {
        let (entry, saved) = self.change(|page| match make(page) {
            Some(entry) => {
                let name = entry.label.clone().filter(|_| entry.is_timer());
                let mut changes = vec![Change::Put(entry.clone())];
                changes.extend(name.map(Change::Named));
                (Some(entry), changes)
            }
            None => (None, Vec::new()),
        });
        entry.map(|entry| (entry, saved)).ok_or(Full)
    }

    /// Removes the entries that `choose` picks from the newest book, and returns them.
    pub(crate) fn remove(
        &mut self,
        choose: impl FnOnce(&[Entry]) -> Vec<EntryId>,
    ) -> (Vec<Entry>, Saved) {
        self.change(|page| {
            let ids = choose(&page.entries);
            let gone = page.entries.iter().filter(|entry| ids.contains(&entry.id)).cloned();
            (gone.collect(), ids.into_iter().map(Change::Remove).collect())
        })
    }

    /// Replaces the entry `new.id`, if it still exists.
    pub(crate) fn replace(&mut self, new: Entry) -> (bool, Saved) {
        self.change(|page| {
            let there = page.entries.iter().any(|entry| entry.id == new.id);
            (there, if there { vec![Change::Put(new)] } else { Vec::new() })
        })
    }

    /// Applies the changes that `decide` requests, given the newest page, and saves them.
    fn change<T>(&mut self, decide: impl FnOnce(&Page) -> (T, Vec<Change>)) -> (T, Saved) {
        let held = match self.path.clone() {
            Some(path) => self.take_up(&path).map(Some),
            None => Ok(None),
        };
        let (answer, changes) = decide(&self.page);
        if changes.is_empty() {
            return (answer, Saved::Yes);
        }
        for change in &changes {
            change.make(&mut self.page);
        }
        let Some(path) = self.path.clone() else { return (answer, Saved::Yes) };
        changes.into_iter().for_each(|change| self.note(change));
        let result = held.and_then(|_held| {
            self.stamp = file::write(&path, &self.page)?;
            Ok(())
        });
        (answer, self.settle(&path, result))
    }

    /// Detects that the wall clock was set, by comparing it with the boot clock.
    fn follow_clock(&mut self, now: &Now) {
        let before = self.looked.replace((now.wall, now.boot));
        let Some((wall, boot)) = before else { return self.adjust(now, None) };
        let Some(passed) = boot.until(now.boot) else { return };
        let shift = now.wall.as_microsecond() - wall.as_microsecond() - passed;
        if shift.abs() > SET {
            tracing::info!("the clock was set by {} s", shift / 1_000_000);
            let net = self.grace.map_or(0, |grace| grace.net) + shift;
            if net.abs() > GRACE_FROM {
                self.grace = Some(Grace { net, until: now.boot.plus(GRACE) });
            } else {
                // A small correction, or set back to where it was.
                self.grace = None;
                self.adjust(now, Some(net));
            }
        }
        if let Some(Grace { net, until }) = self.grace
            && now.boot.until(until).is_none_or(|left| left <= 0)
        {
            self.grace = None;
            self.adjust(now, Some(net));
        }
    }

    fn adjust(&mut self, now: &Now, shift: Option<i64>) {
        let moved = |entry: &Entry| entry.after_clock_change(now, shift);
        if self.page.entries.iter().any(|entry| moved(entry).is_some()) {
            self.change(|page| {
                ((), page.entries.iter().filter_map(moved).map(Change::Put).collect())
            });
        }
    }

    /// Reads the file again, and saves unsaved changes.
    fn reload(&mut self) {
        let Some(path) = self.path.clone() else { return };
        if self.unsaved.is_empty() {
            // The file is whole at any moment: a mere reader needs no lock.
            let result = self.refresh(&path);
            // What was salvaged of a broken file goes into a new one.
            if result.is_err() || self.unsaved.is_empty() {
                self.settle(&path, result);
                return;
            }
        }
        let result = self.take_up(&path).and_then(|_held| {
            self.stamp = file::write(&path, &self.page)?;
            Ok(())
        });
        self.settle(&path, result);
    }

    fn is_outdated(&self) -> bool {
        let Some(path) = &self.path else { return false };
        !self.unsaved.is_empty() || self.unreadable.is_some() || self.stamp != file::stamp(path)
    }

    /// The lock and the newest page. If the lock cannot be taken (a folder that is not writable)
    /// the page is read all the same: the file is whole at any moment.
    fn take_up(&mut self, path: &Path) -> io::Result<File> {
        let held = file::lock(path);
        self.refresh(path)?;
        held
    }

    /// Rereads the file if it has changed, and reapplies the unsaved changes.
    fn refresh(&mut self, path: &Path) -> io::Result<()> {
        if self.stamp.is_some() && self.stamp == file::stamp(path) && self.unreadable.is_none() {
            return Ok(());
        }
        let found = match file::read(path) {
            Ok(found) => found,
            Err(error) => {
                self.unreadable = Some(reason(&error));
                return Err(error);
            }
        };
        self.unreadable = None;
        let broken = found.trouble.is_some();
        if let Some(trouble) = found.trouble {
            tracing::warn!("{trouble}");
            self.trouble.push(trouble);
            // The broken file may contain less than is known here. What is known is not given up.
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
        self.unsaved.retain(|old| old.entry().is_none() || old.entry() != id);
        if self.unsaved.len() >= MAX_UNSAVED {
            self.unsaved.remove(0);
        }
        self.unsaved.push(change);
    }

    /// Records the result of saving.
    fn settle(&mut self, path: &Path, result: io::Result<()>) -> Saved {
        match result {
            Ok(()) => {
                self.unsaved.clear();
                self.failing = None;
                Saved::Yes
            }
            Err(error) => {
                let reason = reason(&error);
                let trouble = match &self.unreadable {
                    Some(_) => format!(
                        "the timers file {} cannot be read: {reason}; what is set in it does not ring",
                        path.display()
                    ),
                    None => format!(
                        "the timers file {} cannot be saved: {reason}; timers are kept in memory until it can",
                        path.display()
                    ),
                };
                if self.failing.as_ref() != Some(&trouble) {
                    tracing::warn!("{trouble}");
                    self.trouble.push(trouble.clone());
                    self.failing = Some(trouble);
                }
                Saved::No(reason)
            }
        }
    }
}

/// An entry with an id of its own; `None` if the book is full.
fn new_entry(page: &Page, label: Option<String>, now: &Now, what: What) -> Option<Entry> {
    if page.entries.len() >= MAX_ENTRIES {
        return None;
    }
    let taken = |id: EntryId| {
        page.entries.iter().any(|entry| entry.id == id) || page.rang.iter().any(|r| r.id == id)
    };
    // Later ones have greater ids, whatever the wall clock does.
    let newest = page.entries.iter().map(|entry| entry.id.0 + 1).max().unwrap_or(i64::MIN);
    let mut id = EntryId(now.wall.as_microsecond().max(newest));
    while taken(id) {
        id.0 += 1;
    }
    Some(Entry { id, label, reminder: false, set: now.wall, what })
}

/// Why a file could not be used, as spoken text.
fn reason(error: &io::Error) -> String {
    use io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, TimedOut,
    };
    let kind = error.kind();
    if matches!(kind, StorageFull | QuotaExceeded) {
        "the disk is full".into()
    } else if matches!(kind, PermissionDenied | ReadOnlyFilesystem) {
        "aloud may not use it".into()
    } else if kind == TimedOut {
        "another program holds its lock".into()
    } else {
        error.to_string()
    }
}
