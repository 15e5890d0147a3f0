use std::path::PathBuf;

use jiff::tz::TimeZone;
use reqwest::Url;

use super::{Book, BrowseSettings, CalendarSettings, DesktopSettings, Home, MqttSettings, Pad};
use crate::base::{Chance, Volume, WallClock};

/// Validated settings of the built-in tools.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For `get_weather`, and for places that `get_time` does not know.
    pub weather: WeatherSettings,
    /// For `convert_currency`.
    pub currency: CurrencySettings,
    /// The book of timers, alarms and reminders. Its zone is the local time of `get_time` and `get_date`.
    pub book: Book,
    /// Who rings what is set.
    pub ringer: Ringer,
    /// The speaker's volume.
    pub volume: Volume,
    /// The clock of all tools.
    pub wall: WallClock,
    /// Where the user lives, once they have said so; a configured place takes precedence.
    pub home: Home,
    /// The folder of lists and notes.
    pub pad: Pad,
    /// The randomness for coins and dice.
    pub chance: Chance,
    /// Home Assistant, if there is one.
    pub house: Option<HouseSettings>,
    /// The broker of MQTT, if there is one.
    pub mqtt: Option<MqttSettings>,
    /// The feeds of `get_news`.
    pub feeds: Vec<Url>,
    /// The calendars.
    pub calendar: CalendarSettings,
    /// Pages and searches of the web.
    pub browse: BrowseSettings,
    /// The desktop, if there may be one.
    pub desktop: Option<DesktopSettings>,
}

impl Settings {
    /// Settings with the public weather service, metric units and no home.
    pub fn new(book: Book, ringer: Ringer, volume: Volume, pad: Pad) -> Self {
        let weather = WeatherSettings::default();
        let (wall, home, chance) = (WallClock::System, Home::default(), Chance::System);
        let currency = CurrencySettings::default();
        Self {
            weather,
            currency,
            book,
            ringer,
            volume,
            wall,
            home,
            pad,
            chance,
            house: None,
            mqtt: None,
            feeds: Vec::new(),
            calendar: CalendarSettings::default(),
            browse: BrowseSettings::default(),
            desktop: None,
        }
    }

    /// The local time zone.
    pub(crate) fn zone(&self) -> TimeZone {
        self.book.zone()
    }
}

/// Settings of `get_weather`.
#[derive(Clone, Debug)]
pub struct WeatherSettings {
    /// The forecast service: `base_url`.
    pub base_url: BaseUrl,
    /// The geocoding service: `geocoding_url`.
    pub geocoding_url: BaseUrl,
    /// The air quality service: `air_quality_url`.
    pub air_quality_url: BaseUrl,
    /// The place to use if none is said: `location`.
    pub location: Option<String>,
    /// The units of its answers.
    pub units: Units,
}

impl Default for WeatherSettings {
    /// The public Open-Meteo service, which needs no key.
    fn default() -> Self {
        Self {
            base_url: BaseUrl("https://api.open-meteo.com".into()),
            geocoding_url: BaseUrl("https://geocoding-api.open-meteo.com".into()),
            air_quality_url: BaseUrl("https://air-quality-api.open-meteo.com".into()),
            location: None,
            units: Units::Metric,
        }
    }
}

/// Settings of `control_home`, `home_state` and `unlock_home`.
#[derive(Clone)]
pub struct HouseSettings {
    /// Home Assistant's address: `url`.
    pub url: BaseUrl,
    /// A long-lived access token, or a sentence that says why there is none.
    pub token: Result<String, String>,
}

/// Without the token, which opens the house.
impl std::fmt::Debug for HouseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HouseSettings").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Settings of `convert_currency`.
#[derive(Clone, Debug)]
pub struct CurrencySettings {
    /// The European Central Bank, or a copy of its feed: `base_url`.
    pub base_url: BaseUrl,
    /// Where the last rates are kept for times without a network.
    pub file: Option<PathBuf>,
}

impl Default for CurrencySettings {
    /// The bank's own server, and no file.
    fn default() -> Self {
        Self { base_url: BaseUrl("https://www.ecb.europa.eu".into()), file: None }
    }
}

/// The URL of a service: `http` or `https`, with a host; stored without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence about its key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim())
            .map_err(|error| format!("\"{text}\" is not a web address ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("\"{text}\" must begin with http:// or https://"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("\"{text}\" must end before any ? or #"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The URL of `path`, which begins with a slash.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether the connection is unencrypted.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Units of the weather.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// Celsius, kilometers per hour, millimeters.
    #[default]
    Metric,
    /// Fahrenheit, miles per hour, inches.
    Us,
}

impl Units {
    /// The units of a locale such as `en_US.UTF-8`: US units for the United States and its
    /// territories, else metric. Pass the first of `LC_ALL`, `LC_MEASUREMENT` and `LANG` that is
    /// set and not empty.
    pub fn of_locale(locale: &str) -> Self {
        let name = locale.split(['.', '@']).next().unwrap_or_default();
        let territory = name.split(['_', '-']).nth(1).unwrap_or_default();
        match territory.to_ascii_uppercase().as_str() {
            "US" | "PR" | "GU" | "VI" | "AS" | "MP" | "UM" => Self::Us,
            _ => Self::Metric,
        }
    }
}

/// Who rings a timer that is set now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ringer {
    /// This program, which runs until it rings.
    Here,
    /// Another program that reads the book's file: the running service.
    Elsewhere,
    /// Nobody, until someone starts the service.
    Nobody,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_territory() {
        for us in ["en_US.UTF-8", "en_US", "es_US@euro", "en-US", "es_PR.UTF-8"] {
            assert_eq!(Units::of_locale(us), Units::Us, "{us}");
        }
        for metric in ["C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "en_GB", "en", "", "US"] {
            assert_eq!(Units::of_locale(metric), Units::Metric, "{metric}");
        }
    }

    #[test]
    fn an_address_is_kept_without_its_last_slash() {
        for text in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", " http://127.0.0.1:8080// "]
        {
            assert_eq!(
                BaseUrl::parse(text).unwrap().join("/v1/forecast"),
                "http://127.0.0.1:8080/v1/forecast"
            );
        }
        assert_eq!(
            BaseUrl::parse("https://a.example/meteo/").unwrap().join("/v1"),
            "https://a.example/meteo/v1"
        );
        for wrong in ["", "a.example", "ftp://a.example", "http://", "https://a.example/?x=1"] {
            assert!(BaseUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
