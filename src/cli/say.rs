use std::path::Path;

use super::args::Say;
use super::sound_out::SoundOut;
use super::{Outcome, client, print};
use crate::app::{App, Output};
use crate::config::Environment;
use crate::drive::Question;

/// Speaks a text: into a file, through the running service, or through the speaker.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Say) -> Outcome {
    let text = print::words_or_stdin(&args.text, "give some text, or pipe it in")?;
    if args.out.is_none() && client::say(env, &text).await? {
        return Ok(());
    }
    let out = args.out.map(SoundOut::of).transpose()?;
    let app = App::open(file, env)?;
    let output = out.as_ref().map_or(Output::Speaker, |out| Output::File(out.wave().to_owned()));
    let finished = app.once(Question::Say(text), output).await?;
    for note in &finished.notes {
        print::trouble(note);
    }
    super::ask::ended(finished)?;
    out.map_or(Ok(()), SoundOut::finish)
}
