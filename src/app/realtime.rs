//! The partner that hears and speaks by itself, with the cascade as fallback.

use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::{App, StartError};
use crate::base::{Flow, Utterance};
use crate::config::{self, ModelName};
use crate::engine::openai::defaults::{LIVE_ONLY, SPEAK_ONLY, VOICE};
use crate::engine::openai::realtime::{
    Dialect, Fallback, Format, Purpose, Reader, Realtime, Scribe, Server, Settings, TurnDetection,
};
use crate::engine::{Cascade, EngineError, Engines, Notes, Partner, Transcriber, Transcript};

/// The partner: with sound if there is something to play it on, else text only. `told` are the
/// notes of the engines, `live` an ear that hears the user while they speak.
///
/// # Errors
/// When the provider's key cannot be read or its address is invalid.
pub(super) fn partner(
    app: &App,
    engines: Engines,
    told: Receiver<String>,
    live: Option<Box<dyn Partner>>,
    sounds: bool,
) -> Result<Box<dyn Partner>, StartError> {
    let inside = if sounds { app.voice_inside() } else { None };
    let voiced = engines.speak.is_some() || inside.is_some();
    let mut cascade = Cascade::new(engines, Some(told)).with_voice_inside(inside);
    if let Some(ear) = live {
        cascade = cascade.with_ear(ear);
    }
    let mut partner: Box<dyn Partner> = Box::new(cascade);
    if !hears(app) {
        return Ok(partner);
    }
    let mut name = "The cascade".to_owned();
    for model in app.config.settings.realtime.models.iter().rev() {
        let (server, settings) = session(app, model, sounds)?;
        let fallback = Fallback { partner, name, voiced };
        let realtime = Realtime::new(settings, server, app.clock, fallback);
        partner = Box::new(realtime.metered(app.meter.clone()));
        name = model.to_string();
    }
    Ok(partner)
}

/// The server for sessions of a provider's model.
fn server(app: &App, provider: &str, model: &str) -> Result<Server, StartError> {
    let (address, auth) = app.credentials(provider)?;
    Ok(Server::new(provider, &address, model, auth)?.key_from(app.key_place(provider)))
}

/// Server and settings for the sessions of a model.
fn session(app: &App, model: &ModelName, sounds: bool) -> Result<(Server, Settings), StartError> {
    let of = &app.config.settings.realtime;
    let provider = &model.provider;
    let mut server = server(app, provider, &model.model)?;
    if of.client_secrets {
        server = server.with_secrets(app.account(provider)?, &model.model);
    }
    let settings = Settings {
        provider: provider.clone(),
        model: model.model.clone(),
        voice: (!of.voice.is_empty()).then(|| of.voice.clone()),
        speed: None,
        transcribe: (!of.transcribe.is_empty()).then(|| of.transcribe.clone()),
        turn_detection: match of.turn_detection {
            config::TurnDetection::Ours => TurnDetection::Ours,
            config::TurnDetection::ServerVad => TurnDetection::ServerVad,
            config::TurnDetection::SemanticVad => TurnDetection::SemanticVad,
        },
        dialect: dialect(app),
        format: match of.format {
            config::WireFormat::Pcm => Format::Pcm,
            config::WireFormat::Ulaw => Format::Ulaw,
            config::WireFormat::Alaw => Format::Alaw,
        },
        silent: !sounds,
        purpose: Purpose::Talk,
        park_after: (of.park_after_s > 0).then(|| Duration::from_secs(of.park_after_s.into())),
    };
    Ok((server, settings))
}

/// The ear of a model that takes sound only in a session; `None` for any other.
///
/// # Errors
/// As [`partner`].
pub(super) fn scribe(app: &App, name: &ModelName) -> Result<Option<Scribe>, StartError> {
    if !LIVE_ONLY.contains(&name.model.as_str()) {
        return Ok(None);
    }
    let server = server(app, &name.provider, &name.model)?;
    let config::Transcribe { languages, keywords, .. } = app.config.settings.transcribe.clone();
    let ModelName { provider, model } = name;
    let scribe = Scribe::new(server, provider, model, languages, keywords, app.clock);
    Ok(Some(scribe.metered(app.meter.clone())))
}

/// The voice of a realtime model that reads text aloud.
///
/// # Errors
/// As [`partner`].
pub(super) fn reader(app: &App, name: &ModelName, notes: &Notes) -> Result<Reader, StartError> {
    let server = server(app, &name.provider, &name.model)?;
    let config::Speak { voice, instructions, speed } = &app.config.settings.speak;
    // Some voices are not to be had in a session.
    let known = !SPEAK_ONLY.contains(&voice.as_str());
    let settings = Settings {
        provider: name.provider.clone(),
        model: name.model.clone(),
        voice: Some(if known { voice.clone() } else { VOICE.to_owned() }),
        // Sessions go no faster (the vendor's reference of `session.update`).
        speed: speed.map(|speed| speed.min(1.5)),
        transcribe: None,
        dialect: dialect(app),
        ..Settings::default()
    };
    let reader = Reader::new(server, settings, instructions.clone());
    Ok(reader.telling(app.meter.clone(), notes.clone()))
}

fn dialect(app: &App) -> Option<Dialect> {
    match app.config.settings.realtime.dialect {
        config::Dialect::Auto => None,
        config::Dialect::Ga => Some(Dialect::Ga),
        config::Dialect::Beta => Some(Dialect::Beta),
    }
}

/// The ear that hears the user while they speak, if the preferred ear is of that kind and the
/// partner does not hear by itself.
pub(super) fn live_ear(app: &App) -> Option<Box<dyn Partner>> {
    let first = app.config.settings.cascade.transcribe.first()?;
    // Its failure is reported by the chain, in which it is the first.
    let scribe = scribe(app, first).ok().flatten().filter(|_| !hears(app))?;
    Some(Box::new(scribe.listen()))
}

/// Whether the server detects turns. Then nothing is prepared during a pause: the server
/// decides what a pause is.
pub(super) fn theirs(app: &App) -> bool {
    hears(app) && app.config.settings.realtime.turn_detection != config::TurnDetection::Ours
}

/// Whether the partner hears by itself, so that the cascade is only a fallback.
pub(super) fn hears(app: &App) -> bool {
    match app.config.settings.partner {
        config::Partner::Realtime => true,
        config::Partner::Cascade | config::Partner::AudioChat => false,
    }
}

/// A missing ear, and why it is missing.
pub(super) struct Absent(String);

impl Absent {
    pub(super) fn new(why: &StartError) -> Self {
        Self(why.to_string())
    }
}

impl Transcriber for Absent {
    fn transcribe(&self, _: Utterance) -> Flow<Result<Transcript, EngineError>> {
        let error = EngineError::Unreachable(self.0.clone());
        Box::pin(futures::stream::iter([Err(error)]))
    }
}
