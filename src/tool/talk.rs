//! `stop`, `repeat` and `help`: tools about the conversation itself.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Act, Tool, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;

const HELP: &str = "I can tell you the time, the date and the weather, set timers and alarms, remind you \
    of things, keep lists, notes and your calendar, convert units and money, calculate, spell, flip \
    a coin, open programs, pause the music, and change the volume. Try \"set a timer for 10 minutes\", or \"what \
    will the weather be tomorrow\".";

pub(crate) fn tools() -> [Arc<dyn Tool>; 3] {
    let none = || arguments(&[], json!({}));
    [
        function(
            "stop",
            "Stops talking and drops what is being done. Call it when the user wants silence.",
            // It changes nothing outside, but must not cut a reply before the turn is over.
            Effect::Writes,
            none(),
            |_: Map<String, Value>, _| async {
                Ok(ToolOutput {
                    data: json!({"stopped": true}),
                    say: String::new(),
                    act: Some(Act::Stop),
                    picture: None,
                })
            },
        ),
        function(
            "repeat",
            "Says the last answer again, word for word.",
            Effect::Reads,
            none(),
            |_: Map<String, Value>, cx| async move {
                match cx.last_reply.filter(|text| !text.trim().is_empty()) {
                    Some(text) => Ok(ToolOutput::new(json!({"last_answer": text}), text)),
                    None => Err(ToolError::Tell("I have not said anything yet.".into())),
                }
            },
        ),
        function(
            "help",
            "Says what this assistant can do.",
            Effect::Pure,
            none(),
            |_: Map<String, Value>, _| async { Ok(ToolOutput::new(json!({"help": HELP}), HELP)) },
        ),
    ]
}
