//! The strict server over real sockets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aloud::base::{Clock, Moment};
use aloud::engine::openai::realtime::Dialect;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::strict::{Brain, Manners, Strict};

/// A running server. Its sessions are kept for inspection when they are over.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) seen: Arc<Mutex<Seen>>,
    drops: Arc<Notify>,
    secure: bool,
}

/// What it has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Path and headers of each connection.
    pub(crate) requests: Vec<(String, HashMap<String, String>)>,
    pub(crate) sessions: Vec<Arc<Mutex<Strict>>>,
    /// When each piece of sound was sent.
    pub(crate) sounds: Vec<Moment>,
}

/// How it behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) dialect: Dialect,
    /// Accepts only clients that announce the old dialect.
    pub(crate) wants_beta: bool,
    /// Refuses every key but this one.
    pub(crate) key: Option<&'static str>,
}

impl Host {
    /// A server on the loopback.
    pub(crate) fn start(house: House, brain: fn() -> Brain) -> Self {
        Self::with(house, brain, Manners::default(), None)
    }

    /// The same with its own manners, and with TLS if given.
    pub(crate) fn with(
        house: House,
        brain: fn() -> Brain,
        manners: Manners,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let secure = tls.is_some();
        let clock = Clock::start();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&seen);
        let drops = Arc::new(Notify::new());
        let dropped = Arc::clone(&drops);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    stream.set_nodelay(true).unwrap();
                    let seen = Arc::clone(&shared);
                    let session = move || Strict::new(house.dialect, brain()).with(manners);
                    let (tls, dropped) = (tls.clone(), Arc::clone(&dropped));
                    tokio::spawn(async move {
                        let attended = async {
                            match tls {
                                None => attend(stream, house, clock, session, seen).await,
                                // A client that does not trust the certificate disconnects here.
                                Some(tls) => {
                                    if let Ok(stream) = tls.accept(stream).await {
                                        attend(stream, house, clock, session, seen).await;
                                    }
                                }
                            }
                        };
                        tokio::select! {
                            () = attended => {}
                            () = dropped.notified() => {}
                        }
                    });
                }
            });
        });
        Self { address, clock, seen, drops, secure }
    }

    /// Drops every connection without a close frame.
    pub(crate) fn drop_lines(&self) {
        self.drops.notify_waiters();
    }

    /// Its base URL.
    pub(crate) fn base(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// The same without a path.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.address)
    }

    /// The complaints of its sessions.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.sessions.iter().flat_map(|session| session.lock().unwrap().faults.clone()).collect()
    }

    /// The newest session.
    pub(crate) fn session(&self) -> Arc<Mutex<Strict>> {
        Arc::clone(self.seen.lock().unwrap().sessions.last().unwrap())
    }
}

#[expect(clippy::result_large_err, reason = "the callback of a handshake has this type")]
async fn attend(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    house: House,
    clock: Clock,
    session: impl FnOnce() -> Strict,
    seen: Arc<Mutex<Seen>>,
) {
    let log = Arc::clone(&seen);
    let greet = move |request: &Request, response: Response| {
        let headers: HashMap<String, String> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let beta = headers.get("openai-beta").is_some_and(|beta| beta == "realtime=v1");
        let bearer = headers.get("authorization").and_then(|key| key.strip_prefix("Bearer "));
        // Azure takes its keys in a header of its own.
        let azure = request.uri().path().starts_with("/openai/");
        let key = if azure { headers.get("api-key").map(String::as_str) } else { bearer };
        let key = key.unwrap_or_default().to_owned();
        log.lock().unwrap().requests.push((request.uri().to_string(), headers));
        let refuse = |status: StatusCode| {
            let mut response = ErrorResponse::new(None);
            *response.status_mut() = status;
            Err(response)
        };
        if house.key.is_some_and(|wanted| key != wanted) {
            return refuse(StatusCode::UNAUTHORIZED);
        }
        if house.wants_beta && !beta {
            return refuse(StatusCode::BAD_REQUEST);
        }
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, greet).await else { return };
    let session = {
        let mut seen = seen.lock().unwrap();
        let (uri, _) = seen.requests.last().unwrap();
        let mut session = session();
        session.writes = uri.contains("intent=transcription");
        let session = Arc::new(Mutex::new(session));
        seen.sessions.push(Arc::clone(&session));
        session
    };
    let (mut sink, mut stream) = socket.split();
    let greeting = session.lock().unwrap().greet();
    sink.send(Message::text(greeting)).await.unwrap();
    loop {
        let deadline = session.lock().unwrap().deadline();
        let deadline = deadline.map(|at| clock.instant(at));
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => session.lock().unwrap().receive(clock.now(), &text),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            () = sleep_until(deadline) => {}
        }
        let out = session.lock().unwrap().poll(clock.now());
        for message in out {
            if message.contains("audio.delta\"") {
                seen.lock().unwrap().sounds.push(clock.now());
            }
            if sink.send(Message::text(message)).await.is_err() {
                return;
            }
        }
    }
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// How long a test waits for what is quick on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
