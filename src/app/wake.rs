use std::path::Path;

use super::App;
use crate::config;
use crate::listen::wake::{BUILTIN, Builtin, OWN_CUTOFF, WakeFactory, Word, cutoff};

/// Makes the wake words of the settings when they are first listened for.
pub(crate) fn wake_words(app: &App) -> WakeFactory {
    let wake = app.config.settings.wake.clone();
    let folder = app.config.paths.models.with_file_name("wake");
    Box::new(move || wake.words.iter().map(|name| word(name, &wake, &folder)).collect())
}

/// The wake word called `name`: of the program, or of the user's own folder.
fn word(name: &str, wake: &config::Wake, folder: &Path) -> Result<Word, String> {
    let sensitivity = wake.sensitivity_of(name) as f32;
    if let Some(builtin) = Builtin::named(name) {
        return Word::new(name, builtin.model, cutoff(builtin.cutoff(), sensitivity));
    }
    let file = folder.join(format!("{name}.tflite"));
    let known = || BUILTIN.map(|builtin| builtin.name).join(", ");
    let model = std::fs::read(&file).map_err(|error| {
        let place = file.display();
        if error.kind() == std::io::ErrorKind::NotFound {
            format!("no wake word \"{name}\"; use one of {}, or put its model at {place}", known())
        } else {
            format!("cannot read wake word {place}: {error}")
        }
    })?;
    Word::new(name, &model, cutoff(OWN_CUTOFF, sensitivity)).map_err(|why| {
        format!("the wake word model {} is broken: {why}; fetch it again", file.display())
    })
}
