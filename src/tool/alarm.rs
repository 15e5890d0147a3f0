use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::book::{Days, Entry, RingKind, Saved, What};
use super::timer::{Desk, LONGEST_LABEL, clean_label, full};
use super::{Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

#[derive(Deserialize)]
struct SetAlarm {
    time: String,
    day: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
struct CancelAlarm {
    time: Option<String>,
    #[serde(default)]
    all: bool,
}

pub(crate) fn tools(settings: &Settings) -> [Arc<dyn Tool>; 3] {
    let desk = Desk::new(settings);
    let time = |text: &str| {
        json!({
            "type": "string", "maxLength": 40, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
            "description": text,
        })
    };
    let set = {
        let desk = desk.clone();
        function(
            "set_alarm",
            "Sets an alarm that rings at a clock time, here and by the local clock.",
            Effect::Writes,
            arguments(
                &["time"],
                json!({
                    "time": time("HH:MM, 24 hours: \"07:00\". A bare hour stays as it is said: four is \"04:00\"."),
                    "day": {
                        "type": "string",
                        "enum": ["today", "tomorrow", "monday", "tuesday", "wednesday", "thursday",
                            "friday", "saturday", "sunday", "weekdays", "weekends", "every day"],
                        "description": "Only when said; without it the alarm rings at the next such time.",
                    },
                    "label": {
                        "type": "string", "maxLength": LONGEST_LABEL,
                        "description": "What it is for, only when said.",
                    },
                }),
            ),
            move |arguments: SetAlarm, _| {
                desk.clone().run(move |desk, now| set_alarm(desk, now, arguments))
            },
        )
    };
    let list = {
        let desk = desk.clone();
        function(
            "list_alarms",
            "Says which alarms are set.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, _| {
                desk.clone().run(|desk, now| Ok(list_alarms(desk, now)))
            },
        )
    };
    let cancel = function(
        "cancel_alarm",
        "Removes an alarm: the one at that time, all of them, or without an argument the one that \
         rings or is next.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "time": time("HH:MM, 24 hours, of the alarm; only when said."),
                "all": {"type": "boolean", "description": "true for all alarms."},
            }),
        ),
        move |arguments: CancelAlarm, _| {
            desk.clone().run(move |desk, now| cancel_alarm(desk, now, &arguments))
        },
    );
    [set, list, cancel]
}

fn set_alarm(desk: &Desk, now: Timestamp, arguments: SetAlarm) -> Result<ToolOutput, ToolError> {
    let time = clock_time(&arguments.time)?;
    let zone = desk.book.zone();
    let today = now.to_zoned(zone.clone()).date();
    let days = days(arguments.day.as_deref(), time, now, desk)?;
    let label = clean_label(arguments.label, "alarm");
    let same = desk.book.entries().into_iter().find(|entry| {
        matches!(entry.what, What::Alarm { time: t, days: d, .. } if t == time && d == days)
            && entry.label == label
    });
    if let Some(entry) = same {
        let say = format!("An alarm is already set for {}.", when(&entry, today));
        return Ok(ToolOutput::new(alarm_data(desk, &entry), say));
    }
    let what = What::Alarm { time, days, since: now };
    let (entry, saved) = desk.book.add(label, now, what).map_err(|_| full())?;
    let noun = match &entry.label {
        Some(label) => say::sentence(&format!("{label} alarm")),
        None => "Alarm".into(),
    };
    let mut done = format!("{noun} set for {}.", when(&entry, today));
    // Where the clock skips the time, it rings at another one; that must not be a surprise.
    if let Some(due) = entry.due(zone).map(|due| due.to_zoned(zone.clone()))
        && due.time() != time
    {
        done +=
            &format!(" The clock skips that time then, so it rings at {}.", say::clock(due.time()));
    }
    let say = desk.set(&saved, "alarm", done)?;
    let mut data = alarm_data(desk, &entry);
    data["saved"] = json!(saved == Saved::Yes);
    data["will_ring"] = json!(desk.ringer != Ringer::Nobody);
    Ok(ToolOutput::new(data, say))
}

/// The days that `day` means; see the tool's documentation.
fn days(day: Option<&str>, time: Time, now: Timestamp, desk: &Desk) -> Result<Days, ToolError> {
    let zone = desk.book.zone();
    let here = now.to_zoned(zone.clone());
    let today = here.date();
    let ahead = |days: i32| {
        today
            .checked_add(days.days())
            .map_err(|_| ToolError::Tell("That is further off than the calendar goes.".into()))
    };
    // Asked of the calendar and not of the clock's face, which may show the time twice or never.
    let comes = |date: Date| Days::On(date).next(time, now, zone).is_some();
    match day.map(str::to_lowercase).as_deref() {
        None => Ok(Days::On(if comes(today) { today } else { ahead(1)? })),
        Some("today") if comes(today) => Ok(Days::On(today)),
        Some("today") => Err(ToolError::Tell(format!(
            "{} today is already over. Say another time, or tomorrow.",
            say::sentence(&say::clock(time))
        ))),
        Some("tomorrow") => Ok(Days::On(ahead(1)?)),
        Some("weekdays") => Ok(Days::Weekdays),
        Some("weekends") => Ok(Days::Weekends),
        Some("every day") => Ok(Days::Every),
        Some(name) => {
            let Some(weekday) = say::weekday_named(name) else {
                return Err(ToolError::Tell(format!("I do not know the day {name}.")));
            };
            let until = i32::from(today.weekday().until(weekday));
            let date = ahead(until)?;
            Ok(Days::On(if comes(date) { date } else { ahead(until + 7)? }))
        }
    }
}

fn list_alarms(desk: &Desk, now: Timestamp) -> ToolOutput {
    let today = now.to_zoned(desk.book.zone().clone()).date();
    let alarms: Vec<Entry> = desk.book.entries().into_iter().filter(|e| !e.is_timer()).collect();
    let data: Vec<Value> = alarms.iter().map(|alarm| alarm_data(desk, alarm)).collect();
    let words = |alarm: &Entry| match &alarm.label {
        Some(label) => format!("{}, {label}", when(alarm, today)),
        None => when(alarm, today),
    };
    let say = match alarms.as_slice() {
        [] => "No alarm is set.".into(),
        [only] => format!("One alarm is set, for {}.", words(only)),
        several => {
            let all: Vec<String> = several.iter().map(words).collect();
            format!("{} are set: {}.", say::count(several.len(), "alarm"), all.join("; "))
        }
    };
    ToolOutput::new(json!({"alarms": data}), say)
}

fn cancel_alarm(desk: &Desk, now: Timestamp, wish: &CancelAlarm) -> Result<ToolOutput, ToolError> {
    let zone = desk.book.zone();
    let today = now.to_zoned(zone.clone()).date();
    let wanted = wish.time.as_deref().map(clock_time).transpose()?;
    let rang = desk.book.ringing(now).into_iter().find_map(|rang| match rang.what {
        RingKind::Alarm { time } if !wish.all && wanted.is_none_or(|wanted| wanted == time) => {
            Some((time, rang.label))
        }
        RingKind::Alarm { .. } | RingKind::Timer { .. } => None,
    });
    if let Some((time, label)) = rang {
        desk.book.hush();
        let name = RingKind::Alarm { time }.name(label.as_deref());
        // "Turn off the alarm" in the morning is not the end of all mornings.
        let again = desk.book.entries().into_iter().find(|entry| {
            matches!(entry.what, What::Alarm { time: t, days, .. } if t == time && days.recurs())
        });
        let say = match again {
            Some(entry) => format!("Okay. It stays set for {}.", when(&entry, today)),
            None => format!("Okay, your {name} is over."),
        };
        return Ok(ToolOutput::new(json!({"ended": [name]}), say));
    }
    let (gone, saved) = desk.book.remove(|entries| {
        let mut alarms: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_timer()).collect();
        if wish.all {
            return alarms.iter().map(|alarm| alarm.id).collect();
        }
        alarms.sort_by_key(|alarm| (alarm.due(zone), alarm.id));
        let at = |time: Time| alarms.iter().find(|alarm| alarm_time(alarm) == Some(time));
        let chosen = match wanted {
            // A bare "seven" is written 07:00, also where the alarm is at seven in the evening.
            Some(time) => at(time).or_else(|| at(time.wrapping_add(12.hours()))),
            None => alarms.first(),
        };
        chosen.map(|alarm| alarm.id).into_iter().collect()
    });
    let rest = desk.book.entries().into_iter().filter(|entry| !entry.is_timer()).count();
    let done = match gone.as_slice() {
        [] => {
            let say = match wanted {
                Some(time) if rest > 0 => format!(
                    "There is no alarm at {}. {}",
                    say::clock(time),
                    list_alarms(desk, now).say
                ),
                Some(_) | None => "No alarm is set.".into(),
            };
            return Err(ToolError::Tell(say));
        }
        [only] if rest == 0 || wanted.is_some() => {
            format!("The alarm for {} is cancelled.", when(only, today))
        }
        [only] => format!(
            "The next alarm, for {}, is cancelled. {} still set.",
            when(only, today),
            if rest == 1 { "1 alarm is".into() } else { format!("{rest} alarms are") }
        ),
        [_, _] => "Both alarms are cancelled.".into(),
        several => format!("All {} are cancelled.", say::count(several.len(), "alarm")),
    };
    let say = desk.cancelled(&saved, done)?;
    let ended: Vec<Value> = gone.iter().map(|alarm| alarm_data(desk, alarm)).collect();
    Ok(ToolOutput::new(json!({"ended": ended}), say))
}

/// "7 AM tomorrow", "7 AM on weekdays".
fn when(alarm: &Entry, today: Date) -> String {
    let What::Alarm { time, days, .. } = alarm.what else { return String::new() };
    let days = match days {
        Days::On(date) => say::day_from(date, today),
        Days::Weekdays => "on weekdays".into(),
        Days::Weekends => "on weekends".into(),
        Days::Every => "every day".into(),
    };
    format!("{} {days}", say::clock(time))
}

fn alarm_time(alarm: &Entry) -> Option<Time> {
    match alarm.what {
        What::Alarm { time, .. } => Some(time),
        What::Timer { .. } => None,
    }
}

fn alarm_data(desk: &Desk, alarm: &Entry) -> Value {
    let zone = desk.book.zone();
    let days = match alarm.what {
        What::Alarm { days: Days::On(date), .. } => date.to_string(),
        What::Alarm { days: Days::Weekdays, .. } => "weekdays".into(),
        What::Alarm { days: Days::Weekends, .. } => "weekends".into(),
        What::Alarm { days: Days::Every, .. } => "every day".into(),
        What::Timer { .. } => String::new(),
    };
    json!({
        "time": alarm_time(alarm).map(|time| format!("{:02}:{:02}", time.hour(), time.minute())),
        "day": days,
        "label": alarm.label,
        "rings_at": alarm.due(zone).map(|due| due.to_zoned(zone.clone()).to_string()),
    })
}

/// A clock time as the documentation wants it, "07:00", or as models write it: "7:00", "07:00:00".
fn clock_time(text: &str) -> Result<Time, ToolError> {
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
