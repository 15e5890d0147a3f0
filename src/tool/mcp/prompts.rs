//! Prompts of a server: instructions that it has for a task, as one tool.

use std::time::Duration;

use rmcp::model::Prompt;
use rmcp::service::{Peer, RoleClient};
use serde_json::json;

use super::listing::{NAMED, listed, short};
use super::tool::{Kind, McpTool};
use crate::dialog::{Effect, ToolSpec};
use crate::tool::arguments;

/// What the tool is called, unless the server has a tool of that name itself.
const NAME: &str = "use_prompt";

/// The tool that takes up a prompt of the server at `peer`, if it has any; `taken` are the names of
/// its own tools. A server that does not tell is left without.
pub(super) async fn tool(
    peer: &Peer<RoleClient>,
    server: &str,
    taken: &[Box<str>],
    patience: Duration,
) -> Option<McpTool> {
    let offers = peer.peer_info().is_some_and(|info| info.capabilities.prompts.is_some());
    if !offers || taken.iter().any(|name| &**name == NAME) {
        return None;
    }
    let prompts = listed(server, "prompts", peer.list_all_prompts()).await?;
    if prompts.is_empty() {
        return None;
    }
    let name = json!({"type": "string", "maxLength": 200, "description": "Its name."});
    let values = json!({
        "type": "object", "additionalProperties": {"type": "string", "maxLength": 4_000},
        "description": "Its arguments by name, as texts.",
    });
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: description(server, &prompts),
        parameters: arguments(&["name"], json!({"name": name, "arguments": values})),
        effect: Effect::Reads,
    };
    Some(McpTool::of(peer.clone(), spec, patience, Kind::Prompt))
}

/// The names of the prompts, then what each is for and takes.
fn description(server: &str, prompts: &[Prompt]) -> String {
    let names: Vec<&str> = prompts.iter().take(NAMED).map(|prompt| prompt.name.as_str()).collect();
    let more = prompts.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let lines: String = prompts.iter().take(NAMED).map(line).collect();
    format!(
        "Takes up a prompt of {server}: {}{more}. The result is what the user wants done; do it, \
         unless they have said otherwise.{lines}",
        names.join(", ")
    )
}

fn line(prompt: &Prompt) -> String {
    let about = prompt.description.as_ref().or(prompt.title.as_ref());
    let about = short(about.map_or("", String::as_str));
    let takes = prompt.arguments.iter().flatten().map(|argument| {
        let needed = if argument.required == Some(true) { "" } else { "?" };
        format!("{}{needed}", argument.name)
    });
    let takes = takes.collect::<Vec<_>>().join(", ");
    format!("\n- {}({takes}): {about}", prompt.name)
}
