//! Calendar dates: "december 3rd", "the 3rd of december 2027", "2026-12-03", "the 24th", "christmas
//! eve", "the last friday of the month", "two days before christmas".

use super::lexer::Shape;
use super::number::{self, below_hundred, ordinal};
use super::scan::Scan;
use super::week::{WEEK, week_day, weekday};

/// Named days with a fixed date.
const FEASTS: &[(&str, &str)] = &[
    ("christmas day", "12-25"),
    ("christmas eve", "12-24"),
    ("christmas", "12-25"),
    ("xmas day", "12-25"),
    ("xmas eve", "12-24"),
    ("xmas", "12-25"),
    ("boxing day", "12-26"),
    ("new year 's eve", "12-31"),
    ("new years eve", "12-31"),
    ("new year 's day", "01-01"),
    ("new years day", "01-01"),
    ("new year 's", "01-01"),
    ("new years", "01-01"),
    ("the new year", "01-01"),
    ("new year", "01-01"),
    ("valentine 's day", "02-14"),
    ("valentines day", "02-14"),
    ("valentine 's", "02-14"),
    ("st patrick 's day", "03-17"),
    ("saint patrick 's day", "03-17"),
    ("st patricks day", "03-17"),
    ("april fools day", "04-01"),
    ("april fool 's day", "04-01"),
    ("april fools", "04-01"),
    ("may day", "05-01"),
    ("independence day", "07-04"),
    ("halloween", "10-31"),
    ("bonfire night", "11-05"),
    // Their dates follow rules that tools know.
    ("thanksgiving day", "thanksgiving"),
    ("thanksgiving", "thanksgiving"),
    ("good friday", "good friday"),
    ("easter monday", "easter monday"),
    ("easter sunday", "easter"),
    ("easter", "easter"),
];

/// Years that are taken for one after a date. The Gregorian calendar is younger than its first.
const YEARS: std::ops::Range<f64> = 1500.0..2200.0;

/// The number of the month that a word names.
pub(super) fn month(text: &str) -> Option<u32> {
    Some(match text {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sept" | "sep" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
}

/// The most days that a month can have.
const fn length(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// All dates at `at`: "YYYY-MM-DD", "MM-DD" or "DD", preceded by a weekday and a blank if one was
/// said, the name of a feast, or one reckoned from a month or another date: "last friday of 12",
/// "2 days before 12-25".
pub(super) fn dates(scan: &Scan<'_>, at: usize) -> Vec<(usize, String)> {
    let mut out = fixed(scan, at);
    nth_weekday(scan, at, &mut out);
    around(scan, at, &mut out);
    out
}

/// "first" to "fourth" or "last", as it is passed on.
pub(super) fn place(scan: &Scan<'_>, at: usize) -> Option<(usize, &'static str)> {
    if scan.is(at, "last") {
        return Some((at + 1, "last"));
    }
    let (end, place) = ordinal(scan.tokens, at)?;
    let name =
        ["first", "second", "third", "fourth"].get(usize::try_from(place).ok()?.checked_sub(1)?)?;
    Some((end, name))
}

/// "the first monday of december", "last friday of the month", "the second tuesday in next month".
fn nth_weekday(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, String)>) {
    let Some((end, place)) = place(scan, scan.skip(at, &["the", "on the"])) else { return };
    let Some((day, false)) = weekday(scan.text(end)) else { return };
    let of = scan.skip(end + 1, &["of", "in"]);
    let named = scan.skip(of, &["this coming", "this", "the coming", "next"]);
    if let Some(number) = month(scan.text(named)) {
        out.push((named + 1, format!("{place} {} of {number:02}", WEEK[day])));
    }
    for (words, month) in [
        ("the month", "month"),
        ("this month", "month"),
        ("next month", "next month"),
        ("the next month", "next month"),
        ("the coming month", "next month"),
    ] {
        if let Some(end) = scan.words(of, words) {
            out.push((end, format!("{place} {} of {month}", WEEK[day])));
        }
    }
}

/// "the day before christmas", "two weeks after easter", "3 days before the 24th".
fn around(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, String)>) {
    let (end, count) = match scan.skip_any(at, &["the", "a", "one"]) {
        Some(end) => (end, 1),
        None => match below_hundred(scan.tokens, at) {
            Some((end, count @ 1..)) => (end, count),
            Some(_) | None => return,
        },
    };
    let unit = match scan.text(end) {
        "day" | "days" => "days",
        "week" | "weeks" => "weeks",
        "month" | "months" => "months",
        _ => return,
    };
    let Some(order @ ("before" | "after")) = scan.tokens.get(end + 1).map(|t| &*t.text) else {
        return;
    };
    let unit = if count == 1 { unit.trim_end_matches('s') } else { unit };
    for (end, date) in fixed(scan, end + 2) {
        out.push((end, format!("{count} {unit} {order} {date}")));
    }
}

/// All dates at `at` that stand by themselves.
fn fixed(scan: &Scan<'_>, at: usize) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let feast = FEASTS.iter().find_map(|(words, date)| Some((scan.words(at, words)?, *date)));
    if let Some((end, date)) = feast {
        out.push((end, date.to_owned()));
    }
    iso(scan, at, &mut out);
    slashed(scan, at, &mut out);
    dotted(scan, at, &mut out);
    // A weekday in front must fit, which a tool with a calendar checks: "thursday december third".
    let weekday = week_day(scan.text(at));
    for from in at..=at + usize::from(weekday.is_some()) {
        let (first, named) = (out.len(), weekday.filter(|_| from > at));
        let from = scan.skip(from, &["the", "on the"]);
        if let Some(number) = month(scan.text(from)) {
            // "december the third", "dec 3".
            let day = scan.skip(from + 1, &["the"]);
            if let Some((end, day)) = day_number(scan, day) {
                dated(scan, end, number, day, &mut out);
            }
        } else if let Some((end, day)) = day_number(scan, from) {
            let of = scan.skip(end, &["of"]);
            if let Some(number) = month(scan.text(of)) {
                dated(scan, of + 1, number, day, &mut out);
            } else if from > at && day <= 31 && ordinal(scan.tokens, from).is_some() {
                lone(scan, at, end, day, &mut out);
            }
        }
        if let Some(named) = named {
            out.iter_mut().skip(first).for_each(|(_, date)| *date = format!("{named} {date}"));
        }
    }
    out
}

/// "the 24th", which begins at `at`: the next one of that number.
fn lone(scan: &Scan<'_>, at: usize, end: usize, day: u32, out: &mut Vec<(usize, String)>) {
    // "The second alarm", "the third one", "the first of them" count something else.
    const COUNTED: &[&str] = &[
        "alarm", "alarms", "timer", "timers", "one", "ones", "of", "time", "thing", "half", "day",
        "week", "month", "reminder", "minute", "hour", "to", "from", "i", "that", "last", "next",
    ];
    let month = scan.skip(end, &["of this month", "of the month", "this month"]);
    // "On the 24th to pay the rent", but "the second to last alarm".
    let on = at > 0 && scan.is(at - 1, "on") && !scan.is(end + 1, "last");
    let task = on && matches!(scan.text(end), "to" | "that" | "i");
    if month > end || task || !COUNTED.contains(&scan.text(end)) {
        out.push((month, format!("{day:02}")));
    }
}

fn dated(scan: &Scan<'_>, end: usize, month: u32, day: u32, out: &mut Vec<(usize, String)>) {
    if day == 0 || day > length(month) {
        return;
    }
    // A year may follow: "2027", "twenty twenty seven".
    let from = scan.skip(end, &["in", "of"]);
    for r in number::numbers(scan, from) {
        if r.value.fract() == 0.0 && YEARS.contains(&r.value) {
            out.push((r.end, format!("{}-{month:02}-{day:02}", r.value)));
        }
    }
    let end = scan.skip(end, &["this year"]);
    out.push((end, format!("{month:02}-{day:02}")));
}

/// "3rd", "third", "3", "twenty four".
fn day_number(scan: &Scan<'_>, at: usize) -> Option<(usize, u32)> {
    let (end, day) = ordinal(scan.tokens, at).or_else(|| below_hundred(scan.tokens, at))?;
    (1..=31).contains(&day).then_some((end, day))
}

/// "12/24" and "24/12", if one of the two cannot be a month; "3/12" may be either.
fn slashed(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, String)>) {
    let from = scan.skip(at, &["the"]);
    let digits = |at: usize| match scan.tokens.get(at)?.shape {
        Shape::Digits { value, whole: 1..=2, after: 0 } => Some(value as u32),
        Shape::Digits { .. } | Shape::Word | Shape::Colon { .. } | Shape::Ordinal(_) => None,
    };
    let glued = scan.is(from + 1, "/") && scan.tokens[from + 1].glued;
    let (Some(first), Some(second), true) = (digits(from), digits(from + 2), glued) else { return };
    let (month, day) = match (first, second) {
        (month @ 1..=12, day @ 13..) => (month, day),
        (day @ 13.., month @ 1..=12) => (month, day),
        (same, other @ 1..=12) if same == other => (same, other),
        _ => return,
    };
    dated(scan, from + 3, month, day, out);
}

/// "24.12.", as written where the day comes first; "6.30" is a time.
fn dotted(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, String)>) {
    let from = scan.skip(at, &["the"]);
    let Some(token) = scan.tokens.get(from) else { return };
    let Shape::Digits { value, whole: 1..=2, after: 2 } = token.shape else { return };
    let hundredths = (value * 100.0).round() as u32;
    let (day, month) = (hundredths / 100, hundredths % 100);
    let stopped = scan.tokens.get(from + 1).is_some_and(|next| next.pause && next.text == "at");
    if (1..=12).contains(&month) && (day > 23 || stopped) {
        dated(scan, from + 1, month, day, out);
    }
}

/// "2026-12-03".
fn iso(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, String)>) {
    let digits = |at: usize, count: u8| match scan.tokens.get(at)?.shape {
        Shape::Digits { value, whole, after: 0 } if whole == count => Some(value as u32),
        Shape::Digits { .. } | Shape::Word | Shape::Colon { .. } | Shape::Ordinal(_) => None,
    };
    let glued = |at: usize| scan.is(at, "-") && scan.tokens[at].glued;
    if let (Some(year), Some(month), Some(day)) =
        (digits(at, 4), digits(at + 2, 2), digits(at + 4, 2))
        && glued(at + 1)
        && glued(at + 3)
        && (1..=12).contains(&month)
        && (1..=length(month)).contains(&day)
    {
        out.push((at + 5, format!("{year:04}-{month:02}-{day:02}")));
    }
}
