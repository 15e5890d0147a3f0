//! Tools: what a spoken command can call.
//!
//! ```text
//! Call ─▶ Registry ─▶ Tool::call ─▶ ToolOutput {data for a model, say for a person, act on aloud itself}
//!                         ├─▶ mcp: other programs' tools, by the Model Context Protocol
//!                         ├─▶ own: a program of the user's {arguments on stdin, answer on stdout}
//!                         └─▶ Book ─▶ View {ringing} (timers and alarms, later, unasked)
//! ```
//!
//! **Invariant:** arguments are checked against the tool's own schema before it runs; a mistake in
//! them is reported to the responder and never ends the turn.
//! **Invariant:** every call ends: by its result, its panic or its deadline.
//! **Invariant:** what is said is true. A timer that nobody will ring, or that could not be saved,
//! is not called set without saying so.
//! Deliberately absent: which sentence means which tool; that is up to a responder.

mod alarm;
mod alarm_cancel;
mod alarm_change;
mod alarm_days;
mod alarm_find;
mod alarm_when;
mod alarm_words;
mod book;
mod book_access;
mod browse;
mod calculate;
mod calendar;
mod clock;
mod convert;
mod currency;
mod day;
mod desktop;
mod disk;
mod function;
mod home;
mod house;
mod items;
mod list;
mod luck;
pub mod mcp;
mod media;
mod mqtt;
mod news;
mod note;
mod own;
mod pad;
pub mod permission;
pub mod picture;
mod process;
mod progress;
mod registry;
mod reminder;
mod said;
mod schema;
mod settings;
mod snooze;
mod sum;
mod talk;
mod time_zones;
mod timer;
mod timer_words;
mod tongue;
mod unit;
mod volume;
mod weather;
mod web;
mod wish;
mod zone;

pub use book::{
    Book, Cycle, Days, Entry, EntryId, MAX_ENTRIES, Now, Rang, Reading, Ring, RingKind, Run, Saved,
    Unit, Unreachable, View, Week, What, default_path,
};
pub use browse::BrowseSettings;
pub use calendar::{CalendarServer, CalendarSettings, CalendarSource};
pub use desktop::DesktopSettings;
pub use function::{arguments, function};
pub use home::Home;
pub use mqtt::MqttSettings;
pub use own::{Own, Sentences, own};
pub use pad::Pad;
pub use picture::{Album, Painter, PictureSettings, Screen, pictures};
pub use progress::{Progress, Step};
pub use registry::{CALL_DEADLINE, Done, Registry};
pub use settings::{
    BaseUrl, CurrencySettings, HouseSettings, Ringer, Settings, Units, WeatherSettings,
};
pub(crate) use snooze::{LONGEST_SNOOZE, SNOOZE};
pub use tongue::Tongue;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Job, Moment};
use crate::dialog::{Picture, Start, ToolSpec};
use crate::language::english::say;
pub(crate) use crate::language::english::waiting;

/// The result of a tool call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// For a model to read.
    pub data: serde_json::Value,
    /// For a person to hear: one or two plain sentences without digits that are hard to speak.
    pub say: String,
    /// What it does to aloud itself.
    pub act: Option<Act>,
    /// A picture for a model that can see.
    pub picture: Option<Picture>,
}

impl ToolOutput {
    /// `data` for a model and `say` for a person.
    pub fn new(data: serde_json::Value, say: impl Into<String>) -> Self {
        Self { data, say: say.into(), act: None, picture: None }
    }
}

/// What a tool does to the assistant itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Stop talking; the reply ends here and nothing more is said.
    Stop,
}

/// Why a tool call failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ToolError {
    /// For the responder, who can correct it or say it: a plain sentence.
    #[error("{0}")]
    Tell(String),
    /// The tool itself is broken: reported to the user, and logged.
    #[error("{0}")]
    Fatal(String),
}

/// The context of a call.
#[derive(Clone, Debug, Default)]
pub struct ToolCx {
    /// When it was called.
    pub now: Moment,
    /// What aloud said last, for `repeat`.
    pub last_reply: Option<String>,
    /// What the user said in this turn, for tools with ambiguous arguments: "4:30" and "4:30 am"
    /// are both written 04:30.
    pub said: Option<String>,
    /// How the words that began the turn came in, for permissions.
    pub starts: BTreeSet<Start>,
    /// The last wake word called.
    pub word: Option<Arc<str>>,
    /// Takes what the tool tells about how far it is.
    pub progress: Progress,
}

/// Something a responder can call.
pub trait Tool: Send + Sync {
    /// Its name, purpose and arguments.
    fn spec(&self) -> &ToolSpec;

    /// Runs it. `args` is JSON text that was checked against the schema of [`Tool::spec`].
    fn call(&self, args: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>>;

    /// Whether its results hold words of others, such as a page or a message, which might ask a
    /// model to act.
    fn foreign(&self) -> bool {
        false
    }

    /// Whether nothing is said while it runs: whoever wants silence, or another volume, wants no
    /// word about it.
    fn quiet(&self) -> bool {
        false
    }

    /// How long a call may take.
    fn deadline(&self) -> Duration {
        CALL_DEADLINE
    }
}

/// The built-in tools.
pub fn builtin(settings: Settings) -> Registry {
    let settings = Arc::new(settings);
    let places = Arc::new(weather::Places::new(&settings.weather));
    let mut tools: Vec<Arc<dyn Tool>> = vec![weather::tool(&settings, &places)];
    tools.extend(clock::tools(&settings, &places));
    tools.push(time_zones::tool(&settings, &places));
    tools.extend(timer::tools(&settings));
    tools.extend(alarm::tools(&settings));
    tools.extend(reminder::tools(&settings));
    tools.extend(calendar::tools(&settings));
    tools.extend(browse::tools(&settings));
    tools.extend(list::tools(&settings));
    tools.extend(note::tools(&settings));
    tools.push(function::quiet(snooze::tool(&settings)));
    tools.push(home::tool(&settings, &places));
    tools.push(convert::tool());
    tools.push(currency::tool(&settings));
    tools.extend([function::quiet(media::tool()), media::playing()]);
    tools.push(calculate::tool());
    tools.push(function::quiet(volume::tool(&settings)));
    tools.extend(desktop::tools(&settings));
    tools.extend(house::tools(&settings));
    tools.extend(mqtt::tool(&settings));
    tools.extend(news::tool(&settings).into_iter().map(function::foreign));
    tools.extend(luck::tools(settings.chance));
    tools.extend(talk::tools().map(function::quiet));
    Registry::new(tools)
}
