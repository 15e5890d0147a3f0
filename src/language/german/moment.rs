//! German lengths of time, clock times and days, each written as the slots of the grammar know it.

use super::number::{counted, is_article, number, ordinal};

/// The canonical words, and how many words of the sentence they stand for.
pub(super) type Found = Option<(String, usize)>;

/// A part of the day, which tells which half of it an hour is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Morning,
    Noon,
    Evening,
    Night,
}

/// The words of a sentence in lower case.
pub(super) type Words<'a> = [&'a str];

fn at<'a>(words: &Words<'a>, place: usize) -> &'a str {
    words.get(place).copied().unwrap_or_default()
}

/// The part of the day at the beginning of `words`, and how many words name it.
pub(super) fn part(words: &Words<'_>) -> Option<(Part, usize)> {
    let single = |word: &str| {
        Some(match word {
            "morgens" | "früh" | "frühmorgens" | "vormittags" | "vormittag" => Part::Morning,
            "nachmittags" | "nachmittag" | "mittags" | "mittag" => Part::Noon,
            "abends" | "abend" => Part::Evening,
            "nachts" | "nacht" => Part::Night,
            _ => return None,
        })
    };
    match (at(words, 0), at(words, 1), at(words, 2)) {
        ("am", "morgen" | "früh", _) => Some((Part::Morning, 2)),
        ("am", word @ ("vormittag" | "nachmittag" | "abend"), _) => single(word).map(|p| (p, 2)),
        ("in", "der", "früh") => Some((Part::Morning, 3)),
        ("in", "der", "nacht") => Some((Part::Night, 3)),
        (word @ ("vormittag" | "nachmittag" | "abend" | "nacht"), _, _) => {
            single(word).map(|part| (part, 1))
        }
        (word, _, _) => single(word).map(|part| (part, 1)),
    }
}

/// `hour` as one of twenty-four.
pub(super) fn hour_in(hour: u32, part: Option<Part>) -> u32 {
    match (part, hour) {
        (None, hour) => hour,
        (Some(Part::Morning | Part::Night), 12) => 0,
        (Some(Part::Noon | Part::Evening), 1..=11) => hour + 12,
        (Some(Part::Night), 8..=11) => hour + 12,
        (Some(_), hour) => hour,
    }
}

/// The seconds and English name of a unit of time.
fn unit(word: &str) -> Option<(f64, &'static str)> {
    Some(match word {
        "sekunde" | "sekunden" | "sek" => (1.0, "seconds"),
        "minute" | "minuten" | "min" => (60.0, "minutes"),
        "stunde" | "stunden" | "std" | "h" => (3600.0, "hours"),
        "tag" | "tage" | "tagen" => (86_400.0, "days"),
        "woche" | "wochen" => (604_800.0, "weeks"),
        _ => return None,
    })
}

/// "eine halbe Stunde", "anderthalb Stunden", "2 Stunden und 10 Minuten".
pub(super) fn length(words: &Words<'_>) -> Found {
    let (mut seconds, mut used, mut size) = one_length(words)?;
    loop {
        let joint = usize::from(at(words, used) == "und");
        match one_length(words.get(used + joint..).unwrap_or_default()) {
            Some((more, n, smaller)) if smaller < size => {
                seconds += more;
                used += joint + n;
                size = smaller;
            }
            Some(_) | None => break,
        }
    }
    let text = if size >= 604_800.0 {
        format!("{} weeks", seconds / 604_800.0)
    } else if size >= 86_400.0 {
        format!("{} days", seconds / 86_400.0)
    } else if seconds % 3600.0 == 0.0 {
        format!("{} hours", seconds / 3600.0)
    } else if seconds % 60.0 == 0.0 {
        format!("{} minutes", seconds / 60.0)
    } else {
        format!("{seconds} seconds")
    };
    Some((text, used))
}

/// Seconds, words, seconds of the unit.
fn one_length(words: &Words<'_>) -> Option<(f64, usize, f64)> {
    let lead = usize::from(is_article(at(words, 0)));
    match (at(words, lead), at(words, lead + 1)) {
        ("halbe" | "halben", "stunde") => return Some((1800.0, lead + 2, 60.0)),
        ("halbe" | "halben", "minute") => return Some((30.0, lead + 2, 1.0)),
        ("viertelstunde", _) => return Some((900.0, lead + 1, 60.0)),
        ("dreiviertelstunde", _) => return Some((2700.0, lead + 1, 60.0)),
        ("viertel", "stunde") => return Some((900.0, lead + 2, 60.0)),
        ("dreiviertel", "stunde") => return Some((2700.0, lead + 2, 60.0)),
        _ => {}
    }
    let mut value = counted(at(words, 0))?;
    let mut used = 1;
    // "zwei Komma fünf".
    if at(words, 1) == "komma"
        && let Some(tenths) = number(at(words, 2)).filter(|n| *n < 10.0)
    {
        value += tenths / 10.0;
        used = 3;
    }
    let (size, _) = unit(at(words, used))?;
    Some((value * size, used + 1, size))
}

/// A clock time with what shows it to be one: "halb acht", "7 Uhr 30", "Viertel nach 7", "19:30".
/// `bare` says that a mere number is one, too.
pub(super) fn clock(words: &Words<'_>, part: Option<Part>, bare: bool) -> Found {
    let hour = |place: usize| {
        let word = at(words, place);
        let value = if word == "ein" { Some(1.0) } else { number(word) };
        value.filter(|n| n.fract() == 0.0 && (0.0..=24.0).contains(n)).map(|n| n as u32)
    };
    let write = |hour: u32, minutes: i32, used: usize| {
        let all = (hour_in(hour, part) as i32 * 60 + minutes).rem_euclid(24 * 60);
        let uhr = usize::from(at(words, used) == "uhr");
        Some((format!("{:02}:{:02}", all / 60, all % 60), used + uhr))
    };
    match (at(words, 0), at(words, 1)) {
        ("mitternacht", _) => return Some(("00:00".into(), 1)),
        ("mittag", _) if bare => return Some(("12:00".into(), 1)),
        ("halb", _) => return write(hour(1)?, -30, 2),
        ("viertel", "nach") => return write(hour(2)?, 15, 3),
        ("viertel", "vor") => return write(hour(2)?, -15, 3),
        ("viertel", _) => return write(hour(1)?, -45, 2),
        ("dreiviertel", _) => return write(hour(1)?, -15, 2),
        _ => {}
    }
    if let Some((high, low)) = at(words, 0).split_once(':') {
        let (high, low): (u32, i32) = (high.parse().ok()?, low.parse().ok()?);
        return if high < 24 && low < 60 { write(high, low, 1) } else { None };
    }
    // "10.30 Uhr".
    if at(words, 1) == "uhr"
        && let Some((high, low)) = at(words, 0).split_once('.')
        && let (Ok(high), Ok(low)) = (high.parse::<u32>(), low.parse::<i32>())
        && high < 24
        && (0..60).contains(&low)
    {
        return write(high, low, 1);
    }
    let first = hour(0);
    let minutes = number(at(words, 0)).filter(|n| n.fract() == 0.0 && (1.0..30.0).contains(n));
    if let Some(minutes) = minutes {
        let after = 1 + usize::from(matches!(at(words, 1), "minuten" | "minute"));
        let sign = match at(words, after) {
            "nach" => 1,
            "vor" => -1,
            _ => 0,
        };
        let half = at(words, after + 1) == "halb";
        if sign != 0
            && let Some(hour) = hour(after + 1 + usize::from(half))
        {
            let base = if half { -30 } else { 0 };
            return write(hour, base + sign * minutes as i32, after + 2 + usize::from(half));
        }
    }
    let first = first?;
    if at(words, 1) == "uhr" {
        let past = number(at(words, 2)).filter(|n| n.fract() == 0.0 && (0.0..60.0).contains(n));
        let more = past.filter(|_| unit(at(words, 3)).is_none() && at(words, 3) != "uhr");
        return match more {
            Some(past) => write(first, past as i32, 3),
            None => write(first, 0, 2),
        };
    }
    if bare { write(first, 0, 1) } else { None }
}

pub(super) fn weekday(word: &str) -> Option<&'static str> {
    Some(match word {
        "montag" => "monday",
        "dienstag" => "tuesday",
        "mittwoch" => "wednesday",
        "donnerstag" => "thursday",
        "freitag" => "friday",
        "samstag" | "sonnabend" => "saturday",
        "sonntag" => "sunday",
        _ => return None,
    })
}

fn month(word: &str) -> Option<&'static str> {
    Some(match word {
        "januar" | "jänner" => "january",
        "februar" => "february",
        "märz" => "march",
        "april" => "april",
        "mai" => "may",
        "juni" => "june",
        "juli" => "july",
        "august" => "august",
        "september" => "september",
        "oktober" => "october",
        "november" => "november",
        "dezember" => "december",
        _ => return None,
    })
}

/// A day, a date, or days on which something recurs.
pub(super) fn day(words: &Words<'_>) -> Found {
    let plain = |text: &str, used: usize| Some((text.to_owned(), used));
    match (at(words, 0), at(words, 1), at(words, 2)) {
        ("heute", "in", "einer") if at(words, 3) == "woche" => return plain("in 1 week", 4),
        ("heute", ..) => return plain("today", 1),
        ("morgen", ..) => return plain("tomorrow", 1),
        ("übermorgen", ..) => return plain("the day after tomorrow", 1),
        ("gestern", ..) => return plain("yesterday", 1),
        ("vorgestern", ..) => return plain("the day before yesterday", 1),
        ("werktags" | "wochentags", ..) => return plain("on weekdays", 1),
        ("an", "werktagen" | "wochentagen", _) | ("jeden", "werktag", _) => {
            return plain("on weekdays", 2);
        }
        ("unter", "der", "woche") => return plain("on weekdays", 3),
        ("am", "wochenende", _) | ("dieses", "wochenende", _) => return plain("this weekend", 2),
        ("an", "wochenenden", _) | ("jedes", "wochenende", _) => return plain("on weekends", 2),
        ("täglich", ..) => return plain("every day", 1),
        ("jeden", "tag" | "morgen" | "abend", _) => return plain("every day", 2),
        ("nächste", "woche", name) if weekday(name).is_some() => {
            return Some((format!("{} next week", weekday(name)?), 3));
        }
        ("weihnachten", ..) => return plain("christmas", 1),
        ("heiligabend", ..) => return plain("christmas eve", 1),
        ("silvester", ..) => return plain("new year's eve", 1),
        ("ostern", ..) => return plain("easter", 1),
        ("neujahr", ..) => return plain("new year's day", 1),
        ("karfreitag", ..) => return plain("good friday", 1),
        ("ostermontag", ..) => return plain("easter monday", 1),
        ("ostersonntag", ..) => return plain("easter", 1),
        ("valentinstag", ..) => return plain("valentine's day", 1),
        ("nikolaus" | "nikolaustag", ..) => return plain("on december 6", 1),
        ("allerheiligen", ..) => return plain("on november 1", 1),
        ("dreikönigstag", ..) => return plain("on january 6", 1),
        ("tag", "der", "arbeit") => return plain("on may 1", 3),
        ("tag", "der", "deutschen") if at(words, 3) == "einheit" => {
            return plain("on october 3", 4);
        }
        ("jeden", second, "tag") if ordinal(second) == Some(2) => {
            return plain("every other day", 3);
        }
        ("jeden", place, name) if weekday(name).is_some() && at(words, 4).starts_with("monat") => {
            let places = ["first", "second", "third", "fourth"];
            let place = match ordinal(place).and_then(|n| places.get(n as usize - 1)) {
                Some(place) => place,
                None if place == "letzten" => "last",
                None => return None,
            };
            return Some((format!("on the {place} {} of every month", weekday(name)?), 5));
        }
        ("jeden", second, name) if ordinal(second) == Some(2) && weekday(name).is_some() => {
            return Some((format!("every other {}", weekday(name)?), 3));
        }
        ("von", "montag", "bis") if at(words, 3) == "freitag" => return plain("on weekdays", 4),
        ("montags", "bis", "freitags" | "freitag") => return plain("on weekdays", 3),
        ("jeden", name, _) if weekday(name).is_some() => return every(words, 1),
        _ => {}
    }
    if at(words, 0).strip_suffix('s').is_some_and(|name| weekday(name).is_some()) {
        return every(words, 0);
    }
    // "am Montag", "diesen Freitag", "nächsten Dienstag", "am 24. Dezember".
    let (lead, word) = match at(words, 0) {
        "am" | "kommenden" | "den" | "dem" | "der" => (1, "on"),
        "diesen" => (1, "this"),
        "nächsten" => (1, "next"),
        "letzten" => (1, "last"),
        _ => (0, "on"),
    };
    let from = if at(words, lead) == "kommenden" { lead + 1 } else { lead };
    if let Some(name) = weekday(at(words, from)) {
        // "Samstag und Sonntag", "von Montag bis Freitag".
        let link = at(words, from + 1);
        let next = from + 2 + usize::from(at(words, from + 2) == "am");
        return match (link, weekday(at(words, next))) {
            ("und", Some(second)) => Some((format!("{word} {name} and {second}"), next + 1)),
            ("bis", Some("friday")) if name == "monday" => Some(("on weekdays".into(), next + 1)),
            _ => Some((format!("{word} {name}"), from + 1)),
        };
    }
    // "monatlich am 15."
    if at(words, 0) == "am"
        && let Some(number) = ordinal(at(words, 1)).filter(|n| *n <= 31)
        && month(at(words, 2)).is_none()
        && weekday(at(words, 2)).is_none()
    {
        let end = match number {
            1 | 21 | 31 => "st",
            2 | 22 => "nd",
            3 | 23 => "rd",
            _ => "th",
        };
        return Some((format!("on the {number}{end}"), 2));
    }
    if let Some(name) = month(at(words, from + 1))
        && let Some(number) = ordinal(at(words, from)).filter(|n| *n <= 31)
    {
        return Some((format!("on {name} {number}"), from + 2));
    }
    None
}

/// "jeden Montag und Freitag", "montags und freitags".
fn every(words: &Words<'_>, from: usize) -> Found {
    let name = |place: usize| {
        let word = at(words, place);
        weekday(word.strip_suffix('s').unwrap_or(word))
    };
    let mut names = vec![name(from)?];
    let mut used = from + 1;
    loop {
        let mut next = used + usize::from(at(words, used) == "und");
        next += usize::from(at(words, next) == "jeden");
        match name(next) {
            Some(name) => {
                names.push(name);
                used = next + 1;
            }
            None => return Some((format!("every {}", names.join(" and ")), used)),
        }
    }
}

/// "vor drei Tagen"; of hours and minutes the grammar knows it itself.
pub(super) fn ago(words: &Words<'_>) -> Found {
    let rest = (at(words, 0) == "vor").then(|| words.get(1..))??;
    let days = matches!(at(rest, 1), "tag" | "tagen" | "woche" | "wochen");
    let (text, used) = length(rest).filter(|_| days)?;
    Some((format!("{text} ago"), used + 1))
}

/// How often: "alle zwei Stunden", "jede halbe Stunde", "wöchentlich".
pub(super) fn often(words: &Words<'_>) -> Found {
    let plain = |text: &str| Some((text.to_owned(), 1));
    match (at(words, 0), at(words, 1)) {
        ("stündlich", _) => plain("every hour"),
        ("wöchentlich", _) => plain("every week"),
        ("monatlich", _) => plain("every month"),
        ("jährlich", _) => plain("every year"),
        ("jede", "woche") => Some(("every week".into(), 2)),
        ("jeden", "monat") => Some(("every month".into(), 2)),
        ("jedes", "jahr") => Some(("every year".into(), 2)),
        ("jede", "stunde") => Some(("every hour".into(), 2)),
        ("alle", _) => every_so_often(words),
        ("jede", "halbe" | "viertelstunde" | "dreiviertelstunde") => every_so_often(words),
        _ => None,
    }
}

fn every_so_often(words: &Words<'_>) -> Found {
    let rest = words.get(1..)?;
    let month = counted(at(rest, 0)).filter(|_| matches!(at(rest, 1), "monate" | "jahre"));
    if let Some(count) = month {
        let unit = if at(rest, 1) == "monate" { "months" } else { "years" };
        return Some((format!("every {count} {unit}"), 3));
    }
    length(rest).map(|(text, used)| (format!("every {text}"), used + 1))
}

/// "in drei Tagen", "in einer Stunde"; the length is written, "in" stays.
pub(super) fn within(words: &Words<'_>) -> Found {
    let rest = (at(words, 0) == "in").then(|| words.get(1..))??;
    if let Some((text, used)) = length(rest) {
        return Some((format!("in {text}"), used + 1));
    }
    let count = counted(at(rest, 0))?;
    let unit = match at(rest, 1) {
        "monat" | "monaten" => "months",
        "jahr" | "jahren" => "years",
        _ => return None,
    };
    Some((format!("in {count} {unit}"), 3))
}
