//! What the ear makes of sound: which utterances it cuts, and that it loses none.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests look for one event among many, and fail by panicking"
)]

#[path = "listen/sound.rs"]
mod sound;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aloud::audio;
use aloud::base::{Frame, Rate, Utterance, UtteranceId, VoiceActivity, Volume};
use aloud::engine::local::Silero;
use aloud::listen::{
    Discard, End, Event, Intake, LISTEN_OUTBOX, ListenHandle, Listener, Order, Settings, Stream,
    VadFactory, spawn,
};
use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use proptest::prelude::*;
use sound::{fan, hiss, joined, knocks, quiet, voice};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// 400 ms, 200 ms, 500 ms and 10 ms in samples.
const PREROLL: u64 = 6_400;
const TAIL: u64 = 3_200;
/// Silence after which what was said is offered.
const LULL: u64 = 1_280;
const PAUSE: u64 = 8_000;
const FRAME: u64 = 160;

/// A model that takes loud frames for speech, so that tests know to the sample what it hears.
struct Loud;

impl VoiceActivity for Loud {
    fn score(&mut self, frame: &Frame) -> f32 {
        if frame.samples.iter().any(|s| s.abs() > 0.05) { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

fn loud() -> Option<VadFactory> {
    Some(Box::new(|| Ok(Box::new(Loud))))
}

fn silero() -> Option<VadFactory> {
    Some(Box::new(|| Ok(Box::new(Silero::new()))))
}

/// A voice whose every frame is loud, so that it has no gaps.
fn steady(ms: usize) -> Vec<f32> {
    let mut pcm = voice(ms);
    for frame in pcm.chunks_mut(FRAME as usize) {
        frame[0] = 0.06;
    }
    pcm
}

fn open(factory: Option<VadFactory>) -> Listener {
    let mut ear = Listener::new(Settings::default(), factory);
    ear.order(Order::Open, &mut Vec::new());
    ear
}

/// Leaves out the reports of voice probability, which have their own test.
fn hear(ear: &mut Listener, pcm: &[f32]) -> Vec<Event> {
    let mut out = Vec::new();
    ear.push(pcm, &mut out);
    out.retain(|event| !matches!(event, Event::Voiced { .. }));
    out
}

fn ordered(ear: &mut Listener, order: Order) -> Vec<Event> {
    let mut out = Vec::new();
    ear.order(order, &mut out);
    out.retain(|event| !matches!(event, Event::Voiced { .. }));
    out
}

fn id(n: u32) -> UtteranceId {
    UtteranceId(n)
}

fn utterances(events: &[Event]) -> Vec<&Utterance> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Ended { utterance, .. } => Some(utterance),
            _ => None,
        })
        .collect()
}

fn cut(pcm: &[f32], span: Range<u64>, n: u32) -> Utterance {
    let samples = &pcm[span.start as usize..span.end as usize];
    Utterance { id: id(n), span, pcm: Arc::from(samples) }
}

#[test]
fn an_utterance_keeps_what_came_before_and_behind_it_to_the_sample() {
    let pcm = joined(&[quiet(2_000), steady(1_000), quiet(1_000)]);
    let events = hear(&mut open(loud()), &pcm);
    let said = cut(&pcm, 32_000 - PREROLL..48_000 + LULL, 1);
    assert_eq!(
        events,
        [
            Event::Started { id: id(1), at: 32_000 - PREROLL, held: false },
            Event::Confirmed { id: id(1) },
            Event::Paused { utterance: said.clone(), end_of_speech: 48_000, heard: 48_000 + LULL },
            Event::Ended {
                utterance: said,
                end_of_speech: 48_000,
                heard: 48_000 + PAUSE,
                by: End::Pause,
            },
        ]
    );
}

#[test]
fn how_much_of_it_is_voice_is_told_at_its_marks_and_at_the_end() {
    let pcm = joined(&[quiet(1_000), steady(1_000), quiet(700)]);
    let mut events = Vec::new();
    open(loud()).push(&pcm, &mut events);
    let voiced = events.iter().filter_map(|event| match event {
        Event::Voiced { id, ms, so_far } => {
            let so_far = so_far.as_ref().map(|so_far| so_far.span.end);
            Some((id.0, *ms, so_far))
        }
        _ => None,
    });
    // The gate takes a moment; what the model hears after that counts.
    let told: Vec<_> = voiced.collect();
    let first = 16_000;
    assert_eq!(
        told,
        [
            (1, 200, None),
            (1, 290, Some(first + 290 * 16)),
            (1, 770, Some(first + 770 * 16)),
            (1, 1_000, None),
        ]
    );
}

#[test]
fn a_voice_behind_does_not_hold_an_utterance_open() {
    // A television 20 dB quieter keeps talking after the user has stopped.
    let quieter = |pcm: Vec<f32>| pcm.into_iter().map(|sample| sample * 0.1).collect::<Vec<_>>();
    let behind = quieter(voice(6_000));
    let pcm = joined(&[quiet(1_000), voice(1_000), behind]);
    let events = hear(&mut open(silero()), &pcm);
    let ended = events.iter().find_map(|event| match event {
        Event::Ended { heard, .. } => Some(*heard),
        _ => None,
    });
    // The voice, what counts as its soft ending, and the pause.
    let ended = ended.expect("it ends");
    assert!(ended <= (2_000 + 200 + 400 + 500 + 50) * 16, "{} ms", ended / 16);
}

#[test]
fn nobody_talks_for_longer_than_twenty_seconds_to_an_open_ear() {
    let pcm = joined(&[quiet(1_000), steady(30_000), quiet(1_000)]);
    let events = hear(&mut open(loud()), &pcm);
    let lengths: Vec<_> = utterances(&events).iter().map(|u| u.pcm.len() / 16_000).collect();
    assert_eq!(lengths, [20, 10]);
}

#[test]
fn who_goes_on_after_a_moment_is_still_in_the_same_utterance() {
    let pcm = joined(&[quiet(1_000), steady(500), quiet(400), steady(500), quiet(300), quiet(700)]);
    let events = hear(&mut open(loud()), &pcm);
    let first = cut(&pcm, 16_000 - PREROLL..24_000 + LULL, 1);
    let whole = cut(&pcm, 16_000 - PREROLL..38_400 + LULL, 1);
    assert_eq!(
        events[2..],
        [
            Event::Paused { utterance: first, end_of_speech: 24_000, heard: 24_000 + LULL },
            Event::Resumed { id: id(1) },
            Event::Paused { utterance: whole.clone(), end_of_speech: 38_400, heard: 38_400 + LULL },
            Event::Ended {
                utterance: whole,
                end_of_speech: 38_400,
                heard: 38_400 + PAUSE,
                by: End::Pause
            },
        ]
    );
    let [Event::Paused { utterance: offered, .. }, Event::Ended { utterance: ended, .. }] =
        &events[4..]
    else {
        panic!("{events:?}")
    };
    assert!(Arc::ptr_eq(&offered.pcm, &ended.pcm), "what was prepared for the pause still holds");
}

#[test]
fn nobody_is_asked_to_answer_early_when_that_is_not_wanted() {
    let settings = Settings { speculate_ms: None, pause_ms: 300, ..Settings::default() };
    let mut ear = open(loud());
    ordered(&mut ear, Order::Settings(settings));
    let pcm = joined(&[quiet(1_000), steady(500), quiet(1_000)]);
    let events = hear(&mut ear, &pcm);
    assert_eq!(
        events[2..],
        [Event::Ended {
            utterance: cut(&pcm, 16_000 - PREROLL..24_000 + TAIL, 1),
            end_of_speech: 24_000,
            heard: 24_000 + 4_800,
            by: End::Pause,
        }]
    );
}

#[test]
fn a_long_speech_is_cut_and_goes_on_without_a_hole() {
    let mut ear = open(loud());
    ordered(&mut ear, Order::Settings(Settings { max_utterance_s: 3, ..Settings::default() }));
    let pcm = joined(&[quiet(1_000), steady(7_000), quiet(1_000)]);
    let events = hear(&mut ear, &pcm);
    let said = utterances(&events);
    let start = 16_000 - PREROLL;
    assert_eq!(
        said.iter().map(|u| u.span.clone()).collect::<Vec<_>>(),
        [start..start + 48_000, start + 48_000..start + 96_000, start + 96_000..8 * 16_000 + LULL]
    );
    let all: Vec<f32> = said.iter().flat_map(|u| u.pcm.iter().copied()).collect();
    assert_eq!(all, pcm[start as usize..8 * 16_000 + LULL as usize]);
}

#[test]
fn a_long_speech_is_cut_between_words_where_there_is_a_gap() {
    let mut ear = open(loud());
    ordered(&mut ear, Order::Settings(Settings { max_utterance_s: 4, ..Settings::default() }));
    let pcm = joined(&[quiet(1_000), steady(3_400), quiet(150), steady(2_000), quiet(1_000)]);
    let events = hear(&mut ear, &pcm);
    let gap = 16_000 + 54_400;
    assert_eq!(
        utterances(&events).iter().map(|u| u.span.clone()).collect::<Vec<_>>(),
        [16_000 - PREROLL..gap + LULL, gap + LULL..gap + 2_400 + 32_000 + LULL]
    );
}

#[test]
fn noise_says_nothing() {
    for factory in [|| None, loud, silero] {
        for noise in [
            quiet(8_000),
            hiss(8_000, 0.1, 5),
            fan(8_000, 0.3),
            knocks(8_000, 0.8),
            vec![0.0; 128_000],
            vec![0.7; 128_000],
        ] {
            assert_eq!(hear(&mut open(factory()), &noise), []);
        }
    }
}

#[test]
fn a_sound_too_short_for_a_word_is_discarded() {
    let pcm = joined(&[quiet(1_000), steady(90), quiet(1_500)]);
    assert_eq!(
        hear(&mut open(loud()), &pcm),
        [
            Event::Started { id: id(1), at: 16_000 - PREROLL, held: false },
            Event::Discarded { id: id(1), why: Discard::TooShort },
        ]
    );
}

#[test]
fn a_voice_is_heard_with_and_without_the_model_in_noise_too() {
    for (factory, name) in [(None, "gate"), (silero(), "silero")] {
        let mut pcm = joined(&[quiet(3_000), voice(2_000), quiet(1_500)]);
        for (sample, noise) in pcm.iter_mut().zip(fan(6_500, 0.1)) {
            *sample += noise;
        }
        let events = hear(&mut open(factory), &pcm);
        let [said] = utterances(&events)[..] else { panic!("{name}: {events:?}") };
        assert!(said.span.start <= 48_000 && said.span.end >= 78_400, "{name}: {:?}", said.span);
        let end = events.iter().find_map(|event| match event {
            Event::Ended { end_of_speech, .. } => Some(*end_of_speech),
            _ => None,
        });
        // The last vowel fades out about 60 ms before the voice ends; the model lags by some
        // windows.
        assert!((76_800..=83_200).contains(&end.unwrap()), "{name}: {end:?}");
    }
}

#[test]
fn the_model_is_loaded_by_the_first_voice_and_by_nothing_else() {
    let loaded = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&loaded);
    let mut ear = open(Some(Box::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Loud))
    })));
    hear(&mut ear, &joined(&[quiet(5_000), hiss(5_000, 0.1, 9), knocks(5_000, 0.5)]));
    assert_eq!(loaded.load(Ordering::Relaxed), 0);
    hear(&mut ear, &joined(&[quiet(3_000), voice(500), quiet(3_000), voice(500)]));
    assert_eq!(loaded.load(Ordering::Relaxed), 1);
}

#[test]
fn without_the_model_the_gate_goes_on_and_says_so_once_a_minute() {
    let mut ear = open(Some(Box::new(|| Err("no model; run \"aloud models fetch\"".to_owned()))));
    let talk = joined(&[quiet(1_000), voice(1_000), quiet(1_000)]);
    let mut complaints = 0;
    for n in 1..=30 {
        let events = hear(&mut ear, &talk);
        let unaided = |event: &&Event| matches!(event, Event::Unaided(_));
        complaints += events.iter().filter(unaided).count();
        assert_eq!(utterances(&events).len(), 1, "round {n}");
    }
    assert_eq!(complaints, 2, "in 90 seconds");
}

#[test]
fn a_held_key_frames_the_utterance() {
    let pcm = joined(&[quiet(2_000), steady(1_000), quiet(1_000)]);
    let mut ear = Listener::new(Settings::default(), loud());
    assert_eq!(hear(&mut ear, &pcm[..31_003]), []);
    assert_eq!(
        ordered(&mut ear, Order::Hold),
        [Event::Started { id: id(1), at: 31_003 - PREROLL, held: true }]
    );
    assert_eq!(hear(&mut ear, &pcm[31_003..47_007]), [Event::Confirmed { id: id(1) }]);
    // Released within a word and within a frame: everything up to that sample is in it.
    assert_eq!(
        ordered(&mut ear, Order::Release),
        [Event::Ended {
            utterance: cut(&pcm, 32_000 - PREROLL..47_007, 1),
            end_of_speech: 46_880,
            heard: 47_007,
            by: End::Release,
        }]
    );
    assert_eq!(hear(&mut ear, &pcm[47_007..]), [], "the ear is as shut as it was before");
}

#[test]
fn silence_around_what_a_held_key_framed_is_left_out() {
    let pcm = joined(&[quiet(4_000), steady(1_000), quiet(2_000)]);
    let mut ear = Listener::new(Settings::default(), loud());
    hear(&mut ear, &pcm[..16_000]);
    ordered(&mut ear, Order::Hold);
    let said = cut(&pcm, 64_000 - PREROLL..80_000 + LULL, 1);
    assert_eq!(
        hear(&mut ear, &pcm[16_000..]),
        [
            Event::Confirmed { id: id(1) },
            Event::Paused { utterance: said.clone(), end_of_speech: 80_000, heard: 80_000 + LULL },
        ],
        "a held key is not cut by a pause"
    );
    assert_eq!(
        ordered(&mut ear, Order::Release),
        [Event::Ended { utterance: said, end_of_speech: 80_000, heard: 112_000, by: End::Release }]
    );
}

#[test]
fn a_key_held_in_silence_sends_nothing() {
    for factory in [|| None, loud, silero] {
        let mut ear = Listener::new(Settings::default(), factory());
        hear(&mut ear, &fan(2_000, 0.03));
        ordered(&mut ear, Order::Hold);
        assert_eq!(hear(&mut ear, &fan(3_000, 0.03)), []);
        assert_eq!(
            ordered(&mut ear, Order::Release),
            [Event::Discarded { id: id(1), why: Discard::NoSpeech }]
        );
    }
}

#[test]
fn a_key_pressed_while_the_user_speaks_takes_what_was_said_already() {
    let pcm = joined(&[quiet(1_000), steady(3_000)]);
    let mut ear = open(loud());
    hear(&mut ear, &pcm[..32_000]);
    assert_eq!(
        ordered(&mut ear, Order::Hold),
        [
            Event::Discarded { id: id(1), why: Discard::Superseded },
            Event::Started { id: id(2), at: 9_600, held: true },
        ]
    );
}

#[test]
fn a_muted_microphone_is_not_heard_before_or_after() {
    let mut ear = open(loud());
    let talk = joined(&[quiet(1_000), steady(1_000)]);
    hear(&mut ear, &talk);
    assert_eq!(
        ordered(&mut ear, Order::Mute(true)),
        [Event::Discarded { id: id(1), why: Discard::Muted }]
    );
    assert_eq!(hear(&mut ear, &joined(&[talk, quiet(1_000)])), []);
    assert_eq!(
        ordered(&mut ear, Order::Hold),
        [
            Event::Started { id: id(2), at: 80_000, held: true },
            Event::Discarded { id: id(2), why: Discard::Muted },
        ]
    );
    ordered(&mut ear, Order::Release);
    ordered(&mut ear, Order::Mute(false));
    let events = hear(&mut ear, &joined(&[steady(500), quiet(1_000)]));
    assert_eq!(utterances(&events)[0].span.start, 80_000, "no pre-roll from the muted time");
}

#[test]
fn shutting_the_ear_and_losing_the_microphone_drop_what_was_half_said() {
    let talk = joined(&[quiet(1_000), steady(1_000)]);
    let mut ear = open(loud());
    hear(&mut ear, &talk);
    assert_eq!(
        ordered(&mut ear, Order::Shut),
        [Event::Discarded { id: id(1), why: Discard::Shut }]
    );
    assert_eq!(hear(&mut ear, &talk), []);
    ordered(&mut ear, Order::Open);
    hear(&mut ear, &talk);
    let mut out = Vec::new();
    ear.lose(&mut out);
    assert_eq!(out, [Event::Discarded { id: id(2), why: Discard::Lost }]);
}

/// A microphone of which only what it captured, and when, matters. One look is 10 ms.
#[test]
fn a_microphone_that_falls_silent_is_lost_and_one_that_starts_slowly_is_not() {
    let audio::Path { mut capture, tail, tap, feed: _feed, playback: _playback, .. } =
        audio::path(Volume::new(100));
    let mut intake = Intake::new(tail, tap, Settings::default(), loud());
    let (mut out, mut lost) = (Vec::new(), Vec::new());
    let mut look = |intake: &mut Intake, n: usize| {
        lost.clear();
        for at in 0..n {
            intake.look(&mut out);
            lost.extend(out.drain(..).filter_map(|event| match event {
                Event::Discarded { why: Discard::Lost, .. } => Some(at),
                _ => None,
            }));
        }
        lost.clone()
    };
    // A key is pressed while the device has not delivered anything yet, for 2 s.
    intake.order(Order::Hold, &mut Vec::new());
    capture.restart(Rate(16_000));
    assert_eq!(look(&mut intake, 200), Vec::<usize>::new());
    // Then it works, and fails: lost after 1.5 s.
    for _ in 0..50 {
        capture.push(&steady(10));
        assert_eq!(look(&mut intake, 1), Vec::<usize>::new());
    }
    assert_eq!(look(&mut intake, 400), [149]);
    // It is opened again and stays silent: lost before it is opened the third time, after 4 s.
    intake.order(Order::Hold, &mut Vec::new());
    capture.restart(Rate(16_000));
    let silent = look(&mut intake, 400);
    assert!(silent.len() == 1 && silent[0] > 200, "{silent:?}");
}

#[test]
fn a_partner_that_hears_gets_every_sample_of_the_utterance_in_frames() {
    let pcm = joined(&[quiet(1_000), steady(1_000), quiet(1_000)]);
    let mut ear = open(loud());
    ordered(&mut ear, Order::Stream(Stream::Speech));
    let mut next = 16_000 - PREROLL;
    let mut ended = false;
    for event in hear(&mut ear, &pcm) {
        match event {
            Event::Frame(frame) => {
                assert_eq!((frame.start, ended), (next, false));
                assert_eq!(frame.samples, pcm[next as usize..(next + FRAME) as usize]);
                next += FRAME;
            }
            Event::Ended { .. } => ended = true,
            _ => {}
        }
    }
    assert_eq!((next, ended), (32_000 + PAUSE, true));
}

#[test]
fn the_meter_reads_twenty_times_a_second_when_it_is_on() {
    let mut ear = Listener::new(Settings::default(), None);
    let tone: Vec<f32> = (0..16_000).map(|n| 0.5 * (n as f32 * 0.4).sin()).collect();
    assert_eq!(hear(&mut ear, &tone), []);
    ordered(&mut ear, Order::Meter(true));
    let levels = hear(&mut ear, &tone);
    assert_eq!(levels.len(), 20);
    for event in levels {
        let Event::Level(level) = event else { panic!("{event:?}") };
        assert!((level.rms_db + 9.0).abs() < 0.2 && (level.peak_db + 6.0).abs() < 0.2, "{level:?}");
    }
}

#[test]
fn silence_and_noise_allocate_nothing() {
    let mut ear = open(silero());
    let mut out = Vec::new();
    let sound = joined(&[quiet(3_000), fan(3_000, 0.2)]);
    ear.push(&sound, &mut out);
    assert_no_alloc(|| {
        for piece in sound.chunks(480) {
            ear.push(piece, &mut out);
        }
    });
    assert_eq!(out, []);
}

/// A minute of mixed sound with orders in it: what a storm is made of.
#[derive(Clone, Debug)]
enum Op {
    Order(Order),
    Voice(usize),
    Quiet(usize),
    Noise(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let orders = prop::sample::select(vec![
        Order::Open,
        Order::Open,
        Order::Shut,
        Order::Hold,
        Order::Release,
        Order::Mute(true),
        Order::Mute(false),
        Order::Stream(Stream::Always),
        Order::Stream(Stream::Off),
        Order::Warm,
        Order::Settings(Settings { pause_ms: 300, preroll_ms: 700, ..Settings::default() }),
        Order::Settings(Settings { preroll_ms: 0, max_utterance_s: 1, ..Settings::default() }),
    ]);
    let op = prop_oneof![
        orders.prop_map(Op::Order),
        (20..3_000usize).prop_map(Op::Voice),
        (1..1_200usize).prop_map(Op::Quiet),
        (1..500usize).prop_map(Op::Noise),
    ];
    prop::collection::vec(op, 1..14)
}

/// Runs the storm, with its sound in pieces of `sizes` in turn; returns all sound and all events.
fn run(ops: &[Op], sizes: &[usize]) -> (Vec<f32>, Vec<Event>) {
    let mut ear = open(loud());
    let (mut all, mut events) = (Vec::new(), Vec::new());
    let mut sizes = sizes.iter().cycle();
    for op in ops {
        // The odd sample makes orders fall between frames.
        let mut pcm = match op {
            Op::Order(order) => {
                ear.order(order.clone(), &mut events);
                continue;
            }
            Op::Voice(ms) => steady(*ms),
            Op::Quiet(ms) => quiet(*ms),
            Op::Noise(ms) => hiss(*ms, 0.04, 11),
        };
        pcm.push(0.0);
        let mut rest = &pcm[..];
        while let (false, Some(size)) = (rest.is_empty(), sizes.next()) {
            let (piece, later) = rest.split_at((*size).min(rest.len()));
            ear.push(piece, &mut events);
            rest = later;
        }
        all.extend(pcm);
    }
    (all, events)
}

/// What holds for every stream of events, whatever happened.
fn check(pcm: &[f32], events: &[Event]) {
    let (mut last, mut under_way, mut offered): (_, _, Option<Utterance>) = (0, None, None);
    let mut sent = 0;
    for event in events {
        match event {
            Event::Started { id, .. } => {
                assert_eq!((under_way, id.0), (None, last + 1));
                (last, under_way) = (id.0, Some(id.0));
            }
            Event::Confirmed { id } => assert_eq!(under_way, Some(id.0)),
            Event::Paused { utterance, .. } => {
                assert_eq!((under_way, &offered), (Some(utterance.id.0), &None));
                offered = Some(utterance.clone());
            }
            Event::Resumed { id } => {
                assert_eq!(under_way, Some(id.0));
                assert!(offered.take().is_some());
            }
            Event::Discarded { id, .. } => {
                assert_eq!(under_way.take(), Some(id.0));
                offered = None;
            }
            Event::Ended { utterance, end_of_speech, heard, .. } => {
                assert_eq!(under_way.take(), Some(utterance.id.0));
                let span = utterance.span.clone();
                assert!(span.start >= sent, "{span:?} was sent up to {sent}");
                assert!(span.contains(end_of_speech) || span.end == *end_of_speech);
                assert!(span.end <= *heard && *heard <= pcm.len() as u64);
                assert_eq!(utterance.pcm[..], pcm[span.start as usize..span.end as usize]);
                if let Some(offered) = offered.take() {
                    assert!(Arc::ptr_eq(&offered.pcm, &utterance.pcm));
                }
                sent = span.end;
            }
            Event::Frame(_)
            | Event::Level(_)
            | Event::Called(_)
            | Event::Score(_)
            | Event::Wordless(_)
            | Event::Unaided(_)
            | Event::Echo(_)
            | Event::EndOfInput => {}
            Event::Voiced { id, .. } => assert_eq!(under_way, Some(id.0)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_storm_keeps_the_rules_and_pieces_change_nothing(
        ops in ops(),
        sizes in prop::collection::vec(1..2_000usize, 1..6),
    ) {
        let (pcm, events) = run(&ops, &[usize::MAX]);
        check(&pcm, &events);
        prop_assert_eq!(run(&ops, &sizes).1, events);
    }
}

/// The same voice at another rate, by repeating or dropping samples: good enough to be heard.
fn at_rate(pcm: &[f32], rate: u32) -> Vec<f32> {
    let len = pcm.len() * rate as usize / 16_000;
    (0..len).map(|n| pcm[n * 16_000 / rate as usize]).collect()
}

fn next(events: &mut tokio::sync::mpsc::Receiver<Event>) -> Event {
    loop {
        match events.blocking_recv().expect("the thread runs") {
            Event::Voiced { .. } => {}
            event => return event,
        }
    }
}

/// Sends an order and waits until it takes effect; sound captured meanwhile could be processed
/// before it.
fn give(ear: &ListenHandle, order: Order) {
    ear.order(order).unwrap();
    let before = ear.pulse().count();
    while ear.pulse().count() < before + 2 {
        std::thread::yield_now();
    }
}

/// The events up to the end of the next utterance.
fn until_ended(events: &mut tokio::sync::mpsc::Receiver<Event>) -> (Vec<Event>, Utterance) {
    let mut seen = Vec::new();
    loop {
        match next(events) {
            Event::Ended { utterance, .. } => return (seen, utterance),
            other => seen.push(other),
        }
    }
}

#[test]
fn a_device_that_changes_within_a_word_breaks_no_utterance() {
    let mut path = audio::path(Volume::new(100));
    let (outbox, mut events) = tokio::sync::mpsc::channel(LISTEN_OUTBOX);
    let ear = spawn(path.tail, path.tap, Settings::default(), loud(), None, outbox).unwrap();
    give(&ear, Order::Open);
    path.capture.restart(Rate(48_000));
    path.capture.push(&at_rate(&joined(&[quiet(1_000), steady(1_000)]), 48_000));
    let Event::Started { at, .. } = next(&mut events) else { panic!("nothing was heard") };
    path.capture.restart(Rate(44_100));
    path.capture.push(&at_rate(&joined(&[steady(1_000), quiet(1_000)]), 44_100));
    let (_, said) = until_ended(&mut events);
    assert!(at.abs_diff(9_600) <= FRAME && said.span.start == at, "{at}");
    // Two seconds of voice, and the tail; resampled edges may be a frame longer.
    assert!(said.span.end.abs_diff(48_000 + LULL) <= 2 * FRAME, "{:?}", said.span);
    ear.stop();
}

#[test]
fn a_driver_that_does_not_read_loses_frames_but_no_utterance() {
    let mut path = audio::path(Volume::new(100));
    let (outbox, mut events) = tokio::sync::mpsc::channel(1);
    let ear = spawn(path.tail, path.tap, Settings::default(), loud(), None, outbox).unwrap();
    give(&ear, Order::Stream(Stream::Always));
    give(&ear, Order::Open);
    path.capture.restart(Rate(16_000));
    let talk = joined(&[quiet(700), steady(500), quiet(800)]);
    for _ in 0..4 {
        path.capture.push(&talk);
    }
    path.capture.end();
    while ear.lost() < 700 {
        std::thread::yield_now();
    }
    let mut said = 0;
    let mut kept = 0;
    loop {
        match next(&mut events) {
            Event::Ended { utterance, .. } => {
                said += 1;
                assert_eq!(utterance.id, id(said));
            }
            Event::Frame(_) => kept += 1,
            Event::EndOfInput => break,
            _ => {}
        }
    }
    assert_eq!((said, kept + ear.lost()), (4, 800));
    ear.stop();
}

#[test]
fn a_held_key_is_answered_although_no_sound_follows() {
    let mut path = audio::path(Volume::new(100));
    let (outbox, mut events) = tokio::sync::mpsc::channel(LISTEN_OUTBOX);
    let ear = spawn(path.tail, path.tap, Settings::default(), loud(), None, outbox).unwrap();
    path.capture.restart(Rate(48_000));
    path.capture.push(&at_rate(&quiet(1_000), 48_000));
    give(&ear, Order::Hold);
    let Event::Started { at, .. } = next(&mut events) else { panic!("the key did nothing") };
    // The resampler holds back up to a block of 10 ms.
    assert!((16_000 - PREROLL).abs_diff(at) <= FRAME, "{at}");
    path.capture.push(&at_rate(&steady(800), 48_000));
    ear.order(Order::Release).unwrap();
    let (_, said) = until_ended(&mut events);
    assert_eq!(said.span.end, 16_000 + 12_800, "to the last sample");
    ear.stop();
}

#[test]
fn the_thread_beats_and_ends_with_its_driver() {
    let path = audio::path(Volume::new(100));
    let (outbox, events) = tokio::sync::mpsc::channel(LISTEN_OUTBOX);
    let ear = spawn(path.tail, path.tap, Settings::default(), None, None, outbox).unwrap();
    let before = ear.pulse().count();
    while ear.pulse().count() < before + 3 {
        std::thread::yield_now();
    }
    drop(events);
    while ear.order(Order::Open).is_ok() {
        std::thread::yield_now();
    }
    ear.stop();
}

#[test]
fn a_microphone_that_goes_silent_for_good_ends_the_wait() {
    let mut path = audio::path(Volume::new(100));
    let (outbox, mut events) = tokio::sync::mpsc::channel(LISTEN_OUTBOX);
    let ear = spawn(path.tail, path.tap, Settings::default(), loud(), None, outbox).unwrap();
    path.capture.restart(Rate(16_000));
    give(&ear, Order::Open);
    path.capture.push(&joined(&[quiet(1_000), steady(1_000)]));
    let last = std::iter::repeat_with(|| next(&mut events))
        .find(|event| matches!(event, Event::Discarded { .. }));
    assert_eq!(last, Some(Event::Discarded { id: id(1), why: Discard::Lost }));
    ear.stop();
}

/// The samples from the end of the voice to the end of the utterance, if it has ended.
fn ended_after(events: &[Event]) -> Option<u64> {
    events.iter().find_map(|event| match event {
        Event::Ended { end_of_speech, heard, .. } => Some(heard - end_of_speech),
        _ => None,
    })
}

/// The id of the utterance that paused.
fn paused(events: &[Event]) -> UtteranceId {
    let pause = |event: &Event| match event {
        Event::Paused { utterance, .. } => Some(utterance.id),
        _ => None,
    };
    events.iter().find_map(pause).unwrap()
}

#[test]
fn a_pause_can_be_made_shorter_or_longer_while_it_lasts() {
    for (ms, wanted) in [(300, 4_800), (100, 4_000 + FRAME), (2_000, 32_000)] {
        let mut ear = open(loud());
        hear(&mut ear, &quiet(500));
        hear(&mut ear, &steady(800));
        let id = paused(&hear(&mut ear, &quiet(250)));
        ordered(&mut ear, Order::Pause { id, ms });
        let after = ended_after(&hear(&mut ear, &quiet(3_000))).unwrap();
        assert!(after.abs_diff(wanted) <= FRAME, "{ms} ms: {after}");
    }
}

#[test]
fn a_longer_pause_holds_for_one_silence_only() {
    let mut ear = open(loud());
    hear(&mut ear, &quiet(500));
    hear(&mut ear, &steady(800));
    let id = paused(&hear(&mut ear, &quiet(250)));
    ordered(&mut ear, Order::Pause { id, ms: 2_000 });
    assert_eq!(ended_after(&hear(&mut ear, &quiet(900))), None);
    // The user goes on, and then it is the usual pause again.
    let more = hear(&mut ear, &joined(&[steady(600), quiet(3_000)]));
    assert!(more.iter().any(|event| matches!(event, Event::Resumed { .. })));
    assert_eq!(ended_after(&more), Some(PAUSE));
}

#[test]
fn a_pause_for_another_utterance_changes_nothing() {
    let mut ear = open(loud());
    hear(&mut ear, &quiet(500));
    hear(&mut ear, &steady(800));
    hear(&mut ear, &quiet(250));
    ordered(&mut ear, Order::Pause { id: UtteranceId(77), ms: 2_000 });
    assert_eq!(ended_after(&hear(&mut ear, &quiet(3_000))), Some(PAUSE));
}

#[test]
fn a_mute_within_a_frame_leaves_no_silence_in_the_utterance() {
    let ops = [
        Op::Voice(21),
        Op::Order(Order::Mute(true)),
        Op::Order(Order::Mute(false)),
        Op::Voice(700),
        Op::Quiet(900),
    ];
    let (pcm, events) = run(&ops, &[usize::MAX]);
    check(&pcm, &events);
    assert!(events.iter().any(|event| matches!(event, Event::Ended { .. })), "{events:?}");
}
