//! Splits a token at capitals, digits and quotes: misaki's `SUBTOKEN_RE`, alternative by
//! alternative.

use crate::language::scan::{has, is_high, is_letter, is_low, is_word, letters};

/// The end of the part that begins at `at`: the alternatives of misaki's expression, in order.
pub(super) fn subtoken(chars: &[char], at: usize) -> Option<usize> {
    let is_quote = |c: char| matches!(c, '\'' | '‘' | '’');
    let run = |from: usize, test: &dyn Fn(char) -> bool| {
        from + chars[from..].iter().take_while(|c| test(**c)).count()
    };
    let quotes = run(at, &is_quote);
    if at == 0 && quotes > 0 {
        return Some(quotes);
    }
    let is_capital_word =
        has(chars, at, is_high) && has(chars, at + 1, is_high) && has(chars, at + 2, is_low);
    if is_capital_word {
        return Some(at + 1);
    }
    let number = number_like(chars, if at == 0 && chars[0] == '-' { 1 } else { at });
    if let Some(end) = number {
        return Some(end);
    }
    let dashes = run(at, &|c| matches!(c, '-' | '_'));
    if dashes > at {
        return Some(dashes);
    }
    if quotes > at + 1 {
        return Some(quotes);
    }
    if let Some(end) = camel(chars, at) {
        return Some(end);
    }
    let word = letters(chars, at);
    if word > at {
        return Some(quoted_letters(chars, word));
    }
    let c = chars[at];
    if !is_word(c) && c != '-' && !is_quote(c) {
        return Some(at + 1);
    }
    (quotes > at && quotes == chars.len()).then_some(quotes)
}

/// Digits with single points and commas in between: `(?:\d?[,.]?\d)+`.
fn number_like(chars: &[char], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        if has(chars, end, |c| c.is_ascii_digit()) {
            end += 1;
        } else if has(chars, end, |c| matches!(c, ',' | '.'))
            && has(chars, end + 1, |c| c.is_ascii_digit())
        {
            end += 2;
        } else {
            return (end > at).then_some(end);
        }
    }
}

/// The shortest prefix that ends in lower case before a capital: the "i" of "iPhone".
fn camel(chars: &[char], at: usize) -> Option<usize> {
    let mut from = at;
    loop {
        let mut end = from;
        loop {
            if has(chars, end, is_low) && has(chars, end + 1, is_high) {
                return Some(end + 1);
            }
            if has(chars, end, |c| matches!(c, '\'' | '‘' | '’')) && has(chars, end + 1, is_letter)
            {
                end += 2;
            } else {
                break;
            }
        }
        if !has(chars, from, is_letter) {
            return None;
        }
        from += 1;
    }
}

/// Skips letters that each follow a quote: the "n't" of "didn't".
fn quoted_letters(chars: &[char], at: usize) -> usize {
    let mut end = at;
    while has(chars, end, |c| matches!(c, '\'' | '‘' | '’')) && has(chars, end + 1, is_letter) {
        end += 2;
    }
    end
}
