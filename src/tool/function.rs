use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Tool, ToolCx, ToolError, ToolOutput};
use crate::base::Job;
use crate::dialog::{Effect, ToolSpec};

/// A tool made of a function. `parameters` is the JSON Schema of what `A` is read from; see
/// [`arguments`].
///
/// ```
/// use aloud::dialog::Effect;
/// use aloud::tool::{ToolOutput, arguments, function};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Dice { sides: u32 }
///
/// let parameters = arguments(&["sides"], json!({"sides": {"type": "integer", "minimum": 2}}));
/// let tool = function("roll", "Rolls a die.", Effect::Reads, parameters, |dice: Dice, _| async move {
///     Ok(ToolOutput::new(json!({"result": 4}), format!("Of {} sides, 4.", dice.sides)))
/// });
/// assert_eq!(tool.spec().name, "roll");
/// ```
pub fn function<A, F, W>(
    name: &str,
    description: &str,
    effect: Effect,
    parameters: Value,
    run: F,
) -> Arc<dyn Tool>
where
    A: DeserializeOwned + 'static,
    F: Fn(A, ToolCx) -> W + Send + Sync + 'static,
    W: Future<Output = Result<ToolOutput, ToolError>> + Send + 'static,
{
    let spec = ToolSpec { name: name.into(), description: description.into(), parameters, effect };
    Arc::new(Function { spec, run, arguments: PhantomData::<fn(A)> })
}

/// The schema of an object with exactly these properties, of which `required` must be present.
pub fn arguments(required: &[&str], properties: Value) -> Value {
    let properties = match properties {
        Value::Object(properties) => properties,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

struct Function<A, F> {
    spec: ToolSpec,
    run: F,
    arguments: PhantomData<fn(A)>,
}

impl<A, F, W> Tool for Function<A, F>
where
    A: DeserializeOwned + 'static,
    F: Fn(A, ToolCx) -> W + Send + Sync + 'static,
    W: Future<Output = Result<ToolOutput, ToolError>> + Send + 'static,
{
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, args: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        match serde_json::from_str(&args) {
            Ok(arguments) => Box::pin((self.run)(arguments, cx)),
            // The schema accepts what the type does not: the two must be brought into line.
            Err(error) => {
                let text = format!("{} cannot read its arguments: {error}.", self.spec.name);
                Box::pin(async { Err(ToolError::Tell(text)) })
            }
        }
    }
}

/// `tool`, whose results hold words of others; see [`Tool::foreign`].
pub(super) fn foreign(tool: Arc<dyn Tool>) -> Arc<dyn Tool> {
    Arc::new(Marked { tool, foreign: true, quiet: false })
}

/// `tool`, during which nothing is said; see [`Tool::quiet`].
pub(super) fn quiet(tool: Arc<dyn Tool>) -> Arc<dyn Tool> {
    Arc::new(Marked { tool, foreign: false, quiet: true })
}

struct Marked {
    tool: Arc<dyn Tool>,
    foreign: bool,
    quiet: bool,
}

impl Tool for Marked {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn call(&self, args: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        self.tool.call(args, cx)
    }

    fn foreign(&self) -> bool {
        self.foreign || self.tool.foreign()
    }

    fn quiet(&self) -> bool {
        self.quiet || self.tool.quiet()
    }

    fn deadline(&self) -> Duration {
        self.tool.deadline()
    }
}
