//! Random schedules in virtual time: timers, alarms and reminders across clock changes, restarts, zones and
//! summer time. Nothing is lost, nothing doubled, everything within a second.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Cycle, Days, Diary, Entry, EntryId, Now, Run, Unit, Week, What};
use crate::base::{LocalZone, WallClock};

/// A random number generator that is reproducible by seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() % end as u64) as i64
    }
}

/// A machine with its clocks, and what it must ring.
struct World {
    seed: u64,
    random: Random,
    wall: WallClock,
    zone: LocalZone,
    diary: Diary,
    /// Microseconds of true time.
    real: i64,
    /// When each timer must ring, in true time, and whether it follows the wall clock because of a
    /// reboot.
    timers: BTreeMap<EntryId, (i64, bool)>,
    /// Each alarm, and the time after which it has yet to ring.
    alarms: BTreeMap<EntryId, (Time, Days, Timestamp)>,
    /// The days on which each alarm has rung.
    rung: BTreeSet<(EntryId, Date)>,
}

const SECOND: i64 = 1_000_000;

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        // Some start on the eve of a change to or from summer time.
        let starts = ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-06-10T04:13:07Z"];
        let start: Timestamp = starts[random.below(3) as usize].parse().unwrap();
        let zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];
        let zone = TimeZone::get(zones[random.below(4) as usize]).unwrap();
        let (wall, zone) = (WallClock::fixed(start), LocalZone::fixed(zone));
        let diary = Self::program(&wall, &zone, None);
        Self {
            seed,
            random,
            wall,
            zone,
            diary,
            real: 0,
            timers: BTreeMap::new(),
            alarms: BTreeMap::new(),
            rung: BTreeSet::new(),
        }
    }

    /// A program that starts with the page of the previous one.
    fn program(wall: &WallClock, zone: &LocalZone, before: Option<&Diary>) -> Diary {
        let mut diary = Diary::new(None, wall.clone(), zone.clone());
        if let Some(before) = before {
            diary.take_over(before);
        }
        diary.ring_here();
        diary.look();
        diary
    }

    fn pass(&mut self, micros: i64) {
        self.real += micros;
        self.wall.set(self.wall.now() + SignedDuration::from_micros(micros));
    }

    fn shift(&mut self, micros: i64) {
        self.wall.adjust(self.wall.now() + SignedDuration::from_micros(micros));
        for (due, by_wall) in self.timers.values_mut() {
            if *by_wall {
                *due -= micros;
            }
        }
    }

    /// The program checks: what it rings must be what is due, and somebody answers.
    fn look(&mut self) {
        self.diary.look();
        let now = self.diary.now();
        let mut want = BTreeSet::new();
        for (id, (due, _)) in &self.timers {
            if *due <= self.real {
                want.insert(*id);
            }
        }
        for (id, (time, days, checked)) in &mut self.alarms {
            let zone = self.zone.get();
            // Every day between the last check and now, and one more on each side.
            let mut date = checked.to_zoned(zone.clone()).date().yesterday().unwrap();
            let mut due = false;
            while date <= now.today() {
                let at = date.to_datetime(*time).to_zoned(zone.clone()).unwrap().timestamp();
                if days.holds(date) && at > *checked && at <= now.wall {
                    due |= self.rung.insert((*id, date));
                }
                date = date.tomorrow().unwrap();
            }
            if due {
                want.insert(*id);
            }
            *checked = (*checked).max(now.wall);
        }
        let rings: BTreeSet<EntryId> =
            self.diary.view().ringing.iter().map(|ring| ring.id).collect();
        assert_eq!(rings, want, "seed {} at {} ({} s)", self.seed, now.wall, self.real / SECOND);
        let ids: Vec<EntryId> = rings.into_iter().collect();
        self.diary.end(&ids, true, &now);
        for id in ids {
            self.timers.remove(&id);
            if self.alarms.get(&id).is_some_and(|(_, days, _)| !days.recurs()) {
                self.alarms.remove(&id);
            }
        }
    }

    /// Time passes while the program checks as often as its thread does; checks at which nothing
    /// can happen are skipped.
    fn run(&mut self, micros: i64) {
        let end = self.real + micros;
        while self.real < end {
            let now = self.diary.now();
            let next = self.diary.entries(&now).into_iter().filter_map(|entry| entry.due(&now));
            let next = next.map(|due| due.as_microsecond() - now.wall.as_microsecond()).min();
            let step = next.unwrap_or(i64::MAX).clamp(1, end - self.real);
            self.pass(step);
            self.look();
        }
    }

    fn set_timer(&mut self) {
        let now = self.diary.now();
        let seconds = 1 + self.random.below(40_000);
        let run = Run::start(&now, (seconds * SECOND) as u64).unwrap();
        let what = What::Timer { seconds: seconds as u64, run };
        let entry = self.put(&now, what);
        self.timers.insert(entry.id, (self.real + seconds * SECOND, false));
    }

    fn set_alarm(&mut self) {
        let now = self.diary.now();
        let time =
            Time::constant(self.random.below(24) as i8, (self.random.below(4) * 15) as i8, 0, 0);
        let days = match self.random.below(6) {
            0 => Days::Weekly(Week::ALL),
            1 => Days::Weekly(Week::WEEKDAYS),
            2 => Days::Weekly(Week::of([Weekday::Sunday, Weekday::Wednesday]).unwrap()),
            3 | 4 => {
                let from = now.today() + self.random.below(4).days();
                let every = 1 + self.random.below(3) as u16;
                let unit = [Unit::Day, Unit::Week, Unit::Month][self.random.below(3) as usize];
                let last = (unit == Unit::Month && self.random.below(2) == 0).then_some(-1);
                Days::Cycle(Cycle { from, every, unit, place: last })
            }
            _ => {
                let date = now.today() + (1 + self.random.below(4)).days();
                Days::On(date)
            }
        };
        let what = What::Alarm { time, days, since: now.wall, skip: None };
        let entry = self.put(&now, what);
        self.alarms.insert(entry.id, (time, days, now.wall));
    }

    /// Every third one is a reminder.
    fn put(&mut self, now: &Now, what: What) -> Entry {
        let put = match self.random.below(3) {
            0 => self.diary.remind("water the plants".into(), now, what),
            _ => self.diary.add(None, now, what),
        };
        put.unwrap().0
    }

    fn step(&mut self) {
        match self.random.below(12) {
            0..3 => self.set_timer(),
            3..5 => self.set_alarm(),
            5..8 => {
                let micros = self.random.below(30_000 * SECOND);
                self.run(micros);
            }
            // Set wrongly by up to three days, for six seconds. Nothing becomes due meanwhile that
            // is not due anyway.
            8 => {
                let shift = 3_600 * SECOND + self.random.below(3 * 86_400 * SECOND);
                let shift = if self.random.below(2) == 0 { shift } else { -shift };
                if shift > 0 && self.timers.values().any(|(_, by_wall)| *by_wall) {
                    return;
                }
                self.shift(shift);
                let now = self.diary.now();
                for _ in 0..6 {
                    self.pass(SECOND);
                    self.diary.look();
                    let mut rings = self.diary.view().ringing;
                    // What is also due by the right clock rings correctly.
                    let right = self.wall.now() - SignedDuration::from_micros(shift);
                    rings.retain(|ring| !self.timers.contains_key(&ring.id) && ring.due > right);
                    let (seed, at) = (self.seed, now.wall);
                    assert!(rings.is_empty(), "seed {seed}: {rings:?} at {at} and not at {right}");
                }
                self.shift(-shift);
                self.look();
            }
            // Corrected by some seconds, as time servers do.
            9 => {
                let micros = (self.random.below(18) - 9) * SECOND;
                self.shift(micros);
                self.look();
            }
            // The program ends, and restarts after a while.
            10 => {
                let micros = self.random.below(20_000 * SECOND);
                self.pass(micros);
                self.diary = Self::program(&self.wall, &self.zone, Some(&self.diary));
                self.look();
            }
            // So does the machine.
            _ => {
                self.diary.look();
                self.wall.reboot();
                for (_, by_wall) in self.timers.values_mut() {
                    *by_wall = true;
                }
                let micros = self.random.below(20_000 * SECOND);
                self.pass(micros);
                self.diary = Self::program(&self.wall, &self.zone, Some(&self.diary));
                self.look();
            }
        }
    }
}

#[test]
fn a_thousand_schedules_lose_nothing_and_double_nothing() {
    for seed in 0..1_000 {
        let mut world = World::new(seed);
        for _ in 0..30 {
            world.step();
        }
        // To the end of every timer and single alarm.
        world.run(8 * 86_400 * SECOND);
        assert!(world.timers.is_empty(), "seed {seed}: timers are left");
    }
}
