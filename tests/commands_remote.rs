//! The commands that ask a provider, against a small server on the loopback: pictures, tuning jobs
//! and the list of models.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The smallest file that passes for a picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0not much of a picture";

/// A request as the server got it.
#[derive(Clone)]
struct Request {
    method: String,
    path: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn keyed(&self) -> bool {
        self.headers.iter().any(|header| header.to_lowercase() == "authorization: bearer sk-test")
    }
}

/// What the server answers: status, media type, body.
type Answer = (u16, &'static str, Vec<u8>);

fn ok(value: Value) -> Answer {
    (200, "application/json", value.to_string().into_bytes())
}

fn stream(events: &[Value]) -> Answer {
    let lines: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    (200, "text/event-stream", lines.into_bytes())
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({"error": {"message": message, "code": code}});
    (status, "application/json", body.to_string().into_bytes())
}

/// A provider: answers one request after the other and remembers them.
struct Provider {
    base: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Provider {
    fn new(answer: impl FnMut(&Request, &str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, root) = (Arc::clone(&requests), base.clone());
        let answer = Mutex::new(answer);
        // Ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // The answers may be made by what came before, so one comes after the other.
                let Ok(stream) = stream else { return };
                let _ = serve(stream, &seen, |request| (answer.lock().unwrap())(request, &root));
            }
        });
        Self { base, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: impl FnOnce(&Request) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.remove(0);
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    first.clear();
    let length = lines
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let request = Request { method, path, headers: lines, body };
    let (status, media, body) = answer(&request);
    seen.lock().unwrap().push(request);
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

/// An empty home whose provider `openai` is a server of the test.
struct Home(tempfile::TempDir, String);

impl Home {
    fn new(provider: &Provider) -> Self {
        Self(tempfile::tempdir().unwrap(), provider.base.clone())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let home = self.0.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        command
            .args(args)
            .current_dir(home)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("TZ", "UTC")
            .env("OPENAI_API_KEY", "sk-test")
            .env("OPENAI_BASE_URL", format!("{}/v1", self.1))
            .stdin(Stdio::null());
        command
    }

    /// The program inside this process.
    fn app(&self) -> aloud::app::App {
        let vars = [
            ("HOME", self.path("").to_str().unwrap().to_owned()),
            ("OPENAI_API_KEY", "sk-test".into()),
            ("OPENAI_BASE_URL", format!("{}/v1", self.1)),
        ];
        aloud::app::App::open(None, &vars.into_iter().collect()).unwrap()
    }

    /// The lines that a command prints which ends well.
    fn lines(&self, args: &[&str]) -> Vec<String> {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(str::to_owned).collect()
    }

    fn fails(&self, args: &[&str], code: i32, words: &[&str]) {
        let output = self.run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "no {word:?} in {said:?}");
        }
        assert!(!said.contains("sk-test"), "{said}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn names(folder: PathBuf) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

// Pictures.

fn painter() -> Provider {
    Provider::new(|request, base| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/v1/images/generations") if request.json()["stream"] == true => stream(&[
            json!({"type": "image_generation.partial_image", "partial_image_index": 0,
                "b64_json": STANDARD.encode(PNG)}),
            json!({"type": "image_generation.completed", "b64_json": STANDARD.encode(JPEG)}),
        ]),
        ("POST", "/v1/images/generations") => {
            let body = request.json();
            let count = body["n"].as_u64().unwrap_or(1);
            let item = match body["response_format"].as_str() {
                Some("url") => json!({"url": format!("{base}/made/1")}),
                _ => json!({"b64_json": STANDARD.encode(PNG), "revised_prompt": "A red fox."}),
            };
            ok(json!({"created": 1, "data": vec![item; usize::try_from(count).unwrap()]}))
        }
        ("POST", "/v1/images/edits") => ok(json!({"data": [{"b64_json": STANDARD.encode(PNG)}]})),
        ("GET", "/made/1") => (200, "image/png", PNG.to_vec()),
        _ => error(404, "not_found", "no such thing"),
    })
}

#[test]
fn a_picture_is_saved_under_the_words_that_it_was_asked_for_with() {
    let provider = painter();
    let home = Home::new(&provider);
    let first = home.lines(&["image", "generate", "a red fox,", "in the snow"]);
    let folder = home.path(".local/share/aloud/pictures");
    assert_eq!(first, [folder.join("a-red-fox-in-the-snow.png").to_str().unwrap()]);
    assert_eq!(std::fs::read(&first[0]).unwrap(), PNG);
    let second = home.lines(&["image", "generate", "--n", "2", "--json", "A red fox in the snow"]);
    let told: Value = serde_json::from_str(&second[1]).unwrap();
    assert_eq!(told["path"], folder.join("a-red-fox-in-the-snow-3.png").to_str().unwrap());
    assert_eq!(
        (&told["type"], &told["revised_prompt"]),
        (&"image/png".into(), &"A red fox.".into())
    );
    let bodies: Vec<Value> = provider.requests().iter().map(Request::json).collect();
    let model = aloud::engine::openai::defaults::IMAGE;
    assert_eq!(bodies[0], json!({"model": model, "prompt": "a red fox, in the snow"}));
    assert_eq!(bodies[1]["n"], 2);
}

#[test]
fn the_old_form_names_an_address_which_never_sees_the_key() {
    let provider = painter();
    let home = Home::new(&provider);
    let args = [
        "image",
        "generate",
        "--model",
        "dall-e-3",
        "--size",
        "1024x1024",
        "--response-format",
        "url",
        "--out",
        "fox.png",
        "a fox",
    ];
    home.lines(&args);
    assert_eq!(std::fs::read(home.path("fox.png")).unwrap(), PNG);
    let requests = provider.requests();
    assert_eq!(
        requests[0].json(),
        json!({"model": "dall-e-3", "prompt": "a fox", "size": "1024x1024", "response_format": "url"})
    );
    assert!(requests[0].keyed());
    assert_eq!(requests[1].path, "/made/1");
    assert!(!requests[1].keyed());
    // What is there is not lost, and nothing is paid for.
    home.fails(&args, 73, &["fox.png", "there already", "--force"]);
    assert_eq!(provider.requests().len(), 2);
    home.lines(&[&args[..], &["--force"]].concat());
}

#[test]
fn unfinished_pictures_are_shown_on_the_way_and_go_when_it_is_done() {
    let provider = painter();
    let home = Home::new(&provider);
    let output = home.run(&["image", "generate", "--partial", "2", "--out", "fox.jpg", "a fox"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("unfinished: fox.partial.png"));
    assert_eq!(std::fs::read(home.path("fox.jpg")).unwrap(), JPEG);
    assert_eq!(names(home.path("")), ["fox.jpg"]);
    let body = provider.requests()[0].json();
    assert_eq!(
        (&body["stream"], &body["partial_images"], &body["output_format"]),
        (&json!(true), &json!(2), &json!("jpeg"))
    );
}

#[test]
fn a_picture_is_changed_with_its_mask_and_several_go_as_a_list() {
    let provider = painter();
    let home = Home::new(&provider);
    let (fox, mask) = (home.write("fox.png", PNG), home.write("mask.png", PNG));
    home.lines(&["image", "edit", "a hat", "--image", &fox, "--mask", &mask, "--out", "hat.png"]);
    home.lines(&["image", "edit", "both", "--image", &fox, "--image", &mask]);
    let forms: Vec<String> = provider.requests().iter().map(Request::text).collect();
    for part in [
        "name=\"model\"",
        "name=\"prompt\"\r\n\r\na hat\r\n",
        "name=\"image\"; filename=\"image-1.png\"\r\nContent-Type: image/png",
        "name=\"mask\"; filename=\"mask.png\"",
    ] {
        let found = forms[0].to_lowercase().contains(&part.to_lowercase());
        assert!(found, "{part:?} is not in {}", forms[0]);
    }
    assert_eq!(forms[1].matches("name=\"image[]\"").count(), 2);
}

#[test]
fn what_cannot_be_made_changed_or_saved_has_a_code_and_a_reason() {
    let provider = Provider::new(|_, _| {
        error(400, "content_filter", "Your request was rejected by our safety system.")
    });
    let home = Home::new(&provider);
    let words = home.write("words.png", "no picture");
    home.fails(&["image", "edit", "x", "--image", "none.png"], 66, &["none.png"]);
    home.fails(&["image", "edit", "x", "--image", &words], 65, &["words.png", "convert it"]);
    home.fails(&["image", "generate", "x", "--out", "no/such/x.png"], 73, &["no such folder"]);
    assert!(provider.requests().is_empty());
    home.fails(&["image", "generate", "x"], 77, &["content filter", "other words"]);
    assert_eq!(names(home.path("")), ["words.png"]);
}

// Pictures in a conversation.

/// A model that calls the tool `name` once and then says what it has seen.
fn caller(name: &'static str, arguments: Value) -> Provider {
    Provider::new(move |request, _| match request.path.as_str() {
        "/v1/responses" => {
            let done = request.json()["input"].to_string().contains("function_call_output");
            let output = if done {
                json!({"type": "message", "role": "assistant", "content": [
                    {"type": "output_text", "text": "There it is.", "annotations": []}]})
            } else {
                json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": name,
                    "arguments": arguments.to_string()})
            };
            ok(json!({"id": "r1", "object": "response", "status": "completed", "error": null,
                "output": [output]}))
        }
        _ => ok(json!({"data": [{"b64_json": STANDARD.encode(PNG)}]})),
    })
}

/// The pictures that the model was shown last.
fn shown(provider: &Provider) -> Vec<String> {
    let last = provider.requests().last().unwrap().json();
    let input = last["input"].as_array().unwrap().clone();
    let parts = input.iter().filter_map(|item| item["content"].as_array()).flatten();
    parts.filter_map(|part| part["image_url"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_model_looks_at_the_screen() {
    let provider = caller("look_at_screen", json!({}));
    let home = Home::new(&provider);
    // Programs of the desktop: one that fails, and one that works.
    let (picture, programs) = (home.write("shot.png", PNG), home.path("programs"));
    for (name, script) in [
        ("scrot", "echo no luck >&2; exit 1".to_owned()),
        ("import", format!("test \"$1 $2\" = \"-window root\" && cat '{picture}' > \"$3\"")),
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = home.write(&format!("programs/{name}"), format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let ask = ["ask", "--no-stream", "--json", "what is on my screen"];
    let output = home.command(&ask).env("DISPLAY", ":99").env("PATH", &path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(shown(&provider), [format!("data:image/png;base64,{}", STANDARD.encode(PNG))]);

    // Without a desktop the model is told, and can say so.
    let output = home.run(&ask);
    let turn: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(turn["tool_calls"][0]["name"], "look_at_screen");
    let result = turn["tool_calls"][0]["result"].as_str().unwrap();
    assert!(result.contains("I see no screen"), "{result}");
    assert_eq!(shown(&provider), Vec::<String>::new());
}

#[test]
fn a_model_makes_looks_at_and_changes_pictures() {
    let provider = caller("generate_image", json!({"prompt": "a red fox"}));
    let home = Home::new(&provider);
    let output = home.run(&["ask", "--no-stream", "--json", "paint me a fox"]);
    let turn: Value = serde_json::from_slice(&output.stdout).unwrap();
    let made = home.path(".local/share/aloud/pictures/a-red-fox.png");
    assert_eq!(turn["tool_calls"][0]["result"]["path"], made.to_str().unwrap(), "{turn}");
    assert_eq!(std::fs::read(&made).unwrap(), PNG);

    // The picture that was made last is changed, also by another process.
    let provider = caller("edit_image", json!({"prompt": "with a hat"}));
    let home = Home(home.0, provider.base.clone());
    home.lines(&["ask", "--no-stream", "give it a hat"]);
    assert!(made.with_file_name("with-a-hat.png").exists());
    let form = provider.requests()[1].clone();
    assert!(form.path == "/v1/images/edits" && form.text().contains("not much of a picture"));

    let provider = caller("look_at_picture", json!({"path": "a-red-fox.png"}));
    let home = Home(home.0, provider.base.clone());
    home.lines(&["ask", "--no-stream", "what is on it"]);
    assert_eq!(shown(&provider).len(), 1);
}

#[test]
fn without_a_key_nothing_paints_but_everything_looks() {
    let provider = painter();
    let home = Home::new(&provider);
    let tools = |command: &mut Command| text(&command.output().unwrap().stdout);
    let with = tools(&mut home.command(&["tools"]));
    let without = tools(home.command(&["tools"]).env_remove("OPENAI_API_KEY"));
    for (name, always) in [
        ("generate_image", false),
        ("edit_image", false),
        ("look_at_picture", true),
        ("look_at_screen", true),
    ] {
        assert!(with.contains(name), "{name} is not in {with}");
        assert_eq!(without.contains(name), always, "{name}: {without}");
    }
}

// Models.

fn models() -> Provider {
    Provider::new(|_, _| {
        let today = aloud::base::WallClock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let soon = today.checked_add(jiff::Span::new().days(20)).unwrap();
        ok(json!({"object": "list", "data": [
            {"id": "z-model", "object": "model", "owned_by": "system", "shutdown_date": null},
            {"id": "a-model", "object": "model", "shutdown_date": soon.to_string()},
            {"id": aloud::engine::openai::defaults::CHAT, "object": "model"},
        ]}))
    })
}

#[test]
fn models_are_listed_with_their_ends() {
    let provider = models();
    let home = Home::new(&provider);
    let lines = home.lines(&["models", "--remote"]);
    assert!(lines[1].starts_with("openai/a-model "), "{lines:?}");
    assert!(lines[1].ends_with("ends in 20 days"), "{lines:?}");
    assert!(lines[2].ends_with("in use"), "{lines:?}");
    assert_eq!(lines[3], "openai/z-model");
    let objects = home.lines(&["models", "--remote", "--json", "--provider", "openai"]);
    let first: Value = serde_json::from_str(&objects[0]).unwrap();
    assert_eq!(
        (&first["id"], &first["ending"], &first["days_left"]),
        (&json!("a-model"), &json!(true), &json!(20))
    );
    assert!(provider.requests().iter().all(|request| request.path == "/v1/models"));
    home.fails(&["models", "--remote", "--provider", "nobody"], 77, &["nobody"]);
    // The files on this machine are listed as before.
    for args in [&["models"][..], &["models", "list"]] {
        assert!(home.lines(args)[0].starts_with("MODEL"), "{args:?}");
    }
    for args in [&["models", "--json"][..], &["models", "list", "--json"]] {
        assert!(home.lines(args)[0].starts_with('{'), "{args:?}");
    }
}

#[tokio::test]
async fn at_the_start_a_model_that_ends_or_is_not_there_is_told() {
    let provider = models();
    let home = Home::new(&provider);
    home.write(
        ".config/aloud/config.toml",
        "[cascade]\nchat = \"openai/a-model\"\nspeak = \"openai/none\"\n",
    );
    let app = home.app();
    let warnings = app.outlook().warnings().await;
    let starts = [
        "openai/a-model ([cascade] chat) ends in 20 days",
        "openai/none ([cascade] speak) is not among the models",
    ];
    for start in starts {
        assert!(warnings.iter().any(|warning| warning.starts_with(start)), "{start}: {warnings:?}");
    }
    let chat = aloud::engine::openai::defaults::CHAT;
    assert!(warnings.iter().all(|warning| !warning.contains(chat)), "{warnings:?}");
}

#[tokio::test]
async fn at_the_start_nothing_is_told_when_the_list_cannot_be_had() {
    let provider = Provider::new(|_, _| error(404, "", "no such thing"));
    let home = Home::new(&provider);
    assert_eq!(home.app().outlook().warnings().await, Vec::<String>::new());
    assert_eq!(provider.requests().len(), 1);
}

#[test]
fn a_key_that_is_refused_is_77() {
    let provider = Provider::new(|_, _| error(401, "invalid_api_key", "Incorrect key: sk-test"));
    Home::new(&provider).fails(&["models", "--remote"], 77, &["does not take the key"]);
}

// Tuning.

fn example(number: usize) -> String {
    json!({"messages": [
        {"role": "user", "content": format!("question {number}")},
        {"role": "assistant", "content": "answer"},
    ]})
    .to_string()
}

fn examples() -> String {
    (0..12).map(|number| example(number) + "\n").collect()
}

#[test]
fn data_is_looked_through_line_by_line() {
    let provider = painter();
    let home = Home::new(&provider);
    let good = home.write("good.jsonl", examples());
    let lines = home.lines(&["finetune", "check", &good]);
    assert_eq!(lines, ["12 examples, about 96 tokens, 0 problems, 0 warnings"]);
    let bad = format!("{}\n{{\"messages\": []}}\nnonsense\n{}\n", example(1), example(1));
    home.write("bad.jsonl", bad);
    let output = home.run(&["finetune", "check", "bad.jsonl"]);
    assert_eq!(output.status.code(), Some(65));
    let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    for (line, start) in lines.iter().zip([
        "bad.jsonl:2: \"messages\" is empty",
        "bad.jsonl:3: no JSON",
        "bad.jsonl:4: warning: the same example as on line 1",
        "bad.jsonl: warning: 4 examples",
        "4 examples",
    ]) {
        assert!(line.starts_with(start), "{line} is not {start}");
    }
    home.fails(&["finetune", "check", "none.jsonl"], 66, &["none.jsonl"]);
    home.fails(&["finetune", "check", "."], 65, &["cannot be read"]);
    home.fails(&["finetune", "check", "bad.jsonl", "--convert", "kept.jsonl"], 65, &["2 examples"]);
    let kept = std::fs::read_to_string(home.path("kept.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 2);
    home.fails(&["finetune", "check", &good, "--convert", "kept.jsonl"], 73, &["there already"]);
    assert!(provider.requests().is_empty());
}

#[test]
fn the_form_of_the_first_description_is_converted() {
    let provider = painter();
    let home = Home::new(&provider);
    let old = home.write(
        "mydata.jsonl",
        "{\n  \"prompt\": \"Who is Piet Kernbom?'\",\n  \"completion\": \"A baseball player\"\n}\n\
         {\n  \"prompt\": \"Where was he from?\",\n  \"completion\": \"Suriname.\"\n}\n",
    );
    home.fails(&["finetune", "check", &old], 65, &["--convert OUT", "mends all"]);
    home.fails(&["finetune", "check", &old, "--model", "davinci-002"], 65, &["mends all"]);
    home.lines(&["finetune", "check", &old, "--convert", "new.jsonl"]);
    home.lines(&["finetune", "check", "new.jsonl"]);
    let new = std::fs::read_to_string(home.path("new.jsonl")).unwrap();
    assert_eq!(
        new.lines().last().unwrap(),
        r#"{"messages":[{"role":"user","content":"Where was he from?"},{"role":"assistant","content":"Suriname."}]}"#
    );
}

/// A server of tuning jobs: a job runs until it was asked after twice.
fn tuning(ends: &'static str, legacy: bool) -> Provider {
    let mut asked = 0;
    Provider::new(move |request, _| {
        let root = if legacy { "/v1/fine-tunes" } else { "/v1/fine_tuning/jobs" };
        let job = |state: &str| {
            let made = (state == "succeeded").then_some("ft:model:me::7p4");
            let error = (state == "failed").then(|| json!({"message": "bad data."}));
            json!({"object": "fine_tuning.job", "id": "ftjob-1", "model": "model", "status": state,
                "created_at": 1_790_000_000, "fine_tuned_model": made, "error": error})
        };
        let event = |id: &str, message: &str| {
            json!({"object": "fine_tuning.job.event", "id": id,
            "created_at": 1_790_000_000, "level": "info", "message": message})
        };
        let path = request.path.split('?').next().unwrap();
        let Some(rest) = path.strip_prefix(root) else {
            return match path {
                "/v1/files" => {
                    ok(json!({"id": "file-7", "object": "file", "purpose": "fine-tune"}))
                }
                _ => error(404, "", "unknown"),
            };
        };
        match (request.method.as_str(), rest) {
            ("POST", "") => ok(job("validating_files")),
            ("GET", "") => ok(json!({"data": [job("running")], "has_more": false})),
            ("GET", "/ftjob-1") => {
                asked += 1;
                ok(job(if asked < 2 { "running" } else { ends }))
            }
            ("GET", "/ftjob-1/events") if asked < 2 => ok(
                json!({"data": [event("e2", "step 1"), event("e1", "begun")], "has_more": false}),
            ),
            ("GET", "/ftjob-1/events") => ok(json!({
                "data": [event("e3", "step 2"), event("e2", "step 1"), event("e1", "begun")],
                "has_more": false,
            })),
            ("POST", "/ftjob-1/cancel") => ok(job("cancelled")),
            _ => error(404, "", "unknown"),
        }
    })
}

#[test]
fn a_job_is_ordered_and_followed_to_its_model() {
    let provider = tuning("succeeded", false);
    let home = Home::new(&provider);
    let data = home.write("data.jsonl", examples());
    let args = ["finetune", "create", &data, "--model", "model", "--suffix", "me", "--seed", "7"];
    let lines = home.lines(&[&args[..], &["--follow"]].concat());
    let said: Vec<&str> = lines.iter().map(|line| line.get(9..).unwrap_or_default()).collect();
    assert_eq!(said[..3], ["begun", "step 1", "step 2"]);
    assert!(
        lines.iter().any(|line| line.starts_with("made") && line.ends_with("ft:model:me::7p4")),
        "{lines:?}"
    );
    let requests = provider.requests();
    let form = requests[0].text();
    assert!(form.contains("name=\"purpose\"\r\n\r\nfine-tune\r\n"), "{form}");
    assert!(form.contains("filename=\"data.jsonl\"") && form.contains(&example(11)), "{form}");
    assert_eq!(
        requests[1].json(),
        json!({"training_file": "file-7", "model": "model", "suffix": "me", "seed": 7})
    );
    let listed = home.lines(&["finetune", "list"]);
    assert!(listed[1].starts_with("ftjob-1  running"), "{listed:?}");
    let told = home.lines(&["finetune", "status", "ftjob-1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&told[0]).unwrap()["status"], "succeeded");
    assert_eq!(home.lines(&["finetune", "cancel", "ftjob-1"]), ["ftjob-1: cancelled"]);
}

#[test]
fn a_job_that_fails_and_data_that_is_bad_are_told() {
    let provider = tuning("failed", false);
    let home = Home::new(&provider);
    let follow = ["finetune", "status", "ftjob-1", "--follow"];
    home.fails(&follow, 69, &["bad data", "order it again"]);
    home.fails(&["finetune", "status", "ftjob-9"], 69, &["no such job", "finetune list"]);
    let before = provider.requests().len();
    home.write("bad.jsonl", "{\"messages\": []}\n");
    home.fails(&["finetune", "create", "bad.jsonl"], 65, &["was not sent", "finetune check"]);
    home.fails(&["finetune", "create", "none.jsonl"], 66, &["none.jsonl"]);
    assert_eq!(provider.requests().len(), before);
    let job = home.lines(&["finetune", "create", "file-3"]);
    assert_eq!(job, ["ftjob-1"]);
}

#[test]
fn the_first_interface_is_there_for_servers_that_have_it() {
    let provider = tuning("succeeded", true);
    let home = Home::new(&provider);
    assert_eq!(home.lines(&["finetune", "create", "file-3", "--legacy"]), ["ftjob-1"]);
    assert_eq!(provider.requests()[0].path, "/v1/fine-tunes");
    assert!(home.lines(&["finetune", "list", "--legacy"])[1].contains("ftjob-1"));
    let gone = tuning("succeeded", false);
    Home::new(&gone).fails(
        &["finetune", "create", "file-3", "--legacy"],
        69,
        &["/fine_tuning/jobs", "leave --legacy out"],
    );
}
