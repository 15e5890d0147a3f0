use std::collections::BTreeMap;

use super::bell::Round;
use crate::base::NoticeId;
use crate::tool::Rang;
use crate::turn::Input;

/// What is said unasked: rings, results that come late, texts from outside.
///
/// Everything enters here and gets a number, the machine says it when nobody speaks, and its end
/// comes back under that number, exactly once: [`crate::turn::NoticeEnd`] tells whether it was heard, dropped by
/// a "stop" or refused because too much was waiting. So nothing is kept for longer than it waits.
#[derive(Default)]
pub(super) struct Announcements {
    waiting: BTreeMap<NoticeId, Origin>,
    last: u32,
}

/// Where an announcement comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// A round of what rings: a tone goes before it, and it may have no words.
    Ring(Round),
    /// What was missed, and how many pieces of news of the file of timers.
    Untold(Vec<Rang>, usize),
    /// Somebody asked for these words to be said.
    Request,
    /// A tool that outlasted its reply.
    Tool,
}

impl Announcements {
    /// The machine's input for `text`.
    pub(super) fn notice(&mut self, text: String, origin: Origin) -> Input {
        self.last += 1;
        let id = NoticeId(self.last);
        self.waiting.insert(id, origin);
        Input::Notice { id, text }
    }

    /// Where the notice `id` comes from, while it waits or is said.
    pub(super) fn origin(&self, id: NoticeId) -> Option<&Origin> {
        self.waiting.get(&id)
    }

    /// It is known what became of the notice `id`: where it came from.
    pub(super) fn over(&mut self, id: NoticeId) -> Option<Origin> {
        self.waiting.remove(&id)
    }

    /// Whether what was missed is about to be told.
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
