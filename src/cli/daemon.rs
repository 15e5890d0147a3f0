use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;

use super::Outcome;
use super::args::{Daemon, Mode};
use super::exit::{Code, Failure};
use super::notify::{Notifier, Word};
use super::{print, talk, talk_keys, watchdog};
use crate::app::{self, App, Conversation, StartError, Talk};
use crate::config::{self, Environment};
use crate::control::{Reload, Server, ServiceHandle, media_keys};
use crate::dialog::History;
use crate::drive::{Event, Finished, Handle, Refusal, Request};
use crate::engine::local::Runtime;
use crate::turn;

/// Runs the service until it is told to quit, by the socket or by a signal. After a reload another
/// conversation takes over, with another [`App`]; the socket stays.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Daemon) -> Outcome {
    let start = Start { file: file.map(Path::to_owned), env: env.clone(), args };
    let mut app = start.open()?;
    let server = serve(&app)?;
    let notifier = Notifier::start()?;
    let record = start.args.record.clone();
    let mut conversation = app.converse(Talk { record, ..start.talk(&app, None) }).await?;
    let (drivers, driver) = watch::channel(conversation.driver.handle());
    let (reloads, asked) = mpsc::channel(1);
    let (ready, mut next) = mpsc::channel(1);
    let service = ServiceHandle { driver: driver.clone(), reloads };
    let socket = tokio::spawn({
        let service = service.clone();
        async move { server.serve(service).await }
    });
    let reloader = tokio::spawn(reload(start.clone(), asked, ready, driver));
    let keys = [SignalKind::user_defined1(), SignalKind::user_defined2()].map(signal);
    let keys = tokio::spawn(talk_signals(keys, service.clone()));
    let signals = tokio::spawn(async move {
        let mut service = service;
        if ending_signal().await {
            // Refused only if the driver is already ending.
            let _ = service.driver().await.ask(Request::Quit).await;
        }
    });
    notifier.tell(Word::Ready);
    introduce(&app, start.talk(&app, None).mode);
    loop {
        let finished = live(&app, &start.env, conversation, &notifier).await?;
        let Some(new) = next.try_recv().ok().filter(|_| finished.left) else { break };
        let trouble;
        (app, conversation, trouble) = start.take_over(app, new, &finished).await?;
        let handle = conversation.driver.handle();
        drivers.send_replace(handle.clone());
        if let Some(trouble) = trouble {
            handle.tell(trouble);
        }
        if finished.muted {
            // Taken up as soon as the driver runs.
            drop(tokio::spawn(async move { handle.ask(Request::Mute).await }));
        }
    }
    signals.abort();
    keys.abort();
    reloader.abort();
    notifier.farewell();
    // The watchers get their last line before the socket is gone.
    tokio::task::yield_now().await;
    socket.abort();
    Ok(())
}

/// Tells whoever started it, or the journal, what it does and how it ends.
fn introduce(app: &App, mode: config::Mode) {
    let settings = &app.config.settings;
    let how = match mode {
        config::Mode::Open => "hands-free: just speak".to_owned(),
        config::Mode::PushToTalk => "push-to-talk: \"aloud toggle\" begins and sends".to_owned(),
        config::Mode::Wake => {
            let words: Vec<_> = settings.wake.words.iter().map(String::as_str).collect();
            format!("waiting for the wake word: {}", words.join(", ").replace('_', " "))
        }
    };
    print::aside(format_args!("aloud is running, {how}. Ctrl-C or \"aloud quit\" ends it."));
    for line in talk::greeting(settings, mode) {
        print::aside(line);
    }
}

/// What the service was started with, and is started with again after a reload.
#[derive(Clone)]
struct Start {
    file: Option<PathBuf>,
    env: Environment,
    args: Daemon,
}

impl Start {
    fn open(&self) -> Result<App, StartError> {
        let mut app = App::open(self.file.as_deref(), &self.env)?;
        if let Some(partner) = self.args.partner {
            app.config.settings.partner = partner.into();
        }
        Ok(app)
    }

    /// How a conversation starts. `mode` is the one that was chosen while running.
    fn talk(&self, app: &App, mode: Option<config::Mode>) -> Talk {
        let named = self.args.mode.map(|mode| match mode {
            Mode::PushToTalk => config::Mode::PushToTalk,
            Mode::Open => config::Mode::Open,
            Mode::Wake => config::Mode::Wake,
        });
        let mode = mode.or(named).unwrap_or(app.config.settings.listen.mode);
        Talk { mode, meter: false, record: None }
    }

    /// Starts the conversation of `new` with what `old` has talked about; if that fails, another
    /// one of `old`, and why. What was changed while running stays unless the configuration changed
    /// it.
    async fn take_over(
        &self,
        old: App,
        mut new: App,
        finished: &Finished,
    ) -> Result<(App, Conversation, Option<String>), StartError> {
        let was = self.talk(&old, None).mode;
        let chosen = match finished.mode {
            turn::Mode::PushToTalk => config::Mode::PushToTalk,
            turn::Mode::Open => config::Mode::Open,
            turn::Mode::Wake => config::Mode::Wake,
        };
        let same = self.talk(&new, None).mode == was;
        let mode = (same && chosen != was).then_some(chosen);
        if old.config.settings.audio.volume == new.config.settings.audio.volume {
            new.volume.set(old.volume.percent());
        }
        let mut kept = History::default();
        for item in old.opening.iter().chain(finished.history.items()) {
            kept.push(item.clone());
        }
        new.opening = kept.items().to_vec();
        match new.converse(self.talk(&new, mode)).await {
            Ok(conversation) => {
                tracing::info!("the configuration was reloaded");
                Ok((new, conversation, None))
            }
            Err(error) => {
                let conversation = old.converse(self.talk(&old, Some(chosen))).await?;
                let told = format!("The configuration was not reloaded: {error}");
                tracing::error!("{told}");
                Ok((old, conversation, Some(told)))
            }
        }
    }
}

/// Runs one conversation to its end.
async fn live(
    app: &App,
    env: &Environment,
    conversation: Conversation,
    notifier: &Notifier,
) -> Result<Finished, Failure> {
    let Conversation { driver, sound, engines, pulses } = conversation;
    let handle = driver.handle();
    let mut tasks = JoinSet::new();
    if app.config.settings.local.warm {
        tasks.spawn(app::warm(engines));
    }
    if app.wants_a_chat_model() {
        tasks.spawn(async {
            for neighbour in crate::engine::openai::neighbours().await {
                tracing::info!("{}", neighbour.offer());
            }
        });
    }
    tasks.spawn({
        let (outlook, handle) = (app::outlook(app), handle.clone());
        async move {
            for warning in outlook.warnings().await {
                tracing::warn!("{warning}");
                handle.tell(warning);
            }
        }
    });
    tasks.spawn(media_keys::follow(handle.clone()));
    let keys = app.config.settings.keys.clone();
    tasks.spawn(talk_keys::follow(keys, talk_keys::desktop(env), handle.clone()));
    tasks.spawn(watchdog::feed(app.clock, pulses, notifier.clone()));
    tasks.spawn(thin(handle.clone()));
    tasks.spawn(tell_standing(handle, notifier.clone()));
    let finished = driver.run().await;
    drop(tasks);
    sound.close()?;
    Ok(finished)
}

/// Answers requests to reload: a configuration that cannot work is refused with the reason, and the
/// conversation goes on; another one is sent to `ready`, and the driver leaves once it is idle.
async fn reload(
    start: Start,
    mut asked: mpsc::Receiver<Reload>,
    ready: mpsc::Sender<App>,
    driver: watch::Receiver<Handle>,
) {
    while let Some(answer) = asked.recv().await {
        let start = start.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let app = start.open()?;
            app.check()?;
            Ok::<_, StartError>(app)
        });
        let done = match opened.await {
            Ok(Ok(app)) => match ready.try_send(app) {
                Ok(()) => {
                    let driver = driver.borrow().clone();
                    driver.ask(Request::Leave).await
                }
                Err(_) => Err(Refusal("it is reloading already; try again in a moment".into())),
            },
            Ok(Err(error)) => Err(Refusal(format!("{error}"))),
            Err(error) => Err(Refusal(format!("the configuration could not be read: {error}"))),
        };
        // A client that stopped waiting has no use for the answer.
        let _ = answer.send(done);
    }
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

/// SIGUSR1 presses the talk key and SIGUSR2 releases it, for desktops that can do no more on a key
/// than send a signal.
async fn talk_signals(keys: [std::io::Result<Signal>; 2], mut service: ServiceHandle) {
    let [Ok(mut press), Ok(mut release)] = keys else { return };
    loop {
        let request = tokio::select! {
            Some(()) = press.recv() => Request::Press,
            Some(()) = release.recv() => Request::Release,
            else => return,
        };
        if let Err(refusal) = service.driver().await.ask(request).await {
            tracing::warn!("the talk key: {refusal}");
        }
    }
}

/// How long nothing has happened when memory is given back.
const IDLE: Duration = Duration::from_secs(15);

/// Gives back what a service that only listens does not need: the free pages of the heap, and the
/// code of its start and of its turns.
async fn thin(handle: Handle) {
    let (_, mut events) = handle.watch();
    // Holding the handle would hide the driver's end.
    drop(handle);
    loop {
        match tokio::time::timeout(IDLE, next_state(&mut events)).await {
            Ok(Some(())) => continue,
            Ok(None) => return,
            Err(_) => {}
        }
        drop(tokio::task::spawn_blocking(Runtime::give_back));
        if next_state(&mut events).await.is_none() {
            return;
        }
    }
}

/// The next change of the conversation's state; `None` at its end.
async fn next_state(events: &mut broadcast::Receiver<Event>) -> Option<()> {
    loop {
        match events.recv().await {
            Ok(Event::State(_)) => return Some(()),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
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
            (None, None, Some(_)) if state.muted => "the microphone is muted and closed".to_owned(),
            (None, Some(_), Some(_)) => "listening for keys and speech".to_owned(),
            (None, _, _) => "opening microphone and speaker".to_owned(),
        };
        notifier.tell(Word::Status(line));
        state = loop {
            match events.recv().await {
                Ok(Event::State(next))
                    if (&next.trouble, &next.input, &next.output, next.muted)
                        != (&state.trouble, &state.input, &state.output, state.muted) =>
                {
                    break next;
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        };
    }
}
