use std::collections::VecDeque;

use super::{Announcement, Command, Failure, MAX_NOTICES, NoticeEnd};

/// What is to be said as soon as nobody speaks, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Announcements(VecDeque<Announcement>);

impl Announcements {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Shows why there is no answer, and says it when nobody speaks.
    pub(super) fn fail(&mut self, failure: Failure, out: &mut Vec<Command>) {
        out.push(Command::Tell(failure.clone()));
        let announcement = Announcement::Failure(failure);
        // Repeating the same apology tells nothing new.
        if !self.0.contains(&announcement) {
            self.push(announcement, out);
        }
    }

    /// Appends `announcement`; refuses it if too much is waiting.
    pub(super) fn push(&mut self, announcement: Announcement, out: &mut Vec<Command>) {
        if self.0.len() < MAX_NOTICES {
            self.0.push_back(announcement);
        } else {
            out.push(Command::Tell(Failure::TooMuch));
            announcement.end(NoticeEnd::Refused, out);
        }
    }

    /// The next one.
    pub(super) fn pop(&mut self) -> Option<Announcement> {
        self.0.pop_front()
    }

    /// Puts back one that did not sound, whatever is waiting: it was accepted before.
    pub(super) fn put_back(&mut self, announcement: Announcement) {
        self.0.push_front(announcement);
    }

    /// Drops all of them.
    pub(super) fn drop_all(&mut self, out: &mut Vec<Command>) {
        for announcement in self.0.drain(..) {
            announcement.end(NoticeEnd::Dropped, out);
        }
    }
}
