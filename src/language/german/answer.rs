//! The catalogue of answers: an English sentence of a tool, and the same in German.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::weather;

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
        let (rest, values) = matched(pieces, text)?;
        let mut said = german.clone();
        for (name, value) in values {
            said = said.replace(&format!("{{{name}}}"), &value);
        }
        let said = capital(&said);
        match rest.trim_start() {
            "" => Some(said),
            rest => Some(format!("{said} {}", sentences(rest)?)),
        }
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

/// What follows the sentence, and its values in German.
fn matched<'t>(pieces: &[Piece], text: &'t str) -> Option<(&'t str, Vec<(String, String)>)> {
    match pieces {
        [] => (text.is_empty() || text.starts_with(' ')).then(|| (text, Vec::new())),
        [Piece::Words(words), rest @ ..] => matched(rest, text.strip_prefix(words.as_str())?),
        [Piece::Value(name), rest @ ..] => {
            let end = match rest.first() {
                Some(Piece::Words(words)) => words.as_str(),
                Some(Piece::Value(_)) => " ",
                None => return None,
            };
            text.match_indices(end).find_map(|(at, _)| {
                let value = value(name, &text[..at])?;
                let (rest, mut values) = matched(rest, &text[at..])?;
                values.push((name.clone(), value));
                Some((rest, values))
            })
        }
    }
}

/// A value in German; `None` if it is not of that kind.
fn value(name: &str, text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    match name {
        "length" => length(text),
        "clock" => clock(text),
        "when" => when(text),
        "whens" => {
            let all: Option<Vec<String>> = text.split("; ").map(when).collect();
            Some(all?.join("; "))
        }
        "day" => day(text),
        "date" => date(text),
        "weekday" => weekday(text).map(str::to_owned),
        "monthday" => month_day(text),
        "timer" => timer(text),
        "timers" => timers(text),
        "number" | "from" | "more" => number(text),
        "temperature" | "low" | "degrees" | "speed" | "sky" | "rain" => weather::value(name, text),
        "whenever" => day(&lower(text)).map(|day| capital(&day)),
        "every" => every(text),
        "place" => (!text.contains(['.', ':'])).then(|| text.to_owned()),
        "list" => Some(match text {
            "shopping" => "Einkaufsliste".to_owned(),
            "to do" | "todo" => "Aufgabenliste".to_owned(),
            name => format!("Liste {name}"),
        }),
        "items" => Some(text.replace(" and ", " und ")),
        "text" => (!text.contains(". ")).then(|| text.to_owned()),
        _ => None,
    }
}

/// "1,234.5" is "1.234,5".
fn number(text: &str) -> Option<String> {
    let swapped = text.chars().map(|c| match c {
        ',' => '.',
        '.' => ',',
        c => c,
    });
    let digits = text.strip_prefix('-').unwrap_or(text);
    (digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ','))
    .then(|| swapped.collect())
}

/// "1 hour and 5 minutes", "10 minute".
fn length(text: &str) -> Option<String> {
    let mut out = Vec::new();
    for part in text.split(", ").flat_map(|part| part.split(" and ")) {
        let mut words = part.split(' ');
        while let Some(count) = words.next() {
            let (one, many) = match words.next()?.trim_end_matches('s') {
                "second" => ("Sekunde", "Sekunden"),
                "minute" => ("Minute", "Minuten"),
                "hour" => ("Stunde", "Stunden"),
                "day" => ("Tag", "Tage"),
                "week" => ("Woche", "Wochen"),
                _ => return None,
            };
            out.push(format!("{} {}", number(count)?, if count == "1" { one } else { many }));
        }
    }
    row(&out)
}

fn row(all: &[String]) -> Option<String> {
    match all {
        [] => None,
        [only] => Some(only.clone()),
        [most @ .., last] => Some(format!("{} und {last}", most.join(", "))),
    }
}

/// "7:30 PM" is "19:30 Uhr".
fn clock(text: &str) -> Option<String> {
    let (time, half) = match text {
        "noon" => return Some("12 Uhr".into()),
        "midnight" => return Some("0 Uhr".into()),
        text => text.split_once(' ')?,
    };
    let later = match half {
        "AM" => 0,
        "PM" => 12,
        _ => return None,
    };
    let (hour, minute) = time.split_once(':').unwrap_or((time, ""));
    let hour = hour.parse::<u32>().ok().filter(|hour| (1..=12).contains(hour))? % 12 + later;
    Some(match minute {
        "" => format!("{hour} Uhr"),
        minute => format!("{hour}:{minute} Uhr"),
    })
}

/// "7 AM tomorrow" is "morgen um 7 Uhr".
fn when(text: &str) -> Option<String> {
    let end = match text {
        text if text.starts_with("noon") || text.starts_with("midnight") => text.find(' '),
        text => text.find("M ").map(|at| at + 1),
    };
    let (time, rest) = match end {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let time = format!("um {}", clock(time)?);
    if rest.is_empty() {
        return Some(time);
    }
    let (days, label) = match rest.rsplit_once(", ") {
        Some((days, label)) if day(rest).is_none() => (days, format!(", {label}")),
        _ => (rest, String::new()),
    };
    Some(format!("{} {time}{label}", day(days)?))
}

fn weekday(text: &str) -> Option<&'static str> {
    Some(match text {
        "Monday" => "Montag",
        "Tuesday" => "Dienstag",
        "Wednesday" => "Mittwoch",
        "Thursday" => "Donnerstag",
        "Friday" => "Freitag",
        "Saturday" => "Samstag",
        "Sunday" => "Sonntag",
        _ => return None,
    })
}

/// "on Friday", "every Monday and Friday", "on weekdays".
fn day(text: &str) -> Option<String> {
    let fixed = match text {
        "today" => "heute",
        "tomorrow" => "morgen",
        "yesterday" => "gestern",
        "every day" => "jeden Tag",
        "on weekdays" => "werktags",
        "on weekends" => "am Wochenende",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some(name) = text.strip_prefix("every other ") {
        return Some(format!("jeden zweiten {}", weekday(name)?));
    }
    if let Some(name) = text.strip_prefix("every second ") {
        return Some(format!("jeden zweiten {}", weekday(name)?));
    }
    if let Some(names) = text.strip_prefix("every ") {
        let names = names.split(", ").flat_map(|part| part.split(" and "));
        let names: Option<Vec<String>> =
            names.map(|name| weekday(name).map(str::to_owned)).collect();
        return Some(format!("jeden {}", row(&names?)?));
    }
    let name = text.strip_prefix("on ")?;
    match weekday(name) {
        Some(name) => Some(format!("am {name}")),
        None => Some(format!("am {}", date(name)?.replacen(", der ", ", dem ", 1))),
    }
}

/// "Friday, December 25th" is "Freitag, der 25. Dezember".
fn date(text: &str) -> Option<String> {
    let (name, rest) = text.split_once(", ")?;
    let (rest, year) = rest.split_once(", ").unwrap_or((rest, ""));
    let year = if year.is_empty() { String::new() } else { format!(" {year}") };
    Some(format!("{}, der {}{year}", weekday(name)?, month_day(rest)?))
}

fn month_day(text: &str) -> Option<String> {
    let (month, day) = text.split_once(' ')?;
    let month = match month {
        "January" => "Januar",
        "February" => "Februar",
        "March" => "März",
        "May" => "Mai",
        "June" => "Juni",
        "July" => "Juli",
        "October" => "Oktober",
        "December" => "Dezember",
        same @ ("April" | "August" | "September" | "November") => same,
        _ => return None,
    };
    let day = day.trim_end_matches(|c: char| c.is_alphabetic());
    day.parse::<u8>().is_ok().then(|| format!("{day}. {month}"))
}

/// "10 minute timer" is "10-Minuten-Timer", "Tee timer" is "Tee-Timer".
fn timer(text: &str) -> Option<String> {
    let name = text.strip_suffix(" timer")?;
    if name.contains(['.', ';']) {
        return None;
    }
    Some(match length(name) {
        // "10 Minuten", "1 Stunde und 30 Minuten".
        Some(length) if length.contains(" und ") => format!("Timer auf {length}"),
        Some(length) => format!("{}-Timer", length.replace(' ', "-")),
        None => format!("{}-Timer", capital(name)),
    })
}

/// "the Tee timer with 3 minutes left and the 10 minute timer, paused with 1 minute left".
fn timers(text: &str) -> Option<String> {
    let text = text.strip_prefix("the ")?;
    let each = text.split(" and the ").flat_map(|part| part.split(", the "));
    let all: Option<Vec<String>> = each
        .map(|one| {
            if let Some(name) = one.strip_suffix(", which is ringing") {
                return Some(format!("{}, der gerade klingelt", timer(name)?));
            }
            let (name, left) = one.strip_suffix(" left")?.split_once(" with ")?;
            match name.strip_suffix(", paused") {
                Some(name) => Some(format!("{}, angehalten mit {}", timer(name)?, length(left)?)),
                None => {
                    let name = name.strip_prefix("snoozed ").unwrap_or(name);
                    Some(format!("{} mit noch {}", timer(name)?, length(left)?))
                }
            }
        })
        .collect();
    row(&all?)
}

/// "every 20 minutes" is "alle 20 Minuten".
fn every(text: &str) -> Option<String> {
    match text.strip_prefix("every ")? {
        "hour" => Some("jede Stunde".into()),
        "minute" => Some("jede Minute".into()),
        span => length(span).map(|span| format!("alle {span}")),
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
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
                "In Köln sind es 14 Grad und leichter Regen, bei Wind von 12 km/h. Heute werden es 9 bis 17 Grad, zu 60 Prozent Regen.",
            ),
            (
                "On Friday in Wien expect overcast skies, a high of 3 and a low of minus 2 degrees. There's no snow in sight, and wind up to 20 kilometers per hour.",
                "Am Freitag in Wien: bedeckter Himmel, höchstens 3 und mindestens minus 2 Grad. Dazu kein Schnee in Sicht und Wind bis 20 km/h.",
            ),
            (
                "I'll remind you every 20 minutes, first at 5:02 PM: Tee trinken.",
                "Ich erinnere dich alle 20 Minuten, zuerst um 17:02 Uhr: Tee trinken.",
            ),
            ("Something new is said here.", "Something new is said here."),
        ];
        for (english, german) in rows {
            assert_eq!(answer(english), german, "{english}");
        }
    }
}
