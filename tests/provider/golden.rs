//! The complete conversation as a model sees it, in both protocols. The real machine keeps the
//! conversation.

use aloud::base::{CallId, Moment, UtteranceId};
use aloud::dialog::{Effect, History, Item, Outcome, Picture};
use aloud::engine::openai::ChatSettings;
use aloud::turn::{Command, Input, Machine, Playback, Report, Revision, Setup, Speech, Trigger};
use serde_json::{Value, json};

use crate::mind::{Talk, call};
use crate::reply::Reply;
use crate::server::Server;

/// A conversation; each piece of a reply takes a second.
struct Conversation {
    machine: Machine,
    now: Moment,
    epoch: aloud::base::Epoch,
    queued: u64,
}

const SECOND: u64 = 48_000;

impl Conversation {
    fn new() -> Self {
        let tools = [("get_time".to_owned(), Effect::Reads), ("see".to_owned(), Effect::Reads)];
        let setup = Setup { tools: tools.into(), ..Setup::default() };
        let machine = Machine::new(setup, History::default());
        Self { machine, now: Moment::ZERO, epoch: aloud::base::Epoch::NONE, queued: 0 }
    }

    fn input(&mut self, input: Input) -> &mut Self {
        let mut out = Vec::new();
        self.machine.handle(self.now, input, &mut out);
        for command in out {
            if let Command::Respond { epoch, .. } = command {
                self.queued = if epoch == self.epoch { self.queued } else { 0 };
                self.epoch = epoch;
            }
        }
        self
    }

    fn asks(&mut self, text: &str, pictures: &[&str]) -> &mut Self {
        let pictures = pictures.iter().map(|url| Picture::from((*url).to_owned())).collect();
        self.input(Input::Text { text: text.into(), pictures, client: false })
    }

    fn report(&mut self, report: Report) -> &mut Self {
        self.input(Input::Report { epoch: self.epoch, report })
    }

    /// The reply continues with these pieces.
    fn says(&mut self, pieces: &[&str]) -> &mut Self {
        for text in pieces {
            self.queued += SECOND;
            self.report(Report::Queued { samples: SECOND, text: (*text).into() });
        }
        self
    }

    /// Everything queued is heard, and nothing more comes.
    fn ends(&mut self) -> &mut Self {
        let (epoch, samples) = (self.epoch, self.queued);
        self.report(Report::Done);
        self.input(Input::Playback { epoch, playback: Playback::Progress { samples } })
    }

    fn calls(&mut self, calls: &[(&str, &str, &str)]) -> &mut Self {
        for (id, name, arguments) in calls {
            self.report(Report::Call(call(id, name, arguments)));
        }
        self.report(Report::Done)
    }

    fn gets(&mut self, id: &str, output: &str, picture: Option<&str>) -> &mut Self {
        let outcome =
            Outcome { id: CallId(id.into()), output: output.into(), say: String::new(), ok: true };
        let picture = picture.map(|url| Picture::from(url.to_owned()));
        self.input(Input::ToolDone { epoch: self.epoch, outcome, stop: false, picture })
    }

    /// The user presses the key after this much of the reply, and says something else.
    fn interrupts(&mut self, seconds: f64, text: &str) -> &mut Self {
        let (epoch, id) = (self.epoch, UtteranceId(1));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
        let samples = (seconds * SECOND as f64) as u64;
        self.input(Input::Playback { epoch, playback: Playback::Progress { samples } })
            .input(Input::Trigger(Trigger::PushToTalk))
            .input(Input::Playback { epoch, playback: Playback::Settled { samples } })
            .input(Input::Speech(Speech::Started { id }))
            .input(Input::Speech(Speech::Confirmed { id }))
            .input(Input::Release)
            .input(Input::Speech(Speech::Ended { id }));
        let revision = Revision { utterance: id, number: 0 };
        self.input(Input::Transcript { revision, result: Ok(text.into()), certainty: None })
    }

    /// What a model would be asked now.
    fn prompt(&self) -> Vec<Item> {
        self.machine.prompt()
    }
}

/// The last request for `items`, in both protocols, is the one in the file `name`.
async fn sees(name: &str, items: Vec<Item>, refusals: &[Reply]) {
    let mut seen = json!({});
    let server = Server::start();
    for (protocol, responses) in [("chat", false), ("responses", true)] {
        for refusal in refusals {
            server.reply(refusal.clone());
        }
        server.reply(if responses { Reply::responds("Yes.") } else { Reply::says("Yes.") });
        let settings = ChatSettings { responses, ..ChatSettings::default() };
        let answer = Talk::with(&server, "m", settings).answer(items.clone()).await;
        assert_eq!((answer.text.as_str(), answer.error), ("Yes.", None));
        seen[protocol] = server.requests().last().unwrap().json();
    }
    let file = format!("{}/tests/provider/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(golden == seen, "{name}.json differs from what the model sees:\n{seen:#}");
}

#[tokio::test]
async fn after_an_interruption_a_model_sees_what_was_heard() {
    let mut talk = Conversation::new();
    talk.asks("tell me a story", &[])
        .says(&["One bird sat on a wall.", " Two flew away.", " Three came back."])
        .interrupts(1.5, "make it about cats");
    sees("interruption", talk.prompt(), &[]).await;
}

#[tokio::test]
async fn an_interrupted_call_has_an_outcome() {
    let mut talk = Conversation::new();
    talk.asks("what time is it in Oslo", &[])
        .says(&["Let me see."])
        .calls(&[("call_1", "get_time", "{\"city\":\"Oslo\"}")])
        .interrupts(1.0, "never mind, in Rome");
    sees("interrupted_call", talk.prompt(), &[]).await;
}

#[tokio::test]
async fn parallel_calls_stand_before_their_outcomes() {
    let mut talk = Conversation::new();
    talk.asks("what time is it in Oslo and Rome", &[])
        .says(&["One moment."])
        .calls(&[
            ("call_1", "get_time", "{\"city\":\"Oslo\"}"),
            ("call_2", "get_time", "{\"city\":\"Rome\"}"),
        ])
        .gets("call_2", "{\"time\":\"12:00\"}", None)
        .gets("call_1", "{\"time\":\"11:59\"}", None);
    sees("tools", talk.prompt(), &[]).await;
}

#[tokio::test]
async fn pictures_stand_with_the_words_about_them() {
    let mut talk = Conversation::new();
    talk.asks("which is larger", &["https://pictures.example/a.png", "data:image/png;base64,AAAA"])
        .says(&["The first."])
        .ends()
        .asks("and what is on my screen", &[])
        .calls(&[("call_1", "see", "{}")])
        .gets("call_1", "{\"seen\":true}", Some("data:image/png;base64,BBBB"));
    sees("pictures", talk.prompt(), &[]).await;
}

#[tokio::test]
async fn a_conversation_that_was_cut_begins_with_a_whole_turn() {
    let mut talk = Conversation::new();
    talk.asks("what time is it in Oslo", &[])
        .calls(&[("call_1", "get_time", "{\"city\":\"Oslo\"}")])
        .gets("call_1", "{\"time\":\"11:59\"}", None)
        .says(&["Noon."])
        .ends()
        .asks("is that late", &[])
        .says(&["Not at all."])
        .ends()
        .asks("and in Rome", &[])
        .calls(&[("call_2", "get_time", "{\"city\":\"Rome\"}")])
        .gets("call_2", "{\"time\":\"12:00\"}", None)
        .says(&["Noon as well."])
        .ends()
        .asks("thank you", &[]);
    let refusal = Reply::error(400, "context_length_exceeded", "This model takes 8 tokens.");
    sees("compaction", talk.prompt(), &[refusal]).await;
}
