//! The world around the machine: the driver's part, played step by step in virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use aloud::base::{Epoch, Moment, Utterance, UtteranceId};
use aloud::dialog::{Effect, Heard, History, Item, Outcome};
use aloud::listen::{self, Listener, Order};
use aloud::turn::{
    Announcement, Command, Cut, Device, Entry, Failure, How, Input, Machine, Report, Setup, Speech,
    replay,
};

use super::audit::Audit;
use super::speaker::{Speaker, Truth};
use super::user::{Judge, User};

/// One period of both devices.
const PERIOD_US: u64 = 10_000;

/// How the engines behave. Milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engines {
    pub(crate) transcribe: u64,
    pub(crate) think: u64,
    pub(crate) piece: u64,
    /// Sound per word of a reply.
    pub(crate) word: u64,
}

impl Default for Engines {
    fn default() -> Self {
        Self { transcribe: 60, think: 40, piece: 20, word: 250 }
    }
}

/// What is under way outside.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// From the script.
    Act(Act),
    Transcript {
        cut: Cut,
        words: String,
    },
    Report {
        epoch: Epoch,
        report: Report,
    },
    Tool {
        epoch: Epoch,
        outcome: Outcome,
        stop: bool,
        effect: Option<String>,
    },
}

/// One line of a script.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Input(Input),
    Say(String),
    /// The microphone falls silent without a word.
    Microphone(bool),
    /// The speaker takes no more sound; the machine is not told.
    Speaker(bool),
    Engines(Engines),
    /// What the transcriber answers from now on instead of the words.
    Transcriber(Option<Failure>),
}

/// The world.
pub(crate) struct World {
    setup: Setup,
    pub(crate) machine: Machine,
    pub(crate) user: User,
    pub(crate) engines: Engines,
    /// What someone in the room notices, one line each.
    pub(crate) noticed: Vec<String>,
    /// Everything the machine was told, for a replay.
    pub(crate) session: Vec<Entry>,
    pub(crate) ordered: Vec<(Moment, Command)>,
    /// What tools did to the world.
    pub(crate) effects: Vec<String>,
    pub(crate) inputs: usize,
    log: bool,
    hurries: bool,
    now: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    listener: Listener,
    listening: Vec<listen::Event>,
    utterances: BTreeMap<UtteranceId, Utterance>,
    microphone: bool,
    /// Samples that a lost microphone, or one in a hurry, never delivered.
    deaf: u64,
    transcriber: Option<Failure>,
    audit: Audit,
    pub(crate) speaker: Speaker,
    aborted: Vec<Epoch>,
    announced: Vec<Epoch>,
    /// What the loudspeaker truly gave out, by epoch, apart from all counters of the program.
    pub(crate) truth: BTreeMap<Epoch, Truth>,
    pub(crate) calls: u64,
}

impl World {
    pub(crate) fn new(setup: Setup) -> Self {
        let settings = listen::Settings::default();
        Self {
            setup: setup.clone(),
            machine: Machine::new(setup, History::default()),
            user: User::new(),
            engines: Engines::default(),
            noticed: Vec::new(),
            session: Vec::new(),
            ordered: Vec::new(),
            effects: Vec::new(),
            inputs: 0,
            log: true,
            hurries: false,
            now: 0,
            sequence: 0,
            heap: BinaryHeap::new(),
            events: BTreeMap::new(),
            listener: Listener::new(settings, Some(Box::new(|| Ok(Box::new(Judge))))),
            listening: Vec::new(),
            utterances: BTreeMap::new(),
            microphone: true,
            deaf: 0,
            transcriber: None,
            audit: Audit::new(World::tools()),
            speaker: Speaker::new(),
            aborted: Vec::new(),
            announced: Vec::new(),
            truth: BTreeMap::new(),
            calls: 0,
        }
    }

    /// For long runs: keeps no record of what happens, and skips the microphone's long silences.
    pub(crate) fn hurry(&mut self) {
        self.log = false;
        self.hurries = true;
    }

    /// The tools of this world.
    pub(crate) fn tools() -> BTreeMap<String, Effect> {
        [
            ("get_time", Effect::Reads),
            ("get_weather", Effect::Reads),
            ("set_timer", Effect::Writes),
            ("stop", Effect::Pure),
        ]
        .map(|(name, effect)| (name.to_owned(), effect))
        .into()
    }

    pub(crate) fn at(&mut self, ms: u64, act: Act) {
        self.schedule(ms * 1_000, Event::Act(act));
    }

    /// Lets time pass until `ms`.
    pub(crate) fn run(&mut self, ms: u64) {
        self.input(Input::Tick);
        let end = ms * 1_000;
        while self.now < end {
            let period = (self.now / PERIOD_US + 1) * PERIOD_US;
            let event = self.heap.peek().map(|Reverse((at, _))| *at);
            let tick = self.machine.deadline().map(Moment::as_micros);
            let next = [Some(period), event, tick].into_iter().flatten().min().unwrap_or(period);
            self.now = next.max(self.now);
            if tick == Some(next) || tick.is_some_and(|tick| tick <= self.now) {
                self.input(Input::Tick);
            }
            self.deliver();
            if self.now == period {
                self.period();
            }
        }
    }

    /// Compares the history with what truly came out of the loudspeaker: every word that was
    /// heard to its end is in it, and no other.
    pub(crate) fn verify(&self) {
        let live = self.machine.status().epoch;
        let mut spoken: BTreeMap<Epoch, String> = BTreeMap::new();
        for item in self.machine.history().items() {
            if let Item::Reply { epoch, text, .. } = item {
                spoken.entry(*epoch).or_default().push_str(text);
            }
        }
        for (epoch, truth) in self.truth.iter().filter(|(epoch, _)| **epoch != live) {
            let mut end = 0;
            let mut heard = String::new();
            for (samples, text) in &truth.pieces {
                end += samples;
                if end <= truth.given {
                    heard.push_str(text);
                }
            }
            if !self.announced.contains(epoch) {
                let recorded = spoken.remove(epoch).unwrap_or_default();
                // The blanks between the rounds of a reply belong to none of them.
                let words = |text: &str| text.replace(' ', "");
                assert_eq!(words(&recorded), words(&heard), "what epoch {} said", epoch.0);
            }
        }
        assert_eq!(spoken, BTreeMap::new(), "replies that never sounded");
    }

    /// Writes the session as JSON lines, reads it again and replays it.
    pub(crate) fn replay(&self) {
        let lines: Vec<_> =
            self.session.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let entries = lines.iter().map(|line| serde_json::from_str::<Entry>(line).unwrap());
        let (commands, machine) = replay(self.setup.clone(), History::default(), entries);
        assert_eq!(commands, self.ordered);
        assert_eq!(machine, self.machine);
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment::from_micros(self.now)
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.heap.push(Reverse((at.max(self.now), self.sequence)));
        self.events.insert(self.sequence, event);
    }

    pub(crate) fn after(&mut self, ms: u64, event: Event) {
        self.schedule(self.now + ms * 1_000, event);
    }

    fn deliver(&mut self) {
        while let Some(Reverse((at, sequence))) = self.heap.peek().copied() {
            if at > self.now {
                return;
            }
            self.heap.pop();
            match self.events.remove(&sequence).unwrap() {
                Event::Act(act) => self.act(act),
                Event::Transcript { cut, words } => {
                    let result = match &self.transcriber {
                        Some(failure) => Err(failure.clone()),
                        None => Ok(words),
                    };
                    self.input(Input::Transcript { cut, result });
                }
                Event::Report { epoch, report } => {
                    // Work that was dropped still speaks up: the machine must not listen.
                    if let (false, Report::Queued { samples, text }) =
                        (self.aborted.contains(&epoch), &report)
                    {
                        self.queue(epoch, *samples, text);
                    }
                    self.input(Input::Report { epoch, report });
                }
                Event::Tool { epoch, outcome, stop, effect } => {
                    if !self.aborted.contains(&epoch) {
                        self.effects.extend(effect);
                    }
                    self.input(Input::ToolDone { epoch, outcome, stop, picture: None });
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Input(input) => {
                match input {
                    Input::Device(Device::MicrophoneLost) => {
                        self.microphone = false;
                        self.listener.lose(&mut self.listening);
                    }
                    Input::Device(Device::MicrophoneBack) => self.microphone = true,
                    Input::Device(Device::SpeakerLost) => self.speaker.lives(false),
                    Input::Device(Device::SpeakerBack) => self.speaker.lives(true),
                    _ => {}
                }
                self.input(input);
                self.hear();
            }
            Act::Say(text) => {
                self.user.say(self.now * 16 / 1_000, &text);
            }
            Act::Microphone(on) => self.microphone = on,
            Act::Speaker(on) => self.speaker.lives(on),
            Act::Engines(engines) => self.engines = engines,
            Act::Transcriber(failure) => self.transcriber = failure,
        }
    }

    /// 10 ms of both devices.
    fn period(&mut self) {
        let at = (self.now - PERIOD_US) * 16 / 1_000;
        let frame = self.user.frame(at);
        // In a long silence there is nothing that the listener could miss.
        let asleep = self.hurries && self.listener.dozes() && !self.user.speaks_soon(at);
        if self.microphone && !asleep {
            self.listener.push(&frame, &mut self.listening);
            self.hear();
        } else {
            self.deaf += frame.len() as u64;
        }
        self.refill();
        if self.speaker.alive {
            self.play();
        }
        self.progress();
    }

    fn hear(&mut self) {
        let mut events = std::mem::take(&mut self.listening);
        for event in events.drain(..) {
            let speech = match event {
                listen::Event::Started { id, .. } => Speech::Started { id },
                listen::Event::Confirmed { id } => Speech::Confirmed { id },
                listen::Event::Paused { utterance, .. } => {
                    let id = utterance.id;
                    self.utterances.insert(id, utterance);
                    Speech::Paused { id }
                }
                listen::Event::Resumed { id } => Speech::Resumed { id },
                listen::Event::Ended { utterance, .. } => {
                    let id = utterance.id;
                    self.utterances.insert(id, utterance);
                    Speech::Ended { id }
                }
                listen::Event::Discarded { id, .. } => Speech::Discarded { id },
                listen::Event::Frame(_)
                | listen::Event::Level(_)
                | listen::Event::Unaided(_)
                | listen::Event::EndOfInput => continue,
            };
            self.input(Input::Speech(speech));
        }
        events.append(&mut self.listening);
        self.listening = events;
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.inputs += 1;
        let now = self.moment();
        if self.log {
            self.session.push(Entry { at: now, input: input.clone() });
        }
        let mut out = Vec::new();
        self.audit.note(&input);
        self.machine.handle(now, input, &mut out);
        self.audit.see(&self.machine, &out);
        for command in out {
            if self.log {
                self.ordered.push((now, command.clone()));
            }
            self.execute(command);
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::OpenEar { how } => {
                self.notice(match how {
                    How::Held => "ear held",
                    How::Open => "ear open",
                    How::Woken => "ear woken",
                    How::FollowUp => "ear open for more",
                });
                let order = if how == How::Held { Order::Hold } else { Order::Open };
                self.listener.order(order, &mut self.listening);
            }
            Command::LetGo => {
                self.notice("ear let go");
                self.listener.order(Order::Release, &mut self.listening);
            }
            Command::ShutEar => {
                self.notice("ear shut");
                self.listener.order(Order::Shut, &mut self.listening);
            }
            Command::Commit { cut } => {
                let utterance = &self.utterances[&cut.utterance];
                let (start, end) =
                    (utterance.span.start + self.deaf, utterance.span.end + self.deaf);
                let words = self.user.words_in(&(start..end));
                self.after(self.engines.transcribe, Event::Transcript { cut, words });
            }
            Command::Forget { .. } => {}
            Command::Respond { epoch, tentative } => {
                if tentative {
                    self.notice("prepares");
                }
                self.respond(epoch);
            }
            Command::Announce { epoch, announcement } => {
                self.announced.push(epoch);
                let text = match announcement {
                    Announcement::Notice { text, .. } => text,
                    Announcement::Failure(failure) => failure.words().to_owned(),
                };
                self.speak(epoch, self.engines.think, &text, true);
            }
            Command::Cue { epoch } => {
                let settled = self.speaker.hushing.is_none() || self.speaker.died;
                assert!(settled, "cued before the last reply was silent");
                self.speaker.ghost |= self.speaker.hushing.take().is_some();
                self.speaker.cued = true;
                self.speaker.path.gauge.set_live(epoch);
            }
            Command::Duck(on) => {
                self.notice(if on { "quieter" } else { "louder" });
            }
            Command::Hush { epoch } => {
                self.notice("cut");
                self.speaker.path.gauge.set_live(Epoch::NONE);
                self.speaker.waiting.clear();
                self.speaker.cued = false;
                self.speaker.hushing = Some(epoch);
                self.speaker.died = !self.speaker.alive;
            }
            Command::Abort { epoch } => {
                self.aborted.push(epoch);
                if self.speaker.epoch == epoch && !self.speaker.cued {
                    self.speaker.waiting.clear();
                }
            }
            Command::Rewind { epoch, heard } => {
                let line = match &heard {
                    Heard::Nothing => format!("rewind {} to nothing", epoch.0),
                    Heard::Part { text, .. } => {
                        format!("rewind {} to {text:?}", epoch.0)
                    }
                    Heard::All => panic!("All is never sent"),
                };
                if let Heard::Part { samples, .. } = heard {
                    // The one number that must agree to the sample, unless the device died.
                    if self.speaker.alive {
                        assert_eq!(samples, self.truth[&epoch].given, "what was heard");
                    }
                }
                self.notice(&line);
            }
            Command::CallTool { epoch, call } => self.call(epoch, call),
            Command::NoticeOver { .. } => {}
            Command::Tell(failure) => self.notice(&format!("told: {}", failure.words())),
        }
    }

    pub(crate) fn notice(&mut self, what: &str) {
        if self.log {
            let ms = self.now / 1_000;
            self.noticed.push(format!("{}.{:03} {what}", ms / 1_000, ms % 1_000));
        }
    }
}
