//! The German grammar: a sentence is read first (`language::german`), then matched as any other.

use serde_json::Value;

use super::file;
use super::lines::Lines;
use super::{Before, Meaning, ParsedCall, follow, sentence};
use crate::language::german::{self, Sentence};

const GERMAN: &str = include_str!("german.toml");
const TABLES: &str = include_str!("tables.toml");

/// Arguments that hold the user's own words.
const OWN_WORDS: &[&str] = &["label", "to_label", "item", "text", "except"];

/// The compiled German lines, and how German and English share sentences that are both.
#[derive(Debug)]
pub(super) struct German {
    lines: Lines,
    /// Whether it is named before English: what both understand equally well is German then.
    first: bool,
}

/// How much a sentence means: the fewer the more.
fn rank(meaning: Option<&(Meaning, bool)>) -> u8 {
    match meaning {
        Some((Meaning::Calls(_), true)) => 0,
        Some((Meaning::Calls(_), false)) => 1,
        Some((Meaning::Ask { .. }, _)) => 2,
        Some((Meaning::Answer(_) | Meaning::Refusal(_), _)) => 3,
        Some((Meaning::Unclear(_) | Meaning::Nothing, _)) => 4,
        None => 5,
    }
}

impl German {
    pub(super) fn new(first: bool) -> Self {
        // A test reads the built-in files; see `Grammar::new`.
        Self { lines: file::load(&[GERMAN, TABLES]).unwrap_or_default(), first }
    }

    /// The meaning of `said` in German. No guess is made about what is only partly understood, and
    /// nothing is done about what is denied.
    fn meaning(&self, said: &str) -> Option<(Meaning, bool)> {
        if german::denies(said) {
            return None;
        }
        let read = german::read(said);
        let (meaning, sure) = sentence::understand(&self.lines, &read.text)?;
        match meaning {
            Meaning::Unclear(_) | Meaning::Nothing => None,
            Meaning::Calls(calls) => {
                let calls = calls.into_iter().map(|call| own(call, &read)).collect();
                Some((Meaning::Calls(calls), sure))
            }
            Meaning::Ask { question, call } => {
                Some((Meaning::Ask { question, call: own(call, &read) }, sure))
            }
            Meaning::Answer(_) | Meaning::Refusal(_) => Some((meaning, sure)),
        }
    }

    /// The meaning of `said` in German if it is German rather than English.
    pub(super) fn before(
        &self,
        said: &str,
        english: Option<&(Meaning, bool)>,
    ) -> Option<(Meaning, bool)> {
        let ours = self.meaning(said)?;
        let (mine, other) = (rank(Some(&ours)), rank(english));
        (mine < other || mine == other && self.first).then_some(ours)
    }

    /// What follows up a command, in German: a correction or a yes.
    pub(super) fn follow(&self, english: &Lines, before: &Before, said: &str) -> Option<Meaning> {
        follow::follow(english, before, &german::follow(said)?)
    }
}

/// `call` with the user's words as they were before numbers and days were rewritten.
fn own(mut call: ParsedCall, read: &Sentence) -> ParsedCall {
    for name in OWN_WORDS {
        if let Some(value) = call.arguments.get_mut(*name)
            && let Some(text) = value.as_str()
        {
            *value = Value::from(read.own(text));
        }
    }
    call
}
