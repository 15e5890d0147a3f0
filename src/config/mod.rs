//! The configuration: from a file and the environment to validated settings.
//!
//! ```text
//! config.toml ─┐
//!              ├─▶ Table (each value knows its place) ─▶ Section::… ─▶ Settings + Config::show
//! ALOUD_A__B ──┘                                             └──────▶ Problem… ─▶ ConfigErrors
//! ```
//!
//! Reading a key *is* its description: one line in `read.rs` names the key, what it may be and
//! what it is when nobody sets it; from that line come the checks, `aloud config show` and the list
//! of known keys. `default.toml` is what `aloud config init` writes; a test keeps it in step.
//!
//! **Invariant:** all problems are reported at once, each with its place, its key and the next
//! step; nothing in a file or an `ALOUD_A__B` variable is ignored.
//! **Invariant:** what needs a part of aloud that is not built yet is refused by [`Feature`], in one
//! place.
//! **Invariant:** no key or password is kept here or shown: only where to find it.
//! **Invariant:** the environment is read once, by [`Environment::read`], and handed around.
//! Absent on purpose: devices, models and services themselves; that a name is well formed says
//! nothing of whether it answers.

mod environment;
mod feature;
mod load;
mod names;
mod paths;
mod problem;
mod providers;
mod read;
mod remote;
mod section;
mod settings;
mod show;
mod table;

pub use environment::Environment;
pub use feature::Feature;
pub use load::{Config, InitError, default_file, init};
pub use paths::{PathError, Paths};
pub use problem::{ConfigErrors, Origin, Problem};
pub use providers::OPENAI;
pub use settings::{
    Audio, AudioChat, AuthScheme, CREDENTIALS, Cascade, Chat, ChatModel, Commands, Context, Device,
    Dialect, GetWeather, Image, KeySource, Listen, Local, Log, Mode, ModelName, Models, Partner,
    Protocol, Provider, ProviderKind, Realtime, Settings, Speak, Templates, ToolChoice, Tools,
    Transcribe, TurnDetection, Units, Wake, WireFormat,
};
