//! The time and the days of a new alarm, from what was asked for and the clock.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use serde::Deserialize;

use super::alarm_days::{Named, calendar_date, clock_time, named_days};
use super::book::{Days, Now, Week};
use super::{ToolError, say, wish};

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

pub(super) fn too_far() -> ToolError {
    ToolError::Tell("That is further off than the calendar goes.".into())
}
