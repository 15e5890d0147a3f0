//! What the rest of the program sees: plain, validated values.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Environment;
use super::mcp::McpServer;
use super::tools::Tools;
use super::wake::Wake;
use crate::engine::openai::Sampling;
pub use crate::engine::openai::{Protocol, ToolChoice};
use crate::keys;
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
    /// `[keys]`
    pub keys: keys::Settings,
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
    /// `[providers.NAME]`, and the built-in ones: `local`, `openai`, and `azure` if its endpoint is
    /// in the environment.
    pub providers: BTreeMap<String, Provider>,
    /// `[prices."PROVIDER/MODEL"]`
    pub prices: BTreeMap<String, Price>,
    /// `[local]`
    pub local: Local,
    /// `[tools]`
    pub tools: Tools,
    /// `[mcp.NAME]`
    pub mcp: BTreeMap<String, McpServer>,
    /// `[templates]`
    pub templates: Templates,
    /// `[models]`
    pub models: Models,
    /// `[log]`
    pub log: Log,
}

/// Devices and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// The microphone.
    pub input: Device,
    /// The speaker.
    pub output: Device,
    /// The initial volume, 0 to 100.
    pub volume: u8,
    /// Whether short sounds signal that the ear opens and closes.
    pub earcons: bool,
}

/// A microphone or speaker. Whether it exists is found out when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// The system's default.
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
    /// What ends a turn.
    pub end: TurnEnding,
    /// Silence that ends a turn, 100..=5000 ms; with [`TurnEnding::Smart`] only if nothing else is
    /// known.
    pub pause_ms: u32,
    /// Sound kept from before the first word, 0..=2000 ms.
    pub preroll_ms: u32,
    /// The longest utterance, 1..=600 s.
    pub max_utterance_s: u32,
    /// Whether the reply is prepared during the pause.
    pub speculate: Speculate,
    /// When the echo of the speaker is removed from the microphone's sound.
    pub echo: Echo,
}

/// Whether a reply is prepared while the user may still go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speculate {
    /// Always, or never.
    If(bool),
    /// Only where that costs nothing: with the engines inside.
    Free,
}

/// What ends a turn without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnEnding {
    /// A pause that depends on what was said.
    #[default]
    Smart,
    /// A pause of fixed length.
    Pause,
}

/// What opens the ear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The talk key.
    #[default]
    PushToTalk,
    /// Always open.
    Open,
    /// A wake word.
    Wake,
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

/// The engines for the three jobs; of each list the first that works is used. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// Speech to text.
    pub transcribe: Vec<ModelName>,
    /// Text to text.
    pub chat: Vec<ModelName>,
    /// Text to speech.
    pub speak: Vec<ModelName>,
    /// What carries out commands.
    pub commands: Commands,
}

/// What carries out commands if a chat model is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commands {
    /// The templates, if the command is unambiguous.
    #[default]
    Local,
    /// The chat model, as for everything else.
    Chat,
}

/// A model of a provider, written `provider/model`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelName {
    /// A key of [`Settings::providers`].
    pub provider: String,
    /// The provider's name for it; may contain slashes.
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
    /// The models, in order of preference, followed by the cascade.
    pub models: Vec<ModelName>,
    /// Who detects the end of a turn.
    pub turn_detection: TurnDetection,
    /// The version of the protocol.
    pub dialect: Dialect,
    /// The voice; the service's default if empty.
    pub voice: String,
    /// The model that transcribes the user; no transcripts if empty.
    pub transcribe: String,
    /// The encoding of sound.
    pub format: WireFormat,
    /// Seconds of silence after which the session is closed; 0 for never.
    pub park_after_s: u32,
    /// Whether each session is opened with a key of its own.
    pub client_secrets: bool,
}

/// The encoding of sound in a realtime session.
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

/// Who detects the end of a turn in a realtime session.
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

/// The version of the realtime protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The one that the service answers to.
    #[default]
    Auto,
    /// The general availability version.
    Ga,
    /// The beta version.
    Beta,
}

/// A service, or this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Which protocol it speaks.
    pub kind: ProviderKind,
    /// Its base URL without the trailing slash; always set for `azure` and `compatible`.
    pub base_url: Option<String>,
    /// Where its key is.
    pub api_key: Option<KeySource>,
    /// The API version, for `azure`; `None` for v1.
    pub api_version: Option<String>,
    /// How the key is sent.
    pub auth: AuthScheme,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthScheme {
    /// As usual for the kind of provider.
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
    /// OpenAI's models on Azure.
    Azure,
    /// A server with an OpenAI-compatible API.
    Compatible,
}

/// Where a key is. The key itself is read where it is used, and never stored here.
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
    /// Whether a variable holds the key, or a systemd credential named like the variable in lower
    /// case. Whether a file or a keyring does is found out when the key is read.
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

    /// Where the key is, for messages.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => name.clone(),
            Self::File(path) => path.display().to_string(),
            Self::Credential(name) => format!("the credential {name}"),
            Self::Keyring(name) => format!("the keyring (provider {name})"),
        }
    }
}

/// The variable in which systemd passes the folder of a service's credentials.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Settings of remote chat models.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    /// The protocol.
    pub protocol: Protocol,
    /// Whether replies are streamed.
    pub stream: bool,
    /// Reasoning effort.
    pub reasoning_effort: Option<String>,
    /// Sampling parameters.
    pub sampling: Sampling,
    /// The longest reply, in tokens.
    pub max_output_tokens: Option<u32>,
    /// Which tools may be called.
    pub tool_choice: ToolChoice,
    /// Whether the web may be searched.
    pub search: bool,
    /// Silence in a reply after which it counts as broken off, 1..=3600 s.
    pub patience_s: u32,
    /// `[chat.PROVIDER]` and `[chat."PROVIDER/MODEL"]`: settings that differ for some.
    pub models: BTreeMap<String, ChatModel>,
}

/// Settings of one chat model, or of those of one provider, that differ from the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatModel {
    /// Sampling parameters.
    pub sampling: Sampling,
    /// Reasoning effort.
    pub reasoning_effort: Option<String>,
    /// The longest reply, in tokens.
    pub max_output_tokens: Option<u32>,
}

impl Chat {
    /// The settings of `model` of `provider`: its own, else its provider's, else the general ones.
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

/// A chat model's instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who aloud is.
    pub persona: Option<String>,
    /// What it knows.
    pub facts: Vec<String>,
    /// Files with more to know.
    pub files: Vec<PathBuf>,
}

/// Settings of remote transcription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcribe {
    /// The languages that may be spoken; any if empty.
    pub languages: Vec<String>,
    /// Likely words.
    pub keywords: Vec<String>,
    /// Text in the style of what will be said.
    pub prompt: Option<String>,
}

/// Settings of remote voices.
#[derive(Clone, Debug, PartialEq)]
pub struct Speak {
    /// The voice.
    pub voice: String,
    /// How to speak.
    pub instructions: Option<String>,
    /// Speed, 0.25..=4.0.
    pub speed: Option<f64>,
}

/// Settings of image models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The models, in order of preference.
    pub models: Vec<ModelName>,
    /// The size.
    pub size: Option<String>,
    /// The quality.
    pub quality: Option<String>,
    /// Where pictures are kept.
    pub dir: Option<PathBuf>,
}

/// A partner that is a chat model that hears and speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioChat {
    /// The models, in order of preference.
    pub models: Vec<ModelName>,
}

/// The engines of provider `local`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Whether models are loaded at start rather than on first use.
    pub warm: bool,
    /// Threads per inference, 1..=16.
    pub threads: u32,
    /// Idle seconds after which a model is unloaded; 0 for never.
    pub unload_after_s: u32,
}

/// The sentences that the local responder understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// The user's own, in addition to the built-in ones.
    pub file: Option<PathBuf>,
}

/// Model files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// Their folder.
    pub dir: PathBuf,
    /// A mirror that is tried before all other sources.
    pub mirror: Option<String>,
    /// The command that runs pip.
    pub pip: Vec<String>,
}

/// What is written to stderr or the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A tracing filter: `ALOUD_LOG`, else `[log] filter`; the command's own default if `None`.
    pub filter: Option<String>,
}
