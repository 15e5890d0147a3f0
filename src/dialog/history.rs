use super::Item;
use crate::base::UtteranceId;

/// Items kept. Beyond that, the oldest turns are forgotten, whole ones at a time, so that a call
/// never loses its outcome. A spoken turn has about four items, and a model is seldom given more
/// than the last twenty turns.
pub const MAX_ITEMS: usize = 400;

/// Pictures kept; beyond that, the oldest is forgotten. A model looks at the latest ones, and each
/// is sent again with every prompt.
pub const MAX_PICTURES: usize = 4;

/// The conversation so far, oldest item first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    items: Vec<Item>,
    pushed: u64,
}

impl History {
    /// The items, oldest first.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many items were ever added: watchers compare it to find what is new, since old items may
    /// be forgotten meanwhile.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Adds an item at the end; forgets the oldest turns beyond [`MAX_ITEMS`].
    pub fn push(&mut self, item: Item) {
        let picture = matches!(item, Item::Picture(_));
        self.items.push(item);
        self.pushed += 1;
        if picture {
            let is_one = |item: &Item| matches!(item, Item::Picture(_));
            if self.items.iter().filter(|item| is_one(item)).count() > MAX_PICTURES
                && let Some(oldest) = self.items.iter().position(is_one)
            {
                self.items.remove(oldest);
            }
        }
        if self.items.len() > MAX_ITEMS {
            // A quarter at once, so that this is rare; then on to the start of a turn. The turn
            // being added is shorter than the other three quarters.
            let least = MAX_ITEMS / 4;
            let begins = |item: &Item| match item {
                Item::User { .. } | Item::Notice { .. } => true,
                Item::Reply { .. } | Item::Call { .. } | Item::Outcome(_) | Item::Picture(_) => {
                    false
                }
            };
            let turn = self.items[least..].iter().position(begins);
            let end = turn.map_or(self.items.len(), |turn| least + turn);
            self.items.drain(..end);
        }
    }

    /// Fills in the transcript of an utterance that was answered before it was known. No effect if
    /// it is known or there is no such utterance.
    pub fn fill(&mut self, utterance: UtteranceId, words: &str) {
        if let Some(text) = self.unfilled(utterance) {
            words.clone_into(text);
        }
    }

    /// Whether [`History::fill`] would have an effect.
    pub fn lacks(&self, utterance: UtteranceId) -> bool {
        self.items.iter().any(|item| is_unfilled(item, utterance))
    }

    /// What aloud said last, reply or notice, as heard; `None` before the first word.
    pub fn last_said(&self) -> Option<&str> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Reply { text, .. } | Item::Notice { text } => Some(text.as_str()),
            Item::User { .. } | Item::Call { .. } | Item::Outcome(_) | Item::Picture(_) => None,
        })
    }

    fn unfilled(&mut self, utterance: UtteranceId) -> Option<&mut String> {
        let item = self.items.iter_mut().rev().find(|item| is_unfilled(item, utterance))?;
        match item {
            Item::User { text, .. } => Some(text),
            Item::Reply { .. }
            | Item::Call { .. }
            | Item::Outcome(_)
            | Item::Picture(_)
            | Item::Notice { .. } => None,
        }
    }
}

fn is_unfilled(item: &Item, wanted: UtteranceId) -> bool {
    match item {
        Item::User { utterance, text } => *utterance == Some(wanted) && text.is_empty(),
        Item::Reply { .. }
        | Item::Call { .. }
        | Item::Outcome(_)
        | Item::Picture(_)
        | Item::Notice { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, Epoch};
    use crate::dialog::{Call, Outcome};

    fn user(utterance: u32, text: &str) -> Item {
        Item::User { utterance: Some(UtteranceId(utterance)), text: text.into() }
    }

    fn reply(text: &str) -> Item {
        Item::Reply { epoch: Epoch(1), text: text.into(), interrupted: false }
    }

    #[test]
    fn the_last_word_is_a_reply_or_a_notice() {
        let mut history = History::default();
        assert_eq!(history.last_said(), None);
        history.push(reply("Ten o'clock."));
        history.push(Item::Notice { text: "Your timer is done.".into() });
        history.push(user(1, "say that again"));
        assert_eq!(history.last_said(), Some("Your timer is done."));
    }

    #[test]
    fn late_words_fill_only_the_gap_that_waits_for_them() {
        let mut history = History::default();
        history.push(user(1, ""));
        history.push(user(2, "known"));
        history.fill(UtteranceId(2), "other");
        history.fill(UtteranceId(3), "stray");
        history.fill(UtteranceId(1), "late");
        history.fill(UtteranceId(1), "later still");
        assert_eq!(history.items(), [user(1, "late"), user(2, "known")]);
    }

    #[test]
    fn only_the_newest_pictures_are_kept() {
        let mut history = History::default();
        for number in 0..MAX_PICTURES + 2 {
            history.push(Item::Picture(format!("https://pictures.example/{number}").into()));
            history.push(user(1, "what is this?"));
        }
        let kept = history.items().iter().filter(|item| matches!(item, Item::Picture(_)));
        assert_eq!(kept.count(), MAX_PICTURES);
        let newest = Item::Picture("https://pictures.example/5".to_owned().into());
        assert_eq!(history.items()[history.items().len() - 2], newest);
        assert_eq!(history.pushed(), 2 * (MAX_PICTURES as u64 + 2));
    }

    #[test]
    fn a_long_talk_forgets_whole_turns() {
        let mut history = History::default();
        for turn in 0..1_000 {
            let id = CallId(format!("call-{turn}"));
            let call = Call { id: id.clone(), name: "get_time".into(), arguments: "{}".into() };
            history.push(user(turn, "what time is it"));
            history.push(Item::Call { epoch: Epoch(turn), call });
            let (output, say) = (String::new(), String::new());
            history.push(Item::Outcome(Outcome { id, output, say, ok: true }));
            history.push(reply("Ten."));
            assert!(history.items().len() <= MAX_ITEMS);
            assert!(matches!(history.items()[0], Item::User { .. }), "after turn {turn}");
        }
        assert_eq!(history.items().last(), Some(&reply("Ten.")));
    }
}
