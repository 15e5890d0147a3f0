use std::collections::VecDeque;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::mpsc as queue;

use super::cards;
use super::device::wanted;
use super::format::{MicrophoneEdge, Recall, SpeakerEdge};
use super::server::{self, Server};
use super::sound::{Board, thread};
use super::stream::{Stream, Word};
use super::watch::{Act, Opened, Watch};
use super::{AudioError, CaptureEdge, Choice, DeviceInfo, Gauge, PlaybackEdge, Side, SoundEvent};
use crate::base::{Clock, Moment, Rate, SPEAKER_RATE};

/// How often the supervisor looks at the callbacks when nobody calls it.
const TICK: Duration = Duration::from_millis(100);

/// The drift of a clock is told only after it was measured for this long; a period more or less is
/// 333 ppm of it.
const DRIFT_SPAN: Duration = Duration::from_secs(30);

/// The longest that the end waits for devices to be dropped. A server that hangs holds them.
const LEAVE: Duration = Duration::from_millis(500);

/// What reaches the supervisor.
pub(super) enum Report {
    /// A worker has done something. `run` counts the workers, so that a late word of an old one is
    /// not taken for the new one.
    Done { side: Side, run: u64, what: Done },
    /// The loudspeaker is not needed for a while, or is again.
    Rest(bool),
    /// A worker has dropped its device and ends.
    Left,
    /// End.
    Stop,
}

pub(super) enum Done {
    /// The device is known; it waits for an edge for so many channels at this rate.
    Found(u16, Rate),
    Opened(Opened),
    Failed(AudioError),
    Broke(AudioError),
    /// Worth a look at the devices.
    Changed,
    Devices(Result<Vec<DeviceInfo>, AudioError>),
}

/// One of the two edges: at home, or in the callback of a device.
enum Place {
    Capture(Box<CaptureEdge>),
    Playback(Box<PlaybackEdge>),
    Listening(Recall<CaptureEdge>),
    Speaking(Recall<PlaybackEdge>),
    /// The thread of its callback died while it worked.
    Gone,
}

/// An edge as the callback of a device takes it.
enum Fitted {
    Capture(Box<MicrophoneEdge>),
    Playback(Box<SpeakerEdge>),
}

impl Place {
    /// Fits the edge to a device. `None` when it is not at home or cannot be fitted.
    fn lend(self, channels: u16, rate: Rate) -> (Self, Option<Fitted>) {
        match self {
            Self::Capture(edge) => {
                let (fitted, recall) = MicrophoneEdge::new(*edge, channels, rate);
                (Self::Listening(recall), Some(Fitted::Capture(Box::new(fitted))))
            }
            Self::Playback(edge) => match SpeakerEdge::new(*edge, channels, rate) {
                Ok((fitted, recall)) => {
                    (Self::Speaking(recall), Some(Fitted::Playback(Box::new(fitted))))
                }
                Err(edge) => (Self::Playback(Box::new(edge)), None),
            },
            out @ (Self::Listening(_) | Self::Speaking(_) | Self::Gone) => (out, None),
        }
    }

    /// Calls the edge back, whatever became of the device.
    fn recall(self) -> Self {
        match self {
            Self::Listening(recall) => {
                recall.recall().map_or(Self::Gone, |edge| Self::Capture(Box::new(edge)))
            }
            Self::Speaking(recall) => {
                recall.recall().map_or(Self::Gone, |edge| Self::Playback(Box::new(edge)))
            }
            home @ (Self::Capture(_) | Self::Playback(_) | Self::Gone) => home,
        }
    }
}

enum Order {
    Start(Fitted),
    Rest(bool),
    Survey,
}

/// Keeps devices open: carries out what a [`Watch`] a side decides.
pub(super) struct Supervisor {
    clock: Clock,
    reports: mpsc::Sender<Report>,
    posts: Vec<Post>,
    board: Arc<Board>,
    tell: queue::Sender<SoundEvent>,
    /// Events that the driver had no room for.
    untold: VecDeque<SoundEvent>,
    /// Workers that have not left yet.
    working: usize,
}

/// One side: its watch, its worker, and its edge.
struct Post {
    side: Side,
    choice: Choice,
    watch: Watch,
    gauge: Gauge,
    place: Place,
    worker: Option<mpsc::Sender<Order>>,
    run: u64,
    /// The count of samples when the device had settled in, for its drift.
    baseline: Option<(Moment, u64)>,
    /// Whether its stream is to be paused.
    resting: bool,
}

impl Supervisor {
    pub(super) fn new(
        clock: Clock,
        reports: mpsc::Sender<Report>,
        capture: Option<(Choice, CaptureEdge)>,
        playback: Option<(Choice, PlaybackEdge)>,
        board: Arc<Board>,
        tell: queue::Sender<SoundEvent>,
    ) -> Self {
        let capture = capture.map(|(choice, edge)| {
            let gauge = edge.gauge().clone();
            Post::new(Side::Input, choice, gauge, Place::Capture(Box::new(edge)))
        });
        let playback = playback.map(|(choice, edge)| {
            let gauge = edge.gauge().clone();
            Post::new(Side::Output, choice, gauge, Place::Playback(Box::new(edge)))
        });
        let posts = capture.into_iter().chain(playback).collect();
        Self { clock, reports, posts, board, tell, untold: VecDeque::new(), working: 0 }
    }

    /// Runs until [`Report::Stop`], then drops the devices.
    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Report>) {
        let mut acts = Vec::new();
        loop {
            let now = self.clock.now();
            for at in 0..self.posts.len() {
                let post = &mut self.posts[at];
                post.watch.poll(now, post.beats(), &mut acts);
                post.measure(now);
                self.act(at, &mut acts);
            }
            self.hand_over();
            match inbox.recv_timeout(TICK) {
                Ok(Report::Done { side, run, what }) => self.on_done(side, run, what, &mut acts),
                Ok(Report::Rest(on)) => self.rest(on),
                Ok(Report::Left) => self.working -= 1,
                Ok(Report::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
        self.posts.clear();
        let start = self.clock.now();
        while self.working > 0 {
            let left = LEAVE.saturating_sub(self.clock.now().since(start));
            match inbox.recv_timeout(left) {
                Ok(Report::Left) => self.working -= 1,
                Ok(Report::Done { .. } | Report::Rest(_) | Report::Stop) => {}
                Err(_) => return,
            }
        }
    }

    /// Pauses the loudspeaker's stream, or lets it go on.
    fn rest(&mut self, on: bool) {
        for post in self.posts.iter_mut().filter(|post| post.side == Side::Output) {
            post.resting = on;
            post.baseline = None;
            post.watch.on_rest(on);
            if let Some(worker) = &post.worker {
                // A worker that has ended has nothing to pause.
                let _ = worker.send(Order::Rest(on));
            }
        }
    }

    fn on_done(&mut self, side: Side, run: u64, what: Done, acts: &mut Vec<Act>) {
        let now = self.clock.now();
        let Some(at) = self.posts.iter().position(|post| post.side == side) else { return };
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
            Done::Failed(why) => {
                post.call_back();
                post.watch.on_failed(now, why, acts);
            }
            Done::Broke(why) => post.watch.on_broke(now, why, acts),
            Done::Changed => post.watch.on_changed(now),
            Done::Devices(devices) => post.watch.on_devices(now, devices, acts),
        }
        self.act(at, acts);
    }

    fn act(&mut self, at: usize, acts: &mut Vec<Act>) {
        for act in acts.drain(..) {
            let post = &mut self.posts[at];
            match act {
                Act::Open { seen } => match post.start(seen, &self.reports) {
                    Ok(()) => self.working += 1,
                    Err(why) => {
                        let (side, run) = (post.side, post.run);
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
        | SoundEvent::Lost { side, .. } => Some(*side),
        SoundEvent::Ended => None,
    }
}

impl Post {
    fn new(side: Side, choice: Choice, gauge: Gauge, place: Place) -> Self {
        let watch = Watch::new(side, choice.clone());
        Self {
            side,
            choice,
            watch,
            gauge,
            place,
            worker: None,
            run: 0,
            baseline: None,
            resting: false,
        }
    }

    /// Starts a worker that looks for the device and opens it. Each device has its own worker and
    /// its own connections: an old one may be half dead.
    fn start(&mut self, seen: bool, reports: &mpsc::Sender<Report>) -> Result<(), AudioError> {
        self.run += 1;
        let worker = Worker {
            side: self.side,
            choice: self.choice.clone(),
            seen,
            run: self.run,
            gauge: self.gauge.clone(),
            reports: reports.clone(),
        };
        let (orders, inbox) = mpsc::channel();
        let name = match self.side {
            Side::Input => "aloud-mic",
            Side::Output => "aloud-spk",
        };
        thread(name, move || worker.run(&inbox))?;
        self.worker = Some(orders);
        Ok(())
    }

    /// Gives the edge to the worker.
    fn lend(&mut self, channels: u16, rate: Rate) -> Result<(), AudioError> {
        let (place, fitted) = std::mem::replace(&mut self.place, Place::Gone).lend(channels, rate);
        self.place = place;
        match (fitted, &self.worker) {
            (Some(fitted), Some(worker)) => {
                // A worker that has ended meanwhile has said why.
                let _ = worker.send(Order::Start(fitted));
                Ok(())
            }
            _ => Err(AudioError::Format(format!(
                "cannot serve {channels} channels at {} Hz",
                rate.0
            ))),
        }
    }

    /// Takes the edge back and leaves the device to its worker.
    fn call_back(&mut self) {
        self.worker = None;
        self.place = std::mem::replace(&mut self.place, Place::Gone).recall();
    }

    fn beats(&self) -> u64 {
        let counts = self.gauge.counts();
        match self.side {
            Side::Input => counts.capture_beats,
            Side::Output => counts.playback_beats,
        }
    }

    /// Measures the device's clock against ours.
    fn measure(&mut self, now: Moment) {
        let counts = self.gauge.counts();
        let Some((_, rate, since)) = self.watch.running() else { return };
        let (count, rate) = match self.side {
            Side::Input => (counts.captured, rate),
            Side::Output => (counts.pulled, SPEAKER_RATE),
        };
        let Some((start, base)) = self.baseline else {
            // The first second fills buffers and is no measure.
            if now.since(since) > Duration::from_secs(1) {
                self.baseline = Some((now, count));
            }
            return;
        };
        let span = now.since(start);
        if span < DRIFT_SPAN || self.resting {
            return;
        }
        let ideal = span.as_secs_f64() * f64::from(rate.0);
        let ppm = (((count - base) as f64 / ideal - 1.0) * 1e6) as i32;
        match self.side {
            Side::Input => self.gauge.note_capture_ppm(ppm),
            Side::Output => self.gauge.note_playback_ppm(ppm),
        }
    }
}

/// Talks to the sound server for one device, from the search for it to its end. May hang with the
/// server; it is then left alone.
struct Worker {
    side: Side,
    choice: Choice,
    seen: bool,
    run: u64,
    gauge: Gauge,
    reports: mpsc::Sender<Report>,
}

impl Worker {
    fn run(self, orders: &mpsc::Receiver<Order>) {
        if let Err(why) = self.work(orders) {
            self.report(Done::Failed(why));
        }
        let _ = self.reports.send(Report::Left);
    }

    fn work(&self, orders: &mpsc::Receiver<Order>) -> Result<(), AudioError> {
        // The cards are asked only where no server has a socket: behind a server they are in use.
        if server::present() {
            let mut server = Server::connect()?;
            let devices = server.devices()?;
            let (device, stand_in) = wanted(&self.choice, self.side, self.seen, &devices)?;
            let rate = Stream::rate(self.side);
            let Some(fitted) = self.fit(orders, 1, rate) else { return Ok(()) };
            let (report, gauge) = (self.reporter(), self.gauge.clone());
            let tell = move |word| match word {
                Word::Changed => report(Done::Changed),
                Word::Broke(why) => report(Done::Broke(why)),
            };
            let stream = match fitted {
                Fitted::Capture(edge) => Stream::capture(device, *edge, gauge, tell)?,
                Fitted::Playback(edge) => Stream::playback(device, *edge, gauge, tell)?,
            };
            self.opened(device, rate, stand_in, true);
            let survey = || self.report(Done::Devices(server.devices()));
            serve(orders, survey, |on| stream.rest(on));
        } else if cards::present() {
            let devices = cards::devices()?;
            let (device, stand_in) = wanted(&self.choice, self.side, self.seen, &devices)?;
            let found = cards::prepare(device)?;
            let (channels, rate) = (found.channels(), found.rate());
            let Some(fitted) = self.fit(orders, channels, rate) else { return Ok(()) };
            let (report, gauge) = (self.reporter(), self.gauge.clone());
            let broke = move |why| report(Done::Broke(why));
            let stream = match fitted {
                Fitted::Capture(edge) => found.capture(*edge, gauge, broke)?,
                Fitted::Playback(edge) => found.playback(*edge, gauge, broke)?,
            };
            self.opened(device, rate, stand_in, false);
            serve(orders, || {}, |on| stream.rest(on));
        } else {
            let why = "no socket of a sound server was found, and no sound card".to_owned();
            return Err(AudioError::NoServer(why));
        }
        Ok(())
    }

    /// Asks for the edge; `None` when the device is no longer wanted.
    fn fit(&self, orders: &mpsc::Receiver<Order>, channels: u16, rate: Rate) -> Option<Fitted> {
        self.report(Done::Found(channels, rate));
        match orders.recv() {
            Ok(Order::Start(fitted)) => Some(fitted),
            Ok(Order::Survey | Order::Rest(_)) | Err(_) => None,
        }
    }

    fn opened(&self, device: &DeviceInfo, rate: Rate, stand_in: bool, survey: bool) {
        let device = device.clone();
        self.report(Done::Opened(Opened { device, rate, stand_in, survey }));
    }

    fn reporter(&self) -> impl Fn(Done) + Send + 'static {
        let (reports, side, run) = (self.reports.clone(), self.side, self.run);
        move |what| {
            let _ = reports.send(Report::Done { side, run, what });
        }
    }

    fn report(&self, what: Done) {
        let _ = self.reports.send(Report::Done { side: self.side, run: self.run, what });
    }
}

/// Serves an open device until the supervisor drops its end of the orders; then it is dropped.
fn serve(orders: &mpsc::Receiver<Order>, mut survey: impl FnMut(), rest: impl Fn(bool)) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Survey => survey(),
            Order::Rest(on) => rest(on),
            Order::Start(_) => {}
        }
    }
}
