//! The weather, from Open-Meteo: places by name, then a forecast, then a sentence.
//!
//! ```text
//! location ─▶ Places (geocoding, cached) ─▶ Forecast ─▶ words ─▶ "In Paris it's 14 degrees …"
//! ```
//!
//! **Invariant:** both services together answer within the deadline of a tool call or are given up.
//! **Invariant:** no TLS is set up before the first encrypted request.
//! **Invariant:** what is told is in the units that the answer itself names, converted where they
//! are not the ones asked for; days are those of the place, never of this machine's clock.

mod forecast;
mod place;
mod web;
mod words;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

pub(crate) use place::{PlaceError, Places};

use super::{Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;
use forecast::Forecast;
use words::Wanted;

#[derive(Deserialize)]
struct Arguments {
    location: Option<String>,
    day: Option<String>,
}

/// `get_weather`.
pub(crate) fn tool(settings: &Arc<Settings>, places: &Arc<Places>) -> Arc<dyn Tool> {
    let (settings, places) = (Arc::clone(settings), Arc::clone(places));
    function(
        "get_weather",
        "Tells the weather outside: temperature, sky, wind, rain, and the forecast for the next \
         week. Also for questions such as whether to take an umbrella.",
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
                    "type": "string",
                    "enum": ["today", "tomorrow", "monday", "tuesday", "wednesday", "thursday",
                        "friday", "saturday", "sunday", "weekend"],
                    "description": "Only when said; tonight is today. Without it the weather now.",
                },
            }),
        ),
        move |arguments: Arguments, cx| {
            weather(Arc::clone(&settings), Arc::clone(&places), arguments, cx)
        },
    )
}

/// Whether a "place" is only a word for where one is.
pub(crate) fn is_here(place: &str) -> bool {
    let place = super::zone::fold(place);
    matches!(
        place.as_str(),
        "" | "here" | "home" | "at home" | "outside" | "my location" | "current location" | "local"
    )
}

async fn weather(
    settings: Arc<Settings>,
    places: Arc<Places>,
    arguments: Arguments,
    cx: ToolCx,
) -> Result<ToolOutput, ToolError> {
    let said = arguments.location.as_deref().map(str::trim).filter(|place| !is_here(place));
    let Some(location) = said.or(settings.weather.location.as_deref()) else {
        return Err(ToolError::Tell(
            "I do not know where you are. Name a place, as in \"weather in Paris\", or set \
             \"location\" under tools.get_weather in the configuration."
                .into(),
        ));
    };
    let wanted = Wanted::named(arguments.day.as_deref())?;
    let place = places.find(location, cx.now).await.map_err(|error| {
        ToolError::Tell(match error {
            PlaceError::Unknown(text) => text,
            PlaceError::Web(error) => {
                format!(
                    "I could not look up {location}, because {}",
                    error.tell("the place search")
                )
            }
        })
    })?;
    let forecast =
        Forecast::fetch(places.web(), &settings.weather, &place).await.map_err(|error| {
            let text = error.tell("the weather service");
            ToolError::Tell(format!("I could not get the weather, because {text}"))
        })?;
    words::tell(&place, &forecast, wanted, settings.weather.units)
}
