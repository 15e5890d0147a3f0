//! Spoken and written numbers: "two hundred and fifty", "1,000", "three point five", "two and a
//! half million", "minus forty", "a dozen".
//!
//! The cardinals are the usual English ones (short scale). If "and" may either continue the number
//! or begin something else ("the sum of two hundred and fifty"), both readings are returned, the
//! longer one first.

use super::lexer::{Shape, Token};
use super::scan::Scan;

/// One reading of a number: its end and value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) end: usize,
    pub(super) value: f64,
    /// True for readings that need a context to confirm them: "one fifty" as 150.
    pub(super) loose: bool,
}

/// Readings of one number, at most a handful.
pub(super) type Readings = Vec<Reading>;

/// "one" to "nineteen", and zero.
fn small(text: &str) -> Option<u32> {
    Some(match text {
        "zero" | "nought" | "nil" => 0,
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        _ => return None,
    })
}

fn tens(text: &str) -> Option<u32> {
    Some(match text {
        "twenty" => 20,
        "thirty" => 30,
        "forty" | "fourty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

fn scale(text: &str) -> Option<f64> {
    Some(match text {
        "thousand" | "grand" => 1e3,
        "million" => 1e6,
        "billion" => 1e9,
        "trillion" => 1e12,
        _ => return None,
    })
}

/// The number of an ordinal word or of "8th": "third" is 3.
pub(super) fn ordinal(tokens: &[Token], at: usize) -> Option<(usize, u32)> {
    let token = tokens.get(at)?;
    if let Shape::Ordinal(n) = token.shape {
        return Some((at + 1, n));
    }
    let word = |text: &str| {
        Some(match text {
            "first" => 1,
            "second" => 2,
            "third" => 3,
            "fourth" => 4,
            "fifth" => 5,
            "sixth" => 6,
            "seventh" => 7,
            "eighth" => 8,
            "ninth" => 9,
            "tenth" => 10,
            "eleventh" => 11,
            "twelfth" => 12,
            "twentieth" => 20,
            "thirtieth" => 30,
            "hundredth" => 100,
            other => small(other.strip_suffix("th")?).filter(|n| *n > 12)?,
        })
    };
    if let Some(n) = word(&token.text) {
        return Some((at + 1, n));
    }
    let base = tens(&token.text)?;
    let unit = tokens.get(at + 1).and_then(|t| word(&t.text)).filter(|n| *n < 10)?;
    Some((at + 2, base + unit))
}

/// A whole number below a hundred in words or digits, with its end.
pub(super) fn below_hundred(tokens: &[Token], at: usize) -> Option<(usize, u32)> {
    let token = tokens.get(at)?;
    match token.shape {
        Shape::Digits { value, after: 0, whole: 1..=2 } => return Some((at + 1, value as u32)),
        Shape::Word => {}
        Shape::Digits { .. } | Shape::Colon { .. } | Shape::Ordinal(_) => return None,
    }
    if let Some(n) = small(&token.text) {
        return Some((at + 1, n));
    }
    let base = tens(&token.text)?;
    match tokens.get(at + 1).and_then(|t| small(&t.text)) {
        Some(unit @ 1..=9) => Some((at + 2, base + unit)),
        _ => Some((at + 1, base)),
    }
}

/// "Forty two fifty" as a price: 42.50. "Three fifty" is as likely 350, so it is none.
pub(super) fn price(scan: &Scan<'_>, at: usize) -> Option<(usize, f64)> {
    let spoken = |at: usize| scan.tokens.get(at).is_some_and(|t| t.shape == Shape::Word);
    let (middle, whole) = below_hundred(scan.tokens, at).filter(|_| spoken(at))?;
    let (end, cents) = below_hundred(scan.tokens, middle).filter(|_| spoken(middle))?;
    let goes_on = scan.tokens.get(end).is_some_and(|t| scale(&t.text).is_some());
    let two = 10..100;
    (two.contains(&whole) && two.contains(&cents) && !goes_on)
        .then(|| (end, f64::from(whole) + f64::from(cents) / 100.0))
}

/// The denominator of a fraction: "half", "thirds", "quarter".
fn denominator(text: &str) -> Option<f64> {
    Some(match text {
        "half" | "halves" => 2.0,
        "third" | "thirds" => 3.0,
        "quarter" | "quarters" | "fourth" | "fourths" => 4.0,
        "fifth" | "fifths" => 5.0,
        "sixth" | "sixths" => 6.0,
        "seventh" | "sevenths" => 7.0,
        "eighth" | "eighths" => 8.0,
        "ninth" | "ninths" => 9.0,
        "tenth" | "tenths" => 10.0,
        "hundredth" | "hundredths" => 100.0,
        _ => return None,
    })
}

/// A fraction below one: "half", "a third", "three quarters", "3/4", "½".
pub(super) fn fraction(scan: &Scan<'_>, at: usize) -> Option<(usize, f64)> {
    let tokens = scan.tokens;
    let token = tokens.get(at)?;
    match token.shape {
        Shape::Digits { value, whole: 0, after: 1 } if !token.text.starts_with('.') => {
            return Some((at + 1, value));
        }
        Shape::Digits { value: above, after: 0, .. } if scan.is(at + 1, "/") => {
            if let Some(Token { shape: Shape::Digits { value: below, after: 0, .. }, .. }) =
                tokens.get(at + 2)
            {
                let bare = *below > above && tokens[at + 1].glued && tokens[at + 2].glued;
                return bare.then_some((at + 3, above / below));
            }
        }
        Shape::Digits { .. } | Shape::Colon { .. } | Shape::Ordinal(_) | Shape::Word => {}
    }
    if matches!(token.text.as_str(), "half" | "quarter") {
        return Some((at + 1, if token.text == "half" { 0.5 } else { 0.25 }));
    }
    let (next, above) = match token.text.as_str() {
        "a" | "an" => (at + 1, 1),
        _ => below_hundred(tokens, at)?,
    };
    let below = tokens.get(next).filter(|t| t.shape == Shape::Word)?;
    let d = denominator(&below.text)?;
    // "twenty second" and "one second" are not fractions; "second" is never a denominator.
    (f64::from(above) < d).then_some((next + 1, f64::from(above) / d))
}

/// All readings of the number at `at`.
pub(super) fn numbers(scan: &Scan<'_>, at: usize) -> Readings {
    let mut out = Readings::new();
    let negative = scan.is(at, "minus")
        || scan.is(at, "negative")
        || (scan.is(at, "-") && scan.tokens.get(at + 1).is_some_and(|t| t.glued));
    let from = at + usize::from(negative);
    positive(scan, from, &mut out);
    if negative {
        for reading in &mut out {
            reading.value = -reading.value;
        }
    }
    // "five no six": the last number counts, however often the speaker changes their mind.
    let mut i = 0;
    while i < out.len() && out.len() < 12 {
        // "five uh ten": a number after a hesitation replaces the one before.
        let end = out[i].end;
        let hesitant = scan.tokens.get(end).is_some_and(|t| t.hesitant).then_some(end);
        if let Some(next) = scan.correction(end).or(hesitant) {
            let mut better = Readings::new();
            positive(scan, next, &mut better);
            out.extend(better);
        }
        i += 1;
    }
    out
}

fn push(out: &mut Readings, end: usize, value: f64, loose: bool) {
    if !out.iter().any(|r| r.end == end && r.value == value) {
        out.push(Reading { end, value, loose });
    }
}

fn positive(scan: &Scan<'_>, at: usize, out: &mut Readings) {
    let tokens = scan.tokens;
    let first = out.len();
    let Some(token) = tokens.get(at) else { return };
    // Fractions and counting nouns first: they begin with words that are not numbers.
    if let Some((end, value)) = fraction(scan, at) {
        if let Some(factor) = tokens.get(end).and_then(|t| scale(&t.text)) {
            push(out, end + 1, value * factor, false);
        } else if scan.is(end, "a")
            && let Some(factor) = tokens.get(end + 1).and_then(|t| scale(&t.text))
        {
            push(out, end + 2, value * factor, false);
        } else if scan.is(end, "a") && scan.is(end + 1, "dozen") {
            push(out, end + 2, value * 12.0, false);
        } else {
            push(out, end, value, false);
        }
        if token.shape == Shape::Word && out.len() > first {
            return;
        }
    }
    let article = usize::from(matches!(token.text.as_str(), "a" | "an"));
    let noun = |i: usize| match tokens.get(i).map(|t| t.text.as_str()) {
        Some("dozen") => Some(12.0),
        Some("couple") => Some(2.0),
        Some("score") if article == 1 => Some(20.0),
        _ => None,
    };
    if let Some(value) = noun(at + article) {
        let end = at + article + 1;
        push(out, if scan.is(end, "of") { end + 1 } else { end }, value, false);
        return;
    }
    for (end, value, tail) in cardinals(scan, at) {
        push(out, end, value, tail);
    }
    if let Some((n, end)) = below_hundred(tokens, at).map(|(end, n)| (n, end))
        && scan.is(end, "dozen")
    {
        push(out, end + 1, f64::from(n) * 12.0, false);
    }
    // Decimals and mixed numbers extend every whole reading.
    let mut more = Readings::new();
    if scan.is(at, "point")
        && let Some((end, value)) = decimals(scan, at + 1, 0.0)
    {
        more.push(Reading { end, value, loose: false });
    }
    for reading in &out[first..] {
        let plain = reading.value.fract() == 0.0;
        if plain
            && scan.is(reading.end, "point")
            && let Some((end, value)) = decimals(scan, reading.end + 1, reading.value)
        {
            let (end, value) = scaled(tokens, end, value);
            more.push(Reading { end, value, loose: false });
        }
        if plain && let Some((end, value)) = and_fraction(scan, reading.end) {
            let (end, value) = scaled(tokens, end, reading.value + value);
            more.push(Reading { end, value, loose: false });
        }
    }
    more.extend_from_slice(&out[first..]);
    out.truncate(first);
    out.extend(more);
}

fn scaled(tokens: &[Token], end: usize, value: f64) -> (usize, f64) {
    match tokens.get(end).and_then(|t| scale(&t.text)) {
        Some(factor) => (end + 1, value * factor),
        None => (end, value),
    }
}

/// "and a half", "and three quarters", and the "1/2" of "2 1/2".
pub(super) fn and_fraction(scan: &Scan<'_>, at: usize) -> Option<(usize, f64)> {
    if scan.is(at, "and") {
        // "1 and a 1/2", as some transcribers write "one and a half".
        let digits = |at: usize| {
            scan.tokens.get(at).is_some_and(|t| matches!(t.shape, Shape::Digits { .. }))
        };
        let article = scan.is(at + 1, "a") && digits(at + 2);
        return fraction(scan, at + 1 + usize::from(article));
    }
    match scan.tokens.get(at)?.shape {
        Shape::Digits { .. } => fraction(scan, at),
        Shape::Word | Shape::Colon { .. } | Shape::Ordinal(_) => None,
    }
}

/// What follows "point": digits one by one, or a number below a hundred as its digits.
fn decimals(scan: &Scan<'_>, at: usize, whole: f64) -> Option<(usize, f64)> {
    let mut digits = String::new();
    let mut end = at;
    while let Some(token) = scan.tokens.get(end) {
        match token.shape {
            Shape::Digits { after: 0, .. } => digits.push_str(&token.text),
            Shape::Word if matches!(token.text.as_str(), "oh" | "o") => digits.push('0'),
            Shape::Word => match below_hundred(scan.tokens, end) {
                Some((next, n)) => {
                    digits.push_str(&n.to_string());
                    end = next - 1;
                }
                None => break,
            },
            Shape::Digits { .. } | Shape::Colon { .. } | Shape::Ordinal(_) => break,
        }
        end += 1;
        if digits.len() > 15 {
            break;
        }
    }
    if digits.is_empty() {
        return None;
    }
    let value: f64 = format!("{whole}.{digits}").parse().ok()?;
    Some((end, value))
}

/// Cardinals in words or digits: (end, value, loose), longest first.
fn cardinals(scan: &Scan<'_>, at: usize) -> Vec<(usize, f64, bool)> {
    let tokens = scan.tokens;
    let mut out = Vec::new();
    let Some(token) = tokens.get(at) else { return out };
    if let Shape::Digits { value, .. } = token.shape {
        let glued = |i: usize, text: &str| scan.is(i, text) && tokens[i].glued;
        let next = at + 1;
        if scan.is(next, "hundred") {
            out.push((next + 1, value * 100.0, false));
        } else if let Some(factor) = tokens.get(next).and_then(|t| scale(&t.text)) {
            out.push((next + 1, value * factor, false));
        } else if glued(next, "k") && !scan.is(next + 1, "g") {
            out.push((next + 1, value * 1e3, true));
        }
        out.push((next, value, false));
        return out;
    }
    // Total of the closed groups so far, and the group being said.
    let (mut total, mut group, mut any) = (0.0, 0.0, false);
    let mut limit = f64::INFINITY;
    let mut end = at;
    // 100 once a hundred was said in this group, 10 once tens were.
    let mut room = 1000;
    while let Some(token) = tokens.get(end) {
        let text = token.text.as_str();
        if token.shape != Shape::Word {
            break;
        }
        if any && text == "and" {
            let next_ok = (room == 100 || group == 0.0)
                && below_hundred(tokens, end + 1).is_some()
                && tokens.get(end + 1).is_some_and(|t| t.shape == Shape::Word);
            if !next_ok {
                break;
            }
            out.push((end, total + group, false));
            end += 1;
            continue;
        }
        if !any && matches!(text, "a" | "an") {
            let next = tokens.get(end + 1).map(|t| t.text.as_str()).unwrap_or_default();
            if next != "hundred" && scale(next).is_none() {
                break;
            }
            group = 1.0;
            (any, room, end) = (true, 10, end + 1);
            continue;
        }
        if text == "hundred" && any && group > 0.0 && group < 100.0 && room != 100 {
            group *= 100.0;
            (room, end) = (100, end + 1);
        } else if let Some(factor) = scale(text) {
            if !any || group == 0.0 || factor >= limit {
                break;
            }
            total += group * factor;
            (group, limit, room, end) = (0.0, factor, 1000, end + 1);
        } else if let Some((next, n)) = below_hundred(tokens, end) {
            if any && !(room == 100 || (group == 0.0 && total > 0.0 && room == 1000)) {
                break;
            }
            group += f64::from(n);
            (any, room, end) = (true, 10, next);
        } else {
            break;
        }
    }
    if any {
        out.push((end, total + group, false));
        // "one fifty" and "twenty twenty five", said in groups of digits.
        if total == 0.0
            && (1.0..100.0).contains(&group)
            && let Some((next, n)) = below_hundred(tokens, end)
            && n >= 10
            && tokens[end].shape == Shape::Word
        {
            out.push((next, group * 100.0 + f64::from(n), true));
        }
    }
    out.reverse();
    out
}

/// A number as part of an expression or of JSON: no trailing ".0".
pub(super) fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        format!("{}", value as i64)
    } else {
        format!("{value}")
    }
}

/// A number for JSON: whole numbers without a point.
pub(super) fn json(value: f64) -> serde_json::Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        serde_json::Value::from(value as i64)
    } else {
        serde_json::Value::from(value)
    }
}
