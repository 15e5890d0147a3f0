use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use jiff::Timestamp;

/// The one reader of the wall clock: dates, alarms and file times. Unlike [`super::Moment`] it may
/// jump, so nothing inside a turn is measured with it.
#[derive(Clone, Debug, Default)]
pub enum WallClock {
    /// The machine's own.
    #[default]
    System,
    /// One that stands still until it is set: microseconds since 1970, for tests and simulation.
    Fixed(Arc<AtomicI64>),
}

impl WallClock {
    /// A clock that stands at `time`.
    pub fn fixed(time: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(time.as_microsecond())))
    }

    /// Sets a fixed clock, also for its clones; the machine's own is left as it is.
    pub fn set(&self, time: Timestamp) {
        match self {
            Self::System => {}
            Self::Fixed(micros) => micros.store(time.as_microsecond(), Ordering::Relaxed),
        }
    }

    /// The present time.
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::Fixed(micros) => Timestamp::from_microsecond(micros.load(Ordering::Relaxed))
                .unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}
