//! Random storms: any input at any time, sensible or not. The machine checks itself after every
//! input, the audit reads every command, and when the storm is over everything comes to rest.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aloud::base::{CallId, Epoch, Moment, NoticeId, UtteranceId};
use aloud::dialog::{Call, History, Outcome};
use aloud::turn::{
    Command, Device, Failure, Input, Machine, Mode, MouthStatus, Playback, Report, Revision,
    Settings, Setup, Speech, Trigger,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::audit::Audit;
use super::script::{act, in_time, setup};
use super::tools;
use super::world::World;

/// Something that happens. `stale` ones carry an id that is over, or never existed.
#[derive(Clone, Debug)]
enum Op {
    Wait(u16),
    Trigger(Trigger),
    Release,
    Device(Device),
    Type(bool),
    Ring,
    Mode(Mode),
    Start,
    Speech { what: u8, stale: bool },
    Transcript { which: u8, words: Words },
    Voiced { ms: u16, stale: bool },
    Looked { words: Words, stale: bool },
    Queue { samples: u16, stale: bool },
    Call { tool: u8, stale: bool },
    Done { stale: bool },
    Fail { stale: bool },
    Play { percent: u8, stale: bool },
    Settle { percent: u8, stale: bool },
    Tool { which: u8, stop: bool, stale: bool },
}

#[derive(Clone, Copy, Debug)]
enum Words {
    Some,
    Murmur,
    None,
    Failure,
    Stop,
    Ours,
    Unclear,
}

impl Words {
    fn text(self) -> Option<&'static str> {
        match self {
            Self::Some => Some("what time is it"),
            Self::Murmur => Some("Mm-hm."),
            Self::None => Some("  "),
            Self::Failure => None,
            Self::Stop => Some("Stop."),
            Self::Ours => Some("w1 w2 w3"),
            Self::Unclear => Some("the hat in a cat sat on"),
        }
    }

    fn certainty(self) -> Option<f32> {
        matches!(self, Self::Unclear).then_some(-0.9)
    }
}

fn op() -> impl Strategy<Value = Op> {
    let stale = || prop::bool::weighted(0.15);
    prop_oneof![
        4 => prop_oneof![8 => 0u16..900, 1 => 900u16..60_000].prop_map(Op::Wait),
        2 => prop::sample::select(vec![
            Trigger::PushToTalk, Trigger::PushToTalk, Trigger::Toggle, Trigger::Wake,
            Trigger::Stop, Trigger::Mute, Trigger::Unmute, Trigger::Unmute,
        ]).prop_map(Op::Trigger),
        2 => Just(Op::Release),
        1 => prop::sample::select(vec![
            Device::MicrophoneLost, Device::MicrophoneBack, Device::MicrophoneBack,
            Device::SpeakerLost, Device::SpeakerBack,
        ]).prop_map(Op::Device),
        1 => any::<bool>().prop_map(Op::Type),
        1 => Just(Op::Ring),
        1 => prop::sample::select(vec![Mode::PushToTalk, Mode::Open, Mode::Open, Mode::Wake])
            .prop_map(Op::Mode),
        4 => Just(Op::Start),
        8 => (0u8..6, stale()).prop_map(|(what, stale)| Op::Speech { what, stale }),
        6 => (0u8..4, prop::sample::select(vec![
            Words::Some, Words::Some, Words::Some, Words::Murmur, Words::None, Words::Failure,
            Words::Stop, Words::Ours, Words::Unclear,
        ])).prop_map(|(which, words)| Op::Transcript { which, words }),
        6 => (prop::sample::select(vec![100u16, 200, 288, 768, 1_248]), stale())
            .prop_map(|(ms, stale)| Op::Voiced { ms, stale }),
        4 => (prop::sample::select(vec![
            Words::Some, Words::Murmur, Words::None, Words::Failure, Words::Stop, Words::Ours,
        ]), stale()).prop_map(|(words, stale)| Op::Looked { words, stale }),
        6 => (0u16..50_000, stale()).prop_map(|(samples, stale)| Op::Queue { samples, stale }),
        4 => (0u8..5, stale()).prop_map(|(tool, stale)| Op::Call { tool, stale }),
        4 => stale().prop_map(|stale| Op::Done { stale }),
        1 => stale().prop_map(|stale| Op::Fail { stale }),
        6 => (0u8..=100, stale()).prop_map(|(percent, stale)| Op::Play { percent, stale }),
        3 => (0u8..=100, stale()).prop_map(|(percent, stale)| Op::Settle { percent, stale }),
        4 => (0u8..4, prop::bool::weighted(0.2), stale())
            .prop_map(|(which, stop, stale)| Op::Tool { which, stop, stale }),
    ]
}

/// A driver in miniature: enough to know what is live.
struct Storm {
    machine: Machine,
    audit: Audit,
    setup: Setup,
    now: Moment,
    utterance: u32,
    epoch: Epoch,
    queued: u64,
    commits: Vec<Revision>,
    calls: Vec<(Epoch, CallId)>,
    called: u32,
}

impl Storm {
    fn new(hears: bool, speculate: bool) -> Self {
        let mut settings = Settings { speculate, ..Settings::default() };
        settings.interruption.looks = speculate != hears;
        let setup = Setup { settings, hears, tools: tools::effects(), ..Setup::default() };
        Self {
            machine: Machine::new(setup.clone(), History::default()),
            audit: Audit::new(tools::effects()),
            setup,
            now: Moment::ZERO,
            utterance: 0,
            epoch: Epoch::NONE,
            queued: 0,
            commits: Vec::new(),
            calls: Vec::new(),
            called: 0,
        }
    }

    fn input(&mut self, input: Input) {
        let mut out = Vec::new();
        self.audit.note(&input);
        self.machine.handle(self.now, input, &mut out);
        self.audit.see(&self.machine, &out);
        for command in out {
            match command {
                Command::Commit { revision } => self.commits.push(revision),
                Command::Forget { .. } => {}
                Command::Respond { epoch, .. } | Command::Announce { epoch, .. } => {
                    if self.epoch != epoch {
                        self.queued = 0;
                    }
                    self.epoch = epoch;
                }
                Command::CallTool { epoch, call } => self.calls.push((epoch, call.id)),
                Command::Fill { .. }
                | Command::OpenEar { .. }
                | Command::LetGo
                | Command::EndSpeech
                | Command::ShutEar
                | Command::Cue { .. }
                | Command::Duck(_)
                | Command::Look { .. }
                | Command::Pause { .. }
                | Command::Resume { .. }
                | Command::Silence
                | Command::Ignore { .. }
                | Command::Hush { .. }
                | Command::Abort { .. }
                | Command::Rewind { .. }
                | Command::NoticeOver { .. }
                | Command::Tell(_) => {}
            }
        }
    }

    fn epoch(&self, stale: bool) -> Epoch {
        if stale { Epoch(self.epoch.0.wrapping_sub(1)) } else { self.epoch }
    }

    fn report(&mut self, stale: bool, report: Report) {
        let epoch = self.epoch(stale);
        self.input(Input::Report { epoch, report });
    }

    /// Lets time pass, with every tick that is due on the way.
    fn wait(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        // A machine that wants a tick again and again at the same moment never makes progress.
        for _ in 0..10_000 {
            match self.machine.deadline().filter(|at| *at <= end) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.input(Input::Tick);
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("time does not pass: {:#?}", self.machine);
    }

    fn act(&mut self, op: Op) {
        match op {
            Op::Wait(ms) => self.wait(ms.into()),
            Op::Trigger(trigger) => self.input(Input::Trigger(trigger)),
            Op::Release => self.input(Input::Release),
            Op::Device(device) => self.input(Input::Device(device)),
            Op::Type(blank) => {
                self.input(Input::Text {
                    text: if blank { " " } else { "typed" }.into(),
                    pictures: Vec::new(),
                    client: false,
                });
            }
            Op::Ring => self.input(Input::Notice { id: NoticeId(1), text: "Ring.".into() }),
            Op::Mode(mode) => {
                self.setup.settings.mode = mode;
                self.input(Input::Setup(Box::new(self.setup.clone())));
            }
            Op::Start => {
                self.utterance += 1;
                self.input(Input::Speech(Speech::Started { id: UtteranceId(self.utterance) }));
            }
            Op::Speech { what, stale } => {
                let id = UtteranceId(self.utterance.saturating_sub(stale.into()));
                self.input(Input::Speech(match what {
                    0 => Speech::Confirmed { id },
                    1 => Speech::Paused { id },
                    2 => Speech::Resumed { id },
                    3 => Speech::Ended { id },
                    4 => Speech::Discarded { id },
                    _ => Speech::Started { id },
                }));
            }
            Op::Transcript { which, words } => {
                // The newest commits, answered in any order, sometimes twice.
                let Some(at) = self.commits.len().checked_sub(1 + usize::from(which)) else {
                    return;
                };
                let result = words.text().map(str::to_owned);
                let result = result.ok_or(Failure::Engine { text: "Refused.".into() });
                let certainty = words.certainty();
                self.input(Input::Transcript { revision: self.commits[at], result, certainty });
            }
            Op::Voiced { ms, stale } => {
                let id = UtteranceId(self.utterance.saturating_sub(stale.into()));
                self.input(Input::Speech(Speech::Voiced { id, ms: ms.into() }));
            }
            Op::Looked { words, stale } => {
                let utterance = UtteranceId(self.utterance.saturating_sub(stale.into()));
                let text = words.text().map(str::to_owned);
                self.input(Input::Looked { utterance, text, certainty: words.certainty() });
            }
            Op::Queue { samples, stale } => {
                let text = if samples % 7 == 0 { String::new() } else { format!(" w{samples}") };
                self.queued += u64::from(samples);
                self.report(stale, Report::Queued { samples: samples.into(), text });
            }
            Op::Call { tool, stale } => {
                let name = ["get_time", "set_timer", "stop", "get_weather", "unheard_of"];
                self.called += u32::from(self.called == 0 || tool != 4);
                let id = CallId(format!("c{}", self.called));
                let name = name[usize::from(tool)].into();
                self.report(stale, Report::Call(Call { id, name, arguments: "{}".into() }));
            }
            Op::Done { stale } => self.report(stale, Report::Done),
            Op::Fail { stale } => {
                self.report(stale, Report::Failed(Failure::Engine { text: "Busy.".into() }));
            }
            Op::Play { percent, stale } => {
                let samples = self.queued * u64::from(percent) / 100;
                let playback = Playback::Progress { samples };
                self.input(Input::Playback { epoch: self.epoch(stale), playback });
            }
            Op::Settle { percent, stale } => {
                let samples = self.queued * u64::from(percent) / 100;
                let playback = Playback::Settled { samples };
                self.input(Input::Playback { epoch: self.epoch(stale), playback });
            }
            Op::Tool { which, stop, stale } => {
                let Some(at) = self.calls.len().checked_sub(1 + usize::from(which)) else { return };
                let (epoch, id) = self.calls[at].clone();
                let epoch = if stale { epoch.next() } else { epoch };
                let outcome = Outcome { id, output: "{}".into(), say: "Ten.".into(), ok: true };
                self.input(Input::ToolDone { epoch, outcome, stop, picture: None });
            }
        }
    }

    /// Nobody does anything any more: every wait ends by itself.
    fn calm(&mut self) {
        self.wait(30 * 60 * 1_000);
        let status = self.machine.status();
        assert_eq!((status.mouth, status.waiting), (MouthStatus::Silent, 0), "{:#?}", self.machine);
        assert_eq!(self.machine.deadline(), None, "{:#?}", self.machine);
    }
}

/// The same storms in every run; `PROPTEST_RNG_SEED` and a large `PROPTEST_CASES` make others.
fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed),
    };
    let cases = if default.cases > 1_000 { default.cases } else { cases };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_storm_of_inputs_breaks_nothing_and_calms_down(
        ops in prop::collection::vec(op(), 1..250),
        hears in prop::bool::weighted(0.2),
        speculate in any::<bool>(),
    ) {
        let mut storm = Storm::new(hears, speculate);
        storm.input(Input::Tick);
        for op in ops {
            storm.act(op);
        }
        storm.calm();
    }
}

/// The events of a storm on the whole system: people who talk, press keys and pull plugs as they
/// like, engines that are late or fail, devices that die, queues that fill up.
const LINES: [&str; 40] = [
    r#"user "what time is it""#,
    r#"user "what time is it""#,
    r#"user "set a timer (320) for ten minutes""#,
    r#"user "give me the forecast""#,
    r#"user "please tell me a long story now""#,
    r#"user "please tell me a long story now""#,
    r#"user "tell everything""#,
    r#"user "stop""#,
    r#"user "mhm""#,
    r#"user "busy""#,
    r#"user "breaks""#,
    r#"user "quiet""#,
    r#"user "dead""#,
    r#"user "loop""#,
    "noise 100",
    "noise 300",
    "press",
    "press",
    "release",
    "release",
    "toggle",
    "stop",
    "mute",
    "unmute",
    "unmute",
    r#"type "hello there""#,
    r#"type "tell everything""#,
    r#"says "Your timer is done.""#,
    "flood 40",
    "microphone-lost",
    "microphone-back",
    "microphone-dies",
    "speaker-lost",
    "speaker-back",
    "speaker-dies",
    "speaker-lives",
    r#"transcriber-fails "The server is away. Try again.""#,
    "transcriber-works",
    "transcriber-takes 900",
    "responder-takes 900",
];

/// The storms of the suite; a script runs others, named by `ALOUD_STORMS`, such as `0..10000`.
const SEEDS: Range<u64> = 0..1_000;

/// Random numbers: SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// The storm of `seed`, as a script without an end.
fn script(seed: u64) -> String {
    let mut dice = Dice(seed);
    let modes = ["push-to-talk", "open", "open speculate", "open hears", "open speculate hears"];
    let mut script = format!("{}\n", modes[dice.roll(modes.len() as u64) as usize]);
    let mut ms = 0;
    let mut line = |ms: u64, line: &str| {
        script.push_str(&format!("{}.{:03} {line}\n", ms / 1_000, ms % 1_000));
    };
    for _ in 0..=dice.roll(24) {
        let longest = if dice.roll(4) == 0 { 4_000 } else { 700 };
        ms += 20 + dice.roll(longest);
        line(ms, LINES[dice.roll(LINES.len() as u64) as usize]);
    }
    for last in ["speaker-back", "microphone-back", "unmute", "transcriber-works", "release"] {
        ms += 100;
        line(ms, last);
    }
    script
}

/// Plays a storm until it is over; everything ends by itself.
fn weather(seed: u64) {
    let script = script(seed);
    let past = in_time(async {
        let mut lines = script.lines();
        let mut world = World::new(setup(lines.next().unwrap()), true);
        world.hurry();
        for line in lines {
            let (seconds, what) = line.split_once(' ').unwrap();
            let ms = (seconds.parse::<f64>().unwrap() * 1_000.0).round() as u64;
            match what.strip_prefix("flood ") {
                None => world.at(ms, act(what)),
                Some(count) => {
                    for n in 0..count.parse().unwrap() {
                        world.at(ms, act(&format!("says \"Number {n}.\"")));
                    }
                }
            }
        }
        // Every wait ends: a reply of a minute, a dead engine, sixteen notices.
        for second in 1..=600 {
            let calm = world.calm();
            world.run(second * 1_000).await;
            // For a second: the listener reports some things late.
            if calm && world.calm() {
                return world.end().await;
            }
        }
        panic!("it never calms down: {:#?}", world.state());
    });
    past.verify();
    past.replay();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a script names the storms")]
fn storms_on_the_whole_break_nothing_and_calm_down() {
    let seeds = match std::env::var_os("ALOUD_STORMS") {
        Some(range) => {
            let range = range.into_string().unwrap();
            let (from, to) = range.split_once("..").expect("ALOUD_STORMS is FROM..TO");
            from.parse().unwrap()..to.parse().unwrap()
        }
        None => SEEDS,
    };
    let count = seeds.end - seeds.start;
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |n| n.get()) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    if std::panic::catch_unwind(|| weather(seed)).is_err() {
                        println!("storm {seed} broke something:\n{}", script(seed));
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    println!("{count} storms");
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "storms that broke something: {failed:?}");
}
