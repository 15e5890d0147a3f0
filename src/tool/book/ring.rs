use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, EntryId, Now, RingKind};
use crate::tool::say;

/// From this delay on a ring says how late it is, and that it could not ring in time.
const LATE: SignedDuration = SignedDuration::from_secs(30);

/// A timer that ran out, or an alarm or reminder that is due, still unanswered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// Its entry, which stays in the book until the ring is answered or given up.
    pub id: EntryId,
    /// What the user calls it.
    pub label: Option<String>,
    /// Timer, alarm or reminder.
    pub kind: RingKind,
    /// When it should have rung, by the wall clock.
    pub due: Timestamp,
    /// What the local clock shows at that time; may differ from the alarm's time if the clock skips
    /// it.
    pub clock: Time,
}

/// A ring that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rang {
    /// Its entry, which has left the book or waits for its next day.
    #[serde(default = "nobody")]
    pub id: EntryId,
    /// What the user calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Timer, alarm or reminder.
    #[serde(flatten)]
    pub what: RingKind,
    /// When it should have rung, or when it was answered.
    pub at: Timestamp,
}

fn nobody() -> EntryId {
    EntryId(0)
}

impl Ring {
    /// The ring of `entry`, if it rings.
    pub(super) fn of(entry: &Entry, now: &Now) -> Option<Self> {
        let due = entry.rings_since(now)?;
        let clock = due.to_zoned(now.zone.clone()).time();
        Some(Self { id: entry.id, label: entry.label.clone(), kind: entry.kind(), due, clock })
    }

    /// Its name in speech.
    pub fn name(&self) -> String {
        self.kind.name(self.label.as_deref())
    }

    /// Its name on a screen; see [`RingKind::title`].
    pub fn title(&self) -> String {
        self.kind.title(self.label.as_deref())
    }

    /// What to say when it rings. If it is late, also how late, and that nobody was there.
    pub fn say(&self, now: Timestamp) -> String {
        let name = self.name();
        let late = now.duration_since(self.due);
        let about = || self.label.as_deref().unwrap_or_default();
        if late < LATE {
            return match self.kind {
                RingKind::Reminder => format!("Here is your reminder: {}.", about()),
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
        let late = say::about(late.as_secs().unsigned_abs());
        match self.kind {
            RingKind::Timer { .. } => format!("Your {name} ended {late} ago."),
            RingKind::Alarm { .. } => format!("Your {name} was due {late} ago."),
            RingKind::Reminder => format!("Your {name} was due {late} ago: {}.", about()),
        }
    }

    /// The finished ring, as of `at`.
    pub(super) fn over(&self, at: Timestamp) -> Rang {
        Rang { id: self.id, label: self.label.clone(), what: self.kind, at }
    }
}

impl Rang {
    /// Its name in speech.
    pub fn name(&self) -> String {
        self.what.name(self.label.as_deref())
    }

    /// What to say about one that nobody answered: "You missed your pasta timer at 7:40 AM."
    pub fn missed(&self, now: &Now) -> String {
        let at = self.at.to_zoned(now.zone.clone());
        let day = match (now.today() - at.date()).get_days() {
            0 => String::new(),
            1 => " yesterday".into(),
            _ => format!(" on {}", say::date(at.date())),
        };
        let name = self.name();
        match self.what {
            // "Your 7 AM alarm at 7 AM" would say the time twice.
            RingKind::Alarm { .. } if self.label.is_none() => {
                format!("You missed your {name}{day}.")
            }
            RingKind::Alarm { .. } | RingKind::Timer { .. } => {
                format!("You missed your {name} at {}{day}.", say::clock(at.time()))
            }
            RingKind::Reminder => format!(
                "You missed a reminder at {}{day}: {}.",
                say::clock(at.time()),
                self.label.as_deref().unwrap_or_default()
            ),
        }
    }
}

impl RingKind {
    /// Its name in speech: "pasta timer", "10 minute timer", "7 AM alarm", "gym alarm", "reminder".
    pub fn name(&self, label: Option<&str>) -> String {
        match (self, label) {
            (Self::Timer { .. }, Some(label)) => format!("{label} timer"),
            (Self::Timer { seconds }, None) => format!("{} timer", say::span_before_noun(*seconds)),
            (Self::Alarm { .. }, Some(label)) => format!("{label} alarm"),
            (Self::Alarm { time }, None) => format!("{} alarm", say::clock(*time)),
            (Self::Reminder, _) => "reminder".to_owned(),
        }
    }

    /// Its name on a screen, where a reminder also says what it is about: "reminder: call mum".
    pub fn title(&self, label: Option<&str>) -> String {
        match (self, label) {
            (Self::Reminder, Some(about)) => format!("reminder: {about}"),
            (Self::Reminder | Self::Timer { .. } | Self::Alarm { .. }, _) => self.name(label),
        }
    }
}
