use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::socket::{INBOX, Socket};
use super::{Act, Behind, Line, Server, Settings, SocketEvent, SocketId};
use crate::base::Clock;
use crate::engine::{Meter, Order, Partner, Said};

/// The partner that hears and speaks by itself, on real sockets; with a fallback that answers while
/// no session is available.
pub struct Realtime {
    line: Line,
    clock: Clock,
    server: Server,
    sockets: HashMap<SocketId, Socket>,
    inbox: Receiver<(SocketId, SocketEvent)>,
    mouth: Sender<(SocketId, SocketEvent)>,
    fallback: Box<dyn Partner>,
    said: VecDeque<Said>,
    talks: bool,
    transcribes: bool,
    provider: String,
    meter: Meter,
}

/// A partner that does nothing.
struct Nobody;

impl Partner for Nobody {
    fn hears(&self) -> bool {
        false
    }

    fn order(&mut self, _: Order) {}

    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// Answers while no session is available.
pub struct Fallback {
    /// The partner.
    pub partner: Box<dyn Partner>,
    /// Its name for the user.
    pub name: String,
    /// Whether it can speak.
    pub voiced: bool,
}

impl Realtime {
    /// A partner without a session: the first order that needs one opens it.
    pub fn new(settings: Settings, server: Server, clock: Clock, fallback: Fallback) -> Self {
        let (mouth, inbox) = mpsc::channel(INBOX);
        let Fallback { partner: fallback, name, voiced } = fallback;
        let (talks, provider) = (!settings.writes(), settings.provider.clone());
        let transcribes = settings.transcribe.is_some();
        let meter = Meter::default();
        let line = Line::new(settings, Behind { name, voiced, hears: fallback.hears() });
        let (sockets, said) = (HashMap::new(), VecDeque::new());
        Self {
            line,
            clock,
            server,
            sockets,
            inbox,
            mouth,
            fallback,
            said,
            talks,
            transcribes,
            provider,
            meter,
        }
    }

    /// A partner that only transcribes; see [`Purpose::Write`](super::Purpose). It reports what it
    /// could not transcribe.
    pub fn writing(settings: Settings, server: Server, clock: Clock) -> Self {
        let name = String::new();
        Self::new(
            settings,
            server,
            clock,
            Fallback { partner: Box::new(Nobody), name, voiced: false },
        )
    }

    /// Counts usage with `meter`.
    #[must_use]
    pub fn metered(self, meter: Meter) -> Self {
        Self { meter, ..self }
    }

    fn perform(&mut self, acts: Vec<Act>) {
        let mut acts = VecDeque::from(acts);
        while let Some(act) = acts.pop_front() {
            let stuck = match act {
                Act::Dial { socket, dialect } => {
                    let made = Socket::dial(&self.server, socket, dialect, self.mouth.clone());
                    self.sockets.insert(socket, made);
                    None
                }
                Act::Send { socket, text } => {
                    let to = self.sockets.get(&socket);
                    to.filter(|to| to.send(text).is_err()).map(|_| socket)
                }
                Act::Ping(socket) => {
                    let to = self.sockets.get(&socket);
                    to.filter(|to| to.ping().is_err()).map(|_| socket)
                }
                Act::Hang(socket) => {
                    if let Some(made) = self.sockets.remove(&socket) {
                        made.close();
                    }
                    None
                }
                Act::Say(said) => {
                    self.said.push_back(said);
                    None
                }
                Act::Fall(order) => {
                    self.fallback.order(order);
                    None
                }
                Act::Count { model, usage } => {
                    self.meter.count(&format!("{}/{model}", self.provider), usage);
                    None
                }
                Act::Limits(limits) => {
                    self.meter.limits(&self.provider, limits);
                    None
                }
            };
            if let Some(socket) = stuck {
                self.sockets.remove(&socket);
                let mut more = Vec::new();
                let now = self.clock.now();
                self.line.handle(now, socket, SocketEvent::Closed(None), &mut more);
                acts.extend(more);
            }
        }
    }
}

impl Partner for Realtime {
    fn hears(&self) -> bool {
        self.talks
    }

    fn streams(&self) -> bool {
        true
    }

    fn writes(&self) -> bool {
        self.transcribes
    }

    fn order(&mut self, order: Order) {
        let mut acts = Vec::new();
        self.line.order(self.clock.now(), order, &mut acts);
        self.perform(acts);
    }

    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Some(said) = self.said.pop_front() {
                    return said;
                }
                let deadline = self.line.deadline().map(|moment| self.clock.instant(moment));
                let mut acts = Vec::new();
                let Self { line, clock, inbox, fallback, .. } = self;
                // Each branch is cancel-safe.
                tokio::select! {
                    biased;
                    Some((socket, event)) = inbox.recv() => {
                        line.handle(clock.now(), socket, event, &mut acts);
                    }
                    said = fallback.said() => line.stand_in(clock.now(), said, &mut acts),
                    () = sleep_until(deadline) => line.tick(clock.now(), &mut acts),
                }
                self.perform(acts);
            }
        })
    }
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
