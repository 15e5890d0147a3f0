use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, What};
use crate::tool::say;

/// From this lateness on it is said how late a ring is, and that it could not ring in time.
const LATE: SignedDuration = SignedDuration::from_secs(30);

/// A timer that ran out or an alarm whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// What the user calls it.
    pub label: Option<String>,
    /// Timer or alarm.
    pub kind: RingKind,
    /// When it should have rung.
    pub due: Timestamp,
    /// How long ago that was; never negative.
    pub late: SignedDuration,
    /// What the local clock shows at that time; an alarm may differ, where the clock skips it.
    pub(super) clock: Time,
    /// The entry as it stood in the book, to put it back.
    pub(super) entry: Entry,
}

/// What rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RingKind {
    /// A timer of this length.
    Timer {
        /// The length that was asked for.
        seconds: u64,
    },
    /// An alarm at this clock time.
    Alarm {
        /// The clock time that was asked for.
        time: Time,
    },
}

impl Ring {
    pub(super) fn new(entry: Entry, due: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let kind = match entry.what {
            What::Timer { seconds, .. } => RingKind::Timer { seconds },
            What::Alarm { time, .. } => RingKind::Alarm { time },
        };
        let late = now.duration_since(due).max(SignedDuration::ZERO);
        let clock = due.to_zoned(zone.clone()).time();
        Self { label: entry.label.clone(), kind, due, late, clock, entry }
    }

    /// What is said when it rings. One that is late says how late, and that nobody was there.
    pub fn say(&self) -> String {
        let name = self.kind.name(self.label.as_deref());
        if self.late < LATE {
            return match self.kind {
                RingKind::Timer { .. } => format!("Your {name} is done."),
                RingKind::Alarm { .. } => {
                    let clock = say::clock(self.clock);
                    match &self.label {
                        Some(label) => format!("It's {clock}. This is your {label} alarm."),
                        None => format!("It's {clock}. This is your alarm."),
                    }
                }
            };
        }
        let late = say::about(self.late.as_secs().unsigned_abs());
        match self.kind {
            RingKind::Timer { .. } => {
                format!("Your {name} ran out {late} ago. I was not there to ring it then, sorry.")
            }
            RingKind::Alarm { .. } => {
                format!(
                    "You missed your {name}. It was due {late} ago, when I was not there to ring it."
                )
            }
        }
    }
}

impl RingKind {
    /// How one speaks of it: "pasta timer", "10 minute timer", "7 AM alarm", "gym alarm".
    pub fn name(&self, label: Option<&str>) -> String {
        match (self, label) {
            (Self::Timer { .. }, Some(label)) => format!("{label} timer"),
            (Self::Timer { seconds }, None) => format!("{} timer", say::span_before_noun(*seconds)),
            (Self::Alarm { .. }, Some(label)) => format!("{label} alarm"),
            (Self::Alarm { time }, None) => format!("{} alarm", say::clock(*time)),
        }
    }
}

impl Entry {
    /// How one speaks of it; see [`RingKind::name`].
    pub fn name(&self) -> String {
        let kind = match self.what {
            What::Timer { seconds, .. } => RingKind::Timer { seconds },
            What::Alarm { time, .. } => RingKind::Alarm { time },
        };
        kind.name(self.label.as_deref())
    }
}
