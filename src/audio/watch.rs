use std::time::Duration;

use super::device::Wish;
use super::{AudioError, Choice, DeviceInfo, SoundEvent};
use crate::base::{Moment, Rate};

/// How often the devices are listed, besides whenever the server reports a change. The stream of an
/// unloaded device moves to another one without an error.
const SURVEY_EVERY: Duration = Duration::from_secs(2);

/// The first listing comes sooner: nobody was told of changes while the device was opened.
const FIRST_SURVEY: Duration = Duration::from_millis(250);

/// How often to look for a device that the sound server does not have, besides whenever the server
/// reports a change.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A device whose callback has not run for this long is dead. Some never report it.
const STALL: Duration = Duration::from_secs(1);

/// How long a newly opened device may take until its first callback; an idle virtual one takes 2 s.
const FIRST_CALL: Duration = Duration::from_secs(4);

/// How long opening or listing may take before the worker is given up.
const ANSWER: Duration = Duration::from_secs(6);

/// The wait before the n-th try: short at first, because servers come back within a second, and
/// never so long that a returned device waits more than a second.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(match failures {
        0 => 0,
        1..=50 => 100,
        _ => 500,
    })
}

/// What the watch wants done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Open the wanted device. `seen` as in [`Wish::find_or_stand_in`].
    Open { seen: bool },
    /// Recall the edge and leave the device to its worker, which drops it, or hangs.
    Close,
    /// List the devices.
    Survey,
    /// Tell the driver.
    Tell(SoundEvent),
}

/// A device that was just opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) device: DeviceInfo,
    /// The rate at which its callback counts.
    pub(super) rate: Rate,
    /// Whether it replaces the named one.
    pub(super) stand_in: bool,
    /// Whether the sound system may be asked often for its devices.
    pub(super) survey: bool,
}

/// Decides what happens to the device of one side. Pure: time and reports come in, acts go out.
pub(super) struct Watch {
    wish: Wish,
    state: State,
    /// Whether the chosen device was ever present.
    seen: bool,
    failures: u32,
    told: Option<SoundEvent>,
    /// Whether the stream is paused on purpose, so that no callback comes.
    resting: bool,
}

#[derive(Debug, PartialEq)]
enum State {
    /// Opens when the time comes.
    Waiting {
        until: Moment,
    },
    /// The worker is opening it.
    Opening {
        since: Moment,
    },
    Running(Running),
}

#[derive(Debug, PartialEq)]
struct Running {
    device: DeviceInfo,
    rate: Rate,
    /// When it was opened, and the callback count then.
    since: Moment,
    /// The callback count at the last check, and since when it has had that value.
    beats: u64,
    beat_at: Moment,
    fresh: bool,
    survey: Ask,
    /// Something changed during the listing.
    stale: bool,
}

#[derive(Debug, PartialEq)]
enum Ask {
    Next(Moment),
    Asked(Moment),
    /// Listing is too expensive with this sound system.
    Never,
}

impl Watch {
    pub(super) fn new(wish: Wish) -> Self {
        let state = State::Waiting { until: Moment::ZERO };
        Self { wish, state, seen: false, failures: 0, told: None, resting: false }
    }

    /// The device in use, its rate, and since when.
    pub(super) fn running(&self) -> Option<(&DeviceInfo, Rate, Moment)> {
        match &self.state {
            State::Running(run) => Some((&run.device, run.rate, run.since)),
            State::Waiting { .. } | State::Opening { .. } => None,
        }
    }

    /// Time has passed. `beats` is the callback count.
    pub(super) fn poll(&mut self, now: Moment, beats: u64, out: &mut Vec<Act>) {
        match &mut self.state {
            State::Waiting { until } => {
                if *until <= now {
                    self.state = State::Opening { since: now };
                    out.push(Act::Open { seen: self.seen });
                }
            }
            State::Opening { since } => {
                if now.since(*since) > ANSWER {
                    self.hang(now, out);
                }
            }
            State::Running(run) => {
                if beats != run.beats {
                    (run.beats, run.beat_at, run.fresh) = (beats, now, false);
                    self.failures = 0;
                }
                if self.resting {
                    // Once resumed it may take as long as a new one until its first callback.
                    (run.beat_at, run.fresh) = (now, true);
                }
                let patience = if run.fresh { FIRST_CALL } else { STALL };
                if now.since(run.beat_at) > patience {
                    let why = AudioError::Unusable {
                        side: self.wish.side,
                        name: run.device.name.clone(),
                        why: "it has gone silent".to_owned(),
                    };
                    self.lose(now, why, out);
                    return;
                }
                match run.survey {
                    Ask::Next(at) if at <= now => {
                        run.survey = Ask::Asked(now);
                        out.push(Act::Survey);
                    }
                    Ask::Asked(at) if now.since(at) > ANSWER => self.hang(now, out),
                    Ask::Next(_) | Ask::Asked(_) | Ask::Never => {}
                }
            }
        }
    }

    /// The stream is paused on purpose, or resumed.
    pub(super) fn on_rest(&mut self, on: bool) {
        self.resting = on;
    }

    /// The device is open. `beats` is the callback count.
    pub(super) fn on_opened(
        &mut self,
        now: Moment,
        opened: Opened,
        beats: u64,
        out: &mut Vec<Act>,
    ) {
        let Opened { device, rate, stand_in, survey } = opened;
        if !matches!(self.state, State::Opening { .. }) {
            return;
        }
        self.seen |= !stand_in;
        let (side, name) = (self.wish.side, device.name.clone());
        let event = match &self.wish.choice {
            Choice::Named(wanted) if stand_in => {
                SoundEvent::Moved { side, device: name, wanted: wanted.clone() }
            }
            Choice::Named(_) | Choice::Default | Choice::File(_) => {
                SoundEvent::Up { side, device: name }
            }
        };
        let survey = if survey { Ask::Next(now + FIRST_SURVEY) } else { Ask::Never };
        self.state = State::Running(Running {
            device,
            rate,
            since: now,
            beats,
            beat_at: now,
            fresh: true,
            survey,
            stale: false,
        });
        self.told = Some(event.clone());
        out.push(Act::Tell(event));
    }

    /// The device could not be opened.
    pub(super) fn on_failed(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if !matches!(self.state, State::Opening { .. }) {
            return;
        }
        self.failures += 1;
        self.state = State::Waiting { until: now + pause(self.failures) };
        self.tell_lost(why, out);
    }

    /// The sound server has no such device; it reports when that may have changed.
    pub(super) fn on_missing(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if matches!(self.state, State::Opening { .. }) {
            self.failures = 0;
            self.state = State::Waiting { until: now + LOOK_AGAIN };
            self.tell_lost(why, out);
        }
    }

    /// The device in use is lost, or the one being opened: its stream may break before the worker
    /// has reported that it is open.
    pub(super) fn on_broke(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if matches!(self.state, State::Running(_) | State::Opening { .. }) {
            self.lose(now, why, out);
        }
    }

    /// Devices appeared or disappeared, or the stream was moved.
    pub(super) fn on_changed(&mut self, now: Moment) {
        match &mut self.state {
            State::Running(run) => match run.survey {
                Ask::Next(_) => run.survey = Ask::Next(now),
                Ask::Asked(_) => run.stale = true,
                Ask::Never => {}
            },
            State::Waiting { until } => *until = now.min(*until),
            State::Opening { .. } => {}
        }
    }

    /// The list of devices.
    pub(super) fn on_devices(
        &mut self,
        now: Moment,
        devices: Result<Vec<DeviceInfo>, AudioError>,
        out: &mut Vec<Act>,
    ) {
        let State::Running(run) = &mut self.state else { return };
        let devices = match devices {
            Ok(devices) => devices,
            Err(why) => {
                self.lose(now, why, out);
                return;
            }
        };
        let wait = if std::mem::take(&mut run.stale) { Duration::ZERO } else { SURVEY_EVERY };
        run.survey = Ask::Next(now + wait);
        match self.wish.find_or_stand_in(self.seen, &devices) {
            Ok((device, _)) if device.id == run.device.id && device.index == run.device.index => {
                // Headphones may have been plugged into it.
                run.device.clone_from(device);
            }
            // Another device is wanted now, or the same one was plugged in again.
            Ok(_) => {
                out.push(Act::Close);
                self.state = State::Waiting { until: now };
            }
            Err(why) => self.lose(now, why, out),
        }
    }

    fn lose(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        out.push(Act::Close);
        // A device that dies as soon as it is opened must not be reopened in a tight loop.
        self.failures += 1;
        self.state = State::Waiting { until: now + pause(self.failures) };
        self.tell_lost(why, out);
    }

    fn hang(&mut self, now: Moment, out: &mut Vec<Act>) {
        self.lose(now, AudioError::NoServer("the sound server does not answer".into()), out);
    }

    /// Reports that there is no sound, once for each kind of reason and not at every try.
    fn tell_lost(&mut self, why: AudioError, out: &mut Vec<Act>) {
        if let Some(SoundEvent::Lost { why: before, .. }) = &self.told
            && std::mem::discriminant(before) == std::mem::discriminant(&why)
        {
            return;
        }
        let event = SoundEvent::Lost { side: self.wish.side, why };
        self.told = Some(event.clone());
        out.push(Act::Tell(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Form, Settings, Side};

    const SIDE: Side = Side::Output;

    fn device(id: &str, index: u32, default: bool) -> DeviceInfo {
        DeviceInfo {
            id: id.to_owned(),
            name: id.to_owned(),
            side: SIDE,
            default,
            monitor_of: None,
            master: None,
            form: Form::Unknown,
            rate: Rate(48_000),
            channels: 2,
            index,
        }
    }

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    struct Scene {
        watch: Watch,
    }

    impl Scene {
        fn new(choice: &str) -> Self {
            let output = Some(choice.parse().unwrap());
            let settings = Settings { output, ..Settings::default() };
            Self { watch: Watch::new(Wish::of(&settings, SIDE).unwrap()) }
        }

        fn poll(&mut self, millis: u64, beats: u64) -> Vec<Act> {
            let mut out = Vec::new();
            self.watch.poll(at(millis), beats, &mut out);
            out
        }

        fn opened(&mut self, millis: u64, device: DeviceInfo, stand_in: bool) -> Vec<Act> {
            let mut out = Vec::new();
            let opened = Opened { device, rate: Rate(48_000), stand_in, survey: true };
            self.watch.on_opened(at(millis), opened, 0, &mut out);
            out
        }

        fn failed(&mut self, millis: u64, why: AudioError) -> Vec<Act> {
            let mut out = Vec::new();
            self.watch.on_failed(at(millis), why, &mut out);
            out
        }

        fn broke(&mut self, millis: u64) -> Vec<Act> {
            let mut out = Vec::new();
            self.watch.on_broke(at(millis), gone(), &mut out);
            out
        }

        fn devices(&mut self, millis: u64, devices: &[DeviceInfo]) -> Vec<Act> {
            let mut out = Vec::new();
            self.watch.on_devices(at(millis), Ok(devices.to_vec()), &mut out);
            out
        }
    }

    fn gone() -> AudioError {
        AudioError::NoServer("it is gone".to_owned())
    }

    fn up(name: &str) -> Act {
        Act::Tell(SoundEvent::Up { side: SIDE, device: name.to_owned() })
    }

    fn lost(why: AudioError) -> Act {
        Act::Tell(SoundEvent::Lost { side: SIDE, why })
    }

    #[test]
    fn a_broken_device_is_opened_again_after_100_ms_and_told_once() {
        let mut scene = Scene::new("default");
        assert_eq!(scene.poll(0, 0), [Act::Open { seen: false }]);
        assert_eq!(scene.opened(10, device("spk", 1, true), false), [up("spk")]);
        assert_eq!(scene.poll(20, 1), []);
        assert_eq!(scene.broke(30), [Act::Close, lost(gone())]);
        assert_eq!(scene.broke(31), []);
        assert_eq!(scene.poll(129, 1), []);
        assert_eq!(scene.poll(130, 1), [Act::Open { seen: true }]);
        assert_eq!(scene.failed(140, gone()), [], "nobody wants to hear it again");
        assert_eq!(scene.poll(239, 1), []);
        assert_eq!(scene.poll(240, 1), [Act::Open { seen: true }]);
        assert_eq!(scene.opened(250, device("spk", 5, true), false), [up("spk")]);
    }

    #[test]
    fn a_stream_that_breaks_before_it_is_told_to_be_open_is_tried_again() {
        let mut scene = Scene::new("default");
        scene.poll(0, 0);
        assert_eq!(scene.broke(10), [Act::Close, lost(gone())]);
        assert_eq!(scene.opened(11, device("spk", 1, true), false), []);
        assert_eq!(scene.poll(110, 0), [Act::Open { seen: false }]);
    }

    #[test]
    fn tries_become_rarer_but_two_a_second_stay() {
        let mut scene = Scene::new("default");
        let (mut tries, mut last) = (0, 0);
        for millis in 0..600_000 {
            if scene.poll(millis, 0) == [Act::Open { seen: false }] {
                tries += 1;
                assert!(millis - last <= 500, "no try between {last} and {millis} ms");
                last = millis;
                scene.failed(millis, gone());
            }
        }
        assert!((1_200..1_260).contains(&tries), "{tries} tries in ten minutes");
    }

    #[test]
    fn a_device_that_goes_silent_without_a_word_is_lost_after_a_second() {
        let mut scene = Scene::new("default");
        scene.poll(0, 0);
        scene.opened(0, device("spk", 1, true), false);
        // An idle virtual device takes two seconds until its first callback.
        assert!(!scene.poll(2_000, 0).contains(&Act::Close));
        scene.poll(2_100, 1);
        assert!(!scene.poll(3_050, 1).contains(&Act::Close));
        let acts = scene.poll(3_150, 1);
        assert_eq!(acts[0], Act::Close);
        assert!(
            matches!(&acts[1], Act::Tell(SoundEvent::Lost { why, .. }) if why.to_string().contains("silent"))
        );
    }

    #[test]
    fn the_named_device_is_stood_in_for_and_used_again() {
        let mut scene = Scene::new("usb");
        scene.poll(0, 0);
        let (usb, spk) = (device("usb", 7, false), device("spk", 1, true));
        assert_eq!(scene.opened(0, usb.clone(), false), [up("usb")]);
        assert_eq!(scene.poll(200, 1), []);
        scene.watch.on_changed(at(200));
        assert_eq!(scene.poll(200, 1), [Act::Survey]);
        assert_eq!(scene.poll(201, 2), [], "one question at a time");
        scene.watch.on_changed(at(205));
        assert_eq!(scene.devices(210, &[usb.clone(), spk.clone()]), []);
        assert_eq!(scene.poll(211, 3), [Act::Survey], "it changed while it was asked");
        assert_eq!(scene.devices(420, std::slice::from_ref(&spk)), [Act::Close]);
        assert_eq!(scene.poll(421, 3), [Act::Open { seen: true }], "at once");
        let moved = SoundEvent::Moved { side: SIDE, device: "spk".into(), wanted: "usb".into() };
        assert_eq!(scene.opened(430, spk.clone(), true), [Act::Tell(moved)]);
        assert_eq!(scene.devices(630, std::slice::from_ref(&spk)), []);
        assert_eq!(scene.devices(830, &[spk, usb]), [Act::Close]);
    }

    #[test]
    fn a_missing_device_is_opened_as_soon_as_the_server_tells_of_a_change() {
        let mut scene = Scene::new("default");
        scene.poll(0, 0);
        let missing = |scene: &mut Scene, millis| {
            let mut out = Vec::new();
            scene.watch.on_missing(at(millis), AudioError::NoDefault(SIDE), &mut out);
            out
        };
        assert_eq!(missing(&mut scene, 10), [lost(AudioError::NoDefault(SIDE))]);
        assert_eq!(scene.poll(1_500, 0), [], "it is not asked all the time");
        scene.watch.on_changed(at(1_600));
        assert_eq!(scene.poll(1_600, 0), [Act::Open { seen: false }]);
        assert_eq!(missing(&mut scene, 1_610), [], "nobody wants to hear it again");
        assert_eq!(scene.poll(3_610, 0), [Act::Open { seen: false }], "a word may be lost");
        assert_eq!(scene.opened(3_620, device("spk", 1, true), false), [up("spk")]);
    }

    #[test]
    fn a_device_plugged_in_anew_between_two_looks_is_noticed() {
        let mut scene = Scene::new("usb");
        scene.poll(0, 0);
        scene.opened(0, device("usb", 7, false), false);
        assert_eq!(scene.devices(200, &[device("usb", 8, false)]), [Act::Close]);
    }

    #[test]
    fn a_worker_that_hangs_is_given_up() {
        let mut scene = Scene::new("default");
        scene.poll(0, 0);
        assert_eq!(scene.poll(6_000, 0), []);
        let acts = scene.poll(6_001, 0);
        assert_eq!(acts[0], Act::Close);
        assert!(matches!(&acts[1], Act::Tell(SoundEvent::Lost { .. })));
        assert_eq!(scene.poll(6_050, 0), []);
        assert_eq!(scene.poll(8_000, 0), [Act::Open { seen: false }]);
        // The late answer of the old one changes nothing once a new one runs.
        scene.opened(8_010, device("spk", 1, true), false);
        assert_eq!(scene.opened(8_020, device("old", 1, true), false), []);
    }

    #[test]
    fn a_wrong_name_is_told_and_tried_on() {
        let mut scene = Scene::new("usb");
        scene.poll(0, 0);
        let missing = AudioError::NoDevice { side: SIDE, name: "usb".to_owned() };
        assert_eq!(scene.failed(5, missing.clone()), [lost(missing.clone())]);
        assert_eq!(scene.poll(105, 0), [Act::Open { seen: false }]);
        assert_eq!(scene.failed(110, missing), []);
        assert_eq!(scene.poll(210, 0), [Act::Open { seen: false }]);
        assert_eq!(scene.failed(220, gone()), [lost(gone())], "another reason is told");
    }
}
