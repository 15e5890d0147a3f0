//! Third-party servers, started and stopped by a test.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use aloud::base::{Clock, Moment};
use serde_json::Value;

use crate::server::PATIENCE;
use crate::tools;

/// A running server.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Peer {
    /// aimock, which answers according to `fixtures`.
    pub(crate) fn aimock(fixtures: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fixtures.json");
        std::fs::write(&file, fixtures.to_string()).unwrap();
        let program = "node_modules/@copilotkit/aimock/dist/cli.js";
        let mut child = Command::new(tools::folder("node").join("node_modules/node/bin/node"))
            .arg(tools::folder("aimock").join(program))
            .args(["-p", "0", "-h", "127.0.0.1", "--validate-on-load", "--strict", "-f"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let address = lines
            .find_map(|line| line.split_once("listening on http://")?.1.parse().ok())
            .expect("aimock did not say where it listens");
        // It must not block because nobody reads its output.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, _folder: folder }
    }

    /// llmsim, which answers everything with `words`.
    pub(crate) fn llmsim(words: &str) -> Self {
        // It cannot take a port chosen by the system, and does not report that it listens.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(tools::folder("llmsim").join("bin/llmsim"))
            .args(["serve", "--host", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--generator", &format!("fixed:{words}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let clock = Clock::start();
        while TcpStream::connect(address).is_err() {
            assert!(clock.now().since(Moment::ZERO) < PATIENCE, "llmsim does not come up");
            std::thread::yield_now();
        }
        Self { child, address, _folder: tempfile::tempdir().unwrap() }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
