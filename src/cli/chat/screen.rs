use std::fmt::Write as _;
use std::io::{self, Write};

use ratatui::backend::IntoCrossterm as _;
use ratatui::buffer::Buffer;
use ratatui::crossterm::style::ContentStyle;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_normalization::UnicodeNormalization as _;

/// Writes to the terminal: lines that scroll away like the output of any program, and below them a
/// live part that is redrawn.
///
/// It never queries the terminal and moves the cursor only relatively, so it works on terminals
/// that do not answer, below whatever was on the screen before, and after the terminal has changed
/// size.
pub(super) struct Screen<W> {
    out: W,
    /// Columns and rows.
    size: (u16, u16),
    /// Whether only ASCII can be shown.
    ascii: bool,
    /// The live part as drawn.
    drawn: Vec<Row>,
    /// The cursor's row and column in it.
    at: (u16, u16),
    shown: bool,
    /// Whether everything drawn must be redrawn.
    stale: bool,
}

/// One row as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    bytes: String,
    /// Cells up to the last one that is not blank.
    width: u16,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W, size: (u16, u16), ascii: bool) -> Self {
        let (drawn, at) = (Vec::new(), (0, 0));
        Self { out, size: usable(size), ascii, drawn, at, shown: true, stale: true }
    }

    /// Columns and rows, at least one of each.
    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The terminal has a new size, and has rewrapped its lines.
    pub(super) fn resize(&mut self, size: (u16, u16)) {
        let width = usable(size).0;
        let rows = |row: &Row| row.width.saturating_sub(1) / width + 1;
        let above = self.drawn.iter().take(self.at.0.into()).map(rows).sum::<u16>();
        self.at = (above + self.at.1 / width, self.at.1 % width);
        self.size = usable(size);
        self.stale = true;
    }

    /// Adds the rows of `above` to what scrolls away, and draws `live` below them, with the cursor
    /// at its column and row, or hidden.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub(super) fn draw(
        &mut self,
        above: &[Buffer],
        live: &Buffer,
        cursor: Option<(u16, u16)>,
    ) -> io::Result<()> {
        let fresh: Vec<Row> = self.rows(live);
        let (x, y) = cursor.unwrap_or_default();
        if above.is_empty()
            && !self.stale
            && fresh == self.drawn
            && self.at == (y, x)
            && self.shown == cursor.is_some()
        {
            return Ok(());
        }
        let mut text = String::from("\x1b[?2026h\x1b[?25l\r");
        up(&mut text, self.at.0);
        let anew = self.stale || !above.is_empty() || fresh.len() < self.drawn.len();
        if anew {
            text.push_str("\x1b[J");
            for buffer in above {
                for row in self.rows(buffer) {
                    text.push_str(&row.bytes);
                    text.push_str("\r\n");
                }
            }
        }
        for (at, row) in fresh.iter().enumerate() {
            if at > 0 {
                text.push_str("\r\n");
            }
            if anew {
                text.push_str(&row.bytes);
            } else if self.drawn.get(at) != Some(row) {
                text.push_str("\x1b[2K");
                text.push_str(&row.bytes);
            }
        }
        let last = u16::try_from(fresh.len().saturating_sub(1)).unwrap_or(u16::MAX);
        text.push('\r');
        up(&mut text, last.saturating_sub(y));
        if x > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "\x1b[{x}C");
        }
        text.push_str(if cursor.is_some() { "\x1b[?25h\x1b[?2026l" } else { "\x1b[?2026l" });
        (self.drawn, self.at, self.shown, self.stale) = (fresh, (y, x), cursor.is_some(), false);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Clears the terminal.
    ///
    /// # Errors
    /// As [`Screen::draw`].
    pub(super) fn clear(&mut self) -> io::Result<()> {
        (self.drawn, self.at, self.stale) = (Vec::new(), (0, 0), true);
        self.out.write_all(b"\x1b[2J\x1b[H")
    }

    /// Removes the live part; what scrolled stays.
    ///
    /// # Errors
    /// As [`Screen::draw`].
    pub(super) fn close(&mut self) -> io::Result<()> {
        let mut text = String::from("\r");
        up(&mut text, self.at.0);
        text.push_str("\x1b[J\x1b[?25h");
        (self.drawn, self.at, self.stale) = (Vec::new(), (0, 0), true);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn rows(&self, buffer: &Buffer) -> Vec<Row> {
        (0..buffer.area.height).map(|y| self.row(buffer, y)).collect()
    }

    fn row(&self, buffer: &Buffer, y: u16) -> Row {
        let mut row = Row::default();
        let mut run = (Style::new(), String::new());
        // Blanks are written only when something follows them.
        let mut blanks = 0;
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = Style { underline_color: None, ..cell.style() };
            let plain = style.bg.is_none_or(|colour| colour == ratatui::style::Color::Reset)
                && style.add_modifier.is_empty();
            let wide = u16::try_from(Span::raw(cell.symbol()).width()).unwrap_or(1).max(1);
            if cell.symbol() == " " && plain {
                blanks += 1;
                x += 1;
                continue;
            }
            if blanks > 0 {
                run.1.push_str(&" ".repeat(std::mem::take(&mut blanks)));
            }
            if style != run.0 {
                put(&mut row.bytes, &mut run);
                run.0 = style;
            }
            if self.ascii && !cell.symbol().is_ascii() {
                run.1.push_str(&ascii(cell.symbol(), wide.into()));
            } else {
                run.1.push_str(cell.symbol());
            }
            x += wide;
            row.width = x;
        }
        put(&mut row.bytes, &mut run);
        row
    }

    #[cfg(test)]
    pub(super) fn out(&mut self) -> &mut W {
        &mut self.out
    }
}

/// Plausible columns and rows: some terminals report zero.
fn usable((width, height): (u16, u16)) -> (u16, u16) {
    (if width == 0 { 80 } else { width }, if height == 0 { 24 } else { height })
}

fn up(text: &mut String, rows: u16) {
    if rows > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "\x1b[{rows}A");
    }
}

/// Appends a run of cells of one style.
fn put(bytes: &mut String, run: &mut (Style, String)) {
    if run.1.is_empty() {
        return;
    }
    let style: ContentStyle = run.0.into_crossterm();
    // Writing to a string cannot fail.
    let _ = write!(bytes, "{}", style.apply(std::mem::take(&mut run.1)));
}

/// The ASCII replacement of `symbol`, in `width` cells.
fn ascii(symbol: &str, width: usize) -> String {
    let plain = match symbol {
        "●" => "*",
        "○" => "o",
        "◌" => ".",
        "♪" => ">",
        "♫" => "!",
        "✕" => "x",
        "›" => ">",
        "█" => "#",
        "░" => ".",
        "·" => "-",
        "…" => ".",
        "—" | "–" | "‑" | "─" => "-",
        "‘" | "’" => "'",
        "“" | "”" => "\"",
        "•" => "*",
        "°" => "o",
        _ => "",
    };
    let mut plain = plain.to_owned();
    if plain.is_empty() {
        plain = symbol.nfkd().filter(char::is_ascii).take(width).collect();
    }
    if plain.is_empty() {
        plain.push('?');
    }
    while plain.len() < width {
        plain.push(' ');
    }
    plain
}
