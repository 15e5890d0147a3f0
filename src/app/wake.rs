use super::App;
use super::own_wake::{Open, OwnWords, embedder};
use crate::listen::wake::own::{AT_HALF, SharedEmbedder};
use crate::listen::wake::{BUILTIN, Builtin, OWN_CUTOFF, WakeFactory, Word, cutoff};

/// Makes the wake words of the settings when they are first listened for.
pub(crate) fn wake_words(app: &App) -> WakeFactory {
    let wake = app.config.settings.wake.clone();
    let mut words = WakeWords::of(app);
    Box::new(move || {
        let word = |name: &String| words.word(name, wake.sensitivity_of(name));
        wake.words.iter().map(word).collect()
    })
}

/// The score above which the word `name` counts as called.
pub(crate) fn cutoff_of(own: &OwnWords, name: &str, sensitivity: f64) -> f32 {
    let at_half = match Builtin::named(name) {
        Some(builtin) => builtin.cutoff(),
        None if own.has(name) => AT_HALF,
        None => OWN_CUTOFF,
    };
    cutoff(at_half, sensitivity as f32)
}

/// All words that there are: in the program, recorded by the user, and networks in the user's
/// folder.
pub(crate) struct WakeWords {
    own: OwnWords,
    open: Open,
    /// What compares with the user's recordings, once a word needs it.
    embedder: Option<SharedEmbedder>,
}

impl WakeWords {
    pub(crate) fn of(app: &App) -> Self {
        Self { own: OwnWords::of(app), open: embedder(app), embedder: None }
    }

    /// The word called `name`, at a sensitivity of 0.0..=1.0.
    ///
    /// # Errors
    /// Why it cannot be listened for, with the next step.
    pub(crate) fn word(&mut self, name: &str, sensitivity: f64) -> Result<Word, String> {
        let cut = cutoff_of(&self.own, name, sensitivity);
        self.word_above(name, cut)
    }

    /// As [`WakeWords::word`], called above the score `cut`.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn word_above(&mut self, name: &str, cut: f32) -> Result<Word, String> {
        if let Some(builtin) = Builtin::named(name) {
            return Word::new(name, builtin.model, cut);
        }
        if self.own.has(name) {
            return self.recorded(name, cut);
        }
        let file = self.own.network(name);
        let model = std::fs::read(&file).map_err(|error| {
            let place = file.display();
            if error.kind() == std::io::ErrorKind::NotFound {
                let known = BUILTIN.map(|builtin| builtin.name).join(", ");
                format!(
                    "no wake word \"{name}\"; use one of {known}, make it with \"aloud wake record \
                     {name}\", or put its model at {place}"
                )
            } else {
                format!("cannot read wake word {place}: {error}")
            }
        })?;
        Word::new(name, &model, cut).map_err(|why| {
            format!("the wake word model {} is broken: {why}; fetch it again", file.display())
        })
    }

    fn recorded(&mut self, name: &str, cut: f32) -> Result<Word, String> {
        let by = match &self.embedder {
            Some(by) => by.clone(),
            None => {
                let by = (self.open)().map_err(|why| format!("wake word \"{name}\": {why}"))?;
                self.embedder.insert(by).clone()
            }
        };
        let template = self.own.template(name, &by)?;
        Ok(Word::own(name, template, &self.own.spellings(name), cut, by))
    }
}
