//! Templates in front of a chat model: what never reaches the server, what the model sees of it,
//! and what is left to the model.

use std::sync::Arc;

use aloud::base::{Epoch, Moment};
use aloud::dialog::{Item, Prompt};
use aloud::engine::{Delta, Notes, Responder};
use aloud::tool::{Registry, Ringer, ToolCx};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::home::{Home, provider};
use crate::reply::Reply;
use crate::server::Server;

/// A conversation with the engines of a home's configuration.
struct Conversation {
    mind: Arc<dyn Responder>,
    tools: Registry,
    items: Vec<Item>,
    epoch: u32,
}

impl Conversation {
    fn with(home: &Home) -> Self {
        let app = home.app();
        let (notes, _) = Notes::new();
        let tools = app.tools(&app.book(), Ringer::Here, &notes).unwrap();
        Self { mind: app.responder(&notes).unwrap(), tools, items: Vec::new(), epoch: 0 }
    }

    /// The answer to `text`, after as many rounds of tools as it takes.
    async fn says(&mut self, text: &str) -> String {
        self.items.push(Item::User { utterance: None, text: text.into() });
        self.epoch += 1;
        let epoch = Epoch(self.epoch);
        for _ in 0..4 {
            let prompt = Prompt {
                instructions: "You are aloud.".into(),
                items: self.items.clone(),
                tools: self.tools.specs(),
                sounds: Vec::new(),
            };
            let deltas: Vec<_> = self.mind.respond(prompt).collect().await;
            let (mut words, mut calls) = (String::new(), Vec::new());
            for delta in deltas {
                match delta.unwrap() {
                    Delta::Text(text) => words.push_str(&text),
                    Delta::Call(call) => calls.push(call),
                    Delta::Sound(_) | Delta::Source(_) => {}
                }
            }
            for call in &calls {
                self.items.push(Item::Call { epoch, call: call.clone() });
            }
            for call in &calls {
                let cx = ToolCx { now: Moment::ZERO, said: Some(text.into()), ..ToolCx::default() };
                self.items.push(Item::Outcome(self.tools.call(call, cx).await.outcome));
            }
            if calls.is_empty() {
                let interrupted = false;
                self.items.push(Item::Reply { epoch, text: words.clone(), interrupted });
                return words;
            }
        }
        panic!("no end of tools");
    }
}

fn roles(body: &Value) -> Vec<String> {
    let messages = body["messages"].as_array().unwrap();
    messages.iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_clear_command_never_reaches_the_server() {
    let server = Server::start();
    let home = Home::at(&server);
    for (question, begins) in [
        ("what time is it", "It's "),
        ("set a timer for ten minutes", "Timer set for 10 minutes"),
        ("what's 12 times 12", "That's 144."),
        ("how many feet are in a mile", "1 mile is 5,280 feet."),
        ("remind me to call mom at 5 pm", "I'll remind you at 5 PM"),
        ("how do you spell necessary", "N, E, C, E, S, S, A, R, Y."),
    ] {
        let answer = home.answer(question);
        let reply = answer["reply"].as_str().unwrap();
        assert!(reply.starts_with(begins), "{question}: {reply}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn everything_else_is_the_models() {
    for question in [
        "tell me a joke",
        "good morning",
        "who wrote hamlet",
        "turn off the kitchen light",
        "play some jazz",
        "book a table for two at 5 pm",
        "what can you do",
        // These become commands only by a repair.
        "I have a flight, wake me at 3:30",
        "was it hot on Mars when what time is it was said",
    ] {
        let server = Server::start();
        server.reply(Reply::says("So says the model."));
        assert_eq!(Home::at(&server).answer(question)["reply"], "So says the model.", "{question}");
        assert_eq!(server.requests().len(), 1, "{question}");
    }
}

#[test]
fn the_model_gets_everything_where_that_is_wanted() {
    let asked = |home: &Home, server: &Server, args: &[&str]| {
        server.reply(Reply::says("So says the model."));
        let told = home.run(&[&["ask"], args, &["what time is it"]].concat());
        assert_eq!((told.code, told.printed.trim()), (0, "So says the model."), "{args:?}");
        assert_eq!(server.requests().len(), 1, "{args:?}");
    };
    let server = Server::start();
    let cascade = "chat = \"x/m\"\ncommands = \"chat\"";
    asked(&Home::with(&provider("x", &server.base()), cascade), &server, &[]);
    for args in [
        &["--model", "x/n"][..],
        &["--protocol", "chat"],
        &["--effort", "low"],
        &["--tool-choice", "none"],
        &["--no-stream"],
        &["--image", "https://pictures.example/clock.png"],
    ] {
        let server = Server::start();
        let home = Home::at(&server);
        if args == ["--no-stream"] {
            let message = json!({"role": "assistant", "content": "So says the model."});
            let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
            server.reply(Reply::json(&json!({ "choices": [choice] })));
        }
        asked(&home, &server, args);
    }
    let server = Server::start();
    let home = Home::at(&server);
    let facts = home.write("facts.txt", "The clock is ten minutes fast.");
    asked(&home, &server, &["--context", &facts]);
}

#[test]
fn without_a_network_commands_work_all_the_same() {
    let base = "http://127.0.0.1:9/v1";
    let home = Home::with(&provider("x", base), r#"chat = "x/m""#);
    let answer = home.answer("what time is it");
    assert!(answer["reply"].as_str().unwrap().starts_with("It's "), "{answer}");
    // Not unambiguous, and there is nobody to ask.
    let answer = home.answer("I have a flight, wake me at 3:30");
    assert_eq!(answer["tool_calls"][0]["name"], "set_alarm", "{answer}");
    home.ask("who wrote hamlet").fails(69, &["provider x"]);
}

#[tokio::test]
async fn the_model_sees_a_command_as_it_sees_its_own() {
    for (protocol, reply) in [
        ("completions", Reply::says("A minute less.")),
        ("responses", Reply::responds("A minute less.")),
    ] {
        let server = Server::start();
        server.reply(reply);
        let home = Home::at(&server);
        let config = format!(
            "{}\n[cascade]\nchat = \"x/m\"\n[chat]\nprotocol = \"{}\"\n",
            provider("x", &server.base()),
            if protocol == "completions" { "chat" } else { protocol },
        );
        home.configure(&config);
        let mut talk = Conversation::with(&home);
        assert_eq!(
            talk.says("set a pasta timer for ten minutes").await,
            "Pasta timer set for 10 minutes."
        );
        assert_eq!(server.requests().len(), 0);
        assert_eq!(talk.says("is that enough for spaghetti, do you think").await, "A minute less.");
        let body = server.requests()[0].json();
        if protocol == "responses" {
            let kinds: Vec<_> = body["input"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["type"].as_str().or(item["role"].as_str()).unwrap().to_owned())
                .collect();
            assert!(
                kinds.windows(2).any(|two| two == ["function_call", "function_call_output"]),
                "{body:#}"
            );
            continue;
        }
        assert_eq!(
            roles(&body),
            ["system", "user", "assistant", "tool", "assistant", "user"],
            "{body:#}"
        );
        let messages = &body["messages"];
        let call = &messages[2]["tool_calls"][0];
        assert_eq!(call["function"]["name"], "set_timer");
        assert_eq!(call["id"], messages[3]["tool_call_id"]);
        let arguments: Value =
            serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({"seconds": 600, "label": "pasta"}));
        assert_eq!(messages[4]["content"], "Pasta timer set for 10 minutes.");
    }
}

#[tokio::test]
async fn what_the_models_tools_came_to_goes_back_to_the_model() {
    let server = Server::start();
    server.reply(Reply::calls(&[(
        "call_1",
        "convert_units",
        r#"{"value":1,"from":"mile","to":"foot"}"#,
    )]));
    server.reply(Reply::says("About five thousand."));
    let mut talk = Conversation::with(&Home::at(&server));
    assert_eq!(talk.says("roughly how long is the golden mile").await, "About five thousand.");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(roles(&requests[1].json()), ["system", "user", "assistant", "tool"]);
}

#[tokio::test]
async fn a_sentence_that_leans_on_the_talk_is_the_models() {
    let server = Server::start();
    let mut talk = Conversation::with(&Home::at(&server));
    talk.says("what's 12 times 12").await;
    assert_eq!(server.requests().len(), 0);
    let leaning = [
        "and what's 12 times 13",
        "what about the time in London",
        "is it cold there",
        "convert that to feet",
        "how many of those are in a mile",
    ];
    for (at, text) in leaning.into_iter().enumerate() {
        server.reply(Reply::says("Shall I go on?"));
        assert_eq!(talk.says(text).await, "Shall I go on?", "{text}");
        assert_eq!(server.requests().len(), at + 1, "{text}");
    }
    // The answer to the model's question, whatever it would mean alone.
    server.reply(Reply::says("Very well."));
    assert_eq!(talk.says("ten minute timer").await, "Very well.");
    // Self-contained commands, and those about the conversation, are carried out here.
    assert!(talk.says("what time is it").await.starts_with("It's "));
    talk.says("turn it up").await;
    assert_eq!(server.requests().len(), leaning.len() + 1);
}

#[test]
fn a_model_that_hears_gets_every_question() {
    let server = Server::start();
    server.reply(Reply::says("It is noon."));
    let home = Home::at(&server);
    let args = ["ask", "--json", "--partner", "audio-chat", "--model", "x/gpt-audio-1.5"];
    let told = home.run(&[&args[..], &["what time is it"]].concat());
    assert_eq!(server.requests().len(), 1, "{}", told.aside);
}
