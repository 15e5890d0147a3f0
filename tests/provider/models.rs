//! The models of a provider, and those that are retired soon.

use serde_json::{Value, json};

use crate::home::Home;
use crate::reply::Reply;
use crate::server::Server;

fn models() -> Server {
    Server::answering(|_| {
        let today = aloud::base::WallClock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let soon = today.checked_add(jiff::Span::new().days(20)).unwrap();
        Reply::json(&json!({"object": "list", "data": [
            {"id": "z-model", "object": "model", "owned_by": "system", "shutdown_date": null},
            {"id": "a-model", "object": "model", "shutdown_date": soon.to_string()},
            {"id": aloud::engine::openai::defaults::CHAT, "object": "model"},
            {"id": aloud::engine::openai::defaults::IMAGE, "object": "model", "shutdown_date": soon.to_string()},
        ]}))
    })
}

#[test]
fn models_are_listed_with_their_ends() {
    let server = models();
    let home = Home::plain(&server);
    let lines = home.lines(&["models", "--remote"]);
    assert!(lines[1].starts_with("openai/a-model "), "{lines:?}");
    assert!(lines[1].ends_with("ends in 20 days"), "{lines:?}");
    assert!(lines[2].ends_with("in use"), "{lines:?}");
    assert_eq!(lines[4], "openai/z-model");
    let objects = home.lines(&["models", "--remote", "--json", "--provider", "openai"]);
    let first: Value = serde_json::from_str(&objects[0]).unwrap();
    assert_eq!(
        (&first["id"], &first["ending"], &first["days_left"]),
        (&json!("a-model"), &json!(true), &json!(20))
    );
    assert!(server.requests().iter().all(|request| request.path() == "/v1/models"));
    home.fails(&["models", "--remote", "--provider", "nobody"], 77, &["nobody"]);
    // The files on this machine are listed as before.
    for args in [&["models"][..], &["models", "list"]] {
        assert!(home.lines(args)[0].starts_with("MODEL"), "{args:?}");
    }
    for args in [&["models", "--json"][..], &["models", "list", "--json"]] {
        assert!(home.lines(args)[0].starts_with('{'), "{args:?}");
    }
}

#[tokio::test]
async fn at_the_start_a_model_that_ends_or_is_not_there_is_told() {
    let server = models();
    let home = Home::plain(&server);
    home.configure("[cascade]\nchat = \"openai/a-model\"\nspeak = \"openai/none\"\n");
    let app = home.app();
    let warnings = aloud::app::outlook(&app).warnings().await;
    let starts = [
        "openai/a-model ([cascade] chat) ends in 20 days",
        "openai/none ([cascade] speak) is not offered by provider",
    ];
    for start in starts {
        assert!(warnings.iter().any(|warning| warning.starts_with(start)), "{start}: {warnings:?}");
    }
    let chat = aloud::engine::openai::defaults::CHAT;
    assert!(warnings.iter().all(|warning| !warning.contains(chat)), "{warnings:?}");
}

#[tokio::test]
async fn at_the_start_a_painter_that_ends_is_told_where_somebody_has_chosen_it() {
    let server = models();
    let home = Home::plain(&server);
    let painter = aloud::engine::openai::defaults::IMAGE;
    let told = async |config: &str| {
        home.configure(&format!("[cascade]\ntranscribe = \"openai/z-model\"\nchat = \"openai/z-model\"\nspeak = \"openai/z-model\"\n{config}"));
        aloud::app::outlook(&home.app()).warnings().await
    };
    assert_eq!(told("").await, Vec::<String>::new());
    let warnings = told(&format!("[image]\nmodel = \"openai/{painter}\"\n")).await;
    let start = format!("openai/{painter} ([image] model) ends in 20 days");
    assert!(warnings.len() == 1 && warnings[0].starts_with(&start), "{warnings:?}");
}

#[tokio::test]
async fn at_the_start_nothing_is_told_when_the_list_cannot_be_had() {
    let server = Server::answering(|_| Reply::error(404, "", "no such thing"));
    let home = Home::plain(&server);
    assert_eq!(aloud::app::outlook(&home.app()).warnings().await, Vec::<String>::new());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_key_that_is_refused_is_77() {
    let server =
        Server::answering(|_| Reply::error(401, "invalid_api_key", "Incorrect key: sk-test"));
    Home::plain(&server).fails(&["models", "--remote"], 77, &["rejected the key"]);
}
