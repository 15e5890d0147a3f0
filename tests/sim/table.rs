//! The machine alone: inputs, and every command that comes out, to the letter.

use std::time::Duration;

use aloud::base::{CallId, Epoch, Moment, NoticeId, UtteranceId};
use aloud::dialog::{Call, Heard, History, Item, Outcome, Start};
use aloud::turn::{
    Command, EarStatus, Failure, Input, ListenMode, Machine, Mode, MouthStatus, NoticeEnd,
    Playback, Report, Revision, Settings, Setup, Speech, Trigger,
};

use super::tools;

const ONE: Epoch = Epoch(1);
const TWO: Epoch = Epoch(2);

/// A machine and the moment it has reached.
struct Bench {
    machine: Machine,
    now: Moment,
}

impl Bench {
    fn new(mode: Mode, speculate: bool) -> Self {
        let settings = Settings { mode, speculate, ..Settings::default() };
        let setup = Setup { settings, hears: false, tools: tools::effects(), ..Setup::default() };
        let mut bench =
            Self { machine: Machine::new(setup, History::default()), now: Moment::ZERO };
        bench.put(Input::Tick);
        bench
    }

    /// The commands for an input, a millisecond after the previous one.
    fn put(&mut self, input: Input) -> Vec<Command> {
        self.now = self.now + Duration::from_millis(1);
        let mut out = Vec::new();
        self.machine.handle(self.now, input, &mut out);
        out
    }

    /// The commands for a tick at the machine's own deadline.
    fn tick(&mut self) -> Vec<Command> {
        self.now = self.machine.deadline().expect("a wait has a deadline");
        let mut out = Vec::new();
        self.machine.handle(self.now, Input::Tick, &mut out);
        out
    }

    /// A sounding reply of two pieces of 100 ms.
    fn replying() -> Self {
        let mut bench = Self::new(Mode::PushToTalk, false);
        bench.put(Input::Text { text: "hello".into(), pictures: Vec::new(), client: false });
        for text in ["Good", " day."] {
            bench.put(queued(ONE, 4_800, text));
        }
        bench
    }
}

fn started(id: u32) -> Input {
    Input::Speech(Speech::Started { id: UtteranceId(id) })
}

fn ended(id: u32) -> Input {
    Input::Speech(Speech::Ended { id: UtteranceId(id) })
}

fn revision(utterance: u32, number: u32) -> Revision {
    Revision { utterance: UtteranceId(utterance), number }
}

fn transcript(revision: Revision, text: &str) -> Input {
    Input::Transcript { revision, result: Ok(text.into()), certainty: None }
}

fn queued(epoch: Epoch, samples: u64, text: &str) -> Input {
    Input::Report { epoch, report: Report::Queued { samples, text: text.into() } }
}

fn done(epoch: Epoch) -> Input {
    Input::Report { epoch, report: Report::Done }
}

fn progress(epoch: Epoch, samples: u64) -> Input {
    Input::Playback { epoch, playback: Playback::Progress { samples } }
}

fn settled(epoch: Epoch, samples: u64) -> Input {
    Input::Playback { epoch, playback: Playback::Settled { samples } }
}

fn call(id: &str, name: &str) -> Call {
    Call { id: CallId(id.into()), name: name.into(), arguments: "{}".into() }
}

fn outcome(id: &str) -> Outcome {
    Outcome { id: CallId(id.into()), output: "10".into(), say: "Ten.".into(), ok: true }
}

fn user(utterance: Option<u32>, text: &str) -> Item {
    Item::User { utterance: utterance.map(UtteranceId), text: text.into() }
}

fn reply(epoch: Epoch, text: &str, interrupted: bool) -> Item {
    Item::Reply { epoch, text: text.into(), interrupted }
}

#[test]
fn a_turn_by_key() {
    let mut bench = Bench::new(Mode::PushToTalk, false);
    let press = bench.put(Input::Trigger(Trigger::PushToTalk));
    assert_eq!(press, [Command::OpenEar { mode: ListenMode::Held }]);
    assert_eq!(bench.put(Input::Trigger(Trigger::PushToTalk)), [], "keys repeat");
    assert_eq!(bench.put(started(1)), []);
    assert_eq!(bench.put(Input::Release), [Command::LetGo]);
    assert_eq!(bench.put(ended(1)), [Command::Commit { revision: revision(1, 0) }]);
    assert_eq!(bench.machine.status().mouth, MouthStatus::Transcribing);
    let heard = bench.put(transcript(revision(1, 0), " what time is it "));
    assert_eq!(heard, [Command::Respond { epoch: ONE, tentative: false, read: false }]);
    assert_eq!(bench.machine.prompt(), [user(Some(1), "what time is it")]);

    let called = call("c1", "get_time");
    let report = Input::Report { epoch: ONE, report: Report::Call(called.clone()) };
    let order = Command::CallTool { epoch: ONE, call: called.clone() };
    assert_eq!(bench.put(report.clone()), [order]);
    assert_eq!(bench.put(report), [], "the same call again is no second call");
    assert_eq!(bench.put(done(ONE)), []);
    let result = Input::ToolDone { epoch: ONE, outcome: outcome("c1"), stop: false, picture: None };
    assert_eq!(bench.put(result), [Command::Respond { epoch: ONE, tentative: false, read: false }]);
    let asked = vec![
        user(Some(1), "what time is it"),
        Item::Call { epoch: ONE, call: called },
        Item::Outcome(outcome("c1")),
    ];
    assert_eq!(bench.machine.prompt(), asked);

    assert_eq!(bench.put(queued(ONE, 4_800, "Ten.")), [Command::Cue { epoch: ONE }]);
    assert_eq!(bench.put(done(ONE)), []);
    assert_eq!(bench.put(progress(ONE, 4_799)), []);
    assert_eq!(bench.machine.history().items(), [], "nothing is recorded before it was heard");
    assert_eq!(bench.put(progress(ONE, 4_800)), []);
    assert_eq!(bench.machine.history().items()[..3], asked);
    assert_eq!(bench.machine.history().items()[3..], [reply(ONE, "Ten.", false)]);
    assert_eq!(bench.machine.deadline(), None);
}

#[test]
fn a_pause_that_was_the_end() {
    let mut bench = Bench::new(Mode::Open, true);
    let (id, epoch) = (UtteranceId(1), ONE);
    bench.put(started(1));
    bench.put(Input::Speech(Speech::Confirmed { id }));
    let paused = bench.put(Input::Speech(Speech::Paused { id }));
    assert_eq!(paused, [Command::Commit { revision: revision(1, 0) }]);
    let heard = bench.put(transcript(revision(1, 0), "set a timer"));
    assert_eq!(heard, [Command::Respond { epoch, tentative: true, read: false }]);
    // What changes the world, and what would be heard, waits for the end of the turn.
    let set = call("c1", "set_timer");
    assert_eq!(bench.put(Input::Report { epoch, report: Report::Call(set.clone()) }), []);
    assert_eq!(bench.put(queued(ONE, 480, "Well.")), []);
    let end = bench.put(ended(1));
    assert_eq!(end, [Command::Cue { epoch }, Command::CallTool { epoch, call: set }]);
}

#[test]
fn a_pause_that_was_none() {
    let mut bench = Bench::new(Mode::Open, true);
    let (id, epoch) = (UtteranceId(1), ONE);
    bench.put(started(1));
    bench.put(Input::Speech(Speech::Confirmed { id }));
    bench.put(Input::Speech(Speech::Paused { id }));
    bench.put(transcript(revision(1, 0), "set a timer"));
    bench.put(queued(ONE, 480, "Well."));
    let resumed = bench.put(Input::Speech(Speech::Resumed { id }));
    let nothing = Command::Rewind { epoch, heard: Heard::Nothing };
    assert_eq!(resumed, [Command::Abort { epoch }, nothing]);
    let paused = bench.put(Input::Speech(Speech::Paused { id }));
    assert_eq!(paused, [Command::Commit { revision: revision(1, 1) }]);
    assert_eq!(bench.put(transcript(revision(1, 0), "late")), [], "an old take");
    let resumed = bench.put(Input::Speech(Speech::Resumed { id }));
    assert_eq!(resumed, [Command::Forget { revision: revision(1, 1) }]);
    assert_eq!(bench.put(ended(1)), [Command::Commit { revision: revision(1, 2) }]);
    let heard = bench.put(transcript(revision(1, 2), "set a timer for tea"));
    assert_eq!(heard, [Command::Respond { epoch: TWO, tentative: false, read: false }]);
    assert_eq!(bench.machine.prompt(), [user(Some(1), "set a timer for tea")]);
}

#[test]
fn the_truth_about_what_was_heard() {
    let part = |samples, text: &str| Heard::Part { samples, text: text.into() };
    let user = user(None, "hello");
    for (samples, heard, said) in [
        (0, Heard::Nothing, None),
        (1, part(1, ""), None),
        (4_799, part(4_799, ""), None),
        (4_800, part(4_800, "Good"), Some("Good")),
        (9_599, part(9_599, "Good"), Some("Good")),
        (9_600, part(9_600, "Good day."), Some("Good day.")),
        (99_999, part(9_600, "Good day."), Some("Good day.")),
    ] {
        let mut bench = Bench::replying();
        let stop = bench.put(Input::Trigger(Trigger::Stop));
        assert_eq!(stop, [Command::Hush { epoch: ONE }, Command::Abort { epoch: ONE }]);
        assert_eq!(
            bench.put(Input::Text { text: "next".into(), pictures: Vec::new(), client: false }),
            [],
            "it waits for the count"
        );
        let settled = bench.put(settled(ONE, samples));
        let next = Command::Respond { epoch: TWO, tentative: false, read: false };
        assert_eq!(settled, [Command::Rewind { epoch: ONE, heard }, next], "{samples}");
        let said = said.map(|text| reply(ONE, text, true));
        let expected: Vec<_> = std::iter::once(user.clone()).chain(said).collect();
        assert_eq!(bench.machine.history().items(), expected, "{samples}");
    }
}

#[test]
fn a_reply_heard_whole_is_not_rewound_even_when_it_is_revision() {
    let mut bench = Bench::replying();
    bench.put(progress(ONE, 9_000));
    bench.put(done(ONE));
    bench.put(Input::Trigger(Trigger::Stop));
    assert_eq!(bench.put(settled(ONE, 9_600)), []);
    let expected = [user(None, "hello"), reply(ONE, "Good day.", false)];
    assert_eq!(bench.machine.history().items(), expected);
}

#[test]
fn what_is_stale_changes_nothing() {
    let mut bench = Bench::replying();
    bench.put(Input::Trigger(Trigger::Stop));
    bench.put(settled(ONE, 4_800));
    bench.put(Input::Text { text: "next".into(), pictures: Vec::new(), client: false });
    let before = bench.machine.clone();
    let stale = [
        queued(ONE, 480, "old"),
        done(ONE),
        Input::Report { epoch: ONE, report: Report::Call(call("c9", "set_timer")) },
        Input::Report { epoch: ONE, report: Report::Failed(Failure::SlowReply) },
        Input::ToolDone { epoch: ONE, outcome: outcome("c9"), stop: true, picture: None },
        Input::ToolDone { epoch: TWO, outcome: outcome("c9"), stop: true, picture: None },
        progress(ONE, 9_600),
        settled(ONE, 9_600),
        settled(TWO, 9_600),
        transcript(revision(7, 0), "old"),
        Input::Transcript {
            revision: revision(7, 0),
            result: Err(Failure::SlowTranscript),
            certainty: None,
        },
        started(1),
        ended(1),
        Input::Release,
        Input::Tick,
        Input::Text { text: "  ".into(), pictures: Vec::new(), client: false },
    ];
    for input in stale {
        assert_eq!(bench.put(input.clone()), [], "{input:?}");
        assert_eq!(bench.machine, before, "{input:?}");
    }
}

#[test]
fn a_voice_over_the_reply_turns_it_down_and_then_cuts_it() {
    let mut bench = Bench::new(Mode::Open, false);
    bench.put(Input::Text { text: "hello".into(), pictures: Vec::new(), client: false });
    bench.put(queued(ONE, 480_000, "A long story."));
    assert_eq!(bench.put(started(1)), [Command::Duck(true)]);
    let sure = Input::Speech(Speech::Confirmed { id: UtteranceId(1) });
    assert_eq!(bench.put(sure), []);
    let since = bench.now;
    let silenced =
        [Command::Hush { epoch: ONE }, Command::Duck(false), Command::Abort { epoch: ONE }];
    assert_eq!(bench.tick(), silenced);
    assert_eq!(bench.now.since(since), Duration::from_millis(599));
}

#[test]
fn a_dead_speaker_does_not_keep_the_next_turn_waiting() {
    let mut bench = Bench::replying();
    bench.put(progress(ONE, 5_000));
    bench.put(Input::Trigger(Trigger::PushToTalk));
    let since = bench.now;
    let heard = Heard::Part { samples: 5_000, text: "Good".into() };
    assert_eq!(bench.tick(), [Command::Rewind { epoch: ONE, heard }]);
    assert_eq!(bench.now.since(since), Duration::from_millis(250));
    assert_eq!(bench.put(settled(ONE, 9_600)), [], "too late");
    assert_eq!(bench.machine.status().ear, EarStatus::Hearing);
}

#[test]
fn a_tool_that_never_answers_is_answered_for() {
    let mut bench = Bench::new(Mode::PushToTalk, false);
    bench.put(Input::Text { text: "time".into(), pictures: Vec::new(), client: false });
    let report = Report::Call(call("c1", "get_time"));
    bench.put(Input::Report { epoch: ONE, report });
    bench.put(done(ONE));
    let waited = Duration::from_millis(1_500);
    assert_eq!(bench.tick(), [Command::Fill { epoch: ONE, count: 0, waited }]);
    bench.put(done(ONE));
    let mut later = Vec::new();
    while later.is_empty() || matches!(later[..], [Command::Fill { count: 1.., .. }]) {
        bench.put(done(ONE));
        later = bench.tick();
    }
    assert_eq!(later, [Command::Respond { epoch: ONE, tentative: false, read: false }]);
    let late = Input::ToolDone { epoch: ONE, outcome: outcome("c1"), stop: true, picture: None };
    assert_eq!(bench.put(late), []);
    let Some(Item::Outcome(outcome)) = bench.machine.prompt().pop() else {
        panic!("no outcome: {:?}", bench.machine.prompt());
    };
    assert!(!outcome.ok);
}

#[test]
fn another_mode_counts_at_once() {
    let mut bench = Bench::new(Mode::Open, false);
    let mode = |mode| {
        let settings = Settings { mode, ..Settings::default() };
        Input::Setup(Box::new(Setup { settings, ..Setup::default() }))
    };
    assert_eq!(bench.put(mode(Mode::PushToTalk)), [Command::ShutEar]);
    assert_eq!(bench.put(mode(Mode::Wake)), []);
    assert_eq!(bench.put(mode(Mode::Open)), [Command::OpenEar { mode: ListenMode::Open }]);
}

#[test]
fn the_wake_word_opens_a_window_and_a_finished_reply_the_next() {
    let mut bench = Bench::new(Mode::Wake, false);
    let woken = bench.put(Input::Trigger(Trigger::Wake));
    assert_eq!(woken, [Command::OpenEar { mode: ListenMode::Woken }]);
    bench.put(Input::Text { text: "hello".into(), pictures: Vec::new(), client: false });
    // Its own voice is not a question: where the wake word opens the ear, it also interrupts.
    let cue = [Command::Cue { epoch: ONE }, Command::ShutEar];
    assert_eq!(bench.put(queued(ONE, 4_800, "Good day.")), cue);
    bench.put(done(ONE));
    let more = bench.put(progress(ONE, 4_800));
    assert_eq!(more, [Command::OpenEar { mode: ListenMode::FollowUp }]);
    let since = bench.now;
    assert_eq!(bench.tick(), [Command::ShutEar]);
    assert_eq!(bench.now.since(since), Duration::from_secs(6));
}

#[test]
fn the_wake_word_cuts_a_reply() {
    let mut bench = Bench::new(Mode::Wake, false);
    bench.put(Input::Text { text: "hello".into(), pictures: Vec::new(), client: false });
    bench.put(queued(ONE, 48_000, "A long story."));
    let wake = bench.put(Input::Trigger(Trigger::Wake));
    let silenced = [
        Command::Hush { epoch: ONE },
        Command::Abort { epoch: ONE },
        Command::OpenEar { mode: ListenMode::Woken },
    ];
    assert_eq!(wake, silenced);
}

#[test]
fn a_question_that_waited_in_vain_is_not_put_to_the_next_one() {
    let asked = |seconds| {
        let mut bench = Bench::new(Mode::PushToTalk, false);
        bench.put(Input::Text { text: "stop talking".into(), pictures: Vec::new(), client: false });
        bench.now = bench.now + Duration::from_secs(seconds);
        bench.put(Input::Text {
            text: "what time is it".into(),
            pictures: Vec::new(),
            client: false,
        });
        bench.machine.prompt()
    };
    assert_eq!(asked(1), [user(None, "stop talking what time is it")]);
    assert_eq!(asked(8), [user(None, "stop talking"), user(None, "what time is it")]);
}

#[test]
fn every_notice_has_one_end() {
    let notice = |id| Input::Notice { id: NoticeId(id), text: "Tea.".into() };
    let over = |id, end| Command::NoticeOver { id: NoticeId(id), end };
    let mut bench = Bench::new(Mode::PushToTalk, false);
    bench.put(notice(1));
    for id in 2..=17 {
        bench.put(notice(id));
    }
    let refused = bench.put(notice(18));
    assert_eq!(refused, [Command::Tell(Failure::TooMuch), over(18, NoticeEnd::Refused)]);
    bench.put(queued(ONE, 4_800, "Tea."));
    bench.put(done(ONE));
    let mut heard = bench.put(progress(ONE, 4_800));
    assert_eq!(heard.remove(0), over(1, NoticeEnd::Said(Heard::All)));
    let stop = bench.put(Input::Trigger(Trigger::Stop));
    for id in 3..=17 {
        assert!(stop.contains(&over(id, NoticeEnd::Dropped)), "{id}: {stop:?}");
    }
    assert!(stop.contains(&over(2, NoticeEnd::Said(Heard::Nothing))), "{stop:?}");
}

#[test]
fn a_turn_knows_how_its_words_came_in() {
    let text = |text: &str, client| Input::Text { text: text.into(), pictures: vec![], client };
    let mut bench = Bench::new(Mode::Open, false);
    assert_eq!(bench.machine.starts(), [].into());
    bench.put(text("hello", true));
    assert_eq!(bench.machine.starts(), [Start::Client].into());
    // Typed before the answer sounds: one turn, begun in both ways.
    bench.put(text("and you", false));
    assert_eq!(bench.machine.starts(), [Start::Client, Start::Typed].into());
    for (mode, key, start) in [
        (Mode::Open, false, Start::Microphone),
        (Mode::Wake, false, Start::Wake),
        (Mode::Wake, true, Start::Key),
        (Mode::PushToTalk, true, Start::Key),
    ] {
        let mut bench = Bench::new(mode, false);
        let id = UtteranceId(1);
        match (key, mode) {
            (true, _) => drop(bench.put(Input::Trigger(Trigger::PushToTalk))),
            (false, Mode::Wake) => drop(bench.put(Input::Trigger(Trigger::Wake))),
            (false, _) => {}
        }
        bench.put(Input::Speech(Speech::Started { id }));
        bench.put(Input::Speech(Speech::Confirmed { id }));
        if key {
            bench.put(Input::Release);
        }
        bench.put(Input::Speech(Speech::Ended { id }));
        let revision = Revision { utterance: id, number: 0 };
        let result = Ok("what time is it".to_owned());
        bench.put(Input::Transcript { revision, result, certainty: None });
        assert_eq!(bench.machine.starts(), [start].into(), "{mode:?} {key}");
    }
}
