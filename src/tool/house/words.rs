//! What was done and how things are, in a sentence.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::act::{Action, Wish};
use super::find::Query;
use super::thing::Thing;
use crate::tool::say;

/// The most things named one by one.
const NAMED: usize = 3;

/// What is asked about a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum About {
    On,
    Off,
    Open,
    Closed,
    Locked,
    Unlocked,
    Temperature,
    Humidity,
}

impl About {
    pub(super) fn is_measured(self) -> bool {
        matches!(self, Self::Temperature | Self::Humidity)
    }

    /// Whether it can be asked about `thing`.
    pub(super) fn fits(self, thing: &Thing) -> bool {
        let domain = thing.domain();
        match self {
            Self::On | Self::Off => !matches!(domain, "cover" | "lock" | "sensor") && !opens(thing),
            Self::Open | Self::Closed => domain == "cover" || opens(thing),
            Self::Locked | Self::Unlocked => domain == "lock",
            Self::Temperature => domain == "sensor" && thing.class() == "temperature",
            Self::Humidity => domain == "sensor" && thing.class() == "humidity",
        }
    }

    /// Whether `thing` is so.
    fn holds(self, thing: &Thing) -> bool {
        let open =
            matches!(thing.state.as_str(), "open" | "opening") || (opens(thing) && thing.is_on());
        match self {
            Self::On => thing.is_on(),
            Self::Off => !thing.is_on(),
            Self::Open => open,
            Self::Closed => !open,
            Self::Locked => thing.state == "locked",
            Self::Unlocked => thing.state != "locked",
            Self::Temperature | Self::Humidity => true,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Temperature => "temperature",
            Self::Humidity => "humidity",
        }
    }
}

/// Whether `thing` is a sensor at a door or window.
fn opens(thing: &Thing) -> bool {
    thing.domain() == "binary_sensor"
        && matches!(thing.class(), "door" | "window" | "garage_door" | "opening")
}

/// "Bed Light does not answer."
pub(super) fn absent(things: &[&Thing]) -> String {
    let names = names(things);
    let (verb, its) = if things.len() == 1 { ("does", "its") } else { ("do", "their") };
    format!("{} {verb} not answer. Check {its} power and connection.", say::list(&names))
}

/// "A, B or C".
pub(super) fn either(names: &[&str]) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => names.join(", "),
    }
}

/// What was done to `things`; `after` has the states that changed at once, by name.
pub(super) fn done(
    wish: &Wish,
    first: &Thing,
    things: &[&Thing],
    query: &Query,
    after: &BTreeMap<String, String>,
) -> String {
    let (subject, is) = subject(things, query);
    let level = wish.level.map(|level| format!("{} percent", level.round()));
    match wish.action {
        Action::TurnOn | Action::TurnOff if first.domain() == "vacuum" => {
            let sent = wish.action == Action::TurnOn;
            let doing = if sent { "cleaning" } else { "going back to its dock" };
            format!("{subject} {is} {doing}.")
        }
        Action::TurnOff => format!("{subject} {is} off."),
        Action::Toggle => {
            let state = after.get(&first.name).map_or("switched", String::as_str);
            format!("{subject} {is} {state}.")
        }
        Action::TurnOn | Action::Set => match (&wish.color, level, wish.degrees) {
            (_, _, Some(degrees)) => format!("{subject} {is} set to {degrees} degrees."),
            (Some(color), Some(level), _) => format!("{subject} {is} {color}, at {level}."),
            (Some(color), None, _) => format!("{subject} {is} {color}."),
            (None, Some(level), _) if first.domain() == "cover" => {
                format!("Moving {subject} to {level}.")
            }
            (None, Some(level), _) => format!("{subject} {is} at {level}."),
            (None, None, None) => format!("{subject} {is} on."),
        },
        Action::Brighter => format!("{subject} {is} brighter."),
        Action::Dimmer => format!("{subject} {is} dimmer."),
        Action::Warmer | Action::Cooler => {
            let step = if wish.action == Action::Warmer { "up" } else { "down" };
            format!("{subject} {is} one degree {step}.")
        }
        Action::Open => format!("Opening {subject}."),
        Action::Close => format!("Closing {subject}."),
        Action::Stop => format!("{subject} stopped."),
        Action::Lock => format!("Locking {subject}."),
        Action::Activate => format!("{subject} {is} on."),
    }
}

/// How `things` are.
pub(super) fn state(about: Option<About>, things: &[&Thing], query: &Query) -> String {
    let Some(about) = about else {
        let each: Vec<String> = things.iter().take(NAMED).map(|thing| one(thing)).collect();
        return match things.len().saturating_sub(NAMED) {
            0 => format!("{}.", say::list(&each)),
            more => format!("{}, and {more} more.", each.join(", ")),
        };
    };
    if about.is_measured() {
        let each: Vec<String> =
            things.iter().take(NAMED).map(|thing| measured(about, thing)).collect();
        return format!("{}.", say::list(&each));
    }
    let word = about.word();
    if let [thing] = things {
        if matches!(thing.state.as_str(), "unavailable" | "unknown") {
            return absent(things);
        }
        return match about.holds(thing) {
            true => format!("Yes, {}.", one(thing)),
            false => format!("No, {}.", one(thing)),
        };
    }
    let so: Vec<&Thing> = things.iter().copied().filter(|thing| about.holds(thing)).collect();
    match so.len() {
        0 => format!("No, none of {} {} {word}.", subject(things, query).0, "is"),
        all if all == things.len() => {
            let (subject, is) = subject(things, query);
            format!("Yes, {subject} {is} {word}.")
        }
        few if few <= NAMED => {
            let is = if few == 1 { "is" } else { "are" };
            format!("{} {is} {word}.", say::list(&names(&so)))
        }
        many => format!("{many} of {} are {word}.", things.len()),
    }
}

/// "Hall Window is open".
fn one(thing: &Thing) -> String {
    let is = is(&thing.name);
    let name = &thing.name;
    if let Some(degrees) = thing.number("current_temperature") {
        let set = thing.number("temperature");
        let set = set.map(|set| format!(", set to {set}")).unwrap_or_default();
        return format!("{name} measures {degrees} degrees{set}");
    }
    if let (Some(level), true) = (thing.number("brightness"), thing.is_on()) {
        return format!("{name} {is} on at {} percent", (level / 255.0 * 100.0).round());
    }
    let state = match (thing.state.as_str(), opens(thing)) {
        ("unavailable" | "unknown", _) => return format!("{name} does not answer"),
        ("on", true) => "open",
        ("off", true) => "closed",
        (state, _) => state,
    };
    match thing.attributes.get("unit_of_measurement").and_then(|unit| unit.as_str()) {
        Some(unit) => format!("{name} {is} {state} {}", unit_words(unit)),
        None => format!("{name} {is} {}", state.replace('_', " ")),
    }
}

fn measured(about: About, thing: &Thing) -> String {
    let place = thing.area.as_ref().map_or(thing.name.as_str(), String::as_str);
    let here = thing.area.as_ref().map_or_else(
        || format!("{} is", thing.name),
        |area| format!("In the {} it's", area.to_lowercase()),
    );
    if let Some(degrees) = thing.number("current_temperature") {
        return format!("{here} {degrees} degrees");
    }
    match (thing.state.parse::<f64>(), about) {
        (Ok(value), About::Temperature) => format!("{here} {value} degrees"),
        (Ok(value), _) => format!("{here} {value} percent"),
        (Err(_), _) => format!("the sensor of {place} does not answer"),
    }
}

fn unit_words(unit: &str) -> &str {
    match unit {
        "°C" | "°F" => "degrees",
        "%" => "percent",
        "W" => "watts",
        "kWh" => "kilowatt hours",
        unit => unit,
    }
}

/// The things as the subject of a sentence, and its verb.
fn subject(things: &[&Thing], query: &Query) -> (String, &'static str) {
    match things {
        [thing] => (thing.name.clone(), is(&thing.name)),
        few if few.len() <= NAMED => (say::list(&names(few)), "are"),
        many => {
            let alike = |domain: &str| many.iter().all(|thing| thing.domain() == domain);
            let noun = match () {
                () if many.iter().all(|thing| is_light(thing)) => "lights",
                () if alike("cover") => "blinds and windows",
                () if alike("lock") => "locks",
                // Sockets are not among them, and nobody should think so.
                () if query.everything() => "lights, fans and players",
                () => "devices",
            };
            (format!("{} {noun}", many.len()), "are")
        }
    }
}

/// Whether people call it a light: some are switches.
fn is_light(thing: &Thing) -> bool {
    thing.domain() == "light" || thing.name.to_lowercase().contains("light")
}

fn is(name: &str) -> &'static str {
    let last = name.split_whitespace().last().unwrap_or_default().to_lowercase();
    if last.ends_with('s') && !last.ends_with("ss") && last != "ac" { "are" } else { "is" }
}

fn names<'a>(things: &[&'a Thing]) -> Vec<&'a str> {
    things.iter().map(|thing| thing.name.as_str()).collect()
}
