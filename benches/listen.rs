//! The cost of listening: `cargo bench --bench listen`.
//!
//! The budget is 1 % of a core for listening in silence: 100 us for each 10 ms of sound.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench talks and may panic")]

#[path = "../tests/listen/sound.rs"]
#[expect(dead_code, reason = "the tests need more sounds than the bench")]
mod sound;

use aloud::audio;
use aloud::base::{LISTEN_RATE, Rate, Volume};
use aloud::engine::local::Silero;
use aloud::listen::{Event, LISTEN_OUTBOX, Listener, Order, Settings, VadFactory, spawn};
use aloud::pcm::Resampler;
use divan::Bencher;
use divan::counter::ItemsCount;

/// Frames of 10 ms in one round.
const FRAMES: usize = 100;

fn main() {
    println!("one round is {FRAMES} frames, a second of sound; budgets for each round:");
    println!("  silence, fan, resampling together <= 10 ms (1 % of a core)");
    println!("  speech <= 20 ms (2 % of a core)");
    println!("  from the order to release until the utterance is there <= 5 ms");
    divan::main();
}

fn silero() -> Option<VadFactory> {
    Some(Box::new(|| Ok(Box::new(Silero::new()))))
}

/// A second of `sound`, heard repeatedly by an open (or closed) ear.
fn hear(bencher: Bencher<'_, '_>, sound: &[f32], open: bool) {
    let mut ear = Listener::new(Settings::default(), silero());
    let mut out = Vec::new();
    if open {
        ear.order(Order::Open, &mut out);
    }
    for _ in 0..3 {
        ear.push(sound, &mut out);
    }
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        ear.push(divan::black_box(sound), &mut out);
        out.clear();
    });
}

#[divan::bench]
fn silence(bencher: Bencher<'_, '_>) {
    hear(bencher, &sound::quiet(1_000), true);
}

#[divan::bench]
fn silence_with_the_ear_shut(bencher: Bencher<'_, '_>) {
    hear(bencher, &sound::quiet(1_000), false);
}

#[divan::bench]
fn fan(bencher: Bencher<'_, '_>) {
    hear(bencher, &sound::fan(1_000, 0.1), true);
}

#[divan::bench]
fn speech(bencher: Bencher<'_, '_>) {
    hear(bencher, &sound::voice(1_000), true);
}

#[divan::bench]
fn resampling(bencher: Bencher<'_, '_>) {
    let mut resampler = Resampler::new(Rate(48_000), LISTEN_RATE).unwrap();
    let pcm = sound::hiss(3_000, 0.1, 1);
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        for piece in pcm.chunks(480) {
            resampler.push(divan::black_box(piece), &mut out);
        }
        out.clear();
    });
}

/// From the release order until the driver has the utterance, including the thread's wake-up, for
/// utterances of this many seconds.
#[divan::bench(args = [3, 50], sample_count = 30, sample_size = 1)]
fn release_to_ended(bencher: Bencher<'_, '_>, seconds: usize) {
    let mut path = audio::path(Volume::new(100));
    let (outbox, mut events) = tokio::sync::mpsc::channel(LISTEN_OUTBOX);
    let ear = spawn(path.tail, path.tap, Settings::default(), silero(), None, outbox).unwrap();
    ear.order(Order::Warm).unwrap();
    path.capture.restart(LISTEN_RATE);
    let second = sound::voice(1_000);
    bencher
        .with_inputs(|| {
            ear.order(Order::Hold).unwrap();
            for _ in 0..seconds {
                let before = ear.pulse().count();
                path.capture.push(&second);
                while ear.pulse().count() < before + 2 {
                    std::thread::yield_now();
                }
            }
        })
        .bench_local_values(|()| {
            ear.order(Order::Release).unwrap();
            loop {
                match events.blocking_recv() {
                    Some(Event::Ended { utterance, .. }) => break utterance,
                    Some(_) => {}
                    None => panic!("the listen thread is gone"),
                }
            }
        });
    ear.stop();
}
