//! The user's calendar: an iCalendar file of theirs (RFC 5545) or a calendar on a server (CalDAV),
//! and others that can be read.
//!
//! ```text
//! file, server (dav), addresses ─▶ text ─▶ ics::events (repetitions, zones) ─▶ those asked for ─▶ words
//! add_event ─▶ ics::with ─▶ the user's own file, replaced whole, or a new one on their server
//! move_event, remove_event ─▶ ics::occurrences ─▶ edit ─▶ the same, if nobody else changed it
//! ```
//!
//! **Invariant:** nothing in a file changes but the lines of the event that was meant.
//! **Invariant:** nothing is removed before the user has said yes to that very event.
//! Deliberately absent: other changes of a series than moving all of it and removing it.

mod change;
mod dav;
mod edit;
mod ics;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::dav::CalendarServer;
use self::ics::Event;
use self::words::{Part, clock, data, listed, with_day};
use super::alarm_days::clock_time;
use super::disk::{aside, on_disk, replace};
use super::web::Web;
use super::zone::fold;
use super::{
    Settings, Tool, ToolCx, ToolError, ToolOutput, arguments, day, function, said, say, wish,
};
use crate::base::Moment;
use crate::dialog::Effect;

/// How many events are said; the rest are counted.
const SAID: usize = 3;

/// How far ahead an event is looked for by its name, in days: a year and a day.
const AHEAD: i64 = 366;

/// The longest calendar, in bytes: some 50,000 events.
const MOST: usize = 16 * 1024 * 1024;

/// How long a calendar that was fetched is used again.
const FRESH: Duration = Duration::from_secs(600);

/// The length of an event of which none is said, in minutes.
const MINUTES: u32 = 60;

/// Where the calendars are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalendarSettings {
    /// The user's own, to which events are added; it need not exist. Without one nothing is added.
    pub file: Option<PathBuf>,
    /// Their calendar on a server, which takes new events instead of the file.
    pub server: Option<CalendarServer>,
    /// Others, which are only read.
    pub others: Vec<CalendarSource>,
}

/// A calendar that is only read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarSource {
    /// A file.
    File(PathBuf),
    /// An address.
    Web(Url),
}

#[derive(Deserialize)]
struct GetEvents {
    day: Option<String>,
    date: Option<String>,
    days: Option<u32>,
    part: Option<Part>,
    about: Option<String>,
    #[serde(default)]
    next: bool,
}

#[derive(Deserialize)]
struct AddEvent {
    title: String,
    day: Option<String>,
    date: Option<String>,
    time: Option<String>,
    minutes: Option<u32>,
}

/// An address with what it last gave, and when.
type Fetched = Vec<(Url, Moment, Arc<str>)>;

struct Calendars {
    settings: Arc<Settings>,
    web: Web,
    fetched: Mutex<Fetched>,
}

/// `get_events`, and `add_event`, `move_event` and `remove_event` if there is a file of the user's.
pub(crate) fn tools(settings: &Arc<Settings>) -> Vec<Arc<dyn Tool>> {
    let CalendarSettings { file, server, others } = &settings.calendar;
    if file.is_none() && server.is_none() && others.is_empty() {
        return Vec::new();
    }
    let text = |about: &str| json!({"type": "string", "maxLength": 100, "description": about});
    let calendars = Arc::new(Calendars {
        settings: Arc::clone(settings),
        web: Web::default(),
        fetched: Mutex::default(),
    });
    let get = function::foreign(function(
        "get_events",
        "Tells what is on the user's calendar: today, on a day, the next event, or when one is.",
        Effect::Reads,
        arguments(
            &[],
            json!({
                "day": text("today, tomorrow, a weekday, \"next monday\"; only when said."),
                "date": text("YYYY-MM-DD, for a day that is said as a date."),
                "days": {
                    "type": "integer", "minimum": 1, "maximum": AHEAD,
                    "description": "How many days from then on; 7 for this week.",
                },
                "part": {
                    "type": "string", "enum": ["morning", "afternoon", "evening"],
                    "description": "Only when said.",
                },
                "about": text("A word of its title, to find one event: \"dentist\"."),
                "next": {"type": "boolean", "description": "true for the next event alone."},
            }),
        ),
        {
            let calendars = Arc::clone(&calendars);
            move |wish: GetEvents, cx| {
                let calendars = Arc::clone(&calendars);
                async move { calendars.get(wish, cx.now).await }
            }
        },
    ));
    let own = file.is_some() || server.is_some();
    let changes = own.then(|| change::tools(&calendars));
    let add = own.then(|| {
        function(
            "add_event",
            "Adds an event to the user's calendar.",
            Effect::Writes,
            arguments(
                &["title"],
                json!({
                    "title": text("What it is, in the user's words: \"dentist\"."),
                    "day": text("today, tomorrow, a weekday, \"next monday\"; only when said."),
                    "date": text("YYYY-MM-DD, for a day that is said as a date."),
                    "time": {
                        "type": "string", "maxLength": 5, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                        "description": "HH:MM, 24 hours, when it begins; without it the whole day.",
                    },
                    "minutes": {
                        "type": "integer", "minimum": 1, "maximum": 1440,
                        "description": "Its length; 60 when not said.",
                    },
                }),
            ),
            move |wish: AddEvent, cx: ToolCx| {
                let calendars = Arc::clone(&calendars);
                async move { calendars.add(wish, cx.said.as_deref()).await }
            },
        )
    });
    [get].into_iter().chain(add).chain(changes.into_iter().flatten()).collect()
}

impl Calendars {
    fn now(&self) -> Zoned {
        self.settings.wall.now().to_zoned(self.settings.zone())
    }

    async fn get(&self, mut wish: GetEvents, moment: Moment) -> Result<ToolOutput, ToolError> {
        let now = self.now();
        let today = now.date();
        wish::settle_day(&mut wish.day, &mut wish.date, today)?;
        let named = match (&wish.date, &wish.day) {
            (Some(text), _) => day::date(text, today, false),
            (None, Some(name)) => day::day(name, today),
            (None, None) => Some(today),
        };
        let Some(first) = named else {
            return Err(ToolError::Tell("I don't know that day. Which one?".into()));
        };
        let open = wish.next || wish.about.is_some();
        let days = if open { AHEAD } else { wish.days.unwrap_or(1).into() };
        let midnight = |date: Date| date.to_zoned(now.time_zone().clone());
        let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
        let last = first.checked_add(days.days()).map_err(late)?;
        let from = if first == today { now.clone() } else { midnight(first).map_err(late)? };
        let to = midnight(last).map_err(late)?;
        let (mut events, problems) = self.events(&from, &to, moment).await?;
        if let Some(about) = &wish.about {
            events.retain(|event| called(event, about));
        }
        if let Some(part) = wish.part {
            events.retain(|event| part.has(event));
        }
        if open {
            events.truncate(1);
        }
        let mut say = match (&wish.about, wish.next, events.as_slice()) {
            (Some(about), _, []) => format!("I find no {about} on your calendar."),
            (None, true, []) => "Nothing is on your calendar.".into(),
            (Some(_), _, [event, ..]) => {
                say::sentence(&format!("{} is {}.", event.title, with_day(event, today)))
            }
            (None, true, [event, ..]) => {
                format!("Next is {} {}.", event.title, with_day(event, today))
            }
            (None, false, events) => listed(events, first, days, wish.part, today),
        };
        for problem in problems {
            say += &format!(" {problem}");
        }
        let data: Vec<Value> = events.iter().map(data).collect();
        Ok(ToolOutput::new(json!({"events": data}), say))
    }

    /// All events between `from` and `to`, and what could not be read.
    async fn events(
        &self,
        from: &Zoned,
        to: &Zoned,
        moment: Moment,
    ) -> Result<(Vec<Event>, Vec<String>), ToolError> {
        let CalendarSettings { file, server, others } = &self.settings.calendar;
        let own = file.iter().map(|file| CalendarSource::File(file.clone()));
        let (mut events, mut problems, mut read) = (Vec::new(), Vec::new(), 0);
        if let Some(server) = server {
            match self.on_server(server, from, to).await {
                Ok(found) => {
                    read += 1;
                    events.extend(found);
                }
                Err(why) => problems.push(format!("I could not read your calendar: {why}.")),
            }
        }
        for source in own.chain(others.iter().cloned()) {
            let text = match &source {
                CalendarSource::File(path) => file_text(path.clone()).await,
                CalendarSource::Web(url) => self.fetch(url, moment).await,
            };
            let name = match &source {
                CalendarSource::File(path) => path.display().to_string(),
                CalendarSource::Web(url) => url.host_str().unwrap_or_default().to_owned(),
            };
            let found = match text {
                Ok(text) if text.trim().is_empty() => Ok(Vec::new()),
                Ok(text) => {
                    let (from, to) = (from.clone(), to.clone());
                    aside(move || ics::events(&text, &from, &to)).await?
                }
                Err(why) => Err(why),
            };
            match found {
                Ok(found) => {
                    read += 1;
                    events.extend(found);
                }
                Err(why) => problems.push(format!("I could not read the calendar {name}: {why}.")),
            }
        }
        if read == 0 {
            return Err(ToolError::Tell(problems.join(" ")));
        }
        events.sort_by(|a, b| a.start.cmp(&b.start));
        Ok((events, problems))
    }

    /// The events of the user's own calendar between `from` and `to`.
    async fn own(&self, from: &Zoned, to: &Zoned) -> Result<Vec<Event>, String> {
        let CalendarSettings { file, server, .. } = &self.settings.calendar;
        match (server, file) {
            (Some(server), _) => self.on_server(server, from, to).await,
            (None, Some(file)) => ics::events(&file_text(file.clone()).await?, from, to),
            (None, None) => Ok(Vec::new()),
        }
    }

    async fn on_server(
        &self,
        server: &CalendarServer,
        from: &Zoned,
        to: &Zoned,
    ) -> Result<Vec<Event>, String> {
        let pages = server.pages(&self.web, from, to).await?;
        let (from, to) = (from.clone(), to.clone());
        let found = aside(move || {
            let all = pages.iter().map(|page| ics::events(&page.text, &from, &to));
            all.collect::<Result<Vec<_>, _>>()
        });
        let found = found.await.map_err(|error| error.to_string())??;
        Ok(found.into_iter().flatten().collect())
    }

    async fn add(&self, wish: AddEvent, said: Option<&str>) -> Result<ToolOutput, ToolError> {
        let here = self.now();
        let event = planned(wish, &here, said)?;
        let say = with_day(&event, here.date());
        let say = format!("I added {} to your calendar, {say}.", event.title);
        let done = ToolOutput::new(data(&event), say);
        let stamp = here.timestamp();
        if let Some(server) = &self.settings.calendar.server {
            // Servers want the rules of each zone that is named; they know universal time.
            let utc = |at: &Zoned| {
                if event.all_day { at.clone() } else { at.with_time_zone(TimeZone::UTC) }
            };
            let event = Event { start: utc(&event.start), end: utc(&event.end), ..event.clone() };
            let number = (self.settings.chance.roll() * 1e12) as u64;
            let uid = format!("{}-{number:x}", stamp.as_nanosecond());
            let text = ics::with("", &event, &uid, stamp);
            server.create(&self.web, &uid, text).await?;
            return Ok(done);
        }
        let Some(file) = self.settings.calendar.file.clone() else { return Ok(done) };
        on_disk(move || {
            let text = text_of(&file)?;
            let uid = format!("{}-{}", stamp.as_nanosecond(), text.len());
            replace(&file, &ics::with(&text, &event, &uid, stamp)).map_err(|error| {
                let file = file.display();
                ToolError::Tell(format!("I could not write the calendar {file}: {error}."))
            })?;
            Ok(done)
        })
        .await
    }

    async fn fetch(&self, url: &Url, now: Moment) -> Result<Arc<str>, String> {
        let fetched = || self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let known = fetched().iter().find(|(known, ..)| known == url).cloned();
        if let Some((_, at, text)) = &known
            && now.since(*at) < FRESH
        {
            return Ok(Arc::clone(text));
        }
        match self.web.fetch(url, MOST).await {
            Ok(bytes) => {
                let text: Arc<str> = String::from_utf8_lossy(&bytes).into();
                let mut all = fetched();
                all.retain(|(known, ..)| known != url);
                all.push((url.clone(), now, Arc::clone(&text)));
                Ok(text)
            }
            // Yesterday's calendar is better than none.
            Err(error) => match known {
                Some((_, _, text)) => Ok(text),
                None => Err(error.tell("it", "calendar").trim_end_matches('.').to_owned()),
            },
        }
    }
}

async fn file_text(path: PathBuf) -> Result<Arc<str>, String> {
    let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
    match read.map_err(|error| error.to_string())? {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Arc::default()),
        Err(error) => Err(error.to_string()),
    }
}

/// The event that is to be added.
fn planned(mut wish: AddEvent, here: &Zoned, said: Option<&str>) -> Result<Event, ToolError> {
    let today = here.date();
    wish::settle_day(&mut wish.day, &mut wish.date, today)?;
    let time = wish.time.as_deref().map(clock_time).transpose()?;
    let time = time.map(|time| by_day(time, said));
    let named = match (&wish.date, &wish.day) {
        (Some(text), _) => day::date(text, today, false),
        (None, Some(name)) => day::day(name, today),
        (None, None) if time.is_some_and(|time| time > here.time()) => Some(today),
        (None, None) if time.is_some() => today.tomorrow().ok(),
        (None, None) => return Err(ToolError::Tell("On which day?".into())),
    };
    let Some(date) = named else {
        return Err(ToolError::Tell("I don't know that day. Which one?".into()));
    };
    let zone = || here.time_zone().clone();
    let late = |_| ToolError::Tell("That is further off than the calendar goes.".into());
    let (start, end) = match time {
        Some(time) => {
            let start = date.to_datetime(time).to_zoned(zone()).map_err(late)?;
            let minutes = i64::from(wish.minutes.unwrap_or(MINUTES));
            let end = start.checked_add(minutes.minutes()).map_err(late)?;
            (start, end)
        }
        None => {
            let next = date.tomorrow().map_err(late)?;
            (date.to_zoned(zone()).map_err(late)?, next.to_zoned(zone()).map_err(late)?)
        }
    };
    let title = said::as_said(wish.title.trim().trim_end_matches(['.', '!']), said);
    if title.is_empty() {
        return Err(ToolError::Tell("What should I add?".into()));
    }
    Ok(Event { title, place: None, start, end, all_day: time.is_none() })
}

/// What is in `file`; nothing if there is none.
fn text_of(file: &Path) -> Result<String, ToolError> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| {
            ToolError::Tell(format!("I could not read the calendar {}: {error}.", file.display()))
        }),
    }
}

/// Whether the title of `event` has the words of `about`, or words that begin with them.
fn called(event: &Event, about: &str) -> bool {
    let (about, title) = (fold(about), fold(&event.title));
    let begins = |word: &str| title.split_whitespace().any(|part| part.starts_with(word));
    about.split_whitespace().all(begins)
}

/// A bare "three" in a calendar is in the afternoon; nobody has appointments before seven.
fn by_day(time: Time, said: Option<&str>) -> Time {
    let bare = said.is_some_and(|said| !said::names_half(said));
    if bare && (1..7).contains(&time.hour()) { time.wrapping_add(12.hours()) } else { time }
}
