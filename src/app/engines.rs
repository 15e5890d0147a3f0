//! Engines by name: what the configuration calls `provider/model` becomes something that works.

use std::sync::Arc;
use std::time::Duration;

use super::{App, RUNTIME, Unfit, keys};
use crate::config::{self, ModelName, Presents, ProviderKind};
use crate::engine::local::hibari::{Hibari, HibariFiles};
use crate::engine::local::moonshine::{Moonshine, MoonshineFiles};
use crate::engine::local::templates::Templates;
use crate::engine::openai::{Address, Auth, Http, Mind, MindSettings};
use crate::engine::{Chain, EngineError, Notes, Responder, Synthesizer, Transcriber};

impl App {
    /// The client of a provider: one for all jobs, so that they share its connections.
    ///
    /// # Errors
    /// When its key cannot be read, or its address is none.
    pub fn account(&self, name: &str) -> Result<Http, Unfit> {
        let mut accounts = self.accounts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(http) = accounts.get(name) {
            return Ok(http.clone());
        }
        let provider = self.config.settings.providers.get(name).ok_or_else(|| {
            EngineError::Refused(format!(
                "no provider is called \"{name}\"; add [providers.{name}]"
            ))
        })?;
        let key = keys::key(&self.env, name, provider.api_key.as_ref())?;
        let base = provider.base_url.as_deref().unwrap_or_default();
        let azure = provider.kind == ProviderKind::Azure;
        let address = if azure {
            Address::azure(base, provider.api_version.as_deref())
        } else {
            Address::v1(base)
        };
        let address =
            address.map_err(|why| EngineError::Refused(format!("provider {name}: {why}")))?;
        let auth = match (key, provider.auth) {
            (None, _) => Auth::None,
            (Some(key), Presents::ApiKey) => Auth::ApiKey(key),
            (Some(key), Presents::Auto) if azure => Auth::ApiKey(key),
            (Some(key), Presents::Auto | Presents::Bearer) => Auth::Bearer(key),
        };
        let patience = Duration::from_secs(self.config.settings.chat.patience_s.into());
        let http = Http::new(name, address, auth, patience)?;
        accounts.insert(name.to_owned(), http.clone());
        Ok(http)
    }

    /// What `provider` speaks; `local` where nothing is written of it.
    fn kind(&self, provider: &str) -> ProviderKind {
        self.config.settings.providers.get(provider).map_or(ProviderKind::Local, |p| p.kind)
    }

    fn idle(&self) -> Option<Duration> {
        match self.config.settings.local.unload_after_s {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        }
    }

    /// The configured ear.
    ///
    /// # Errors
    /// When its model is missing.
    pub fn transcriber(&self) -> Result<Arc<dyn Transcriber>, Unfit> {
        first(&self.config.settings.cascade.transcribe, |name| {
            let runtime = self.store.path(RUNTIME.0, RUNTIME.1)?;
            let files = MoonshineFiles::in_folder(runtime, &self.store.folder(&name.model)?);
            Ok(Arc::new(Moonshine::open(files, self.idle())?) as Arc<dyn Transcriber>)
        })
    }

    /// The configured voice.
    ///
    /// # Errors
    /// When its model is missing.
    pub fn voice(&self) -> Result<Arc<dyn Synthesizer>, Unfit> {
        first(&self.config.settings.cascade.speak, |name| {
            let runtime = self.store.path(RUNTIME.0, RUNTIME.1)?;
            let files = HibariFiles::in_folder(runtime, &self.store.folder(&name.model)?);
            Ok(Arc::new(Hibari::open(files, self.idle())?) as Arc<dyn Synthesizer>)
        })
    }

    /// The configured mind: a chain, of which the first that answers is taken.
    ///
    /// # Errors
    /// When the user's own templates have mistakes, or a provider's key cannot be read.
    pub fn responder(&self, notes: &Notes) -> Result<Arc<dyn Responder>, Unfit> {
        if self.config.settings.partner == config::Partner::AudioChat {
            return self.audio_chat(notes);
        }
        let names = &self.config.settings.cascade.chat;
        let mut chain = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let last = at + 1 == names.len();
            let mind = self.mind(name, last, notes)?;
            chain.push((format!("{}/{}", name.provider, name.model), mind));
        }
        match (chain.pop(), chain.is_empty()) {
            (Some((_, only)), true) => Ok(only),
            (last, _) => {
                chain.extend(last);
                Ok(Arc::new(Chain::of_minds(chain, notes.clone(), self.clock)))
            }
        }
    }

    /// One responder. All but the last of a chain are asked hastily: somebody stands behind them.
    fn mind(
        &self,
        name: &ModelName,
        last: bool,
        notes: &Notes,
    ) -> Result<Arc<dyn Responder>, Unfit> {
        if self.kind(&name.provider) == ProviderKind::Local {
            return self.templates();
        }
        let http = self.account(&name.provider)?;
        let http = if last { http } else { http.hasty() };
        let settings = self.asking(&name.provider);
        Ok(Arc::new(Mind::new(http, &name.model, settings, notes.clone())))
    }

    /// The chat model that hears and speaks.
    fn audio_chat(&self, notes: &Notes) -> Result<Arc<dyn Responder>, Unfit> {
        let name = &self.config.settings.audio_chat.model;
        let settings = MindSettings {
            voice: Some(self.config.settings.speak.voice.clone()),
            ..self.asking(&name.provider)
        };
        let http = self.account(&name.provider)?;
        Ok(Arc::new(Mind::new(http, &name.model, settings, notes.clone())))
    }

    /// How chat models of `provider` are asked.
    fn asking(&self, provider: &str) -> MindSettings {
        let chat = &self.config.settings.chat;
        let kind = self.kind(provider);
        let dated =
            self.config.settings.providers.get(provider).is_some_and(|p| p.api_version.is_some());
        MindSettings {
            protocol: chat.protocol,
            responses: kind == ProviderKind::OpenAi,
            modern: match kind {
                ProviderKind::OpenAi => true,
                ProviderKind::Azure => !dated,
                ProviderKind::Compatible | ProviderKind::Local => false,
            },
            whole: !chat.stream,
            effort: chat.reasoning_effort.clone(),
            temperature: chat.temperature,
            max_tokens: chat.max_output_tokens,
            tool_choice: chat.tool_choice.clone(),
            search: chat.search,
            voice: None,
        }
    }

    /// Whether only templates answer, so that a chat model would be worth an offer.
    pub fn wants_a_mind(&self) -> bool {
        self.config.settings.cascade.chat.iter().all(|name| name.provider == "local")
            && self.config.settings.partner == config::Partner::Cascade
    }

    fn templates(&self) -> Result<Arc<dyn Responder>, Unfit> {
        let templates = match &self.config.settings.templates.file {
            None => Templates::new(),
            Some(path) => Templates::with_file(path).map_err(|problems| {
                let lines: Vec<String> = problems
                    .iter()
                    .map(|problem| {
                        format!("{}:{}: {}", path.display(), problem.line, problem.message)
                    })
                    .collect();
                Unfit::Templates(lines.join("\n"))
            })?,
        };
        Ok(Arc::new(templates))
    }
}

/// The first of `names` that can be made; the error of the first one when none can.
fn first<T>(
    names: &[ModelName],
    make: impl Fn(&ModelName) -> Result<T, Unfit>,
) -> Result<T, Unfit> {
    let mut errors = Vec::new();
    for name in names {
        match make(name) {
            Ok(engine) => return Ok(engine),
            Err(error) => errors.push(error),
        }
    }
    let none = EngineError::Refused("no engine is configured; run \"aloud config check\"".into());
    Err(errors.into_iter().next().unwrap_or(Unfit::Engine(none)))
}
