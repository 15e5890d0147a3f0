use std::collections::VecDeque;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::mpsc as queue;

use super::device::wanted;
use super::host::{self, Stream, Survey};
use super::sound::{Board, thread};
use super::watch::{Act, Opened, Watch};
use super::{AudioError, CaptureEdge, Choice, DeviceInfo, Gauge, PlaybackEdge, Side, SoundEvent};
use crate::base::{Clock, Moment, SPEAKER_RATE};

/// How often the supervisor looks at the callbacks when nobody calls it.
const TICK: Duration = Duration::from_millis(50);

/// The drift of a clock is told only after it was measured for this long; a period more or less is
/// 333 ppm of it.
const DRIFT_SPAN: Duration = Duration::from_secs(30);

/// What reaches the supervisor.
pub(super) enum Report {
    /// An edge has come home.
    Home(Edge),
    /// A worker has done something. `run` counts the devices opened, so that a late word about an
    /// old one is not taken for the new one.
    Done { side: Side, run: u64, what: Done },
    /// End.
    Stop,
}

pub(super) enum Done {
    Opened(Opened),
    Failed(AudioError),
    Broke(AudioError),
    Devices(Result<Vec<DeviceInfo>, AudioError>),
}

/// One of the two edges, on its way between home and a device.
pub(super) enum Edge {
    Capture(Box<CaptureEdge>),
    Playback(Box<PlaybackEdge>),
}

impl Edge {
    fn side(&self) -> Side {
        match self {
            Self::Capture(_) => Side::Input,
            Self::Playback(_) => Side::Output,
        }
    }

    fn gauge(&self) -> Gauge {
        match self {
            Self::Capture(edge) => edge.gauge().clone(),
            Self::Playback(edge) => edge.gauge().clone(),
        }
    }
}

enum Order {
    Open { edge: Edge, seen: bool, run: u64 },
    Survey,
    Close,
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
}

/// One side: its watch, its worker, and its edge while at home.
struct Post {
    side: Side,
    choice: Choice,
    watch: Watch,
    gauge: Gauge,
    edge: Option<Edge>,
    worker: Option<mpsc::Sender<Order>>,
    run: u64,
    /// The count of samples when the device had settled in, for its drift.
    baseline: Option<(Moment, u64)>,
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
        let capture = capture.map(|(choice, edge)| (choice, Edge::Capture(Box::new(edge))));
        let playback = playback.map(|(choice, edge)| (choice, Edge::Playback(Box::new(edge))));
        let post = |(choice, edge): (Choice, Edge)| Post {
            side: edge.side(),
            watch: Watch::new(edge.side(), choice.clone()),
            choice,
            gauge: edge.gauge(),
            edge: Some(edge),
            worker: None,
            run: 0,
            baseline: None,
        };
        let posts = capture.into_iter().chain(playback).map(post).collect();
        Self { clock, reports, posts, board, tell, untold: VecDeque::new() }
    }

    /// Runs until [`Report::Stop`], then drops the devices and waits for their edges.
    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Report>) {
        let mut acts = Vec::new();
        loop {
            let now = self.clock.now();
            for at in 0..self.posts.len() {
                let post = &mut self.posts[at];
                post.watch.poll(now, post.beats(), post.edge.is_some(), &mut acts);
                post.measure(now);
                self.act(at, &mut acts);
            }
            self.hand_over();
            match inbox.recv_timeout(TICK) {
                Ok(Report::Home(edge)) => self.take_home(edge),
                Ok(Report::Done { side, run, what }) => self.on_done(side, run, what, &mut acts),
                Ok(Report::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
        // Dropping the order queues ends the workers, which drop their devices; once their edges
        // are home nothing of the sound system is in use any more. The caller has a deadline.
        for post in &mut self.posts {
            post.worker = None;
        }
        while self.posts.iter().any(|post| post.edge.is_none()) {
            match inbox.recv() {
                Ok(Report::Home(edge)) => self.take_home(edge),
                Ok(Report::Done { .. } | Report::Stop) => {}
                Err(_) => return,
            }
        }
    }

    fn take_home(&mut self, edge: Edge) {
        let side = edge.side();
        if let Some(post) = self.posts.iter_mut().find(|post| post.side == side) {
            post.edge = Some(edge);
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
            Done::Opened(opened) => {
                let beats = post.beats();
                post.baseline = None;
                post.watch.on_opened(now, opened, beats, acts);
            }
            Done::Failed(why) => post.watch.on_failed(now, why, acts),
            Done::Broke(why) => post.watch.on_broke(now, why, acts),
            Done::Devices(devices) => post.watch.on_devices(now, devices, acts),
        }
        self.act(at, acts);
    }

    fn act(&mut self, at: usize, acts: &mut Vec<Act>) {
        for act in acts.drain(..) {
            let post = &mut self.posts[at];
            match act {
                Act::Open { seen } => {
                    if let Some(edge) = post.edge.take() {
                        post.run += 1;
                        let run = post.run;
                        post.order(Order::Open { edge, seen, run }, &self.reports);
                    }
                }
                Act::Close => post.order(Order::Close, &self.reports),
                Act::Survey => post.order(Order::Survey, &self.reports),
                // Its device and its edge come back when it wakes up.
                Act::Replace => post.worker = None,
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
        if span < DRIFT_SPAN {
            return;
        }
        let ideal = span.as_secs_f64() * f64::from(rate.0);
        let ppm = (((count - base) as f64 / ideal - 1.0) * 1e6) as i32;
        match self.side {
            Side::Input => self.gauge.note_capture_ppm(ppm),
            Side::Output => self.gauge.note_playback_ppm(ppm),
        }
    }

    fn order(&mut self, order: Order, reports: &mpsc::Sender<Report>) {
        let order = match &self.worker {
            Some(worker) => match worker.send(order) {
                Ok(()) => return,
                Err(mpsc::SendError(order)) => order,
            },
            None => order,
        };
        let worker = Worker {
            side: self.side,
            choice: self.choice.clone(),
            run: self.run,
            reports: reports.clone(),
            survey: None,
            stream: None,
        };
        let (orders, inbox) = mpsc::channel();
        let name = match self.side {
            Side::Input => "aloud-mic",
            Side::Output => "aloud-spk",
        };
        match thread(name, move || worker.run(&inbox)) {
            // An order that is lost with its worker sends the edge home by its own drop.
            Ok(_) => {
                let _ = orders.send(order);
                self.worker = Some(orders);
            }
            Err(why) => {
                if let Order::Open { edge, .. } = order {
                    self.edge = Some(edge);
                }
                let what = Done::Failed(why);
                let _ = reports.send(Report::Done { side: self.side, run: self.run, what });
            }
        }
    }
}

/// Talks to the sound server for one side. May hang with it; then another one takes its place.
struct Worker {
    side: Side,
    choice: Choice,
    run: u64,
    reports: mpsc::Sender<Report>,
    survey: Option<Survey>,
    stream: Option<Stream>,
}

impl Worker {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Open { edge, seen, run } => {
                    self.run = run;
                    // A new connection each time: an old one may be half dead.
                    self.stream = None;
                    self.survey = None;
                    let what = self.open(edge, seen).unwrap_or_else(Done::Failed);
                    self.report(what);
                }
                Order::Survey => {
                    let devices = match &mut self.survey {
                        Some(survey) => survey.devices(),
                        None => continue,
                    };
                    self.report(Done::Devices(devices));
                }
                Order::Close => {
                    self.stream = None;
                    self.survey = None;
                }
            }
        }
    }

    fn report(&self, what: Done) {
        let _ = self.reports.send(Report::Done { side: self.side, run: self.run, what });
    }

    fn open(&mut self, edge: Edge, seen: bool) -> Result<Done, AudioError> {
        let (reports, to_tell) = (self.reports.clone(), self.reports.clone());
        let found = Survey::new().and_then(|mut survey| {
            let devices = survey.devices()?;
            let (device, stand_in) = wanted(&self.choice, self.side, seen, &devices)?;
            Ok((survey, device.clone(), stand_in))
        });
        let (survey, device, stand_in) = match found {
            Ok(found) => found,
            Err(why) => {
                let _ = reports.send(Report::Home(edge));
                return Err(why);
            }
        };
        let (side, run) = (self.side, self.run);
        let broke = move |why| {
            let _ = to_tell.send(Report::Done { side, run, what: Done::Broke(why) });
        };
        let stream = match edge {
            Edge::Capture(edge) => {
                let home = Box::new(move |edge| {
                    let _ = reports.send(Report::Home(Edge::Capture(Box::new(edge))));
                });
                host::capture(&survey, &device, *edge, home, broke)?
            }
            Edge::Playback(edge) => {
                let home = Box::new(move |edge| {
                    let _ = reports.send(Report::Home(Edge::Playback(Box::new(edge))));
                });
                host::playback(&survey, &device, *edge, home, broke)?
            }
        };
        let (rate, cheap) = (stream.rate, survey.cheap());
        self.survey = Some(survey);
        self.stream = Some(stream);
        Ok(Done::Opened(Opened { device, rate, stand_in, survey: cheap }))
    }
}
