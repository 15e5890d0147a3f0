use super::announce::Origin;
use super::bell::Answer;
use super::driver::Driver;
use super::event::Event;
use super::handle::Refusal;
use super::ringing::{Next, Untold};
use crate::base::{Moment, NoticeId, UtteranceId};
use crate::dialog::Heard;
use crate::tool::{LONGEST_SNOOZE, SNOOZE, View};
use crate::turn::{Failure, Input, NoticeEnd, Trigger};

/// What rings, and who answers it.
impl Driver {
    /// The book of timers has changed, or something in it is due.
    pub(super) fn on_book(&mut self, view: Option<View>) {
        let change = self.ringing.on_view(view);
        for trouble in change.troubles {
            self.watch.trouble(trouble);
        }
        if change.hush {
            self.turns.push(Input::Trigger(Trigger::Stop));
        }
    }

    /// Sounds the next round of what rings, when it is time for one.
    pub(super) fn ring(&mut self) {
        let now = self.clock.now();
        let idle = self.turns.quiet() && self.turns.silent();
        match self.ringing.round(now, idle) {
            Next::Nothing => {}
            Next::Round(round) => {
                self.announce(round.words.clone(), Origin::Ring(round));
                self.settle();
            }
            Next::Chime => {
                self.voice.ring_over();
                self.ringing.round_over(now, true);
            }
        }
    }

    /// Somebody has answered what rings. True when something did.
    pub(super) fn end_ring(&mut self) -> bool {
        self.ringing.end(self.clock.now())
    }

    /// What was said while something rings: what is left of it for a turn, and whether all is to be
    /// silent.
    pub(super) fn spoken_to_ring(
        &mut self,
        utterance: UtteranceId,
        said: Result<String, Failure>,
    ) -> (Result<String, Failure>, bool) {
        let Ok(text) = said.as_deref() else { return (said, false) };
        if !self.ringing.rings() {
            return (said, false);
        }
        match self.ringing.answer(utterance, text) {
            Answer::None => (Ok(String::new()), false),
            Answer::Heard => {
                self.end_ring();
                (Ok(String::new()), true)
            }
            Answer::Speaks => {
                self.end_ring();
                (said, false)
            }
        }
    }

    /// What was typed while something rings. True when it was for the ring alone.
    pub(super) fn typed_to_ring(&mut self, text: &str) -> bool {
        if !self.ringing.rings() {
            return false;
        }
        let only = self.ringing.typed(text) == Answer::Heard;
        self.end_ring();
        if only {
            self.turns.push(Input::Trigger(Trigger::Stop));
        }
        only
    }

    /// Puts off what rings.
    pub(super) fn snooze(&mut self, minutes: Option<u32>) -> Result<(), Refusal> {
        let seconds = minutes.map_or(SNOOZE, |minutes| u64::from(minutes) * 60);
        if !(1..=LONGEST_SNOOZE).contains(&seconds) {
            return Err(Refusal("snooze takes from 1 to 1440 minutes".into()));
        }
        if !self.ringing.snooze(self.clock.now(), seconds) {
            return Err(Refusal("nothing is ringing".into()));
        }
        self.watch
            .emit(Event::Aside { message: format!("it rings again in {} minutes", seconds / 60) });
        self.turns.push(Input::Trigger(Trigger::Stop));
        Ok(())
    }

    /// Tells the user, who is there, what they missed.
    pub(super) fn tell_untold(&mut self) {
        if self.announcements.tells() {
            return;
        }
        if let Some(Untold { text, missed, news }) = self.ringing.untold() {
            self.announce(text, Origin::Untold(missed, news));
        }
    }

    /// It is known what became of a notice.
    pub(super) fn notice_over(&mut self, now: Moment, id: NoticeId, end: &NoticeEnd) {
        let heard = match end {
            NoticeEnd::Said(Heard::All | Heard::Part { .. }) => true,
            NoticeEnd::Said(Heard::Nothing) | NoticeEnd::Dropped | NoticeEnd::Refused => false,
        };
        match self.announcements.over(id) {
            Some(Origin::Ring(_)) => self.ringing.round_over(now, heard),
            Some(Origin::Untold(missed, news)) if heard => self.ringing.told(missed, news),
            Some(Origin::Untold(..) | Origin::Request | Origin::Tool) | None => {}
        }
        tracing::debug!(?end, "a notice is over");
    }
}
