//! Numbers, lengths of time, clock times and days, written in German.

/// "1,234.5" is "1.234,5".
pub(super) fn number(text: &str) -> Option<String> {
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
pub(super) fn length(text: &str) -> Option<String> {
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
                "month" => ("Monat", "Monate"),
                "year" => ("Jahr", "Jahre"),
                _ => return None,
            };
            out.push(format!("{} {}", number(count)?, if count == "1" { one } else { many }));
        }
    }
    row(&out)
}

pub(super) fn row(all: &[String]) -> Option<String> {
    match all {
        [] => None,
        [only] => Some(only.clone()),
        [most @ .., last] => Some(format!("{} und {last}", most.join(", "))),
    }
}

/// "7:30 PM" is "19:30 Uhr".
pub(super) fn clock(text: &str) -> Option<String> {
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
pub(super) fn when(text: &str) -> Option<String> {
    let end = match text {
        text if text.starts_with("noon") || text.starts_with("midnight") => text.find(' '),
        text => text.find("M ").map(|at| at + 1),
    };
    let (time, rest) = match end {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let at = time;
    let time = format!("um {}", clock(time)?);
    if rest.is_empty() {
        return Some(time);
    }
    if let Some((rest, out)) = rest.rsplit_once(", but not ") {
        return Some(format!("{}, aber nicht {}", when(&format!("{at} {rest}"))?, day(out)?));
    }
    if let Some((rest, later)) = rest.rsplit_once(", snoozed until ") {
        let before = when(&format!("{at} {rest}"))?;
        return Some(format!("{before}, verschoben auf {}", clock(later)?));
    }
    let (days, label) = match rest.rsplit_once(", ") {
        Some((days, label)) if day(rest).is_none() => (days, format!(", {label}")),
        _ => (rest, String::new()),
    };
    Some(format!("{} {time}{label}", day(days)?))
}

/// "7 AM tomorrow and 9 AM on Friday".
pub(super) fn whens(text: &str) -> Option<String> {
    if let Some(one) = when(text) {
        return Some(one);
    }
    let parts = text.split("; ").flat_map(|part| part.split(", ")).flat_map(|p| p.split(" and "));
    let all: Option<Vec<String>> = parts.map(when).collect();
    row(&all?)
}

pub(super) fn weekday(text: &str) -> Option<&'static str> {
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

/// A day, or a part of one: "tonight", "this evening", "on Friday morning".
pub(super) fn part(text: &str) -> Option<String> {
    let name = |part: &str| {
        Some(match part {
            "morning" => "Vormittag",
            "afternoon" => "Nachmittag",
            "evening" => "Abend",
            "night" => "Nacht",
            _ => return None,
        })
    };
    if let Some(whole) = day(text) {
        return Some(whole);
    }
    if text == "tonight" {
        return Some("heute Nacht".into());
    }
    if let Some(rest) = text.strip_prefix("this ") {
        return Some(format!("heute {}", name(rest)?));
    }
    // "in the morning on Friday, December 25th".
    if let Some((part, date)) = text.strip_prefix("in the ").and_then(|t| t.split_once(' ')) {
        return match part {
            "next" => {
                let days = date.strip_suffix(" days")?;
                Some(format!("in den nächsten {} Tagen", number(days)?))
            }
            part => Some(format!("{} am {}", day(date)?, name(part)?)),
        };
    }
    let (before, part) = text.rsplit_once(' ')?;
    match (before, part) {
        ("tomorrow", "morning") => Some("morgen früh".into()),
        ("tomorrow" | "today" | "yesterday", part) => {
            Some(format!("{} {}", day(before)?, name(part)?))
        }
        _ => {
            let whole = format!("{}{}", day(before)?, lower(name(part)?));
            let night = whole.strip_prefix("am ").filter(|_| part == "night");
            Some(night.map(str::to_owned).unwrap_or(whole))
        }
    }
}

/// "on Friday", "every Monday and Friday", "on weekdays".
pub(super) fn day(text: &str) -> Option<String> {
    let fixed = match text {
        "today" => "heute",
        "tomorrow" => "morgen",
        "this weekend" | "at the weekend" => "am Wochenende",
        "next week" => "nächste Woche",
        "yesterday" => "gestern",
        "every day" => "jeden Tag",
        "on weekdays" => "werktags",
        "on weekends" => "am Wochenende",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some(cycle) = cycle(text) {
        return Some(cycle);
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
    if let Some(name) = weekday(name) {
        return Some(format!("am {name}"));
    }
    let several: Option<Vec<String>> =
        name.split(", ").map(|name| weekday(&capital(name)).map(str::to_owned)).collect();
    if let Some(several) = several {
        return Some(format!("am {}", row(&several)?));
    }
    let date = date(name).map(|date| date.replacen(", der ", ", dem ", 1));
    Some(format!("am {}", date.or_else(|| month_day(name))?))
}

/// Days that come again in months and years, or every so often: "on the 15th of every month", "every
/// 3 weeks on Friday".
fn cycle(text: &str) -> Option<String> {
    if text == "every other day" {
        return Some("jeden zweiten Tag".into());
    }
    if let Some(date) = text.strip_prefix("every year on ") {
        return Some(format!("jedes Jahr am {}", month_day(date)?));
    }
    if let Some(date) = text.strip_prefix("every other year on ") {
        return Some(format!("jedes zweite Jahr am {}", month_day(date)?));
    }
    if let Some(rest) = text.strip_prefix("on the ")
        && let Some((day, often)) = rest.split_once(" of every ")
    {
        let name = |word: &str| {
            Some(match word {
                "first" => "ersten",
                "second" => "zweiten",
                "third" => "dritten",
                "fourth" => "vierten",
                "last" => "letzten",
                _ => return None,
            })
        };
        let day = match day.split_once(' ') {
            Some(("last", "day")) => "letzten Tag".to_owned(),
            Some((place, day)) => format!("{} {}", name(place)?, weekday(day)?),
            None => format!("{}.", day.trim_end_matches(|c: char| c.is_alphabetic())),
        };
        return Some(match often {
            "month" => format!("am {day} jeden Monats"),
            "other month" => format!("am {day} jedes zweiten Monats"),
            often => format!("alle {} am {day}", length(often)?),
        });
    }
    // "every 3 days", "every 3 weeks on Friday".
    let rest = text.strip_prefix("every ")?;
    match rest.split_once(" on ") {
        Some((span, days)) => {
            let days = weekday(days).map(str::to_owned).or_else(|| month_day(days))?;
            Some(format!("alle {} am {days}", length(span)?))
        }
        None if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(format!("alle {}", length(rest)?))
        }
        None => None,
    }
}

/// "Friday, December 25th" is "Freitag, der 25. Dezember".
pub(super) fn date(text: &str) -> Option<String> {
    let (name, rest) = text.split_once(", ")?;
    // "April 1st, 2027" has no weekday.
    if let Some(date) = month_day(name).filter(|_| rest.parse::<u16>().is_ok()) {
        return Some(format!("{date} {rest}"));
    }
    let (rest, year) = rest.split_once(", ").unwrap_or((rest, ""));
    let year = if year.is_empty() { String::new() } else { format!(" {year}") };
    Some(format!("{}, der {}{year}", weekday(name)?, month_day(rest)?))
}

pub(super) fn month_day(text: &str) -> Option<String> {
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

/// "every 20 minutes" is "alle 20 Minuten".
pub(super) fn every(text: &str) -> Option<String> {
    match text.strip_prefix("every ")? {
        "hour" => Some("jede Stunde".into()),
        "minute" => Some("jede Minute".into()),
        span => length(span).map(|span| format!("alle {span}")),
    }
}

pub(super) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
