//! Numbers that sound alike: "fifteen" and "fifty".
//!
//! A recognizer that could not tell them apart writes both, and the user is asked:
//!
//! ```text
//! "Set a timer for 15 or 50 minutes." ─▶ "15 or 50 minutes?" ◀─ "fifteen" ─▶ "Set a timer for 15 minutes."
//! ```

use super::lines::Lines;
use super::talk::single;
use super::{Meaning, ParsedCall, sentence};

/// The word in which a sentence is in doubt, and the sentence with either.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Doubt {
    /// The two numbers as they were written, without punctuation.
    numbers: [String; 2],
    /// The word after them, if it is their unit.
    unit: Option<String>,
    /// The sentence with the first, and with the second.
    pub(super) either: [String; 2],
}

/// The answer that names neither number.
const FIRST: [&str; 5] = ["the first", "first", "the first one", "the former", "the lower one"];
const SECOND: [&str; 7] = [
    "the second",
    "second",
    "the second one",
    "the latter",
    "the last",
    "the last one",
    "the higher one",
];

/// The longest answer to the question, in words: "I said fifteen minutes please".
const MOST_WORDS: usize = 6;

/// Units that are repeated in the question.
const UNITS: [&str; 9] =
    ["second", "minute", "hour", "day", "percent", "degrees", "dollars", "euros", "pounds"];

/// `a` and `b` as one sentence with both numbers, if they differ in nothing but one number, and its
/// two values sound alike.
pub(super) fn joined(a: &str, b: &str) -> Option<String> {
    let (left, right): (Vec<&str>, Vec<&str>) =
        (a.split_whitespace().collect(), b.split_whitespace().collect());
    if left.len() != right.len() {
        return None;
    }
    let mut differ = (0..left.len()).filter(|at| bare(left[*at]) != bare(right[*at]));
    let (at, None) = (differ.next()?, differ.next()) else { return None };
    if !alike(left[at], right[at]) {
        return None;
    }
    let mut words: Vec<&str> = left.clone();
    let [lower, higher] = if value(left[at]) < value(right[at]) {
        [left[at], right[at]]
    } else {
        [right[at], left[at]]
    };
    // "15 or fifty" is written in one way.
    let digits = |word: &str| {
        let number = value(word).map(|(_, number)| number.to_string());
        trimmed(word).chars().all(char::is_alphabetic).then_some(number).flatten()
    };
    let spelled = [digits(lower), digits(higher)];
    let [low, high] = match &spelled {
        [Some(low), None] => [low.as_str(), higher],
        [None, Some(high)] => [trimmed(lower), high.as_str()],
        [Some(_), Some(_)] | [None, None] => [trimmed(lower), higher],
    };
    words.splice(at..=at, [low, "or", high]);
    Some(words.join(" "))
}

/// `sentence` with both times, if it names an hour that sounds like "seven ten" and that a speaker
/// of English hardly says without "hundred".
pub(super) fn with_ten(sentence: &str) -> Option<String> {
    const HOURS: [&str; 5] = ["fourteen", "sixteen", "seventeen", "eighteen", "nineteen"];
    let mut words: Vec<String> = sentence.split_whitespace().map(str::to_owned).collect();
    let led = |at: usize| at > 0 && matches!(bare(&words[at - 1]).as_str(), "for" | "at");
    let at = (0..words.len()).find(|at| {
        let word = bare(&words[*at]);
        led(*at) && (HOURS.contains(&word.as_str()) || word.parse().is_ok_and(|n: u8| ten(n)))
    })?;
    let (_, hour) = value(&words[at])?;
    let end = words[at].trim_start_matches(char::is_alphanumeric).to_owned();
    words[at] = format!("{}:10 or {hour}:00{end}", hour - 10);
    Some(words.join(" "))
}

/// Whether `hour` sounds like ten past the hour ten earlier.
fn ten(hour: u8) -> bool {
    matches!(hour, 14 | 16..=19)
}

/// The doubt that [`joined`] wrote into `sentence`.
pub(super) fn doubt(sentence: &str) -> Option<Doubt> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let at = (1..words.len().saturating_sub(1))
        .find(|at| words[*at] == "or" && alike(words[at - 1], words[at + 1]))?;
    let last = words[at + 1];
    let mark = &last[last.trim_end_matches(|c: char| !c.is_alphanumeric()).len()..];
    let with = |keep: usize| {
        let mut words = words.clone();
        let one = format!("{}{mark}", trimmed(words[keep]));
        words.splice(at - 1..=at + 1, [&*one]);
        words.join(" ")
    };
    let number = |at: usize| trimmed(words[at]).to_owned();
    let unit = words.get(at + 2).map(|word| trimmed(word)).filter(|word| {
        let word = word.to_lowercase();
        UNITS.iter().any(|unit| word.starts_with(unit.trim_end_matches('s')))
    });
    Some(Doubt {
        numbers: [number(at - 1), number(at + 1)],
        unit: unit.map(str::to_owned),
        either: [with(at - 1), with(at + 1)],
    })
}

/// Whether `sentence` has a number for which another may have been said.
pub(super) fn has_twin(sentence: &str) -> bool {
    sentence.split_whitespace().any(|word| value(word).is_some_and(|value| twin(value).is_some()))
}

/// The question about a sentence with two such numbers, with the call of the first; `None` if there
/// is no doubt in it, or if it is no command with both of them.
pub(super) fn question(lines: &Lines, sentence: &str) -> Option<Meaning> {
    let doubt = doubt(sentence)?;
    let call = |sentence: &str| {
        let (meaning, _) = sentence::understand(lines, sentence)?;
        single(meaning)
    };
    let [first, second]: [ParsedCall; 2] = [call(&doubt.either[0])?, call(&doubt.either[1])?];
    if first.tool != second.tool || first == second {
        return None;
    }
    let [a, b] = &doubt.numbers;
    let unit = doubt.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    Some(Meaning::Ask { question: capital(&format!("{a} or {b}{unit}?")), call: first })
}

/// The sentence that `said`, which is in doubt, was, if `answer` tells.
pub(super) fn settled(said: &str, answer: &str) -> Option<String> {
    let doubt = doubt(said)?;
    let words: Vec<String> = answer.split_whitespace().map(bare).collect();
    if words.len() > MOST_WORDS {
        return None;
    }
    let whole = words.join(" ");
    let named = |number: &str| {
        let wanted = value(number);
        words.iter().any(|word| {
            value(word) == wanted
                // "Fifteen" for 6:15, "seventeen" for 17:00.
                || wanted.is_some_and(|(hour, minute)| {
                    let number = if minute == 0 { hour.unwrap_or(minute) } else { minute };
                    value(word) == Some((None, number))
                })
        })
    };
    let [a, b] = [named(&doubt.numbers[0]), named(&doubt.numbers[1])];
    let [first, second] = doubt.either;
    match (a, b) {
        (true, false) => Some(first),
        (false, true) => Some(second),
        _ if FIRST.contains(&whole.as_str()) => Some(first),
        _ if SECOND.contains(&whole.as_str()) => Some(second),
        _ => None,
    }
}

/// A number, or the minutes of a clock time with its hour.
type Value = (Option<u8>, u8);

/// The value of `word`, if it is a number up to 99, a compound that begins with one
/// ("fifteen-minute"), or a clock time ("6:15", "6.15").
fn value(word: &str) -> Option<Value> {
    const TEENS: [&str; 7] =
        ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
    const TENS: [&str; 7] = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let word = bare(word);
    let word = word.trim_end_matches('%');
    if let Some((hour, minute)) = word.split_once([':', '.']) {
        let hour = hour.parse().ok().filter(|hour| *hour < 24)?;
        return (minute.len() == 2).then(|| minute.parse().ok()).flatten().map(|m| (Some(hour), m));
    }
    let head = word.split('-').next().unwrap_or(word);
    let nth = |words: [&str; 7]| words.iter().position(|word| *word == head).map(|at| at as u8);
    let number = head.parse::<u8>().ok().filter(|number| *number < 100);
    let number = number.or_else(|| (head == "ten").then_some(10));
    let number = number.or_else(|| nth(TEENS).map(|at| at + 13));
    number.or_else(|| nth(TENS).map(|at| (at + 3) * 10)).map(|number| (None, number))
}

/// The value that sounds like `value`.
fn twin((hour, number): Value) -> Option<Value> {
    match number {
        13..=19 => Some((hour, (number - 10) * 10)),
        30 | 40 | 50 | 60 | 70 | 80 | 90 => Some((hour, number / 10 + 10)),
        _ => None,
    }
    .filter(|(hour, number)| hour.is_none() || *number < 60)
}

fn alike(a: &str, b: &str) -> bool {
    let tail = |word: &str| bare(word).split_once('-').map(|(_, tail)| tail.to_owned());
    if let (Some((Some(early), 10)), Some((Some(late), 0))) = (value(a), value(b)) {
        return ten(late) && late == early + 10;
    }
    value(a).and_then(twin).is_some_and(|twin| value(b) == Some(twin)) && tail(a) == tail(b)
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn bare(word: &str) -> String {
    trimmed(word).to_lowercase()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Grammar;
    use super::*;

    #[test]
    fn only_numbers_that_sound_alike_are_joined() {
        for (a, b, both) in [
            (
                "Set a timer for 15 minutes.",
                "set a timer for 50 minutes.",
                Some("Set a timer for 15 or 50 minutes."),
            ),
            (
                "Set a timer for 15 minutes.",
                "Set a timer for fifty minutes.",
                Some("Set a timer for 15 or 50 minutes."),
            ),
            ("Wake me at 6:50.", "Wake me at 6:15.", Some("Wake me at 6:15 or 6:50.")),
            (
                "Cancel the forty-minute timer.",
                "Cancel the fourteen-minute timer.",
                Some("Cancel the fourteen-minute or forty-minute timer."),
            ),
            ("Set a timer for 15 minutes.", "Set a timer for 16 minutes.", None),
            ("Set a timer for 15 minutes.", "Set an alarm for 50 minutes.", None),
            ("Set a timer for 15 minutes.", "Set a timer for 15 minutes.", None),
            ("Wake me at 6:13.", "Wake me at 6:30.", Some("Wake me at 6:13 or 6:30.")),
            ("Wake me at 6:15.", "Wake me at 7:50.", None),
        ] {
            assert_eq!(joined(a, b).as_deref(), both, "{a} {b}");
        }
    }

    #[test]
    fn the_question_names_both_and_the_answer_completes_the_command() {
        let grammar = Grammar::new();
        for (said, question) in [
            ("Set a timer for 15 or 50 minutes.", "15 or 50 minutes?"),
            ("set a timer for fourteen or forty minutes", "Fourteen or forty minutes?"),
            ("Set an alarm for 6:15 or 6:50.", "6:15 or 6:50?"),
            ("Set an alarm for 7:10 or 17:00.", "7:10 or 17:00?"),
            ("Set the volume to 13 or 30 percent.", "13 or 30 percent?"),
            ("Remind me in 16 or 60 minutes to call Anna.", "16 or 60 minutes?"),
        ] {
            let Some(Meaning::Ask { question: asked, .. }) = grammar.understand(said) else {
                panic!("no question after {said}");
            };
            assert_eq!(asked, question, "{said}");
        }
        let said = "Set a timer for 15 or 50 minutes.";
        for (answer, meant) in [
            ("Fifteen.", Some("Set a timer for 15 minutes.")),
            ("50 minutes, please.", Some("Set a timer for 50 minutes.")),
            ("The first.", Some("Set a timer for 15 minutes.")),
            ("the second one", Some("Set a timer for 50 minutes.")),
            ("Fifteen or fifty?", None),
            ("Never mind.", None),
            ("What is fifteen percent of the price of the ticket?", None),
        ] {
            assert_eq!(settled(said, answer).as_deref(), meant, "{answer}");
        }
        let said = "Set an alarm for 6:15 or 6:50.";
        assert_eq!(settled(said, "Six fifty.").as_deref(), Some("Set an alarm for 6:50."));
        let said = with_ten("Set an alarm for seventeen.").unwrap();
        assert_eq!(said, "Set an alarm for 7:10 or 17:00.");
        assert_eq!(settled(&said, "Seven ten.").as_deref(), Some("Set an alarm for 7:10."));
        assert_eq!(settled(&said, "Seventeen.").as_deref(), Some("Set an alarm for 17:00."));
    }

    #[test]
    fn a_range_is_no_doubt() {
        assert_eq!(doubt("Set a timer for 5 or 10 minutes."), None);
        assert_eq!(doubt("Either 15 or 16."), None);
    }
}
