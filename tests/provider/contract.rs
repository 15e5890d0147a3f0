//! Checks requests against the types of the vendor's own package.

use std::collections::BTreeSet;
use std::io::Write;
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
    let package = tools::folder(match contract {
        Contract::Present => "openai",
        Contract::Old => "openai-old",
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider/validate.py");
    let mut child = Command::new("python3")
        .arg(script)
        .arg(package)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for request in requests {
        let line = json!({
            "method": request.method,
            "target": request.target,
            "type": request.header("content-type").unwrap_or_default(),
            "body": BASE64_STANDARD.encode(&request.body),
        });
        if writeln!(stdin, "{line}").is_err() {
            break;
        }
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let mut told = String::from_utf8(output.stdout).unwrap();
    if !output.status.success() {
        told.push_str(&String::from_utf8_lossy(&output.stderr));
        assert!(!told.is_empty(), "validate.py ended with {} and no word", output.status);
    }
    told
}
