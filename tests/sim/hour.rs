//! One hour of talk, to see how long an hour takes. The figure is printed, not asserted: this
//! machine may be busy.

use aloud::base::Clock;
use aloud::dialog::Item;
use aloud::turn::{Mode, MouthStatus, Settings, Setup};

use super::script::act;
use super::world::World;

/// Half a minute of talk: plain turns, a tool, a reply that is interrupted, a murmur, a ring.
const TALK: [(u64, &str); 8] = [
    (500, r#"user "what time is it""#),
    (4_500, r#"user "set a timer (320) for ten minutes""#),
    (11_000, r#"user "please tell me a long story now""#),
    (14_500, r#"user "no wait listen to me""#),
    (20_000, r#"user "tell me another story""#),
    (22_700, r#"user "mhm""#),
    (25_500, r#"rings "Your timer is done.""#),
    (28_000, "noise 100"),
];

#[test]
fn an_hour_of_talk() {
    let settings = Settings { mode: Mode::Open, speculate: true, ..Settings::default() };
    let setup = Setup { settings, hears: false, tools: World::tools() };
    let mut world = World::new(setup);
    world.hurry();
    const ROUNDS: u64 = 120;
    for round in 0..ROUNDS {
        for (at, what) in TALK {
            world.at(round * 30_000 + at, act(what));
        }
    }
    let clock = Clock::start();
    world.run(ROUNDS * 30_000);
    let took = clock.now();

    // Every round does the same, to the word.
    assert_eq!(world.effects.len() as u64, ROUNDS);
    assert_eq!(world.machine.status().mouth, MouthStatus::Silent);
    let items = world.machine.history().items();
    let begins = |item: &Item| matches!(item, Item::User { text, .. } if text == "what time is it");
    let last = items.iter().rposition(begins).unwrap();
    let told = super::script::told(&items[last..]);
    assert_eq!(
        told,
        [
            "user: what time is it",
            "call get_time",
            "get_time: done",
            "aloud: It is ten o'clock.",
            "user: set a timer for ten minutes",
            "call set_timer",
            "set_timer: done",
            "aloud: Done: set a timer for ten minutes.",
            "user: please tell me a long story now",
            "aloud: You said please tell me a long --",
            "user: no wait listen to me",
            "aloud: You said no wait listen to me.",
            "user: tell me another story",
            "aloud: You said tell me another story.",
            "notice: Your timer is done.",
        ]
    );
    println!(
        "one hour of talk: {} turns, {} inputs, {:.2} s",
        ROUNDS * 5,
        world.inputs,
        took.as_micros() as f64 / 1e6
    );
}
