//! Proof that the edges, which run in the sound system's callbacks, never allocate, make a system
//! call or hold a lock: an allocator that aborts, a system-call filter that kills, and a check of
//! their source.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path as FilePath;
use std::process::Command;

use aloud::audio::{
    Block, Earcon, MicrophoneEdge, Path, PlaybackFeed, SharedState, SpeakerEdge, Tap, path,
};
use aloud::base::{Epoch, Moment, Rate, Volume};
use assert_no_alloc::{AllocDisabler, assert_no_alloc};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Both edges at work, as device callbacks use them.
struct Callbacks {
    mic: MicrophoneEdge,
    speaker: SpeakerEdge,
    feed: PlaybackFeed,
    shared: SharedState,
    volume: Volume,
    /// Kept, so that the ring fills up and samples are lost.
    _tail: aloud::audio::CaptureTail,
    tap: Tap,
    heard: Vec<i16>,
    played: Vec<i32>,
}

impl Callbacks {
    /// A stereo microphone and a speaker of two channels at `rate`.
    fn new(rate: u32) -> Self {
        let volume = Volume::new(80);
        let Path { capture, tail, feed, playback, tap, shared } = path(volume.clone());
        tap.open(true);
        Self {
            mic: MicrophoneEdge::new(capture, 2, Rate(44_100)).0,
            speaker: SpeakerEdge::new(playback, 2, Rate(rate)).ok().unwrap().0,
            feed,
            shared,
            volume,
            _tail: tail,
            tap,
            heard: vec![1_000; 2 * 441],
            played: vec![0; 2 * 700],
        }
    }

    /// Everything that can happen, over and over: replies, cuts, underruns, ends, stale blocks,
    /// ducking, earcons, volume, a full ring, odd lengths.
    fn work(&mut self) {
        let mut epoch = Epoch::NONE;
        for n in 0..3_000 {
            if n % 40 == 0 {
                epoch = epoch.next();
                self.shared.set_live(epoch);
            }
            if n % 11 != 0 {
                for _ in 0..3 {
                    let _ = self.feed.push(Block::new(epoch, &[0.3; 240]));
                }
            }
            if n % 97 == 0 {
                let _ = self.feed.push(Block::new(Epoch(0x00ff_ffff), &[0.9; 100]));
                self.shared.chime(Earcon::ListenStart);
                self.volume.set((n % 101) as u8);
            }
            if n % 53 == 0 {
                let _ = self.feed.push(Block::end(epoch));
            }
            self.shared.set_duck(n % 7 == 0);
            let now = Moment::from_millis(n as u64 * 10);
            self.mic.take(&self.heard, now);
            let frames = 1 + n % 700;
            self.speaker.fill(&mut self.played[..2 * frames], 960, now);
        }
    }

    /// What must have happened for the proof to mean something.
    fn check(&mut self) {
        let counts = self.shared.counts();
        assert!(counts.lost > 0 && counts.underruns > 10 && counts.captured > 1_000_000);
        let mut pcm = Vec::new();
        assert!(self.tap.next(&mut pcm).is_some(), "what it gives out is noted");
        assert!(self.shared.progress().0.0 > 50 && self.shared.ended() != Epoch::NONE);
    }
}

#[test]
fn the_edges_never_allocate() {
    for rate in [48_000, 44_100, 16_000] {
        let mut callbacks = Callbacks::new(rate);
        assert_no_alloc(|| callbacks.work());
        callbacks.check();
    }
}

/// The variable that tells the child what to do.
#[cfg(target_os = "linux")]
const CHILD: &str = "ALOUD_TEST_EDGES";

/// What the child writes when all the work is done.
#[cfg(target_os = "linux")]
const DONE: &str = "the edges have worked";

/// Runs in a child: forbids this thread all system calls except writing a message, does the work,
/// and says so. Exiting is forbidden too, so the child is killed in the end.
#[cfg(target_os = "linux")]
fn run_without_the_system(trespass: bool) {
    use std::collections::BTreeMap;
    use std::io::Write as _;

    use seccompiler::{SeccompAction, SeccompFilter, apply_filter};

    let mut callbacks = [48_000, 44_100].map(Callbacks::new);
    // The number of write(2).
    let write = if cfg!(target_arch = "x86_64") { 1 } else { 64 };
    let rules: BTreeMap<i64, Vec<_>> = [(write, vec![])].into();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into().unwrap(),
    )
    .unwrap();
    let program: seccompiler::BpfProgram = filter.try_into().unwrap();
    apply_filter(&program).unwrap();
    for callbacks in &mut callbacks {
        callbacks.work();
        callbacks.check();
    }
    if trespass {
        std::thread::yield_now();
    }
    let _ = std::io::stderr().write_all(DONE.as_bytes());
    std::process::exit(0);
}

#[cfg(target_os = "linux")]
#[test]
fn the_edges_never_enter_the_system() {
    use std::os::unix::process::ExitStatusExt;

    const SIGSYS: i32 = 31;

    #[expect(clippy::disallowed_methods, reason = "how the child learns what to do")]
    if let Ok(what) = std::env::var(CHILD) {
        run_without_the_system(what == "trespass");
    }
    let child = |what: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_edges_never_enter_the_system", "--nocapture"])
            .env(CHILD, what)
            .output()
            .unwrap()
    };
    let worked = |what| {
        let child = child(what);
        assert_eq!(child.status.signal(), Some(SIGSYS), "the filter does not work");
        String::from_utf8_lossy(&child.stderr).contains(DONE)
    };
    assert!(worked("work"));
    // With one system call after the work the child never gets to say so.
    assert!(!worked("trespass"));
}

#[test]
fn the_edges_know_no_lock() {
    let sources = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let audio =
        ["capture", "playback", "block", "memory", "format", "shared_state", "earcon", "tap"];
    for file in audio.map(|file| format!("audio/{file}")).into_iter().chain(["pcm/rate".into()]) {
        let text = fs::read_to_string(sources.join(&file).with_extension("rs")).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in
            ["Mutex", "RwLock", "Condvar", "mpsc", "tracing", "println", "OnceLock", "LazyLock"]
        {
            assert!(!code.contains(word), "{file}.rs uses {word}");
        }
    }
}
