//! Conversations in which everything works.

use super::script::check;

#[test]
fn a_question_asked_with_the_key() {
    check(
        r#"
        push-to-talk
        1.000 press
        1.200 user "what time is it"
        2.400 release
        6.000 end
        -- noticed
        1.000 ear held
        2.400 ear let go
        2.460 asked 1
        2.500 tool get_time
        2.505 asked 1
        2.550 sounds 1
        -- told
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn going_on_after_a_pause_drops_what_was_prepared() {
    check(
        r#"
        open speculate
        0.500 user "set a timer (320) for ten minutes"
        8.000 end
        -- noticed
        0.000 ear open
        1.480 asked 1
        1.580 rewind 1 to nothing
        2.670 asked 2
        2.910 tool set_timer
        2.915 asked 2
        2.960 sounds 2
        -- told
        user: set a timer for ten minutes
        call set_timer
        set_timer: done
        aloud: Done: set a timer for ten minutes.
        "#,
    );
}

#[test]
fn speaking_over_a_reply_cuts_it_and_what_was_heard_is_known() {
    check(
        r#"
        open speculate
        0.500 user "please tell me a long story now"
        4.000 user "no wait listen to me"
        9.000 end
        -- noticed
        0.000 ear open
        2.620 asked 1
        2.870 sounds 1
        4.060 quieter
        4.230 held
        4.380 cut
        4.380 louder
        4.382 rewind 1 to "You said please tell me"
        5.520 asked 2
        5.770 sounds 2
        -- told
        user: please tell me a long story now
        aloud: You said please tell me --
        user: no wait listen to me
        aloud: You said no wait listen to me.
        "#,
    );
}

#[test]
fn a_knock_and_a_murmur_only_turn_the_reply_down() {
    check(
        r#"
        open speculate
        0.500 user "please tell me a long story now"
        3.100 noise 100
        4.200 noise 20
        5.000 user "mhm"
        9.000 end
        -- noticed
        0.000 ear open
        2.620 asked 1
        2.870 sounds 1
        3.110 quieter
        3.700 louder
        4.210 quieter
        4.720 louder
        5.010 quieter
        5.120 louder
        -- told
        user: please tell me a long story now
        aloud: You said please tell me a long story now.
        "#,
    );
}

#[test]
fn one_short_word_can_cut_a_reply() {
    check(
        r#"
        open speculate
        0.500 user "please tell me a long story now"
        4.000 user "stop"
        9.000 end
        -- noticed
        0.000 ear open
        2.620 asked 1
        2.870 sounds 1
        4.060 quieter
        4.200 held
        4.500 cut
        4.500 louder
        4.502 rewind 1 to "You said please tell me"
        -- told
        user: please tell me a long story now
        aloud: You said please tell me --
        "#,
    );
}

#[test]
fn the_key_cuts_a_reply_at_once() {
    check(
        r#"
        push-to-talk
        0.500 press
        0.600 user "hello there you"
        1.800 release
        2.400 press
        2.600 user "what time is it"
        3.800 release
        8.000 end
        -- noticed
        0.500 ear held
        1.800 ear let go
        1.860 asked 1
        1.900 sounds 1
        2.400 cut
        2.400 ear held
        2.412 rewind 1 to "You said"
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
fn what_is_said_before_the_reply_is_answered_with_it() {
    check(
        r#"
        open
        0.000 responder-takes 1200
        0.500 user "what time is it"
        2.600 user "in london"
        12.000 end
        -- noticed
        0.000 ear open
        1.990 asked 1
        3.190 tool get_time
        3.195 asked 1
        3.730 rewind 1 to nothing
        3.730 asked 2
        4.930 tool get_time
        4.935 asked 2
        6.140 sounds 2
        -- told
        user: what time is it in london
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn what_was_done_is_not_done_again_when_the_user_adds_to_it() {
    check(
        r#"
        open
        0.000 responder-takes 400
        0.500 user "set a timer"
        2.350 user "for the pasta"
        9.000 end
        -- noticed
        0.000 ear open
        1.780 asked 1
        2.180 tool set_timer
        2.185 asked 1
        3.630 rewind 1 to nothing
        3.630 asked 2
        4.030 sounds 2
        -- told
        user: set a timer
        call set_timer
        set_timer: done
        user: for the pasta
        aloud: You said for the pasta.
        "#,
    );
}

#[test]
fn a_ring_waits_for_the_talk_and_is_silenced_by_stop() {
    check(
        r#"
        open speculate
        0.100 says "Your first timer is done."
        2.000 user "what time is it now please"
        2.500 says "Your timer is done."
        9.000 says "Your pasta is done and cold."
        9.900 stop
        12.000 end
        -- noticed
        0.000 ear open
        0.140 sounds 1
        3.790 asked 2
        3.830 tool get_time
        3.835 asked 2
        4.040 sounds 2
        5.090 sounds 3
        9.040 sounds 4
        9.900 cut
        -- told
        notice: Your first timer is done.
        user: what time is it now please
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        notice: Your timer is done.
        notice: Your pasta is
        "#,
    );
}

#[test]
fn a_muted_microphone_hears_nothing() {
    check(
        r#"
        open
        0.100 mute
        0.200 press
        0.500 user "what time is it"
        3.000 unmute
        4.000 user "hello"
        8.000 end
        -- noticed
        0.000 ear open
        0.100 ear shut
        0.200 told: The microphone is muted. Run "aloud unmute".
        3.000 ear open
        4.860 asked 1
        4.900 sounds 1
        -- told
        user: hello
        aloud: You said hello.
        "#,
    );
}

#[test]
fn a_partner_that_hears_does_not_wait_for_the_words() {
    check(
        r#"
        open hears
        0.500 user "what time is it"
        2.300 user "hello no wait"
        9.000 end
        -- noticed
        0.000 ear open
        1.930 asked 1
        1.970 sounds 1
        2.310 quieter
        2.500 held
        2.650 cut
        2.650 louder
        2.652 rewind 1 to "I heard"
        3.580 asked 2
        3.620 sounds 2
        -- told
        user: what time is it
        aloud: I heard --
        user: hello no wait
        aloud: I heard you.
        "#,
    );
}

#[test]
fn a_partner_that_hears_is_not_cut_by_a_murmur_but_by_a_word() {
    check(
        r#"
        open hears
        0.100 type "please tell me a very long story about the sea and the ships and the wind"
        1.000 user "mhm"
        2.200 user "stop"
        6.000 end
        -- noticed
        0.000 ear open
        0.100 asked 1
        0.140 sounds 1
        1.060 quieter
        1.740 louder
        2.210 quieter
        2.400 held
        2.700 cut
        2.700 louder
        2.702 rewind 1 to "You said please tell me a very long story"
        -- told
        user: please tell me a very long story about the sea and the ships and the wind
        aloud: You said please tell me a very long story --
        "#,
    );
}

#[test]
fn words_that_do_not_come_in_time_are_taken_for_an_interruption() {
    check(
        r#"
        open hears
        0.050 transcriber-takes 3000
        0.100 type "please tell me a very long story about the sea and the ships and the wind"
        1.000 user "mhm"
        6.000 end
        -- noticed
        0.000 ear open
        0.100 asked 1
        0.140 sounds 1
        1.060 quieter
        2.680 cut
        2.680 louder
        2.682 rewind 1 to "You said please tell me a very long story about"
        2.682 asked 2
        2.730 sounds 2
        -- told
        user: please tell me a very long story about the sea and the ships and the wind
        aloud: You said please tell me a very long story about --
        user: mhm
        aloud: I heard you.
        "#,
    );
}

#[test]
fn sound_without_words_gets_no_answer() {
    check(
        r#"
        open speculate
        0.500 noise 500
        4.000 end
        -- noticed
        0.000 ear open
        -- told
        "#,
    );
}

#[test]
fn typed_words_cut_a_reply_and_are_answered() {
    check(
        r#"
        open
        1.000 type "hello"
        1.300 type "what time is it"
        2.100 user "oh"
        6.000 end
        -- noticed
        0.000 ear open
        1.000 asked 1
        1.040 sounds 1
        1.300 cut
        1.312 rewind 1 to "You"
        1.312 asked 2
        1.352 tool get_time
        1.357 asked 2
        1.400 sounds 2
        2.160 quieter
        2.397 louder
        -- told
        user: hello
        aloud: You --
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn a_key_without_release_toggles_and_two_presses_are_one_question() {
    check(
        r#"
        push-to-talk
        1.000 toggle
        1.200 user "hello"
        2.000 toggle
        2.010 toggle
        2.200 user "there"
        2.800 toggle
        6.000 end
        -- noticed
        1.000 ear held
        2.000 ear let go
        2.010 ear held
        2.800 ear let go
        2.860 asked 1
        2.900 sounds 1
        -- told
        user: hello there
        aloud: You said hello there.
        "#,
    );
}

#[test]
fn a_responder_may_say_nothing() {
    check(
        r#"
        open speculate
        0.500 user "quiet"
        3.000 end
        -- noticed
        0.000 ear open
        1.060 asked 1
        -- told
        user: quiet
        "#,
    );
}

#[test]
fn a_tap_on_the_key_is_no_question() {
    check(
        r#"
        push-to-talk
        1.000 press
        1.050 release
        3.000 end
        -- noticed
        1.000 ear held
        1.050 ear let go
        -- told
        "#,
    );
}

#[test]
fn a_knock_before_the_reply_only_turns_it_down() {
    check(
        r#"
        open
        0.000 responder-takes 300
        0.500 user "hello"
        1.350 noise 100
        6.000 end
        -- noticed
        0.000 ear open
        1.360 asked 1
        1.660 quieter
        1.660 sounds 1
        1.950 louder
        -- told
        user: hello
        aloud: You said hello.
        "#,
    );
}

#[test]
fn speaking_over_a_tool_interrupts_it() {
    check(
        r#"
        open speculate
        0.500 user "give me the forecast"
        3.300 user "hello is anyone there"
        9.000 end
        -- noticed
        0.000 ear open
        1.930 asked 1
        2.030 tool get_weather
        2.180 sounds 1
        3.360 quieter
        3.500 held
        3.650 cut
        3.650 louder
        3.652 rewind 1 to "Let me look."
        4.790 asked 2
        5.040 sounds 2
        -- told
        user: give me the forecast
        aloud: Let me look. --
        call get_weather
        get_weather: Interrupted by the user before it finished.
        user: hello is anyone there
        aloud: You said hello is anyone there.
        "#,
    );
}

#[test]
fn a_ring_gives_way_to_the_user() {
    check(
        r#"
        open speculate
        0.500 says "Tea."
        0.520 user "hello there you"
        6.000 end
        -- noticed
        0.000 ear open
        0.540 sounds 1
        0.580 quieter
        0.720 held
        0.870 cut
        0.870 louder
        1.620 asked 2
        1.870 sounds 2
        -- told
        user: hello there you
        aloud: You said hello there you.
        "#,
    );
}

#[test]
fn nobody_looks_at_the_screen_before_the_user_has_certainly_asked_for_it() {
    check(
        r#"
        open speculate
        0.500 user "what is on my screen (330) right now please"
        15.000 end
        -- noticed
        0.000 ear open
        2.020 asked 1
        2.130 rewind 1 to nothing
        3.280 asked 2
        3.520 tool look_at_screen
        3.520 asked 2
        3.560 sounds 2
        -- told
        user: what is on my screen right now please
        call look_at_screen
        look_at_screen: I see no screen: neither WAYLAND_DISPLAY nor DISPLAY is set. Start me from your desktop, or run systemctl --user import-environment.
        aloud: I see no screen: neither WAYLAND_DISPLAY nor DISPLAY is set. Start me from your desktop, or run systemctl --user import-environment.
        "#,
    );
}
