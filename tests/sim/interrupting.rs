//! Speech over a reply: what is meant cuts it, anything else costs it no word, and its own echo is
//! nothing at all.

use super::script::{check, play, told};
use super::world::Past;

const STORY: &str = "please tell me a very long story about the sea and the ships and the wind";

fn told_of(past: &Past) -> Vec<String> {
    past.verify();
    past.replay();
    told(past.items())
}

fn noticed(past: &Past, what: &str) -> usize {
    past.noticed().iter().filter(|line| line.split_once(' ').unwrap().1 == what).count()
}

#[test]
fn a_cough_and_a_murmur_hold_the_reply_and_take_no_word_from_it() {
    for mode in ["open", "open speculate", "open hears", "open blind", "open speculate blind"] {
        for over in ["noise 250", "noise 400", r#"user "mhm""#, r#"user "mhm mhm""#] {
            let past = play(&format!(
                "{mode}\n0.100 type \"{STORY}\"\n1.000 {over}\n2.400 {over}\n9.000 end"
            ));
            assert_eq!(
                told_of(&past),
                [format!("user: {STORY}"), format!("aloud: You said {STORY}.")],
                "{mode}, {over}: {:#?}",
                past.noticed()
            );
            assert_eq!(noticed(&past, "cut"), 0);
            let (held, goes_on) = (noticed(&past, "held"), noticed(&past, "goes on"));
            assert_eq!(held, goes_on, "{mode}, {over}: {:#?}", past.noticed());
        }
    }
}

#[test]
fn a_reply_that_was_held_goes_on_with_the_word_it_was_in() {
    check(
        r#"
        open
        0.100 type "please tell me a long story now"
        1.000 noise 300
        4.000 end
        -- noticed
        0.000 ear open
        0.100 asked 1
        0.140 sounds 1
        1.060 quieter
        1.200 held
        1.350 goes on
        1.860 louder
        -- told
        user: please tell me a long story now
        aloud: You said please tell me a long story now.
        "#,
    );
}

#[test]
fn a_word_cuts_before_it_is_over_and_a_wish_for_silence_needs_nobody_to_understand_it() {
    for mode in ["open", "open speculate", "open hears", "open hears speculate"] {
        for (words, answer) in
            [("wait wait", false), ("stop stop stop", false), ("wait for me", true)]
        {
            let past = play(&format!(
                r#"{mode}
                0.050 transcriber-fails "There is no network. Try again later."
                0.100 type "{STORY}"
                1.000 user "{words}"
                9.000 end"#
            ));
            let noticed = past.noticed();
            assert!(noticed.iter().any(|line| line.ends_with("cut")), "{mode}: {noticed:#?}");
            let failed = noticed.iter().any(|line| line.contains("no network"));
            let asked = noticed.iter().filter(|line| line.contains("asked")).count();
            // A partner that hears answers without words.
            let hears = mode.contains("hears");
            assert_eq!(failed, answer && !hears, "{mode}, {words}: {noticed:#?}");
            assert_eq!(asked, 1 + usize::from(answer && hears), "{mode}, {words}: {noticed:#?}");
            past.verify();
            past.replay();
        }
    }
}

#[test]
fn its_own_voice_is_nothing_that_the_user_said() {
    for mode in ["open echo", "open speculate echo", "open hears echo", "open speculate blind echo"]
    {
        let past = play(&format!("{mode}\n0.100 type \"{STORY}\"\n12.000 end"));
        assert_eq!(
            told_of(&past),
            [format!("user: {STORY}"), format!("aloud: You said {STORY}.")],
            "{mode}: {:#?}",
            past.noticed()
        );
        assert_eq!(noticed(&past, "cut"), 0, "{mode}: {:#?}", past.noticed());
        // Once it knows its echo it no longer pauses for it.
        assert!(noticed(&past, "held") <= 1, "{mode}: {:#?}", past.noticed());
    }
}

#[test]
fn the_user_is_heard_over_its_own_voice() {
    for mode in ["open echo", "open speculate echo"] {
        let past =
            play(&format!("{mode}\n0.100 type \"{STORY}\"\n3.000 user \"stop stop\"\n9.000 end"));
        let told = told_of(&past);
        assert_eq!(told.len(), 2, "{mode}: {told:#?}");
        assert!(told[1].ends_with(" --"), "{mode}: {told:#?} {:#?}", past.noticed());
        let past = play(&format!(
            "{mode}\n0.100 type \"{STORY}\"\n3.000 user \"no what time is it\"\n12.000 end"
        ));
        let told = told_of(&past);
        assert!(told.iter().any(|line| line == "aloud: It is ten o'clock."), "{mode}: {told:#?}");
    }
}

#[test]
fn a_word_of_what_was_asked_is_an_answer() {
    let past = play(
        r#"open speculate echo
        0.100 type "fifteen or fifty"
        2.800 user "fifty"
        6.000 end"#,
    );
    assert_eq!(
        told_of(&past),
        [
            "user: fifteen or fifty",
            "aloud: You said fifteen or fifty.",
            "user: fifty",
            "aloud: You said fifty."
        ],
        "{:#?}",
        past.noticed()
    );
}

#[test]
fn three_answers_that_were_cut_in_a_row_are_enough() {
    let words = ["tell everything once", "show everything else", "give everything away"];
    let over = |n: usize| format!("{}.200 user \"{}\"\n", 3 * n, words[n % 3]);
    for mode in ["open", "open speculate", "open blind"] {
        let script: String = (0..6).map(over).collect();
        let past = play(&format!("{mode}\n{script}40.000 end"));
        let told: Vec<String> =
            past.noticed().into_iter().filter(|line| line.contains("told:")).collect();
        assert_eq!(told.len(), 1, "{mode}: {:#?}", past.noticed());
        assert!(told[0].contains("I keep hearing myself"), "{told:?}");
        past.verify();
        past.replay();
    }
}
