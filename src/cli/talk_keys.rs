use std::path::Path;

use tokio::sync::mpsc;

use crate::config::Environment;
use crate::drive::{Handle, Request};
use crate::keys::{self, Desktop, STROKES, Settings, Stroke};

/// Passes the strokes of the talk keys on to the driver of `handle`.
pub(super) async fn follow(settings: Settings, desktop: Desktop, handle: Handle) {
    let (strokes, mut struck) = mpsc::channel(STROKES);
    let tell = |news: Result<String, String>| match news {
        Ok(how) => tracing::info!("{how}"),
        Err(why) => {
            let told = format!(
                "{why}. Or bind \"aloud press\" and \"aloud release\" to a key in your desktop's settings."
            );
            tracing::warn!("{told}");
            handle.tell(told);
        }
    };
    let pass = async {
        while let Some(stroke) = struck.recv().await {
            let request = match stroke {
                Stroke::Press => Request::Press,
                Stroke::Release => Request::Release,
                Stroke::Toggle => Request::Toggle,
            };
            if let Err(refusal) = handle.ask(request).await {
                tracing::warn!("the talk key: {refusal}");
                handle.tell(refusal.to_string());
            }
        }
    };
    tokio::join!(keys::follow(settings, desktop, strokes, tell), pass);
}

/// The desktop that this process belongs to.
pub(super) fn desktop(env: &Environment) -> Desktop {
    let text = |name: &str| env.get(name).map(ToOwned::to_owned);
    let usual = env.get("XDG_RUNTIME_DIR").map(|dir| Path::new(dir).join("bus"));
    let usual = usual.filter(|socket| socket.exists());
    let usual = usual.map(|socket| format!("unix:path={}", socket.display()));
    Desktop {
        display: text("DISPLAY"),
        wayland: env.get("WAYLAND_DISPLAY").is_some(),
        bus: text("DBUS_SESSION_BUS_ADDRESS").or(usual),
    }
}
