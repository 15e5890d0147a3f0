//! How much sound is like each wake word, over time.

use std::path::Path;

use serde_json::json;

use crate::app::{self, App, OwnWords, WakeWords};
use crate::base::LISTEN_RATE;
use crate::cli::exit::{Code, Failure};
use crate::cli::{Outcome, print};
use crate::engine::local::Silero;
use crate::listen::wake::Word;
use crate::listen::{Event, Listener, Order, Settings};
use crate::pcm::Recording;

/// A score that nothing exceeds: the word only tells its scores.
const NEVER: f32 = 2.0;

/// Some words, each with an ear of its own.
pub(super) struct Trials {
    trials: Vec<Trial>,
    own: OwnWords,
    /// The file that is heard, if it is one.
    place: Option<String>,
    json: bool,
    /// Samples heard before the sound itself.
    lead: u64,
}

struct Trial {
    name: String,
    /// The score that wakes, by the configured sensitivity.
    cutoff: f32,
    ear: Listener,
    /// The best score so far.
    best: f32,
}

/// What a word has scored in a whole file.
pub(super) struct Verdict {
    /// The word.
    pub(super) word: String,
    /// The least sensitivity with which it wakes, if one does.
    pub(super) needed: Option<f64>,
}

impl Trials {
    /// Ears for `names` in the microphone's sound.
    ///
    /// # Errors
    /// When a word cannot be listened for.
    pub(super) fn new(app: &App, names: &[String], json: bool) -> Result<Self, Failure> {
        let (mut words, own) = (WakeWords::of(app), OwnWords::of(app));
        let wake = &app.config.settings.wake;
        let trial = |name: &String| {
            let word = words.word_above(name, NEVER);
            let word = word.map_err(|why| Failure::new(Code::Unavailable, why))?;
            let cutoff = app::cutoff_of(&own, name, wake.sensitivity_of(name));
            Ok(Trial { name: name.clone(), cutoff, ear: ear(word), best: 0.0 })
        };
        let trials = names.iter().map(trial).collect::<Result<_, Failure>>()?;
        Ok(Self { trials, own, place: None, json, lead: 0 })
    }

    /// Hears all of a file, and says what it was like.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn file(mut self, file: &Path) -> Result<Vec<Verdict>, Failure> {
        let mut recording = Recording::open(file)?.at_rate(LISTEN_RATE)?;
        self.place = Some(file.display().to_string());
        // The ear knows a room before it hears a voice, and reports a second when it is over.
        let second = vec![0.0; LISTEN_RATE.0 as usize];
        self.lead = second.len() as u64;
        self.hear(&second)?;
        let mut piece = vec![0.0; second.len() / 10];
        loop {
            match recording.read(&mut piece)? {
                0 => break,
                n => self.hear(&piece[..n])?,
            }
        }
        self.hear(&second)?;
        self.hear(&second)?;
        if let Some(warning) = recording.warning() {
            print::trouble(warning);
        }
        self.trials.iter().map(|trial| self.verdict(trial)).collect()
    }

    /// Hears some sound, and prints each second in which a word scores.
    ///
    /// # Errors
    /// When nobody reads.
    pub(super) fn hear(&mut self, pcm: &[f32]) -> Outcome {
        let mut out = Vec::new();
        for trial in &mut self.trials {
            trial.ear.push(pcm, &mut out);
            for event in out.drain(..) {
                let Event::Score(score) = event else { continue };
                trial.best = trial.best.max(score);
                // The score is the best of the second before.
                let heard = trial.ear.heard().saturating_sub(self.lead) / u64::from(LISTEN_RATE.0);
                let (second, wakes) = (heard.saturating_sub(1), score > trial.cutoff);
                let word = &trial.name;
                if self.json {
                    let file = &self.place;
                    print::json(&json!({
                        "file": file, "seconds": second, "word": word,
                        "score": hundredths(score), "wakes": wakes,
                    }))?;
                } else {
                    let wakes = if wakes { "yes" } else { "no" };
                    print::line(format!(
                        "{second:>5} s  {word}  score {score:.2}  wakes: {wakes}"
                    ))?;
                }
            }
        }
        Ok(())
    }

    fn verdict(&self, trial: &Trial) -> Result<Verdict, Failure> {
        let Trial { name, cutoff, best, .. } = trial;
        let needed = self.fitting(name, *best);
        let place = self.place.as_deref().unwrap_or_default();
        let wakes = best > cutoff;
        if self.json {
            print::json(&json!({
                "file": place, "word": name, "best": hundredths(*best), "wakes": wakes,
                "sensitivity": needed,
            }))?;
        } else {
            let does = if wakes { "wakes" } else { "does not wake" };
            let needed = match needed {
                Some(0.0) => "any sensitivity does".to_owned(),
                Some(needed) => format!("a sensitivity of {needed:.2} or more does"),
                None => "no sensitivity does".to_owned(),
            };
            print::line(format!("{place}: {name} {does} (best score {best:.2}; {needed})"))?;
        }
        Ok(Verdict { word: name.clone(), needed })
    }

    /// The least sensitivity, in twentieths, with which `score` wakes.
    fn fitting(&self, name: &str, score: f32) -> Option<f64> {
        let mut all = (0..=20).map(|n| f64::from(n) / 20.0);
        all.find(|sensitivity| score > app::cutoff_of(&self.own, name, *sensitivity))
    }
}

/// `score` in hundredths.
fn hundredths(score: f32) -> f64 {
    (f64::from(score) * 100.0).round() / 100.0
}

/// A closed ear that waits for `word`.
fn ear(word: Word) -> Listener {
    let mut word = Some(word);
    let factory = Box::new(move || word.take().into_iter().map(Ok).collect());
    let voice = Box::new(|| Ok(Box::new(Silero::new()) as _));
    let mut ear = Listener::new(Settings::default(), Some(voice)).with_words(factory);
    ear.order(Order::Spot(true), &mut Vec::new());
    ear
}
