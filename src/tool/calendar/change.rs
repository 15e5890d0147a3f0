//! `move_event` and `remove_event`: changes of the user's own calendar.

use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::{Span, ToSpan, Unit, Zoned};
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit;
use super::ics::{self, Event, Occurrence};
use super::{AHEAD, Calendars, called, data, text_of, with_day};
use crate::base::Moment;
use crate::dialog::Effect;
use crate::tool::alarm_days::clock_time;
use crate::tool::disk::{aside, on_disk, replace};
use crate::tool::{Tool, ToolCx, ToolError, ToolOutput, arguments, day, function, said, say, wish};

/// How many events are named when several fit.
const NAMED: usize = 3;

/// Which event is meant.
#[derive(Clone, Debug, Deserialize)]
struct Which {
    about: Option<String>,
    day: Option<String>,
    date: Option<String>,
    time: Option<String>,
    #[serde(default)]
    next: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct RemoveEvent {
    #[serde(flatten)]
    which: Which,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    sure: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct MoveEvent {
    #[serde(flatten)]
    which: Which,
    to_day: Option<String>,
    to_date: Option<String>,
    to_time: Option<String>,
    add_seconds: Option<i64>,
    #[serde(default)]
    all: bool,
}

/// What a change makes of one of the user's own files, and what is said of it.
struct Plan {
    file: usize,
    /// The file as it is to be; unchanged without one.
    text: Option<String>,
    said: ToolOutput,
}

/// `move_event` and `remove_event`.
pub(super) fn tools(calendars: &Arc<Calendars>) -> [Arc<dyn Tool>; 2] {
    let with = |more: Value| {
        let mut all = which_arguments();
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        arguments(&[], all)
    };
    let text = |about: &str| json!({"type": "string", "maxLength": 100, "description": about});
    let all =
        json!({"type": "boolean", "description": "true for all times of an event that repeats."});
    let (moves, removes) = (Arc::clone(calendars), Arc::clone(calendars));
    [
        function(
            "move_event",
            "Moves an event of the user's calendar to another time or day.",
            Effect::Writes,
            with(json!({
                "to_day": text("The new day: tomorrow, a weekday; only when said."),
                "to_date": text("YYYY-MM-DD, for a new day that is said as a date."),
                "to_time": text("HH:MM, 24 hours, when it begins now; without it as before."),
                "add_seconds": {"type": "integer", "description": "How much later; negative for earlier."},
                "all": all,
            })),
            move |wish: MoveEvent, cx: ToolCx| {
                let calendars = Arc::clone(&moves);
                let which = wish.which.clone();
                async move {
                    let (now, said) = (calendars.now(), cx.said);
                    let plan = move |texts: &[String], now: &Zoned| {
                        shift(texts, wish.clone(), now, said.as_deref())
                    };
                    let done = change(&calendars, &now, plan).await?;
                    told(&calendars, done, &which, &now, cx.now).await
                }
            },
        ),
        function(
            "remove_event",
            "Removes an event from the user's calendar. It asks first: call it again with sure once the \
             user has said yes.",
            Effect::Writes,
            with(json!({
                "all": all,
                "sure": {"type": "boolean", "description": "true once the user has said yes."},
            })),
            move |wish: RemoveEvent, cx: ToolCx| {
                let calendars = Arc::clone(&removes);
                let which = wish.which.clone();
                async move {
                    let (now, said) = (calendars.now(), cx.said);
                    let plan = move |texts: &[String], now: &Zoned| {
                        remove(texts, wish.clone(), now, said.as_deref())
                    };
                    let done = change(&calendars, &now, plan).await?;
                    told(&calendars, done, &which, &now, cx.now).await
                }
            },
        ),
    ]
}

/// Carries out `plan` on the user's own calendar; `None` if it has no such event.
async fn change(
    calendars: &Calendars,
    now: &Zoned,
    plan: impl Fn(&[String], &Zoned) -> Result<Option<Plan>, ToolError> + Send + 'static,
) -> Result<Option<ToolOutput>, ToolError> {
    let here = now.clone();
    if let Some(server) = &calendars.settings.calendar.server {
        let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
        let (from, to) =
            (now.start_of_day().map_err(late)?, now.checked_add(AHEAD.days()).map_err(late)?);
        let pages = server.pages(&calendars.web, &from, &to).await;
        let pages = pages
            .map_err(|why| ToolError::Tell(format!("I could not read your calendar: {why}.")))?;
        let texts: Vec<String> = pages.iter().map(|page| page.text.clone()).collect();
        let Some(plan) = aside(move || plan(&texts, &here)).await?? else { return Ok(None) };
        if let Some(text) = &plan.text {
            server.replace(&calendars.web, &pages[plan.file], text).await?;
        }
        return Ok(Some(plan.said));
    }
    let Some(file) = calendars.settings.calendar.file.clone() else { return Ok(None) };
    on_disk(move || {
        let text = text_of(&file)?;
        let Some(plan) = plan(&[text], &here)? else { return Ok(None) };
        if let Some(text) = plan.text {
            replace(&file, &text).map_err(|error| {
                let file = file.display();
                ToolError::Tell(format!("I could not write the calendar {file}: {error}."))
            })?;
        }
        Ok(Some(plan.said))
    })
    .await
}

/// What a change brought; if the event was not found in the user's own file, where it is.
async fn told(
    calendars: &Calendars,
    done: Option<ToolOutput>,
    which: &Which,
    now: &Zoned,
    moment: Moment,
) -> Result<ToolOutput, ToolError> {
    if let Some(done) = done {
        return Ok(done);
    }
    let what = which.about.as_deref().unwrap_or("such event");
    if let (Some(about), Ok(to)) = (&which.about, now.checked_add(AHEAD.days()))
        && let Ok((events, _)) = calendars.events(now, &to, moment).await
        && let Some(event) = events.iter().find(|event| called(event, about))
    {
        let when = with_day(event, now.date());
        let own = calendars.own(now, &to).await.unwrap_or_default();
        return Err(ToolError::Tell(if own.contains(event) {
            format!("I find no {what} then: {} is {when}.", event.title)
        } else {
            say::sentence(&format!(
                "{} {when} is on a calendar that I only read. Change it where it is kept.",
                event.title
            ))
        }));
    }
    Err(ToolError::Tell(format!("I find no {what} on your calendar.")))
}

/// The arguments that say which event is meant.
fn which_arguments() -> Value {
    let text = |about: &str| json!({"type": "string", "maxLength": 100, "description": about});
    json!({
        "about": text("A word of its title: \"dentist\"."),
        "day": text("Its day: today, tomorrow, a weekday; only when said."),
        "date": text("YYYY-MM-DD, for a day that is said as a date."),
        "time": text("HH:MM, 24 hours, when it begins; only when said."),
        "next": {"type": "boolean", "description": "true for the next event."},
    })
}

/// Removes an event; `None` if there is none like that.
fn remove(
    texts: &[String],
    wish: RemoveEvent,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Option<Plan>, ToolError> {
    let Some((file, found)) = find(texts, wish.which, now, said)? else { return Ok(None) };
    let event = &found.event;
    let (what, when) = (&event.title, with_day(event, now.date()));
    let all = wish.all || found.series.is_none();
    let repeats = found.series.is_some();
    if !wish.sure {
        let question = match (repeats, all) {
            (false, _) => format!("Shall I remove {what} {when} from your calendar?"),
            (true, false) => format!("Shall I remove {what} {when}? The other times stay."),
            (true, true) => format!("Shall I remove {what}, with all the times it repeats?"),
        };
        let data = json!({
            "asked": true, "event": data(event), "question": question,
            "next": "Nothing was removed. Call it again with sure set once the user says yes.",
        });
        return Ok(Some(Plan { file, text: None, said: ToolOutput::new(data, question) }));
    }
    let text = edit::removed(&texts[file], &found, all).ok_or_else(unwritten)?;
    let say = match (repeats, all) {
        (false, _) => format!("I removed {what} {when} from your calendar."),
        (true, false) => format!("I removed {what} {when}. The other times stay."),
        (true, true) => format!("I removed {what}, with all the times it repeats."),
    };
    let said = ToolOutput::new(json!({"removed": data(event), "all": all}), say);
    Ok(Some(Plan { file, text: Some(text), said }))
}

/// Moves an event; `None` if there is none like that.
fn shift(
    texts: &[String],
    wish: MoveEvent,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Option<Plan>, ToolError> {
    let Some((file, found)) = find(texts, wish.which.clone(), now, said)? else { return Ok(None) };
    let all = wish.all && found.series.is_some();
    let to = target(&found.event, wish, now, said)?;
    let text = if all {
        let wall = |at: &Zoned| at.with_time_zone(found.zone.clone()).datetime();
        let (from, to) = (wall(&found.event.start), wall(&to.start));
        let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
        let by = from.until((Unit::Day, to)).map_err(late)?;
        let days = from.date().until(to.date()).map_err(late)?.get_days();
        edit::shifted(&texts[file], &found, by, days).ok_or_else(|| {
            ToolError::Tell(format!(
                "{} repeats on several days, and I can move only its time. Change the days in your \
                 calendar program.",
                say::sentence(&found.event.title)
            ))
        })?
    } else {
        edit::moved(&texts[file], &found, &to).ok_or_else(unwritten)?
    };
    let when = with_day(&to, now.date());
    let mut say = say::sentence(&format!("{} is now {when}.", to.title));
    match found.series {
        Some(_) if all => say += " So are all the other times it repeats, by as much.",
        Some(_) => say += " The other times stay.",
        None => {}
    }
    let said = ToolOutput::new(json!({"moved": data(&to), "from": data(&found.event)}), say);
    Ok(Some(Plan { file, text: Some(text), said }))
}

fn unwritten() -> ToolError {
    ToolError::Tell(
        "I can't change that calendar: it is not written as calendars are. Change it in your calendar \
         program."
            .into(),
    )
}

/// The event that is meant, if there is one, and the file that it is in.
fn find(
    texts: &[String],
    mut which: Which,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Option<(usize, Occurrence)>, ToolError> {
    let today = now.date();
    wish::settle_day(&mut which.day, &mut which.date, today)?;
    let date = named(which.date.as_deref(), which.day.as_deref(), today)?;
    let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
    let midnight = |date: Date| date.to_zoned(now.time_zone().clone()).map_err(late);
    let (from, to) = match date {
        Some(date) => (midnight(date)?, midnight(date.tomorrow().map_err(late)?)?),
        None => (now.clone(), now.checked_add(AHEAD.days()).map_err(late)?),
    };
    let mut found: Vec<(usize, Occurrence)> = Vec::new();
    for (file, text) in texts.iter().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let all = ics::occurrences(text, &from, &to)
            .map_err(|why| ToolError::Tell(format!("I could not read your calendar: {why}.")))?;
        found.extend(all.into_iter().map(|one| (file, one)));
    }
    found.sort_by(|(_, a), (_, b)| a.event.start.cmp(&b.event.start));
    if let Some(about) = &which.about {
        found.retain(|(_, one)| called(&one.event, about));
    }
    if let Some(time) = which.time.as_deref().map(clock_time).transpose()? {
        let halves = said.is_some_and(|said| !said::names_half(said));
        let fits = |at: Time| at == time || (halves && at == time.wrapping_add(12.hours()));
        found.retain(|(_, one)| !one.event.all_day && fits(one.event.start.time()));
    }
    // Of an event that repeats, the next time is meant.
    let mut kin: Vec<(usize, Vec<usize>)> = Vec::new();
    found.retain(|(file, one)| {
        let this = (*file, one.kin.clone());
        let new = !kin.contains(&this);
        kin.push(this);
        new
    });
    if which.next {
        found.truncate(1);
    }
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        several => {
            let names = several
                .iter()
                .take(NAMED)
                .map(|(_, one)| format!("{} {}", one.event.title, with_day(&one.event, today)));
            let names = names.collect::<Vec<_>>().join("; ");
            let more = several.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            let first = &several[0].1.event;
            let on = first.start.date();
            let same = several.iter().all(|(_, one)| one.event.start.date() == on);
            let example = match same {
                true => super::clock(first),
                false => say::day_from(first.start.date(), today),
            };
            Err(ToolError::Tell(format!(
                "There are several: {names}{more}. Say which, like: the one {example}."
            )))
        }
    }
}

/// When the event is to be.
fn target(
    event: &Event,
    mut wish: MoveEvent,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Event, ToolError> {
    let today = now.date();
    let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
    let length: Span = event.start.datetime().until(event.end.datetime()).map_err(late)?;
    let mut to = event.clone();
    if let Some(seconds) = wish.add_seconds {
        if event.all_day {
            return Err(ToolError::Tell(format!(
                "{} takes the whole day. To which day or time?",
                say::sentence(&event.title)
            )));
        }
        to.start = event.start.checked_add(seconds.seconds()).map_err(late)?;
    } else {
        wish::settle_day(&mut wish.to_day, &mut wish.to_date, today)?;
        let date = named(wish.to_date.as_deref(), wish.to_day.as_deref(), today)?;
        let time = wish.to_time.as_deref().map(clock_time).transpose()?;
        if date.is_none() && time.is_none() {
            return Err(ToolError::Tell("To what day or time?".into()));
        }
        let morning = said.is_none_or(said::names_morning);
        let time = time.map(|time| {
            let afternoon = !morning && (1..7).contains(&time.hour());
            if afternoon { time.wrapping_add(12.hours()) } else { time }
        });
        let date = date.unwrap_or_else(|| event.start.date());
        let clock = time.unwrap_or_else(|| event.start.time());
        to.all_day = event.all_day && time.is_none();
        to.start = date.to_datetime(clock).to_zoned(now.time_zone().clone()).map_err(late)?;
    }
    let over = if to.all_day { to.start.date() < today } else { to.start < *now };
    if over {
        return Err(ToolError::Tell("That time is over already. Say another one.".into()));
    }
    let end = to.start.datetime().checked_add(length).map_err(late)?;
    to.end = end.to_zoned(now.time_zone().clone()).map_err(late)?;
    Ok(to)
}

/// The day that was said, if one was.
fn named(date: Option<&str>, name: Option<&str>, today: Date) -> Result<Option<Date>, ToolError> {
    let found = match (date, name) {
        (Some(text), _) => day::date(text, today, false),
        (None, Some(name)) => day::day(name, today),
        (None, None) => return Ok(None),
    };
    found.map(Some).ok_or_else(|| ToolError::Tell("I don't know that day. Which one?".into()))
}
