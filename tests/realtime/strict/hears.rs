//! How the strict server hears: appends, commits, and the ends of turns if it detects them.

use std::time::Duration;

use aloud::base::Moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::says::heard;
use super::{Item, Strict};

/// Silence after which a server that detects turns has found the end of one.
const SILENCE: Duration = Duration::from_millis(500);

impl Strict {
    pub(super) fn on_append(&mut self, now: Moment, event: &Value) {
        let bytes = event["audio"].as_str().and_then(|audio| STANDARD.decode(audio).ok());
        let bytes = bytes.filter(|bytes| !bytes.is_empty());
        match bytes.and_then(|bytes| self.input.read(&bytes)) {
            Some(pcm) => {
                self.appended = true;
                self.buffer.extend(pcm);
                self.look(now);
                self.write_early(now);
            }
            None => self.fault("an append that is no sound".to_owned()),
        }
    }

    /// A transcribing session does so while it hears.
    fn write_early(&mut self, now: Moment) {
        let rate = self.input.rate();
        if !self.writes || self.early.is_some() || self.buffer.len() < rate * 6 / 10 {
            return;
        }
        let id = self.name("item");
        self.early = Some(id.clone());
        let delta = begun(heard(&self.buffer, rate));
        self.later(
            now,
            json!({
                "type": "conversation.item.input_audio_transcription.delta",
                "item_id": id, "content_index": 0, "delta": delta,
            }),
        );
    }

    /// Looks for speech and its end, if that is the server's part.
    fn look(&mut self, now: Moment) {
        let step = Duration::from_millis(10);
        let window = self.input.rate() / 100;
        while self.finds && self.looked + window <= self.buffer.len() {
            let piece = &self.buffer[self.looked..][..window];
            let loud = piece.iter().any(|sample| sample.unsigned_abs() > 2_000);
            self.looked += window;
            let ms = self.looked * 1_000 / self.input.rate();
            let (item, quiet) = match (self.speech.take(), loud) {
                (None, false) => continue,
                (None, true) => {
                    let item = self.name("item");
                    let kind = "input_audio_buffer.speech_started";
                    self.later(now, json!({ "type": kind, "item_id": item, "audio_start_ms": ms }));
                    (item, Duration::ZERO)
                }
                (Some((item, _)), true) => (item, Duration::ZERO),
                (Some((item, quiet)), false) => (item, quiet + step),
            };
            if quiet < SILENCE {
                self.speech = Some((item, quiet));
                continue;
            }
            let kind = "input_audio_buffer.speech_stopped";
            self.later(now, json!({ "type": kind, "item_id": item, "audio_end_ms": ms }));
            let rest = self.buffer.split_off(self.looked);
            let pcm = std::mem::replace(&mut self.buffer, rest);
            self.looked = 0;
            self.take_in(now, item, pcm);
            if self.creates && self.active.is_none() {
                self.begin(now, &Value::Null);
            }
        }
    }

    pub(super) fn on_commit(&mut self, now: Moment, event: &Value) {
        if self.manners.detects {
            return;
        }
        if self.buffer.len() < self.input.rate() / 10 {
            self.fault("a commit of less than 100 ms".to_owned());
            let code = "input_audio_buffer_commit_empty";
            return self.refuse(now, event, code);
        }
        let pcm = std::mem::take(&mut self.buffer);
        (self.looked, self.speech) = (0, None);
        let early = self.early.clone();
        let id = early.unwrap_or_else(|| self.name("item"));
        self.take_in(now, id, pcm);
    }

    /// The sound `pcm` becomes the item `id`.
    fn take_in(&mut self, now: Moment, id: String, pcm: Vec<i16>) {
        self.commits.push((now, pcm.len()));
        let said = heard(&pcm, self.input.rate());
        let item = Item {
            id: id.clone(),
            kind: "message".into(),
            role: "user".into(),
            text: String::new(),
            call: String::new(),
            sound_ms: (pcm.len() * 1_000 / self.input.rate()) as u64,
            said,
        };
        self.heard = pcm;
        let previous = self.items.last().map(|item| item.id.clone());
        let shown = json!({
            "id": id, "object": "realtime.item", "type": "message", "role": "user",
            "status": "completed", "content": [{ "type": "input_audio", "transcript": null }],
        });
        self.items.push(item);
        self.later(
            now,
            json!({
                "type": "input_audio_buffer.committed", "item_id": id, "previous_item_id": previous,
            }),
        );
        self.added(now, shown, previous);
        let words =
            said.map_or_else(|| "something".to_owned(), |number| format!("question {number}"));
        let told = self.early.take().is_some();
        let rest = if told { words.trim_start_matches(begun(said)) } else { &words };
        let then = now + Duration::from_millis(250);
        self.at(
            then,
            json!({
                "type": "conversation.item.input_audio_transcription.delta",
                "item_id": id, "content_index": 0, "delta": rest,
            }),
        );
        self.at(
            then,
            json!({
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": id, "content_index": 0, "transcript": words,
                "usage": { "type": "duration", "seconds": 1.0 },
            }),
        );
    }
}

/// How the words of what is said begin.
fn begun(said: Option<u32>) -> &'static str {
    if said.is_some() { "question" } else { "some" }
}
