//! Resources of a server: what it has to read, as one tool.

use std::time::Duration;

use rmcp::model::{Resource, ResourceTemplate};
use rmcp::service::{Peer, RoleClient};
use serde_json::json;

use super::listing::{NAMED, listed, short};
use super::tool::{Kind, McpTool};
use crate::dialog::{Effect, ToolSpec};
use crate::tool::arguments;

/// What the tool is called, unless the server has a tool of that name itself.
const NAME: &str = "read_resource";

/// The tool that reads what the server at `peer` has, if it has anything; `taken` are the names of
/// its own tools. A server that does not tell is left without.
pub(super) async fn tool(
    peer: &Peer<RoleClient>,
    server: &str,
    taken: &[Box<str>],
    patience: Duration,
) -> Option<McpTool> {
    let offers = peer.peer_info().is_some_and(|info| info.capabilities.resources.is_some());
    if !offers || taken.iter().any(|name| &**name == NAME) {
        return None;
    }
    let all = async {
        let resources = peer.list_all_resources().await?;
        // Few servers have these, and some that have none do not know the question.
        let templates = peer.list_all_resource_templates().await.unwrap_or_default();
        Ok::<_, rmcp::ServiceError>((resources, templates))
    };
    let (resources, templates) = listed(server, "resources", all).await?;
    if resources.is_empty() && templates.is_empty() {
        return None;
    }
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: description(server, &resources, &templates),
        parameters: arguments(
            &["uri"],
            json!({"uri": {"type": "string", "maxLength": 2_000, "description": "Its address."}}),
        ),
        effect: Effect::Reads,
    };
    Some(McpTool::of(peer.clone(), spec, patience, Kind::Resource))
}

/// What there is to read: each address with what is said of it.
fn description(server: &str, resources: &[Resource], templates: &[ResourceTemplate]) -> String {
    let line = |uri: &str, name: &str, about: Option<&String>| {
        format!("\n- {uri}: {}", short(about.map_or(name, String::as_str)))
    };
    let of_templates =
        templates.iter().map(|of| line(&of.uri_template, &of.name, of.description.as_ref()));
    let all = resources.iter().map(|of| line(&of.uri, &of.name, of.description.as_ref()));
    let all: Vec<String> = of_templates.chain(all).collect();
    let more = all.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!("\nand {more} more") };
    let named: String = all.into_iter().take(NAMED).collect();
    format!("Reads something that {server} has, by its address.{named}{more}")
}
