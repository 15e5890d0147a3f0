//! What a user reads when a provider misbehaves.

use std::net::TcpListener;
use std::time::Duration;

use aloud::base::WallClock;
use aloud::engine::EngineError;
use aloud::engine::openai::ChatSettings;
use serde_json::json;

use crate::home::{Home, KEY, Told, provider};
use crate::mind::{Talk, reply, user};
use crate::reply::{Gate, Reply, delta};
use crate::server::Server;

/// Tries of a request that is worth retrying.
const TRIES: usize = 3;

/// A home whose provider answers one question like this, in every try.
fn failing(reply: &Reply) -> (Server, Home) {
    let server = Server::start();
    for _ in 0..TRIES {
        server.reply(reply.clone());
    }
    let home = Home::at(&server);
    (server, home)
}

/// What a user reads when every try ends like this; the provider gets `tries` requests.
fn fails(reply: &Reply, tries: usize, code: i32, words: &[&str]) {
    let (server, home) = failing(reply);
    let told = home.ask("hello there");
    told.fails(code, words);
    assert_eq!(told.printed, "");
    assert_eq!(server.requests().len(), tries, "{told:?}");
}

/// An error that is worth retrying, without a wait.
fn busy(status: u16) -> Reply {
    Reply::error(status, "busy", "Too busy now.").header("retry-after-ms", "1")
}

#[test]
fn a_key_that_is_not_taken_is_told_and_not_shown() {
    let message = format!("Incorrect API key provided: {KEY}.");
    let reply = Reply::error(401, "invalid_api_key", &message);
    fails(&reply, 1, 77, &["provider x", "rejected the key", "renew"]);
}

#[test]
fn a_key_is_in_no_log() {
    let server = Server::start();
    server.reply(busy(503)).reply(Reply::says("Here I am."));
    let home = Home::at(&server);
    let output = home.command(&["ask", "hello there"]).env("ALOUD_LOG", "trace").output().unwrap();
    let told = Told::of(&output);
    assert!(told.aside.contains("TRACE"), "{}", told.aside);
    assert_eq!(told.code, 0);
    let shown = home.run(&["config", "show"]).printed;
    assert!(shown.contains("X_KEY"), "{shown}");
}

#[test]
fn a_provider_that_wants_a_key_is_told_from_one_that_refuses_it() {
    let server = Server::start();
    server.reply(Reply::error(401, "invalid_api_key", "You didn't provide an API key."));
    let provider = provider("x", &server.base()).replace("X_KEY", "NOT_SET");
    let told = Home::with(&provider, r#"chat = "x/m""#).ask("hello there");
    told.fails(77, &["provider x", "needs a key", "NOT_SET"]);
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[test]
fn a_region_or_project_that_may_not_is_told() {
    let reply = Reply::error(403, "unsupported_country", "Country not supported.");
    fails(&reply, 1, 77, &["provider x", "does not allow", "Country not supported"]);
}

#[test]
fn a_model_that_is_not_there_is_told() {
    let reply = Reply::error(404, "model_not_found", "The model `m` does not exist.");
    fails(&reply, 1, 69, &["provider x", "The model `m` does not exist", "check the model's name"]);
}

#[test]
fn a_question_that_is_too_long_alone_is_told() {
    let reply = Reply::error(400, "context_length_exceeded", "This model takes 8192 tokens.");
    fails(&reply, 1, 65, &["too long for the model", "8192 tokens"]);
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_cut_once_and_stays_so() {
    let too_long = Reply::error(400, "context_length_exceeded", "This model takes 8192 tokens.");
    let turns = |count: usize| {
        let mut items = Vec::new();
        for turn in 1..count {
            items.extend([user(&format!("question {turn}")), reply(&format!("answer {turn}"))]);
        }
        items.push(user(&format!("question {count}")));
        items
    };
    for responses in [false, true] {
        let server = Server::start();
        let said = |words| if responses { Reply::responds(words) } else { Reply::says(words) };
        let settings = ChatSettings { responses, ..ChatSettings::default() };
        let mut talk = Talk::with(&server, "m", settings);
        let seen = |at: usize| {
            let body = server.requests()[at].json();
            let list = if responses { &body["input"] } else { &body["messages"] };
            let texts = list.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap());
            texts.filter(|text| text.starts_with("question")).map(str::to_owned).collect::<Vec<_>>()
        };
        server.reply(too_long.clone()).reply(said("Fine."));
        let answer = talk.answer(turns(6)).await;
        assert_eq!((answer.text.as_str(), answer.error), ("Fine.", None));
        assert_eq!(seen(0).len(), 6);
        assert_eq!(seen(1), ["question 4", "question 5", "question 6"]);
        let notes = talk.notes();
        assert!(notes[0].contains("too long") && notes.len() == 1, "{notes:?}");
        // It is known now.
        server.reply(said("Fine."));
        talk.answer(turns(7)).await;
        assert_eq!(seen(2), ["question 5", "question 6", "question 7"]);
        // It is shortened once, not until nothing is left.
        server.reply(too_long.clone()).reply(too_long.clone());
        let answer = talk.answer(turns(6)).await;
        assert!(matches!(answer.error, Some(EngineError::Rejected(_))), "{answer:?}");
        assert_eq!(server.requests().len(), 5);
    }
}

#[test]
fn a_question_that_the_content_filter_refuses_is_told() {
    let reply = Reply::error(400, "content_filter", "The prompt was filtered.");
    fails(&reply, 1, 77, &["content filter", "The prompt was filtered", "rephrase"]);
}

#[test]
fn an_answer_that_the_content_filter_cuts_is_told_after_its_beginning() {
    let (server, home) = failing(&Reply::stream().words("It is. ").stop("content_filter").done());
    let told = home.ask("hello there");
    told.fails(77, &["content filter", "rephrase"]);
    assert_eq!(told.printed, "It is.\n");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn trouble_of_the_provider_is_waited_out_twice_and_then_told() {
    for status in [408, 409, 500, 502, 503] {
        let words =
            ["provider x", "returned an error", &status.to_string(), "Too busy", "try again later"];
        fails(&busy(status), TRIES, 75, &words);
    }
    fails(&busy(429), TRIES, 75, &["too many requests", "Too busy", "wait"]);
}

#[test]
fn what_a_server_cannot_take_at_all_is_not_asked_for_again() {
    // llama-server, of a model without eyes or ears.
    for (status, message) in
        [(500, "image input is not supported"), (501, "The model does not support audio input")]
    {
        let reply = Reply::error(status, "server_error", message);
        fails(&reply, 1, 65, &["rejected the request", message, "use another model"]);
    }
}

#[test]
fn trouble_that_passes_is_not_noticed() {
    let server = Server::start();
    server.reply(busy(429)).reply(busy(503)).reply(Reply::says("Here I am."));
    let told = Home::at(&server).ask("hello there");
    assert_eq!((told.code, told.printed.as_str()), (0, "Here I am.\n"), "{}", told.aside);
    let bodies: Vec<_> = server.requests().iter().map(|request| request.body.clone()).collect();
    assert!(bodies.len() == TRIES && bodies.iter().all(|body| *body == bodies[0]));
}

/// The time between a request with this answer and the next one.
async fn wait_after(reply: Reply) -> Duration {
    let server = Server::start();
    server.reply(reply).reply(Reply::says("Hi."));
    assert_eq!(Talk::at(&server).answer(vec![user("hello")]).await.text, "Hi.");
    let requests = server.requests();
    requests[1].at.since(requests[0].at)
}

#[tokio::test]
async fn a_wait_that_the_provider_names_is_kept() {
    let busy = || Reply::error(429, "rate_limit_exceeded", "Slow down.");
    // All of them are longer than the half second of the default wait.
    let ms = busy().header("retry-after-ms", "800").header("retry-after", "20");
    assert!(wait_after(ms).await >= Duration::from_millis(800));
    assert!(wait_after(busy().header("retry-after", "1")).await >= Duration::from_secs(1));
    let second = jiff::SignedDuration::from_secs(1);
    let date = WallClock::System.now().checked_add(second * 2).unwrap();
    let named = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    assert!(wait_after(busy().header("retry-after", &named)).await >= Duration::from_millis(800));
    assert!(WallClock::System.now() >= date.checked_sub(second).unwrap());
}

#[test]
fn the_provider_knows_best_whether_another_try_helps() {
    let never = Reply::error(503, "busy", "Down for today.").header("x-should-retry", "false");
    fails(&never, 1, 75, &["returned an error (503)", "Down for today"]);
    let again = Reply::error(400, "odd", "Odd.").header("x-should-retry", "true");
    fails(&again.header("retry-after-ms", "1"), TRIES, 65, &["Odd"]);
}

#[test]
fn a_quota_that_is_used_up_is_told_at_once() {
    for code in ["insufficient_quota", "credit_balance_exhausted", "project_spend_limit_exceeded"] {
        let reply = Reply::error(429, code, "You exceeded your current quota.");
        let reply = reply.header("retry-after-ms", "1").header("x-should-retry", "true");
        fails(&reply, 1, 77, &["provider x", "quota is used up", "billing"]);
    }
}

#[test]
fn a_page_that_is_no_json_is_not_read_out() {
    let page = |status| {
        Reply::of(status)
            .header("content-type", "text/html")
            .header("retry-after-ms", "1")
            .bytes("<html><h1>Bad gateway</h1></html>")
    };
    for (status, tries, code) in [(502, TRIES, 75), (413, 1, 65)] {
        let (server, home) = failing(&page(status));
        let told = home.ask("hello there");
        told.fails(code, &["provider x", &status.to_string()]);
        assert!(!told.aside.contains("html"), "{}", told.aside);
        assert_eq!(server.requests().len(), tries);
    }
}

#[test]
fn an_error_in_the_middle_is_told_after_what_was_said() {
    let error = json!({"error": {"message": "The engine is overloaded.", "type": "server_error"}});
    let (server, home) = failing(&Reply::stream().words("First. Sec").event(&error));
    let told = home.ask("hello there");
    told.fails(74, &["provider x", "The engine is overloaded", "ask again"]);
    assert_eq!(told.printed, "First. Sec\n");
    assert_eq!(server.requests().len(), 1, "nothing is asked again once words have come");
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_made_again() {
    let server = Server::start();
    server.reply(Reply::none()).reply(Reply::says("Here I am."));
    let told = Home::at(&server).ask("hello there");
    assert_eq!((told.code, told.printed.as_str()), (0, "Here I am.\n"), "{}", told.aside);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_answer_that_is_cut_is_told_after_what_was_said() {
    let (server, home) = failing(&Reply::stream().words("First. Sec").cut());
    let told = home.ask("hello there");
    told.fails(74, &["provider x", "connection was lost", "ask again"]);
    assert_eq!(told.printed, "First. Sec\n");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_tool_runs_once_though_the_answer_after_it_is_cut() {
    let server = Server::start();
    let arguments = r#"{"seconds": 600, "label": "pasta"}"#;
    server.reply(Reply::calls(&[("call_1", "set_timer", arguments)]));
    server.reply(Reply::stream().words("Your ").cut());
    let home = Home::at(&server);
    let told = home.ask("the pasta takes ten minutes, mind it for me");
    told.fails(74, &["provider x", "connection was lost"]);
    assert_eq!(server.requests().len(), 2);
    let timers = home.run(&["timers"]).printed;
    assert_eq!(timers.matches("pasta").count(), 1, "{timers}");
}

#[test]
fn a_silence_that_lasts_too_long_is_told() {
    let gate = Gate::default();
    let (server, home) = failing(&Reply::stream().words("First. Sec").hold(&gate));
    let told = home.run(&["ask", "hello there", "--config", &impatient(&home)]);
    told.fails(74, &["provider x", "no data arrived for too long"]);
    assert_eq!(told.printed, "First. Sec\n");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_provider_that_never_answers_is_told() {
    let gate = Gate::default();
    let (server, home) = failing(&Reply::of(200).late(&gate));
    let told = home.run(&["ask", "hello there", "--config", &impatient(&home)]);
    told.fails(69, &["provider x", "did not answer in time"]);
    // Nobody waits for such a silence a second time.
    assert_eq!(server.requests().len(), 1);
}

/// The configuration of `home` with the shortest timeout, in a file of its own.
fn impatient(home: &Home) -> String {
    let usual = std::fs::read_to_string(home.path(".config/aloud/config.toml")).unwrap();
    let file = home.path("impatient.toml");
    std::fs::write(&file, format!("{usual}\n[chat]\npatience_s = 1\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_provider_that_is_not_there_is_told() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = Home::with(&provider("x", &format!("http://{nobody}/v1")), r#"chat = "x/m""#);
    home.ask("hello there").fails(69, &["provider x (127.0.0.1)", "cannot be reached", "base_url"]);
}

#[test]
fn the_next_provider_answers_in_the_same_turn_and_the_user_reads_why() {
    let server = Server::start();
    server.reply(busy(503));
    let home = Home::with(
        &provider("x", &server.base()),
        "chat = [\"x/m\", \"local/templates\"]\ncommands = \"chat\"",
    );
    let told = home.ask("what is twelve times eleven");
    assert_eq!(told.code, 0, "{}", told.aside);
    assert!(told.printed.contains("132"), "{told:?}");
    assert!(told.aside.contains("x returned an error (503)"), "{}", told.aside);
    assert!(told.aside.contains("local/templates answers instead"), "{}", told.aside);
    assert_eq!(server.requests().len(), 1, "somebody stands behind it, so it is not asked again");
}

#[test]
fn a_redirect_to_another_origin_is_told_and_gets_neither_key_nor_words() {
    let (server, elsewhere) = (Server::start(), Server::start());
    let target = format!("{}/v1/chat/completions?secret=1", elsewhere.origin());
    for status in [301, 302, 307, 308] {
        server.reply(Reply::of(status).header("location", &target));
        let told = Home::at(&server).ask("hello there");
        told.fails(
            69,
            &["provider x", "redirected to another server", &elsewhere.origin(), "base_url"],
        );
        assert!(!told.aside.lines().last().unwrap().contains("secret"), "{}", told.aside);
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_redirect_within_the_origin_is_followed_with_the_key() {
    let server = Server::start();
    server.reply(Reply::of(307).header("location", "/openai/v1/chat/completions"));
    server.reply(Reply::says("Here I am."));
    let told = Home::at(&server).ask("hello there");
    assert_eq!(told.printed, "Here I am.\n", "{}", told.aside);
    let requests = server.requests();
    assert_eq!(requests[1].target, "/openai/v1/chat/completions");
    assert_eq!(requests[1].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(requests[0].body, requests[1].body);
}

/// What the model is told about such a call.
fn told_of_call(name: &str, arguments: &str) -> (String, String) {
    let server = Server::start();
    server.reply(Reply::calls(&[("call_1", name, arguments)]));
    server.reply(Reply::says("I could not do that."));
    let told = Home::at(&server).answer("how late is it getting over in that city");
    assert_eq!(told["reply"], "I could not do that.");
    let messages = server.requests()[1].json()["messages"].clone();
    let [.., call, outcome] = messages.as_array().unwrap().as_slice() else { panic!("{messages}") };
    let made = &call["tool_calls"][0];
    assert_eq!(made["function"]["name"], name);
    assert_eq!((&made["id"], &outcome["tool_call_id"]), (&json!("call_1"), &json!("call_1")));
    let sent = made["function"]["arguments"].as_str().unwrap().to_owned();
    (sent, outcome["content"].as_str().unwrap().to_owned())
}

#[test]
fn a_call_with_arguments_that_are_no_json_is_told_to_the_model() {
    let (_, outcome) = told_of_call("get_time", "{\"city\": ");
    assert!(outcome.contains("get_time was called wrongly"), "{outcome}");
}

#[test]
fn a_call_with_arguments_that_do_not_fit_is_told_to_the_model() {
    let (_, outcome) = told_of_call("set_timer", r#"{"seconds": "many"}"#);
    assert!(outcome.contains("set_timer was called wrongly") && outcome.contains("seconds"));
}

#[test]
fn a_call_of_a_tool_that_is_not_there_is_told_to_the_model() {
    let (sent, outcome) = told_of_call("order_pizza", "{}");
    assert_eq!(sent, "{}");
    assert!(outcome.contains("no tool order_pizza") && outcome.contains("get_time"), "{outcome}");
}

#[test]
fn a_refusal_is_the_answer() {
    let refusal = delta(&json!({"content": null, "refusal": "I cannot help with that."}));
    let (_server, home) = failing(&Reply::stream().event(&refusal).stop("stop").done());
    let told = home.ask("hello there");
    assert_eq!((told.code, told.printed.as_str()), (0, "I cannot help with that.\n"));
}

#[tokio::test]
async fn a_server_without_responses_is_asked_by_chat_from_then_on() {
    for missing in [
        Reply::of(404).header("content-type", "text/plain").bytes("404 page not found"),
        Reply::of(405),
        Reply::error(501, "not_implemented", "Not implemented."),
    ] {
        let server = Server::start();
        let talk = Talk::responses(&server);
        server.reply_to("/responses", missing.header("x-should-retry", "false"));
        server.reply_to("/chat/completions", Reply::says("Hi."));
        server.reply_to("/chat/completions", Reply::says("Hi again."));
        assert_eq!(talk.answer(vec![user("hello")]).await.text, "Hi.");
        assert_eq!(talk.answer(vec![user("hello")]).await.text, "Hi again.");
        let paths: Vec<_> = server.requests().iter().map(|r| r.path().to_owned()).collect();
        assert_eq!(paths, ["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"]);
    }
}

#[tokio::test]
async fn a_model_that_is_missing_is_no_missing_call() {
    let server = Server::start();
    server.reply(Reply::error(404, "model_not_found", "The model `m` does not exist."));
    let answer = Talk::responses(&server).answer(vec![user("hello")]).await;
    assert!(matches!(answer.error, Some(EngineError::Unreachable(_))), "{answer:?}");
    assert_eq!(server.requests().len(), 1);
}
