//! The time and the days of a new alarm, from what was asked for and the clock.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use serde::Deserialize;

use super::alarm_days::{Named, calendar_date, clock_time, named_days};
use super::book::{Cycle, Days, Now, Unit, Week};
use super::{ToolError, day, say, wish};

/// A clock time and its days, as the arguments of a call.
#[derive(Debug, Deserialize)]
pub(super) struct When {
    pub(super) time: String,
    pub(super) day: Option<String>,
    pub(super) date: Option<String>,
    pub(super) repeat: Option<Repeat>,
}

/// How an alarm comes again: "daily", "weekly", "monthly", "yearly", "every 2 weeks", "every 20
/// minutes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Repeat {
    every: u16,
    unit: Unit,
}

impl Repeat {
    pub(super) const PATTERN: &str = "^(daily|weekly|monthly|yearly|every [1-9][0-9]{0,2} (minutes|hours|days|weeks|months|years))$";

    /// From `date` on.
    pub(super) fn from(self, date: Date) -> Cycle {
        Cycle { from: date, every: self.every, unit: self.unit, place: None }
    }

    fn is(self, unit: Unit) -> bool {
        self.every == 1 && self.unit == unit
    }
}

impl TryFrom<String> for Repeat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (every, unit) = match words.as_slice() {
            ["daily"] => (1, Unit::Day),
            ["weekly"] => (1, Unit::Week),
            ["monthly"] => (1, Unit::Month),
            ["yearly"] => (1, Unit::Year),
            ["every", count, unit] => {
                let unit = match unit.trim_end_matches('s') {
                    "minute" => Unit::Minute,
                    "hour" => Unit::Hour,
                    "day" => Unit::Day,
                    "week" => Unit::Week,
                    "month" => Unit::Month,
                    "year" => Unit::Year,
                    _ => return Err(format!("{unit} is no unit of time")),
                };
                (count.parse().map_err(|_| format!("{count} is no number"))?, unit)
            }
            _ => return Err(format!("{text} says not how often")),
        };
        Ok(Self { every, unit })
    }
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
    let place = when.date.as_deref().and_then(day::place).map(|(place, ..)| place);
    wish::settle_day(&mut when.day, &mut when.date, here.date())?;
    let dated = when.date.is_some() || when.repeat.is_some();
    let (time, date) = wish::settle_time(time, when.day.as_deref(), dated, said, &here);
    if let Some(date) = date {
        when.day = None;
        when.date = Some(date.to_string());
    }
    let cycle = when.repeat.filter(|repeat| !repeat.is(Unit::Day) && !repeat.is(Unit::Week));
    let days = match cycle {
        Some(Repeat { every, unit }) => {
            let first = When { repeat: None, ..when };
            // What is over today comes again.
            let date = first.date.as_deref().map(calendar_date).transpose()?;
            let today = date == Some(now.today()) || first.day.as_deref() == Some("today");
            let first = if today { vec![Days::On(now.today())] } else { days(&first, time, now)? };
            let place = place.filter(|_| unit == Unit::Month);
            let monthly = unit == Unit::Month && every == 1 && place.is_none();
            let cycle = |date| {
                let from = if monthly { begun(date, now.today()) } else { date };
                Days::Cycle(Cycle { from, every, unit, place })
            };
            first.into_iter().flat_map(|days| dates(days, now)).map(cycle).collect()
        }
        None => days(&when, time, now)?,
    };
    Ok((time, days))
}

/// The last day like `date`, a day of the month, that is not after `today`: the months until the
/// next 31st have a last day too.
fn begun(date: Date, today: Date) -> Date {
    let before = |months: i32| date.checked_sub(months.months()).ok();
    let mut like = (0..=2).filter_map(before).filter(|that| that.day() == date.day());
    like.find(|that| *that <= today).unwrap_or(date)
}

/// The coming dates of `days`: one for each weekday.
fn dates(days: Days, now: &Now) -> Vec<Date> {
    match days {
        Days::On(date) => vec![date],
        Days::Cycle(cycle) => vec![cycle.from],
        Days::Weekly(week) => {
            let today = now.today();
            let coming = |day| today.checked_add(i32::from(today.weekday().until(day)).days()).ok();
            week.days().filter_map(coming).collect()
        }
    }
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
            Some(repeat) if repeat.is(Unit::Week) => {
                Ok(Week::of([date.weekday()]).map(Days::Weekly).into_iter().collect())
            }
            Some(_) => Ok(vec![Days::Weekly(Week::ALL)]),
            None if date == today && !comes(date) => Err(over("today")),
            None if date < today => Err(ToolError::Tell(format!(
                "{} is in the past. Say another day.",
                say::date(date)
            ))),
            None => Ok(vec![Days::On(date)]),
        };
    }
    if wish.repeat.is_some_and(|repeat| repeat.is(Unit::Day)) {
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
    let mut recurs = wish.repeat.is_some_and(|repeat| repeat.is(Unit::Week));
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

pub(super) fn too_far() -> ToolError {
    ToolError::Tell("That is further off than the calendar goes.".into())
}
