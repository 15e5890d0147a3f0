//! `get_time` and `get_date`.

use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use serde::Deserialize;
use serde_json::json;

use super::weather::{PlaceError, Places, is_here};
use super::zone::{self, Found};
use super::{Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, day, function, said, say};
use crate::dialog::Effect;

#[derive(Deserialize)]
struct GetTime {
    location: Option<String>,
    until: Option<String>,
    in_seconds: Option<i64>,
}

#[derive(Deserialize)]
struct GetDate {
    day: Option<String>,
    date: Option<String>,
    from: Option<String>,
    count: Option<Count>,
}

/// What to count instead of naming the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Count {
    #[serde(rename = "days")]
    Days,
    #[serde(rename = "weeks")]
    Weeks,
    #[serde(rename = "days since")]
    Since,
    /// The number of the week in its year.
    #[serde(rename = "week")]
    Week,
    /// Whether its year has a leap day.
    #[serde(rename = "leap year")]
    Leap,
}

/// How far the time of day is reckoned: a year.
const MOST_SECONDS: i64 = 366 * 24 * 3600;

pub(crate) fn tools(settings: &Arc<Settings>, places: &Arc<Places>) -> [Arc<dyn Tool>; 2] {
    let time = {
        let (settings, places) = (Arc::clone(settings), Arc::clone(places));
        function(
            "get_time",
            "Tells the clock time, here or in a place.",
            Effect::Reads,
            arguments(
                &[],
                json!({
                    "location": {
                        "type": "string", "maxLength": 100,
                        "description": "A city or country, only when said; without it the time here.",
                    },
                    "in_seconds": {
                        "type": "integer", "minimum": -MOST_SECONDS, "maximum": MOST_SECONDS,
                        "description": "Only for the time so many seconds from now, or ago (negative).",
                    },
                    "until": {
                        "type": "string", "maxLength": 5, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                        "description": "HH:MM, 24 hours, only when the time left until then is asked for.",
                    },
                }),
            ),
            move |arguments: GetTime, cx| {
                get_time(Arc::clone(&settings), Arc::clone(&places), arguments, cx)
            },
        )
    };
    let settings = Arc::clone(settings);
    let date = function(
        "get_date",
        "Tells the date or the day of the week, or counts the days to a date.",
        Effect::Reads,
        arguments(
            &[],
            json!({
                "day": {
                    "type": "string", "maxLength": 60,
                    "description": "Only when said: today, tomorrow, yesterday, a weekday (the next \
                        one, today included), \"next friday\", \"last friday\", \"in 3 weeks\", \
                        \"2 days ago\", \"monday next week\".",
                },
                "date": {
                    "type": "string", "maxLength": 40,
                    "description": "Only when said: YYYY-MM-DD, MM-DD or DD, or thanksgiving, easter.",
                },
                "from": {
                    "type": "string", "maxLength": 60,
                    "description": "Only when said: the day or date to count from instead of today.",
                },
                "count": {
                    "type": "string", "enum": ["days", "weeks", "days since", "week", "leap year"],
                    "description": "Counts them from today to that day, or since it; week is the number of its \
                        week, leap year whether its year is one.",
                },
            }),
        ),
        move |arguments: GetDate, _| {
            let here = settings.wall.now().to_zoned(settings.zone());
            async move { get_date(&here, &arguments) }
        },
    );
    [time, date]
}

async fn get_time(
    settings: Arc<Settings>,
    places: Arc<Places>,
    arguments: GetTime,
    cx: ToolCx,
) -> Result<ToolOutput, ToolError> {
    let now = settings.wall.now();
    let here = now.to_zoned(settings.zone());
    if let Some(until) = &arguments.until {
        return time_left(&here, until, cx.said.as_deref());
    }
    if let Some(seconds) = arguments.in_seconds {
        return time_then(&here, seconds);
    }
    let location = arguments.location.as_deref().map(str::trim).filter(|place| !is_here(place));
    let Some(location) = location else {
        return Ok(ToolOutput::new(time_data(&here), format!("It's {}.", say::clock(here.time()))));
    };
    let found = zone_of(&places, location, &cx).await?;
    let there = now.to_zoned(found.zone.clone());
    let mut data = time_data(&there);
    data["location"] = json!(found.name);
    let day = if there.date() == here.date() {
        String::new()
    } else {
        format!(" on {}", say::weekday(there.weekday()))
    };
    let clock = say::clock(there.time());
    let say = match found.of {
        Some(country) => {
            format!("{country} has several time zones. In {} it's {clock}{day}.", found.name)
        }
        None => format!("In {} it's {clock}{day}.", found.name),
    };
    Ok(ToolOutput::new(data, say))
}

/// "That will be 6:30 PM tomorrow."
fn time_then(here: &Zoned, seconds: i64) -> Result<ToolOutput, ToolError> {
    let then = here
        .checked_add(seconds.seconds())
        .map_err(|_| ToolError::Tell("That is further off than the calendar goes.".into()))?;
    let day = match (then.date() - here.date()).get_days() {
        0 => String::new(),
        -1 => " yesterday".into(),
        _ => format!(" {}", say::day_from(then.date(), here.date())),
    };
    let verb = if seconds < 0 { "was" } else { "will be" };
    let say = format!("That {verb} {}{day}.", say::clock(then.time()));
    Ok(ToolOutput::new(time_data(&then), say))
}

/// "It's 3 hours and 5 minutes until 6 PM."
fn time_left(here: &Zoned, until: &str, said: Option<&str>) -> Result<ToolOutput, ToolError> {
    let time: Time = until
        .parse()
        .map_err(|_| ToolError::Tell(format!("{until} is no clock time. Write it like 07:00.")))?;
    let open = (1..=12).contains(&time.hour()) && said.is_some_and(|said| !said::names_half(said));
    let next = |time: Time| {
        let days = [here.date(), here.date().tomorrow().ok()?];
        let zone = here.time_zone();
        let all =
            days.into_iter().filter_map(|day| day.to_datetime(time).to_zoned(zone.clone()).ok());
        all.into_iter().find(|at| at > here)
    };
    // A bare "six" is the next one of the two.
    let other = next(time.wrapping_add(12.hours())).filter(|_| open);
    let at = [next(time), other].into_iter().flatten().min();
    let at =
        at.ok_or_else(|| ToolError::Tell("That is further off than the calendar goes.".into()))?;
    let seconds = at.timestamp().duration_since(here.timestamp()).as_secs().unsigned_abs();
    let clock = say::clock(at.time());
    // A minute that has begun counts.
    let minutes = seconds.div_ceil(60);
    let data = json!({"until": at.strftime("%H:%M").to_string(), "minutes": minutes});
    Ok(ToolOutput::new(data, format!("It's {} until {clock}.", say::span(minutes * 60))))
}

/// The zone of `location`, from the system's database or else by the weather service's geocoding.
///
/// # Errors
/// A place that neither knows, in words.
pub(super) async fn zone_of(
    places: &Places,
    location: &str,
    cx: &ToolCx,
) -> Result<Found, ToolError> {
    // The first use of the database reads a folder of some 600 files: about 50 ms.
    let name = location.to_owned();
    match tokio::task::spawn_blocking(move || zone::find(&name)).await.ok().flatten() {
        Some(found) => Ok(found),
        None => by_service(places, location, cx).await,
    }
}

/// The zone of a place that only the weather service's geocoding knows.
async fn by_service(places: &Places, location: &str, cx: &ToolCx) -> Result<Found, ToolError> {
    let place = match places.find(location, cx.now).await {
        Ok(place) => place,
        Err(PlaceError::Unknown(text)) => return Err(ToolError::Tell(text)),
        Err(PlaceError::Web(error)) => {
            return Err(ToolError::Tell(format!(
                "I do not know the time zone of {location} myself, and {} Try a large city nearby.",
                error.tell("the place search", "get_weather")
            )));
        }
    };
    let name = place.name.clone();
    match place.timezone.as_deref().map(TimeZone::get) {
        Some(Ok(zone)) => Ok(Found { zone, name, of: None }),
        Some(Err(_)) | None => Err(ToolError::Tell(format!(
            "I found {name}, but not its time zone. Try a large city nearby."
        ))),
    }
}

fn time_data(there: &Zoned) -> serde_json::Value {
    json!({
        "time": there.strftime("%H:%M").to_string(),
        "date": there.date().to_string(),
        "weekday": say::weekday(there.weekday()).to_lowercase(),
        "zone": there.time_zone().iana_name(),
        "utc_offset": there.offset().to_string(),
    })
}

fn get_date(here: &Zoned, wish: &GetDate) -> Result<ToolOutput, ToolError> {
    let today = here.date();
    if let Some(from) = &wish.from {
        let named = |text: &str, today| match day::day(text, today) {
            Some(date) => Ok(date),
            None => dated(text, today, false),
        };
        let first = named(from, today)?;
        let to = wish.date.as_deref().or(wish.day.as_deref()).unwrap_or("today");
        // "From december 20th to january 5th" ends in the next year.
        return Ok(between(first, named(to, first)?, wish.count));
    }
    let date = match (&wish.date, &wish.day) {
        (Some(text), _) => dated(text, today, wish.count == Some(Count::Since))?,
        (None, Some(name)) => day::day(name, today)
            .ok_or_else(|| ToolError::Tell(format!("I don't know the day {name}.")))?,
        (None, None) => today,
    };
    let days = (date - today).get_days();
    let full = if date.year() == today.year() {
        say::date(date)
    } else {
        format!("{}, {}", say::date(date), date.year())
    };
    if wish.count == Some(Count::Leap) {
        let (year, leap) = (date.year(), date.in_leap_year());
        let say = match leap {
            true => format!("Yes, {year} is a leap year."),
            false => format!("No, {year} is not a leap year."),
        };
        return Ok(ToolOutput::new(json!({"year": year, "leap_year": leap}), say));
    }
    let name = wish.day.as_deref().map(str::to_lowercase).unwrap_or_default();
    let weekday = name.strip_prefix("next ").unwrap_or(&name);
    let say = match wish.count {
        Some(count) => counted(count, days, &full, date.iso_week_date().week()),
        None if wish.date.is_none() && (name.is_empty() || name == "today") => {
            format!("Today is {}, {}.", say::date(today), today.year())
        }
        None if name == "tomorrow" => format!("Tomorrow is {full}."),
        None if name == "yesterday" => format!("Yesterday was {full}."),
        None if days == 0 => format!("That is today, {full}."),
        None if say::weekday_named(weekday).is_some() && wish.date.is_none() => {
            format!("The next {} is {}.", say::weekday(date.weekday()), say::month_day(date))
        }
        None if days < 0 => format!("That was {full}."),
        None => format!("That is {full}."),
    };
    let weekday = say::weekday(date.weekday()).to_lowercase();
    let data = json!({"date": date.to_string(), "weekday": weekday, "days_from_today": days});
    Ok(ToolOutput::new(data, say))
}

/// The date that `text` names on `today`, or the last such one with `past`.
fn dated(text: &str, today: Date, past: bool) -> Result<Date, ToolError> {
    day::date(text, today, past).ok_or_else(|| {
        let unknown = || format!("I don't know the date {text}.");
        ToolError::Tell(day::misfit(text, today).unwrap_or_else(unknown))
    })
}

/// "It's 37 days from March 3rd to April 9th."
fn between(from: Date, to: Date, count: Option<Count>) -> ToolOutput {
    let days = (to - from).get_days();
    let told = match count {
        Some(Count::Weeks) if days >= 7 => weeks(days),
        _ => say::count(days.unsigned_abs() as usize, "day"),
    };
    let year = |date: Date| match from.year() == to.year() {
        true => say::month_day(date),
        false => format!("{}, {}", say::month_day(date), date.year()),
    };
    let say = format!("It's {told} from {} to {}.", year(from), year(to));
    ToolOutput::new(json!({"from": from.to_string(), "to": to.to_string(), "days": days}), say)
}

/// "4 weeks and 1 day".
fn weeks(days: i32) -> String {
    let [weeks, rest] = [days / 7, days % 7].map(|count| count.unsigned_abs() as usize);
    let weeks = say::count(weeks, "week");
    if rest == 0 { weeks } else { format!("{weeks} and {}", say::count(rest, "day")) }
}

/// "It's 29 days until Friday, December 25th." `week` is that of the date.
fn counted(count: Count, days: i32, date: &str, week: i8) -> String {
    let number = |days: i32| say::count(days.unsigned_abs() as usize, "day");
    match (count, days) {
        (Count::Week, 0) => format!("It's week {week}."),
        (Count::Week, _) => format!("That is in week {week}: {date}."),
        (_, 0) => format!("That is today, {date}."),
        (Count::Days | Count::Weeks, 1) => format!("It's tomorrow, {date}."),
        (Count::Weeks, 7..) => format!("It's {} until {date}.", weeks(days)),
        (_, 1..) => format!("It's {} until {date}.", number(days)),
        (_, _) => format!("It has been {} since {date}.", number(days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_said_with_their_weekday() {
        let here: Zoned = "2026-11-03T15:42:00+00:00[UTC]".parse().unwrap();
        let cases = [
            (None, "2026-11-03", "Today is Tuesday, November 3rd, 2026."),
            (Some("today"), "2026-11-03", "Today is Tuesday, November 3rd, 2026."),
            (Some("tomorrow"), "2026-11-04", "Tomorrow is Wednesday, November 4th."),
            (Some("yesterday"), "2026-11-02", "Yesterday was Monday, November 2nd."),
            (Some("friday"), "2026-11-06", "The next Friday is November 6th."),
            (Some("monday"), "2026-11-09", "The next Monday is November 9th."),
            (Some("tuesday"), "2026-11-03", "That is today, Tuesday, November 3rd."),
        ];
        for (day, date, words) in cases {
            let wish = GetDate { day: day.map(str::to_owned), date: None, from: None, count: None };
            let output = get_date(&here, &wish).unwrap();
            assert_eq!((output.data["date"].as_str().unwrap(), output.say.as_str()), (date, words));
        }
    }

    #[test]
    fn dates_are_found_and_days_are_counted() {
        // A Monday.
        let here: Zoned = "2026-11-30T09:00:00+00:00[UTC]".parse().unwrap();
        let ask = |date: Option<&str>, day: Option<&str>, count: Option<Count>| {
            let (date, day) = (date.map(str::to_owned), day.map(str::to_owned));
            match get_date(&here, &GetDate { day, date, from: None, count }) {
                Ok(output) => output.say,
                Err(error) => error.to_string(),
            }
        };
        for (date, day, count, words) in [
            (Some("24"), None, None, "That is Thursday, December 24th."),
            (Some("01-01"), None, None, "That is Friday, January 1st, 2027."),
            (None, Some("in 3 weeks"), None, "That is Monday, December 21st."),
            (None, Some("next monday"), None, "The next Monday is December 7th."),
            (None, Some("monday"), None, "That is today, Monday, November 30th."),
            (None, Some("last friday"), None, "That was Friday, November 27th."),
            (Some("12-25"), None, Some(Count::Days), "It's 25 days until Friday, December 25th."),
            (
                Some("12-25"),
                None,
                Some(Count::Weeks),
                "It's 3 weeks and 4 days until Friday, December 25th.",
            ),
            (Some("12-01"), None, Some(Count::Days), "It's tomorrow, Tuesday, December 1st."),
            (
                Some("11-01"),
                None,
                Some(Count::Since),
                "It has been 29 days since Sunday, November 1st.",
            ),
            (Some("13-45"), None, None, "I don't know the date 13-45."),
            (None, Some("someday"), None, "I don't know the day someday."),
        ] {
            assert_eq!(ask(date, day, count), words);
        }
    }
}
