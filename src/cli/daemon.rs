use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;

use super::Outcome;
use super::args::{Daemon, Mode};
use super::exit::{Code, Failure};
use super::notify::{Notifier, Word};
use super::watchdog;
use crate::app::{self, App, Conversation, Talk};
use crate::config::{self, Environment};
use crate::control::{Server, media_keys};
use crate::drive::{Event, Handle, Request};

/// Runs the service until it is told to quit, by the socket or by a signal.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Daemon) -> Outcome {
    let mode = match args.mode {
        Some(Mode::PushToTalk) => Some(config::Mode::PushToTalk),
        Some(Mode::Open) => Some(config::Mode::Open),
        Some(Mode::Wake) => Some(config::Mode::Wake),
        None => None,
    };
    let mut app = App::open(file, env)?;
    if let Some(partner) = args.partner {
        app.config.settings.partner = partner.into();
    }
    let mode = mode.unwrap_or(app.config.settings.listen.mode);
    let server = serve(&app)?;
    let Conversation { driver, sound, engines, pulses } =
        app.converse(Talk { mode, meter: false, record: args.record }).await?;
    let handle = driver.handle();
    if app.config.settings.local.warm {
        tokio::spawn(app::warm(engines));
    }
    if app.wants_a_mind() {
        tokio::spawn(async {
            for neighbour in crate::engine::openai::neighbours().await {
                tracing::info!("{}", neighbour.offer());
            }
        });
    }
    tokio::spawn({
        let (outlook, handle) = (app::outlook(&app), handle.clone());
        async move {
            for warning in outlook.warnings().await {
                tracing::warn!("{warning}");
                handle.tell(warning);
            }
        }
    });
    let socket = tokio::spawn({
        let handle = handle.clone();
        async move { server.serve(handle).await }
    });
    let keys = tokio::spawn(media_keys::follow(handle.clone()));
    let standing = handle.clone();
    let signals = tokio::spawn(async move {
        if ending_signal().await {
            // Refused only if the driver is already ending.
            let _ = handle.ask(Request::Quit).await;
        }
    });
    let notifier = Notifier::start()?;
    notifier.tell(Word::Ready);
    let watchdog = tokio::spawn(watchdog::feed(app.clock, pulses, notifier.clone()));
    let standing = tokio::spawn(tell_standing(standing, notifier.clone()));
    driver.run().await;
    watchdog.abort();
    standing.abort();
    signals.abort();
    keys.abort();
    notifier.farewell();
    // The watchers get their last line before the socket is gone.
    tokio::task::yield_now().await;
    socket.abort();
    sound.close()?;
    Ok(())
}

/// The socket that the service manager opened, or our own.
fn serve(app: &App) -> Result<Server, Failure> {
    let paths = &app.config.paths;
    paths.make_runtime().map_err(|error| Failure::new(Code::CannotCreate, error))?;
    let path = paths.socket();
    match listenfd::ListenFd::from_env().take_unix_listener(0) {
        Ok(Some(listener)) => Ok(Server::inherit(listener, &path)?),
        Ok(None) => Ok(Server::bind(&path)?),
        Err(error) => Err(Failure::new(
            Code::Unavailable,
            format!("cannot use the socket from systemd: {error}; check aloud.socket"),
        )),
    }
}

/// Resolves with SIGTERM, SIGINT or SIGHUP; `false` if no handler can be set.
async fn ending_signal() -> bool {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut term), Ok(mut int), Ok(mut hup)] = kinds.map(signal) else { return false };
    tokio::select! {
        _ = term.recv() => true,
        _ = int.recv() => true,
        _ = hup.recv() => true,
    }
}

/// Keeps the service manager's status line up to date: whether there is sound, and why not.
async fn tell_standing(handle: Handle, notifier: Notifier) {
    let (state, mut events) = handle.watch();
    // Holding the handle would hide the driver's end.
    drop(handle);
    let mut state = state;
    loop {
        let line = match (&state.trouble, &state.input, &state.output) {
            (Some(why), _, _) => format!("waiting for sound: {why}"),
            (None, Some(_), Some(_)) => "listening for keys and speech".to_owned(),
            (None, _, _) => "opening microphone and speaker".to_owned(),
        };
        notifier.tell(Word::Status(line));
        state = loop {
            match events.recv().await {
                Ok(Event::State(next))
                    if (&next.trouble, &next.input, &next.output)
                        != (&state.trouble, &state.input, &state.output) =>
                {
                    break next;
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        };
    }
}
