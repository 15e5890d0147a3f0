use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::wire::{Answer, Line};
use crate::drive::Request;

/// How long the service may take to answer. One that systemd starts for us needs a moment until it
/// listens; a running one answers within milliseconds.
const ANSWER: Duration = Duration::from_secs(5);

/// How long words and a question to the user may wait for their turn, and take to be said and
/// answered, besides the wait for the answer.
const ASKING: Duration = Duration::from_secs(180);

/// How long reading a configuration may take: its models' files are looked at, on a slow disk.
const RELOAD: Duration = Duration::from_secs(15);

/// How long it may take to show that it is there, for callers that can go on without it.
const HELLO: Duration = Duration::from_millis(1_500);

/// Why a running service could not be controlled.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// None is running.
    #[error("the service is not running (socket {0}); start it with \"aloud daemon\"")]
    Absent(PathBuf),
    /// Something holds the socket and does not answer.
    #[error(
        "the service does not answer (socket {0}); look with \"systemctl --user status aloud\", and \
         start it again with \"systemctl --user restart aloud\""
    )]
    Silent(PathBuf),
    /// It refused.
    #[error("{0}")]
    Refused(String),
    /// The connection broke, or the other side does not speak this protocol.
    #[error("lost the connection to the service: {0}")]
    Broken(String),
}

/// One connection to a running service.
#[derive(Debug)]
pub struct Client {
    lines: Framed<UnixStream, LinesCodec>,
    path: PathBuf,
}

impl Client {
    /// Connects to the service at `path`.
    ///
    /// # Errors
    /// [`ClientError::Absent`] when none runs there.
    pub async fn connect(path: &Path) -> Result<Self, ClientError> {
        match UnixStream::connect(path).await {
            Ok(stream) => {
                let lines = Framed::new(stream, LinesCodec::new());
                Ok(Self { lines, path: path.to_owned() })
            }
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

    /// Connects to the service at `path` and makes sure that it answers: a socket held by the
    /// service manager may have none behind it.
    ///
    /// # Errors
    /// As [`Client::connect`], and [`ClientError::Silent`] when it does not answer.
    pub async fn reach(path: &Path) -> Result<Self, ClientError> {
        let mut client = Self::connect(path).await?;
        client.exchange(&Line::Status, HELLO).await?;
        Ok(client)
    }

    /// Sends a request and waits until it is taken up.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the service's own words.
    pub async fn ask(&mut self, request: Request) -> Result<(), ClientError> {
        self.exchange(&Line::Ask(request), ANSWER).await.map(drop)
    }

    /// Has the service speak `text`, and waits until the user has heard it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when they have not heard all of it; otherwise as [`Client::ask`].
    pub async fn say(&mut self, text: String) -> Result<(), ClientError> {
        self.exchange(&Line::Say { text }, ASKING).await.map(drop)
    }

    /// Has the service ask the user `text` aloud, and returns what they say within `timeout_s`
    /// seconds after it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the reason when there is no answer; otherwise as
    /// [`Client::ask`].
    pub async fn ask_user(&mut self, text: String, timeout_s: u32) -> Result<String, ClientError> {
        let patience = Duration::from_secs(timeout_s.into()) + ASKING;
        let answer = self.exchange(&Line::AskUser { text, timeout_s }, patience).await?;
        Ok(answer.heard.unwrap_or_default())
    }

    /// Has the service reload its configuration, and waits until it is found to be valid.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn reload(&mut self) -> Result<(), ClientError> {
        self.exchange(&Line::Reload, RELOAD).await.map(drop)
    }

    /// The state, as the service wrote it.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn status(&mut self) -> Result<serde_json::Value, ClientError> {
        let answer = self.exchange(&Line::Status, ANSWER).await?;
        answer.status.ok_or_else(|| ClientError::Broken("a status without a state".into()))
    }

    /// Starts the event stream and returns the first event, the full state; read the others with
    /// [`Client::event`].
    ///
    /// # Errors
    /// When the connection is gone, or [`ClientError::Silent`].
    pub async fn watch(&mut self) -> Result<String, ClientError> {
        self.line(&Line::Events, ANSWER).await
    }

    /// The next event as the service wrote it; `None` when the service ended.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn event(&mut self) -> Result<Option<String>, ClientError> {
        self.lines.next().await.transpose().map_err(broken)
    }

    async fn exchange(&mut self, line: &Line, patience: Duration) -> Result<Answer, ClientError> {
        let answer: Answer = serde_json::from_str(&self.line(line, patience).await?)
            .map_err(|error| ClientError::Broken(error.to_string()))?;
        match answer.error {
            Some(why) if !answer.ok => Err(ClientError::Refused(why)),
            Some(_) | None => Ok(answer),
        }
    }

    /// Sends a line and waits for the next one.
    async fn line(&mut self, line: &Line, patience: Duration) -> Result<String, ClientError> {
        let answered = async {
            self.lines.send(line.print()).await.map_err(broken)?;
            match self.lines.next().await {
                Some(reply) => reply.map_err(broken),
                None => Err(ClientError::Broken("no answer".into())),
            }
        };
        match tokio::time::timeout(patience, answered).await {
            Ok(answered) => answered,
            Err(_) => Err(ClientError::Silent(self.path.clone())),
        }
    }
}

fn broken(error: LinesCodecError) -> ClientError {
    ClientError::Broken(error.to_string())
}
