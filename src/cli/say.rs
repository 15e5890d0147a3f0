use std::path::Path;

use super::args::Say;
use super::{Outcome, client, print};
use crate::app::{App, Output};
use crate::config::Environment;
use crate::drive::Question;

/// Speaks a text: into a file, through the running service, or through the speaker.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Say) -> Outcome {
    let text = print::words_or_stdin(&args.text, "give the text to speak, or pipe it in")?;
    if args.out.is_none() && client::say(env, &text).await? {
        return Ok(());
    }
    let app = App::open(file, env)?;
    let output = args.out.map_or(Output::Speaker, Output::File);
    let finished = app.once(Question::Say(text), output).await?;
    for note in &finished.notes {
        print::trouble(note);
    }
    super::ask::ended(finished)
}
