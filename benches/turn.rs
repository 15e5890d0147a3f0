//! A local turn from the end of speech to the first sample of the answer, in CPU time, compared
//! with the budgets: `ALOUD_TEST_MODELS=DIR cargo bench --bench turn`.
//!
//! The question is `examples/questions/timer.wav`, "set a timer for ten minutes". CPU time rather
//! than wall time, because the budget is in CPU time and a loaded machine does not change it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on fails")]
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints figures")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aloud::base;
use aloud::base::{LISTEN_RATE, Utterance, UtteranceId};
use aloud::dialog::{Item, Outcome, Prompt};
use aloud::engine::local::Templates;
use aloud::engine::local::hibari::{Hibari, HibariFiles};
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::engine::{Delta, Responder, Synthesizer, Transcriber};
use futures::StreamExt;
use futures::executor::block_on;

/// From the end of speech to the first sample, all engines: 300 ms.
const BUDGET: Duration = Duration::from_millis(300);

/// The overhead besides inference: 5 ms.
const OVERHEAD: Duration = Duration::from_millis(5);

const ROUNDS: usize = 15;

fn main() {
    let dir = std::env::var_os("ALOUD_TEST_MODELS").map(PathBuf::from);
    let dir =
        dir.expect("set ALOUD_TEST_MODELS to the folder that \"aloud models fetch\" has filled");
    let runtime = dir.join("onnxruntime/libonnxruntime.so.1.31.1");
    let ear = Moonshine::open(
        MoonshineFiles::in_folder(runtime.clone(), &dir.join("moonshine-tiny-en")),
        None,
    )
    .unwrap();
    let voice =
        Hibari::open(HibariFiles::in_folder(runtime, &dir.join("hibari-heart")), None).unwrap();
    let mind = Templates::default();
    let question = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/questions/timer.wav");
    let pcm: Arc<[f32]> = aloud::pcm::read_file(&question).unwrap().pcm.into();
    println!("question: {:.1} s of speech", pcm.len() as f64 / f64::from(LISTEN_RATE.0));

    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let start = cpu();
        let text = block_on(hear(&ear, Arc::clone(&pcm)));
        let heard = cpu();
        let (say, call) = block_on(answer(&mind, &text));
        let answered = cpu();
        let first = block_on(async { voice.speak(say).next().await.unwrap().unwrap() });
        let spoken = cpu();
        assert!(call == "set_timer" && !first.pcm.is_empty(), "{call} for {text:?}");
        // The first round loads the models.
        if round > 0 {
            rounds.push([heard - start, answered - heard, spoken - answered]);
        }
    }
    let median = |pick: &dyn Fn(&[Duration; 3]) -> Duration| {
        let mut all: Vec<Duration> = rounds.iter().map(pick).collect();
        all.sort();
        all[all.len() / 2]
    };
    let total = median(&|parts| parts.iter().sum());
    println!("speech to text     {:>9.1?} CPU", median(&|parts| parts[0]));
    println!("templates, twice   {:>9.1?} CPU   budget {OVERHEAD:?}", median(&|parts| parts[1]));
    println!("first sound        {:>9.1?} CPU", median(&|parts| parts[2]));
    println!("all of it          {total:>9.1?} CPU   budget {BUDGET:?}");
    assert!(total <= BUDGET, "over budget");
}

async fn hear(ear: &Moonshine, pcm: Arc<[f32]>) -> String {
    let span = 0..pcm.len() as u64;
    let mut words = ear.transcribe(Utterance { id: UtteranceId(1), span, pcm });
    let mut text = String::new();
    while let Some(transcript) = words.next().await {
        text = transcript.unwrap().text;
    }
    text
}

/// Both rounds of the responder: the call, and the words for its outcome.
async fn answer(mind: &Templates, text: &str) -> (String, String) {
    let tool = aloud::dialog::ToolSpec {
        name: "set_timer".into(),
        description: String::new(),
        parameters: serde_json::json!({}),
        effect: aloud::dialog::Effect::Writes,
    };
    let mut prompt = Prompt {
        instructions: "".into(),
        items: vec![Item::User { utterance: None, text: text.to_owned() }],
        tools: [tool].into(),
        sounds: Vec::new(),
    };
    let Some(Ok(Delta::Call(call))) = mind.respond(prompt.clone()).next().await else {
        panic!("no call for {text:?}")
    };
    let outcome = Outcome {
        id: call.id.clone(),
        output: "{}".into(),
        say: "Timer set for 10 minutes.".into(),
        ok: true,
    };
    let name = call.name.clone();
    prompt.items.push(Item::Call { epoch: base::Epoch(1), call });
    prompt.items.push(Item::Outcome(outcome));
    let Some(Ok(Delta::Text(say))) = mind.respond(prompt).next().await else { panic!("no words") };
    (say, name)
}

/// CPU time of all threads of this process, according to the system.
fn cpu() -> Duration {
    let mut nanos = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        nanos += stat.split(' ').next().unwrap().parse::<u64>().unwrap();
    }
    Duration::from_nanos(nanos)
}
