use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::alarm_cancel::{CancelAlarm, cancel_alarm};
use super::alarm_change::{ChangeAlarm, change_alarm};
use super::alarm_days::alarms;
use super::alarm_find::rings_on;
use super::alarm_when::{Repeat, When, settled};
use super::alarm_words::{alarm_data, listed, whens, words};
use super::book::{Diary, Entry, Now, Saved, What};
use super::book_access::{BookAccess, LONGEST_LABEL, Which, clean_label, full, readable};
use super::{Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, said, say};
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

pub(crate) fn tools(settings: &Settings) -> [Arc<dyn Tool>; 4] {
    let access = BookAccess::new(settings);
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
    let which = json!({
        "type": "string", "enum": Which::NAMES,
        "description": "One of several, only when said: by the order in which they were set, or the next to ring.",
    });
    let set = {
        let access = access.clone();
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
                        "type": "string", "maxLength": 40, "pattern": Repeat::PATTERN,
                        "description": "Only when said: daily, weekly on the weekdays of day, monthly or yearly on date, or \"every 2 weeks\".",
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
                access.clone().run(move |access, diary, now| {
                    set_alarm(access, diary, now, arguments, cx.said.as_deref())
                })
            },
        )
    };
    let list = {
        let access = access.clone();
        function(
            "list_alarms",
            "Says which alarms are set.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, cx| {
                access.clone().run(move |_, diary, now| {
                    readable(diary)?;
                    Ok(list_alarms(diary, now, cx.said.as_deref()))
                })
            },
        )
    };
    let change = {
        let access = access.clone();
        let shift = |text: &str| json!({"type": "integer", "minimum": -86_400, "maximum": 86_400, "description": text});
        function(
            "change_alarm",
            "Moves an alarm to another time or day, by a length of time, or gives it another label. \
             The alarm is the one at that time, on that day, with that label or at that place, or \
             without any of these the only one.",
            Effect::Writes,
            arguments(
                &[],
                json!({
                    "time": time("HH:MM, at which it rings now; only when said."),
                    "day": day("The day of the alarm; only when said."),
                    "date": date("YYYY-MM-DD, of the alarm; only when said as a date."),
                    "label": label("The label of the alarm, only when said."),
                    "which": which.clone(),
                    "to_time": time("HH:MM, at which it is to ring."),
                    "to_day": day("The day, or days, on which it is to ring; only when said."),
                    "to_date": date("YYYY-MM-DD, the day on which it is to ring, when said as a date."),
                    "add_seconds": shift("How much later it is to ring; a negative number is earlier."),
                    "to_label": label("Its new label."),
                }),
            ),
            move |arguments: ChangeAlarm, cx| {
                access.clone().run(move |access, diary, now| {
                    change_alarm(access, diary, now, arguments, cx.said.as_deref())
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
                "which": which.clone(),
                "once": {
                    "type": "boolean",
                    "description": "true to leave out only that day, or the next ring, of an alarm that comes back.",
                },
                "all": {"type": "boolean", "description": "true for all alarms that fit."},
                "except": label("With all: the label, or HH:MM, of the one that is to stay."),
            }),
        ),
        move |arguments: CancelAlarm, _| {
            access
                .clone()
                .run(move |access, diary, now| cancel_alarm(access, diary, now, arguments))
        },
    );
    [set, list, change, cancel]
}

fn set_alarm(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    arguments: SetAlarm,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    let label = clean_label(arguments.label, "alarm").map(|label| said::as_said(&label, said));
    let said = said.filter(|_| !arguments.exact);
    let (time, wanted) = settled(arguments.when, said, now)?;
    let last = alarms(diary, now).into_iter().max_by_key(|alarm| alarm.id);
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
        && (saved == Saved::Yes || access.ringer == Ringer::Here)
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
    let say = if new { access.set(&saved, "alarm", done)? } else { done };
    let mut data = match set.as_slice() {
        [only] => alarm_data(now, only),
        several => {
            json!({"alarms": several.iter().map(|a| alarm_data(now, a)).collect::<Vec<_>>()})
        }
    };
    data["saved"] = json!(saved == Saved::Yes);
    data["will_ring"] = json!(access.ringer != Ringer::Nobody);
    Ok(ToolOutput::new(data, say))
}

/// Lists the alarms. What was said tells which ones are asked about: the next, or those of a day.
fn list_alarms(diary: &Diary, now: &Now, said: Option<&str>) -> ToolOutput {
    let alarms = alarms(diary, now);
    let data: Vec<Value> = alarms.iter().map(|alarm| alarm_data(now, alarm)).collect();
    let asked = said.map(said::asked_alarms).unwrap_or_default();
    let date = match asked.day {
        Some(said::Day::Today) => Some(now.today()),
        Some(said::Day::Tomorrow) => now.today().tomorrow().ok(),
        None => None,
    };
    let say = match (alarms.as_slice(), date) {
        ([], _) => "No alarm is set.".into(),
        ([only], None) => format!("One alarm is set, for {}.", words(only, now)),
        (several, Some(date)) => {
            let fits = |alarm: &&Entry| rings_on(alarm, date, now);
            let then: Vec<Entry> = several.iter().filter(fits).cloned().collect();
            let day = say::day_from(date, now.today());
            match then.as_slice() {
                [] => format!("No alarm is set for {day}. {}", listed(several, now)),
                [only] => format!("One alarm is set, for {}.", words(only, now)),
                several => listed(several, now),
            }
        }
        ([next, others @ ..], None) if asked.next => {
            let others = say::count(others.len(), "other alarm");
            let verb = if alarms.len() == 2 { "is" } else { "are" };
            format!("Your next alarm is for {}. {others} {verb} set.", words(next, now))
        }
        (several, None) => listed(several, now),
    };
    ToolOutput::new(json!({"alarms": data}), say)
}
