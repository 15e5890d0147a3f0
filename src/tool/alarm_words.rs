//! Alarms in words, for an answer, and as data, for a model.

use jiff::civil::{Date, Time};
use serde_json::{Value, json};

use super::book::{Days, Entry, Now, RingKind, Week, What};
use super::say;

/// "2 alarms are set: 7 AM tomorrow; 9 AM on Saturday, gym."
pub(super) fn listed(alarms: &[Entry], now: &Now) -> String {
    let all: Vec<String> = alarms.iter().map(|alarm| words(alarm, now)).collect();
    let verb = if alarms.len() == 1 { "is" } else { "are" };
    format!("{} {verb} set: {}.", say::count(alarms.len(), "alarm"), all.join("; "))
}

/// "7 AM tomorrow, gym".
pub(super) fn words(alarm: &Entry, now: &Now) -> String {
    let mut words = when(alarm, now.today());
    if alarm.is_snoozed()
        && let Some(due) = alarm.due(now)
    {
        let at = due.to_zoned(now.zone.clone()).time();
        words = format!("{words}, snoozed until {}", say::clock(at));
    }
    if let What::Alarm { skip: Some(skip), .. } = alarm.what
        && skip >= now.today()
    {
        words = format!("{words}, but not {}", say::day_from(skip, now.today()));
    }
    match &alarm.label {
        Some(label) => format!("{words}, {label}"),
        None => words,
    }
}

/// "7 AM tomorrow", "7 AM on weekdays".
pub(super) fn when(alarm: &Entry, today: Date) -> String {
    match alarm.what {
        What::Alarm { time, days: Days::On(date), .. } => {
            format!("{} {}", say::clock(time), say::day_from(date, today))
        }
        What::Alarm { time, days: Days::Weekly(week), .. } => {
            format!("{} {week}", say::clock(time))
        }
        What::Alarm { days: Days::Cycle(cycle), .. } if cycle.interval().is_some() => {
            cycle.to_string()
        }
        What::Alarm { time, days: Days::Cycle(cycle), .. } => {
            format!("{} {cycle}", say::clock(time))
        }
        What::Snoozed { .. } | What::Timer { .. } => {
            alarm_time(alarm).map(say::clock).unwrap_or_default()
        }
    }
}

/// "7 AM tomorrow", "7 AM on Monday and on Wednesday".
pub(super) fn whens(alarms: &[Entry], time: Time, today: Date) -> String {
    let day = |alarm: &Entry| match alarm.what {
        What::Alarm { days: Days::On(date), .. } => Some(say::day_from(date, today)),
        What::Alarm { days: Days::Weekly(week), .. } => Some(week.to_string()),
        What::Alarm { days: Days::Cycle(cycle), .. } => Some(cycle.to_string()),
        What::Snoozed { .. } | What::Timer { .. } => None,
    };
    let days: Vec<String> = alarms.iter().filter_map(day).collect();
    format!("{} {}", say::clock(time), say::list(&days))
}

pub(super) fn alarm_time(alarm: &Entry) -> Option<Time> {
    match alarm.kind() {
        RingKind::Alarm { time } => Some(time),
        RingKind::Timer { .. } | RingKind::Reminder => None,
    }
}

pub(super) fn alarm_data(now: &Now, alarm: &Entry) -> Value {
    let days = match alarm.what {
        What::Alarm { days: Days::On(date), .. } => date.to_string(),
        What::Alarm { days: Days::Weekly(Week::WEEKDAYS), .. } => "weekdays".into(),
        What::Alarm { days: Days::Weekly(Week::WEEKENDS), .. } => "weekends".into(),
        What::Alarm { days: Days::Weekly(week), .. } => week.to_string(),
        What::Alarm { days: Days::Cycle(cycle), .. } => cycle.to_string(),
        What::Snoozed { .. } => "snoozed".into(),
        What::Timer { .. } => String::new(),
    };
    json!({
        "time": alarm_time(alarm).map(|time| format!("{:02}:{:02}", time.hour(), time.minute())),
        "day": days,
        "label": alarm.label,
        "rings_at": alarm.due(now).map(|due| due.to_zoned(now.zone.clone()).to_string()),
    })
}
