//! Conversations in virtual time, in both dialects.

use std::time::Duration;

use aloud::base::Moment;
use aloud::dialog::Heard;
use aloud::engine::EngineError;
use aloud::engine::openai::realtime::Dialect;

use crate::strict::{Answer, Asked, Brain, Item};
use crate::world::{Say, World};

/// The server's answer to question `number`.
pub(crate) fn expected(number: u32) -> String {
    let words: Vec<String> = ('a'..='h').map(|letter| format!("{letter}{number}")).collect();
    format!("Answer {number} is {} and no more.", words.join(" "))
}

/// The server: answers every question by its number; those that end in 5 need a tool, those in 7
/// two at once.
pub(crate) fn brain() -> Brain {
    Box::new(|items: &[Item], asked: &Asked| {
        if asked.recital {
            return Answer { text: "As you wish.".into(), calls: Vec::new() };
        }
        let last = items.iter().rposition(|item| item.role == "user").unwrap_or(0);
        let user = items.get(last);
        let written = user.and_then(|user| user.text.split(' ').next_back()?.parse().ok());
        let number = user.and_then(|user| user.said).or(written);
        let Some(number) = number else {
            return Answer { text: "What was that?".into(), calls: Vec::new() };
        };
        let after = &items[last + 1..];
        let done = after.iter().any(|item| item.kind == "function_call_output");
        let call = |name: &str| (name.to_owned(), "{}".to_owned());
        let calls = match number % 10 {
            5 if !done => vec![call("get_time")],
            7 if !done => vec![call("get_time"), call("set_timer")],
            _ => Vec::new(),
        };
        if !calls.is_empty() {
            return Answer { text: String::new(), calls };
        }
        let text = expected(number);
        // Told to go on, it does.
        let begun = after.iter().rev().find(|item| item.role == "assistant");
        let text = match begun {
            Some(begun) if asked.instructions.contains("broke off") => {
                let rest = text.strip_prefix(begun.text.trim());
                rest.unwrap_or("I lost the thread.").trim_start().to_owned()
            }
            _ => text,
        };
        Answer { text, calls: Vec::new() }
    })
}

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn plain(number: u32) -> Say {
    Say { number, ms: 800, pause: None }
}

fn both(scene: fn(Dialect)) {
    scene(Dialect::Ga);
    scene(Dialect::Beta);
}

#[test]
fn a_spoken_question_is_answered_and_both_sides_are_written_down() {
    both(|dialect| {
        let mut world = World::new(dialect, brain);
        world.say(at(2_000), plain(1));
        world.say(at(10_000), plain(2));
        world.run(at(10_000));
        world.rest();
        assert_eq!(
            world.history(),
            [
                "u: question 1".into(),
                format!("a: {}", expected(1)),
                "u: question 2".into(),
                format!("a: {}", expected(2)),
            ]
        );
        assert_eq!(world.complaints(), Vec::<String>::new());
        assert_eq!((world.sessions, world.troubles.len(), world.truncated.len()), (1, 0, 0));
        // The commit costs nothing: all of the sound except the last frame was already there.
        let (server, mut kinds) = (world.server(), Vec::new());
        for event in &server.got {
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
        assert_eq!(kinds.iter().filter(|kind| *kind == "response.create").count(), 2);
        // The silence still sent after the first question.
        assert_eq!(kinds.iter().filter(|kind| *kind == "input_audio_buffer.clear").count(), 1);
    });
}

#[test]
fn a_user_who_goes_on_is_heard_to_the_end_and_answered_once() {
    both(|dialect| {
        let mut world = World::new(dialect, brain);
        world.say(at(2_000), Say { number: 3, ms: 1_200, pause: Some(500) });
        world.run(at(6_000));
        world.rest();
        // Both parts of the sound say the same number here.
        assert_eq!(
            world.history(),
            ["u: question 3 question 3".into(), format!("a: {}", expected(3)),]
        );
        assert_eq!(world.complaints(), Vec::<String>::new());
        let server = world.server();
        assert_eq!((server.commits.len(), server.cancelled), (2, 1));
        // What was prepared during the pause is gone from the conversation.
        let replies = server.items.iter().filter(|item| item.role == "assistant");
        assert_eq!(replies.map(|item| item.text.as_str()).collect::<Vec<_>>(), [expected(3)]);
    });
}

#[test]
fn tools_are_called_and_the_answer_rests_on_them() {
    both(|dialect| {
        let mut world = World::new(dialect, brain);
        world.say(at(2_000), plain(5));
        world.say(at(12_000), plain(7));
        world.run(at(12_000));
        world.rest();
        assert_eq!(
            world.history(),
            [
                "u: question 5".into(),
                "call get_time".into(),
                "= {\"get_time\":\"done\"}".into(),
                format!("a: {}", expected(5)),
                "u: question 7".into(),
                "call get_time".into(),
                "call set_timer".into(),
                "= {\"get_time\":\"done\"}".into(),
                "= {\"set_timer\":\"done\"}".into(),
                format!("a: {}", expected(7)),
            ]
        );
        assert_eq!(world.complaints(), Vec::<String>::new());
    });
}

#[test]
fn an_interruption_cuts_the_item_to_what_was_heard() {
    both(|dialect| {
        let mut world = World::new(dialect, brain);
        world.say(at(2_000), plain(1));
        world.say(at(5_000), plain(2));
        world.run(at(6_000));
        world.rest();
        let history = world.history();
        let heard = history[1].strip_prefix("a: ").unwrap();
        assert!(expected(1).starts_with(heard) && heard.len() < 40, "{history:?}");
        assert_eq!(history[3], format!("a: {}", expected(2)));
        let (_, heard) = &world.rewinds[0];
        let Heard::Part { samples, .. } = heard else { panic!("{heard:?}") };
        let ms = samples / 48;
        assert_eq!(world.complaints(), Vec::<String>::new());
        let truncated: Vec<u64> = world.server().truncated.iter().map(|(_, ms)| *ms).collect();
        assert_eq!(truncated, [ms], "milliseconds heard");
    });
}

#[test]
fn typed_words_and_what_was_said_meanwhile_enter_the_conversation() {
    both(|dialect| {
        let mut world = World::new(dialect, brain);
        world.write(at(2_000), "tell me 4");
        world.run(at(2_100));
        world.rest();
        world.say(world.now + Duration::from_millis(500), plain(6));
        world.run(world.now + Duration::from_millis(3_000));
        world.rest();
        assert_eq!(
            world.history(),
            [
                "u: tell me 4".into(),
                format!("a: {}", expected(4)),
                "u: question 6".into(),
                format!("a: {}", expected(6)),
            ]
        );
        assert_eq!(world.complaints(), Vec::<String>::new());
    });
}

#[test]
fn a_question_outlives_its_connection_and_an_answer_goes_on_in_the_next() {
    both(|dialect| {
        // Wherever it breaks, once in every 50 ms of a turn.
        for broken in (2_000..7_600).step_by(50) {
            let mut world = World::new(dialect, brain);
            world.say(at(1_500), plain(8));
            world.kill(at(broken));
            world.run(at(8_000));
            world.rest();
            let history = world.history();
            let answer = history.iter().find_map(|line| line.strip_prefix("a: ")).unwrap_or("");
            verify(8, answer, &format!("{dialect:?} broken at {broken}: {history:?}"));
            assert_eq!(world.troubles, Vec::<String>::new(), "broken at {broken}");
            assert_eq!(world.complaints(), Vec::<String>::new(), "broken at {broken}");
        }
    });
}

/// An answer that was heard completely, except for one word where the connection broke.
pub(crate) fn verify(number: u32, answer: &str, context: &str) {
    let expected = expected(number);
    let mut wanted = expected.split(' ');
    let mut missing = 0;
    for word in answer.split(' ') {
        loop {
            match wanted.next() {
                Some(next) if next == word => break,
                Some(_) => missing += 1,
                None => panic!("a word twice or out of its place in {answer:?}; {context}"),
            }
        }
    }
    missing += wanted.count();
    assert!(missing <= 1, "{missing} words are missing in {answer:?}; {context}");
}

#[test]
fn the_fallback_answers_while_there_is_no_session_and_the_session_when_it_is_back() {
    let mut world = World::new(Dialect::Ga, brain);
    world.dead = Some(EngineError::Refused("provider openai rejected the key; renew it".into()));
    world.say(at(2_000), plain(1));
    world.run(at(3_000));
    world.rest();
    assert_eq!(world.history(), ["u: spoken 1", "a: The fallback answers spoken 1."]);
    assert_eq!(
        world.notes,
        ["The cascade answers for now, because provider openai rejected the key; renew it",]
    );
    world.dead = None;
    world.say(at(80_000), plain(2));
    world.run(at(81_000));
    world.rest();
    assert_eq!(world.history()[2..], ["u: question 2".into(), format!("a: {}", expected(2))]);
    assert_eq!(world.notes[1..], ["openai/gpt-realtime-2.1 answers again"]);
    // The new session has read what it did not hear.
    let texts: Vec<String> = world.server().items.iter().map(|item| item.text.clone()).collect();
    assert_eq!(texts[..2], ["spoken 1", "The fallback answers spoken 1."]);
    assert_eq!(world.complaints(), Vec::<String>::new());
}

#[test]
fn silence_closes_the_session_and_the_next_word_opens_one() {
    let mut world = World::new(Dialect::Ga, brain);
    world.say(at(2_000), plain(1));
    world.run(at(3_000));
    world.rest();
    assert_eq!(world.servers.len(), 1);
    world.run(world.now + Duration::from_secs(125));
    assert_eq!(world.servers.len(), 0);
    world.say(world.now + Duration::from_secs(60), plain(2));
    world.run(world.now + Duration::from_secs(62));
    world.rest();
    assert_eq!(world.history()[2..], ["u: question 2".into(), format!("a: {}", expected(2))]);
    let texts: Vec<String> = world.server().items.iter().map(|item| item.text.clone()).collect();
    assert_eq!(texts, ["question 1".into(), expected(1), String::new(), expected(2)]);
    assert_eq!(world.complaints(), Vec::<String>::new());
}
