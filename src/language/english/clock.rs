//! Reading rules for times of day and dates; see [`super::spell`].

use super::number;
use super::words::MONTHS;
use crate::language::scan::{
    digits, exactly, follows, has, is_edge, is_word, literal, past_space, text, value,
};
use crate::language::traced::Match;

/// 7:30, 16:40:05, 7:30 p.m.
pub(super) fn time(chars: &[char], at: usize) -> Match {
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
                // With dots the lexicon spells the letters; a following full stop is the dot.
                let dot = if has(chars, end, |c| c == '.') { "" } else { "." };
                format!(" {letter}.M{dot}")
            });
            return Some((end, spoken + &half));
        }
    }
    None
}

/// 9am, 9 PM.
pub(super) fn hour(chars: &[char], at: usize) -> Match {
    let end = digits(chars, at);
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | ':' | ',')) || end > at + 2 {
        return None;
    }
    let hour = value(chars, at, end);
    let (half_end, letter) = half_of_day(chars, end).filter(|_| (1..=12).contains(&hour))?;
    let dot = if has(chars, half_end, |c| c == '.') { "" } else { "." };
    Some((half_end, format!("{hour} {letter}.M{dot}")))
}

/// 9-11am, 9-5pm: an hour that shares the half of the day with the next.
pub(super) fn hours(chars: &[char], at: usize) -> Match {
    let first = digits(chars, at);
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | ':' | ',' | '-'))
        || !(1..=2).contains(&(first - at))
        || !has(chars, first, |c| matches!(c, '-' | '–'))
    {
        return None;
    }
    let second = digits(chars, first + 1);
    let (end, letter) = half_of_day(chars, second).filter(|_| second > first + 1)?;
    let (low, high) = (value(chars, at, first), value(chars, first + 1, second));
    let dot = if has(chars, end, |c| c == '.') { "" } else { "." };
    ((1..=12).contains(&low) && (1..=12).contains(&high))
        .then(|| (end, format!("{low} to {high} {letter}.M{dot}")))
}

/// Tue, Dec 1: the abbreviation of a day before a date.
pub(super) fn weekday(chars: &[char], at: usize) -> Match {
    const DAYS: [(&str, &str); 11] = [
        ("Mon", "Monday"),
        ("Tues", "Tuesday"),
        ("Tue", "Tuesday"),
        ("Wed", "Wednesday"),
        ("Thurs", "Thursday"),
        ("Thur", "Thursday"),
        ("Thu", "Thursday"),
        ("Fri", "Friday"),
        ("Sat", "Saturday"),
        ("Sun", "Sunday"),
        ("Weds", "Wednesday"),
    ];
    if !is_edge(chars, at) {
        return None;
    }
    let (end, day) = DAYS.iter().find_map(|(short, day)| {
        let end = literal(chars, at, short)?;
        (!has(chars, end, is_word)).then_some((end, *day))
    })?;
    let dot = literal(chars, end, ".").unwrap_or(end);
    let comma = literal(chars, dot, ",").unwrap_or(dot);
    let next = literal(chars, comma, " ")?;
    let dated = has(chars, next, |c| c.is_ascii_digit()) || month(chars, next).is_some();
    dated.then(|| (dot, day.to_owned()))
}

/// May 3-5.
pub(super) fn month_days(chars: &[char], at: usize) -> Match {
    let (from, month) = month(chars, at)?;
    let from = literal(chars, from, ".").unwrap_or(from);
    let low = literal(chars, from, " ")?;
    let dash = digits(chars, low);
    let high = literal(chars, dash, "-").or_else(|| literal(chars, dash, "–"))?;
    let end = digits(chars, high);
    let (a, b) = (value(chars, low, dash), value(chars, high, end));
    let fits =
        (1..=31).contains(&a) && a < b && b <= 31 && !has(chars, end, |c| is_word(c) || c == '-');
    let day = |day: u32| number::ordinal(&day.to_string());
    fits.then(|| (end, format!("{month} {} to {}", day(a), day(b))))
}

/// 3-5 May.
pub(super) fn days_month(chars: &[char], at: usize) -> Match {
    if follows(chars, at, |c| is_word(c) || matches!(c, '.' | '-' | '–' | ',')) {
        return None;
    }
    let dash = digits(chars, at);
    let high = literal(chars, dash, "-").or_else(|| literal(chars, dash, "–"))?;
    let second = digits(chars, high);
    let (end, month) = month(chars, literal(chars, second, " ")?)?;
    let (a, b) = (value(chars, at, dash), value(chars, high, second));
    let day = |day: u32| number::ordinal(&day.to_string());
    ((1..=31).contains(&a) && a < b && b <= 31 && !has(chars, end, is_word))
        .then(|| (end, format!("the {} to the {} of {month}", day(a), day(b))))
}

/// Dec 2025: the abbreviation of a month before a year.
pub(super) fn month_year(chars: &[char], at: usize) -> Match {
    let (end, month) = month(chars, at).filter(|(end, _)| !has(chars, *end, is_word))?;
    let dot = literal(chars, end, ".").unwrap_or(end);
    let year = exactly(chars, literal(chars, dot, " ")?, 4)?;
    (!has(chars, year, is_word)).then(|| (dot, month.to_owned()))
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
pub(super) fn date_iso(chars: &[char], at: usize) -> Match {
    let year = exactly(chars, at, 4).filter(|_| is_edge(chars, at))?;
    let month = exactly(chars, literal(chars, year, "-")?, 2)?;
    let day = exactly(chars, literal(chars, month, "-")?, 2)?;
    let date = date(value(chars, month - 2, month), value(chars, day - 2, day))?;
    is_edge(chars, day).then(|| (day, format!("{date}, {}", text(chars, at, year))))
}

/// 10/12/2019, month first unless that is impossible.
pub(super) fn date_us(chars: &[char], at: usize) -> Match {
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

/// 23.11.2026, as in most of Europe: the day comes first.
pub(super) fn date_dotted(chars: &[char], at: usize) -> Match {
    let (day, month, year, end) = three(chars, at, ".", &[4])?;
    Some((end, format!("{}, {year}", date(month, day)?)))
}

/// Two short numbers and a year with as many digits as `years` allows.
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

pub(super) fn date(month: u32, day: u32) -> Option<String> {
    let name = MONTHS.get((month as usize).checked_sub(1)?)?;
    (1..=31).contains(&day).then(|| format!("{name} {}", number::ordinal(&day.to_string())))
}

/// January 5, Jan. 5th, 2026.
pub(super) fn month_day(chars: &[char], at: usize) -> Match {
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
pub(super) fn day_month(chars: &[char], at: usize) -> Match {
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

/// The name of a month at `at`, full or abbreviated.
fn month(chars: &[char], at: usize) -> Option<(usize, &'static str)> {
    if !is_edge(chars, at) {
        return None;
    }
    let whole = MONTHS.iter().find_map(|name| Some((literal(chars, at, name)?, *name)));
    whole
        .or_else(|| Some((literal(chars, at, "Sept")?, "September")))
        .or_else(|| MONTHS.iter().find_map(|name| Some((literal(chars, at, &name[..3])?, *name))))
}
