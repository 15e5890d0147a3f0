use super::attempt::{Attempt, PendingCall, PendingState, Purpose, Round, Work};
use super::doubt::{Doubt, Look};
use super::ear::{Ear, Key};
use super::floor::Floor;
use super::mouth::{Mouth, stall_deadline, work_deadline};
use super::script::Script;
use super::{Command, Failure, ListenMode, MAX_ROUNDS, Mode, NoticeEnd, Playback, Report, filler};
use crate::base::{Epoch, Moment};
use crate::dialog::{Effect, Heard, Outcome, Picture};

/// The mouth: attempts, their reports, what sounds and what was heard.
impl Floor {
    /// Takes the next possible step; false if there is none.
    pub(super) fn step(&mut self, now: Moment, out: &mut Vec<Command>) -> bool {
        if self.asked.prune() && !std::mem::replace(&mut self.missed, true) {
            self.waiting.fail(Failure::Unclear, out);
        }
        match &self.mouth {
            Mouth::Silent => self.begin(now, out),
            Mouth::Awaiting(attempt) => {
                if self.can_answer(now) {
                    // The user said more before the reply sounded: it must answer both, unless
                    // the second question replaces the first.
                    let both = !attempt.is_overtaken(&self.asked, &self.setup.settings.patience);
                    self.abandon(both, out);
                    return true;
                }
                let firm = !attempt.tentative();
                if firm && attempt.stops() {
                    self.fall_silent(now, out);
                } else if firm && attempt.is_over() && attempt.script.is_empty() {
                    self.finish(now, out);
                } else if firm && !attempt.script.is_empty() && self.floor_is_free() {
                    self.cue(now, out);
                } else {
                    return self.work(now, out);
                }
                true
            }
            Mouth::Replying { attempt, doubt } => {
                let doubt = *doubt;
                let voiced = self.ear.utterance().is_some_and(|active| active.key == Key::Free);
                let spoken_over = voiced || !self.asked.is_empty();
                // If its own voice comes back, a voice over it proves nothing before its words do.
                let doubtful = spoken_over && !self.own.is_wary(now);
                if self.can_answer(now) {
                    // It is an interruption by its words.
                    self.speak_over(now, false, out);
                } else if doubt.is_held() && !self.is_undecided() {
                    self.mouth.go_on(now, &mut self.own, out);
                } else if doubtful != doubt.is_some() {
                    self.mouth.suspect(now, doubtful, &mut self.own, out);
                } else if attempt.stops() {
                    self.fall_silent(now, out);
                } else if attempt.is_over() && attempt.script.drained() {
                    self.finish(now, out);
                } else {
                    return self.work(now, out);
                }
                true
            }
            Mouth::Hushing { .. } => false,
        }
    }

    pub(super) fn on_report(
        &mut self,
        now: Moment,
        epoch: Epoch,
        report: Report,
        out: &mut Vec<Command>,
    ) {
        let Some(attempt) = self.mouth.at_work(epoch) else { return };
        match attempt.work {
            Work::Busy { .. } => {}
            Work::Filling { .. } | Work::RoundDone => return attempt.report_filler(now, report),
            Work::Failed(_) => return,
        }
        match report {
            Report::Queued { samples, text } => {
                attempt.work = Work::Busy { since: now };
                let round = attempt.round();
                attempt.script.push(now, samples, text, round);
                attempt.count_read(now);
            }
            Report::Call(call) => {
                if attempt.takes(&call) {
                    attempt.work = Work::Busy { since: now };
                    if !attempt.add(call) {
                        self.break_off(now, Failure::TooManyRounds, out);
                    }
                }
            }
            Report::Done => attempt.work = Work::RoundDone,
            Report::Failed(failure) => self.break_off(now, failure, out),
        }
    }

    pub(super) fn on_tool_done(
        &mut self,
        epoch: Epoch,
        outcome: Outcome,
        stop: bool,
        picture: Option<Picture>,
    ) {
        let Some(attempt) = self.mouth.at_work(epoch) else { return };
        let running = |pending: &&mut PendingCall| {
            pending.call.id == outcome.id && matches!(pending.state, PendingState::Running { .. })
        };
        let pending = attempt.pending_mut().find(running);
        if let Some(pending) = pending {
            pending.state = PendingState::Done { outcome, stop, picture };
        }
    }

    pub(super) fn on_playback(
        &mut self,
        now: Moment,
        epoch: Epoch,
        playback: Playback,
        out: &mut Vec<Command>,
    ) {
        match (&mut self.mouth, playback) {
            (
                Mouth::Replying { attempt, .. } | Mouth::Hushing { attempt, .. },
                Playback::Progress { samples },
            ) if attempt.epoch == epoch => {
                let before = attempt.script.heard();
                attempt.script.hear(now, samples);
                let heard = attempt.script.heard();
                if heard > before {
                    self.own.sound(now);
                }
                for (_, word) in attempt.script.words(before, heard) {
                    self.own.say(now, word);
                }
            }
            (Mouth::Hushing { attempt, .. }, Playback::Settled { samples })
                if attempt.epoch == epoch =>
            {
                attempt.script.settle(samples);
                self.settle(out);
            }
            // Counts of a reply that is over or was never cued.
            (
                Mouth::Silent | Mouth::Awaiting(_) | Mouth::Replying { .. } | Mouth::Hushing { .. },
                Playback::Progress { .. } | Playback::Settled { .. },
            ) => {}
        }
    }

    pub(super) fn lose_speaker(&mut self, out: &mut Vec<Command>) {
        match &self.mouth {
            // Nothing more will be counted: this is all that was heard.
            Mouth::Hushing { .. } => self.settle(out),
            Mouth::Silent | Mouth::Awaiting(_) | Mouth::Replying { .. } => {}
        }
    }

    /// Handles the mouth's expired waits.
    pub(super) fn time_mouth(&mut self, now: Moment, out: &mut Vec<Command>) {
        let patience = self.setup.settings.patience;
        let over = |deadline: Option<Moment>| deadline.is_some_and(|until| until <= now);
        let interrupted = over(self.verdict_due());
        if over(self.look_due())
            && let Some(active) = self.ear.utterance_mut()
        {
            active.look = Look::Failed;
        }
        match &mut self.mouth {
            Mouth::Silent => {}
            Mouth::Hushing { until, .. } => {
                if *until <= now {
                    self.settle(out);
                }
            }
            Mouth::Awaiting(attempt) => {
                attempt.time_out(now);
                attempt.time_filler(now, &patience);
                if over(work_deadline(attempt, &patience)) {
                    self.break_off(now, Failure::SlowReply, out);
                }
            }
            Mouth::Replying { attempt, doubt } => {
                attempt.time_out(now);
                attempt.time_filler(now, &patience);
                let stood = over(doubt.deadline());
                if over(stall_deadline(attempt, &patience)) {
                    out.push(Command::Tell(Failure::StalledSpeaker));
                    self.cut(now, out);
                } else if interrupted {
                    // It is more than a murmur, whatever its words turn out to be.
                    if let Some(active) = self.ear.utterance_mut() {
                        active.aside = false;
                    }
                    self.speak_over(now, false, out);
                } else if stood {
                    self.mouth.go_on(now, &mut self.own, out);
                } else if over(work_deadline(attempt, &patience)) {
                    self.break_off(now, Failure::SlowReply, out);
                }
            }
        }
    }

    /// When speech over a reply will have lasted long enough to be an interruption, if its words
    /// are not available while it lasts.
    pub(super) fn verdict_due(&self) -> Option<Moment> {
        let rules = &self.setup.settings.interruption;
        let blind = |look: Look| !rules.looks || look == Look::Failed;
        match self.ear {
            Ear::Hearing(active) if active.sure && blind(active.look) => {
                Some(self.mouth.doubt().since()? + rules.confirm)
            }
            Ear::Shut | Ear::Open { .. } | Ear::Hearing(_) | Ear::Trailing(_) => None,
        }
    }

    /// Deadline of the first words of an utterance.
    pub(super) fn look_due(&self) -> Option<Moment> {
        self.ear.utterance().and_then(|active| active.look.deadline())
    }

    /// Weighs what is known about a voice over the reply.
    pub(super) fn hear_over(&mut self, now: Moment, out: &mut Vec<Command>) {
        let wary = self.own.is_wary(now);
        let silent = matches!(self.ear, Ear::Trailing(_));
        if let Some(active) = self.ear.utterance_mut() {
            self.mouth.hear_over(now, active, &self.setup.settings, wary, silent, out);
        }
    }

    /// Whether it is still open what a voice over the reply is.
    fn is_undecided(&self) -> bool {
        let speaks = match self.ear {
            Ear::Shut | Ear::Open { .. } => false,
            Ear::Hearing(active) => active.look.is_open() || active.look == Look::Failed,
            Ear::Trailing(active) => active.look.deadline().is_some(),
        };
        speaks || !self.asked.awaited().is_empty()
    }

    /// A voice over the reply is meant: cuts it. `halt` says that it only asked for silence.
    pub(super) fn speak_over(&mut self, now: Moment, halt: bool, out: &mut Vec<Command>) {
        match &self.mouth {
            Mouth::Replying { attempt, .. } => match attempt.purpose {
                Purpose::Reply(_) if halt => self.cuts = 0,
                Purpose::Reply(_) => self.cuts += 1,
                Purpose::Announcement(_) => {}
            },
            Mouth::Silent | Mouth::Awaiting(_) | Mouth::Hushing { .. } => {}
        }
        self.interrupt(now, out);
    }

    /// The user wants the floor: cuts what sounds. A reply that does not sound yet is only held,
    /// because the user may be adding to the question.
    pub(super) fn interrupt(&mut self, now: Moment, out: &mut Vec<Command>) {
        match self.mouth {
            Mouth::Replying { .. } => self.cut(now, out),
            Mouth::Silent | Mouth::Awaiting(_) | Mouth::Hushing { .. } => {}
        }
    }

    /// Goes silent: drops the reply and everything waiting to be said.
    pub(super) fn fall_silent(&mut self, now: Moment, out: &mut Vec<Command>) {
        self.waiting.drop_all(out);
        match self.mouth {
            Mouth::Awaiting(_) => self.abandon(false, out),
            Mouth::Replying { .. } => self.cut(now, out),
            Mouth::Silent | Mouth::Hushing { .. } => {}
        }
    }

    /// The user continues an utterance that seemed finished: the work done for it never happened,
    /// and earlier questions wait again.
    pub(super) fn retract(&mut self, out: &mut Vec<Command>) {
        if self.mouth.attempt().is_some_and(Attempt::tentative) {
            self.abandon(true, out);
        }
        if let Some(revision) = self.asked.tentative() {
            if self.asked.awaits(revision) {
                out.push(Command::Forget { revision });
            }
            self.asked.forget(revision);
        }
    }

    /// Whether the question can be answered now. The only difference between partners.
    fn can_answer(&self, now: Moment) -> bool {
        let hears = self.setup.hears;
        let known = if hears { self.asked.is_audible(now) } else { self.asked.is_known() };
        let finished = match self.ear {
            Ear::Shut | Ear::Open { .. } | Ear::Hearing(_) => self.ear.quiet(),
            Ear::Trailing(_) => self.ear.quiet() || self.asked.tentative().is_some(),
        };
        known && finished
    }

    /// When it is to be said that a tool takes a while.
    pub(super) fn filler_due(&self) -> Option<Moment> {
        let audible = self.floor_is_free() && !self.no_speaker;
        filler::due(&self.mouth, &self.setup.settings.filler, audible)
    }

    /// Whether nobody speaks, may go on, or has said more than is being answered.
    fn floor_is_free(&self) -> bool {
        self.ear.quiet() && self.asked.is_empty()
    }

    fn begin(&mut self, now: Moment, out: &mut Vec<Command>) -> bool {
        let loops = self.setup.settings.interruption.loops;
        let purpose = if self.can_answer(now) {
            if loops > 0 && self.cuts >= loops {
                return self.end_loop(out);
            }
            self.missed = false;
            Purpose::Reply(std::mem::take(&mut self.asked))
        } else if let true = self.floor_is_free()
            && let Some(announcement) = self.waiting.pop()
        {
            Purpose::Announcement(announcement)
        } else {
            return false;
        };
        self.epoch = self.epoch.next();
        let attempt = Attempt::new(now, self.epoch, purpose, self.no_speaker);
        out.push(attempt.order());
        self.mouth = Mouth::Awaiting(Box::new(attempt));
        true
    }

    /// Reply after reply was cut by a voice: says why instead of answering what is most likely its
    /// own voice. False while the user may still go on.
    fn end_loop(&mut self, out: &mut Vec<Command>) -> bool {
        if self.asked.tentative().is_some() {
            return false;
        }
        self.cuts = 0;
        self.drop_asked(out);
        self.waiting.fail(Failure::HearsItself, out);
        true
    }

    /// Runs tools and the next round of an attempt; false if there is nothing to run.
    fn work(&mut self, now: Moment, out: &mut Vec<Command>) -> bool {
        let free = self.floor_is_free();
        let fills = self.filler_due().is_some_and(|due| due <= now);
        let Some(attempt) = self.mouth.at_work(self.epoch) else { return false };
        let firm = free && !attempt.tentative();
        let until = now + self.setup.settings.patience.tool;
        let epoch = attempt.epoch;
        let mut worked = false;
        for pending in attempt.pending_mut().filter(|pending| pending.state == PendingState::Held) {
            let effect = self.setup.tools.get(&pending.call.name).copied();
            let effect = effect.unwrap_or(Effect::Writes);
            if !effect.acts() || firm {
                pending.state = PendingState::Running { since: now, until };
                (pending.acts, pending.lasts) = (effect.acts(), effect == Effect::Makes);
                pending.quiet = self.setup.quiet.contains(&pending.call.name);
                out.push(Command::CallTool { epoch, call: pending.call.clone() });
                worked = true;
            }
        }
        if fills {
            attempt.fill(now, out);
            worked = true;
        } else if attempt.wants_round() {
            if attempt.rounds.len() >= MAX_ROUNDS {
                self.break_off(now, Failure::TooManyRounds, out);
            } else {
                attempt.rounds.push(Round::default());
                attempt.work = Work::Busy { since: now };
                out.push(attempt.order());
            }
            worked = true;
        }
        worked
    }

    fn cue(&mut self, now: Moment, out: &mut Vec<Command>) {
        let Mouth::Awaiting(mut attempt) = std::mem::take(&mut self.mouth) else { return };
        out.push(Command::Cue { epoch: attempt.epoch });
        attempt.script.moved = now;
        attempt.cued = true;
        attempt.count_read(now);
        self.mouth = Mouth::Replying { attempt, doubt: Doubt::None };
        if let Ear::Open { until: Some(_) } = self.ear {
            // In this mode the wake word can interrupt; aloud's own voice must not.
            self.shut_ear(out);
        }
    }

    /// Gives up the responder. Sounding pieces play on to the break; sound that has not started is
    /// dropped, because an apology alone is better than half an answer and an apology.
    fn break_off(&mut self, now: Moment, failure: Failure, out: &mut Vec<Command>) {
        let sounds = self.mouth.is_replying();
        if let Some(attempt) = self.mouth.at_work(self.epoch) {
            if !sounds {
                attempt.script = Script::new(now);
            }
            out.push(Command::Abort { epoch: attempt.epoch });
            attempt.interrupt();
            attempt.work = Work::Failed(failure);
        }
    }

    /// Cuts what sounds. How much was heard is known once the speaker has settled.
    fn cut(&mut self, now: Moment, out: &mut Vec<Command>) {
        let Mouth::Replying { mut attempt, doubt } = std::mem::take(&mut self.mouth) else {
            return;
        };
        let epoch = attempt.epoch;
        out.push(Command::Hush { epoch });
        if doubt.is_some() {
            out.push(Command::Duck(false));
        }
        out.push(Command::Abort { epoch });
        attempt.interrupt();
        let until = now + self.setup.settings.patience.settle;
        self.mouth = Mouth::Hushing { attempt, until };
    }

    /// A cut has settled: records what was heard, and tells the partner.
    fn settle(&mut self, out: &mut Vec<Command>) {
        let Mouth::Hushing { attempt, .. } = std::mem::take(&mut self.mouth) else { return };
        let heard = attempt.script.verdict(attempt.is_over());
        self.close(&attempt, heard, out);
    }

    /// Everything was said, or nothing more will come.
    fn finish(&mut self, now: Moment, out: &mut Vec<Command>) {
        let attempt = match std::mem::take(&mut self.mouth) {
            Mouth::Silent => return,
            Mouth::Replying { attempt, doubt } => {
                if doubt.is_held() {
                    let from = attempt.script.heard();
                    out.push(Command::Resume { epoch: attempt.epoch, from });
                }
                if doubt.is_some() {
                    out.push(Command::Duck(false));
                }
                self.cuts = 0;
                attempt
            }
            Mouth::Awaiting(attempt) | Mouth::Hushing { attempt, .. } => attempt,
        };
        let heard = attempt.script.verdict(!matches!(attempt.work, Work::Failed(_)));
        self.close(&attempt, heard, out);
        if attempt.read {
            out.push(Command::Tell(Failure::StalledSpeaker));
        }
        if let Work::Failed(failure) = attempt.work {
            match attempt.purpose {
                Purpose::Reply(_) => self.waiting.fail(failure, out),
                // What could not be said the first time would fail the second time too.
                Purpose::Announcement(_) => out.push(Command::Tell(failure)),
            }
        }
        match self.setup.settings.mode {
            Mode::Wake => self.open_window(now, ListenMode::FollowUp, out),
            Mode::PushToTalk | Mode::Open => {}
        }
    }

    /// Drops an attempt that has not sounded. With `keep` its question or announcement waits again,
    /// unless it has already changed the world: then that is recorded.
    fn abandon(&mut self, keep: bool, out: &mut Vec<Command>) {
        let Mouth::Awaiting(mut attempt) = std::mem::take(&mut self.mouth) else { return };
        out.push(Command::Abort { epoch: attempt.epoch });
        if keep && !attempt.acted() {
            attempt.rewind(Heard::Nothing, out);
            match attempt.purpose {
                Purpose::Reply(asked) => self.asked.prepend(asked),
                Purpose::Announcement(announcement) => self.waiting.put_back(announcement),
            }
        } else {
            attempt.interrupt();
            self.close(&attempt, Heard::Nothing, out);
        }
    }

    fn close(&mut self, attempt: &Attempt, heard: Heard, out: &mut Vec<Command>) {
        for item in attempt.record(&heard) {
            self.history.push(item);
        }
        match &attempt.purpose {
            Purpose::Reply(_) => {}
            Purpose::Announcement(announcement) => {
                announcement.end(NoticeEnd::Said(heard.clone()), out);
            }
        }
        attempt.rewind(heard, out);
    }
}
