use super::event::Event;
use super::reasons::{Reason, Reasons};
use crate::base::WallClock;
use crate::engine::ending::Why;

/// Takes note of what an event explains.
pub(super) fn note(reasons: &mut Reasons, event: &Event) {
    let (slot, why) = match event {
        Event::Wake { word, score, own } => {
            let heard = format!("\"{}\" was heard, with a score of {score:.2}", named(word));
            let but = if *own { "; that was my own voice, so I stayed asleep" } else { "" };
            (&mut reasons.woke, format!("{heard}{but}"))
        }
        Event::EndOfTurn { why, pause_ms, likelihood } => {
            (&mut reasons.ended, ended(*why, *pause_ms, *likelihood))
        }
        Event::Reply { interrupted: true, text, .. } => {
            let heard = match text.trim() {
                "" => "before its first words".to_owned(),
                text => format!("after \"{}\"", tail(text)),
            };
            (&mut reasons.cut, format!("you spoke or asked for silence, {heard}"))
        }
        Event::Nothing { why } => (&mut reasons.silent, why.clone()),
        Event::Trouble { message } => (&mut reasons.silent, message.clone()),
        Event::State(_)
        | Event::Level { .. }
        | Event::WakeScore { .. }
        | Event::Transcript { .. }
        | Event::Asked { .. }
        | Event::Call { .. }
        | Event::Progress { .. }
        | Event::Outcome { .. }
        | Event::Source(_)
        | Event::Written { .. }
        | Event::Words { .. }
        | Event::Sounding { .. }
        | Event::Reply { .. }
        | Event::Aside { .. }
        | Event::Sound { .. }
        | Event::Missed { .. }
        | Event::Ending => return,
    };
    *slot = Some(Reason { at: WallClock::System.now(), why });
}

/// Why a pause ended the turn.
fn ended(why: Why, pause_ms: u32, likelihood: Option<f32>) -> String {
    let seconds = f64::from(pause_ms) / 1_000.0;
    let sounded = likelihood.map_or_else(String::new, |likely| {
        format!("; you sounded done with {:.0} percent", 100.0 * likely)
    });
    let words = match why {
        Why::Whole => "what you said was a whole request",
        Why::Open => "what you said needed more, but none came",
        Why::Sound => "your words could have gone on; the sound decided",
        Why::Pause => "nothing but the pause was known",
    };
    format!("{words}, so I waited {seconds:.1} seconds{sounded}")
}

/// A wake word as it is said.
fn named(word: &str) -> String {
    word.replace('_', " ")
}

/// The last words of `text`.
fn tail(text: &str) -> String {
    const MOST: usize = 5;
    let words: Vec<&str> = text.split_whitespace().collect();
    let from = words.len().saturating_sub(MOST);
    let more = if from > 0 { "... " } else { "" };
    format!("{more}{}", words[from..].join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reason_of_each_kind_is_kept() {
        let mut reasons = Reasons::default();
        note(&mut reasons, &Event::Wake { word: "hey_jarvis".into(), score: 0.934, own: false });
        note(
            &mut reasons,
            &Event::EndOfTurn { why: Why::Whole, pause_ms: 300, likelihood: Some(0.97) },
        );
        note(&mut reasons, &Event::Nothing { why: "that was too short to be speech".into() });
        note(&mut reasons, &Event::Nothing { why: "a sign of listening".into() });
        let text = "one two three four five six".to_owned();
        note(&mut reasons, &Event::Reply { epoch: 1, text, interrupted: true });
        let why =
            |reason: &Option<Reason>| reason.as_ref().map(|reason| reason.why.clone()).unwrap();
        assert_eq!(why(&reasons.woke), "\"hey jarvis\" was heard, with a score of 0.93");
        assert_eq!(
            why(&reasons.ended),
            "what you said was a whole request, so I waited 0.3 seconds; you sounded done with 97 percent"
        );
        assert_eq!(why(&reasons.silent), "a sign of listening");
        assert_eq!(
            why(&reasons.cut),
            "you spoke or asked for silence, after \"... two three four five six\""
        );
    }
}
