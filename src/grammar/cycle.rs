//! What comes again otherwise than each week: "every 20 minutes", "every other day", "every two weeks
//! on friday", "the first of every month", "the last friday of each month", "every christmas".

use super::calendar;
use super::named::{Day, Named, with_part};
use super::number::{below_hundred, ordinal};
use super::scan::Scan;
use super::week::{WEEK, weekday};

/// All such days at `at`.
pub(super) fn days(scan: &Scan<'_>, at: usize, out: &mut Vec<Named>) {
    let mut push = |end: usize, day: Day| with_part(scan, end, &day, out);
    if let Some((end, every)) = interval(scan, at) {
        let end_of_interval = end;
        // "Every two weeks on friday", "every month on the 1st", "every year on march 3rd".
        let on = scan.skip(end, &["on", "on every"]);
        match every.unit {
            Unit::Week => {
                if let Some((day, _)) = weekday(scan.text(on)) {
                    push(on + 1, Day::weekday(day).repeated(every.text()));
                }
            }
            Unit::Month | Unit::Year => {
                for (end, date) in calendar::dates(scan, on) {
                    push(end, Day::date(date).repeated(every.text()));
                }
                // "The first" may count something else, but not after "every month on".
                if let Some((end, day @ 1..=31)) = ordinal(scan.tokens, scan.skip(on, &["the"]))
                    && on > end_of_interval
                {
                    push(end, Day::date(format!("{day:02}")).repeated(every.text()));
                }
            }
            Unit::Minute | Unit::Hour | Unit::Day => {}
        }
        push(end, Day::any().repeated(every.text()));
    }
    // "Every other friday", "every second friday".
    if let Some(next) = other(scan, at)
        && let Some((day, _)) = weekday(scan.text(next))
    {
        push(next + 1, Day::weekday(day).repeated("every 2 weeks"));
    }
    // "Friday every two weeks", "fridays every other week".
    if let Some((day, _)) = weekday(scan.text(at))
        && let Some((end, every)) = interval(scan, at + 1)
        && every.unit == Unit::Week
    {
        push(end, Day::weekday(day).repeated(every.text()));
    }
    // "The last day of every month".
    if let Some(end) = scan.skip_any(at, &["the last day", "last day"])
        && let Some(end) = each_month(scan, end)
    {
        push(end, Day::date("31").repeated("monthly"));
    }
    // "The 1st of every month", "every first monday of the month", "every 15th of the month".
    let every = scan.skip(at, &["every", "each"]);
    let the = scan.skip(every, &["the"]);
    let month = |end: usize| {
        let of_the = || (every > at).then(|| scan.skip_any(end, &["of the month", "in the month"]));
        each_month(scan, end).or_else(|| of_the().flatten())
    };
    if let Some((end, place)) = calendar::place(scan, the)
        && let Some((day, false)) = weekday(scan.text(end))
        && let Some(end) = month(end + 1)
    {
        push(end, Day::date(format!("{place} {} of month", WEEK[day])).repeated("monthly"));
    }
    if let Some((end, day @ 1..=31)) = ordinal(scan.tokens, the)
        && let Some(end) = month(end)
    {
        push(end, Day::date(format!("{day:02}")).repeated("monthly"));
    }
    // "Every christmas", "march 3rd every year".
    for (end, date) in calendar::dates(scan, every) {
        let day = Day::date(date);
        if day.recurs_yearly() {
            let tail = scan.skip(end, &["every year", "each year", "yearly", "annually"]);
            if every > at || tail > end {
                push(tail, day.repeated("yearly"));
            }
        }
    }
}

/// "of every month", "each month".
fn each_month(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let of = scan.skip(at, &["of", "in"]);
    scan.skip_any(of, &["every month", "each month", "every single month", "all months"])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

#[derive(Clone, Copy)]
struct Every {
    count: u32,
    unit: Unit,
}

impl Every {
    /// As tools take it: "monthly", "every 2 weeks".
    fn text(self) -> String {
        let (once, units) = match self.unit {
            Unit::Minute => ("every 1 minutes", "minutes"),
            Unit::Hour => ("every 1 hours", "hours"),
            Unit::Day => ("daily", "days"),
            Unit::Week => ("weekly", "weeks"),
            Unit::Month => ("monthly", "months"),
            Unit::Year => ("yearly", "years"),
        };
        if self.count == 1 { once.to_owned() } else { format!("every {} {units}", self.count) }
    }
}

/// "every other week", "every third day", "every 3 months", "fortnightly", "once a month".
fn interval(scan: &Scan<'_>, at: usize) -> Option<(usize, Every)> {
    let of = |count, unit, end| Some((end, Every { count, unit }));
    for (words, count, unit) in [
        ("on alternate days", 2, Unit::Day),
        ("alternate days", 2, Unit::Day),
        ("every fortnight", 2, Unit::Week),
        ("each fortnight", 2, Unit::Week),
        ("fortnightly", 2, Unit::Week),
        ("biweekly", 2, Unit::Week),
        ("every half hour", 30, Unit::Minute),
        ("every half an hour", 30, Unit::Minute),
        ("every quarter of an hour", 15, Unit::Minute),
        ("every hour and a half", 90, Unit::Minute),
        ("every couple of hours", 2, Unit::Hour),
        ("once an hour", 1, Unit::Hour),
        ("hourly", 1, Unit::Hour),
        ("once a week", 1, Unit::Week),
        ("weekly", 1, Unit::Week),
        ("once a month", 1, Unit::Month),
        ("monthly", 1, Unit::Month),
        ("every quarter", 3, Unit::Month),
        ("quarterly", 3, Unit::Month),
        ("once a year", 1, Unit::Year),
        ("yearly", 1, Unit::Year),
        ("annually", 1, Unit::Year),
    ] {
        if let Some(end) = scan.words(at, words) {
            return of(count, unit, end);
        }
    }
    let every = scan.skip(at, &["every single", "every", "each", "once every"]);
    if every == at {
        return None;
    }
    let (next, count) = match other(scan, at) {
        Some(next) => (next, 2),
        None => match ordinal(scan.tokens, every).or_else(|| below_hundred(scan.tokens, every)) {
            Some((next, count)) => (next, count),
            None => (every, 1),
        },
    };
    let unit = match scan.text(next) {
        "minute" | "minutes" | "mins" | "min" => Unit::Minute,
        "hour" | "hours" => Unit::Hour,
        // "Every day" is a list of weekdays, as "weekdays" is.
        "day" | "days" if count > 1 => Unit::Day,
        "week" | "weeks" => Unit::Week,
        "month" | "months" => Unit::Month,
        "year" | "years" => Unit::Year,
        _ => return None,
    };
    (count > 0).then_some(())?;
    of(count, unit, next + 1)
}

/// "every other", "every second".
fn other(scan: &Scan<'_>, at: usize) -> Option<usize> {
    scan.skip_any(at, &["every other", "each other", "every second", "every 2nd"])
}
