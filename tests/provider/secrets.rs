//! A key for each realtime session, requested over HTTP.

use aloud::base::Clock;
use aloud::engine::openai::realtime::{Realtime, Server as Sessions, Settings};
use aloud::engine::openai::{Address, Auth, Http};
use aloud::engine::{Order, Partner};
use serde_json::json;

use crate::home::KEY;
use crate::reply::Reply;
use crate::server::{PATIENCE, Server};

#[tokio::test]
async fn a_key_for_one_session_is_asked_for_as_the_vendor_takes_it() {
    let server = Server::start();
    server.reply(Reply::json(&json!({"value": "ek_1", "expires_at": 1})));
    let own = Auth::Bearer(KEY.into());
    let http = Http::new("x", Address::v1(&server.base()).unwrap(), own.clone(), PATIENCE).unwrap();
    // There are no sessions: only the key is tested here.
    let nowhere = Address::v1("http://127.0.0.1:9/v1").unwrap();
    let sessions = Sessions::new("x", &nowhere, "gpt-x", own).unwrap().with_secrets(http, "gpt-x");
    let mut partner = Realtime::writing(Settings::default(), sessions, Clock::start());
    partner.order(Order::Prepare);
    let asked = tokio::task::spawn_blocking(move || server.wait_for(1)).await.unwrap();
    assert_eq!(asked[0].target, "/v1/realtime/client_secrets");
    let session = json!({"type": "realtime", "model": "gpt-x"});
    assert_eq!(asked[0].json(), json!({ "session": session }));
}
