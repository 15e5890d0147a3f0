//! One aspect of the weather, several days, and two places compared.

use serde::Deserialize;
use serde_json::json;

use super::forecast::{Day, Forecast};
use super::place::Place;
use super::words::{Wanted, data, days, degrees, missing, rain, sky, speed, tenth, whole};
use crate::tool::{ToolError, ToolOutput, Units, say};

/// From this chance on rain is mentioned in a forecast of several days, in percent.
const WORTH_SAYING: f64 = 30.0;

/// The requested aspect, if it is a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Temperature,
    Humidity,
    Wind,
    Uv,
    Rain,
    FeelsLike,
    Sunrise,
    Sunset,
    AirQuality,
    Pollen,
}

impl What {
    /// Additional daily values to request from the service.
    pub(crate) fn daily(self) -> &'static str {
        match self {
            Self::Temperature | Self::Wind | Self::Rain | Self::AirQuality | Self::Pollen => "",
            Self::Humidity => "relative_humidity_2m_mean",
            Self::Uv => "uv_index_max",
            Self::FeelsLike => "apparent_temperature_max,apparent_temperature_min",
            Self::Sunrise | Self::Sunset => "sunrise,sunset",
        }
    }
}

/// The answer about `what` alone.
pub(crate) fn tell(
    place: &Place,
    forecast: &Forecast,
    what: What,
    wanted: Wanted,
    units: Units,
) -> Result<ToolOutput, ToolError> {
    let name = place.spoken();
    let now = forecast.now.filter(|_| wanted == Wanted::Now);
    let at_once = now.and_then(|now| match what {
        What::Humidity => {
            Some(format!("The humidity in {name} is {} percent.", whole(now.humidity?)))
        }
        What::Wind => Some(format!("The wind in {name} is {}.", speed(now.wind?, units))),
        What::FeelsLike => Some(format!("In {name} it feels like {}.", degrees(now.feels?))),
        What::Temperature => Some(format!("In {name} it's {}.", degrees(now.temperature))),
        What::Uv | What::Rain | What::Sunrise | What::Sunset | What::AirQuality | What::Pollen => {
            None
        }
    });
    let say = match at_once {
        Some(say) => say,
        None => {
            let days = days(forecast, wanted)?;
            let said: Option<Vec<String>> =
                days.iter().map(|(when, day)| of_day(&name, when, day, what, units)).collect();
            said.ok_or_else(|| missing(words(what)))?.join(" ")
        }
    };
    let mut data = data(place, forecast, units);
    if what == What::Rain {
        for (number, day) in forecast.days.iter().enumerate() {
            data["days"][number]["rain"] = json!(day.rain.map(tenth));
        }
        data["units"]["rain"] = json!(match units {
            Units::Metric => "mm",
            Units::Us => "inch",
        });
    }
    Ok(ToolOutput::new(data, say))
}

fn words(what: What) -> &'static str {
    match what {
        What::Temperature => "the temperature",
        What::Humidity => "the humidity of that day",
        What::Wind => "the wind",
        What::Uv => "the UV index",
        What::Rain => "rain",
        What::FeelsLike => "what it feels like",
        What::Sunrise => "sunrise",
        What::Sunset => "sunset",
        What::AirQuality => "the air",
        What::Pollen => "pollen",
    }
}

/// "Tomorrow the UV index in Paris goes up to 6, which is high."
fn of_day(place: &str, when: &str, day: &Day, what: What, units: Units) -> Option<String> {
    let text = match what {
        What::Temperature => {
            format!(
                "{when} in {place} expect a high of {} and a low of {}.",
                whole(day.high),
                degrees(day.low)
            )
        }
        What::Humidity => {
            format!("{when} the humidity in {place} is around {} percent.", whole(day.humidity?))
        }
        What::Wind => format!("{when} in {place} expect wind up to {}.", speed(day.wind?, units)),
        What::Uv => {
            let uv = day.uv?;
            format!(
                "{when} the UV index in {place} goes up to {}, which is {}.",
                whole(uv),
                burn(uv)
            )
        }
        What::Rain => {
            let chance = day.rain_chance.map(|chance| rain(chance, day.code));
            match (chance, day.rain) {
                (None, None) => return None,
                (Some(chance), None) => format!("{when} in {place} there's {chance}."),
                (Some(chance), Some(depth)) => {
                    format!("{when} in {place} there's {chance}, and {}.", fallen(depth, units))
                }
                (None, Some(depth)) => {
                    format!("{when} in {place} expect {}.", fallen(depth, units))
                }
            }
        }
        What::FeelsLike => {
            let (high, low) = day.feels?;
            format!("{when} in {place} it feels like {} to {}.", whole(low), degrees(high))
        }
        What::Sunrise => {
            format!("{when} the sun rises in {place} at {}.", say::clock(day.sunrise?))
        }
        What::Sunset => format!("{when} the sun sets in {place} at {}.", say::clock(day.sunset?)),
        // Told by `air`.
        What::AirQuality | What::Pollen => return None,
    };
    Some(say::sentence(&text))
}

/// "about 4 millimeters of water", for rain and melted snow alike.
fn fallen(depth: f64, units: Units) -> String {
    let (rounded, one, many) = match units {
        Units::Metric => (depth.round(), "millimeter", "millimeters"),
        Units::Us => ((depth * 10.0).round() / 10.0, "inch", "inches"),
    };
    if rounded == 0.0 {
        return "hardly any of it".into();
    }
    let unit = if rounded == 1.0 { one } else { many };
    format!("about {} {unit} of it", say::number(rounded).0)
}

/// The World Health Organization's names for UV indexes.
fn burn(uv: f64) -> &'static str {
    match uv.round() {
        uv if uv < 3.0 => "low",
        uv if uv < 6.0 => "moderate",
        uv if uv < 8.0 => "high",
        uv if uv < 11.0 => "very high",
        _ => "extreme",
    }
}

/// "In Paris, today: light rain, 9 to 17 degrees. Wednesday: …"
pub(crate) fn several(
    place: &Place,
    forecast: &Forecast,
    count: u32,
    units: Units,
) -> Result<ToolOutput, ToolError> {
    let days = forecast.days.iter().take(count as usize).enumerate();
    let said: Vec<String> = days
        .map(|(number, day)| {
            let weekday = say::weekday(day.date.weekday());
            // A week away, the weekday alone would mean another day.
            let when = match number {
                0 => format!("In {}, today", place.spoken()),
                1..7 => weekday.to_owned(),
                _ => format!("{weekday}, {}", say::month_day(day.date)),
            };
            let sky = day.code.and_then(sky).map(|sky| format!("{sky}, ")).unwrap_or_default();
            let chance = day.rain_chance.filter(|chance| *chance >= WORTH_SAYING);
            let chance = chance.map(|chance| format!(", {}", rain(chance, day.code)));
            format!(
                "{when}: {sky}{} to {}{}.",
                whole(day.low),
                degrees(day.high),
                chance.unwrap_or_default()
            )
        })
        .collect();
    if said.is_empty() {
        return Err(missing("those days"));
    }
    Ok(ToolOutput::new(data(place, forecast, units), said.join(" ")))
}

/// "London is warmer: 14 degrees, and 11 degrees in Paris."
pub(crate) fn compare(
    both: [(&Place, &Forecast); 2],
    what: What,
    wanted: Wanted,
    units: Units,
) -> Result<ToolOutput, ToolError> {
    let measured: Option<Vec<f64>> =
        both.iter().map(|(_, forecast)| measure(forecast, what, wanted)).collect();
    let measured = measured.ok_or_else(|| missing(words(what)))?;
    let (more, shown): (_, fn(f64, Units) -> String) = match what {
        What::Temperature | What::FeelsLike => ("warmer", |value, _| degrees(value)),
        What::Humidity => ("more humid", |value, _| format!("{} percent", whole(value))),
        What::Wind => ("windier", speed),
        What::Uv => ("sunnier", |value, _| format!("a UV index of {}", whole(value))),
        What::Rain => ("likelier to get rain", |value, _| format!("{} percent", whole(value))),
        What::AirQuality | What::Pollen => return Err(missing(words(what))),
        What::Sunrise | What::Sunset => {
            return Err(ToolError::Tell("I can't compare the sun of two places yet.".into()));
        }
    };
    let names = both.map(|(place, _)| place.spoken());
    let when = match wanted {
        Wanted::Now => String::new(),
        Wanted::Today | Wanted::Tomorrow | Wanted::On(_) | Wanted::Weekend | Wanted::Date(_) => {
            let day = days(both[0].1, wanted)?.swap_remove(0).0;
            format!("{} ", say::sentence(&day))
        }
    };
    let (first, second) = (shown(measured[0], units), shown(measured[1], units));
    let (ahead, behind) = if measured[0] >= measured[1] { (0, 1) } else { (1, 0) };
    let say = if first == second {
        format!("{when}{} and {} are alike: {first}.", names[0], names[1])
    } else {
        let (ahead_shown, behind_shown) =
            if ahead == 0 { (first, second) } else { (second, first) };
        format!(
            "{when}{} is {more}: {ahead_shown}, and {behind_shown} in {}.",
            names[ahead], names[behind]
        )
    };
    let data = json!([data(both[0].0, both[0].1, units), data(both[1].0, both[1].1, units)]);
    Ok(ToolOutput::new(data, say))
}

/// The number by which places are compared.
fn measure(forecast: &Forecast, what: What, wanted: Wanted) -> Option<f64> {
    let now = forecast.now.filter(|_| wanted == Wanted::Now);
    let at_once = now.and_then(|now| match what {
        What::Temperature => Some(now.temperature),
        What::FeelsLike => now.feels,
        What::Humidity => now.humidity,
        What::Wind => now.wind,
        What::Uv | What::Rain | What::Sunrise | What::Sunset | What::AirQuality | What::Pollen => {
            None
        }
    });
    at_once.or_else(|| {
        let day = days(forecast, wanted).ok()?.swap_remove(0).1;
        match what {
            What::Temperature => Some(day.high),
            What::FeelsLike => day.feels.map(|(high, _)| high),
            What::Humidity => day.humidity,
            What::Wind => day.wind,
            What::Uv => day.uv,
            What::Rain => day.rain_chance,
            What::Sunrise | What::Sunset | What::AirQuality | What::Pollen => None,
        }
    })
}
