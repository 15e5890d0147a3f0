//! Reading rules for ratios, heights, lengths in feet and inches, prices per something, and amounts
//! with a one-letter unit; see [`super::spell`].

use super::code::{is_decimal, words_before};
use super::words::CURRENCIES;
use crate::language::scan::{
    digits, follows, has, is_edge, is_word, literal, number, past_space, text, value,
};
use crate::language::traced::Match;

/// 3:1, 16:9, and 1:25 if the text is about a ratio.
pub(super) fn ratio(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | ':' | ',' | '-')) {
        return None;
    }
    let mut parts = Vec::new();
    let mut end = at;
    loop {
        let next = number(chars, end)?;
        parts.push((end, next));
        end = next;
        if has(chars, end, |c| c == ':') && has(chars, end + 1, |c| c.is_ascii_digit()) {
            end += 1;
        } else {
            break;
        }
    }
    if parts.len() < 2 || has(chars, end, is_word) || is_decimal(chars, end) {
        return None;
    }
    let short =
        |part: &(usize, usize)| part.1 - part.0 == 2 && !text(chars, part.0, part.1).contains('.');
    let clock = parts[1..].iter().all(short)
        && value(chars, parts[0].0, parts[0].1) <= 24
        && value(chars, parts[1].0, parts[1].1) < 60;
    let told = words_before(chars, at, 5).iter().any(|word| {
        matches!(
            word.as_str(),
            "ratio"
                | "ratios"
                | "scale"
                | "odds"
                | "aspect"
                | "proportion"
                | "proportions"
                | "mix"
                | "mixed"
                | "dilution"
                | "score"
        )
    });
    if clock && !told {
        return None;
    }
    let words: Vec<String> = parts.iter().map(|(from, to)| text(chars, *from, *to)).collect();
    Some((end, words.join(" to ")))
}

fn is_foot(c: char) -> bool {
    matches!(c, '\'' | '’' | '′')
}

/// The end of the inch mark at `at`.
fn inches(chars: &[char], at: usize) -> Option<usize> {
    if has(chars, at, |c| matches!(c, '"' | '”' | '″')) {
        return Some(at + 1);
    }
    (has(chars, at, is_foot) && has(chars, at + 1, is_foot)).then_some(at + 2)
}

/// Whether a quotation is open at the end of `chars`; an inch mark after a number opens none.
fn in_quotes(chars: &[char]) -> bool {
    let mut open = false;
    for (at, c) in chars.iter().enumerate() {
        match c {
            '“' => open = true,
            '”' => open = false,
            '"' if open => open = false,
            '"' => open = !follows(chars, at, |c| c.is_ascii_digit()),
            _ => {}
        }
    }
    open
}

/// 3'5", 5′ 11″, 6' tall, a 27" screen.
pub(super) fn height(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | ',')) {
        return None;
    }
    let first = number(chars, at)?;
    let written = text(chars, at, first);
    let open = in_quotes(&chars[..at]);
    if let Some(end) = inches(chars, first).filter(|_| !open) {
        let unit = if written == "1" { "inch" } else { "inches" };
        // Before a noun it describes: a 27 inch screen.
        let noun = has(chars, end, |c| c == ' ')
            && has(chars, end + 1, char::is_alphabetic)
            && !MEASURES.iter().any(|word| literal(chars, end + 1, word).is_some());
        return (!has(chars, end, is_word))
            .then(|| (end, format!("{written} {}", if noun { "inch" } else { unit })));
    }
    if !has(chars, first, is_foot) {
        return None;
    }
    let from = past_space(chars, first + 1);
    let second = digits(chars, from);
    if (1..=2).contains(&(second - from)) && value(chars, from, second) < 12 {
        let end = inches(chars, second).filter(|_| !open).unwrap_or(second);
        let marked = end > second || !has(chars, end, is_word) && from == first + 1;
        if marked {
            return Some((end, format!("{written} foot {}", text(chars, from, second))));
        }
    }
    let space = literal(chars, first + 1, " ")?;
    let told = MEASURES
        .iter()
        .any(|word| literal(chars, space, word).is_some_and(|end| !has(chars, end, is_word)));
    let unit = if written == "1" { "foot" } else { "feet" };
    told.then(|| (first + 1, format!("{written} {unit}")))
}

/// Words that follow a measure.
const MEASURES: &[&str] =
    &["tall", "high", "long", "wide", "deep", "thick", "across", "by", "in diameter", "of", "and"];

/// The foot and the inch of "5 ft 11 in", and 5 in. if nothing else can be meant.
pub(super) fn inch(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    let first = number(chars, at)?;
    let from = literal(chars, past_space(chars, first), "in")?;
    if has(chars, from, is_word) {
        return None;
    }
    let after_feet = ["ft ", "ft. ", "foot ", "feet ", "' "].iter().any(|unit| {
        at.checked_sub(unit.len()).is_some_and(|start| literal(chars, start, unit).is_some())
    });
    let told = literal(chars, from, " ").is_some_and(|next| {
        MEASURES[..8]
            .iter()
            .chain(&["of rain", "of snow"])
            .any(|word| literal(chars, next, word).is_some_and(|end| !has(chars, end, is_word)))
    });
    let last = !has(chars, from, |c| c == ' ') && !has(chars, from, |c| c == '-');
    let dot = has(chars, from, |c| c == '.') && has(chars, from + 2, char::is_lowercase);
    let end = if dot { from + 1 } else { from };
    let unit = if text(chars, at, first) == "1" { "inch" } else { "inches" };
    (after_feet || told || last || dot).then(|| (end, format!("{} {unit}", text(chars, at, first))))
}

/// $5/month, 60 words/min: what follows the slash is "per" something.
pub(super) fn per(chars: &[char], at: usize) -> Match {
    #[rustfmt::skip]
    const PER: &[(&str, &str)] = &[
        ("month", "month"), ("mo", "month"), ("hour", "hour"), ("hr", "hour"), ("h", "hour"),
        ("day", "day"), ("week", "week"), ("wk", "week"), ("year", "year"), ("yr", "year"),
        ("night", "night"), ("minute", "minute"), ("min", "minute"), ("second", "second"),
        ("sec", "second"), ("person", "person"), ("user", "user"), ("seat", "seat"),
        ("kg", "kilogram"), ("lb", "pound"), ("oz", "ounce"), ("gal", "gallon"), ("gallon", "gallon"),
        ("kWh", "kilowatt hour"), ("km", "kilometer"), ("mile", "mile"), ("mi", "mile"), ("piece", "piece"),
        ("unit", "unit"), ("liter", "liter"), ("litre", "liter"), ("L", "liter"), ("l", "liter"),
    ];
    if chars[at] != '/' {
        return None;
    }
    let (end, word) = PER.iter().find_map(|(short, word)| {
        let end = literal(chars, at + 1, short)?;
        (!has(chars, end, is_word)).then_some((end, *word))
    })?;
    // An amount of money precedes it, or a word after a number.
    let mut start = at;
    while start > 0 && (is_word(chars[start - 1]) || matches!(chars[start - 1], '.' | ',')) {
        start -= 1;
    }
    let digits = start < at && chars[start].is_ascii_digit();
    let money =
        start > 0 && CURRENCIES.iter().any(|(mark, ..)| mark.chars().eq([chars[start - 1]]));
    let counted = start > 1 && chars[start - 1] == ' ' && chars[start - 2].is_ascii_digit();
    (digits && money || !digits && counted).then(|| (end, format!(" per {word}")))
}

/// What millions or thousands may count, where "5m" could also be meters.
#[rustfmt::skip]
const MANY: &[&str] = &[
    "people", "users", "inhabitants", "residents", "copies", "views", "subscribers", "dollars",
    "euros", "pounds", "jobs", "households", "customers", "downloads", "followers", "viewers",
    "tonnes", "tons", "barrels", "units", "shares", "homes", "years", "times", "visitors", "players",
    "workers", "voters", "votes", "members", "students", "cars", "vehicles", "cases",
];

/// 10k, 2.5M, 1.4bn: numbers that end in a letter for thousands or more.
pub(super) fn large(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '-')) {
        return None;
    }
    let first = number(chars, at)?;
    let (end, word) = [
        ("bn", "billion"),
        ("tn", "trillion"),
        ("mn", "million"),
        ("k", "thousand"),
        ("K", "thousand"),
        ("M", "million"),
        ("B", "billion"),
        ("m", "million"),
    ]
    .iter()
    .find_map(|(mark, word)| {
        let end = literal(chars, first, mark)?;
        (!has(chars, end, is_word) && !has(chars, end, |c| c == '-')).then_some((end, *word))
    })?;
    let counts = literal(chars, end, " ").is_some_and(|from| {
        MANY.iter()
            .any(|noun| literal(chars, from, noun).is_some_and(|end| !has(chars, end, is_word)))
    });
    let run = literal(chars, end, " run").or_else(|| literal(chars, end, " race")).is_some();
    let resolution = matches!(chars[first], 'K' | 'k')
        && matches!(text(chars, at, first).as_str(), "4" | "8")
        && !counts;
    // 221B is a house number.
    let plain = !matches!(chars[first], 'm' | 'B') || end > first + 1 || counts;
    let fits = !run && !resolution && plain;
    fits.then(|| (end, format!("{} {word}", text(chars, at, first))))
}

/// 10m wide, 30s, 200g, 2L: a one-letter unit directly after its number.
pub(super) fn close_unit(chars: &[char], at: usize) -> Match {
    const UNITS: [(char, &str, &str); 8] = [
        ('m', "meter", "meters"),
        ('g', "gram", "grams"),
        ('s', "second", "seconds"),
        ('h', "hour", "hours"),
        ('l', "liter", "liters"),
        ('L', "liter", "liters"),
        ('W', "watt", "watts"),
        ('V', "volt", "volts"),
    ];
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '\'' | '’' | '-')) {
        return None;
    }
    let first = number(chars, at)?;
    let (_, one, many) = UNITS.iter().find(|(letter, ..)| has(chars, first, |c| c == *letter))?;
    if has(chars, first + 1, |c| is_word(c) || matches!(c, '-' | '\'' | '’')) {
        return None;
    }
    let written = text(chars, at, first);
    if chars[first] == 's' {
        // The 80s and the 1990s are not durations, nor is anybody's 30s.
        let round =
            written.ends_with('0') && !written.contains('.') && matches!(written.len(), 2 | 4);
        let before = words_before(chars, at, 1);
        let decade = before.first().is_some_and(|word| {
            matches!(
                word.as_str(),
                "the"
                    | "his"
                    | "her"
                    | "their"
                    | "my"
                    | "your"
                    | "our"
                    | "in"
                    | "mid"
                    | "early"
                    | "late"
                    | "of"
            )
        });
        if written.len() == 4 && !written.contains('.') || round && (decade || before.is_empty()) {
            return None;
        }
    }
    Some((first + 1, format!("{written} {}", if written == "1" { one } else { many })))
}

/// 1000 m high: a number of meters that could be a year.
pub(super) fn many_meters(chars: &[char], at: usize) -> Match {
    if !is_edge(chars, at) || follows(chars, at, |c| matches!(c, '.' | ',')) {
        return None;
    }
    let first = digits(chars, at);
    let end = literal(chars, first, " m").filter(|_| first >= at + 4)?;
    let told = literal(chars, end, " ").is_some_and(|next| {
        ["high", "deep", "long", "wide", "above", "below", "away", "up", "tall", "of", "from"]
            .iter()
            .any(|word| literal(chars, next, word).is_some_and(|end| !has(chars, end, is_word)))
    });
    let number = text(chars, at, first);
    let number =
        if number.len() == 4 { format!("{},{}", &number[..1], &number[1..]) } else { number };
    (told || !has(chars, end, |c| is_word(c) || c == ' ' || c == '.'))
        .then(|| (end, format!("{number} meters")))
}

/// 3x faster.
pub(super) fn fold(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.')) {
        return None;
    }
    let first = number(chars, at)?;
    let end = literal(chars, first, "x").or_else(|| literal(chars, first, "×"))?;
    let product = has(chars, end, |c| c == ' ') && has(chars, end + 1, |c| c.is_ascii_digit());
    (!product && !has(chars, end, is_word))
        .then(|| (end, format!("{} times", text(chars, at, first))))
}

/// .5: a number that begins with its point.
pub(super) fn leading_point(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | ')' | '”')) {
        return None;
    }
    let minus = if chars[at] == '-' { "minus " } else { "" };
    let from = literal(chars, at + minus.len().min(1), ".")?;
    let end = digits(chars, from);
    let fits = end > from && !is_decimal(chars, end);
    fits.then(|| (end, format!("{minus}point {}", super::code::spaced(&text(chars, from, end)))))
}

/// 2.0: the zero is said.
pub(super) fn nought(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | ',' | '$' | '£' | '€' | '-')) {
        return None;
    }
    let whole = digits(chars, at);
    let end = digits(chars, whole + 1);
    let noughts = has(chars, whole, |c| c == '.')
        && end > whole + 1
        && chars[whole + 1..end].iter().all(|c| *c == '0');
    (whole > at && noughts && !has(chars, end, is_word) && !is_decimal(chars, end))
        .then(|| (end, format!("{} point 0", text(chars, at, whole))))
}

/// 10 - 2 is 8, 10 / 2 = 5: a calculation followed by its result.
pub(super) fn sum(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    let first = number(chars, at)?;
    let word = match text(chars, first, (first + 3).min(chars.len())).as_str() {
        " - " | " – " => "minus",
        " / " => "divided by",
        _ => return None,
    };
    let second = number(chars, first + 3)?;
    let goes_on =
        [" is ", " = ", " equals ", "="].iter().any(|next| literal(chars, second, next).is_some());
    goes_on.then(|| {
        let (a, b) = (text(chars, at, first), text(chars, first + 3, second));
        (second, format!("{a} {word} {b}"))
    })
}
