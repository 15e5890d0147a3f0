//! A day as people name it, in the words that tools take.

use super::scan::Scan;
use super::week::WEEK;

/// The kind of day, which decides the tools that accept it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Yesterday, or some time ago.
    Past,
    /// Today, tomorrow, the next one of a weekday.
    Plain,
    /// The coming weekend.
    Weekend,
    /// Days that recur by nature: weekdays, weekends, every day.
    Recurring,
    /// Weekdays said to recur: "every friday", "mondays".
    Weekly,
    /// A day that takes a calendar to find: "in 3 days", "monday next week".
    Reckoned,
    /// A date: "2026-12-03", "12-03", "24", or the name of a feast.
    Date,
}

/// A day as people name it, in the words that tools take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Day {
    name: String,
    sort: Sort,
    /// How it recurs if not weekly, as tools take it: "monthly", "every 2 weeks".
    repeat: Option<String>,
}

impl Day {
    /// Whether it is more than one day: "every friday", "weekdays".
    pub(super) fn comes_back(&self) -> bool {
        matches!(self.sort, Sort::Recurring | Sort::Weekly) || self.repeat.is_some()
    }

    pub(super) fn new(sort: Sort, name: impl Into<String>) -> Self {
        Self { name: name.into(), sort, repeat: None }
    }

    /// No day in particular: the next one.
    pub(super) fn any() -> Self {
        Self::new(Sort::Plain, "")
    }

    /// The next such weekday, Monday zero.
    pub(super) fn weekday(day: usize) -> Self {
        Self::new(Sort::Plain, WEEK[day])
    }

    /// The same day, again and again.
    pub(super) fn repeated(self, repeat: impl Into<String>) -> Self {
        Self { repeat: Some(repeat.into()), ..self }
    }

    /// How it recurs, if it is neither once nor weekly.
    pub(super) fn repeat(&self) -> Option<&str> {
        self.repeat.as_deref()
    }

    /// Whether it comes several times a day.
    pub(super) fn is_often(&self) -> bool {
        self.repeat().is_some_and(|repeat| repeat.ends_with("minutes") || repeat.ends_with("hours"))
    }

    /// Whether it is a day of a month, or a feast: each year has one, and no month has another.
    pub(super) fn recurs_yearly(&self) -> bool {
        let year = self.name.len() == 10 && self.name.starts_with(|c: char| c.is_ascii_digit());
        self.sort == Sort::Date && self.name.len() > 2 && !year
    }

    /// A calendar day; `name` as tools take it.
    pub(super) fn date(name: impl Into<String>) -> Self {
        Self::new(Sort::Date, name)
    }

    /// Its name as tools know it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What kind of day it is.
    pub(super) fn sort(&self) -> Sort {
        self.sort
    }
}

/// The part of the day that was named, which decides between morning and afternoon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
}

/// A day, where it ends, and the part of the day said with it.
pub(super) type Named = (usize, Day, Option<Part>);

/// The part of the day that a word names.
pub(super) fn part_word(text: &str) -> Option<Part> {
    Some(match text {
        "morning" | "mornings" | "am" => Part::Morning,
        "afternoon" | "afternoons" | "pm" => Part::Afternoon,
        "evening" | "evenings" => Part::Evening,
        "night" | "nights" => Part::Night,
        _ => return None,
    })
}

/// Adds `day`, which ends at `end`, with and without a part of it.
pub(super) fn with_part(scan: &Scan<'_>, end: usize, day: &Day, out: &mut Vec<Named>) {
    let word = scan.skip(end, &["early in the", "in the", "early", "late", "at"]);
    if let Some(part) = part_word(scan.text(word)) {
        out.push((word + 1, day.clone(), Some(part)));
    }
    out.push((end, day.clone(), None));
}
