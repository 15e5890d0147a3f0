//! The configuration: from a file and the environment to validated settings.
//!
//! ```text
//! config.toml ─┐
//!              ├─▶ Table (each value knows its place) ─▶ Section::… ─▶ Settings + Config::show
//! ALOUD_A__B ──┘                                             └──────▶ Problem… ─▶ ConfigErrors
//! ```
//!
//! Reading a key *is* its description: one line in `read.rs` gives its name, its valid values and
//! its default; that line yields the checks, `aloud config show` and the list of known keys.
//! `default.toml` is what `aloud config init` writes; a test keeps it in step.
//!
//! **Invariant:** all problems are reported at once, each with its place, its key and the next
//! step; nothing in a file or an `ALOUD_A__B` variable is ignored.
//! **Invariant:** settings that need a part of aloud that is not built yet are refused by
//! [`Feature`], in one place.
//! **Invariant:** keys and passwords are neither stored here nor shown, only where to find them.
//! **Invariant:** the environment is read once, by [`Environment::read`], and passed around.
//! Deliberately absent: devices, models and services themselves; a well-formed name need not exist.

mod calendar;
mod environment;
mod feature;
mod keys;
mod load;
mod mcp;
mod mqtt;
mod names;
mod paths;
mod permissions;
mod problem;
mod providers;
mod read;
mod remote;
mod secret;
mod section;
mod settings;
mod show;
mod table;
mod tools;
mod wake;

pub use environment::Environment;
pub use feature::Feature;
pub use load::{Config, InitError, default_file, init};
pub use mcp::{McpServer, is_name as is_server_name};
pub use paths::{PathError, Paths};
pub use problem::{ConfigErrors, Origin, Problem};
pub use providers::OPENAI;
pub use settings::{
    Audio, AudioChat, AuthScheme, CREDENTIALS, Cascade, Chat, ChatModel, Commands, Context, Device,
    Dialect, Image, KeySource, Listen, Local, Log, Mode, ModelName, Models, Partner, Protocol,
    Provider, ProviderKind, Realtime, Settings, Speak, Speculate, Templates, ToolChoice,
    Transcribe, TurnDetection, TurnEnding, WireFormat,
};
pub use tools::{CalDav, GetWeather, HomeAssistant, Mqtt, Tools, Units};
pub use wake::{OwnWake, Wake};
