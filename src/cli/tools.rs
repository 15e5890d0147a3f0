use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use tokio::sync::mpsc;

use super::exit::{Code, Failure};
use super::{Outcome, print, servers};
use crate::app::{App, permissions, tools};
use crate::base::CallId;
use crate::config::Environment;
use crate::dialog::{Call, ToolSpec};
use crate::engine::Notes;
use crate::tool::permission::{Policies, Policy, Ruled};
use crate::tool::{Registry, Ringer, ToolCx};

#[derive(Debug, Args)]
pub(crate) struct Tools {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the tools the assistant can use.
    List,
    /// Call a tool and print its answer.
    Call {
        /// The name of the tool.
        name: String,
        /// Its arguments, a JSON object: '{"place": "Paris"}'.
        #[arg(value_name = "JSON", default_value = "{}")]
        arguments: String,
    },
    /// Add an MCP server: a command after "--", or an address.
    Add {
        /// Its name in the configuration.
        name: String,
        /// A program and its arguments, or an address.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        what: Vec<String>,
    },
    /// Import MCP servers from the JSON file of another program ("mcpServers").
    Import {
        /// The file, or "-" for standard input.
        #[arg(value_name = "JSON-FILE")]
        from: PathBuf,
    },
    /// Show what tools did, and why.
    Log {
        /// How many of the last calls.
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
    },
}

pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Tools) -> Outcome {
    match args.what {
        None | Some(What::List) => list(file, env, args.json).await,
        Some(What::Call { name, arguments }) => call(file, env, name, arguments, args.json).await,
        Some(What::Add { name, what }) => servers::add(file, env, name, what),
        Some(What::Import { from }) => servers::import(file, env, &from),
        Some(What::Log { lines }) => log(file, env, lines, args.json),
    }
}

/// The tools, once the MCP servers are up, after reporting those that are left out.
async fn all(app: &App, ringer: Ringer) -> Result<Registry, Failure> {
    let (notes, mut told): (Notes, mpsc::Receiver<String>) = Notes::new();
    let tools = tools::ready(app, app.tools(&app.book(), ringer, &notes)?).await;
    while let Ok(problem) = told.try_recv() {
        print::trouble(&problem);
    }
    Ok(tools)
}

async fn list(file: Option<&Path>, env: &Environment, as_json: bool) -> Outcome {
    let app = App::open(file, env)?;
    let specs = all(&app, Ringer::Nobody).await?.specs();
    let policies = &app.config.settings.tools.policies;
    if as_json {
        for spec in specs.iter() {
            let by = policies.exceptions(&spec.name, spec.effect).into_iter();
            let by: BTreeMap<_, _> = by.map(|(when, policy)| (when, word(policy))).collect();
            let mut object = json!(spec);
            object["permission"] = word(policies.general(&spec.name, spec.effect)).into();
            object["permission_by"] = json!(by);
            print::json(&object)?;
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> = specs
        .iter()
        .map(|spec| {
            let first = spec.description.split_inclusive(['.', '\n']).next().unwrap_or_default();
            vec![spec.name.clone(), rule(policies, spec), first.trim().to_owned()]
        })
        .collect();
    print::table(&rows)
}

/// Whether a tool may run: "ask (microphone: deny)".
fn rule(policies: &Policies, spec: &ToolSpec) -> String {
    let general = word(policies.general(&spec.name, spec.effect));
    let others = policies.exceptions(&spec.name, spec.effect).into_iter();
    let others: Vec<String> =
        others.map(|(when, policy)| format!("{when}: {}", word(policy))).collect();
    match others.is_empty() {
        true => general.to_owned(),
        false => format!("{general} ({})", others.join(", ")),
    }
}

const fn word(policy: Policy) -> &'static str {
    match policy {
        Policy::Allow => "allow",
        Policy::Ask => "ask",
        Policy::Deny => "deny",
    }
}

async fn call(
    file: Option<&Path>,
    env: &Environment,
    name: String,
    arguments: String,
    as_json: bool,
) -> Outcome {
    let app = App::open(file, env)?;
    let tools = all(&app, app.ringer().await).await?;
    if tools.effect(&name).is_none() {
        let what = format!("there is no tool {name}; \"aloud tools list\" shows them all");
        return Err(Failure::new(Code::Usage, what));
    }
    tools.check(&name, &arguments).map_err(|problem| Failure::new(Code::Data, problem))?;
    let cx = ToolCx { now: app.clock.now(), ..ToolCx::default() };
    let call = Call { id: CallId("call".into()), name, arguments };
    let outcome = tools.call(&call, cx).await.outcome;
    if as_json {
        // What a model would read, as JSON where it is JSON.
        let result = serde_json::from_str(&outcome.output)
            .unwrap_or_else(|_| serde_json::Value::String(outcome.output.clone()));
        print::json(&json!({"ok": outcome.ok, "say": outcome.say, "result": result}))?;
    } else if outcome.ok && !outcome.say.is_empty() {
        print::line(&outcome.say)?;
    }
    match outcome.ok {
        true => Ok(()),
        false => Err(Failure::new(Code::Unavailable, outcome.say)),
    }
}

/// Lists the last calls that changed something, or were kept from it.
fn log(file: Option<&Path>, env: &Environment, most: usize, as_json: bool) -> Outcome {
    let audit = permissions::audit(&App::open(file, env)?);
    let (deeds, unread) = audit.read(most).map_err(|error| {
        let file = audit.file().unwrap_or(Path::new("the log")).display();
        Failure::new(Code::Io, format!("cannot read {file}: {error}"))
    })?;
    if unread > 0 {
        print::trouble(&format!("{unread} lines of the log are not readable and left out"));
    }
    let mut rows = Vec::new();
    for deed in deeds {
        if as_json {
            print::json(&deed)?;
            continue;
        }
        let at = deed.at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S");
        let ruled = match deed.ruled {
            Ruled::Allowed => "done",
            Ruled::Asked => "asked first",
            Ruled::Confirmed => "done after your yes",
            Ruled::Declined => "not done: you said no",
            Ruled::Denied => "not done: not allowed",
        };
        let said = deed.said.map_or_else(String::new, |said| format!("\"{said}\""));
        let call = format!("{} {}", deed.tool, deed.arguments);
        rows.push(vec![at.to_string(), ruled.to_owned(), call, said]);
    }
    if !as_json && rows.is_empty() {
        return print::line("No tool has changed anything yet.");
    }
    print::table(&rows)
}
