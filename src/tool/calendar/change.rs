//! `move_event` and `remove_event`: changes of the user's own file.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::{Span, ToSpan, Zoned};
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit;
use super::ics::{self, Event, Occurrence};
use super::{AHEAD, Calendars, called, data, text_of, with_day};
use crate::base::Moment;
use crate::dialog::Effect;
use crate::tool::alarm_days::clock_time;
use crate::tool::disk::{on_disk, replace};
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
}

/// `move_event` and `remove_event`.
pub(super) fn tools(calendars: &Arc<Calendars>, file: &Path) -> [Arc<dyn Tool>; 2] {
    let with = |more: Value| {
        let mut all = which_arguments();
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        arguments(&[], all)
    };
    let text = |about: &str| json!({"type": "string", "maxLength": 100, "description": about});
    let (moves, removes) = (Arc::clone(calendars), Arc::clone(calendars));
    let (from, of) = (file.to_owned(), file.to_owned());
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
            })),
            move |wish: MoveEvent, cx: ToolCx| {
                let (calendars, file) = (Arc::clone(&moves), from.clone());
                async move {
                    let (now, which) = (calendars.now(), wish.which.clone());
                    let done = on_disk({
                        let now = now.clone();
                        move || shift(&file, wish, &now, cx.said.as_deref())
                    });
                    told(&calendars, done.await?, &which, &now, cx.now).await
                }
            },
        ),
        function(
            "remove_event",
            "Removes an event from the user's calendar. It asks first: call it again with sure once the \
             user has said yes.",
            Effect::Writes,
            with(json!({
                "all": {"type": "boolean", "description": "true for all times of an event that repeats."},
                "sure": {"type": "boolean", "description": "true once the user has said yes."},
            })),
            move |wish: RemoveEvent, cx: ToolCx| {
                let (calendars, file) = (Arc::clone(&removes), of.clone());
                async move {
                    let (now, which) = (calendars.now(), wish.which.clone());
                    let done = on_disk({
                        let now = now.clone();
                        move || remove(&file, wish, &now, cx.said.as_deref())
                    });
                    told(&calendars, done.await?, &which, &now, cx.now).await
                }
            },
        ),
    ]
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
        let own = calendars.settings.calendar.file.as_deref().map(text_of).transpose()?;
        let own = own.and_then(|text| ics::events(&text, now, &to).ok()).unwrap_or_default();
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

/// Removes an event from `file`; `None` if it is not there.
fn remove(
    file: &Path,
    wish: RemoveEvent,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Option<ToolOutput>, ToolError> {
    let text = text_of(file)?;
    let Some(found) = find(&text, wish.which, now, said)? else { return Ok(None) };
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
        return Ok(Some(ToolOutput::new(data, question)));
    }
    write(file, edit::removed(&text, &found, all))?;
    let say = match (repeats, all) {
        (false, _) => format!("I removed {what} {when} from your calendar."),
        (true, false) => format!("I removed {what} {when}. The other times stay."),
        (true, true) => format!("I removed {what}, with all the times it repeats."),
    };
    Ok(Some(ToolOutput::new(json!({"removed": data(event), "all": all}), say)))
}

/// Moves an event of `file`; `None` if it is not there.
fn shift(
    file: &Path,
    wish: MoveEvent,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Option<ToolOutput>, ToolError> {
    let text = text_of(file)?;
    let Some(found) = find(&text, wish.which.clone(), now, said)? else { return Ok(None) };
    let to = target(&found.event, wish, now, said)?;
    write(file, edit::moved(&text, &found, &to))?;
    let when = with_day(&to, now.date());
    let mut say = say::sentence(&format!("{} is now {when}.", to.title));
    if found.series.is_some() {
        say += " The other times stay.";
    }
    Ok(Some(ToolOutput::new(json!({"moved": data(&to), "from": data(&found.event)}), say)))
}

fn write(file: &Path, text: Option<String>) -> Result<(), ToolError> {
    let file_name = file.display();
    let Some(text) = text else {
        return Err(ToolError::Tell(format!(
            "I can't change {file_name}: it is not written as calendars are. Change it in your \
             calendar program."
        )));
    };
    replace(file, &text).map_err(|error| {
        ToolError::Tell(format!("I could not write the calendar {file_name}: {error}."))
    })
}

/// The event that is meant, if there is one.
fn find(
    text: &str,
    mut which: Which,
    now: &Zoned,
    said: Option<&str>,
) -> Result<Option<Occurrence>, ToolError> {
    let today = now.date();
    wish::settle_day(&mut which.day, &mut which.date, today)?;
    let date = named(which.date.as_deref(), which.day.as_deref(), today)?;
    let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
    let midnight = |date: Date| date.to_zoned(now.time_zone().clone()).map_err(late);
    let (from, to) = match date {
        Some(date) => (midnight(date)?, midnight(date.tomorrow().map_err(late)?)?),
        None => (now.clone(), now.checked_add(AHEAD.days()).map_err(late)?),
    };
    let mut found = if text.trim().is_empty() {
        Vec::new()
    } else {
        ics::occurrences(text, &from, &to)
            .map_err(|why| ToolError::Tell(format!("I could not read your calendar: {why}.")))?
    };
    if let Some(about) = &which.about {
        found.retain(|one| called(&one.event, about));
    }
    if let Some(time) = which.time.as_deref().map(clock_time).transpose()? {
        let halves = said.is_some_and(|said| !said::names_half(said));
        let fits = |at: Time| at == time || (halves && at == time.wrapping_add(12.hours()));
        found.retain(|one| !one.event.all_day && fits(one.event.start.time()));
    }
    // Of an event that repeats, the next time is meant.
    let mut kin: Vec<Vec<usize>> = Vec::new();
    found.retain(|one| {
        let new = !kin.contains(&one.kin);
        kin.push(one.kin.clone());
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
                .map(|one| format!("{} {}", one.event.title, with_day(&one.event, today)));
            let names = names.collect::<Vec<_>>().join("; ");
            let more = several.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            let first = &several[0].event;
            let same = several.iter().all(|one| one.event.start.date() == first.start.date());
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
