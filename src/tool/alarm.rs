use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::alarm_words::{alarm_data, alarm_time, listed, when, whens, words};
use super::book::{Days, Diary, Entry, Now, RingKind, Saved, Week, What};
use super::desk::{
    Desk, LONGEST_LABEL, Picked, Which, clean_label, full, labelled, pick, readable, same_label,
};
use super::timer_words::over;
use super::{Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, say, wish};
use crate::dialog::Effect;

/// The longest list of days, in characters.
const LONGEST_DAYS: u32 = 120;

#[derive(Deserialize)]
struct SetAlarm {
    time: String,
    day: Option<String>,
    date: Option<String>,
    repeat: Option<Repeat>,
    label: Option<String>,
    #[serde(default)]
    instead: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Repeat {
    Weekly,
    Daily,
}

#[derive(Deserialize)]
struct CancelAlarm {
    time: Option<String>,
    day: Option<String>,
    date: Option<String>,
    label: Option<String>,
    which: Option<Which>,
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
    let day =
        |text: &str| json!({"type": "string", "maxLength": LONGEST_DAYS, "description": text});
    let date = |text: &str| json!({"type": "string", "maxLength": 40, "description": text});
    let label =
        |text: &str| json!({"type": "string", "maxLength": LONGEST_LABEL, "description": text});
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
                    "day": day("today, tomorrow, a weekday, several of them (\"monday, wednesday\"), \
                        weekdays, weekends, every day, \"next monday\", \"in 2 days\", \"monday next week\". \
                        Only when said; without it the alarm rings at the next such time."),
                    "date": date("YYYY-MM-DD, MM-DD or DD, for a day that is said as a date."),
                    "repeat": {
                        "type": "string", "enum": ["weekly", "daily"],
                        "description": "Only when said: weekly on the weekdays of day, or daily.",
                    },
                    "label": label("What it is for, only when said."),
                    "instead": {"type": "boolean", "description": "true where it takes the place of the alarm set last."},
                }),
            ),
            move |arguments: SetAlarm, cx| {
                desk.clone().run(move |desk, diary, now| {
                    set_alarm(desk, diary, now, arguments, cx.said.as_deref())
                })
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
                desk.clone().run(|_, diary, now| {
                    readable(diary)?;
                    Ok(list_alarms(diary, now))
                })
            },
        )
    };
    let cancel = function(
        "cancel_alarm",
        "Removes an alarm: the one at that time, on that day, with that label or at that place, all \
         of them, or without an argument the one that rings or the only one.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "time": time("HH:MM, 24 hours, of the alarm; only when said."),
                "day": day("today, tomorrow, a weekday, weekdays, weekends or every day; only when said."),
                "date": date("YYYY-MM-DD, of the alarm; only when said as a date."),
                "label": label("The label of the alarm, only when said."),
                "which": {
                    "type": "string", "enum": Which::NAMES,
                    "description": "One of several, only when said: by the order in which they were set, or the next to ring.",
                },
                "all": {"type": "boolean", "description": "true for all alarms that fit."},
            }),
        ),
        move |arguments: CancelAlarm, _| {
            desk.clone().run(move |desk, diary, now| cancel_alarm(desk, diary, now, arguments))
        },
    );
    [set, list, cancel]
}

fn set_alarm(
    desk: &Desk,
    diary: &mut Diary,
    now: &Now,
    mut arguments: SetAlarm,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    let time = clock_time(&arguments.time)?;
    let here = now.wall.to_zoned(now.zone.clone());
    wish::settle_day(&mut arguments.day, &mut arguments.date, here.date())?;
    let dated = arguments.date.is_some() || arguments.repeat.is_some();
    let (time, date) = wish::settle_time(time, arguments.day.as_deref(), dated, said, &here);
    if let Some(date) = date {
        arguments.day = None;
        arguments.date = Some(date.to_string());
    }
    let wanted = days(&arguments, time, now)?;
    if arguments.instead
        && let Some(last) = alarms(diary, now).into_iter().max_by_key(|alarm| alarm.id)
    {
        diary.remove(|_| vec![last.id]);
    }
    let label = clean_label(arguments.label, "alarm");
    let today = now.today();
    let mut set = Vec::new();
    let mut saved = Saved::Yes;
    let mut new = false;
    for days in wanted {
        let same = diary.entries(now).into_iter().find(|entry| {
            matches!(entry.what, What::Alarm { time: t, days: d, .. } if t == time && d == days)
                && entry.label == label
        });
        set.push(match same {
            Some(entry) => entry,
            None => {
                let what = What::Alarm { time, days, since: now.wall };
                let (entry, kept) = diary.add(label.clone(), now, what).map_err(|_| full())?;
                (saved, new) = (kept, true);
                entry
            }
        });
    }
    let whens = whens(&set, time, today);
    let mut done = match (&label, new, set.len()) {
        (_, false, _) => format!("An alarm is already set for {whens}."),
        (Some(label), true, 1) => {
            format!("{} set for {whens}.", say::sentence(&format!("{label} alarm")))
        }
        (None, true, 1) => format!("Alarm set for {whens}."),
        (Some(label), true, n) => format!("{n} {label} alarms set for {whens}."),
        (None, true, n) => format!("{n} alarms set for {whens}."),
    };
    // Where the clock skips the time, it rings at another one; that must not be a surprise.
    let first = set.iter().filter_map(|entry| entry.due(now)).min();
    if let Some(due) = first.map(|due| due.to_zoned(now.zone.clone()))
        && due.time() != time
        && new
    {
        done +=
            &format!(" The clock skips that time then, so it rings at {}.", say::clock(due.time()));
    }
    let say = if new { desk.set(&saved, "alarm", done)? } else { done };
    let mut data = match set.as_slice() {
        [only] => alarm_data(now, only),
        several => {
            json!({"alarms": several.iter().map(|a| alarm_data(now, a)).collect::<Vec<_>>()})
        }
    };
    data["saved"] = json!(saved == Saved::Yes);
    data["will_ring"] = json!(desk.ringer != Ringer::Nobody);
    Ok(ToolOutput::new(data, say))
}

/// The days that are meant; see the tool's documentation. One entry is made for each.
fn days(wish: &SetAlarm, time: Time, now: &Now) -> Result<Vec<Days>, ToolError> {
    let today = now.today();
    // Asked of the calendar and not of the clock's face, which may show the time twice or never.
    let comes = |date: Date| Days::On(date).next(time, now.wall, &now.zone).is_some();
    let over = |day: &str| {
        let clock = say::sentence(&say::clock(time));
        ToolError::Tell(format!("{clock} {day} is already over. Say another time, or another day."))
    };
    if let Some(text) = &wish.date {
        let date = calendar_date(text)?;
        return match wish.repeat {
            Some(Repeat::Weekly) => {
                Ok(Week::of([date.weekday()]).map(Days::Weekly).into_iter().collect())
            }
            Some(Repeat::Daily) => Ok(vec![Days::Weekly(Week::ALL)]),
            None if date == today && !comes(date) => Err(over("today")),
            None if date < today => Err(ToolError::Tell(format!(
                "{} is in the past. Say another day.",
                say::date(date)
            ))),
            None => Ok(vec![Days::On(date)]),
        };
    }
    if wish.repeat == Some(Repeat::Daily) {
        return Ok(vec![Days::Weekly(Week::ALL)]);
    }
    let tomorrow = today.tomorrow().map_err(|_| too_far())?;
    let Some(day) = &wish.day else {
        let date = if comes(today) { today } else { tomorrow };
        return Ok(match wish.repeat {
            Some(_) => Week::of([date.weekday()]).map(Days::Weekly).into_iter().collect(),
            None => vec![Days::On(date)],
        });
    };
    let mut weekdays = Vec::new();
    let mut dates = Vec::new();
    let mut recurs = wish.repeat == Some(Repeat::Weekly);
    for named in named_days(day)? {
        match named {
            Named::Week(week) => {
                recurs = true;
                weekdays.extend(week.days());
            }
            Named::Today if comes(today) => dates.push(today),
            Named::Today if recurs => dates.push(today),
            Named::Today => {
                return Err(ToolError::Tell(format!(
                    "{} today is already over. Say another time, or tomorrow.",
                    say::sentence(&say::clock(time))
                )));
            }
            Named::Tomorrow => dates.push(tomorrow),
            Named::Weekday(weekday) => weekdays.push(weekday),
        }
    }
    if recurs {
        weekdays.extend(dates.iter().map(|date| date.weekday()));
        return Ok(Week::of(weekdays).map(Days::Weekly).into_iter().collect());
    }
    for weekday in weekdays {
        let until = i32::from(today.weekday().until(weekday));
        let date = today.checked_add(until.days()).map_err(|_| too_far())?;
        let later = today.checked_add((until + 7).days()).map_err(|_| too_far())?;
        dates.push(if comes(date) { date } else { later });
    }
    dates.sort();
    dates.dedup();
    Ok(dates.into_iter().map(Days::On).collect())
}

fn list_alarms(diary: &Diary, now: &Now) -> ToolOutput {
    let alarms = alarms(diary, now);
    let data: Vec<Value> = alarms.iter().map(|alarm| alarm_data(now, alarm)).collect();
    let say = match alarms.as_slice() {
        [] => "No alarm is set.".into(),
        [only] => format!("One alarm is set, for {}.", words(only, now)),
        several => listed(several, now),
    };
    ToolOutput::new(json!({"alarms": data}), say)
}

fn cancel_alarm(
    desk: &Desk,
    diary: &mut Diary,
    now: &Now,
    mut wish: CancelAlarm,
) -> Result<ToolOutput, ToolError> {
    wish::settle_day(&mut wish.day, &mut wish.date, now.today())?;
    let time = wish.time.as_deref().map(clock_time).transpose()?;
    let label = clean_label(wish.label.clone(), "alarm");
    let rings = |l: Option<&str>, kind: RingKind| match kind {
        RingKind::Alarm { time: t } => {
            time.is_none_or(|wanted| wanted == t || wanted.wrapping_add(12.hours()) == t)
                && label.as_deref().is_none_or(|wanted| l.is_some_and(|l| same_label(wanted, l)))
        }
        RingKind::Timer { .. } => false,
    };
    let by_day = wish.day.is_some() || wish.date.is_some();
    // What rings, or rang a moment ago, is what is meant: another alarm must not fall for it.
    if !wish.all && wish.which.is_none() && !by_day {
        let ringing = diary.ringing(now);
        let meant: Vec<_> =
            ringing.iter().filter(|ring| rings(ring.label.as_deref(), ring.kind)).collect();
        let rang = diary.rang(now).into_iter().find(|r| rings(r.label.as_deref(), r.what));
        if !meant.is_empty() || rang.is_some() {
            let mut ids: Vec<_> = meant.iter().map(|ring| ring.id).collect();
            let mut names: Vec<String> = meant.iter().map(|ring| ring.name()).collect();
            let saved = diary.end(&ids, true, now);
            diary.hush();
            if let Some(rang) = rang.filter(|_| names.is_empty()) {
                names.push(rang.name());
                ids.push(rang.id);
            }
            // "Turn off the alarm" in the morning is not the end of all mornings.
            let again = diary.entries(now).into_iter().find(|entry| ids.contains(&entry.id));
            let done = match again {
                Some(entry) => format!("Okay. It stays set for {}.", when(&entry, now.today())),
                None => over(&names),
            };
            return Ok(ToolOutput::new(json!({"ended": names}), desk.changed(&saved, done)?));
        }
    }
    readable(diary)?;
    let all = alarms(diary, now);
    let mut fitting = labelled(all.clone(), label.as_deref());
    if let Some(time) = time {
        let at = |time: Time| {
            fitting.iter().filter(|alarm| alarm_time(alarm) == Some(time)).cloned().collect()
        };
        let exact: Vec<Entry> = at(time);
        // A bare "seven" is written 07:00, also where the alarm is at seven in the evening.
        fitting = if exact.is_empty() { at(time.wrapping_add(12.hours())) } else { exact };
    }
    if by_day {
        let dated = wish.date.as_deref().map(calendar_date).transpose()?;
        let named = wish.day.as_deref().map(named_days).transpose()?.unwrap_or_default();
        fitting.retain(|alarm| on_day(alarm, dated, &named, now));
    }
    let none = |all: &[Entry]| match all {
        [] => "No alarm is set.".to_owned(),
        _ => {
            let time = time.map(|time| format!(" at {}", say::clock(time))).unwrap_or_default();
            let day = wish.day.as_ref().map(|day| spoken_day(day)).unwrap_or_default();
            let label = label.as_ref().map(|label| format!("{label} ")).unwrap_or_default();
            let rest = match all {
                [only] => format!("One alarm is set, for {}.", words(only, now)),
                several => listed(several, now),
            };
            format!("There is no {label}alarm{time}{day}. {rest}")
        }
    };
    let chosen = match pick(fitting, wish.which, wish.all, now) {
        Picked::None => return Err(ToolError::Tell(none(&all))),
        Picked::Unclear(several) => {
            return Err(ToolError::Tell(format!("{} Which one?", listed(&several, now))));
        }
        Picked::These(chosen) => chosen,
    };
    let ids: Vec<_> = chosen.iter().map(|alarm| alarm.id).collect();
    let (gone, saved) = diary.remove(|_| ids);
    let today = now.today();
    let done = match gone.as_slice() {
        [] => return Err(ToolError::Tell(none(&all))),
        [only] => format!("The alarm for {} is cancelled.", when(only, today)),
        [_, _] if gone.len() == all.len() => "Both alarms are cancelled.".into(),
        several if several.len() == all.len() => {
            format!("All {} are cancelled.", say::count(several.len(), "alarm"))
        }
        several => {
            let whens: Vec<String> = several.iter().map(|alarm| when(alarm, today)).collect();
            format!("The alarms for {} are cancelled.", say::list(&whens))
        }
    };
    let say = desk.changed(&saved, done)?;
    let ended: Vec<Value> = gone.iter().map(|alarm| alarm_data(now, alarm)).collect();
    Ok(ToolOutput::new(json!({"ended": ended}), say))
}

/// Whether the alarm is the one "for" that day: a single one that rings then, or a weekly one of
/// exactly those days. One of every weekday is not the one for Friday.
fn on_day(alarm: &Entry, dated: Option<Date>, named: &[Named], now: &Now) -> bool {
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

/// One day in a list of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Today,
    Tomorrow,
    Weekday(Weekday),
    Week(Week),
}

/// "monday, wednesday and friday", "weekends".
fn named_days(text: &str) -> Result<Vec<Named>, ToolError> {
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

fn spoken_day(day: &str) -> String {
    match named_days(day).as_deref() {
        Ok([Named::Today | Named::Tomorrow]) => format!(" {day}"),
        Ok([Named::Weekday(day)]) => format!(" on {}", say::weekday(*day)),
        Ok([Named::Week(week)]) => format!(" {week}"),
        Ok(_) | Err(_) => format!(" on {day}"),
    }
}

/// "2026-12-03".
fn calendar_date(text: &str) -> Result<Date, ToolError> {
    text.trim().parse().map_err(|_| {
        ToolError::Tell(format!(
            "{text} is not a date. Write it as year, month and day, like 2026-12-03."
        ))
    })
}

fn too_far() -> ToolError {
    ToolError::Tell("That is further off than the calendar goes.".into())
}

fn alarms(diary: &Diary, now: &Now) -> Vec<Entry> {
    diary.entries(now).into_iter().filter(|entry| !entry.is_timer()).collect()
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
