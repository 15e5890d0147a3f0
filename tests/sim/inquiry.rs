//! Questions of other programs: what the user says next is the answer, and goes to nobody else.

use super::script::{check, play};

#[test]
fn the_next_words_are_the_answer_and_the_partner_is_not_asked() {
    check(
        r#"
        open speculate
        0.500 inquires "shall i deploy it"
        3.000 user "yes but (300) only to staging"
        9.000 user "what time is it"
        13.000 end
        -- noticed
        0.000 ear open
        0.540 sounds 1
        5.120 answer: yes but only to staging
        10.190 asked 2
        10.230 tool get_time
        10.235 asked 2
        10.440 sounds 2
        -- told
        notice: shall i deploy it
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn silence_is_no_answer() {
    check(
        r#"
        push-to-talk speculate
        0.500 inquires "shall i deploy it"
        1.000 inquires "and the other one"
        12.000 end
        -- noticed
        0.540 sounds 1
        1.000 no answer: another question is waiting for its answer; ask again later
        6.540 no answer: the user did not answer
        -- told
        notice: shall i deploy it
        "#,
    );
}

#[test]
fn a_held_key_a_typed_word_and_a_call_answer_as_well() {
    for (mode, how) in [
        ("push-to-talk", "4.000 press\n4.200 user \"no\"\n5.000 release"),
        ("push-to-talk hears", "4.000 press\n4.200 user \"no\"\n5.000 release"),
        ("push-to-talk", "4.000 type \"no\""),
        ("open hears speculate", "4.000 user \"no\""),
    ] {
        let past =
            play(&format!("{mode}\n0.500 inquires \"shall i deploy it\"\n{how}\n12.000 end"));
        let noticed = past.noticed();
        assert!(noticed.iter().any(|line| line.ends_with("answer: no")), "{mode}: {noticed:#?}");
        assert!(past.items().len() <= 2, "{mode}: {:#?}", past.items());
    }
}

#[test]
fn a_stop_a_mute_and_the_end_are_told() {
    for (how, why) in [
        ("4.000 stop", "the user stopped it"),
        ("1.000 stop", "the user stopped it"),
        ("4.000 mute", "the microphone was muted"),
        ("4.000 quit", "the service is ending"),
    ] {
        let past = play(&format!("open\n0.500 inquires \"shall i deploy it\"\n{how}\n12.000 end"));
        let noticed = past.noticed();
        let line = format!("no answer: {why}");
        assert!(noticed.iter().any(|said| said.ends_with(&line)), "{how}: {noticed:#?}");
    }
}

#[test]
fn a_mute_in_the_pause_of_an_answer_leaves_nothing_to_wait_for() {
    for mute in (42..56).map(|tenth| f64::from(tenth) / 10.0) {
        let past = play(&format!(
            "open speculate\n0.500 inquires \"shall i deploy it\"\n4.000 user \"yes please\"\n\
             {mute:.3} mute\n40.000 end"
        ));
        let noticed = past.noticed();
        assert!(!noticed.iter().any(|line| line.contains("told:")), "{mute}: {noticed:#?}");
        assert_eq!(past.items().len(), 1, "{mute}: {:#?}", past.items());
    }
}

#[test]
fn a_program_that_speaks_learns_when_it_was_heard() {
    check(
        r#"
        push-to-talk
        1.000 tells "the build is done"
        4.000 end
        -- noticed
        1.040 sounds 1
        2.040 they have heard it
        -- told
        notice: the build is done
        "#,
    );
}

#[test]
fn a_program_that_is_cut_off_learns_what_was_heard() {
    for (how, why) in [
        ("1.500 stop", "the user cut it off; they heard \"the\""),
        ("1.020 stop", "nobody heard it"),
        ("1.500 quit", "the user cut it off"),
    ] {
        let past =
            play(&format!("push-to-talk\n1.000 tells \"the build is done\"\n{how}\n4.000 end"));
        let noticed = past.noticed();
        assert!(noticed.iter().any(|line| line.contains(why)), "{how}: {noticed:#?}");
    }
}
