use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config;

/// A voice assistant: it hears, understands, acts and answers aloud.
///
/// Without a command, a voice chat in this terminal.
#[derive(Debug, Parser)]
#[command(name = "aloud", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Listen all the time instead of waiting for the talk key.
    #[arg(long)]
    pub(crate) hands_free: bool,

    /// Ask nothing at the first start; the built-in engines answer.
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    /// Who answers, in this voice chat.
    #[arg(long, value_enum)]
    pub(crate) partner: Option<Partner>,

    /// The configuration file [default: $XDG_CONFIG_HOME/aloud/config.toml].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer one question, and end.
    Ask(Ask),
    /// Speak a text.
    Say(Say),
    /// Write down what was said in sound files.
    Transcribe(Transcribe),
    /// Run the service in the foreground.
    Daemon(Daemon),
    /// Talk key down: the running service listens until `release`.
    Press,
    /// Talk key up: the running service answers.
    Release,
    /// Talk key: down when up, up when down.
    Toggle,
    /// Silence the running service and drop what it is doing.
    Stop,
    /// Deafen the running service's microphone.
    Mute,
    /// Open it again.
    Unmute,
    /// Tell how the running service stands.
    Status(Json),
    /// Print everything that happens in the running service, one JSON object a line.
    Events,
    /// Make the running service read its configuration again.
    Reload,
    /// End the running service.
    Quit,
    /// List microphones and speakers.
    Devices(Json),
    /// The models: files on this machine, and what providers offer.
    Models(Models),
    /// The configuration: init, check, show.
    #[command(subcommand)]
    Config(Config),
    /// List the timers and alarms that are set.
    Timers(Json),
    /// List the tools that a spoken command can call.
    Tools(Json),
    /// Look for what would keep aloud from working, and say how to mend it.
    Doctor,
    /// Run a recorded session through the turn machine and print what it decides.
    Replay {
        /// A recording made with `aloud daemon --record FILE`.
        file: PathBuf,
    },
    /// Install, start or remove the systemd user service.
    #[command(subcommand)]
    Service(Service),
    /// Look through past conversations (comes with a later release).
    #[command(hide = true)]
    History {
        /// Whatever is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// What the providers' models were used for, and what that cost.
    Usage(super::usage::Period),
    /// Make and change pictures.
    #[command(subcommand)]
    Image(super::image::Image),
    /// Train a model of one's own.
    #[command(subcommand)]
    Finetune(super::finetune::Finetune),
    /// Print the completions of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The question; read from standard input when neither this nor --audio is given.
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,
    /// A spoken question: WAV, MP3, FLAC or Ogg.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub(crate) audio: Option<PathBuf>,
    /// Write the spoken answer to this file: .wav, .flac or .opus; "-" is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Speak the answer.
    #[arg(long)]
    pub(crate) speak: bool,
    /// A picture to look at: a file, or an address. May be given several times.
    #[arg(long, value_name = "PATH-or-URL")]
    pub(crate) image: Vec<String>,
    /// A text that the answer may rest on; `-` is standard input. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Vec<PathBuf>,
    /// Who answers, for this question: `MODEL` of the usual provider, or `PROVIDER/MODEL`.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// How the model is asked.
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// How hard a reasoning model thinks: none, minimal, low, medium, high, xhigh, max.
    #[arg(long, value_name = "EFFORT")]
    pub(crate) effort: Option<String>,
    /// Let the model search the web; its sources are printed.
    #[arg(long)]
    pub(crate) search: bool,
    /// Which tools it calls: auto, none, required, or the name of one.
    #[arg(long, value_name = "CHOICE")]
    pub(crate) tool_choice: Option<String>,
    /// Wait for the whole answer instead of streaming it.
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Who answers: the three engines of [cascade], a chat model that hears and speaks, or a
    /// session that does.
    #[arg(long, value_enum)]
    pub(crate) partner: Option<Partner>,
    /// Print one JSON object: transcript, reply, tool calls, timings.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// What suits the model and the provider.
    Auto,
    /// Chat completions.
    Chat,
    /// Responses.
    Responses,
    /// Completions, for base models.
    Completions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Partner {
    /// Speech to text, text to text, text to speech.
    Cascade,
    /// A chat model that takes sound.
    AudioChat,
    /// One session that hears and speaks.
    Realtime,
}

impl From<Partner> for config::Partner {
    fn from(partner: Partner) -> Self {
        match partner {
            Partner::Cascade => Self::Cascade,
            Partner::AudioChat => Self::AudioChat,
            Partner::Realtime => Self::Realtime,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Say {
    /// The text; read from standard input when not given.
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,
    /// Write to this file instead of the speaker: .wav, .flac or .opus; "-" is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Transcribe {
    /// Sound files: WAV, MP3, FLAC, Ogg, Opus, M4A, AAC, WebM, AIFF or CAF; "-" is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print one JSON object a file.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// How to print.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One object a file.
    Json,
    /// The words.
    Text,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
}

#[derive(Debug, Args)]
pub(crate) struct Daemon {
    /// When to listen; overrides the configuration.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Who answers; overrides the configuration.
    #[arg(long, value_enum)]
    pub(crate) partner: Option<Partner>,
    /// Write every input of the turn machine to this file, for `aloud replay`.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// While the talk key is down.
    PushToTalk,
    /// All the time.
    Open,
    /// After the wake word (comes with a later release).
    Wake,
}

#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Models {
    /// List what providers offer, and when it ends, instead of the files on this machine.
    #[arg(long)]
    pub(crate) remote: bool,
    /// Only this provider; else all that are in use or have a key.
    #[arg(long, value_name = "NAME", requires = "remote")]
    pub(crate) provider: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Option<ModelFiles>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelFiles {
    /// List the models, what they are for, their size and whether they are here.
    List(Json),
    /// Fetch models; all that local answers need when none is named.
    Fetch {
        /// Names from `aloud models list`.
        names: Vec<String>,
    },
    /// Read every file and compare its hash; all models when none is named.
    Verify {
        /// Names from `aloud models list`.
        names: Vec<String>,
    },
    /// Delete models from this machine.
    Remove {
        /// Names from `aloud models list`.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Write a commented configuration with the defaults; never over an existing one.
    Init,
    /// Read the configuration and report every mistake in it.
    Check,
    /// Print the settings in force and where each comes from; never a key.
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Write the user units, so that aloud starts with the session.
    Install,
    /// Remove the user units.
    Uninstall,
}
