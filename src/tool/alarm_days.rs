//! The times and days of alarms as passed to tools.

use jiff::civil::{Date, Time, Weekday};

use super::book::{Diary, Entry, Now, Week};
use super::{ToolError, say};

/// One day in a list of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Today,
    Tomorrow,
    Weekday(Weekday),
    Week(Week),
}

/// "monday, wednesday and friday", "weekends".
pub(super) fn named_days(text: &str) -> Result<Vec<Named>, ToolError> {
    let text = text.to_lowercase();
    let named = |name: &str| match name {
        "today" => Ok(Named::Today),
        "tomorrow" => Ok(Named::Tomorrow),
        "weekdays" => Ok(Named::Week(Week::WEEKDAYS)),
        "weekends" | "weekend" => Ok(Named::Week(Week::WEEKENDS)),
        "every day" | "daily" => Ok(Named::Week(Week::ALL)),
        name => say::weekday_named(name)
            .map(Named::Weekday)
            .ok_or_else(|| ToolError::Tell(format!("I don't know the day {name}."))),
    };
    let names = text.split(',').flat_map(|part| part.split(" and ")).map(str::trim);
    names.filter(|name| !name.is_empty()).map(named).collect()
}

/// The day as it follows "no alarm": " on Monday", " weekdays".
pub(super) fn spoken_day(day: &str) -> String {
    match named_days(day).as_deref() {
        Ok([Named::Today | Named::Tomorrow]) => format!(" {day}"),
        Ok([Named::Weekday(day)]) => format!(" on {}", say::weekday(*day)),
        Ok([Named::Week(week)]) => format!(" {week}"),
        Ok(_) | Err(_) => format!(" on {day}"),
    }
}

/// "2026-12-03".
pub(super) fn calendar_date(text: &str) -> Result<Date, ToolError> {
    text.trim().parse().map_err(|_| {
        ToolError::Tell(format!(
            "{text} is not a date. Write it as year, month and day, like 2026-12-03."
        ))
    })
}

/// All alarms, next to ring first.
pub(super) fn alarms(diary: &Diary, now: &Now) -> Vec<Entry> {
    diary.entries(now).into_iter().filter(Entry::is_alarm).collect()
}

/// A clock time as documented, "07:00", or as models write it: "7:00", "07:00:00".
pub(super) fn clock_time(text: &str) -> Result<Time, ToolError> {
    let numbers: Option<Vec<i8>> = text
        .trim()
        .split(':')
        .map(|part| part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())))
        .collect();
    let time = match numbers.as_deref() {
        // 24:00 is the midnight that ends a day.
        Some([24, 0]) => Time::new(0, 0, 0, 0).ok(),
        Some([hour, minute] | [hour, minute, _]) => Time::new(*hour, *minute, 0, 0).ok(),
        Some(_) | None => None,
    };
    time.ok_or_else(|| {
        ToolError::Tell(format!(
            "{text} is no clock time. Write it as hours and minutes, like 07:00."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_times_are_read_as_models_write_them() {
        for (text, hour, minute) in [
            ("07:00", 7, 0),
            ("7:05", 7, 5),
            ("23:59:00", 23, 59),
            ("00:00", 0, 0),
            ("24:00", 0, 0),
        ] {
            assert_eq!(clock_time(text).unwrap(), Time::constant(hour, minute, 0, 0), "{text}");
        }
        for text in ["", "7", "25:00", "07:60", "seven", "-1:00", "07:00 am", "+7:00"] {
            assert!(clock_time(text).is_err(), "{text}");
        }
    }
}
