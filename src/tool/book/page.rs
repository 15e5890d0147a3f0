//! The contents of the book's file, and the changes to it. Pure.

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, EntryId, Now};
use super::ring::{Rang, Ring};

/// How long after a ring one can still refer to it: "stop the timer", "snooze".
const LATELY: SignedDuration = SignedDuration::from_secs(120);

/// The most missed rings kept; nobody listens to a longer list.
const MAX_MISSED: usize = 20;

/// How many timer names are remembered.
const MAX_NAMES: usize = 100;

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Rings answered within [`LATELY`].
    pub(super) rang: Vec<Rang>,
    /// Unanswered rings that the user was not told about yet.
    pub(super) missed: Vec<Rang>,
    /// Names that the user has given timers, latest last.
    pub(super) names: Vec<String>,
}

/// One change to a page, so that it can be reapplied to a newer file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// An entry is new or different.
    Put(Entry),
    /// An entry is gone.
    Remove(EntryId),
    /// A ring was answered.
    Answered(Rang),
    /// Nobody answered a ring.
    Missed(Rang),
    /// "The timer" no longer means the last ring.
    Hushed,
    /// The user was told about these.
    Told(Vec<Rang>),
    /// The user gave a timer this name.
    Named(String),
}

impl Change {
    /// The entry that it is about.
    pub(super) fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Put(entry) => Some(entry.id),
            Self::Remove(id) => Some(*id),
            Self::Answered(_) | Self::Missed(_) | Self::Hushed | Self::Told(_) | Self::Named(_) => {
                None
            }
        }
    }

    pub(super) fn make(&self, page: &mut Page) {
        match self {
            Self::Put(entry) => match page.entries.iter_mut().find(|old| old.id == entry.id) {
                Some(old) => *old = entry.clone(),
                None => page.entries.push(entry.clone()),
            },
            Self::Remove(id) => page.entries.retain(|entry| entry.id != *id),
            Self::Answered(rang) => {
                page.rang.retain(|old| lately(old, rang.at) && old.id != rang.id);
                page.rang.push(rang.clone());
            }
            Self::Missed(rang) => {
                page.missed.retain(|old| old != rang);
                if page.missed.len() >= MAX_MISSED {
                    page.missed.remove(0);
                }
                page.missed.push(rang.clone());
            }
            Self::Hushed => page.rang.clear(),
            Self::Told(told) => page.missed.retain(|missed| !told.contains(missed)),
            Self::Named(name) => {
                page.names.retain(|old| old != name);
                if page.names.len() >= MAX_NAMES {
                    page.names.remove(0);
                }
                page.names.push(name.clone());
            }
        }
    }
}

impl Page {
    /// The entries, next to ring first, paused ones last.
    pub(super) fn sorted(&self, now: &Now) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        entries.sort_by_key(|entry| {
            let due = entry.due(now);
            (due.is_none(), due, entry.id)
        });
        entries
    }

    /// What rings now, longest due first.
    pub(super) fn ringing(&self, now: &Now) -> Vec<Ring> {
        let mut rings: Vec<Ring> =
            self.entries.iter().filter_map(|entry| Ring::of(entry, now)).collect();
        rings.sort_by_key(|ring| (ring.due, ring.id));
        rings
    }

    /// What was answered a moment ago, newest first.
    pub(super) fn rang(&self, now: &Now) -> Vec<Rang> {
        let mut rang: Vec<Rang> =
            self.rang.iter().filter(|rang| lately(rang, now.wall)).cloned().collect();
        rang.reverse();
        rang
    }

    /// The changes that end the rings of `ids`, answered or not. What no longer rings, because it
    /// was cancelled meanwhile, is unchanged.
    pub(super) fn end(&self, ids: &[EntryId], answered: bool, now: &Now) -> Vec<Change> {
        let mut changes = Vec::new();
        for ring in self.ringing(now).into_iter().filter(|ring| ids.contains(&ring.id)) {
            let entry = self.entries.iter().find(|entry| entry.id == ring.id);
            changes.push(match entry.and_then(|entry| entry.after_ring(now)) {
                Some(next) => Change::Put(next),
                None => Change::Remove(ring.id),
            });
            changes.push(if answered {
                Change::Answered(ring.over(now.wall))
            } else {
                Change::Missed(ring.over(ring.due))
            });
        }
        changes
    }
}

fn lately(rang: &Rang, now: Timestamp) -> bool {
    now.duration_since(rang.at).abs() <= LATELY
}
