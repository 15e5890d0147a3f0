//! Words and punctuation, split by spaCy's rules for English as hibari-tts implements them
//! (`tokenize.py`; spaCy, MIT).
//!
//! Special cases ("don't", "Mr.") come first, then punctuation is stripped from both ends of what
//! stands between spaces, then hyphens and slashes split the rest; neighbours that form a special
//! case are joined again.

use std::ops::Range;

use super::table::Table;
use crate::language::scan::{follows, has, is_high, is_letter, is_low, literal};

const QUOTES: &str = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉";
const MARKS: &str = "…,:;!?¿¡()[]{}<>_#*&。？！，、；：～·";
const ICONS: &str = "™®©°§¶†‡•";
const CURRENCIES: &[&str] = &[
    "$", "£", "€", "¥", "฿", "US$", "C$", "A$", "₽", "₹", "₩", "₪", "₺", "₴", "₦", "₫", "₱", "₲",
    "₵", "₸", "₼", "₾", "₿",
];
const UNITS: &[&str] = &[
    "km", "km²", "km³", "m", "m²", "m³", "dm", "dm²", "dm³", "cm", "cm²", "cm³", "mm", "mm²",
    "mm³", "ha", "µm", "nm", "yd", "in", "ft", "kg", "g", "mg", "µg", "t", "lb", "oz", "m/s",
    "km/h", "kmh", "mph", "hPa", "Pa", "mbar", "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "T",
    "G", "M", "K", "%",
];

/// Splits text into tokens. Holds the special cases.
#[derive(Debug, Default)]
pub(super) struct Tokenizer {
    /// Text to its pieces, each terminated by a zero byte; together they are the text.
    pub(super) special: Table,
}

/// A token: its position, and whether space follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) letters: Range<usize>,
    pub(super) spaced: bool,
}

impl Tokenizer {
    /// The tokens of `text`.
    pub(super) fn tokens(&self, text: &[char]) -> Vec<Span> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let end = at + text[at..].iter().take_while(|c| !c.is_whitespace()).count();
            if end > at {
                let pieces = self.pieces(&text[at..end]);
                let last = pieces.len().saturating_sub(1);
                out.extend(pieces.into_iter().enumerate().map(|(i, piece)| Span {
                    letters: at + piece.start..at + piece.end,
                    spaced: i == last && end < text.len(),
                }));
            }
            at = end + 1;
        }
        out
    }

    fn pieces(&self, word: &[char]) -> Vec<Range<usize>> {
        if let Some(pieces) = self.special(word, 0..word.len()) {
            return pieces;
        }
        let (mut from, mut to) = (0, word.len());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut length = usize::MAX;
        while from < to && to - from != length && !self.is_special(&word[from..to]) {
            length = to - from;
            let rest = &word[from..to];
            let prefix = prefix(rest);
            if prefix > 0 && self.is_special(&rest[prefix..]) {
                before.push(from..from + prefix);
                from += prefix;
                break;
            }
            let suffix = suffix(&rest[prefix..]);
            if suffix > 0 && self.is_special(&rest[..rest.len() - suffix]) {
                after.push(to - suffix..to);
                to -= suffix;
                break;
            }
            if prefix > 0 {
                before.push(from..from + prefix);
                from += prefix;
            }
            if suffix > 0 {
                after.push(to - suffix..to);
                to -= suffix;
            }
        }
        let mut pieces = before;
        if from < to {
            match self.special(word, from..to) {
                Some(special) => pieces.extend(special),
                None => cut_inside(word, from..to, &mut pieces),
            }
        }
        pieces.extend(after.into_iter().rev());
        if pieces.len() > 1 { self.rejoined(word, &pieces) } else { pieces }
    }

    fn is_special(&self, word: &[char]) -> bool {
        !word.is_empty() && self.special.contains(&word.iter().collect::<String>())
    }

    /// The pieces of the special case at `range`.
    fn special(&self, word: &[char], range: Range<usize>) -> Option<Vec<Range<usize>>> {
        let text: String = word[range.clone()].iter().collect();
        let packed = std::str::from_utf8(self.special.get(&text)?).ok()?;
        let mut at = range.start;
        let pieces = packed.split_terminator('\0').map(|piece| {
            let start = at;
            at = (at + piece.chars().count()).min(range.end);
            start..at
        });
        Some(pieces.collect())
    }

    /// spaCy's pass over the result: "Sept" and "." are "Sept." again.
    fn rejoined(&self, word: &[char], pieces: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < pieces.len() {
            let joined = [3, 2].into_iter().find_map(|count| {
                let last = pieces.get(at + count - 1)?;
                Some((count, self.special(word, pieces[at].start..last.end)?))
            });
            match joined {
                Some((count, special)) => {
                    out.extend(special);
                    at += count;
                }
                None => {
                    out.push(pieces[at].clone());
                    at += 1;
                }
            }
        }
        out
    }
}

/// The length of a punctuation mark at the start.
fn prefix(word: &[char]) -> usize {
    let Some(first) = word.first().copied() else { return 0 };
    let dots = word.iter().take_while(|c| **c == '.').count();
    let currency = || CURRENCIES.iter().find_map(|currency| literal(word, 0, currency));
    if "§%=—–…".contains(first)
        || (first == '+' && !has(word, 1, |c| c.is_ascii_digit()))
        || MARKS.contains(first)
    {
        1
    } else if dots > 1 {
        dots
    } else if QUOTES.contains(first) {
        1
    } else {
        currency().unwrap_or(usize::from(ICONS.contains(first)))
    }
}

/// The length of a punctuation mark at the end: the longest that matches.
fn suffix(word: &[char]) -> usize {
    let Some(last) = word.last().copied() else { return 0 };
    let len = word.len();
    let digit = |c: char| c.is_ascii_digit();
    let ends = |end: &str| {
        let start = len.checked_sub(end.chars().count())?;
        literal(word, start, end).map(|_| start)
    };
    let after_digit = |ends_with: &[&str]| {
        ends_with
            .iter()
            .filter_map(|end| ends(end))
            .filter(|start| follows(word, *start, digit))
            .map(|start| len - start)
            .max()
            .unwrap_or(0)
    };
    let mut longest = usize::from(
        MARKS.contains(last)
            || QUOTES.contains(last)
            || ICONS.contains(last)
            || "—–".contains(last),
    );
    let dots = word.iter().rev().take_while(|c| **c == '.').count();
    if dots > 1 {
        longest = longest.max(dots);
    }
    if ["……", "'s", "'S", "’s", "’S"].iter().any(|end| ends(end).is_some()) {
        longest = longest.max(2);
    }
    if last == '+' && follows(word, len - 1, digit) {
        longest = longest.max(1);
    }
    if last == '.' {
        let closes = follows(word, len - 1, |c| {
            digit(c) || is_low(c) || "%²-+".contains(c) || MARKS.contains(c) || QUOTES.contains(c)
        });
        let degrees = follows(word, len - 1, |c| "FfCcKk".contains(c))
            && len > 2
            && follows(word, len - 2, |c| c == '°');
        let capitals =
            len > 2 && follows(word, len - 1, is_high) && follows(word, len - 2, is_high);
        longest = longest.max(usize::from(closes || degrees || capitals));
    }
    longest.max(after_digit(CURRENCIES)).max(after_digit(UNITS))
}

/// Splits at hyphens, slashes and the like between letters.
fn cut_inside(word: &[char], range: Range<usize>, out: &mut Vec<Range<usize>>) {
    let part = &word[range.clone()];
    let mut start = 0;
    let mut at = 0;
    while at < part.len() {
        match infix(part, at) {
            Some(end) if at > 0 => {
                if at > start {
                    out.push(range.start + start..range.start + at);
                }
                out.push(range.start + at..range.start + end);
                start = end;
                at = end;
            }
            Some(end) => at = end,
            None => at += 1,
        }
    }
    if start < part.len() {
        out.push(range.start + start..range.end);
    }
}

/// The end of a punctuation mark inside a word.
fn infix(word: &[char], at: usize) -> Option<usize> {
    let c = word[at];
    let dots = word[at..].iter().take_while(|c| **c == '.').count();
    let after = |test: fn(char) -> bool| follows(word, at, test);
    let quoted = |c: char| QUOTES.contains(c);
    if dots > 1 {
        return Some(at + dots);
    }
    let arithmetic = "+-*^".contains(c)
        && after(|c| c.is_ascii_digit())
        && has(word, at + 1, |c| c.is_ascii_digit() || c == '-');
    let sentence = c == '.'
        && follows(word, at, |c| is_low(c) || quoted(c))
        && has(word, at + 1, |c| is_high(c) || quoted(c));
    let comma = c == ',' && after(is_letter) && has(word, at + 1, is_letter);
    if c == '…' || ICONS.contains(c) || arithmetic || sentence || comma {
        return Some(at + 1);
    }
    if !after(char::is_alphanumeric) {
        return None;
    }
    let dash = ["-", "–", "—", "--", "---", "——", "~"]
        .iter()
        .filter_map(|dash| literal(word, at, dash))
        .find(|end| has(word, *end, is_letter));
    let joint = ":<>=/".contains(c) && has(word, at + 1, is_letter);
    dash.or(joint.then_some(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> Tokenizer {
        let mut special = Table::default();
        for (text, pieces) in [
            ("don't", "do\0n't\0"),
            ("Mr.", "Mr.\0"),
            ("a.m.", "a.m.\0"),
            ("'s", "'s\0"),
            ("Sept.", "Sept.\0"),
        ] {
            special.insert(text, pieces.as_bytes());
        }
        Tokenizer { special }
    }

    fn tokens(text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        tokenizer().tokens(&chars).into_iter().map(|t| chars[t.letters].iter().collect()).collect()
    }

    #[test]
    fn tokens_are_cut_as_by_spacy() {
        for (text, expected) in [
            ("I don't.", vec!["I", "do", "n't", "."]),
            ("(Mr. Fox's!)", vec!["(", "Mr.", "Fox", "'s", "!", ")"]),
            ("$12.50, 10km", vec!["$", "12.50", ",", "10", "km"]),
            ("well-known and/or A/B", vec!["well", "-", "known", "and", "/", "or", "A", "/", "B"]),
            ("at 7 a.m. now", vec!["at", "7", "a.m.", "now"]),
            ("wait...", vec!["wait", "..."]),
            ("U.S.", vec!["U.S."]),
            ("45%.", vec!["45", "%", "."]),
            ("-5 GPT-4", vec!["-5", "GPT-4"]),
            ("in Sept.,", vec!["in", "Sept.", ","]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn space_is_remembered_and_nothing_is_lost() {
        let chars: Vec<char> = "Hi, you  there ".chars().collect();
        let spans = tokenizer().tokens(&chars);
        assert_eq!(spans.iter().map(|s| s.spaced).collect::<Vec<_>>(), [false, true, true, true]);
        assert_eq!(spans.last().map(|s| s.letters.clone()), Some(9..14));
    }
}
