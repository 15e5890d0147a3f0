//! Checks requests against the types of the vendor's own package.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use aloud::base::Moment;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use serde_json::{Value, json};

use crate::server::Request;
use crate::tools;

/// The version of the contract to check against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contract {
    /// The current one.
    Present,
    /// The last one with the old formats.
    Old,
}

/// Fails if one of `requests` is invalid. Each distinct request is checked once per test.
pub(crate) fn hold(contract: Contract, requests: &[Request]) {
    static SEEN: Mutex<BTreeSet<(Contract, String, Vec<u8>)>> = Mutex::new(BTreeSet::new());
    let mut seen = SEEN.lock().unwrap();
    let fresh = requests.iter().filter(|request| {
        let target = format!("{} {}", request.method, request.target);
        seen.insert((contract, target, request.body.clone()))
    });
    let mistakes = mistakes(contract, &fresh.cloned().collect::<Vec<_>>());
    assert!(mistakes.is_empty(), "the vendor would not take this ({contract:?}):\n{mistakes}");
}

/// Fails if a test server's answer does not match the vendor's type `kind`: `MODULE.TYPE` below the
/// package's types.
pub(crate) fn hold_answers(kind: &str, answers: &[Value]) {
    let answer = |answer: &Value| Request {
        method: "ANSWER".into(),
        target: kind.into(),
        headers: Vec::new(),
        body: answer.to_string().into_bytes(),
        at: Moment::ZERO,
        connection: 0,
    };
    let mistakes = mistakes(Contract::Present, &answers.iter().map(answer).collect::<Vec<_>>());
    assert!(mistakes.is_empty(), "the vendor would not say this:\n{mistakes}");
}

/// The mistakes, one per line.
pub(crate) fn mistakes(contract: Contract, requests: &[Request]) -> String {
    if requests.is_empty() {
        return String::new();
    }
    let lines: String = requests
        .iter()
        .map(|request| {
            let line = json!({
                "method": request.method,
                "target": request.target,
                "type": request.header("content-type").unwrap_or_default(),
                "body": BASE64_STANDARD.encode(&request.body),
            });
            format!("{line}\n")
        })
        .collect();
    // A checker that ends in this moment, because nobody had asked for long, does not answer.
    let told = (0..3).find_map(|_| ask(&mut checker(contract), &lines).ok());
    let told = told.expect("validate.py answers");
    told.strip_suffix("checked\n").expect("validate.py comes to its end").to_owned()
}

fn ask(checker: &mut UnixStream, lines: &str) -> io::Result<String> {
    checker.write_all(lines.as_bytes())?;
    checker.shutdown(Shutdown::Write)?;
    let mut told = String::new();
    checker.read_to_string(&mut told)?;
    if told.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(told) }
}

/// The process that has loaded these types: one for all tests of a run, started by the first.
fn checker(contract: Contract) -> UnixStream {
    let package = tools::folder(match contract {
        Contract::Present => "openai",
        Contract::Old => "openai-old",
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider/validate.py");
    // Another script or package is another checker.
    let mut hasher = DefaultHasher::new();
    (std::fs::read(&script).unwrap(), &package).hash(&mut hasher);
    let socket = std::env::temp_dir().join(format!("aloud-types-{:016x}.sock", hasher.finish()));
    if let Ok(stream) = UnixStream::connect(&socket) {
        return stream;
    }
    // Nobody waits for it: it outlives the test, for the next ones.
    #[expect(clippy::zombie_processes, reason = "the end of the test's process reaps it")]
    let mut child = Command::new("python3")
        .args([&script, &package, &socket])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n", "validate.py does not start: run scripts/test");
    UnixStream::connect(&socket).unwrap()
}
