//! A virtual sound card for tests: a private sound server with a microphone that tests speak into
//! and a loudspeaker that they record. Controlled by `scripts/virtual-sound`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use aloud::base::{Clock, Moment};

/// The rate of what is played and recorded here.
pub const RATE: u32 = 48_000;

/// How long a test waits for something that is quick on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A private sound server. Ends when dropped.
pub struct VirtualCard {
    dir: PathBuf,
    _kept: Option<tempfile::TempDir>,
}

impl VirtualCard {
    /// Starts a server of its own. Programs find it through [`VirtualCard::env`].
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let card = Self { dir: dir.path().to_owned(), _kept: Some(dir) };
        card.script("start");
        card
    }

    /// Starts a server for programs that use the folder `dir`.
    pub fn start_in(dir: &Path) -> Self {
        let card = Self { dir: dir.to_owned(), _kept: None };
        card.script("start");
        card
    }

    /// The environment through which a program finds the server in `dir`, running or not.
    pub fn env_in(dir: &Path) -> Vec<(&'static str, String)> {
        let inside = |name: &str| dir.join(name).display().to_string();
        vec![
            ("XDG_RUNTIME_DIR", dir.display().to_string()),
            ("PULSE_SERVER", format!("unix:{}", inside("sound.sock"))),
            ("PULSE_COOKIE", inside("cookie")),
        ]
    }

    /// The environment through which a program finds this server.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        Self::env_in(&self.dir)
    }

    /// Ends the server as a crash would.
    pub fn kill(&self) {
        self.script("kill");
    }

    /// Restarts it after [`VirtualCard::kill`], with the same devices.
    pub fn restart(&self) {
        self.script("start");
    }

    /// Makes the server hang, as on a machine short of memory.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Resumes it.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.dir.join("pulse/pid")).unwrap();
        let done = Command::new("kill").args([signal, pid.trim()]).status().unwrap();
        assert!(done.success(), "kill {signal}");
    }

    /// Runs `pactl` and returns what it prints.
    pub fn pactl(&self, args: &[&str]) -> String {
        let run = Command::new("pactl").args(args).envs(self.env()).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success(), "pactl {args:?}: {said}");
        String::from_utf8(run.stdout).unwrap()
    }

    /// Adds another loudspeaker of this id and name (and its monitor), and returns the number by
    /// which [`VirtualCard::unplug`] removes it.
    pub fn plug_speaker(&self, name: &str) -> String {
        let id = format!("sink_name={name}");
        let name = format!("sink_properties=device.description={name}");
        let number = self.pactl(&["load-module", "module-null-sink", &id, &name, "rate=48000"]);
        number.trim().to_owned()
    }

    /// Removes the device of module `number`.
    pub fn unplug(&self, number: &str) {
        self.pactl(&["unload-module", number]);
    }

    /// Speaks `pcm`, mono at [`RATE`], into the microphone; returns when all of it has been said.
    pub fn play_into_mic(&self, pcm: &[f32]) {
        self.speak(pcm).wait();
    }

    /// As [`VirtualCard::play_into_mic`], in the background.
    pub fn speak(&self, pcm: &[f32]) -> Speaking {
        let mut child = self
            .stream("pacat", "mic")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        hurry(child.id());
        let mut pipe = child.stdin.take().unwrap();
        let bytes: Vec<u8> = pcm.iter().flat_map(|s| s.to_le_bytes()).collect();
        let writer = std::thread::spawn(move || {
            // A server that is killed in the middle breaks the pipe.
            let _ = pipe.write_all(&bytes);
        });
        Speaking { child, writer: Some(writer) }
    }

    /// As [`VirtualCard::speak`], with raw samples (32-bit floats, mono) as they are written, into
    /// any sink.
    pub fn pipe_into(&self, sink: &str, rate: u32) -> Pipe {
        let mut command = self.stream("pacat", sink);
        // The last option counts.
        command.arg(format!("--rate={rate}"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        hurry(child.id());
        Pipe { pipe: child.stdin.take(), child }
    }

    /// Records what the loudspeaker plays from now on.
    pub fn record_speaker(&self) -> Recorder {
        self.record("spk.monitor")
    }

    /// Records any source.
    pub fn record(&self, source: &str) -> Recorder {
        let mut child = self
            .stream("parec", source)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        hurry(child.id());
        let mut pipe = child.stdout.take().unwrap();
        let (heard, clock) = (Arc::new(Heard::default()), Clock::start());
        heard.start.store(u64::MAX, Ordering::Relaxed);
        let to = Arc::clone(&heard);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            let mut held = 0;
            while let Ok(n @ 1..) = pipe.read(&mut bytes[held..]) {
                let whole = (held + n) / 4 * 4;
                let pcm =
                    bytes[..whole].chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
                let mut all = to.pcm.lock().unwrap();
                all.extend(pcm);
                let start = clock.now().as_micros().saturating_sub(micros(all.len()));
                to.start.fetch_min(start, Ordering::Relaxed);
                drop(all);
                to.more.notify_all();
                bytes.copy_within(whole..held + n, 0);
                held = held + n - whole;
            }
        });
        let recorder = Recorder { child, reader: Some(reader), heard, clock };
        recorder.wait_for(PATIENCE, |pcm| !pcm.is_empty());
        recorder
    }

    fn stream(&self, program: &str, device: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(["--raw", "--format=float32le", "--channels=1", "--latency-msec=20"])
            .arg(format!("--rate={RATE}"))
            .arg(format!("--device={device}"))
            .envs(self.env())
            .stderr(Stdio::null());
        command
    }

    fn script(&self, command: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/virtual-sound");
        let done = Command::new(script).arg(command).arg(&self.dir).status().unwrap();
        assert!(done.success(), "virtual-sound {command} failed");
    }
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        self.script("stop");
    }
}

/// Sound on its way into the microphone.
pub struct Speaking {
    child: Child,
    writer: Option<JoinHandle<()>>,
}

impl Speaking {
    /// Waits until all of it has been said.
    pub fn wait(mut self) {
        self.writer.take().unwrap().join().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe into the microphone.
pub struct Pipe {
    pipe: Option<std::process::ChildStdin>,
    child: Child,
}

impl Pipe {
    /// Waits until all of it has been said.
    pub fn end(mut self) {
        self.pipe = None;
        self.child.wait().unwrap();
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pipe.as_mut().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.pipe.as_mut().unwrap().flush()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Heard {
    pcm: Mutex<Vec<f32>>,
    more: Condvar,
    /// When the first sample came at the latest, in microseconds of the clock, judging by the
    /// fastest delivery so far.
    start: AtomicU64,
}

/// A running recording.
pub struct Recorder {
    child: Child,
    reader: Option<JoinHandle<()>>,
    heard: Arc<Heard>,
    clock: Clock,
}

/// The duration of this many samples, in microseconds.
fn micros(samples: usize) -> u64 {
    samples as u64 * 1_000_000 / u64::from(RATE)
}

impl Recorder {
    /// What was recorded so far, mono at [`RATE`].
    pub fn pcm(&self) -> Vec<f32> {
        self.heard.pcm.lock().unwrap().clone()
    }

    /// The current time on the clock of [`Recorder::when`].
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The latest time at which sample `n` was recorded.
    pub fn when(&self, n: usize) -> Moment {
        Moment::from_micros(self.heard.start.load(Ordering::Relaxed) + micros(n))
    }

    /// Passes every sample after the first `from` to `each`, and advances `from`.
    pub fn each_since(&self, from: &mut usize, each: impl FnMut(f32)) {
        let pcm = self.heard.pcm.lock().unwrap();
        pcm[*from..].iter().copied().for_each(each);
        *from = pcm.len();
    }

    /// Waits until `found` is true for the recording so far.
    pub fn wait_for(&self, patience: Duration, mut found: impl FnMut(&[f32]) -> bool) {
        let clock = Clock::start();
        let mut pcm = self.heard.pcm.lock().unwrap();
        while !found(&pcm) {
            let left = patience.saturating_sub(clock.now().since(Moment::ZERO));
            assert!(!left.is_zero(), "not heard within {patience:?} ({} samples)", pcm.len());
            pcm = self.heard.more.wait_timeout(pcm, left).unwrap().0;
        }
    }

    /// Ends the recording.
    pub fn stop(mut self) -> Vec<f32> {
        let _ = self.child.kill();
        self.reader.take().unwrap().join().unwrap();
        self.pcm()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives a program that plays or records real-time priority if allowed; without it a loaded machine
/// loses sound before it reaches anybody. Not for a program that computes: its engines would keep
/// the sound server waiting.
///
/// Below the server's own priority: a `pacat` whose input has ended spins until all of it has been
/// played, and two of them would keep two cores from the server that plays it.
pub fn hurry(pid: u32) {
    let _ = Command::new("chrt")
        .args(["-a", "-f", "-p", "5", &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Waits until `done` returns something, polling every few milliseconds.
pub fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::start();
    loop {
        if let Some(found) = done() {
            return found;
        }
        let waited = clock.now().since(Moment::ZERO);
        assert!(waited < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// A tone of `seconds`, mono at [`RATE`], peak 0.5.
pub fn tone(frequency: f64, seconds: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * frequency / f64::from(RATE);
    (0..(seconds * f64::from(RATE)) as usize)
        .map(|n| 0.5 * (step * n as f64).sin() as f32)
        .collect()
}

/// Whether tests can have a virtual card here; if not, reports on stderr what is missing.
pub fn available() -> bool {
    let found = ["pulseaudio", "pactl", "pacat", "parec"]
        .iter()
        .all(|name| Command::new(name).arg("--version").output().is_ok());
    if !found {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: needs the packages pulseaudio and pulseaudio-utils"
        );
    }
    found
}
