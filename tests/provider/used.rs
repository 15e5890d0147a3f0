//! Usage is recorded, summed and priced.

use serde_json::{Value, json};

use crate::home::{Home, KEY, provider};
use crate::reply::Reply;
use crate::server::Server;

/// A home that uses the model `m` at `server`, with prices.
fn home(server: &Server) -> Home {
    let prices = "[prices.\"x/m\"]\ntext_in = 2\ncached_in = 1\ntext_out = 10.0\n";
    Home::with(&format!("{}{prices}", provider("x", &server.base())), "chat = \"x/m\"")
}

/// An answer that reports its usage in a chunk of its own, as with `include_usage`.
fn metered(words: &str, usage: &Value) -> Reply {
    let last = json!({"choices": [], "usage": usage});
    Reply::stream().words(words).stop("stop").event(&last).done()
}

fn used(home: &Home, args: &[&str]) -> Value {
    let told = home.run(&[&["usage", "--json"], args].concat());
    assert_eq!(told.code, 0, "{}", told.aside);
    serde_json::from_str(&told.printed).unwrap()
}

#[test]
fn a_fresh_home_has_used_nothing() {
    let server = Server::start();
    let home = home(&server);
    assert_eq!(used(&home, &["--all"])["models"], json!([]));
    let told = home.run(&["usage"]);
    assert!(told.printed.starts_with("no usage from "), "{}", told.printed);
    home.run(&["usage", "--month", "november"]).fails(64, &["not a month", "2026-"]);
}

#[test]
fn every_program_adds_to_the_sums_and_the_price_is_the_users_own() {
    let server = Server::start();
    let home = home(&server);
    let usage = json!({
        "prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200,
        "prompt_tokens_details": {"cached_tokens": 600},
    });
    server.reply(metered("One.", &usage));
    server.reply(metered("Two.", &usage));
    // A server without usage, and one whose answer breaks off, count as requests.
    server.reply(Reply::says("Three."));
    server.reply(Reply::stream().words("Fo").cut());
    for question in ["one?", "two?", "three?", "four?"] {
        home.ask(question);
    }
    let told = used(&home, &["--days", "2"]);
    assert_eq!(
        told["models"],
        json!([{
            "model": "x/m", "requests": 4, "text_in": 800, "cached_in": 1_200, "text_out": 400,
            "cost": 0.0068,
        }])
    );
    assert_eq!(told["cost"], 0.0068);
    let told = home.run(&["usage", "--all"]);
    assert!(told.printed.contains("x/m"), "{}", told.printed);
    assert!(told.printed.contains("4 requests, 800 text in, 1200 cached, 400 text out"));
    assert!(told.printed.contains("cost: 0.0068"), "{}", told.printed);
}

#[test]
fn a_picture_is_counted_and_a_model_without_a_price_is_told() {
    let server = Server::start();
    let picture = json!({
        "data": [{"b64_json": "iVBORw0KGgo="}],
        "usage": {"input_tokens": 9, "output_tokens": 300, "total_tokens": 309,
            "output_tokens_details": {"image_tokens": 300, "text_tokens": 0}},
    });
    server.reply(Reply::json(&picture));
    let home = home(&server);
    let painted = home.run(&["image", "generate", "--model", "x/p", "--out", "a.png", "a fox"]);
    assert_eq!(painted.code, 0, "{painted:?}");
    let told = used(&home, &[]);
    assert_eq!(
        told["models"],
        json!([{
            "model": "x/p", "requests": 1, "text_in": 9, "image_out": 300, "pictures": 1,
            "cost": null,
        }])
    );
    assert_eq!(told["cost"], Value::Null);
    let told = home.run(&["usage"]);
    assert!(told.printed.contains("[prices.\"x/p\"]"), "{}", told.printed);
    assert!(!told.printed.contains(KEY));
}

#[test]
fn a_price_for_nobodys_model_and_a_negative_one_are_refused_with_the_line() {
    let server = Server::start();
    for (prices, why) in [
        ("[prices.\"y/m\"]\ntext_in = 1\n", "not a provider's model"),
        ("[prices.\"x/m\"]\ntext_in = -1\n", "out of range"),
        ("[prices.\"x/m\"]\ntext = 1\n", "prices.x/m.text"),
    ] {
        let lines = format!("{}{prices}", provider("x", &server.base()));
        let told = Home::with(&lines, "chat = \"x/m\"").run(&["ask", "hello"]);
        assert_eq!(told.code, 78, "{told:?}");
        assert!(told.aside.contains(why), "{}", told.aside);
    }
}
