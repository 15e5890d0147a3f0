//! `aloud mcp`: aloud as a tool server on standard input and output, so that a program, such as a
//! coding agent, can talk to its user through the running service.

use std::path::Path;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::exit::{Code, Failure};
use crate::app::App;
use crate::base::CallId;
use crate::config::Environment;
use crate::control::{ANSWER_S, Client, ClientError};
use crate::dialog::{Call, ToolSpec};
use crate::engine::Notes;
use crate::tool::{Ringer, ToolCx};

/// The longest text to say or ask, in characters: a good minute.
const LONGEST: u32 = 1_000;

/// The longest wait for an answer, in seconds.
const LONGEST_WAIT: u32 = 600;

/// Our own tool that is offered as it is.
const TIMER: &str = "set_timer";

/// Serves until standard input ends.
pub(super) async fn run(file: Option<&Path>, env: &Environment) -> Outcome {
    let app = App::open(file, env)?;
    let specs = app.tools(&app.book(), Ringer::Nobody, &Notes::new().0)?.specs();
    let timer = specs.iter().find(|spec| spec.name == TIMER).cloned();
    let server = Server { app, timer };
    let failed = |error: String| Failure::new(Code::Io, format!("the MCP client: {error}"));
    let running = match server.serve(rmcp::transport::stdio()).await {
        Ok(running) => running,
        // The client left before it said anything.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(failed(error.to_string())),
    };
    running.waiting().await.map(drop).map_err(|error| failed(error.to_string()))
}

/// Answers the client.
struct Server {
    app: App,
    /// Absent if the user has disabled it.
    timer: Option<ToolSpec>,
}

#[derive(Deserialize)]
struct Say {
    text: String,
}

#[derive(Deserialize)]
struct AskUser {
    question: String,
    timeout_s: Option<u32>,
}

impl Server {
    fn offered(&self) -> Vec<Tool> {
        let text = |about: &str| json!({"type": "string", "minLength": 1, "maxLength": LONGEST, "description": about});
        let mut tools = vec![
            tool(
                "say",
                "Speaks to the user through their loudspeaker, in one or two short sentences. Returns once they have heard it.",
                json!({
                    "type": "object", "required": ["text"], "additionalProperties": false,
                    "properties": {"text": text("What to say, as plain text.")},
                }),
            ),
            tool(
                "ask_user",
                "Asks the user a question aloud and returns their spoken answer as text. Ask one \
                 short question at a time. Fails if the user does not answer in time.",
                json!({
                    "type": "object", "required": ["question"], "additionalProperties": false,
                    "properties": {
                        "question": text("The question, as plain text."),
                        "timeout_s": {
                            "type": "integer", "minimum": 1, "maximum": LONGEST_WAIT,
                            "description": "How long to wait for the answer after the question, in seconds; 30 when left out.",
                        },
                    },
                }),
            ),
        ];
        let timer = self.timer.iter();
        tools.extend(timer.map(|spec| tool(TIMER, &spec.description, spec.parameters.clone())));
        tools
    }

    /// What the tool `name` returns: its result, or what went wrong, for the model.
    async fn call(&self, name: &str, arguments: Value) -> Result<String, String> {
        match name {
            "say" => {
                let Say { text } = read(arguments)?;
                let said = self.service().await?.say(text).await;
                said.map(|()| "The user has heard it.".into()).map_err(|error| error.to_string())
            }
            "ask_user" => {
                let AskUser { question, timeout_s } = read(arguments)?;
                let wait = timeout_s.unwrap_or(ANSWER_S).clamp(1, LONGEST_WAIT);
                let heard = self.service().await?.ask_user(question, wait).await;
                heard.map_err(|error| match error {
                    ClientError::Refused(why) => why,
                    ClientError::Absent(_) | ClientError::Silent(_) | ClientError::Broken(_) => {
                        error.to_string()
                    }
                })
            }
            TIMER if self.timer.is_some() => {
                let arguments = arguments.to_string();
                // The service rings, if there is one by now; else the tool says that nobody does.
                let (app, ringer) = (&self.app, self.app.ringer().await);
                let tools = app.tools(&app.book(), ringer, &Notes::new().0);
                let tools = tools.map_err(|error| error.to_string())?;
                tools.check(TIMER, &arguments)?;
                let call = Call { id: CallId("call".into()), name: TIMER.into(), arguments };
                let cx = ToolCx { now: self.app.clock.now(), ..ToolCx::default() };
                let outcome = tools.call(&call, cx).await.outcome;
                if outcome.ok { Ok(outcome.say) } else { Err(outcome.say) }
            }
            _ => Err(format!("there is no tool {name}")),
        }
    }

    async fn service(&self) -> Result<Client, String> {
        let socket = self.app.config.paths.socket();
        Client::connect(&socket).await.map_err(|error| error.to_string())
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("aloud", env!("CARGO_PKG_VERSION")))
            .with_instructions(
                "Talks to the user aloud. Say what matters in a sentence; ask when you cannot go on without an answer.",
            )
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.offered()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let called = self.call(&request.name, arguments);
        // A call that the client cancels takes its question back.
        let done = tokio::select! {
            done = called => done,
            () = context.ct.cancelled() => Err("the call was cancelled".into()),
        };
        let result = match done {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        };
        Ok(result.into())
    }
}

fn tool(name: &'static str, description: &str, schema: Value) -> Tool {
    let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, description.to_owned(), schema)
}

fn read<T: serde::de::DeserializeOwned>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("wrong arguments: {error}"))
}
