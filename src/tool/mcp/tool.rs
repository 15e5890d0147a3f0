use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, ContentBlock,
    GetPromptRequestParams, ReadResourceRequestParams, ResourceContents, ServerResult,
};
use rmcp::service::{Peer, RoleClient, ServiceError};
use serde_json::{Map, Value, json};

use super::asking::{self, Steps};
use crate::base::Job;
use crate::dialog::{Effect, Picture, ToolSpec};
use crate::tool::{Tool, ToolCx, ToolError, ToolOutput};

/// The longest result that a model gets, in characters.
const MOST: usize = 20_000;
/// The longest result that is said without a model, in characters.
const MOST_SAID: usize = 400;
/// The longest name of a tool that providers take.
pub(super) const MOST_NAME: usize = 64;

/// A tool of a server.
#[derive(Clone)]
pub(super) struct McpTool {
    spec: ToolSpec,
    /// Its name at the server.
    name: String,
    peer: Peer<RoleClient>,
    patience: Duration,
    steps: Steps,
    kind: Kind,
}

/// What a tool asks of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To run its tool of that name.
    Tool,
    /// To read one of its resources.
    Resource,
    /// One of its prompts.
    Prompt,
}

impl McpTool {
    /// A tool of ours for what a server has besides tools.
    pub(super) fn of(
        peer: Peer<RoleClient>,
        spec: ToolSpec,
        patience: Duration,
        kind: Kind,
    ) -> Self {
        let (name, steps) = (spec.name.clone(), Steps::default());
        Self { name, spec, peer, patience, steps, kind }
    }

    pub(super) fn new(
        peer: Peer<RoleClient>,
        tool: rmcp::model::Tool,
        patience: Duration,
        steps: Steps,
    ) -> Self {
        let hints = tool.annotations.as_ref();
        let effect = match hints.map(|hints| (hints.read_only_hint, hints.destructive_hint)) {
            Some((Some(true), _)) => Effect::Reads,
            Some((_, Some(true))) => Effect::Dangerous,
            Some(_) | None => Effect::Writes,
        };
        let title = tool.title.or_else(|| hints.and_then(|hints| hints.title.clone()));
        let description = tool.description.map(|text| text.into_owned()).or(title);
        let spec = ToolSpec {
            name: safe(&tool.name),
            description: description.unwrap_or_else(|| tool.name.to_string()),
            parameters: Value::Object((*tool.input_schema).clone()),
            effect,
        };
        let name = tool.name.into_owned();
        Self { spec, name, peer, patience, steps, kind: Kind::Tool }
    }

    /// Its name at the server.
    pub(super) fn own_name(&self) -> &str {
        &self.name
    }

    /// The same under the name `name` for us.
    pub(super) fn named(&self, name: String) -> Self {
        Self { spec: ToolSpec { name, ..self.spec.clone() }, ..self.clone() }
    }
}

impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, args: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        let (peer, name, kind) = (self.peer.clone(), self.name.clone(), self.kind);
        let steps = Steps::clone(&self.steps);
        Box::pin(async move {
            let arguments: Map<String, Value> = serde_json::from_str(&args).map_err(|error| {
                ToolError::Tell(format!("The arguments are no object: {error}."))
            })?;
            // Dropped, each tells the server that nobody waits any longer.
            let word = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
            let result = match kind {
                Kind::Resource => {
                    let read =
                        peer.read_resource(ReadResourceRequestParams::new(word("uri"))).await;
                    read.map(|found| given(found.contents.into_iter().map(text).collect(), None))
                }
                Kind::Prompt => {
                    let mut params = GetPromptRequestParams::new(word("name"));
                    params.arguments =
                        arguments.get("arguments").and_then(Value::as_object).cloned();
                    let found = peer.get_prompt(params).await;
                    found.map(|found| blocks(found.messages.into_iter().map(|said| said.content)))
                }
                Kind::Tool => {
                    let mut params = CallToolRequestParams::new(name);
                    params.arguments = Some(arguments);
                    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
                    match asking::ask(&peer, request, &steps, &cx.progress).await {
                        Ok(ServerResult::CallToolResult(result)) => Ok(read(result)),
                        // Some servers leave out what is empty.
                        Ok(ServerResult::EmptyResult(_) | ServerResult::CustomResult(_)) => {
                            Ok(read(CallToolResult::default()))
                        }
                        Ok(_) => Err(ServiceError::UnexpectedResponse),
                        Err(error) => Err(error),
                    }
                }
            };
            match result {
                Ok(result) => result,
                Err(ServiceError::McpError(ErrorData { message, .. })) => {
                    Err(ToolError::Tell(message.into_owned()))
                }
                Err(error) => Err(ToolError::Tell(format!("The tool's server failed: {error}."))),
            }
        })
    }

    fn foreign(&self) -> bool {
        true
    }

    fn deadline(&self) -> Duration {
        self.patience
    }
}

/// The texts in `blocks`, what else they hold by name, and the first picture.
fn parts(blocks: impl IntoIterator<Item = ContentBlock>) -> (Vec<String>, Option<Picture>) {
    let mut texts = Vec::new();
    let mut picture = None;
    for block in blocks {
        match block {
            ContentBlock::Text(text) => texts.push(text.text),
            ContentBlock::Image(image) => {
                let url = format!("data:{};base64,{}", image.mime_type, image.data);
                picture.get_or_insert(Picture::from(url));
            }
            ContentBlock::Audio(_) => texts.push("(a sound, which cannot be played yet)".into()),
            ContentBlock::Resource(resource) => texts.push(text(resource.resource)),
            ContentBlock::ResourceLink(link) => texts.push(link.uri),
            _ => texts.push("(something of an unknown kind)".into()),
        }
    }
    (texts, picture)
}

/// What a prompt says.
fn blocks(blocks: impl Iterator<Item = ContentBlock>) -> Result<ToolOutput, ToolError> {
    let (texts, picture) = parts(blocks);
    given(texts, picture)
}

/// The result of a call.
fn read(result: CallToolResult) -> Result<ToolOutput, ToolError> {
    let (mut texts, picture) = parts(result.content);
    if texts.is_empty()
        && let Some(data) = result.structured_content
    {
        texts.push(data.to_string());
    }
    if result.is_error == Some(true) {
        let text = cut(&texts.join("\n"), MOST, " (cut; there is more)");
        return Err(ToolError::Tell(if text.is_empty() {
            "The tool failed.".into()
        } else {
            text
        }));
    }
    given(texts, picture)
}

/// The text of a resource, or its address if it is none.
fn text(contents: ResourceContents) -> String {
    match contents {
        ResourceContents::TextResourceContents { text, .. } => text,
        ResourceContents::BlobResourceContents { uri, .. } => uri,
        _ => "(something of an unknown kind)".into(),
    }
}

/// What was given, for a model and to be said.
fn given(texts: Vec<String>, picture: Option<Picture>) -> Result<ToolOutput, ToolError> {
    let text = cut(&texts.join("\n"), MOST, " (cut; there is more)");
    let say = match (text.is_empty(), &picture) {
        (true, Some(_)) => "Here is a picture.".to_owned(),
        (true, None) => "Done.".to_owned(),
        (false, _) => cut(&text, MOST_SAID, " and more."),
    };
    Ok(ToolOutput { picture, ..ToolOutput::new(json!({ "result": text }), say) })
}

/// The first `most` characters of `text`, with `more` in place of the rest.
fn cut(text: &str, most: usize, more: &str) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}{more}", &text[..at]),
        None => text.to_owned(),
    }
}

/// `name` with the characters that every provider takes: letters, digits, "_" and "-".
pub(super) fn safe(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.chars().map(|c| if fits(c) { c } else { '_' }).take(MOST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_providers_take() {
        assert_eq!(safe("read.file/α"), "read_file__");
        assert_eq!(safe(&"x".repeat(100)).len(), MOST_NAME);
    }

    #[test]
    fn a_long_result_says_that_there_is_more() {
        assert_eq!(cut("abcdef", 3, " and more."), "abc and more.");
        assert_eq!(cut("abc", 3, " and more."), "abc");
    }
}
