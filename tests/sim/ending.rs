//! How long a pause ends a turn, by what was said.

use super::script::{act, check, in_time, setup, told};
use super::world::World;

#[test]
fn half_a_request_is_waited_for() {
    check(
        r#"
        open speculate smart
        0.500 user "set an alarm for (1200) half past six"
        8.000 end
        -- noticed
        0.000 ear open
        3.580 asked 1
        3.640 sounds 1
        -- told
        user: set an alarm for half past six
        aloud: You said set an alarm for half past six.
        "#,
    );
}

#[test]
fn a_whole_request_is_answered_sooner_than_after_the_usual_pause() {
    check(
        r#"
        open speculate smart
        0.500 user "what time is it"
        8.000 end
        -- noticed
        0.000 ear open
        1.630 asked 1
        1.670 tool get_time
        1.675 asked 1
        1.720 sounds 1
        -- told
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn an_unknown_sentence_ends_with_the_configured_pause() {
    check(
        r#"
        open speculate smart
        0.500 user "please tell me a long story now"
        8.000 end
        -- noticed
        0.000 ear open
        2.620 asked 1
        2.870 sounds 1
        -- told
        user: please tell me a long story now
        aloud: You said please tell me a long story now.
        "#,
    );
}

#[test]
fn even_after_an_open_word_two_seconds_of_silence_are_the_end() {
    check(
        r#"
        open speculate smart
        0.500 user "bring me the red and"
        8.000 end
        -- noticed
        0.000 ear open
        3.640 asked 1
        3.680 sounds 1
        -- told
        user: bring me the red and
        aloud: You said bring me the red and.
        "#,
    );
}

#[test]
fn words_that_are_not_recognized_do_not_hold_the_turn_open() {
    check(
        r#"
        open speculate smart
        0.100 transcriber-takes 5000
        0.500 user "set an alarm for"
        12.000 end
        -- noticed
        0.000 ear open
        6.630 asked 1
        6.670 sounds 1
        -- told
        user: set an alarm for
        aloud: You said set an alarm for.
        "#,
    );
}

#[test]
fn a_held_key_ends_the_turn_whatever_was_said() {
    check(
        r#"
        push-to-talk speculate smart
        1.000 press
        1.200 user "set an alarm for"
        2.600 release
        8.000 end
        -- noticed
        1.000 ear held
        2.390 asked 1
        2.600 ear let go
        2.610 sounds 1
        -- told
        user: set an alarm for
        aloud: You said set an alarm for.
        "#,
    );
}

#[test]
fn what_is_prepared_in_vain_is_counted_and_nothing_comes_of_it() {
    for (pause, least, most) in [(70, 0.0, 0.06), (150, 0.06, 0.2)] {
        in_time(async {
            let mut world = World::smart(setup("open speculate smart"));
            world.at(500, act(&format!(r#"user "what time is it ({pause}) in Tokyo""#)));
            world.run(2_600).await;
            let vain = world.state().in_vain;
            assert_eq!((vain.times, vain.requests, vain.cost), (1, 0, None), "{pause} ms");
            assert!((least..=most).contains(&vain.seconds), "{pause} ms: {vain:?}");
            world.run(6_000).await;
            assert_eq!(world.state().in_vain, vain, "what was answered was not in vain");
            let past = world.end().await;
            past.verify();
            past.replay();
            assert_eq!(told(past.items())[0], "user: what time is it in Tokyo", "{pause} ms");
        });
    }
}
