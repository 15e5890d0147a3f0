use std::collections::BTreeMap;

use super::bell::Round;
use crate::base::NoticeId;
use crate::tool::Rang;
use crate::turn::Input;

/// What aloud says unasked: rings, late tool results, texts from outside.
///
/// Each announcement gets a number on entry. The machine says it when nobody speaks and reports its
/// end under that number exactly once: [`crate::turn::NoticeEnd`] says whether it was heard,
/// dropped by a "stop", or refused because too much was waiting. So an entry lives only as long as
/// it waits.
#[derive(Default)]
pub(super) struct Announcements {
    waiting: BTreeMap<NoticeId, Origin>,
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

    /// Where the notice `id` comes from, while it waits or is spoken.
    pub(super) fn origin(&self, id: NoticeId) -> Option<&Origin> {
        self.waiting.get(&id)
    }

    /// Forgets the notice `id`, which has ended, and returns where it came from.
    pub(super) fn over(&mut self, id: NoticeId) -> Option<Origin> {
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
        assert_eq!(notices.over(id), Some(Origin::Request));
        assert_eq!(notices.origin(id), None);
        assert!(notices.waiting.is_empty());
    }
}
