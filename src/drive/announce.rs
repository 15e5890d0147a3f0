use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::bell::Round;
use crate::base::NoticeId;
use crate::tool::Rang;
use crate::turn::{Input, NoticeEnd};

/// What aloud says unasked: rings, late tool results, texts from outside.
///
/// Each announcement gets a number on entry. The machine says it when nobody speaks and reports its
/// end under that number exactly once: [`crate::turn::NoticeEnd`] says whether it was heard,
/// dropped by a "stop", or refused because too much was waiting. So an entry lives only as long as
/// it waits.
#[derive(Default)]
pub(super) struct Announcements {
    waiting: BTreeMap<NoticeId, Origin>,
    /// Who waits for the end of one.
    told: BTreeMap<NoticeId, oneshot::Sender<NoticeEnd>>,
    last: u32,
}

/// Where an announcement comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// A round of a ring: starts with a tone and may have no words.
    Ring(Round),
    /// Missed rings, and the number of news items about the timers file.
    Untold(Vec<Rang>, usize),
    /// Somebody asked for these words to be spoken.
    Request,
    /// Another program's question, by its number.
    Question(u32),
    /// A tool that outlasted its reply.
    Tool,
}

impl Announcements {
    /// The machine input that announces `text`.
    pub(super) fn notice(&mut self, text: String, origin: Origin) -> Input {
        self.last += 1;
        let id = NoticeId(self.last);
        self.waiting.insert(id, origin);
        Input::Notice { id, text }
    }

    /// Whoever asked for the last notice is told how it ends.
    pub(super) fn tell(&mut self, asker: oneshot::Sender<NoticeEnd>) {
        self.told.insert(NoticeId(self.last), asker);
    }

    /// Where the notice `id` comes from, while it waits or is spoken.
    pub(super) fn origin(&self, id: NoticeId) -> Option<&Origin> {
        self.waiting.get(&id)
    }

    /// Forgets the notice `id`, which has ended, and returns where it came from.
    pub(super) fn over(&mut self, id: NoticeId, end: &NoticeEnd) -> Option<Origin> {
        if let Some(asker) = self.told.remove(&id) {
            // Whoever asked may be gone.
            let _ = asker.send(end.clone());
        }
        self.waiting.remove(&id)
    }

    /// Whether missed rings are about to be announced.
    pub(super) fn tells(&self) -> bool {
        self.waiting.values().any(|origin| matches!(origin, Origin::Untold(..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_known_until_its_end() {
        let mut notices = Announcements::default();
        let Input::Notice { id, text } = notices.notice("Tea.".into(), Origin::Request) else {
            panic!("a notice is a notice");
        };
        assert_eq!(text, "Tea.");
        assert_eq!(notices.origin(id), Some(&Origin::Request));
        let (asker, mut end) = oneshot::channel();
        notices.tell(asker);
        assert_eq!(notices.over(id, &NoticeEnd::Dropped), Some(Origin::Request));
        assert_eq!(end.try_recv(), Ok(NoticeEnd::Dropped));
        assert_eq!(notices.origin(id), None);
        assert!(notices.waiting.is_empty());
    }
}
