use std::io;
use std::path::{Path, PathBuf};

use futures::{SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::wire::{Answer, Line};
use crate::drive::Request;

/// Why a running service could not be driven.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// None runs.
    #[error("the service is not running (socket {0}); start it with \"aloud daemon\"")]
    Absent(PathBuf),
    /// It said no.
    #[error("{0}")]
    Refused(String),
    /// It went away, or does not speak this wire.
    #[error("lost the connection to the service: {0}")]
    Broken(String),
}

/// One connection to a running service.
#[derive(Debug)]
pub struct Client {
    lines: Framed<UnixStream, LinesCodec>,
}

impl Client {
    /// Connects to the service at `path`.
    ///
    /// # Errors
    /// [`ClientError::Absent`] when none runs there.
    pub async fn connect(path: &Path) -> Result<Self, ClientError> {
        match UnixStream::connect(path).await {
            Ok(stream) => Ok(Self { lines: Framed::new(stream, LinesCodec::new()) }),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Err(ClientError::Absent(path.to_owned()))
            }
            Err(error) => Err(ClientError::Broken(error.to_string())),
        }
    }

    /// Asks for something and waits until it is taken up.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the service's own word.
    pub async fn ask(&mut self, request: Request) -> Result<(), ClientError> {
        self.exchange(&Line::Ask(request)).await.map(drop)
    }

    /// How things stand, as the service wrote it.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn status(&mut self) -> Result<serde_json::Value, ClientError> {
        let answer = self.exchange(&Line::Status).await?;
        answer.status.ok_or_else(|| ClientError::Broken("a status without a state".into()))
    }

    /// Starts the stream of events; read it with [`Client::event`].
    ///
    /// # Errors
    /// When the line is gone.
    pub async fn watch(&mut self) -> Result<(), ClientError> {
        self.lines.send(Line::Events.print()).await.map_err(broken)
    }

    /// The next event as the service wrote it; `None` when the service ended.
    ///
    /// # Errors
    /// When the line is gone.
    pub async fn event(&mut self) -> Result<Option<String>, ClientError> {
        self.lines.next().await.transpose().map_err(broken)
    }

    async fn exchange(&mut self, line: &Line) -> Result<Answer, ClientError> {
        self.lines.send(line.print()).await.map_err(broken)?;
        let Some(reply) = self.lines.next().await else {
            return Err(ClientError::Broken("no answer".into()));
        };
        let answer: Answer = serde_json::from_str(&reply.map_err(broken)?)
            .map_err(|error| ClientError::Broken(error.to_string()))?;
        match answer.error {
            Some(why) if !answer.ok => Err(ClientError::Refused(why)),
            Some(_) | None => Ok(answer),
        }
    }
}

fn broken(error: LinesCodecError) -> ClientError {
    ClientError::Broken(error.to_string())
}
