//! The simulated user: a voice that the real voice activity detection takes for one.

use std::f32::consts::TAU;
use std::ops::Range;

use aloud::base::{Frame, VoiceActivity};

/// Samples of a frame: 10 ms at 16 kHz.
const FRAME: u64 = 160;

/// The voice activity model of this world: recognizes the user's voice with certainty. The gate in
/// front of it is the real one.
pub(crate) struct Judge;

impl VoiceActivity for Judge {
    fn score(&mut self, frame: &Frame) -> f32 {
        if frame.samples.iter().any(|sample| sample.abs() > 0.01) { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

/// A word and its position in the microphone's stream, in samples at 16 kHz.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Range<u64>,
}

/// Everything the user says in a scenario.
#[derive(Debug)]
pub(crate) struct User {
    words: Vec<Word>,
    /// What comes back from the loudspeaker.
    echoes: Vec<Word>,
    /// Where to look for the next frame.
    next: usize,
    voices: [[f32; FRAME as usize]; 2],
}

impl User {
    pub(crate) fn new() -> Self {
        // Two vowels with a pitch of 100 Hz, so that a frame is one period: harmonics under the
        // formants of "a" and "e". They alternate as in real speech, which never stands still.
        let vowel = |formants: [f32; 3]| {
            let mut frame = [0.0; FRAME as usize];
            for harmonic in 1..40 {
                let hertz = 100.0 * harmonic as f32;
                let near = |formant: &f32| 1.0 / (1.0 + ((hertz - formant) / 120.0).powi(2));
                let weight = formants.iter().map(near).sum::<f32>() * 0.12;
                for (n, sample) in frame.iter_mut().enumerate() {
                    *sample += weight * (TAU * harmonic as f32 * n as f32 / FRAME as f32).sin();
                }
            }
            frame
        };
        Self {
            words: Vec::new(),
            echoes: Vec::new(),
            next: 0,
            voices: [vowel([730.0, 1_090.0, 2_440.0]), vowel([530.0, 1_840.0, 2_480.0])],
        }
    }

    /// Says `text` from sample `at` on. `(300)` in the text is a pause of 300 ms; `*80` is a noise
    /// of 80 ms that is not a word. Returns where it ends.
    pub(crate) fn say(&mut self, at: u64, text: &str) -> u64 {
        let mut at = at.next_multiple_of(FRAME);
        for word in text.split_whitespace() {
            if let Some(pause) = word.strip_prefix('(').and_then(|w| w.strip_suffix(')')) {
                at += pause.parse::<u64>().unwrap() * 16;
                continue;
            }
            let (text, ms) = match word.strip_prefix('*') {
                Some(ms) => ("", ms.parse().unwrap()),
                None => (word, 60 * word.len().clamp(3, 8) as u64),
            };
            let span = at..(at + ms * 16).next_multiple_of(FRAME);
            at = span.end + 3 * FRAME;
            self.words.push(Word { text: text.to_owned(), span });
        }
        self.words.sort_by_key(|word| word.span.start);
        at
    }

    /// 10 ms of `text` come back from the loudspeaker at sample `at`; they begin it if `begins`,
    /// else continue it.
    pub(crate) fn echo(&mut self, at: u64, text: &str, begins: bool) {
        let span = at..at + FRAME;
        match self.echoes.last_mut() {
            Some(last) if !begins && last.span.end == at => last.span.end = span.end,
            _ => self.echoes.push(Word { text: text.to_owned(), span }),
        }
    }

    /// The words whose middle is in `span`.
    pub(crate) fn words_in(&self, span: &Range<u64>) -> String {
        self.words(|word| span.contains(&((word.span.start + word.span.end) / 2)))
    }

    /// The words that begin in `span`.
    pub(crate) fn words_begun_in(&self, span: &Range<u64>) -> String {
        self.words(|word| span.contains(&word.span.start))
    }

    fn words(&self, inside: impl Fn(&Word) -> bool) -> String {
        let all = self.words.iter().chain(&self.echoes);
        let mut words: Vec<&Word> = all.filter(|word| inside(word)).collect();
        words.sort_by_key(|word| word.span.start);
        let words: Vec<_> = words.iter().map(|word| word.text.trim()).collect();
        words.join(" ").trim().to_owned()
    }

    /// Whether all words were said before sample `at`.
    pub(crate) fn is_done(&self, at: u64) -> bool {
        self.words.iter().all(|word| word.span.end < at)
    }

    /// Whether a word begins within half a second of sample `at`.
    pub(crate) fn speaks_soon(&self, at: u64) -> bool {
        self.words.get(self.next).is_some_and(|word| word.span.start < at + 8_000)
    }

    /// The frame that begins at sample `at`; requested in order.
    pub(crate) fn frame(&mut self, at: u64) -> [f32; FRAME as usize] {
        while self.words.get(self.next).is_some_and(|word| word.span.end <= at) {
            self.next += 1;
        }
        let speaks = self.words.get(self.next).is_some_and(|word| word.span.start <= at);
        let echoes = self.echoes.iter().rev().take(4).any(|word| word.span.contains(&at));
        if speaks || echoes {
            self.voices[(at / (8 * FRAME) % 2) as usize]
        } else {
            [0.0; FRAME as usize]
        }
    }
}
