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
