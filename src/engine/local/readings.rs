//! Which of several readings of one sound is the command that was spoken.
//!
//! ```text
//! "Said a timer for 15 minutes."  -3.1 ┐
//! "Set a timer for 15 minutes."   -3.9 ├─▶ "Set a timer for 15 or 50 minutes." ─▶ "15 or 50 minutes?"
//! "Set a timer for 50 minutes."   -4.6 ┘
//! ```
//!
//! **Invariant:** a reading is taken for another only if it is nearly as likely, is a command, and
//! denies as often: no "not" comes or goes.
//! **Invariant:** of two different things to do that are nearly as likely, neither is done.

use serde_json::Value;

use super::Templates;
use super::moonshine::{Expectation, Reading};
use crate::grammar::{Grammar, Meaning, ParsedCall};

/// How close a second choice must have been for another reading to be looked for: of what is no
/// command, of a command with a number that sounds like another, of one with free words, and of any
/// other.
const HESITATED: f32 = 4.0;
const TWINS: f32 = 3.0;
const FREE: f32 = 1.5;
const PLAIN: f32 = 0.7;

/// How much less certain a command may be than the likeliest reading: the mean over its tokens.
const LESS_CERTAIN: f32 = 0.4;

/// What a word of the speaker's own costs a command, as a log probability: a label may be any word,
/// so anything sounds like one. And what it costs if the grammar is not certain of the command.
const FREE_WORD: f32 = 1.2;
const UNSURE: f32 = 1.0;

/// How much smaller the log probability of a number may be than that of the one it sounds like for
/// the user to be asked which it was.
const IN_DOUBT: f32 = 1.6;

/// How likely a call of another tool may be, as a share of the likeliest one.
const RIVAL: f32 = 0.6;

/// How many readings are tried with words that sound alike if none is a command as it is.
const NEAR: usize = 4;

/// A reading that is a command.
struct Candidate {
    text: String,
    certainty: f32,
    worth: f32,
    calls: Vec<ParsedCall>,
}

impl Expectation for Templates {
    fn hesitation(&self, text: &str) -> f32 {
        let Some(Meaning::Calls(calls)) = self.grammar().understand(text) else {
            return HESITATED;
        };
        if self.grammar().has_twin(text) {
            TWINS
        } else if free_words(self.grammar(), &calls) > 0 {
            FREE
        } else {
            PLAIN
        }
    }

    fn choose(&self, readings: &[Reading]) -> Option<(String, f32)> {
        let grammar = self.grammar();
        let likeliest = readings.first()?;
        let least = likeliest.certainty - LESS_CERTAIN;
        let near: Vec<&Reading> = readings
            .iter()
            .filter(|reading| reading.certainty >= least)
            .filter(|reading| grammar.denies_alike(&likeliest.text, &reading.text))
            .collect();
        let mut commands: Vec<Candidate> =
            near.iter().filter_map(|reading| candidate(grammar, reading)).collect();
        commands.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        let Some(first) = commands.first() else {
            return near.into_iter().take(NEAR).find_map(|reading| {
                let (text, _) = grammar.nearest(&fixed(&reading.text))?;
                Some((text, reading.certainty))
            });
        };
        let both = commands[1..]
            .iter()
            .filter(|other| first.worth - other.worth < IN_DOUBT)
            .find_map(|other| grammar.in_doubt(&first.text, &other.text))
            .or_else(|| grammar.in_doubt_of_hour(&first.text));
        if both.is_none() && is_rivalled(first, &commands) {
            return None;
        }
        Some((both.unwrap_or_else(|| first.text.clone()), first.certainty))
    }
}

fn candidate(grammar: &Grammar, reading: &Reading) -> Option<Candidate> {
    let text = fixed(&reading.text);
    let Some(Meaning::Calls(calls)) = grammar.understand(&text) else { return None };
    let sure = grammar.certain(&text).is_some();
    let cost = FREE_WORD * free_words(grammar, &calls) as f32 + if sure { 0.0 } else { UNSURE };
    let (certainty, worth) = (reading.certainty, reading.log_probability - cost);
    Some(Candidate { text, certainty, worth, calls })
}

/// Whether calls of other tools than those of `first` are nearly as likely. A call is as likely as all
/// its readings together.
fn is_rivalled(first: &Candidate, commands: &[Candidate]) -> bool {
    let mass = |calls: &[ParsedCall]| -> f32 {
        let same = commands.iter().filter(|other| other.calls == calls);
        same.map(|other| (other.worth - first.worth).exp()).sum()
    };
    let tools = |calls: &[ParsedCall]| -> Vec<String> {
        calls.iter().map(|call| call.tool.clone()).collect()
    };
    let own = tools(&first.calls);
    let rivals = commands.iter().filter(|other| tools(&other.calls) != own);
    let strongest = rivals.map(|other| mass(&other.calls)).fold(0.0, f32::max);
    strongest > RIVAL * mass(&first.calls)
}

/// The number of words in `calls` that are the speaker's own: labels, text, unknown places.
fn free_words(grammar: &Grammar, calls: &[ParsedCall]) -> usize {
    const OWN: [&str; 5] = ["label", "text", "item", "list", "location"];
    let own = |(name, value): (&String, &Value)| {
        let text = value.as_str().filter(|_| OWN.contains(&name.as_str()))?;
        (!grammar.knows_place(text)).then(|| text.split_whitespace().count())
    };
    let arguments = calls.iter().filter_map(|call| call.arguments.as_object());
    arguments.flatten().filter_map(own).sum()
}

/// `text` with what nobody says in place of what sounds like it: "for the minutes" is "forty
/// minutes", "an alarm for it" is one "for eight", "to morrow" is "tomorrow".
fn fixed(text: &str) -> String {
    const DIGITS: [&str; 9] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    const AFTER: [&str; 16] = [
        "minutes",
        "seconds",
        "hours",
        "percent",
        "degrees",
        "dollars",
        "euros",
        "kilograms",
        "kilos",
        "miles",
        "kilometers",
        "plus",
        "minus",
        "times",
        "divided",
        "meters",
    ];
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |at: usize| {
        let word = words.get(at).copied().unwrap_or_default();
        word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
    };
    let counted = |at: usize| AFTER.contains(&bare(at).as_str());
    let mut out = Vec::with_capacity(words.len());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let digit = DIGITS.contains(&bare(at + 2).as_str());
        if bare(at) == "for"
            && bare(at + 1) == "the"
            && (counted(at + 2) || (digit && counted(at + 3)))
        {
            out.push("forty".to_owned());
            at += 2;
        } else if matches!(bare(at).as_str(), "alarm" | "timer")
            && bare(at + 1) == "for"
            && bare(at + 2) == "it"
        {
            out.extend([(*word).to_owned(), words[at + 1].to_owned(), "eight".to_owned()]);
            at += 3;
        } else if *word == "to" && bare(at + 1) == "morrow" {
            out.push(format!("to{}", words[at + 1]));
            at += 2;
        } else {
            out.push((*word).to_owned());
            at += 1;
        }
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is believed of readings with these log probabilities, all of ten tokens.
    fn chosen(readings: &[(&str, f32)]) -> Option<String> {
        let reading = |(text, log_probability): &(&str, f32)| Reading {
            text: (*text).to_owned(),
            log_probability: *log_probability,
            certainty: log_probability / 10.0,
        };
        let readings: Vec<Reading> = readings.iter().map(reading).collect();
        Templates::default().choose(&readings).map(|(text, _)| text)
    }

    #[test]
    fn a_command_that_is_nearly_as_likely_is_believed() {
        for (readings, believed) in [
            (
                &[("Said a timer for ten minutes.", -1.0), ("Set a timer for ten minutes.", -3.0)]
                    [..],
                Some("Set a timer for ten minutes."),
            ),
            (
                &[("Said a time her ten minutes.", -1.0), ("Set a timer for ten minutes.", -6.0)],
                None,
            ),
            // Closed words before a label that sounds like them.
            (
                &[
                    ("Santa Hunter timer for four minutes.", -2.0),
                    ("Set another timer for four minutes.", -3.5),
                ],
                Some("Set another timer for four minutes."),
            ),
            // A "not" is not dropped.
            (&[("Don't set an alarm for ten.", -1.0), ("Set an alarm for ten.", -1.5)], None),
            // Words that sound alike, if nothing is a command as it was heard.
            (&[("Whether in Paris?", -0.5)], Some("weather in Paris?")),
            (
                &[("How heavy is for the kilograms in pounds?", -1.0)],
                Some("How heavy is forty kilograms in pounds?"),
            ),
            (&[("Cancel the alarm for it.", -1.0)], Some("Cancel the alarm for eight")),
            (&[("He told me about it.", -0.5), ("She told me about it.", -0.7)], None),
        ] {
            assert_eq!(chosen(readings).as_deref(), believed, "{readings:?}");
        }
    }

    #[test]
    fn numbers_that_sound_alike_are_both_kept_if_they_are_nearly_as_likely() {
        let fifteen = ("Set a timer for fifteen minutes.", -1.0);
        for (fifty, believed) in [
            (-1.9, "Set a timer for fifteen or fifty minutes."),
            (-4.0, "Set a timer for fifteen minutes."),
        ] {
            let readings = [fifteen, ("Set a timer for fifty minutes.", fifty)];
            assert_eq!(chosen(&readings).as_deref(), Some(believed));
        }
    }

    #[test]
    fn of_two_different_things_neither_is_done() {
        let readings = [("Turn the volume up.", -2.0), ("Cancel the timer.", -2.1)];
        assert_eq!(chosen(&readings), None);
    }
}
