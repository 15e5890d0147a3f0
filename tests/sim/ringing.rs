//! Timers and alarms that ring until somebody answers, on the real book, bell, driver and edge.

use aloud::audio::Side;
use aloud::base::Epoch;
use aloud::dialog::Item;
use aloud::drive::Request;
use serde_json::json;

use super::script::{in_time, setup};
use super::world::{Act, World};

/// A world in which a pasta timer of `seconds` was set at the start.
fn with_timer(mode: &str, seconds: u64) -> World {
    let mut world = World::new(setup(mode), true);
    world.at(0, Act::Call("set_timer", json!({"seconds": seconds, "label": "pasta"})));
    world
}

/// The times in milliseconds at which somebody in the room hears a ring begin.
fn rounds(world: &World) -> Vec<u64> {
    let noticed = world.room.lock().noticed.clone();
    let times = noticed.iter().filter_map(|line| line.split_once(" sounds "));
    times.map(|(at, _)| (at.parse::<f64>().unwrap() * 1_000.0).round() as u64).collect()
}

fn replies(items: &[Item]) -> Vec<String> {
    let text = |item: &Item| match item {
        Item::Notice { text } | Item::Reply { text, .. } => Some(text.clone()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

#[test]
fn a_timer_rings_for_two_minutes_and_what_was_missed_is_told_at_the_next_turn() {
    in_time(async {
        let mut world = with_timer("push-to-talk", 10);
        world.run(9_900).await;
        assert!(world.state().ringing.is_empty());
        world.run(10_500).await;
        assert_eq!(
            (world.state().state, world.state().ringing),
            ("ringing", vec!["pasta timer".into()])
        );
        world.run(100_000).await;
        assert_eq!(world.state().state, "ringing");
        world.run(140_000).await;
        assert!(world.state().ringing.is_empty());
        let rang = rounds(&world);
        assert!((10_000..10_100).contains(&rang[0]), "{rang:?}");
        assert!(rang.len() > 15 && (118_000..135_000).contains(rang.last().unwrap()), "{rang:?}");
        assert_eq!(world.book.view().missed.len(), 1);
        world.at(150_000, Act::Ask(Request::Ask { text: "hello".into() }));
        world.run(170_000).await;
        assert_eq!(world.book.view().missed, []);
        let past = world.end().await;
        let said = replies(past.items());
        assert_eq!(said[0], "Your pasta timer is done.");
        assert_eq!(
            said[said.len() - 2..],
            ["You said hello.", "You missed your pasta timer at 7:40 AM."]
        );
        past.replay();
    });
}

#[test]
fn whatever_a_person_does_ends_a_ring_at_once() {
    let ways: [(&str, &str, Act); 5] = [
        ("the command", "push-to-talk", Act::Ask(Request::Stop)),
        ("the talk key", "push-to-talk", Act::Ask(Request::Press)),
        ("a typed word", "push-to-talk", Act::Ask(Request::Ask { text: "okay".into() })),
        ("the tool", "push-to-talk", Act::Call("cancel_timer", json!({}))),
        ("a spoken word", "open", Act::Say("stop".into())),
    ];
    for (way, mode, act) in ways {
        in_time(async {
            let mut world = with_timer(mode, 5);
            // In the pause between two rounds.
            world.at(9_000, act);
            world.run(8_900).await;
            assert_eq!(world.state().state, "ringing", "{way}");
            world.run(12_000).await;
            assert!(world.state().ringing.is_empty(), "{way}");
            assert_eq!(world.book.view().entries, [], "{way}");
            let before = rounds(&world).len();
            world.run(60_000).await;
            assert_eq!(rounds(&world).len(), before, "{way}");
            let past = world.end().await;
            assert_eq!(replies(past.items()), ["Your pasta timer is done."], "{way}");
        });
    }
}

#[test]
fn a_word_over_the_ring_is_heard_and_the_ring_falls_silent() {
    in_time(async {
        let mut world = with_timer("open", 5);
        world.at(5_600, Act::Say("stop please".into()));
        world.run(9_000).await;
        assert!(world.state().ringing.is_empty());
        let past = world.end().await;
        assert!(past.noticed().iter().any(|line| line.ends_with(" cut")), "{:?}", past.noticed());
    });
}

#[test]
fn a_question_while_it_rings_ends_the_ring_and_is_answered() {
    in_time(async {
        let mut world = with_timer("open", 5);
        world.at(9_000, Act::Say("what time is it".into()));
        world.run(20_000).await;
        assert!(world.state().ringing.is_empty());
        let past = world.end().await;
        assert_eq!(replies(past.items()).last().unwrap(), "It is ten o'clock.");
    });
}

#[test]
fn snooze_rings_again_later() {
    in_time(async {
        let mut world = with_timer("push-to-talk", 5);
        world.at(6_000, Act::Ask(Request::Snooze { minutes: Some(10) }));
        world.run(7_000).await;
        assert!(world.state().ringing.is_empty());
        assert_eq!(world.state().timers, 1);
        world.run(604_000).await;
        assert!(world.state().ringing.is_empty());
        world.run(607_000).await;
        assert_eq!(world.state().ringing, ["pasta timer"]);
        // Also after a stop, for those who stop before they think.
        world.at(608_000, Act::Ask(Request::Stop));
        world.at(610_000, Act::Ask(Request::Snooze { minutes: None }));
        world.run(611_000).await;
        assert_eq!(world.state().timers, 1);
        world.end().await;
    });
}

#[test]
fn a_ring_at_volume_zero_is_heard_and_leaves_the_volume_as_it_was() {
    in_time(async {
        for mute in [false, true] {
            let mut world = with_timer("push-to-talk", 5);
            if mute {
                world.volume.set(30);
                world.volume.mute(true);
            } else {
                world.volume.set(0);
            }
            assert_eq!(world.volume.gain(), 0.0);
            world.run(6_000).await;
            assert!(world.volume.gain() >= 0.4);
            world.at(6_100, Act::Ask(Request::Stop));
            world.run(7_000).await;
            assert_eq!(world.volume.gain(), 0.0);
            assert_eq!(
                (world.volume.percent(), world.volume.muted()),
                if mute { (30, true) } else { (0, false) }
            );
            world.end().await;
        }
    });
}

#[test]
fn a_ring_without_a_speaker_sounds_as_soon_as_there_is_one() {
    in_time(async {
        let mut world = with_timer("push-to-talk", 5);
        world.at(1_000, Act::Device(Side::Output, false));
        world.at(605_000, Act::Device(Side::Output, true));
        world.run(604_000).await;
        assert_eq!(world.state().state, "ringing");
        assert_eq!(rounds(&world), Vec::<u64>::new());
        world.run(606_000).await;
        let rang = rounds(&world);
        assert!((605_000..605_100).contains(&rang[0]), "{rang:?}");
        world.end().await;
    });
}

#[test]
fn a_program_that_ends_while_it_rings_leaves_the_ring_in_the_book() {
    in_time(async {
        let mut world = with_timer("push-to-talk", 5);
        world.run(6_000).await;
        let book = world.book.clone();
        world.end().await;
        assert_eq!(book.view().ringing.len(), 1);
        assert_eq!(book.view().missed, []);
    });
}

#[test]
fn forty_timers_at_once_are_one_ring_and_none_is_lost() {
    in_time(async {
        let mut world = World::new(setup("push-to-talk"), true);
        for _ in 0..40 {
            world.at(0, Act::Call("set_timer", json!({"seconds": 5})));
        }
        world.run(6_000).await;
        assert_eq!(world.state().ringing.len(), 40);
        world.run(200_000).await;
        // The last twenty are announced; nobody listens to more.
        assert_eq!(world.book.view().missed.len(), 20);
        let past = world.end().await;
        let said = replies(past.items());
        assert!(said[0].ends_with("37 more are ringing."), "{said:?}");
        assert!(!past.noticed().iter().any(|line| line.contains("told: ")), "{:?}", past.noticed());
    });
}

/// A ring is not a reply: a question right after it has an epoch and a history of its own.
#[test]
fn a_long_ring_leaves_few_lines_in_the_history() {
    in_time(async {
        let mut world = World::new(setup("push-to-talk"), true);
        world.at(0, Act::Call("set_alarm", json!({"time": "07:41"})));
        world.run(400_000).await;
        assert_eq!(world.state().state, "ringing");
        assert!(world.state().epoch <= 200, "{:?}", Epoch(world.state().epoch));
        let past = world.end().await;
        let said = replies(past.items());
        assert!(said.len() < 30, "{}", said.len());
        assert!(said.iter().all(|text| text == "It's 7:41 AM. This is your alarm."), "{said:?}");
    });
}
