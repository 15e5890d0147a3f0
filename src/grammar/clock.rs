//! Clock times and days: "half past seven", "7 30 a m", "twenty to eight on monday", "tomorrow
//! morning at six", "in two hours".

use serde_json::{Map, Value};

use super::day::days;
use super::length;
use super::lexer::Shape;
use super::named::{Day, Part, Sort, part_word};
use super::number::{self, below_hundred};
use super::scan::Scan;

/// A time of day as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    hour: u32,
    minute: u32,
    /// `None` while the half of the day is open.
    part: Option<Part>,
    /// A lone hour, which needs a preposition or context to be a time.
    bare: bool,
}

impl Time {
    /// A time from its 24-hour text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
        Some(Self { hour, minute, part: None, bare: false })
    }

    /// Whether the half of the day is open.
    pub(super) fn open(self) -> bool {
        self.part.is_none() && (1..=12).contains(&self.hour)
    }

    /// The same time in the half of the day of `other`, said in the same breath: "6 and 7 pm", "6
    /// pm and 7". `later` if it is said after the other.
    pub(super) fn beside(self, other: Self, later: bool) -> Self {
        let face = |time: Self| (time.hour % 12, time.minute);
        let fits = if later { face(self) > face(other) } else { face(self) < face(other) };
        if self.open() && fits { Self { part: other.part, ..self } } else { self }
    }

    /// The 24-hour clock time as "HH:MM".
    pub(super) fn text(self) -> String {
        let hour = match (self.part, self.hour) {
            (None, hour) => hour,
            (Some(Part::Morning), 12) => 0,
            (Some(Part::Morning), hour) => hour,
            (Some(Part::Afternoon), hour @ 1..=11) => hour + 12,
            (Some(Part::Afternoon), hour) => hour,
            (Some(Part::Evening), hour @ 1..=11) => hour + 12,
            (Some(Part::Evening | Part::Night), 12) => 0,
            (Some(Part::Night), hour @ 5..=11) => hour + 12,
            (Some(Part::Evening | Part::Night), hour) => hour,
        };
        format!("{:02}:{:02}", hour % 24, self.minute)
    }
}

/// When something should happen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct When {
    pub(super) time: Option<Time>,
    pub(super) day: Option<Day>,
    pub(super) in_seconds: Option<f64>,
    pub(super) part: Option<Part>,
}

/// Adds the arguments of `when`; with `weekly` also that it recurs each week.
pub(super) fn put_when(when: &When, weekly: bool, into: &mut Map<String, Value>) {
    if let Some(time) = when.time {
        into.insert("time".into(), Value::from(time.text()));
    }
    if let Some(day) = &when.day {
        put_day(day, into);
        if let Some(repeat) = day.repeat() {
            into.insert("repeat".into(), Value::from(repeat));
        } else if weekly && day.sort() == Sort::Weekly {
            into.insert("repeat".into(), Value::from("weekly"));
        }
    }
    if let Some(seconds) = when.in_seconds {
        into.insert("in_seconds".into(), number::json(seconds.round()));
    }
}

/// Adds a day as "day", or a date as "date".
pub(super) fn put_day(day: &Day, into: &mut Map<String, Value>) {
    if day.name().is_empty() {
        return;
    }
    match day.sort() {
        Sort::Date => into.insert("date".into(), Value::from(day.name())),
        // "This weekend" is once, "the weekend" each of them.
        Sort::Weekend if day.name() == "this weekend" => {
            into.insert("day".into(), Value::from("saturday, sunday"))
        }
        Sort::Weekend => into.insert("day".into(), Value::from("weekends")),
        Sort::Past | Sort::Plain | Sort::Recurring | Sort::Weekly | Sort::Reckoned => {
            into.insert("day".into(), Value::from(day.name()))
        }
    };
}

/// Which forms of a time a slot accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// A clock time, with or without a day: for alarms.
    Alarm,
    /// A clock time, a day, or a duration from now. A lone hour needs a preposition: for text that
    /// continues before or after it.
    Reminder,
    /// A clock time, a day, or both: for an alarm specified in several places.
    Schedule,
}

/// All readings of a time at `at`.
pub(super) fn whens(scan: &Scan<'_>, at: usize, scope: Scope) -> Vec<(usize, When)> {
    let mut out = Vec::new();
    if scope == Scope::Reminder {
        in_length(scan, at, &mut out);
    }
    explore(scan, at, scope, &When::default(), 0, &mut out);
    // "Every hour" is how often to be reminded; an alarm has its times.
    let often = |when: &When| when.day.as_ref().is_some_and(Day::is_often);
    out.retain(|(_, when)| scope == Scope::Reminder || !often(when));
    out.retain(|(_, when)| match scope {
        Scope::Alarm => when.time.is_some(),
        Scope::Reminder => when.time.is_some() || when.day.is_some() || when.in_seconds.is_some(),
        Scope::Schedule => when.time.is_some() || when.day.is_some(),
    });
    out.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
    out.dedup();
    out
}

/// "in two hours", "in ten minutes' time", "two hours from now".
fn in_length(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, When)>) {
    let inside = scan.skip(at, &["in", "after"]);
    for (end, seconds) in length::lengths(scan, inside) {
        let tail = scan.skip(end, &["'s time", "time", "from now"]);
        if inside > at || scan.words(end, "from now").is_some() {
            let when = When { in_seconds: Some(seconds), ..When::default() };
            out.push((tail, when));
            if let Some(next) = scan.correction(tail) {
                in_length(scan, next, out);
            }
        }
    }
}

fn explore(
    scan: &Scan<'_>,
    at: usize,
    scope: Scope,
    so_far: &When,
    depth: u8,
    out: &mut Vec<(usize, When)>,
) {
    if depth > 5 || out.len() > 32 {
        return;
    }
    // After a correction a piece replaces an earlier one of its kind.
    let corrected = if depth > 0 { scan.correction(at) } else { None };
    let from = corrected.unwrap_or(at);
    let again = corrected.is_some();
    let inner = scan.skip(from, &["and"]);
    if so_far.time.is_none() || again {
        let clock_at = scan.skip(
            inner,
            &[
                "at around",
                "at about",
                "at exactly",
                "at like",
                "at",
                "by",
                "for",
                "around",
                "about",
                "before",
            ],
        );
        // "for" before a lone hour is more often part of the sentence than a time.
        let led = clock_at > inner && !(scan.is(inner, "for") && scope == Scope::Reminder);
        for (end, time) in times(scan, scan.about(clock_at)) {
            if time.bare && !led && depth == 0 && scope == Scope::Reminder {
                continue;
            }
            let mut next = so_far.clone();
            let inherited = so_far.time.and_then(|t| t.part);
            next.time = Some(Time { part: time.part.or(inherited), ..time });
            out.push((end, settle(next.clone())));
            explore(scan, end, scope, &next, depth + 1, out);
        }
    }
    if so_far.day.is_none() || again {
        for (end, day, part) in days(scan, inner) {
            let next = When { day: Some(day), part: part.or(so_far.part), ..so_far.clone() };
            out.push((end, settle(next.clone())));
            explore(scan, end, scope, &next, depth + 1, out);
        }
    }
    if so_far.part.is_none()
        && (so_far.time.is_some_and(|t| t.part.is_none()) || so_far.time.is_none())
        && let Some((end, part)) = part_phrase(scan, inner)
    {
        let next = When { part: Some(part), ..so_far.clone() };
        out.push((end, settle(next.clone())));
        explore(scan, end, scope, &next, depth + 1, out);
    }
}

fn settle(mut when: When) -> When {
    if let Some(time) = &mut when.time {
        time.part = time.part.or(when.part);
    }
    when
}

/// `time` in the half of the day named at `at`: "pm", "in the evening".
pub(super) fn other_half(scan: &Scan<'_>, at: usize, time: Time) -> Option<(usize, Time)> {
    let (end, part) = meridiem(scan, at).or_else(|| part_phrase(scan, at))?;
    Some((end, Time { hour: (time.hour + 11) % 12 + 1, part: Some(part), ..time }))
}

/// "in the morning", "at night".
fn part_phrase(scan: &Scan<'_>, at: usize) -> Option<(usize, Part)> {
    if let Some(end) = scan.words(at, "at night").or_else(|| scan.words(at, "tonight")) {
        return Some((end, Part::Night));
    }
    let leads = ["in the", "for the", "during the"];
    let at = leads.iter().find_map(|lead| scan.words(at, lead))?;
    let at = scan.skip(at, &["early", "late"]);
    part_word(scan.text(at)).map(|part| (at + 1, part))
}

/// All clock times at `at`, longest first.
pub(super) fn times(scan: &Scan<'_>, at: usize) -> Vec<(usize, Time)> {
    let mut raw = Vec::new();
    let at = scan.skip(at, &["exactly"]);
    named(scan, at, &mut raw);
    relative(scan, at, &mut raw);
    plain(scan, at, &mut raw);
    let mut out = Vec::new();
    for (end, time) in raw {
        let end = scan.skip(end, &["o'clock", "oclock", "o clock"]);
        if let Some((end, part)) = meridiem(scan, end) {
            let end = scan.skip(end, &["sharp", "on the dot", "exactly"]);
            out.push((end, Time { part: Some(part), bare: false, ..time }));
        } else {
            let bare = time.bare
                && !matches!(scan.text(end.wrapping_sub(1)), "o'clock" | "oclock" | "clock");
            let tail = scan.skip(end, &["sharp", "on the dot", "exactly"]);
            out.push((tail, Time { bare, ..time }));
        }
        // "six no seven": the later time counts.
        if out.len() < 8
            && let Some((end, _)) = out.last().copied()
            && let Some(next) = scan.correction(end)
        {
            out.extend(times(scan, scan.skip(next, &["at", "for"])));
        }
    }
    out.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
    out
}

fn meridiem(scan: &Scan<'_>, at: usize) -> Option<(usize, Part)> {
    let (end, word) = if scan.is(at + 1, "m") && matches!(scan.text(at), "a" | "p") {
        (at + 2, if scan.is(at, "a") { "am" } else { "pm" })
    } else {
        (at + 1, scan.text(at))
    };
    match word {
        "am" => Some((end, Part::Morning)),
        "pm" => Some((end, Part::Afternoon)),
        _ => None,
    }
}

/// "noon", "midnight", with or without a twelve.
fn named(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, Time)>) {
    let word = scan.skip(at, &["12", "twelve"]);
    let (hour, part) = match scan.text(word) {
        "noon" | "midday" => (12, Some(Part::Afternoon)),
        "midnight" => (0, None),
        _ => return,
    };
    out.push((word + 1, Time { hour, minute: 0, part, bare: false }));
}

/// "half past six", "half six", "twenty five to eight", "five after noon".
fn relative(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, Time)>) {
    let (word, minutes) = if scan.is(at, "half") {
        (at + 1, 30)
    } else {
        let quarter = scan.skip(at, &["a", "one"]);
        if scan.is(quarter, "quarter") {
            (quarter + 1, 15)
        } else {
            match below_hundred(scan.tokens, at) {
                Some((end, n @ 1..=59)) => (scan.skip(end, &["minutes", "minute", "mins"]), n),
                _ => return,
            }
        }
    };
    let backwards = match scan.text(word) {
        "past" | "after" => false,
        "to" | "till" | "til" | "before" | "of" => true,
        _ => {
            // British: "half seven" is half past seven.
            if minutes == 30
                && word == at + 1
                && let Some((end, hour @ 1..=12)) = below_hundred(scan.tokens, word)
            {
                out.push((end, Time { hour, minute: 30, part: None, bare: false }));
            }
            return;
        }
    };
    let (end, hour) = match scan.text(word + 1) {
        "noon" | "midday" => (word + 2, 12),
        "midnight" => (word + 2, 0),
        _ => match below_hundred(scan.tokens, word + 1) {
            Some((end, hour @ 0..=24)) => (end, hour),
            _ => return,
        },
    };
    let time = if backwards {
        // The hour before one is twelve, unless the 24-hour clock is meant.
        let hour = match hour {
            1 => 12,
            0 | 24 => 23,
            other => other - 1,
        };
        Time { hour, minute: 60 - minutes, part: None, bare: false }
    } else {
        Time { hour: hour % 24, minute: minutes, part: None, bare: false }
    };
    // "to" with an odd minute, such as "ten to one", may be odds or a range: minutes must be round
    // or named, as speakers of clock times do.
    if time.minute < 60 && (minutes % 5 == 0 || scan.text(word.wrapping_sub(1)).starts_with("min"))
    {
        out.push((end, time));
    }
}

/// "7", "7:30", "seven oh five", "7.30", "0730", "nineteen hundred hours".
fn plain(scan: &Scan<'_>, at: usize, out: &mut Vec<(usize, Time)>) {
    let Some(token) = scan.tokens.get(at) else { return };
    let mut push = |end: usize, hour: u32, minute: u32, bare: bool| {
        if (hour < 24 && minute < 60) || (hour == 24 && minute == 0) {
            out.push((end, Time { hour: hour % 24, minute, part: None, bare }));
        }
    };
    match token.shape {
        Shape::Colon { hour, minute } => {
            push(scan.skip(at + 1, &["hours"]), hour.into(), minute.into(), false);
            return;
        }
        Shape::Digits { value, whole: 1..=2, after: 2 } => {
            let hundredths = (value * 100.0).round() as u32;
            push(at + 1, hundredths / 100, hundredths % 100, false);
            return;
        }
        Shape::Digits { value, whole: 3..=4, after: 0 } => {
            let n = value as u32;
            push(scan.skip(at + 1, &["hours", "hrs"]), n / 100, n % 100, false);
            return;
        }
        Shape::Digits { .. } | Shape::Word | Shape::Ordinal(_) => {}
    }
    let zero = scan.skip(at, &["oh", "zero"]);
    let Some((end, hour)) = below_hundred(scan.tokens, zero) else { return };
    if zero > at && hour > 9 {
        return;
    }
    if let Some(end) = scan.words(end, "hundred") {
        push(scan.skip(end, &["hours"]), hour, 0, false);
        return;
    }
    if let Some((next, minute)) = minutes(scan, end) {
        push(next, hour, minute, false);
    }
    push(end, hour, 0, true);
}

/// The minutes after an hour: "thirty", "05", "oh five".
fn minutes(scan: &Scan<'_>, at: usize) -> Option<(usize, u32)> {
    let token = scan.tokens.get(at)?;
    if matches!(token.text.as_str(), "oh" | "o" | "zero") {
        let (end, n) = below_hundred(scan.tokens, at + 1)?;
        return (n < 10).then_some((end, n));
    }
    match token.shape {
        Shape::Digits { value, whole: 2, after: 0 } => Some((at + 1, value as u32)),
        Shape::Word => {
            let (end, n) = number::below_hundred(scan.tokens, at)?;
            (n >= 10).then_some((end, n))
        }
        Shape::Digits { .. } | Shape::Colon { .. } | Shape::Ordinal(_) => None,
    }
}
