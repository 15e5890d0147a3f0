//! Which of the alarms was meant.

use jiff::ToSpan;
use jiff::civil::{Date, Time};

use super::alarm_days::Named;
use super::alarm_words::alarm_time;
use super::book::{Days, Entry, Now, Week, What};
use super::book_access::labelled;

/// The alarms called `label`. "The morning alarm" is one that rings in the morning, unless one has
/// that name.
pub(super) fn called(alarms: Vec<Entry>, label: Option<&str>) -> Vec<Entry> {
    let named = labelled(alarms.clone(), label);
    let hours = match label {
        Some("morning") => 4..12,
        Some("afternoon") => 12..18,
        Some("evening") => 17..24,
        Some("night") => 20..24,
        Some(_) | None => return named,
    };
    if !named.is_empty() {
        return named;
    }
    let within = |alarm: &Entry| alarm_time(alarm).is_some_and(|time| hours.contains(&time.hour()));
    alarms.into_iter().filter(within).collect()
}

/// The alarms at `time`. A bare "seven" is written 07:00, even if the alarm is at seven in the
/// evening.
pub(super) fn at_time(alarms: Vec<Entry>, time: Time) -> Vec<Entry> {
    let at = |time: Time| {
        let fits = |alarm: &&Entry| alarm_time(alarm) == Some(time);
        alarms.iter().filter(fits).cloned().collect::<Vec<_>>()
    };
    let exact = at(time);
    if exact.is_empty() { at(time.wrapping_add(12.hours())) } else { exact }
}

/// Whether the alarm rings on `date`.
pub(super) fn rings_on(alarm: &Entry, date: Date, now: &Now) -> bool {
    match alarm.what {
        What::Alarm { time, days, skip, .. } if days.recurs() => {
            let ahead = || Days::On(date).next(time, now.wall, &now.zone).is_some();
            days.holds(date) && skip != Some(date) && ahead()
        }
        What::Alarm { .. } | What::Snoozed { .. } | What::Timer { .. } => {
            alarm.due(now).map(|due| due.to_zoned(now.zone.clone()).date()) == Some(date)
        }
    }
}

/// The single date in `named`, if it is one.
pub(super) fn single_date(named: &[Named], today: Date) -> Option<Date> {
    match named {
        [Named::Today] => Some(today),
        [Named::Tomorrow] => today.tomorrow().ok(),
        [Named::Weekday(day)] => {
            today.checked_add(i32::from(today.weekday().until(*day)).days()).ok()
        }
        _ => None,
    }
}

/// Whether the alarm is the one "for" that day: a single one that rings then, or a weekly one of
/// exactly those days. One for every weekday is not the one for Friday.
pub(super) fn on_day(alarm: &Entry, dated: Option<Date>, named: &[Named], now: &Now) -> bool {
    let today = now.today();
    let date = alarm.due(now).map(|due| due.to_zoned(now.zone.clone()).date());
    match alarm.what {
        What::Alarm { days: Days::Weekly(week), .. } => {
            let days = named.iter().filter_map(|named| match named {
                Named::Week(week) => Some(*week),
                Named::Weekday(day) => Week::of([*day]),
                Named::Today | Named::Tomorrow => None,
            });
            Week::of(days.flat_map(Week::days)) == Some(week)
        }
        What::Alarm { .. } | What::Snoozed { .. } | What::Timer { .. } => {
            let Some(date) = date else { return false };
            dated == Some(date)
                || named.iter().any(|named| match named {
                    Named::Today => date == today,
                    Named::Tomorrow => Some(date) == today.tomorrow().ok(),
                    Named::Weekday(day) => date.weekday() == *day && (date - today).get_days() <= 7,
                    Named::Week(_) => false,
                })
        }
    }
}
