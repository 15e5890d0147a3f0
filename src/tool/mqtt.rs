//! `publish`: a message to a topic of an MQTT broker, see <https://mqtt.org/mqtt-specification/>.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, MqttOptions, Outgoing, Packet, QoS,
};
use serde::Deserialize;
use serde_json::json;

use super::{Settings, Tool, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;

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
struct Publish {
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
        move |wish: Publish, _| {
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
    Publish { topic, message }: Publish,
) -> Result<ToolOutput, ToolError> {
    let host = &settings.host;
    let told = |why: &str| ToolError::Tell(format!("I could not send that: {why}."));
    let Some(path) = settings.topics.get(&topic) else {
        return Err(told(&format!("no topic is called {topic}")));
    };
    let password = settings.password.clone().map_err(ToolError::Tell)?;
    let mut options = MqttOptions::new(client, host, settings.port);
    if settings.user.is_some() || password.is_some() {
        options.set_credentials(
            settings.user.clone().unwrap_or_default(),
            password.unwrap_or_default(),
        );
    }
    options.set_max_packet_size(2 * MOST, 2 * MOST);
    let (client, mut events) = AsyncClient::new(options, 4);
    let sent = async {
        client
            .publish(path, QoS::AtLeastOnce, false, message.clone())
            .await
            .map_err(|_| closed())?;
        let mut acknowledged = false;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => {
                    acknowledged = true;
                    // A client that just goes away is taken for one that was lost.
                    client.disconnect().await.map_err(|_| closed())?;
                }
                Ok(Event::Outgoing(Outgoing::Disconnect)) => return Ok(()),
                Ok(_) => {}
                Err(_) if acknowledged => return Ok(()),
                Err(error) => return Err(reason(host, &error)),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => return Err(told(&why)),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Err(told(&format!("{host} did not answer in {seconds} seconds")));
        }
    }
    let say = format!("Sent {message} to {topic}.");
    Ok(ToolOutput::new(json!({"topic": path, "message": message, "sent": true}), say))
}

fn closed() -> String {
    "the connection has ended. Try again".to_owned()
}

/// Why the broker was not reached, with the next step.
fn reason(host: &str, error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => format!(
            "{host} does not take the user or the password. Check user and password_file under tools.mqtt"
        ),
        ConnectionError::Io(error) => {
            format!(
                "{host} is not reached ({error}). Check url under tools.mqtt, and whether the broker runs"
            )
        }
        ConnectionError::MqttState(_)
        | ConnectionError::NetworkTimeout
        | ConnectionError::FlushTimeout
        | ConnectionError::ConnectionRefused(_)
        | ConnectionError::NotConnAck(_)
        | ConnectionError::RequestsDone => format!("{host} did not take it ({error})"),
    }
}
