//! `change_alarm`: an alarm rings at another time, on another day, or has another name.

use jiff::civil::{Date, Time};
use jiff::{Span, ToSpan};
use serde::Deserialize;
use serde_json::json;

use super::alarm_days::{alarms, calendar_date, clock_time, named_days};
use super::alarm_find::{at_time, called, on_day, rings_on, single_date};
use super::alarm_when::{When, settled, too_far};
use super::alarm_words::{alarm_data, listed, when};
use super::book::{Cycle, Days, Diary, Entry, Now, Saved, Week, What};
use super::book_access::{BookAccess, Picked, Which, clean_label, full, pick, readable};
use super::{ToolError, ToolOutput, said, say, wish};

#[derive(Deserialize)]
pub(super) struct ChangeAlarm {
    time: Option<String>,
    day: Option<String>,
    date: Option<String>,
    label: Option<String>,
    which: Option<Which>,
    to_time: Option<String>,
    to_day: Option<String>,
    to_date: Option<String>,
    add_seconds: Option<i64>,
    to_label: Option<String>,
}

/// When an alarm rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Schedule {
    time: Time,
    days: Days,
}

pub(super) fn change_alarm(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    mut wish: ChangeAlarm,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    readable(diary)?;
    wish::settle_day(&mut wish.day, &mut wish.date, now.today())?;
    let all = alarms(diary, now);
    let named = wish.day.as_deref().map(named_days).transpose()?.unwrap_or_default();
    let dated = wish.date.as_deref().map(calendar_date).transpose()?;
    let date = dated.or_else(|| single_date(&named, now.today()));
    let mut fitting = called(all.clone(), clean_label(wish.label.clone(), "alarm").as_deref());
    if let Some(time) = wish.time.as_deref().map(clock_time).transpose()? {
        fitting = at_time(fitting, time);
    }
    if dated.is_some() || !named.is_empty() {
        let fits = |alarm: &Entry| {
            on_day(alarm, dated, &named, now) || date.is_some_and(|date| rings_on(alarm, date, now))
        };
        fitting.retain(fits);
    }
    let alarm = match pick(fitting, wish.which, false, now) {
        Picked::These(chosen) => chosen.into_iter().next(),
        Picked::Unclear(several) => {
            return Err(ToolError::Tell(format!("{} Which one?", listed(&several, now))));
        }
        Picked::None => None,
    };
    let Some(alarm) = alarm else {
        return Err(ToolError::Tell(match all.as_slice() {
            [] => "No alarm is set.".into(),
            several => format!("There is no such alarm. {}", listed(several, now)),
        }));
    };
    let What::Alarm { time, days, skip, .. } = alarm.what else {
        return Err(ToolError::Tell("That alarm is snoozed. Cancel it, or set a new one.".into()));
    };
    if let Some(label) = clean_label(wish.to_label.clone(), "alarm") {
        let label = said::as_said(&label, said);
        let (_, saved) = diary.replace(Entry { label: Some(label.clone()), ..alarm.clone() });
        let done = format!("The alarm for {} is called {label} now.", when(&alarm, now.today()));
        return Ok(ToolOutput::new(json!({"label": label}), access.changed(&saved, done)?));
    }
    let old = Schedule { time, days };
    // "Move tomorrow's alarm to eight" is about one of the days on which it comes back.
    let once = date.filter(|date| days.recurs() && !on_day(&alarm, Some(*date), &named, now));
    let from = once.map_or(old, |date| Schedule { time, days: Days::On(date) });
    let new = moved(from, &wish, now, said)?;
    let what = |slot: Schedule, skip| What::Alarm {
        time: slot.time,
        days: slot.days,
        since: now.wall,
        skip,
    };
    if let Some(date) = once {
        if let Some(other) = skip.filter(|skip| *skip >= now.today() && *skip != date) {
            return Err(ToolError::Tell(format!(
                "That alarm is off {} already; I can change only one day at a time.",
                say::day_from(other, now.today())
            )));
        }
        let (there, _) =
            diary.add(alarm.label.clone(), now, what(new, None)).map_err(|_| full())?;
        let (_, saved) = diary.replace(Entry { what: what(old, Some(date)), ..alarm.clone() });
        let done = format!(
            "Alarm moved to {} for that day. Otherwise it stays set for {}.",
            when(&there, now.today()),
            when(&alarm, now.today())
        );
        return Ok(ToolOutput::new(alarm_data(now, &there), access.set(&saved, "alarm", done)?));
    }
    let skip = skip.filter(|skip| new.days.holds(*skip));
    let changed = Entry { what: what(new, skip), ..alarm.clone() };
    let (there, saved) = diary.replace(changed.clone());
    if !there {
        return Err(ToolError::Tell("That alarm has just ended.".into()));
    }
    let today = now.today();
    let was = if new.days == old.days { say::clock(old.time) } else { when(&alarm, today) };
    let mut done = format!("Alarm moved from {was} to {}.", when(&changed, today));
    if new == old {
        done = format!("The alarm is already set for {}.", when(&alarm, today));
    }
    let mut data = alarm_data(now, &changed);
    data["saved"] = json!(saved == Saved::Yes);
    Ok(ToolOutput::new(data, access.set(&saved, "alarm", done)?))
}

/// Where the wish moves an alarm from `old`.
fn moved(
    old: Schedule,
    wish: &ChangeAlarm,
    now: &Now,
    said: Option<&str>,
) -> Result<Schedule, ToolError> {
    if let Some(seconds) = wish.add_seconds {
        return shifted(old, Span::new().seconds(seconds), now);
    }
    let time = match wish.to_time.as_deref().map(clock_time).transpose()? {
        Some(time) if said.is_some_and(|said| !names_half(said)) => nearest(time, old.time),
        Some(time) => time,
        None if wish.to_day.is_none() && wish.to_date.is_none() => {
            return Err(ToolError::Tell("To what time?".into()));
        }
        None => old.time,
    };
    if wish.to_day.is_none() && wish.to_date.is_none() {
        let days = match old.days {
            Days::On(date) => Days::On(ahead(date, time, now)?),
            Days::Weekly(_) | Days::Cycle(_) => old.days,
        };
        return Ok(Schedule { time, days });
    }
    let when = When {
        time: format!("{:02}:{:02}", time.hour(), time.minute()),
        day: wish.to_day.clone(),
        date: wish.to_date.clone(),
        repeat: None,
    };
    match settled(when, None, now)? {
        (time, days) if days.len() == 1 => Ok(Schedule { time, days: days[0] }),
        _ => Err(ToolError::Tell("I can move an alarm to one day. Which one?".into())),
    }
}

/// `old`, earlier or later by `by`.
fn shifted(old: Schedule, by: Span, now: &Now) -> Result<Schedule, ToolError> {
    let add = |date: Date| date.to_datetime(old.time).checked_add(by).map_err(|_| too_far());
    match old.days {
        Days::On(date) => {
            let at = add(date)?;
            if Days::On(at.date()).next(at.time(), now.wall, &now.zone).is_none() {
                let then = say::clock(at.time());
                return Err(ToolError::Tell(format!("{then} is already over. Say another time.")));
            }
            Ok(Schedule { time: at.time(), days: Days::On(at.date()) })
        }
        Days::Weekly(week) => {
            let today = now.today();
            let at = add(today)?;
            let days = (at.date() - today).get_days();
            let week = week.days().map(|day| day.wrapping_add(days));
            Ok(Schedule { time: at.time(), days: Week::of(week).map_or(old.days, Days::Weekly) })
        }
        Days::Cycle(cycle) => {
            let at = add(cycle.from)?;
            let days = Days::Cycle(Cycle { from: at.date(), ..cycle });
            Ok(Schedule { time: at.time(), days })
        }
    }
}

/// Whether the words name the half of the day of the new time: "the 9 pm alarm to 10" does not.
fn names_half(said: &str) -> bool {
    let new = [" to ", " until ", " at "].iter().filter_map(|word| Some(said.rsplit_once(word)?.1));
    said::names_half(new.min_by_key(|new| new.len()).unwrap_or(said))
}

/// The half of the day in which `time` is nearer to `old`: from 11 PM, "to one" is 1 AM.
fn nearest(time: Time, old: Time) -> Time {
    if !(0..=12).contains(&time.hour()) {
        return time;
    }
    let minutes = |time: Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
    let apart = |time: &Time| {
        let apart = (minutes(*time) - minutes(old)).rem_euclid(24 * 60);
        apart.min(24 * 60 - apart)
    };
    let other = time.wrapping_add(12.hours());
    if apart(&other) < apart(&time) { other } else { time }
}

/// `date`, or the next day on which `time` is still to come.
fn ahead(date: Date, time: Time, now: &Now) -> Result<Date, ToolError> {
    let comes = |date: Date| Days::On(date).next(time, now.wall, &now.zone).is_some();
    let next = date.tomorrow().map_err(|_| too_far())?;
    Ok(if comes(date) { date } else { next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_time_is_in_the_half_of_the_day_that_is_nearer() {
        let at = |text: &str| text.parse::<Time>().unwrap();
        for (time, old, want) in [
            ("07:30", "07:00", "07:30"),
            ("08:00", "19:00", "20:00"),
            ("01:00", "23:00", "01:00"),
            ("12:00", "11:00", "12:00"),
            ("19:00", "07:00", "19:00"),
        ] {
            assert_eq!(nearest(at(time), at(old)), at(want), "{time} from {old}");
        }
    }
}
