//! Splits a sentence into tokens: words in lower case, numbers as digits, arithmetic signs.
//! Contractions become two words, so that "what's", "whats" and "what is" are the same.

use std::collections::HashMap;

use super::flag;

/// The most tokens of a sentence; longer speech is not a command.
pub(super) const MOST_TOKENS: usize = 64;
/// The most bytes of a sentence; longer speech is not a command.
pub(super) const MOST_BYTES: usize = 800;

/// Index of a word in the [`Vocabulary`]; zero for every unknown word.
pub(super) type WordId = u32;

/// The kind of a token, as far as numbers are concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// A word or a sign.
    Word,
    /// Digits, with the number of digits before and after the point.
    Digits { value: f64, whole: u8, after: u8 },
    /// Digits with a colon: hour and minute.
    Colon { hour: u8, minute: u8 },
    /// Digits with "st", "nd", "rd", "th".
    Ordinal(u32),
}

/// One token and its position in the sentence.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) id: WordId,
    pub(super) text: String,
    pub(super) shape: Shape,
    /// Byte range of the written word in the sentence. The two halves of a contraction share it.
    pub(super) start: usize,
    pub(super) end: usize,
    /// 0 for the first or only half of a written word, 1 for the next and so on.
    pub(super) part: u8,
    /// Whether a comma, full stop or the like precedes it.
    pub(super) pause: bool,
    /// Whether nothing separates it from the previous token.
    pub(super) glued: bool,
    /// Whether a hesitation was left out right before it.
    pub(super) hesitant: bool,
}

/// All words that the grammar knows.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    ids: HashMap<Box<str>, WordId>,
    flags: Vec<u32>,
    expansions: HashMap<Box<str>, Vec<String>>,
}

impl Vocabulary {
    /// The id of `word`, created if it is new.
    pub(super) fn intern(&mut self, word: &str) -> WordId {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        if self.flags.is_empty() {
            self.flags.push(0);
        }
        let id = self.flags.len() as WordId;
        self.ids.insert(word.into(), id);
        self.flags.push(0);
        id
    }

    /// The id of `word`, zero if the grammar does not know it.
    pub(super) fn id(&self, word: &str) -> WordId {
        self.ids.get(word).copied().unwrap_or(0)
    }

    /// Sets a flag of a word.
    pub(super) fn mark(&mut self, word: &str, flag: u32) {
        let id = self.intern(word);
        self.flags[id as usize] |= flag;
    }

    /// Whether a word carries a flag.
    pub(super) fn is(&self, id: WordId, flag: u32) -> bool {
        self.flags.get(id as usize).is_some_and(|flags| flags & flag != 0)
    }

    /// The number of words, including the unknown one.
    pub(super) fn len(&self) -> usize {
        self.flags.len().max(1)
    }

    /// Makes `word` stand for several words.
    pub(super) fn expand(&mut self, word: &str, into: &str) {
        let words = into.split_whitespace().map(str::to_owned).collect();
        self.expansions.insert(word.into(), words);
    }

    /// Splits `sentence` into tokens, leaving out hesitations. `None` if it is too long for a
    /// command.
    pub(super) fn lex(&self, sentence: &str) -> Option<Vec<Token>> {
        if sentence.len() > MOST_BYTES {
            return None;
        }
        let mut lexer = Lexer {
            words: self,
            source: sentence,
            at: 0,
            out: Vec::with_capacity(24),
            pause: false,
            glued: false,
            hesitant: false,
        };
        lexer.run();
        (lexer.out.len() <= MOST_TOKENS).then_some(lexer.out)
    }
}

struct Lexer<'a> {
    words: &'a Vocabulary,
    source: &'a str,
    at: usize,
    out: Vec<Token>,
    pause: bool,
    glued: bool,
    hesitant: bool,
}

/// Words after which "'s" is "is"; after all others it is the possessive.
const IS_AFTER: &[&str] =
    &["what", "who", "where", "when", "how", "it", "that", "there", "here", "which", "he", "she"];

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn after(&self, offset: usize) -> Option<char> {
        self.source.get(self.at + offset..).and_then(|rest| rest.chars().next())
    }

    fn before(&self) -> Option<char> {
        self.source[..self.at].chars().next_back()
    }

    fn run(&mut self) {
        while let Some(c) = self.peek() {
            if self.out.len() > MOST_TOKENS {
                return;
            }
            if c.is_alphabetic() {
                self.word();
            } else if c.is_ascii_digit()
                || (c == '.'
                    && self.after(1).is_some_and(|d| d.is_ascii_digit())
                    && !self.before().is_some_and(|b| b.is_alphanumeric()))
            {
                self.digits();
            } else {
                self.sign(c);
            }
        }
    }

    /// A run of letters including what belongs inside a word: apostrophes, the points of "a.m.",
    /// the slash of "km/h".
    fn word(&mut self) {
        let start = self.at;
        let rest = &self.source[start..];
        let after_digit = self.glued && self.before().is_some_and(|c| c.is_ascii_digit());
        if after_digit
            && matches!(rest.as_bytes()[0], b'x' | b'X')
            && rest[1..].starts_with(|c: char| c.is_ascii_digit())
        {
            self.at += 1;
            self.push("x", Shape::Word, start, self.at, 0);
            self.glued = true;
            return;
        }
        let mut end = start;
        let mut chars = rest.char_indices().peekable();
        let mut single = true;
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            let inside = c.is_alphabetic()
                || (c.is_ascii_digit() && !after_digit)
                || matches!(c, '\u{300}'..='\u{36f}')
                || (is_apostrophe(c) && next.is_some_and(char::is_alphabetic))
                || (c == '/' && next.is_some_and(char::is_alphabetic) && i <= 3);
            // "a.m." and "U.S.": single letters with points between them.
            let point = c == '.'
                && single
                && i > 0
                && rest[..i].chars().next_back().is_some_and(char::is_alphabetic)
                && (next.is_some_and(char::is_alphabetic) || rest[..i].contains('.'))
                && (next.is_none_or(|n| !n.is_alphabetic()) || second_is_boundary(&rest[i + 1..]));
            if !(inside || point) {
                break;
            }
            if c.is_alphabetic() && i > 0 && rest[..i].ends_with(char::is_alphabetic) {
                single = false;
            }
            end = start + i + c.len_utf8();
        }
        self.at = end;
        let raw = &self.source[start..end];
        let mut text = String::with_capacity(raw.len());
        for c in raw.chars() {
            if is_apostrophe(c) {
                text.push('\'');
            } else if c != '.' {
                text.extend(c.to_lowercase());
            }
        }
        // "C$" and the like name one currency.
        if self.peek() == Some('$') && text.len() <= 3 {
            self.at += 1;
            text.push('$');
            self.push(&text, Shape::Word, start, self.at, 0);
            self.glued = true;
            return;
        }
        self.split(&text, start, end);
        self.glued = true;
    }

    /// Pushes a word, a contraction as its words.
    fn split(&mut self, text: &str, start: usize, end: usize) {
        if let Some(words) = self.words.expansions.get(text) {
            let words = words.clone();
            for (part, word) in words.iter().enumerate() {
                self.push(word, Shape::Word, start, end, part as u8);
            }
            return;
        }
        if text == "o'clock" || !text.contains('\'') {
            self.push(text, Shape::Word, start, end, 0);
            return;
        }
        const TAILS: &[(&str, &str)] =
            &[("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'d", "would"), ("'m", "am")];
        if let Some(base) = text.strip_suffix("'s") {
            self.push(base, Shape::Word, start, end, 0);
            let tail = if IS_AFTER.contains(&base) { "is" } else { "'s" };
            self.push(tail, Shape::Word, start, end, 1);
            return;
        }
        if let Some(base) = text.strip_suffix("n't") {
            let base = match base {
                "ca" => "can",
                "wo" => "will",
                "sha" => "shall",
                other => other,
            };
            self.push(base, Shape::Word, start, end, 0);
            self.push("not", Shape::Word, start, end, 1);
            return;
        }
        for (tail, word) in TAILS {
            if let Some(base) = text.strip_suffix(tail) {
                self.push(base, Shape::Word, start, end, 0);
                self.push(word, Shape::Word, start, end, 1);
                return;
            }
        }
        self.push(text, Shape::Word, start, end, 0);
    }

    /// Digits: "1,000", "3.5", ".5", "7:30", "8th".
    fn digits(&mut self) {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        let mut i = start;
        while digit(i) {
            i += 1;
        }
        let mut whole = i - start;
        // A comma separates thousands only if three digits follow, each time.
        if (1..=3).contains(&whole) {
            while bytes.get(i) == Some(&b',') && (1..=3).all(|k| digit(i + k)) && !digit(i + 4) {
                i += 4;
                whole += 3;
            }
        }
        if bytes.get(i) == Some(&b':')
            && digit(i + 1)
            && digit(i + 2)
            && !digit(i + 3)
            && whole <= 2
        {
            let hour = self.source[start..i].parse().unwrap_or(99);
            let minute = self.source[i + 1..i + 3].parse().unwrap_or(99);
            self.at = i + 3;
            let text = self.source[start..self.at].to_owned();
            self.push(&text, Shape::Colon { hour, minute }, start, self.at, 0);
            self.glued = true;
            return;
        }
        let mut after = 0;
        // "1,5" and "2,25" are decimals in countries with a decimal comma; "5,10" is two numbers.
        let quarters = matches!(bytes.get(i + 1..i + 3), Some(b"25" | b"50" | b"75"));
        let comma = bytes.get(i) == Some(&b',')
            && digit(i + 1)
            && (!digit(i + 2) || (quarters && !digit(i + 3)))
            && bytes.get(i + 2) != Some(&b':')
            && bytes.get(i + 3) != Some(&b':');
        let decimal = start..i;
        if comma || (bytes.get(i) == Some(&b'.') && digit(i + 1)) {
            i += 1;
            while digit(i) {
                i += 1;
                after += 1;
            }
        }
        self.at = i;
        let text = if comma {
            format!("{}.{}", &self.source[decimal.clone()], &self.source[decimal.end + 1..i])
        } else {
            self.source[start..i].chars().filter(|c| *c != ',').collect()
        };
        let value: f64 = text.parse().unwrap_or(0.0);
        let rest = &bytes[i..];
        let suffix = rest.get(..2).map(|s| s.to_ascii_lowercase());
        let ordinal = suffix.is_some_and(|s| matches!(&s[..], b"st" | b"nd" | b"rd" | b"th"))
            && !rest.get(2).is_some_and(u8::is_ascii_alphanumeric);
        if ordinal && after == 0 {
            self.at = i + 2;
            let text = self.source[start..self.at].to_lowercase();
            self.push(&text, Shape::Ordinal(value as u32), start, self.at, 0);
        } else {
            let shape =
                Shape::Digits { value, whole: whole.min(99) as u8, after: after.min(99) as u8 };
            self.push(&text, shape, start, i, 0);
        }
        self.glued = true;
    }

    /// Everything that is neither a letter nor a digit.
    fn sign(&mut self, c: char) {
        let start = self.at;
        let glued = self.glued;
        self.at += c.len_utf8();
        let next = self.peek();
        let next_digit = next.is_some_and(|n| n.is_ascii_digit() || n == '.');
        let last_number = self.out.last().is_some_and(|t| {
            !matches!(t.shape, Shape::Word) || matches!(t.text.as_str(), ")" | "!" | "percent")
        });
        let word = match c {
            '+' | '^' | '(' | ')' | '=' | '$' | '€' | '£' | '¥' | '₹' | '₩' | '₽' | '₺' | '₪'
            | '₫' | '฿' | '₴' | '₦' | '₱' | '√' => Some(c.to_string()),
            '*' if next == Some('*') => {
                self.at += 1;
                Some("^".to_owned())
            }
            '*' | '×' | '·' | '∙' => Some("*".to_owned()),
            '÷' => Some("/".to_owned()),
            '/' if last_number => Some("/".to_owned()),
            '−' => Some("-".to_owned()),
            '-' | '–' | '—' => {
                let joins = glued && next.is_some_and(char::is_alphanumeric);
                let letters = joins
                    && (next.is_some_and(char::is_alphabetic)
                        || self.source[..start].ends_with(char::is_alphabetic));
                if letters && c == '-' {
                    // A hyphen inside a word splits it without a trace: "ten-minute".
                    self.glued = true;
                    return;
                }
                let operand = self.source[self.at..].trim_start();
                let operand = operand.starts_with(|n: char| n.is_ascii_digit() || n == '(')
                    || operand.starts_with('.');
                ((last_number && operand) || (c == '-' && next_digit && !glued))
                    .then(|| "-".to_owned())
            }
            '%' => Some("percent".to_owned()),
            '°' | 'º' => Some("degrees".to_owned()),
            '²' => Some("squared".to_owned()),
            '³' => Some("cubed".to_owned()),
            '&' => Some("and".to_owned()),
            '!' if glued && last_number => Some("!".to_owned()),
            '½' | '¼' | '¾' | '⅓' | '⅔' | '⅛' => {
                let value = match c {
                    '½' => 0.5,
                    '¼' => 0.25,
                    '¾' => 0.75,
                    '⅓' => 1.0 / 3.0,
                    '⅔' => 2.0 / 3.0,
                    _ => 0.125,
                };
                self.push(
                    &c.to_string(),
                    Shape::Digits { value, whole: 0, after: 1 },
                    start,
                    self.at,
                    0,
                );
                self.glued = true;
                return;
            }
            '\'' | '’' | '′' if glued && last_number => Some("feet".to_owned()),
            '"' | '″' | '”' if glued && last_number && self.inches() => {
                Some("inches".to_owned())
            }
            _ => None,
        };
        match word {
            Some(word) => {
                self.push(&word, Shape::Word, start, self.at, 0);
                self.glued = true;
            }
            None => {
                self.glued = false;
                // "St. Ives" is one name.
                let saint = c == '.'
                    && glued
                    && self
                        .out
                        .last()
                        .is_some_and(|t| matches!(&*t.text, "st" | "mt" | "ft" | "pt"))
                    && self.source[self.at..].trim_start().starts_with(char::is_alphabetic);
                if saint {
                    return;
                }
                if !c.is_whitespace() && !matches!(c, '"' | '\'' | '’' | '‘' | '“' | '”') {
                    self.pause = true;
                }
            }
        }
    }

    /// Whether a quotation mark after a number means inches: only after a mark for feet.
    fn inches(&self) -> bool {
        self.out.iter().rev().nth(1).is_some_and(|t| t.text == "feet")
    }

    fn push(&mut self, text: &str, shape: Shape, start: usize, end: usize, part: u8) {
        // "Uh huh" is a yes, not a hesitation before "huh?".
        let text = if text == "huh" && self.hesitant { "uhhuh" } else { text };
        let id = self.words.id(text);
        if self.words.is(id, flag::SKIP) {
            self.hesitant = true;
            return;
        }
        self.out.push(Token {
            id,
            text: text.to_owned(),
            shape,
            start,
            end,
            part,
            pause: std::mem::take(&mut self.pause),
            glued: self.glued,
            hesitant: std::mem::take(&mut self.hesitant),
        });
        self.glued = true;
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ')
}

/// Whether exactly one letter is at the head of `rest`: the "m" of "a.m".
fn second_is_boundary(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next().is_some_and(char::is_alphabetic)
        && chars.next().is_none_or(|c| !c.is_alphanumeric())
}
