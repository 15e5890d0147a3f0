/// A word as compared: without case and punctuation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) plain: String,
    /// The byte of the text at which it begins.
    pub(super) at: usize,
}

/// The words of `text`, separated by blanks or hyphens.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() || matches!(c, '-' | '\u{2013}' | '\u{2014}') {
            open = false;
        } else if c.is_alphanumeric() {
            if !open {
                words.push(Word { plain: String::new(), at });
                open = true;
            }
            if let Some(word) = words.last_mut() {
                word.plain.extend(c.to_lowercase());
            }
        }
    }
    words
}

impl Word {
    /// Whether a recognizer may have written this for `other`, or been cut off in the middle of it.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        let (a, b) = (&self.plain, &other.plain);
        if a == b || (self.is_number() && other.is_number() && (a.has_digit() || b.has_digit())) {
            return true;
        }
        let length = a.chars().count().max(b.chars().count());
        let allowed = match length {
            0..=3 => 0,
            4..=6 => 1,
            _ => 2,
        };
        // Only its beginning or its end, if the sound was cut.
        let part = a.chars().count() >= 3 && (b.starts_with(a.as_str()) || b.ends_with(a.as_str()));
        part || (allowed > 0 && distance(a, b) <= allowed)
    }

    /// Whether it is a number, in digits or in words.
    pub(super) fn is_number(&self) -> bool {
        self.plain.has_digit() || NUMBERS.contains(&self.plain.as_str())
    }
}

trait Digits {
    fn has_digit(&self) -> bool;
}

impl Digits for String {
    fn has_digit(&self) -> bool {
        self.chars().any(|c| c.is_ascii_digit())
    }
}

/// Words in which a number in digits is spoken.
const NUMBERS: [&str; 33] = [
    "zero",
    "oh",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "thousand",
    "point",
    "half",
];

/// How many letters must be changed, inserted or deleted (V. Levenshtein, 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, a) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = n + 1;
        for (column, b) in b.iter().enumerate() {
            let change = corner + usize::from(a != *b);
            corner = row[column + 1];
            row[column + 1] = change.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// What people say while they listen, without wanting the floor: the back channel of V. Yngve, "On
/// getting a word in edgewise", 1970. No "yes", "no" or "stop", which may be meant.
const BACKCHANNELS: [&str; 28] = [
    "ah",
    "aha",
    "ahem",
    "all right",
    "alright",
    "cool",
    "er",
    "erm",
    "hm",
    "hmm",
    "huh",
    "i see",
    "mhm",
    "mm",
    "mm hm",
    "mm hmm",
    "mmhmm",
    "mmm",
    "oh",
    "ok",
    "okay",
    "right",
    "uh",
    "uh huh",
    "uhhuh",
    "um",
    "yeah",
    "yep",
];

/// Whether `text` is no more than a sign of listening, or several.
pub(super) fn is_backchannel(text: &str) -> bool {
    let words = plain(text);
    // "Yeah, okay", "mm-hm, mm-hm".
    let mut left = words.as_str();
    while !left.is_empty() {
        let next = BACKCHANNELS.iter().filter_map(|murmur| {
            let rest = left.strip_prefix(murmur)?;
            (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim_start())
        });
        match next.min_by_key(|rest| rest.len()) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    !words.is_empty()
}

/// What recognizers write when nobody said anything: the ends of the films that they were trained
/// on.
const NULL_WORDS: [&str; 16] = [
    "bye",
    "bye bye",
    "ah",
    "oh",
    "uh",
    "um",
    "hm",
    "hmm",
    "so",
    "the",
    "you",
    "thank you",
    "thank you very much",
    "thanks",
    "thanks for watching",
    "thank you for watching",
];

/// Whether `text` is what recognizers make of noise.
pub(super) fn is_null(text: &str) -> bool {
    let words = plain(text);
    words.is_empty() || NULL_WORDS.contains(&words.as_str())
}

/// Phrases that end a reply whoever hears them, and need no network to be understood.
const HALTS: [&str; 21] = [
    "be quiet",
    "cancel",
    "cancel that",
    "enough",
    "halt",
    "hold on",
    "hush",
    "never mind",
    "nevermind",
    "please stop",
    "quiet",
    "shut up",
    "silence",
    "stop",
    "stop it",
    "stop now",
    "stop please",
    "stop talking",
    "that is enough",
    "wait",
    "wait a minute",
];

/// Whether `text` asks for silence and nothing else.
pub(super) fn is_halt(text: &str) -> bool {
    let words = plain(text);
    // "Stop! Stop!"
    let mut rest = words.split(' ');
    let first = rest.next().unwrap_or_default();
    HALTS.contains(&words.as_str()) || (HALTS.contains(&first) && rest.all(|word| word == first))
}

/// Short answers that are complete in one word.
const ANSWERS: [&str; 9] =
    ["yes", "no", "yep", "nope", "sure", "please", "go on", "louder", "quieter"];

/// Whether `text` is an answer or a command of a word or two.
pub(super) fn is_answer(text: &str) -> bool {
    is_halt(text) || ANSWERS.contains(&plain(text).as_str())
}

/// The words of `text` separated by single blanks.
fn plain(text: &str) -> String {
    words(text).into_iter().map(|word| word.plain).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_murmur_is_told_from_a_word() {
        for text in ["Mm-hm.", "Okay", " yeah, ", "I see!", "Uh-huh.", "Yeah, okay.", "mhm mhm"] {
            assert!(is_backchannel(text), "{text}");
        }
        for text in ["Stop.", "no", "Okay, stop", "wait", "yes", "", "okay then what"] {
            assert!(!is_backchannel(text), "{text}");
        }
    }

    #[test]
    fn a_wish_for_silence_is_told_from_a_command() {
        for text in ["Stop!", "stop, stop", "Wait.", "hold on", "Never mind.", "be quiet"] {
            assert!(is_halt(text), "{text}");
        }
        for text in ["stop the timer", "cancel my alarm", "wait for me", "", "stopping"] {
            assert!(!is_halt(text), "{text}");
        }
    }

    #[test]
    fn words_are_found_with_their_places() {
        let found = words("It's  twenty-one, caf\u{e9}.");
        let found: Vec<_> = found.iter().map(|word| (word.plain.as_str(), word.at)).collect();
        assert_eq!(found, [("its", 0), ("twenty", 6), ("one", 13), ("caf\u{e9}", 18)]);
    }

    #[test]
    fn likeness_of_words_allows_for_the_errors_of_recognizers() {
        let like = |a: &str, b: &str| words(a)[0].resembles(&words(b)[0]);
        for (a, b) in
            [("weather", "whether"), ("sunny", "funny"), ("21", "twenty"), ("morn", "morning")]
        {
            assert!(like(a, b), "{a} {b}");
        }
        for (a, b) in
            [("yes", "yet"), ("stop", "song"), ("no", "now"), ("ten", "fifty"), ("to", "today")]
        {
            assert!(!like(a, b), "{a} {b}");
        }
    }
}
