//! Chat in the terminal: type, or talk with the space bar, and see what is heard, called and said.
//!
//! ```text
//! keys ─▶ Prompt, TalkKey ─▶ drive::Handle     drive::Event ─▶ View ─▶ draw ─▶ Screen
//!                             (a terminal that cannot move its cursor, a pipe: plain lines)
//! ```
//!
//! **Invariant:** the terminal is restored, however the chat ends.
//! **Invariant:** the terminal is never queried, so one that does not answer causes no delay.
//! Deliberately absent: turns and sound; this is one more client of the driver.

mod answer;
mod command;
mod draw;
mod entry;
#[cfg(test)]
mod golden;
mod history;
mod key;
mod plain;
mod prompt;
mod screen;
mod view;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event as TermEvent, EventStream, KeyCode,
    KeyEvent, KeyEventKind, KeyModifiers, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::{execute, terminal};
use futures::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use self::command::Command;
use self::history::History;
use self::key::{Talk, TalkKey};
use self::prompt::Prompt;
use self::screen::Screen;
use self::view::View;
use crate::base::{Clock, Moment};
use crate::config::Environment;
use crate::drive::{Event, Handle, Request};
use crate::turn::Mode;

/// How often a repeating key is checked for its release.
const LOOK: Duration = Duration::from_millis(50);

/// Events processed before the screen is redrawn.
const BATCH: usize = 64;

/// Time for the second Ctrl-C.
const TWICE: Duration = Duration::from_secs(3);

/// Printed before the microphone opens for good while aloud's own voice is not removed from what it
/// hears.
pub(super) const HEADPHONES: &str = "Use headphones: from loudspeakers, aloud hears its own voice.";

/// Settings of the chat.
pub(super) struct Settings {
    /// First lines: who answers, and other remarks.
    pub(super) greeting: Vec<String>,
    /// The file with typed questions.
    pub(super) history: PathBuf,
    /// How the terminal is used.
    pub(super) look: Look,
    /// Whether aloud hears its own voice from loudspeakers.
    pub(super) hears_itself: bool,
}

/// What the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether a person types: otherwise standard input is read to its end, one question per line.
    pub(super) typed: bool,
    /// Whether the cursor can be moved.
    pub(super) screen: bool,
    pub(super) colour: bool,
    /// Whether only ASCII can be shown.
    pub(super) ascii: bool,
}

impl Look {
    /// What this process's terminal can do, according to the environment.
    pub(super) fn of(env: &Environment) -> Self {
        let typed = io::stdin().is_terminal();
        let shown = io::stdout().is_terminal();
        let dumb = matches!(env.get("TERM"), None | Some("dumb" | "unknown"));
        let locale = env.locale("LC_CTYPE").to_lowercase();
        Self {
            typed,
            screen: typed && shown && !dumb,
            colour: shown && !dumb && env.get("NO_COLOR").is_none(),
            ascii: !locale.contains("utf-8") && !locale.contains("utf8"),
        }
    }
}

/// Chats until the user quits or the driver ends. The driver ends with it.
///
/// # Errors
/// When the terminal cannot be read or written.
pub(super) async fn chat(handle: Handle, clock: Clock, settings: Settings) -> io::Result<()> {
    let ended = if settings.look.screen {
        on_screen(&handle, clock, settings).await
    } else {
        plain::chat(&handle, settings).await
    };
    // It may have ended before, or be ending.
    let _ = handle.ask(Request::Quit).await;
    ended
}

async fn on_screen(handle: &Handle, clock: Clock, settings: Settings) -> io::Result<()> {
    let _guard = Guard::take()?;
    let Settings { greeting, history, look, hears_itself } = settings;
    let (state, mut events) = handle.watch();
    let mut view = View::new(state, look.colour);
    greeting.iter().for_each(|line| view.note(line));
    let mut chat = Chat {
        view,
        prompt: Prompt::new(History::open(history)),
        talk: TalkKey::default(),
        releases: false,
        quitting: None,
        saved: true,
        hears_itself,
    };
    let size = terminal::size().unwrap_or_default();
    let mut screen = Screen::new(io::stdout(), size, look.ascii);
    let mut keys = EventStream::new();
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut signals = [SignalKind::terminate(), SignalKind::hangup()].map(|kind| signal(kind).ok());
    loop {
        chat.draw(&mut screen)?;
        let action = tokio::select! {
            biased;
            key = keys.next() => match key {
                Some(event) => chat.on_terminal(event?, clock.now()),
                None => Action::Ask(Request::Quit),
            },
            event = events.recv() => match event {
                Ok(Event::Ending) | Err(RecvError::Closed) => break,
                Ok(event) => {
                    chat.view.on_event(event);
                    if !drain(&mut events, &mut chat.view) {
                        break;
                    }
                    Action::None
                }
                Err(RecvError::Lagged(_)) => Action::None,
            },
            _ = ticks.tick() => match chat.talk.on_time(clock.now()) {
                Some(talk) => chat.talk(talk),
                None => Action::None,
            },
            () = any(&mut signals) => Action::Ask(Request::Quit),
        };
        match action {
            Action::None => {}
            Action::Size(width, height) => screen.resize((width, height)),
            Action::Clear => screen.clear()?,
            Action::Ask(Request::Quit) => break,
            Action::Ask(request) => {
                if let Err(refusal) = handle.ask(request).await {
                    chat.talk = TalkKey::default();
                    chat.view.trouble(&refusal.to_string());
                }
            }
        }
    }
    chat.view.finish();
    chat.draw(&mut screen)?;
    screen.close()
}

/// Processes the events that are already there; false when there will be no more.
fn drain(events: &mut Receiver<Event>, view: &mut View) -> bool {
    for _ in 0..BATCH {
        match events.try_recv() {
            Ok(Event::Ending) | Err(TryRecvError::Closed) => return false,
            Ok(event) => view.on_event(event),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty) => break,
        }
    }
    true
}

/// Resolves with the first of `signals`.
async fn any(signals: &mut [Option<Signal>; 2]) {
    async fn one(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
    let [first, second] = signals;
    tokio::select! {
        () = one(first) => {}
        () = one(second) => {}
    }
}

/// The effect of a key.
#[derive(Clone, Debug, PartialEq)]
enum Action {
    None,
    Ask(Request),
    Size(u16, u16),
    Clear,
}

/// The chat on a screen, without the screen.
struct Chat {
    view: View,
    prompt: Prompt,
    talk: TalkKey,
    /// Whether this terminal reports key releases.
    releases: bool,
    /// Until when Ctrl-C quits.
    quitting: Option<Moment>,
    /// Whether the history could be saved.
    saved: bool,
    /// Whether aloud hears its own voice from loudspeakers.
    hears_itself: bool,
}

impl Chat {
    fn draw<W: Write>(&mut self, screen: &mut Screen<W>) -> io::Result<()> {
        let size = screen.size();
        let done: Vec<_> = self.view.take_done().iter().map(|entry| entry.rows(size.0)).collect();
        let (live, cursor) = draw::live(&self.view, &self.prompt, size);
        screen.draw(&done, &live, cursor)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "an enum of another crate")]
    fn on_terminal(&mut self, event: TermEvent, now: Moment) -> Action {
        match event {
            TermEvent::Resize(width, height) => Action::Size(width, height),
            TermEvent::Paste(text) => {
                self.prompt.paste(&text);
                Action::None
            }
            TermEvent::Key(key) => self.on_key(key, now),
            _ => Action::None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "an enum of another crate")]
    fn on_key(&mut self, key: KeyEvent, now: Moment) -> Action {
        if key.kind == KeyEventKind::Release {
            self.releases = true;
            if key.code != KeyCode::Char(' ') {
                return Action::None;
            }
            let talk = self.talk.on_release(now);
            // A key that was only tapped keeps talking.
            self.view.tapped = talk.is_none() && self.talk != TalkKey::Up;
            return talk.map_or(Action::None, |talk| self.talk(talk));
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let plain = !control && !key.modifiers.contains(KeyModifiers::ALT);
        if control && key.code == KeyCode::Char('c') {
            return self.on_interrupt(now);
        }
        self.quitting = None;
        if !self.view.state.ringing.is_empty() && key.kind == KeyEventKind::Press {
            // Any key ends a ring. The character is kept: it may begin "snooze".
            if matches!(key.code, KeyCode::Char(c) if c != ' ') && plain {
                self.prompt.on_key(key);
            }
            return Action::Ask(Request::Stop);
        }
        let empty = self.prompt.is_empty();
        if key.kind == KeyEventKind::Press && key.code != KeyCode::Char(' ') {
            self.view.hint = None;
        }
        match key.code {
            KeyCode::Char('d') if control && empty => Action::Ask(Request::Quit),
            KeyCode::Char('l') if control => Action::Clear,
            KeyCode::Char(' ') if empty && plain => match self.talk.on_press(now) {
                Some(talk) => self.talk(talk),
                None => Action::None,
            },
            KeyCode::Char('?') if empty && plain => {
                self.view.help();
                Action::None
            }
            KeyCode::Esc => {
                self.talk = TalkKey::default();
                Action::Ask(Request::Stop)
            }
            // Enter also ends talking that began with a tap.
            KeyCode::Enter if empty && self.talk != TalkKey::Up => {
                self.talk = TalkKey::Up;
                Action::Ask(Request::Release)
            }
            _ => {
                if self.prompt.on_key(key) {
                    self.submit()
                } else {
                    Action::None
                }
            }
        }
    }

    /// Clears the line, else stops what is in progress, else quits on the second press.
    fn on_interrupt(&mut self, now: Moment) -> Action {
        if !self.prompt.is_empty() {
            self.prompt.clear();
            return Action::None;
        }
        if self.quitting.is_some_and(|until| now <= until) {
            return Action::Ask(Request::Quit);
        }
        self.quitting = Some(now + TWICE);
        self.view.hint = Some("press ctrl-c again to quit".into());
        if !self.view.busy() {
            return Action::None;
        }
        self.talk = TalkKey::default();
        Action::Ask(Request::Stop)
    }

    fn talk(&mut self, talk: Talk) -> Action {
        match talk {
            Talk::Press => {
                self.view.hint = None;
                self.view.tapped = !self.releases;
                Action::Ask(Request::Press)
            }
            Talk::Release => {
                self.view.tapped = false;
                Action::Ask(Request::Release)
            }
        }
    }

    fn submit(&mut self) -> Action {
        let text = self.prompt.text();
        if text.trim().is_empty() {
            return Action::None;
        }
        if let Err(error) = self.prompt.history().push(&text)
            && std::mem::take(&mut self.saved)
        {
            self.view.note(&format!("what you type is not kept for the next time: {error}"));
        }
        let command = match command::parse(&text) {
            None => {
                self.prompt.clear();
                return Action::Ask(Request::Ask { text: text.trim().to_owned() });
            }
            Some(Ok(command)) => command,
            Some(Err(wrong)) => {
                self.view.hint = Some(wrong);
                return Action::None;
            }
        };
        self.prompt.clear();
        match command {
            Command::Help => self.view.help(),
            Command::Quit => return Action::Ask(Request::Quit),
            Command::Mute => return Action::Ask(Request::Mute),
            Command::Unmute => return Action::Ask(Request::Unmute),
            Command::Mode { open } => {
                if open && self.hears_itself {
                    self.view.note(HEADPHONES);
                }
                return Action::Ask(mode(open));
            }
            Command::Stop => return Action::Ask(Request::Stop),
            Command::Say(text) => return Action::Ask(Request::Say { text }),
            Command::Repeat => match self.view.last_answer() {
                Some(text) => return Action::Ask(Request::Say { text: text.to_owned() }),
                None => self.view.hint = Some("there is no answer yet".into()),
            },
            Command::Details => self.view.details ^= true,
            Command::Clear => return Action::Clear,
        }
        Action::None
    }
}

/// The request that opens the microphone all the time, or only for the talk key.
fn mode(open: bool) -> Request {
    Request::Mode { mode: if open { Mode::Open } else { Mode::PushToTalk } }
}

/// The terminal in raw mode; restored on drop.
struct Guard;

impl Guard {
    fn take() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let guard = Self;
        // A terminal that does not know these ignores them.
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
            | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
        execute!(io::stdout(), EnableBracketedPaste, PushKeyboardEnhancementFlags(flags))?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Every step is tried; if the terminal itself is gone, nobody is left to tell.
        let _ = execute!(io::stdout(), PopKeyboardEnhancementFlags, DisableBracketedPaste);
        let _ = execute!(io::stdout(), crossterm::cursor::Show);
        let _ = terminal::disable_raw_mode();
        let _ = io::stdout().flush();
    }
}
