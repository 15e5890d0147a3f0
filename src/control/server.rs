use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, Framed};

use super::wire::{Answer, LINE_LIMIT, Line};
use crate::drive::{Event, Handle, Refusal};

/// Simultaneous clients: far more than keys, bars and scripts need, and few enough to leave the
/// engines their file descriptors. Further ones are told and disconnected.
const CLIENTS: usize = 128;

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another service holds it.
    #[error("a service is already running (socket {0}); stop it with \"aloud quit\"")]
    Taken(PathBuf),
    /// A file system error.
    #[error("cannot open the control socket {path}: {error}")]
    Io {
        /// The path.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
}

/// A request to reload the configuration, and where its answer goes.
pub type Reload = oneshot::Sender<Result<(), Refusal>>;

/// Whom the clients talk to: the driver of the moment, and whoever reloads the configuration.
#[derive(Clone, Debug)]
pub struct ServiceHandle {
    /// The driver; another one after a reload.
    pub driver: watch::Receiver<Handle>,
    /// Takes requests to reload.
    pub reloads: mpsc::Sender<Reload>,
}

impl ServiceHandle {
    /// The driver; between two of them, the next.
    pub async fn driver(&mut self) -> Handle {
        loop {
            let handle = self.driver.borrow_and_update().clone();
            if !handle.is_over() || self.driver.changed().await.is_err() {
                return handle;
            }
        }
    }

    /// The driver that takes over from the one of the moment; `None` at the end of the service.
    async fn next(&mut self) -> Option<Handle> {
        self.driver.changed().await.ok()?;
        Some(self.driver.borrow_and_update().clone())
    }

    async fn reload(&self) -> Result<(), Refusal> {
        let ending = || Refusal("the service is ending".into());
        let (reply, answer) = oneshot::channel();
        self.reloads.send(reply).await.map_err(|_| ending())?;
        answer.await.unwrap_or_else(|_| Err(ending()))
    }
}

/// The listening socket. Removed from the file system when dropped, unless systemd passed it in.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: Option<PathBuf>,
    /// Held while the service runs: the lock, not the socket file, says who serves, so a socket
    /// left behind by a crash is taken over and a live one is not.
    _lock: std::fs::File,
}

impl Server {
    /// Opens the socket at `path`; creates its folder with mode 700 if missing.
    ///
    /// # Errors
    /// [`BindError::Taken`] when a service is already running.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let fail = |error| BindError::Io { path: path.to_owned(), error };
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
        }
        let lock = take_lock(path)?;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(fail)?;
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(fail)?;
        Ok(Self { listener, path: Some(path.to_owned()), _lock: lock })
    }

    /// Takes over the socket that the service manager opened at `path`.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub fn inherit(
        listener: std::os::unix::net::UnixListener,
        path: &Path,
    ) -> Result<Self, BindError> {
        let fail = |error| BindError::Io { path: path.to_owned(), error };
        let lock = take_lock(path)?;
        listener.set_nonblocking(true).map_err(fail)?;
        let listener = UnixListener::from_std(listener).map_err(fail)?;
        Ok(Self { listener, path: None, _lock: lock })
    }

    /// Answers clients until dropped.
    pub async fn serve(&self, service: ServiceHandle) {
        let seats = Arc::new(Semaphore::new(CLIENTS));
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let seat = Arc::clone(&seats).try_acquire_owned().ok();
                    let service = service.clone();
                    drop(tokio::spawn(async move {
                        match seat {
                            Some(_seat) => talk(stream, service).await,
                            None => turn_away(stream).await,
                        }
                    }));
                }
                Err(error) => {
                    // Out of descriptors, most likely: yield and go on rather than spin or end.
                    tracing::warn!(%error, "a client could not connect");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing to do if it is already gone.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn take_lock(path: &Path) -> Result<std::fs::File, BindError> {
    let fail = |error| BindError::Io { path: path.to_owned(), error };
    let lock = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"))
        .map_err(fail)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(BindError::Taken(path.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(fail(error)),
    }
}

/// Lines as bytes: invalid UTF-8 is answered like any other bad line.
type Lines = Framed<UnixStream, AnyDelimiterCodec>;

fn lines(stream: UnixStream) -> Lines {
    let newline = || b"\n".to_vec();
    Framed::new(stream, AnyDelimiterCodec::new_with_max_length(newline(), newline(), LINE_LIMIT))
}

async fn turn_away(stream: UnixStream) {
    let why = format!("{CLIENTS} programs are connected already; close some of them");
    // A client that does not even take this is gone.
    let _ = send(&mut lines(stream), &Answer::refused(why)).await;
}

async fn talk(stream: UnixStream, mut service: ServiceHandle) {
    let mut lines = lines(stream);
    while let Some(line) = lines.next().await {
        let answer = match line.as_deref().map(str::from_utf8) {
            Ok(Ok(line)) if line.trim().is_empty() => continue,
            Ok(Ok(line)) => match Line::parse(line) {
                Ok(Line::Ask(request)) => {
                    match service.driver().await.ask_for_client(request).await {
                        Ok(()) => Answer::done(),
                        Err(refusal) => Answer::refused(refusal),
                    }
                }
                Ok(Line::Status) => {
                    let state = service.driver().await.state();
                    Answer { status: serde_json::to_value(state).ok(), ..Answer::done() }
                }
                Ok(Line::Events) => return stream_events(lines, service).await,
                Ok(Line::Say { text }) => {
                    let driver = service.driver().await;
                    let said = tokio::select! {
                        said = driver.say(text) => said,
                        // A client that leaves is not told; what it had said is still said.
                        _ = lines.next() => return,
                    };
                    said.map_or_else(Answer::refused, |()| Answer::done())
                }
                Ok(Line::AskUser { text, timeout_s }) => {
                    let driver = service.driver().await;
                    let patience = Duration::from_secs(timeout_s.into());
                    let asked = driver.ask_user(text, patience);
                    // A client that leaves or speaks up takes its question back.
                    let said = tokio::select! {
                        said = asked => said,
                        _ = lines.next() => return,
                    };
                    match said {
                        Ok(heard) => Answer { heard: Some(heard), ..Answer::done() },
                        Err(refusal) => Answer::refused(refusal),
                    }
                }
                Ok(Line::Reload) => match service.reload().await {
                    Ok(()) => Answer::done(),
                    Err(refusal) => Answer::refused(refusal),
                },
                Err(why) => Answer::refused(why),
            },
            Ok(Err(_)) => {
                Answer::refused("not a request: the line is not UTF-8 text; send JSON in UTF-8")
            }
            Err(AnyDelimiterCodecError::MaxChunkLengthExceeded) => {
                let why = format!("a line of more than {LINE_LIMIT} bytes; send shorter lines");
                let _ = send(&mut lines, &Answer::refused(why)).await;
                return;
            }
            Err(AnyDelimiterCodecError::Io(_)) => return,
        };
        if send(&mut lines, &answer).await.is_err() {
            return;
        }
    }
}

async fn stream_events(mut lines: Lines, mut service: ServiceHandle) {
    // After a reload another driver goes on.
    let mut driver = Some(service.driver().await);
    while let Some(handle) = driver {
        let (state, mut events) = handle.watch();
        // Holding the handle would hide the driver's end.
        drop(handle);
        if send(&mut lines, &Event::State(state)).await.is_err() {
            return;
        }
        driver = loop {
            tokio::select! {
                // The last event before the end.
                biased;
                event = events.recv() => {
                    let event = match event {
                        Ok(event) => event,
                        Err(RecvError::Lagged(count)) => Event::Missed { count },
                        Err(RecvError::Closed) => break service.next().await,
                    };
                    let last = event == Event::Ending;
                    if send(&mut lines, &event).await.is_err() || last {
                        return;
                    }
                }
                next = service.next() => break next,
                // A watching client sends nothing; anything that arrives is its end.
                said = lines.next() => if !matches!(said, Some(Ok(_))) { return },
            }
        };
    }
}

async fn send<T: serde::Serialize>(
    lines: &mut Lines,
    value: &T,
) -> Result<(), AnyDelimiterCodecError> {
    let text = serde_json::to_string(value).unwrap_or_default();
    lines.send(text).await
}
