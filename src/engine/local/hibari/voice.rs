//! The voice on its thread: text in, chunks out.

use std::ops::Range;

use super::clean::clean;
use super::load;
use super::net::{Net, Spectra};
use super::noise::Noise;
use super::pronounce::Pronouncer;
use super::split::sentences;
use super::stress::{is_consonant, is_vowel};
use super::wave::{HOP, Wave};
use super::{HibariFiles, RATE};
use crate::engine::local::{Model, Replies, Runtime, Stopped};
use crate::engine::{Chunk, EngineError};
use crate::language::traced::Traced;

/// The most phonemes of the first inference: about nine seconds of sound, made in about 40 ms on
/// one core. Most sentences are shorter and are spoken in one piece.
const FIRST_PIECE: usize = 130;
/// The most phonemes of later ones, made while the sound before plays.
const LATER_PIECE: usize = 200;
/// Frames between two checks of the stop flag: about 2 ms of work.
const FRAMES_PER_LOOK: usize = 32;
/// Frames of silence kept after a piece that does not end its sentence.
const BREATH: usize = 6;
/// Amplitude above which the silence before a sentence has ended.
const AUDIBLE: f32 = 0.004;
/// Samples kept before the first audible one: 15 ms.
const ATTACK: usize = 360;
/// The model divides its durations by this.
const PACE: f32 = 1.0;

/// Everything needed to speak.
pub(super) struct Voice {
    pronouncer: Pronouncer,
    vocabulary: Vec<(char, i64)>,
    net: Net,
    wave: Wave,
}

impl Voice {
    pub(super) fn load(files: &HibariFiles) -> Result<Self, EngineError> {
        let runtime = Runtime::open(&files.runtime)?;
        Ok(Self {
            pronouncer: Pronouncer::load(files)?,
            vocabulary: load::vocabulary(&files.vocabulary)?,
            net: Net::load(&runtime, &files.voice)?,
            wave: Wave::new(),
        })
    }

    /// Speaks `piece` of a sentence's phonemes.
    fn speak(
        &mut self,
        phonemes: &Traced,
        piece: Range<usize>,
        text: &mut Text<'_>,
        replies: &Replies<Chunk>,
    ) -> Result<(), Stopped> {
        let ends_sentence = piece.end == phonemes.len();
        let next = phonemes.from().get(piece.end..).and_then(|from| from.first());
        let next = next.map(|from| text.word_at(*from));
        let mut ids = vec![0];
        let mut words = Vec::new();
        for at in piece {
            if let Ok(row) =
                self.vocabulary.binary_search_by_key(&phonemes.chars()[at], |row| row.0)
            {
                ids.push(self.vocabulary[row].1);
                words.push(text.word_at(phonemes.from()[at]));
            }
        }
        ids.push(0);
        let spectra = self.net.run(&ids, PACE, replies)?;
        let (lead, end) = margins(&spectra, ends_sentence);
        let groups = groups(&words, &spectra.durations, end);
        let mut sound = self.wave.sound(spectra, Noise::new(ids.len() as u64));
        let mut from = 0;
        for (place, group) in groups.iter().enumerate() {
            let mut pcm = Vec::with_capacity(group.end.saturating_sub(from) * HOP);
            while from < group.end {
                replies.check()?;
                from = (from + FRAMES_PER_LOOK).min(group.end);
                sound.fill(from, &mut pcm);
            }
            if place == 0 {
                let quiet = pcm.iter().take(lead * HOP).take_while(|x| x.abs() < AUDIBLE).count();
                pcm.drain(..quiet.saturating_sub(ATTACK));
            }
            let following = groups.get(place + 1).map(|group| group.word).or(next);
            replies.put(Chunk { pcm, rate: RATE, text: text.through(group.word, following) })?;
        }
        Ok(())
    }
}

impl Model for Voice {
    type Ask = String;
    type Answer = Chunk;

    fn answer(&mut self, sentence: String, replies: &Replies<Chunk>) -> Result<(), Stopped> {
        let cleaned = clean(&sentence);
        let mut text = Text::new(&sentence, &cleaned);
        let mut longest = FIRST_PIECE;
        for range in sentences(&cleaned) {
            let sentence = cleaned.part(range.start, range.end);
            let mut phonemes = self.pronouncer.sentence(sentence, &|| replies.check())?;
            if !phonemes.chars().iter().any(|c| is_vowel(*c) || is_consonant(*c)) {
                continue;
            }
            close(&mut phonemes);
            for piece in pieces(phonemes.chars(), longest) {
                self.speak(&phonemes, piece, &mut text, replies)?;
                longest = LATER_PIECE;
            }
        }
        match text.rest() {
            "" => Ok(()),
            rest => replies.put(Chunk { pcm: Vec::new(), rate: RATE, text: rest.to_owned() }),
        }
    }
}

/// The spoken text, handed out along with the sound.
struct Text<'t> {
    text: &'t str,
    /// Where its words begin, in bytes.
    starts: Vec<u32>,
    /// The last word with a letter that can be spoken: the rest goes with it.
    last: usize,
    /// How much was handed out, in bytes.
    given: usize,
}

impl<'t> Text<'t> {
    fn new(text: &'t str, cleaned: &Traced) -> Self {
        let mut starts = Vec::new();
        let mut was_space = true;
        for (at, c) in text.char_indices() {
            if was_space && !c.is_whitespace() {
                starts.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
            was_space = c.is_whitespace();
        }
        let mut new = Self { text, starts, last: usize::MAX, given: 0 };
        let last = cleaned.chars().iter().rposition(|c| c.is_alphanumeric());
        new.last = last.map_or(usize::MAX, |at| new.word_at(cleaned.from()[at]));
        new
    }

    /// The word at byte `at`.
    fn word_at(&self, at: u32) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The text not yet handed out, up to the end of `word`, where `next` is the next word to
    /// sound; empty while that is the same word.
    fn through(&mut self, word: usize, next: Option<usize>) -> String {
        if next.is_some_and(|next| next <= word) {
            return String::new();
        }
        let next = next.unwrap_or(if word >= self.last { usize::MAX } else { word + 1 });
        let end = self.starts.get(next).map_or(self.text.len(), |start| *start as usize);
        let end = end.max(self.given);
        let text = self.text[self.given..end].to_owned();
        self.given = end;
        text
    }

    /// The remaining text, which has no sound.
    fn rest(&self) -> &'t str {
        &self.text[self.given..]
    }
}

/// The frames of a word.
#[derive(Debug, PartialEq)]
struct Group {
    word: usize,
    end: usize,
}

/// Where each word ends, given the word of each phoneme between the two silences. The silences go
/// with the first and the last word.
fn groups(words: &[usize], durations: &[usize], end: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut frame = durations.first().copied().unwrap_or(0);
    for (place, word) in words.iter().enumerate() {
        frame += durations.get(place + 1).copied().unwrap_or(0);
        match groups.last_mut() {
            // An out-of-order reading belongs to the word reached last.
            Some(group) if *word <= group.word || durations.is_empty() => group.end = frame,
            _ => groups.push(Group { word: *word, end: frame }),
        }
    }
    if let Some(last) = groups.last_mut() {
        last.end = end;
        if durations.is_empty() {
            last.word = words.iter().copied().max().unwrap_or(0);
        }
    }
    groups
}

/// The frames of silence before a piece, and where the sound ends.
fn margins(spectra: &Spectra, ends_sentence: bool) -> (usize, usize) {
    let frames = spectra.frames();
    let lead = spectra.durations.first().copied().unwrap_or(0);
    match spectra.durations.last() {
        Some(tail) if !ends_sentence => (lead, frames - tail.saturating_sub(BREATH).min(frames)),
        Some(_) | None => (lead, frames),
    }
}

/// Ends an unterminated sentence, whose intonation would stay open too.
fn close(phonemes: &mut Traced) {
    let closes = |c: &&char| !matches!(**c, ' ' | ')' | '”' | '"' | '“');
    let is_open =
        phonemes.chars().iter().rev().find(closes).is_some_and(|c| !".!?…,;:—".contains(*c));
    let from = phonemes.from().last().copied();
    if let Some(from) = from.filter(|_| is_open) {
        phonemes.push('.', from);
    }
}

/// Splits phonemes where an inference would take too long: after a clause's punctuation if
/// possible, else between words.
fn pieces(phonemes: &[char], first: usize) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut start, mut longest) = (0, first);
    // Slightly more than the longest is better than a few words alone.
    while phonemes.len() - start > longest + longest / 4 {
        let window = &phonemes[start..start + longest];
        let space_after = |from: usize, test: fn(char) -> bool| {
            (from..longest).rev().find(|at| window[*at] == ' ' && test(window[at - 1]))
        };
        let cut = space_after(longest / 4, |c| ",;:—".contains(c))
            .or_else(|| space_after(longest / 2, |_| true))
            .unwrap_or(longest);
        out.push(start..start + cut);
        start += cut;
        start += phonemes[start..].iter().take_while(|c| **c == ' ').count();
        longest = LATER_PIECE;
    }
    if start < phonemes.len() {
        out.push(start..phonemes.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_words_join_to_the_whole() {
        let sentence = " 🎉 Hello  big 🎉 world 🎉🎉 ";
        let cleaned = clean(sentence);
        let mut text = Text::new(sentence, &cleaned);
        let [hello, big, world] = ["Hello", "big", "world"]
            .map(|word| text.word_at(u32::try_from(sentence.find(word).unwrap()).unwrap()));
        assert_eq!(text.through(hello, Some(big)), " 🎉 Hello  ");
        assert_eq!(text.through(big, Some(big)), "");
        assert_eq!(text.through(big, Some(world)), "big 🎉 ");
        assert_eq!(text.through(world, None), "world 🎉🎉 ");
        assert_eq!(text.rest(), "");
        let silent = Text::new("🎉 ", &clean("🎉 "));
        assert_eq!(silent.rest(), "🎉 ");
    }

    #[test]
    fn words_end_where_their_last_phoneme_does() {
        let groups = groups(&[0, 0, 1, 1, 0, 2], &[10, 2, 2, 4, 4, 2, 6, 8], 38);
        let ends: Vec<_> = groups.iter().map(|group| (group.word, group.end)).collect();
        assert_eq!(ends, [(0, 14), (1, 24), (2, 38)]);
    }

    #[test]
    fn a_model_without_durations_speaks_in_one_chunk() {
        assert_eq!(groups(&[0, 1, 2], &[], 40), [Group { word: 2, end: 40 }]);
    }

    #[test]
    fn long_sentences_are_cut_behind_commas() {
        let phonemes: Vec<char> = "abcde fghij, ".repeat(40).trim_end().chars().collect();
        let pieces = pieces(&phonemes, FIRST_PIECE);
        assert_eq!(pieces.first().map(|piece| piece.start), Some(0));
        assert_eq!(pieces.last().map(|piece| piece.end), Some(phonemes.len()));
        assert!(pieces[0].len() <= FIRST_PIECE);
        for piece in &pieces {
            assert!(piece.len() <= LATER_PIECE * 5 / 4);
            assert_eq!(phonemes[piece.end - 1], ',');
        }
        let endless = super::pieces(&['a'; 1000], FIRST_PIECE);
        assert_eq!(endless.iter().map(Range::len).sum::<usize>(), 1000);
    }

    #[test]
    fn an_open_sentence_is_closed() {
        for (open, closed) in [("hˈI", "hˈI."), ("hˈI?", "hˈI?"), ("“hˈI.”", "“hˈI.”")]
        {
            let mut phonemes = Traced::new(open);
            close(&mut phonemes);
            assert_eq!(phonemes.text(), closed);
        }
    }
}
