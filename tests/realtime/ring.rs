//! From the server's sound to the ring from which the loudspeaker takes it: the real socket,
//! partner, driver and speaker.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use aloud::audio::{self, PlaybackEdge};
use aloud::base::{Clock, Moment, UtteranceId, Volume};
use aloud::drive::{Driver, Parts, Question};
use aloud::engine::openai::realtime::{Dialect, Realtime, Server, Settings};
use aloud::engine::openai::{Address, Auth};
use aloud::{listen, tool, turn};

use crate::host::Host;
use crate::sockets::{nobody, open, utterance};
use crate::strict::{Answer, Asked, Brain, Item, samples};

const TURNS: usize = 40;

/// Says a word.
fn curt() -> Brain {
    Box::new(|_: &[Item], _: &Asked| Answer { text: "Certainly.".into(), calls: Vec::new() })
}

/// Takes what is in the ring four times a millisecond, until the other side hangs up. Returns when
/// the first sample came, and how many there were.
fn take(mut edge: PlaybackEdge, clock: Clock, over: Receiver<()>) -> (Option<Moment>, usize) {
    let (mut first, mut taken) = (None, 0);
    let mut out = vec![0.0; 4_800];
    while over.recv_timeout(Duration::from_micros(250)) == Err(RecvTimeoutError::Timeout) {
        let given = edge.drain(&mut out);
        if given > 0 {
            first.get_or_insert(clock.now());
        }
        taken += given;
    }
    (first, taken)
}

#[tokio::test]
async fn sound_is_in_the_ring_of_the_speaker_at_once() {
    let host = Host::start(open(Dialect::Ga), curt);
    let address = Address::v1(&host.base()).unwrap();
    let mut spans = Vec::new();
    for turn in 0..TURNS {
        let server = Server::new("test", &address, "gpt-x", Auth::None).unwrap();
        let settings = Settings::default();
        let partner = Realtime::new(settings, server, host.clock, nobody());
        let said = utterance(1, 0, 4);
        let (id, end) = (UtteranceId(1), said.span.end);
        let by = listen::End::Release;
        let heard = vec![
            listen::Event::Started { id, at: 0, held: true },
            listen::Event::Ended { utterance: said, end_of_speech: end, heard: end, by },
        ];
        let path = audio::path(Volume::new(100));
        let driver = Driver::new(Parts {
            clock: host.clock,
            tongue: aloud::tool::Tongue::default(),
            setup: turn::Setup { hears: true, ..turn::Setup::default() },
            partner: Box::new(partner),
            instructions: "Answer.".into(),
            tools: tool::Registry::new([]),
            permissions: aloud::tool::permission::Permissions::default(),
            book: None,
            volume: Volume::new(100),
            feed: path.feed,
            shared: path.shared,
            ear: None,
            early: None,
            turn_ends: None,
            words: Vec::new(),
            personas: std::collections::BTreeMap::new(),
            sound: None,
            rest: None,
            question: Some(Question::Heard(heard)),
            record: None,
            spending: aloud::engine::Meter::default(),
            meter: false,
            earcons: false,
        });
        host.seen.lock().unwrap().sounds.clear();
        let (hang_up, over) = channel();
        let clock = host.clock;
        let loudspeaker = std::thread::spawn(move || take(path.playback, clock, over));
        let finished = driver.run().await;
        drop(hang_up);
        let (first, taken) = loudspeaker.join().unwrap();
        assert_eq!(finished.troubles, Vec::<String>::new(), "turn {turn}");
        // All of it, at 48 kHz, except for the rest in the resampler.
        let wanted = 2 * samples("Certainly.".len());
        assert!(taken.abs_diff(wanted) < 480, "{taken} of {wanted} samples");
        let sent = host.seen.lock().unwrap().sounds[0];
        spans.push(first.unwrap().since(sent));
    }
    spans.sort();
    let (middle, worst) = (spans[TURNS / 2], spans[TURNS - 1]);
    println!(
        "first sound from the server to the speaker's ring: median {middle:?}, worst {worst:?}"
    );
    assert_eq!(host.complaints(), Vec::<String>::new());
    // The budget of the design; the median, since the machine may be busy with something else.
    assert!(middle <= Duration::from_millis(5), "{middle:?}");
}
