use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, watch};

use super::announce::{Announcements, Origin};
use super::end::{End, Standing};
use super::event::{Event, State, word};
use super::handle::{Asked, EVENTS, Handle, REQUESTS, Refusal, Request};
use super::hearing::{Hearing, Looked};
use super::inquiry::Inquiry;
use super::parts::{Finished, Parts, Question, receive};
use super::record::Recorder;
use super::ringing::{Next, Ringing};
use super::stopwatch::Stopwatch;
use super::timer::Timer;
use super::turn_end::{Judged, TurnEnd};
use super::turns::{Turns, mode_name};
use super::voice::Voice;
use super::waking::Waking;
use super::watch::Watch;
use super::work::{Ran, ToolWork};
use crate::audio::SoundEvent;
use crate::base::{Clock, Moment, Volume};
use crate::dialog::Prompt;
use crate::engine::{Meter, Order, Partner, Said};
use crate::listen;
use crate::tool::View;
use crate::turn::{Device, Input, Mode, Status, Trigger};

/// How often the driver shows that it is alive and polls what changes without an input.
const BEAT: Duration = Duration::from_secs(1);

/// The loop that owns the machine. The machine makes every decision; the driver carries them out,
/// each in the part that owns it.
pub struct Driver {
    pub(super) clock: Clock,
    pub(super) partner: Box<dyn Partner>,
    instructions: Arc<str>,
    pub(super) turns: Turns,
    pub(super) hearing: Hearing,
    pub(super) turn_end: TurnEnd,
    pub(super) waking: Waking,
    pub(super) voice: Voice,
    pub(super) work: ToolWork,
    pub(super) announcements: Announcements,
    pub(super) inquiry: Inquiry,
    pub(super) ringing: Ringing,
    pub(super) watch: Watch,
    pub(super) stopwatch: Stopwatch,
    pub(super) volume: Volume,
    spending: Meter,
    sound: Option<mpsc::Receiver<SoundEvent>>,
    requests: mpsc::Receiver<Asked>,
    handle: Handle,
    beats: Arc<AtomicU64>,
    next_beat: Moment,
    meter: bool,
    question: Option<Question>,
    end: End,
}

/// One thing that happened to the driver.
enum WakeUp {
    Due(Timer),
    Said(Said),
    Heard(Option<listen::Event>),
    Asked(Option<Asked>),
    Looked(Looked),
    Judged(Judged),
    Tools,
    Tool(Ran),
    Book(Option<View>),
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
        setup.settings.interruption.looks = parts.early.is_some();
        (setup.tools, setup.quiet) = (parts.tools.effects(), parts.tools.quiet());
        let now = parts.clock.now();
        let recorder = parts.record.map(|out| Recorder::new(out, &setup));
        let mode = mode_name(setup.settings.mode);
        let (ask, requests) = mpsc::channel(REQUESTS);
        let (events, _) = broadcast::channel(EVENTS);
        let (state, watched) = watch::channel(State::at_start(mode));
        let handle = Handle { requests: ask, state: watched, events: events.clone() };
        let end = match parts.question {
            Some(_) => End::Answered { words: None },
            None => End::Never,
        };
        Self {
            clock: parts.clock,
            partner: parts.partner,
            instructions: parts.instructions,
            turns: Turns::new(setup, recorder),
            hearing: Hearing::new(parts.ear, parts.early),
            turn_end: TurnEnd::new(parts.turn_ends, parts.spending.clone()),
            waking: Waking::new(parts.words, parts.personas),
            voice: Voice::new(parts.feed, parts.shared, parts.rest, parts.earcons, now),
            work: ToolWork::new(parts.tools, parts.permissions),
            announcements: Announcements::default(),
            inquiry: Inquiry::default(),
            ringing: Ringing::new(parts.book, parts.volume.clone(), parts.tongue),
            watch: Watch::new(state, events),
            stopwatch: Stopwatch::default(),
            volume: parts.volume,
            spending: parts.spending,
            sound: parts.sound,
            requests,
            handle,
            beats: Arc::default(),
            next_beat: now,
            meter: parts.meter,
            question: parts.question,
            end,
        }
    }

    /// A handle to this driver.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Increments at least once a second while the loop moves; the watchdog reads it.
    pub fn beats(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.beats)
    }

    /// Runs until the question is answered, or until told to quit.
    pub async fn run(mut self) -> Finished {
        if self.meter {
            self.hearing.order(listen::Order::Meter(true));
        }
        if self.partner.streams() {
            self.hearing.order(listen::Order::Stream(listen::Stream::Speech));
        }
        self.spot();
        self.turns.push(Input::Tick);
        self.settle();
        self.start();
        while !self.over() {
            let wake_up = self.next().await;
            self.beats.fetch_add(1, Ordering::Relaxed);
            self.on_wake_up(wake_up);
        }
        // All that is left is to close the recorder and tell the watchers.
        let timings = self.stopwatch.stop(self.clock.now());
        let history = self.turns.history().clone();
        let left = self.end == End::Idle;
        let (mode, muted) = (self.turns.setup().settings.mode, self.turns.status().muted);
        let kept = self.watch.end(left);
        self.ringing.finish().await;
        Finished {
            history,
            mode,
            muted,
            left,
            timings,
            troubles: kept.troubles,
            notes: kept.notes,
            errors: kept.errors,
            sources: kept.sources,
        }
    }

    /// Asks the question of a one-shot driver.
    fn start(&mut self) {
        match self.question.take() {
            None => {}
            Some(Question::Text { text, pictures }) => {
                self.stopwatch.start(self.clock.now());
                self.turns.push(Input::Text { text, pictures, client: false });
            }
            Some(Question::Say(text)) => {
                self.stopwatch.start(self.clock.now());
                self.announce(text, Origin::Request);
            }
            Some(Question::Heard(events)) => {
                self.turns.push(Input::Trigger(Trigger::PushToTalk));
                for event in events {
                    if matches!(
                        event,
                        listen::Event::Ended { .. } | listen::Event::Discarded { .. }
                    ) {
                        self.turns.push(Input::Release);
                    }
                    self.on_heard(event);
                    // Commands about an utterance act on its sound as it is now.
                    self.settle();
                }
            }
        }
        self.settle();
        self.publish();
    }

    /// Whether the loop is over.
    fn over(&mut self) -> bool {
        let standing = Standing {
            silent: self.turns.silent(),
            quiet: self.turns.quiet(),
            rings: self.ringing.rings(),
            untranscribed: self.hearing.awaits_words(),
        };
        self.end.reached(self.clock.now(), standing)
    }

    /// The wait that ends first.
    fn timer(&self) -> (Moment, Timer) {
        let turn = self.turns.waits_for().map(|(until, wait)| (until, Timer::Turn(wait)));
        let own = [self.voice.wake(), self.ringing.wake(), self.inquiry.wake(), self.end.wake()];
        let others = own.into_iter().chain([turn, self.turn_end.wake()]).flatten();
        others.fold((self.next_beat, Timer::Beat), Ord::min)
    }

    async fn next(&mut self) -> WakeUp {
        let (until, timer) = self.timer();
        let until = tokio::time::Instant::from_std(self.clock.instant(until));
        let Self { partner, hearing, turn_end, requests, work, ringing, sound, .. } = self;
        let (ear, look) = hearing.parts();
        // Requests from outside first, then speech, then the rest: a stop overtakes everything.
        tokio::select! {
            biased;
            asked = requests.recv() => WakeUp::Asked(asked),
            event = Hearing::next(ear) => WakeUp::Heard(event),
            looked = Hearing::looked(look) => WakeUp::Looked(looked),
            judged = turn_end.next() => WakeUp::Judged(judged),
            () = tokio::time::sleep_until(until) => WakeUp::Due(timer),
            ran = work.next() => ran.map_or(WakeUp::Tools, WakeUp::Tool),
            said = partner.said() => WakeUp::Said(said),
            view = ringing.next() => WakeUp::Book(view),
            event = receive(sound) => WakeUp::Sound(event),
        }
    }

    fn on_wake_up(&mut self, wake_up: WakeUp) {
        let mut answer = None;
        match wake_up {
            WakeUp::Due(timer) => self.on_timer(timer),
            WakeUp::Said(said) => self.on_said(said),
            WakeUp::Heard(Some(event)) => self.on_heard(event),
            WakeUp::Heard(None) => self.hearing.end(),
            WakeUp::Asked(Some(Asked::Request { request, client, reply })) => {
                answer = Some((reply, self.on_request(request, client)));
            }
            WakeUp::Asked(Some(Asked::Question(question))) => {
                let hears = self.hearing.is_there() && !self.turns.status().muted;
                if let Some((number, text)) = self.inquiry.open(question, hears) {
                    self.announce(text, Origin::Question(number));
                }
            }
            WakeUp::Asked(Some(Asked::Say { text, asker })) => {
                self.announce(text, Origin::Request);
                self.announcements.tell(asker);
            }
            WakeUp::Asked(None) => {}
            WakeUp::Looked(Looked { utterance, text, certainty }) => {
                tracing::debug!(?text, ?certainty, "the first words of an utterance");
                self.turns.push(Input::Looked { utterance, text, certainty });
            }
            WakeUp::Judged(judged) => {
                let order = self.turn_end.judge(self.clock.now(), judged);
                self.hearing.order_some(order);
                self.on_pause();
            }
            WakeUp::Tool(ran) => self.on_tool(ran),
            WakeUp::Tools => self.on_tools(),
            WakeUp::Book(view) => self.on_book(view),
            WakeUp::Sound(Some(event)) => {
                if let Some(device) = self.watch.sound(event) {
                    if let Device::SpeakerLost | Device::SpeakerBack = device {
                        self.ringing.speaker(device == Device::SpeakerBack);
                    }
                    self.turns.push(Input::Device(device));
                }
            }
            WakeUp::Sound(None) => self.sound = None,
        }
        self.settle();
        self.ring();
        if let Some(held) = self.voice.hold() {
            self.partner.order(Order::Hold(held));
        }
        let Status { waiting, .. } = self.turns.status();
        let talks = !self.turns.quiet() || !self.turns.silent() || waiting > 0;
        let busy = talks || self.ringing.rings();
        self.voice.stir(self.clock.now(), busy);
        self.publish();
        if let Some((reply, answer)) = answer {
            // A caller that stopped waiting has no use for the answer.
            let _ = reply.send(answer);
        }
    }

    /// Feeds what has happened to the machine and executes its commands until nothing is left.
    pub(super) fn settle(&mut self) {
        loop {
            let now = self.clock.now();
            let Some(orders) = self.turns.step(now) else { return };
            for order in orders {
                self.execute(now, order);
            }
            self.watch.history(self.turns.history());
        }
    }

    /// Sounds the next round of the ring when it is due.
    fn ring(&mut self) {
        let now = self.clock.now();
        let idle = self.turns.quiet() && self.turns.silent();
        match self.ringing.round(now, idle) {
            Next::Nothing => {}
            Next::Round(round) => {
                self.announce(round.words.clone(), Origin::Ring(round));
                self.settle();
            }
            Next::Chime => {
                self.voice.ring_over();
                self.ringing.round_over(now, true);
            }
        }
    }

    fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Turn(wait) => {
                tracing::debug!(?wait, "the wait is over");
                self.turns.push(Input::Tick);
            }
            Timer::Speaker | Timer::Cut => self.on_playback(),
            Timer::Pause => self.on_pause(),
            Timer::Beat => {
                let now = self.clock.now();
                self.next_beat = now + BEAT;
                self.inquiry.look(now);
            }
            Timer::Answer => self.inquiry.look(self.clock.now()),
            Timer::Words | Timer::Farewell | Timer::Ring => {
                tracing::debug!(%timer, "the wait is over")
            }
        }
    }

    fn on_request(&mut self, request: Request, client: bool) -> Result<(), Refusal> {
        let trigger = match request {
            Request::Press => Trigger::PushToTalk,
            Request::Release => {
                self.turns.push(Input::Release);
                return Ok(());
            }
            Request::Toggle => Trigger::Toggle,
            Request::Stop => {
                self.inquiry.give_up("the user stopped it");
                self.work.silence();
                self.end_ring();
                Trigger::Stop
            }
            Request::Snooze { minutes } => return self.snooze(minutes),
            Request::Mute => {
                self.inquiry.give_up("the microphone was muted");
                Trigger::Mute
            }
            Request::Unmute => Trigger::Unmute,
            Request::Mode { mode: Mode::Wake } if self.waking.words().is_empty() => {
                return Err(Refusal("there is no wake word; name one in [wake] words".into()));
            }
            Request::Mode { mode } => {
                let mut setup = self.turns.setup().clone();
                setup.settings.mode = mode;
                self.turns.push(Input::Setup(Box::new(setup)));
                self.hearing.order(listen::Order::Spot(mode == Mode::Wake));
                return Ok(());
            }
            Request::Say { text } | Request::Ask { text } if text.trim().is_empty() => {
                return Err(Refusal("the text is empty; give at least one word".into()));
            }
            Request::Say { text } => {
                self.announce(text, Origin::Request);
                return Ok(());
            }
            Request::Ask { text } => {
                self.stopwatch.start(self.clock.now());
                self.watch.emit(Event::Asked { text: text.clone() });
                if !self.typed_to_ring(&text) && !self.inquiry.typed(&text) {
                    let pictures = Vec::new();
                    self.turns.push(Input::Text { text, pictures, client });
                    self.tell_untold();
                }
                return Ok(());
            }
            Request::Leave => {
                self.end = End::Idle;
                return Ok(());
            }
            Request::Quit => {
                self.end = End::told(self.clock.now());
                Trigger::Stop
            }
        };
        match trigger {
            Trigger::PushToTalk | Trigger::Toggle => {
                let rang = self.end_ring();
                if !self.hearing.is_there() {
                    if rang {
                        self.turns.push(Input::Trigger(Trigger::Stop));
                        return Ok(());
                    }
                    return Err(Refusal("there is no microphone; run \"aloud devices\"".into()));
                }
                self.partner.order(Order::Prepare);
            }
            Trigger::Mute | Trigger::Unmute => {
                let on = trigger == Trigger::Mute;
                self.hearing.order(listen::Order::Mute(on));
                self.voice.shut_microphone(on);
            }
            Trigger::Wake | Trigger::Dismiss | Trigger::Stop => {}
        }
        self.turns.push(Input::Trigger(trigger));
        Ok(())
    }

    /// Tools have come or gone: the machine learns what they may do.
    fn on_tools(&mut self) {
        let mut setup = self.turns.setup().clone();
        let tools = self.work.registry();
        (setup.tools, setup.quiet) = (tools.effects(), tools.quiet());
        self.turns.push(Input::Setup(Box::new(setup)));
    }

    /// Listens for wake words if the mode needs it.
    fn spot(&self) {
        let on = self.turns.setup().settings.mode == Mode::Wake;
        if on {
            self.hearing.order(listen::Order::Spot(true));
        }
    }

    /// Speaks `text` as soon as nobody else does.
    pub(super) fn announce(&mut self, text: String, origin: Origin) {
        let input = self.announcements.notice(text, origin);
        self.turns.push(input);
    }

    /// The file that stands in for the microphone has ended: finish the answer, then end.
    pub(super) fn on_end_of_input(&mut self) {
        if self.end == End::Never {
            self.end = End::Answered { words: None };
        }
        self.turns.push(Input::Device(Device::MicrophoneLost));
    }

    /// Publishes the state if it has changed.
    fn publish(&mut self) {
        let Status { mode, ear, mouth, epoch, waiting: _, muted } = self.turns.status();
        self.watch.publish(State {
            state: word(ear, mouth, self.ringing.rings()),
            ear,
            mouth,
            epoch: epoch.0,
            wake_words: match mode {
                Mode::Wake => self.waking.words().to_vec(),
                Mode::PushToTalk | Mode::Open => Vec::new(),
            },
            muted,
            volume: if self.volume.muted() { 0 } else { self.volume.percent() },
            lost_samples: self.voice.lost(),
            spending: self.spending.so_far(),
            in_vain: self.turn_end.in_vain(),
            timers: self.ringing.timers(),
            ringing: self.ringing.names(),
            trouble: self.ringing.trouble(),
            waits_for: self.turns.waits_for().map(|(_, wait)| wait),
            ..State::at_start(mode_name(mode))
        });
    }

    /// The prompt of the live attempt.
    pub(super) fn prompt(&self) -> Prompt {
        let woken = self.turns.woken().then(|| self.waking.persona()).flatten();
        Prompt {
            instructions: woken.unwrap_or_else(|| Arc::clone(&self.instructions)),
            items: self.turns.prompt(),
            tools: self.work.registry().specs(),
            sounds: Vec::new(),
        }
    }
}
