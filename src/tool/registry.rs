use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use super::mcp::Shelf;
use super::{Act, Tool, ToolCx, ToolError, ToolOutput, schema};
use crate::base::Job;
use crate::dialog::{Call, Effect, Outcome, Picture, ToolSpec};

/// How long a call may take, unless its tool says otherwise. By then a person waiting for a spoken
/// answer has given up.
pub const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// The result of a call: the outcome for the history, and what it does to aloud itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// For the history and the responder.
    pub outcome: Outcome,
    /// For the turn.
    pub act: Option<Act>,
    /// For a responder that can see.
    pub picture: Option<Picture>,
}

/// The available tools, in the order in which a model sees them. Cheap to clone.
///
/// Those of MCP servers come and go: each question is about what there is now.
#[derive(Clone)]
pub struct Registry {
    tools: Arc<[Arc<dyn Tool>]>,
    specs: Arc<[ToolSpec]>,
    live: Option<Live>,
}

/// Tools that come and go, and which of them are kept.
#[derive(Clone)]
struct Live {
    shelf: Shelf,
    keep: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.specs.iter().map(|spec| &spec.name)).finish()
    }
}

impl Registry {
    /// A registry of `tools`. A later tool replaces an earlier one of the same name, so that a
    /// custom tool can replace a built-in one.
    pub fn new(tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        let mut kept: Vec<Arc<dyn Tool>> = Vec::new();
        for tool in tools {
            match kept.iter_mut().find(|old| old.spec().name == tool.spec().name) {
                Some(old) => *old = tool,
                None => kept.push(tool),
            }
        }
        let specs = kept.iter().map(|tool| tool.spec().clone()).collect();
        Self { tools: kept.into(), specs, live: None }
    }

    /// This registry and the tools of MCP servers whose name `keep` approves.
    #[must_use]
    pub fn with_live(
        self,
        shelf: Shelf,
        keep: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { live: Some(Live { shelf, keep: Arc::new(keep) }), ..self }
    }

    /// Resolves when tools have come or gone; never if none can. Cancel-safe.
    pub async fn changed(&mut self) {
        if let Some(live) = &mut self.live
            && live.shelf.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    /// All tools there are now.
    fn all(&self) -> Vec<Arc<dyn Tool>> {
        let mut all: Vec<Arc<dyn Tool>> = self.tools.to_vec();
        if let Some(live) = &self.live {
            let now = live.shelf.borrow();
            all.extend(now.iter().filter(|tool| (live.keep)(&tool.spec().name)).cloned());
        }
        all
    }

    /// The tool `name`, if it is there now.
    fn find(&self, name: &str) -> Option<Arc<dyn Tool>> {
        let named = |tool: &&Arc<dyn Tool>| tool.spec().name == name;
        if let Some(tool) = self.tools.iter().find(named) {
            return Some(Arc::clone(tool));
        }
        let live = self.live.as_ref().filter(|live| (live.keep)(name))?;
        live.shelf.borrow().iter().find(named).cloned()
    }

    /// This registry and `tool`.
    #[must_use]
    pub fn with(&self, tool: Arc<dyn Tool>) -> Self {
        let live = self.live.clone();
        Self { live, ..Self::new(self.tools.iter().cloned().chain([tool])) }
    }

    /// This registry with only the tools whose name `keep` approves, and without those of MCP
    /// servers; see [`Registry::with_live`].
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self::new(self.tools.iter().filter(|tool| keep(&tool.spec().name)).cloned())
    }

    /// The tools as described to a responder.
    pub fn specs(&self) -> Arc<[ToolSpec]> {
        match self.live {
            None => Arc::clone(&self.specs),
            Some(_) => self.all().iter().map(|tool| tool.spec().clone()).collect(),
        }
    }

    /// The tools with their effects.
    pub fn effects(&self) -> BTreeMap<String, Effect> {
        self.all().iter().map(|tool| (tool.spec().name.clone(), tool.spec().effect)).collect()
    }

    /// The tools during which nothing is said; see [`Tool::quiet`].
    pub fn quiet(&self) -> BTreeSet<String> {
        let all = self.all();
        let quiet = all.iter().filter(|tool| tool.quiet());
        quiet.map(|tool| tool.spec().name.clone()).collect()
    }

    /// The effect of calling `name`; `None` if there is no such tool. Only [`Effect::Pure`] and
    /// [`Effect::Reads`] may run under a tentative epoch.
    pub fn effect(&self, name: &str) -> Option<Effect> {
        self.find(name).map(|tool| tool.spec().effect)
    }

    /// Whether the results of `name` hold words of others; see [`Tool::foreign`].
    pub fn is_foreign(&self, name: &str) -> bool {
        self.find(name).is_some_and(|tool| tool.foreign())
    }

    /// Whether a call of `name` with these arguments, JSON text, would run.
    ///
    /// # Errors
    /// What is wrong with the arguments. An unknown tool is not an error here.
    pub fn check(&self, name: &str, arguments: &str) -> Result<(), String> {
        let tool = self.find(name);
        tool.map_or(Ok(()), |tool| schema::fit(&tool.spec().parameters, arguments).map(drop))
    }

    /// Runs `call`. Never fails and never panics: an unknown tool, invalid arguments, or a tool
    /// that fails, panics or exceeds [`Tool::deadline`] yield an outcome with `ok` unset and a
    /// sentence that a responder can act on or say. Dropping the job cancels the call.
    pub fn call(&self, call: &Call, cx: ToolCx) -> Job<Done> {
        let id = call.id.clone();
        let name = call.name.clone();
        let Some(tool) = self.find(&name) else {
            // A model gets the list; for a person it would be long.
            let specs = self.specs();
            let known: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
            let output = format!("There is no tool {name}. The tools are: {}.", known.join(", "));
            let say = format!("I have no tool called {name}.");
            let outcome = Outcome { id, output, say, ok: false };
            return Box::pin(async { Done { outcome, act: None, picture: None } });
        };
        let deadline = tool.deadline();
        let arguments = match schema::fit(&tool.spec().parameters, &call.arguments) {
            Ok(arguments) => arguments.to_string(),
            Err(problem) => {
                let output = format!("{name} was called wrongly: {problem}.");
                let say = format!("I can't do that: {problem}.");
                let outcome = Outcome { id, output, say, ok: false };
                return Box::pin(async { Done { outcome, act: None, picture: None } });
            }
        };
        // Inside the future, so that a panic before the first await is caught as well.
        let work: Job<_> = Box::pin(async move { tool.call(arguments, cx).await });
        Box::pin(async move {
            // A panic in a tool, ours or someone else's, must not end the turn.
            let result =
                match tokio::time::timeout(deadline, AssertUnwindSafe(work).catch_unwind()).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(ToolError::Fatal(format!(
                        "The tool {name} failed. Try again; if it keeps failing, please report it."
                    ))),
                    Err(_) => Err(ToolError::Tell(format!(
                        "The tool {name} took more than {} seconds. Try again later.",
                        deadline.as_secs()
                    ))),
                };
            match result {
                Ok(ToolOutput { data, say, act, picture }) => {
                    let outcome = Outcome { id, output: data.to_string(), say, ok: true };
                    Done { outcome, act, picture }
                }
                Err(ToolError::Tell(text)) => {
                    tracing::debug!(tool = name, text, "a tool call was refused");
                    Done { outcome: failed(id, text), act: None, picture: None }
                }
                Err(ToolError::Fatal(text)) => {
                    tracing::error!(tool = name, text, "a tool is broken");
                    Done { outcome: failed(id, text), act: None, picture: None }
                }
            }
        })
    }
}

fn failed(id: crate::base::CallId, text: String) -> Outcome {
    Outcome { id, output: text.clone(), say: text, ok: false }
}
