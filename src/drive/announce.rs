use std::collections::BTreeMap;

use futures::StreamExt;

use crate::base::{Flow, NoticeId};
use crate::tool::{Book, Ring};
use crate::turn::{Input, NoticeEnd};

/// What is said unasked: rings, results that come late, texts from outside.
///
/// Everything enters here and gets a number, the machine says it when nobody speaks, and its end
/// comes back under that number, exactly once: [`NoticeEnd`] tells whether it was heard, dropped by
/// a "stop" or refused because too much was waiting. So nothing is kept for longer than it waits.
pub(super) struct Announcements {
    book: Option<Book>,
    rings: Option<Flow<Ring>>,
    waiting: BTreeMap<NoticeId, Origin>,
    last: u32,
}

/// Where an announcement comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// A timer or an alarm: a tone goes before it.
    Ring(Box<Ring>),
    /// Somebody asked for these words to be said.
    Request,
    /// A tool that outlasted its reply.
    Tool,
}

impl Announcements {
    pub(super) fn new(book: Option<(Book, Flow<Ring>)>) -> Self {
        let (book, rings) = book.unzip();
        Self { book, rings, waiting: BTreeMap::new(), last: 0 }
    }

    /// What rings next; `None` when nothing ever will again.
    pub(super) async fn next(&mut self) -> Option<Ring> {
        match &mut self.rings {
            Some(rings) => rings.next().await,
            None => std::future::pending().await,
        }
    }

    /// Nothing rings any more.
    pub(super) fn end(&mut self) {
        self.rings = None;
    }

    /// The machine's input for `text`.
    pub(super) fn notice(&mut self, text: String, origin: Origin) -> Input {
        self.last += 1;
        let id = NoticeId(self.last);
        self.waiting.insert(id, origin);
        Input::Notice { id, text }
    }

    /// The machine's input for a ring.
    pub(super) fn ring(&mut self, ring: Ring) -> Input {
        let text = ring.say();
        self.notice(text, Origin::Ring(Box::new(ring)))
    }

    /// Where the notice `id` comes from, while it waits or is said.
    pub(super) fn origin(&self, id: NoticeId) -> Option<&Origin> {
        self.waiting.get(&id)
    }

    /// It is known what became of the notice `id`.
    pub(super) fn over(&mut self, id: NoticeId, end: &NoticeEnd) {
        let Some(origin) = self.waiting.remove(&id) else { return };
        match origin {
            Origin::Ring(ring) => tracing::info!(say = ring.say(), ?end, "a ring is over"),
            Origin::Request | Origin::Tool => tracing::debug!(?end, "a notice is over"),
        }
    }

    /// How many timers and alarms are set, and what the user should be told of their file, where
    /// there is a book. Other programs write it too.
    pub(super) fn look(&self) -> Option<(usize, Vec<String>)> {
        self.book.as_ref().map(|book| (book.entries().len(), book.take_trouble()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::Heard;

    #[test]
    fn a_notice_is_known_until_its_end() {
        let mut notices = Announcements::new(None);
        let Input::Notice { id, text } = notices.notice("Tea.".into(), Origin::Request) else {
            panic!("a notice is a notice");
        };
        assert_eq!(text, "Tea.");
        assert_eq!(notices.origin(id), Some(&Origin::Request));
        notices.over(id, &NoticeEnd::Said(Heard::All));
        assert_eq!(notices.origin(id), None);
        assert!(notices.waiting.is_empty());
    }
}
