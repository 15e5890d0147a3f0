//! Reading rules for what is said digit by digit: codes, telephone numbers, ZIP codes, numbers that
//! begin with a zero; see [`super::spell`].

use crate::language::scan::{digits, exactly, follows, has, is_edge, is_word, literal, text};
use crate::language::traced::Match;

/// Words after which a number is a code.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "pin", "pins", "pincode", "passcode", "password", "otp", "code", "codes", "zip", "zipcode",
    "postcode", "extension", "ext", "serial", "tracking", "confirmation", "reservation", "booking",
    "reference", "ticket", "pnr", "imei", "iban", "isbn", "ssn", "account", "card", "phone",
    "fax", "telephone", "order", "invoice", "combination", "agent", "id", "passport", "license",
];

/// Words after which a number is dialled if nothing that it could count follows.
const DIALS: &[&str] = &["call", "dial", "text", "ring", "phone"];

/// Words that may come between such a word and its number.
#[rustfmt::skip]
const BETWEEN: &[&str] = &[
    "is", "was", "be", "are", "number", "numbers", "no", "now", "the", "it", "it's", "with", "to",
    "in", "ending", "ends", "reads", "as", "today", "code", "pin", "of", "for", "you", "your",
];

/// 555-1234, 800-555-1234, (800) 555-1234, +44 20 7946 0958, 020 7946 0958, 555.123.4567.
pub(super) fn phone(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '-' | '+' | '/')) {
        return None;
    }
    let plus = has(chars, at, |c| c == '+');
    let mut end = at + usize::from(plus);
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let mut marks = Vec::new();
    loop {
        let open = has(chars, end, |c| c == '(');
        let from = end + usize::from(open);
        let to = digits(chars, from);
        if to == from || to - from > 8 || open && !has(chars, to, |c| c == ')') {
            break;
        }
        groups.push((from, to));
        end = to + usize::from(open);
        let mark = chars.get(end).copied();
        let next = match mark {
            Some('-' | '.' | ' ' | '/' | '\u{a0}' | '‑') => end + 1,
            Some('(') => end,
            Some(_) | None if open => end,
            Some(_) | None => break,
        };
        let goes_on = has(chars, next, |c| c.is_ascii_digit())
            || has(chars, next, |c| c == '(') && has(chars, next + 1, |c| c.is_ascii_digit());
        if !goes_on {
            break;
        }
        marks.push(mark);
        end = next;
    }
    let (_, end) = *groups.last()?;
    let lengths: Vec<usize> = groups.iter().map(|(from, to)| to - from).collect();
    let count: usize = lengths.iter().sum();
    let bracketed = has(chars, at, |c| c == '(');
    let dotted = marks.contains(&Some('.'));
    let dashed = marks.iter().all(|mark| *mark == Some('-'));
    let slashed = marks.contains(&Some('/'));
    let zero = has(chars, groups[0].0, |c| c == '0');
    let dialled = || words_before(chars, at, 1).iter().any(|word| DIALS.contains(&word.as_str()));
    let fits = match lengths.as_slice() {
        [_] => plus && count >= 7,
        // A card number, grouped as on the card.
        [4, 4, 4, 4] | [4, 6, 5] => !dotted && !slashed,
        _ if !(7..=15).contains(&count) => false,
        // A German area code: 030/123456.
        [area, number] if slashed => zero && (2..6).contains(area) && *number > 3,
        _ if slashed => false,
        _ if plus => true,
        [3, 4] => dashed || bracketed || zero || dialled(),
        [3, 2, 4] => dashed,
        [3, 3, 4] | [1, 3, 3, 4] => true,
        _ if dotted => false,
        _ => zero && lengths[0] > 1,
    };
    let free =
        !has(chars, end, |c| is_word(c) || matches!(c, '-' | '/' | ':')) && !is_decimal(chars, end);
    if !fits || !free || (plus && count < 7) {
        return None;
    }
    let spoken: Vec<String> =
        groups.iter().map(|(from, to)| spaced(&text(chars, *from, *to))).collect();
    Some((end, format!("{}{}", if plus { "plus " } else { "" }, spoken.join(", "))))
}

/// The digits of a code, of a ZIP code, or of a number that begins with a zero or is very long.
pub(super) fn code(chars: &[char], at: usize) -> Match {
    let end = digits(chars, at);
    if end < at + 2
        || follows(chars, at, |c| {
            is_word(c)
                || matches!(c, '.' | ',' | ':' | '/' | '-' | '$' | '£' | '€' | '+' | '\'' | '’')
        })
        || has(chars, end, |c| is_word(c) || matches!(c, '/' | ':' | '%' | '°' | '$' | '£' | '€'))
        || is_decimal(chars, end)
        || has(chars, end, |c| c == ',') && has(chars, end + 1, |c| c.is_ascii_digit())
    {
        return None;
    }
    let count = end - at;
    let long = count >= 10 && text(chars, end - 3, end) != "000";
    let zero = chars[at] == '0';
    let extended = (count == 5 && has(chars, end, |c| c == '-'))
        .then(|| exactly(chars, end + 1, 4))
        .flatten()
        .filter(|end| !has(chars, *end, is_word));
    let zip = count == 5 && state(chars, at);
    if let Some(all) = extended.filter(|_| zip || zero) {
        let (first, last) = (text(chars, at, end), text(chars, end + 1, all));
        return Some((all, format!("{}, {}", spaced(&first), spaced(&last))));
    }
    if has(chars, end, |c| c == '-') && has(chars, end + 1, |c| c.is_ascii_digit()) {
        return None;
    }
    let told = count >= 3 && named(chars, at, end);
    (zero || long || zip || told).then(|| (end, spaced(&text(chars, at, end))))
}

/// Whether a state's letters precede `at`: "CA 90210".
fn state(chars: &[char], at: usize) -> bool {
    #[rustfmt::skip]
    const STATES: &[&str] = &[
        "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA",
        "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ",
        "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT",
        "VA", "WA", "WV", "WI", "WY", "DC", "California", "York", "Texas", "Florida", "Illinois",
    ];
    let Some(before) = at.checked_sub(1).filter(|before| chars[*before] == ' ') else {
        return false;
    };
    STATES.iter().any(|state| {
        before
            .checked_sub(state.len())
            .is_some_and(|from| literal(chars, from, state).is_some() && is_edge(chars, from))
    })
}

/// Whether the words before it say that the number is a code.
fn named(chars: &[char], at: usize, end: usize) -> bool {
    let before = words_before(chars, at, 6);
    let mut near = before.iter().take_while(|word| BETWEEN.contains(&word.as_str())).count();
    let ends = !has(chars, end + 1, |c| c.is_alphanumeric())
        || GOES_ON
            .iter()
            .any(|word| literal(chars, end + 1, word).is_some_and(|end| !has(chars, end, is_word)));
    if !ends {
        return false;
    }
    if before.first().is_some_and(|word| DIALS.contains(&word.as_str())) {
        return true;
    }
    // "your code is 4711", where "code" may be among the words between.
    if let Some(at) = before[..near].iter().position(|word| CODES.contains(&word.as_str())) {
        near = at;
    }
    let Some(word) = before.get(near).filter(|word| CODES.contains(&word.as_str())) else {
        // "the code for the door is 4711"
        let told = before.first().is_some_and(|word| matches!(word.as_str(), "is" | "was"));
        return told
            && end - at >= 4
            && before.iter().any(|word| CODES[..9].contains(&word.as_str()));
    };
    let kind = before.get(near + 1).map_or("", String::as_str);
    let state = word == "code" && matches!(kind, "status" | "error" | "exit" | "country" | "of");
    !state
}

/// Words that may follow a code and that no number counts.
#[rustfmt::skip]
const GOES_ON: &[&str] = &[
    "now", "for", "if", "and", "or", "to", "right", "at", "on", "by", "when", "then", "before",
    "within", "as", "is", "was", "has", "expires", "will", "into", "please", "but", "instead", "so",
];

/// Up to `count` words before `at`, nearest first, in lower case; another number or the end of a
/// sentence ends them.
pub(super) fn words_before(chars: &[char], at: usize, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut end = at;
    while words.len() < count {
        while end > 0 && matches!(chars[end - 1], ' ' | ':' | '=' | '#' | '"' | '“' | '(') {
            end -= 1;
        }
        let mut start = end;
        while start > 0 && (is_word(chars[start - 1]) || matches!(chars[start - 1], '\'' | '’')) {
            start -= 1;
        }
        if start == end || chars[start..end].iter().any(char::is_ascii_digit) {
            // "ext. 042" and "no. 5": the full stop belongs to the word.
            let stop = end > 1 && words.is_empty() && chars[end - 1] == '.';
            if !stop {
                break;
            }
            end -= 1;
            continue;
        }
        words.push(text(chars, start, end).to_lowercase());
        end = start;
    }
    words
}

/// "4711" as "4 7 1 1": single digits are read as words.
pub(super) fn spaced(digits: &str) -> String {
    digits.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

/// Whether a number continues after a point, rather than a sentence ending there.
pub(super) fn is_decimal(chars: &[char], at: usize) -> bool {
    has(chars, at, |c| c == '.') && has(chars, at + 1, is_word)
}
