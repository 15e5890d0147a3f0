//! One hour of conversation, with the socket dropped every five minutes.

use std::time::Duration;

use aloud::base::{Clock, Moment};
use aloud::dialog::Item;
use aloud::engine::openai::realtime::Dialect;

use crate::talk::{brain, expected, verify};
use crate::world::{Say, World};

const HOUR: u64 = 3_600_000;

#[test]
fn an_hour_with_a_broken_line_every_five_minutes_loses_no_turn_and_doubles_no_word() {
    let clock = Clock::start();
    let mut world = World::new(Dialect::Ga, brain);
    // Each new session repeats the call ids of the last one.
    world.manners.anew = true;
    for minute in (5..60).step_by(5) {
        // At a different place of a turn each time.
        world.kill(Moment::from_millis(minute * 60_000 + minute * 137));
    }
    // A question every eight seconds; every seventh interrupts the answer before it.
    let mut asked = Vec::new();
    let mut at = 3_000;
    let mut before = 0;
    for number in 1.. {
        let pause = (number % 11 == 0).then_some(400);
        world.say(Moment::from_millis(at), Say { number: number % 200, ms: 900, pause });
        asked.push(number % 200);
        world.run(Moment::from_millis(at));
        at += if number % 7 == 6 { 4_000 } else { 8_300 };
        if at > HOUR {
            break;
        }
        if at < HOUR / 6 {
            // By then everything has grown to its full size.
            before = memory();
        }
    }
    world.rest();
    let after = memory();
    assert_eq!(world.complaints(), Vec::<String>::new());
    assert_eq!(world.troubles, Vec::<String>::new());
    assert_eq!(world.notes, Vec::<String>::new());

    // The history keeps the newest turns; all of them are checked, word by word.
    let items = world.machine.history().items();
    let mut turns = Vec::new();
    for item in items {
        match item {
            Item::User { text, .. } => turns.push((text.clone(), String::new(), false)),
            Item::Reply { text, interrupted, .. } => {
                let (_, answer, cut) = turns.last_mut().unwrap();
                answer.push_str(text);
                *cut = *interrupted;
            }
            _ => {}
        }
    }
    let kept = &asked[asked.len() - turns.len()..];
    for ((said, answer, cut), number) in turns.iter().zip(kept) {
        let words: Vec<&str> = said.split(' ').collect();
        assert!(words.chunks(2).all(|w| w == ["question", &number.to_string()]), "{said} {number}");
        if *cut {
            let whole = expected(*number);
            let first = answer.split(' ').next().unwrap_or_default();
            assert!(whole.contains(answer.as_str()) && whole.starts_with(first), "{answer}");
        } else {
            verify(*number, answer, said);
        }
    }
    let turns = world.answered;
    assert_eq!(turns, asked.len(), "turns answered");
    let took = clock.now().since(Moment::ZERO);
    println!(
        "one hour: {turns} turns, {} sessions, {} truncations, {took:?}; memory {} -> {} kB",
        world.sessions,
        world.truncated.len(),
        before / 1_024,
        after / 1_024,
    );
    assert!(world.sessions >= 12, "{}", world.sessions);
    assert!(after.saturating_sub(before) < 4 * 1_024 * 1_024, "memory grows");
    assert!(took < Duration::from_secs(100), "{took:?}");
}

/// Resident memory of this process, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}

#[test]
fn a_session_is_exchanged_between_turns_before_it_expires() {
    let mut world = World::new(Dialect::Ga, brain);
    let mut asked = 0;
    for at in (3_000..75 * 60_000).step_by(30_000) {
        asked += 1;
        world.say(Moment::from_millis(at), Say { number: asked % 200, ms: 900, pause: None });
        world.run(Moment::from_millis(at));
        // No server keeps one for longer.
        assert!(world.oldest() < Duration::from_secs(60 * 60), "a session expires at {at}");
    }
    world.rest();
    assert_eq!(world.complaints(), Vec::<String>::new());
    assert_eq!(world.troubles, Vec::<String>::new());
    assert_eq!((world.sessions, world.servers.len()), (2, 1));
    assert_eq!(world.answered, asked as usize);
    let history = world.history();
    let answers = history.iter().rev().filter(|line| line.starts_with("a: "));
    for (line, number) in answers.zip((1..=asked).rev()) {
        assert_eq!(*line, format!("a: {}", expected(number % 200)));
    }
}
