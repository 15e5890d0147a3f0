use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// Words searched for the next one that sounds; the spoken text may omit or rephrase some of the
/// written one.
const NEAR: usize = 12;

/// The same for a word too long to match by chance: across a page of code.
const FAR: usize = 400;

/// A reply as it is written, and how far it has sounded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) epoch: u32,
    /// What the model wrote, including markdown and line breaks.
    pub(super) text: String,
    /// Bytes of `text` that have sounded.
    pub(super) sounded: usize,
}

impl Answer {
    pub(super) fn new(epoch: u32) -> Self {
        Self { epoch, text: String::new(), sounded: 0 }
    }

    /// Finds the `words` that now sound in what is written.
    pub(super) fn sound(&mut self, words: &str) {
        for (_, word) in tokens(words) {
            let reach = if word.chars().count() > 4 { FAR } else { NEAR };
            let rest = &self.text[self.sounded..];
            let found = tokens(rest).take(reach).find(|(_, other)| same(word, other));
            if let Some((at, other)) = found {
                let end = self.sounded + at + other.len();
                // Punctuation after the word sounds with it.
                let marks = self.text[end..].find(|c: char| c.is_alphanumeric() || c == '\n');
                self.sounded = marks.map_or(self.text.len(), |marks| end + marks);
            }
        }
    }

    /// The lines for the screen: what has sounded bright, the rest dim, markdown kept.
    pub(super) fn lines(&self, colour: bool) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        let (mut at, mut code) = (0, false);
        let text = self.text.trim_end();
        for line in text.split('\n') {
            let fence = line.trim_start().starts_with("```");
            let runs = if fence || code {
                vec![(line, tint(colour, Color::Cyan))]
            } else {
                inline(line, colour)
            };
            code ^= fence;
            let mut spans = Vec::new();
            for (run, style) in runs {
                let split = self.sounded.saturating_sub(at).min(run.len());
                let (bright, dim) = run.split_at(split);
                at += run.len();
                if !bright.is_empty() {
                    spans.push(Span::styled(shown(bright), style));
                }
                if !dim.is_empty() {
                    spans.push(Span::styled(shown(dim), style.add_modifier(Modifier::DIM)));
                }
            }
            at += 1;
            lines.push(Line::from(spans));
        }
        lines
    }
}

/// `text` without control characters, which would move the terminal's cursor.
pub(super) fn shown(text: &str) -> String {
    text.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect()
}

/// The words of `text`, each with the byte where it begins.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        // Both are parts of one text.
        (word.as_ptr().addr() - text.as_ptr().addr(), word)
    })
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

fn tint(colour: bool, tint: Color) -> Style {
    if colour { Style::new().fg(tint) } else { Style::new() }
}

/// One line of markdown in runs of one style. Concatenated they are the line.
fn inline(line: &str, colour: bool) -> Vec<(&str, Style)> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    if line.starts_with('#') && line.trim_start_matches('#').starts_with(' ') {
        return vec![(line, bold)];
    }
    let mut runs = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let marks = [("**", bold), ("`", tint(colour, Color::Cyan))];
        let pair = marks
            .iter()
            .filter_map(|(mark, style)| {
                let from = rest.find(mark)?;
                let inside = from + mark.len();
                let len = rest[inside..].find(mark).filter(|len| *len > 0)?;
                Some((from, inside + len + mark.len(), *style))
            })
            .min_by_key(|(from, _, _)| *from);
        let Some((from, to, style)) = pair else {
            runs.push((rest, Style::new()));
            break;
        };
        runs.push((&rest[..from], Style::new()));
        runs.push((&rest[from..to], style));
        rest = &rest[to..];
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sounded<'a>(written: &'a str, words: &[&str]) -> &'a str {
        let mut answer = Answer { text: written.to_owned(), ..Answer::new(1) };
        words.iter().for_each(|words| answer.sound(words));
        &written[..answer.sounded]
    }

    #[test]
    fn what_sounds_is_found_in_what_is_written() {
        assert_eq!(sounded("It's 3:56 AM.", &["It's 3"]), "It's 3:");
        assert_eq!(sounded("It's 3:56 AM.", &["It's 3", ":56 AM."]), "It's 3:56 AM.");
        assert_eq!(sounded("**Eat** now.\n\nThen go.", &["Eat ", "now."]), "**Eat** now.");
        assert_eq!(
            sounded("A [link](https://x.y/z) here. More", &["A link ", "here."]),
            "A [link](https://x.y/z) here. "
        );
    }

    #[test]
    fn words_that_are_spoken_otherwise_do_not_run_ahead() {
        let text = "It costs $5 to get in the park, and the boat is free.";
        assert_eq!(sounded(text, &["It costs five dollars to get in "]), "It costs $5 to get in ");
        assert_eq!(sounded(text, &["Nothing of this."]), "");
        let code =
            format!("Like this:\n```\n{}```\nRunning it prints one.", "let the = a;\n".repeat(30));
        let said = sounded(&code, &["Like this: ", "the code is on the screen. ", "Running it"]);
        assert!(said.ends_with("Running it "), "{said}");
    }

    #[test]
    fn the_screen_shows_every_character_that_was_written() {
        let text = "# Plan\n\n1. **Eat** `now`, a ** b\n```sh\n\tls *.md\n```\n- é 😀 ok";
        for sounded in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let answer = Answer { sounded, text: text.to_owned(), epoch: 1 };
            let lines: Vec<String> = answer.lines(true).iter().map(Line::to_string).collect();
            assert_eq!(lines.join("\n"), text.replace('\t', "    "));
        }
    }
}
