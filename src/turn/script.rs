use crate::base::Moment;
use crate::dialog::Heard;

/// What an attempt has to say: the pieces queued so far, and how much of them was heard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Script {
    pieces: Vec<Piece>,
    /// Samples heard; never more than queued.
    heard: u64,
    /// Whether the next piece begins another sentence of the same round.
    parted: bool,
    /// When `heard` last grew, or there was last nothing left to hear.
    pub(super) moved: Moment,
}

#[derive(Clone, Debug, PartialEq)]
struct Piece {
    /// Samples of the script up to the end of this piece.
    end: u64,
    text: String,
    round: usize,
    /// Whether it is no part of the responder's answer, but said while a tool ran.
    filler: bool,
}

impl Script {
    pub(super) const fn new(now: Moment) -> Self {
        Self { pieces: Vec::new(), heard: 0, parted: false, moved: now }
    }

    pub(super) fn push(&mut self, now: Moment, samples: u64, text: String, round: usize) {
        self.add(now, samples, text, round, false);
    }

    /// What is pushed next is said while a tool runs, after everything else.
    pub(super) fn part(&mut self) {
        self.parted = true;
    }

    /// Takes what is said while a tool runs.
    pub(super) fn push_filler(
        &mut self,
        now: Moment,
        samples: u64,
        mut text: String,
        round: usize,
    ) {
        let follows = self.pieces.last().is_some_and(|last| last.round == round);
        let parted = follows && std::mem::take(&mut self.parted);
        if parted && !text.starts_with(char::is_whitespace) {
            text.insert(0, ' ');
        }
        self.add(now, samples, text, round, true);
    }

    fn add(&mut self, now: Moment, samples: u64, text: String, round: usize, filler: bool) {
        if self.drained() {
            self.moved = now;
        }
        let end = self.total().saturating_add(samples);
        match self.pieces.last_mut() {
            // Sound without words is part of the piece whose words come later.
            Some(last) if last.text.is_empty() && (last.round, last.filler) == (round, filler) => {
                last.end = end;
                last.text = text;
            }
            Some(_) | None => self.pieces.push(Piece { end, text, round, filler }),
        }
    }

    /// Samples queued.
    pub(super) fn total(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.end)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether everything queued was heard.
    pub(super) fn drained(&self) -> bool {
        self.heard >= self.total()
    }

    /// Takes a count from the speaker; counts that go back or run ahead are clamped.
    pub(super) fn hear(&mut self, now: Moment, samples: u64) {
        let samples = samples.min(self.total());
        if samples > self.heard {
            self.heard = samples;
            self.moved = now;
        }
    }

    /// Takes the exact count of a cut, which overrides earlier counts.
    pub(super) fn settle(&mut self, samples: u64) {
        self.heard = samples.min(self.total());
    }

    /// The words of `round` that were heard, rounded down to whole pieces.
    pub(super) fn text_heard(&self, round: usize) -> String {
        self.joined(|piece| piece.round == round && piece.end <= self.heard)
    }

    /// All the words queued in `round`.
    pub(super) fn text_queued(&self, round: usize) -> String {
        self.joined(|piece| piece.round == round)
    }

    /// The piece that sounds now.
    pub(super) fn sounding(&self) -> Option<&str> {
        let piece = self.pieces.iter().find(|piece| piece.end > self.heard)?;
        Some(piece.text.as_str())
    }

    /// The words that end after `from` and not after `to`, each with the sample where it ends.
    /// Within a piece of several words their ends are estimated from their letters.
    pub(super) fn words(&self, from: u64, to: u64) -> Vec<(u64, &str)> {
        let mut words = Vec::new();
        let mut start = 0;
        for piece in &self.pieces {
            if piece.end > from && start < to {
                let letters = piece.text.trim_end().len().max(1) as u64;
                let mut at = 0;
                for part in piece.text.trim_end().split_inclusive(char::is_whitespace) {
                    at += part.len() as u64;
                    let end = start + (piece.end - start) * at.min(letters) / letters;
                    if !part.trim().is_empty() && end > from && end <= to {
                        words.push((end, part.trim()));
                    }
                }
            }
            start = piece.end;
        }
        words
    }

    /// The words that end within the next `samples`.
    pub(super) fn ahead(&self, samples: u64) -> String {
        let words = self.words(self.heard, self.heard.saturating_add(samples));
        words.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    /// Samples heard.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Where the current word begins, judging by what was heard.
    pub(super) fn boundary(&self) -> u64 {
        self.words(0, self.heard).last().map_or(0, |(end, _)| *end)
    }

    /// What was heard of a cued script; `whole` if nothing more would have come.
    pub(super) fn verdict(&self, whole: bool) -> Heard {
        let text = self.joined(|piece| piece.end <= self.heard);
        if whole && self.drained() {
            Heard::All
        } else if self.heard == 0 && text.is_empty() {
            Heard::Nothing
        } else {
            Heard::Part { samples: self.heard, text }
        }
    }

    /// What was heard of the responder's answer in a script that was cut: without what was said
    /// while a tool ran.
    pub(super) fn heard_of_reply(&self) -> Heard {
        let mut samples = 0;
        let mut start = 0;
        for piece in &self.pieces {
            if !piece.filler {
                samples += self.heard.clamp(start, piece.end) - start;
            }
            start = piece.end;
        }
        let text = self.joined(|piece| !piece.filler && piece.end <= self.heard);
        match samples == 0 && text.is_empty() {
            true => Heard::Nothing,
            false => Heard::Part { samples, text },
        }
    }

    fn joined(&self, wanted: impl Fn(&Piece) -> bool) -> String {
        let text: String =
            self.pieces.iter().filter(|piece| wanted(piece)).map(|p| p.text.as_str()).collect();
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        let mut script = Script::new(Moment::ZERO);
        script.push(Moment::ZERO, 100, "It is".into(), 0);
        script.push(Moment::ZERO, 50, String::new(), 0);
        script.push(Moment::ZERO, 50, " ten".into(), 0);
        script.push(Moment::ZERO, 100, " o'clock.".into(), 0);
        script
    }

    #[test]
    fn text_rounds_down_to_whole_pieces() {
        let heard = |samples| {
            let mut script = script();
            script.hear(Moment::ZERO, samples);
            script.verdict(true)
        };
        let part = |samples, text: &str| Heard::Part { samples, text: text.into() };
        assert_eq!(heard(0), Heard::Nothing);
        assert_eq!(heard(1), part(1, ""));
        assert_eq!(heard(99), part(99, ""));
        assert_eq!(heard(100), part(100, "It is"));
        assert_eq!(heard(199), part(199, "It is"));
        assert_eq!(heard(200), part(200, "It is ten"));
        assert_eq!(heard(299), part(299, "It is ten"));
        assert_eq!(heard(300), Heard::All);
        assert_eq!(heard(9_999), Heard::All);
    }

    #[test]
    fn words_end_where_their_pieces_do_or_at_their_share_of_one() {
        let mut script = script();
        script.push(Moment::ZERO, 100, " Bye then.".into(), 0);
        let (from, to) = (0, 1_000);
        // "It" is two letters of five, with one blank.
        let ends = [
            (60, "It"),
            (100, "is"),
            (200, "ten"),
            (300, "o'clock."),
            (350, "Bye"),
            (400, "then."),
        ];
        assert_eq!(script.words(from, to), ends);
        assert_eq!(script.words(100, 300), ends[2..4]);
        let boundary = |heard| {
            let mut script = script.clone();
            script.hear(Moment::ZERO, heard);
            script.boundary()
        };
        assert_eq!([0, 99, 100, 250, 349, 400].map(boundary), [0, 60, 100, 200, 300, 400]);
    }

    #[test]
    fn a_script_that_was_not_complete_is_never_heard_whole() {
        let mut script = script();
        script.hear(Moment::ZERO, 300);
        let text = "It is ten o'clock.".to_owned();
        assert_eq!(script.verdict(false), Heard::Part { samples: 300, text });
    }

    #[test]
    fn what_is_said_while_a_tool_runs_is_no_part_of_the_answer() {
        let mut script = script();
        script.part();
        script.push_filler(Moment::ZERO, 50, "One moment.".into(), 0);
        script.push(Moment::ZERO, 100, "Bye.".into(), 1);
        script.hear(Moment::ZERO, 320);
        let text = "It is ten o'clock.".to_owned();
        assert_eq!(script.heard_of_reply(), Heard::Part { samples: 300, text: text.clone() });
        script.hear(Moment::ZERO, 390);
        assert_eq!(script.heard_of_reply(), Heard::Part { samples: 340, text });
        assert_eq!(script.text_heard(0), "It is ten o'clock. One moment.");
    }

    #[test]
    fn the_count_never_goes_back() {
        let mut script = script();
        script.hear(Moment::from_millis(1), 150);
        script.hear(Moment::from_millis(2), 20);
        assert_eq!((script.heard, script.moved), (150, Moment::from_millis(1)));
    }
}
