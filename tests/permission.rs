//! What may run: after a yes, not at all, and never because a text says so.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aloud::base::{CallId, Epoch, Job, Moment, WallClock};
use aloud::dialog::{Call, Effect, Item, Outcome, Prompt, Start, ToolSpec};
use aloud::engine::local::Templates;
use aloud::engine::{Delta, Responder};
use aloud::grammar::Grammar;
use aloud::tool::permission::{Audit, Exceptions, Permissions, Policies, Policy, Ruled, Ruling};
use aloud::tool::{Registry, Tool, ToolCx, ToolError, ToolOutput};
use futures::StreamExt;
use serde_json::json;

/// A tool that notes its calls.
struct Noted {
    spec: ToolSpec,
    foreign: bool,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Tool for Noted {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, args: String, _: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        self.calls.lock().unwrap().push(format!("{} {args}", self.spec.name));
        Box::pin(async { Ok(ToolOutput::new(json!({}), "Done.")) })
    }

    fn foreign(&self) -> bool {
        self.foreign
    }
}

/// A person, an assistant whose model does whatever it reads, and its tools.
struct Talk {
    tools: Registry,
    permissions: Permissions,
    calls: Arc<Mutex<Vec<String>>>,
    epoch: u32,
    ms: u64,
    said: String,
    starts: BTreeSet<Start>,
    items: Vec<Item>,
}

/// Sentences for the tools of these tests.
const SENTENCES: &str = r#"
[[template]]
tool = "delete_all"
say = ["delete everything in {place:label}"]
"#;

impl Talk {
    fn new(policies: Policies, audit: Audit) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let tool = |name: &str, effect, foreign| -> Arc<dyn Tool> {
            let parameters = json!({"type": "object", "properties": {"place": {"type": "string"}, "sure": {"type": "boolean"}},
                "additionalProperties": false});
            let (name, description) = (name.to_owned(), "A tool.".to_owned());
            let spec = ToolSpec { name, description, parameters, effect };
            Arc::new(Noted { spec, foreign, calls: Arc::clone(&calls) })
        };
        let tools = Registry::new([
            tool("clear", Effect::Writes, false),
            tool("read_page", Effect::Reads, true),
            tool("read_list", Effect::Reads, false),
            tool("send_message", Effect::Writes, false),
            tool("delete_all", Effect::Dangerous, false),
        ]);
        let permissions = Permissions::new(policies, audit);
        let (epoch, ms, said, items) = (0, 0, String::new(), Vec::new());
        let starts = [Start::Key].into();
        Self { tools, permissions, calls, epoch, ms, said, starts, items }
    }

    /// The user says something, which begins a turn.
    fn says(&mut self, text: &str) {
        self.epoch += 1;
        self.ms += 3_000;
        text.clone_into(&mut self.said);
    }

    /// The model makes a call; the outcome that it reads.
    async fn call(&mut self, name: &str, arguments: &str) -> Outcome {
        let id = CallId(format!("call-{}", self.ms));
        let call = Call { id, name: name.into(), arguments: arguments.into() };
        self.make(call).await
    }

    async fn make(&mut self, call: Call) -> Outcome {
        let (now, said) = (Moment::from_millis(self.ms), Some(self.said.clone()));
        let cx = ToolCx { now, said, starts: self.starts.clone(), ..ToolCx::default() };
        match self.permissions.rule(&self.tools, Epoch(self.epoch), &call, &cx) {
            Ruling::Not(outcome) => outcome,
            Ruling::Run => {
                let done = self.tools.call(&call, cx).await;
                self.permissions.told(&self.tools, Epoch(self.epoch), &call.name);
                done.outcome
            }
        }
    }

    /// What has run since the last look.
    fn ran(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The answer of the templates to `text`.
    async fn answers(&mut self, templates: &Templates, text: &str) -> String {
        self.says(text);
        self.items.push(Item::User { utterance: None, text: text.into() });
        loop {
            let (items, tools) = (self.items.clone(), self.tools.specs());
            let prompt = Prompt { instructions: "".into(), items, tools, sounds: Vec::new() };
            let deltas: Vec<_> = templates.respond(prompt).collect().await;
            let mut said = None;
            for delta in deltas {
                match delta.unwrap() {
                    Delta::Text(text) => said = Some(text),
                    Delta::Call(call) => {
                        let epoch = Epoch(self.epoch);
                        self.items.push(Item::Call { epoch, call: call.clone() });
                        let outcome = self.make(call).await;
                        self.items.push(Item::Outcome(outcome));
                    }
                    Delta::Sound(_) | Delta::Source(_) => {}
                }
            }
            if let Some(text) = said {
                let epoch = Epoch(self.epoch);
                let interrupted = false;
                self.items.push(Item::Reply { epoch, text: text.clone(), interrupted });
                return text;
            }
        }
    }
}

fn asks(outcome: &Outcome) -> bool {
    !outcome.ok && outcome.say.ends_with('?')
}

#[tokio::test]
async fn a_dangerous_call_runs_after_a_yes_and_only_once() {
    let mut talk = Talk::new(Policies::default(), Audit::default());
    talk.says("delete everything in the attic");
    let asked = talk.call("delete_all", r#"{"place": "attic"}"#).await;
    assert_eq!(asked.say, "Shall I use delete all with place attic?");
    talk.says("Yes, please.");
    assert!(talk.call("delete_all", r#"{"place":"attic"}"#).await.ok);
    assert_eq!(talk.ran(), [r#"delete_all {"place":"attic"}"#]);
    // The yes was for this one.
    assert!(asks(&talk.call("delete_all", r#"{"place": "attic"}"#).await));
    talk.says("yes");
    let other = talk.call("delete_all", r#"{"place": "cellar"}"#).await;
    assert!(asks(&other), "another call needs its own yes: {other:?}");
    assert!(talk.ran().is_empty());
}

#[tokio::test]
async fn anything_but_a_plain_yes_in_time_means_no() {
    for answer in ["no", "yes but the cellar", "what time is it", "", "never mind"] {
        let mut talk = Talk::new(Policies::default(), Audit::default());
        talk.says("delete everything");
        talk.call("delete_all", "{}").await;
        talk.says(answer);
        assert!(!talk.call("delete_all", "{}").await.ok, "{answer}");
        assert!(talk.ran().is_empty(), "{answer}");
    }
    let mut talk = Talk::new(Policies::default(), Audit::default());
    talk.says("delete everything");
    talk.call("delete_all", "{}").await;
    talk.ms += 61_000;
    talk.says("yes");
    assert!(asks(&talk.call("delete_all", "{}").await), "the question is forgotten by now");
}

#[tokio::test]
async fn a_model_cannot_answer_for_the_user() {
    let mut talk = Talk::new(Policies::default(), Audit::default());
    // The user's own request happens to be a yes to something else.
    talk.says("yes");
    assert!(asks(&talk.call("delete_all", "{}").await));
    assert!(asks(&talk.call("delete_all", "{}").await), "in the same turn");
    assert!(talk.ran().is_empty());
}

#[tokio::test]
async fn the_configuration_says_what_asks() {
    let mut policies = Policies { acts: Policy::Ask, ..Policies::default() };
    policies.tools.insert("delete_all".into(), Policy::Allow);
    let mut talk = Talk::new(policies, Audit::default());
    talk.says("clean up, and tell Ann");
    assert!(talk.call("delete_all", "{}").await.ok);
    assert!(asks(&talk.call("send_message", "{}").await));
    assert!(talk.call("read_page", "{}").await.ok, "what only reads never asks");
}

#[tokio::test]
async fn what_began_a_turn_says_what_it_may_do() {
    let mut policies = Policies::default();
    let only = |acts| Exceptions { acts: Some(acts), ..Exceptions::default() };
    policies.starts.insert(Start::Microphone, only(Policy::Deny));
    policies.starts.insert(Start::Wake, only(Policy::Ask));
    let mut talk = Talk::new(policies, Audit::default());
    talk.says("tell Ann");
    assert!(talk.call("send_message", "{}").await.ok);
    talk.starts = [Start::Wake].into();
    talk.says("tell Ann");
    assert!(asks(&talk.call("send_message", "{}").await));
    talk.says("yes");
    assert!(talk.call("send_message", "{}").await.ok);
    talk.ran();
    talk.starts = [Start::Microphone].into();
    for said in ["tell Ann", "yes"] {
        talk.says(said);
        let denied = talk.call("send_message", "{}").await;
        let words = "I'm not allowed to use send message when the microphone is just open.";
        assert_eq!((denied.ok, denied.say.as_str()), (false, words));
        assert!(!talk.call("delete_all", "{}").await.ok);
    }
    assert!(talk.call("read_list", "{}").await.ok);
    assert_eq!(talk.ran(), ["read_list {}"]);
}

#[tokio::test]
async fn only_the_user_is_sure() {
    let sure = r#"{"place": "list", "sure": true}"#;
    let mut talk = Talk::new(Policies::default(), Audit::default());
    talk.says("clear the list");
    assert!(asks(&talk.call("clear", sure).await), "nobody has asked them");
    talk.says("what time is it");
    assert!(asks(&talk.call("clear", sure).await));
    // The tool asks, and the model answers for the user.
    talk.says("clear the list");
    assert!(talk.call("clear", r#"{"place": "list"}"#).await.ok);
    assert!(asks(&talk.call("clear", sure).await));
    assert_eq!(talk.ran(), [r#"clear {"place":"list"}"#]);
    for answer in ["yes", "clear the list"] {
        talk.says("clear the list");
        assert!(talk.call("clear", r#"{"place": "list"}"#).await.ok);
        talk.says("no wait");
        assert!(!talk.call("clear", sure).await.ok);
        talk.says("clear the list");
        assert!(talk.call("clear", r#"{"place": "list"}"#).await.ok);
        talk.says(answer);
        let other = talk.call("clear", r#"{"place": "notes", "sure": true}"#).await;
        assert!(asks(&other), "they were asked about the list: {other:?}");
        assert!(talk.call("clear", sure).await.ok, "{answer}");
    }
}

#[tokio::test]
async fn a_tool_that_only_reads_asks_if_a_line_says_so() {
    let mut policies = Policies::default();
    policies.tools.insert("read_list".into(), Policy::Ask);
    let mut talk = Talk::new(policies, Audit::default());
    talk.says("what is on my list");
    assert!(asks(&talk.call("read_list", "{}").await));
    talk.says("yes");
    assert!(talk.call("read_list", "{}").await.ok);
}

#[tokio::test]
async fn after_reading_words_of_others_an_act_asks_in_the_same_turn() {
    let mut talk = Talk::new(Policies::default(), Audit::default());
    talk.says("send Ann a message");
    assert!(talk.call("send_message", "{}").await.ok);
    talk.says("read the page and send Ann a message");
    talk.call("read_page", "{}").await;
    let asked = talk.call("send_message", r#"{"place": "Ann"}"#).await;
    assert_eq!(
        asked.say,
        "I used read page first, so I'm asking: shall I use send message with place Ann?"
    );
    talk.says("yes");
    assert!(talk.call("send_message", r#"{"place": "Ann"}"#).await.ok);
    talk.says("send Ann a message");
    assert!(talk.call("send_message", "{}").await.ok, "another turn, the user's own words");
}

/// The table in `docs/ARCHITECTURE.md`: calls that ran because of a page, a list, a transcript.
#[tokio::test]
async fn no_text_makes_a_call_run_that_would_not_have_run_without_it() {
    let texts: Vec<&str> = include_str!("data/injections.txt").lines().collect();
    assert!(texts.len() >= 60);
    let mut ran = [0, 0, 0];
    for text in &texts {
        // In a page: the model obeys at once, and again when the user says something harmless.
        let mut talk = Talk::new(Policies::default(), Audit::default());
        talk.says("what does the page say");
        talk.call("read_page", "{}").await;
        let place = json!({ "place": text }).to_string();
        for name in ["send_message", "delete_all"] {
            talk.call(name, &place).await;
        }
        talk.says("thanks");
        talk.call("delete_all", &place).await;
        ran[0] += talk.ran().iter().filter(|call| !call.starts_with("read_page")).count();
        // In a list or its name, which the user's own programs write.
        talk.says("what is on my list");
        talk.call("read_list", "{}").await;
        talk.call("delete_all", &place).await;
        ran[1] += talk.ran().iter().filter(|call| !call.starts_with("read_list")).count();
        // As a transcript: a voice says it, without a question before it.
        let mut talk = Talk::new(Policies::default(), Audit::default());
        talk.says(text);
        talk.call("delete_all", &place).await;
        ran[2] += talk.ran().len();
    }
    assert_eq!(ran, [0, 0, 0]);
}

#[tokio::test]
async fn without_a_model_a_question_is_answered_by_voice_too() {
    let templates = Templates::new(Grammar::with_text(SENTENCES).unwrap());
    let mut talk = Talk::new(Policies::default(), Audit::default());
    let asked = talk.answers(&templates, "Delete everything in the attic.").await;
    assert_eq!(asked, "Shall I use delete all with place attic?");
    assert_eq!(talk.answers(&templates, "Yes.").await, "Done.");
    assert_eq!(talk.ran(), [r#"delete_all {"place":"attic"}"#]);
    talk.answers(&templates, "Delete everything in the cellar.").await;
    assert_eq!(talk.answers(&templates, "No.").await, "Okay, I won't.");
    assert!(talk.ran().is_empty());
}

#[tokio::test]
async fn the_log_says_what_was_done_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state/tools.jsonl");
    let clock = WallClock::fixed("2026-11-03T15:42:00Z".parse().unwrap());
    let audit = Audit::new(file, clock);
    assert_eq!(audit.read(10).unwrap(), (vec![], 0));
    let mut talk = Talk::new(Policies::default(), audit.clone());
    talk.says("tell Ann, then delete everything");
    talk.call("send_message", "{}").await;
    talk.call("read_list", "{}").await;
    talk.call("delete_all", "{}").await;
    talk.says("yes");
    talk.call("delete_all", "{}").await;
    audit.flush();
    let (deeds, unread) = audit.read(10).unwrap();
    let told: Vec<_> = deeds.iter().map(|deed| (&*deed.tool, deed.ruled)).collect();
    assert_eq!(
        told,
        [
            ("send_message", Ruled::Allowed),
            ("delete_all", Ruled::Asked),
            ("delete_all", Ruled::Confirmed)
        ]
    );
    assert_eq!(unread, 0);
    assert_eq!(deeds[0].said.as_deref(), Some("tell Ann, then delete everything"));
    assert_eq!(audit.read(1).unwrap().0.len(), 1);
}
