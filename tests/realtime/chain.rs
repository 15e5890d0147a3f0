//! One server's sessions behind another's: a chain of realtime models.

use aloud::base::Epoch;
use aloud::dialog::{Heard, Item};
use aloud::engine::openai::realtime::{Dialect, Fallback, Realtime, Server, Settings};
use aloud::engine::openai::{Address, Auth};
use aloud::engine::{Order, Partner, Said};

use crate::host::{Host, House};
use crate::sockets::{Nobody, answer, prompt, said, speak, user};
use crate::talk::{brain, expected};

fn sessions(host: &Host, model: &str, fallback: Fallback) -> Realtime {
    let address = Address::v1(&host.base()).unwrap();
    let auth = Auth::Bearer("mine".into());
    let server = Server::new(model, &address, model, auth).unwrap();
    let settings = Settings {
        provider: model.to_owned(),
        model: model.to_owned(),
        transcribe: Some("m".into()),
        ..Settings::default()
    };
    Realtime::new(settings, server, host.clock, fallback)
}

#[tokio::test]
async fn the_next_server_takes_the_talk_over_with_all_of_its_turns() {
    let house = |key| House { dialect: Dialect::Ga, wants_beta: false, key: Some(key) };
    let first = Host::start(house("another"), brain);
    let second = Host::start(house("mine"), brain);
    let behind = |partner, name: &str| Fallback { partner, name: name.into(), voiced: false };
    let inner = sessions(&second, "second", behind(Box::new(Nobody), "nobody"));
    let mut partner = sessions(&first, "first", behind(Box::new(inner), "second"));

    speak(&mut partner, 1, 16_000, 4);
    partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![user(1)]) });
    let note = loop {
        if let Said::Note(note) = said(&mut partner).await {
            break note;
        }
    };
    assert!(note.starts_with("second answers for now, because provider first"), "{note}");
    assert_eq!(answer(&mut partner, Epoch(1)).await.0, expected(4));

    // Interruptions also reach the second server.
    let reply = Item::Reply { epoch: Epoch(1), text: expected(4), interrupted: false };
    speak(&mut partner, 2, 160_000, 6);
    let items = vec![user(1), reply.clone(), user(2)];
    partner.order(Order::Respond { epoch: Epoch(2), prompt: prompt(items) });
    while !matches!(said(&mut partner).await, Said::Chunk { .. }) {}
    partner.order(Order::Abort(Epoch(2)));
    let heard = Heard::Part { samples: 2_400, text: String::new() };
    partner.order(Order::Rewind { epoch: Epoch(2), heard });
    speak(&mut partner, 3, 320_000, 8);
    let items = vec![user(1), reply, user(2), user(3)];
    partner.order(Order::Respond { epoch: Epoch(3), prompt: prompt(items) });
    assert_eq!(answer(&mut partner, Epoch(3)).await.0, expected(8));

    assert_eq!(second.complaints(), Vec::<String>::new());
    let session = second.session();
    let truncated = session.lock().unwrap().truncated.clone();
    assert_eq!(truncated.iter().map(|(_, ms)| *ms).collect::<Vec<_>>(), [50]);
    // The first was asked once, and is left alone for a while.
    assert_eq!(first.seen.lock().unwrap().requests.len(), 1);
}
