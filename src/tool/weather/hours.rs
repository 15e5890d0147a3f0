//! The weather by the hour: at a time of day, when rain begins or ends, the next hours.

use jiff::ToSpan;
use jiff::civil::{DateTime, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::forecast::{Forecast, Hour};
use super::place::Place;
use super::words::{Wanted, data, degrees, missing, rain, sky, tenth};
use crate::tool::{ToolError, ToolOutput, Units, day, say};

/// From this chance on an hour counts as rainy, in percent.
const LIKELY: f64 = 50.0;
/// The hours of "hour by hour", and how many of them are said.
const AHEAD: usize = 12;
const STEP: usize = 3;

fn is_wet(hour: &Hour) -> bool {
    match hour.rain_chance {
        Some(chance) => chance >= LIKELY,
        None => hour.code.is_some_and(falls),
    }
}

/// Whether a WMO code means that something falls from the sky.
fn falls(code: u32) -> bool {
    code >= 51
}

/// What is asked of the hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hourly {
    RainBegins,
    RainEnds,
    All,
}

/// "At 5 PM in Paris expect 12 degrees and light rain, with an 80 percent chance of rain."
///
/// With an open half of the day, it is the next such time, or on another day the one at which people
/// are up.
pub(crate) fn at(
    place: &Place,
    forecast: &Forecast,
    (time, open): (Time, bool),
    wanted: Wanted,
    units: Units,
) -> Result<ToolOutput, ToolError> {
    let now = forecast.here.ok_or_else(|| missing("single hours"))?;
    let evening = time.wrapping_add(12.hours());
    let open = open && (1..=12).contains(&time.hour());
    let date = match wanted {
        Wanted::Now => now.date(),
        Wanted::Today => now.date(),
        Wanted::Tomorrow => now.date().tomorrow().map_err(|_| missing("tomorrow"))?,
        Wanted::On(weekday) => day::day(say::weekday(weekday), now.date())
            .ok_or_else(|| missing(say::weekday(weekday)))?,
        Wanted::Date(date) => date,
        Wanted::Weekend => {
            return Err(ToolError::Tell("Saturday, or Sunday? Ask for one of the days.".into()));
        }
    };
    let time = match (date == now.date(), open) {
        (true, true) if date.to_datetime(time) < now => evening,
        (false, true) if (1..7).contains(&time.hour()) => evening,
        _ => time,
    };
    let mut moment = date.to_datetime(time);
    // What is over today is meant for tomorrow, unless today was said.
    if moment < now.saturating_sub(1.hour()) && wanted == Wanted::Now {
        moment = moment.checked_add(1.day()).map_err(|_| missing("tomorrow"))?;
    }
    let hour = forecast
        .hours
        .iter()
        .rev()
        .find(|hour| hour.at <= moment)
        .ok_or_else(|| missing("that hour"))?;
    let day = match moment.date() == now.date() {
        true => String::new(),
        false => format!(" {}", say::day_from(moment.date(), now.date())),
    };
    let mut say = format!(
        "At {}{day} in {} expect {}",
        say::clock(moment.time()),
        place.spoken(),
        degrees(hour.temperature)
    );
    if let Some(sky) = hour.code.and_then(sky) {
        say.push_str(&format!(" and {sky}"));
    }
    if let Some(chance) = hour.rain_chance {
        say.push_str(&format!(", with {}", rain(chance, hour.code)));
    }
    say.push('.');
    let mut data = data(place, forecast, units);
    data["hour"] = as_data(hour);
    Ok(ToolOutput::new(data, say))
}

/// The answer about the coming hours.
pub(crate) fn tell(
    place: &Place,
    forecast: &Forecast,
    what: Hourly,
    units: Units,
) -> Result<ToolOutput, ToolError> {
    let now = forecast.here.ok_or_else(|| missing("single hours"))?;
    let name = place.spoken();
    // The hour that has begun counts.
    let coming: Vec<&Hour> =
        forecast.hours.iter().filter(|hour| hour.at > now.saturating_sub(1.hour())).collect();
    if coming.is_empty() {
        return Err(missing("single hours"));
    }
    let raining = match forecast.now.and_then(|now| now.code) {
        Some(code) => falls(code),
        None => is_wet(coming[0]),
    };
    let day = |at: DateTime| say::day_from(at.date(), now.date());
    let when = |at: DateTime| format!("{} {}", say::clock(at.time()), day(at));
    let last = || coming.last().map(|hour| day(hour.at)).unwrap_or_default();
    let say = match what {
        Hourly::RainBegins if raining => {
            format!("It's already {} in {name}.", falling(forecast.now.and_then(|now| now.code)))
        }
        Hourly::RainBegins => match coming.iter().find(|hour| is_wet(hour)) {
            Some(hour) => {
                format!("In {name} {} is likely from {} on.", kind(hour.code), when(hour.at))
            }
            None => {
                format!("No rain is likely in {name} up to {}.", last().trim_start_matches("on "))
            }
        },
        Hourly::RainEnds if !raining => format!("It isn't raining in {name} now."),
        Hourly::RainEnds => match coming.iter().skip(1).find(|hour| !is_wet(hour)) {
            Some(hour) => format!("In {name} it should stop around {}.", when(hour.at)),
            None => format!("In {name} it may go on until {}.", last().trim_start_matches("on ")),
        },
        Hourly::All => {
            let told: Vec<String> = coming
                .iter()
                .take(AHEAD)
                .step_by(STEP)
                .map(|hour| {
                    let sky = hour.code.and_then(sky).map(|sky| format!(" and {sky}"));
                    format!(
                        "at {} {}{}",
                        say::clock(hour.at.time()),
                        degrees(hour.temperature),
                        sky.unwrap_or_default()
                    )
                })
                .collect();
            format!("In {name}: {}.", told.join("; "))
        }
    };
    let mut data = data(place, forecast, units);
    data["hours"] = coming.iter().take(AHEAD).map(|hour| as_data(hour)).collect();
    Ok(ToolOutput::new(data, say))
}

/// "rain" or "snow".
fn kind(code: Option<u32>) -> &'static str {
    match code {
        Some(71..=77 | 85 | 86) => "snow",
        Some(_) | None => "rain",
    }
}

fn falling(code: Option<u32>) -> &'static str {
    match kind(code) {
        "snow" => "snowing",
        _ => "raining",
    }
}

pub(super) fn as_data(hour: &Hour) -> Value {
    json!({
        "at": hour.at.to_string(),
        "temperature": tenth(hour.temperature),
        "conditions": hour.code.and_then(sky),
        "rain_chance_percent": hour.rain_chance,
    })
}
