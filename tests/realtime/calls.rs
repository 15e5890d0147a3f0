//! Calls with repeated ids, slow calls, and announcements, in virtual time.

use std::time::Duration;

use aloud::base::Moment;
use aloud::engine::openai::realtime::{Behind, Dialect, Line, Settings};

use crate::strict::{Item, Manners};
use crate::talk::{brain, expected};
use crate::world::{Say, World};

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn plain(number: u32) -> Say {
    Say { number, ms: 800, pause: None }
}

#[test]
fn calls_that_have_the_same_name_in_each_session_are_told_apart() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let mut world = World::new(dialect, brain);
        world.manners = Manners { anew: true, ..Manners::default() };
        let mut wanted = Vec::new();
        for (turn, number) in [5, 15, 7, 25].into_iter().enumerate() {
            let begin = 2_000 + turn as u64 * 12_000;
            world.say(at(begin), plain(number));
            world.run(at(begin + 1_000));
            world.rest();
            // Each session is lost between two turns.
            world.kill(world.now + Duration::from_millis(100));
            wanted.push(format!("u: question {number}"));
            let tools: &[&str] =
                if number == 7 { &["get_time", "set_timer"] } else { &["get_time"] };
            wanted.extend(tools.iter().map(|tool| format!("call {tool}")));
            wanted.extend(tools.iter().map(|tool| format!("= {{\"{tool}\":\"done\"}}")));
            wanted.push(format!("a: {}", expected(number)));
        }
        assert_eq!(world.history(), wanted);
        assert_eq!(world.complaints(), Vec::<String>::new(), "{dialect:?}");
        assert_eq!(world.troubles, Vec::<String>::new());
        assert!(world.sessions >= 4, "{}", world.sessions);
    }
}

#[test]
fn a_tool_that_takes_long_keeps_nobody_from_talking() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        for number in [5, 7] {
            let mut world = World::new(dialect, brain);
            world.tool = Duration::from_secs(8);
            world.say(at(2_000), plain(number));
            // The tools run; the user goes on talking, and is answered before they are done.
            world.say(at(5_000), plain(2));
            world.run(at(9_900));
            let history = world.history();
            let broken = "= Interrupted by the user before it finished.";
            let wanted = match number {
                // They talk over the word that says that it takes a while.
                5 => vec![
                    "u: question 5",
                    "a: One moment.",
                    "call get_time",
                    broken,
                    "u: question 2",
                ],
                // One with effects may have had them.
                _ => vec![
                    "u: question 7",
                    "a: One moment.",
                    "call get_time",
                    "call set_timer",
                    broken,
                    broken,
                    "u: question 2",
                ],
            };
            let answer = format!("a: {}", expected(2));
            assert_eq!(history, [wanted, vec![answer.as_str()]].concat());
            // Their results are obsolete by then, and change nothing.
            world.run(at(16_000));
            world.rest();
            assert_eq!(world.history(), history);
            // Without interruption the result is used when it arrives, however long it takes.
            world.say(world.now + Duration::from_secs(1), plain(15));
            world.run(world.now + Duration::from_secs(4));
            world.rest();
            assert_eq!(
                world.history()[history.len()..],
                [
                    "u: question 15".to_owned(),
                    "a: One moment.".to_owned(),
                    "call get_time".to_owned(),
                    "= {\"get_time\":\"done\"}".to_owned(),
                    format!("a: {}", expected(15)),
                ]
            );
            assert_eq!(world.complaints(), Vec::<String>::new(), "{dialect:?}");
            // Every remaining call has exactly one outcome, here and at the server.
            let items = world.server().items.clone();
            let calls = items.iter().filter(|item| item.kind == "function_call");
            for call in calls {
                let outcome = |item: &&Item| item.kind == "function_call_output";
                let of = items.iter().filter(outcome).filter(|item| item.call == call.call);
                assert_eq!(of.count(), 1, "{call:?}");
            }
        }
    }
}

#[test]
fn a_session_says_what_is_announced_where_nobody_else_can_and_forgets_it() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let mut world = World::new(dialect, brain);
        let settings = Settings { transcribe: Some("m".into()), ..Settings::default() };
        world.line =
            Line::new(settings, Behind { name: "nobody".into(), voiced: false, hears: false });
        world.say(at(2_000), plain(1));
        world.run(at(3_000));
        world.rest();
        world.notice(world.now + Duration::from_secs(1), "Your timer is done.");
        world.run(world.now + Duration::from_secs(2));
        world.rest();
        world.say(world.now + Duration::from_secs(1), plain(2));
        world.run(world.now + Duration::from_secs(3));
        world.rest();
        assert_eq!(
            world.history(),
            [
                "u: question 1".to_owned(),
                format!("a: {}", expected(1)),
                "n: Your timer is done.".to_owned(),
                "u: question 2".to_owned(),
                format!("a: {}", expected(2)),
            ]
        );
        // The fallback did not speak; the session was told what to say, outside the conversation.
        assert_eq!(world.say_by_fallback, Vec::<String>::new());
        let asked: Vec<_> =
            world.sent.iter().filter(|event| event["response"]["conversation"] == "none").collect();
        assert_eq!(asked.len(), 1, "{dialect:?}");
        let instructions = asked[0]["response"]["instructions"].as_str().unwrap();
        assert!(instructions.ends_with(": Your timer is done."), "{instructions}");
        assert_eq!(world.sound.len(), 3, "three times something sounded: {:?}", world.sound);
        assert_eq!(world.complaints(), Vec::<String>::new(), "{dialect:?}");
    }
}
