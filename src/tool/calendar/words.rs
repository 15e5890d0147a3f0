use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SAID;
use super::ics::Event;
use crate::tool::say;

/// A part of each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Morning,
    Afternoon,
    Evening,
}

impl Part {
    /// Whether any of `event` is in it. What takes the whole day is in every part.
    pub(super) fn has(self, event: &Event) -> bool {
        let (from, to) = match self {
            Self::Morning => (0, 12),
            Self::Afternoon => (12, 18),
            Self::Evening => (17, 24),
        };
        let (start, end) = (event.start.time(), event.end.time());
        let over = event.end.date() > event.start.date();
        // One that ends on the hour does not reach into it.
        let last = if end.minute() == 0 { end.hour() - 1 } else { end.hour() };
        event.all_day || (start.hour() < to && (over || last.max(start.hour()) >= from))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
        }
    }
}

/// "You have 2 events tomorrow: dentist at 9 AM and lunch at noon."
pub(super) fn listed(
    events: &[Event],
    first: Date,
    days: i64,
    part: Option<Part>,
    today: Date,
) -> String {
    let when = match (days, part) {
        (1, Some(Part::Evening)) if first == today => "this evening".into(),
        (1, Some(part)) if first == today => format!("this {}", part.name()),
        (1, Some(part)) => format!("{} {}", say::day_from(first, today), part.name()),
        (1, None) if first == today => "today".into(),
        (1, None) => say::day_from(first, today),
        (7, _) if first > today && first.weekday() == Weekday::Monday => "next week".into(),
        (2, _) if first.weekday() == Weekday::Saturday => "at the weekend".into(),
        (days, _) => format!("in the next {days} days"),
    };
    let words = |event: &Event| match days {
        1 => format!("{} {}", event.title, clock(event)),
        _ => format!("{} {}", event.title, with_day(event, today)),
    };
    let more = events.len().saturating_sub(SAID);
    let said: Vec<String> = events.iter().take(SAID).map(words).collect();
    match events {
        [] if first == today && days == 1 && part.is_none() => {
            "Nothing more is on your calendar today.".into()
        }
        [] => format!("Nothing is on your calendar {when}."),
        [only] => say::sentence(&format!("{when} you have {}.", words(only))),
        several if more == 0 => {
            format!("You have {} {when}: {}.", say::count(several.len(), "event"), say::list(&said))
        }
        several => format!(
            "You have {} {when}: {}, and {more} more.",
            say::count(several.len(), "event"),
            said.join(", ")
        ),
    }
}

pub(super) fn clock(event: &Event) -> String {
    if event.all_day { "all day".into() } else { format!("at {}", say::clock(event.start.time())) }
}

pub(super) fn with_day(event: &Event, today: Date) -> String {
    let day = say::day_from(event.start.date(), today);
    if event.all_day { day } else { format!("{day} {}", clock(event)) }
}

pub(super) fn data(event: &Event) -> Value {
    json!({
        "title": event.title, "place": event.place, "all_day": event.all_day,
        "start": event.start.strftime("%F %H:%M").to_string(),
        "end": event.end.strftime("%F %H:%M").to_string(),
    })
}
