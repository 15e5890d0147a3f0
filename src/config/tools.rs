//! `[tools]`, validated.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::KeySource;
use crate::tool::permission::Policies;

/// The tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// Only these, unless empty.
    pub enabled: Vec<String>,
    /// Not these.
    pub disabled: Vec<String>,
    /// `[permissions]`: which calls run at once.
    pub policies: Policies,
    /// Whether a word is said while a tool takes long.
    pub filler: bool,
    /// `[tools.get_weather]`
    pub get_weather: GetWeather,
    /// `[tools.convert_currency]` `base_url`: where the European Central Bank's feed is.
    pub rates_url: String,
    /// `dir`: the folder of the user's own tools.
    pub dir: PathBuf,
    /// `[tools.lists]` `dir`: the folder of lists and notes.
    pub lists: PathBuf,
    /// `[tools.home_assistant]`, if it has a `url`.
    pub home_assistant: Option<HomeAssistant>,
    /// `[tools.mqtt]`, if it has a `url`.
    pub mqtt: Option<Mqtt>,
    /// `[tools.news]` `feeds`: where the news comes from.
    pub feeds: Vec<String>,
    /// `[tools.read_page]` `private`: whether pages of private addresses may be read.
    pub private_pages: bool,
    /// `[tools.web_search]` `base_url`: a SearXNG to search with.
    pub search_url: Option<String>,
    /// `[tools.calendar]` `file`: the user's own calendar.
    pub calendar: PathBuf,
    /// `[tools.calendar]` `url`: the user's own calendar on a server.
    pub caldav: Option<CalDav>,
    /// `[tools.calendar]` `others`: calendars that are only read, paths and addresses.
    pub calendars: Vec<String>,
}

/// Where the house is controlled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeAssistant {
    /// Its address.
    pub url: String,
    /// Where the access token is.
    pub token: KeySource,
}

/// A calendar on a CalDAV server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalDav {
    /// Its address.
    pub url: String,
    /// The user's name there.
    pub user: Option<String>,
    /// Where the password is.
    pub password: Option<KeySource>,
}

/// A broker of MQTT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mqtt {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The user's name there.
    pub user: Option<String>,
    /// Where the password is.
    pub password: Option<KeySource>,
    /// `topics`: each with the name that is said.
    pub topics: BTreeMap<String, String>,
    /// `say`: sentences, each with the name of a topic and the message to send.
    pub say: BTreeMap<String, (String, String)>,
}

impl Tools {
    /// Whether the tool `name` is enabled.
    pub fn allows(&self, name: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|n| n == name);
        (self.enabled.is_empty() || has(&self.enabled)) && !has(&self.disabled)
    }
}

/// Where the weather comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetWeather {
    /// Forecasts, in Open-Meteo's format.
    pub base_url: String,
    /// Geocoding, in Open-Meteo's format.
    pub geocoding_url: String,
    /// Air quality, in Open-Meteo's format.
    pub air_quality_url: String,
    /// The place to use if none is said.
    pub location: Option<String>,
    /// The units of the answer.
    pub units: Units,
}

/// The units of the weather.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// By locale (`LC_MEASUREMENT`).
    #[default]
    Auto,
    /// Celsius, kilometers per hour, millimeters.
    Metric,
    /// Fahrenheit, miles per hour, inches.
    Us,
}
