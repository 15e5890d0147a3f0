use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config;

/// A voice assistant: it hears, understands, acts and answers aloud.
///
/// Run without a command to start a voice chat in this terminal.
#[derive(Debug, Parser)]
#[command(name = "aloud", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Keep the microphone open instead of waiting for the talk key.
    #[arg(long)]
    pub(crate) hands_free: bool,

    /// Skip the first-start questions and use the built-in engines.
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    /// What answers in this voice chat.
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
    /// Ask one question and exit.
    Ask(Ask),
    /// Speak text.
    Say(Say),
    /// Transcribe sound files.
    Transcribe(Transcribe),
    /// Run the service in the foreground.
    Daemon(Daemon),
    /// Press the talk key: the service listens until `release`.
    Press,
    /// Release the talk key: the service answers.
    Release,
    /// Press or release the talk key, whichever is next.
    Toggle,
    /// Stop the service talking and cancel what it is doing.
    Stop,
    /// Snooze the timer or alarm that is ringing or has just rung.
    Snooze {
        /// For how many minutes; 9 when not given.
        #[arg(value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
        minutes: Option<u32>,
    },
    /// Mute the microphone.
    Mute,
    /// Unmute the microphone.
    Unmute,
    /// Show what the service is doing.
    Status(Json),
    /// Print the service's events as JSON lines.
    Events,
    /// Have the service reload its configuration, once it is idle.
    Reload,
    /// Stop the service.
    Quit,
    /// List microphones and speakers.
    Devices(Json),
    /// Manage model files, and list the providers' models.
    Models(Models),
    /// Create, check or show the configuration.
    #[command(subcommand)]
    Config(Config),
    /// List timers, alarms and reminders.
    Timers(Json),
    /// List the tools the assistant can use, or call one.
    Tools(super::tools::Tools),
    /// Check the setup and say how to fix it.
    Doctor {
        /// Play a short sound, and measure how the microphone hears the speaker.
        #[arg(long)]
        tune: bool,
    },
    /// Replay a recorded session and print each decision.
    Replay {
        /// A recording made with `aloud daemon --record FILE`.
        file: PathBuf,
    },
    /// Install or remove the systemd user service.
    #[command(subcommand)]
    Service(Service),
    /// Browse past conversations (not available yet).
    #[command(hide = true)]
    History {
        /// Whatever is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// List, record and test wake words.
    #[command(subcommand)]
    Wake(super::wake::Wake),
    /// Serve as an MCP server on standard input and output: other programs speak to you and ask you.
    Mcp,
    /// Explain why the service last woke, ended your turn, cut a reply, or stayed silent.
    Why(Json),
    /// Show what each model was used for and what it cost.
    Usage(super::usage::Period),
    /// Generate and edit images.
    #[command(subcommand)]
    Image(super::image::Image),
    /// List, upload or remove files at a provider.
    #[command(subcommand)]
    Files(super::files::Files),
    /// Fine-tune a model.
    #[command(subcommand)]
    Finetune(super::finetune::Finetune),
    /// Print shell completions.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The question. Read from standard input when neither TEXT nor --audio is given.
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,
    /// A recorded question (WAV, MP3, FLAC, Ogg, ...). TEXT may come with it.
    #[arg(long, value_name = "FILE")]
    pub(crate) audio: Option<PathBuf>,
    /// Write the spoken answer to this file: .wav, .flac or .opus; "-" is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Speak the answer.
    #[arg(long)]
    pub(crate) speak: bool,
    /// An image for the question: a file or a URL. Can be repeated.
    #[arg(long, value_name = "PATH-or-URL")]
    pub(crate) image: Vec<String>,
    /// Background text for the answer, or earlier messages: a JSON array of {"role", "content"}.
    /// `-` is standard input. Can be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Vec<PathBuf>,
    /// Model for this question: `MODEL`, or `PROVIDER/MODEL`.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// API to use.
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// Reasoning effort: none, minimal, low, medium, high, xhigh, max.
    #[arg(long, value_name = "EFFORT")]
    pub(crate) effort: Option<String>,
    /// Let the model search the web, and print its sources.
    #[arg(long)]
    pub(crate) search: bool,
    /// Tool choice: auto, none, required, or a tool's name.
    #[arg(long, value_name = "CHOICE")]
    pub(crate) tool_choice: Option<String>,
    /// Don't stream the answer.
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// What answers this question.
    #[arg(long, value_enum)]
    pub(crate) partner: Option<Partner>,
    /// Print one JSON object: transcript, reply, tool calls, sources, timings.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Whatever fits the model and the provider.
    Auto,
    /// The chat completions API.
    Chat,
    /// The Responses API.
    Responses,
    /// The completions API, for base models.
    Completions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Partner {
    /// Speech recognition, a chat model and a voice.
    Cascade,
    /// A chat model that hears and speaks.
    AudioChat,
    /// A realtime speech-to-speech session.
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
    /// The text. Read from standard input when not given.
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
    /// Print one JSON object per file.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Output format.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per file.
    Json,
    /// Plain text.
    Text,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Daemon {
    /// When to listen (overrides the configuration).
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// What answers (overrides the configuration).
    #[arg(long, value_enum)]
    pub(crate) partner: Option<Partner>,
    /// Record the session to this file, up to the first reload, for `aloud replay`.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// While the talk key is held.
    PushToTalk,
    /// Always.
    Open,
    /// After a wake word: see [wake] in the configuration.
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
    /// List the providers' models and their end dates.
    #[arg(long)]
    pub(crate) remote: bool,
    /// Only this provider.
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
    /// List models: purpose, size, whether installed.
    List(Json),
    /// Download models; without names, all that offline use needs.
    Fetch {
        /// Names from `aloud models list`.
        names: Vec<String>,
    },
    /// Verify model files by hash; without names, all of them.
    Verify {
        /// Names from `aloud models list`.
        names: Vec<String>,
    },
    /// Delete model files.
    Remove {
        /// Names from `aloud models list`.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Write a commented configuration file (never overwrites).
    Init,
    /// Check the configuration and report every mistake.
    Check,
    /// Show the current settings and where each comes from.
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Install the user units, so aloud starts when you log in.
    Install,
    /// Remove the user units.
    Uninstall,
}
