//! Voice chat in the terminal: hold or tap space to talk, and watch what is heard, called and said.
//!
//! ```text
//! keys ─▶ TalkKey ─▶ drive::Handle        drive::Event ─▶ View ─▶ lines that scroll, a live part below
//! ```
//!
//! **Invariant:** the terminal is given back as it was, whatever ends the chat.
//! Absent on purpose: turns and sound; this is one more client of the driver.

mod key;
mod view;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crossterm::event::{
    Event as TermEvent, EventStream, KeyCode, KeyEventKind, KeyModifiers, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::{execute, terminal};
use futures::StreamExt;
use ratatui::backend::CrosstermBackend;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};
use ratatui::{Terminal, TerminalOptions, Viewport};
use tokio::sync::broadcast::error::RecvError;

use self::key::{Talk, TalkKey};
use self::view::{HEIGHT, View};
use crate::base::Clock;
use crate::drive::{Event, Handle, Request};

/// How often a key that only repeats is looked after, and the screen drawn at least.
const LOOK: Duration = Duration::from_millis(50);

type Screen = Terminal<CrosstermBackend<io::Stdout>>;

/// Whether this process has a terminal to chat in.
pub(super) fn possible() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Chats until the user quits or the driver ends.
///
/// # Errors
/// When the terminal cannot be read or written.
pub(super) async fn chat(
    handle: Handle,
    clock: Clock,
    hands_free: bool,
    colour: bool,
) -> io::Result<()> {
    let _guard = Guard::take()?;
    let mut screen = Terminal::with_options(
        CrosstermBackend::new(io::stdout()),
        TerminalOptions { viewport: Viewport::Inline(HEIGHT) },
    )?;
    let (state, mut events) = handle.watch();
    let mut view = View::new(state, hands_free, colour);
    let mut keys = EventStream::new();
    let mut talk = TalkKey::default();
    let mut look = tokio::time::interval(LOOK);
    loop {
        screen.draw(|frame| view.draw(frame))?;
        let asked = tokio::select! {
            event = events.recv() => match event {
                Ok(Event::Ending) | Err(RecvError::Closed) => break,
                Ok(event) => {
                    let lines = view.on_event(event);
                    print(&mut screen, lines)?;
                    None
                }
                Err(RecvError::Lagged(_)) => None,
            },
            key = keys.next() => match key {
                Some(key) => on_key(key?, &mut view, &mut talk, clock),
                None => Some(Request::Quit),
            },
            _ = look.tick() => talk.on_time(clock.now()).map(request),
        };
        let Some(request) = asked else { continue };
        let quits = request == Request::Quit;
        if let Err(refusal) = handle.ask(request).await {
            let lines = view.on_event(Event::Trouble { message: refusal.to_string() });
            print(&mut screen, lines)?;
        }
        if quits {
            break;
        }
    }
    screen.clear()?;
    Ok(())
}

fn request(talk: Talk) -> Request {
    match talk {
        Talk::Press => Request::Press,
        Talk::Release => Request::Release,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of another crate")]
fn on_key(event: TermEvent, view: &mut View, talk: &mut TalkKey, clock: Clock) -> Option<Request> {
    let TermEvent::Key(key) = event else { return None };
    let now = clock.now();
    if key.kind == KeyEventKind::Release {
        return (key.code == KeyCode::Char(' '))
            .then(|| talk.on_release(now))
            .flatten()
            .map(request);
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control && matches!(key.code, KeyCode::Char('c' | 'd')) {
        return Some(Request::Quit);
    }
    if let Some(typed) = view.typed() {
        match key.code {
            KeyCode::Enter => {
                let text = view.typed().take()?;
                return (!text.trim().is_empty()).then_some(Request::Ask { text });
            }
            KeyCode::Esc => *view.typed() = None,
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char(c) if !control => typed.push(c),
            _ => {}
        }
        return None;
    }
    match key.code {
        KeyCode::Char(' ') if key.kind == KeyEventKind::Repeat => None,
        KeyCode::Char(' ') => talk.on_press(now).map(request),
        KeyCode::Enter => {
            *view.typed() = Some(String::new());
            None
        }
        KeyCode::Char('s') | KeyCode::Esc => Some(Request::Stop),
        KeyCode::Char('m') if view.state().muted => Some(Request::Unmute),
        KeyCode::Char('m') => Some(Request::Mute),
        KeyCode::Char('q') => Some(Request::Quit),
        _ => None,
    }
}

/// Prints lines of the conversation above the live part, wrapped to the width.
fn print(screen: &mut Screen, lines: Vec<Line<'static>>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let width = screen.size()?.width.max(20);
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    let height = u16::try_from(text.line_count(width)).unwrap_or(u16::MAX);
    screen.insert_before(height, |buffer| text.render(buffer.area, buffer))
}

/// The terminal in raw mode; dropped, it is as it was.
struct Guard {
    enhanced: bool,
}

impl Guard {
    fn take() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let enhanced = terminal::supports_keyboard_enhancement().unwrap_or(false);
        if enhanced {
            let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
                | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
            execute!(io::stdout(), PushKeyboardEnhancementFlags(flags))?;
        }
        Ok(Self { enhanced })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Every step is tried; there is nobody to tell when the terminal itself is gone.
        if self.enhanced {
            let _ = execute!(io::stdout(), PopKeyboardEnhancementFlags);
        }
        let _ = execute!(io::stdout(), crossterm::cursor::Show);
        let _ = terminal::disable_raw_mode();
        let _ = io::stdout().flush();
    }
}
