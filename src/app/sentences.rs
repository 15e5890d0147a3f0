use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::{App, StartError};
use crate::grammar::{Grammar, Problem};
use crate::tool::Sentences;

/// The grammar: the user's own sentences, those of their own tools, and the built-in ones.
///
/// # Errors
/// All mistakes of the user's own sentences, with their places.
pub(super) fn grammar(app: &App) -> Result<Grammar, StartError> {
    let languages = &app.config.settings.transcribe.languages;
    let file = app.config.settings.templates.file.as_deref();
    let written = match file {
        None => String::new(),
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            StartError::Templates(format!("cannot read {}: {error}", path.display()))
        })?,
    };
    let of_tools = &app.own().sentences;
    let house = app.config.settings.tools.home_assistant.is_some();
    let mqtt = app.config.settings.tools.mqtt.as_ref().map(|mqtt| &mqtt.say);
    if !house
        && mqtt.is_none_or(BTreeMap::is_empty)
        && file.is_none()
        && of_tools.iter().all(|tool| tool.say.is_empty())
    {
        return Ok(Grammar::new().speaking(languages));
    }
    let (text, places) = joined(file, written, of_tools, mqtt);
    let grammar = if house { Grammar::with_house(&text) } else { Grammar::with_text(&text) };
    grammar.map(|grammar| grammar.speaking(languages)).map_err(|problems| {
        let place = |problem: &Problem| match places.get(problem.line.saturating_sub(1)) {
            Some(place) => format!("{place}: {}", problem.message),
            None => problem.message.clone(),
        };
        StartError::Templates(problems.iter().map(place).collect::<Vec<_>>().join("\n"))
    })
}

/// One grammar file of all, and for each of its lines where it is from.
fn joined(
    file: Option<&Path>,
    mut text: String,
    tools: &[Sentences],
    mqtt: Option<&BTreeMap<String, (String, String)>>,
) -> (String, Vec<String>) {
    let path = file.unwrap_or(Path::new("")).display();
    let mut places: Vec<String> =
        (1..=text.lines().count()).map(|line| format!("{path}:{line}")).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut add = |line: String, place: String| {
        // A string takes whatever is written into it.
        let _ = writeln!(text, "{line}");
        places.push(place);
    };
    for Sentences { file, tool, say } in tools.iter().filter(|tool| !tool.say.is_empty()) {
        let at = file.display().to_string();
        add("[[template]]".into(), at.clone());
        add(format!("tool = \"{tool}\""), at.clone());
        add("say = [".into(), at.clone());
        for sentence in say {
            let quoted = serde_json::Value::from(sentence.as_str());
            add(format!("{quoted},"), format!("{at}: \"{sentence}\""));
        }
        add("]".into(), at);
    }
    for (sentence, (topic, message)) in mqtt.into_iter().flatten() {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let at = format!("tools.mqtt.say: \"{sentence}\"");
        add("[[template]]".into(), at.clone());
        add("tool = \"publish\"".into(), at.clone());
        let (topic, message) = (quoted(topic), quoted(message));
        add(format!("with = {{ topic = {topic}, message = {message} }}"), at.clone());
        add(format!("say = [{}]", quoted(sentence)), at);
    }
    (text, places)
}
