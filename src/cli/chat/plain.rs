use std::io::{self, Write};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::broadcast::error::RecvError;

use super::command::{self, Command};
use super::view::detail;
use super::{Settings, mode};
use crate::drive::{Event, Handle, Refusal, Request, State};
use crate::turn::MouthStatus;

/// Chats line by line, for a terminal that cannot move its cursor, a screen reader, or a pipe: each
/// line is a question, and each answer is printed when it is over. From a pipe, a question is asked
/// once the previous one is answered, and the end of the input ends the chat.
///
/// # Errors
/// When standard output cannot be written to.
pub(super) async fn chat(handle: &Handle, settings: Settings) -> io::Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let (state, mut events) = handle.watch();
    let mut talk =
        Talk { typed: settings.look.typed, state, details: false, asked: false, written: None };
    if talk.typed {
        for line in &settings.greeting {
            talk.aside(line)?;
        }
        talk.aside(
            "type a question and press enter; /help lists the commands, /quit ends the chat",
        )?;
    }
    let mut open = true;
    loop {
        if !open && !talk.asked {
            return Ok(());
        }
        let listens = open && (talk.typed || !talk.asked);
        let request = tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(Event::Ending) | Err(RecvError::Closed) => return Ok(()),
                Ok(event) => {
                    talk.on_event(event)?;
                    None
                }
                Err(RecvError::Lagged(_)) => None,
            },
            line = lines.next_line(), if listens => match line {
                Ok(Some(line)) => talk.on_line(&line)?,
                Ok(None) => {
                    open = false;
                    None
                }
                // Invalid UTF-8; the following lines may be valid.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    talk.aside("that line is not UTF-8 text; it was skipped")?;
                    None
                }
                Err(error) => return Err(error),
            },
        };
        let Some(request) = request else { continue };
        if request == Request::Quit {
            return Ok(());
        }
        let asks = matches!(request, Request::Ask { .. } | Request::Say { .. });
        match handle.ask(request).await {
            Ok(()) => talk.asked |= asks,
            Err(Refusal(why)) => talk.aside(&why)?,
        }
    }
}

/// The chat, without its input.
struct Talk {
    /// Whether a person types.
    typed: bool,
    state: State,
    /// Whether wake words and why turns end are shown.
    details: bool,
    /// Whether a question is in progress.
    asked: bool,
    /// The current answer as it is written, and its epoch.
    written: Option<(u32, String)>,
}

impl Talk {
    fn on_line(&mut self, line: &str) -> io::Result<Option<Request>> {
        if line.trim().is_empty() {
            // Enter ends a ring.
            return Ok((!self.state.ringing.is_empty()).then_some(Request::Stop));
        }
        let command = match command::parse(line) {
            None => return Ok(Some(Request::Ask { text: line.trim().to_owned() })),
            Some(Ok(command)) => command,
            Some(Err(wrong)) => {
                self.aside(&wrong)?;
                return Ok(None);
            }
        };
        Ok(match command {
            Command::Help => {
                for (name, does) in command::COMMANDS {
                    self.aside(&format!("{name:<9} {does}"))?;
                }
                None
            }
            Command::Clear => None,
            Command::Details => {
                self.details ^= true;
                None
            }
            Command::Quit => Some(Request::Quit),
            Command::Mute => Some(Request::Mute),
            Command::Unmute => Some(Request::Unmute),
            Command::Mode { open } => Some(mode(open)),
            Command::Stop => Some(Request::Stop),
            Command::Say(text) => Some(Request::Say { text }),
            Command::Repeat => Some(Request::Ask { text: "say that again".into() }),
        })
    }

    fn on_event(&mut self, event: Event) -> io::Result<()> {
        if self.details
            && let Some(detail) = detail(&event)
        {
            self.aside(&detail)?;
        }
        match event {
            Event::State(state) => {
                let ends =
                    self.state.mouth != MouthStatus::Silent && state.mouth == MouthStatus::Silent;
                if self.typed && self.state.ringing.is_empty() && !state.ringing.is_empty() {
                    let what = state.ringing.join(", ");
                    self.aside(&format!("{what} rings; press enter to stop it"))?;
                }
                self.state = state;
                if ends {
                    self.asked = false;
                    // What was written but could not be spoken is still an answer.
                    if let Some((_, text)) = self.written.take() {
                        self.answer(&text)?;
                    }
                }
            }
            Event::Transcript { text, last: true, .. } if self.typed && !text.is_empty() => {
                self.print(&format!("you: {text}"))?;
            }
            Event::Written { epoch, text } => match &mut self.written {
                Some((of, all)) if *of == epoch => all.push_str(&text),
                Some(_) | None => self.written = Some((epoch, text)),
            },
            Event::Reply { epoch, text, interrupted } => {
                let written = self.written.take().filter(|(of, _)| *of == epoch || epoch == 0);
                let all = written.map_or(text, |(_, all)| all);
                let cut = if interrupted { " (cut off)" } else { "" };
                self.answer(&format!("{}{cut}", all.trim_end()))?;
            }
            Event::Trouble { message } | Event::Sound { message } | Event::Aside { message } => {
                self.aside(&message)?;
            }
            Event::Source(source) => self.aside(&format!("{} {}", source.title, source.url))?,
            Event::Nothing { why } if self.typed => self.aside(&why)?,
            Event::Transcript { .. }
            | Event::Wake { .. }
            | Event::WakeScore { .. }
            | Event::EndOfTurn { .. }
            | Event::Nothing { .. }
            | Event::Asked { .. }
            | Event::Level { .. }
            | Event::Call { .. }
            | Event::Outcome { .. }
            | Event::Progress { .. }
            | Event::Words { .. }
            | Event::Sounding { .. }
            | Event::Missed { .. }
            | Event::Ending => {}
        }
        Ok(())
    }

    fn answer(&self, text: &str) -> io::Result<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        if self.typed { self.print(&format!("aloud: {text}")) } else { self.print(text) }
    }

    /// Prints to standard output, for the reader.
    fn print(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for line in text.trim_end().split('\n') {
            writeln!(out, "{}", super::answer::shown(line))?;
        }
        out.flush()
    }

    /// Prints what is not meant for the reader.
    fn aside(&self, text: &str) -> io::Result<()> {
        let mut err = io::stderr().lock();
        writeln!(err, "{}", super::answer::shown(text))
    }
}
