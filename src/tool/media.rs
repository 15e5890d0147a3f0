use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zbus::{Connection, OwnedVariant};

use super::{Tool, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

/// What every player's name on the session bus begins with, see
/// <https://specifications.freedesktop.org/mpris-spec/latest/>.
const PLAYERS: &str = "org.mpris.MediaPlayer2.";

/// While something rings, aloud itself is a player.
const ALOUD: &str = "org.mpris.MediaPlayer2.aloud";

const PATH: &str = "/org/mpris/MediaPlayer2";
const PLAYER: &str = "org.mpris.MediaPlayer2.Player";

/// How long the bus and each player may take. One that hangs is passed over.
const ANSWER: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Play,
    Pause,
    Next,
    Previous,
}

#[derive(Deserialize)]
struct Arguments {
    action: Action,
}

/// `media_control`: any player on the desktop's session bus, by MPRIS.
pub(crate) fn tool() -> Arc<dyn Tool> {
    function(
        "media_control",
        "Plays, pauses or skips in the music or video player that runs on this machine.",
        Effect::Writes,
        arguments(
            &["action"],
            json!({
                "action": {
                    "type": "string", "enum": ["play", "pause", "next", "previous"],
                    "description": "\"Resume\" is play, \"skip\" is next.",
                },
            }),
        ),
        |arguments: Arguments, _| async move { control(arguments.action).await },
    )
}

/// `now_playing`.
pub(crate) fn playing() -> Arc<dyn Tool> {
    function(
        "now_playing",
        "Tells the title and the artist of what plays in the music or video player.",
        Effect::Reads,
        arguments(&[], json!({})),
        |_: Map<String, Value>, _| async move { title().await },
    )
}

/// A player, and what it does now: "Playing", "Paused" or "Stopped".
struct Player {
    name: String,
    status: String,
}

async fn bus() -> Result<Connection, ToolError> {
    within(Connection::session()).await.ok_or_else(|| {
        ToolError::Tell("I can't reach the desktop's players: there is no session bus here.".into())
    })
}

async fn title() -> Result<ToolOutput, ToolError> {
    let bus = bus().await?;
    let players = players(&bus).await;
    let Some(player) = players.iter().find(|player| player.status == "Playing") else {
        return Err(ToolError::Tell("Nothing is playing.".into()));
    };
    let data = property(&bus, &player.name, "Metadata").await;
    let mut data: HashMap<String, OwnedVariant> =
        data.and_then(|data| data.try_into().ok()).unwrap_or_default();
    let title = data.remove("xesam:title").and_then(|title| String::try_from(title).ok());
    let artists = data.remove("xesam:artist").and_then(|all| Vec::<String>::try_from(all).ok());
    let title = title.filter(|title| !title.is_empty());
    let artists: Vec<String> =
        artists.into_iter().flatten().filter(|artist| !artist.is_empty()).collect();
    let short = player.name.trim_start_matches(PLAYERS);
    let say = match (&title, artists.as_slice()) {
        (Some(title), []) => format!("This is {title}."),
        (Some(title), artists) => format!("This is {title}, by {}.", say::list(artists)),
        (None, _) => format!("The player {short} does not say what it plays."),
    };
    Ok(ToolOutput::new(json!({"player": short, "title": title, "artists": artists}), say))
}

async fn control(action: Action) -> Result<ToolOutput, ToolError> {
    let bus = bus().await?;
    let mut players = players(&bus).await;
    // Whoever plays is meant; to go on, whoever is paused.
    let wanted = match action {
        Action::Play => ["Paused", "Playing", "Stopped"],
        Action::Pause | Action::Next | Action::Previous => ["Playing", "Paused", "Stopped"],
    };
    let rank = |player: &Player| wanted.iter().position(|status| *status == player.status);
    players.sort_by_key(|player| rank(player).unwrap_or(wanted.len()));
    let Some(player) = players.first() else {
        return Err(ToolError::Tell("No music player is running.".into()));
    };
    let playing = player.status == "Playing";
    let (method, say) = match action {
        Action::Play if playing => (None, "It's playing already."),
        Action::Pause if !playing => (None, "Nothing is playing."),
        Action::Play => (Some("Play"), "Playing."),
        Action::Pause => (Some("Pause"), "Paused."),
        Action::Next => (Some("Next"), "Next one."),
        Action::Previous => (Some("Previous"), "Back one."),
    };
    let short = player.name.trim_start_matches(PLAYERS);
    if let Some(method) = method {
        let call = bus.call_method(Some(player.name.as_str()), PATH, Some(PLAYER), method, &());
        if within(call).await.is_none() {
            return Err(ToolError::Tell(format!("The player {short} did not do that.")));
        }
    }
    Ok(ToolOutput::new(json!({"player": short, "did": method}), say))
}

async fn players(bus: &Connection) -> Vec<Player> {
    const BUS: &str = "org.freedesktop.DBus";
    let names = bus.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "ListNames", &());
    let names: Vec<String> = match within(names).await {
        Some(reply) => reply.body().deserialize().unwrap_or_default(),
        None => Vec::new(),
    };
    let mut players = Vec::new();
    for name in names {
        if !name.starts_with(PLAYERS) || name == ALOUD {
            continue;
        }
        let Some(status) = property(bus, &name, "PlaybackStatus").await else { continue };
        let status = String::try_from(status).ok();
        players.push(Player { name, status: status.unwrap_or_default() });
    }
    players
}

async fn property(bus: &Connection, player: &str, name: &str) -> Option<OwnedVariant> {
    const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
    let named = (PLAYER, name);
    let value = bus.call_method(Some(player), PATH, Some(PROPERTIES), "Get", &named);
    within(value).await?.body().deserialize().ok()
}

/// The answer, if there is one in time.
async fn within<T>(work: impl Future<Output = zbus::Result<T>>) -> Option<T> {
    match tokio::time::timeout(ANSWER, work).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!("the session bus: {error}");
            None
        }
        Err(_) => None,
    }
}
