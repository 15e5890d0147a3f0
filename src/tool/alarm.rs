use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::alarm_cancel::{CancelAlarm, cancel_alarm};
use super::alarm_days::{Named, alarms, calendar_date, clock_time, named_days};
use super::alarm_words::{alarm_data, listed, whens, words};
use super::book::{Days, Diary, Now, Saved, Week, What};
use super::desk::{Desk, LONGEST_LABEL, Which, clean_label, full, readable};
use super::{Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, say, wish};
use crate::dialog::Effect;

/// The longest list of days, in characters.
const LONGEST_DAYS: u32 = 120;

#[derive(Deserialize)]
struct SetAlarm {
    #[serde(flatten)]
    when: When,
    label: Option<String>,
    #[serde(default)]
    instead: bool,
    #[serde(default)]
    exact: bool,
}

/// A clock time and its days, as the arguments of a call.
#[derive(Debug, Deserialize)]
pub(super) struct When {
    pub(super) time: String,
    pub(super) day: Option<String>,
    pub(super) date: Option<String>,
    pub(super) repeat: Option<Repeat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Repeat {
    Weekly,
    Daily,
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
                    "exact": {
                        "type": "boolean",
                        "description": "true where the half of the day was said, though not in the last words.",
                    },
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
                "once": {
                    "type": "boolean",
                    "description": "true to leave out only that day, or the next ring, of an alarm that comes back.",
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
    arguments: SetAlarm,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    let said = said.filter(|_| !arguments.exact);
    let (time, wanted) = settled(arguments.when, said, now)?;
    let last = alarms(diary, now).into_iter().max_by_key(|alarm| alarm.id);
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
            Some(mut entry) => {
                // Setting it again also restores the skipped day.
                if let What::Alarm { skip: skip @ Some(_), .. } = &mut entry.what {
                    *skip = None;
                    saved = diary.replace(entry.clone()).1;
                }
                entry
            }
            None => {
                let what = What::Alarm { time, days, since: now.wall, skip: None };
                let (entry, kept) = diary.add(label.clone(), now, what).map_err(|_| full())?;
                (saved, new) = (kept, true);
                entry
            }
        });
    }
    // The old one is removed only once the new one exists.
    if let Some(last) = last.filter(|last| arguments.instead && set.iter().all(|a| a.id != last.id))
        && (saved == Saved::Yes || desk.ringer == Ringer::Here)
    {
        diary.remove(|_| vec![last.id]);
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
    // Where the clock skips this time, the alarm rings at another one; that must not be a surprise.
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

/// The clock time and the days that `when` means now; `said` decides what it leaves open.
///
/// # Errors
/// A time that is over or does not exist, in words.
pub(super) fn settled(
    mut when: When,
    said: Option<&str>,
    now: &Now,
) -> Result<(Time, Vec<Days>), ToolError> {
    let time = clock_time(&when.time)?;
    let here = now.wall.to_zoned(now.zone.clone());
    wish::settle_day(&mut when.day, &mut when.date, here.date())?;
    let dated = when.date.is_some() || when.repeat.is_some();
    let (time, date) = wish::settle_time(time, when.day.as_deref(), dated, said, &here);
    if let Some(date) = date {
        when.day = None;
        when.date = Some(date.to_string());
    }
    let days = days(&when, time, now)?;
    Ok((time, days))
}

/// The requested days; see the tool's documentation. One entry is made for each.
fn days(wish: &When, time: Time, now: &Now) -> Result<Vec<Days>, ToolError> {
    let today = now.today();
    // Uses the calendar and not the clock's display, which may show the time twice or never.
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

pub(super) fn too_far() -> ToolError {
    ToolError::Tell("That is further off than the calendar goes.".into())
}
