use std::io::IsTerminal;
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::args::{Ask, Protocol};
use super::exit::{Code, Failure};
use super::sound_out::SoundOut;
use super::{Outcome, print};
use crate::app::{App, Output, picture};
use crate::config::{self, Environment, ModelName};
use crate::dialog::Item;
use crate::drive::{Event, Finished, Handle, Question};
use crate::{listen, pcm};

/// Asks one question and prints the answer.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Ask) -> Outcome {
    let mut app = App::open(file, env)?;
    set(&mut app, &args)?;
    let pictures = args.image.iter().map(|named| picture(named)).collect::<Result<Vec<_>, _>>()?;
    let question = match &args.audio {
        Some(path) => {
            let heard = heard(&app, path)?;
            if app.wants_a_chat_model() && !(pictures.is_empty() && args.text.is_empty()) {
                let message =
                    "text or pictures beside --audio need a chat model; set one with --model";
                return Err(Failure::new(Code::Usage, message));
            }
            // Pictures and earlier messages come before the question about them.
            app.opening.extend(pictures.into_iter().map(Item::Picture));
            let text = args.text.join(" ").trim().to_owned();
            if !text.is_empty() {
                app.opening.push(Item::User { utterance: None, text });
            }
            Question::Heard(heard)
        }
        None => {
            let text = print::words_or_stdin(
                &args.text,
                "ask something: give TEXT, pipe it in, or give --audio FILE",
            )?;
            Question::Text { text, pictures }
        }
    };
    let out = args.out.map(SoundOut::of).transpose()?;
    let streams = out.as_ref().is_some_and(SoundOut::streams);
    if streams && args.json {
        let message = "--json and --out - both write to standard output; give --out a file";
        return Err(Failure::new(Code::Usage, message));
    }
    let output = match (&out, args.speak) {
        (Some(out), _) => Output::File(out.wave().to_owned()),
        (None, true) => Output::Speaker,
        (None, false) => Output::Words,
    };
    app.mute = matches!(output, Output::Words);
    let spoken = args.audio.is_some();
    // On a terminal words appear as they are written; a program gets them whole.
    let live = !args.json && !spoken && !streams && std::io::stdout().is_terminal();
    let finished = match live {
        true => app.once_watched(question, output, words).await?,
        false => app.once(question, output).await?,
    };
    let told = Told::of(&finished);
    for note in &finished.notes {
        print::trouble(note);
    }
    if args.json {
        print::json(&told.object(&finished))?;
    } else if streams {
        // Standard output carries the sound.
        print::aside(&told.reply);
    } else {
        told.print(spoken, live)?;
        for source in &finished.sources {
            let title = if source.title.is_empty() { "source" } else { &source.title };
            print::line(format!("{title}: {}", source.url))?;
        }
    }
    if spoken && told.transcript.is_empty() && finished.troubles.is_empty() {
        print::trouble("no speech in that recording; record it again");
    }
    ended(finished)?;
    out.map_or(Ok(()), SoundOut::finish)
}

/// The exit status of a question, answered or not.
pub(super) fn ended(finished: Finished) -> Outcome {
    let Some(trouble) = finished.troubles.into_iter().next() else { return Ok(()) };
    match finished.errors.into_iter().next() {
        Some(error) => Err(Failure { message: trouble, ..error.into() }),
        None => Err(Failure::new(Code::Unavailable, trouble)),
    }
}

/// Applies the command line's options to the settings.
fn set(app: &mut App, args: &Ask) -> Outcome {
    let settings = &mut app.config.settings;
    if for_a_model(args) {
        settings.cascade.commands = config::Commands::Chat;
    }
    if let Some(name) = &args.model {
        settings.cascade.chat = vec![model(settings, name)];
    }
    if let Some(protocol) = args.protocol {
        settings.chat.protocol = match protocol {
            Protocol::Auto => config::Protocol::Auto,
            Protocol::Chat => config::Protocol::Chat,
            Protocol::Responses => config::Protocol::Responses,
            Protocol::Completions => config::Protocol::Completions,
        };
    }
    if let Some(partner) = args.partner {
        settings.partner = partner.into();
    }
    if settings.partner == config::Partner::AudioChat
        && let Some(name) = &args.model
    {
        settings.audio_chat.models = vec![model(settings, name)];
    }
    if settings.partner == config::Partner::Realtime
        && let Some(name) = &args.model
    {
        settings.realtime.models = vec![model(settings, name)];
    }
    if let Some(effort) = &args.effort {
        const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
        if !EFFORTS.contains(&effort.as_str()) {
            let message = format!("--effort {effort}: use one of {}", EFFORTS.join(", "));
            return Err(Failure::new(Code::Usage, message));
        }
        settings.chat.reasoning_effort = Some(effort.clone());
    }
    if let Some(choice) = &args.tool_choice {
        settings.chat.tool_choice = config::ToolChoice::of(choice);
    }
    settings.chat.search |= args.search;
    settings.chat.stream &= !args.no_stream;
    settings.context.files.extend(args.context.iter().cloned());
    Ok(())
}

/// Whether an option is set that only a chat model can follow.
fn for_a_model(args: &Ask) -> bool {
    args.model.is_some()
        || args.protocol.is_some()
        || args.effort.is_some()
        || args.tool_choice.is_some()
        || args.search
        || args.no_stream
        || !args.image.is_empty()
        || !args.context.is_empty()
        // Two halves of one question: a command would answer the second and drop the first.
        || (args.audio.is_some() && !args.text.is_empty())
}

/// The model `name`: `PROVIDER/MODEL`, or a model of the configured provider.
fn model(settings: &config::Settings, name: &str) -> ModelName {
    if let Some((provider, model)) = name.split_once('/')
        && settings.providers.contains_key(provider)
    {
        return ModelName { provider: provider.to_owned(), model: model.to_owned() };
    }
    let usual = settings.cascade.chat.iter().map(|chat| chat.provider.as_str());
    let provider = usual.into_iter().find(|provider| *provider != "local").unwrap_or("openai");
    ModelName { provider: provider.to_owned(), model: name.to_owned() }
}

/// Prints words as they come, until the question is answered.
async fn words(handle: Handle) {
    let (_, mut events) = handle.watch();
    // Holding the handle would hide the driver's end.
    drop(handle);
    loop {
        match events.recv().await {
            Ok(Event::Words { text, .. }) => print::words(&text),
            Ok(Event::Ending) | Err(RecvError::Closed) => return,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
        }
    }
}

/// What the listener makes of a recording under a held key.
fn heard(app: &App, path: &Path) -> Result<Vec<listen::Event>, Failure> {
    let clip = pcm::read_file(path)?;
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

/// What is printed about an answer.
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
                Item::Reply { text, .. } => {
                    // What was said before and after a tool call.
                    if !told.reply.is_empty() {
                        told.reply.push(' ');
                    }
                    told.reply.push_str(text);
                }
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

    fn print(&self, spoken: bool, live: bool) -> Outcome {
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
        match (self.reply.is_empty(), live) {
            (true, _) => Ok(()),
            // The words were already printed.
            (false, true) => print::line(""),
            (false, false) => print::line(&self.reply),
        }
    }
}

/// `text` as JSON, or as a string if it is not JSON.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
