//! Days: "tomorrow morning", "the day after tomorrow", "mondays and fridays", "monday next week",
//! "the 3rd of december".
//!
//! The grammar has no calendar: what depends on today is passed on in words that tools turn into
//! dates.

use super::calendar;
use super::cycle;
use super::named::{Day, Named, Part, Sort, part_word, with_part};
use super::number;
use super::scan::Scan;
use super::week::{WEEK, weekday};

const WORKDAYS: u8 = 0b001_1111;
const WEEKEND: u8 = 0b110_0000;

/// Whether days of this name recur by nature.
pub(super) fn recurs(name: &str) -> bool {
    matches!(name, "every day" | "weekdays" | "weekends")
}

/// All days at `at`.
pub(super) fn days(scan: &Scan<'_>, at: usize) -> Vec<Named> {
    let mut out = Vec::new();
    let led = scan.skip(at, &["on", "for", "over", "by", "before"]);
    near(scan, led, &mut out);
    recurring(scan, led, &mut out);
    several(scan, led, &mut out);
    reckoned(scan, led, &mut out);
    for (end, date) in calendar::dates(scan, led) {
        with_part(scan, end, &Day::date(date), &mut out);
    }
    cycle::days(scan, led, &mut out);
    out.sort_by_key(|(end, ..)| std::cmp::Reverse(*end));
    out
}

/// Today and the like, one weekday, the weekend.
fn near(scan: &Scan<'_>, at: usize, out: &mut Vec<Named>) {
    if let Some(end) = scan.words(at, "tonight") {
        out.push((end, Day::new(Sort::Plain, "today"), Some(Part::Night)));
    }
    for (word, sort) in
        [("today", Sort::Plain), ("tomorrow", Sort::Plain), ("yesterday", Sort::Past)]
    {
        if let Some(end) = scan.words(at, word) {
            with_part(scan, end, &Day::new(sort, word), out);
        }
    }
    if scan.is(at, "this") || scan.is(at, "later") {
        let today = || Day::new(Sort::Plain, "today");
        let next = scan.skip(at, &["later this", "this"]);
        if let Some(part) = part_word(scan.text(next)) {
            out.push((next + 1, today(), Some(part)));
        }
        if let Some(end) = scan.words(at, "later today") {
            out.push((end, today(), None));
        }
        if let Some(end) = scan.words(at, "later tonight") {
            out.push((end, today(), Some(Part::Night)));
        }
    }
    let next = scan.skip(at, &["the next", "next"]);
    let named = scan.skip(at, &["this coming", "this", "the coming", "coming", "the next", "next"]);
    // "Sunday nights" recur.
    let plural = |at: usize| part_word(scan.text(at)).is_some() && scan.text(at).ends_with('s');
    if let Some((day, false)) = weekday(scan.text(named)).filter(|_| !plural(named + 1)) {
        let day = if next > at {
            Day::new(Sort::Reckoned, format!("next {}", WEEK[day]))
        } else {
            Day::new(Sort::Plain, WEEK[day])
        };
        with_part(scan, named + 1, &day, out);
    }
    let coming = scan.skip(at, &["this coming", "this", "the coming", "coming"]);
    let weekend = scan.skip(at, &["at the", "this coming", "this", "the coming", "the", "coming"]);
    if scan.is(weekend, "weekend") {
        let name = if coming > at { "this weekend" } else { "weekend" };
        out.push((weekend + 1, Day::new(Sort::Weekend, name), None));
    }
}

/// Every day, weekdays, weekends, one weekday of each week.
fn recurring(scan: &Scan<'_>, at: usize, out: &mut Vec<Named>) {
    let every = scan.skip(at, &["every single", "every", "each"]);
    if every > at {
        match scan.text(every) {
            "day" => {
                let end = scan.skip(every + 1, &["of the week", "in the week"]);
                with_part(scan, end, &daily(), out);
            }
            "weekend" => with_part(scan, every + 1, &set(WEEKEND), out),
            "weekday" | "workday" => with_part(scan, every + 1, &set(WORKDAYS), out),
            "work" | "working" | "week" if scan.is(every + 1, "day") => {
                with_part(scan, every + 2, &set(WORKDAYS), out);
            }
            "week" => {
                let on = scan.skip(every + 1, &["on", "every"]);
                if let Some((mask, end, _)) = list(scan, on) {
                    with_part(scan, end, &weekly(mask), out);
                }
            }
            other => {
                if let Some(part) = part_word(other) {
                    out.push((every + 1, daily(), Some(part)));
                }
            }
        }
    }
    match scan.text(at) {
        "daily" | "everyday" => with_part(scan, at + 1, &daily(), out),
        "weekdays" | "workdays" | "weekday" => with_part(scan, at + 1, &set(WORKDAYS), out),
        "weekends" => with_part(scan, at + 1, &set(WEEKEND), out),
        "weekly" => {
            if let Some((mask, end, _)) = list(scan, scan.skip(at + 1, &["on", "every"])) {
                with_part(scan, end, &weekly(mask), out);
            }
        }
        _ => {}
    }
    for words in ["all weekdays", "all week days", "week days", "work days", "working days"] {
        if let Some(end) = scan.words(at, words) {
            with_part(scan, end, &set(WORKDAYS), out);
        }
    }
    for words in ["all week", "all days", "the whole week"] {
        if let Some(end) = scan.words(at, words) {
            out.push((end, daily(), None));
        }
    }
    // "weekdays except friday", "every day but sunday".
    let whole: Vec<(usize, u8)> =
        out.iter().filter_map(|(end, day, _)| Some((*end, mask_of(day)?))).collect();
    for (end, mask) in whole {
        let except = scan.skip(
            end,
            &[
                "except for",
                "except on",
                "except",
                "but not on",
                "but not",
                "but",
                "other than",
                "apart from",
                "without",
                "excluding",
            ],
        );
        if except > end
            && let Some((without, end, _)) = list(scan, except)
            && mask & !without != 0
        {
            with_part(scan, end, &set(mask & !without), out);
        }
        // "weekdays and saturday".
        let and = scan.skip(end, &["and on", "and", "plus"]);
        if and > end
            && let Some((more, end, _)) = list(scan, and)
        {
            with_part(scan, end, &set(mask | more), out);
        }
    }
}

/// Several weekdays, or one that is said to recur.
fn several(scan: &Scan<'_>, at: usize, out: &mut Vec<Named>) {
    let from = scan.skip(at, &["from", "between"]);
    let Some((mask, end, again)) = list(scan, from) else { return };
    // "monday every week".
    let tail = scan.skip(end, &["every week", "each week", "weekly"]);
    // "Sunday nights at 9".
    let nights = matches!(scan.text(end), "mornings" | "afternoons" | "evenings" | "nights");
    if mask.count_ones() > 1 || again || nights || tail > end {
        with_part(scan, tail, &weekly(mask), out);
    }
    let except = scan.skip(end, &["except for", "except on", "except", "but not on", "but not"]);
    if mask.count_ones() > 2
        && except > end
        && let Some((without, end, _)) = list(scan, except)
        && mask & !without != 0
    {
        with_part(scan, end, &weekly(mask & !without), out);
    }
}

/// The longest list of weekdays at `at`: (days, end, whether a plural or "every" makes them recur).
/// "monday to thursday", "tuesdays and thursdays", "monday wednesday friday".
fn list(scan: &Scan<'_>, at: usize) -> Option<(u8, usize, bool)> {
    let (mut mask, mut at, mut again, mut last, mut any) = (0, at, false, 0, false);
    loop {
        let led = if any {
            scan.skip(at, &["and also on", "and on", "and", "or", "plus", "on", "also"])
        } else {
            at
        };
        let every = scan.skip(led, &["every single", "every", "each"]);
        let Some((day, plural)) = weekday(scan.text(every)) else { break };
        again |= plural || every > led;
        let to = scan.skip(
            every + 1,
            &["to", "through", "thru", "till", "until", "-", "up to", "and until"],
        );
        at = every + 1;
        mask |= 1 << day;
        if to > every + 1
            && let Some((until, plural)) = weekday(scan.text(to))
        {
            again |= plural;
            let mut day = day;
            while day != until {
                day = (day + 1) % 7;
                mask |= 1 << day;
            }
            at = to + 1;
        }
        last = at;
        any = true;
    }
    any.then_some((mask, last, again))
}

/// Days that need a calendar: a number of days ahead, a weekday of another week.
fn reckoned(scan: &Scan<'_>, at: usize, out: &mut Vec<Named>) {
    let mut push = |end: usize, sort: Sort, name: String| {
        with_part(scan, end, &Day::new(sort, name), out);
    };
    for (words, sort, name) in [
        ("the day after tomorrow", Sort::Reckoned, "in 2 days"),
        ("day after tomorrow", Sort::Reckoned, "in 2 days"),
        ("the day before yesterday", Sort::Past, "2 days ago"),
        ("day before yesterday", Sort::Past, "2 days ago"),
        ("this day next week", Sort::Reckoned, "in 7 days"),
        ("this time next week", Sort::Reckoned, "in 7 days"),
        ("today week", Sort::Reckoned, "in 7 days"),
        ("tomorrow week", Sort::Reckoned, "in 8 days"),
        ("a week today", Sort::Reckoned, "in 7 days"),
        ("a week tomorrow", Sort::Reckoned, "in 8 days"),
    ] {
        if let Some(end) = scan.words(at, words) {
            push(end, sort, name.to_owned());
        }
    }
    // "last friday".
    if let Some(next) = scan.words(at, "last")
        && let Some((day, false)) = weekday(scan.text(next))
    {
        push(next + 1, Sort::Past, format!("last {}", WEEK[day]));
    }
    // "next week monday", "next week on monday".
    for (words, weeks) in [("next week", 1), ("the week after next", 2), ("the following week", 1)]
    {
        if let Some(end) = scan.words(at, words)
            && let Some((day, false)) = weekday(scan.text(scan.skip(end, &["on"])))
        {
            push(scan.skip(end, &["on"]) + 1, Sort::Reckoned, of_week(day, weeks));
        }
    }
    let named = scan.skip(at, &["the", "this", "next"]);
    if let Some((day, false)) = weekday(scan.text(named)) {
        // "friday week", "monday next week", "monday after next", "friday in two weeks".
        for (words, name) in [
            ("next week", of_week(day, 1)),
            ("of next week", of_week(day, 1)),
            ("the week after next", of_week(day, 2)),
            ("of the week after next", of_week(day, 2)),
            ("week", format!("{} in 1 week", WEEK[day])),
            ("after next", format!("{} in 1 week", WEEK[day])),
            ("after this", format!("{} in 1 week", WEEK[day])),
        ] {
            if let Some(end) = scan.words(named + 1, words) {
                push(end, Sort::Reckoned, name);
            }
        }
        if let Some((end, weeks)) = weeks(scan, scan.skip(named + 1, &["in"])) {
            push(end, Sort::Reckoned, of_coming(day, weeks));
        }
    }
    // "a week from friday", "two weeks on monday", "a week after next monday".
    if let Some((end, weeks)) = weeks(scan, at) {
        let from = scan.skip(
            end,
            &["from this", "from next", "from", "after next", "after", "on", "from now on"],
        );
        if from > end {
            match scan.text(from) {
                "today" => push(from + 1, Sort::Reckoned, format!("in {} days", weeks * 7)),
                "tomorrow" => push(from + 1, Sort::Reckoned, format!("in {} days", weeks * 7 + 1)),
                word => {
                    if let Some((day, false)) = weekday(word) {
                        push(from + 1, Sort::Reckoned, of_coming(day, weeks));
                    }
                }
            }
        }
    }
    // "in three weeks", "three weeks from now", "three weeks ago".
    let inside = scan.skip(at, &["in", "after"]);
    for r in number::numbers(scan, scan.about(inside)) {
        count(scan, r.end, r.value, inside > at, &mut push);
    }
    if let Some(end) = scan.words(inside, "a").or_else(|| scan.words(inside, "an")) {
        count(scan, end, 1.0, inside > at, &mut push);
    }
}

/// "{n} weeks" and what must follow it.
fn count(
    scan: &Scan<'_>,
    at: usize,
    n: f64,
    led: bool,
    push: &mut impl FnMut(usize, Sort, String),
) {
    if n.fract() != 0.0 || !(1.0..=4000.0).contains(&n) {
        return;
    }
    let (n, unit) = match scan.text(at) {
        "day" | "days" => (n, "day"),
        "week" | "weeks" => (n * 7.0, "day"),
        "fortnight" | "fortnights" => (n * 14.0, "day"),
        "month" | "months" => (n, "month"),
        "year" | "years" => (n, "year"),
        _ => return,
    };
    let name = if n == 1.0 { format!("1 {unit}") } else { format!("{n} {unit}s") };
    let end = at + 1;
    let tail = scan.skip(
        end,
        &["from now", "from today", "on from now", "on from today", "hence", "'s time", "time"],
    );
    if led || tail > end {
        push(tail, Sort::Reckoned, format!("in {name}"));
    }
    if let Some(end) = scan.words(end, "ago") {
        push(end, Sort::Past, format!("{name} ago"));
    }
}

/// "a week", "two weeks": the end and the number.
fn weeks(scan: &Scan<'_>, at: usize) -> Option<(usize, u32)> {
    if let Some(end) = scan.words(at, "a fortnight") {
        return Some((end, 2));
    }
    if let Some(end) = scan.words(at, "a week").or_else(|| scan.words(at, "one week")) {
        return Some((end, 1));
    }
    let (end, n) = number::below_hundred(scan.tokens, at)?;
    (scan.is(end, "weeks") && (1..=52).contains(&n)).then_some((end + 1, n))
}

fn of_week(day: usize, weeks: u32) -> String {
    if weeks == 1 {
        format!("{} next week", WEEK[day])
    } else {
        format!("{} the week after next", WEEK[day])
    }
}

fn of_coming(day: usize, weeks: u32) -> String {
    let weeks = if weeks == 1 { "1 week".to_owned() } else { format!("{weeks} weeks") };
    format!("{} in {weeks}", WEEK[day])
}

fn daily() -> Day {
    Day::new(Sort::Recurring, "every day")
}

/// Recurring days, by the name that tools have for them.
fn set(mask: u8) -> Day {
    match mask {
        0b111_1111 => daily(),
        WORKDAYS => Day::new(Sort::Recurring, "weekdays"),
        WEEKEND => Day::new(Sort::Recurring, "weekends"),
        _ => weekly(mask),
    }
}

fn weekly(mask: u8) -> Day {
    if matches!(mask, 0b111_1111 | WORKDAYS | WEEKEND) {
        return set(mask);
    }
    let named = WEEK.iter().enumerate().filter(|(day, _)| mask & (1 << day) != 0);
    let names: Vec<&str> = named.map(|(_, name)| *name).collect();
    Day::new(Sort::Weekly, names.join(", "))
}

fn mask_of(day: &Day) -> Option<u8> {
    match day.name() {
        "every day" => Some(0b111_1111),
        "weekdays" => Some(WORKDAYS),
        "weekends" => Some(WEEKEND),
        _ => None,
    }
}
