//! Entries on the screen, each with its speaker, and the list of keys and commands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Widget as _, Wrap};

use super::command::COMMANDS;

/// Cells before the text of an entry, for its speaker.
pub(super) const GUTTER: u16 = 7;

/// The same in the list of keys.
const WIDE_GUTTER: u16 = 15;

/// The keys as the help shows them.
const KEYS: [(&str, &str); 8] = [
    ("space", "on an empty line: talk; again, or let go, to send"),
    ("enter", "send what you typed"),
    ("alt-enter", "start a new line"),
    ("esc", "stop the answer"),
    ("up, down", "what you typed before"),
    ("ctrl-c", "clear the line, stop, then quit"),
    ("ctrl-d", "quit"),
    ("?", "on an empty line: show this"),
];

/// Something that was said or happened, and its speaker.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) who: Span<'static>,
    pub(super) body: Text<'static>,
    /// Cells before the body.
    pub(super) gutter: u16,
}

impl Entry {
    pub(super) fn text(&self) -> String {
        self.body.lines.iter().map(Line::to_string).collect::<Vec<_>>().join("\n")
    }

    /// Its rows on a terminal of `width` columns. The last column stays free, so that a row never
    /// runs into the next one.
    pub(super) fn rows(&self, width: u16) -> Buffer {
        let width = width.saturating_sub(1).max(self.gutter + 4);
        let text = Paragraph::new(self.body.clone()).wrap(Wrap { trim: false });
        let inner = width - self.gutter;
        // A blank row before each question.
        let air = u16::from(self.who.content == "you");
        let height = u16::try_from(text.line_count(inner)).unwrap_or(u16::MAX).clamp(1, 4_000);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height + air));
        buffer.set_span(0, air, &self.who, self.gutter - 1);
        text.render(Rect::new(self.gutter, air, inner, height), &mut buffer);
        buffer
    }
}

/// The keys and the commands.
pub(super) fn help(style: impl Fn(Color) -> Style) -> Vec<Entry> {
    let entry = |(name, does): &(&'static str, &'static str)| Entry {
        who: Span::styled(*name, style(Color::Cyan)),
        body: Text::styled(*does, style(Color::DarkGray)),
        gutter: WIDE_GUTTER,
    };
    KEYS.iter().chain(COMMANDS.iter()).map(entry).collect()
}
