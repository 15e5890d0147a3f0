use std::path::Path;

use serde_json::json;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::audio::{self, Side};
use crate::config::{Environment, ModelName};
use crate::engine::Notes;
use crate::tool::Ringer;

/// Lists microphones and speakers.
pub(super) fn devices(as_json: bool) -> Outcome {
    let devices = audio::devices()?;
    if as_json {
        for device in &devices {
            print::json(&json!({
                "side": word(device.side), "id": device.id, "name": device.name,
                "default": device.default,
            }))?;
        }
        return Ok(());
    }
    for side in [Side::Input, Side::Output] {
        let found: Vec<_> = devices.iter().filter(|device| device.side == side).collect();
        print::line(format!("{}s:", word(side)))?;
        if found.is_empty() {
            print::line(format!("  none; plug in a {}", word(side)))?;
        }
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|device| {
                let mark = if device.default { "*" } else { " " };
                vec![format!("  {mark} {}", device.name), device.id.clone()]
            })
            .collect();
        print::table(&rows)?;
    }
    print::line("* is the default; put a name or an id into [audio] input or output")
}

fn word(side: Side) -> String {
    side.to_string()
}

/// Lists timers and alarms.
pub(super) fn timers(file: Option<&Path>, env: &Environment, as_json: bool) -> Outcome {
    let app = App::open(file, env)?;
    let book = app.book();
    let entries = book.entries();
    for trouble in book.take_trouble() {
        print::trouble(&trouble);
    }
    if as_json {
        for entry in &entries {
            print::json(entry)?;
        }
        return Ok(());
    }
    if entries.is_empty() {
        return print::line("no timers and no alarms are set");
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let due = entry.due(book.zone()).map(|due| due.to_zoned(book.zone().clone()));
            let due =
                due.map_or_else(String::new, |due| due.strftime("%a %e %b, %H:%M:%S").to_string());
            vec![entry.name(), due]
        })
        .collect();
    print::table(&rows)
}

/// Lists the tools that can be called.
pub(super) fn tools(file: Option<&Path>, env: &Environment, as_json: bool) -> Outcome {
    let app = App::open(file, env)?;
    let specs = app.tools(&app.book(), Ringer::Nobody, &Notes::new().0)?.specs();
    if as_json {
        for spec in specs.iter() {
            print::json(spec)?;
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> = specs
        .iter()
        .map(|spec| {
            let first = spec.description.split_inclusive(['.', '\n']).next().unwrap_or_default();
            vec![spec.name.clone(), first.trim().to_owned()]
        })
        .collect();
    print::table(&rows)
}

/// Looks for what would keep aloud from working.
pub(super) async fn doctor(file: Option<&Path>, env: &Environment) -> Outcome {
    let mut bad = 0;
    let mut tell = |what: &str, outcome: Result<String, String>| -> Outcome {
        let (mark, text) = match outcome {
            Ok(text) => ("ok ", text),
            Err(text) => {
                bad += 1;
                ("BAD", text)
            }
        };
        print::line(format!("{mark} {what:<14} {text}"))
    };
    let app = match App::open(file, env) {
        Ok(app) => app,
        Err(error) => {
            tell("configuration", Err(error.to_string()))?;
            return Err(Failure::new(Code::Config, "mend the configuration first"));
        }
    };
    let source = match &app.config.file {
        Some(path) => path.display().to_string(),
        None => "no file; the defaults are in force".to_owned(),
    };
    tell("configuration", Ok(source))?;
    let (notes, _) = Notes::new();
    let cascade = &app.config.settings.cascade;
    let ready = |names: &[ModelName]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        format!("{} is ready", names.join(", else "))
    };
    let said = |error: crate::app::Unfit| error.to_string();
    let heard = app.transcriber(&notes).map(|_| ready(&cascade.transcribe));
    tell("hearing", heard.map_err(said))?;
    tell("answering", app.responder(&notes).map(|_| ready(&cascade.chat)).map_err(said))?;
    tell("speaking", app.voice(&notes).map(|_| ready(&cascade.speak)).map_err(said))?;
    for name in app.providers_in_use() {
        let http = app.account(&name).map_err(said);
        let answer = match http {
            Ok(http) => match http.get_once("models").await {
                Ok(_) => Ok(format!("{name} at {} answers", http.host())),
                // A server without a list of models may be well all the same.
                Err(declined) if declined.no_such_call() => {
                    Ok(format!("{name} at {} answers", http.host()))
                }
                Err(declined) => Err(declined.to_string()),
            },
            Err(error) => Err(error),
        };
        tell("provider", answer)?;
    }
    match audio::devices() {
        Ok(devices) => {
            for side in [Side::Input, Side::Output] {
                let name = devices.iter().find(|device| device.side == side && device.default);
                let name = name.or_else(|| devices.iter().find(|device| device.side == side));
                tell(
                    &word(side),
                    name.map(|device| device.name.clone())
                        .ok_or_else(|| format!("none; plug in a {}", word(side))),
                )?;
            }
        }
        Err(error) => tell("sound", Err(error.to_string()))?,
    }
    for neighbour in crate::engine::openai::neighbours().await {
        tell("chat model", Ok(neighbour.offer()))?;
    }
    let service = crate::control::Client::connect(&app.config.paths.socket()).await;
    tell("service", Ok(service.map_or_else(|error| error.to_string(), |_| "running".into())))?;
    match bad {
        0 => print::line("all is well"),
        _ => Err(Failure::new(Code::Unavailable, "not all is well; see above for the next step")),
    }
}
