//! `convert_time`: a clock time of one place in another, and how far apart their clocks are.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Deserialize;
use serde_json::json;

use super::alarm_days::clock_time;
use super::clock::zone_of;
use super::weather::{Places, is_here};
use super::{Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

#[derive(Deserialize)]
struct Wish {
    time: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// A zone and what it is called: "London", or nothing for the one here.
struct Zone {
    zone: TimeZone,
    name: Option<String>,
}

pub(crate) fn tool(settings: &Arc<Settings>, places: &Arc<Places>) -> Arc<dyn Tool> {
    let place = |text: &str| json!({"type": "string", "maxLength": 100, "description": text});
    let (settings, places) = (Arc::clone(settings), Arc::clone(places));
    function(
        "convert_time",
        "Tells what time it is in one place when it is a certain time in another, or without a time \
         how many hours lie between the two.",
        Effect::Reads,
        arguments(
            &[],
            json!({
                "time": {
                    "type": "string", "maxLength": 5, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                    "description": "HH:MM, 24 hours, in the first place.",
                },
                "from": place("The city or country of the time, only when said; without it here."),
                "to": place("The other city or country, only when said; without it here."),
            }),
        ),
        move |wish: Wish, cx| {
            let (settings, places) = (Arc::clone(&settings), Arc::clone(&places));
            async move {
                let now = settings.wall.now();
                let from = there(&settings, &places, wish.from.as_deref(), &cx).await?;
                let to = there(&settings, &places, wish.to.as_deref(), &cx).await?;
                match wish.time {
                    Some(time) => converted(now, &time, &from, &to),
                    None => difference(now, &from, &to),
                }
            }
        },
    )
}

async fn there(
    settings: &Settings,
    places: &Places,
    name: Option<&str>,
    cx: &ToolCx,
) -> Result<Zone, ToolError> {
    match name.map(str::trim).filter(|name| !is_here(name)) {
        None => Ok(Zone { zone: settings.zone(), name: None }),
        Some(name) => {
            let found = zone_of(places, name, cx).await?;
            Ok(Zone { zone: found.zone, name: Some(found.name) })
        }
    }
}

fn converted(now: Timestamp, time: &str, from: &Zone, to: &Zone) -> Result<ToolOutput, ToolError> {
    let time = clock_time(time)?;
    let today = now.to_zoned(from.zone.clone()).date();
    let then: Zoned = today
        .to_datetime(time)
        .to_zoned(from.zone.clone())
        .map_err(|_| ToolError::Tell("That is further off than the calendar goes.".into()))?;
    let other = then.with_time_zone(to.zone.clone());
    let day = match (other.date() - then.date()).get_days() {
        0 => "",
        1 => " the next day",
        _ => " the day before",
    };
    let say = format!(
        "When it's {} {}, it's {}{day} {}.",
        say::clock(then.time()),
        place(from),
        say::clock(other.time()),
        place(to)
    );
    let data = json!({
        "from": then.strftime("%F %H:%M").to_string(), "to": other.strftime("%F %H:%M").to_string(),
    });
    Ok(ToolOutput::new(data, say))
}

fn difference(now: Timestamp, from: &Zone, to: &Zone) -> Result<ToolOutput, ToolError> {
    let offset = |there: &Zone| there.zone.to_offset(now).seconds();
    let apart = offset(from) - offset(to);
    let (first, second) = match (&from.name, &to.name) {
        // "It is" would be strange of the place one is in.
        (None, Some(_)) => (to, from),
        (_, _) => (from, to),
    };
    let apart = if from.name.is_none() && to.name.is_some() { -apart } else { apart };
    let name = |there: &Zone| there.name.clone().unwrap_or_else(|| "here".into());
    let say = match (name(first), name(second), apart) {
        (a, b, _) if a == b => return Err(ToolError::Tell("Between which places?".into())),
        (a, b, 0) if b == "here" => format!("{a} has the same time as here."),
        (a, b, 0) => format!("{a} and {b} have the same time."),
        (a, b, apart) => {
            let span = say::span(u64::from(apart.unsigned_abs()));
            let word = if apart > 0 { "ahead of" } else { "behind" };
            format!("{a} is {span} {word} {b}.")
        }
    };
    Ok(ToolOutput::new(json!({"hours": f64::from(apart) / 3600.0}), say))
}

fn place(there: &Zone) -> String {
    there.name.as_ref().map_or_else(|| "here".into(), |name| format!("in {name}"))
}
