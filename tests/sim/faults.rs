//! Conversations in which something breaks.

use super::script::{check, play};

#[test]
fn stop_ends_a_tool_that_runs() {
    check(
        r#"
        open
        0.500 user "give me the forecast"
        3.600 stop
        9.000 end
        -- noticed
        0.000 ear open
        2.230 asked 1
        2.270 sounds 1
        2.330 tool get_weather
        3.600 cut
        3.612 rewind 1 to "Let me look."
        -- told
        user: give me the forecast
        aloud: Let me look. --
        call get_weather
        get_weather: Interrupted by the user before it finished.
        "#,
    );
}

#[test]
fn a_speaker_that_dies_in_a_cut_does_not_hold_up_the_next_turn() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "hello there you"
        1.800 release
        2.455 speaker-dies
        2.455 press
        2.600 user "what time is it"
        3.800 release
        3.600 speaker-lives
        9.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        1.900 sounds 1
        2.455 cut
        2.455 ear held
        2.705 rewind 1 to "You said"
        3.800 ear let go
        3.860 asked 2
        3.900 tool get_time
        3.905 asked 2
        3.950 sounds 2
        -- told
        user: hello there you
        aloud: You said --
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn an_engine_that_never_answers_is_told() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "dead"
        1.800 release
        40.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        31.860 rewind 1 to nothing
        31.860 told: The answer is taking too long. Please ask again.
        31.900 sounds 2
        -- told
        user: dead
        "#,
    );
}

#[test]
fn a_transcript_that_comes_too_late_changes_nothing() {
    check(
        r#"
        push-to-talk
        0.000 transcriber-takes 21000
        0.500 press
        0.600 user "hello"
        1.800 release
        1.900 transcriber-takes 60
        30.000 press
        30.200 user "hello again"
        31.000 release
        36.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        21.800 told: I could not make out what you said in time. Please say it again.
        21.840 sounds 1
        30.000 ear held
        31.000 ear let go
        31.060 asked 2
        31.100 sounds 2
        -- told
        user: hello again
        aloud: You said hello again.
        "#,
    );
}

#[test]
fn a_busy_service_is_told() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "busy"
        1.800 release
        9.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        1.900 rewind 1 to nothing
        1.900 told: The service is busy. Try again in a minute.
        1.940 sounds 2
        -- told
        user: busy
        "#,
    );
}

#[test]
fn a_reply_that_breaks_off_is_heard_to_the_break() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "breaks"
        1.800 release
        9.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        1.900 sounds 1
        2.660 rewind 1 to "Once upon a"
        2.660 told: The connection broke. Ask again.
        2.700 sounds 2
        -- told
        user: breaks
        aloud: Once upon a --
        "#,
    );
}

#[test]
fn a_stuck_key_is_let_go() {
    check(
        r#"
        push-to-talk
        1.000 press
        1.200 user "what time is it"
        601.000 release
        602.000 press
        602.200 user "hello"
        603.000 release
        606.000 end
        -- noticed
        1.000 ear held
        66.000 told: The talk key was down for too long, so I let it go. Press it again to talk.
        66.000 ear let go
        66.000 asked 1
        66.040 tool get_time
        66.045 asked 1
        66.090 sounds 1
        602.000 ear held
        603.000 ear let go
        603.060 asked 2
        603.100 sounds 2
        -- told
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        user: hello
        aloud: You said hello.
        "#,
    );
}

#[test]
fn a_lost_microphone_is_told_and_comes_back() {
    check(
        r#"
        open
        0.500 user "what time is it"
        0.900 microphone-lost
        5.000 microphone-back
        6.000 user "hello"
        9.000 end
        -- noticed
        0.000 ear open
        0.900 told: The microphone is gone. Plug it in again, or run "aloud devices".
        0.900 ear shut
        0.940 sounds 1
        5.000 ear open
        6.860 asked 2
        6.900 sounds 2
        -- told
        user: hello
        aloud: You said hello.
        "#,
    );
}

#[test]
fn a_responder_that_only_calls_tools_is_ended() {
    check(
        r#"
        push-to-talk
        1.000 press
        1.200 user "loop"
        2.400 release
        7.000 end
        -- noticed
        1.000 ear held
        2.400 ear let go
        2.460 asked 1
        2.500 tool get_time
        2.505 asked 1
        2.545 tool get_time
        2.550 asked 1
        2.590 tool get_time
        2.595 asked 1
        2.635 tool get_time
        2.640 asked 1
        2.680 tool get_time
        2.685 asked 1
        2.725 tool get_time
        2.730 asked 1
        2.770 tool get_time
        2.775 asked 1
        2.815 tool get_time
        2.820 rewind 1 to nothing
        2.820 told: I could not finish that. Please ask for one thing at a time.
        2.860 sounds 2
        -- told
        user: loop
        call get_time
        get_time: done
        call get_time
        get_time: done
        call get_time
        get_time: done
        call get_time
        get_time: done
        call get_time
        get_time: done
        call get_time
        get_time: done
        call get_time
        get_time: done
        call get_time
        get_time: done
        "#,
    );
}

#[test]
fn a_speaker_that_stays_dead_is_told() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "hello there you"
        1.800 release
        2.455 speaker-dies
        2.455 press
        2.600 user "what time is it"
        3.800 release
        12.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        1.900 sounds 1
        2.455 cut
        2.455 ear held
        2.705 rewind 1 to "You said"
        3.800 ear let go
        3.860 asked 2
        3.900 tool get_time
        3.905 asked 2
        6.945 cut
        6.945 told: The speaker stopped playing. Run "aloud devices" to choose another.
        7.195 rewind 2 to nothing
        -- told
        user: hello there you
        aloud: You said --
        user: what time is it
        call get_time
        get_time: done
        "#,
    );
}

/// Whoever types reads: an answer of any length is over as soon as it is written, and the next
/// question refers to it.
#[test]
fn without_a_speaker_a_typed_question_is_answered_on_the_screen() {
    check(
        r#"
        push-to-talk
        0.100 speaker-lost
        0.500 type "please tell me a long story now"
        2.000 type "what time is it"
        3.000 speaker-back
        6.000 end
        -- noticed
        0.500 asked 1
        0.720 told: There is no speaker, so answers are only shown. Connect one, or run "aloud devices".
        2.000 asked 2
        2.040 tool get_time
        2.045 asked 2
        -- told
        user: please tell me a long story now
        aloud: You said please tell me a long story now.
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn a_spoken_question_waits_for_a_speaker_that_is_away_for_a_moment() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "hello there you"
        1.700 speaker-lost
        1.800 release
        2.500 speaker-back
        6.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        2.500 sounds 1
        -- told
        user: hello there you
        aloud: You said hello there you.
        "#,
    );
}

#[test]
fn a_speaker_that_comes_back_plays_on() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "please tell me a long story now"
        2.700 release
        3.500 speaker-lost
        4.300 speaker-back
        9.000 end
        -- noticed
        0.500 ear held
        2.700 ear let go
        2.760 asked 1
        2.800 sounds 1
        -- told
        user: please tell me a long story now
        aloud: You said please tell me a long story now.
        "#,
    );
}

#[test]
fn a_microphone_that_falls_silent_in_a_word_does_not_block() {
    check(
        r#"
        open
        0.500 user "what time is it now"
        1.000 microphone-dies
        70.000 end
        -- noticed
        0.000 ear open
        65.560 told: The microphone is gone. Plug it in again, or run "aloud devices".
        65.560 ear shut
        65.560 ear open
        65.600 sounds 1
        -- told
        "#,
    );
}

#[test]
fn stop_forgets_what_was_half_said() {
    check(
        r#"
        open speculate
        0.500 user "set a timer for ten minutes please"
        1.800 stop
        4.500 end
        -- noticed
        0.000 ear open
        1.800 ear shut
        1.800 ear open
        2.740 asked 1
        2.990 sounds 1
        -- told
        user: for ten minutes please
        aloud: You said for ten minutes please.
        "#,
    );
}

#[test]
fn a_refused_key_is_told_and_the_next_turn_works() {
    check(
        r#"
        open speculate
        0.000 transcriber-fails "The key was refused. Check OPENAI_API_KEY."
        0.500 user "hello"
        4.000 transcriber-works
        5.000 user "hello"
        8.000 end
        -- noticed
        0.000 ear open
        1.360 told: The key was refused. Check OPENAI_API_KEY.
        1.400 sounds 1
        5.560 asked 2
        5.810 sounds 2
        -- told
        user: hello
        aloud: You said hello.
        "#,
    );
}

#[test]
fn a_device_that_comes_or_goes_while_the_service_ends_holds_up_nothing() {
    check(
        r#"
        push-to-talk
        1.000 type "everything"
        3.000 quit
        3.003 speaker-lost
        3.006 speaker-back
        3.100 microphone-lost
        3.200 microphone-back
        4.000 end
        -- noticed
        1.000 asked 1
        1.040 sounds 1
        3.000 cut
        3.003 rewind 1 to ""
        -- told
        user: everything
        "#,
    );
}

#[test]
fn what_a_tool_was_about_to_do_is_not_done_after_a_stop() {
    let past = |stop: &str| {
        play(&format!(
            "push-to-talk\n1.000 press\n1.200 user \"set a timer\"\n2.400 release\n{stop} stop\n5.000 end"
        ))
    };
    // It takes 5 ms from 2.500 on.
    assert_eq!(past("2.502").room.lock().effects, Vec::<String>::new());
    assert_eq!(past("2.506").room.lock().effects, ["set a timer"]);
}
