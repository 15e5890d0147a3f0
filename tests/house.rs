//! The house: sentences, and what Home Assistant is then asked to do. The server on the loopback answers
//! with what Home Assistant 2024.3 with its `demo` integration answered; `scripts/home-assistant` runs the
//! same sentences against a real one.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::{Arc, Mutex};

use aloud::base::{CallId, LocalZone, Moment, Volume, WallClock};
use aloud::dialog::{Call, Outcome};
use aloud::grammar::{Before, Grammar, Meaning};
use aloud::tool::{BaseUrl, Book, HouseSettings, Pad, Registry, Ringer, Settings, ToolCx, builtin};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const STATES: &str = include_str!("data/house/states.json");
const AREAS: &str = include_str!("data/house/areas.json");
const TOKEN: &str = "a-token";

struct House {
    tools: Registry,
    grammar: Grammar,
    url: String,
    /// What was done: the service and its data.
    done: Arc<Mutex<Vec<(String, Value)>>>,
    _folder: tempfile::TempDir,
}

impl House {
    /// A house whose user may read templates only as an `admin`.
    async fn new(admin: bool) -> Self {
        let done: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let log = Arc::clone(&done);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let mut text = String::new();
                    while !text.ends_with("\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        text.push(char::from(byte));
                    }
                    let length = text.to_lowercase();
                    let length = length.split("content-length: ").nth(1).unwrap_or("0");
                    let length: usize = length.lines().next().unwrap().parse().unwrap();
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).await.unwrap();
                    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let path = text.split(' ').nth(1).unwrap();
                    let signed = text.contains(&format!("authorization: Bearer {TOKEN}\r\n"));
                    let (status, answer) = match path {
                        _ if !signed => (401, "401: Unauthorized"),
                        "/api/states" => (200, STATES),
                        "/api/template" if admin => (200, AREAS),
                        "/api/template" => (401, "401: Unauthorized"),
                        _ => {
                            let service = path.trim_start_matches("/api/services/").to_owned();
                            log.lock().unwrap().push((service, body));
                            (200, "[]")
                        }
                    };
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        answer.len()
                    );
                    let _ = stream.write_all((head + answer).as_bytes()).await;
                });
            }
        });
        Self::at(&url, Ok(TOKEN.into()), done)
    }

    fn at(
        url: &str,
        token: Result<String, String>,
        done: Arc<Mutex<Vec<(String, Value)>>>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let zone = LocalZone::fixed(TimeZone::UTC);
        let book = Book::open(&folder.path().join("timers.json"), WallClock::System, zone);
        let pad = Pad::new(folder.path().join("lists"));
        let mut settings = Settings::new(book, Ringer::Here, Volume::new(50), pad);
        settings.house = Some(HouseSettings { url: BaseUrl::parse(url).unwrap(), token });
        let grammar = Grammar::with_house("").unwrap();
        Self { tools: builtin(settings), grammar, url: url.to_owned(), done, _folder: folder }
    }

    async fn call(&self, tool: &str, arguments: &Value) -> Outcome {
        self.after("", tool, arguments).await
    }

    /// A call after the user has said `said`.
    async fn after(&self, said: &str, tool: &str, arguments: &Value) -> Outcome {
        let id = CallId("call".into());
        let call = Call { id, name: tool.into(), arguments: arguments.to_string() };
        let cx = ToolCx { now: Moment::ZERO, said: Some(said.into()), ..ToolCx::default() };
        self.tools.call(&call, cx).await.outcome
    }

    /// What is answered to `sentence`, without a model.
    async fn hears(&self, sentence: &str) -> String {
        match self.grammar.understand(sentence) {
            Some(Meaning::Calls(calls)) => match calls.as_slice() {
                [call] => self.call(&call.tool, &call.arguments).await.say,
                calls => panic!("{sentence}: {calls:?}"),
            },
            other => panic!("{sentence}: {other:?}"),
        }
    }

    fn done(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.done.lock().unwrap())
    }
}

#[tokio::test]
async fn what_is_said_is_done() {
    let house = House::new(true).await;
    let kitchen = json!({"entity_id": ["light.kitchen_lights"]});
    let room = json!(["light.ceiling_lights", "light.living_room_rgbww_lights"]);
    let set = |id: &str, key: &str, value: Value| json!({key: value, "entity_id": [id]});
    for (sentence, service, data, say) in [
        ("turn on the kitchen lights", "light/turn_on", kitchen.clone(), "Kitchen Lights are on."),
        (
            "switch off the light in the kitchen",
            "light/turn_off",
            kitchen.clone(),
            "Kitchen Lights are off.",
        ),
        ("kitchen lights off", "light/turn_off", kitchen.clone(), "Kitchen Lights are off."),
        (
            "turn off the bed light",
            "light/turn_off",
            json!({"entity_id": ["light.bed_light"]}),
            "Bed Light is off.",
        ),
        (
            "switch off the lamp in the bedroom",
            "light/turn_off",
            json!({"entity_id": ["light.bed_light"]}),
            "Bed Light is off.",
        ),
        (
            "dim the bedroom to thirty percent",
            "light/turn_on",
            set("light.bed_light", "brightness_pct", json!(30)),
            "Bed Light is at 30 percent.",
        ),
        (
            "dim the bedroom",
            "light/turn_on",
            set("light.bed_light", "brightness_step_pct", json!(-20)),
            "Bed Light is dimmer.",
        ),
        (
            "set the kitchen lights to blue",
            "light/turn_on",
            set("light.kitchen_lights", "color_name", json!("blue")),
            "Kitchen Lights are blue.",
        ),
        (
            "make the bedroom light warm white",
            "light/turn_on",
            set("light.bed_light", "color_temp_kelvin", json!(2700)),
            "Bed Light is warm white.",
        ),
        (
            "set the living room to 21 degrees",
            "climate/set_temperature",
            set("climate.hvac", "temperature", json!(21.0)),
            "Hvac is set to 21 degrees.",
        ),
        (
            "make it warmer in the living room",
            "climate/set_temperature",
            set("climate.hvac", "temperature", json!(22.0)),
            "Hvac is one degree up.",
        ),
        (
            "close the blinds in the living room",
            "cover/close_cover",
            json!({"entity_id": ["cover.living_room_window"]}),
            "Closing Living Room Window.",
        ),
        (
            "set the living room window to 40 percent",
            "cover/set_cover_position",
            set("cover.living_room_window", "position", json!(40)),
            "Moving Living Room Window to 40 percent.",
        ),
        (
            "turn on the living room fan",
            "fan/turn_on",
            json!({"entity_id": ["fan.living_room_fan"]}),
            "Living Room Fan is on.",
        ),
        (
            "turn off the lights in the living room",
            "light/turn_off",
            json!({"entity_id": room}),
            "Ceiling Lights and Living Room RGBWW Lights are off.",
        ),
        (
            "turn the living room lights off",
            "light/turn_off",
            json!({"entity_id": room}),
            "Ceiling Lights and Living Room RGBWW Lights are off.",
        ),
        (
            "activate movie night",
            "scene/turn_on",
            json!({"entity_id": ["scene.movie_night"]}),
            "Movie night is on.",
        ),
        (
            "lock the front door",
            "lock/lock",
            json!({"entity_id": ["lock.front_door"]}),
            "Locking Front Door.",
        ),
        (
            "close the garage door",
            "cover/close_cover",
            json!({"entity_id": ["cover.garage_door"]}),
            "Closing Garage Door.",
        ),
        (
            "turn on the ceiling lites",
            "light/turn_on",
            json!({"entity_id": ["light.ceiling_lights"]}),
            "Ceiling Lights are on.",
        ),
    ] {
        assert_eq!(house.hears(sentence).await, say, "{sentence}");
        assert_eq!(house.done(), [(service.to_owned(), data)], "{sentence}");
    }
}

#[tokio::test]
async fn everything_is_switched_off_but_for_sockets() {
    let house = House::new(true).await;
    assert_eq!(house.hears("turn everything off").await, "12 lights, fans and players are off.");
    let mut services: Vec<String> = house.done().into_iter().map(|(service, _)| service).collect();
    services.sort();
    assert_eq!(services, ["fan/turn_off", "light/turn_off", "media_player/turn_off"]);
    assert_eq!(house.hears("turn off all the lights").await, "7 lights are off.");
    assert_eq!(house.hears("close the blinds").await, "Closing 4 blinds and windows.");
}

#[tokio::test]
async fn a_house_answers_questions() {
    let house = House::new(true).await;
    for (sentence, say) in [
        ("is the front door locked", "Yes, Front Door is locked."),
        ("is the kitchen door locked", "No, Kitchen Door is unlocked."),
        ("is the bed light on", "No, Bed Light is off."),
        ("is the kitchen light on", "Yes, Kitchen Lights are on at 30 percent."),
        ("is the garage door open", "No, Garage Door is closed."),
        ("what's the temperature in the bedroom", "In the bedroom it's 19.5 degrees."),
        ("how warm is it in the living room", "In the living room it's 22 degrees."),
        ("which lights are on", "6 of 7 are on."),
    ] {
        assert_eq!(house.hears(sentence).await, say, "{sentence}");
    }
    assert_eq!(house.done(), []);
}

#[tokio::test]
async fn a_door_is_unlocked_only_after_a_yes() {
    let house = House::new(true).await;
    assert_eq!(house.hears("unlock the front door").await, "Shall I really unlock Front Door?");
    assert_eq!(house.hears("open the garage").await, "Shall I really open Garage Door?");
    let open = json!({"action": "open", "what": "garage door"});
    let say = house.call("control_home", &open).await;
    assert!(!say.ok);
    assert_eq!(say.say, "Opening Garage Door needs your yes. Say \"unlock Garage Door\".");
    assert_eq!(house.done(), []);
    let asked = house.grammar.parse("unlock the front door").unwrap();
    match house.grammar.follow(&Before::Unsure(asked), "yes please") {
        Some(Meaning::Calls(calls)) => {
            let [call] = calls.as_slice() else { panic!("{calls:?}") };
            let claimed = house.call(&call.tool, &call.arguments).await.say;
            assert_eq!(claimed, "Shall I really unlock Front Door?", "the user has not said yes");
            let say = house.after("yes please", &call.tool, &call.arguments).await.say;
            assert_eq!(say, "Unlocking Front Door.");
        }
        other => panic!("{other:?}"),
    }
    let done = ("lock/unlock".to_owned(), json!({"entity_id": ["lock.front_door"]}));
    assert_eq!(house.done(), [done]);
}

#[tokio::test]
async fn what_is_not_clear_or_not_there_changes_nothing() {
    let house = House::new(true).await;
    for (sentence, say) in [
        ("turn on the disco ball", "I find no disco ball in the house. There are"),
        ("set the heating to 21 degrees", "Which one: HeatPump, Hvac or Ecobee?"),
        ("set the living room to 50 degrees", "Hvac takes 7 to 35 degrees."),
        (
            "turn on the christmas tree",
            "Christmas tree does not answer. Check its power and connection.",
        ),
        ("open the kitchen window to 40 percent", "Kitchen Window can only be opened or closed."),
    ] {
        let said = house.hears(sentence).await;
        assert!(said.starts_with(say), "{sentence}: {said}");
    }
    assert_eq!(house.done(), []);
}

#[tokio::test]
async fn without_its_rooms_a_house_is_known_by_names() {
    let house = House::new(false).await;
    assert_eq!(house.hears("turn on the kitchen lights").await, "Kitchen Lights are on.");
    assert_eq!(house.hears("turn off the fan in the living room").await, "Living Room Fan is off.");
}

#[tokio::test]
async fn trouble_with_the_server_is_told_with_the_next_step() {
    let house = House::new(true).await;
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let at = |url: &str, token: Result<String, String>| House::at(url, token, Arc::default());
    assert_eq!(
        at(&gone, Ok(TOKEN.into())).hears("turn on the light").await,
        format!(
            "I can't reach Home Assistant at {gone}. Check that it runs, and url under \
             tools.home_assistant in the configuration."
        )
    );
    assert_eq!(
        at(&house.url, Ok("old".into())).hears("turn on the light").await,
        "Home Assistant does not accept my token. Create a long-lived access token in your profile \
         there, and put it where tools.home_assistant says."
    );
    assert_eq!(
        at(&house.url, Err("I have no token.".into())).hears("turn on the light").await,
        "I have no token."
    );
}

#[test]
fn without_a_house_its_sentences_are_refused_with_the_setting() {
    let grammar = Grammar::new();
    for sentence in ["turn on the kitchen lights", "set the thermostat to 20", "open the blinds"] {
        match grammar.understand(sentence) {
            Some(Meaning::Refusal(why)) => {
                assert!(why.ends_with("Set url under tools.home_assistant in the configuration."));
            }
            other => panic!("{sentence}: {other:?}"),
        }
    }
    // A house takes nothing away from other sentences.
    let house = Grammar::with_house("").unwrap();
    let rows =
        concat!(include_str!("data/commands_dev.jsonl"), include_str!("data/commands_own.jsonl"));
    let mut changed = Vec::new();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let sentence = row["text"].as_str().unwrap();
        let (bare, with) = (grammar.parse(sentence), house.parse(sentence));
        if bare.is_some() && bare != with {
            changed.push(format!("{sentence}: {with:?}"));
        }
    }
    assert_eq!(changed, Vec::<String>::new());
}
