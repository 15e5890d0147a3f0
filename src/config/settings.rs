//! What the rest of the program sees: plain values, all of them checked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Environment;
use crate::engine::openai::Sampling;
pub use crate::engine::openai::{Protocol, ToolChoice};
use crate::ledger::Price;
use crate::listen::Echo;

/// The whole configuration, validated. Each room gets its own part.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `[audio]`
    pub audio: Audio,
    /// `[listen]`
    pub listen: Listen,
    /// `[wake]`
    pub wake: Wake,
    /// `[partner] kind`
    pub partner: Partner,
    /// `[cascade]`
    pub cascade: Cascade,
    /// `[audio_chat]`
    pub audio_chat: AudioChat,
    /// `[realtime]`
    pub realtime: Realtime,
    /// `[chat]`
    pub chat: Chat,
    /// `[context]`
    pub context: Context,
    /// `[transcribe]`
    pub transcribe: Transcribe,
    /// `[speak]`
    pub speak: Speak,
    /// `[image]`
    pub image: Image,
    /// `[providers.NAME]`, and those that are there without being written: `local`, `openai`, and
    /// `azure` when its endpoint is in the environment.
    pub providers: BTreeMap<String, Provider>,
    /// `[prices."PROVIDER/MODEL"]`
    pub prices: BTreeMap<String, Price>,
    /// `[local]`
    pub local: Local,
    /// `[tools]`
    pub tools: Tools,
    /// `[templates]`
    pub templates: Templates,
    /// `[models]`
    pub models: Models,
    /// `[log]`
    pub log: Log,
}

/// Devices and what comes out of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// The microphone.
    pub input: Device,
    /// The speaker.
    pub output: Device,
    /// The volume at the start, 0 to 100.
    pub volume: u8,
    /// Whether short sounds tell that the ear opens and closes.
    pub earcons: bool,
}

/// A microphone or a speaker. That it is there is found out when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// What the system uses.
    Default,
    /// This WAV file.
    Wav(PathBuf),
    /// A name or an id from `aloud devices`.
    Named(String),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Wav(path) => write!(f, "wav:{}", path.display()),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// When the user's speech begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What opens the ear.
    pub mode: Mode,
    /// Silence that ends a turn, 100..=5000 ms.
    pub pause_ms: u32,
    /// Sound kept from before the first word, 0..=2000 ms.
    pub preroll_ms: u32,
    /// The longest utterance, 1..=600 s.
    pub max_utterance_s: u32,
    /// Whether the reply is prepared while the pause runs.
    pub speculate: bool,
    /// When the echo of the speaker is taken out of what the microphone hears.
    pub echo: Echo,
}

/// What opens the ear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The talk key.
    #[default]
    PushToTalk,
    /// It is always open.
    Open,
    /// A wake word.
    Wake,
}

/// The words that open the ear in [`Mode::Wake`].
#[derive(Clone, Debug, PartialEq)]
pub struct Wake {
    /// Names of models. Never empty.
    pub words: Vec<String>,
    /// How readily they are heard, 0.0..=1.0.
    pub sensitivity: f64,
    /// `[wake.WORD]`: where it is otherwise.
    pub own: BTreeMap<String, f64>,
}

impl Wake {
    /// How readily `word` is heard, 0.0..=1.0.
    pub fn sensitivity_of(&self, word: &str) -> f64 {
        self.own.get(word).copied().unwrap_or(self.sensitivity)
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partner {
    /// Speech recognition, a chat model and a voice.
    #[default]
    Cascade,
    /// A realtime speech-to-speech session.
    Realtime,
    /// A chat model that hears and speaks.
    AudioChat,
}

/// Which engines do the three jobs; of each list the first that works. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// Speech to text.
    pub transcribe: Vec<ModelName>,
    /// Text to text.
    pub chat: Vec<ModelName>,
    /// Text to speech.
    pub speak: Vec<ModelName>,
    /// Who carries out commands.
    pub commands: Commands,
}

/// Who carries out commands where a chat model is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commands {
    /// The templates, where they leave no doubt.
    #[default]
    Local,
    /// The chat model, as everything else.
    Chat,
}

/// A model of a provider, written `provider/model`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelName {
    /// A key of [`Settings::providers`].
    pub provider: String,
    /// The provider's name for it; may hold slashes.
    pub model: String,
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// The session of a realtime partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realtime {
    /// The models, the preferred one first; behind the last one stands the cascade.
    pub models: Vec<ModelName>,
    /// Who finds the end of a turn.
    pub turn_detection: TurnDetection,
    /// Which form of the protocol is spoken.
    pub dialect: Dialect,
    /// The voice; the service's own when it is empty.
    pub voice: String,
    /// The model that writes down what the user says; none when it is empty.
    pub transcribe: String,
    /// How sound travels.
    pub format: WireFormat,
    /// After how many seconds of silence the session is closed; 0 never does.
    pub park_after_s: u32,
    /// Whether each session is opened with a key of its own.
    pub client_secrets: bool,
}

/// How sound travels in a realtime session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WireFormat {
    /// 16 bits at 24 kHz.
    #[default]
    Pcm,
    /// G.711 u-law at 8 kHz.
    Ulaw,
    /// G.711 A-law at 8 kHz.
    Alaw,
}

/// Who finds the end of a turn in a realtime session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnDetection {
    /// aloud's own listening.
    #[default]
    Ours,
    /// The service, by silence.
    ServerVad,
    /// The service, by meaning.
    SemanticVad,
}

/// Which form of the realtime protocol is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// What the service answers to.
    #[default]
    Auto,
    /// The general one.
    Ga,
    /// The one before it.
    Beta,
}

/// A service or this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Which protocol it speaks.
    pub kind: ProviderKind,
    /// Its address without the last slash; always there for `azure` and `compatible`.
    pub base_url: Option<String>,
    /// Where its key is.
    pub api_key: Option<KeySource>,
    /// The version of its interface, for `azure`; its v1 form where there is none.
    pub api_version: Option<String>,
    /// How the key is sent.
    pub auth: AuthScheme,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthScheme {
    /// As the kind of provider wants it.
    #[default]
    Auto,
    /// `Authorization: Bearer KEY`
    Bearer,
    /// `api-key: KEY`
    ApiKey,
}

/// Which protocol a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProviderKind {
    /// Engines on this machine.
    #[default]
    Local,
    /// OpenAI's own service.
    OpenAi,
    /// OpenAI's models at Azure.
    Azure,
    /// A server with an interface like OpenAI's.
    Compatible,
}

/// Where a key is. The key itself is read where it is used, and never kept here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In this environment variable.
    Env(String),
    /// In this file, alone.
    File(PathBuf),
    /// In the systemd credential of this name.
    Credential(String),
    /// In the desktop's keyring, with the attributes `service aloud` and `provider NAME`.
    Keyring(String),
}

impl KeySource {
    /// Whether a variable holds the key, or a systemd credential that is named as the variable in
    /// lower case. Whether a file or a keyring does is found out when the key is read.
    pub fn is_there(&self, env: &Environment) -> bool {
        match self {
            Self::Env(name) => {
                let credential = env.os(CREDENTIALS).map(PathBuf::from);
                let credential = credential.map(|dir| dir.join(name.to_lowercase()));
                env.get(name).is_some() || credential.is_some_and(|file| file.is_file())
            }
            Self::File(_) | Self::Credential(_) | Self::Keyring(_) => true,
        }
    }

    /// The place in the user's terms.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => name.clone(),
            Self::File(path) => path.display().to_string(),
            Self::Credential(name) => format!("the credential {name}"),
            Self::Keyring(name) => format!("the keyring (provider {name})"),
        }
    }
}

/// The variable in which systemd names the folder of a service's credentials.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// How chat models of a provider are asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    /// By which protocol.
    pub protocol: Protocol,
    /// Whether replies are streamed.
    pub stream: bool,
    /// How hard a reasoning model thinks.
    pub reasoning_effort: Option<String>,
    /// What bends chance.
    pub sampling: Sampling,
    /// The longest reply.
    pub max_output_tokens: Option<u32>,
    /// Which tools are called.
    pub tool_choice: ToolChoice,
    /// Whether the web may be searched.
    pub search: bool,
    /// Silence in a reply after which it counts as broken off, 1..=3600 s.
    pub patience_s: u32,
    /// `[chat.PROVIDER]` and `[chat."PROVIDER/MODEL"]`: what is otherwise with some.
    pub models: BTreeMap<String, ChatModel>,
}

/// How one chat model, or those of one provider, are asked otherwise than the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatModel {
    /// What bends chance.
    pub sampling: Sampling,
    /// How hard a reasoning model thinks.
    pub reasoning_effort: Option<String>,
    /// The longest reply.
    pub max_output_tokens: Option<u32>,
}

impl Chat {
    /// How `model` of `provider` is asked: as itself, else as its provider, else as all.
    pub fn of(&self, provider: &str, model: &str) -> ChatModel {
        let own = [provider.to_owned(), format!("{provider}/{model}")];
        let all = ChatModel {
            sampling: self.sampling.clone(),
            reasoning_effort: self.reasoning_effort.clone(),
            max_output_tokens: self.max_output_tokens,
        };
        own.iter().filter_map(|name| self.models.get(name)).fold(all, |under, over| ChatModel {
            sampling: under.sampling.under(&over.sampling),
            reasoning_effort: over.reasoning_effort.clone().or(under.reasoning_effort),
            max_output_tokens: over.max_output_tokens.or(under.max_output_tokens),
        })
    }
}

/// What a chat model is told besides the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who aloud is to be.
    pub persona: Option<String>,
    /// What it is to know.
    pub facts: Vec<String>,
    /// Files with more to know.
    pub files: Vec<PathBuf>,
}

/// How recordings are transcribed by a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcribe {
    /// The languages that may be spoken; any when empty.
    pub languages: Vec<String>,
    /// Words that are likely.
    pub keywords: Vec<String>,
    /// Text in the manner of what will be said.
    pub prompt: Option<String>,
}

/// How a provider speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Speak {
    /// Whose voice.
    pub voice: String,
    /// In which manner.
    pub instructions: Option<String>,
    /// How fast, 0.25..=4.0.
    pub speed: Option<f64>,
}

/// How pictures are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// By which models, the preferred one first.
    pub models: Vec<ModelName>,
    /// How large.
    pub size: Option<String>,
    /// How well.
    pub quality: Option<String>,
    /// Where they are kept.
    pub dir: Option<PathBuf>,
}

/// A partner that is a chat model which hears and speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioChat {
    /// The models, the preferred one first.
    pub models: Vec<ModelName>,
}

/// The engines of provider `local`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Whether models are loaded at the start, and not when first needed.
    pub warm: bool,
    /// Threads of one inference, 1..=16.
    pub threads: u32,
    /// After how many idle seconds a model is unloaded; 0 never does.
    pub unload_after_s: u32,
}

/// The tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// Only these, unless it is empty.
    pub enabled: Vec<String>,
    /// Not these.
    pub disabled: Vec<String>,
    /// `[tools.get_weather]`
    pub get_weather: GetWeather,
}

impl Tools {
    /// Whether the tool called `name` is to be offered.
    pub fn allows(&self, name: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|n| n == name);
        (self.enabled.is_empty() || has(&self.enabled)) && !has(&self.disabled)
    }
}

/// Where the weather comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetWeather {
    /// Forecasts, in Open-Meteo's format.
    pub base_url: String,
    /// Places, in Open-Meteo's format.
    pub geocoding_url: String,
    /// The place that is meant when none is said.
    pub location: Option<String>,
    /// The units of the answer.
    pub units: Units,
}

/// The units of the weather.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// As the locale has them (`LC_MEASUREMENT`).
    #[default]
    Auto,
    /// Celsius, kilometers per hour, millimeters.
    Metric,
    /// Fahrenheit, miles per hour, inches.
    Us,
}

/// The sentences that the local responder understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// The user's own, besides the built-in ones.
    pub file: Option<PathBuf>,
}

/// Model files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// Their folder.
    pub dir: PathBuf,
    /// A mirror that is asked before every other source.
    pub mirror: Option<String>,
    /// The command that runs pip.
    pub pip: Vec<String>,
}

/// What is written to stderr or the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A tracing filter: `ALOUD_LOG`, else `[log] filter`; the command's own default when absent.
    pub filter: Option<String>,
}
