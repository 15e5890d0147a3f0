//! `cancel_alarm`: which alarm is cancelled, and for how long.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::alarm_days::{alarms, calendar_date, clock_time, named_days, spoken_day};
use super::alarm_find::{at_time, called, on_day, rings_on, single_date};
use super::alarm_words::{alarm_data, alarm_time, listed, when, words};
use super::book::{Diary, Entry, Now, RingKind, Saved, What};
use super::book_access::{
    BookAccess, Picked, Which, clean_label, labelled, pick, readable, same_label,
};
use super::timer_words::over;
use super::{ToolError, ToolOutput, say, wish};

#[derive(Deserialize)]
pub(super) struct CancelAlarm {
    time: Option<String>,
    day: Option<String>,
    date: Option<String>,
    label: Option<String>,
    which: Option<Which>,
    #[serde(default)]
    once: bool,
    #[serde(default)]
    all: bool,
    except: Option<String>,
}

pub(super) fn cancel_alarm(
    access: &BookAccess,
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
        RingKind::Timer { .. } | RingKind::Reminder => false,
    };
    let by_day = wish.day.is_some() || wish.date.is_some();
    if wish.once {
        return skip_alarm(access, diary, now, &wish, time, label.as_deref());
    }
    // "The alarm" is the one that is ringing or rang a moment ago: no other must be cancelled
    // instead.
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
            // "Turn off the alarm" in the morning does not cancel it for all mornings.
            let again = diary.entries(now).into_iter().find(|entry| ids.contains(&entry.id));
            let done = match again {
                Some(entry) => format!("Okay. It stays set for {}.", when(&entry, now.today())),
                None => over(&names),
            };
            return Ok(ToolOutput::new(json!({"ended": names}), access.changed(&saved, done)?));
        }
    }
    readable(diary)?;
    let all = alarms(diary, now);
    let mut fitting = called(all.clone(), label.as_deref());
    if let Some(time) = time {
        fitting = at_time(fitting, time);
    }
    if by_day {
        let dated = wish.date.as_deref().map(calendar_date).transpose()?;
        let named = wish.day.as_deref().map(named_days).transpose()?.unwrap_or_default();
        let before = fitting.clone();
        fitting.retain(|alarm| on_day(alarm, dated, &named, now));
        // Somebody who does not want to be woken tomorrow may not want to end it for all mornings.
        let date = dated.or_else(|| single_date(&named, now.today()));
        if let Some(date) = date.filter(|_| fitting.is_empty())
            && let Some(alarm) = before.iter().find(|alarm| rings_on(alarm, date, now))
        {
            let (when, day) = (when(alarm, now.today()), say::day_from(date, now.today()));
            return Err(ToolError::Tell(format!(
                "The alarm for {when} comes back. Say \"skip the alarm {day}\" to leave out that \
                 day, or \"cancel the {} alarm\" to end it.",
                alarm_time(alarm).map(say::clock).unwrap_or_default()
            )));
        }
    }
    if let Some(kept) = &wish.except {
        let kept = match clock_time(kept) {
            Ok(time) => at_time(all.clone(), time),
            Err(_) => labelled(all.clone(), clean_label(Some(kept.clone()), "alarm").as_deref()),
        };
        let [first, ..] = kept.as_slice() else {
            let named = wish.except.as_deref().unwrap_or_default();
            let named = clock_time(named).map_or_else(|_| named.to_owned(), say::clock);
            let rest = if all.is_empty() { String::new() } else { listed(&all, now) };
            return Err(ToolError::Tell(format!("There is no {named} alarm. {rest}")));
        };
        fitting.retain(|alarm| kept.iter().all(|kept| kept.id != alarm.id));
        if fitting.is_empty() {
            let when = when(first, now.today());
            return Err(ToolError::Tell(format!(
                "Only the alarm for {when} is set, and it stays."
            )));
        }
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
    let say = access.changed(&saved, done)?;
    let ended: Vec<Value> = gone.iter().map(|alarm| alarm_data(now, alarm)).collect();
    Ok(ToolOutput::new(json!({"ended": ended}), say))
}

/// Skips one day of a recurring alarm.
fn skip_alarm(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    wish: &CancelAlarm,
    time: Option<Time>,
    label: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    readable(diary)?;
    let today = now.today();
    let all = alarms(diary, now);
    let mut fitting = called(all.clone(), label);
    if let Some(time) = time {
        fitting = at_time(fitting, time);
    }
    let named = wish.day.as_deref().map(named_days).transpose()?.unwrap_or_default();
    let dated = wish.date.as_deref().map(calendar_date).transpose()?;
    let date = dated.or_else(|| single_date(&named, today));
    if date.is_none() && !named.is_empty() {
        return Err(ToolError::Tell("I can leave out one day at a time. Which day?".into()));
    }
    let next = |alarm: &Entry| alarm.due(now).map(|due| due.to_zoned(now.zone.clone()).date());
    match date {
        Some(date) => fitting.retain(|alarm| rings_on(alarm, date, now)),
        // Without a day it is the next ring.
        None => {
            let soonest = fitting.iter().filter_map(next).min();
            fitting.retain(|alarm| next(alarm) == soonest);
        }
    }
    let day = |date: Date| say::day_from(date, today);
    let chosen = match pick(fitting, wish.which, wish.all, now) {
        Picked::None if all.is_empty() => {
            return Err(ToolError::Tell("No alarm is set.".into()));
        }
        Picked::None => {
            let day = date.map(|date| format!(" {}", day(date))).unwrap_or_default();
            return Err(ToolError::Tell(format!("No such alarm rings{day}.")));
        }
        Picked::Unclear(several) => {
            return Err(ToolError::Tell(format!("{} Which one?", listed(&several, now))));
        }
        Picked::These(chosen) => chosen,
    };
    let mut said = Vec::new();
    let mut saved = Saved::Yes;
    for alarm in chosen {
        let Some(date) = date.or_else(|| next(&alarm)) else { continue };
        let words = when(&alarm, today);
        match alarm.what {
            What::Alarm { time, days, since, skip } if days.recurs() => {
                if let Some(other) = skip.filter(|skip| *skip >= today && *skip != date) {
                    return Err(ToolError::Tell(format!(
                        "The alarm for {words} is off {} already; I can leave out only one day at a time.",
                        day(other)
                    )));
                }
                let what = What::Alarm { time, days, since, skip: Some(date) };
                saved = diary.replace(Entry { what, ..alarm }).1;
                said.push(format!("The alarm for {words} does not ring {}.", day(date)));
            }
            What::Alarm { .. } | What::Snoozed { .. } | What::Timer { .. } => {
                saved = diary.remove(|_| vec![alarm.id]).1;
                said.push(format!("The alarm for {words} is cancelled."));
            }
        }
    }
    let say = access.changed(&saved, said.join(" "))?;
    Ok(ToolOutput::new(json!({"skipped": date.map(|date| date.to_string())}), say))
}
