/// The longest bracketed note that a transcriber writes, in bytes.
const NOTE: usize = 80;

/// The most words in the description of a sound.
const WORDS: usize = 6;

/// Words that mark the description of a sound, in round brackets or asterisks, which might also
/// enclose real words.
const SOUNDS: [&str; 74] = [
    "applause",
    "audio",
    "background",
    "barking",
    "beep",
    "beeping",
    "beeps",
    "bell",
    "birds",
    "blank",
    "blank_audio",
    "blows",
    "breathes",
    "breathing",
    "buzzing",
    "cheering",
    "chuckles",
    "chuckling",
    "clapping",
    "clears",
    "click",
    "clicking",
    "clicks",
    "cough",
    "coughing",
    "coughs",
    "crowd",
    "crying",
    "exhales",
    "foreign",
    "gasps",
    "groans",
    "humming",
    "inaudible",
    "indistinct",
    "inhales",
    "keyboard",
    "knocking",
    "laughing",
    "laughs",
    "laughter",
    "mumbles",
    "mumbling",
    "music",
    "muffled",
    "noise",
    "noises",
    "no_speech",
    "pause",
    "rustling",
    "sighing",
    "sighs",
    "sigh",
    "silence",
    "silent",
    "singing",
    "sneezes",
    "sniffles",
    "sniffs",
    "sobbing",
    "speaking",
    "static",
    "thud",
    "throat",
    "typing",
    "unintelligible",
    "unclear",
    "whirring",
    "whispering",
    "whispers",
    "whistles",
    "whistling",
    "wind",
    "yawns",
];

/// The words actually spoken, out of a transcriber's text: without its notes on silence and noise
/// (`[BLANK_AUDIO]`, `(clears throat)`, `♪ … ♪`), the times that some write between the words, and
/// special tokens. Empty if nobody said anything.
///
/// ```
/// # use aloud::engine::heard;
/// assert_eq!(heard("[clears throat] What time is it?"), "What time is it?");
/// assert_eq!(heard("(silence)"), "");
/// ```
pub fn heard(text: &str) -> String {
    let marks = ['[', '(', '*', '♪', '♫', '<', '>', '【', '（'];
    if !text.contains(marks) && !text.trim_start().starts_with("WEBVTT") {
        return text.trim().to_owned();
    }
    let mut said = String::with_capacity(text.len());
    for line in lines(text) {
        said.push_str(line);
        said.push('\n');
    }
    for (open, close) in [("<|", "|>"), ("[", "]"), ("【", "】"), ("♪", "♪"), ("♫", "♫")]
    {
        said = without(&said, open, close, |_, _| true);
    }
    for (open, close) in [("(", ")"), ("（", "）"), ("*", "*")] {
        said = without(&said, open, close, |inside, alone| alone || is_sound(inside));
    }
    let said = said.replace(['♪', '♫'], " ");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_start_matches([',', '.', ';', '-', ' ']);
    if words.chars().any(char::is_alphanumeric) { words.to_owned() } else { String::new() }
}

/// The lines of `text` without the wordless ones of subtitles: times, and the numbers above them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let times = |line: &str| line.contains("-->") && !line.contains('[');
    let all: Vec<&str> = text.lines().map(str::trim).collect();
    let numbered = |at: usize| {
        let digits = |line: &str| !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
        all.get(at).is_some_and(|line| digits(line))
            && all.get(at + 1).is_some_and(|line| times(line))
    };
    let keep: Vec<&str> = (0..all.len())
        .filter(|at| !times(all[*at]) && !numbered(*at) && all[*at] != "WEBVTT")
        .map(|at| all[at])
        .collect();
    keep.into_iter()
}

/// `text` without what is between `open` and `close`, if `goes` agrees, given the inside and
/// whether there is nothing else. An unclosed one extends to the end.
fn without(text: &str, open: &str, close: &str, goes: impl Fn(&str, bool) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        let (before, from) = rest.split_at(at);
        let inside = &from[open.len()..];
        let end = inside.find(close);
        // A partial transcript may end inside a note.
        let open_end = end.is_none() && matches!(open, "[" | "<|" | "【");
        let (inside, after) = match end {
            Some(end) => (&inside[..end], &inside[end + close.len()..]),
            None if open_end => (inside, ""),
            None => break,
        };
        let alone = out.trim().is_empty() && before.trim().is_empty() && after.trim().is_empty();
        out.push_str(before);
        if inside.len() <= NOTE && goes(inside, alone) {
            out.push(' ');
            rest = after;
        } else {
            out.push_str(open);
            rest = &from[open.len()..];
        }
    }
    out.push_str(rest);
    out
}

/// Whether `text` describes a sound.
fn is_sound(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .collect();
    (1..=WORDS).contains(&words.len()) && words.iter().any(|word| SOUNDS.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_on_silence_and_noise_are_nothing_that_was_said() {
        for nothing in [
            "[BLANK_AUDIO]",
            " [ Silence ] ",
            "(silence)",
            "[Music]",
            "(upbeat music)",
            "♪ la la ♪",
            "♪",
            "*coughs*",
            "[MUSIC PLAYING]",
            "(speaking in foreign language)",
            "[inaudible 00:03]",
            ".",
            "[BLANK_AUDIO] [BLANK_AUDIO]",
            "<|startoftranscript|><|en|><|nospeech|>",
            "[00:00:00.000 --> 00:00:04.000]  [BLANK_AUDIO]",
            "[BLANK",
            "(whatever it is)",
            "[_EOT_]",
            "【音楽】",
        ] {
            assert!(heard(nothing).chars().all(|c| !c.is_alphanumeric()), "{nothing}");
        }
    }

    #[test]
    fn words_are_kept_without_times_and_notes() {
        for (written, said) in [
            ("[clears throat] What time is it?", "What time is it?"),
            ("What (coughs) time is it?", "What time is it?"),
            ("[00:00:00.000 --> 00:00:02.000] What time is it", "What time is it"),
            (
                "[00:00.000 --> 00:02.000]  What time\n[00:02.000 --> 00:03.000]  is it",
                "What time is it",
            ),
            ("1\n00:00:00,000 --> 00:00:02,000\nWhat time is it\n", "What time is it"),
            ("WEBVTT\n\n00:00.000 --> 00:02.000\nWhat time is it", "What time is it"),
            ("<|0.00|> What time is it<|2.00|>", "What time is it"),
            ("call mom (mobile)", "call mom (mobile)"),
            ("3 * 4 * 5", "3 * 4 * 5"),
            ("is 3 < 4 > 2", "is 3 < 4 > 2"),
            ("  plain  ", "plain"),
        ] {
            assert_eq!(heard(written), said, "{written}");
        }
    }
}
