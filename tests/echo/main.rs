//! Our own voice in a room with an open speaker: the real edges and the real listen path, in a
//! simulated room.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails, and looks at what it asks for"
)]

#[expect(dead_code, reason = "the bench needs more of a room than the tests")]
mod room;
#[path = "../listen/sound.rs"]
#[expect(dead_code, reason = "the listener's tests need more sounds")]
mod sound;

use aloud::base::{LISTEN_RATE, SPEAKER_RATE};
use aloud::engine::local::Silero;
use aloud::listen::{Echo, EchoState, Event, Settings};
use aloud::pcm::Resampler;

use room::{Air, Room};

/// How loud a reply is played, and how loud the microphone hears it at 0 dB.
const LOUD: f32 = 0.1;

fn room(air: Air, echo: Echo) -> Room {
    let settings = Settings { echo, ..Settings::default() };
    Room::new(air, settings, Some(Box::new(|| Ok(Box::new(Silero::new())))))
}

/// A voice that speaks for `seconds`, at 16 kHz.
fn speech(seconds: usize) -> Vec<f32> {
    let mut pcm = sound::voice(seconds * 1_000);
    let power = pcm.iter().map(|sample| sample * sample).sum::<f32>() / pcm.len() as f32;
    pcm.iter_mut().for_each(|sample| *sample *= LOUD / power.sqrt());
    pcm
}

fn reply(seconds: usize) -> Vec<f32> {
    Resampler::convert(&speech(seconds), LISTEN_RATE, SPEAKER_RATE).unwrap()
}

/// How often a voice was detected.
fn voices(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Confirmed { .. })).count()
}

fn state(events: &[Event]) -> EchoState {
    let states = events.iter().rev();
    let mut states =
        states.filter_map(|event| if let Event::Echo(state) = event { Some(*state) } else { None });
    states.next().unwrap()
}

#[test]
fn without_the_canceller_the_speaker_is_heard_as_a_person() {
    let mut room = room(Air::of(-6.0), Echo::Off);
    room.run(1.0);
    room.say(&reply(3));
    room.run_out();
    assert!(voices(&room.events) > 0, "else the other tests prove nothing");
}

#[test]
fn with_it_nobody_is_heard_and_clocks_that_differ_and_rest_and_volume_change_nothing() {
    let mut room = room(Air::of(-6.0), Echo::On);
    room.run(1.0);
    room.say(&reply(6));
    room.run_out();
    // The speaker's stream pauses, and starts again with the next reply.
    room.run(1.0);
    room.resting = true;
    room.run(4.0);
    room.resting = false;
    room.run(0.3);
    room.volume.set(60);
    room.say(&reply(4));
    room.run(2.0);
    room.volume.set(100);
    room.run_out();
    room.run(1.0);
    assert_eq!(voices(&room.events), 0, "{:?}", room.events);
    let state = state(&room.events);
    assert!(state.on && state.removed_db.unwrap() >= 25, "{state:?}");
    assert!((state.drift_ppm - 200).abs() < 60, "{state:?}");
}

#[test]
fn a_person_who_talks_over_a_reply_is_heard_from_the_first_word() {
    let mut room = room(Air::of(-6.0), Echo::On);
    room.run(1.0);
    room.say(&reply(9));
    room.run(5.0);
    assert_eq!(voices(&room.events), 0);
    let from = room.position();
    let mut person = sound::voice(1_500);
    person.iter_mut().for_each(|sample| *sample *= 0.5);
    room.hear(&person);
    room.run_out();
    room.run(1.0);
    let Some(Event::Ended { utterance, .. }) =
        room.events.iter().find(|event| matches!(event, Event::Ended { .. }))
    else {
        panic!("not heard: {:?}", room.events);
    };
    assert!(utterance.span.start <= from && utterance.span.end > from + 16_000, "{utterance:?}");
}

#[test]
fn no_sample_comes_twice_or_not_at_all_while_the_canceller_begins_and_ends() {
    let mut room = room(Air::of(-60.0), Echo::On);
    for _ in 0..3 {
        room.say(&reply(1));
        room.run_out();
        room.run(1.0);
        // Nothing is buffered any more.
        assert_eq!(room.intake.heard(), room.position());
    }
    room.say(&reply(1));
    room.run(0.5);
    let behind = room.position() - room.intake.heard();
    assert!(behind <= 2 * 64, "the listener is {behind} samples behind");
}

#[test]
fn a_speaker_that_is_turned_down_to_nothing_gives_the_canceller_no_work() {
    let mut room = room(Air::of(0.0), Echo::On);
    room.volume.set(0);
    room.say(&reply(2));
    room.run_out();
    let worked =
        |event: &Event| matches!(event, Event::Echo(EchoState { removed_db: Some(_), .. }));
    assert!(!room.events.iter().any(worked), "{:?}", room.events);
    assert_eq!(room.intake.heard(), room.position());
}

/// The sound of the first utterance that was heard to its end.
fn utterance(events: &[Event]) -> &aloud::base::Utterance {
    let mut ended = events.iter();
    ended
        .find_map(|event| match event {
            Event::Ended { utterance, .. } => Some(utterance),
            _ => None,
        })
        .unwrap()
}

#[test]
fn a_person_is_heard_unchanged_where_the_microphone_does_not_hear_the_speaker() {
    let mut room = room(Air::of(-120.0), Echo::On);
    room.run(1.0);
    // A second of the first reply is enough to know.
    room.say(&reply(6));
    room.run(1.0);
    assert_eq!(voices(&room.events), 0);
    room.hear(&speech(1));
    room.run_out();
    room.run(1.0);
    let utterance = utterance(&room.events);
    let (start, end) = (utterance.span.start as usize, utterance.span.end as usize);
    let heard = &room.microphone[start..end];
    // From where the voice begins: before, the canceller had not heard enough of the silence.
    let voice = heard.len() / 2..heard.len() - 1_600;
    assert!(utterance.pcm[voice.clone()] == heard[voice], "the words were changed");
}

#[test]
fn an_echo_that_begins_later_is_removed_again() {
    let mut room = room(Air::of(-120.0), Echo::On);
    room.run(1.0);
    room.say(&reply(3));
    room.run_out();
    // The plug of the headphones is pulled.
    room.air.echo_db = -6.0;
    room.rebuild();
    room.say(&reply(8));
    room.run(4.0);
    let before = voices(&room.events);
    room.run_out();
    room.say(&reply(8));
    room.run_out();
    room.run(1.0);
    assert_eq!(voices(&room.events), before, "{:?}", room.events);
}

#[test]
fn words_said_at_the_beginning_of_a_first_reply_are_not_taken_with_its_echo() {
    let mut room = room(Air::of(-12.0), Echo::On);
    room.run(1.0);
    room.say(&reply(5));
    room.run(1.0);
    let from = room.position();
    let person = speech(2);
    room.hear(&person);
    room.run_out();
    room.run(1.0);
    let utterance = utterance(&room.events);
    let at = (from - utterance.span.start) as usize;
    let heard = &utterance.pcm[at..at + person.len()];
    // How much of the person's sound is in what was heard.
    let inner = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let share = inner(heard, &person) / inner(&person, &person);
    assert!(share > 0.8, "{share}");
}
