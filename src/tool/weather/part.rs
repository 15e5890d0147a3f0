//! The weather in a part of a day: "tomorrow afternoon", "tonight".
//!
//! The arguments name only the day, so the part is read from what the user said.

use jiff::ToSpan;

use super::forecast::{Forecast, Hour};
use super::hours::as_data;
use super::place::Place;
use super::words::{Wanted, data, days, degrees, rain, sky};
use crate::tool::{ToolOutput, Units, say};

/// A part of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
}

impl Part {
    /// The one part that `said` names, unless it is about more than the weather.
    pub(crate) fn named(said: &str) -> Option<Self> {
        let said = said.to_lowercase();
        let words: Vec<&str> =
            said.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.iter().any(|word| {
            matches!(*word, "remind" | "alarm" | "timer" | "wake" | "add" | "erinnere" | "wecker")
        }) {
            return None;
        }
        let part = |word: &&str| match *word {
            "morning" | "früh" | "vormittag" | "vormittags" | "morgens" => Some(Self::Morning),
            "afternoon" | "nachmittag" | "nachmittags" => Some(Self::Afternoon),
            "evening" | "abend" | "abends" => Some(Self::Evening),
            "tonight" | "night" | "overnight" | "nacht" | "nachts" => Some(Self::Night),
            // "Freitagabend".
            word => ["vormittag", "nachmittag", "abend", "nacht"]
                .iter()
                .position(|part| word.strip_suffix(part).is_some_and(|day| day.ends_with("tag")))
                .map(|at| [Self::Morning, Self::Afternoon, Self::Evening, Self::Night][at]),
        };
        // "Good morning, what's the weather": the greeting says nothing of the forecast.
        let greets = |at: usize| at > 0 && matches!(words[at - 1], "good" | "guten" | "gute");
        let mut parts =
            (0..words.len()).filter(|at| !greets(*at)).filter_map(|at| part(&words[at]));
        let first = parts.next()?;
        parts.all(|other| other == first).then_some(first)
    }

    /// Its first hour, and how many it has.
    fn hours(self) -> (i8, i64) {
        match self {
            Self::Morning => (6, 6),
            Self::Afternoon => (12, 6),
            Self::Evening => (18, 5),
            Self::Night => (20, 10),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
            Self::Night => "night",
        }
    }

    /// "this evening", "tomorrow afternoon", "on Friday morning", "in the morning on December 5th".
    fn of(self, day: &str) -> String {
        match (day, self) {
            ("today", Self::Night) => "tonight".into(),
            ("today", _) => format!("this {}", self.name()),
            (day, _) if day.contains(char::is_numeric) => format!("in the {} {day}", self.name()),
            (day, _) => format!("{day} {}", self.name()),
        }
    }
}

/// "Tomorrow afternoon in Paris expect 12 to 15 degrees and light rain, with a 60 percent chance of
/// rain." Nothing if the part is over, or the service has no hours of it.
pub(crate) fn tell(
    place: &Place,
    forecast: &Forecast,
    part: Part,
    wanted: Wanted,
    units: Units,
) -> Option<ToolOutput> {
    let wanted = if wanted == Wanted::Now { Wanted::Today } else { wanted };
    let found = days(forecast, wanted).ok()?;
    let [(name, day)] = found.as_slice() else { return None };
    let (first, count) = part.hours();
    let start = day.date.at(first, 0, 0, 0);
    let end = start.checked_add(count.hours()).ok()?;
    let now = forecast.here?;
    // The hour that has begun counts.
    let begun = now.checked_sub(1.hour()).ok()?;
    let within = |hour: &&Hour| (start..end).contains(&hour.at) && hour.at > begun;
    let hours: Vec<&Hour> = forecast.hours.iter().filter(within).collect();
    let low = hours.iter().map(|hour| hour.temperature).min_by(f64::total_cmp)?;
    let high = hours.iter().map(|hour| hour.temperature).max_by(f64::total_cmp)?;
    let (low, high) = (low.round(), high.round());
    let between = match low == high {
        true => degrees(high),
        false => format!("{low:.0} to {}", degrees(high)),
    };
    // What is worst is what one dresses for; WMO's codes rise with it.
    let code = hours.iter().filter_map(|hour| hour.code).max();
    let sky = code.and_then(sky).map(|sky| format!(" and {sky}")).unwrap_or_default();
    let chance = hours.iter().filter_map(|hour| hour.rain_chance).max_by(f64::total_cmp);
    let chance = chance.map(|chance| format!(", with {}", rain(chance, code))).unwrap_or_default();
    let when = say::sentence(&part.of(name));
    let say = format!("{when} in {} expect {between}{sky}{chance}.", place.spoken());
    let mut data = data(place, forecast, units);
    data["hours"] = hours.iter().map(|hour| as_data(hour)).collect();
    Some(ToolOutput::new(data, say))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_day_is_heard_and_a_greeting_is_none() {
        let named = [
            ("what's the weather tomorrow afternoon", Some(Part::Afternoon)),
            ("will it rain tonight", Some(Part::Night)),
            ("Will it rain this evening in Paris?", Some(Part::Evening)),
            ("good morning, what's the weather", None),
            ("good evening, will it rain tomorrow morning", Some(Part::Morning)),
            ("what's the weather in the morning and in the evening", None),
            ("remind me this evening, and what's the weather", None),
            ("what's the weather tomorrow", None),
        ];
        for (said, expected) in named {
            assert_eq!(Part::named(said), expected, "{said}");
        }
        assert_eq!(Part::Night.of("today"), "tonight");
        assert_eq!(Part::Morning.of("on Friday"), "on Friday morning");
        assert_eq!(
            Part::Morning.of("on Saturday, December 5th"),
            "in the morning on Saturday, December 5th"
        );
    }
}
