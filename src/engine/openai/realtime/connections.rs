//! The connections of a line: opened on demand, monitored, replaced between turns, and reopened
//! when lost.

use std::time::Duration;

use super::Dialect;
use super::act::{Act, SocketId};
use super::session::Session;
use crate::base::Moment;
use crate::engine::EngineError;

/// How long a connection may take to be made.
const DIALING: Duration = Duration::from_secs(10);

/// Silence of a server after which it is pinged, and the wait for its answer; shorter while
/// somebody is waiting for it.
const SILENCE: Duration = Duration::from_secs(20);
const WAITED: Duration = Duration::from_secs(4);
const PONG: Duration = Duration::from_secs(5);

/// The age at which a fresh session is opened beside the old one. Servers end sessions at 60
/// minutes.
const REFRESH: Duration = Duration::from_secs(55 * 60);

/// How often a lost or refused connection is retried, and the first wait, which doubles: as in the
/// vendor's own clients.
const TRIES: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// A connection and its session, once the server has greeted.
pub(super) struct Connection {
    pub(super) socket: SocketId,
    pub(super) since: Moment,
    pub(super) session: Option<Session>,
    pub(super) ready: bool,
    /// When something last arrived, and when the server was last pinged.
    heard: Moment,
    pinged: Option<Moment>,
}

/// What to do about a connection whose server is silent.
pub(super) enum Silence {
    /// Not too long yet.
    Bearable,
    /// It could not be opened.
    Unmade,
    /// The server was pinged.
    Asked,
    /// The server is gone.
    Gone,
}

impl Connection {
    /// Something arrived.
    pub(super) fn hear(&mut self, now: Moment) {
        (self.heard, self.pinged) = (now, None);
    }

    /// How long its server may stay silent; shorter while somebody `waits`.
    fn due(&self, waits: bool) -> Moment {
        if self.session.is_none() {
            return self.since + DIALING;
        }
        let silence = if waits { WAITED } else { SILENCE };
        self.pinged.map_or(self.heard + silence, |pinged| pinged + PONG)
    }

    fn is_old(&self, now: Moment) -> bool {
        self.ready && self.since + REFRESH <= now
    }
}

/// The active connection, a fresh one beside it, and what was learned about opening one.
pub(super) struct Connections {
    live: Option<Connection>,
    next: Option<Connection>,
    /// Connections opened since the start.
    made: u32,
    /// The dialect to announce.
    dialect: Option<Dialect>,
    tries: u32,
    again: Option<Moment>,
    /// Why none is available, and until when none is tried.
    down: Option<(EngineError, Moment)>,
    /// Why the last try failed.
    why: Option<EngineError>,
}

impl Connections {
    /// No connection, and none being opened.
    pub(super) const fn new(dialect: Option<Dialect>) -> Self {
        let (made, tries) = (0, 0);
        Self { live: None, next: None, made, dialect, tries, again: None, down: None, why: None }
    }

    /// Makes sure that one is open or being opened, unless none is available for now.
    pub(super) fn wake(&mut self, now: Moment, out: &mut Vec<Act>) {
        if let Some((_, until)) = &self.down {
            if now < *until {
                return;
            }
            self.down = None;
            self.tries = 0;
        }
        if self.again.is_none() {
            self.dial(now, out);
        }
    }

    /// Opens one if there is none.
    pub(super) fn dial(&mut self, now: Moment, out: &mut Vec<Act>) {
        if self.live.is_none() {
            self.live = Some(self.connect(now, out));
        }
    }

    fn connect(&mut self, now: Moment, out: &mut Vec<Act>) -> Connection {
        self.made += 1;
        let socket = SocketId(self.made);
        out.push(Act::Dial { socket, dialect: self.dialect });
        Connection { socket, since: now, session: None, ready: false, heard: now, pinged: None }
    }

    /// Opens what is due: the next try, and a fresh one beside an old one.
    pub(super) fn renew(&mut self, now: Moment, out: &mut Vec<Act>) {
        if self.again.is_some_and(|again| again <= now) {
            self.again = None;
            self.dial(now, out);
        }
        if self.next.is_none() && self.live.as_ref().is_some_and(|live| live.is_old(now)) {
            self.next = Some(self.connect(now, out));
        }
    }

    /// Replaces the old one with the fresh one, if it is ready.
    pub(super) fn exchange(&mut self, out: &mut Vec<Act>) {
        if let Some(next) = self.next.take_if(|next| next.ready)
            && let Some(old) = self.live.replace(next)
        {
            out.push(Act::Hang(old.socket));
        }
    }

    /// Closes all, because nobody speaks.
    pub(super) fn park(&mut self, out: &mut Vec<Act>) {
        let all = self.live.take().into_iter().chain(self.next.take());
        out.extend(all.map(|connection| Act::Hang(connection.socket)));
    }

    /// All connections, open or being opened.
    pub(super) fn sockets(&self) -> Vec<SocketId> {
        self.live.iter().chain(&self.next).map(|connection| connection.socket).collect()
    }

    pub(super) fn get(&mut self, socket: SocketId) -> Option<&mut Connection> {
        self.live.iter_mut().chain(&mut self.next).find(|made| made.socket == socket)
    }

    /// The active one, whether it is ready or not.
    pub(super) const fn live(&self) -> Option<&Connection> {
        self.live.as_ref()
    }

    /// The active session, once its server has greeted.
    pub(super) fn talking(&mut self) -> Option<(SocketId, &mut Session)> {
        let live = self.live.as_mut().filter(|live| live.ready)?;
        Some((live.socket, live.session.as_mut()?))
    }

    /// Checks whether a server is silent for too long, and pings it.
    pub(super) fn look_after(
        &mut self,
        now: Moment,
        socket: SocketId,
        waits: bool,
        out: &mut Vec<Act>,
    ) -> Silence {
        let Some(connection) = self.get(socket).filter(|made| made.due(waits) <= now) else {
            return Silence::Bearable;
        };
        if connection.session.is_none() {
            return Silence::Unmade;
        }
        if connection.pinged.is_some() {
            return Silence::Gone;
        }
        connection.pinged = Some(now);
        out.push(Act::Ping(socket));
        Silence::Asked
    }

    /// When something is due next: `waits` says that somebody waits for an answer, `swap` when a
    /// fresh one may take over.
    pub(super) fn deadline(&self, waits: bool, swap: Option<Moment>) -> Option<Moment> {
        let old = self.live.as_ref().filter(|live| live.ready && self.next.is_none());
        let fresh = self.next.as_ref().filter(|next| next.ready);
        let mut all = vec![self.again, old.map(|live| live.since + REFRESH), fresh.and(swap)];
        for connection in self.live.iter().chain(&self.next) {
            all.push(Some(connection.due(waits)));
            all.push(connection.session.as_ref().and_then(Session::deadline));
        }
        all.into_iter().flatten().min()
    }

    /// Removes one that is over; returns it if it was the active one. The active one goes on
    /// without a fresh one beside it; its own end will request another.
    pub(super) fn remove(&mut self, now: Moment, socket: SocketId) -> Option<Connection> {
        if self.next.take_if(|next| next.socket == socket).is_some() {
            if let Some(live) = &mut self.live {
                live.since = now;
            }
            return None;
        }
        self.live.take_if(|live| live.socket == socket)
    }

    /// Makes the fresh one active; returns which it is, if there is one, and whether it is ready.
    pub(super) fn promote(&mut self) -> Option<(SocketId, bool)> {
        let next = self.next.take()?;
        let which = (next.socket, next.ready);
        self.live = Some(next);
        Some(which)
    }

    /// Notes that the server speaks this dialect.
    pub(super) const fn learn(&mut self, dialect: Dialect) {
        self.dialect = Some(dialect);
    }

    /// The dialect to announce, if it is known.
    pub(super) const fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// A server has greeted on the active one.
    pub(super) fn greeted(&mut self) {
        (self.tries, self.again, self.down, self.why) = (0, None, None, None);
    }

    /// Delays the next one a little.
    pub(super) fn pause(&mut self, now: Moment) {
        self.again = Some(now + BACKOFF);
    }

    /// A try has failed: there will be another while one is `needed`.
    ///
    /// # Errors
    /// `error`, unchanged, when that was the last one.
    pub(super) fn retry(
        &mut self,
        now: Moment,
        error: EngineError,
        needed: bool,
    ) -> Result<(), EngineError> {
        if self.tries == TRIES {
            return Err(error);
        }
        self.why = Some(error);
        if needed || self.tries > 0 {
            self.again = Some(now + (BACKOFF * 2u32.pow(self.tries)).min(LONGEST));
        }
        self.tries += 1;
        Ok(())
    }

    /// None is available until then.
    pub(super) fn put_down(&mut self, error: EngineError, until: Moment) {
        (self.again, self.tries) = (None, 0);
        self.down = Some((error, until));
    }

    /// Why none is available for now.
    pub(super) fn down(&self) -> Option<&EngineError> {
        self.down.as_ref().map(|(error, _)| error)
    }

    /// Why the last try failed.
    pub(super) const fn why(&self) -> Option<&EngineError> {
        self.why.as_ref()
    }
}
