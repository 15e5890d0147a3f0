use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget as _;
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

use super::command;
use super::history::History;

/// The most rows laid out to measure the text.
const TALLEST: u16 = 64;

/// The line editor: what is being typed, and what was typed before.
pub(super) struct Prompt {
    area: TextArea<'static>,
    history: History,
    /// The history entry being shown, and the text typed before browsing.
    browsing: Option<(usize, String)>,
}

impl Prompt {
    pub(super) fn new(history: History) -> Self {
        Self { area: area(""), history, browsing: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    pub(super) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(super) fn clear(&mut self) {
        self.set("");
        self.browsing = None;
    }

    /// The history of typed lines.
    pub(super) fn history(&mut self) -> &mut History {
        &mut self.history
    }

    /// Inserts `text` as copied: several lines stay several lines.
    pub(super) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.area.insert_str(text.trim_end_matches('\n'));
    }

    /// Handles a key; true when the text is complete.
    #[expect(clippy::wildcard_enum_match_arm, reason = "an enum of another crate")]
    pub(super) fn on_key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let plain = !control && !alt;
        match key.code {
            KeyCode::Enter if plain && !key.modifiers.contains(KeyModifiers::SHIFT) => return true,
            KeyCode::Enter => self.area.insert_newline(),
            KeyCode::Char('j') if control => self.area.insert_newline(),
            KeyCode::Char('m') if control => return true,
            KeyCode::Char('u') if control => drop(self.area.delete_line_by_head()),
            KeyCode::Char('y') if control => drop(self.area.paste()),
            KeyCode::Char('_' | 'z') if control => drop(self.area.undo()),
            KeyCode::Char('p') if control => self.older(),
            KeyCode::Char('n') if control => self.newer(),
            KeyCode::Up if plain => self.older(),
            KeyCode::Down if plain => self.newer(),
            KeyCode::Tab => {
                if let Some(command) = command::complete(&self.text()) {
                    self.set(command);
                }
            }
            KeyCode::Char('a' | 'b' | 'd' | 'e' | 'f' | 'h' | 'k' | 'w') if control => {
                self.area.input(key);
            }
            KeyCode::Char('b' | 'd' | 'f' | 'h' | '<' | '>') if alt => drop(self.area.input(key)),
            KeyCode::Char(_) if plain => drop(self.area.input(key)),
            KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End => drop(self.area.input(key)),
            _ => {}
        }
        false
    }

    /// Moves to the line above, or from the first one to the previous entry.
    fn older(&mut self) {
        if self.area.screen_cursor().row > 0 {
            return self.area.move_cursor(CursorMove::Up);
        }
        let all = self.history.lines().len();
        let (at, draft) = self.browsing.clone().unwrap_or_else(|| (all, self.text()));
        if let Some(before) = at.checked_sub(1) {
            self.show(before, draft);
        }
    }

    /// Moves to the line below, or from the last one to the next entry.
    fn newer(&mut self) {
        let cursor = self.area.screen_cursor().row;
        self.area.move_cursor(CursorMove::Down);
        if self.area.screen_cursor().row != cursor {
            return;
        }
        let Some((at, draft)) = self.browsing.take() else { return };
        if at + 1 < self.history.lines().len() {
            self.show(at + 1, draft);
        } else {
            self.set(&draft);
        }
    }

    fn show(&mut self, at: usize, draft: String) {
        if let Some(text) = self.history.lines().get(at).cloned() {
            self.set(&text);
            self.browsing = Some((at, draft));
        }
    }

    fn set(&mut self, text: &str) {
        self.area = area(text);
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Lays the text out in `width` cells and at most `rows` rows; returns it with the cursor's
    /// column and row. A longer text is scrolled to its cursor.
    pub(super) fn draw(&self, width: u16, rows: u16) -> (Buffer, (u16, u16)) {
        let width = width.max(2);
        let tall = Rect::new(0, 0, width, TALLEST);
        let mut probe = Buffer::empty(tall);
        (&self.area).render(tall, &mut probe);
        let (top, _) = self.area.scroll_offset();
        let blank = |y: &u16| (0..width).all(|x| probe[(x, *y)].symbol() == " ");
        let filled = (0..TALLEST).rev().find(|y| !blank(y)).unwrap_or(0);
        let cursor = u16::try_from(self.area.screen_cursor().row).unwrap_or(u16::MAX) - top;
        let area = Rect::new(0, 0, width, (filled.max(cursor) + 1).clamp(1, rows.max(1)));
        let mut buffer = Buffer::empty(area);
        (&self.area).render(area, &mut buffer);
        let (top, left) = self.area.scroll_offset();
        let at = self.area.screen_cursor();
        let column = u16::try_from(at.col).unwrap_or(u16::MAX).saturating_sub(left);
        let row = u16::try_from(at.row).unwrap_or(u16::MAX).saturating_sub(top);
        (buffer, (column.min(width - 1), row.min(area.height - 1)))
    }
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    // The terminal's own cursor is there.
    area.set_cursor_style(Style::new());
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(history: &[&str]) -> Prompt {
        let mut kept = History::default();
        history.iter().for_each(|text| kept.push(text).unwrap());
        Prompt::new(kept)
    }

    fn key(prompt: &mut Prompt, code: KeyCode, modifiers: KeyModifiers) -> bool {
        prompt.on_key(KeyEvent::new(code, modifiers))
    }

    fn type_in(prompt: &mut Prompt, text: &str) {
        for c in text.chars() {
            assert!(!key(prompt, KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    fn control(prompt: &mut Prompt, c: char) {
        assert!(!key(prompt, KeyCode::Char(c), KeyModifiers::CONTROL));
    }

    #[test]
    fn the_keys_of_a_shell_do_what_they_do_in_a_shell() {
        let mut prompt = prompt(&[]);
        type_in(&mut prompt, "quit smoking now");
        control(&mut prompt, 'w');
        assert_eq!(prompt.text(), "quit smoking ");
        control(&mut prompt, 'a');
        type_in(&mut prompt, "I ");
        control(&mut prompt, 'k');
        assert_eq!(prompt.text(), "I ");
        control(&mut prompt, 'y');
        assert_eq!(prompt.text(), "I quit smoking ");
        control(&mut prompt, 'e');
        type_in(&mut prompt, "!");
        control(&mut prompt, 'u');
        assert!(prompt.is_empty());
        assert!(key(&mut prompt, KeyCode::Enter, KeyModifiers::NONE));
    }

    #[test]
    fn up_and_down_go_through_what_was_typed_and_back_to_the_draft() {
        let mut prompt = prompt(&["first", "second\nline"]);
        type_in(&mut prompt, "draft");
        let mut seen = Vec::new();
        for code in [KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Up] {
            prompt.draw(40, 5);
            key(&mut prompt, code, KeyModifiers::NONE);
            seen.push(prompt.text());
        }
        assert_eq!(seen, ["second\nline", "second\nline", "first", "first"]);
        for _ in 0..4 {
            prompt.draw(40, 5);
            key(&mut prompt, KeyCode::Down, KeyModifiers::NONE);
        }
        assert_eq!(prompt.text(), "draft");
    }

    #[test]
    fn what_is_pasted_keeps_its_lines_and_is_not_sent() {
        let mut prompt = prompt(&[]);
        prompt.paste("one\r\ntwo\tx\x1b[31m\r\nthree\r\n");
        assert_eq!(prompt.text(), "one\ntwo    x[31m\nthree");
        let (buffer, cursor) = prompt.draw(20, 9);
        assert_eq!((buffer.area.height, cursor), (3, (5, 2)));
    }

    #[test]
    fn a_long_text_wraps_and_then_scrolls_to_its_cursor() {
        let mut prompt = prompt(&[]);
        type_in(&mut prompt, "some words that do not fit in one row of twenty");
        let (buffer, cursor) = prompt.draw(20, 9);
        assert_eq!((buffer.area.height, cursor.1), (3, 2));
        let (buffer, cursor) = prompt.draw(20, 2);
        assert_eq!((buffer.area.height, cursor.1), (2, 1));
    }
}
