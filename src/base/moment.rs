use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since the program started.
///
/// Always passed in as an argument, so that a simulation can make an hour pass in a millisecond.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Moment(u64);

impl Moment {
    /// The start.
    pub const ZERO: Self = Self(0);

    /// The moment `micros` microseconds after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `millis` milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// The one reader of the machine's clock. Owned by the outermost rooms, which pass [`Moment`]s on.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    read: fn() -> Instant,
}

impl Clock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place where time is read")]
    pub fn start() -> Self {
        Self::of(Instant::now)
    }

    /// A clock that starts now and is read by `read`: the paused time of an async runtime, in which
    /// an hour passes in a second.
    pub fn of(read: fn() -> Instant) -> Self {
        Self { start: read(), read }
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        let passed = (self.read)().saturating_duration_since(self.start);
        Moment(u64::try_from(passed.as_micros()).unwrap_or(u64::MAX))
    }

    /// The machine's instant for `moment`, for timers of the async runtime.
    pub fn instant(&self, moment: Moment) -> Instant {
        self.start + Duration::from_micros(moment.0)
    }
}
