//! Sound that comes faster than it plays: only sound is held back, never words.

use aloud::base::Moment;

use super::script::{check, play};

/// When something in `noticed` happened.
fn when(noticed: &[String], what: &str) -> Moment {
    let line = noticed.iter().find(|line| line.ends_with(what));
    let line = line.unwrap_or_else(|| panic!("no {what} in {noticed:#?}"));
    let seconds: f64 = line.split(' ').next().unwrap().parse().unwrap();
    Moment::from_millis((seconds * 1_000.0).round() as u64)
}

#[test]
fn a_question_over_a_minute_that_came_at_once_is_answered_as_in_silence() {
    for mode in ["open", "open speculate", "open hears"] {
        let question = r#"4.000 user "what time is it""#;
        let over = format!("{mode}\n1.000 type \"tell everything\"\n{question}\n20.000 end");
        let silent = format!("{mode}\n{question}\n20.000 end");
        let (over, silent) = (play(&over), play(&silent));
        let late = when(&over.noticed(), "sounds 2")
            .as_micros()
            .abs_diff(when(&silent.noticed(), "sounds 1").as_micros());
        println!("{mode}: {late} us apart");
        assert!(late <= 5_000, "{mode}: {late} us: {:#?}", over.noticed());
        over.verify();
    }
}

#[test]
fn a_word_of_the_key_is_heard_over_a_minute_that_came_at_once() {
    check(
        r#"
        push-to-talk
        1.000 type "tell everything"
        4.000 press
        4.200 user "what time is it"
        5.500 release
        9.000 end
        -- noticed
        1.000 asked 1
        1.040 sounds 1
        4.000 cut
        4.000 ear held
        4.012 rewind 1 to ""
        5.500 ear let go
        5.560 asked 2
        5.600 tool get_time
        5.605 asked 2
        5.650 sounds 2
        -- told
        user: tell everything
        user: what time is it
        call get_time
        get_time: done
        aloud: It is ten o'clock.
        "#,
    );
}

#[test]
fn a_murmur_over_a_minute_that_came_at_once_does_not_cut_it() {
    for mode in ["open", "open hears"] {
        let past = play(&format!(
            "{mode}\n1.000 type \"tell everything\"\n4.000 user \"mhm\"\n70.000 end"
        ));
        let noticed = past.noticed();
        assert!(noticed.iter().any(|line| line.ends_with("quieter")), "{noticed:#?}");
        assert!(!noticed.iter().any(|line| line.ends_with("cut")), "{noticed:#?}");
        assert_eq!(past.items().len(), 2, "{:#?}", past.items());
        past.verify();
    }
}

#[test]
fn a_reply_without_an_end_is_spoken_as_far_as_it_is_kept() {
    let past = play("push-to-talk\n1.000 type \"endless\"\n320.000 end");
    let noticed = past.noticed();
    assert!(
        noticed.iter().any(|line| line.contains("told: The answer is too long to be spoken.")),
        "{noticed:#?}"
    );
    past.verify();
}

#[test]
fn a_stop_is_silence_within_a_period_and_five_milliseconds() {
    for at in ["3.000", "3.003", "3.007", "3.011", "3.019"] {
        let past = play(&format!("push-to-talk\n1.000 type \"everything\"\n{at} stop\n5.000 end"));
        let stop = Moment::from_millis((at.parse::<f64>().unwrap() * 1_000.0).round() as u64);
        let silent = past.room.lock().silent.expect("it sounded");
        let took = silent.since(stop);
        assert!(took <= std::time::Duration::from_millis(15), "{at}: {took:?}");
        past.verify();
    }
}
