//! The tools of this world, in the program's own registry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aloud::base::Job;
use aloud::dialog::{Effect, ToolSpec};
use aloud::tool::{
    Act, Album, PictureSettings, Registry, Screen, Step, Tool, ToolCx, ToolError, ToolOutput,
    arguments, function, pictures,
};
use serde::Deserialize;
use serde_json::json;

use super::room::Room;

/// For each tool its duration, its effect and what it says.
const TOOLS: [(&str, u64, Effect, &str); 7] = [
    ("get_time", 5, Effect::Reads, "It is ten o'clock."),
    ("get_weather", 2_000, Effect::Reads, "It will rain."),
    ("set_timer", 5, Effect::Writes, ""),
    ("stop", 1, Effect::Pure, ""),
    ("search", 3_000, Effect::Reads, "Found it."),
    ("survey", 20_000, Effect::Reads, "All is well."),
    ("set_volume", 3_000, Effect::Pure, "Louder."),
];

#[derive(Deserialize)]
struct Asked {
    text: String,
}

/// The names of the tools, and their effects.
pub(crate) fn effects() -> BTreeMap<String, Effect> {
    TOOLS.map(|(name, _, effect, _)| (name.to_owned(), effect)).into()
}

pub(crate) fn registry(room: &Room) -> Registry {
    let made = TOOLS.map(|(name, ms, effect, say)| tool(room, name, ms, effect, say));
    // The real tools that look; there is no screen here.
    let (painter, home) = (None, None);
    let (album, screen) = (Album::new("pictures".into()), Screen::default());
    let looks = pictures(&PictureSettings { painter, album, screen, home });
    let looks = looks.into_iter().map(|tool| Arc::new(Seen(room.clone(), tool)) as Arc<dyn Tool>);
    Registry::new(made.into_iter().chain(looks))
}

/// A tool whose start somebody in the room notices.
struct Seen(Room, Arc<dyn Tool>);

impl Tool for Seen {
    fn spec(&self) -> &ToolSpec {
        self.1.spec()
    }

    fn call(&self, arguments: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        self.0.notice(&format!("tool {}", self.spec().name));
        self.1.call(arguments, cx)
    }
}

fn tool(
    room: &Room,
    name: &'static str,
    ms: u64,
    effect: Effect,
    say: &'static str,
) -> Arc<dyn Tool> {
    let room = room.clone();
    let parameters = arguments(&["text"], json!({"text": {"type": "string"}}));
    let quiet = name == "set_volume";
    let made = function(name, "A tool.", effect, parameters, move |asked: Asked, cx: ToolCx| {
        let room = room.clone();
        async move {
            room.notice(&format!("tool {name}"));
            // Half of it is done in half of the time.
            tokio::time::sleep(Duration::from_millis(ms / 2)).await;
            cx.progress.tell(Step { done: Some(0.5), message: None });
            tokio::time::sleep(Duration::from_millis(ms - ms / 2)).await;
            let mut say = say.to_owned();
            if effect == Effect::Writes {
                say = format!("Done: {}.", asked.text);
                room.lock().effects.push(asked.text);
            }
            let act = (name == "stop").then_some(Act::Stop);
            Ok(ToolOutput { act, ..ToolOutput::new(json!({}), say) })
        }
    });
    // No tool of this world may be given up for being slow.
    Arc::new(Patient { tool: made, quiet })
}

struct Patient {
    tool: Arc<dyn Tool>,
    quiet: bool,
}

impl Tool for Patient {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn call(&self, arguments: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        self.tool.call(arguments, cx)
    }

    fn quiet(&self) -> bool {
        self.quiet
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }
}
