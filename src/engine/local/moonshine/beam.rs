use ort::session::RunOptions;

use super::net::{Past, Sound};
use super::tokens::Tokens;
use crate::engine::Transcript;
use crate::engine::local::worker::{Replies, Stopped};

/// How many readings are followed at a time, and how many next tokens of each are looked at.
const WIDTH: usize = 8;
const BRANCHES: usize = 6;

/// How much smaller the logarithm of the probability of a reading may be than that of the likeliest.
const BEHIND: f32 = 8.0;

/// A reading of some sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its text.
    pub text: String,
    /// The logarithm of its probability.
    pub log_probability: f32,
    /// The mean of that over its tokens: the certainty of a transcript.
    pub certainty: f32,
}

/// A reading in progress.
struct Path {
    tokens: Vec<i64>,
    past: Past,
    sum: f32,
    /// Its words, without case and punctuation.
    plain: String,
}

/// The likeliest readings of `sound`, the likeliest first. Of those that differ in nothing but case
/// and punctuation, the likeliest one is followed.
pub(super) fn readings(
    sound: &mut Sound<'_>,
    tokens: &Tokens,
    most: usize,
    replies: &Replies<Transcript>,
    options: &RunOptions,
) -> Result<Vec<Reading>, Stopped> {
    let start = Path { tokens: Vec::new(), past: Past::default(), sum: 0.0, plain: String::new() };
    let mut live = vec![start];
    let mut whole: Vec<(String, Reading)> = Vec::new();
    for _ in 0..most {
        let mut next: Vec<Path> = Vec::new();
        for mut path in live {
            replies.check()?;
            let token = path.tokens.last().copied().unwrap_or(Tokens::START);
            let choices = sound
                .step(&mut path.past, token, BRANCHES, options)
                .map_err(|error| replies.halt(&error))?;
            for choice in choices {
                let sum = path.sum + choice.log_probability;
                if choice.token == Tokens::END {
                    let text = tokens.text(&path.tokens);
                    let certainty = sum / (path.tokens.len() as f32 + 1.0);
                    let reading = Reading { text, log_probability: sum, certainty };
                    keep(&mut whole, path.plain.clone(), reading);
                    continue;
                }
                let mut longer = path.tokens.clone();
                longer.push(choice.token);
                let plain = plain(&tokens.text(&longer));
                next.push(Path { tokens: longer, past: path.past.clone(), sum, plain });
            }
        }
        let best = whole.iter().map(|(_, reading)| reading.log_probability);
        let best = best.chain(next.iter().map(|path| path.sum)).fold(f32::NEG_INFINITY, f32::max);
        next.retain(|path| path.sum > best - BEHIND);
        live = chosen(next);
        if live.is_empty() {
            break;
        }
    }
    let mut readings: Vec<Reading> = whole.into_iter().map(|(_, reading)| reading).collect();
    readings.sort_by(|a, b| b.log_probability.total_cmp(&a.log_probability));
    Ok(readings)
}

/// The readings that are followed further.
fn chosen(mut next: Vec<Path>) -> Vec<Path> {
    next.sort_by(|a, b| b.sum.total_cmp(&a.sum));
    let mut live: Vec<Path> = Vec::with_capacity(WIDTH);
    for path in next {
        if live.len() < WIDTH && !live.iter().any(|other| other.plain == path.plain) {
            live.push(path);
        }
    }
    live
}

/// Adds `reading`, unless one with the same words is likelier.
fn keep(whole: &mut Vec<(String, Reading)>, plain: String, reading: Reading) {
    match whole.iter_mut().find(|(other, _)| *other == plain) {
        Some((_, old)) if old.log_probability >= reading.log_probability => {}
        Some((_, old)) => *old = reading,
        None => whole.push((plain, reading)),
    }
}

/// `text` without case and punctuation, except marks inside a number.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        bare.to_lowercase()
    });
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
