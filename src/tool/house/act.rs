//! Which service of Home Assistant does what was asked.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::thing::Thing;
use crate::tool::ToolError;

/// How much "brighter" and "dimmer" are, in percent.
const STEP: i32 = 20;

/// The bit of a cover's `supported_features` that says that it can stop halfway (`SET_POSITION`).
const HALFWAY: u64 = 4;

/// Those of a media player's that say that it can be switched on and off (`TURN_ON`, `TURN_OFF`). A
/// call for one that cannot fails for all.
const PLAYER_ON: u64 = 128;
const PLAYER_OFF: u64 = 256;

/// The names of colors that people say; Home Assistant takes those of CSS, and white for all others.
const COLORS: [&str; 26] = [
    "red",
    "green",
    "blue",
    "yellow",
    "orange",
    "purple",
    "pink",
    "white",
    "violet",
    "turquoise",
    "cyan",
    "magenta",
    "lime",
    "teal",
    "gold",
    "indigo",
    "lavender",
    "salmon",
    "coral",
    "crimson",
    "navy",
    "maroon",
    "olive",
    "beige",
    "brown",
    "aqua",
];

/// Whites, in kelvin.
const WHITES: [(&str, u32); 6] = [
    ("warm white", 2700),
    ("soft white", 2700),
    ("warm", 2700),
    ("neutral white", 4000),
    ("cool white", 5500),
    ("daylight", 6500),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    TurnOn,
    TurnOff,
    Toggle,
    Set,
    Brighter,
    Dimmer,
    Warmer,
    Cooler,
    Open,
    Close,
    Stop,
    Lock,
    Activate,
}

/// What is to be done, to whatever is meant.
pub(super) struct Wish {
    pub(super) action: Action,
    /// Percent.
    pub(super) level: Option<f64>,
    pub(super) color: Option<String>,
    pub(super) degrees: Option<f64>,
}

/// A call of a service, without the things that it is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) domain: &'static str,
    pub(super) service: &'static str,
    data: Map<String, Value>,
}

impl Order {
    pub(super) fn new(domain: &'static str, service: &'static str) -> Self {
        Self { domain, service, data: Map::new() }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.into(), value.into());
        self
    }

    pub(super) fn data(&self) -> Map<String, Value> {
        self.data.clone()
    }
}

impl Wish {
    /// Whether it says enough.
    pub(super) fn check(&self) -> Result<(), ToolError> {
        let bare = self.level.is_none() && self.color.is_none() && self.degrees.is_none();
        if self.action == Action::Set && bare {
            return Err(ToolError::Tell("To what shall I set it?".into()));
        }
        match &self.color {
            Some(color) if white(color).is_none() && name(color).is_none() => {
                Err(ToolError::Tell(format!("I don't know the color {color}.")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it can be done to `thing`.
    pub(super) fn fits(&self, thing: &Thing) -> bool {
        let domain = thing.domain();
        match self.action {
            Action::Set if self.degrees.is_some() => domain == "climate",
            Action::Set if self.color.is_some() => domain == "light",
            Action::Set => matches!(domain, "light" | "cover" | "fan"),
            Action::Brighter | Action::Dimmer => domain == "light",
            Action::Warmer | Action::Cooler => domain == "climate",
            Action::Open | Action::Close | Action::Stop => domain == "cover",
            Action::Lock => domain == "lock",
            Action::Activate => matches!(domain, "scene" | "script"),
            Action::TurnOn | Action::TurnOff | Action::Toggle if domain == "media_player" => {
                let off = self.action == Action::TurnOff;
                thing.features() & if off { PLAYER_OFF } else { PLAYER_ON } != 0
            }
            Action::TurnOn | Action::TurnOff | Action::Toggle => matches!(
                domain,
                "light"
                    | "switch"
                    | "fan"
                    | "climate"
                    | "humidifier"
                    | "input_boolean"
                    | "siren"
                    | "vacuum"
            ),
        }
    }

    /// Whether "everything" includes `thing`. A switch may be a freezer's.
    pub(super) fn sweeps(&self, thing: &Thing) -> bool {
        let switched = matches!(self.action, Action::TurnOn | Action::TurnOff);
        let domain = thing.domain();
        self.fits(thing) && (!switched || matches!(domain, "light" | "fan" | "media_player"))
    }

    /// What it is done to, for an answer.
    pub(super) fn kind(&self) -> &'static str {
        match self.action {
            Action::Set if self.degrees.is_some() => "heating",
            Action::Warmer | Action::Cooler => "heating",
            Action::Set | Action::Brighter | Action::Dimmer => "light",
            Action::Open | Action::Close | Action::Stop => "blinds",
            Action::Lock => "lock",
            Action::Activate => "scene",
            Action::TurnOn | Action::TurnOff | Action::Toggle => "such device",
        }
    }

    /// The service that does it to `thing`.
    ///
    /// # Errors
    /// Why that is not possible, in a sentence.
    pub(super) fn order(&self, thing: &Thing) -> Result<Order, ToolError> {
        let climate = |degrees| degrees_for(thing, degrees);
        let reached = || {
            thing.number("temperature").ok_or_else(|| {
                ToolError::Tell(format!(
                    "{} has no single temperature to change. Say how many degrees.",
                    thing.name
                ))
            })
        };
        let domain = domain(thing);
        Ok(match self.action {
            Action::TurnOn if domain == "vacuum" => Order::new(domain, "start"),
            Action::TurnOff if domain == "vacuum" => Order::new(domain, "return_to_base"),
            Action::TurnOn => self.lit(Order::new(domain, "turn_on")),
            Action::TurnOff => Order::new(domain, "turn_off"),
            Action::Toggle => Order::new(domain, "toggle"),
            Action::Set => match (self.degrees, domain, self.level) {
                (Some(degrees), ..) => climate(degrees)?,
                (None, "cover", Some(level)) => cover(thing, level)?,
                (None, "fan", Some(level)) => {
                    Order::new("fan", "set_percentage").with("percentage", level.round() as i64)
                }
                _ if self.level == Some(0.0) => Order::new("light", "turn_off"),
                _ => self.lit(Order::new("light", "turn_on")),
            },
            Action::Brighter => Order::new("light", "turn_on").with("brightness_step_pct", STEP),
            Action::Dimmer => Order::new("light", "turn_on").with("brightness_step_pct", -STEP),
            Action::Warmer => climate(reached()? + 1.0)?,
            Action::Cooler => climate(reached()? - 1.0)?,
            Action::Open => Order::new("cover", "open_cover"),
            Action::Close => Order::new("cover", "close_cover"),
            Action::Stop => Order::new("cover", "stop_cover"),
            Action::Lock => Order::new("lock", "lock"),
            Action::Activate => Order::new(domain, "turn_on"),
        })
    }

    /// `order` with brightness and color.
    fn lit(&self, mut order: Order) -> Order {
        if order.domain != "light" {
            return order;
        }
        if let Some(level) = self.level {
            order = order.with("brightness_pct", level.round() as i64);
        }
        match self.color.as_deref().map(|color| (white(color), name(color))) {
            Some((Some(kelvin), _)) => order.with("color_temp_kelvin", kelvin),
            Some((None, Some(color))) => order.with("color_name", color),
            Some((None, None)) | None => order,
        }
    }
}

fn degrees_for(thing: &Thing, degrees: f64) -> Result<Order, ToolError> {
    // Home Assistant does not check this for every thermostat.
    let (least, most) = (thing.number("min_temp"), thing.number("max_temp"));
    if least.is_some_and(|least| degrees < least) || most.is_some_and(|most| degrees > most) {
        let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
        return Err(ToolError::Tell(format!("{} takes {least} to {most} degrees.", thing.name)));
    }
    Ok(Order::new("climate", "set_temperature").with("temperature", degrees))
}

fn cover(thing: &Thing, level: f64) -> Result<Order, ToolError> {
    if thing.is_guarded() {
        return Err(ToolError::Tell(format!("I only open or close {}, not halfway.", thing.name)));
    }
    if level <= 0.0 {
        return Ok(Order::new("cover", "close_cover"));
    }
    if level >= 100.0 {
        return Ok(Order::new("cover", "open_cover"));
    }
    if thing.features() & HALFWAY == 0 {
        return Err(ToolError::Tell(format!("{} can only be opened or closed.", thing.name)));
    }
    Ok(Order::new("cover", "set_cover_position").with("position", json!(level.round() as i64)))
}

/// The domain of the service for `thing`.
fn domain(thing: &Thing) -> &'static str {
    const DOMAINS: [&str; 13] = [
        "light",
        "switch",
        "fan",
        "media_player",
        "climate",
        "humidifier",
        "input_boolean",
        "siren",
        "vacuum",
        "cover",
        "lock",
        "scene",
        "script",
    ];
    let found = DOMAINS.into_iter().find(|domain| *domain == thing.domain());
    found.unwrap_or("homeassistant")
}

fn white(color: &str) -> Option<u32> {
    let color = color.trim().to_lowercase();
    WHITES.iter().find(|(name, _)| *name == color).map(|(_, kelvin)| *kelvin)
}

fn name(color: &str) -> Option<&'static str> {
    let color = color.trim().to_lowercase();
    COLORS.into_iter().find(|name| *name == color)
}
