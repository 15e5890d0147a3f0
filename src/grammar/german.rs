//! The German grammar: a sentence is read first (`language::german`), then matched as any other.

use serde_json::Value;

use super::file;
use super::lines::Lines;
use super::{Before, Meaning, ParsedCall, follow, sentence};
use crate::language::german::{self, Sentence};

const GERMAN: &str = include_str!("german.toml");
const GERMAN_TABLES: &str = include_str!("german_tables.toml");
const TABLES: &str = include_str!("tables.toml");

/// Arguments that hold the user's own words.
const OWN_WORDS: &[&str] =
    &["label", "to_label", "item", "text", "except", "list", "about", "title", "topic", "what"];

/// The compiled German lines, and how German and English share sentences that are both.
#[derive(Debug)]
pub(super) struct German {
    lines: Lines,
    /// Whether it is named before English: what both understand equally well is German then.
    first: bool,
    /// Whether English is not named at all.
    pub(super) alone: bool,
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
    /// German, the `place`th of the languages, beside English, which may have a place too.
    pub(super) fn new(place: usize, english: Option<usize>) -> Self {
        Self {
            // A test reads the built-in files; see `Grammar::new`.
            lines: file::load(&[GERMAN, GERMAN_TABLES, TABLES]).unwrap_or_default(),
            first: english.is_none_or(|english| place < english),
            alone: english.is_none(),
        }
    }

    /// The meaning of `said` in German. No guess is made about what is only partly understood, and
    /// nothing is done about what is denied.
    fn meaning(&self, said: &str) -> Option<(Meaning, bool)> {
        if german::is_english(said) {
            return None;
        }
        let denied = german::denies(said);
        let read = german::read(said);
        let (meaning, sure) = sentence::understand(&self.lines, &read.text)?;
        // "Notiere, dass ich keine Nüsse esse" denies nothing of what is to be done.
        if denied && !noted_denial(&meaning) {
            return None;
        }
        // "Stell einen Timer und setz Milch auf die Liste" is not a thing on the list.
        if let Meaning::Calls(calls) = &meaning
            && calls.iter().any(swallows)
        {
            return self.each(&read);
        }
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

    /// The requests of a sentence that has several, all of them understood.
    fn each(&self, read: &Sentence) -> Option<(Meaning, bool)> {
        let mut calls = Vec::new();
        for part in read.text.split(" and ") {
            match sentence::understand(&self.lines, part)?.0 {
                Meaning::Calls(more) if !more.iter().any(swallows) => calls.extend(more),
                Meaning::Calls(_)
                | Meaning::Ask { .. }
                | Meaning::Unclear(_)
                | Meaning::Answer(_)
                | Meaning::Refusal(_)
                | Meaning::Nothing => return None,
            }
        }
        let calls = calls.into_iter().map(|call| own(call, read)).collect();
        Some((Meaning::Calls(calls), true))
    }

    /// The meaning of `said` in German if it is German rather than English.
    pub(super) fn before(
        &self,
        said: &str,
        english: Option<&(Meaning, bool)>,
    ) -> Option<(Meaning, bool)> {
        // A clear command is not made clearer by another language.
        if rank(english) == 0 && !self.first {
            return None;
        }
        let ours = self.meaning(said)?;
        let (mine, other) = (rank(Some(&ours)), rank(english));
        (mine < other || mine == other && self.first).then_some(ours)
    }

    /// What follows up a command, in German: a correction or a yes.
    pub(super) fn follow(&self, english: &Lines, before: &Before, said: &str) -> Option<Meaning> {
        follow::follow(english, before, &german::follow(said)?)
    }
}

/// Whether all that is denied is in the words of a note or a reminder.
fn noted_denial(meaning: &Meaning) -> bool {
    let Meaning::Calls(calls) = meaning else { return false };
    calls.iter().all(|call| {
        matches!(call.tool.as_str(), "add_note" | "add_reminder")
            && call.arguments["text"].as_str().is_some_and(german::denies)
    })
}

/// Whether the thing of `call` is more than one: a second request begins within it.
fn swallows(call: &ParsedCall) -> bool {
    let thing =
        |name: &str| call.arguments[name].as_str().is_some_and(|text| text.contains(" and "));
    matches!(call.tool.as_str(), "add_to_list" | "remove_from_list") && thing("item")
        || matches!(call.tool.as_str(), "set_timer" | "set_alarm") && thing("label")
        || call.tool == "add_reminder" && thing("text")
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
