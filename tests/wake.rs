//! Wake words: the same features and scores as the package that the models come from, and real
//! people who call the ear.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "wake/own.rs"]
mod own;

use std::fs;
use std::path::PathBuf;

use aloud::base::{Utterance, VoiceActivity};
use aloud::engine::local::Silero;
use aloud::listen::wake::{BUILTIN, Builtin, Features, Micro, WakeFactory, Word, cutoff};
use aloud::listen::{Discard, End, Event, Listener, Order, Settings, VadFactory};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/wake").join(name)
}

/// A recording, unchanged.
fn person(name: &str) -> Vec<f32> {
    aloud::pcm::read_file(&data(&format!("{name}.flac"))).unwrap().pcm
}

/// The sound of a quiet room.
fn room(seconds: f32) -> Vec<f32> {
    let mut seed = 1u32;
    (0..(seconds * 16_000.0) as usize)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 * 0.0004 - 0.0002
        })
        .collect()
}

fn word(name: &str) -> Result<Word, String> {
    let builtin = Builtin::named(name).unwrap();
    Word::new(name, builtin.model, cutoff(builtin.cutoff(), 0.5))
}

fn words(names: &'static [&'static str]) -> WakeFactory {
    Box::new(move || names.iter().map(|name| word(name)).collect())
}

fn silero() -> Option<VadFactory> {
    Some(Box::new(|| Ok(Box::new(Silero::new()) as Box<dyn VoiceActivity>)))
}

/// A closed ear that listens for `names`.
fn spotting(names: &'static [&'static str]) -> Listener {
    let mut ear = Listener::new(Settings::default(), silero()).with_words(words(names));
    let mut out = Vec::new();
    ear.order(Order::Spot(true), &mut out);
    assert_eq!(out, []);
    ear
}

/// Hears `pcm` in pieces of 25 ms, as the thread does, and responds to each call as the driver
/// does.
fn hear(ear: &mut Listener, pcm: &[f32]) -> Vec<Event> {
    let mut all = Vec::new();
    for piece in pcm.chunks(400) {
        let mut out = Vec::new();
        ear.push(piece, &mut out);
        let called = out.iter().any(|event| matches!(event, Event::Called(_)));
        all.append(&mut out);
        if called {
            ear.order(Order::Woken, &mut all);
        }
    }
    all.retain(|event| !matches!(event, Event::Score(_)));
    all
}

fn called(events: &[Event]) -> Vec<&str> {
    let calls = events.iter().filter_map(|event| {
        let Event::Called(call) = event else { return None };
        Some(&*call.word)
    });
    calls.collect()
}

fn said(events: &[Event]) -> Vec<&Utterance> {
    let ended = events.iter().filter_map(|event| {
        let Event::Ended { utterance, .. } = event else { return None };
        Some(utterance)
    });
    ended.collect()
}

#[test]
fn features_are_those_of_the_package_bit_for_bit() {
    for Builtin { name, .. } in BUILTIN {
        let bytes = fs::read(data(&format!("{name}.features"))).unwrap();
        let wanted = bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b));
        let mut features = Features::new();
        let pcm: Vec<i16> = person(name).iter().map(|s| (s * 32_768.0) as i16).collect();
        let made = pcm.as_chunks::<160>().0.iter().filter_map(|step| features.hear(step));
        assert!(made.flatten().eq(wanted), "{name}");
    }
}

#[test]
fn scores_are_those_of_the_package() {
    for Builtin { name, model, .. } in BUILTIN {
        let text = fs::read_to_string(data(&format!("{name}.scores"))).unwrap();
        let wanted: Vec<f32> = text.lines().map(|line| line.parse().unwrap()).collect();
        let bytes = fs::read(data(&format!("{name}.features"))).unwrap();
        let values: Vec<u16> =
            bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        let mut micro = Micro::read(model).unwrap();
        let hear = |feature| micro.hear(feature);
        let made: Vec<f32> = values.as_chunks::<40>().0.iter().filter_map(hear).collect();
        assert_eq!(made.len(), wanted.len(), "{name}");
        // The last bit of a layer may round differently: one step of the logit is at most 0.19,
        // which is at most 0.05 of a probability, in a few of the five in a mean.
        for (made, wanted) in made.iter().zip(&wanted) {
            assert!((made - wanted).abs() < 0.05, "{name}: {made} and not {wanted}");
        }
        let same = made.iter().zip(&wanted).filter(|(a, b)| (*a - *b).abs() < 0.001).count();
        assert!(same * 10 > made.len() * 8, "{name}: {same} of {}", made.len());
    }
}

#[test]
fn each_word_is_heard_and_no_other() {
    const ALL: &[&str] = &["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"];
    for name in ALL {
        let pcm = [room(2.0), person(name), room(2.0)].concat();
        assert_eq!(called(&hear(&mut spotting(ALL), &pcm)), [*name]);
    }
    let pcm = [room(2.0), person("computer"), room(2.0)].concat();
    assert_eq!(hear(&mut spotting(ALL), &pcm), []);
}

#[test]
fn two_words_in_a_row_wake_each_by_itself() {
    let pcm = [room(1.0), person("alexa"), room(2.0), person("hey_jarvis"), room(1.0)].concat();
    let mut ear = spotting(&["alexa", "hey_jarvis"]);
    assert_eq!(called(&hear(&mut ear, &pcm)), ["alexa", "hey_jarvis"]);
}

#[test]
fn what_is_said_in_the_same_breath_is_whole() {
    // From the end of the voice in one recording straight into the voice of the other.
    let ends = |pcm: &[f32]| {
        let first = pcm.iter().position(|s| s.abs() > 0.016).unwrap();
        (first, pcm.iter().rposition(|s| s.abs() > 0.016).unwrap() + 1)
    };
    let (word, command) = (person("hey_jarvis"), person("computer"));
    let ((word_start, word_end), (start, end)) = (ends(&word), ends(&command));
    let pcm = [&room(2.0), &word[..word_end + 800], &command[start..end], &room(2.0)].concat();
    let (start, end) = (32_000 + word_start, pcm.len() - 32_000);
    let events = hear(&mut spotting(&["hey_jarvis"]), &pcm);
    assert_eq!(called(&events), ["hey_jarvis"]);
    let said = said(&events);
    let [utterance] = said.as_slice() else { panic!("{} utterances", said.len()) };
    let span = utterance.span.start as usize..utterance.span.end as usize;
    // The word itself is there for the second check, and nothing after it is missing.
    assert!(span.start <= start && end <= span.end, "{span:?} and not {start}..{end}");
    assert_eq!(utterance.pcm[..], pcm[span]);
}

#[test]
fn a_word_and_then_nothing_is_one_utterance_and_silence() {
    let pcm = [room(2.0), person("alexa"), room(8.0)].concat();
    let mut ear = spotting(&["alexa"]);
    let events = hear(&mut ear, &pcm);
    let [Event::Called(_), Event::Started { held: false, .. }, Event::Confirmed { .. }, rest @ ..] =
        events.as_slice()
    else {
        panic!("{} events", events.len())
    };
    assert!(matches!(rest, [.., Event::Ended { by: End::Pause, .. }]));
    assert_eq!(said(&events).len(), 1);
}

#[test]
fn a_call_that_is_not_answered_leaves_the_ear_shut() {
    let mut ear = spotting(&["alexa"]);
    let mut out = Vec::new();
    ear.push(&[room(2.0), person("alexa"), room(2.0)].concat(), &mut out);
    out.retain(|event| !matches!(event, Event::Score(_)));
    assert!(matches!(out.as_slice(), [Event::Called(_)]), "{out:?}");
}

#[test]
fn who_does_not_listen_for_words_hears_none_and_a_muted_microphone_neither() {
    let pcm = [room(1.0), person("alexa"), room(1.0)].concat();
    let mut ear = spotting(&["alexa"]);
    ear.order(Order::Spot(false), &mut Vec::new());
    assert_eq!(hear(&mut ear, &pcm), []);
    ear.order(Order::Spot(true), &mut Vec::new());
    ear.order(Order::Mute(true), &mut Vec::new());
    assert_eq!(hear(&mut ear, &pcm), []);
    ear.order(Order::Mute(false), &mut Vec::new());
    assert_eq!(called(&hear(&mut ear, &pcm)), ["alexa"]);
}

#[test]
fn a_model_that_cannot_be_had_is_told_and_the_key_and_the_other_words_work() {
    let factory: WakeFactory =
        Box::new(|| vec![Err("no wake word \"sesame\"".into()), word("alexa")]);
    let mut ear = Listener::new(Settings::default(), silero()).with_words(factory);
    let mut out = Vec::new();
    ear.order(Order::Spot(true), &mut out);
    assert_eq!(out, [Event::Wordless("no wake word \"sesame\"".into())]);
    assert_eq!(called(&hear(&mut ear, &[room(1.0), person("alexa")].concat())), ["alexa"]);

    let factory: WakeFactory = Box::new(|| vec![Err("broken".into())]);
    let mut ear = Listener::new(Settings::default(), silero()).with_words(factory);
    ear.order(Order::Spot(true), &mut Vec::new());
    assert_eq!(hear(&mut ear, &[room(1.0), person("alexa")].concat()), []);
    let mut out = Vec::new();
    ear.order(Order::Hold, &mut out);
    out.extend(hear(&mut ear, &person("alexa")));
    ear.order(Order::Release, &mut out);
    assert_eq!(said(&out).len(), 1);
}

#[test]
fn shutting_the_ear_after_a_call_discards_what_it_began() {
    let mut ear = spotting(&["alexa"]);
    let mut events = hear(&mut ear, &[room(2.0), person("alexa")].concat());
    let before = events.len();
    ear.order(Order::Shut, &mut events);
    let shut = |event: &Event| matches!(event, Event::Discarded { why: Discard::Shut, .. });
    assert!(events[before..].iter().all(shut), "{events:?}");
}

#[test]
fn a_broken_model_is_an_error_or_runs_and_never_a_panic() {
    let model = Builtin::named("okay_nabu").unwrap().model;
    assert!(Micro::read(&[]).is_err());
    assert!(Micro::read(b"RIFF----WAVE").is_err());
    for length in (0..model.len()).step_by(997) {
        assert!(Micro::read(&model[..length]).is_err(), "{length}");
    }
    let mut seed = 7u64;
    for _ in 0..400 {
        let mut broken = model.to_vec();
        for _ in 0..8 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 20) as usize % broken.len();
            broken[at] ^= (seed >> 56) as u8 | 1;
        }
        if let Ok(mut micro) = Micro::read(&broken) {
            for _ in 0..6 {
                micro.hear(&[300; 40]);
            }
        }
    }
}
