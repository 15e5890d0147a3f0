use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::days::Days;
use crate::base::BootMoment;

/// What due times are computed from: both clocks and the zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Now {
    /// The wall clock, which alarms follow.
    pub wall: Timestamp,
    /// The boot clock, which nobody sets and timers count on.
    pub boot: BootMoment,
    /// The local zone.
    pub zone: TimeZone,
}

impl Now {
    /// The local date.
    pub fn today(&self) -> Date {
        self.wall.to_zoned(self.zone.clone()).date()
    }
}

/// Id of an entry: the microsecond since 1970 at which it was made, or the next one free, so that
/// two programs that write to one file do not clash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId(pub i64);

/// What rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RingKind {
    /// A timer of this length.
    Timer {
        /// The requested duration.
        seconds: u64,
    },
    /// An alarm at this clock time.
    Alarm {
        /// The requested clock time.
        time: Time,
    },
    /// A reminder; its label is what it is about.
    Reminder,
}

/// A timer, an alarm or a reminder that will ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id. The greater of two was set later.
    pub id: EntryId,
    /// What the user calls it, in lower case; for a reminder, what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is a reminder, which rings after a duration or at a clock time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminder: bool,
    /// When it was set, by the wall clock at the time.
    pub set: Timestamp,
    /// When it rings.
    #[serde(flatten)]
    pub what: What,
}

/// When an entry rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// After a duration.
    Timer {
        /// The requested duration, plus what was added since.
        seconds: u64,
        /// State of its countdown.
        #[serde(flatten)]
        run: Run,
    },
    /// At a local clock time, wherever the machine then is.
    Alarm {
        /// The clock time.
        time: Time,
        /// On which days.
        days: Days,
        /// Only times after this are still to ring: when it was set or last answered.
        since: Timestamp,
        /// One day on which it does not ring, although it recurs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skip: Option<Date>,
    },
    /// Again, after it was snoozed.
    Snoozed {
        /// What rang.
        of: RingKind,
        /// State of its countdown.
        #[serde(flatten)]
        run: Run,
    },
}

/// State of a countdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Run {
    /// Paused.
    Paused {
        /// Milliseconds left.
        left_ms: u64,
    },
    /// Running.
    Counting {
        /// The end on the wall clock: what counts after a reboot.
        due: Timestamp,
        /// The end on the boot clock: what counts until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boot: Option<BootMoment>,
    },
}

impl Run {
    /// A countdown of `micros` that starts now; `None` past the end of the calendar.
    pub fn start(now: &Now, micros: u64) -> Option<Self> {
        let span = SignedDuration::from_micros(i64::try_from(micros).ok()?);
        let due = now.wall.checked_add(span).ok()?;
        Some(Self::Counting { due, boot: Some(now.boot.plus(micros)) })
    }

    /// Microseconds left, negative when it has run out.
    pub fn left(self, now: &Now) -> i64 {
        match self {
            Self::Paused { left_ms } => i64::try_from(left_ms * 1_000).unwrap_or(i64::MAX),
            Self::Counting { due, boot } => {
                let by_wall = || due.as_microsecond() - now.wall.as_microsecond();
                boot.and_then(|boot| now.boot.until(boot)).unwrap_or_else(by_wall)
            }
        }
    }

    /// Whether it is paused.
    pub fn paused(self) -> bool {
        match self {
            Self::Paused { .. } => true,
            Self::Counting { .. } => false,
        }
    }

    /// When it ends, by the wall clock as it is now.
    pub fn due(self, now: &Now) -> Option<Timestamp> {
        match self {
            Self::Paused { .. } => None,
            Self::Counting { .. } => {
                now.wall.checked_add(SignedDuration::from_micros(self.left(now))).ok()
            }
        }
    }
}

impl Entry {
    /// When it rings next, or should have rung; `None` for a paused timer and past the end of the
    /// calendar.
    pub fn due(&self, now: &Now) -> Option<Timestamp> {
        match self.what {
            What::Timer { run, .. } | What::Snoozed { run, .. } => run.due(now),
            What::Alarm { time, days: Days::On(date), .. } => {
                Some(date.to_datetime(time).to_zoned(now.zone.clone()).ok()?.timestamp())
            }
            What::Alarm { time, days, since, skip } => {
                let next = days.next(time, since, &now.zone)?;
                if skip == Some(next.to_zoned(now.zone.clone()).date()) {
                    days.next(time, next, &now.zone)
                } else {
                    Some(next)
                }
            }
        }
    }

    /// Since when it rings, if it does: only the last of several missed times.
    pub fn rings_since(&self, now: &Now) -> Option<Timestamp> {
        let due = self.due(now).filter(|due| *due <= now.wall)?;
        match self.what {
            What::Alarm { time, days, since, skip } if days.recurs() => {
                let last = days.last(time, since, now.wall, &now.zone)?;
                let skipped = skip == Some(last.to_zoned(now.zone.clone()).date());
                Some(if skipped { due } else { last })
            }
            What::Alarm { .. } | What::Timer { .. } | What::Snoozed { .. } => Some(due),
        }
    }

    /// Its countdown; alarms have none.
    pub fn run(&self) -> Option<Run> {
        match self.what {
            What::Timer { run, .. } | What::Snoozed { run, .. } => Some(run),
            What::Alarm { .. } => None,
        }
    }

    /// What it is to the user.
    pub fn kind(&self) -> RingKind {
        match self.what {
            What::Timer { .. } | What::Alarm { .. } if self.reminder => RingKind::Reminder,
            What::Timer { seconds, .. } => RingKind::Timer { seconds },
            What::Alarm { time, .. } => RingKind::Alarm { time },
            What::Snoozed { of, .. } => of,
        }
    }

    /// Whether it is a timer to the user, even when snoozed.
    pub fn is_timer(&self) -> bool {
        match self.kind() {
            RingKind::Timer { .. } => true,
            RingKind::Alarm { .. } | RingKind::Reminder => false,
        }
    }

    /// Whether it is an alarm to the user, even when snoozed.
    pub fn is_alarm(&self) -> bool {
        match self.kind() {
            RingKind::Alarm { .. } => true,
            RingKind::Timer { .. } | RingKind::Reminder => false,
        }
    }

    /// Whether it is a reminder, even when snoozed.
    pub fn is_reminder(&self) -> bool {
        self.kind() == RingKind::Reminder
    }

    /// Whether it was snoozed.
    pub fn is_snoozed(&self) -> bool {
        match self.what {
            What::Snoozed { .. } => true,
            What::Timer { .. } | What::Alarm { .. } => false,
        }
    }

    /// Its name in speech; see [`RingKind::name`].
    pub fn name(&self) -> String {
        self.kind().name(self.label.as_deref())
    }

    /// Its name on a screen; see [`RingKind::title`].
    pub fn title(&self) -> String {
        self.kind().title(self.label.as_deref())
    }

    /// What becomes of it once its ring is over: `None` if it leaves the book.
    pub(super) fn after_ring(&self, now: &Now) -> Option<Self> {
        match self.what {
            What::Alarm { time, days, skip, .. } if days.recurs() => {
                let skip = skip.filter(|skip| *skip >= now.today());
                let what = What::Alarm { time, days, since: now.wall, skip };
                Some(Self { what, ..self.clone() })
            }
            What::Alarm { .. } | What::Timer { .. } | What::Snoozed { .. } => None,
        }
    }

    /// The changed entry, if any, after the wall clock was set by `shift` microseconds, or by an
    /// unknown amount while no program ran: an alarm answered by a clock that was wrong has not
    /// rung yet by the right one, and the wall-clock end of a countdown moves with the clock.
    pub(super) fn after_clock_change(&self, now: &Now, shift: Option<i64>) -> Option<Self> {
        let what = match self.what {
            What::Alarm { time, days, since, skip } if since > now.wall => {
                let ahead = since.as_microsecond() - now.wall.as_microsecond();
                let since = match shift {
                    Some(shift) if shift < -SAME_RING => {
                        since.checked_add(SignedDuration::from_micros(shift)).ok()?
                    }
                    None if ahead > SAME_RING => now.wall,
                    Some(_) | None => return None,
                };
                What::Alarm { time, days, since: since.min(now.wall), skip }
            }
            What::Timer { seconds, run } => What::Timer { seconds, run: moved(run, now)? },
            What::Snoozed { of, run } => What::Snoozed { of, run: moved(run, now)? },
            What::Alarm { .. } => return None,
        };
        Some(Self { what, ..self.clone() })
    }
}

/// A clock set back by less than this does not make an answered alarm ring again: microseconds, ten
/// minutes.
const SAME_RING: i64 = 600_000_000;

/// A countdown with its end on the current wall clock; `None` if unchanged.
fn moved(run: Run, now: &Now) -> Option<Run> {
    match run {
        Run::Counting { due, boot: Some(boot) } if now.boot.boot == boot.boot => {
            let new = run.due(now)?;
            (new.duration_since(due).abs() > SignedDuration::from_millis(500))
                .then_some(Run::Counting { due: new, boot: Some(boot) })
        }
        Run::Counting { .. } | Run::Paused { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(wall: &str, boot: u64, seconds: u64) -> Now {
        let boot = BootMoment { boot, micros: seconds * 1_000_000 };
        Now { wall: wall.parse().unwrap(), boot, zone: TimeZone::UTC }
    }

    #[test]
    fn a_countdown_follows_the_clock_that_nobody_sets() {
        let start = now("2026-11-03T10:00:00Z", 1, 100);
        let run = Run::start(&start, 600_000_000).unwrap();
        // The wall clock an hour back, ten seconds later.
        let later = now("2026-11-03T09:00:10Z", 1, 110);
        assert_eq!(run.left(&later), 590_000_000);
        assert_eq!(run.due(&later), Some("2026-11-03T09:10:00Z".parse().unwrap()));
        // After a reboot only the wall clock is left.
        let anew = now("2026-11-03T10:04:00Z", 2, 5);
        assert_eq!(run.left(&anew), 360_000_000);
    }

    #[test]
    fn entries_read_back_as_they_were_written() {
        let at = now("2026-11-03T10:00:00Z", 7, 100);
        let run = Run::start(&at, 60_000_000).unwrap();
        let time = Time::constant(7, 0, 0, 0);
        let days = Days::On(jiff::civil::date(2026, 12, 3));
        for what in [
            What::Timer { seconds: 60, run },
            What::Timer { seconds: 60, run: Run::Paused { left_ms: 1_500 } },
            What::Snoozed { of: RingKind::Alarm { time }, run },
            What::Snoozed { of: RingKind::Reminder, run },
            What::Alarm { time, days, since: at.wall, skip: None },
        ] {
            let label = Some("tea".into());
            let entry = Entry { id: EntryId(1), label, reminder: false, set: at.wall, what };
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry, "{text}");
        }
        // As the first release wrote it.
        let old = r#"{"id":1,"set":"2026-11-03T10:00:00Z","kind":"timer","seconds":60,"due":"2026-11-03T10:01:00Z"}"#;
        let old: Entry = serde_json::from_str(old).unwrap();
        assert_eq!(old.run().unwrap().left(&at), 60_000_000);
    }
}
