//! The sections with the settings of remote models.

use std::collections::BTreeMap;

use super::Origin;
use super::names::{Providers, remote_models, split, word};
use super::section::{Section, path};
use super::settings::{
    AudioChat, Chat, ChatModel, Context, Image, Protocol, Speak, ToolChoice, Transcribe,
};
use crate::engine::openai::{Sampling, defaults};
use crate::ledger::Price;

pub(super) fn chat(mut of: Section<'_, '_>, providers: &Providers) -> Chat {
    let protocols = [
        word("auto", Protocol::Auto),
        word("chat", Protocol::Chat),
        word("responses", Protocol::Responses),
        word("completions", Protocol::Completions),
    ];
    let protocol = of.choice("protocol", &protocols, "auto");
    let stream = of.flag("stream", true);
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    let reasoning_effort = of.maybe_word("reasoning_effort", &efforts);
    let sampling = sampling(&mut of);
    let max_output_tokens = of.maybe_whole("max_output_tokens", 1..=1_000_000);
    let wanted = "\"auto\", \"none\", \"required\", or the name of a tool";
    let tool_choice = of.text("tool_choice", wanted, "auto", |text| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !text.is_empty() && text.chars().all(fits) {
            Ok(text.to_owned())
        } else {
            Err(format!("\"{text}\" is not a tool name"))
        }
    });
    let tool_choice = ToolChoice::of(&tool_choice);
    let search = of.flag("search", false);
    let patience_s = of.whole("patience_s", 1..=3_600, "seconds", 60);
    let mut models = BTreeMap::new();
    for name in of.tables() {
        let provider = name.split('/').next().unwrap_or_default();
        if !providers.contains_key(provider) {
            let at = of.place(&name).unwrap_or(Origin::Default);
            let next = "write [chat.PROVIDER] or [chat.\"PROVIDER/MODEL\"]".to_owned();
            let what = "this is neither a provider nor one of its models".into();
            of.wrong(&at, &format!("{name:?}"), (what, next));
        }
        let mut of = of.section(&name);
        let own = sampling_of(&mut of, &efforts);
        of.end();
        models.insert(name, own);
    }
    of.end();
    Chat {
        protocol,
        stream,
        reasoning_effort,
        sampling,
        max_output_tokens,
        tool_choice,
        search,
        patience_s,
        models,
    }
}

fn sampling(of: &mut Section<'_, '_>) -> Sampling {
    let wanted = "a list of up to 4 texts";
    let stop = of.list("stop", wanted, Vec::new(), |text| match text {
        "" => Err(("an empty text would match everywhere".to_owned(), format!("write {wanted}"))),
        text => Ok(text.to_owned()),
    });
    Sampling {
        temperature: of.fraction("temperature", 0.0..=2.0),
        top_p: of.fraction("top_p", 0.0..=1.0),
        frequency_penalty: of.fraction("frequency_penalty", -2.0..=2.0),
        presence_penalty: of.fraction("presence_penalty", -2.0..=2.0),
        stop,
        seed: of.maybe_whole("seed", 0..=u32::MAX).map(i64::from),
    }
}

fn sampling_of(of: &mut Section<'_, '_>, efforts: &[&str]) -> ChatModel {
    ChatModel {
        sampling: sampling(of),
        reasoning_effort: of.maybe_word("reasoning_effort", efforts),
        max_output_tokens: of.maybe_whole("max_output_tokens", 1..=1_000_000),
    }
}

pub(super) fn context(mut of: Section<'_, '_>) -> Context {
    let persona = of.words("persona", "one or two sentences");
    let facts = of.list("facts", "a list of sentences", Vec::new(), |text| Ok(text.to_owned()));
    let wanted = "a list of absolute paths, or ones with ~/";
    let files = of.list("files", wanted, Vec::new(), |text| Ok(text.to_owned()));
    let mut paths = Vec::new();
    for file in files {
        let path = of.expand(&file);
        if path.is_file() {
            paths.push(path);
        } else if let Some(at) = of.place("files") {
            let wrong = (format!("no such file: {}", path.display()), format!("write {wanted}"));
            of.wrong(&at, "files", wrong);
        }
    }
    of.end();
    Context { persona, facts, files: paths }
}

pub(super) fn transcribe(mut of: Section<'_, '_>) -> Transcribe {
    let code = |text: &str| {
        let fits = |c: char| c.is_ascii_alphabetic() || c == '-';
        if (2..=8).contains(&text.len()) && text.chars().all(fits) {
            Ok(text.to_owned())
        } else {
            Err((
                format!("\"{text}\" is not a language code"),
                "write one such as \"en\"".to_owned(),
            ))
        }
    };
    let languages = of.list("languages", "a list such as [\"en\", \"de\"]", Vec::new(), code);
    let keywords = of.list("keywords", "a list of words", Vec::new(), |text| Ok(text.to_owned()));
    let prompt = of.words("prompt", "a sentence like those you will say");
    of.end();
    Transcribe { languages, keywords, prompt }
}

pub(super) fn speak(mut of: Section<'_, '_>) -> Speak {
    let voice = of.words("voice", "the name of a voice, such as \"alloy\"");
    let voice = voice.unwrap_or_else(|| defaults::VOICE.to_owned());
    let instructions = of.words("instructions", "how to speak, in a sentence or two");
    let speed = of.fraction("speed", 0.25..=4.0);
    of.end();
    Speak { voice, instructions, speed }
}

pub(super) fn image(mut of: Section<'_, '_>, providers: &Providers) -> Image {
    let models = remote_models(&mut of, providers, defaults::IMAGE);
    let size = of.words("size", "a size such as \"1024x1024\"");
    let quality = of.words("quality", "a quality such as \"low\"");
    let dir = of.maybe("dir", "an absolute path, or one with ~/", path);
    of.end();
    Image { models, size, quality, dir }
}

pub(super) fn audio_chat(mut of: Section<'_, '_>, providers: &Providers) -> AudioChat {
    let models = remote_models(&mut of, providers, defaults::AUDIO_CHAT);
    of.end();
    AudioChat { models }
}

pub(super) fn prices(mut of: Section<'_, '_>, providers: &Providers) -> BTreeMap<String, Price> {
    let mut all = BTreeMap::new();
    for name in of.names() {
        let known = split(&name).is_some_and(|name| providers.contains_key(&name.provider));
        if !known {
            let at = of.place(&name).unwrap_or(Origin::Default);
            let next = "write [prices.\"PROVIDER/MODEL\"], as \"aloud usage\" shows it".to_owned();
            of.wrong(&at, &format!("{name:?}"), ("not a provider's model".into(), next));
        }
        let mut of = of.section(&name);
        let mut price = |key| of.fraction(key, 0.0..=1_000_000.0).unwrap_or(0.0);
        let price = Price {
            text_in: price("text_in"),
            audio_in: price("audio_in"),
            image_in: price("image_in"),
            cached_in: price("cached_in"),
            text_out: price("text_out"),
            audio_out: price("audio_out"),
            image_out: price("image_out"),
            minute: price("minute"),
            characters: price("characters"),
            picture: price("picture"),
        };
        of.end();
        all.insert(name, price);
    }
    of.end();
    all
}
