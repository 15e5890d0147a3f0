//! One hour of conversation, to see how long an hour takes. The figure is printed, not asserted:
//! this machine may be busy.

use aloud::base::Clock;
use aloud::dialog::Item;
use aloud::turn::{Mode, MouthStatus, Settings, Setup};

use super::script::{act, in_time, told};
use super::tools;
use super::world::World;

/// Half a minute of conversation: plain turns, a tool, an interrupted reply, a murmur, a notice.
const TALK: [(u64, &str); 8] = [
    (500, r#"user "what time is it""#),
    (4_500, r#"user "set a timer (320) for ten minutes""#),
    (11_000, r#"user "please tell me a long story now""#),
    (14_500, r#"user "no wait listen to me""#),
    (20_000, r#"user "tell me another story""#),
    (22_700, r#"user "mhm""#),
    (25_500, r#"says "Your timer is done.""#),
    (28_000, "noise 100"),
];

const ROUNDS: u64 = 120;

#[test]
fn an_hour_of_talk() {
    let mut settings = Settings { mode: Mode::Open, speculate: true, ..Settings::default() };
    settings.interruption.looks = true;
    let setup = Setup { settings, hears: false, tools: tools::effects(), ..Setup::default() };
    let clock = Clock::start();
    let past = in_time(async {
        let mut world = World::new(setup, false);
        world.hurry();
        for round in 0..ROUNDS {
            for (at, what) in TALK {
                world.at(round * 30_000 + at, act(what));
            }
        }
        world.run(ROUNDS * 30_000).await;
        assert_eq!(world.state().mouth, MouthStatus::Silent);
        world.end().await
    });
    let took = clock.now();

    // Every round is the same, to the word.
    assert_eq!(past.room.lock().effects.len() as u64, ROUNDS);
    let items = past.items();
    let begins = |item: &Item| matches!(item, Item::User { text, .. } if text == "what time is it");
    let last = items.iter().rposition(begins).unwrap();
    let told = told(&items[last..]);
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
            "aloud: You said please tell me --",
            "user: no wait listen to me",
            "aloud: You said no wait listen to me.",
            "user: tell me another story",
            "aloud: You said tell me another story.",
            "notice: Your timer is done.",
        ]
    );
    println!(
        "one hour of talk: {} turns, {} answers asked for, {:.2} s",
        ROUNDS * 5,
        past.room.lock().turns,
        took.as_micros() as f64 / 1e6
    );
}
