//! Holds requests against the types of the vendor's own package.

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

/// Which state of the contract requests are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contract {
    /// The one of today.
    Present,
    /// The last one that has the old forms.
    Old,
}

/// Fails when one of `requests` does not fit. What has been looked at once in this test is not
/// looked at again.
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

/// Fails when what a server of the test answers is not what the vendor's type `kind` says:
/// `MODULE.TYPE` below the package's types.
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

/// What does not fit, a line each.
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
