use std::fmt;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::tool::say;

/// Every so many minutes, hours, days, weeks, months or years from a first time, as FREQ and INTERVAL of RFC 5545.
///
/// A month without the day of the first date has its last day instead: "the 31st of every month" is
/// its end, where RFC 5545 would leave the month out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// The first date, which decides the weekday, the day of the month or of the year.
    pub from: Date,
    /// How many units apart; at least 1.
    pub every: u16,
    /// What is counted.
    pub unit: Unit,
    /// Which of the month's weekdays like that of `from`, instead of the day of the month: 1 to 4,
    /// or -1 for the last one. Only with months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<i8>,
}

/// What a cycle counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Minutes, from the clock time of the first date on.
    Minute,
    /// Hours, likewise.
    Hour,
    /// Days.
    Day,
    /// Weeks, on the weekday of the first date.
    Week,
    /// Months, on the day of the first date.
    Month,
    /// Years, on the day of the first date.
    Year,
}

impl Cycle {
    /// Whether `date` is one of its days.
    pub fn holds(self, date: Date) -> bool {
        if date < self.from {
            return false;
        }
        let every = i32::from(self.every.max(1));
        let months = || {
            let years = i32::from(date.year()) - i32::from(self.from.year());
            years * 12 + i32::from(date.month()) - i32::from(self.from.month())
        };
        let in_month = || match self.place {
            Some(place) => {
                date.nth_weekday_of_month(place, self.from.weekday()).is_ok_and(|that| that == date)
            }
            None => date.day() == self.from.day().min(date.days_in_month()),
        };
        match self.unit {
            Unit::Minute | Unit::Hour => true,
            Unit::Day => (date - self.from).get_days() % every == 0,
            Unit::Week => (date - self.from).get_days() % (7 * every) == 0,
            Unit::Month => months() % every == 0 && in_month(),
            Unit::Year => months() % (12 * every) == 0 && in_month(),
        }
    }

    /// The time between two, where it is shorter than a day: it passes whatever the clock shows.
    pub(in crate::tool) fn interval(self) -> Option<SignedDuration> {
        let every = i64::from(self.every.max(1));
        match self.unit {
            Unit::Minute => Some(SignedDuration::from_mins(every)),
            Unit::Hour => Some(SignedDuration::from_hours(every)),
            Unit::Day | Unit::Week | Unit::Month | Unit::Year => None,
        }
    }

    /// The most days from one of its days to the next.
    pub(super) fn longest(self) -> u32 {
        let unit = match self.unit {
            Unit::Minute | Unit::Hour => return 1,
            Unit::Day => 1,
            Unit::Week => 7,
            // The last weekdays of two months can be five weeks apart.
            Unit::Month => 35,
            Unit::Year => 366,
        };
        unit * u32::from(self.every.max(1))
    }
}

/// "every other day", "every 3 weeks on Friday", "on the 1st of every month", "on the last Friday of
/// every month", "every year on December 25th".
impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = |unit: &str| match self.every {
            0 | 1 => format!("every {unit}"),
            2 => format!("every other {unit}"),
            n => format!("every {n} {unit}s"),
        };
        let weekday = say::weekday(self.from.weekday());
        match (self.unit, self.place) {
            (Unit::Minute | Unit::Hour, _) => {
                let unit = if self.unit == Unit::Hour { "hour" } else { "minute" };
                match self.every {
                    0 | 1 => write!(f, "every {unit}"),
                    n => write!(f, "every {n} {unit}s"),
                }
            }
            (Unit::Day, _) => f.write_str(&every("day")),
            (Unit::Week, _) => match self.every {
                0 | 1 => write!(f, "every {weekday}"),
                2 => write!(f, "every other {weekday}"),
                n => write!(f, "every {n} weeks on {weekday}"),
            },
            (Unit::Month, Some(place)) => {
                let place = match place {
                    1 => "first",
                    2 => "second",
                    3 => "third",
                    4 => "fourth",
                    _ => "last",
                };
                write!(f, "on the {place} {weekday} of {}", every("month"))
            }
            (Unit::Month, None) if self.from.day() == 31 => {
                write!(f, "on the last day of {}", every("month"))
            }
            (Unit::Month, None) => {
                write!(f, "on the {} of {}", say::ordinal(self.from.day()), every("month"))
            }
            (Unit::Year, _) => write!(f, "{} on {}", every("year"), say::month_day(self.from)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days of a cycle in the two years after its first.
    fn days(from: &str, every: u16, unit: Unit, place: Option<i8>) -> Vec<String> {
        let cycle = Cycle { from: from.parse().unwrap(), every, unit, place };
        let mut date = cycle.from;
        let mut days = Vec::new();
        for _ in 0..730 {
            if cycle.holds(date) {
                days.push(date.to_string());
            }
            date = date.tomorrow().unwrap();
        }
        days
    }

    #[test]
    fn days_of_a_cycle() {
        let first = |days: Vec<String>| days[..4].join(" ");
        assert_eq!(
            first(days("2026-11-30", 2, Unit::Day, None)),
            "2026-11-30 2026-12-02 2026-12-04 2026-12-06"
        );
        assert_eq!(
            first(days("2026-12-04", 2, Unit::Week, None)),
            "2026-12-04 2026-12-18 2027-01-01 2027-01-15"
        );
        assert_eq!(
            first(days("2026-12-31", 1, Unit::Month, None)),
            "2026-12-31 2027-01-31 2027-02-28 2027-03-31"
        );
        assert_eq!(
            first(days("2026-12-07", 1, Unit::Month, Some(1))),
            "2026-12-07 2027-01-04 2027-02-01 2027-03-01"
        );
        assert_eq!(
            first(days("2026-12-25", 3, Unit::Month, Some(-1))),
            "2026-12-25 2027-03-26 2027-06-25 2027-09-24"
        );
        assert_eq!(days("2028-02-29", 1, Unit::Year, None), ["2028-02-29", "2029-02-28"]);
    }

    #[test]
    fn no_day_is_further_than_the_longest_gap() {
        for (unit, every, place) in [
            (Unit::Day, 3, None),
            (Unit::Week, 2, None),
            (Unit::Month, 1, None),
            (Unit::Month, 2, Some(-1)),
            (Unit::Month, 1, Some(4)),
            (Unit::Year, 1, None),
        ] {
            for from in ["2026-11-28", "2027-01-31", "2028-02-29"] {
                let cycle = Cycle { from: from.parse().unwrap(), every, unit, place };
                let (mut date, mut gap) = (cycle.from, 0);
                for _ in 0..3000 {
                    date = date.tomorrow().unwrap();
                    gap = if cycle.holds(date) { 0 } else { gap + 1 };
                    assert!(gap < cycle.longest(), "{cycle} from {from}: {date}");
                }
            }
        }
    }
}
