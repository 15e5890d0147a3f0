//! The screen in each state, as a terminal emulator shows it, compared with files. After an
//! intended change, `ALOUD_GOLDEN=write cargo nextest run --lib -E 'test(chat::golden)'` rewrites
//! them.

use std::num::NonZeroU16;
use std::path::Path;

use super::*;
use crate::drive::State;
use crate::engine::ending::Why;
use crate::listen::EchoState;
use crate::turn::{EarStatus, MouthStatus};

const WIDTHS: [u16; 3] = [40, 80, 120];
const HEIGHT: u16 = 20;

/// A chat on a terminal of its own.
struct Room {
    chat: Chat,
    screen: Screen<vt100::Parser>,
    state: State,
    now: Moment,
}

impl Room {
    fn new(width: u16) -> Self {
        let mut state = State::at_start("push-to-talk");
        state.volume = 100;
        state.input = Some("Microphone".into());
        state.output = Some("Speaker".into());
        Self::with(width, HEIGHT, state)
    }

    fn with(width: u16, height: u16, state: State) -> Self {
        let mut view = View::new(state.clone(), true);
        view.note("Listens with local/moonshine-tiny-en, answers with local/templates, speaks with local/hibari-heart.");
        let chat = Chat {
            view,
            prompt: Prompt::new(History::default()),
            talk: TalkKey::default(),
            releases: false,
            quitting: None,
            saved: true,
            hears_itself: false,
        };
        let mut terminal = emulator(width, height);
        terminal.process(b"$ aloud\r\n");
        let screen = Screen::new(terminal, (width, height), false);
        let mut room = Self { chat, screen, state, now: Moment::from_millis(60_000) };
        room.draw();
        room
    }

    fn draw(&mut self) {
        self.chat.draw(&mut self.screen).unwrap();
    }

    fn event(&mut self, event: Event) {
        self.chat.view.on_event(event);
        self.draw();
    }

    fn is(&mut self, ear: EarStatus, mouth: MouthStatus) {
        (self.state.ear, self.state.mouth) = (ear, mouth);
        self.event(Event::State(self.state.clone()));
    }

    fn keys(&mut self, text: &str) -> Vec<Action> {
        let keys = text.chars().map(|c| match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        });
        let keys: Vec<_> = keys.map(|code| KeyEvent::new(code, KeyModifiers::NONE)).collect();
        keys.into_iter().map(|key| self.key(key)).collect()
    }

    fn key(&mut self, key: KeyEvent) -> Action {
        self.now = self.now + Duration::from_secs(1);
        let action = self.chat.on_terminal(TermEvent::Key(key), self.now);
        self.draw();
        action
    }

    fn said(&mut self, text: &str) {
        self.is(EarStatus::Shut, MouthStatus::Transcribing);
        self.event(Event::Transcript { text: text.into(), last: true, ms: 240 });
        self.is(EarStatus::Shut, MouthStatus::Thinking);
    }

    fn written(&mut self, text: &str) {
        self.event(Event::Written { epoch: 1, text: text.into() });
    }

    fn sounds(&mut self, text: &str) {
        self.is(EarStatus::Shut, MouthStatus::Speaking);
        self.event(Event::Sounding { epoch: 1, ms: 561 });
        self.event(Event::Words { epoch: 1, text: text.into() });
    }

    fn reply(&mut self, text: &str, interrupted: bool) {
        self.event(Event::Reply { epoch: 1, text: text.into(), interrupted });
        self.is(EarStatus::Shut, MouthStatus::Silent);
    }

    /// The contents of the terminal. Dim cells are underlined with `~` in the row below, the
    /// cursor's row ends with its column.
    fn picture(&mut self) -> String {
        let screen = self.screen.out().screen();
        let (rows, columns) = screen.size();
        let (y, x) = screen.cursor_position();
        let mut picture = String::new();
        for row in 0..rows.get() {
            let cells = || (0..columns.get()).filter_map(|column| screen.cell(row, column));
            let text: String = cells()
                .filter(|cell| !cell.is_wide_continuation())
                .map(|cell| if cell.has_contents() { cell.contents() } else { " " })
                .collect();
            picture.push_str(text.trim_end());
            if row == y {
                picture.push_str(&format!("  <- cursor in column {x}"));
            }
            picture.push('\n');
            let dim: String = cells()
                .map(|cell| if cell.dim() && cell.has_contents() { '~' } else { ' ' })
                .collect();
            if !dim.trim().is_empty() {
                picture.push_str(dim.trim_end());
                picture.push('\n');
            }
        }
        picture.trim_end().to_owned()
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn emulator(width: u16, height: u16) -> vt100::Parser {
    vt100::Parser::new(cells(height), cells(width), 100)
}

/// Compares what `play` leaves on terminals of all widths with the file of `name`.
#[expect(clippy::disallowed_methods, reason = "how the files are written anew")]
fn golden(name: &str, play: impl Fn(&mut Room)) {
    let mut all = String::new();
    for width in WIDTHS {
        let mut room = Room::new(width);
        play(&mut room);
        all.push_str(&format!("== {width} columns\n{}\n", room.picture()));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/chat/{name}.txt"));
    if std::env::var_os("ALOUD_GOLDEN").is_some_and(|word| word == "write") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &all).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(all, kept, "{}", file.display());
}

#[test]
fn idle() {
    golden("idle", |_| {});
}

#[test]
fn listening() {
    golden("listening", |room| {
        assert_eq!(room.keys(" "), [Action::Ask(Request::Press)]);
        room.is(EarStatus::Hearing, MouthStatus::Silent);
        room.event(Event::Level { db: -20.0 });
        room.event(Event::Transcript { text: "set a timer for".into(), last: false, ms: 0 });
    });
}

#[test]
fn thinking() {
    golden("thinking", |room| room.said("What is the plan for this afternoon?"));
}

#[test]
fn speaking() {
    golden("speaking", |room| {
        room.said("What is the plan?");
        room.written("First we eat, then we walk down to the river. ");
        room.written("After that, we rest.");
        room.sounds("First we eat, then we walk ");
    });
}

#[test]
fn cut() {
    golden("cut", |room| {
        room.said("What is the plan?");
        room.written("First we eat, then we walk down to the river.");
        room.sounds("First we eat, ");
        room.is(EarStatus::Hearing, MouthStatus::Speaking);
        room.is(EarStatus::Hearing, MouthStatus::Hushing);
        room.reply("First we eat,", true);
        room.said("And after eating?");
    });
}

#[test]
fn details() {
    golden("details", |room| {
        room.keys("/details\n");
        room.state.echo =
            Some(EchoState { on: true, removed_db: Some(24), ..EchoState::default() });
        room.event(Event::Wake { word: "hey_jarvis".into(), score: 0.97, own: false });
        room.event(Event::EndOfTurn { why: Why::Sound, pause_ms: 400, likelihood: Some(0.964) });
        room.said("What is the plan?");
    });
}

#[test]
fn muted() {
    golden("muted", |room| {
        assert!(room.keys("/mute\n").contains(&Action::Ask(Request::Mute)));
        room.state.muted = true;
        room.is(EarStatus::Shut, MouthStatus::Silent);
    });
}

#[test]
fn what_rings_is_shown_and_any_key_ends_it() {
    for width in WIDTHS {
        let mut room = Room::new(width);
        room.keys("half a question");
        room.state.ringing = vec!["pasta timer".into()];
        room.is(EarStatus::Shut, MouthStatus::Speaking);
        let picture = room.picture();
        assert!(picture.contains("ringing: pasta timer"), "{picture}");
        // The key has no other effect.
        assert_eq!(room.keys(" \n"), vec![Action::Ask(Request::Stop); 2]);
        assert_eq!(room.chat.prompt.text(), "half a question");
    }
}

#[test]
fn help() {
    golden("help", |room| drop(room.keys("?")));
}

#[test]
fn error() {
    golden("error", |room| {
        room.said("What time is it?");
        let message = "openai rejected the key in OPENAI_API_KEY; run \"aloud doctor\"";
        room.event(Event::Trouble { message: message.into() });
        // It is also spoken, and not shown twice.
        room.event(Event::Written { epoch: 2, text: message.into() });
        room.event(Event::Reply { epoch: 0, text: message.into(), interrupted: false });
        room.is(EarStatus::Shut, MouthStatus::Silent);
    });
}

#[test]
fn no_microphone() {
    golden("no_microphone", |room| {
        room.state.input = None;
        room.is(EarStatus::Shut, MouthStatus::Silent);
        room.event(Event::Sound {
            message: "the microphone is gone; run \"aloud devices\"".into(),
        });
    });
}

#[test]
fn no_speaker() {
    golden("no_speaker", |room| {
        room.state.output = None;
        room.said("What time is it?");
        room.written("It's 3:56 AM.");
        // Nothing of it was heard, so it enters no history; it was an answer all the same.
        room.is(EarStatus::Shut, MouthStatus::Silent);
    });
}

#[test]
fn long_answer() {
    golden("long_answer", |room| {
        room.said("Tell me a story.");
        let line =
            |n| format!("{n}. The fox went over one more hill and looked for its mother there.\n");
        (1..=40).for_each(|n| room.written(&line(n)));
        (1..=12).for_each(|n| room.sounds(&line(n)));
    });
}

#[test]
fn markdown() {
    golden("markdown", |room| {
        room.said("How do I list files?");
        room.event(Event::Call {
            name: "get_time".into(),
            arguments: serde_json::json!({"place": "Paris", "seconds": 5}),
        });
        room.written("# Listing files\n\nUse **ls**:\n\n```sh\nls -l\n\tls -a  # all\n```\n\n- `-l` is long\n- a [link](https://example.com)");
        room.sounds("Listing files\n\nUse ls: ");
    });
}

#[test]
fn typing() {
    golden("typing", |room| {
        let actions = room.keys("quit smoking, set my mood, and why?");
        assert!(actions.iter().all(|action| *action == Action::None), "{actions:?}");
        let paste =
            "first line\nsecond line, which is long enough to wrap on a narrow terminal".to_owned();
        room.chat.on_terminal(TermEvent::Paste(paste), room.now);
        room.draw();
    });
}

#[test]
fn a_tap_says_how_to_send_and_the_next_tap_sends() {
    let mut room = Room::new(80);
    assert_eq!(room.keys(" "), [Action::Ask(Request::Press)]);
    room.is(EarStatus::Hearing, MouthStatus::Silent);
    assert!(room.picture().contains("tap space again to send"));
    assert_eq!(room.keys(" "), [Action::Ask(Request::Release)]);
    // A terminal that reports key releases: holding it is enough.
    let space = KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE);
    let up = KeyEvent { kind: KeyEventKind::Release, ..space };
    assert_eq!(room.key(space), Action::Ask(Request::Press));
    assert_eq!(room.key(up), Action::Ask(Request::Release));
    assert_eq!(room.key(space), Action::Ask(Request::Press));
    room.is(EarStatus::Shut, MouthStatus::Silent);
    room.is(EarStatus::Hearing, MouthStatus::Silent);
    assert!(room.picture().contains("let go to send"), "{}", room.picture());
}

#[test]
fn control_c_clears_the_line_stops_the_answer_and_quits_the_second_time() {
    let mut room = Room::new(80);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    room.keys("half a question");
    room.is(EarStatus::Shut, MouthStatus::Speaking);
    assert_eq!(room.key(control_c), Action::None);
    assert!(room.chat.prompt.is_empty());
    assert_eq!(room.key(control_c), Action::Ask(Request::Stop));
    assert!(room.picture().contains("ctrl-c again to quit"));
    assert_eq!(room.key(control_c), Action::Ask(Request::Quit));
    room.chat.quitting = None;
    room.is(EarStatus::Shut, MouthStatus::Silent);
    assert_eq!(room.key(control_c), Action::None);
    room.now = room.now + Duration::from_secs(5);
    assert_eq!(room.key(control_c), Action::None);
    let control_d = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
    assert_eq!(room.key(control_d), Action::Ask(Request::Quit));
}

#[test]
fn a_question_is_sent_with_all_its_lines_and_a_wrong_command_is_kept() {
    let mut room = Room::new(80);
    room.chat.on_terminal(TermEvent::Paste("one\ntwo\n".into()), room.now);
    let asked = Request::Ask { text: "one\ntwo".into() };
    assert_eq!(room.keys("\n"), [Action::Ask(asked)]);
    room.keys("/moood\n");
    assert!(room.picture().contains("there is no command /moood"), "{}", room.picture());
    assert_eq!(room.chat.prompt.text(), "/moood");
}

#[test]
fn what_was_said_before_a_reply_that_was_given_up_is_not_shown_twice() {
    let mut room = Room::new(80);
    room.is(EarStatus::Trailing, MouthStatus::Thinking);
    room.event(Event::Transcript { text: "Set a timer.".into(), last: true, ms: 1 });
    room.written("For how long?");
    assert!(!room.picture().contains("how long"), "the user may go on");
    room.is(EarStatus::Hearing, MouthStatus::Silent);
    room.is(EarStatus::Trailing, MouthStatus::Thinking);
    let text = "Set a timer for ten minutes.";
    room.event(Event::Transcript { text: text.into(), last: true, ms: 1 });
    room.event(Event::Written { epoch: 2, text: "Timer set.".into() });
    room.is(EarStatus::Shut, MouthStatus::Speaking);
    room.event(Event::Words { epoch: 2, text: "Timer set.".into() });
    room.event(Event::Reply { epoch: 2, text: "Timer set.".into(), interrupted: false });
    room.is(EarStatus::Shut, MouthStatus::Silent);
    let picture = room.picture();
    assert_eq!(picture.matches("Set a timer").count(), 1, "{picture}");
    assert!(picture.contains(text) && !picture.contains("how long"), "{picture}");
}

#[test]
fn a_terminal_that_shrinks_and_grows_loses_no_answer_and_keeps_the_prompt() {
    let mut room = Room::new(80);
    room.said("What is the plan?");
    room.written("First we eat.");
    room.sounds("First we eat.");
    room.reply("First we eat.", false);
    room.keys("and then we go on typing a question that is long");
    for (width, height) in [(40, 20), (40, 8), (30, 4), (12, 3), (120, 20)] {
        room.screen.out().screen_mut().set_size(cells(height), cells(width));
        room.screen.resize((width, height));
        room.draw();
        let picture = room.picture();
        assert!(picture.contains("<- cursor"), "{width}x{height}: {picture}");
        assert!(picture.contains("long"), "{width}x{height}: {picture}");
    }
    assert_eq!(room.picture().matches("ready").count(), 1, "{}", room.picture());
}

#[test]
fn an_answer_that_was_cut_in_its_first_word_stays_above_the_new_question() {
    let mut room = Room::new(80);
    room.said("What is the plan?");
    room.written("Antidisestablishmentarianism.");
    room.is(EarStatus::Shut, MouthStatus::Speaking);
    room.event(Event::Sounding { epoch: 1, ms: 561 });
    room.is(EarStatus::Hearing, MouthStatus::Hushing);
    // Not a word of it was heard to its end, so it enters no history.
    room.is(EarStatus::Hearing, MouthStatus::Silent);
    room.said("Shorter, please.");
    let picture = room.picture();
    let lines: Vec<_> = picture.lines().filter(|line| line.contains("  ")).collect();
    let at = |text: &str| lines.iter().position(|line| line.contains(text));
    assert!(at("Antidis") < at("Shorter") && at("Antidis").is_some(), "{picture}");
    assert!(picture.contains("(cut off here)"), "{picture}");
}

#[test]
fn where_only_ascii_can_be_shown_nothing_else_is_sent() {
    let mut room = Room::new(80);
    room.screen = Screen::new(emulator(80, 20), (80, 20), true);
    room.said("Wie heißt “Käse” auf Japanisch?");
    room.written("チーズ — naïve… 😀 ok");
    room.sounds("x");
    let picture = room.picture();
    assert!(picture.is_ascii(), "{picture}");
    assert!(
        picture.contains("\"Kase\"") && picture.contains("naive. ") && picture.contains("ok"),
        "{picture}"
    );
}
