use std::ops::Range;

use ort::session::RunOptions;

use super::cut::{halves, pieces};
use super::net::{Decoding, Net};
use super::tokens::Tokens;
use super::{IsCommand, MoonshineFiles};
use crate::engine::local::worker::{Replies, Stopped};
use crate::engine::local::{Runtime, Silero, WINDOW};
use crate::engine::{EngineError, Transcript};

/// A peak below this, -66 dBFS, is silence.
const SILENCE: f32 = 5e-4;

/// Target peak of a piece for the model, and the highest gain used to reach it.
const PEAK: f32 = 0.5;
const GAIN: f32 = 100.0;

/// Silence added before and after a piece, in samples at 16 kHz, and the same for a second try.
/// Words at a bare edge get lost at random. On 500 prompts (asterisk-core-sounds-en, without those
/// of the test) the word error rate was 5.0 % bare and 3.7 % with level and rim.
const RIM: [usize; 2] = [3_200, 3_200];
const OTHER_RIM: [usize; 2] = [0, 4_800];

/// The most tokens people say per second, by the makers of the model, and an allowance on top,
/// since short words come in bursts.
const TOKENS_PER_SECOND: f32 = 6.5;
const MORE_TOKENS: usize = 8;

/// Below this mean log probability a reading is in doubt.
const DOUBT: f32 = -0.45;

/// Below this mean log probability a reading is not speech, unless Silero is at least this certain
/// that it is: the least certain of 500 prompts was the letter "a" with 0.57, music reached 0.83
/// for a moment.
const NONSENSE: f32 = -1.0;
const SURELY_SPEECH: f32 = 0.85;

/// Pieces of at least this many samples are read in halves if nothing else helped.
const WORTH_HALVING: usize = 4 * 16_000;

/// How much smaller the logarithm of a token's probability may be for another reading to be tried
/// with it, how many are tried, and how much less certain such a reading may be.
const FORK: f32 = 3.0;
const FORKS: usize = 5;
const LESS_CERTAIN: f32 = 0.35;

/// The longest sentence of which another reading is tried, in tokens: a command is short.
const COMMAND: usize = 32;

/// What lives on the thread: the network, its vocabulary, and the detector that finds speech.
pub(super) struct Reader {
    /// Whether a sentence is a command.
    pub(super) commands: Option<IsCommand>,
    net: Net,
    tokens: Tokens,
    silero: Silero,
}

/// One reading of a piece.
struct Reading {
    tokens: Vec<i64>,
    /// The mean log probability of its tokens.
    certainty: f32,
    /// Whether it ended by itself and not at our limit.
    whole: bool,
    /// Where another token was nearly as likely: its position, the token, how much less likely.
    forks: Vec<(usize, i64, f32)>,
}

/// The words of some sound.
#[derive(Default)]
pub(super) struct Words {
    pub(super) text: String,
    /// The sum of its tokens' log probabilities, and their number.
    sum: f32,
    tokens: f32,
}

impl Words {
    /// The words of one reading.
    fn of(text: String, reading: &Reading) -> Self {
        let tokens = reading.tokens.len() as f32 + 1.0;
        Self { text, sum: reading.certainty * tokens, tokens }
    }

    /// Appends the words of the sound that follows.
    pub(super) fn push(&mut self, more: &Self) {
        if more.text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&more.text);
        self.sum += more.sum;
        self.tokens += more.tokens;
    }

    /// The mean log probability of a token; `None` if nothing was said.
    pub(super) fn certainty(&self) -> Option<f32> {
        (!self.text.is_empty()).then(|| self.sum / self.tokens)
    }
}

impl Reading {
    fn is_sure(&self) -> bool {
        self.whole && self.certainty > DOUBT
    }

    fn is_better_than(&self, other: &Self) -> bool {
        (self.whole, self.certainty) > (other.whole, other.certainty)
    }
}

impl Reader {
    pub(super) fn load(
        runtime: &Runtime,
        files: &MoonshineFiles,
        commands: Option<IsCommand>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            commands,
            tokens: Tokens::load(&files.tokenizer)?,
            net: Net::load(runtime, &files.encoder, &files.decoder)?,
            silero: Silero::new(),
        })
    }

    /// The pieces of `pcm` with speech, and the probability of speech in each window.
    pub(super) fn pieces(&mut self, pcm: &[f32]) -> (Vec<Range<usize>>, Vec<f32>) {
        let peak = peak(pcm);
        if peak < SILENCE {
            return (Vec::new(), Vec::new());
        }
        let gain = (PEAK / peak).min(GAIN);
        let loud: Vec<f32> = pcm.iter().map(|sample| sample * gain).collect();
        let track = self.silero.track(&loud);
        (pieces(pcm.len(), &track), track)
    }

    /// The words of one piece of `pcm`, and how certain they are.
    pub(super) fn read(
        &mut self,
        pcm: &[f32],
        piece: &Range<usize>,
        track: &[f32],
        desk: &Replies<Transcript>,
    ) -> Result<Words, Stopped> {
        let Some(sound) = pcm.get(piece.clone()) else { return Ok(Words::default()) };
        let mut reading = self.decode(sound, RIM, desk)?;
        if !reading.is_sure() {
            let other = self.decode(sound, OTHER_RIM, desk)?;
            if other.is_better_than(&reading) {
                reading = other;
            }
        }
        if !reading.whole && piece.len() >= WORTH_HALVING {
            let mut words = Words::default();
            for half in halves(piece, track) {
                words.push(&self.read(pcm, &half, track, desk)?);
            }
            return Ok(words);
        }
        if reading.certainty < NONSENSE && likeliest(piece, track) < SURELY_SPEECH {
            return Ok(Words::default());
        }
        Ok(Words::of(self.tokens.text(&reading.tokens), &reading))
    }

    /// Decodes `sound` with this much silence around it.
    fn decode(
        &mut self,
        sound: &[f32],
        rim: [usize; 2],
        desk: &Replies<Transcript>,
    ) -> Result<Reading, Stopped> {
        let options = desk.options()?;
        let padded = Self::padded(sound, rim);
        let mut decoding = self.net.encode(&padded, &options).map_err(|error| desk.halt(&error))?;
        decode(&mut decoding, &[], limit(sound.len()), desk, &options)
    }

    /// `sound` at the level that suits the model, with this much silence around it.
    fn padded(sound: &[f32], rim: [usize; 2]) -> Vec<f32> {
        let gain = (PEAK / peak(sound).max(f32::MIN_POSITIVE)).min(GAIN);
        let mut pcm = vec![0.0; rim[0]];
        pcm.extend(sound.iter().map(|sample| sample * gain));
        pcm.resize(pcm.len() + rim[1], 0.0);

        pcm
    }

    /// Another reading of one piece of `pcm`, nearly as certain as `words`, that is a command, as
    /// `is_command` tells. People who talk to a machine say "set a timer" more often than "said a
    /// timer", which the model does not know.
    pub(super) fn command(
        &mut self,
        pcm: &[f32],
        piece: &Range<usize>,
        words: &Words,
        is_command: &dyn Fn(&str) -> bool,
        desk: &Replies<Transcript>,
    ) -> Result<Option<Words>, Stopped> {
        let Some(sound) = pcm.get(piece.clone()) else { return Ok(None) };
        let options = desk.options()?;
        let padded = Self::padded(sound, RIM);
        let mut decoding = self.net.encode(&padded, &options).map_err(|error| desk.halt(&error))?;
        let most = limit(sound.len());
        let first = decode(&mut decoding, &[], most, desk, &options)?;
        if first.tokens.len() > COMMAND {
            return Ok(None);
        }
        let least = words.certainty().unwrap_or_default().min(first.certainty) - LESS_CERTAIN;
        let mut forks = first.forks.clone();
        forks.sort_by(|a, b| a.2.total_cmp(&b.2));
        for (at, token, _) in forks.into_iter().take(FORKS) {
            let start: Vec<i64> = first.tokens[..at].iter().copied().chain([token]).collect();
            decoding.restart();
            let reading = decode(&mut decoding, &start, most, desk, &options)?;
            let text = self.tokens.text(&reading.tokens);
            if reading.whole && reading.certainty >= least && is_command(&text) {
                return Ok(Some(Words::of(text, &reading)));
            }
        }
        Ok(None)
    }
}

/// Decodes from `start` on, always choosing the likeliest token, `most` tokens at most.
fn decode(
    decoding: &mut Decoding<'_>,
    start: &[i64],
    most: usize,
    desk: &Replies<Transcript>,
    options: &RunOptions,
) -> Result<Reading, Stopped> {
    let mut reading =
        Reading { tokens: Vec::new(), certainty: 0.0, whole: false, forks: Vec::new() };
    let (mut sum, mut steps) = (0.0, 0.0);
    let mut token = Tokens::START;
    while reading.tokens.len() < most {
        desk.check()?;
        let choice = decoding.step(token, options).map_err(|error| desk.halt(&error))?;
        let at = reading.tokens.len();
        let given = start.get(at).copied();
        token = given.unwrap_or(choice.token);
        // A token that was given is the second choice, or was the first.
        sum += choice.log_probability - if token == choice.token { 0.0 } else { choice.behind };
        steps += 1.0;
        if given.is_none() && choice.behind < FORK {
            reading.forks.push((at, choice.second, choice.behind));
        }
        if token == Tokens::END {
            reading.whole = true;
            break;
        }
        reading.tokens.push(token);
        if let Some(sense) = before_loop(&reading.tokens) {
            reading.tokens.truncate(sense);
            break;
        }
    }
    reading.certainty = sum / steps;
    Ok(reading)
}

fn peak(pcm: &[f32]) -> f32 {
    pcm.iter().fold(0.0, |peak, sample| sample.abs().max(peak))
}

/// The highest probability of speech in `piece`.
fn likeliest(piece: &Range<usize>, track: &[f32]) -> f32 {
    let windows = piece.start / WINDOW..piece.end.div_ceil(WINDOW).min(track.len());
    track.get(windows).map_or(0.0, |track| track.iter().fold(0.0, |a, b| a.max(*b)))
}

/// The most tokens that `samples` of speech can contain.
fn limit(samples: usize) -> usize {
    (samples as f32 / 16_000.0 * TOKENS_PER_SECOND) as usize + MORE_TOKENS
}

/// Detects that the decoder loops: the number of `tokens` before it began to repeat itself. A user
/// may well say "no" ten times, so it takes many repetitions.
fn before_loop(tokens: &[i64]) -> Option<usize> {
    (1..=24).find_map(|period| {
        let rounds = (24_usize).div_ceil(period).clamp(4, 12);
        let circle = tokens.len().checked_sub(period * rounds).map(|start| &tokens[start..])?;
        let same = circle.iter().zip(&circle[period..]).all(|(a, b)| a == b);
        same.then_some(tokens.len() - period * (rounds - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_cut_to_its_first_round() {
        let start = [9, 8];
        let tokens: Vec<i64> = start.into_iter().chain([1, 2, 3].repeat(8)).collect();
        assert_eq!(before_loop(&tokens), Some(5));
        assert_eq!(before_loop(&[7].repeat(12)), Some(1));
    }

    #[test]
    fn what_people_repeat_is_no_loop() {
        assert_eq!(before_loop(&[7].repeat(11)), None);
        assert_eq!(before_loop(&[1, 2, 3, 4, 5, 6, 7].repeat(3)), None);
        assert_eq!(before_loop(&[]), None);
    }

    #[test]
    fn more_time_holds_more_words() {
        assert_eq!((limit(0), limit(16_000), limit(160_000)), (8, 14, 73));
    }
}
