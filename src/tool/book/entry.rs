use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// One entry of the book: microseconds since 1970 of its making, pushed up where taken, so that
/// two programs that write into one file do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId(pub i64);

/// A timer or an alarm that will ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which one.
    pub id: EntryId,
    /// What the user calls it, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it was set.
    pub set: Timestamp,
    /// When it rings.
    #[serde(flatten)]
    pub what: What,
}

/// When an entry rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// After a length of time.
    Timer {
        /// The length, as it was asked for.
        seconds: u64,
        /// The end.
        due: Timestamp,
    },
    /// At a clock time here, wherever the machine then is.
    Alarm {
        /// The clock time.
        time: Time,
        /// On which days.
        days: Days,
        /// Only what lies after this is still to ring: when it was set or last rang.
        since: Timestamp,
    },
}

/// The days of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// Once.
    On(Date),
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekends,
    /// Every day.
    Every,
}

impl Days {
    /// Whether the alarm stays after it rang.
    pub fn recurs(self) -> bool {
        match self {
            Self::On(_) => false,
            Self::Weekdays | Self::Weekends | Self::Every => true,
        }
    }

    fn holds(self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::On(day) => day == date,
            Self::Weekdays => !weekend,
            Self::Weekends => weekend,
            Self::Every => true,
        }
    }

    /// The first time after `after` at which the clock in `zone` shows `time` on one of these
    /// days. Where the clock skips that time (summer time begins) it is as much later as the
    /// clock skips; where it shows it twice it is the first of the two (RFC 5545, "compatible").
    pub fn next(self, time: Time, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let at = |date: Date| Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
        if let Self::On(date) = self {
            return at(date).filter(|at| *at > after);
        }
        // One day before, because a zone's midnight may be skipped; eight days hold every pattern.
        let mut date = after.to_zoned(zone.clone()).date().yesterday().ok()?;
        for _ in 0..10 {
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
}

impl Entry {
    /// When it rings next; `None` for an alarm past the end of the calendar.
    pub fn due(&self, zone: &TimeZone) -> Option<Timestamp> {
        match self.what {
            What::Timer { due, .. } => Some(due),
            What::Alarm { time, days: Days::On(date), .. } => {
                Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
            }
            What::Alarm { time, days, since } => days.next(time, since, zone),
        }
    }

    /// The last time at or before `now` at which it should have rung, given that it is due.
    pub(super) fn last_due(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut last = self.due(zone).filter(|due| *due <= now)?;
        let What::Alarm { time, days, .. } = self.what else { return Some(last) };
        if !days.recurs() {
            return Some(last);
        }
        // After a long sleep it is enough to look at the last days.
        if let Ok(lately) = now.checked_sub((24 * 9).hours()) {
            last =
                last.max(days.next(time, lately, zone).filter(|due| *due <= now).unwrap_or(last));
        }
        while let Some(next) = days.next(time, last, zone).filter(|due| *due <= now) {
            last = next;
        }
        Some(last)
    }

    /// Whether it is a timer.
    pub fn is_timer(&self) -> bool {
        matches!(self.what, What::Timer { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(next(Days::Every, time, after, berlin), want, "{time} after {after}");
        }
    }

    #[test]
    fn recurring_alarms_keep_to_their_days() {
        // 6 November 2026 is a Friday.
        let utc = "UTC";
        let friday = "2026-11-06T12:00Z";
        assert_eq!(next(Days::Weekdays, "07:00", friday, utc), "2026-11-09T07:00:00+00:00[UTC]");
        assert_eq!(next(Days::Weekdays, "13:00", friday, utc), "2026-11-06T13:00:00+00:00[UTC]");
        assert_eq!(next(Days::Weekends, "07:00", friday, utc), "2026-11-07T07:00:00+00:00[UTC]");
        assert_eq!(next(Days::Every, "12:00", friday, utc), "2026-11-07T12:00:00+00:00[UTC]");
    }

    #[test]
    fn the_last_missed_time_is_found_after_a_long_sleep() {
        let set: Timestamp = "2024-01-01T00:00Z".parse().unwrap();
        let alarm = Entry {
            id: EntryId(1),
            label: None,
            set,
            what: What::Alarm { time: "07:00".parse().unwrap(), days: Days::Weekends, since: set },
        };
        let now: Timestamp = "2026-11-06T12:00Z".parse().unwrap();
        let want: Timestamp = "2026-11-01T07:00Z".parse().unwrap();
        assert_eq!(alarm.last_due(now, &TimeZone::UTC), Some(want));
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
            let first = Days::Every.next(time, after, &zone).unwrap();
            proptest::prop_assert!(first.duration_since(after).as_hours() <= 25);
            let mut date = first.to_zoned(zone.clone()).date();
            after = first;
            for _ in 0..400 {
                let next = Days::Every.next(time, after, &zone).unwrap();
                let local = next.to_zoned(zone.clone());
                proptest::prop_assert_eq!(local.date(), date.tomorrow().unwrap());
                // Late by what the clock skips, at most an hour; never early.
                let late = local.time().duration_since(time);
                proptest::prop_assert!((0..=60).contains(&late.as_mins()), "{}", local);
                (after, date) = (next, local.date());
            }
        }
    }
}
