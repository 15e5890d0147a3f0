//! The desktop's media keys: while something rings, aloud is a media player on the session bus, so
//! that "play/pause" on a keyboard, a headset or the lock screen ends the ring. At all other times
//! it is none, and the keys belong to the music.
//!
//! Desktops send their keys to the player that plays, by the MPRIS interface
//! (<https://specifications.freedesktop.org/mpris-spec/latest/>).

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::{ObjectPath, OwnedVariant, Variant};

use crate::drive::{Event, Handle, Request, State};

/// The name on the bus. Two services of one user cannot ring at the same time under it; the second
/// leaves the keys to the first.
const NAME: &str = "org.mpris.MediaPlayer2.aloud";

/// Where the specification wants a player.
const PATH: &str = "/org/mpris/MediaPlayer2";

/// A bus that takes longer does not get a player for this ring.
const CONNECT: Duration = Duration::from_secs(2);

/// Becomes a player whenever something rings, until the service ends. Without a session bus it does
/// nothing.
pub async fn follow(handle: Handle) {
    let (mut state, mut events) = handle.watch();
    let mut player = None;
    loop {
        match (state.ringing.is_empty(), &player) {
            (false, None) => player = ring(&handle, &state).await,
            // Leaving the bus takes the name back.
            (true, Some(_)) => player = None,
            (true, None) | (false, Some(_)) => {}
        }
        state = loop {
            match events.recv().await {
                Ok(Event::State(next)) => break next,
                Ok(Event::Ending) | Err(RecvError::Closed) => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break handle.state(),
            }
        };
    }
}

async fn ring(handle: &Handle, state: &State) -> Option<Connection> {
    let joined = async {
        Builder::session()
            .name(NAME)
            .serve_at(PATH, Root)
            .serve_at(PATH, Player { handle: handle.clone(), title: state.ringing.join(", ") })
            .build()
            .await
    };
    match tokio::time::timeout(CONNECT, joined).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!("media keys do not end this ring: {error}");
            None
        }
        Err(_) => {
            tracing::debug!("media keys do not end this ring: the session bus did not answer");
            None
        }
    }
}

/// What every player says of itself.
struct Root;

#[zbus::interface(name = "org.mpris.MediaPlayer2")]
impl Root {
    fn raise(&self) {}

    fn quit(&self) {}

    #[zbus(property)]
    fn can_quit(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn can_raise(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn has_track_list(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn identity(&self) -> &str {
        "aloud"
    }

    #[zbus(property)]
    fn supported_uri_schemes(&self) -> Vec<String> {
        Vec::new()
    }

    #[zbus(property)]
    fn supported_mime_types(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The ring, as a track that plays.
struct Player {
    handle: Handle,
    title: String,
}

impl Player {
    async fn stop_ringing(&self) {
        // A service that is ending rings no more.
        let _ = self.handle.ask(Request::Stop).await;
    }
}

#[zbus::interface(name = "org.mpris.MediaPlayer2.Player")]
impl Player {
    async fn play_pause(&self) {
        self.stop_ringing().await;
    }

    async fn pause(&self) {
        self.stop_ringing().await;
    }

    async fn stop(&self) {
        self.stop_ringing().await;
    }

    async fn play(&self) {
        self.stop_ringing().await;
    }

    async fn next(&self) {
        self.stop_ringing().await;
    }

    async fn previous(&self) {
        self.stop_ringing().await;
    }

    #[zbus(property)]
    fn playback_status(&self) -> &str {
        "Playing"
    }

    #[zbus(property)]
    fn metadata(&self) -> HashMap<String, OwnedVariant> {
        let track = Variant::from(ObjectPath::from_static_str_unchecked("/org/aloud/ring"));
        let title = Variant::from(self.title.as_str());
        [("mpris:trackid", track), ("xesam:title", title)]
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.try_to_owned().ok()?)))
            .collect()
    }

    #[zbus(property)]
    fn rate(&self) -> f64 {
        1.0
    }

    #[zbus(property)]
    fn minimum_rate(&self) -> f64 {
        1.0
    }

    #[zbus(property)]
    fn maximum_rate(&self) -> f64 {
        1.0
    }

    #[zbus(property)]
    fn volume(&self) -> f64 {
        1.0
    }

    #[zbus(property)]
    fn position(&self) -> i64 {
        0
    }

    #[zbus(property)]
    fn can_control(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn can_go_next(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn can_go_previous(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn can_pause(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn can_play(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn can_seek(&self) -> bool {
        false
    }
}
