//! The tools of this world, in the program's own registry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aloud::dialog::Effect;
use aloud::tool::{Act, Registry, Tool, ToolOutput, arguments, function};
use serde::Deserialize;
use serde_json::json;

use super::room::Room;

/// How long each takes, what it does to the world and what it says.
const TOOLS: [(&str, u64, Effect, &str); 4] = [
    ("get_time", 5, Effect::Reads, "It is ten o'clock."),
    ("get_weather", 2_000, Effect::Reads, "It will rain."),
    ("set_timer", 5, Effect::Writes, ""),
    ("stop", 1, Effect::Pure, ""),
];

#[derive(Deserialize)]
struct Asked {
    text: String,
}

/// The names of the tools, and what they do.
pub(crate) fn effects() -> BTreeMap<String, Effect> {
    TOOLS.map(|(name, _, effect, _)| (name.to_owned(), effect)).into()
}

pub(crate) fn registry(room: &Room) -> Registry {
    Registry::new(TOOLS.map(|(name, ms, effect, say)| tool(room, name, ms, effect, say)))
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
    function(name, "A tool.", effect, parameters, move |asked: Asked, _| {
        let room = room.clone();
        async move {
            room.notice(&format!("tool {name}"));
            tokio::time::sleep(Duration::from_millis(ms)).await;
            let mut say = say.to_owned();
            if effect == Effect::Writes {
                say = format!("Done: {}.", asked.text);
                room.lock().effects.push(asked.text);
            }
            let act = (name == "stop").then_some(Act::Stop);
            Ok(ToolOutput { act, ..ToolOutput::new(json!({}), say) })
        }
    })
}
