//! `aloud doctor`: tries each part as a conversation would use it, and says how to fix what fails.
//!
//! ```text
//! configuration ─▶ each configured model, really used ─▶ microphone (heard), speaker ─▶ service
//! ```
//!
//! **Invariant:** `ok` is printed only for what was tried and worked in this run.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::{App, tools};
use crate::audio::{self, CaptureEvent, Choice, Side, Sound};
use crate::base::{Utterance, UtteranceId};
use crate::config::{Commands, Environment, KeySource, Mode, ModelName, Partner, ToolChoice};
use crate::control::{Client, ClientError};
use crate::dialog::{Item, Prompt};
use crate::engine::openai::models::{models, named};
use crate::engine::{Delta, Notes};
use crate::tool::mcp::Health;

/// How long a model may take for one word.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to listen to the microphone.
const LISTENING: Duration = Duration::from_millis(1_500);

/// Level of digital silence in dBFS: the microphone is muted, or unplugged from the card.
const SILENCE_DB: f32 = -80.0;

/// The result of one check.
enum Finding {
    /// It was tried and works.
    Good(String),
    /// Worth knowing; nothing is broken.
    Note(String),
    /// It does not work; the text ends with the fix.
    Bad(String),
}

/// Checks everything, prints a line for each part, and fails if something is broken.
pub(super) async fn run(file: Option<&Path>, env: &Environment) -> Outcome {
    let mut bad = 0;
    let mut tell = |what: &str, finding: Finding| -> Outcome {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok ", text),
            Finding::Note(text) => ("-- ", text),
            Finding::Bad(text) => {
                bad += 1;
                ("BAD", text)
            }
        };
        print::line(format!("{mark} {what:<14} {text}"))
    };
    let app = match App::open(file, env) {
        Ok(app) => app,
        Err(error) => {
            tell("configuration", Finding::Bad(error.to_string()))?;
            return Err(Failure::new(Code::Config, "fix the configuration first"));
        }
    };
    let source = match &app.config.file {
        Some(path) => path.display().to_string(),
        None => "no file, using the defaults".to_owned(),
    };
    tell("configuration", Finding::Good(source))?;
    for (what, name) in uses(&app) {
        tell(what, model(file, env, what, &name).await)?;
    }
    let (app, sound) = tokio::task::spawn_blocking(move || {
        let sound = devices(&app);
        (app, sound)
    })
    .await
    .map_err(|error| Failure::new(Code::Bug, error))?;
    for (side, finding) in sound {
        tell(&side.to_string(), finding)?;
    }
    for (word, made) in app.config.settings.wake.words.iter().zip(crate::app::wake_words(&app)()) {
        let finding = match made {
            Ok(_) if app.config.settings.listen.mode == Mode::Wake => {
                Finding::Good(format!("{word} is listened for"))
            }
            Ok(_) => Finding::Note(format!("{word} is there, for [listen] mode = \"wake\"")),
            Err(why) => Finding::Bad(why),
        };
        tell("wake word", finding)?;
    }
    if app.wants_a_chat_model() {
        for neighbour in crate::engine::openai::neighbours().await {
            tell("chat model", Finding::Note(neighbour.offer()))?;
        }
    }
    for problem in &app.own().problems {
        tell("tools", Finding::Bad(problem.clone()))?;
    }
    for (server, health) in tools::health(&app).await? {
        let finding = match health {
            Health::Up(1) => Finding::Good(format!("{server} offers one tool")),
            Health::Up(count) => Finding::Good(format!("{server} offers {count} tools")),
            Health::Starting => Finding::Bad(format!("{server} has not started in 10 seconds")),
            Health::Down(why) => Finding::Bad(why),
        };
        tell("MCP server", finding)?;
    }
    tell("service", service(&app, env).await)?;
    match bad {
        0 => print::line("everything works"),
        _ => Err(Failure::new(Code::Unavailable, "some checks failed; fixes above")),
    }
}

/// The configured models with their jobs, in the order of a turn.
fn uses(app: &App) -> Vec<(&'static str, ModelName)> {
    let settings = &app.config.settings;
    let cascade = &settings.cascade;
    let own: &[ModelName] = match settings.partner {
        Partner::Cascade => &[],
        Partner::AudioChat => &settings.audio_chat.models,
        Partner::Realtime => &settings.realtime.models,
    };
    let jobs: [(&str, &[ModelName]); 4] = [
        (PARTNER, own),
        (HEARING, &cascade.transcribe),
        (ANSWERING, &cascade.chat),
        (SPEAKING, &cascade.speak),
    ];
    let names = |(job, names): (&'static str, &[ModelName])| {
        names.iter().map(move |name| (job, name.clone())).collect::<Vec<_>>()
    };
    jobs.into_iter().flat_map(names).collect()
}

const PARTNER: &str = "partner";
const HEARING: &str = "hearing";
const ANSWERING: &str = "answering";
const SPEAKING: &str = "speaking";

/// Gives the model `name` the smallest piece of its job.
async fn model(
    file: Option<&Path>,
    env: &Environment,
    job: &'static str,
    name: &ModelName,
) -> Finding {
    // An app of its own, in which this model has no fallback.
    let mut app = match App::open(file, env) {
        Ok(app) => app,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let cascade = &mut app.config.settings.cascade;
    cascade.commands = Commands::Chat;
    let only = vec![name.clone()];
    match job {
        HEARING => cascade.transcribe = only,
        SPEAKING => cascade.speak = only,
        _ => cascade.chat = only,
    }
    let asked = async {
        if let Some(why) = unlisted(&app, name).await {
            return Err(why);
        }
        match job {
            PARTNER => return Ok(format!("{name} is available")),
            HEARING => hear(&app).await,
            SPEAKING => speak(&app).await,
            _ => answer(&mut app).await,
        }
        .map(|()| format!("{name} works"))
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(text)) => Finding::Good(text),
        Ok(Err(why)) => Finding::Bad(why),
        Err(_) => Finding::Bad(format!(
            "{name} gave nothing for {} s; check the network, or choose another model",
            PATIENCE.as_secs()
        )),
    }
}

/// Why the provider of `name` would refuse it, according to its list of models, if it has one.
async fn unlisted(app: &App, name: &ModelName) -> Option<String> {
    if name.provider == "local" {
        return None;
    }
    let http = match app.account(&name.provider) {
        Ok(http) => http,
        Err(error) => return Some(error.to_string()),
    };
    // A server without a list may still have the model; the request itself will show.
    let offered = models(&http).await.ok().filter(|offered| !offered.is_empty())?;
    if named(&offered, &name.model).is_some() || app.is_azure(&name.provider) {
        return None;
    }
    let fix = match name.provider.as_str() {
        "ollama" => format!("run \"ollama pull {}\"", name.model),
        other => format!("run \"aloud models --remote --provider {other}\" and choose another"),
    };
    Some(format!("{} does not have {}; {fix}", name.provider, name.model))
}

async fn hear(app: &App) -> Result<(), String> {
    let ear = app.transcriber(&Notes::new().0).map_err(|error| error.to_string())?;
    // Half a second of quiet noise: too little to be taken for words, long enough for any minimum.
    let pcm: Vec<f32> = (0..8_000_u32).map(|n| ((n * 7_919) % 613) as f32 / 6.13e5).collect();
    let mut words = ear.transcribe(Utterance {
        id: UtteranceId(1),
        span: 0..pcm.len() as u64,
        pcm: pcm.into(),
    });
    while let Some(part) = words.next().await {
        part.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn answer(app: &mut App) -> Result<(), String> {
    let chat = &mut app.config.settings.chat;
    chat.search = false;
    chat.tool_choice = ToolChoice::Auto;
    let mind = app.responder(&Notes::new().0).map_err(|error| error.to_string())?;
    let question = Item::User { utterance: None, text: "Say OK.".to_owned() };
    let mut reply = mind.respond(Prompt {
        instructions: "Answer in one word.".into(),
        items: vec![question],
        tools: [].into(),
        sounds: Vec::new(),
    });
    // The first words are proof enough; dropping the rest cancels it.
    while let Some(delta) = reply.next().await {
        if matches!(delta.map_err(|error| error.to_string())?, Delta::Text(_)) {
            break;
        }
    }
    Ok(())
}

async fn speak(app: &App) -> Result<(), String> {
    let voice = app.voice(&Notes::new().0).map_err(|error| error.to_string())?;
    let mut sound = voice.speak("OK.".to_owned());
    match sound.next().await {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("it produced no audio; choose another speech model".to_owned()),
    }
}

/// Opens the configured devices and listens to the microphone. Blocks.
fn devices(app: &App) -> Vec<(Side, Finding)> {
    let settings = app.devices();
    let found = match audio::devices() {
        Ok(found) => found,
        Err(error) => return vec![(Side::Input, Finding::Bad(error.to_string()))],
    };
    [Side::Input, Side::Output]
        .into_iter()
        .map(|side| {
            let choice = match side {
                Side::Input => settings.input.clone(),
                Side::Output => settings.output.clone(),
            };
            let finding = match choice {
                None => Finding::Note("switched off".to_owned()),
                Some(Choice::File(path)) => {
                    Finding::Note(format!("using the file {} instead", path.display()))
                }
                Some(Choice::Default | Choice::Named(_)) => {
                    match audio::chosen(&settings, side, &found) {
                        Ok(Some(chosen)) => device(chosen),
                        Ok(None) => Finding::Note("switched off".to_owned()),
                        Err(error) => Finding::Bad(error.to_string()),
                    }
                }
            };
            (side, finding)
        })
        .collect()
}

fn device(chosen: &audio::DeviceInfo) -> Finding {
    let (side, choice) = (chosen.side, Choice::Named(chosen.id.clone()));
    let mut path = audio::path(crate::base::Volume::new(0));
    let ends = match side {
        Side::Input => (Some(choice), None),
        Side::Output => (None, Some(choice)),
    };
    let settings = audio::Settings { input: ends.0, output: ends.1, ..audio::Settings::default() };
    let sound = match Sound::open(&settings, path.capture, path.playback) {
        Ok((sound, _)) => sound,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    if let Err(error) = sound.ready(Duration::from_secs(5)) {
        return Finding::Bad(error.to_string());
    }
    let name = match sound.state(side) {
        audio::SideState::Up { device, .. } => device,
        audio::SideState::Off | audio::SideState::Opening | audio::SideState::Lost(_) => {
            format!("the {side}")
        }
    };
    let finding = match side {
        Side::Output => Finding::Good(name),
        Side::Input => heard(&name, chosen.monitor_of.is_some(), loudest(&mut path.tail)),
    };
    // It was only opened for the check.
    let _ = sound.close();
    finding
}

/// The loudest 10 ms that the microphone gives within [`LISTENING`], in dBFS; `None` if nothing
/// comes.
fn loudest(tail: &mut audio::CaptureTail) -> Option<f32> {
    let clock = crate::base::Clock::start();
    let end = clock.now() + LISTENING;
    let mut frame = [0.0; 480];
    let mut loudest: Option<f32> = None;
    while clock.now() < end {
        while let Some(event) = tail.poll() {
            if matches!(event, CaptureEvent::End) {
                return loudest;
            }
        }
        let n = tail.read(&mut frame);
        if n == 0 {
            std::thread::park_timeout(Duration::from_millis(10));
            continue;
        }
        let power = frame[..n].iter().map(|sample| sample * sample).sum::<f32>() / n as f32;
        let db = 10.0 * power.max(1e-9).log10();
        loudest = Some(loudest.map_or(db, |so_far| so_far.max(db)));
    }
    loudest
}

fn heard(name: &str, monitor: bool, db: Option<f32>) -> Finding {
    if monitor {
        return Finding::Note(format!(
            "{name} is a monitor: it hears what another speaker plays, not you; choose a microphone from \"aloud devices\""
        ));
    }
    match db {
        None => Finding::Bad(format!(
            "no audio from {name}; unplug it and plug it in again, or choose another from \"aloud devices\""
        )),
        Some(db) if db < SILENCE_DB => {
            Finding::Note(format!("{name}: silence; if you spoke, check that it is not muted"))
        }
        Some(db) => Finding::Good(format!("{name}, level {db:.0} dB")),
    }
}

/// The running service, and whether it has the keys that this terminal has.
async fn service(app: &App, env: &Environment) -> Finding {
    let asked = async { Client::connect(&app.config.paths.socket()).await?.status().await };
    let status = match tokio::time::timeout(Duration::from_secs(3), asked).await {
        Ok(Ok(status)) => status,
        Ok(Err(ClientError::Absent(_))) => {
            return Finding::Note(
                "not running; start it with \"aloud daemon\", or \"aloud service install\""
                    .to_owned(),
            );
        }
        Ok(Err(error)) => return Finding::Bad(error.to_string()),
        Err(_) => {
            return Finding::Bad(
                "it does not answer; run \"systemctl --user restart aloud\"".to_owned(),
            );
        }
    };
    if let Some(missing) = status["pid"].as_u64().and_then(|pid| lacks(app, env, pid)) {
        return Finding::Bad(format!(
            "running, but it does not have {missing}; run \"systemctl --user import-environment {missing}\" and restart it, or use api_key_file"
        ));
    }
    match status["trouble"].as_str() {
        Some(trouble) => Finding::Bad(format!("running, with a problem: {trouble}")),
        None => Finding::Good(format!("running ({})", status["mode"].as_str().unwrap_or("ready"))),
    }
}

/// The variable with a key that is set here and not in the process `pid`.
fn lacks(app: &App, env: &Environment, pid: u64) -> Option<String> {
    let theirs = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let has = |name: &str| {
        let start = format!("{name}=");
        theirs.split(|byte| *byte == 0).any(|line| line.starts_with(start.as_bytes()))
    };
    let variables = app.providers_in_use().into_iter().filter_map(|name| {
        match app.config.settings.providers.get(&name)?.api_key.as_ref()? {
            KeySource::Env(variable) => Some(variable.clone()),
            KeySource::File(_) | KeySource::Credential(_) | KeySource::Keyring(_) => None,
        }
    });
    let mut variables = variables.collect::<Vec<_>>().into_iter();
    variables.find(|name| env.get(name).is_some() && !has(name))
}
