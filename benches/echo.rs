//! Our own voice in a room with an open speaker: how often aloud interrupts and answers itself, how
//! much quieter the echo becomes, and how well words said over a reply are understood.
//!
//! ```text
//! cargo bench --bench echo -- PROMPTS.json --wav FOLDER --replies FOLDER --runtime LIBRARY --models FOLDER
//! ```
//!
//! `PROMPTS.json` and the WAVs are as in the bench `wer`; `--replies` holds mono WAVs at 48 kHz,
//! played to the room one after the other. `scripts/echo` does all the steps. The room is
//! simulated: 150 ms of echo, a loudspeaker that distorts, clocks that differ by 200 parts per
//! million.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench talks and may panic")]

#[path = "../tests/echo/room.rs"]
#[expect(dead_code, reason = "the tests need more of a room than the bench")]
mod room;
mod score;

use std::path::{Path, PathBuf};

use aloud::base::Utterance;
use aloud::engine::Transcriber;
use aloud::engine::local::Silero;
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::listen::{Echo, Event, Settings};
use aloud::pcm::read_file;
use anyhow::Context;
use futures::StreamExt;

use room::{Air, Room};
use score::{distance, words};

/// The level of the echo in the microphone relative to what the speaker was given, in decibels.
const LEVELS: [f32; 3] = [0.0, -6.0, -12.0];

/// The same from a laptop at a low volume down to headphones, which the microphone does not hear.
const FAINT: [f32; 5] = [0.0, -6.0, -12.0, -30.0, -120.0];

/// The prompts said at the beginning of a first reply.
const EARLY: usize = 30;

/// How loud a reply is played: a root mean square of -20 dB.
const LOUD: f32 = 0.1;

/// The most words in a prompt: people do not give speeches over a reply.
const LONGEST: usize = 18;

#[derive(serde::Deserialize)]
struct Prompt {
    file: String,
    text: String,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|word| word == name)?;
        arguments.get(at + 1).map(PathBuf::from)
    };
    let Some(prompts) = arguments.first() else {
        println!("echo: no prompts given; run scripts/echo");
        return Ok(());
    };
    let prompts: Vec<Prompt> = serde_json::from_slice(&std::fs::read(prompts)?)?;
    let folder = value("--wav").context("--wav FOLDER is missing")?;
    let mut replies = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(value("--replies").context("--replies FOLDER is missing")?)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
    files.sort();
    for file in files {
        replies.push(leveled(sound(&file)?, LOUD));
    }
    let ear = match (value("--runtime"), value("--models")) {
        (Some(runtime), Some(models)) => {
            Some(Moonshine::open(MoonshineFiles::in_folder(runtime, &models), None)?)
        }
        _ => None,
    };
    println!(
        "  echo   replies  interrupted itself  answered itself  echo quieter by   word errors"
    );
    if let Some(ear) = &ear {
        println!("a second into the first reply, to a microphone that hears the speaker at");
        for level in FAINT {
            let mut row = format!("{level:4} dB ");
            for echo in [Echo::Off, Echo::On] {
                let (wrong, total) = early(level, echo, &replies, &prompts, &folder, ear)?;
                let errors = 100.0 * wrong as f64 / total as f64;
                row += &format!(" {errors:5.1} % of {total}");
                row += if echo == Echo::On { "" } else { " without the canceller," };
            }
            println!("{row} with it");
        }
    }
    for level in LEVELS {
        for echo in [Echo::Off, Echo::On] {
            let alone = alone(level, echo, &replies);
            let errors = match &ear {
                Some(ear) => {
                    let (wrong, total) = over(level, echo, &replies, &prompts, &folder, ear)?;
                    format!("{:5.1} % of {total}", 100.0 * wrong as f64 / total as f64)
                }
                None => "-".to_owned(),
            };
            let name = if echo == Echo::On { "" } else { "  (canceller off)" };
            let removed = alone.removed_db.map_or("-".to_owned(), |db| format!("{db} dB"));
            println!(
                "{level:4} dB  {:7}  {:18}  {:15}  {removed:>15}   {errors}{name}",
                replies.len(),
                alone.interrupted,
                alone.answered,
            );
        }
    }
    Ok(())
}

fn room(level: f32, echo: Echo) -> Room {
    let settings = Settings { echo, ..Settings::default() };
    Room::new(Air::of(level), settings, Some(Box::new(|| Ok(Box::new(Silero::new())))))
}

struct Alone {
    interrupted: usize,
    answered: usize,
    removed_db: Option<i8>,
}

/// Replies in a room where nobody else speaks. Between some of them the speaker's stream is paused.
fn alone(level: f32, echo: Echo, replies: &[Vec<f32>]) -> Alone {
    let mut room = room(level, echo);
    room.run(2.0);
    let (mut interrupted, mut answered) = (0, 0);
    for (n, reply) in replies.iter().enumerate() {
        if n % 3 == 2 {
            room.resting = true;
            room.run(12.0);
            room.resting = false;
            room.run(0.5);
        }
        let before = room.events.len();
        room.say(reply);
        room.run_out();
        room.run(1.0);
        let heard = &room.events[before..];
        let any = |found: fn(&Event) -> bool| heard.iter().any(found);
        interrupted += usize::from(any(|event| matches!(event, Event::Confirmed { .. })));
        answered += usize::from(any(|event| matches!(event, Event::Ended { .. })));
    }
    let states = room.events.iter().rev();
    let mut removed = states
        .filter_map(|event| if let Event::Echo(state) = event { state.removed_db } else { None });
    Alone { interrupted, answered, removed_db: removed.next() }
}

/// Prompts said over replies, equally loud at the microphone; the wrong words, and all words.
fn over(
    level: f32,
    echo: Echo,
    replies: &[Vec<f32>],
    prompts: &[Prompt],
    folder: &Path,
    ear: &Moonshine,
) -> anyhow::Result<(usize, usize)> {
    let mut room = room(level, echo);
    room.run(2.0);
    room.say(&replies.concat().repeat(4));
    room.run(8.0);
    let (mut wrong, mut total) = (0, 0);
    for prompt in prompts {
        let wanted = words(&prompt.text);
        if wanted.len() > LONGEST {
            continue;
        }
        let pcm = sound(&folder.join(&prompt.file).with_extension("wav"))?;
        let pcm = leveled(pcm, LOUD * 10f32.powf(level / 20.0));
        let before = room.events.len();
        room.hear(&pcm);
        room.run(pcm.len() as f64 / 16_000.0 + 1.5);
        wrong += mistaken(ear, &room.events[before..], &wanted)?;
        total += wanted.len();
    }
    Ok((wrong, total))
}

/// Prompts said over the beginning of the first reply, as loudly as it is played; the wrong words,
/// and all words.
fn early(
    level: f32,
    echo: Echo,
    replies: &[Vec<f32>],
    prompts: &[Prompt],
    folder: &Path,
    ear: &Moonshine,
) -> anyhow::Result<(usize, usize)> {
    let (mut wrong, mut total) = (0, 0);
    let short = prompts.iter().filter(|prompt| words(&prompt.text).len() <= LONGEST).take(EARLY);
    for (prompt, reply) in short.zip(replies.iter().cycle()) {
        let wanted = words(&prompt.text);
        let mut room = room(level, echo);
        room.run(1.0);
        room.say(reply);
        room.run(1.0);
        let pcm = leveled(sound(&folder.join(&prompt.file).with_extension("wav"))?, LOUD);
        room.hear(&pcm);
        room.run(pcm.len() as f64 / 16_000.0 + 1.5);
        wrong += mistaken(ear, &room.events, &wanted)?;
        total += wanted.len();
    }
    Ok((wrong, total))
}

/// How many of the words `wanted` are wrong in what was heard.
fn mistaken(ear: &Moonshine, events: &[Event], wanted: &[String]) -> anyhow::Result<usize> {
    let mut text = String::new();
    for event in events {
        if let Event::Ended { utterance, .. } = event {
            text += &read(ear, utterance.clone())?;
            text.push(' ');
        }
    }
    Ok(distance(wanted, &words(&text)).min(wanted.len()))
}

fn read(ear: &Moonshine, utterance: Utterance) -> anyhow::Result<String> {
    let mut flow = ear.transcribe(utterance);
    let mut text = String::new();
    while let Some(transcript) = futures::executor::block_on(flow.next()) {
        text = transcript?.text;
    }
    Ok(text)
}

fn leveled(mut pcm: Vec<f32>, loud: f32) -> Vec<f32> {
    let power = pcm.iter().map(|sample| sample * sample).sum::<f32>() / pcm.len().max(1) as f32;
    pcm.iter_mut().for_each(|sample| *sample *= loud / power.sqrt().max(1e-6));
    pcm
}

fn sound(file: &Path) -> anyhow::Result<Vec<f32>> {
    Ok(read_file(file)?.pcm)
}
