//! A tool takes its time: what is said meanwhile.

use super::script::{check, play};

#[test]
fn a_slow_tool_is_no_silence() {
    check(
        r#"
        push-to-talk
        1.000 press
        1.200 user "search the attic"
        2.600 release
        9.000 end
        -- noticed
        1.000 ear held
        2.600 ear let go
        2.660 asked 1
        2.700 tool search
        4.200 meanwhile "Just a second."
        4.240 sounds 1
        5.700 asked 1
        -- told
        user: search the attic
        aloud: Just a second.
        call search
        search: done
        aloud: Found it.
        "#,
    );
}

#[test]
fn talking_over_it_ends_the_call_and_what_was_heard_is_known() {
    check(
        r#"
        open
        1.200 user "search the attic"
        5.100 user "no wait tell me something else"
        12.000 end
        -- noticed
        0.000 ear open
        2.660 asked 1
        2.700 tool search
        4.200 meanwhile "Just a second."
        4.240 sounds 1
        5.160 quieter
        5.330 held
        5.480 cut
        5.480 louder
        5.482 rewind 1 to nothing
        7.370 asked 2
        7.410 sounds 2
        -- told
        user: search the attic
        aloud: Just a second. --
        call search
        search: Interrupted by the user before it finished.
        user: no wait tell me something else
        aloud: You said no wait tell me something else.
        "#,
    );
}

#[test]
fn a_long_wait_is_told_about_once_more() {
    check(
        r#"
        push-to-talk
        1.000 press
        1.200 user "survey the attic"
        2.600 release
        30.000 end
        -- noticed
        1.000 ear held
        2.600 ear let go
        2.660 asked 1
        2.700 tool survey
        4.200 meanwhile "Just a second."
        4.240 sounds 1
        17.700 meanwhile "It's 50 percent done. That leaves a few seconds."
        22.700 asked 1
        -- told
        user: survey the attic
        aloud: Just a second. It's 50 percent done. That leaves a few seconds.
        call survey
        survey: done
        aloud: All is well.
        "#,
    );
}

#[test]
fn whoever_has_spoken_meanwhile_is_not_spoken_over() {
    check(
        r#"
        open speculate
        1.200 user "search the attic"
        3.600 user "and the cellar"
        16.000 end
        -- noticed
        0.000 ear open
        2.360 asked 1
        2.400 tool search
        4.640 rewind 1 to nothing
        4.640 asked 2
        4.680 tool search
        6.180 meanwhile "Just a second."
        6.220 sounds 2
        7.680 asked 2
        -- told
        user: search the attic and the cellar
        aloud: Just a second.
        call search
        search: done
        aloud: Found it.
        "#,
    );
}

#[test]
fn a_quiet_tool_a_muted_speaker_and_one_that_is_gone_get_no_word() {
    for (mode, first, words) in [
        ("push-to-talk", "", "louder please"),
        ("push-to-talk", "0.500 speaker-lost\n", "search the attic"),
    ] {
        let past = play(&format!(
            "{mode}\n{first}1.000 press\n1.200 user \"{words}\"\n2.600 release\n20.000 end"
        ));
        let noticed = past.noticed();
        assert!(noticed.iter().any(|line| line.contains("tool ")), "{noticed:#?}");
        assert!(!noticed.iter().any(|line| line.contains("meanwhile")), "{words}: {noticed:#?}");
    }
}
