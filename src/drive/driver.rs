use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{broadcast, mpsc, watch};

use super::event::{Event, State, Timings};
use super::execute::remember;
use super::handle::{Asked, EVENTS, Handle, REQUESTS, Refusal, Request};
use super::parts::{Ear, Finished, Parts, Question};
use super::record::Recorder;
use super::speaker::Speaker;
use super::tell::Lost;
use crate::audio::{Gauge, Rest, SoundEvent};
use crate::base::{Clock, Epoch, Flow, Job, Moment, NoticeId, Utterance, UtteranceId, Volume};
use crate::dialog::{History, Prompt};
use crate::engine::{EngineError, Meter, Order, Partner, Said, Source};
use crate::listen;
use crate::tool::{Book, Done, Registry, Ring};
use crate::turn::{Cut, EarStatus, Input, Machine, Mode, MouthStatus, Setup, Trigger};

/// Utterances whose sound is kept: the one under way, the one being answered, and room for those
/// that came meanwhile.
pub(super) const UTTERANCES: usize = 4;

/// How often the driver shows that it moves, and looks at what changes without an input.
const BEAT: Duration = Duration::from_secs(1);

/// How long the speaker stays awake after the last word.
const WAKEFUL: Duration = Duration::from_secs(10);

/// How long a farewell may take: the speaker's cut, then the end.
const FAREWELL: Duration = Duration::from_millis(400);

/// How long the words of the last question are waited for when it was answered. Longer than a
/// beat, which looks whether that is over.
const WRITING: Duration = Duration::from_secs(3);

/// The loop that owns the machine. Every decision is the machine's; this only carries.
pub struct Driver {
    pub(super) clock: Clock,
    pub(super) machine: Machine,
    pub(super) partner: Box<dyn Partner>,
    pub(super) instructions: Arc<str>,
    pub(super) tools: Registry,
    pub(super) book: Option<Book>,
    pub(super) rings: Option<Flow<Ring>>,
    pub(super) volume: Volume,
    pub(super) speaker: Speaker,
    pub(super) gauge: Gauge,
    pub(super) ear: Option<Ear>,
    pub(super) sound: Option<mpsc::Receiver<SoundEvent>>,
    rest: Option<Rest>,
    /// When something was last said or heard.
    stirred: Moment,
    pub(super) running: FuturesUnordered<Job<Ran>>,
    pub(super) calls: HashMap<Epoch, tokio_util::sync::CancellationToken>,
    /// The last attempt that called a tool, and the last one of which nothing more is said aloud.
    pub(super) called: Epoch,
    pub(super) silenced: Epoch,
    pub(super) utterances: VecDeque<Utterance>,
    /// Cuts whose transcript is to come. A partner that hears may have answered before.
    pub(super) unwritten: Vec<Cut>,
    pub(super) speech_end: Option<Moment>,
    /// What the queued pieces of the live epoch say, and at which sample each begins.
    pub(super) pieces: Pieces,
    /// The attempt whose words come as they are written.
    pub(super) written: Epoch,
    pub(super) notices: BTreeMap<NoticeId, Notice>,
    pub(super) next_notice: u32,
    pub(super) timings: Timings,
    pub(super) earcons: bool,
    pub(super) troubles: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) errors: Vec<EngineError>,
    /// What the reply of this epoch rests on.
    pub(super) sources: (Epoch, Vec<Source>),
    requests: mpsc::Receiver<Asked>,
    handle: Handle,
    pub(super) state: watch::Sender<State>,
    events: broadcast::Sender<Event>,
    question: Option<Question>,
    once: bool,
    pub(super) spending: Meter,
    meter: bool,
    recorder: Option<Recorder>,
    pub(super) seen: u64,
    pub(super) turns: u64,
    pub(super) timers: usize,
    beats: Arc<std::sync::atomic::AtomicU64>,
    pub(super) input_name: Option<String>,
    pub(super) output_name: Option<String>,
    pub(super) lost: Lost,
    pub(super) mode: &'static str,
    ending: Option<Moment>,
    /// When a question that was answered is no longer waited for in words.
    words_until: Option<Moment>,
}

/// What became of a call.
pub(super) struct Ran {
    /// Who called; of a call that was given up, nobody.
    pub(super) epoch: Epoch,
    /// Whether it was seen through after its attempt was over.
    pub(super) late: bool,
    pub(super) name: String,
    pub(super) done: Done,
}

/// A notice as it was handed to the machine.
pub(super) struct Notice {
    /// Whether the ring tone goes before it.
    pub(super) rings: bool,
}

/// The words of the live epoch against its samples.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) epoch: Epoch,
    pub(super) begun: u64,
    /// Where the piece under way begins, while its words have not come yet.
    pub(super) wordless: Option<u64>,
    pub(super) waiting: VecDeque<(u64, String)>,
}

/// One thing that happened to the driver.
enum Happening {
    Tick,
    Refill,
    Beat,
    Said(Said),
    Heard(Option<listen::Event>),
    Asked(Option<Asked>),
    Tool(Ran),
    Ring(Option<Ring>),
    Sound(Option<SoundEvent>),
}

impl Driver {
    /// Puts the parts together. Nothing moves before [`Driver::run`].
    pub fn new(parts: Parts) -> Self {
        let mut setup = parts.setup;
        setup.hears = parts.partner.hears();
        if !parts.partner.writes() {
            setup.settings.interruption.words = Duration::ZERO;
        }
        setup.tools =
            parts.tools.specs().iter().map(|spec| (spec.name.clone(), spec.effect)).collect();
        let recorder = parts.record.as_deref().and_then(|path| Recorder::create(path, &setup));
        let mode = mode_name(&setup);
        let machine = Machine::new(setup, History::default());
        let (ask, requests) = mpsc::channel(REQUESTS);
        let (events, _) = broadcast::channel(EVENTS);
        let (book, rings) = match parts.book {
            Some((book, rings)) => (Some(book), Some(rings)),
            None => (None, None),
        };
        let (state, watched) = watch::channel(State::at_start(mode));
        let handle = Handle { requests: ask, state: watched, events: events.clone() };
        Self {
            clock: parts.clock,
            machine,
            partner: parts.partner,
            instructions: parts.instructions,
            tools: parts.tools,
            book,
            rings,
            volume: parts.volume,
            speaker: Speaker::new(parts.feed, parts.gauge.clone()),
            gauge: parts.gauge,
            ear: parts.ear,
            sound: parts.sound,
            rest: parts.rest,
            stirred: parts.clock.now(),
            running: FuturesUnordered::new(),
            calls: HashMap::new(),
            called: Epoch::NONE,
            silenced: Epoch::NONE,
            utterances: VecDeque::with_capacity(UTTERANCES),
            unwritten: Vec::new(),
            speech_end: None,
            pieces: Pieces::default(),
            written: Epoch::NONE,
            notices: BTreeMap::new(),
            next_notice: 0,
            timings: Timings::default(),
            earcons: parts.earcons,
            troubles: Vec::new(),
            notes: Vec::new(),
            errors: Vec::new(),
            sources: (Epoch::NONE, Vec::new()),
            requests,
            handle,
            state,
            events,
            once: parts.question.is_some(),
            question: parts.question,
            spending: parts.spending,
            meter: parts.meter,
            recorder,
            seen: 0,
            turns: 0,
            timers: 0,
            beats: Arc::default(),
            input_name: None,
            output_name: None,
            lost: Lost::default(),
            mode,
            ending: None,
            words_until: None,
        }
    }

    /// A hold on this driver.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Counts up at least once a second while the loop moves: what the watchdog looks at.
    pub fn beats(&self) -> Arc<std::sync::atomic::AtomicU64> {
        Arc::clone(&self.beats)
    }

    /// Runs until the question is answered, or until it is told to quit.
    pub async fn run(mut self) -> Finished {
        if self.meter {
            self.order_ear(listen::Order::Meter(true));
        }
        if self.partner.streams() {
            self.order_ear(listen::Order::Stream(listen::Stream::Speech));
        }
        self.input(Input::Tick);
        self.start();
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.over() {
            let happening = self.next(&mut beat).await;
            self.beats.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.on_happening(happening);
            self.stir();
            self.publish();
        }
        // Closing the recorder and telling the watchers is all that is left.
        let _ = self.events.send(Event::Ending);
        self.timings.total = Some(self.since_speech(self.clock.now()));
        Finished {
            history: self.machine.history().clone(),
            timings: self.timings,
            troubles: self.troubles,
            notes: self.notes,
            errors: self.errors,
            sources: self.sources.1,
        }
    }

    /// Asks the question of a one-shot driver.
    fn start(&mut self) {
        match self.question.take() {
            None => {}
            Some(Question::Text { text, pictures }) => {
                self.speech_end = Some(self.clock.now());
                self.input(Input::Text { text, pictures });
            }
            Some(Question::Say(text)) => {
                self.speech_end = Some(self.clock.now());
                self.notice(text, false);
            }
            Some(Question::Heard(events)) => {
                self.input(Input::Trigger(Trigger::PushToTalk));
                for event in events {
                    if matches!(
                        event,
                        listen::Event::Ended { .. } | listen::Event::Discarded { .. }
                    ) {
                        self.input(Input::Release);
                    }
                    self.on_heard(event);
                }
            }
        }
        self.publish();
    }

    fn over(&mut self) -> bool {
        let status = self.machine.status();
        let silent = status.mouth == MouthStatus::Silent && status.waiting == 0;
        if let Some(until) = self.ending {
            return silent || self.clock.now() >= until;
        }
        let done = self.once && silent && matches!(status.ear, EarStatus::Shut | EarStatus::Open);
        done && !self.awaits_words()
    }

    /// Whether the words of what was asked are still on their way: a partner that hears may have
    /// answered before it has written them down. Some never write them.
    fn awaits_words(&mut self) -> bool {
        let now = self.clock.now();
        !self.unwritten.is_empty() && now < *self.words_until.get_or_insert(now + WRITING)
    }

    async fn next(&mut self, beat: &mut tokio::time::Interval) -> Happening {
        let deadline = self.machine.deadline().map(|moment| self.clock.instant(moment));
        let refill = self.speaker.wake().map(|moment| self.clock.instant(moment));
        let hungry = self.speaker.hungry();
        let Self { partner, ear, requests, running, rings, sound, .. } = self;
        // Orders from outside first, then what was heard, then the rest: a stop overtakes all.
        tokio::select! {
            biased;
            asked = requests.recv() => Happening::Asked(asked),
            event = receive(ear.as_mut().map(|ear| &mut ear.events)) => Happening::Heard(event),
            () = sleep_until(deadline) => Happening::Tick,
            () = sleep_until(refill) => Happening::Refill,
            Some(done) = running.next(), if !running.is_empty() => Happening::Tool(done),
            said = partner.said(), if hungry => Happening::Said(said),
            ring = next_ring(rings) => Happening::Ring(ring),
            event = receive(sound.as_mut()) => Happening::Sound(event),
            _ = beat.tick() => Happening::Beat,
        }
    }

    fn on_happening(&mut self, happening: Happening) {
        match happening {
            Happening::Tick => self.input(Input::Tick),
            Happening::Refill => self.on_refill(),
            Happening::Beat => self.on_beat(),
            Happening::Said(said) => self.on_said(said),
            Happening::Heard(Some(event)) => self.on_heard(event),
            Happening::Heard(None) => self.ear = None,
            Happening::Asked(Some((request, reply))) => {
                // A caller that no longer waits has no use for the answer.
                let _ = reply.send(self.on_request(request));
            }
            Happening::Asked(None) => {}
            Happening::Tool(ran) => self.on_tool(ran),
            Happening::Ring(Some(ring)) => {
                self.notice(ring.say(), true);
            }
            Happening::Ring(None) => self.rings = None,
            Happening::Sound(Some(event)) => self.on_sound(event),
            Happening::Sound(None) => self.sound = None,
        }
    }

    fn on_request(&mut self, request: Request) -> Result<(), Refusal> {
        let trigger = match request {
            Request::Press => Trigger::PushToTalk,
            Request::Release => {
                self.input(Input::Release);
                return Ok(());
            }
            Request::Toggle => Trigger::Toggle,
            Request::Stop => {
                self.silenced = self.called;
                Trigger::Stop
            }
            Request::Mute => Trigger::Mute,
            Request::Unmute => Trigger::Unmute,
            Request::Mode { mode: Mode::Wake } => {
                return Err(Refusal("there is no wake word yet; use push-to-talk or open".into()));
            }
            Request::Mode { mode } => {
                let mut setup = self.machine.setup().clone();
                setup.settings.mode = mode;
                self.mode = mode_name(&setup);
                self.input(Input::Setup(Box::new(setup)));
                return Ok(());
            }
            Request::Say { text } | Request::Ask { text } if text.trim().is_empty() => {
                return Err(Refusal("there is nothing in that text; give at least a word".into()));
            }
            Request::Say { text } => {
                self.notice(text, false);
                return Ok(());
            }
            Request::Ask { text } => {
                self.speech_end = Some(self.clock.now());
                self.emit(Event::Asked { text: text.clone() });
                self.input(Input::Text { text, pictures: Vec::new() });
                return Ok(());
            }
            Request::Reload => {
                return Err(Refusal(
                    "reload is not built yet; run \"aloud quit\" and start the service again"
                        .into(),
                ));
            }
            Request::Quit => {
                self.ending = Some(self.clock.now() + FAREWELL);
                Trigger::Stop
            }
        };
        if matches!(trigger, Trigger::PushToTalk | Trigger::Toggle) && self.ear.is_none() {
            return Err(Refusal("there is no microphone; run \"aloud devices\"".into()));
        }
        if matches!(trigger, Trigger::PushToTalk | Trigger::Toggle) {
            self.partner.order(Order::Prepare);
        }
        match trigger {
            Trigger::Mute => self.order_ear(listen::Order::Mute(true)),
            Trigger::Unmute => self.order_ear(listen::Order::Mute(false)),
            Trigger::PushToTalk | Trigger::Toggle | Trigger::Wake | Trigger::Stop => {}
        }
        self.input(Input::Trigger(trigger));
        Ok(())
    }

    /// Looks at what changes without an input: the book of timers, which other programs write too.
    pub(super) fn on_beat(&mut self) {
        let Some(book) = &self.book else { return };
        self.timers = book.entries().len();
        for trouble in book.take_trouble() {
            self.trouble(trouble);
        }
    }

    /// Hands `text` to the machine, to be said when there is room for it.
    pub(super) fn notice(&mut self, text: String, rings: bool) {
        self.next_notice += 1;
        let id = NoticeId(self.next_notice);
        self.notices.insert(id, Notice { rings });
        self.input(Input::Notice { id, text });
    }

    /// The machine's one door: takes an input, then carries out what it orders.
    pub(super) fn input(&mut self, input: Input) {
        let now = self.clock.now();
        if let Some(recorder) = &mut self.recorder {
            recorder.write(now, &input);
        }
        let mut orders = Vec::new();
        self.machine.handle(now, input, &mut orders);
        for order in orders {
            self.execute(now, order);
        }
        self.on_history();
    }

    pub(super) fn emit(&self, event: Event) {
        // Nobody watching is no fault.
        let _ = self.events.send(event);
    }

    pub(super) fn trouble(&mut self, message: String) {
        tracing::warn!("{message}");
        remember(&mut self.troubles, message.clone());
        self.emit(Event::Trouble { message });
    }

    pub(super) fn order_ear(&self, order: listen::Order) {
        if let Some(ear) = &self.ear
            && let Err(order) = ear.handle.order(order)
        {
            // The thread is stuck or gone; its beats stop, and the watchdog acts on that.
            tracing::error!(?order, "the listen thread takes no orders");
        }
    }

    /// The file that stands for the microphone is over: what it asked is answered, then it ends.
    pub(super) fn on_end_of_input(&mut self) {
        self.once = true;
        self.input(Input::Device(crate::turn::Device::MicrophoneLost));
    }

    /// Wakes the speaker as soon as somebody speaks, so that it is awake when the answer comes, and
    /// lets it rest when nothing has been said for a while.
    fn stir(&mut self) {
        let Some(rest) = &self.rest else { return };
        let status = self.machine.status();
        let ear = matches!(status.ear, EarStatus::Hearing | EarStatus::Trailing);
        let now = self.clock.now();
        if ear || status.mouth != MouthStatus::Silent || status.waiting > 0 {
            self.stirred = now;
            rest.set(false);
        } else if now.since(self.stirred) > WAKEFUL {
            rest.set(true);
        }
    }

    /// The prompt of the live attempt.
    pub(super) fn prompt(&self) -> Prompt {
        Prompt {
            instructions: Arc::clone(&self.instructions),
            items: self.machine.prompt(),
            tools: self.tools.specs(),
            sounds: Vec::new(),
        }
    }

    /// Milliseconds from the end of the user's speech to `now`.
    pub(super) fn since_speech(&self, now: Moment) -> u64 {
        let span = self.speech_end.map_or(Duration::ZERO, |end| now.since(end));
        u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
    }

    /// The sound of `id` as far as it has come.
    pub(super) fn utterance(&self, id: UtteranceId) -> Option<&Utterance> {
        self.utterances.iter().find(|utterance| utterance.id == id)
    }
}

fn mode_name(setup: &Setup) -> &'static str {
    match setup.settings.mode {
        crate::turn::Mode::PushToTalk => "push-to-talk",
        crate::turn::Mode::Open => "open",
        crate::turn::Mode::Wake => "wake",
    }
}

async fn receive<T>(from: Option<&mut mpsc::Receiver<T>>) -> Option<T> {
    match from {
        Some(from) => from.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_ring(rings: &mut Option<Flow<Ring>>) -> Option<Ring> {
    match rings {
        Some(rings) => rings.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
