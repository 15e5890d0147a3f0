//! `publish`: a message to a topic of an MQTT broker, see <https://mqtt.org/mqtt-specification/>.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{
    ConnAck, Connect, ConnectReturnCode, Disconnect, Login, Packet, Publish,
};
use rumqttc::mqttbytes::{self, QoS};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Settings, Tool, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;
use crate::net::{self, TlsFault};

/// How long the broker may take, from connecting to its word that it has the message.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest message, in bytes.
const MOST: usize = 10_000;

/// The broker, and what may be sent there.
#[derive(Clone)]
pub struct MqttSettings {
    /// The broker's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The user's name there.
    pub user: Option<String>,
    /// The password, or a sentence that says why there is none.
    pub password: Result<Option<String>, String>,
    /// The topics, by the names that are said.
    pub topics: BTreeMap<String, String>,
}

/// Without the password.
impl std::fmt::Debug for MqttSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, user, topics, .. } = self;
        f.debug_struct("MqttSettings")
            .field("host", host)
            .field("port", port)
            .field("user", user)
            .field("topics", topics)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Wish {
    topic: String,
    message: String,
}

/// `publish`; none without a broker and topics.
pub(crate) fn tool(settings: &Settings) -> Option<Arc<dyn Tool>> {
    let settings = Arc::new(settings.mqtt.clone()?);
    let names: Vec<&String> = settings.topics.keys().collect();
    if names.is_empty() {
        return None;
    }
    let schema = arguments(
        &["topic", "message"],
        json!({
            "topic": {
                "type": "string", "enum": names,
                "description": "Where to, by the user's name for it.",
            },
            "message": {
                "type": "string", "maxLength": MOST,
                "description": "What to send, as the device expects it: \"ON\".",
            },
        }),
    );
    let clients = Arc::new(AtomicU64::new(0));
    Some(function(
        "publish",
        "Sends a message to a device or program of the user's, by MQTT.",
        Effect::Writes,
        schema,
        move |wish: Wish, _| {
            let (settings, clients) = (Arc::clone(&settings), Arc::clone(&clients));
            async move {
                // Two clients of one name would throw each other out.
                let number = clients.fetch_add(1, Ordering::Relaxed);
                let client = format!("aloud-{}-{number}", std::process::id());
                publish(&settings, client, wish).await
            }
        },
    ))
}

async fn publish(
    settings: &MqttSettings,
    client: String,
    Wish { topic, message }: Wish,
) -> Result<ToolOutput, ToolError> {
    let host = &settings.host;
    let told = |why: &str| ToolError::Tell(format!("I could not send that: {why}."));
    let Some(path) = settings.topics.get(&topic) else {
        return Err(told(&format!("no topic is called {topic}")));
    };
    let password = settings.password.clone().map_err(ToolError::Tell)?;
    let mut connect = Connect::new(client);
    if settings.user.is_some() || password.is_some() {
        let user = settings.user.clone().unwrap_or_default();
        connect.login = Some(Login::new(user, password.unwrap_or_default()));
    }
    let mut publish = Publish::new(path, QoS::AtLeastOnce, message.clone());
    publish.pkid = 1;
    let sent = async {
        let stream =
            TcpStream::connect((host.as_str(), settings.port)).await.map_err(Fault::Lost)?;
        match settings.tls {
            false => deliver(stream, &connect, &publish).await,
            true => {
                let secured = net::secured(host, stream).await;
                let stream = secured.map_err(|error| error.map_or_else(Fault::Lost, Fault::Tls))?;
                deliver(stream, &connect, &publish).await
            }
        }
    };
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => return Err(told(&fault.tell(host))),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Err(told(&format!("{host} did not answer in {seconds} seconds")));
        }
    }
    let say = format!("Sent {message} to {topic}.");
    Ok(ToolOutput::new(json!({"topic": path, "message": message, "sent": true}), say))
}

/// Sends one message, and waits for the broker's word that it has it.
async fn deliver(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connect: &Connect,
    publish: &Publish,
) -> Result<(), Fault> {
    let mut out = BytesMut::new();
    connect.write(&mut out).map_err(|_| Fault::TooLong)?;
    publish.write(&mut out).map_err(|_| Fault::TooLong)?;
    stream.write_all(&out).await.map_err(Fault::Lost)?;
    stream.flush().await.map_err(Fault::Lost)?;
    let mut come = BytesMut::new();
    loop {
        match Packet::read(&mut come, 2 * MOST) {
            Ok(Packet::ConnAck(ConnAck { code: ConnectReturnCode::Success, .. })) => {}
            Ok(Packet::ConnAck(ConnAck { code, .. })) => return Err(Fault::Refused(code)),
            Ok(Packet::PubAck(_)) => break,
            Ok(_) => {}
            Err(mqttbytes::Error::InsufficientBytes(_)) => {
                let read = stream.read_buf(&mut come).await.map_err(Fault::Lost)?;
                if read == 0 {
                    return Err(Fault::Lost(io::ErrorKind::UnexpectedEof.into()));
                }
            }
            Err(_) => return Err(Fault::Nonsense),
        }
    }
    // A client that just goes away is taken for one that was lost; the message is there all the same.
    let mut out = BytesMut::new();
    if Disconnect.write(&mut out).is_ok() && stream.write_all(&out).await.is_ok() {
        let _ = stream.shutdown().await;
    }
    Ok(())
}

/// Why a message was not sent.
enum Fault {
    Lost(io::Error),
    Tls(TlsFault),
    Refused(ConnectReturnCode),
    TooLong,
    Nonsense,
}

impl Fault {
    /// Why `host` did not get it, with the next step.
    fn tell(self, host: &str) -> String {
        match self {
            Self::Lost(error) => format!(
                "{host} is not reached ({error}). Check url under tools.mqtt, and whether the broker runs"
            ),
            Self::Tls(fault) => format!("{host} {}", fault.tell("url under tools.mqtt")),
            Self::Refused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ) => format!(
                "{host} does not take the user or the password. Check user and password_file under tools.mqtt"
            ),
            Self::Refused(code) => format!("{host} did not take it ({code:?})"),
            Self::TooLong => "it is too long".to_owned(),
            Self::Nonsense => format!(
                "{host} answers as no broker does. Check url under tools.mqtt: mqtts:// if it is encrypted"
            ),
        }
    }
}
