/// Phrases that mean yes, and that mean no, as whole answers.
const YES: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "yup",
    "yes please",
    "please",
    "please do",
    "sure",
    "sure thing",
    "ok",
    "okay",
    "go ahead",
    "go on",
    "do it",
    "do that",
    "do so",
    "of course",
    "absolutely",
    "definitely",
    "certainly",
    "correct",
    "right",
    "that's right",
    "that is right",
    "confirm",
    "confirmed",
    "i do",
    "you may",
    "you can",
    "fine",
    "alright",
    "all right",
    "by all means",
    "i'm sure",
    "i am sure",
    "exactly",
    "affirmative",
    "just do it",
    "that is correct",
];
const NO: &[&str] = &[
    "no",
    "nope",
    "nah",
    "no thanks",
    "no thank you",
    "don't",
    "do not",
    "please don't",
    "don't do it",
    "don't do that",
    "stop",
    "cancel",
    "cancel that",
    "never mind",
    "nevermind",
    "forget it",
    "leave it",
    "rather not",
    "better not",
    "wait",
    "not now",
    "no way",
    "i changed my mind",
    "not really",
    "of course not",
    "wrong",
    "that is wrong",
];

/// The longest answer, in phrases: "yes, please, go ahead".
const MOST: usize = 4;

/// Whether `said` is a plain yes or no to a question; `None` if it is anything else. A yes with a
/// "but", or with other words, is none.
pub fn consent(said: &str) -> Option<bool> {
    let lower = said.to_lowercase().replace('\u{2019}', "'");
    let word = |text: &str| text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let words: Vec<String> = lower.split_whitespace().map(word).filter(|w| !w.is_empty()).collect();
    let mut at = 0;
    let mut answers = Vec::new();
    while at < words.len() {
        // The longest phrase that begins here.
        let (length, answer) = (1..=words.len() - at).rev().find_map(|length| {
            let phrase = words[at..at + length].join(" ");
            let phrase = phrase.as_str();
            let yes = YES.contains(&phrase);
            (yes || NO.contains(&phrase)).then_some((length, yes))
        })?;
        answers.push(answer);
        at += length;
    }
    if answers.len() > MOST {
        return None;
    }
    // One no is enough.
    answers.iter().copied().reduce(|all, one| all && one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_one() {
        for said in [
            "Yes.",
            "yeah",
            "Yes, please.",
            "Okay, go ahead!",
            "Sure, do it",
            "That\u{2019}s right.",
        ] {
            assert_eq!(consent(said), Some(true), "{said}");
        }
        for said in ["No.", "no, don't", "Yes, no, wait.", "Never mind.", "okay stop"] {
            assert_eq!(consent(said), Some(false), "{said}");
        }
        for said in
            ["", "yes but the other list", "what time is it", "yes and delete all files", "maybe"]
        {
            assert_eq!(consent(said), None, "{said}");
        }
    }
}
