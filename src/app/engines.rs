//! Engines by name: makes an engine of each `provider/model` in the configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ended::Until;
use super::keys::{self, Key};
use super::{App, RUNTIME, StartError, realtime, sentences};
use crate::base::WallClock;
use crate::config::{self, AuthScheme, KeySource, ModelName, ProviderKind};
use crate::dialog::{Item, Prompt, ToolSpec};
use crate::engine::local::hibari::{Hibari, HibariFiles};
use crate::engine::local::moonshine::{Moonshine, MoonshineFiles};
use crate::engine::local::{Nearby, Templates};
use crate::engine::openai::defaults;
use crate::engine::openai::{
    Address, Auth, ChatModel, ChatSettings, Http, SpeechModel, SpeechSettings, TranscriptionModel,
    TranscriptionSettings, neighbours,
};
use crate::engine::{Chain, Commands, EngineError, Notes, Responder, Synthesizer, Transcriber};

/// The model of the local ear.
const EAR_INSIDE: &str = "moonshine-tiny-en";
/// The model of the local voice.
const VOICE_INSIDE: &str = "hibari-heart";
/// The version of Azure's API from which on it supports `max_completion_tokens` and reports the
/// usage of a stream.
const AZURE_MODERN: &str = "2024-09-01";

/// What was learned about the providers used so far.
#[derive(Default)]
pub(super) struct Accounts {
    clients: BTreeMap<String, Http>,
    auths: BTreeMap<String, Auth>,
}

impl App {
    /// The client of a provider: one for all jobs, so that they share its connections.
    ///
    /// # Errors
    /// When its key cannot be read, or its address is invalid.
    pub fn account(&self, name: &str) -> Result<Http, StartError> {
        if let Some(http) = self.accounts().clients.get(name) {
            return Ok(http.clone());
        }
        let (address, auth) = self.credentials(name)?;
        let patience = Duration::from_secs(self.config.settings.chat.patience_s.into());
        let http = Http::new(name, address, auth, patience)?
            .key_from(self.key_place(name).as_deref())
            .metered(self.meter.clone());
        self.accounts().clients.insert(name.to_owned(), http.clone());
        Ok(http)
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of a provider, and how to authenticate.
    pub(super) fn credentials(&self, name: &str) -> Result<(Address, Auth), StartError> {
        let provider = self.config.settings.providers.get(name).ok_or_else(|| {
            EngineError::Refused(format!("there is no provider \"{name}\"; add [providers.{name}]"))
        })?;
        let azure = provider.kind == ProviderKind::Azure;
        let by_header = match provider.auth {
            AuthScheme::ApiKey => true,
            AuthScheme::Auto => azure,
            AuthScheme::Bearer => false,
        };
        let known = self.accounts().auths.get(name).cloned();
        let auth = match known {
            Some(auth) => auth,
            None => {
                let shown =
                    move |key| if by_header { Auth::ApiKey(key) } else { Auth::Bearer(key) };
                let auth = match keys::key(&self.env, name, provider.api_key.as_ref())? {
                    // Told by the request, so that the next of a chain answers.
                    Key::None if azure || is_openai(provider.base_url.as_deref()) => {
                        let text = no_key(name, provider.api_key.as_ref());
                        Auth::later(async move { Err(EngineError::Refused(text)) })
                    }
                    Key::None => Auth::None,
                    Key::Known(key) => shown(key),
                    Key::Asked(asked) => Auth::later(async move { asked.await.map(shown) }),
                };
                self.accounts().auths.insert(name.to_owned(), auth.clone());
                auth
            }
        };
        let base = provider.base_url.as_deref().unwrap_or_default();
        let address = if azure {
            Address::azure(base, provider.api_version.as_deref())
        } else {
            Address::v1(base)
        };
        let address =
            address.map_err(|why| EngineError::Refused(format!("provider {name}: {why}")))?;
        Ok((address, auth))
    }

    /// Where the user keeps the key of the provider `name`, for messages.
    pub(super) fn key_place(&self, name: &str) -> Option<String> {
        Some(self.config.settings.providers.get(name)?.api_key.as_ref()?.place())
    }

    /// The providers used by a conversation, sorted by name; without this machine.
    pub fn providers_in_use(&self) -> std::collections::BTreeSet<String> {
        let settings = &self.config.settings;
        let config::Cascade { transcribe, chat, speak, commands: _ } = &settings.cascade;
        let own: &[_] = match settings.partner {
            config::Partner::Cascade => &[],
            config::Partner::AudioChat => &settings.audio_chat.models,
            config::Partner::Realtime => &settings.realtime.models,
        };
        let names = transcribe.iter().chain(chat).chain(speak).chain(own);
        let remote = names.filter(|name| self.kind(&name.provider) != ProviderKind::Local);
        remote.map(|name| name.provider.clone()).collect()
    }

    /// Whether a reply is prepared while the user may still go on.
    pub fn speculates(&self) -> bool {
        match self.config.settings.listen.speculate {
            config::Speculate::If(always) => always,
            config::Speculate::Free => self.providers_in_use().is_empty(),
        }
    }

    /// Whether `provider` is Azure, which lists models but is addressed by deployment names.
    pub fn is_azure(&self, provider: &str) -> bool {
        self.kind(provider) == ProviderKind::Azure
    }

    /// The kind of `provider`; `local` if it is not configured.
    pub(super) fn kind(&self, provider: &str) -> ProviderKind {
        self.config.settings.providers.get(provider).map_or(ProviderKind::Local, |p| p.kind)
    }

    pub(super) fn idle(&self) -> Option<Duration> {
        match self.config.settings.local.unload_after_s {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        }
    }

    /// The configured ear: a chain that uses the first one that works.
    ///
    /// # Errors
    /// When its model is missing, or a provider's key cannot be read.
    pub fn transcriber(&self, notes: &Notes) -> Result<Arc<dyn Transcriber>, StartError> {
        self.transcriber_of(&self.config.settings.cascade.transcribe, notes)
    }

    /// As [`App::transcriber`], for the models `names`.
    pub(super) fn transcriber_of(
        &self,
        names: &[ModelName],
        notes: &Notes,
    ) -> Result<Arc<dyn Transcriber>, StartError> {
        let transcribers = members(names, |name, last| {
            if self.kind(&name.provider) == ProviderKind::Local {
                let ear = self.moonshine(&name.model)?;
                // A chat model makes sense of what was misheard; templates need it exact.
                let ear = if self.wants_a_chat_model() { self.expecting(ear)? } else { ear };
                return Ok(Arc::new(ear) as Arc<dyn Transcriber>);
            }
            if let Some(scribe) = realtime::scribe(self, name)? {
                return Ok(Arc::new(scribe));
            }
            let transcribe = &self.config.settings.transcribe;
            let settings = TranscriptionSettings {
                languages: transcribe.languages.clone(),
                keywords: transcribe.keywords.clone(),
                prompt: transcribe.prompt.clone(),
                temperature: None,
                streams: matches!(
                    self.kind(&name.provider),
                    ProviderKind::OpenAi | ProviderKind::Azure
                ),
            };
            let ear =
                TranscriptionModel::new(self.line(&name.provider, last)?, &name.model, settings);
            let ear = ear.noting(notes.clone());
            Ok(Arc::new(if self.segments { ear.with_segments() } else { ear }))
        })?;
        Ok(one(transcribers, |transcribers| {
            Arc::new(Chain::of_transcribers(transcribers, notes.clone(), self.clock))
        }))
    }

    /// Recognizes the first words of speech over a reply: a local ear if there is one, because it
    /// needs neither a network nor half a second; else the cascade's. And whether it is local.
    pub(super) fn early(
        &self,
        transcribe: &Arc<dyn Transcriber>,
    ) -> (Option<Arc<dyn Transcriber>>, bool) {
        let first = self.config.settings.cascade.transcribe.first();
        if first.is_some_and(|name| self.kind(&name.provider) == ProviderKind::Local) {
            return ((!transcribe.is_absent()).then(|| Arc::clone(transcribe)), true);
        }
        match self.moonshine(EAR_INSIDE) {
            Ok(ear) => (Some(Arc::new(ear)), true),
            Err(error) => {
                tracing::info!("first words are recognized by the configured ear: {error}");
                let cascade = self.config.settings.partner == config::Partner::Cascade;
                ((cascade && !transcribe.is_absent()).then(|| Arc::clone(transcribe)), false)
            }
        }
    }

    /// The local ear without expectations, if it is installed.
    pub(crate) fn ear_inside(&self) -> Option<impl Transcriber + use<>> {
        self.moonshine(EAR_INSIDE).ok()
    }

    /// The local ear as one that expects commands.
    fn expecting(&self, ear: Moonshine) -> Result<Moonshine, StartError> {
        Ok(ear.expecting(self.templates()?))
    }

    fn moonshine(&self, model: &str) -> Result<Moonshine, StartError> {
        let runtime = self.store.path(RUNTIME.0, RUNTIME.1)?;
        let files = MoonshineFiles::in_folder(runtime, &self.store.folder(model)?);
        Ok(Moonshine::open(files, self.idle())?)
    }

    /// The configured voice: a chain that uses the first one that works.
    ///
    /// # Errors
    /// As [`App::transcriber`].
    pub fn voice(&self, notes: &Notes) -> Result<Arc<dyn Synthesizer>, StartError> {
        let names = self.in_order(WallClock::System.now().to_zoned(TimeZone::system()).date());
        let synthesizers = members(&names, |name, last| {
            if self.kind(&name.provider) == ProviderKind::Local {
                return Ok(self.hibari(&name.model)? as Arc<dyn Synthesizer>);
            }
            if defaults::reads(&name.model) {
                return Ok(Arc::new(realtime::reader(self, name, notes)?));
            }
            let speak = &self.config.settings.speak;
            let settings = SpeechSettings {
                voice: speak.voice.clone(),
                instructions: speak.instructions.clone(),
                speed: speak.speed,
            };
            let voice = SpeechModel::new(self.line(&name.provider, last)?, &name.model, settings);
            let voice: Arc<dyn Synthesizer> = Arc::new(voice.noting(notes.clone()));
            Ok(match self.is_first_choice(name) {
                true => Arc::new(Until::new(voice, &name.to_string(), self.speech_ended.clone())),
                false => voice,
            })
        })?;
        Ok(one(synthesizers, |synthesizers| {
            Arc::new(Chain::of_synthesizers(synthesizers, notes.clone(), self.clock))
        }))
    }

    /// The local voice for what must be heard, if the configured one is remote. `None` without its
    /// model's files.
    pub(super) fn voice_inside(&self) -> Option<Arc<dyn Synthesizer>> {
        let speak = &self.config.settings.cascade.speak;
        if speak.iter().all(|name| self.kind(&name.provider) == ProviderKind::Local) {
            return None;
        }
        match self.hibari(VOICE_INSIDE) {
            Ok(voice) => Some(voice),
            Err(error) => {
                tracing::info!("failures and rings are spoken by the configured voice: {error}");
                None
            }
        }
    }

    /// The local voice, shared by everyone who speaks with it, so that its model is loaded once.
    fn hibari(&self, model: &str) -> Result<Arc<Hibari>, StartError> {
        let mut voices = self.voices.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(voice) = voices.get(model) {
            return Ok(Arc::clone(voice));
        }
        let runtime = self.store.path(RUNTIME.0, RUNTIME.1)?;
        let files = HibariFiles::in_folder(runtime, &self.store.folder(model)?);
        let voice = Arc::new(Hibari::open(files, self.idle())?);
        voices.insert(model.to_owned(), Arc::clone(&voice));
        Ok(voice)
    }

    /// The voices in order, without a default one that was retired by `today`.
    fn in_order(&self, today: Date) -> Vec<ModelName> {
        let mut names = self.config.settings.cascade.speak.clone();
        if today >= defaults::SPEAK_ENDS && names.len() > 1 {
            names.retain(|name| !self.is_first_choice(name));
        }
        names
    }

    /// Whether `name` is our default voice, which is replaced when it is retired.
    pub(super) fn is_first_choice(&self, name: &ModelName) -> bool {
        !self.config.is_set("cascade", "speak")
            && self.kind(&name.provider) == ProviderKind::OpenAi
            && name.model == defaults::SPEAK
    }

    /// The configured responder: a chain that uses the first one that works.
    ///
    /// # Errors
    /// When the user's own templates have mistakes, or a provider's key cannot be read.
    pub fn responder(&self, notes: &Notes) -> Result<Arc<dyn Responder>, StartError> {
        if self.config.settings.partner == config::Partner::AudioChat {
            return self.audio_chat(notes);
        }
        let responders = members(&self.config.settings.cascade.chat, |name, last| {
            if self.kind(&name.provider) == ProviderKind::Local {
                return Ok(self.templates()? as Arc<dyn Responder>);
            }
            let http = self.line(&name.provider, last)?;
            let settings = self.asking(name)?;
            let chat = ChatModel::new(http, &name.model, settings, notes.clone());
            Ok(Arc::new(chat) as Arc<dyn Responder>)
        })?;
        let chat = one(responders, |responders| {
            Arc::new(Chain::of_responders(responders, notes.clone(), self.clock))
        });
        if !self.commands_first() {
            return Ok(chat);
        }
        Ok(Arc::new(Commands::new(self.templates()?, chat)))
    }

    /// Whether templates come before the chat model.
    fn commands_first(&self) -> bool {
        let config::Cascade { chat, commands, .. } = &self.config.settings.cascade;
        // A list that begins with the templates never gets further.
        let remote =
            chat.first().is_some_and(|name| self.kind(&name.provider) != ProviderKind::Local);
        match (commands, self.config.settings.partner) {
            (config::Commands::Local, config::Partner::Cascade) => remote,
            (config::Commands::Chat, _)
            | (_, config::Partner::Realtime | config::Partner::AudioChat) => false,
        }
    }

    /// The client of a member of a chain: all but the last are asked without retries, because
    /// another one can take over.
    pub(super) fn line(&self, provider: &str, last: bool) -> Result<Http, StartError> {
        let http = self.account(provider)?;
        Ok(if last { http } else { http.without_retries() })
    }

    /// The chat models that hear and speak: a chain that uses the first one that works.
    fn audio_chat(&self, notes: &Notes) -> Result<Arc<dyn Responder>, StartError> {
        let responders = members(&self.config.settings.audio_chat.models, |name, last| {
            let settings = ChatSettings {
                hears: true,
                voice: Some(self.config.settings.speak.voice.clone()),
                mute: self.mute,
                ..self.asking(name)?
            };
            let http = self.line(&name.provider, last)?;
            let chat = ChatModel::new(http, &name.model, settings, notes.clone());
            Ok(Arc::new(chat) as Arc<dyn Responder>)
        })?;
        Ok(one(responders, |responders| {
            Arc::new(Chain::of_responders(responders, notes.clone(), self.clock))
        }))
    }

    /// The settings of the chat model `name`.
    fn asking(&self, name: &ModelName) -> Result<ChatSettings, StartError> {
        let ModelName { provider, model } = name;
        let chat = &self.config.settings.chat;
        let config::ChatModel { sampling, reasoning_effort, max_output_tokens } =
            chat.of(provider, model);
        let kind = self.kind(provider);
        let version = self.config.settings.providers.get(provider);
        let version = version.and_then(|provider| provider.api_version.as_deref());
        Ok(ChatSettings {
            protocol: chat.protocol,
            responses: kind == ProviderKind::OpenAi,
            modern: match kind {
                ProviderKind::OpenAi => true,
                // Dates, so alphabetical order is chronological.
                ProviderKind::Azure => version.is_none_or(|version| version >= AZURE_MODERN),
                ProviderKind::Compatible | ProviderKind::Local => false,
            },
            whole: !chat.stream,
            effort: reasoning_effort,
            sampling,
            max_tokens: max_output_tokens,
            tool_choice: chat.tool_choice.clone(),
            search: chat.search,
            hears: false,
            voice: None,
            mute: false,
            opening: self.before()?,
        })
    }

    /// Whether the templates carry out `text` by themselves, with these tools.
    pub(super) fn commands(&self, text: &str, tools: Arc<[ToolSpec]>) -> Result<bool, StartError> {
        if !self.commands_first() && !self.wants_a_chat_model() {
            return Ok(false);
        }
        let items = vec![Item::User { utterance: None, text: text.to_owned() }];
        let prompt = Prompt { instructions: "".into(), items, tools, sounds: Vec::new() };
        Ok(self.templates()?.certain(&prompt).is_some())
    }

    /// Whether only templates answer, so that a chat model is worth offering.
    pub fn wants_a_chat_model(&self) -> bool {
        self.config.settings.cascade.chat.iter().all(|name| name.provider == "local")
            && self.config.settings.partner == config::Partner::Cascade
    }

    /// The templates, created once.
    pub(super) fn templates(&self) -> Result<Arc<Templates>, StartError> {
        if let Some(made) = self.templates.get() {
            return Ok(Arc::clone(made));
        }
        let grammar = sentences::grammar(self)?;
        let nearby: Nearby = Arc::new(|| {
            Box::pin(async { neighbours().await.into_iter().map(|server| server.name).next() })
        });
        let made = Arc::new(Templates::new(grammar).with_nearby(nearby));
        Ok(Arc::clone(self.templates.get_or_init(|| made)))
    }
}

/// Makes the engines `names`, each told whether it is the last. One that cannot be made, such as a
/// model that was not fetched, is left out as long as there is another.
pub(super) fn members<E: ?Sized>(
    names: &[ModelName],
    make: impl Fn(&ModelName, bool) -> Result<Arc<E>, StartError>,
) -> Result<Vec<(String, Arc<E>)>, StartError> {
    let mut made = Vec::new();
    let mut unmade = None;
    for (at, name) in names.iter().enumerate() {
        match make(name, at + 1 == names.len()) {
            Ok(engine) => made.push((name.to_string(), engine)),
            Err(error) => {
                // Nobody misses a local model that was never fetched.
                if name.provider == "local" {
                    tracing::debug!("{name} is skipped: {error}");
                } else {
                    tracing::warn!("{name} is skipped: {error}");
                }
                unmade.get_or_insert(error);
            }
        }
    }
    let none = EngineError::Refused("no engine is configured; run \"aloud config check\"".into());
    if made.is_empty() { Err(unmade.unwrap_or(StartError::Engine(none))) } else { Ok(made) }
}

/// The only engine, or a chain of all.
pub(super) fn one<E: ?Sized>(
    mut engines: Vec<(String, Arc<E>)>,
    chain: impl FnOnce(Vec<(String, Arc<E>)>) -> Arc<E>,
) -> Arc<E> {
    match (engines.pop(), engines.is_empty()) {
        (Some((_, only)), true) => only,
        (last, _) => {
            engines.extend(last);
            chain(engines)
        }
    }
}

/// Whether `base` is the vendor's own address, which answers nobody without a key.
fn is_openai(base: Option<&str>) -> bool {
    base.is_none_or(|base| base.trim_end_matches('/') == config::OPENAI)
}

/// What to say when the provider `name` has no key.
fn no_key(name: &str, place: Option<&KeySource>) -> String {
    match place {
        Some(KeySource::Env(variable)) => {
            format!(
                "provider {name} needs a key; set {variable}, or api_key_file under [providers.{name}]"
            )
        }
        _ => format!("provider {name} needs a key; set api_key_file under [providers.{name}]"),
    }
}
