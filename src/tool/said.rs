//! What the user's words say that the arguments do not.

use crate::language::german::looks_german;

/// Whether the words name the half of the day: "4:30 am", "in the evening", "noon". If not, "04:30"
/// may mean the afternoon.
pub(super) fn names_half(said: &str) -> bool {
    const HALVES: &[&str] = &[
        "am",
        "pm",
        "morning",
        "mornings",
        "afternoon",
        "afternoons",
        "evening",
        "evenings",
        "night",
        "nights",
        "tonight",
        "noon",
        "midday",
        "midnight",
        "hundred",
        "hours",
        "dawn",
        "sunrise",
        "sunset",
        "breakfast",
        "lunch",
        "dinner",
    ];
    let words = words(said);
    words.iter().enumerate().any(|(at, word)| {
        let clock = word.trim_start_matches(|c: char| c.is_ascii_digit());
        // "7am", "a.m.", and the 24-hour clock's "04:30" and "0430".
        HALVES.contains(&word.as_str())
            || (clock.len() < word.len() && matches!(clock, "am" | "pm" | "a" | "p"))
            || (matches!(word.as_str(), "a" | "p")
                && words.get(at + 1).is_some_and(|next| next == "m"))
            || (word.starts_with('0') && word.len() > 1 && clock.is_empty())
    }) || german_hour(said, &words)
}

/// Whether a German hour is one of twenty-four, as it is unless somebody wants to be reminded "um fünf"
/// and says neither "Uhr" nor a part of the day.
fn german_hour(said: &str, words: &[String]) -> bool {
    const NAMED: &[&str] = &["uhr", "früh", "morgens", "mittag", "mittags", "mitternacht"];
    let parts = ["vormittag", "nachmittag", "abend", "nacht"];
    let named = said.contains(':')
        || words.iter().any(|word| {
            NAMED.contains(&word.as_str())
                || parts.iter().any(|part| word.trim_end_matches('s').ends_with(part))
        });
    let reminds = words.iter().any(|word| word.starts_with("erinner"));
    looks_german(said) && (named || !reminds)
}

/// Whether the words name a time before noon: "four am", "in the morning".
pub(super) fn names_morning(said: &str) -> bool {
    let words = words(said);
    words.iter().enumerate().any(|(at, word)| {
        let clock = word.trim_start_matches(|c: char| c.is_ascii_digit());
        matches!(word.as_str(), "am" | "morning" | "mornings" | "dawn" | "sunrise" | "breakfast")
            || (clock.len() < word.len() && clock == "am")
            || (word == "a" && words.get(at + 1).is_some_and(|next| next == "m"))
    })
}

/// Whether the words mention the coming night: "12 tonight".
pub(super) fn names_night(said: &str) -> bool {
    let night = |word: &String| matches!(word.as_str(), "tonight" | "night" | "nacht" | "nachts");
    words(said).iter().any(night)
}

/// Whether the words are about waking up, which people mostly do in the morning.
pub(super) fn wakes(said: &str) -> bool {
    let words = words(said);
    words.iter().enumerate().any(|(at, word)| match word.as_str() {
        "wake" | "waking" | "woken" | "awake" | "bed" | "sleep" => true,
        // "Get me up", "be up by seven", but not "set up".
        "up" => at > 0 && matches!(words[at - 1].as_str(), "me" | "get" | "be" | "us" | "m" | "am"),
        _ => false,
    })
}

/// A day that a question may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// Today, or tonight.
    Today,
    /// Tomorrow.
    Tomorrow,
}

/// Which alarms a question is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AskedAlarms {
    /// Only those of this day.
    pub(super) day: Option<Day>,
    /// Only the next to ring: "my next alarm", "when will the alarm go off".
    pub(super) next: bool,
}

/// Which alarms `said` asks about.
pub(super) fn asked_alarms(said: &str) -> AskedAlarms {
    let words = words(said);
    let any = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    let day = if any(&["tomorrow"]) {
        Some(Day::Tomorrow)
    } else if any(&["today", "tonight"]) {
        Some(Day::Today)
    } else {
        None
    };
    let one = any(&["alarm"]) && !any(&["alarms", "any", "all", "every"]);
    AskedAlarms { day, next: any(&["next"]) || (one && any(&["when", "long", "time", "soon"])) }
}

/// Whether the words ask for more, not less: "turn it up to ten".
pub(super) fn turns_up(said: &str) -> bool {
    const UP: &[&str] = &["up", "louder", "raise", "increase", "crank", "boost"];
    words(said).iter().any(|word| UP.contains(&word.as_str()))
}

/// The label of `labels` that `said` names, if it names just one.
pub(super) fn named<'a>(said: &str, labels: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let said: Vec<String> = words(said).iter().map(|word| singular(word).to_owned()).collect();
    let named = |label: &&str| {
        let label = words(label);
        !label.is_empty() && label.iter().all(|word| said.iter().any(|s| s == singular(word)))
    };
    let mut named = labels.filter(named);
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// `text` with the capitals that its words have in what was said: "call ann" as "call Ann".
///
/// The first word of a sentence has its capital from its place, and a sentence in capitals only, or
/// With One On Every Word, tells nothing.
pub(super) fn as_said(text: &str, said: Option<&str>) -> String {
    let all: Vec<&str> = said.unwrap_or_default().split_whitespace().map(core).collect();
    let capital = |word: &&str| word.starts_with(char::is_uppercase);
    if all.len() > 2 && all.iter().filter(|word| capital(word)).count() * 3 > all.len() * 2 {
        return text.to_owned();
    }
    let said: Vec<&str> = said.unwrap_or_default().split_whitespace().collect();
    let inside = said.iter().enumerate().filter(|(at, _)| *at > 0 && !ends(said[at - 1]));
    let spelled: Vec<&str> = inside
        .map(|(_, word)| core(word))
        .filter(|word| word.contains(char::is_uppercase))
        .collect();
    let parts = text.split_inclusive(char::is_whitespace).map(|part| {
        let word = core(part);
        let same = spelled.iter().find(|other| other.to_lowercase() == word);
        same.map_or_else(|| part.to_owned(), |other| part.replacen(word, other, 1))
    });
    parts.collect()
}

/// `word` without the punctuation around it.
fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a sentence may end with `word`: "Done." but not "Dr."
fn ends(word: &str) -> bool {
    word.ends_with(['.', '!', '?', ':']) && !matches!(core(word), "Dr" | "Mr" | "Mrs" | "Ms" | "St")
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

fn words(said: &str) -> Vec<String> {
    let parted = said.split(|c: char| !c.is_alphanumeric());
    parted.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_of_the_day_is_heard_in_every_form() {
        for said in [
            "set an alarm for 4:30 am",
            "7am",
            "7 a.m. please",
            "at seven P M",
            "7:30pm",
            "at 04:30",
            "in the morning",
            "tonight at nine",
            "at noon",
            "nineteen hundred hours",
            "at 0730",
        ] {
            assert!(names_half(said), "{said}");
        }
        for said in
            ["set an alarm for 4:30", "wake me at seven", "at 10", "a timer", "half past six"]
        {
            assert!(!names_half(said), "{said}");
        }
        assert!(names_night("at 12 tonight") && !names_night("at 12"));
        assert!(wakes("wake me at 7") && !wakes("alarm for 7"));
    }

    #[test]
    fn names_keep_their_capitals() {
        let spelled = [
            ("call ann", "remind me at 5 to call Ann and at 6 to call Bob", "call Ann"),
            (
                "email dr. smith about the mri",
                "Remind me to email Dr. Smith about the MRI.",
                "email Dr. Smith about the MRI",
            ),
            ("milk", "Milk is out. Put milk on my list", "milk"),
            ("oreos", "add Nutella, Oreos and bread to my list", "Oreos"),
            ("i parked on level 3", "take a note: I parked on level 3", "i parked on level 3"),
            ("pasta", "SET A TIMER CALLED PASTA", "pasta"),
            ("pasta", "Set A Timer Called Pasta", "pasta"),
            ("pasta", "pasta timer", "pasta"),
        ];
        for (text, said, expected) in spelled {
            assert_eq!(as_said(text, Some(said)), expected, "{said}");
        }
        assert_eq!(as_said("ann", None), "ann");
    }
}
