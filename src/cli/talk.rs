use std::path::Path;

use super::args::Partner;
use super::{Outcome, chat, first};
use crate::app::{self, App, Talk};
use crate::config::{self, Environment, Mode, ModelName};
use crate::drive::Handle;
use crate::listen::Echo;

/// The chat in this terminal, or on a pipe.
pub(super) async fn run(
    file: Option<&Path>,
    env: &Environment,
    hands_free: bool,
    partner: Option<Partner>,
    yes: bool,
) -> Outcome {
    let look = chat::Look::of(env);
    if look.screen && file.is_none() && !yes && first::wanted(env) {
        first::ask(env).await?;
    }
    let mut app = App::open(file, env)?;
    if let Some(partner) = partner {
        app.config.settings.partner = partner.into();
    }
    let mode = match (hands_free, app.config.settings.listen.mode) {
        (true, _) => Mode::Open,
        // Somebody who pipes questions in does not mean to be listened to.
        (false, _) if !look.typed => Mode::PushToTalk,
        (false, mode) => mode,
    };
    let talk = app.converse(Talk { mode, meter: look.screen, record: None }).await?;
    let handle = talk.driver.handle();
    // Somebody is here and about to speak.
    tokio::spawn(app::warm(talk.engines.clone()));
    if app.wants_a_chat_model() {
        tokio::spawn(offer(handle.clone()));
    }
    tokio::spawn({
        let (outlook, handle) = (app::outlook(&app), handle.clone());
        async move { outlook.warnings().await.into_iter().for_each(|warning| handle.tell(warning)) }
    });
    let settings = chat::Settings {
        greeting: greeting(&app.config.settings, mode),
        history: app.config.paths.state.join("typed.jsonl"),
        look,
        hears_itself: app.config.settings.listen.echo == Echo::Off,
    };
    let shown = chat::chat(handle, app.clock, settings);
    // Each ends with the other: quitting the chat ends the driver, and the driver's end the chat.
    let (_, shown) = tokio::join!(talk.driver.run(), shown);
    talk.sound.close()?;
    Ok(shown?)
}

/// The first lines of the chat and of the service: who answers, and what to know before speaking.
pub(super) fn greeting(settings: &config::Settings, mode: Mode) -> Vec<String> {
    let all = |names: &[ModelName]| match names {
        [] => "nothing".to_owned(),
        [only] => only.to_string(),
        [first, others @ ..] => {
            let others: Vec<_> = others.iter().map(ToString::to_string).collect();
            format!("{first} (then {})", others.join(", "))
        }
    };
    let config::Cascade { transcribe, chat, speak, .. } = &settings.cascade;
    let whole = |names: &[ModelName]| format!("{} listens, answers and speaks.", all(names));
    let who = match settings.partner {
        config::Partner::Cascade => format!(
            "Listens with {}, answers with {}, speaks with {}.",
            all(transcribe),
            all(chat),
            all(speak)
        ),
        config::Partner::AudioChat => whole(&settings.audio_chat.models),
        config::Partner::Realtime => whole(&settings.realtime.models),
    };
    let mut lines = vec![who];
    if mode != Mode::PushToTalk && settings.listen.echo == Echo::Off {
        lines.push(chat::HEADPHONES.to_owned());
    }
    lines
}

/// Offers model servers on this machine, which could answer what templates cannot.
async fn offer(handle: Handle) {
    for neighbour in crate::engine::openai::neighbours().await {
        handle.tell(neighbour.offer());
    }
}
