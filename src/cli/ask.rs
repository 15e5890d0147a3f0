use std::path::Path;

use serde_json::{Value, json};

use super::args::Ask;
use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::{App, Output};
use crate::config::Environment;
use crate::dialog::Item;
use crate::drive::{Finished, Question};
use crate::{audio, listen};

/// Asks one question and prints the answer.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Ask) -> Outcome {
    if !args.image.is_empty() {
        return Err(Failure::later("ask --image"));
    }
    if !args.context.is_empty() {
        return Err(Failure::later("ask --context"));
    }
    let app = App::open(file, env)?;
    let question = match &args.audio {
        Some(path) => Question::Heard(heard(&app, path)?),
        None => {
            let text = print::words_or_stdin(
                &args.text,
                "give a question, pipe it in, or give --audio FILE",
            )?;
            Question::Text { text, pictures: Vec::new() }
        }
    };
    let output = match (args.out, args.speak) {
        (Some(path), _) => Output::File(path),
        (None, true) => Output::Speaker,
        (None, false) => Output::Words,
    };
    let spoken = args.audio.is_some();
    let finished = app.once(question, output).await?;
    let told = Told::of(&finished);
    if args.json {
        print::json(&told.object(&finished))?;
    } else {
        told.print(spoken)?;
    }
    if spoken && told.transcript.is_empty() && finished.troubles.is_empty() {
        print::trouble("nothing was said in that recording; speak louder or record it again");
    }
    match finished.troubles.into_iter().next() {
        Some(trouble) => Err(Failure::new(Code::Unavailable, trouble)),
        None => Ok(()),
    }
}

/// What the listener makes of a recording under a held key.
fn heard(app: &App, path: &Path) -> Result<Vec<listen::Event>, Failure> {
    let clip = audio::read_file(path)?;
    if let Some(warning) = &clip.warning {
        print::trouble(warning);
    }
    let mut listener = listen::Listener::new(app.listening(), Some(app.voice_activity()));
    let mut events = Vec::new();
    listener.order(listen::Order::Hold, &mut events);
    listener.push(&clip.pcm, &mut events);
    listener.order(listen::Order::Release, &mut events);
    events.retain(|event| {
        matches!(
            event,
            listen::Event::Started { .. }
                | listen::Event::Ended { .. }
                | listen::Event::Discarded { .. }
        )
    });
    Ok(events)
}

/// What is told of an answer.
struct Told {
    transcript: String,
    reply: String,
    calls: Vec<Value>,
}

impl Told {
    fn of(finished: &Finished) -> Self {
        let mut told = Self { transcript: String::new(), reply: String::new(), calls: Vec::new() };
        for item in finished.history.items() {
            match item {
                Item::User { text, .. } => {
                    if !told.transcript.is_empty() {
                        told.transcript.push(' ');
                    }
                    told.transcript.push_str(text);
                }
                Item::Reply { text, .. } => told.reply.push_str(text),
                Item::Call { call, .. } => told.calls.push(json!({
                    "name": call.name,
                    "arguments": parsed(&call.arguments),
                    "result": Value::Null,
                })),
                Item::Outcome(outcome) => {
                    let open = told.calls.iter_mut().find(|call| call["result"].is_null());
                    if let Some(call) = open {
                        call["result"] = parsed(&outcome.output);
                    }
                }
                Item::Notice { .. } | Item::Picture(_) => {}
            }
        }
        told.reply = told.reply.trim().to_owned();
        told
    }

    fn object(&self, finished: &Finished) -> Value {
        json!({
            "transcript": self.transcript,
            "reply": self.reply,
            "tool_calls": self.calls,
            "sources": finished.sources,
            "timings_ms": finished.timings,
        })
    }

    fn print(&self, spoken: bool) -> Outcome {
        if spoken {
            print::aside(format!("you: {}", self.transcript));
        }
        for call in &self.calls {
            print::aside(format!(
                "{} {}",
                call["name"].as_str().unwrap_or_default(),
                call["arguments"]
            ));
        }
        if self.reply.is_empty() { Ok(()) } else { print::line(&self.reply) }
    }
}

/// JSON where it is, text where it is not.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
