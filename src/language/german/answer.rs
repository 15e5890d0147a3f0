//! The catalogue of answers: an English sentence of a tool, and the same in German.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::fault::fault;
use super::rings::{ring, rings, timer, timers};
use super::written::{
    capital, clock, date, day, every, length, lower, month_day, number, part, row, weekday, when,
    whens,
};
use super::{things, weather};

const ANSWERS: &str = include_str!("answers.toml");

/// A piece of a sentence of the catalogue.
#[derive(Debug)]
enum Piece {
    Words(String),
    /// The name of a value.
    Value(String),
}

/// The sentences; those with more fixed words come first.
static CATALOGUE: LazyLock<Vec<(Vec<Piece>, String)>> = LazyLock::new(|| {
    // A test reads the file; a broken one would leave the answers in English.
    let entries: BTreeMap<String, String> = toml::from_str(ANSWERS).unwrap_or_default();
    let mut all: Vec<_> =
        entries.into_iter().map(|(english, german)| (pieces(&english), german)).collect();
    let fixed = |pieces: &[Piece]| -> usize {
        pieces.iter().map(|p| if let Piece::Words(words) = p { words.len() } else { 0 }).sum()
    };
    all.sort_by_key(|(pieces, _)| std::cmp::Reverse(fixed(pieces)));
    all
});

/// `text`, what tools answered, in German; as it is if the catalogue does not have it.
pub fn answer(text: &str) -> String {
    sentences(text.trim()).unwrap_or_else(|| text.to_owned())
}

/// All sentences of `text`, looked up one by one.
fn sentences(text: &str) -> Option<String> {
    CATALOGUE.iter().find_map(|(pieces, german)| {
        let (values, later) = matched(pieces, text)?;
        let mut said = german.clone();
        for (name, value) in values {
            said = said.replace(&format!("{{{name}}}"), &value);
        }
        let said = capital(&said);
        Some(if later.is_empty() { said } else { format!("{said} {later}") })
    })
}

fn pieces(sentence: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    for (number, part) in sentence.split(['{', '}']).enumerate() {
        match number % 2 {
            0 if part.is_empty() => {}
            0 => out.push(Piece::Words(part.to_owned())),
            _ => out.push(Piece::Value(part.to_owned())),
        }
    }
    out
}

/// The values of the sentence at the beginning of `text`, in German, and so the sentences after it.
fn matched(pieces: &[Piece], text: &str) -> Option<(Vec<(String, String)>, String)> {
    match pieces {
        [] if text.is_empty() => Some((Vec::new(), String::new())),
        [] => Some((Vec::new(), sentences(text.strip_prefix(' ')?.trim_start())?)),
        [Piece::Words(words), rest @ ..] => matched(rest, text.strip_prefix(words.as_str())?),
        [Piece::Value(name), rest @ ..] => {
            let end = match rest.first() {
                Some(Piece::Words(words)) => words.as_str(),
                Some(Piece::Value(_)) => " ",
                None => return None,
            };
            text.match_indices(end).find_map(|(at, _)| {
                let value = value(name, &text[..at])?;
                let (mut values, later) = matched(rest, &text[at..])?;
                values.push((name.clone(), value));
                Some((values, later))
            })
        }
    }
}

/// A value in German; `None` if it is not of that kind.
fn value(name: &str, text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    // "{when2}" is a second one.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match name {
        "length" => length(text),
        "clock" => clock(text),
        "when" => when(text),
        "whens" => {
            let all: Option<Vec<String>> = text.split("; ").map(when).collect();
            Some(all?.join("; "))
        }
        "whenrow" => whens(text),
        "day" => day(text),
        "span" => part(text),
        "date" => date(text),
        "weekday" => weekday(text).map(str::to_owned),
        "monthday" => month_day(text),
        "timer" => timer(text),
        "timers" => timers(text),
        "ring" => ring(text),
        "rings" => rings(text),
        "number" | "from" | "more" => number(text),
        "temperature" | "low" | "degrees" | "speed" | "sky" | "rain" | "hours" => {
            weather::value(name, text)
        }
        "whenever" => part(&lower(text)).map(|day| capital(&day)),
        "every" => every(text),
        "here" => match text {
            "here" => Some("hier".to_owned()),
            place => place.strip_prefix("in ").map(|_| text.to_owned()),
        },
        "place" => (!text.contains(['.', ':'])).then(|| text.to_owned()),
        "list" => Some(list(text)),
        "lists" => {
            let names = text.split(", ").flat_map(|part| part.split(" and "));
            row(&names.map(list).collect::<Vec<_>>())
        }
        "items" => Some(text.replace(" and ", " und ")),
        "events" => events(text),
        "Text" => (!text.contains(". ")).then(|| capital(text)),
        "text" => (!text.contains(". ")).then(|| text.to_owned()),
        "note" => Some(text.to_owned()),
        "fault" => fault(text),
        _ => things::value(name, text),
    }
}

/// The name of a list.
fn list(text: &str) -> String {
    match text {
        "shopping" => "Einkaufsliste".to_owned(),
        "to do" | "todo" => "Aufgabenliste".to_owned(),
        name if name.ends_with("liste") => capital(name),
        name => format!("Liste {}", capital(name)),
    }
}

/// "dentist at 3 PM and lunch all day", with or without days.
fn events(text: &str) -> Option<String> {
    let one = |event: &str| {
        if let Some(title) = event.strip_suffix(" all day") {
            return Some(format!("{title} den ganzen Tag"));
        }
        let (title, time) = event.rsplit_once(" at ")?;
        let time = format!("um {}", clock(time)?);
        let days = [" on ", " today", " tomorrow"].iter().find_map(|sign| {
            let at = title.rfind(sign)?;
            Some((&title[..at], day(&title[at + 1..])?))
        });
        Some(match days {
            Some((title, day)) => format!("{title} {day} {time}"),
            None => format!("{title} {time}"),
        })
    };
    if let Some(only) = one(text).filter(|_| text.matches(" at ").count() <= 1) {
        return Some(only);
    }
    let all: Option<Vec<String>> =
        text.split(", ").flat_map(|part| part.split(" and ")).map(one).collect();
    row(&all?)
}

#[cfg(test)]
mod tests {
    use super::super::is_german;
    use super::*;

    #[test]
    fn answers_are_written_in_german() {
        let entries: BTreeMap<String, String> = toml::from_str(ANSWERS).unwrap();
        assert_eq!(entries.len(), CATALOGUE.len());
        for (english, german) in &entries {
            let filled = english.replace(['{', '}'], "");
            assert!(!is_german(&filled), "a voice that reads English can read this: {english}");
            assert!(!german.is_empty(), "{english}");
        }
        let rows = [
            ("Timer set for 1 hour and 30 minutes.", "Timer auf 1 Stunde und 30 Minuten gestellt."),
            ("Tee timer set for 4 minutes.", "Timer „Tee“ auf 4 Minuten gestellt."),
            ("Your 10 minute timer is cancelled.", "Dein 10-Minuten-Timer ist gelöscht."),
            ("Alarm set for 7:30 AM tomorrow.", "Wecker gestellt: morgen um 7:30 Uhr."),
            ("Alarm set for 7 PM on Friday.", "Wecker gestellt: am Freitag um 19 Uhr."),
            (
                "2 alarms are set: 7 AM tomorrow; 9 AM on weekdays. Which one?",
                "2 Wecker sind gestellt: morgen um 7 Uhr; werktags um 9 Uhr. Welchen meinst du?",
            ),
            (
                "You have 2 timers: the Tee timer with 3 minutes left and the 10 minute timer with 9 minutes left.",
                "Du hast 2 Timer: Tee-Timer mit noch 3 Minuten und 10-Minuten-Timer mit noch 9 Minuten.",
            ),
            ("It's 3:42 PM.", "Es ist 15:42 Uhr."),
            ("Today is Friday, November 27th, 2026.", "Heute ist Freitag, der 27. November 2026."),
            (
                "There is no Tee timer. No timer is running.",
                "Einen Tee-Timer gibt es nicht. Es läuft kein Timer.",
            ),
            ("That's 1,234.5.", "Das ist 1.234,5."),
            (
                "In Köln it's 14 degrees with light rain and a wind of 12 kilometers per hour. Today's high is 17 and the low 9, with a 60 percent chance of rain.",
                "In Köln sind es 14 Grad und leichter Regen, bei Wind von 12 km/h. Heute werden es 9 bis 17 Grad, Regenrisiko 60 Prozent.",
            ),
            (
                "On Friday in Wien expect overcast skies, a high of 3 and a low of minus 2 degrees. There's no snow in sight, and wind up to 20 kilometers per hour.",
                "Am Freitag in Wien: bedeckter Himmel, höchstens 3 und mindestens minus 2 Grad. Kein Schnee in Sicht, Wind bis 20 km/h.",
            ),
            (
                "I'll remind you every 20 minutes, first at 5:02 PM: Tee trinken.",
                "Ich erinnere dich alle 20 Minuten, zuerst um 17:02 Uhr: Tee trinken.",
            ),
            ("Noted: Erst waschen. Dann bügeln.", "Notiert: Erst waschen. Dann bügeln."),
            (
                "Noted: Wäsche. Volume set to 30 percent.",
                "Notiert: Wäsche. Lautstärke auf 30 Prozent gestellt.",
            ),
            ("Something new is said here.", "Something new is said here."),
        ];
        for (english, german) in rows {
            assert_eq!(answer(english), german, "{english}");
        }
    }
}
