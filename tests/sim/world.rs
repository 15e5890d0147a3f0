//! The world around the driver: its devices, its partner, its tools and the people in the room, in
//! the paused time of the async runtime.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::Pin;
use std::sync::mpsc::{Receiver as Orders, sync_channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use aloud::audio::{self, AudioError, Side, SoundEvent};
use aloud::base::{CallId, Clock, Epoch, LocalZone, Moment, Volume, WallClock};
use aloud::dialog::{Call, History, Item};
use aloud::drive::{
    Driver, Ear, Event, Finished, Handle, Parts, Refusal, Request, State, TurnEnds,
};
use aloud::engine::ending::EndOfTurn;
use aloud::engine::local::Templates;
use aloud::engine::{EngineError, Meter, Partner};
use aloud::listen::{self, LISTEN_OUTBOX, ListenHandle, Listener, Order};
use aloud::tool::permission::Permissions;
use aloud::tool::{Book, Registry, Ringer, ToolCx};
use aloud::turn::{Entry, Input, Machine, MouthStatus, Setup};
use futures::FutureExt;
use jiff::tz::TimeZone;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

use super::audit::Audit;
use super::loudspeaker::Loudspeaker;
use super::partner::{Early, Engine};
use super::room::{Engines, Room};
use super::tools;
use super::user::Judge;

/// One period of both devices, in milliseconds.
const PERIOD: u64 = 10;

/// One line of a script.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Ask(Request),
    /// Another program has the user asked, and waits five seconds for the answer.
    Inquire(String),
    /// Another program has this said, and waits until it was heard.
    Tell(String),
    Say(String),
    /// A device is lost or comes back, and the driver is told.
    Device(Side, bool),
    /// The microphone silently stops delivering.
    Microphone(bool),
    /// The speaker takes no more sound; the driver is not told.
    Speaker(bool),
    Engines(Engines),
    /// A timer or alarm tool is called from elsewhere.
    Call(&'static str, serde_json::Value),
    /// The transcriber's answer from now on, instead of the words.
    Transcriber(Option<EngineError>),
}

/// A record in memory.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<(), Refusal>>>>;

/// The world.
pub(crate) struct World {
    pub(crate) room: Room,
    /// The real timer and alarm tools, and their book.
    clocks: Registry,
    pub(crate) book: Book,
    pub(crate) volume: Volume,
    driver: Pin<Box<dyn Future<Output = Finished>>>,
    finished: Option<Finished>,
    handle: Handle,
    answers: Vec<Answer>,
    events: broadcast::Receiver<Event>,
    listener: Listener,
    listening: Vec<listen::Event>,
    ear: mpsc::Sender<listen::Event>,
    orders: Orders<Order>,
    sound: mpsc::Sender<SoundEvent>,
    loudspeaker: Loudspeaker,
    microphone: bool,
    /// Whether the listener does not know yet that the microphone is lost.
    lost: bool,
    acts: BTreeMap<(u64, u64), Act>,
    start: Instant,
    ms: u64,
    pages: Option<Pages>,
    hurries: bool,
}

/// A world whose driver has ended.
pub(crate) struct Past {
    pub(crate) room: Room,
    pub(crate) finished: Finished,
    pages: Option<Pages>,
}

impl World {
    /// A world that records everything, or nothing for long runs.
    pub(crate) fn new(setup: Setup, record: bool) -> Self {
        let hears = setup.hears;
        Self::with(setup, record, |room| Box::new(Engine::new(room, hears)))
    }

    /// A world whose turns end by meaning, as far as the words tell.
    pub(crate) fn smart(setup: Setup) -> Self {
        static TEMPLATES: LazyLock<Arc<Templates>> = LazyLock::new(Arc::default);
        let ends = |room: &Room| TurnEnds {
            judge: EndOfTurn::new(Arc::clone(&TEMPLATES), None),
            decides: true,
            pause_ms: 500,
            ear: Some(Arc::new(Early(room.clone()))),
        };
        let hears = setup.hears;
        Self::of(setup, true, Some(&ends), |room| Box::new(Engine::new(room, hears)))
    }

    /// The same with its own partner.
    pub(crate) fn with(
        setup: Setup,
        record: bool,
        partner: impl FnOnce(&Room) -> Box<dyn Partner>,
    ) -> Self {
        Self::of(setup, record, None, partner)
    }

    fn of(
        setup: Setup,
        record: bool,
        turn_ends: Option<&dyn Fn(&Room) -> TurnEnds>,
        partner: impl FnOnce(&Room) -> Box<dyn Partner>,
    ) -> Self {
        let early = setup.settings.interruption.looks;
        let room = Room::new(record);
        let clock = Clock::of(|| Instant::now().into_std());
        let wall = WallClock::Simulated(clock, "2026-11-03T07:40:00Z".parse().unwrap());
        let book = Book::in_memory(wall.clone(), LocalZone::fixed(TimeZone::UTC));
        let volume = Volume::new(100);
        let pad = aloud::tool::Pad::new(std::path::PathBuf::from("/nonexistent"));
        let mut tools = aloud::tool::Settings::new(book.clone(), Ringer::Here, volume.clone(), pad);
        tools.wall = wall;
        let path = audio::path(volume.clone());
        let (outbox, inbox) = mpsc::channel(LISTEN_OUTBOX);
        let (give, orders) = sync_channel(listen::LISTEN_ORDERS);
        let (sound, sounds) = mpsc::channel(64);
        let pages = record.then(Pages::default);
        let ear = Ear { handle: ListenHandle::to(give), events: inbox };
        let settings = listen::Settings::default();
        let driver = Driver::new(Parts {
            clock,
            tongue: aloud::tool::Tongue::default(),
            partner: partner(&room),
            setup,
            instructions: "Answer.".into(),
            tools: tools::registry(&room),
            permissions: Permissions::default(),
            book: Some((book.clone(), book.watch())),
            volume: volume.clone(),
            feed: path.feed,
            shared: path.shared.clone(),
            ear: Some(ear),
            early: early.then(|| Arc::new(Early(room.clone())) as _),
            turn_ends: turn_ends.map(|ends| ends(&room)),
            words: Vec::new(),
            personas: std::collections::BTreeMap::new(),
            sound: Some(sounds),
            rest: None,
            question: None,
            record: pages.clone().map(|pages| Box::new(pages) as _),
            spending: Meter::default(),
            meter: false,
            earcons: true,
        });
        let handle = driver.handle();
        let (_, events) = handle.watch();
        // The loudspeaker is connected.
        sound.try_send(SoundEvent::Up { side: Side::Output, device: "Desk".into() }).unwrap();
        Self {
            clocks: aloud::tool::builtin(tools),
            book,
            volume,
            loudspeaker: Loudspeaker::new(&room, path.playback, path.shared),
            room,
            driver: Box::pin(driver.run()),
            finished: None,
            handle,
            answers: Vec::new(),
            events,
            listener: Listener::new(settings, Some(Box::new(|| Ok(Box::new(Judge))))),
            listening: Vec::new(),
            ear: outbox,
            orders,
            sound,
            microphone: true,
            lost: false,
            acts: BTreeMap::new(),
            start: Instant::now(),
            ms: 0,
            pages,
            hurries: false,
        }
    }

    /// For long runs: skips the microphone's long silences.
    pub(crate) fn hurry(&mut self) {
        self.hurries = true;
    }

    pub(crate) fn at(&mut self, ms: u64, act: Act) {
        let sequence = self.acts.len() as u64;
        self.acts.insert((ms, sequence), act);
    }

    pub(crate) fn state(&self) -> State {
        self.handle.state()
    }

    /// Whether the script is finished, and nothing plays, is about to play or waits.
    pub(crate) fn calm(&self) -> bool {
        let state = self.state();
        let silent = state.mouth == MouthStatus::Silent && state.waits_for.is_none();
        silent && self.acts.is_empty() && self.room.lock().user.is_done(self.ms * 16)
    }

    /// Lets time pass until `ms`.
    pub(crate) async fn run(&mut self, ms: u64) {
        while self.ms < ms {
            let period = (self.ms / PERIOD + 1) * PERIOD;
            let act = self.acts.first_key_value().map(|((at, _), _)| *at);
            let next = [Some(period), act, Some(ms)].into_iter().flatten().min().unwrap_or(period);
            self.until(next.max(self.ms)).await;
            while let Some(entry) = self.acts.first_entry().filter(|entry| entry.key().0 <= self.ms)
            {
                let act = entry.remove();
                self.act(act);
                // The driver sees one thing after the other.
                poll_fn(|cx| {
                    self.attend(cx);
                    Poll::Ready(())
                })
                .await;
            }
            if self.ms == period {
                self.period();
            }
        }
    }

    /// Ends the driver once all of the script has happened.
    pub(crate) async fn end(mut self) -> Past {
        assert!(self.acts.is_empty(), "what comes after the end: {:?}", self.acts);
        self.act(Act::Ask(Request::Quit));
        while self.finished.is_none() {
            self.run(self.ms + PERIOD).await;
        }
        Past { room: self.room, finished: self.finished.unwrap(), pages: self.pages }
    }

    async fn until(&mut self, ms: u64) {
        let sleep = tokio::time::sleep_until(self.start + Duration::from_millis(ms));
        let mut sleep = std::pin::pin!(sleep);
        poll_fn(|cx| {
            self.attend(cx);
            sleep.as_mut().poll(cx)
        })
        .await;
        self.ms = ms;
    }

    /// Lets the driver do all that it can do now, and carries out its orders.
    fn attend(&mut self, cx: &mut Context<'_>) {
        loop {
            if self.finished.is_none()
                && let Poll::Ready(finished) = self.driver.as_mut().poll(cx)
            {
                self.finished = Some(finished);
            }
            self.answers.retain_mut(|answer| answer.as_mut().poll(cx).is_pending());
            self.loudspeaker.look();
            while let Ok(event) = self.events.try_recv() {
                if let Event::Trouble { message } = event {
                    self.room.notice(&format!("told: {message}"));
                }
            }
            while let Ok(order) = self.orders.try_recv() {
                let line = match order {
                    Order::Hold => Some("ear held"),
                    Order::Open => Some("ear open"),
                    Order::Release => Some("ear let go"),
                    Order::Shut => Some("ear shut"),
                    _ => None,
                };
                line.into_iter().for_each(|line| self.room.notice(line));
                self.listener.order(order, &mut self.listening);
            }
            if !self.tell() {
                return;
            }
        }
    }

    /// Passes on what the listener heard; whether there was anything.
    fn tell(&mut self) -> bool {
        let any = !self.listening.is_empty();
        for event in self.listening.drain(..) {
            // A driver that has ended hears nothing; a running one takes all at once.
            let sent = self.ear.try_send(event);
            assert!(sent.is_ok() || self.finished.is_some(), "the driver does not listen");
        }
        any
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Ask(request) => {
                let handle = self.handle.clone();
                self.answers.push(Box::pin(async move { handle.ask(request).await }));
            }
            Act::Inquire(question) => {
                let (handle, room) = (self.handle.clone(), self.room.clone());
                self.answers.push(Box::pin(async move {
                    match handle.ask_user(question, Duration::from_secs(5)).await {
                        Ok(answer) => room.notice(&format!("answer: {answer}")),
                        Err(why) => room.notice(&format!("no answer: {why}")),
                    }
                    Ok(())
                }));
            }
            Act::Tell(text) => {
                let (handle, room) = (self.handle.clone(), self.room.clone());
                self.answers.push(Box::pin(async move {
                    match handle.say(text).await {
                        Ok(()) => room.notice("they have heard it"),
                        Err(why) => room.notice(&format!("not heard: {why}")),
                    }
                    Ok(())
                }));
            }
            Act::Call(name, arguments) => {
                self.room.lock().rings = true;
                let call = Call {
                    id: CallId("elsewhere".into()),
                    name: name.into(),
                    arguments: arguments.to_string(),
                };
                let cx = ToolCx { now: Moment::ZERO, ..ToolCx::default() };
                let done = self.clocks.call(&call, cx).now_or_never().expect("no file, no wait");
                assert!(done.outcome.ok, "{}", done.outcome.say);
            }
            Act::Say(text) => {
                let at = self.ms * 16;
                self.room.lock().user.say(at, &text);
            }
            Act::Device(side, true) => {
                self.lives(side, true);
                self.room.lock().gone &= side == Side::Input;
                self.tell_sound(SoundEvent::Up { side, device: "Desk".into() });
            }
            Act::Device(side, false) => {
                self.lives(side, false);
                self.room.lock().gone |= side == Side::Output;
                self.tell_sound(SoundEvent::Lost { side, why: AudioError::NoDefault(side) });
                // The listener finds out by itself, later.
                self.lost |= side == Side::Input;
            }
            Act::Microphone(on) => self.microphone = on,
            Act::Speaker(on) => self.loudspeaker.lives(on),
            Act::Engines(engines) => self.room.lock().engines = engines,
            Act::Transcriber(failure) => self.room.lock().transcriber = failure,
        }
    }

    /// Passes on what happened to a device, as the supervisor does, whether or not anybody is left
    /// to listen.
    fn tell_sound(&self, event: SoundEvent) {
        let sent = self.sound.try_send(event);
        assert!(sent.is_ok() || self.finished.is_some(), "the driver asks for no device");
    }

    fn lives(&mut self, side: Side, on: bool) {
        match side {
            Side::Input => self.microphone = on,
            Side::Output => self.loudspeaker.lives(on),
        }
    }

    /// 10 ms of both devices.
    fn period(&mut self) {
        let at = (self.ms - PERIOD) * 16;
        // In a long silence there is nothing that the listener could miss.
        let dozes = self.hurries && self.listener.dozes();
        let frame = {
            let mut room = self.room.lock();
            let frame = room.user.frame(at);
            let asleep = dozes && !room.user.speaks_soon(at);
            if !self.microphone || asleep {
                room.unheard += frame.len() as u64;
                None
            } else {
                Some(frame)
            }
        };
        if std::mem::take(&mut self.lost) {
            self.listener.lose(&mut self.listening);
            self.tell();
        }
        if let Some(frame) = frame {
            self.listener.push(&frame, &mut self.listening);
            self.tell();
        }
        self.loudspeaker.play();
    }
}

impl Past {
    /// What somebody in the room noticed.
    pub(crate) fn noticed(&self) -> Vec<String> {
        self.room.lock().noticed.clone()
    }

    pub(crate) fn items(&self) -> &[Item] {
        self.finished.history.items()
    }

    /// Compares the history with what really came out of the loudspeaker: it contains every word
    /// heard to its end, and no other.
    pub(crate) fn verify(&self) {
        let mut spoken: BTreeMap<Epoch, String> = BTreeMap::new();
        for item in self.items() {
            if let Item::Reply { epoch, text, .. } = item {
                spoken.entry(*epoch).or_default().push_str(text);
            }
        }
        let room = self.room.lock();
        for (epoch, truth) in &room.truth {
            let mut end = 0;
            let mut heard = String::new();
            for (samples, text) in &truth.pieces {
                end += samples;
                if end <= truth.given {
                    heard.push_str(text);
                }
            }
            if !room.announced.contains(epoch) {
                let recorded = spoken.remove(epoch).unwrap_or_default();
                // The blanks between the rounds of a reply belong to none of them.
                let words = |text: &str| text.replace(' ', "");
                if truth.read && !recorded.is_empty() {
                    let all: String = truth.pieces.iter().map(|(_, text)| text.as_str()).collect();
                    let (all, recorded) = (words(&all), words(&recorded));
                    assert!(all.starts_with(&recorded), "what epoch {} wrote: {recorded}", epoch.0);
                    continue;
                }
                assert_eq!(words(&recorded), words(&heard), "what epoch {} said", epoch.0);
            }
        }
        assert_eq!(spoken, BTreeMap::new(), "replies that never sounded");
    }

    /// Reads the driver's record and replays it on another machine, with the audit reading along:
    /// the same inputs yield the same history.
    pub(crate) fn replay(&self) {
        let pages = self.pages.as_ref().expect("a world with a record").0.lock().unwrap();
        let mut lines = std::str::from_utf8(&pages).unwrap().lines();
        let setup: Setup = serde_json::from_str(lines.next().unwrap()).unwrap();
        let mut audit = Audit::new(setup.tools.clone());
        let mut machine = Machine::new(setup, History::default());
        let mut before = Moment::ZERO;
        for line in lines {
            let Entry { at, input } = serde_json::from_str::<Entry>(line).unwrap();
            assert!(before <= at, "time runs backwards");
            before = at;
            let mut orders = Vec::new();
            audit.note(&input);
            machine.handle(at, Input::clone(&input), &mut orders);
            audit.see(&machine, &orders);
        }
        assert_eq!(machine.history(), &self.finished.history);
    }
}
