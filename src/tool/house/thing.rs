//! What there is in the house.

use serde_json::{Map, Value};

/// One entity of Home Assistant.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// `light.kitchen`.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
    /// The name of its room.
    pub(super) area: Option<String>,
    pub(super) state: String,
    pub(super) attributes: Map<String, Value>,
}

/// What lets somebody in when it opens.
pub(super) const ENTRANCES: [&str; 3] = ["garage", "gate", "door"];

/// Kinds of things that can be asked about; the others are Home Assistant's own.
const TOLD: [&str; 15] = [
    "light",
    "switch",
    "fan",
    "cover",
    "lock",
    "climate",
    "media_player",
    "humidifier",
    "input_boolean",
    "sensor",
    "binary_sensor",
    "vacuum",
    "siren",
    "group",
    "water_heater",
];

impl Thing {
    pub(super) fn domain(&self) -> &str {
        self.id.split_once('.').map_or("", |(domain, _)| domain)
    }

    pub(super) fn class(&self) -> &str {
        self.attributes.get("device_class").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, attribute: &str) -> Option<f64> {
        self.attributes.get(attribute).and_then(Value::as_f64)
    }

    /// The bits of what it can do; their meaning depends on its domain.
    pub(super) fn features(&self) -> u64 {
        self.attributes.get("supported_features").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Whether it answers.
    pub(super) fn is_there(&self) -> bool {
        self.state != "unavailable"
    }

    /// Whether somebody could come in once it is open.
    pub(super) fn is_guarded(&self) -> bool {
        let entrance = ENTRANCES.contains(&self.class());
        self.domain() == "lock" || (self.domain() == "cover" && entrance)
    }

    pub(super) fn is_told(&self) -> bool {
        TOLD.contains(&self.domain())
    }

    pub(super) fn is_on(&self) -> bool {
        match self.domain() {
            "climate" | "water_heater" | "media_player" => {
                !matches!(self.state.as_str(), "off" | "standby" | "unavailable" | "unknown")
            }
            "vacuum" => self.state == "cleaning",
            _ => self.state == "on",
        }
    }
}
