//! Converts day names, as passed to tools, to dates.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::say;

/// The date of a day that was said on `today`: "tomorrow", "friday" (today included), "next friday"
/// (not today), "last friday", "in 3 days", "2 months ago", "monday next week", "friday in 2 weeks"
/// (weeks after the coming Friday). `None` if it is not a single day.
pub(super) fn day(name: &str, today: Date) -> Option<Date> {
    let name = name.trim().to_lowercase();
    let words: Vec<&str> = name.split_whitespace().collect();
    let coming = |day: Weekday| i64::from(today.weekday().until(day));
    let off = |days: i64| today.checked_add(days.days()).ok();
    match words.as_slice() {
        ["today"] => Some(today),
        ["tomorrow"] => off(1),
        ["yesterday"] => off(-1),
        [day] | ["this", day] => off(coming(say::weekday_named(day)?)),
        ["next", day] => off(match coming(say::weekday_named(day)?) {
            0 => 7,
            days => days,
        }),
        ["last", day] => off(match coming(say::weekday_named(day)?) {
            0 => -7,
            days => days - 7,
        }),
        ["in", count, unit] => today.checked_add(span(count, unit)?).ok(),
        [count, unit, "ago"] => today.checked_sub(span(count, unit)?).ok(),
        [day, "next", "week"] => in_week(today, say::weekday_named(day)?, 1),
        [day, "the", "week", "after", "next"] => in_week(today, say::weekday_named(day)?, 2),
        [day, "in", weeks, "week" | "weeks"] => {
            off(coming(say::weekday_named(day)?) + 7 * number(weeks)?)
        }
        _ => None,
    }
}

/// The date that `text` names on `today`: "2026-12-03", "12-03" and "24" (the next such day, today
/// included, or the last one with `past`), "thanksgiving", "easter", "good friday", "easter
/// monday", "first monday of 12", "last friday of month" (this one or the next; "of next month"),
/// "2 days before 12-25", "1 week after easter". A weekday before it must fit: "friday 13" is the
/// next such Friday. `None` if it is not a date.
pub(super) fn date(text: &str, today: Date, past: bool) -> Option<Date> {
    let text = text.trim().to_lowercase();
    if let Some((count, unit, rest)) = around(&text) {
        return beside(count, unit, rest, today, past);
    }
    if let Some((place, weekday, month)) = place(&text) {
        return nth_weekday(place, weekday, month, today, past);
    }
    if let Some((weekday, rest)) = weekday_before(&text) {
        if rest.contains('-') {
            return date(rest, today, past).filter(|date| date.weekday() == weekday);
        }
        let day = rest.parse().ok()?;
        let step = if past { -1 } else { 1 };
        // Each day of the month falls on each weekday within a few years.
        return (0..=MONTHS)
            .filter_map(|n| day_of_month(today, n * step, day))
            .filter(|date| if past { *date <= today } else { *date >= today })
            .find(|date| date.weekday() == weekday);
    }
    let fits = |date: &Date| if past { *date <= today } else { *date >= today };
    // Leap days are at most eight years apart.
    let years = |made: &dyn Fn(i16) -> Option<Date>| {
        let step = if past { -1 } else { 1 };
        (0..=8).filter_map(|n| made(today.year() + n * step)).find(|date| fits(date))
    };
    // "easter 2028", "easter next year".
    if let Some((feast, year)) = text.split_once(' ')
        && feast == "easter"
        && let Some(year) = match year {
            "next year" => today.year().checked_add(1),
            year => year.parse().ok().filter(|year| (1583..=9999).contains(year)),
        }
    {
        return easter(year);
    }
    match text.as_str() {
        "easter" | "easter sunday" => return years(&easter),
        "good friday" => return years(&|year| easter(year)?.checked_sub(2.days()).ok()),
        "easter monday" => return years(&|year| easter(year)?.checked_add(1.day()).ok()),
        "thanksgiving" => {
            return years(&|year| {
                Date::new(year, 11, 1).ok()?.nth_weekday_of_month(4, Weekday::Thursday).ok()
            });
        }
        _ => {}
    }
    let parts: Option<Vec<i16>> = text
        .split('-')
        .map(|part| part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())))
        .collect();
    match parts?.as_slice() {
        [year, month, day] => Date::new(*year, i8(*month)?, i8(*day)?).ok(),
        [month, day] => {
            let (month, day) = (i8(*month)?, i8(*day)?);
            years(&|year| Date::new(year, month, day).ok())
        }
        [day] => {
            let day = i8(*day)?;
            let step = if past { -1 } else { 1 };
            // One of two consecutive months has 31 days.
            (0..=2).filter_map(|n| day_of_month(today, n * step, day)).find(|date| fits(date))
        }
        _ => None,
    }
}

/// "2 days before 12-25": the signed number, the unit, and the date.
fn around(text: &str) -> Option<(i64, &str, &str)> {
    let mut words = text.splitn(4, ' ');
    let (count, unit, order, rest) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let count = number(count)?;
    match order {
        "before" => Some((-count, unit, rest)),
        "after" => Some((count, unit, rest)),
        _ => None,
    }
}

/// The date `count` units from the next `rest` (the last one with `past`) that is not over itself.
fn beside(count: i64, unit: &str, rest: &str, today: Date, past: bool) -> Option<Date> {
    let by = span(&count.abs().to_string(), unit)?;
    let off = |date: Date| if count < 0 { date.checked_sub(by) } else { date.checked_add(by) };
    let near = off(date(rest, today, past)?).ok()?;
    if past || near >= today {
        return Some(near);
    }
    // On the 24th, "two days before christmas" is next year's.
    let later = date(rest, today.checked_add(by).ok()?.tomorrow().ok()?, false)?;
    off(later).ok()
}

/// "first monday of 12": which one, -1 for the last; the weekday; and the month.
pub(super) fn place(text: &str) -> Option<(i8, Weekday, &str)> {
    let mut words = text.splitn(4, ' ');
    let place = match words.next()? {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "last" => -1,
        _ => return None,
    };
    let weekday = say::weekday_named(words.next()?)?;
    (words.next()? == "of").then_some(())?;
    Some((place, weekday, words.next()?))
}

fn nth_weekday(place: i8, weekday: Weekday, month: &str, today: Date, past: bool) -> Option<Date> {
    let fits = |date: &Date| if past { *date <= today } else { *date >= today };
    let of = |first: Date| first.nth_weekday_of_month(place, weekday).ok();
    let months = |n: i32| today.first_of_month().checked_add(n.months()).ok();
    let step = if past { -1 } else { 1 };
    match month {
        "next month" => of(months(1)?),
        "month" => (0..=1).filter_map(|n| of(months(n * step)?)).find(fits),
        number => {
            let number: i8 = number.parse().ok()?;
            (0..=12)
                .filter_map(|n| months(n * step).filter(|first| first.month() == number))
                .filter_map(of)
                .find(fits)
        }
    }
}

/// How many months are searched for "friday the 13th": there are at most fourteen months between
/// two of them, and eight years for the 31st or a leap day.
const MONTHS: i32 = 100;

/// What to say if the date in `text` falls on another weekday than `text` says; `None` if it does
/// not.
pub(super) fn misfit(text: &str, today: Date) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (weekday, rest) = weekday_before(&text)?;
    let date = date(rest, today, false).filter(|date| date.weekday() != weekday)?;
    Some(format!(
        "{} is a {}, not a {}. Which day do you mean?",
        say::month_day(date),
        say::weekday(date.weekday()),
        say::weekday(weekday)
    ))
}

/// "friday 12-03", split.
fn weekday_before(text: &str) -> Option<(Weekday, &str)> {
    let (weekday, rest) = text.split_once(' ')?;
    let digits = rest.starts_with(|c: char| c.is_ascii_digit());
    Some((say::weekday_named(weekday).filter(|_| digits)?, rest))
}

/// That day of the month, `months` from the month of `today`.
fn day_of_month(today: Date, months: i32, day: i8) -> Option<Date> {
    let month = today.first_of_month().checked_add(months.months()).ok()?;
    Date::new(month.year(), month.month(), day).ok()
}

/// That weekday in the week that begins `weeks` Mondays from now.
fn in_week(today: Date, day: Weekday, weeks: i64) -> Option<Date> {
    let monday = -i64::from(today.weekday().to_monday_zero_offset());
    let days = monday + 7 * weeks + i64::from(day.to_monday_zero_offset());
    today.checked_add(days.days()).ok()
}

fn span(count: &str, unit: &str) -> Option<Span> {
    let count = number(count)?;
    Some(match unit.trim_end_matches('s') {
        "day" => count.days(),
        "week" => count.weeks(),
        "month" => count.months(),
        "year" => count.years(),
        _ => return None,
    })
}

/// A number of days that stays within the calendar.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|n| (0..=100_000).contains(n))
}

fn i8(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil;

    #[test]
    fn days_are_counted_from_today() {
        // A Monday.
        let today = civil::date(2026, 11, 30);
        for (name, want) in [
            ("today", "2026-11-30"),
            ("Tomorrow", "2026-12-01"),
            ("yesterday", "2026-11-29"),
            ("monday", "2026-11-30"),
            ("next monday", "2026-12-07"),
            ("last monday", "2026-11-23"),
            ("friday", "2026-12-04"),
            ("next friday", "2026-12-04"),
            ("last friday", "2026-11-27"),
            ("in 3 weeks", "2026-12-21"),
            ("in 1 day", "2026-12-01"),
            ("in 3 months", "2027-02-28"),
            ("2 days ago", "2026-11-28"),
            ("monday next week", "2026-12-07"),
            ("sunday next week", "2026-12-13"),
            ("monday the week after next", "2026-12-14"),
            ("friday in 1 week", "2026-12-11"),
        ] {
            assert_eq!(
                day(name, today).map(|date| date.to_string()).as_deref(),
                Some(want),
                "{name}"
            );
        }
        for name in ["", "someday", "in x days", "in 3 moons", "weekdays", "monday, friday"] {
            assert_eq!(day(name, today), None, "{name}");
        }
        let sunday = civil::date(2026, 12, 6);
        assert_eq!(day("monday next week", sunday), Some(civil::date(2026, 12, 7)));
    }

    #[test]
    fn dates_are_the_next_or_the_last_ones() {
        let today = civil::date(2026, 11, 30);
        for (text, next, last) in [
            ("2026-12-03", "2026-12-03", "2026-12-03"),
            ("12-03", "2026-12-03", "2025-12-03"),
            ("11-30", "2026-11-30", "2026-11-30"),
            ("01-01", "2027-01-01", "2026-01-01"),
            ("02-29", "2028-02-29", "2024-02-29"),
            ("24", "2026-12-24", "2026-11-24"),
            ("31", "2026-12-31", "2026-10-31"),
            ("easter", "2027-03-28", "2026-04-05"),
            ("good friday", "2027-03-26", "2026-04-03"),
            ("thanksgiving", "2027-11-25", "2026-11-26"),
            ("easter 2028", "2028-04-16", "2028-04-16"),
            ("easter next year", "2027-03-28", "2027-03-28"),
        ] {
            let found = |past| date(text, today, past).map(|date| date.to_string());
            assert_eq!(found(false).as_deref(), Some(next), "{text}");
            assert_eq!(found(true).as_deref(), Some(last), "{text}");
        }
        for text in ["", "12-32", "2026-02-30", "-1", "christmas", "1-2-3-4", "friday 12-03"] {
            assert_eq!(date(text, today, false), None, "{text}");
        }
        let found = |text: &str| date(text, today, false).map(|date| date.to_string());
        assert_eq!(found("thursday 12-03").as_deref(), Some("2026-12-03"));
        assert_eq!(found("friday 13").as_deref(), Some("2027-08-13"));
        assert_eq!(
            misfit("friday 12-03", today).as_deref(),
            Some("December 3rd is a Thursday, not a Friday. Which day do you mean?")
        );
        assert_eq!(misfit("thursday 12-03", today), None);
    }
}
