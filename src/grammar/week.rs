//! The days of the week, as words.

/// The weekdays as tools write them, Monday first.
pub(super) const WEEK: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The weekday that a word names, Monday zero, and whether the word is a plural.
pub(super) fn weekday(text: &str) -> Option<(usize, bool)> {
    let (word, plural) = match text.strip_suffix('s') {
        Some(word) if WEEK.contains(&word) => (word, true),
        Some(_) | None => (text, false),
    };
    let word = match word {
        "mon" => "monday",
        "tue" | "tues" => "tuesday",
        "wed" | "weds" => "wednesday",
        "thu" | "thur" | "thurs" => "thursday",
        "fri" => "friday",
        other => other,
    };
    WEEK.iter().position(|day| *day == word).map(|day| (day, plural))
}

/// The full name of the weekday that a word names.
pub(super) fn week_day(text: &str) -> Option<&'static str> {
    weekday(text).filter(|(_, plural)| !plural).map(|(day, _)| WEEK[day])
}
