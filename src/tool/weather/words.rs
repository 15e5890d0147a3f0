use jiff::civil::{Date, Weekday};
use serde_json::{Value, json};

use super::forecast::{Day, Forecast, MOST_DAYS, Now};
use super::place::Place;
use crate::tool::{ToolError, ToolOutput, Units, day, say};

/// From this difference on the apparent temperature is mentioned, in degrees.
const FEELS_DIFFERENT: f64 = 3.0;

/// The first day that the longest forecast, which begins with today, does not have.
const MOST_DAYS_AHEAD: i32 = MOST_DAYS as i32;

/// The requested time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// No day was said.
    Now,
    Today,
    Tomorrow,
    On(Weekday),
    Weekend,
    /// A day that is said as a date, or as so many days ahead.
    Date(Date),
}

impl Wanted {
    /// What `day` or `date`, as tools take them, means on `today`.
    ///
    /// # Errors
    /// A day that is over, or further ahead than any forecast, in words.
    pub(crate) fn named(
        day: Option<&str>,
        date: Option<&str>,
        today: Date,
    ) -> Result<Self, ToolError> {
        if let Some(text) = date {
            let date = day::date(text, today, false);
            let unknown = || ToolError::Tell(format!("I do not know the date {text}."));
            return Self::on_date(date.ok_or_else(unknown)?, today);
        }
        match day.map(str::to_lowercase).as_deref() {
            None => Ok(Self::Now),
            Some("today" | "tonight") => Ok(Self::Today),
            Some("tomorrow") => Ok(Self::Tomorrow),
            Some("weekend") => Ok(Self::Weekend),
            Some(name) => match (say::weekday_named(name), day::day(name, today)) {
                (Some(weekday), _) => Ok(Self::On(weekday)),
                (None, Some(date)) => Self::on_date(date, today),
                (None, None) => Err(ToolError::Tell(format!("I do not know the day {name}."))),
            },
        }
    }

    fn on_date(date: Date, today: Date) -> Result<Self, ToolError> {
        match (date - today).get_days() {
            ..0 => Err(ToolError::Tell("I only know the weather to come.".into())),
            0 => Ok(Self::Today),
            1 => Ok(Self::Tomorrow),
            2..MOST_DAYS_AHEAD => Ok(Self::Date(date)),
            days => Err(ToolError::Tell(format!(
                "{} is {} away, and no forecast reaches further than sixteen.",
                say::date(date),
                say::count(usize::try_from(days).unwrap_or_default(), "day"),
            ))),
        }
    }

    /// Whether it may lie beyond the coming week.
    pub(crate) fn is_far(self) -> bool {
        matches!(self, Self::Date(_))
    }
}

/// The answer for `wanted`.
pub(crate) fn tell(
    place: &Place,
    forecast: &Forecast,
    wanted: Wanted,
    units: Units,
) -> Result<ToolOutput, ToolError> {
    let name = place.spoken();
    // The service begins with today at the place.
    let today = forecast.days.first();
    let say = match wanted {
        Wanted::Now => match (forecast.now, today) {
            (Some(now), Some(day)) => format!("{} {}", say_now(&name, now, units), say_rest(day)),
            (Some(now), None) => say_now(&name, now, units),
            (None, Some(day)) => say_day(&name, "today", day, units),
            (None, None) => return Err(missing("the weather now")),
        },
        Wanted::Today => {
            let day = today.ok_or_else(|| missing("today"))?;
            let say = say_day(&name, "today", day, units);
            match forecast.now {
                Some(now) => format!("{say} Right now it's {}.", degrees(now.temperature)),
                None => say,
            }
        }
        Wanted::Tomorrow => {
            let date = today.and_then(|day| day.date.tomorrow().ok());
            let day = forecast.days.iter().find(|day| Some(day.date) == date);
            say_day(&name, "tomorrow", day.ok_or_else(|| missing("tomorrow"))?, units)
        }
        Wanted::On(weekday) => {
            let day = forecast.days.iter().find(|day| day.date.weekday() == weekday);
            let day = day.ok_or_else(|| missing(say::weekday(weekday)))?;
            say_day(&name, &format!("on {}", say::weekday(weekday)), day, units)
        }
        Wanted::Date(date) => {
            let day = forecast.days.iter().find(|day| day.date == date);
            let when = on_date(forecast, date);
            say_day(&name, &when, day.ok_or_else(|| missing("that day"))?, units)
        }
        Wanted::Weekend => {
            // On a Sunday the weekend is what is left of it.
            let sunday = today.is_some_and(|day| day.date.weekday() == Weekday::Sunday);
            let on = |weekday| forecast.days.iter().find(move |day| day.date.weekday() == weekday);
            match (on(Weekday::Saturday).filter(|_| !sunday), on(Weekday::Sunday)) {
                (Some(saturday), Some(sunday)) => format!(
                    "{} On Sunday {}.",
                    say_day(&name, "on Saturday", saturday, units),
                    short(sunday)
                ),
                (Some(saturday), None) => say_day(&name, "on Saturday", saturday, units),
                (None, Some(sunday)) => say_day(&name, "on Sunday", sunday, units),
                (None, None) => return Err(missing("the weekend")),
            }
        }
    };
    Ok(ToolOutput::new(data(place, forecast, units), say))
}

/// The days that `wanted` means, each with its name ("today", "on Friday").
pub(crate) fn days(forecast: &Forecast, wanted: Wanted) -> Result<Vec<(String, &Day)>, ToolError> {
    let days = &forecast.days;
    let today = days.first();
    let on = |weekday| {
        let day = days.iter().find(|day| day.date.weekday() == weekday)?;
        Some((format!("on {}", say::weekday(weekday)), day))
    };
    let (found, what): (Vec<_>, _) = match wanted {
        Wanted::Now | Wanted::Today => {
            (today.map(|day| ("today".to_owned(), day)).into_iter().collect(), "today")
        }
        Wanted::Tomorrow => {
            let date = today.and_then(|day| day.date.tomorrow().ok());
            let day = days.iter().find(|day| Some(day.date) == date);
            (day.map(|day| ("tomorrow".to_owned(), day)).into_iter().collect(), "tomorrow")
        }
        Wanted::On(weekday) => (on(weekday).into_iter().collect(), say::weekday(weekday)),
        Wanted::Date(date) => {
            let day = days.iter().find(|day| day.date == date);
            (day.map(|day| (on_date(forecast, date), day)).into_iter().collect(), "that day")
        }
        Wanted::Weekend => {
            let sunday = today.is_some_and(|day| day.date.weekday() == Weekday::Sunday);
            let saturday = on(Weekday::Saturday).filter(|_| !sunday);
            (saturday.into_iter().chain(on(Weekday::Sunday)).collect(), "the weekend")
        }
    };
    if found.is_empty() { Err(missing(what)) } else { Ok(found) }
}

/// "on Friday", "on Saturday, December 5th".
fn on_date(forecast: &Forecast, date: Date) -> String {
    forecast.days.first().map_or_else(String::new, |today| say::day_from(date, today.date))
}

/// "In Paris it's 14 degrees with light rain and a wind of 12 kilometers per hour."
fn say_now(place: &str, now: Now, units: Units) -> String {
    let feels = match now.feels {
        Some(feels) if (feels - now.temperature).abs() >= FEELS_DIFFERENT => {
            format!(", feeling like {},", whole(feels))
        }
        Some(_) | None => String::new(),
    };
    let mut with = Vec::new();
    with.extend(now.code.and_then(sky).map(str::to_owned));
    with.extend(now.wind.map(|wind| format!("a wind of {}", speed(wind, units))));
    let with =
        if with.is_empty() { String::new() } else { format!(" with {}", with.join(" and ")) };
    let text = format!("In {place} it's {}{feels}{with}", degrees(now.temperature));
    format!("{}.", text.trim_end_matches(','))
}

/// "Today's high is 17 and the low 9, with a 60 percent chance of rain."
fn say_rest(day: &Day) -> String {
    let rain = day.rain_chance.map(|chance| format!(", with {}", rain(chance, day.code)));
    format!(
        "Today's high is {} and the low {}{}.",
        whole(day.high),
        whole(day.low),
        rain.unwrap_or_default()
    )
}

/// "Tomorrow in Paris expect light rain, a high of 17 and a low of 9 degrees. …"
fn say_day(place: &str, when: &str, day: &Day, units: Units) -> String {
    let sky = day.code.and_then(sky).map(|sky| format!("{sky}, ")).unwrap_or_default();
    let first = format!(
        "{} in {place} expect {sky}a high of {} and a low of {}.",
        say::sentence(when),
        whole(day.high),
        degrees(day.low)
    );
    let mut more = Vec::new();
    more.extend(day.rain_chance.map(|chance| rain(chance, day.code)));
    more.extend(day.wind.map(|wind| format!("wind up to {}", speed(wind, units))));
    if more.is_empty() {
        return first;
    }
    format!("{first} There's {}.", more.join(", and "))
}

/// "light rain, between 9 and 17 degrees, with a 60 percent chance of rain"
fn short(day: &Day) -> String {
    let sky = day.code.and_then(sky).unwrap_or("weather");
    let rain = day.rain_chance.map(|chance| format!(", with {}", rain(chance, day.code)));
    format!(
        "{sky}, a high of {} and a low of {}{}",
        whole(day.high),
        degrees(day.low),
        rain.unwrap_or_default()
    )
}

pub(crate) fn rain(chance: f64, code: Option<u32>) -> String {
    let what = match code {
        Some(71..=77 | 85 | 86) => "snow",
        Some(_) | None => "rain",
    };
    match chance.round() {
        chance if chance < 1.0 => format!("no {what} in sight"),
        chance => {
            // "Eight" and "eleven" begin with a vowel.
            let article = if matches!(chance as u32, 8 | 11 | 18 | 80..=89) { "an" } else { "a" };
            format!("{article} {} percent chance of {what}", whole(chance))
        }
    }
}

pub(crate) fn degrees(value: f64) -> String {
    let number = whole(value);
    if number == "1" { "1 degree".into() } else { format!("{number} degrees") }
}

pub(crate) fn speed(value: f64, units: Units) -> String {
    let number = whole(value);
    let (one, many) = match units {
        Units::Metric => ("kilometer per hour", "kilometers per hour"),
        Units::Us => ("mile per hour", "miles per hour"),
    };
    format!("{number} {}", if number == "1" { one } else { many })
}

/// A whole number as spoken: "minus 3", and never "minus 0".
pub(crate) fn whole(value: f64) -> String {
    say::number(value.round() + 0.0).0
}

/// The state of the sky, for a WMO code 4677 as the service documents it.
pub(crate) fn sky(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "clear skies",
        1 => "mostly clear skies",
        2 => "some clouds",
        3 => "overcast skies",
        45 => "fog",
        48 => "freezing fog",
        51 => "light drizzle",
        53 => "drizzle",
        55 => "heavy drizzle",
        56 | 57 => "freezing drizzle",
        61 => "light rain",
        63 => "rain",
        65 => "heavy rain",
        66 | 67 => "freezing rain",
        71 => "light snow",
        73 => "snow",
        75 => "heavy snow",
        77 => "snow grains",
        80 => "light showers",
        81 => "showers",
        82 => "violent showers",
        85 => "snow showers",
        86 => "heavy snow showers",
        95 => "thunderstorms",
        96 | 99 => "thunderstorms with hail",
        _ => return None,
    })
}

pub(crate) fn missing(what: &str) -> ToolError {
    ToolError::Tell(format!("The weather service has no forecast for {what}. Ask again later."))
}

pub(crate) fn data(place: &Place, forecast: &Forecast, units: Units) -> Value {
    let (temperature, wind) = match units {
        Units::Metric => ("celsius", "km/h"),
        Units::Us => ("fahrenheit", "mph"),
    };
    let days: Vec<Value> = forecast
        .days
        .iter()
        .map(|day| {
            json!({
                "date": day.date.to_string(),
                "weekday": say::weekday(day.date.weekday()).to_lowercase(),
                "conditions": day.code.and_then(sky),
                "high": tenth(day.high),
                "low": tenth(day.low),
                "rain_chance_percent": day.rain_chance,
                "wind_max": day.wind.map(tenth),
                "humidity_percent": day.humidity,
                "uv_index_max": day.uv.map(tenth),
                "feels_like": day.feels.map(|(high, low)| [tenth(high), tenth(low)]),
                "sunrise": day.sunrise.map(|time| time.to_string()),
                "sunset": day.sunset.map(|time| time.to_string()),
            })
        })
        .collect();
    let now = forecast.now.map(|now| {
        json!({
            "temperature": tenth(now.temperature),
            "feels_like": now.feels.map(tenth),
            "humidity_percent": now.humidity,
            "conditions": now.code.and_then(sky),
            "wind": now.wind.map(tenth),
        })
    });
    // What was not requested does not help a model.
    let days: Vec<Value> = days
        .into_iter()
        .map(|mut day| {
            if let Some(day) = day.as_object_mut() {
                let further =
                    ["humidity_percent", "uv_index_max", "feels_like", "sunrise", "sunset"];
                day.retain(|key, value| !(further.contains(&key.as_str()) && value.is_null()));
            }
            day
        })
        .collect();
    json!({
        "location": {"name": place.name, "region": place.admin1, "country": place.country},
        "units": {"temperature": temperature, "wind": wind},
        "now": now,
        "days": days,
    })
}

pub(crate) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
