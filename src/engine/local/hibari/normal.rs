//! What is written becomes what is read: times, dates, units, amounts, abbreviations, signs
//! (`normalize.py`). Plain numbers, ordinals, years, decimals, percents and amounts of dollars,
//! pounds and euros stay: the lexicon reads them.
//!
//! A rule looks at one place and says how far it matches and what is read instead. The rules run
//! one after the other, in the order of the original. Where an assistant's sentences showed it
//! wrong, they differ: a full stop does not hide a number before it ("call 555-1234."), a lone
//! "I" after a small "part" is a person, and a letter such as C or L alone is no numeral.

use super::number;
use super::scan::{
    digits, exactly, follows, has, is_edge, is_word, literal, number as number_end, past_space,
    text, value,
};
use super::traced::{Match, Traced};
use super::words::{
    ABBREVIATIONS, BIG, COUNTED, CURRENCIES, MONTHS, PARTS, RANKED, SHORT_UNITS, SIGNS, TITLES,
    UNITS,
};

/// Rewrites one sentence. Its letters are bounded by the caller; the work is linear in them.
pub(super) fn normalize(sentence: &mut Traced) {
    sentence.squeeze();
    const RULES: &[fn(&[char], usize) -> Match] = &[
        quote,
        time,
        date_iso,
        date_us,
        date_dotted,
        big_money,
        cents,
        currency,
        amount_first,
        degrees,
        unit,
        month_day,
        day_month,
        title,
        abbreviation,
        numero,
        hash,
        counted,
        ranked,
        phone,
        fraction,
        range,
        plus,
        sign,
    ];
    for rule in RULES {
        sentence.rewrite(rule);
    }
    sentence.squeeze();
    sentence.rewrite(space_before_mark);
}

fn quote(chars: &[char], at: usize) -> Match {
    let plain = match chars[at] {
        '’' => "'",
        '‒' => "-",
        '―' => "—",
        _ => return None,
    };
    Some((at + 1, plain.to_owned()))
}

/// 7:30, 16:40:05, 7:30 p.m.
fn time(chars: &[char], at: usize) -> Match {
    let colon = digits(chars, at);
    if !is_edge(chars, at) || !(1..=2).contains(&(colon - at)) || !has(chars, colon, |c| c == ':') {
        return None;
    }
    let minutes_end = exactly(chars, colon + 1, 2)?;
    let with_seconds =
        has(chars, minutes_end, |c| c == ':').then(|| exactly(chars, minutes_end + 1, 2)).flatten();
    let is_free = |end: usize| !has(chars, end, |c| c.is_ascii_digit());
    for seconds in [with_seconds, None] {
        let clock_end = seconds.unwrap_or(minutes_end);
        let half = half_of_day(chars, clock_end).filter(|(end, _)| is_free(*end));
        let end = half.map_or(clock_end, |(end, _)| end);
        if is_free(end) {
            let hour = value(chars, at, colon);
            let minute = value(chars, colon + 1, minutes_end);
            let second = seconds.map(|end| value(chars, end - 2, end));
            let spoken = spoken_time(hour, minute, second, half.is_some())
                .unwrap_or_else(|| text(chars, at, clock_end));
            let half = half.map_or(String::new(), |(end, letter)| {
                // With dots the lexicon spells the letters; a full stop that follows is the dot.
                let dot = if has(chars, end, |c| c == '.') { "" } else { "." };
                format!(" {letter}.M{dot}")
            });
            return Some((end, spoken + &half));
        }
    }
    None
}

/// " a.m.", "PM" after a time: its end and its letter.
fn half_of_day(chars: &[char], at: usize) -> Option<(usize, char)> {
    let start = past_space(chars, at);
    let letter = chars.get(start)?.to_ascii_uppercase();
    let dot = if has(chars, start + 1, |c| c == '.') { start + 2 } else { start + 1 };
    if !matches!(letter, 'A' | 'P') || !has(chars, dot, |c| matches!(c, 'M' | 'm')) {
        return None;
    }
    let bare = dot + 1;
    let dotted = if has(chars, bare, |c| c == '.') { bare + 1 } else { bare };
    [dotted, bare]
        .into_iter()
        .find(|end| !has(chars, *end, |c| c.is_ascii_alphabetic()))
        .map(|end| (end, letter))
}

fn spoken_time(hour: u32, minute: u32, second: Option<u32>, half: bool) -> Option<String> {
    if hour > 24 || minute > 59 || second.is_some_and(|second| second > 59) {
        return None;
    }
    let cardinal = |n: u32| number::cardinal(&n.to_string());
    let mut words = cardinal(hour);
    match minute {
        0 if half || second.is_some() => {}
        0 => words.push_str(" o'clock"),
        1..10 => words.push_str(&format!(" oh {}", cardinal(minute))),
        _ => words.push_str(&format!(" {}", cardinal(minute))),
    }
    if let Some(second) = second {
        let unit = if second == 1 { "second" } else { "seconds" };
        words.push_str(&format!(" and {} {unit}", cardinal(second)));
    }
    Some(words)
}

/// 2026-11-23.
fn date_iso(chars: &[char], at: usize) -> Match {
    let year = exactly(chars, at, 4).filter(|_| is_edge(chars, at))?;
    let month = exactly(chars, literal(chars, year, "-")?, 2)?;
    let day = exactly(chars, literal(chars, month, "-")?, 2)?;
    let date = date(value(chars, month - 2, month), value(chars, day - 2, day))?;
    is_edge(chars, day).then(|| (day, format!("{date}, {}", text(chars, at, year))))
}

/// 10/12/2019, month first unless it cannot be one.
fn date_us(chars: &[char], at: usize) -> Match {
    let (first, second, year, end) = three(chars, at, "/", &[4, 2])?;
    let year = if year.len() == 2 {
        let century = if value(chars, end - 2, end) > 30 { "19" } else { "20" };
        format!("{century}{year}")
    } else {
        year
    };
    let (month, day) = if first <= 12 { (first, second) } else { (second, first) };
    Some((end, format!("{}, {year}", date(month, day)?)))
}

/// 23.11.2026, as most of Europe writes it: the day comes first.
fn date_dotted(chars: &[char], at: usize) -> Match {
    let (day, month, year, end) = three(chars, at, ".", &[4])?;
    Some((end, format!("{}, {year}", date(month, day)?)))
}

/// Two short numbers and a year of as many digits as `years` allows.
fn three(
    chars: &[char],
    at: usize,
    mark: &str,
    years: &[usize],
) -> Option<(u32, u32, String, usize)> {
    let short = |from: usize| Some(digits(chars, from)).filter(|to| (1..=2).contains(&(to - from)));
    if !is_edge(chars, at) || (mark == "." && follows(chars, at, |c| c == '.')) {
        return None;
    }
    let first = short(at)?;
    let from = literal(chars, first, mark)?;
    let second = short(from)?;
    let year = literal(chars, second, mark)?;
    let end = years
        .iter()
        .find_map(|count| exactly(chars, year, *count).filter(|end| is_edge(chars, *end)))?;
    Some((value(chars, at, first), value(chars, from, second), text(chars, year, end), end))
}

fn date(month: u32, day: u32) -> Option<String> {
    let name = MONTHS.get((month as usize).checked_sub(1)?)?;
    (1..=31).contains(&day).then(|| format!("{name} {}", number::ordinal(&day.to_string())))
}

/// $3.2 billion.
fn big_money(chars: &[char], at: usize) -> Match {
    let sign = chars[at];
    let (_, _, many) = *CURRENCIES[..3].iter().find(|(mark, ..)| mark.starts_with(sign))?;
    let amount = number_end(chars, at + 1)?;
    let (end, big) = big(chars, past_space(chars, amount)).or_else(|| big(chars, amount))?;
    Some((end, format!("{} {big} {many}", text(chars, at + 1, amount))))
}

fn big(chars: &[char], at: usize) -> Option<(usize, &'static str)> {
    BIG.iter().find_map(|(mark, word)| {
        let end = literal(chars, at, mark)?;
        (mark.len() > 1 || is_edge(chars, end)).then_some((end, *word))
    })
}

/// 99¢.
fn cents(chars: &[char], at: usize) -> Match {
    let amount = standing_number(chars, at)?;
    let end = literal(chars, past_space(chars, amount), "¢")?;
    let amount = text(chars, at, amount);
    Some((end, format!("{amount} {}", one_or_many(&amount, "cent", "cents"))))
}

/// ¥500, Rs. 20, USD 3 million: the currencies that the lexicon does not read.
fn currency(chars: &[char], at: usize) -> Match {
    if follows(chars, at, is_word) {
        return None;
    }
    let (mark_end, one, many) = CURRENCIES[3..].iter().find_map(|(mark, one, many)| {
        let end = literal(chars, at, mark)?;
        let end = if *mark == "Rs" && has(chars, end, |c| c == '.') { end + 1 } else { end };
        Some((end, *one, *many))
    })?;
    let from = past_space(chars, mark_end);
    let amount = number_end(chars, from)?;
    let written = text(chars, from, amount);
    match big(chars, past_space(chars, amount)).or_else(|| big(chars, amount)) {
        Some((end, big)) => Some((end, format!("{written} {big} {many}"))),
        None => Some((amount, format!("{written} {}", one_or_many(&written, one, many)))),
    }
}

/// 12.50 €, 12,50 €, 5 USD: the amount before the currency.
fn amount_first(chars: &[char], at: usize) -> Match {
    let amount = standing_number(chars, at)?;
    let comma = literal(chars, amount, ",").and_then(|from| {
        exactly(chars, from, 2).filter(|end| !has(chars, *end, |c| c.is_ascii_digit()))
    });
    let amount_end = comma.unwrap_or(amount);
    let from = past_space(chars, amount_end);
    let (mark, one, many) = CURRENCIES.iter().find(|(mark, ..)| {
        *mark != "Rs" && literal(chars, from, mark).is_some_and(|end| !has(chars, end, is_word))
    })?;
    let end = literal(chars, from, mark)?;
    let written = match comma {
        Some(end) => format!("{}.{}", text(chars, at, amount), text(chars, amount + 1, end)),
        None => text(chars, at, amount),
    };
    let spoken = match CURRENCIES[..3].iter().find(|(sign, ..)| sign == mark) {
        // In front of the amount the lexicon reads it, cents included.
        Some((sign, ..)) => format!("{sign}{written}"),
        None => format!("{written} {}", one_or_many(&written, one, many)),
    };
    Some((end, spoken))
}

/// 20°, -5 °C, 68 °F.
fn degrees(chars: &[char], at: usize) -> Match {
    let amount = standing_signed(chars, at)?;
    let sign = literal(chars, past_space(chars, amount), "°")?;
    let spaced = past_space(chars, sign);
    let scale = |at: usize| match chars.get(at) {
        Some('C') => Some((at + 1, " Celsius")),
        Some('F') => Some((at + 1, " Fahrenheit")),
        Some(_) | None => None,
    };
    let (end, scale) = [scale(spaced), Some((spaced, "")), scale(sign), Some((sign, ""))]
        .into_iter()
        .flatten()
        .find(|(end, _)| !has(chars, *end, is_word))?;
    let amount = text(chars, at, amount);
    Some((end, format!("{amount} {}{scale}", one_or_many(&amount, "degree", "degrees"))))
}

/// 5 km, 60 km/h.
fn unit(chars: &[char], at: usize) -> Match {
    let amount = standing_signed(chars, at)?;
    let spaced = past_space(chars, amount);
    let found = |from: usize, units: &'static [(&'static str, &'static str, &'static str)]| {
        units.iter().find_map(|(mark, one, many)| {
            let end = literal(chars, from, mark)?;
            (!has(chars, end, is_word)).then_some((end, *one, *many))
        })
    };
    let (end, one, many) = found(spaced, UNITS)
        .or_else(|| if spaced > amount { found(spaced, SHORT_UNITS) } else { None })?;
    let amount = text(chars, at, amount);
    Some((end, format!("{amount} {}", one_or_many(&amount, one, many))))
}

/// January 5, Jan. 5th, 2026.
fn month_day(chars: &[char], at: usize) -> Match {
    let (month_end, month) = month(chars, at)?;
    let dot = if has(chars, month_end, |c| c == '.') { month_end + 1 } else { month_end };
    let from = literal(chars, dot, " ")?;
    let number_end = digits(chars, from);
    if !(1..=2).contains(&(number_end - from)) {
        return None;
    }
    let suffixed = ["st", "nd", "rd", "th"].iter().find_map(|th| literal(chars, number_end, th));
    let end = [suffixed, Some(number_end)].into_iter().flatten().find(|end| {
        is_edge(chars, *end) && !has(chars, *end, |c| c.is_ascii_digit() || matches!(c, ':' | '%'))
    })?;
    let day = value(chars, from, number_end);
    if !(1..=31).contains(&day) {
        return None;
    }
    let comma = if has(chars, end, |c| c == ',') { end + 1 } else { end };
    let year = literal(chars, comma, " ")
        .and_then(|from| exactly(chars, from, 4))
        .filter(|end| is_edge(chars, *end));
    let day = number::ordinal(&day.to_string());
    let year_end = year.unwrap_or(end);
    Some((year_end, format!("{month} {day}{}", text(chars, end, year_end))))
}

/// 5 January, the 5th of Jan.
fn day_month(chars: &[char], at: usize) -> Match {
    if !is_edge(chars, at) {
        return None;
    }
    let from = literal(chars, at, "the ").unwrap_or(at);
    let number_end = digits(chars, from);
    let day = value(chars, from, number_end);
    if number_end - from > 2 || !(1..=31).contains(&day) {
        return None;
    }
    let space = literal(chars, number_end, " ")?;
    let (end, month) = month(chars, literal(chars, space, "of ").unwrap_or(space))?;
    if !is_edge(chars, end) {
        return None;
    }
    let is_last = end + 1 == chars.len();
    let end = if has(chars, end, |c| c == '.') && !is_last { end + 1 } else { end };
    Some((end, format!("the {} of {month}", number::ordinal(&day.to_string()))))
}

/// The name of a month, whole or short, at `at`.
fn month(chars: &[char], at: usize) -> Option<(usize, &'static str)> {
    if !is_edge(chars, at) {
        return None;
    }
    let whole = MONTHS.iter().find_map(|name| Some((literal(chars, at, name)?, *name)));
    whole
        .or_else(|| Some((literal(chars, at, "Sept")?, "September")))
        .or_else(|| MONTHS.iter().find_map(|name| Some((literal(chars, at, &name[..3])?, *name))))
}

/// Dr. before a name.
fn title(chars: &[char], at: usize) -> Match {
    if !is_edge(chars, at) {
        return None;
    }
    TITLES.iter().find_map(|(short, word)| {
        let end = literal(chars, at, short)?;
        let end = if has(chars, end, |c| c == '.') { end + 1 } else { end };
        let end = literal(chars, end, " ")?;
        has(chars, end, |c| c.is_ascii_uppercase()).then(|| (end, format!("{word} ")))
    })
}

/// approx., vs., Ave.
fn abbreviation(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    let fits = |short: &&(&str, &str)| {
        literal(chars, at, short.0).is_some_and(|end| !has(chars, end, is_word))
    };
    let (short, word) = ABBREVIATIONS.iter().filter(fits).max_by_key(|(short, _)| short.len())?;
    let end = literal(chars, at, short)?;
    let stop = if end == chars.len() && short.ends_with('.') { "." } else { "" };
    Some((end, format!("{word}{stop}")))
}

/// No. 5.
fn numero(chars: &[char], at: usize) -> Match {
    if !is_edge(chars, at) {
        return None;
    }
    [("No.", "Number "), ("Nos.", "Numbers ")].iter().find_map(|(short, word)| {
        let end = literal(chars, at, short)?;
        let end = literal(chars, end, " ").unwrap_or(end);
        has(chars, end, |c| c.is_ascii_digit()).then(|| (end, (*word).to_owned()))
    })
}

/// #7.
fn hash(chars: &[char], at: usize) -> Match {
    let counts = chars[at] == '#'
        && !follows(chars, at, |c| is_word(c) || c == '&')
        && has(chars, at + 1, |c| c.is_ascii_digit());
    counts.then(|| (at + 1, "number ".to_owned()))
}

/// Chapter IV.
fn counted(chars: &[char], at: usize) -> Match {
    let (from, head) = head(chars, at, COUNTED)?;
    let (end, count) = roman(chars, from)?;
    let is_person = text(chars, from, end) == "I" && head.starts_with(char::is_lowercase);
    (!is_person).then(|| (end, format!("{head} {count}")))
}

/// Henry VIII.
fn ranked(chars: &[char], at: usize) -> Match {
    let (from, head) = head(chars, at, RANKED)?;
    let (end, count) = roman(chars, from)?;
    Some((end, format!("{head} the {}", number::ordinal(&count.to_string()))))
}

fn head(chars: &[char], at: usize, heads: &[&'static str]) -> Option<(usize, &'static str)> {
    if !is_edge(chars, at) {
        return None;
    }
    heads.iter().find_map(|head| {
        let end = literal(chars, at, head)?;
        Some((literal(chars, end, " ")?, *head))
    })
}

/// A roman numeral up to 399 that stands as a word.
fn roman(chars: &[char], at: usize) -> Option<(usize, u32)> {
    const STEPS: [(&str, u32); 9] = [
        ("C", 100),
        ("XC", 90),
        ("L", 50),
        ("XL", 40),
        ("X", 10),
        ("IX", 9),
        ("V", 5),
        ("IV", 4),
        ("I", 1),
    ];
    let mut end = at;
    let mut count = 0;
    for (mark, worth) in STEPS {
        let most = if matches!(mark, "C" | "X" | "I") { 3 } else { 1 };
        // Ninety and forty exclude fifty after them; nine excludes five.
        if matches!((mark, count % 100), ("L", 90..))
            || matches!((mark, count % 10), ("V" | "IV", 9))
        {
            continue;
        }
        for _ in 0..most {
            match literal(chars, end, mark) {
                Some(next) => {
                    end = next;
                    count += worth;
                }
                None => break,
            }
        }
    }
    let is_letter = end == at + 1 && matches!(chars[at], 'C' | 'L');
    let goes_on =
        has(chars, end, |c| matches!(c, '.' | '\'' | '’')) && has(chars, end + 1, is_word);
    (count > 0 && !is_letter && !goes_on && is_edge(chars, end)).then_some((end, count))
}

/// 555-1234, 800-555-1234: digit by digit.
fn phone(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '-')) {
        return None;
    }
    let first = literal(chars, exactly(chars, at, 3)?, "-")?;
    let long = exactly(chars, first, 3)
        .and_then(|end| literal(chars, end, "-"))
        .and_then(|from| exactly(chars, from, 4));
    let end = [long, exactly(chars, first, 4)]
        .into_iter()
        .flatten()
        .find(|end| !has(chars, *end, |c| is_word(c) || c == '-') && !is_decimal(chars, *end))?;
    let spoken = chars[at..end].iter().map(|c| match c {
        '-' => ",".to_owned(),
        c => format!(" {c}"),
    });
    Some((end, spoken.collect::<String>().trim_start().to_owned()))
}

/// 3/4; a day of a month where it is no fraction.
fn fraction(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '/')) {
        return None;
    }
    let over = digits(chars, at);
    let from = literal(chars, over, "/")?;
    let end = digits(chars, from);
    let is_short = (1..=2).contains(&(over - at)) && (1..=2).contains(&(end - from));
    if !is_short || has(chars, end, |c| is_word(c) || c == '/') || is_decimal(chars, end) {
        return None;
    }
    let (a, b) = (value(chars, at, over), value(chars, from, end));
    let spoken = match (a, b) {
        (24, 7) => "24 7".to_owned(),
        (1, 2) => "one half".to_owned(),
        (1, 3..=10) => format!("1 {}", PARTS[b as usize - 2]),
        (2.., 3..=10) if a < b => format!("{a} {}s", PARTS[b as usize - 2]),
        (1..=12, 1..=31) => date(a, b)?,
        _ => format!("{a} slash {b}"),
    };
    Some((end, spoken))
}

/// 5-10, 5 – 10.
fn range(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '-')) {
        return None;
    }
    let low = digits(chars, at);
    let dash = past_space(chars, low);
    let from = past_space(chars, dash + 1);
    let high = digits(chars, from);
    let fits = (1..=4).contains(&(low - at))
        && has(chars, dash, |c| matches!(c, '-' | '–'))
        && (1..=4).contains(&(high - from))
        && !has(chars, high, |c| is_word(c) || c == '-')
        && !is_decimal(chars, high);
    fits.then(|| (high, format!("{} to {}", text(chars, at, low), text(chars, from, high))))
}

/// +5.
fn plus(chars: &[char], at: usize) -> Match {
    let counts = chars[at] == '+'
        && !follows(chars, at, |c| is_word(c) || c == '+')
        && has(chars, at + 1, |c| c.is_ascii_digit());
    counts.then(|| (at + 1, "plus ".to_owned()))
}

fn sign(chars: &[char], at: usize) -> Match {
    let (sign, word) = SIGNS.iter().find(|(sign, _)| *sign == chars[at])?;
    let compares = matches!(sign, '=' | '<' | '>' | '~');
    let between = follows(chars, at, |_| true)
        && has(chars, past_space(chars, at + 1), |c| !c.is_whitespace());
    (!compares || between).then(|| (at + 1, format!(" {word} ")))
}

fn space_before_mark(chars: &[char], at: usize) -> Match {
    let fits = chars[at] == ' ' && has(chars, at + 1, |c| ",.;:!?".contains(c));
    fits.then(|| (at + 2, chars[at + 1].to_string()))
}

/// The end of a number that does not go on from a word or another number.
fn standing_number(chars: &[char], at: usize) -> Option<usize> {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    number_end(chars, at)
}

fn standing_signed(chars: &[char], at: usize) -> Option<usize> {
    if follows(chars, at, |c| is_word(c) || c == '.') {
        return None;
    }
    number_end(chars, if chars[at] == '-' { at + 1 } else { at })
}

/// Whether a number goes on behind a point, rather than a sentence ending there.
fn is_decimal(chars: &[char], at: usize) -> bool {
    has(chars, at, |c| c == '.') && has(chars, at + 1, is_word)
}

fn one_or_many<'a>(amount: &str, one: &'a str, many: &'a str) -> &'a str {
    if matches!(amount, "1" | "1.0" | "-1") { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> String {
        let mut traced = Traced::new(written);
        normalize(&mut traced);
        traced.text()
    }

    fn check(cases: &[(&str, &str)]) {
        for (written, spoken) in cases {
            assert_eq!(read(written), *spoken, "{written}");
        }
    }

    #[test]
    fn times() {
        check(&[
            ("At 7:30.", "At seven thirty."),
            ("It is 16:40 now", "It is sixteen forty now"),
            ("7:05 am", "seven oh five A.M."),
            ("Wake at 6:00 p.m.", "Wake at six P.M."),
            ("Wake at 6:00 p.m. tomorrow", "Wake at six P.M. tomorrow"),
            ("12:00", "twelve o'clock"),
            ("1:02:03", "one oh two and three seconds"),
            ("25:99 stays", "25:99 stays"),
            ("a ratio of 1:100", "a ratio of 1:100"),
        ]);
    }

    #[test]
    fn dates() {
        check(&[
            ("2026-11-23", "November twenty-third, 2026"),
            ("10/12/2019", "October twelfth, 2019"),
            ("23/11/26", "November twenty-third, 2026"),
            ("23.11.2026", "November twenty-third, 2026"),
            ("Jan. 5th, 2019", "January fifth, 2019"),
            ("May 5 at noon", "May fifth at noon"),
            ("on 5 May.", "on the fifth of May."),
            ("the 1st of May", "the 1st of May"),
            ("March 2024", "March 2024"),
            ("May 50", "May 50"),
        ]);
    }

    #[test]
    fn money() {
        check(&[
            ("$12.50", "$12.50"),
            ("$3.2 billion", "3.2 billion dollars"),
            ("€5m", "5 million euros"),
            ("99¢", "99 cents"),
            ("¥500", "500 yen"),
            ("12,50 €", "€12.50"),
            ("5 USD", "5 dollars"),
        ]);
    }

    #[test]
    fn units() {
        check(&[
            ("20°C", "20 degrees Celsius"),
            ("-1 °F", "-1 degree Fahrenheit"),
            ("20° in", "20 degrees in"),
            ("1 km", "1 kilometer"),
            ("60 km/h.", "60 kilometers per hour."),
            ("1,013 hPa", "1,013 hectopascals"),
            ("200 g of it", "200 grams of it"),
            ("5m", "5m"),
            ("10 in all", "10 in all"),
        ]);
    }

    #[test]
    fn short_forms() {
        check(&[
            ("Dr. Smith of St. Paul St.", "Dr Smith of Saint Paul Street."),
            ("approx. 5", "approximately 5"),
            ("No. 5 and #7", "Number 5 and number 7"),
            ("Chapter IV, Henry VIII", "Chapter 4, Henry the eighth"),
            ("the part I like", "the part I like"),
            ("Grade C", "Grade C"),
            ("Part XLIX and XC", "Part 49 and XC"),
        ]);
    }

    #[test]
    fn numbers_with_marks() {
        check(&[
            ("Call 555-1234.", "Call 5 5 5, 1 2 3 4."),
            ("3/4, 1/2, 24/7 and 12/25.", "3 quarters, one half, 24 7 and December twenty-fifth."),
            ("5-10, 5 – 10 and 10-20%.", "5 to 10, 5 to 10 and 10 to 20%."),
            ("+5", "plus 5"),
            ("2 + 2 = 4", "2 + 2 equals 4"),
            ("a < b", "a less than b"),
            ("5 m²", "5 square meters"),
        ]);
    }
}
