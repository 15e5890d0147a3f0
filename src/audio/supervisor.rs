use std::collections::VecDeque;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::mpsc as queue;

use super::board::Board;
use super::device::Wish;
use super::place::Place;
use super::report::{Done, Report};
use super::thread::thread;
use super::watch::{Act, Watch};
use super::worker::{Order, Worker};
use super::{AudioError, CaptureEdge, Form, Loops, PlaybackEdge, SharedState, Side, SoundEvent};
use crate::base::{Clock, Moment, Rate, SPEAKER_RATE};

/// How often the supervisor checks whether the next try is due.
const TICK: Duration = Duration::from_millis(50);

/// The same while every device is open, and only the callbacks are checked.
const CALM_TICK: Duration = Duration::from_millis(250);

/// Clock drift is reported only after this long; one period more or less is then 333 ppm.
const DRIFT_SPAN: Duration = Duration::from_secs(30);

/// How long shutdown waits for devices to be dropped. A server that hangs holds them.
const LEAVE: Duration = Duration::from_millis(500);

/// Keeps devices open: executes what the [`Watch`] of each side decides.
pub(super) struct Supervisor {
    clock: Clock,
    reports: mpsc::Sender<Report>,
    posts: Vec<Post>,
    loops: Loops,
    board: Arc<Board>,
    tell: queue::Sender<SoundEvent>,
    /// Events that the driver had no room for.
    untold: VecDeque<SoundEvent>,
    /// Workers that have not ended yet.
    working: usize,
}

/// One side: its watch, its worker, and its edge.
struct Post {
    wish: Wish,
    watch: Watch,
    shared: SharedState,
    place: Place,
    worker: Option<mpsc::Sender<Order>>,
    run: u64,
    /// The sample count once the device had settled, for its drift.
    baseline: Option<(Moment, u64)>,
    /// Whether its stream should rest.
    resting: bool,
    /// Its workers that have not ended yet.
    alive: usize,
    /// Whether it is known that the device is closed on purpose.
    told_shut: bool,
}

impl Supervisor {
    pub(super) fn new(
        clock: Clock,
        reports: mpsc::Sender<Report>,
        capture: Option<(Wish, CaptureEdge)>,
        playback: Option<(Wish, PlaybackEdge)>,
        loops: Loops,
        board: Arc<Board>,
        tell: queue::Sender<SoundEvent>,
    ) -> Self {
        let capture = capture.map(|(wish, edge)| {
            let shared = edge.shared().clone();
            Post::new(wish, shared, Place::Capture(Box::new(edge)))
        });
        let playback = playback.map(|(wish, edge)| {
            let shared = edge.shared().clone();
            Post::new(wish, shared, Place::Playback(Box::new(edge)))
        });
        let posts = capture.into_iter().chain(playback).collect();
        let untold = VecDeque::new();
        Self { clock, reports, posts, loops, board, tell, untold, working: 0 }
    }

    /// Runs until [`Report::Stop`], then drops the devices.
    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Report>) {
        let mut acts = Vec::new();
        loop {
            // Without its edge a side is silent for good: let the watchdog end that.
            if !self.posts.iter().any(|post| post.place.gone()) {
                self.board.turn();
            }
            let now = self.clock.now();
            for at in 0..self.posts.len() {
                let post = &mut self.posts[at];
                post.watch.poll(now, post.beats(), &mut acts);
                post.measure(now);
                self.act(at, &mut acts);
                self.tell_shut(at);
            }
            self.hand_over();
            let calm = |post: &Post| post.watch.running().is_some() || post.told_shut;
            let calm = self.posts.iter().all(calm);
            match inbox.recv_timeout(if calm { CALM_TICK } else { TICK }) {
                Ok(Report::Done { side, run, what }) => self.on_done(side, run, what, &mut acts),
                Ok(Report::Rest(on)) => self.rest(on),
                Ok(Report::Shut(on)) => self.shut(on, &mut acts),
                Ok(Report::Left(side)) => self.on_left(side),
                Ok(Report::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
        self.posts.clear();
        let start = self.clock.now();
        while self.working > 0 {
            let left = LEAVE.saturating_sub(self.clock.now().since(start));
            match inbox.recv_timeout(left) {
                Ok(Report::Left(side)) => self.on_left(side),
                Ok(Report::Done { .. } | Report::Rest(_) | Report::Shut(_) | Report::Stop) => {}
                Err(_) => return,
            }
        }
    }

    /// Pauses the loudspeaker's stream and slows the microphone's, or resumes them.
    fn rest(&mut self, on: bool) {
        for post in &mut self.posts {
            post.resting = on;
            post.baseline = None;
            if post.wish.side == Side::Output {
                post.watch.on_rest(on);
            }
            if let Some(worker) = &post.worker {
                // A worker that has ended has nothing to pause.
                let _ = worker.send(Order::Rest(on));
            }
        }
    }

    /// Closes the microphone, or opens it again.
    fn shut(&mut self, on: bool, acts: &mut Vec<Act>) {
        let now = self.clock.now();
        if let Some(at) = self.posts.iter().position(|post| post.wish.side == Side::Input) {
            self.posts[at].watch.on_shut(now, on, acts);
            self.act(at, acts);
        }
    }

    fn on_left(&mut self, side: Side) {
        self.working -= 1;
        for post in self.posts.iter_mut().filter(|post| post.wish.side == side) {
            post.alive -= 1;
        }
    }

    /// Reports that a device is closed on purpose, once no worker has it any more.
    fn tell_shut(&mut self, at: usize) {
        let post = &mut self.posts[at];
        let shut = post.watch.is_shut() && post.alive == 0;
        if shut && !std::mem::replace(&mut post.told_shut, shut) {
            let side = post.wish.side;
            self.act(at, &mut vec![Act::Tell(SoundEvent::Closed { side })]);
        } else {
            post.told_shut = shut;
        }
    }

    fn on_done(&mut self, side: Side, run: u64, what: Done, acts: &mut Vec<Act>) {
        let now = self.clock.now();
        let Some(at) = self.posts.iter().position(|post| post.wish.side == side) else { return };
        let post = &mut self.posts[at];
        if post.run != run {
            return;
        }
        match what {
            Done::Found(channels, rate) => {
                if let Err(why) = post.lend(channels, rate) {
                    post.call_back();
                    post.watch.on_failed(now, why, acts);
                }
            }
            Done::Opened(opened) => {
                let beats = post.beats();
                post.baseline = None;
                post.watch.on_opened(now, opened, beats, acts);
                if post.resting
                    && let Some(worker) = &post.worker
                {
                    let _ = worker.send(Order::Rest(true));
                }
            }
            Done::Missing(why) => post.watch.on_missing(now, why, acts),
            Done::Failed(why) => {
                post.call_back();
                post.watch.on_failed(now, why, acts);
            }
            Done::Broke(why) => post.watch.on_broke(now, why, acts),
            Done::Changed => post.watch.on_changed(now),
            Done::Devices(devices) => post.watch.on_devices(now, devices, acts),
        }
        post.note_form();
        self.note_loop();
        self.act(at, acts);
    }

    /// Looks up what was measured with the devices in use.
    fn note_loop(&self) {
        let [Some(microphone), Some(speaker)] = [Side::Input, Side::Output].map(|side| {
            let post = self.posts.iter().find(|post| post.wish.side == side)?;
            Some((post, post.watch.running()?.0.name.as_str()))
        }) else {
            return;
        };
        microphone.0.shared.set_measured(self.loops.get(microphone.1, speaker.1));
    }

    fn act(&mut self, at: usize, acts: &mut Vec<Act>) {
        for act in acts.drain(..) {
            let post = &mut self.posts[at];
            match act {
                Act::Open { seen } => match post.start(seen, self.clock, &self.reports) {
                    Ok(()) => {
                        self.working += 1;
                        post.alive += 1;
                    }
                    Err(why) => {
                        let (side, run) = (post.wish.side, post.run);
                        let what = Done::Failed(why);
                        let _ = self.reports.send(Report::Done { side, run, what });
                    }
                },
                Act::Close => post.call_back(),
                Act::Survey => {
                    if let Some(worker) = &post.worker {
                        let _ = worker.send(Order::Survey);
                    }
                }
                Act::Tell(event) => {
                    self.board.note(&event);
                    self.untold.retain(|old| side(old) != side(&event));
                    self.untold.push_back(event);
                }
            }
        }
    }

    fn hand_over(&mut self) {
        while let Some(event) = self.untold.pop_front() {
            if let Err(queue::error::TrySendError::Full(event)) = self.tell.try_send(event) {
                self.untold.push_front(event);
                return;
            }
        }
    }
}

fn side(event: &SoundEvent) -> Option<Side> {
    match event {
        SoundEvent::Up { side, .. }
        | SoundEvent::Moved { side, .. }
        | SoundEvent::Closed { side }
        | SoundEvent::Lost { side, .. } => Some(*side),
        SoundEvent::Ended => None,
    }
}

impl Post {
    fn new(wish: Wish, shared: SharedState, place: Place) -> Self {
        let watch = Watch::new(wish.clone());
        Self {
            wish,
            watch,
            shared,
            place,
            worker: None,
            run: 0,
            baseline: None,
            resting: false,
            alive: 0,
            told_shut: false,
        }
    }

    /// Starts a worker that finds and opens the device. Each device gets its own worker and
    /// connections: an old one may be half dead.
    fn start(
        &mut self,
        seen: bool,
        clock: Clock,
        reports: &mpsc::Sender<Report>,
    ) -> Result<(), AudioError> {
        self.run += 1;
        let worker = Worker {
            wish: self.wish.clone(),
            seen,
            run: self.run,
            shared: self.shared.clone(),
            clock,
            reports: reports.clone(),
        };
        let (orders, inbox) = mpsc::channel();
        let name = match self.wish.side {
            Side::Input => "aloud-mic",
            Side::Output => "aloud-spk",
        };
        thread(name, move || worker.run(&inbox))?;
        self.worker = Some(orders);
        Ok(())
    }

    /// Lends the edge to the worker.
    fn lend(&mut self, channels: u16, rate: Rate) -> Result<(), AudioError> {
        let (place, fitted) = std::mem::replace(&mut self.place, Place::Gone).lend(channels, rate);
        self.place = place;
        match (fitted, &self.worker) {
            (Some(fitted), Some(worker)) => {
                // A worker that has ended meanwhile has reported why.
                let _ = worker.send(Order::Start(fitted));
                Ok(())
            }
            _ => Err(AudioError::Format(format!(
                "cannot serve {channels} channels at {} Hz",
                rate.0
            ))),
        }
    }

    /// Recalls the edge and leaves the device to its worker.
    fn call_back(&mut self) {
        self.worker = None;
        self.place = std::mem::replace(&mut self.place, Place::Gone).recall();
    }

    /// Reports the kind of speaker, which changes when headphones are plugged in.
    fn note_form(&self) {
        if self.wish.side == Side::Output {
            let form = self.watch.running().map_or(Form::Absent, |(device, ..)| device.form);
            self.shared.set_form(form);
        }
    }

    fn beats(&self) -> u64 {
        let counts = self.shared.counts();
        match self.wish.side {
            Side::Input => counts.capture_beats,
            Side::Output => counts.playback_beats,
        }
    }

    /// Measures the device's clock against ours.
    fn measure(&mut self, now: Moment) {
        let counts = self.shared.counts();
        let Some((_, rate, since)) = self.watch.running() else { return };
        let (count, rate) = match self.wish.side {
            Side::Input => (counts.captured, rate),
            Side::Output => (counts.pulled, SPEAKER_RATE),
        };
        let Some((start, base)) = self.baseline else {
            // During the first second buffers fill, which distorts the measurement.
            if now.since(since) > Duration::from_secs(1) {
                self.baseline = Some((now, count));
            }
            return;
        };
        let span = now.since(start);
        if span < DRIFT_SPAN || (self.resting && self.wish.side == Side::Output) {
            return;
        }
        let ideal = span.as_secs_f64() * f64::from(rate.0);
        let ppm = (((count - base) as f64 / ideal - 1.0) * 1e6) as i32;
        match self.wish.side {
            Side::Input => self.shared.note_capture_ppm(ppm),
            Side::Output => self.shared.note_playback_ppm(ppm),
        }
    }
}
