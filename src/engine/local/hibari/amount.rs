//! Numbers and amounts of money, read aloud (`lexicon.py`, `get_number`).

use super::lexicon::{Lexicon, with_ed, with_ing, with_s};
use super::stress::Stress;
use crate::language::english::number;

/// A currency whose sign precedes the amount: its unit and hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Currency {
    Dollar,
    Pound,
    Euro,
}

impl Currency {
    /// The currency of a sign.
    pub(super) fn of(sign: &str) -> Option<Self> {
        match sign {
            "$" => Some(Self::Dollar),
            "£" => Some(Self::Pound),
            "€" => Some(Self::Euro),
            _ => None,
        }
    }

    fn units(self) -> [&'static str; 2] {
        match self {
            Self::Dollar => ["dollar", "cent"],
            Self::Pound => ["pound", "pence"],
            Self::Euro => ["euro", "cent"],
        }
    }

    /// The word after a number that could not be read with its currency.
    pub(super) fn plural(self) -> String {
        format!("{}s", self.units()[0])
    }
}

/// Whether a word is a number, possibly with a suffix ("90s", "5th") or, at the start of a word, a
/// minus.
pub(super) fn is_number(word: &str, is_head: bool) -> bool {
    if !word.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let bare = ["ing", "'d", "ed", "'s", "st", "nd", "rd", "th", "s"]
        .iter()
        .find_map(|suffix| word.strip_suffix(suffix))
        .unwrap_or(word);
    let minus = if is_head { bare.strip_prefix('-') } else { None };
    minus.unwrap_or(bare).chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

/// Collects the phonemes of a number.
struct Spoken<'l> {
    lexicon: &'l Lexicon,
    words: Vec<String>,
}

impl Spoken<'_> {
    fn word(&mut self, word: &str, stress: Stress) {
        self.words.extend(self.lexicon.number_word(word, stress));
    }

    /// Written number words; "and" is not spoken, "point" not stressed.
    fn words(&mut self, words: &str) {
        for word in words.split(|c: char| !c.is_ascii_lowercase()) {
            match word {
                "" | "and" => {}
                "point" => self.word(word, Some(-2.0)),
                _ => self.word(word, None),
            }
        }
    }

    fn number(&mut self, digits: &str) {
        self.words(&number::cardinal(digits));
    }

    /// Long numbers are split like any other: see [`number::cardinal`].
    fn digits(&mut self, digits: &str) {
        for c in digits.chars().take(100) {
            self.words(number::digit(c));
        }
    }
}

impl Lexicon {
    /// Reads a number: an ordinal, a year, an amount, a decimal, or its digits if it continues
    /// letters (`is_head` false).
    pub(super) fn number(
        &self,
        word: &str,
        currency: Option<Currency>,
        is_head: bool,
    ) -> Option<String> {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '\'');
        let suffix = &word[bare.len()..];
        let is_ordinal = matches!(suffix, "st" | "nd" | "rd" | "th");
        let mut spoken = Spoken { lexicon: self, words: Vec::new() };
        let digits = match bare.strip_prefix('-') {
            Some(rest) => {
                spoken.word("minus", None);
                rest
            }
            None => bare,
        };
        let is_plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        let whole = digits.replace(',', "");
        if is_plain && is_ordinal {
            spoken.words(&number::ordinal(digits));
        } else if spoken.words.is_empty() && digits.len() == 4 && currency.is_none() && is_plain {
            spoken.words(&number::year(digits));
        } else if !is_head && !digits.contains('.') {
            spoken.part_of_word(&whole);
        } else if digits.matches('.').count() > 1 || !is_head {
            spoken.dotted(&whole);
        } else if let Some(currency) = currency.filter(|_| is_amount(digits)) {
            spoken.amount(&whole, currency);
        } else if !digits.contains('.') {
            spoken.words(&if is_ordinal {
                number::ordinal(&whole)
            } else {
                number::cardinal(&whole)
            });
        } else if let Some(fraction) = whole.strip_prefix('.') {
            spoken.words("point");
            spoken.digits(fraction);
        } else {
            spoken.words(&number::decimal(&whole));
        }
        let phonemes = spoken.words.join(" ");
        match suffix {
            _ if phonemes.is_empty() => None,
            "s" | "'s" => with_s(&phonemes),
            "ed" | "'d" => with_ed(&phonemes),
            "ing" => with_ing(&phonemes),
            _ => Some(phonemes),
        }
    }
}

impl Spoken<'_> {
    /// The number of "GPT-4", "MP3", "Boeing 747": short ones in pairs, long ones digit by digit.
    fn part_of_word(&mut self, digits: &str) {
        match digits.as_bytes() {
            [] => {}
            [b'0', ..] | [_, _, _, _, ..] => self.digits(digits),
            [_, b'0', b'0'] => self.number(digits),
            [_, b'0', _] => {
                self.number(&digits[..1]);
                self.word("O", Some(-2.0));
                self.number(&digits[2..]);
            }
            [_, _, _] => {
                self.number(&digits[..1]);
                self.number(&digits[1..]);
            }
            _ => self.number(digits),
        }
    }

    /// Version numbers and the like, part by part.
    fn dotted(&mut self, number: &str) {
        for part in number.split('.').filter(|part| !part.is_empty()).take(100) {
            let is_odd = part.len() != 2 && part[1..].contains(|c| c != '0');
            if part.starts_with('0') || is_odd { self.digits(part) } else { self.number(part) }
        }
    }

    fn amount(&mut self, number: &str, currency: Currency) {
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_zero = |digits: &str| digits.chars().all(|c| c == '0');
        let [unit, hundredth] = currency.units();
        // The original reads $2.5 as "two dollars and five cents".
        let part = &if part.len() == 1 { format!("{part}0") } else { part.to_owned() };
        let pairs: Vec<(&str, &str)> = match (is_zero(whole), is_zero(part)) {
            (_, true) => vec![(whole, unit)],
            (true, false) => vec![(part, hundredth)],
            (false, false) => vec![(whole, unit), (part, hundredth)],
        };
        for (place, (digits, unit)) in pairs.into_iter().enumerate() {
            if place > 0 {
                self.word("and", None);
            }
            self.number(digits);
            let is_one = digits.trim_start_matches('0') == "1";
            if is_one || unit == "pence" {
                self.word(unit, None);
            } else {
                self.words.extend(self.lexicon.plural(&format!("{unit}s")));
            }
        }
    }
}

/// Whether a number has at most two decimals.
fn is_amount(number: &str) -> bool {
    number.split_once('.').is_none_or(|(_, part)| part.len() < 3)
}

#[cfg(test)]
mod tests {
    use super::super::reading::pack_one;
    use super::*;

    /// A lexicon in which every number word is pronounced as written.
    fn lexicon() -> Lexicon {
        let mut lexicon = Lexicon::default();
        let words = "zero one two three four five six seven eight nine ten twelve nineteen twenty \
                     thirty forty fifty ninety hundred thousand minus point and first fifth oh \
                     dollar cent pound pence euro twentieth";
        for word in words.split_whitespace() {
            let mut bytes = Vec::new();
            pack_one(word, &mut bytes);
            lexicon.gold.insert(word, &bytes);
        }
        let mut bytes = Vec::new();
        pack_one("O", &mut bytes);
        lexicon.gold.insert("O", &bytes);
        lexicon
    }

    #[test]
    fn numbers_are_read_by_what_they_are() {
        for (word, currency, is_head, spoken) in [
            ("42", None, true, "forty two"),
            ("-5", None, true, "minus five"),
            ("1,200", None, true, "one thousand two hundred"),
            ("1905", None, true, "nineteen oh five"),
            ("1990s", None, true, "nineteen ninetyz"),
            ("5th", None, true, "fifth"),
            ("3.50", None, true, "three point five"),
            (".5", None, true, "point five"),
            ("3.42.2", None, true, "three forty two two"),
            ("747", None, false, "seven forty seven"),
            ("404", None, false, "four O four"),
            ("12.50", Some(Currency::Dollar), true, "twelve dollarz and fifty cents"),
            ("1", Some(Currency::Pound), true, "one pound"),
            ("0.99", Some(Currency::Pound), true, "ninety nine pence"),
            ("2.00", Some(Currency::Euro), true, "two euroz"),
        ] {
            let phonemes = lexicon().number(word, currency, is_head);
            assert_eq!(phonemes.as_deref(), Some(spoken), "{word}");
        }
    }

    #[test]
    fn what_is_a_number() {
        for word in ["5", "1,234.5", "90's", "5th", "-5", "1990s"] {
            assert!(is_number(word, true), "{word}");
        }
        for word in ["", "five", "5x", "th", "1-2"] {
            assert!(!is_number(word, true), "{word}");
        }
        assert!(!is_number("-5", false));
    }
}
