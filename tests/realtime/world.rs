//! A whole conversation in virtual time: the real machine, the real line and sessions, and the
//! strict server behind a network that delays and breaks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use aloud::base::{Epoch, FRAME_SAMPLES, Frame, Moment, NoticeId, Utterance, UtteranceId};
use aloud::dialog::{Effect, Heard, History, Item, Outcome, Picture, Prompt, ToolSpec};
use aloud::engine::openai::realtime::{
    Act, Behind, Dialect, Line, Settings, SocketEvent, SocketId,
};
use aloud::engine::{Chunk, EngineError, Order, Said};
use aloud::turn::{
    Announcement, Command, Failure, Input, Machine, Mode, MouthStatus, Playback, Report, Revision,
    Setup, Speech,
};

use crate::strict::says::question;
use crate::strict::{Brain, Manners, Strict};

/// Client events kept.
const SENT: usize = 1_000;

/// Something on its way.
enum Event {
    Speech(Speech, Option<Utterance>),
    Frame(Box<Frame>),
    Up(SocketId, String),
    Down(SocketId, SocketEvent),
    Tool(Epoch, Outcome),
    Fallback(Said),
    Type(Vec<Picture>, String),
    Notice(String),
    Kill,
}

/// What a user does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say {
    pub(crate) number: u32,
    /// Milliseconds of voice.
    pub(crate) ms: u64,
    /// Where in it the user makes a pause of 350 ms.
    pub(crate) pause: Option<u64>,
}

/// The sound of the newest epoch.
#[derive(Default)]
struct Speaker {
    epoch: Epoch,
    queued: u64,
    played: f64,
    cued: bool,
    since: Moment,
    told: u64,
}

pub(crate) struct World {
    pub(crate) now: Moment,
    pub(crate) line: Line,
    pub(crate) machine: Machine,
    /// The first events of the client, with only some of the many appends.
    pub(crate) sent: Vec<serde_json::Value>,
    appended: u64,
    next_notice: u32,
    pub(crate) servers: BTreeMap<SocketId, Strict>,
    /// Faults and figures of sessions that are over.
    pub(crate) faults: Vec<String>,
    pub(crate) truncated: Vec<(String, u64)>,
    pub(crate) sessions: usize,
    opened: BTreeMap<SocketId, Moment>,
    pub(crate) notes: Vec<String>,
    pub(crate) troubles: Vec<String>,
    pub(crate) rewinds: Vec<(Epoch, Heard)>,
    /// Sound handed out (samples at 48 kHz), by epoch.
    pub(crate) sound: BTreeMap<Epoch, u64>,
    pub(crate) aborted: usize,
    /// Replies that were cued: turns with an audible answer.
    pub(crate) answered: usize,
    announcing: Option<Epoch>,
    /// Connections cannot be opened, for this reason.
    pub(crate) dead: Option<EngineError>,
    pub(crate) dialect: Dialect,
    pub(crate) manners: Manners,
    /// How long a tool takes.
    pub(crate) tool: Duration,
    pub(crate) delay: Duration,
    pub(crate) jitter: u64,
    pub(crate) say_by_fallback: Vec<String>,
    brain: fn() -> Brain,
    seed: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<(Moment, u64)>>,
    events: BTreeMap<u64, Event>,
    arrives: BTreeMap<(SocketId, bool), Moment>,
    utterances: BTreeMap<UtteranceId, Utterance>,
    next_utterance: u32,
    speaker: Speaker,
    fallback_epoch: Option<Epoch>,
}

impl World {
    pub(crate) fn new(dialect: Dialect, brain: fn() -> Brain) -> Self {
        let settings = Settings {
            transcribe: Some("m-transcribe".into()),
            voice: Some("marin".into()),
            ..Settings::default()
        };
        Self::with(dialect, brain, settings)
    }

    pub(crate) fn with(dialect: Dialect, brain: fn() -> Brain, settings: Settings) -> Self {
        let tools =
            [("get_time".to_owned(), Effect::Reads), ("set_timer".to_owned(), Effect::Writes)];
        let mut setup = Setup { hears: true, tools: tools.into(), ..Setup::default() };
        setup.settings.mode = Mode::Open;
        setup.settings.speculate = true;
        Self {
            now: Moment::from_millis(1_000),
            line: Line::new(
                settings,
                Behind { name: "The cascade".into(), voiced: true, hears: false },
            ),
            sent: Vec::new(),
            appended: 0,
            next_notice: 0,
            machine: Machine::new(setup, History::default()),
            servers: BTreeMap::new(),
            faults: Vec::new(),
            truncated: Vec::new(),
            sessions: 0,
            opened: BTreeMap::new(),
            notes: Vec::new(),
            troubles: Vec::new(),
            rewinds: Vec::new(),
            sound: BTreeMap::new(),
            aborted: 0,
            answered: 0,
            announcing: None,
            dead: None,
            dialect,
            manners: Manners::default(),
            tool: Duration::from_millis(150),
            delay: Duration::from_millis(40),
            jitter: 30_000,
            say_by_fallback: Vec::new(),
            brain,
            seed: 1,
            sequence: 0,
            heap: BinaryHeap::new(),
            events: BTreeMap::new(),
            arrives: BTreeMap::new(),
            utterances: BTreeMap::new(),
            next_utterance: 0,
            speaker: Speaker::default(),
            fallback_epoch: None,
        }
    }

    /// The user begins to speak at `at`.
    pub(crate) fn say(&mut self, at: Moment, say: Say) {
        self.next_utterance += 1;
        let id = UtteranceId(self.next_utterance);
        let at_ms = at.as_micros() / 1_000;
        let mut pcm = question(say.number, usize::try_from(say.pause.unwrap_or(say.ms)).unwrap());
        let start = (at_ms - 400) * 16;
        let moment = |ms: u64| Moment::from_millis(at_ms + ms);
        let cut = |pcm: &[f32]| {
            let span = start..start + pcm.len() as u64;
            Utterance { id, span, pcm: Arc::from(pcm) }
        };
        self.schedule(moment(60), Event::Speech(Speech::Started { id }, None));
        self.schedule(moment(180), Event::Speech(Speech::Confirmed { id }, None));
        let mut voice = say.ms;
        if let Some(pause) = say.pause {
            self.schedule(
                moment(pause + 200),
                Event::Speech(Speech::Paused { id }, Some(cut(&pcm))),
            );
            self.schedule(moment(pause + 350), Event::Speech(Speech::Resumed { id }, None));
            pcm.extend(std::iter::repeat_n(0.0, 150 * 16));
            let rest = question(say.number, usize::try_from(say.ms - pause).unwrap());
            pcm.extend(&rest[400 * 16..]);
            voice += 350;
        }
        let whole = cut(&pcm);
        self.schedule(
            moment(voice + 200),
            Event::Speech(Speech::Paused { id }, Some(whole.clone())),
        );
        self.schedule(moment(voice + 500), Event::Speech(Speech::Ended { id }, Some(whole)));
        pcm.extend(std::iter::repeat_n(0.0, 300 * 16));
        for (n, piece) in pcm.chunks_exact(FRAME_SAMPLES).enumerate() {
            let start = start + (n * FRAME_SAMPLES) as u64;
            let samples = piece.try_into().unwrap();
            // A frame is available at its last sample; the preroll comes when speech is detected.
            let heard = Moment::from_micros((start + FRAME_SAMPLES as u64) * 1_000 / 16);
            self.schedule(heard.max(moment(60)), Event::Frame(Box::new(Frame { start, samples })));
        }
    }

    pub(crate) fn write(&mut self, at: Moment, text: &str) {
        self.schedule(at, Event::Type(Vec::new(), text.to_owned()));
    }

    /// The user shows a picture and writes about it.
    pub(crate) fn show(&mut self, at: Moment, picture: Picture, text: &str) {
        self.schedule(at, Event::Type(vec![picture], text.to_owned()));
    }

    /// Something is said unasked.
    pub(crate) fn notice(&mut self, at: Moment, text: &str) {
        self.schedule(at, Event::Notice(text.to_owned()));
    }

    /// The network breaks at `at`.
    pub(crate) fn kill(&mut self, at: Moment) {
        self.schedule(at, Event::Kill);
    }

    /// Lets time pass until `end`.
    pub(crate) fn run(&mut self, end: Moment) {
        self.input(Input::Tick);
        while self.now < end {
            let event = self.heap.peek().map(|Reverse((at, _))| *at);
            let servers = self.servers.values().filter_map(Strict::deadline).min();
            let sounds = self.speaker.cued.then(|| self.now + Duration::from_millis(20));
            let next = [event, servers, sounds, self.machine.deadline(), self.line.deadline()];
            self.now = next.into_iter().flatten().min().unwrap_or(end).max(self.now).min(end);
            if self.machine.deadline().is_some_and(|at| at <= self.now) {
                self.input(Input::Tick);
            }
            let mut acts = Vec::new();
            if self.line.deadline().is_some_and(|at| at <= self.now) {
                self.line.tick(self.now, &mut acts);
            }
            self.perform(acts);
            self.serve();
            self.play();
            while let Some(Reverse((at, sequence))) = self.heap.peek().copied() {
                if at > self.now {
                    break;
                }
                self.heap.pop();
                let event = self.events.remove(&sequence).unwrap();
                self.on(event);
            }
        }
    }

    /// Runs until nothing is said any more.
    pub(crate) fn rest(&mut self) {
        for _ in 0..600 {
            self.run(self.now + Duration::from_millis(200));
            let status = self.machine.status();
            if status.mouth == MouthStatus::Silent && status.waiting == 0 && self.heap.is_empty() {
                return;
            }
        }
        panic!("no rest: {:?}", self.machine.status());
    }

    /// The texts of the history, `u:` for the user and `a:` for the answers.
    pub(crate) fn history(&self) -> Vec<String> {
        let items = self.machine.history().items();
        items
            .iter()
            .map(|item| match item {
                Item::User { text, .. } => format!("u: {text}"),
                Item::Reply { text, .. } => format!("a: {text}"),
                Item::Call { call, .. } => format!("call {}", call.name),
                Item::Outcome(outcome) => format!("= {}", outcome.output),
                Item::Notice { text } => format!("n: {text}"),
                Item::Picture(_) => "picture".into(),
            })
            .collect()
    }

    /// All complaints of the servers.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let open = self.servers.values().flat_map(|server| server.faults.iter().cloned());
        self.faults.iter().cloned().chain(open).collect()
    }

    /// How long the oldest session has been open.
    pub(crate) fn oldest(&self) -> Duration {
        let ages = self.opened.iter().filter(|(socket, _)| self.servers.contains_key(socket));
        ages.map(|(_, at)| self.now.since(*at)).max().unwrap_or_default()
    }

    /// The only open session.
    pub(crate) fn server(&mut self) -> &mut Strict {
        self.servers.values_mut().next().unwrap()
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::Speech(speech, utterance) => {
                if let Some(utterance) = utterance {
                    self.utterances.insert(utterance.id, utterance);
                    // The driver keeps only the newest ones.
                    while self.utterances.len() > 4 {
                        self.utterances.pop_first();
                    }
                }
                if let Speech::Confirmed { .. } = speech {
                    self.order(Order::Prepare);
                }
                self.input(Input::Speech(speech));
            }
            Event::Frame(frame) => self.order(Order::Hear(frame)),
            Event::Up(socket, text) => {
                if let Some(server) = self.servers.get_mut(&socket) {
                    server.receive(self.now, &text);
                }
                self.serve();
            }
            Event::Down(socket, event) => {
                if event == SocketEvent::Open {
                    let mut server = Strict::new(self.dialect, (self.brain)()).with(self.manners);
                    let greeting = server.greet();
                    self.servers.insert(socket, server);
                    self.sessions += 1;
                    self.opened.insert(socket, self.now);
                    self.down(socket, SocketEvent::Text(greeting));
                }
                let mut acts = Vec::new();
                self.line.handle(self.now, socket, event, &mut acts);
                self.perform(acts);
            }
            Event::Tool(epoch, outcome) => {
                self.input(Input::ToolDone { epoch, outcome, stop: false, picture: None });
            }
            Event::Fallback(said) => {
                let mut acts = Vec::new();
                self.line.stand_in(self.now, said, &mut acts);
                self.perform(acts);
            }
            Event::Type(pictures, text) => {
                self.input(Input::Text { text, pictures, client: false })
            }
            Event::Notice(text) => {
                self.next_notice += 1;
                self.input(Input::Notice { id: NoticeId(self.next_notice), text });
            }
            Event::Kill => {
                for (socket, server) in std::mem::take(&mut self.servers) {
                    self.bury(server);
                    // What is on its way is lost, and the other end notices a little later.
                    self.events.retain(|_, event| match event {
                        Event::Up(of, _) | Event::Down(of, _) => *of != socket,
                        _ => true,
                    });
                    let events = &self.events;
                    self.heap.retain(|Reverse((_, sequence))| events.contains_key(sequence));
                    self.arrives.retain(|(of, _), _| *of != socket);
                    let at = self.now + Duration::from_millis(30);
                    self.schedule(at, Event::Down(socket, SocketEvent::Closed(Some(1006))));
                }
            }
        }
    }

    fn bury(&mut self, server: Strict) {
        self.faults.extend(server.faults);
        self.truncated.extend(server.truncated);
    }

    fn serve(&mut self) {
        let now = self.now;
        let mut out = Vec::new();
        for (socket, server) in &mut self.servers {
            out.extend(server.poll(now).into_iter().map(|message| (*socket, message)));
        }
        for (socket, message) in out {
            self.down(socket, SocketEvent::Text(message));
        }
    }

    fn down(&mut self, socket: SocketId, event: SocketEvent) {
        let at = self.arrival(socket, false);
        self.schedule(at, Event::Down(socket, event));
    }

    /// When something sent now arrives: in order, with a random delay.
    fn arrival(&mut self, socket: SocketId, up: bool) -> Moment {
        // Linear congruential; Knuth's constants.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let late = (self.seed >> 33) % (self.jitter + 1);
        let at = self.now + self.delay + Duration::from_micros(late);
        let last = self.arrives.entry((socket, up)).or_default();
        *last = at.max(*last);
        *last
    }

    fn order(&mut self, order: Order) {
        let mut acts = Vec::new();
        self.line.order(self.now, order, &mut acts);
        self.perform(acts);
    }

    fn perform(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Dial { socket, .. } => {
                    let event = match &self.dead {
                        Some(error) => SocketEvent::Failed(error.clone()),
                        None => SocketEvent::Open,
                    };
                    self.down(socket, event);
                }
                Act::Send { socket, text } => {
                    let append = text.contains("input_audio_buffer.append");
                    self.appended += u64::from(append);
                    if self.sent.len() < SENT && (!append || self.appended % 100 == 1) {
                        self.sent.push(serde_json::from_str(&text).unwrap());
                    }
                    let at = self.arrival(socket, true);
                    self.schedule(at, Event::Up(socket, text));
                }
                Act::Ping(socket) => {
                    if self.servers.contains_key(&socket) {
                        self.down(socket, SocketEvent::Pong);
                    }
                }
                Act::Hang(socket) => {
                    if let Some(server) = self.servers.remove(&socket) {
                        self.bury(server);
                    }
                }
                Act::Say(said) => self.on_said(said),
                Act::Fall(order) => self.fall(order),
                Act::Count { .. } | Act::Limits(_) => {}
            }
        }
    }

    /// The fallback: transcribes what it gets and says whose answer it is.
    fn fall(&mut self, order: Order) {
        let at = self.now + Duration::from_millis(100);
        match order {
            Order::Commit { utterance, revision } => {
                let result = Ok(format!("spoken {}", utterance.id.0));
                let said = Said::Transcript {
                    utterance: utterance.id,
                    revision,
                    result,
                    certainty: None,
                    last: true,
                };
                self.schedule(at, Event::Fallback(said));
            }
            Order::Respond { epoch, prompt } => {
                let (asked, _) = prompt.last_turn().unwrap();
                let text = format!("The fallback answers {asked}.");
                self.say_by_fallback.push(text.clone());
                self.recite(at, epoch, text);
            }
            Order::Announce { epoch, text, .. } => self.recite(at, epoch, text),
            Order::Abort(epoch) => {
                self.fallback_epoch = self.fallback_epoch.filter(|other| *other != epoch);
            }
            Order::Hear(_)
            | Order::Forget { .. }
            | Order::Rewind { .. }
            | Order::Hold(_)
            | Order::Prepare => {}
        }
    }

    fn recite(&mut self, at: Moment, epoch: Epoch, text: String) {
        self.fallback_epoch = Some(epoch);
        let chunk =
            Chunk { pcm: vec![0.1; text.len() * 1_600], rate: aloud::base::Rate(24_000), text };
        self.schedule(at, Event::Fallback(Said::Chunk { epoch, chunk }));
        self.schedule(at, Event::Fallback(Said::Done(epoch)));
    }

    fn on_said(&mut self, said: Said) {
        match said {
            Said::Transcript { utterance, revision, result, certainty, last } => {
                if last {
                    let revision = Revision { utterance, number: revision };
                    let result =
                        result.map_err(|error| Failure::Engine { text: error.to_string() });
                    self.input(Input::Transcript { revision, result, certainty });
                }
            }
            Said::Chunk { epoch, chunk } => {
                let samples = chunk.pcm.len() as u64 * 48_000 / u64::from(chunk.rate.0);
                if self.speaker.epoch != epoch {
                    self.speaker = Speaker { epoch, since: self.now, ..Speaker::default() };
                }
                self.speaker.queued += samples;
                *self.sound.entry(epoch).or_default() += samples;
                let report = Report::Queued { samples, text: chunk.text };
                self.input(Input::Report { epoch, report });
            }
            Said::Call { epoch, call } => {
                self.input(Input::Report { epoch, report: Report::Call(call) });
            }
            Said::Done(epoch) => self.input(Input::Report { epoch, report: Report::Done }),
            Said::Failed { epoch, error } => {
                self.troubles.push(error.to_string());
                let report = Report::Failed(Failure::Engine { text: error.to_string() });
                self.input(Input::Report { epoch, report });
            }
            Said::Note(note) => self.notes.push(note),
            Said::Hearing(_)
            | Said::FirstWords(_)
            | Said::Written { .. }
            | Said::Source { .. }
            | Said::TurnOver => {}
        }
    }

    fn play(&mut self) {
        let passed = self.now.since(self.speaker.since).as_secs_f64();
        self.speaker.since = self.now;
        if !self.speaker.cued {
            return;
        }
        let most = self.speaker.queued as f64;
        self.speaker.played = (self.speaker.played + passed * 48_000.0).min(most);
        let samples = self.speaker.played as u64;
        if samples != self.speaker.told {
            self.speaker.told = samples;
            let (epoch, playback) = (self.speaker.epoch, Playback::Progress { samples });
            self.input(Input::Playback { epoch, playback });
        }
    }

    fn input(&mut self, input: Input) {
        let mut commands = Vec::new();
        self.machine.handle(self.now, input, &mut commands);
        for command in commands {
            self.execute(command);
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::OpenEar { .. }
            | Command::ShutEar
            | Command::LetGo
            | Command::EndSpeech
            | Command::Duck(_)
            | Command::Look { .. }
            | Command::Pause { .. }
            | Command::Resume { .. }
            | Command::Silence
            | Command::Ignore { .. } => {}
            Command::Commit { revision } => {
                let utterance = self.utterances[&revision.utterance].clone();
                self.order(Order::Commit { utterance, revision: revision.number });
            }
            Command::Forget { revision } => {
                self.order(Order::Forget {
                    utterance: revision.utterance,
                    revision: revision.number,
                });
            }
            Command::Respond { epoch, .. } => {
                let prompt = self.prompt();
                self.order(Order::Respond { epoch, prompt });
            }
            Command::Cue { epoch } => {
                assert_eq!(self.speaker.epoch, epoch);
                self.answered += usize::from(self.announcing != Some(epoch));
                (self.speaker.cued, self.speaker.since) = (true, self.now);
            }
            Command::Hush { epoch } => {
                self.play();
                let samples = self.speaker.played as u64;
                self.speaker.cued = false;
                self.input(Input::Playback { epoch, playback: Playback::Settled { samples } });
            }
            Command::Abort { epoch } => {
                self.aborted += 1;
                self.order(Order::Abort(epoch));
            }
            Command::Rewind { epoch, heard } => {
                self.rewinds.push((epoch, heard.clone()));
                self.order(Order::Rewind { epoch, heard });
            }
            Command::CallTool { epoch, call } => {
                let output = format!("{{\"{}\":\"done\"}}", call.name);
                let outcome = Outcome { id: call.id, say: output.clone(), output, ok: true };
                self.schedule(self.now + self.tool, Event::Tool(epoch, outcome));
            }
            Command::Announce { epoch, announcement } => {
                let text = match announcement {
                    Announcement::Notice { text, .. } => text,
                    Announcement::Failure(failure) => failure.words().to_owned(),
                };
                self.announcing = Some(epoch);
                self.order(Order::Announce { epoch, text, sure: false });
            }
            Command::Fill { epoch, .. } => {
                let text = "One moment.".to_owned();
                self.order(Order::Announce { epoch, text, sure: false });
            }
            Command::NoticeOver { .. } => {}
            Command::Tell(failure) => self.troubles.push(failure.words().to_owned()),
        }
    }

    fn prompt(&self) -> Prompt {
        let tool = |name: &str, effect| ToolSpec {
            name: name.into(),
            description: "A tool.".into(),
            parameters: serde_json::json!({ "type": "object", "properties": {} }),
            effect,
        };
        Prompt {
            instructions: "Be brief.".into(),
            items: self.machine.prompt(),
            tools: [tool("get_time", Effect::Reads), tool("set_timer", Effect::Writes)].into(),
            sounds: Vec::new(),
        }
    }

    fn schedule(&mut self, at: Moment, event: Event) {
        self.sequence += 1;
        self.heap.push(Reverse((at.max(self.now), self.sequence)));
        self.events.insert(self.sequence, event);
    }
}
