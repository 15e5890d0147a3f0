//! What sounds do to a reply, and to an open microphone: the real listener, Silero, Moonshine,
//! driver and playback edge, in virtual time; recognition takes as long as on this machine.
//!
//! ```text
//! cargo bench --bench interruption -- --runtime LIBRARY --models FOLDER --wav FOLDER [--verbose]
//! ```
//!
//! The folder has sounds of 16 kHz, mono: `over/KIND-*.wav`, each played over a reply of its own,
//! where the kinds `meant` and `stop` must cut it and all others must not cost it a word; and
//! `open/*.wav`, each played to a silent assistant, which must say nothing. `scripts/interruption`
//! makes them.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver as Orders, sync_channel};
use std::time::Duration;

use aloud::audio::{self, PlaybackEdge, SharedState};
use aloud::base::{Clock, Epoch, FRAME_SAMPLES, Flow, SPEAKER_RATE, Utterance, Volume};
use aloud::dialog::Prompt;
use aloud::drive::{Driver, Ear, Event, Handle, Parts, Request};
use aloud::engine::local::Silero;
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::engine::{
    Cascade, Chunk, Delta, EngineError, Engines, Meter, Responder, Synthesizer, Transcriber,
    Transcript,
};
use aloud::listen::{self, LISTEN_ORDERS, LISTEN_OUTBOX, ListenHandle, Listener, Order};
use aloud::pcm::read_file;
use aloud::tool::Registry;
use aloud::tool::permission::Permissions;
use aloud::turn::{Mode, Settings, Setup};
use anyhow::Context;
use futures::StreamExt;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

/// The assistant's answer to everything: half a minute.
const STORY: &str = "Once upon a time there was an old lighthouse keeper who lived by the sea, and \
    every evening he climbed the narrow stairs to light the lamp for ships far out in darkness. One \
    winter night a storm broke the great window and the flame went out, so he took a small lantern, \
    stood on the gallery until morning, and nobody who sailed past ever knew how little light it was.";

/// Milliseconds from the beginning of a reply to the sound over it, and from there to its end.
const LEAD: u64 = 2_000;
const AFTER: u64 = 3_500;

/// Recognizes with Moonshine, in the virtual time that it takes on this machine.
struct Timed {
    engine: Moonshine,
    took: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    verbose: bool,
}

/// The CPU time of this process.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

impl Transcriber for Timed {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        let before = cpu();
        let words: Vec<_> =
            futures::executor::block_on(self.engine.transcribe(utterance).collect());
        // CPU time, which other processes cannot take away: this machine may be busy.
        let took = cpu().saturating_sub(before);
        if self.verbose {
            println!("  {took:?} {words:?}");
        }
        self.took.fetch_add(took.as_millis() as usize, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(async_stream::stream! {
            tokio::time::sleep(took).await;
            for word in words {
                yield word;
            }
        })
    }
}

/// Tells a story to whoever says something.
struct Storyteller(Arc<AtomicUsize>);

impl Responder for Storyteller {
    fn respond(&self, _: Prompt) -> Flow<Result<Delta, EngineError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(futures::stream::iter([Ok(Delta::Text(STORY.to_owned()))]))
    }
}

/// A voice of 300 ms per word.
struct Steady;

impl Synthesizer for Steady {
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>> {
        let words: Vec<String> = sentence.split_inclusive(' ').map(str::to_owned).collect();
        Box::pin(futures::stream::iter(
            words
                .into_iter()
                .map(|text| Ok(Chunk { pcm: vec![0.1; 14_400], rate: SPEAKER_RATE, text })),
        ))
    }
}

/// The room: the people in it do not hear the speaker.
struct Room {
    handle: Handle,
    events: broadcast::Receiver<Event>,
    listener: Listener,
    heard: Vec<listen::Event>,
    ear: mpsc::Sender<listen::Event>,
    orders: Orders<Order>,
    edge: PlaybackEdge,
    shared: SharedState,
    answers: Arc<AtomicUsize>,
    start: Instant,
    ms: u64,
    /// When it was ducked, paused and cut, since the sound over the reply began.
    steps: [Option<u64>; 3],
    live: Epoch,
    said: Vec<String>,
}

impl Room {
    fn new(engine: Arc<Timed>) -> (Self, Driver) {
        let clock = Clock::of(|| Instant::now().into_std());
        let path = audio::path(Volume::new(100));
        let (outbox, inbox) = mpsc::channel(LISTEN_OUTBOX);
        let (give, orders) = sync_channel(LISTEN_ORDERS);
        let answers = Arc::new(AtomicUsize::new(0));
        let engines = Engines {
            transcribe: Arc::clone(&engine) as _,
            chat: Arc::new(Storyteller(Arc::clone(&answers))),
            speak: Some(Arc::new(Steady)),
        };
        let settings = Settings { mode: Mode::Open, speculate: true, ..Settings::default() };
        let driver = Driver::new(Parts {
            clock,
            tongue: aloud::tool::Tongue::default(),
            setup: Setup { settings, ..Setup::default() },
            partner: Box::new(Cascade::new(engines, None)),
            instructions: "Answer.".into(),
            tools: Registry::new([]),
            permissions: Permissions::default(),
            book: None,
            volume: Volume::new(100),
            feed: path.feed,
            shared: path.shared.clone(),
            ear: Some(Ear { handle: ListenHandle::to(give), events: inbox }),
            early: Some(engine),
            turn_ends: None,
            words: Vec::new(),
            personas: std::collections::BTreeMap::new(),
            sound: None,
            rest: None,
            question: None,
            record: None,
            spending: Meter::default(),
            meter: false,
            earcons: false,
        });
        let handle = driver.handle();
        let (_, events) = handle.watch();
        let vad: listen::VadFactory = Box::new(|| Ok(Box::new(Silero::new())));
        let room = Self {
            handle,
            events,
            listener: Listener::new(listen::Settings::default(), Some(vad)),
            heard: Vec::new(),
            ear: outbox,
            orders,
            edge: path.playback,
            shared: path.shared,
            answers,
            start: Instant::now(),
            ms: 0,
            steps: [None; 3],
            live: Epoch::NONE,
            said: Vec::new(),
        };
        (room, driver)
    }

    /// 10 ms of sound into the microphone and out of the speaker, checked every millisecond.
    async fn period(&mut self, frame: &[f32]) {
        for _ in 0..10 {
            self.ms += 1;
            tokio::time::sleep_until(self.start + Duration::from_millis(self.ms)).await;
            while let Ok(order) = self.orders.try_recv() {
                self.listener.order(order, &mut self.heard);
            }
            self.tell();
            let cut = self.live != Epoch::NONE && self.shared.live() != self.live;
            self.live = self.shared.live();
            let now = [self.shared.duck(), self.shared.paused(), cut];
            for (step, now) in self.steps.iter_mut().zip(now) {
                if now {
                    step.get_or_insert(self.ms);
                }
            }
            while let Ok(event) = self.events.try_recv() {
                if let Event::Transcript { text, last: true, .. } = &event {
                    self.said.push(format!("heard: {text}"));
                }
                if let Event::Nothing { why } = &event {
                    self.said.push(why.clone());
                }
                if let Event::Trouble { message } = &event {
                    self.said.push(format!("told: {message}"));
                }
            }
        }
        self.listener.push(frame, &mut self.heard);
        self.tell();
        self.edge.drain(&mut [0.0; 480]);
    }

    fn tell(&mut self) {
        for event in self.heard.drain(..) {
            // The queue holds a second; the driver is woken every millisecond.
            let _ = self.ear.try_send(event);
        }
    }

    async fn silence(&mut self, ms: u64) {
        for n in 0..ms / 10 {
            // No microphone delivers zeros.
            let hiss: Vec<f32> = (0..FRAME_SAMPLES as u64)
                .map(|at| noise(n * FRAME_SAMPLES as u64 + at) * 3e-4)
                .collect();
            self.period(&hiss).await;
        }
    }

    async fn play(&mut self, pcm: &[f32]) {
        for frame in pcm.chunks(FRAME_SAMPLES) {
            let mut whole: Vec<f32> = frame.to_vec();
            whole.resize(FRAME_SAMPLES, 0.0);
            for (n, sample) in whole.iter_mut().enumerate() {
                *sample += noise(self.ms * 16 + n as u64) * 3e-4;
            }
            self.period(&whole).await;
        }
    }

    async fn ask(&mut self, request: Request) {
        let handle = self.handle.clone();
        // It is carried out while time passes.
        tokio::task::spawn_local(async move { drop(handle.ask(request).await) });
        self.silence(20).await;
    }
}

/// The same noise every time.
fn noise(n: u64) -> f32 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 32;
    (x & 0xffff) as f32 / 32_768.0 - 1.0
}

/// The results for the sounds of one kind.
#[derive(Default)]
struct Figures {
    count: usize,
    steps: [Vec<u64>; 3],
    lost: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read()?;
    let (Some(wav), Some(models), Some(runtime)) =
        (&arguments.wav, &arguments.models, &arguments.runtime)
    else {
        println!("interruption: no sounds given; run scripts/interruption");
        return Ok(());
    };
    let files = MoonshineFiles::in_folder(runtime.clone(), models);
    let engine = Arc::new(Timed {
        engine: Moonshine::open(files, None)?,
        took: Arc::default(),
        calls: Arc::default(),
        verbose: arguments.verbose,
    });
    futures::executor::block_on(engine.engine.warm())?;
    let time =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    tokio::task::LocalSet::new().block_on(&time, async {
        let (mut room, driver) = Room::new(Arc::clone(&engine));
        tokio::task::spawn_local(driver.run());
        room.silence(500).await;
        over(&mut room, &wav.join("over"), arguments.verbose).await?;
        open(&mut room, &wav.join("open"), arguments.verbose).await
    })?;
    let calls = engine.calls.load(Ordering::Relaxed).max(1);
    println!("recognition took {} ms on average", engine.took.load(Ordering::Relaxed) / calls);
    Ok(())
}

async fn over(room: &mut Room, folder: &Path, verbose: bool) -> anyhow::Result<()> {
    let mut kinds: BTreeMap<String, Figures> = BTreeMap::new();
    for file in sounds(folder)? {
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let kind = name.split('-').next().unwrap_or_default().to_owned();
        let pcm = sound(&file)?;
        room.ask(Request::Ask { text: "Tell me a story.".into() }).await;
        room.silence(LEAD).await;
        let begins = room.ms + loud(&pcm);
        (room.steps, room.said) = ([None; 3], Vec::new());
        room.play(&pcm).await;
        room.silence(AFTER).await;
        let figures = kinds.entry(kind).or_default();
        figures.count += 1;
        let cut = room.steps[2].is_some();
        figures.lost += usize::from(cut);
        for (all, step) in figures.steps.iter_mut().zip(room.steps) {
            all.extend(step.map(|at| at.saturating_sub(begins)));
        }
        if verbose {
            let steps = room.steps.map(|step| step.map(|at| at.saturating_sub(begins)));
            println!("{name}: {steps:?} {:?}", room.said);
        }
        room.ask(Request::Stop).await;
        room.silence(1_000).await;
    }
    println!("over a reply      sounds  turned down  held      cut (median, worst ms)  cut");
    for (kind, mut figures) in kinds {
        let [down, held, cut] = &mut figures.steps;
        println!(
            "{kind:16}  {:6}  {:>11}  {:>8}  {:>22}  {}",
            figures.count,
            span(down),
            span(held),
            span(cut),
            figures.lost
        );
    }
    Ok(())
}

async fn open(room: &mut Room, folder: &Path, verbose: bool) -> anyhow::Result<()> {
    println!("open microphone   seconds  answers");
    for file in sounds(folder)? {
        let pcm = sound(&file)?;
        room.silence(2_000).await;
        let before = room.answers.load(Ordering::Relaxed);
        room.said = Vec::new();
        for piece in pcm.chunks(16_000) {
            room.play(piece).await;
            // An answer is counted and ended, so that the next sound meets silence again.
            if room.shared.live() != Epoch::NONE {
                room.ask(Request::Stop).await;
            }
        }
        room.silence(2_000).await;
        room.ask(Request::Stop).await;
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
        let answers = room.answers.load(Ordering::Relaxed) - before;
        let told = room.said.iter().filter(|line| line.starts_with("told")).count();
        println!(
            "{:16}  {:7}  {answers}{}",
            name.unwrap_or_default(),
            pcm.len() / 16_000,
            if told > 0 { format!(" and {told} excuses") } else { String::new() }
        );
        if verbose {
            println!("  {:?}", room.said);
        }
    }
    Ok(())
}

/// Median and worst of `all`.
fn span(all: &mut [u64]) -> String {
    all.sort_unstable();
    match (all.get(all.len() / 2), all.last()) {
        (Some(median), Some(worst)) => format!("{median} {worst}"),
        _ => "-".into(),
    }
}

/// Milliseconds to the first loud sample: a tenth of the loudest.
fn loud(pcm: &[f32]) -> u64 {
    let peak = pcm.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let first = pcm.iter().position(|sample| sample.abs() > peak / 10.0);
    first.unwrap_or_default() as u64 / 16
}

fn sounds(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    Ok(files)
}

fn sound(file: &Path) -> anyhow::Result<Vec<f32>> {
    Ok(read_file(file)?.pcm)
}

#[derive(Default)]
struct Arguments {
    runtime: Option<PathBuf>,
    models: Option<PathBuf>,
    wav: Option<PathBuf>,
    verbose: bool,
}

impl Arguments {
    fn read() -> anyhow::Result<Self> {
        let mut read = Self::default();
        let mut words = std::env::args_os().skip(1);
        while let Some(word) = words.next() {
            let mut path = || words.next().map(PathBuf::from);
            match word.to_str() {
                Some("--runtime") => read.runtime = path(),
                Some("--models") => read.models = path(),
                Some("--wav") => read.wav = path(),
                Some("--verbose") => read.verbose = true,
                // Added by cargo itself.
                Some(_) | None => {}
            }
        }
        Ok(read)
    }
}
