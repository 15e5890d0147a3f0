use jiff::civil::{Date, DateTime, Time};
use serde::Deserialize;

use super::place::Place;
use crate::tool::web::{Web, WebError};
use crate::tool::{Units, WeatherSettings};

/// Days to request by default: each weekday once.
const DAYS: u32 = 7;

/// How many days ahead the service forecasts.
pub(crate) const MOST_DAYS: u32 = 16;

/// Additional data to request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// Number of days, if more than a week; at most [`MOST_DAYS`].
    pub(crate) days: u32,
    /// Additional daily values, by the service's names, separated by commas.
    pub(crate) daily: &'static str,
    /// Whether the single hours are needed.
    pub(crate) hourly: bool,
}

/// The weather of a place, in the requested units.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Forecast {
    pub(crate) now: Option<Now>,
    /// From today at the place; what could not be read is missing.
    pub(crate) days: Vec<Day>,
    /// The hours of these days, if they were requested.
    pub(crate) hours: Vec<Hour>,
    /// The time at the place.
    pub(crate) here: Option<DateTime>,
}

/// The current weather.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Now {
    /// Degrees.
    pub(crate) temperature: f64,
    /// Apparent temperature, in degrees.
    pub(crate) feels: Option<f64>,
    /// Percent.
    pub(crate) humidity: Option<f64>,
    /// Kilometers or miles per hour.
    pub(crate) wind: Option<f64>,
    /// WMO code 4677.
    pub(crate) code: Option<u32>,
}

/// The weather of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// Degrees.
    pub(crate) high: f64,
    /// Degrees.
    pub(crate) low: f64,
    /// The highest chance in any hour, in percent.
    pub(crate) rain_chance: Option<f64>,
    /// The strongest wind, in kilometers or miles per hour.
    pub(crate) wind: Option<f64>,
    /// WMO code 4677, the most severe of the day.
    pub(crate) code: Option<u32>,
    /// Rain and melted snow, in millimeters or inches.
    pub(crate) rain: Option<f64>,
    /// Percent, the mean of the day.
    pub(crate) humidity: Option<f64>,
    /// The highest UV index.
    pub(crate) uv: Option<f64>,
    /// Highest and lowest apparent temperature, in degrees.
    pub(crate) feels: Option<(f64, f64)>,
    /// In local time of the place.
    pub(crate) sunrise: Option<Time>,
    /// In local time of the place.
    pub(crate) sunset: Option<Time>,
}

/// The weather of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hour {
    /// Its beginning, in local time of the place.
    pub(crate) at: DateTime,
    /// Degrees.
    pub(crate) temperature: f64,
    /// Percent.
    pub(crate) rain_chance: Option<f64>,
    /// WMO code 4677.
    pub(crate) code: Option<u32>,
}

#[derive(Deserialize)]
struct Answer {
    current: Option<Current>,
    #[serde(default)]
    current_units: Scales,
    daily: Option<Daily>,
    #[serde(default)]
    daily_units: Scales,
    hourly: Option<Hours>,
    #[serde(default)]
    hourly_units: Scales,
}

#[derive(Deserialize)]
struct Current {
    time: Option<String>,
    temperature_2m: Option<f64>,
    apparent_temperature: Option<f64>,
    relative_humidity_2m: Option<f64>,
    wind_speed_10m: Option<f64>,
    weather_code: Option<f64>,
}

#[derive(Deserialize)]
struct Hours {
    time: Vec<String>,
    #[serde(default)]
    temperature_2m: Vec<Option<f64>>,
    #[serde(default)]
    precipitation_probability: Vec<Option<f64>>,
    #[serde(default)]
    weather_code: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct Daily {
    time: Vec<Date>,
    #[serde(default)]
    weather_code: Vec<Option<f64>>,
    #[serde(default)]
    temperature_2m_max: Vec<Option<f64>>,
    #[serde(default)]
    temperature_2m_min: Vec<Option<f64>>,
    #[serde(default)]
    precipitation_probability_max: Vec<Option<f64>>,
    #[serde(default)]
    wind_speed_10m_max: Vec<Option<f64>>,
    #[serde(default)]
    precipitation_sum: Vec<Option<f64>>,
    #[serde(default)]
    relative_humidity_2m_mean: Vec<Option<f64>>,
    #[serde(default)]
    uv_index_max: Vec<Option<f64>>,
    #[serde(default)]
    apparent_temperature_max: Vec<Option<f64>>,
    #[serde(default)]
    apparent_temperature_min: Vec<Option<f64>>,
    #[serde(default)]
    sunrise: Vec<Option<String>>,
    #[serde(default)]
    sunset: Vec<Option<String>>,
}

/// The units that an answer declares.
#[derive(Default, Deserialize)]
struct Scales {
    #[serde(alias = "temperature_2m_max")]
    temperature_2m: Option<String>,
    #[serde(alias = "wind_speed_10m_max")]
    wind_speed_10m: Option<String>,
    precipitation_sum: Option<String>,
}

impl Forecast {
    /// Queries the service at `settings.base_url` (<https://open-meteo.com/en/docs>).
    pub(crate) async fn fetch(
        web: &Web,
        settings: &WeatherSettings,
        place: &Place,
        more: More,
    ) -> Result<Self, WebError> {
        let (temperature, wind, rain) = match settings.units {
            Units::Metric => ("celsius", "kmh", "mm"),
            Units::Us => ("fahrenheit", "mph", "inch"),
        };
        let mut query = vec![
            ("latitude", place.latitude.to_string()),
            ("longitude", place.longitude.to_string()),
            (
                "current",
                "temperature_2m,relative_humidity_2m,apparent_temperature,precipitation,\
                 weather_code,wind_speed_10m"
                    .to_owned(),
            ),
            (
                "daily",
                [
                    "weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,\
                     precipitation_probability_max,wind_speed_10m_max",
                    more.daily,
                ]
                .join(",")
                .trim_end_matches(',')
                .to_owned(),
            ),
            ("timezone", "auto".to_owned()),
            ("temperature_unit", temperature.to_owned()),
            ("wind_speed_unit", wind.to_owned()),
            ("precipitation_unit", rain.to_owned()),
            ("forecast_days", more.days.clamp(DAYS, MOST_DAYS).to_string()),
        ];
        if more.hourly {
            let values = "temperature_2m,precipitation_probability,weather_code";
            query.push(("hourly", values.to_owned()));
        }
        let answer: Answer = web.json(&settings.base_url, "/v1/forecast", &query).await?;
        let forecast = Self::read(&answer, settings.units);
        if forecast.now.is_none() && forecast.days.is_empty() {
            return Err(WebError::Nonsense);
        }
        Ok(forecast)
    }

    fn read(answer: &Answer, units: Units) -> Self {
        let scales = &answer.current_units;
        let now = answer.current.as_ref().and_then(|current| {
            Some(Now {
                temperature: scales.degrees(current.temperature_2m?, units),
                feels: current.apparent_temperature.map(|t| scales.degrees(t, units)),
                humidity: current.relative_humidity_2m,
                wind: current.wind_speed_10m.map(|wind| scales.speed(wind, units)),
                code: current.weather_code.map(|code| code as u32),
            })
        });
        let scales = &answer.daily_units;
        let days = answer.daily.as_ref().map_or_else(Vec::new, |daily| {
            let at = |list: &[Option<f64>], n: usize| list.get(n).copied().flatten();
            let day = |(n, date): (usize, &Date)| {
                Some(Day {
                    date: *date,
                    high: scales.degrees(at(&daily.temperature_2m_max, n)?, units),
                    low: scales.degrees(at(&daily.temperature_2m_min, n)?, units),
                    rain_chance: at(&daily.precipitation_probability_max, n),
                    wind: at(&daily.wind_speed_10m_max, n).map(|wind| scales.speed(wind, units)),
                    code: at(&daily.weather_code, n).map(|code| code as u32),
                    rain: at(&daily.precipitation_sum, n).map(|rain| scales.depth(rain, units)),
                    humidity: at(&daily.relative_humidity_2m_mean, n),
                    uv: at(&daily.uv_index_max, n),
                    feels: at(&daily.apparent_temperature_max, n)
                        .zip(at(&daily.apparent_temperature_min, n))
                        .map(|(high, low)| {
                            (scales.degrees(high, units), scales.degrees(low, units))
                        }),
                    sunrise: clock(&daily.sunrise, n),
                    sunset: clock(&daily.sunset, n),
                })
            };
            daily.time.iter().enumerate().filter_map(day).collect()
        });
        let here =
            answer.current.as_ref().and_then(|current| current.time.as_deref()?.parse().ok());
        let hours = answer.hourly.as_ref().map(|hourly| hourly.read(&answer.hourly_units, units));
        Self { now, days, hours: hours.unwrap_or_default(), here }
    }
}

impl Hours {
    fn read(&self, scales: &Scales, units: Units) -> Vec<Hour> {
        let at = |list: &[Option<f64>], n: usize| list.get(n).copied().flatten();
        let hour = |(n, time): (usize, &String)| {
            Some(Hour {
                at: time.parse().ok()?,
                temperature: scales.degrees(at(&self.temperature_2m, n)?, units),
                rain_chance: at(&self.precipitation_probability, n),
                code: at(&self.weather_code, n).map(|code| code as u32),
            })
        };
        self.time.iter().enumerate().filter_map(hour).collect()
    }
}

impl Scales {
    fn degrees(&self, value: f64, units: Units) -> f64 {
        match (self.temperature_2m.as_deref(), units) {
            (Some("°C"), Units::Us) => value * 1.8 + 32.0,
            (Some("°F"), Units::Metric) => (value - 32.0) / 1.8,
            (Some(_) | None, Units::Us | Units::Metric) => value,
        }
    }

    fn depth(&self, value: f64, units: Units) -> f64 {
        match (self.precipitation_sum.as_deref(), units) {
            (Some("mm"), Units::Us) => value / 25.4,
            (Some("inch"), Units::Metric) => value * 25.4,
            (Some(_) | None, Units::Us | Units::Metric) => value,
        }
    }

    fn speed(&self, value: f64, units: Units) -> f64 {
        let kmh = match self.wind_speed_10m.as_deref() {
            Some("km/h") => value,
            Some("mp/h" | "mph") => value * 1.609_344,
            Some("m/s") => value * 3.6,
            Some("kn") => value * 1.852,
            Some(_) | None => return value,
        };
        match units {
            Units::Metric => kmh,
            Units::Us => kmh / 1.609_344,
        }
    }
}

/// The time of "2026-11-03T07:05".
fn clock(list: &[Option<String>], n: usize) -> Option<Time> {
    let text = list.get(n)?.as_deref()?;
    text.parse::<DateTime>().ok().map(DateTime::time)
}
