//! Tools of other programs, by the Model Context Protocol.
//!
//! ```text
//! [mcp.NAME] ─▶ Server ─▶ a task each: connect ─▶ list ─▶ wait for a change or the end ─▶ again
//!                                                   │
//!                         Shelf: all tools there are now ◀┘ ─▶ Registry (asked anew each turn)
//! ```
//!
//! **Invariant:** neither the start of aloud nor a turn waits for a server; what is not there yet is
//! not offered yet.
//! **Invariant:** a tool has one name. If a built-in tool or another server has it, it is called
//! `SERVER_TOOL`, and the user is told.
//! **Invariant:** a call that is given up is cancelled at the server.
//! **Invariant:** when a program's connection ends, so does all that it started: `npx` and `uvx` only
//! start the server, which would go on.
//! Deliberately absent: requests of the server to us (sampling, elicitation). Resources and prompts
//! are tools of ours that list them (`resources`, `prompts`).

mod asking;
mod listing;
mod prompts;
mod resources;
mod tool;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProgressNotificationParam};
use rmcp::service::{NotificationContext, RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::{ClientHandler, ServiceExt};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use self::asking::Steps;
use self::tool::McpTool;
use super::process::{self, Group};
use super::{Tool, web};
use crate::net;

/// How long a server may take to start, which may include fetching it, and to list its tools.
const START: Duration = Duration::from_secs(120);
const LIST: Duration = Duration::from_secs(30);
/// How long the last words of a server that failed are waited for.
const LAST: Duration = Duration::from_millis(500);
/// A server that ran this long was well; when it ends, it is started again at once.
const STEADY: Duration = Duration::from_secs(60);
/// The pause before a server that failed is started again; it doubles up to the second.
const BACKOFF: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// A server, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name in the configuration.
    pub name: String,
    /// How it is reached.
    pub link: Link,
    /// How long a call may take.
    pub patience: Duration,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A program that talks on its standard input and output.
    Program {
        /// The program and its arguments. Not empty.
        command: Vec<String>,
        /// Our variables. It gets those that are no secrets.
        shared: BTreeMap<String, String>,
        /// Variables that it gets besides.
        env: BTreeMap<String, String>,
    },
    /// An address (streamable HTTP).
    Http {
        /// The address.
        url: String,
        /// Headers sent with each request.
        headers: BTreeMap<String, String>,
    },
}

/// The tools that all servers offer now.
pub type Shelf = watch::Receiver<Arc<[Arc<dyn Tool>]>>;

/// The state of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is starting.
    Starting,
    /// It offers this many tools.
    Up(usize),
    /// It failed, and is started again after a while; a sentence.
    Down(String),
}

/// The servers, each kept running by a task. They end with it.
pub struct Servers {
    shelf: Shelf,
    states: Arc<Mutex<BTreeMap<String, Health>>>,
    changed: Arc<Notify>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What the tasks share.
struct Rack {
    out: watch::Sender<Arc<[Arc<dyn Tool>]>>,
    /// The tools of each server.
    offered: Mutex<BTreeMap<String, Vec<Arc<McpTool>>>>,
    names: Mutex<Names>,
    states: Arc<Mutex<BTreeMap<String, Health>>>,
    changed: Arc<Notify>,
    tell: Box<dyn Fn(String) + Send + Sync>,
}

/// Who has which name. Once given, a name stays with its tool, whatever comes and goes: a model or
/// a permission that names it always means the same.
struct Names {
    /// Names of tools of ours.
    taken: Vec<String>,
    /// By server and its own name for the tool.
    given: BTreeMap<(String, String), String>,
}

impl Names {
    /// The name of the tool that `server` calls `own`, and whether it was given just now.
    fn of(&mut self, server: &str, own: &str) -> (String, bool) {
        let key = (server.to_owned(), own.to_owned());
        if let Some(name) = self.given.get(&key) {
            return (name.clone(), false);
        }
        let free =
            |name: &String| !self.taken.contains(name) && !self.given.values().any(|n| n == name);
        let numbered = (2..).map(|n| {
            let tail = format!("_{n}");
            let head: String = tool::safe(&format!("{server}_{own}"))
                .chars()
                .take(tool::MOST_NAME - tail.len())
                .collect();
            head + &tail
        });
        let wanted = [tool::safe(own), tool::safe(&format!("{server}_{own}"))];
        let name = wanted.into_iter().chain(numbered).find(free).unwrap_or_default();
        self.given.insert(key, name.clone());
        (name, true)
    }
}

impl Servers {
    /// Starts `servers`. Names in `taken` belong to tools of ours; `tell` is told what the user
    /// should know. Must be called in an async runtime.
    pub fn start(
        servers: Vec<Server>,
        taken: Vec<String>,
        tell: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        let (out, shelf) = watch::channel(Arc::from([]));
        let states = servers.iter().map(|server| (server.name.clone(), Health::Starting));
        let states = Arc::new(Mutex::new(states.collect()));
        let changed = Arc::new(Notify::new());
        let rack = Arc::new(Rack {
            out,
            offered: Mutex::default(),
            states: Arc::clone(&states),
            changed: Arc::clone(&changed),
            names: Mutex::new(Names { taken, given: BTreeMap::new() }),
            tell: Box::new(tell),
        });
        let tasks = servers.into_iter().map(|server| tokio::spawn(keep(server, Arc::clone(&rack))));
        Self { shelf, states, changed, tasks: tasks.collect() }
    }

    /// The tools, now and later.
    pub fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    /// The state of each server.
    pub fn states(&self) -> BTreeMap<String, Health> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until every server is up or has failed once, `patience` at most.
    pub async fn ready(&self, patience: Duration) {
        let ready = async {
            loop {
                let news = self.changed.notified();
                if !self.states().values().any(|state| *state == Health::Starting) {
                    return;
                }
                news.await;
            }
        };
        // Whoever is not ready is left out.
        let _ = tokio::time::timeout(patience, ready).await;
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Rack {
    /// Puts the tools of `server` on the shelf in place of those before.
    fn offer(&self, server: &str, tools: Vec<Arc<McpTool>>, health: Health) {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        offered.insert(server.to_owned(), tools);
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Arc<dyn Tool>> = Vec::new();
        for (owner, tools) in &*offered {
            for tool in tools {
                let (name, new) = names.of(owner, tool.own_name());
                let plain = tool::safe(tool.own_name());
                if new && name != plain {
                    (self.tell)(format!(
                        "The tool {plain} of the MCP server {owner} is called {name}, because there is another {plain}."
                    ));
                }
                all.push(Arc::new(tool.named(name)));
            }
        }
        self.out.send_replace(all.into());
        drop(offered);
        self.state(server, health);
    }

    fn state(&self, server: &str, health: Health) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(server.to_owned(), health);
        drop(states);
        self.changed.notify_waiters();
    }
}

/// Keeps one server running, for ever.
async fn keep(server: Server, rack: Arc<Rack>) {
    let mut pause = BACKOFF[0];
    let mut told = String::new();
    loop {
        let start = Instant::now();
        let why = match run(&server, &rack).await {
            Ok(()) => format!("The MCP server {} has ended; it is started again.", server.name),
            Err(why) => format!("The MCP server {} cannot be used: {why}.", server.name),
        };
        if start.elapsed() > STEADY {
            (pause, told) = (BACKOFF[0], String::new());
        }
        tracing::warn!("{why}");
        rack.offer(&server.name, Vec::new(), Health::Down(why.clone()));
        // The same failure again and again is no news.
        if told != why {
            (rack.tell)(why.clone());
            told = why;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACKOFF[1]);
    }
}

/// Runs one server until it ends.
async fn run(server: &Server, rack: &Rack) -> Result<(), String> {
    let last = LastLine::default();
    match serve(server, rack, &last).await {
        Ok(()) => Ok(()),
        Err(why) => Err(last.after(why).await),
    }
}

async fn serve(server: &Server, rack: &Rack, last: &LastLine) -> Result<(), String> {
    let changed = Arc::new(Notify::new());
    let steps = Steps::default();
    let client = Client { changed: Arc::clone(&changed), steps: Steps::clone(&steps) };
    let slow = |what, limit: Duration| format!("it did not {what} in {} seconds", limit.as_secs());
    let start = tokio::time::timeout(START, connect(server, client, last)).await;
    let (running, _group) = start.map_err(|_| slow("answer", START))??;
    let peer = running.peer().clone();
    let mut end = Box::pin(running.waiting());
    loop {
        let tools = tokio::time::timeout(LIST, peer.list_all_tools()).await;
        let tools = tools
            .map_err(|_| slow("list its tools", LIST))?
            .map_err(|error| format!("it did not list its tools ({error})"))?;
        let taken: Vec<Box<str>> = tools.iter().map(|tool| (&*tool.name).into()).collect();
        let reader = resources::tool(&peer, &server.name, &taken, server.patience).await;
        let prompts = prompts::tool(&peer, &server.name, &taken, server.patience).await;
        let tools: Vec<_> = tools
            .into_iter()
            .map(|tool| McpTool::new(peer.clone(), tool, server.patience, Steps::clone(&steps)))
            .chain(reader)
            .chain(prompts)
            .map(Arc::new)
            .collect();
        let count = tools.len();
        rack.offer(&server.name, tools, Health::Up(count));
        tokio::select! {
            _ = &mut end => return Ok(()),
            () = changed.notified() => {}
        }
    }
}

/// The last line that a program wrote on its standard error: most likely why it ended.
#[derive(Default)]
struct LastLine {
    line: Arc<Mutex<String>>,
    reader: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl LastLine {
    /// Reads until the program closes it.
    fn read(&self, from: ChildStderr) {
        let last = Arc::clone(&self.line);
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if !line.trim().is_empty() {
                    tracing::debug!("an MCP server: {line}");
                    let line = line.trim().chars().take(200).collect();
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = line;
                }
            }
        });
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
    }

    /// `why` with that line, which may still be on its way.
    async fn after(&self, why: String) -> String {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reader) = reader {
            let _ = tokio::time::timeout(LAST, reader).await;
        }
        let last = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() { why } else { format!("{why}; its last words were \"{last}\"") }
    }
}

async fn connect(
    server: &Server,
    client: Client,
    last: &LastLine,
) -> Result<(RunningService<RoleClient, Client>, Option<Group>), String> {
    match &server.link {
        Link::Program { command, shared, env } => {
            let [program, arguments @ ..] = &command[..] else {
                return Err("its command is empty".into());
            };
            let mut child = Command::new(program);
            child
                .args(arguments)
                .env_clear()
                .envs(process::shared(shared))
                .envs(env)
                .process_group(0);
            let spawned = TokioChildProcess::builder(child).stderr(Stdio::piped()).spawn();
            let (transport, errors) =
                spawned.map_err(|error| format!("{program} does not start ({error})"))?;
            let group = Group::led_by(transport.id());
            if let Some(errors) = errors {
                last.read(errors);
            }
            let served = client.serve(transport).await;
            let running = served.map_err(|error| format!("{program} does not answer ({error})"))?;
            Ok((running, Some(group)))
        }
        Link::Http { url, headers } => {
            let mut all = std::collections::HashMap::new();
            for (name, value) in headers {
                let fits = name.parse().ok().zip(value.parse().ok());
                let (name, value) =
                    fits.ok_or_else(|| format!("the header {name} is not valid"))?;
                all.insert(name, value);
            }
            let config =
                StreamableHttpClientTransportConfig::with_uri(url.as_str()).custom_headers(all);
            let encrypted = url.as_str().starts_with("https:");
            let http = net::client(encrypted, web::builder)
                .map_err(|fault| format!("{url} {}", fault.tell("its url")))?;
            let transport = StreamableHttpClientTransport::with_client(http, config);
            let served = client.serve(transport).await;
            served
                .map(|running| (running, None))
                .map_err(|error| format!("{url} does not answer ({error})"))
        }
    }
}

/// Our side of a connection.
struct Client {
    changed: Arc<Notify>,
    steps: Steps,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let about = Implementation::new("aloud", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), about)
    }

    async fn on_progress(
        &self,
        told: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.steps.handle_notification(told).await;
    }

    async fn on_prompt_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    async fn on_resource_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_once_given_stays() {
        let mut names = Names { taken: vec!["set_timer".into()], given: BTreeMap::new() };
        assert_eq!(names.of("b", "read"), ("read".into(), true));
        assert_eq!(names.of("a", "read"), ("a_read".into(), true));
        assert_eq!(names.of("b", "read"), ("read".into(), false));
        assert_eq!(names.of("a", "set_timer").0, "a_set_timer");
        // Names that become alike in front of a provider stay apart.
        assert_eq!(names.of("c", "x.y").0, "x_y");
        assert_eq!(names.of("c", "x/y").0, "c_x_y");
        assert_eq!(names.of("c", "x:y").0, "c_x_y_2");
        let long = "l".repeat(80);
        let all = ["a", "b", "c"].map(|server| names.of(server, &long).0);
        assert!(all.iter().all(|name| name.len() <= tool::MOST_NAME));
        assert!(all[0] != all[1] && all[1] != all[2]);
    }
}
