//! The house, through Home Assistant: lights, heating, blinds, locks and scenes by name and room.
//!
//! ```text
//! what, area ─▶ Hub (states, areas) ─▶ find ─▶ act ─▶ Hub (services) ─▶ words
//!                                        └─▶ "Which one: A or B?"
//! ```
//!
//! **Invariant:** a name that fits several things is asked back, and one that fits nothing changes
//! nothing.
//! **Invariant:** what lets somebody in, an unlocked door or an open garage, is asked for again
//! before it is done, and only by `unlock_home`, so that it can be denied by itself.
//! Deliberately absent: timers, shopping lists and media of Home Assistant; aloud has its own.

mod act;
mod find;
mod hub;
mod thing;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{Settings, Tool, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;
use crate::language::english::consent;
use act::{Action, Wish};
use find::{Found, Query};
use hub::Hub;
use thing::Thing;
use words::About;

/// The most things named in a question or answer; nobody remembers more.
const NAMED: usize = 4;

#[derive(Deserialize)]
struct Control {
    action: Action,
    what: Option<String>,
    area: Option<String>,
    #[serde(default)]
    all: bool,
    level: Option<f64>,
    color: Option<String>,
    degrees: Option<f64>,
}

#[derive(Deserialize)]
struct State {
    what: Option<String>,
    area: Option<String>,
    about: Option<About>,
}

#[derive(Deserialize)]
struct Unlock {
    what: Option<String>,
    area: Option<String>,
    #[serde(default)]
    sure: bool,
}

/// `control_home`, `home_state` and `unlock_home`; none if there is no Home Assistant.
pub(crate) fn tools(settings: &Settings) -> Vec<Arc<dyn Tool>> {
    let Some(house) = &settings.house else { return Vec::new() };
    let hub = Arc::new(Hub::new(house));
    let what = || {
        json!({
            "type": "string", "maxLength": 100,
            "description": "The device, kind of device or scene, as said: \"bedside lamp\", \"blinds\", \"everything\".",
        })
    };
    let area = || {
        json!({
            "type": "string", "maxLength": 100,
            "description": "The room or area, if one is said: \"kitchen\".",
        })
    };
    let control = arguments(
        &["action"],
        json!({
            "action": {
                "type": "string",
                "enum": ["turn_on", "turn_off", "toggle", "set", "brighter", "dimmer", "warmer",
                    "cooler", "open", "close", "stop", "lock", "activate"],
                "description": "\"set\" goes with level, color or degrees; \"activate\" is for scenes and scripts.",
            },
            "what": what(),
            "area": area(),
            "all": {"type": "boolean", "description": "true for \"all\" or \"every\"."},
            "level": {
                "type": "number", "minimum": 0, "maximum": 100,
                "description": "Percent of a light's brightness, a blind's opening or a fan's speed.",
            },
            "color": {"type": "string", "maxLength": 30, "description": "A light's color, such as \"warm white\" or \"blue\"."},
            "degrees": {"type": "number", "minimum": -50, "maximum": 120, "description": "The temperature to heat or cool to."},
        }),
    );
    let state = arguments(
        &[],
        json!({
            "what": what(),
            "area": area(),
            "about": {
                "type": "string", "enum": ["on", "off", "open", "closed", "locked", "unlocked", "temperature", "humidity"],
                "description": "What is asked, if it is one of these.",
            },
        }),
    );
    let unlock = arguments(
        &[],
        json!({
            "what": what(),
            "area": area(),
            "sure": {"type": "boolean", "description": "true once the user has said yes."},
        }),
    );
    let hubs = (Arc::clone(&hub), Arc::clone(&hub), hub);
    vec![
        function(
            "control_home",
            "Switches, dims, sets, opens, closes and locks things in the house, and activates scenes.",
            Effect::Writes,
            control,
            move |arguments: Control, _| control_home(Arc::clone(&hubs.0), arguments),
        ),
        function(
            "home_state",
            "Says whether something in the house is on, open or locked, and how warm a room is.",
            Effect::Reads,
            state,
            move |arguments: State, _| home_state(Arc::clone(&hubs.1), arguments),
        ),
        function(
            "unlock_home",
            "Unlocks a door, or opens a garage or gate. It asks first: call it again with sure once \
             the user has said yes.",
            Effect::Writes,
            unlock,
            move |arguments: Unlock, cx| unlock_home(Arc::clone(&hubs.2), arguments, cx.said),
        ),
    ]
}

async fn control_home(hub: Arc<Hub>, arguments: Control) -> Result<ToolOutput, ToolError> {
    let Control { action, what, area, all, level, color, degrees } = arguments;
    let wish = Wish { action, level, color, degrees };
    wish.check()?;
    let things = hub.things().await?;
    let query = Query::new(what.as_deref(), area.as_deref(), all);
    let fits = |thing: &Thing| match query.everything() {
        true => wish.sweeps(thing),
        false => wish.fits(thing),
    };
    let chosen = match find::find(&things, &query, fits) {
        Found::Things(chosen) => chosen,
        Found::Several(several) => return Err(ask_which(&several)),
        Found::Nothing(near) => return Err(nothing(&query, &near, wish.kind())),
    };
    if let Some(guarded) = chosen.iter().find(|thing| action == Action::Open && thing.is_guarded())
    {
        return Err(ToolError::Tell(format!(
            "Opening {0} needs your yes. Say \"unlock {0}\".",
            guarded.name
        )));
    }
    let present: Vec<&Thing> = chosen.iter().copied().filter(|thing| thing.is_there()).collect();
    let Some(first) = present.first() else {
        return Err(ToolError::Tell(words::absent(&chosen)));
    };
    let mut orders: Vec<(act::Order, Vec<&Thing>)> = Vec::new();
    for thing in &present {
        let order = wish.order(thing)?;
        match orders.iter_mut().find(|(known, _)| *known == order) {
            Some((_, things)) => things.push(thing),
            None => orders.push((order, vec![thing])),
        }
    }
    let mut after = BTreeMap::new();
    let (mut did, mut failed) = (Vec::new(), Vec::new());
    for (order, things) in &orders {
        match hub.call(order, things).await {
            Ok(states) => {
                after.extend(states);
                did.extend(things.iter().copied());
            }
            Err(error) => failed.push(error),
        }
    }
    if let (true, Some(error)) = (did.is_empty(), failed.first()) {
        return Err(error.clone());
    }
    let mut say = words::done(&wish, first, &did, &query, &after);
    for error in failed {
        say = format!("{say} {error}");
    }
    let names: Vec<&str> = did.iter().map(|thing| thing.name.as_str()).collect();
    Ok(ToolOutput::new(json!({"did": action, "things": names, "states": after}), say))
}

async fn home_state(hub: Arc<Hub>, arguments: State) -> Result<ToolOutput, ToolError> {
    let State { what, area, about } = arguments;
    let things = hub.things().await?;
    let query = Query::new(what.as_deref(), area.as_deref(), false);
    let fits = |thing: &Thing| about.is_none_or(|about| about.fits(thing)) && thing.is_told();
    let mut found = find::find(&things, &query, fits);
    // A thermostat measures too, where no sensor does.
    if let (Found::Nothing(_), Some(About::Temperature)) = (&found, about) {
        found = find::find(&things, &query, |thing| thing.number("current_temperature").is_some());
    }
    let chosen = match found {
        Found::Things(chosen) => chosen,
        Found::Several(several) if about.is_some_and(About::is_measured) => several,
        Found::Several(several) => return Err(ask_which(&several)),
        Found::Nothing(near) => return Err(nothing(&query, &near, "such thing")),
    };
    let states: BTreeMap<&str, &str> =
        chosen.iter().map(|thing| (thing.name.as_str(), thing.state.as_str())).collect();
    Ok(ToolOutput::new(json!({ "states": states }), words::state(about, &chosen, &query)))
}

async fn unlock_home(
    hub: Arc<Hub>,
    arguments: Unlock,
    said: Option<String>,
) -> Result<ToolOutput, ToolError> {
    let Unlock { what, area, sure } = arguments;
    let things = hub.things().await?;
    let query = Query::new(what.as_deref(), area.as_deref(), false);
    let thing = match find::find(&things, &query, Thing::is_guarded) {
        Found::Things(chosen) => match chosen.as_slice() {
            [one] => *one,
            several => return Err(ask_which(several)),
        },
        Found::Several(several) => return Err(ask_which(&several)),
        Found::Nothing(near) => return Err(nothing(&query, &near, "lock or garage")),
    };
    let name = &thing.name;
    if !thing.is_there() {
        return Err(ToolError::Tell(words::absent(&[thing])));
    }
    let locked = thing.domain() == "lock";
    let verb = if locked { "unlock" } else { "open" };
    // A model may claim a yes; only the user's own words are one.
    let agreed = said.as_deref().and_then(consent) == Some(true);
    if !(sure && agreed) {
        return Ok(ToolOutput::new(
            json!({
                "asked": true,
                "next": "Nothing was opened. Call it again with sure set once the user says yes.",
            }),
            format!("Shall I really {verb} {name}?"),
        ));
    }
    let order = if locked {
        act::Order::new("lock", "unlock")
    } else {
        act::Order::new("cover", "open_cover")
    };
    hub.call(&order, &[thing]).await?;
    let doing = if locked { "Unlocking" } else { "Opening" };
    Ok(ToolOutput::new(json!({"did": verb, "things": [name]}), format!("{doing} {name}.")))
}

fn ask_which(several: &[&Thing]) -> ToolError {
    let names: Vec<&str> = several.iter().map(|thing| thing.name.as_str()).collect();
    let all = match names.len().saturating_sub(NAMED) {
        0 | 1 => words::either(&names),
        more => format!("{} or {more} others", names[..NAMED].join(", ")),
    };
    ToolError::Tell(format!("Which one: {all}?"))
}

fn nothing(query: &Query, near: &[String], kind: &str) -> ToolError {
    let wanted = query.spoken();
    let mut text = match wanted.is_empty() {
        true => format!("I find no {kind} in the house."),
        false => format!("I find no {wanted} in the house."),
    };
    if !near.is_empty() {
        let verb = if near.len() == 1 { "is" } else { "are" };
        text.push_str(&format!(" There {verb} {}.", say::list(near)));
    }
    ToolError::Tell(text)
}
