//! Words for the ear: numbers, durations, clock times, dates, lists.
//!
//! The output is read by a speech synthesizer and by people in a terminal, so numbers stay digits
//! (grouped, because "1984" without a comma is read as a year), and there are no symbols or
//! abbreviations with dots, at which a sentence would be cut.

use jiff::civil::{Date, Time, Weekday};

/// A number, rounded as one would say it. The flag says whether it was rounded.
///
/// Whole numbers stay whole; up to four decimals are kept if there are no more, else two from 1 on
/// and three significant digits below; beyond 10^15 and below 10^-6 powers of ten.
pub(crate) fn number(value: f64) -> (String, bool) {
    let size = value.abs();
    if value == 0.0 {
        return ("0".into(), false);
    }
    if !(1e-6..1e15).contains(&size) {
        let text = format!("{value:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = trim(digits);
        let exact = text.parse() == Ok(value);
        let words = match digits.as_str() {
            "1" => format!("10 to the power of {}", signed(power)),
            digits => format!("{} times 10 to the power of {}", signed(digits), signed(power)),
        };
        return (words, !exact);
    }
    // Twelve significant digits are far more than is spoken and far above the rounding error of
    // f64.
    let near = |rounded: f64| (rounded - value).abs() <= size * 1e-12;
    let decimals = match (0..=4).find(|n| near(round(value, *n))) {
        Some(exact) => return (grouped(&format!("{value:.exact$}")), false),
        None if size >= 1.0 => 2,
        None => 2 + (-size.log10().floor()).max(0.0) as usize,
    };
    (grouped(&trim(&format!("{value:.decimals$}"))), true)
}

/// A number, preceded by "about" if it was rounded.
pub(crate) fn about_number(value: f64) -> String {
    match number(value) {
        (words, false) => words,
        (words, true) => format!("about {words}"),
    }
}

/// "1 timer", "2 timers".
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A duration to the second: "1 hour, 2 minutes and 3 seconds".
pub(crate) fn span(seconds: u64) -> String {
    let words: Vec<String> =
        parts(seconds).into_iter().map(|(n, unit)| count(n as usize, unit)).collect();
    if words.is_empty() { "0 seconds".into() } else { list(&words) }
}

/// A duration as one would say it: seconds only in the last ten minutes, minutes only on the last
/// day, and the rest rounded.
pub(crate) fn about(seconds: u64) -> String {
    let unit = match seconds {
        0..600 => 1,
        600..86_400 => 60,
        86_400.. => 3_600,
    };
    let mut parts = parts((seconds + unit / 2) / unit * unit);
    parts.truncate(2);
    let words: Vec<String> = parts.into_iter().map(|(n, unit)| count(n as usize, unit)).collect();
    if words.is_empty() { "0 seconds".into() } else { list(&words) }
}

/// A duration in front of a noun: "10 minute", "1 hour 30 minute".
pub(crate) fn span_before_noun(seconds: u64) -> String {
    parts(seconds).into_iter().map(|(n, unit)| format!("{n} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A clock time on the twelve-hour clock: "7 AM", "3:42 PM", "noon", "midnight".
pub(crate) fn clock(time: Time) -> String {
    let half = if time.hour() < 12 { "AM" } else { "PM" };
    let hour = (time.hour() + 11) % 12 + 1;
    match (time.hour(), time.minute()) {
        (0, 0) => "midnight".into(),
        (12, 0) => "noon".into(),
        (_, 0) => format!("{hour} {half}"),
        (_, minute) => format!("{hour}:{minute:02} {half}"),
    }
}

/// "Tuesday, November 3rd".
pub(crate) fn date(date: Date) -> String {
    format!("{}, {}", weekday(date.weekday()), month_day(date))
}

/// "November 3rd".
pub(crate) fn month_day(date: Date) -> String {
    let month = usize::from(date.month().unsigned_abs()).clamp(1, 12) - 1;
    format!("{} {}", MONTHS[month], ordinal(date.day()))
}

/// "3rd": the day of a month.
pub(crate) fn ordinal(day: i8) -> String {
    let ending = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// "Tuesday".
pub(crate) fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// The weekday of that English name, in any case.
pub(crate) fn weekday_named(name: &str) -> Option<Weekday> {
    let mut day = Weekday::Monday;
    for _ in 0..7 {
        if weekday(day).eq_ignore_ascii_case(name) {
            return Some(day);
        }
        day = day.next();
    }
    None
}

/// "today", "tomorrow", "on Friday" within a week, else "on Friday, November 13th"; with the year
/// from eleven months on.
pub(crate) fn day_from(day: Date, today: Date) -> String {
    match (day - today).get_days() {
        0 => "today".into(),
        1 => "tomorrow".into(),
        2..=6 => format!("on {}", weekday(day.weekday())),
        days if days < 335 => format!("on {}", date(day)),
        _ => format!("on {}, {}", date(day), day.year()),
    }
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list(items: &[impl AsRef<str>]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// `text`, capitalized.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn parts(seconds: u64) -> Vec<(u64, &'static str)> {
    let all = [
        (seconds / 86_400, "day"),
        (seconds / 3_600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    all.into_iter().filter(|(n, _)| *n > 0).collect()
}

fn round(value: f64, decimals: usize) -> f64 {
    let factor = 10f64.powi(decimals as i32);
    (value * factor).round() / factor
}

/// Without zeros at the end of the decimals.
fn trim(digits: &str) -> String {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        digits.to_owned()
    }
}

/// "minus 3": a hyphen in front of a digit is often not read.
fn signed(digits: &str) -> String {
    match digits.strip_prefix('-') {
        Some(rest) => format!("minus {rest}"),
        None => digits.to_owned(),
    }
}

/// With commas between groups of three digits, and "minus" in words.
fn grouped(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("minus ", rest),
        None => ("", digits),
    };
    let (whole, decimals) = match digits.split_once('.') {
        Some((whole, decimals)) => (whole, format!(".{decimals}")),
        None => (digits, String::new()),
    };
    let mut words = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words + &decimals
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil;

    #[test]
    fn numbers_are_rounded_as_one_says_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (221.0, "221"),
            (-3.0, "minus 3"),
            (5.75, "5.75"),
            (0.1 + 0.2, "0.3"),
            (0.9999, "0.9999"),
            (1984.0, "1,984"),
            (125_000.0, "125,000"),
            (1_609.344, "1,609.344"),
            (999_999.999_99, "about 1,000,000"),
            (10.0 / 3.0, "about 3.33"),
            (-10.0 / 3.0, "about minus 3.33"),
            (0.012_345_6, "about 0.0123"),
            (0.999_999, "about 1"),
            (1e15, "10 to the power of 15"),
            (2.5e20, "2.5 times 10 to the power of 20"),
            (1.234_56e-7, "about 1.235 times 10 to the power of minus 7"),
        ];
        for (value, want) in cases {
            assert_eq!(about_number(value), want, "{value}");
        }
    }

    #[test]
    fn lengths_of_time_are_words() {
        let cases = [
            (0, "0 seconds", "0 seconds", ""),
            (1, "1 second", "1 second", "1 second"),
            (600, "10 minutes", "10 minutes", "10 minute"),
            (
                3_661,
                "1 hour, 1 minute and 1 second",
                "1 hour and 1 minute",
                "1 hour 1 minute 1 second",
            ),
            (5_400, "1 hour and 30 minutes", "1 hour and 30 minutes", "1 hour 30 minute"),
            (605, "10 minutes and 5 seconds", "10 minutes", "10 minute 5 second"),
            (
                90_061,
                "1 day, 1 hour, 1 minute and 1 second",
                "1 day and 1 hour",
                "1 day 1 hour 1 minute 1 second",
            ),
        ];
        for (seconds, exact, rough, noun) in cases {
            assert_eq!(span(seconds), exact);
            assert_eq!(about(seconds), rough);
            assert_eq!(span_before_noun(seconds), noun);
        }
    }

    #[test]
    fn clock_times_and_dates_are_words() {
        let cases = [
            (civil::time(0, 0, 0, 0), "midnight"),
            (civil::time(0, 5, 0, 0), "12:05 AM"),
            (civil::time(7, 0, 0, 0), "7 AM"),
            (civil::time(12, 0, 0, 0), "noon"),
            (civil::time(12, 30, 0, 0), "12:30 PM"),
            (civil::time(23, 59, 0, 0), "11:59 PM"),
        ];
        for (time, want) in cases {
            assert_eq!(clock(time), want);
        }
        let today = civil::date(2026, 11, 3);
        assert_eq!(date(today), "Tuesday, November 3rd");
        assert_eq!(date(civil::date(2026, 11, 11)), "Wednesday, November 11th");
        let days =
            [(3, "today"), (4, "tomorrow"), (9, "on Monday"), (10, "on Tuesday, November 10th")];
        for (day, want) in days {
            assert_eq!(day_from(civil::date(2026, 11, day), today), want);
        }
        assert_eq!(weekday_named("friday"), Some(Weekday::Friday));
        assert_eq!(weekday_named("someday"), None);
    }
}
