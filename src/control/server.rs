use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use futures::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::wire::{Answer, LINE_LIMIT, Line};
use crate::drive::{Event, Handle};

/// The socket could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another service holds it.
    #[error("a service is already running (socket {0}); stop it with \"aloud quit\"")]
    Taken(PathBuf),
    /// The file system said no.
    #[error("cannot open the control socket {path}: {error}")]
    Io {
        /// Where it was to be.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// The listening socket. Removed from the file system when dropped, unless systemd handed it in.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: Option<PathBuf>,
    /// Held for as long as the service runs: the lock, not the socket file, says who serves, so
    /// that a socket left behind by a crash is taken over and a live one is not.
    _lock: std::fs::File,
}

impl Server {
    /// Takes the socket at `path`, whose folder is made with mode 700 where it is missing.
    ///
    /// # Errors
    /// [`BindError::Taken`] when a service runs already.
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
    pub async fn serve(&self, handle: Handle) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(talk(stream, handle.clone()))),
                Err(error) => {
                    // Out of descriptors, most likely: yield and go on rather than spin or end.
                    tracing::warn!(%error, "a client could not be let in");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing to be done when it is gone already.
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

async fn talk(stream: UnixStream, handle: Handle) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE_LIMIT));
    while let Some(line) = lines.next().await {
        let answer = match line {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => match Line::parse(&line) {
                Ok(Line::Ask(request)) => match handle.ask(request).await {
                    Ok(()) => Answer::done(),
                    Err(refusal) => Answer::refused(refusal),
                },
                Ok(Line::Status) => {
                    Answer { status: serde_json::to_value(handle.state()).ok(), ..Answer::done() }
                }
                Ok(Line::Events) => return stream_events(lines, handle).await,
                Err(why) => Answer::refused(why),
            },
            Err(LinesCodecError::MaxLineLengthExceeded) => {
                let why = format!("a line of more than {LINE_LIMIT} bytes; send shorter lines");
                let _ = send(&mut lines, &Answer::refused(why)).await;
                return;
            }
            Err(LinesCodecError::Io(_)) => return,
        };
        if send(&mut lines, &answer).await.is_err() {
            return;
        }
    }
}

async fn stream_events(mut lines: Framed<UnixStream, LinesCodec>, handle: Handle) {
    let (state, mut events) = handle.watch();
    if send(&mut lines, &Event::State(state)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            event = events.recv() => {
                let event = match event {
                    Ok(event) => event,
                    Err(RecvError::Lagged(count)) => Event::Missed { count },
                    Err(RecvError::Closed) => return,
                };
                let last = event == Event::Ending;
                if send(&mut lines, &event).await.is_err() || last {
                    return;
                }
            }
            // A reader says nothing; what comes is its end.
            said = lines.next() => if !matches!(said, Some(Ok(_))) { return },
        }
    }
}

async fn send<T: serde::Serialize>(
    lines: &mut Framed<UnixStream, LinesCodec>,
    value: &T,
) -> Result<(), LinesCodecError> {
    let text = serde_json::to_string(value).unwrap_or_default();
    lines.send(text).await
}
