//! `get_time` and `get_date`.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use serde::Deserialize;
use serde_json::json;

use super::weather::{PlaceError, Places, is_here};
use super::zone::{self, Found};
use super::{Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

#[derive(Deserialize)]
struct GetTime {
    location: Option<String>,
}

#[derive(Deserialize)]
struct GetDate {
    day: Option<String>,
}

pub(crate) fn tools(settings: &Arc<Settings>, places: &Arc<Places>) -> [Arc<dyn Tool>; 2] {
    let time = {
        let (settings, places) = (Arc::clone(settings), Arc::clone(places));
        function(
            "get_time",
            "Tells the clock time, here or in a place.",
            Effect::Reads,
            arguments(
                &[],
                json!({"location": {
                    "type": "string", "maxLength": 100,
                    "description": "A city or country, only when said; without it the time here.",
                }}),
            ),
            move |arguments: GetTime, cx| {
                get_time(Arc::clone(&settings), Arc::clone(&places), arguments, cx)
            },
        )
    };
    let settings = Arc::clone(settings);
    let date = function(
        "get_date",
        "Tells the date or the day of the week.",
        Effect::Reads,
        arguments(
            &[],
            json!({"day": {
                "type": "string",
                "enum": ["today", "tomorrow", "yesterday", "monday", "tuesday", "wednesday",
                    "thursday", "friday", "saturday", "sunday"],
                "description": "Only when said; a weekday is the next one, today included.",
            }}),
        ),
        move |arguments: GetDate, _| {
            let here = settings.wall.now().to_zoned(settings.zone().clone());
            async move { get_date(&here, arguments.day.as_deref()) }
        },
    );
    [time, date]
}

async fn get_time(
    settings: Arc<Settings>,
    places: Arc<Places>,
    arguments: GetTime,
    cx: ToolCx,
) -> Result<ToolOutput, ToolError> {
    let now = settings.wall.now();
    let here = now.to_zoned(settings.zone().clone());
    let location = arguments.location.as_deref().map(str::trim).filter(|place| !is_here(place));
    let Some(location) = location else {
        return Ok(ToolOutput::new(time_data(&here), format!("It's {}.", say::clock(here.time()))));
    };
    // The first look into the database reads a folder of some 600 files: about 50 ms.
    let name = location.to_owned();
    let found = match tokio::task::spawn_blocking(move || zone::find(&name)).await.ok().flatten() {
        Some(found) => found,
        None => by_service(&places, location, &cx).await?,
    };
    let there = now.to_zoned(found.zone.clone());
    let mut data = time_data(&there);
    data["location"] = json!(found.name);
    let day = if there.date() == here.date() {
        String::new()
    } else {
        format!(" on {}", say::weekday(there.weekday()))
    };
    let clock = say::clock(there.time());
    let say = match found.of {
        Some(country) => {
            format!("{country} has several time zones. In {} it's {clock}{day}.", found.name)
        }
        None => format!("In {} it's {clock}{day}.", found.name),
    };
    Ok(ToolOutput::new(data, say))
}

/// The zone of a place that only the place search of the weather service knows.
async fn by_service(places: &Places, location: &str, cx: &ToolCx) -> Result<Found, ToolError> {
    let place = match places.find(location, cx.now).await {
        Ok(place) => place,
        Err(PlaceError::Unknown(text)) => return Err(ToolError::Tell(text)),
        Err(PlaceError::Web(error)) => {
            return Err(ToolError::Tell(format!(
                "I do not know the time zone of {location} myself, and {} Try a large city nearby.",
                error.tell("the place search")
            )));
        }
    };
    let name = place.name.clone();
    match place.timezone.as_deref().map(TimeZone::get) {
        Some(Ok(zone)) => Ok(Found { zone, name, of: None }),
        Some(Err(_)) | None => Err(ToolError::Tell(format!(
            "I found {name}, but not its time zone. Try a large city nearby."
        ))),
    }
}

fn time_data(there: &Zoned) -> serde_json::Value {
    json!({
        "time": there.strftime("%H:%M").to_string(),
        "date": there.date().to_string(),
        "weekday": say::weekday(there.weekday()).to_lowercase(),
        "zone": there.time_zone().iana_name(),
        "utc_offset": there.offset().to_string(),
    })
}

fn get_date(here: &Zoned, day: Option<&str>) -> Result<ToolOutput, ToolError> {
    let today = here.date();
    let off = |days: i32| {
        today
            .checked_add(days.days())
            .map_err(|_| ToolError::Tell("That is further off than the calendar goes.".into()))
    };
    let (date, say) = match day.map(str::to_lowercase).as_deref() {
        None | Some("today") => {
            (today, format!("Today is {}, {}.", say::date(today), today.year()))
        }
        Some("tomorrow") => (off(1)?, format!("Tomorrow is {}.", say::date(off(1)?))),
        Some("yesterday") => (off(-1)?, format!("Yesterday was {}.", say::date(off(-1)?))),
        Some(name) => {
            let Some(weekday) = say::weekday_named(name) else {
                return Err(ToolError::Tell(format!("I do not know the day {name}.")));
            };
            let date = off(i32::from(today.weekday().until(weekday)))?;
            let say = if date == today {
                format!("That is today, {}.", say::date(date))
            } else {
                format!("The next {} is {}.", say::weekday(weekday), say::month_day(date))
            };
            (date, say)
        }
    };
    let weekday = say::weekday(date.weekday()).to_lowercase();
    Ok(ToolOutput::new(json!({"date": date.to_string(), "weekday": weekday}), say))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_said_with_their_weekday() {
        let here: Zoned = "2026-11-03T15:42:00+00:00[UTC]".parse().unwrap();
        let cases = [
            (None, "2026-11-03", "Today is Tuesday, November 3rd, 2026."),
            (Some("today"), "2026-11-03", "Today is Tuesday, November 3rd, 2026."),
            (Some("tomorrow"), "2026-11-04", "Tomorrow is Wednesday, November 4th."),
            (Some("yesterday"), "2026-11-02", "Yesterday was Monday, November 2nd."),
            (Some("friday"), "2026-11-06", "The next Friday is November 6th."),
            (Some("monday"), "2026-11-09", "The next Monday is November 9th."),
            (Some("tuesday"), "2026-11-03", "That is today, Tuesday, November 3rd."),
        ];
        for (day, date, words) in cases {
            let output = get_date(&here, day).unwrap();
            assert_eq!((output.data["date"].as_str().unwrap(), output.say.as_str()), (date, words));
        }
    }
}
