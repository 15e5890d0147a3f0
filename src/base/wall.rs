use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Clock, Moment};

/// A point on the clock that nobody sets: it counts from boot and continues during suspend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootMoment {
    /// Which boot it counts from; moments of different boots cannot be compared.
    pub boot: u64,
    /// Microseconds since boot.
    pub micros: u64,
}

impl BootMoment {
    /// Microseconds from this moment to `later`, negative if that is earlier; `None` if the machine
    /// was rebooted in between.
    pub fn until(self, later: Self) -> Option<i64> {
        let micros = |moment: Self| i64::try_from(moment.micros).unwrap_or(i64::MAX);
        (self.boot == later.boot).then(|| micros(later) - micros(self))
    }

    /// The moment `micros` microseconds later.
    #[must_use]
    pub fn plus(self, micros: u64) -> Self {
        Self { micros: self.micros.saturating_add(micros), ..self }
    }
}

/// The one reader of the clocks outside a turn: the wall clock for dates, alarms and file times,
/// which may be set at any moment, and the boot clock for timers.
#[derive(Clone, Debug, Default)]
pub enum WallClock {
    /// The machine's clocks.
    #[default]
    System,
    /// Clocks that stand still until set, for tests.
    Fixed(Arc<FixedClock>),
    /// Clocks that follow the clock of a simulation, from this time on.
    Simulated(Clock, Timestamp),
}

/// Clocks that stand still.
#[derive(Debug)]
pub struct FixedClock(Mutex<(Timestamp, BootMoment)>);

impl FixedClock {
    fn read(&self) -> (Timestamp, BootMoment) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both at once: a reader must not see time pass on one of them only.
    fn change(&self, change: impl FnOnce(&mut Timestamp, &mut BootMoment)) {
        let (wall, boot) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(wall, boot);
    }
}

impl WallClock {
    /// A clock fixed at `time`, an hour after boot.
    pub fn fixed(time: Timestamp) -> Self {
        let boot = BootMoment { boot: 1, micros: 3_600_000_000 };
        Self::Fixed(Arc::new(FixedClock(Mutex::new((time, boot)))))
    }

    /// Advances a fixed clock, and its clones, to `time`; no effect on the machine's own.
    pub fn set(&self, time: Timestamp) {
        if let Self::Fixed(clock) = self {
            clock.change(|wall, boot| {
                let passed = time.as_microsecond() - wall.as_microsecond();
                boot.micros += u64::try_from(passed).unwrap_or(0);
                *wall = time;
            });
        }
    }

    /// Sets a fixed wall clock as a person or a time server would: no time passes.
    pub fn adjust(&self, time: Timestamp) {
        if let Self::Fixed(clock) = self {
            clock.change(|wall, _| *wall = time);
        }
    }

    /// Reboots the machine of a fixed clock, at the same wall time.
    pub fn reboot(&self) {
        if let Self::Fixed(clock) = self {
            clock.change(|_, boot| *boot = BootMoment { boot: boot.boot + 1, micros: 0 });
        }
    }

    /// The current wall time.
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::Fixed(clock) => clock.read().0,
            Self::Simulated(clock, start) => {
                start.saturating_add(clock.now().since(Moment::ZERO)).unwrap_or(*start)
            }
        }
    }

    /// Both clocks, read together.
    pub fn both(&self) -> (Timestamp, BootMoment) {
        match self {
            Self::Fixed(clock) => clock.read(),
            Self::System | Self::Simulated(..) => (self.now(), self.boot()),
        }
    }

    /// The current moment on the boot clock.
    pub fn boot(&self) -> BootMoment {
        match self {
            Self::System => {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
                let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
                let micros = u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000;
                BootMoment { boot: boot_id(), micros: seconds * 1_000_000 + micros }
            }
            Self::Fixed(clock) => clock.read().1,
            Self::Simulated(clock, _) => BootMoment { boot: 1, micros: clock.now().as_micros() },
        }
    }
}

/// The kernel's id of this boot. If it cannot be read, every program has a number of its own, so
/// that no moment of another program is mistaken for one of this boot.
fn boot_id() -> u64 {
    static ID: OnceLock<u64> = OnceLock::new();
    *ID.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(15).collect();
        u64::from_str_radix(&digits, 16).unwrap_or_else(|_| RandomState::new().hash_one(0) >> 4)
    })
}

/// The local time zone, which a traveller may change.
#[derive(Clone, Debug)]
pub enum LocalZone {
    /// The machine's own.
    System(Arc<Mutex<Option<ZoneFile>>>),
    /// Fixed until it is set, for tests and simulation.
    Fixed(Arc<Mutex<TimeZone>>),
}

/// What changes when the machine's zone does: inode, time and length of the link that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneFile(u64, i64, i64);

impl LocalZone {
    /// The machine's zone.
    pub fn system() -> Self {
        Self::System(Arc::new(Mutex::new(zone_file())))
    }

    /// A fixed zone.
    pub fn fixed(zone: TimeZone) -> Self {
        Self::Fixed(Arc::new(Mutex::new(zone)))
    }

    /// Changes a fixed zone, also for its clones; no effect on the machine's own.
    pub fn set(&self, zone: TimeZone) {
        if let Self::Fixed(fixed) = self {
            *fixed.lock().unwrap_or_else(PoisonError::into_inner) = zone;
        }
    }

    /// The zone as last known; see [`LocalZone::look`].
    pub fn get(&self) -> TimeZone {
        match self {
            Self::System(_) => TimeZone::system(),
            Self::Fixed(zone) => zone.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Notices a change of the machine's zone. Reads a file, so not for the async threads. Without
    /// it a change is seen after five minutes.
    pub fn look(&self) {
        if let Self::System(seen) = self {
            let file = zone_file();
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen != file {
                *seen = file;
                jiff::tz::reset_system_time_zone_cache();
                tracing::info!("the time zone is now {:?}", TimeZone::system().iana_name());
            }
        }
    }
}

fn zone_file() -> Option<ZoneFile> {
    use std::os::unix::fs::MetadataExt;
    let meta = Path::new("/etc/localtime").symlink_metadata().ok()?;
    Some(ZoneFile(meta.ino(), meta.mtime(), meta.mtime_nsec()))
}
