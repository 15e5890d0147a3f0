//! What the tools that change the book share: access to it, sentences about its state, and finding
//! the requested entry.

use std::cmp::Reverse;

use serde::Deserialize;

use super::book::{Book, Diary, Entry, MAX_ENTRIES, Now, Saved};
use super::{Ringer, Settings, ToolError};

/// The longest label, in characters.
pub(super) const LONGEST_LABEL: u32 = 100;

#[derive(Clone)]
pub(super) struct BookAccess {
    pub(super) book: Book,
    pub(super) ringer: Ringer,
}

impl BookAccess {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { book: settings.book.clone(), ringer: settings.ringer }
    }

    /// Runs `work` on the book's thread, with the newest book.
    pub(super) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Self, &mut Diary, &Now) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<T, ToolError> {
        let book = self.book.clone();
        let done = book.ask(move |diary, now| work(&self, diary, now)).await;
        done.unwrap_or_else(|error| Err(ToolError::Fatal(format!("The {error}."))))
    }

    /// The sentence that something was set, or why it will not ring.
    pub(super) fn set(&self, saved: &Saved, noun: &str, done: String) -> Result<String, ToolError> {
        match (self.ringer, saved) {
            (Ringer::Here | Ringer::Elsewhere, Saved::Yes) => Ok(done),
            (Ringer::Nobody, Saved::Yes) => Ok(format!(
                "{done} But no aloud service is running that would ring it: start one with \"aloud daemon\"."
            )),
            (Ringer::Here, Saved::No(reason)) => Ok(format!(
                "{done} It could not be saved, because {reason}, so it is lost when aloud ends."
            )),
            (Ringer::Elsewhere | Ringer::Nobody, Saved::No(reason)) => Err(ToolError::Tell(
                format!("The {noun} could not be set, because it could not be saved: {reason}."),
            )),
        }
    }

    /// The sentence that something was changed, or that the change may not last.
    pub(super) fn changed(&self, saved: &Saved, done: String) -> Result<String, ToolError> {
        match (self.ringer, saved) {
            (_, Saved::Yes) => Ok(done),
            (Ringer::Here, Saved::No(reason)) => Ok(format!(
                "{done} That could not be saved, because {reason}, so it may come back when aloud starts again."
            )),
            (Ringer::Elsewhere | Ringer::Nobody, Saved::No(reason)) => Err(ToolError::Tell(
                format!("That could not be done, because it could not be saved: {reason}."),
            )),
        }
    }
}

pub(super) fn full() -> ToolError {
    ToolError::Tell(format!(
        "There are {MAX_ENTRIES} timers, alarms and reminders already. Cancel some first."
    ))
}

/// Reports that the file cannot be read, which is not the same as nothing being set.
pub(super) fn readable(diary: &Diary) -> Result<(), ToolError> {
    match diary.unreadable() {
        None => Ok(()),
        Some(reason) => Err(ToolError::Tell(format!(
            "I can't read the file of timers, alarms and reminders: {reason}. Run \"aloud timers\" to see which file that is."
        ))),
    }
}

/// One of several, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Which {
    /// The one set first.
    First,
    /// The one set second.
    Second,
    /// The one set third.
    Third,
    /// The one set last.
    Last,
    /// The next to ring.
    Next,
    /// The one with the most time left.
    Longest,
}

impl Which {
    /// The names in a schema.
    pub(super) const NAMES: [&str; 6] = ["first", "second", "third", "last", "next", "longest"];

    fn of(self, entries: &[Entry], now: &Now) -> Option<Entry> {
        let mut sorted = entries.to_vec();
        sorted.sort_by_key(|entry| entry.id);
        match self {
            Self::First => sorted.into_iter().next(),
            Self::Second => sorted.into_iter().nth(1),
            Self::Third => sorted.into_iter().nth(2),
            Self::Last => sorted.into_iter().next_back(),
            Self::Next => sorted.into_iter().min_by_key(|entry| {
                let due = entry.due(now);
                (due.is_none(), due, entry.id)
            }),
            Self::Longest => sorted.into_iter().max_by_key(|entry| (entry.due(now), entry.id)),
        }
    }
}

/// The requested entries.
pub(super) enum Picked {
    /// None matches.
    None,
    /// These.
    These(Vec<Entry>),
    /// One of these, but it was not said which.
    Unclear(Vec<Entry>),
}

/// Picks from the entries that match what was said.
pub(super) fn pick(fitting: Vec<Entry>, which: Option<Which>, all: bool, now: &Now) -> Picked {
    match (fitting.as_slice(), which) {
        ([], _) => Picked::None,
        (_, None) if all => Picked::These(fitting),
        ([_], None) => Picked::These(fitting),
        (several, None) => Picked::Unclear(several.to_vec()),
        (several, Some(which)) => match which.of(several, now) {
            Some(entry) => Picked::These(vec![entry]),
            None => Picked::None,
        },
    }
}

/// The entries labelled `wanted`, or else those whose label contains it.
pub(super) fn labelled(entries: Vec<Entry>, wanted: Option<&str>) -> Vec<Entry> {
    let Some(wanted) = wanted else { return entries };
    let label = |entry: &Entry| entry.label.clone().unwrap_or_default();
    let mut fitting: Vec<(bool, Entry)> = entries
        .into_iter()
        .filter(|entry| same_label(&label(entry), wanted))
        .map(|entry| (words(&label(&entry)) == words(wanted), entry))
        .collect();
    fitting.sort_by_key(|(exact, _)| Reverse(*exact));
    let exact = fitting.first().is_some_and(|(exact, _)| *exact);
    fitting.into_iter().filter(|(same, _)| *same == exact).map(|(_, entry)| entry).collect()
}

/// A label as stored: lower case, without an article and without the noun itself.
pub(super) fn clean_label(label: Option<String>, noun: &str) -> Option<String> {
    let label = label?.trim().trim_end_matches(['.', '!', '?']).to_lowercase();
    let label = ["the ", "a ", "an ", "my "]
        .iter()
        .find_map(|article| label.strip_prefix(article))
        .unwrap_or(&label);
    let label = label.strip_suffix(noun).filter(|rest| rest.ends_with(' ')).unwrap_or(label).trim();
    (!label.is_empty() && label != noun).then(|| label.to_owned())
}

/// Whether two labels mean the same: "egg" and "eggs", "pasta" and "pasta sauce".
pub(super) fn same_label(a: &str, b: &str) -> bool {
    let (a, b) = (words(a), words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && short.iter().all(|word| long.contains(word))
}

fn words(label: &str) -> Vec<String> {
    let words = label.to_lowercase();
    let stem = |word: &str| {
        let word = word.trim_end_matches('s');
        // German plurals: "Nudeltimer" is the timer for the "Nudeln".
        let plural = ["eln", "ern"].iter().any(|end| word.ends_with(end));
        if plural { word.trim_end_matches('n') } else { word }.to_owned()
    };
    words.split_whitespace().map(stem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_kept_without_article_and_noun() {
        let clean = |label: &str| clean_label(Some(label.into()), "timer");
        assert_eq!(clean("The Beans").as_deref(), Some("beans"));
        assert_eq!(clean("pasta timer.").as_deref(), Some("pasta"));
        assert_eq!(clean("timer"), None);
        assert_eq!(clean("a timer"), None);
        assert_eq!(clean("  "), None);
        assert_eq!(clean("egg-timer").as_deref(), Some("egg-timer"));
    }

    #[test]
    fn labels_match_as_people_mean_them() {
        for (a, b) in [("egg", "eggs"), ("Pasta", "pasta sauce"), ("tea", "tea")] {
            assert!(same_label(a, b) && same_label(b, a), "{a} {b}");
        }
        for (a, b) in [("tea", "steak"), ("pasta", "pizza"), ("", "tea")] {
            assert!(!same_label(a, b), "{a} {b}");
        }
    }
}
