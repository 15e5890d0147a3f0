//! Voices: the real cascade, with the real client of a remote voice and a local voice.

use std::sync::Arc;
use std::time::Duration;

use aloud::base::{CallId, Flow, Moment, Rate, SPEAKER_RATE, Utterance};
use aloud::dialog::{Call, Item, Prompt};
use aloud::engine::openai::{Address, Auth, Http, SpeechModel, SpeechSettings};
use aloud::engine::{
    Cascade, Chunk, Delta, EngineError, Engines, Responder, Synthesizer, Transcriber, Transcript,
};
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::room::Room;
use super::script::{act, in_time, in_time_with_sockets, setup};
use super::world::{Act, World};

/// Never returns a transcript, for tests in which nobody speaks.
struct Deaf;

impl Transcriber for Deaf {
    fn transcribe(&self, _: Utterance) -> Flow<Result<Transcript, EngineError>> {
        stream::pending().boxed()
    }
}

/// Gives the same answer to everything, each item this many milliseconds after the previous one. A
/// second round is empty.
struct Mind(Vec<(u64, Result<Delta, EngineError>)>);

impl Mind {
    fn says(text: &str) -> Self {
        Self(vec![(0, Ok(Delta::Text(text.into())))])
    }

    fn fails(why: &str) -> Self {
        Self(vec![(0, Err(EngineError::Broken(why.into())))])
    }
}

impl Responder for Mind {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        let again = prompt.items.iter().any(|item| matches!(item, Item::Outcome(_)));
        let all = if again { Vec::new() } else { self.0.clone() };
        let after = |(ms, delta)| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            delta
        };
        stream::iter(all).then(after).boxed()
    }
}

/// The local voice: at its rate, with a fixed number of samples per sentence.
struct Inside(Room, Rate, usize);

impl Synthesizer for Inside {
    fn speak(&self, text: String) -> Flow<Result<Chunk, EngineError>> {
        self.0.notice(&format!("inside: {text}"));
        stream::iter([Ok(Chunk { pcm: vec![0.1; self.2], rate: self.1, text })]).boxed()
    }
}

/// A server that accepts every request, sends the head of an answer and then nothing more.
async fn stands_still(room: Room, listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let room = room.clone();
        tokio::spawn(async move {
            let mut bytes = [0; 4_096];
            while let Ok(1..) = stream.read(&mut bytes).await {
                room.notice("asked far away");
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\ncontent-length: 96000\r\n\r\n";
                stream.write_all(head.as_bytes()).await.unwrap();
            }
        });
    }
}

/// A world whose voice is that server's, with a local voice as fallback.
async fn world(mind: Mind) -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    with(|room| {
        tokio::spawn(stands_still(room.clone(), listener));
        let (address, patience) = (Address::v1(&base).unwrap(), Duration::from_secs(60));
        let http = Http::new("far", address, Auth::None, patience).unwrap();
        let (voice, instructions, speed) = ("marin".into(), None, None);
        let far = SpeechModel::new(http, "tts", SpeechSettings { voice, instructions, speed });
        let half = SPEAKER_RATE.0 as usize / 2;
        let inside: Arc<dyn Synthesizer> = Arc::new(Inside(room.clone(), SPEAKER_RATE, half));
        cascade(mind, Arc::new(far)).with_voice_inside(Some(inside))
    })
}

/// A world with this cascade. The sound of its pieces is not checked.
fn with(made: impl FnOnce(&Room) -> Cascade) -> World {
    let world = World::with(setup("push-to-talk"), true, |room| Box::new(made(room)));
    world.room.lock().rings = true;
    world
}

fn cascade(mind: Mind, voice: Arc<dyn Synthesizer>) -> Cascade {
    let speak = Some(voice);
    Cascade::new(Engines { transcribe: Arc::new(Deaf), chat: Arc::new(mind), speak }, None)
}

#[test]
fn a_voice_that_stands_still_is_given_up_after_20_s_and_the_voice_inside_tells_it() {
    let noticed = in_time_with_sockets(async {
        let mut world = world(Mind::says("It is a fine day.")).await;
        world.at(1_000, act("type \"how is the weather\""));
        world.run(40_000).await;
        world.end().await.noticed()
    });
    assert_eq!(
        noticed,
        [
            "1.000 asked far away",
            "21.000 inside: provider far has sent no audio for 20 s; check the network",
            "21.000 told: provider far has sent no audio for 20 s; check the network",
            "21.000 sounds 2",
        ]
    );
}

#[test]
fn failures_and_rings_ask_no_server_for_a_voice() {
    let noticed = in_time_with_sockets(async {
        let mut world = world(Mind::fails("The service is busy. Try again in a minute.")).await;
        world.at(0, Act::Call("set_timer", json!({"seconds": 5, "label": "pasta"})));
        world.at(1_000, act("type \"how is the weather\""));
        world.at(6_000, act("stop"));
        world.run(10_000).await;
        world.end().await.noticed()
    });
    assert_eq!(
        noticed,
        [
            "1.000 inside: The service is busy. ",
            "1.000 inside: Try again in a minute.",
            "1.000 told: The service is busy. Try again in a minute.",
            "1.010 sounds 2",
            "5.000 inside: Your pasta timer is done.",
            "5.000 sounds 3",
            "6.000 cut",
        ]
    );
}

#[test]
fn a_call_behind_a_minute_of_sound_is_made_when_it_comes() {
    let noticed = in_time(async {
        let call = Call {
            id: CallId("1".into()),
            name: "get_time".into(),
            arguments: r#"{"text": ""}"#.into(),
        };
        let first = Delta::Text("Everything is said in one go. ".into());
        let mind = Mind(vec![(0, Ok(first)), (2_000, Ok(Delta::Call(call)))]);
        let minute = 60 * SPEAKER_RATE.0 as usize;
        let mut world =
            with(|room| cascade(mind, Arc::new(Inside(room.clone(), SPEAKER_RATE, minute))));
        world.at(1_000, act("type \"tell everything\""));
        world.at(5_000, act("stop"));
        world.run(6_000).await;
        world.end().await.noticed()
    });
    let called = noticed.iter().find(|line| line.ends_with("tool get_time"));
    assert_eq!(called.map(String::as_str), Some("3.000 tool get_time"), "{noticed:#?}");
}

#[test]
fn the_last_sample_of_a_voice_with_another_rate_is_heard() {
    in_time(async {
        let rate = Rate(24_000);
        let mut world = with(|room| {
            cascade(Mind::says("Yes."), Arc::new(Inside(room.clone(), rate, 24_000 / 2)))
        });
        world.at(1_000, act("type \"is it so\""));
        world.run(5_000).await;
        let silent = world.room.lock().silent.expect("it sounded");
        let noticed = world.end().await.noticed();
        assert_eq!(noticed, ["1.000 inside: Yes.", "1.010 sounds 1"]);
        assert_eq!(silent, Moment::from_millis(1_510));
    });
}
