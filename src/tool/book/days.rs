use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::cycle::Cycle;
use crate::tool::say;

/// The days of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "Written")]
pub enum Days {
    /// Once.
    On(Date),
    /// Every week on these weekdays.
    Weekly(Week),
    /// Every so many days, weeks, months or years.
    Cycle(Cycle),
}

/// A set of weekdays, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct Week(u8);

impl Week {
    /// Monday to Friday.
    pub const WEEKDAYS: Self = Self(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKENDS: Self = Self(0b110_0000);
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// These weekdays; `None` if there are none.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bits = days.into_iter().fold(0, |bits, day| bits | bit(day));
        (bits != 0).then_some(Self(bits))
    }

    /// Whether `day` is among them.
    pub fn holds(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Its days, Monday first.
    pub fn days(self) -> impl Iterator<Item = Weekday> {
        let all = (1..=7).filter_map(|day| Weekday::from_monday_one_offset(day).ok());
        all.filter(move |day| self.holds(*day))
    }
}

/// "on weekdays", "every day", "every Monday and Friday".
impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("every day"),
            Self::WEEKDAYS => f.write_str("on weekdays"),
            Self::WEEKENDS => f.write_str("on weekends"),
            Self(_) => {
                let names: Vec<&str> = self.days().map(say::weekday).collect();
                write!(f, "every {}", say::list(&names))
            }
        }
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

impl From<Week> for Vec<String> {
    fn from(week: Week) -> Self {
        week.days().map(|day| say::weekday(day).to_lowercase()).collect()
    }
}

impl TryFrom<Vec<String>> for Week {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let days: Option<Vec<Weekday>> =
            names.iter().map(|name| say::weekday_named(name)).collect();
        days.and_then(Self::of).ok_or_else(|| format!("{names:?} are not weekdays"))
    }
}

/// The days as stored in files, including the format of the first release.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    On(Date),
    Weekly(Week),
    Cycle(Cycle),
    Weekdays,
    Weekends,
    Every,
}

impl From<Written> for Days {
    fn from(days: Written) -> Self {
        match days {
            Written::On(date) => Self::On(date),
            Written::Weekly(week) => Self::Weekly(week),
            Written::Cycle(cycle) => Self::Cycle(cycle),
            Written::Weekdays => Self::Weekly(Week::WEEKDAYS),
            Written::Weekends => Self::Weekly(Week::WEEKENDS),
            Written::Every => Self::Weekly(Week::ALL),
        }
    }
}

impl Days {
    /// Whether the alarm stays after it has rung.
    pub fn recurs(self) -> bool {
        match self {
            Self::On(_) => false,
            Self::Weekly(_) | Self::Cycle(_) => true,
        }
    }

    /// Whether `date` is among them.
    pub fn holds(self, date: Date) -> bool {
        match self {
            Self::On(day) => day == date,
            Self::Weekly(week) => week.holds(date.weekday()),
            Self::Cycle(cycle) => cycle.holds(date),
        }
    }

    /// The most days from one of these to the next.
    fn longest(self) -> u32 {
        match self {
            Self::On(_) => 0,
            Self::Weekly(_) => 7,
            Self::Cycle(cycle) => cycle.longest(),
        }
    }

    /// The first time after `after` at which the clock in `zone` shows `time` on one of these days.
    /// If the clock skips that time (start of summer time), it is later by as much as the clock
    /// skips; if it occurs twice, it is the first of the two (RFC 5545, "compatible").
    pub fn next(self, time: Time, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let at = |date: Date| Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
        if let Self::On(date) = self {
            return at(date).filter(|at| *at > after);
        }
        if let Self::Cycle(cycle) = self
            && let Some(interval) = cycle.interval()
        {
            let first = at(cycle.from)?;
            let passed = after.duration_since(first);
            if passed.is_negative() {
                return Some(first);
            }
            let count = passed.as_millis() / interval.as_millis() + 1;
            return first.checked_add(interval.checked_mul(i32::try_from(count).ok()?)?).ok();
        }
        // One day earlier, because a zone's midnight may be skipped.
        let mut date = after.to_zoned(zone.clone()).date().yesterday().ok()?;
        if let Self::Cycle(cycle) = self {
            date = date.max(cycle.from);
        }
        for _ in 0..self.longest() + 3 {
            if self.holds(date)
                && let Some(at) = at(date)
                && at > after
            {
                return Some(at);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The last such time at or before `now` and after `since`.
    pub(super) fn last(
        self,
        time: Time,
        since: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let mut last = self.next(time, since, zone).filter(|due| *due <= now)?;
        if let Self::Cycle(cycle) = self
            && let Some(interval) = cycle.interval()
        {
            let more = now.duration_since(last).as_millis() / interval.as_millis();
            return last.checked_add(interval.checked_mul(i32::try_from(more).ok()?)?).ok();
        }
        // After a long sleep only the last days matter.
        let lately = jiff::SignedDuration::from_hours(24 * (i64::from(self.longest()) + 2));
        if let Ok(lately) = now.checked_sub(lately) {
            last =
                last.max(self.next(time, lately, zone).filter(|due| *due <= now).unwrap_or(last));
        }
        while let Some(next) = self.next(time, last, zone).filter(|due| *due <= now) {
            last = next;
        }
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Days = Days::Weekly(Week::ALL);

    fn next(days: Days, time: &str, after: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let after: Timestamp = after.parse().unwrap();
        days.next(time.parse().unwrap(), after, &zone).unwrap().to_zoned(zone).to_string()
    }

    #[test]
    fn alarms_follow_the_clock_through_the_change_of_summer_time() {
        let berlin = "Europe/Berlin";
        // On 29 March 2026 the clock in Berlin goes from 02:00 to 03:00, on 25 October back.
        let cases = [
            ("07:00", "2026-03-28T05:00Z", "2026-03-28T07:00:00+01:00[Europe/Berlin]"),
            ("07:00", "2026-03-28T06:00Z", "2026-03-29T07:00:00+02:00[Europe/Berlin]"),
            ("02:30", "2026-03-28T12:00Z", "2026-03-29T03:30:00+02:00[Europe/Berlin]"),
            ("02:30", "2026-10-24T12:00Z", "2026-10-25T02:30:00+02:00[Europe/Berlin]"),
            // The second 02:30 of that night is not a second alarm.
            ("02:30", "2026-10-25T00:30Z", "2026-10-26T02:30:00+01:00[Europe/Berlin]"),
        ];
        for (time, after, want) in cases {
            assert_eq!(next(EVERY, time, after, berlin), want, "{time} after {after}");
        }
    }

    #[test]
    fn recurring_alarms_keep_to_their_days() {
        // 6 November 2026 is a Friday.
        let utc = "UTC";
        let friday = "2026-11-06T12:00Z";
        let weekdays = Days::Weekly(Week::WEEKDAYS);
        let weekends = Days::Weekly(Week::WEEKENDS);
        let some = Days::Weekly(Week::of([Weekday::Thursday, Weekday::Tuesday]).unwrap());
        assert_eq!(next(weekdays, "07:00", friday, utc), "2026-11-09T07:00:00+00:00[UTC]");
        assert_eq!(next(weekdays, "13:00", friday, utc), "2026-11-06T13:00:00+00:00[UTC]");
        assert_eq!(next(weekends, "07:00", friday, utc), "2026-11-07T07:00:00+00:00[UTC]");
        assert_eq!(next(EVERY, "12:00", friday, utc), "2026-11-07T12:00:00+00:00[UTC]");
        assert_eq!(next(some, "07:00", friday, utc), "2026-11-10T07:00:00+00:00[UTC]");
    }

    #[test]
    fn what_comes_every_20_minutes_comes_whatever_the_clock_shows() {
        use super::super::{Cycle, Unit};
        // In the night of 28 to 29 March 2026 the clock in Berlin skips from 02:00 to 03:00.
        let from = jiff::civil::date(2026, 3, 29);
        let days = Days::Cycle(Cycle { from, every: 20, unit: Unit::Minute, place: None });
        let berlin = "Europe/Berlin";
        let cases = [
            ("2026-03-28T12:00Z", "2026-03-29T01:30:00+01:00[Europe/Berlin]"),
            ("2026-03-29T00:30Z", "2026-03-29T01:50:00+01:00[Europe/Berlin]"),
            ("2026-03-29T00:50Z", "2026-03-29T03:10:00+02:00[Europe/Berlin]"),
            ("2026-04-03T11:11:11Z", "2026-04-03T13:30:00+02:00[Europe/Berlin]"),
        ];
        for (after, want) in cases {
            assert_eq!(next(days, "01:30", after, berlin), want, "after {after}");
        }
        // After a long sleep only the last one is due.
        let [set, now, want] = ["2026-03-28T12:00Z", "2027-03-29T00:59Z", "2027-03-29T00:50Z"]
            .map(|text| text.parse::<Timestamp>().unwrap());
        let zone = TimeZone::get(berlin).unwrap();
        assert_eq!(days.last("01:30".parse().unwrap(), set, now, &zone), Some(want));
    }

    #[test]
    fn days_are_read_as_they_were_ever_written() {
        let read = |text: &str| serde_json::from_str::<Days>(text).unwrap();
        assert_eq!(read("\"weekdays\""), Days::Weekly(Week::WEEKDAYS));
        assert_eq!(read("\"every\""), EVERY);
        let both = read(r#"{"weekly":["monday","friday"]}"#);
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"{"weekly":["monday","friday"]}"#);
        assert_eq!(read(r#"{"on":"2026-12-03"}"#), Days::On(jiff::civil::date(2026, 12, 3)));
        for wrong in [r#"{"weekly":[]}"#, r#"{"weekly":["someday"]}"#, "\"never\""] {
            assert!(serde_json::from_str::<Days>(wrong).is_err(), "{wrong}");
        }
        let Days::Weekly(week) = both else { panic!("{both:?}") };
        assert_eq!(week.to_string(), "every Monday and Friday");
    }

    #[test]
    fn the_last_missed_time_is_found_after_a_long_sleep() {
        let set: Timestamp = "2024-01-01T00:00Z".parse().unwrap();
        let now: Timestamp = "2026-11-06T12:00Z".parse().unwrap();
        let want: Timestamp = "2026-11-01T07:00Z".parse().unwrap();
        let weekends = Days::Weekly(Week::WEEKENDS);
        assert_eq!(weekends.last("07:00".parse().unwrap(), set, now, &TimeZone::UTC), Some(want));
    }

    proptest::proptest! {
        #[test]
        fn an_alarm_of_every_day_rings_once_a_day(
            start in 1_767_225_600i64..1_830_000_000,
            minute in 0i8..60,
            hour in 0i8..24,
            zone in 0usize..4,
        ) {
            let zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"];
            let zone = TimeZone::get(zones[zone]).unwrap();
            let time = Time::constant(hour, minute, 0, 0);
            let mut after = Timestamp::from_second(start).unwrap();
            let first = EVERY.next(time, after, &zone).unwrap();
            proptest::prop_assert!(first.duration_since(after).as_hours() <= 25);
            let mut date = first.to_zoned(zone.clone()).date();
            after = first;
            for _ in 0..400 {
                let next = EVERY.next(time, after, &zone).unwrap();
                let local = next.to_zoned(zone.clone());
                proptest::prop_assert_eq!(local.date(), date.tomorrow().unwrap());
                // Late by what the clock skips, an hour at most; never early.
                let late = local.time().duration_since(time);
                proptest::prop_assert!((0..=60).contains(&late.as_mins()), "{}", local);
                (after, date) = (next, local.date());
            }
        }
    }
}
