//! The weather, from Open-Meteo: places by name, then a forecast, then a sentence.
//!
//! ```text
//! location ─▶ Places (geocoding, cached) ─▶ Forecast ─▶ words ─▶ "In Paris it's 14 degrees …"
//! ```
//!
//! **Invariant:** both services together answer within the deadline of a tool call or are given up.
//! **Invariant:** no TLS is set up before the first encrypted request.
//! **Invariant:** answers are in the units that the service declares, converted if they are not the
//! requested ones; days are those of the place, never of this machine's clock.

mod air;
mod aspect;
mod forecast;
mod hours;
mod part;
mod place;
mod words;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

pub(crate) use place::{PlaceError, Places};

use super::alarm_days::clock_time;
use super::said::names_half;
use super::{Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;
use air::Air;
use aspect::What;
use forecast::{Forecast, MOST_DAYS, More};
use hours::Hourly;
use part::Part;
use place::Place;
use words::Wanted;

#[derive(Deserialize)]
struct Arguments {
    location: Option<String>,
    day: Option<String>,
    date: Option<String>,
    what: Option<What>,
    days: Option<u32>,
    compare: Option<String>,
    hour: Option<String>,
    hourly: Option<Hourly>,
}

/// `get_weather`.
pub(crate) fn tool(settings: &Arc<Settings>, places: &Arc<Places>) -> Arc<dyn Tool> {
    let (settings, places) = (Arc::clone(settings), Arc::clone(places));
    function(
        "get_weather",
        "Tells the weather outside: temperature, sky, wind, rain, the air and its pollen, and the \
         forecast for the next week. Also for questions such as whether to take an umbrella.",
        Effect::Reads,
        arguments(
            &[],
            json!({
                "location": {
                    "type": "string", "maxLength": 100,
                    "description": "A place, only when said; \"Paris\", or \"Paris, Texas\" where it \
                        has to be told apart. Without it the weather at home.",
                },
                "day": {
                    "type": "string", "maxLength": 40,
                    "description": "today, tomorrow, a weekday, weekend, or \"in 3 days\"; only \
                        when said. Tonight is today. Without it the weather now.",
                },
                "date": {
                    "type": "string", "maxLength": 40,
                    "description": "YYYY-MM-DD, MM-DD or DD, for a day that is said as a date.",
                },
                "what": {
                    "type": "string",
                    "enum": ["temperature", "humidity", "wind", "uv", "rain", "feels_like",
                        "sunrise", "sunset", "air_quality", "pollen"],
                    "description": "The one thing that is asked for, if it is one of these.",
                },
                "days": {
                    "type": "integer", "minimum": 2, "maximum": MOST_DAYS,
                    "description": "How many days from today on, for a forecast of several days.",
                },
                "compare": {
                    "type": "string", "maxLength": 100,
                    "description": "A second place, to be compared with the first.",
                },
                "hour": {
                    "type": "string", "maxLength": 5, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                    "description": "HH:MM, 24 hours, only when the weather at that time is asked for.",
                },
                "hourly": {
                    "type": "string", "enum": ["rain_begins", "rain_ends", "all"],
                    "description": "When rain begins or ends, or the next hours one by one.",
                },
            }),
        ),
        move |arguments: Arguments, cx| {
            weather(Arc::clone(&settings), Arc::clone(&places), arguments, cx)
        },
    )
}

/// Whether a "place" only means the current location.
pub(crate) fn is_here(place: &str) -> bool {
    let place = super::zone::fold(place);
    let place = place.strip_prefix("in ").or(place.strip_prefix("at ")).unwrap_or(&place);
    let own = ["my ", "our ", "this ", "the local "].iter().find_map(|own| place.strip_prefix(own));
    let kinds = [
        "town",
        "city",
        "area",
        "place",
        "village",
        "location",
        "home town",
        "hometown",
        "home",
        "region",
        "neighborhood",
        "neighbourhood",
        "current location",
    ];
    own.is_some_and(|kind| kinds.contains(&kind))
        || matches!(
            place,
            "" | "here"
                | "home"
                | "outside"
                | "current location"
                | "local"
                | "around here"
                | "near me"
                | "nearby"
                | "where i am"
                | "where i live"
                | "where we are"
                | "where we live"
        )
}

async fn weather(
    settings: Arc<Settings>,
    places: Arc<Places>,
    arguments: Arguments,
    cx: ToolCx,
) -> Result<ToolOutput, ToolError> {
    let at = |location: Option<&str>| {
        let said = location.map(str::trim).filter(|place| !is_here(place)).map(str::to_owned);
        let home = || settings.home.place(settings.weather.location.as_deref());
        // The town in the answer to this question is remembered; see the templates.
        said.or_else(home).ok_or_else(|| {
            ToolError::Tell(
                "I don't know where you are; the weather is told for a place. Which town?".into(),
            )
        })
    };
    let location = at(arguments.location.as_deref())?;
    let today = settings.wall.now().to_zoned(settings.zone()).date();
    let wanted = Wanted::named(arguments.day.as_deref(), arguments.date.as_deref(), today)?;
    let place = find(&places, &location, &cx).await?;
    let plain = arguments.hour.is_none()
        && arguments.hourly.is_none()
        && arguments.days.is_none()
        && matches!(arguments.what, None | Some(What::Temperature | What::Rain));
    let part = cx.said.as_deref().filter(|_| plain).and_then(Part::named);
    let more = More {
        days: arguments.days.or(wanted.is_far().then_some(MOST_DAYS)).unwrap_or_default(),
        daily: arguments.what.map_or("", What::daily),
        hourly: arguments.hour.is_some() || arguments.hourly.is_some() || part.is_some(),
    };
    let units = settings.weather.units;
    if let Some(what @ (What::AirQuality | What::Pollen)) = arguments.what {
        if !matches!(wanted, Wanted::Now | Wanted::Today) || arguments.compare.is_some() {
            return Err(ToolError::Tell(
                "I know the air of one place now, not of other days or places.".into(),
            ));
        }
        let air = Air::fetch(places.web(), &settings.weather, &place).await.map_err(|error| {
            let text = error.tell("the air quality service", "get_weather");
            ToolError::Tell(format!("I could not look up the air, because {text}"))
        })?;
        return match what == What::Pollen {
            true => air.pollen(&place),
            false => air.quality(&place, units),
        };
    }
    if let Some(other) = &arguments.compare {
        let other = find(&places, &at(Some(other))?, &cx).await?;
        let (one, two) = (
            fetch(&places, &settings, &place, more).await?,
            fetch(&places, &settings, &other, more).await?,
        );
        let both = [(&place, &one), (&other, &two)];
        return aspect::compare(both, arguments.what.unwrap_or(What::Temperature), wanted, units);
    }
    let forecast = fetch(&places, &settings, &place, more).await?;
    if let Some(hour) = &arguments.hour {
        let open = cx.said.as_deref().is_some_and(|said| !names_half(said));
        return hours::at(&place, &forecast, (clock_time(hour)?, open), wanted, units);
    }
    if let Some(what) = arguments.hourly {
        return hours::tell(&place, &forecast, what, units);
    }
    let parted = part.and_then(|part| part::tell(&place, &forecast, part, wanted, units));
    if let Some(told) = parted {
        return Ok(told);
    }
    match (arguments.days, arguments.what) {
        (Some(days), _) => aspect::several(&place, &forecast, days, units),
        (None, None | Some(What::Temperature)) => words::tell(&place, &forecast, wanted, units),
        (None, Some(what)) => aspect::tell(&place, &forecast, what, wanted, units),
    }
}

async fn find(places: &Places, location: &str, cx: &ToolCx) -> Result<Place, ToolError> {
    places.find(location, cx.now).await.map_err(|error| {
        ToolError::Tell(match error {
            PlaceError::Unknown(text) => text,
            PlaceError::Web(error) => {
                format!(
                    "I could not look up {location}, because {}",
                    error.tell("the place search", "get_weather")
                )
            }
        })
    })
}

async fn fetch(
    places: &Places,
    settings: &Settings,
    place: &Place,
    more: More,
) -> Result<Forecast, ToolError> {
    Forecast::fetch(places.web(), &settings.weather, place, more).await.map_err(|error| {
        let text = error.tell("the weather service", "get_weather");
        ToolError::Tell(format!("I could not get the weather, because {text}"))
    })
}
