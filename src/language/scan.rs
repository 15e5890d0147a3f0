//! The building blocks of the reading rules: character classes, and how far a number extends. They
//! match the classes `\w`, `\d`, `\b` of the original's expressions.

/// A letter, a digit or `_`: `\w`.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A letter: `[^\W\d_]`.
pub(crate) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !c.is_ascii_digit()
}

/// A lower-case letter of the Latin-1 block: `[a-zß-öø-ÿ]`.
pub(crate) fn is_low(c: char) -> bool {
    matches!(c, 'a'..='z' | 'ß'..='ö' | 'ø'..='ÿ')
}

/// An upper-case letter of the Latin-1 block: `[A-ZÀ-ÖØ-Þ]`.
pub(crate) fn is_high(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ')
}

/// Whether the character at `at` exists and passes `test`.
pub(crate) fn has(chars: &[char], at: usize, test: impl Fn(char) -> bool) -> bool {
    chars.get(at).is_some_and(|c| test(*c))
}

/// Whether there is a character before `at` that passes `test`.
pub(crate) fn follows(chars: &[char], at: usize, test: impl Fn(char) -> bool) -> bool {
    at.checked_sub(1).is_some_and(|at| has(chars, at, test))
}

/// Whether a word begins or ends at `at`: `\b`.
pub(crate) fn is_edge(chars: &[char], at: usize) -> bool {
    follows(chars, at, is_word) != has(chars, at, is_word)
}

/// The end of the digits that begin at `at`.
pub(crate) fn digits(chars: &[char], at: usize) -> usize {
    at + chars[at.min(chars.len())..].iter().take_while(|c| c.is_ascii_digit()).count()
}

/// The end of the letters that begin at `at`.
pub(crate) fn letters(chars: &[char], at: usize) -> usize {
    at + chars[at.min(chars.len())..].iter().take_while(|c| is_letter(**c)).count()
}

/// The end of exactly `count` digits at `at`, whether or not more follow.
pub(crate) fn exactly(chars: &[char], at: usize, count: usize) -> Option<usize> {
    (digits(chars, at) >= at + count).then_some(at + count)
}

/// The end of a number such as 1,234.56 at `at`: `\d+(?:,\d{3})*(?:\.\d+)?`.
pub(crate) fn number(chars: &[char], at: usize) -> Option<usize> {
    let mut end = digits(chars, at);
    if end == at {
        return None;
    }
    while has(chars, end, |c| c == ',')
        && let Some(next) = exactly(chars, end + 1, 3)
    {
        end = next;
    }
    let fraction = digits(chars, end + 1);
    if has(chars, end, |c| c == '.') && fraction > end + 1 {
        end = fraction;
    }
    Some(end)
}

/// The end of `word` at `at`.
pub(crate) fn literal(chars: &[char], at: usize, word: &str) -> Option<usize> {
    let mut end = at;
    for c in word.chars() {
        if chars.get(end) != Some(&c) {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// `at`, or the position after a space there.
pub(crate) fn past_space(chars: &[char], at: usize) -> usize {
    if has(chars, at, char::is_whitespace) { at + 1 } else { at }
}

/// The characters `from..to` as a string.
pub(crate) fn text(chars: &[char], from: usize, to: usize) -> String {
    chars[from..to].iter().collect()
}

/// The number in the digits `from..to`, 0 if it is too large.
pub(crate) fn value(chars: &[char], from: usize, to: usize) -> u32 {
    text(chars, from, to).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_their_grouping_ends() {
        for (written, end) in [
            ("1,234.56 km", 8),
            ("12.", 2),
            ("1,23", 1),
            ("12,345,678", 10),
            ("3.14.2", 4),
            ("7:30", 1),
        ] {
            let chars: Vec<char> = written.chars().collect();
            assert_eq!(number(&chars, 0), Some(end), "{written}");
        }
        assert_eq!(number(&['x'], 0), None);
    }
}
