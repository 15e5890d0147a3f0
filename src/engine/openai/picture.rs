//! Making and editing pictures.

use std::sync::Arc;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Response, header};
use serde_json::{Value, json};

use super::error_body::ErrorBody;
use super::http::{Http, is};
use super::refusal::Declined;
use super::sound::unbase64;
use super::stream::Stream;
use super::used::Tab;
use crate::base::Flow;
use crate::dialog::PictureKind;
use crate::engine::{Canvas, EngineError, Painted, Painter, Wish};

/// Silence after which a picture counts as failed: without streaming nothing arrives before it is
/// done, and the slow models take two minutes.
const PATIENCE: Duration = Duration::from_secs(170);

/// The keys of a wish besides the model, in the order of the documentation.
fn keys(wish: &Wish) -> Vec<(&'static str, Value)> {
    let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
    let number = |value: Option<u8>| value.map(|value| json!(value));
    let all = [
        ("prompt", Some(json!(wish.prompt))),
        ("n", number(wish.count)),
        ("size", text(&wish.size)),
        ("quality", text(&wish.quality)),
        ("output_format", text(&wish.format)),
        ("background", text(&wish.background)),
        ("response_format", text(&wish.hand_over)),
        ("partial_images", number(wish.partial)),
        ("stream", wish.partial.map(|_| json!(true))),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// A model that makes and edits pictures. Never retried: a lost picture may have been paid for.
#[derive(Clone, Debug)]
pub struct ImageModel {
    http: Http,
    model: String,
}

impl ImageModel {
    /// The model `model` at the provider of `http`.
    ///
    /// # Errors
    /// As [`Http::with_timeout`].
    pub fn new(http: &Http, model: impl Into<String>) -> Result<Self, EngineError> {
        Ok(Self { http: http.with_timeout(PATIENCE)?.without_resending(), model: model.into() })
    }

    async fn make(&self, wish: &Wish) -> Result<Response, Declined> {
        let mut body = json!({ "model": self.model });
        for (key, value) in keys(wish) {
            body[key] = value;
        }
        self.http.post("images/generations", Some(&self.model), &body).await
    }

    async fn change(&self, wish: &Wish, canvas: &Canvas) -> Result<Response, Declined> {
        let form = || {
            let mut form = Form::new().text("model", self.model.clone());
            for (key, value) in keys(wish) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                form = form.text(key, text);
            }
            // One picture is a value, several are a list, as in the vendor's own clients.
            let name = if canvas.pictures.len() == 1 { "image" } else { "image[]" };
            for (index, bytes) in canvas.pictures.iter().enumerate() {
                form = form.part(name, part(bytes, &format!("image-{}", index + 1)));
            }
            match &canvas.mask {
                Some(bytes) => form.part("mask", part(bytes, "mask")),
                None => form,
            }
        };
        self.http.post_form("images/edits", Some(&self.model), form).await
    }
}

impl Painter for ImageModel {
    fn paint(&self, wish: Wish) -> Flow<Result<Painted, EngineError>> {
        let by = format!("{}/{}", self.http.name(), self.model).into();
        let (http, hand) = (self.http.clone(), self.clone());
        read(http, by, async move {
            match &wish.canvas {
                None => hand.make(&wish).await,
                Some(canvas) => hand.change(&wish, canvas).await,
            }
        })
    }
}

/// A file part of a form. The services go by its name and media type.
fn part(bytes: &[u8], name: &str) -> Part {
    let kind = PictureKind::of(bytes).unwrap_or(PictureKind::Png);
    let part = Part::bytes(bytes.to_vec()).file_name(format!("{name}.{}", kind.extension()));
    let mut headers = header::HeaderMap::new();
    let media = header::HeaderValue::from_static(kind.media_type());
    headers.insert(header::CONTENT_TYPE, media);
    part.headers(headers)
}

/// Reads the answer to a request: a JSON document, or a stream of events.
fn read(
    http: Http,
    by: Arc<str>,
    asked: impl Future<Output = Result<Response, Declined>> + Send + 'static,
) -> Flow<Result<Painted, EngineError>> {
    Box::pin(async_stream::try_stream! {
        let response = asked.await?;
        let model = by.split_once('/').map_or("", |(_, model)| model).to_owned();
        let mut tab = Tab::new(&http, &model);
        let mut made = 0;
        if is(&response, "text/event-stream") {
            let mut stream = Stream::new(&http, response);
            while let Some(event) = stream.next().await? {
                if event.trim() == "[DONE]" {
                    break;
                }
                let Some(step) = step(&http, &event)? else { continue };
                let Step { finished, source, revised, usage } = step;
                tab.told(&usage);
                tab.known().pictures = made as u64 + u64::from(finished);
                let bytes = source.bytes(&http).await?;
                yield Painted { index: made, finished, bytes, revised, by: by.clone() };
                made += usize::from(finished);
            }
            stream.close();
        } else {
            let answer: Value = http.json(response).await?;
            if !answer["error"].is_null() {
                Err(refused(&http, &answer))?;
            }
            tab.told(&answer["usage"]);
            tab.known().pictures = answer["data"].as_array().map_or(0, |data| data.len() as u64);
            for item in answer["data"].as_array().into_iter().flatten() {
                let source = Source::of(item).ok_or_else(|| http.broken("an image is missing from its answer"))?;
                let bytes = source.bytes(&http).await?;
                let revised = item["revised_prompt"].as_str().map(str::to_owned);
                yield Painted { index: made, finished: true, bytes, revised, by: by.clone() };
                made += 1;
            }
        }
        if made == 0 {
            Err(http.broken("no image came back"))?;
        }
    })
}

/// An event that contains a picture.
struct Step {
    finished: bool,
    source: Source,
    revised: Option<String>,
    usage: Value,
}

/// Parses an event; `None` if it contains no picture.
fn step(http: &Http, event: &str) -> Result<Option<Step>, EngineError> {
    let event: Value =
        serde_json::from_str(event).map_err(|_| http.broken("it sent invalid JSON"))?;
    let kind = event["type"].as_str().unwrap_or_default();
    if kind == "error" || !event["error"].is_null() {
        return Err(refused(http, &event));
    }
    // Events for making and editing differ only in their first word.
    let finished = kind.ends_with(".completed");
    if !finished && !kind.ends_with(".partial_image") {
        return Ok(None);
    }
    let source =
        Source::of(&event).ok_or_else(|| http.broken("an image is missing from its answer"))?;
    let revised = event["revised_prompt"].as_str().map(str::to_owned);
    Ok(Some(Step { finished, source, revised, usage: event["usage"].clone() }))
}

/// An error inside an answer that began well.
fn refused(http: &Http, value: &Value) -> EngineError {
    let error = if value["error"].is_null() { value } else { &value["error"] };
    let body = ErrorBody::of(&json!({ "error": error }));
    let (name, words) = (http.name(), body.words());
    match body.code() {
        Some("content_filter" | "moderation_blocked" | "content_policy_violation") => {
            EngineError::Refused(format!(
                "provider {name}: its content filter rejected this{words}; rephrase it"
            ))
        }
        Some(_) | None => http.broken(&format!("it reported an error{words}")),
    }
}

/// Where a picture is.
enum Source {
    Here(String),
    There(String),
}

impl Source {
    fn of(item: &Value) -> Option<Self> {
        let here = item["b64_json"].as_str().map(|text| Self::Here(text.to_owned()));
        here.or_else(|| {
            let url = item["url"].as_str()?;
            let data = url.strip_prefix("data:").and_then(|data| data.split_once(";base64,"));
            Some(match data {
                Some((_, data)) => Self::Here(data.to_owned()),
                None => Self::There(url.to_owned()),
            })
        })
    }

    async fn bytes(self, http: &Http) -> Result<Vec<u8>, EngineError> {
        let bytes = match self {
            Self::Here(text) => {
                unbase64(&text).ok_or_else(|| http.broken("its image is not base64"))?
            }
            Self::There(url) => http.fetch(&url).await?,
        };
        match PictureKind::of(&bytes) {
            Some(_) => Ok(bytes),
            None => Err(http.broken("what it made is not an image")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_sent() {
        let plain = Wish { prompt: "a fox".into(), ..Wish::default() };
        assert_eq!(keys(&plain), [("prompt", json!("a fox"))]);
        let old = Wish {
            count: Some(2),
            size: Some("1024x1024".into()),
            hand_over: Some("b64_json".into()),
            ..plain.clone()
        };
        let named: Vec<_> = keys(&old).into_iter().map(|(key, _)| key).collect();
        assert_eq!(named, ["prompt", "n", "size", "response_format"]);
        let streamed = Wish { partial: Some(2), ..plain };
        let last = keys(&streamed).split_off(1);
        assert_eq!(last, [("partial_images", json!(2)), ("stream", json!(true))]);
    }

    #[test]
    fn a_picture_is_in_the_answer_or_at_an_address() {
        let here = |item| matches!(Source::of(&item), Some(Source::Here(data)) if data == "QQ==");
        assert!(here(json!({"b64_json": "QQ==", "url": null})));
        assert!(here(json!({"url": "data:image/png;base64,QQ=="})));
        let there = Source::of(&json!({"url": "https://pictures.example/1"}));
        assert!(matches!(there, Some(Source::There(url)) if url == "https://pictures.example/1"));
        assert!(Source::of(&json!({"revised_prompt": "a fox"})).is_none());
    }
}
