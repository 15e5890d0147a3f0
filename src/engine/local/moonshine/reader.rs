use std::ops::Range;
use std::sync::Arc;

use ort::session::RunOptions;

use super::beam::{Reading, readings};
use super::cut::{halves, pieces};
use super::net::{Net, Past, Sound};
use super::tokens::Tokens;
use super::{Expects, MoonshineFiles};
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

/// Below this mean log probability several readings of a hissing sound are followed at a time. On the
/// prompts of `scripts/wer` with white noise at 10 dB it brings 12.1 % of wrong words to 9.8 %.
const UNCERTAIN: f32 = -0.2;

/// Below this mean log probability a reading is not speech, unless Silero is at least this certain
/// that it is: the least certain of 500 prompts was the letter "a" with 0.57, music reached 0.83
/// for a moment.
const NONSENSE: f32 = -1.0;
const SURELY_SPEECH: f32 = 0.85;

/// Pieces of at least this many samples are read in halves if nothing else helped.
const WORTH_HALVING: usize = 4 * 16_000;

/// The longest sentence of which another reading is tried, in tokens: a command is short.
const COMMAND: f32 = 32.0;

/// What lives on the thread: the network, its vocabulary, and the detector that finds speech.
pub(super) struct Reader {
    /// What it expects to hear.
    pub(super) expects: Option<Expects>,
    /// The sound read last, and its words.
    pub(super) last: Option<(Arc<[f32]>, Transcript)>,
    net: Net,
    tokens: Tokens,
    silero: Silero,
}

/// The likeliest reading of a piece.
struct Decoded {
    tokens: Vec<i64>,
    /// The mean log probability of its tokens.
    certainty: f32,
    /// Whether it ended by itself and not at our limit.
    whole: bool,
    /// How much less likely the second choice was where it was closest; another case or another
    /// punctuation does not count.
    closest: f32,
}

/// The words of some sound.
pub(super) struct Words {
    pub(super) text: String,
    /// The sum of its tokens' log probabilities, and their number.
    sum: f32,
    tokens: f32,
    /// How much smaller the logarithm of the second choice's probability was where it was closest.
    closest: f32,
}

impl Default for Words {
    fn default() -> Self {
        Self { text: String::new(), sum: 0.0, tokens: 0.0, closest: f32::INFINITY }
    }
}

impl Words {
    /// The words of one reading.
    fn of(text: String, reading: &Decoded) -> Self {
        let tokens = reading.tokens.len() as f32 + 1.0;
        Self { text, sum: reading.certainty * tokens, tokens, closest: reading.closest }
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
        self.closest = self.closest.min(more.closest);
    }

    /// The mean log probability of a token; `None` if nothing was said.
    pub(super) fn certainty(&self) -> Option<f32> {
        (!self.text.is_empty()).then(|| self.sum / self.tokens)
    }
}

impl Decoded {
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
        expects: Option<Expects>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            expects,
            last: None,
            tokens: Tokens::load(&files.tokenizer)?,
            net: Net::load(runtime, &files.encoder, &files.decoder)?,
            silero: Silero::new(),
        })
    }

    /// The words of `pcm`, if they were the last ones read.
    pub(super) fn known(&self, pcm: &Arc<[f32]>) -> Option<Transcript> {
        let (sound, transcript) = self.last.as_ref()?;
        Arc::ptr_eq(sound, pcm).then(|| transcript.clone())
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

    /// The words of one piece of `pcm`, and how certain they are. `hisses` says that a hiss was
    /// suppressed in it.
    pub(super) fn read(
        &mut self,
        pcm: &[f32],
        hisses: bool,
        piece: &Range<usize>,
        track: &[f32],
        replies: &Replies<Transcript>,
    ) -> Result<Words, Stopped> {
        let Some(sound) = pcm.get(piece.clone()) else { return Ok(Words::default()) };
        let mut reading = self.decode(sound, RIM, replies)?;
        if !reading.is_sure() {
            let other = self.decode(sound, OTHER_RIM, replies)?;
            if other.is_better_than(&reading) {
                reading = other;
            }
        }
        if !reading.whole && piece.len() >= WORTH_HALVING {
            let mut words = Words::default();
            for half in halves(piece, track) {
                words.push(&self.read(pcm, hisses, &half, track, replies)?);
            }
            return Ok(words);
        }
        if reading.certainty < NONSENSE && likeliest(piece, track) < SURELY_SPEECH {
            return Ok(Words::default());
        }
        if hisses
            && reading.whole
            && reading.certainty < UNCERTAIN
            && let Some(likeliest) = self.readings(sound, replies)?.into_iter().next()
            && likeliest.certainty > reading.certainty
        {
            reading.certainty = likeliest.certainty;
            return Ok(Words::of(likeliest.text, &reading));
        }
        Ok(Words::of(self.tokens.text(&reading.tokens), &reading))
    }

    /// The likeliest readings of `sound`, the likeliest first.
    fn readings(
        &mut self,
        sound: &[f32],
        replies: &Replies<Transcript>,
    ) -> Result<Vec<Reading>, Stopped> {
        let options = replies.options()?;
        let padded = Self::padded(sound, RIM);
        let mut encoded =
            self.net.encode(&padded, &options).map_err(|error| replies.halt(&error))?;
        readings(&mut encoded, &self.tokens, limit(sound.len()), replies, &options)
    }

    /// Decodes `sound` with this much silence around it.
    fn decode(
        &mut self,
        sound: &[f32],
        rim: [usize; 2],
        replies: &Replies<Transcript>,
    ) -> Result<Decoded, Stopped> {
        let options = replies.options()?;
        let padded = Self::padded(sound, rim);
        let mut encoded =
            self.net.encode(&padded, &options).map_err(|error| replies.halt(&error))?;
        decode(&mut encoded, &self.tokens, limit(sound.len()), replies, &options)
    }

    /// `sound` at the level that suits the model, with this much silence around it.
    fn padded(sound: &[f32], rim: [usize; 2]) -> Vec<f32> {
        let gain = (PEAK / peak(sound).max(f32::MIN_POSITIVE)).min(GAIN);
        let mut pcm = vec![0.0; rim[0]];
        pcm.extend(sound.iter().map(|sample| sample * gain));
        pcm.resize(pcm.len() + rim[1], 0.0);
        pcm
    }

    /// The words of one piece of `pcm`, read as `words`, that fit better what is expected. People who
    /// talk to a machine say "set a timer" more often than "said a timer", which the model does not
    /// know.
    pub(super) fn expected(
        &mut self,
        pcm: &[f32],
        piece: &Range<usize>,
        words: &Words,
        replies: &Replies<Transcript>,
    ) -> Result<Option<Words>, Stopped> {
        let Some(expects) = self.expects.clone() else { return Ok(None) };
        let worth = words.tokens > 0.0 && words.tokens <= COMMAND;
        if !worth || words.closest >= expects.hesitation(&words.text) {
            return Ok(None);
        }
        let Some(sound) = pcm.get(piece.clone()) else { return Ok(None) };
        let all = self.readings(sound, replies)?;
        let Some((text, certainty)) = expects.choose(&all) else { return Ok(None) };
        Ok(Some(Words { text, sum: certainty * words.tokens, ..*words }))
    }
}

/// Decodes, always choosing the likeliest token, `most` tokens at most.
fn decode(
    sound: &mut Sound<'_>,
    tokens: &Tokens,
    most: usize,
    replies: &Replies<Transcript>,
    options: &RunOptions,
) -> Result<Decoded, Stopped> {
    let mut reading =
        Decoded { tokens: Vec::new(), certainty: 0.0, whole: false, closest: f32::INFINITY };
    let (mut sum, mut steps) = (0.0, 0.0);
    let mut past = Past::default();
    let mut token = Tokens::START;
    while reading.tokens.len() < most {
        replies.check()?;
        let choices =
            sound.step(&mut past, token, 2, options).map_err(|error| replies.halt(&error))?;
        let [first, second] = choices.as_slice() else { break };
        token = first.token;
        sum += first.log_probability;
        steps += 1.0;
        if tokens.differ(first.token, second.token) {
            let behind = first.log_probability - second.log_probability;
            reading.closest = reading.closest.min(behind);
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
