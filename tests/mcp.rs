//! MCP servers that nobody here wrote, as a shell and a conversation see them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

#[path = "provider/tools.rs"]
mod strangers;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use aloud::base::{CallId, Clock, Moment};
use aloud::dialog::{Call, Effect};
use aloud::tool::mcp::{Health, Link, Server, Servers};
use aloud::tool::{Progress, Registry, ToolCx};
use strangers::folder;

/// A home with a configuration.
struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.config().parent().unwrap()).unwrap();
        std::fs::write(home.config(), config).unwrap();
        home
    }

    fn config(&self) -> PathBuf {
        self.0.path().join(".config/aloud/config.toml")
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let home = self.0.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("PULSE_SERVER", format!("unix:{}/none", home.display()))
            .env("WHERE", "Asia/Tokyo")
            .stdin(Stdio::null());
        command
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn node() -> PathBuf {
    folder("node").join("node_modules/.bin/node")
}

fn everything() -> Vec<String> {
    let script = folder("mcp-everything").join("node_modules/.bin/mcp-server-everything");
    [node(), script].map(|path| path.display().to_string()).to_vec()
}

fn time() -> Vec<String> {
    ["python3", "-m", "mcp_server_time"].map(String::from).to_vec()
}

/// A server as a table of the configuration.
fn table(name: &str, command: &[String], more: &str) -> String {
    format!("[mcp.{name}]\ncommand = {command:?}\n{more}\n")
}

fn time_table(name: &str) -> String {
    let path = folder("mcp-time").display().to_string();
    table(name, &time(), &format!("env = {{ PYTHONPATH = {path:?} }}\n"))
}

#[test]
fn tools_of_servers_are_listed_and_called_from_the_shell() {
    let home = Home::new(&format!("{}{}", table("all", &everything(), ""), time_table("clock")));
    let listed = home.run(&["tools", "list"]);
    let (out, err) = (text(&listed.stdout), text(&listed.stderr));
    for tool in ["echo", "get_current_time", "convert_time", "set_timer"] {
        assert!(out.lines().any(|line| line.starts_with(tool)), "no {tool} in {out}\n{err}");
    }
    let said = home.run(&["tools", "call", "echo", r#"{"message": "good evening"}"#]);
    assert_eq!(text(&said.stdout), "Echo: good evening\n", "{}", text(&said.stderr));
    let said = home.run(&["tools", "call", "get_current_time", r#"{"timezone": "Europe/Berlin"}"#]);
    assert!(text(&said.stdout).contains("Europe/Berlin"), "{}", text(&said.stderr));
    let read = home.run(&[
        "tools",
        "call",
        "read_resource",
        r#"{"uri": "demo://resource/static/document/features.md"}"#,
    ]);
    assert!(text(&read.stdout).contains("Everything"), "{}", text(&read.stderr));
    assert!(out.contains("Takes up a prompt of all: simple-prompt"), "{out}");
    let prompt = home.run(&[
        "tools",
        "call",
        "use_prompt",
        r#"{"name": "args-prompt", "arguments": {"city": "Graz"}}"#,
    ]);
    assert!(text(&prompt.stdout).contains("Graz"), "{}", text(&prompt.stderr));
    let none = home.run(&["tools", "call", "read_resource", r#"{"uri": "demo://nothing"}"#]);
    assert_eq!(none.status.code(), Some(69), "{}", text(&none.stdout));
    let wrong = home.run(&["tools", "call", "echo", r#"{"massage": "x"}"#]);
    assert_eq!(wrong.status.code(), Some(65), "{}", text(&wrong.stderr));
    assert!(text(&wrong.stderr).contains("\"message\" is missing"), "{}", text(&wrong.stderr));
    let failed = home.run(&["tools", "call", "get_current_time", r#"{"timezone": "Mars/North"}"#]);
    assert_eq!(failed.status.code(), Some(69), "{}", text(&failed.stdout));
}

#[test]
fn what_a_server_started_ends_with_it() {
    use std::io::Read;
    let held = tempfile::tempdir().unwrap();
    let pipe = held.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // As npx does it: the server is a child of the program that is named.
    let script = format!(
        "sleep 1000 > {} < /dev/null 2> /dev/null & {}; exit 0",
        pipe.display(),
        time().join(" ")
    );
    let path = folder("mcp-time").display().to_string();
    let env = format!("env = {{ PYTHONPATH = {path:?} }}\n");
    let home = Home::new(&table("nested", &["sh".into(), "-c".into(), script], &env));
    let end = std::thread::spawn(move || {
        let mut nothing = Vec::new();
        // Until the last program that holds it has ended.
        std::fs::File::open(pipe).unwrap().read_to_end(&mut nothing).unwrap();
    });
    let listed = home.run(&["tools", "list"]);
    assert!(text(&listed.stdout).contains("get_current_time"), "{}", text(&listed.stderr));
    end.join().unwrap();
}

#[test]
fn a_server_that_does_not_start_is_told_and_the_others_work() {
    let broken = table("broken", &["/nonexistent/server".to_owned()], "");
    let cross = table("cross", &["sh", "-c", "echo no key >&2; exit 1"].map(String::from), "");
    let home = Home::new(&format!("{broken}{cross}{}", time_table("clock")));
    let listed = home.run(&["tools", "list"]);
    let err = text(&listed.stderr);
    assert!(err.contains("The MCP server broken cannot be used"), "{err}");
    assert!(err.contains("The MCP server cross cannot be used"), "{err}");
    assert!(err.contains("its last words were \"no key\""), "{err}");
    assert!(text(&listed.stdout).contains("get_current_time"), "{err}");
    assert!(text(&listed.stdout).contains("calculate"), "{err}");
}

#[test]
fn two_tools_of_one_name_are_both_there_and_it_is_told() {
    let home = Home::new(&format!("{}{}", time_table("a"), time_table("b")));
    let listed = home.run(&["tools", "list"]);
    let (out, err) = (text(&listed.stdout), text(&listed.stderr));
    let count = |name: &str| out.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(count("get_current_time"), 1, "{out}");
    assert_eq!(count("a_get_current_time") + count("b_get_current_time"), 1, "{out}");
    assert!(err.contains("because there is another get_current_time"), "{err}");
}

#[test]
fn a_server_gets_no_keys_unless_they_are_given_to_it() {
    let given = "env = { TOKEN = \"${WHERE}\" }\n";
    let home = Home::new(&table("all", &everything(), given));
    let said = text(&home.run(&["tools", "call", "get-env", "{}"]).stdout);
    assert!(said.contains("\"TOKEN\": \"Asia/Tokyo\"") && said.contains("\"PATH\""), "{said}");
    assert!(!said.contains("WHERE") && !said.contains("PULSE_SERVER"), "{said}");
}

#[test]
fn a_permission_takes_a_servers_tool_away() {
    let deny = "[permissions]\nconvert_time = \"deny\"\n";
    let home = Home::new(&format!("{}{deny}", time_table("clock")));
    let out = text(&home.run(&["tools", "list"]).stdout);
    assert!(out.contains("get_current_time") && !out.contains("convert_time"), "{out}");
}

#[test]
fn a_server_is_added_and_others_are_imported() {
    let home = Home::new("# my own words\n[listen]\npause_ms = 600\n");
    let path = folder("mcp-time").display().to_string();
    let added = home.run(&["tools", "add", "web", "http://127.0.0.1:9/mcp"]);
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    let again = home.run(&["tools", "add", "web", "--", "server"]);
    assert_eq!(again.status.code(), Some(64), "{}", text(&again.stderr));
    let file = home.0.path().join("claude.json");
    let json = serde_json::json!({ "mcpServers": {
        "my clock": { "command": "python3", "args": ["-m", "mcp_server_time", "--local-timezone", "${WHERE}"],
            "env": { "PYTHONPATH": path } },
        "old": { "type": "sse", "url": "http://127.0.0.1:9/sse" },
        "empty": {},
        "odd": { "command": "server", "env": { "PORT": 3000 } },
        "web": { "command": "server" },
        "later": { "command": "server", "disabled": true },
    }});
    std::fs::write(&file, json.to_string()).unwrap();
    let imported = home.run(&["tools", "import", file.to_str().unwrap()]);
    let (out, err) = (text(&imported.stdout), text(&imported.stderr));
    assert!(out.contains("my-clock: imported") && out.contains("later: imported"), "{out}{err}");
    for skipped in ["old is skipped", "empty is skipped", "odd is skipped", "web is skipped"] {
        assert!(err.contains(skipped), "{err}");
    }
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(config.starts_with("# my own words\n[listen]\npause_ms = 600\n"), "{config}");
    let said = home.run(&["tools", "call", "get_current_time", r#"{"timezone": "Asia/Tokyo"}"#]);
    assert!(text(&said.stdout).contains("Asia/Tokyo"), "{}", text(&said.stderr));
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(home.run(&["tools", "import", file.to_str().unwrap()]).status.code(), Some(65));
    assert_eq!(home.run(&["tools", "import", "/nonexistent"]).status.code(), Some(66));
}

/// A server with an address, ended with the test.
struct Http(Child, String);

impl Http {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let command = everything();
        let mut child = Command::new(&command[0])
            .arg(&command[1])
            .arg("streamableHttp")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It says when it listens.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("listening on port")));
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, format!("http://127.0.0.1:{port}/mcp"))
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_with_an_address_is_used_like_a_program() {
    let server = Http::start();
    let home = Home::new(&format!("[mcp.far]\nurl = {:?}\n", server.1));
    let said = home.run(&["tools", "call", "echo", r#"{"message": "from afar"}"#]);
    assert_eq!(text(&said.stdout), "Echo: from afar\n", "{}", text(&said.stderr));
}

fn program(name: &str, command: Vec<String>) -> Server {
    let path = folder("mcp-time").display().to_string();
    let env = [("PYTHONPATH".to_owned(), path)].into();
    let shared = std::env::vars().collect();
    let link = Link::Program { command, shared, env };
    Server { name: name.into(), link, patience: Duration::from_secs(30) }
}

/// A shell that runs `command` after `before`.
fn shell(before: &str, command: &[String]) -> Vec<String> {
    let line = format!("{before} {}", command.join(" "));
    ["sh".to_owned(), "-c".to_owned(), line].to_vec()
}

fn call(name: &str, arguments: &str) -> (Call, ToolCx) {
    let call = Call { id: CallId("a".into()), name: name.into(), arguments: arguments.into() };
    (call, ToolCx { now: Moment::ZERO, ..ToolCx::default() })
}

#[tokio::test]
async fn a_server_that_dies_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let command = shell(&format!("echo $$ > {}; exec", pid.display()), &time());
    let servers = Servers::start(vec![program("clock", command)], Vec::new(), |_| {});
    let mut tools = Registry::new([]).with_live(servers.shelf(), |_| true);
    servers.ready(Duration::from_secs(60)).await;
    assert_eq!(servers.states()["clock"], Health::Up(2));
    assert_eq!(tools.effect("get_current_time"), Some(Effect::Reads));
    tools.changed().await;
    let number = std::fs::read_to_string(&pid).unwrap();
    Command::new("kill").args(["-9", number.trim()]).status().unwrap();
    tools.changed().await;
    assert_eq!(tools.effect("get_current_time"), None, "it is gone");
    tools.changed().await;
    let (call, cx) = call("get_current_time", r#"{"timezone": "UTC"}"#);
    assert!(tools.call(&call, cx).await.outcome.ok, "and back");
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_at_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("requests");
    let command = shell(&format!("tee {} |", log.display()), &everything());
    let servers = Servers::start(vec![program("all", command)], Vec::new(), |_| {});
    let tools = Registry::new([]).with_live(servers.shelf(), |_| true);
    servers.ready(Duration::from_secs(60)).await;
    let (long, cx) = call("trigger-long-running-operation", r#"{"duration": 60, "steps": 60}"#);
    let mut running = tools.call(&long, cx);
    // It is under way once the log has it.
    let asked = || std::fs::read_to_string(&log).unwrap();
    while !asked().contains("trigger-long-running-operation") {
        tokio::select! {
            _ = &mut running => panic!("it takes a minute"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(running);
    let (echo, cx) = call("echo", r#"{"message": "still there"}"#);
    let outcome = tools.call(&echo, cx).await.outcome;
    assert_eq!((outcome.ok, &*outcome.say), (true, "Echo: still there"));
    assert!(asked().contains("notifications/cancelled"), "{}", asked());
}

#[tokio::test]
async fn a_server_tells_how_far_a_call_is() {
    let servers = Servers::start(vec![program("all", everything())], Vec::new(), |_| {});
    let tools = Registry::new([]).with_live(servers.shelf(), |_| true);
    servers.ready(Duration::from_secs(60)).await;
    let (long, cx) = call("trigger-long-running-operation", r#"{"duration": 1, "steps": 4}"#);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let progress = Progress::to(move |step| tell.send(step.done).unwrap());
    assert!(tools.call(&long, ToolCx { progress, ..cx }).await.outcome.ok);
    let mut steps = Vec::new();
    while let Ok(Some(done)) = told.try_recv() {
        steps.push(done);
    }
    assert!(steps.len() > 1 && steps.is_sorted() && steps.contains(&0.5), "{steps:?}");
}

#[test]
fn a_command_waits_for_no_server() {
    // It never answers.
    let home = Home::new("[mcp.slow]\ncommand = [\"sleep\", \"1000\"]\n");
    let clock = Clock::start();
    let told = home.run(&["ask", "what is two plus two"]);
    let took = clock.now().since(Moment::ZERO);
    assert_eq!(text(&told.stdout), "That's 4.\n", "{}", text(&told.stderr));
    // A question for a model would wait ten seconds for its tools.
    assert!(took < Duration::from_secs(9), "{took:?}");
}

/// A client of `aloud mcp`, by lines of JSON-RPC.
struct Agent {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Agent {
    fn start(home: &Home) -> Self {
        let mut child =
            home.command(&["mcp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut agent = Self { child, lines };
        let started = agent.asks(
            "initialize",
            &serde_json::json!({
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "agent", "version": "1"},
            }),
        );
        assert_eq!(started["result"]["serverInfo"]["name"], "aloud");
        agent.writes(&serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        agent
    }

    fn writes(&mut self, line: &serde_json::Value) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn asks(&mut self, method: &str, params: &serde_json::Value) -> serde_json::Value {
        self.writes(
            &serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
        );
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Whether the tool failed, and what it returned.
    fn calls(&mut self, name: &str, arguments: &serde_json::Value) -> (bool, String) {
        let answer =
            self.asks("tools/call", &serde_json::json!({"name": name, "arguments": arguments}));
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        (result["isError"] == true, text.to_owned())
    }
}

#[test]
fn an_agent_without_a_service_is_told_how_to_start_it() {
    let home = Home::new("");
    let mut agent = Agent::start(&home);
    let listed = agent.asks("tools/list", &serde_json::json!({}));
    let names: Vec<&str> = listed["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["say", "ask_user", "set_timer"]);
    for (name, arguments) in [
        ("say", serde_json::json!({"text": "Done."})),
        ("ask_user", serde_json::json!({"question": "Shall I go on?"})),
    ] {
        let (failed, text) = agent.calls(name, &arguments);
        assert!(failed && text.contains("the service is not running"), "{text}");
        assert!(text.contains("aloud daemon"), "{text}");
    }
    let (failed, text) =
        agent.calls("set_timer", &serde_json::json!({"seconds": 600, "label": "build"}));
    assert!(!failed && text.starts_with("Build timer set for 10 minutes."), "{text}");
    assert!(text.contains("no aloud service is running"), "{text}");
    let (failed, text) = agent.calls("set_timer", &serde_json::json!({"minutes": 10}));
    assert!(failed, "{text}");
    let (failed, text) = agent.calls("ask_user", &serde_json::json!({"text": "Hm?"}));
    assert!(failed && text.contains("question"), "{text}");
    // The end of its input is its end.
    drop(agent.child.stdin.take());
    assert!(agent.child.wait().unwrap().success());
}
