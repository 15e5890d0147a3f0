//! Websockets: one task per connection.

use std::io::{self, ErrorKind};
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};

use super::super::refusal::{ADDRESS, no_access};
use super::super::{Address, Auth, Http};
use super::{Dialect, SocketEvent, SocketId};
use crate::engine::EngineError;
use crate::net::{self, TlsFault};

/// Messages waiting to be sent: more than the longest utterance in pieces of 100 ms. A connection
/// with more than that is stuck, and counts as broken.
const OUTBOX: usize = 2_048;

/// Messages waiting to be read. When it is full the server is not read any further: a reply far
/// ahead of what was heard costs no memory.
pub(super) const INBOX: usize = 1_024;

/// Time limit for connecting, including the key and the greeting of the other side.
const CONNECT: Duration = Duration::from_secs(9);

/// Time limit for closing.
const FAREWELL: Duration = Duration::from_secs(1);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where sessions are opened, and how to authenticate.
#[derive(Clone, Debug)]
pub struct Server {
    url: Url,
    auth: Auth,
    provider: String,
    /// Where the user keeps the key, for messages.
    key_place: Option<String>,
    /// Whether a key is made for each session, so that the user's own never goes to the websocket.
    secrets: Option<(Http, String)>,
    /// Whether it may require the old dialect to be announced, and whether it certainly does.
    asks_beta: bool,
    beta: bool,
}

impl Server {
    /// The server of `provider` at `address`.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when a websocket cannot have this address.
    pub fn new(
        provider: &str,
        address: &Address,
        model: &str,
        auth: Auth,
    ) -> Result<Self, EngineError> {
        let mut url = address.of("realtime", None);
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        if url.set_scheme(scheme).is_err() {
            let why =
                format!("provider {provider}: its base_url is not an http or https URL; fix it");
            return Err(EngineError::Refused(why));
        }
        let dated = matches!(address, Address::Dated { .. });
        let key = if dated { "deployment" } else { "model" };
        url.query_pairs_mut().append_pair(key, model);
        // OpenAI's own refuses clients that announce the old dialect.
        let own = url.host_str() == Some("api.openai.com");
        let provider = provider.to_owned();
        let (key_place, secrets) = (None, None);
        Ok(Self { url, auth, provider, key_place, secrets, asks_beta: !own, beta: dated })
    }

    /// Names where the key is kept (such as a variable) when the provider rejects it.
    #[must_use]
    pub fn key_from(self, place: Option<String>) -> Self {
        Self { key_place: place, ..self }
    }

    /// Opens each session with a key of its own, made with `http` for `model`.
    #[must_use]
    pub fn with_secrets(self, http: Http, model: &str) -> Self {
        Self { secrets: Some((http, model.to_owned())), ..self }
    }

    /// Sets the `intent` of sessions, in place of a model.
    #[must_use]
    pub fn intended(mut self, intent: &str) -> Self {
        self.url.set_query(Some(&format!("intent={intent}")));
        self
    }

    /// The URL of the websocket.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Connects.
    ///
    /// # Errors
    /// For the user.
    pub(super) async fn connect(&self, dialect: Option<Dialect>) -> Result<Stream, EngineError> {
        // Getting the key may take a word from the user first.
        let auth = self.auth.known().await?;
        let made = tokio::time::timeout(CONNECT, self.connect_patiently(auth, dialect)).await;
        made.unwrap_or_else(|_| Err(self.unreachable("did not answer in time")))
    }

    async fn connect_patiently(
        &self,
        auth: Auth,
        dialect: Option<Dialect>,
    ) -> Result<Stream, EngineError> {
        let auth = match &self.secrets {
            None => auth,
            Some((http, model)) => Auth::Bearer(secret(http, model).await?),
        };
        let beta = self.beta || dialect == Some(Dialect::Beta);
        let first = dial(self.request(&auth, beta)?).await;
        let refused = |error: &tungstenite::Error| {
            let tungstenite::Error::Http(answer) = error else { return false };
            matches!(answer.status().as_u16(), 400 | 404 | 426)
        };
        match first {
            Ok(stream) => Ok(stream),
            // Some servers of the old dialect require it to be announced.
            Err(error) if refused(&error) && !beta && dialect.is_none() && self.asks_beta => {
                dial(self.request(&auth, true)?).await.map_err(|_| self.refusal(&error))
            }
            Err(error) => Err(self.refusal(&error)),
        }
    }

    fn request(&self, auth: &Auth, beta: bool) -> Result<Request, EngineError> {
        let mut request =
            self.url.as_str().into_client_request().map_err(|_| {
                self.unreachable("has an address that is not valid for a websocket")
            })?;
        if let Some((name, value)) = auth.header(&self.provider)? {
            request.headers_mut().insert(name, value);
        }
        if beta {
            let value = HeaderValue::from_static("realtime=v1");
            request.headers_mut().insert(HeaderName::from_static("openai-beta"), value);
        }
        Ok(request)
    }

    fn unreachable(&self, why: &str) -> EngineError {
        let (provider, host) = (&self.provider, self.url.host_str().unwrap_or_default());
        EngineError::Unreachable(format!(
            "provider {provider} ({host}) {why}; check the network and its base_url"
        ))
    }

    fn refusal(&self, error: &tungstenite::Error) -> EngineError {
        let provider = &self.provider;
        let tungstenite::Error::Http(answer) = error else {
            tracing::debug!("no connection: {error:?}");
            // No certificate authorities were found.
            let none =
                matches!(error, tungstenite::Error::Io(io) if io.kind() == ErrorKind::NotFound);
            let fault = if none { Some(TlsFault::NoAuthorities) } else { TlsFault::of(error) };
            let why = fault.map(|fault| fault.tell(ADDRESS));
            let host = self.url.host_str().unwrap_or_default();
            return why.map_or_else(
                || self.unreachable("cannot be reached"),
                |why| EngineError::Refused(format!("provider {provider} ({host}) {why}")),
            );
        };
        match answer.status().as_u16() {
            401 => {
                let keyed = !matches!(self.auth, Auth::None);
                EngineError::Refused(no_access(provider, keyed, self.key_place.as_deref()))
            }
            403 => EngineError::Refused(format!(
                "provider {provider} does not allow realtime sessions; check the account"
            )),
            status @ (429 | 500..) => EngineError::Overloaded {
                message: format!(
                    "provider {provider} returned an error ({status}); try again later"
                ),
                retry_after: None,
            },
            status => EngineError::Refused(format!(
                "provider {provider} has no realtime sessions there ({status}); check [realtime] model and base_url"
            )),
        }
    }
}

async fn dial(request: Request) -> Result<Stream, tungstenite::Error> {
    let connector = if request.uri().scheme_str() == Some("wss") {
        let none = || io::Error::from(ErrorKind::NotFound);
        Connector::Rustls(net::trusted().await.ok_or_else(none)?)
    } else {
        Connector::Plain
    };
    // Small messages that somebody waits for: each is sent immediately.
    let no_delay = true;
    connect_async_tls_with_config(request, None, no_delay, Some(connector)).await.map(|made| made.0)
}

/// A key for one session.
async fn secret(http: &Http, model: &str) -> Result<String, EngineError> {
    #[derive(Deserialize)]
    struct Secret {
        value: String,
    }
    let body = json!({ "session": { "type": "realtime", "model": model } });
    let response = http.post("realtime/client_secrets", None, &body).await?;
    let secret: Secret = http.json(response).await?;
    Ok(secret.value)
}

/// A connection, open or opening. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Socket {
    to: Sender<Outgoing>,
    /// `None` for one that ends by itself.
    task: Option<AbortHandle>,
}

#[derive(Debug)]
enum Outgoing {
    Text(String),
    Ping,
    Close,
}

/// The connection is stuck.
pub(super) struct Stuck;

impl Socket {
    /// Opens a connection; its events go to `inbox` under the id `id`.
    pub(super) fn dial(
        server: &Server,
        id: SocketId,
        dialect: Option<Dialect>,
        inbox: Sender<(SocketId, SocketEvent)>,
    ) -> Self {
        let (to, outbox) = mpsc::channel(OUTBOX);
        let server = server.clone();
        let task = tokio::spawn(async move {
            let end = match server.connect(dialect).await {
                Err(error) => SocketEvent::Failed(error),
                Ok(stream) => {
                    if inbox.send((id, SocketEvent::Open)).await.is_err() {
                        return;
                    }
                    let (sink, stream) = stream.split();
                    tokio::select! {
                        code = read(stream, id, &inbox) => SocketEvent::Closed(code),
                        () = write(sink, outbox) => SocketEvent::Closed(None),
                    }
                }
            };
            // If nobody reads, the partner is gone.
            let _ = inbox.send((id, end)).await;
        });
        Self { to, task: Some(task.abort_handle()) }
    }

    pub(super) fn send(&self, text: String) -> Result<(), Stuck> {
        self.to.try_send(Outgoing::Text(text)).map_err(|_| Stuck)
    }

    pub(super) fn ping(&self) -> Result<(), Stuck> {
        self.to.try_send(Outgoing::Ping).map_err(|_| Stuck)
    }

    /// Closes it; the task ends by itself.
    pub(super) fn close(mut self) {
        if self.to.try_send(Outgoing::Close).is_ok() {
            self.task = None;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn write(mut sink: SplitSink<Stream, Message>, mut outbox: Receiver<Outgoing>) {
    while let Some(first) = outbox.recv().await {
        let mut next = Some(first);
        // Everything waiting goes out together.
        while let Some(outgoing) = next {
            let message = match outgoing {
                Outgoing::Text(text) => Message::text(text),
                Outgoing::Ping => Message::Ping(Default::default()),
                Outgoing::Close => {
                    let _ = tokio::time::timeout(FAREWELL, sink.close()).await;
                    return;
                }
            };
            if sink.feed(message).await.is_err() {
                return;
            }
            next = outbox.try_recv().ok();
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

/// Reads until the end; returns the other side's close code.
async fn read(
    mut stream: SplitStream<Stream>,
    id: SocketId,
    inbox: &Sender<(SocketId, SocketEvent)>,
) -> Option<u16> {
    while let Some(Ok(message)) = stream.next().await {
        let event = match message {
            Message::Text(text) => SocketEvent::Text(text.to_string()),
            Message::Pong(_) | Message::Ping(_) => SocketEvent::Pong,
            Message::Close(frame) => return frame.map(|frame| u16::from(frame.code)),
            // The protocol does not use these.
            Message::Binary(_) | Message::Frame(_) => continue,
        };
        if inbox.send((id, event)).await.is_err() {
            return None;
        }
    }
    None
}
