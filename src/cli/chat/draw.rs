use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::{Line, Span};

use super::entry::GUTTER;
use super::prompt::Prompt;
use super::view::View;
use crate::turn::{EarStatus, MouthStatus};

/// Cells of the level meter.
const METER: usize = 8;

/// The live part, and the position of the cursor in it: column and row.
pub(super) fn live(view: &View, prompt: &Prompt, size: (u16, u16)) -> (Buffer, Option<(u16, u16)>) {
    let (width, height) = (size.0.max(12) - 1, size.1);
    let (typed, (x, y)) = prompt.draw(width.saturating_sub(2), (height / 3).max(1));
    let mut below: Vec<Buffer> = Vec::new();
    below.push(line(status(view, width), width));
    let mut editor = Buffer::empty(Rect::new(0, 0, width, typed.area.height));
    let mark = Span::styled("›", view.style(Color::Cyan).add_modifier(Modifier::BOLD));
    editor.set_span(0, 0, &mark, 1);
    copy(&typed, 0, &mut editor, (2, 0), typed.area.height);
    below.push(editor);
    let cursor_row = rows(&below) - typed.area.height + y;
    if height > 4 {
        below.push(line(hint(view, prompt, width), width));
    }
    if view.details && height > 5 {
        below.push(line(details(view), width));
    }
    let needed = rows(&below);
    let above: Vec<Buffer> = view.under_way().iter().map(|entry| entry.rows(size.0)).collect();
    let all = rows(&above);
    // One blank row, if there is room for it.
    let room = height.saturating_sub(needed);
    let air = u16::from(room > 2);
    let shown = all.min(room.saturating_sub(air));
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, (shown + air + needed).min(height)));
    let mut stack = Buffer::empty(Rect::new(0, 0, width, all.max(1)));
    pile(&above, &mut stack, 0);
    let first = window(&stack, all, shown, view);
    copy(&stack, first, &mut buffer, (0, 0), shown);
    if first + shown < all && shown > 0 {
        let more = format!("… {} more lines", all - first - shown + 1);
        let more =
            line(Line::styled(format!("{:7}{more}", ""), view.style(Color::DarkGray)), width);
        copy(&more, 0, &mut buffer, (0, shown - 1), 1);
    }
    let from = shown + air;
    pile(&below, &mut buffer, from);
    let row = (from + cursor_row).min(buffer.area.height.saturating_sub(1));
    (buffer, Some((x + 2, row)))
}

/// The first visible row of a turn that is too tall: what sounds now stays in sight; before
/// anything sounds, its beginning.
fn window(stack: &Buffer, all: u16, shown: u16, view: &View) -> u16 {
    if all <= shown {
        return 0;
    }
    let last = all - shown;
    let sounds = view.turn.answer.as_ref().is_some_and(|answer| answer.sounded > 0);
    if !sounds {
        // What the user is saying or has just typed is at the end.
        let talks = !view.heard.is_empty();
        return if talks { last } else { 0 };
    }
    let dim = |y: &u16| {
        (GUTTER..stack.area.width).any(|x| {
            let cell = &stack[(x, *y)];
            cell.symbol() != " " && cell.modifier.contains(Modifier::DIM)
        })
    };
    let at = (0..all).find(dim).unwrap_or(all);
    at.saturating_sub(shown / 2).min(last)
}

fn rows(buffers: &[Buffer]) -> u16 {
    buffers.iter().fold(0, |sum: u16, buffer| sum.saturating_add(buffer.area.height))
}

/// Stacks `buffers` into `to`, from row `at` on, as far as they fit.
fn pile(buffers: &[Buffer], to: &mut Buffer, mut at: u16) {
    for buffer in buffers {
        let room = to.area.height.saturating_sub(at);
        copy(buffer, 0, to, (0, at), buffer.area.height.min(room));
        at = at.saturating_add(buffer.area.height);
    }
}

/// Copies `count` rows of `from`, from row `first` on.
fn copy(from: &Buffer, first: u16, to: &mut Buffer, (x, y): (u16, u16), count: u16) {
    for row in 0..count {
        for column in 0..from.area.width.min(to.area.width.saturating_sub(x)) {
            if let Some(cell) = from.cell((column, first + row))
                && let Some(place) = to.cell_mut((x + column, y + row))
            {
                *place = cell.clone();
            }
        }
    }
}

fn line(line: Line<'static>, width: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
    buffer.set_line(0, 0, &line, width);
    buffer
}

/// What aloud is doing, the microphone's level, and other remarks.
fn status(view: &View, width: u16) -> Line<'static> {
    let state = &view.state;
    let (mark, word, colour) = match (state.ear, state.mouth) {
        (EarStatus::Hearing | EarStatus::Trailing, _) if !state.muted => {
            ("●", "listening", Color::Red)
        }
        (_, MouthStatus::Transcribing) => ("◌", "understanding", Color::Yellow),
        (_, MouthStatus::Thinking) => ("◌", "thinking", Color::Yellow),
        (_, MouthStatus::Speaking) => ("♪", "speaking", Color::Green),
        (_, MouthStatus::Hushing) => ("♪", "stopping", Color::Green),
        (EarStatus::Open, MouthStatus::Silent) if !state.muted => {
            ("○", "ready, just speak", Color::Cyan)
        }
        (_, MouthStatus::Silent) => ("○", "ready", Color::Cyan),
    };
    let style = view.style(colour).add_modifier(Modifier::BOLD);
    let mut spans = vec![match state.ringing.as_slice() {
        [] => Span::styled(format!("{mark} {word}"), style),
        [first, ..] => {
            let style = view.style(Color::Yellow).add_modifier(Modifier::BOLD);
            Span::styled(format!("♪ ringing: {first}"), style)
        }
    }];
    let grey = view.style(Color::DarkGray);
    let mut notes = Vec::new();
    if !state.ringing.is_empty() {
        notes.push(Span::styled("any key stops it", grey));
    }
    if state.muted {
        notes.push(Span::styled("✕ muted", view.style(Color::Red)));
    } else if state.input.is_none() {
        notes.push(Span::styled("no microphone", view.style(Color::Red)));
    } else if state.ear != EarStatus::Shut {
        let lit = meter(view.level);
        spans.push(Span::styled(format!("  {}", "█".repeat(lit)), view.style(Color::Green)));
        spans.push(Span::styled("░".repeat(METER - lit), grey));
    }
    if state.output.is_none() {
        notes.push(Span::styled("no speaker", view.style(Color::Red)));
    }
    if state.volume != 100 {
        notes.push(Span::styled(format!("volume {} %", state.volume), grey));
    }
    match state.timers {
        0 => {}
        // Timers, alarms and reminders.
        n => notes.push(Span::styled(format!("{n} to ring"), grey)),
    }
    for note in notes {
        let used: usize = spans.iter().map(Span::width).sum();
        if used + note.width() + 3 <= width.into() {
            spans.push(Span::styled(" · ", grey));
            spans.push(note);
        }
    }
    Line::from(spans)
}

/// The line below the prompt: what can be done now.
fn hint(view: &View, prompt: &Prompt, width: u16) -> Line<'static> {
    let hears = view.state.input.is_some() && !view.state.muted;
    let talk = if view.open() { "just speak" } else { "space: talk" };
    let mut parts: Vec<&str> = match &view.hint {
        Some(hint) => vec![hint],
        None if view.tapped => vec!["tap space again to send", "esc: cancel"],
        None if view.state.ear == EarStatus::Hearing && !view.open() => {
            vec!["let go to send", "esc: cancel"]
        }
        None if !prompt.is_empty() => vec!["enter: send", "alt-enter: new line"],
        None if view.state.mouth == MouthStatus::Speaking => vec!["esc: stop", "?: keys"],
        None if hears => vec![talk, "or type", "?: keys", "ctrl-d: quit"],
        None => vec!["type a question", "?: keys", "ctrl-d: quit"],
    };
    let len = |parts: &[&str]| parts.iter().map(|part| part.chars().count() + 3).sum::<usize>();
    while parts.len() > 1 && len(&parts) > usize::from(width) {
        parts.pop();
    }
    Line::styled(format!("  {}", parts.join(" · ")), view.style(Color::DarkGray))
}

/// How the listening goes: the wake word, the echo canceller, and why the last turn ended.
fn details(view: &View) -> Line<'static> {
    let echo = match view.state.echo {
        Some(echo) if echo.on => match echo.removed_db {
            Some(db) => format!("echo -{db} dB"),
            None => "echo canceller on".to_owned(),
        },
        Some(_) | None => "echo canceller off".to_owned(),
    };
    let parts: Vec<String> =
        view.ended.clone().into_iter().chain([echo]).chain(view.wake.clone()).collect();
    Line::styled(format!("  {}", parts.join(" · ")), view.style(Color::DarkGray))
}

/// Lit cells of the meter at `db`: none at -60 dB and below, all at 0.
fn meter(db: f32) -> usize {
    let share = ((db + 60.0) / 60.0).clamp(0.0, 1.0);
    // At most METER, so the cast is exact.
    (share * METER as f32).round() as usize
}
