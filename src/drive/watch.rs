use tokio::sync::{broadcast, watch};

use super::event::{Event, State};
use super::reasons::Reasons;
use super::why;
use crate::audio::{Side, SoundEvent};
use crate::base::Epoch;
use crate::dialog::{History, Item};
use crate::engine::{EngineError, Source};
use crate::listen::EchoState;
use crate::turn::{Device, Failure};

/// Troubles, failures and notes kept for a one-shot question; the first ones explain what went
/// wrong. A service, which runs for weeks, reports them as they come.
const KEPT: usize = 8;

/// Reported once while no device plays.
const NO_SPEAKER: &str = "There is no speaker, so answers are only shown. Connect one, or run \
    \"aloud devices\".";

/// Publishes events, and keeps what a one-shot question needs at the end.
pub(super) struct Watch {
    state: watch::Sender<State>,
    events: broadcast::Sender<Event>,
    /// The devices in use.
    input: Option<String>,
    output: Option<String>,
    echo: Option<EchoState>,
    lost: Lost,
    why: Reasons,
    /// Whether the user has been told that nothing plays.
    shown_only: bool,
    turns: u64,
    /// History items already published.
    seen: u64,
    troubles: Vec<String>,
    notes: Vec<String>,
    errors: Vec<EngineError>,
    /// The sources that the reply of this epoch cites.
    sources: (Epoch, Vec<Source>),
    /// The attempt whose words are published as they are written.
    written: Epoch,
    /// The attempt of which something was published, and whether its next words follow a tool's
    /// call.
    begun: Epoch,
    parted: bool,
}

/// Why there is no sound, for each direction without any.
#[derive(Debug, Default)]
struct Lost {
    input: Option<String>,
    output: Option<String>,
}

impl Lost {
    fn set(&mut self, side: Side, why: Option<String>) {
        match side {
            Side::Input => self.input = why,
            Side::Output => self.output = why,
        }
    }

    /// All of it in one line; both directions often share a reason.
    fn text(&self) -> Option<String> {
        match (&self.input, &self.output) {
            (Some(input), Some(output)) if input != output => Some(format!("{input}; {output}")),
            (Some(why), _) | (None, Some(why)) => Some(why.clone()),
            (None, None) => None,
        }
    }
}

/// What is kept at the end.
pub(super) struct Kept {
    pub(super) troubles: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) errors: Vec<EngineError>,
    pub(super) sources: Vec<Source>,
}

impl Watch {
    pub(super) fn new(state: watch::Sender<State>, events: broadcast::Sender<Event>) -> Self {
        Self {
            state,
            events,
            input: None,
            output: None,
            shown_only: false,
            echo: None,
            lost: Lost::default(),
            why: Reasons::default(),
            turns: 0,
            seen: 0,
            troubles: Vec::new(),
            notes: Vec::new(),
            errors: Vec::new(),
            sources: (Epoch::NONE, Vec::new()),
            written: Epoch::NONE,
            begun: Epoch::NONE,
            parted: false,
        }
    }

    pub(super) fn emit(&mut self, event: Event) {
        why::note(&mut self.why, &event);
        // It is no error if nobody is watching.
        let _ = self.events.send(event);
    }

    /// Publishes the state if it has changed. `state` holds what others know of it.
    pub(super) fn publish(&mut self, state: State) {
        let state = State {
            input: self.input.clone(),
            output: self.output.clone(),
            echo: self.echo,
            turns: self.turns,
            why: self.why.clone(),
            trouble: self.lost.text().or(state.trouble),
            ..state
        };
        let changed = self.state.send_if_modified(|old| {
            let changed = *old != state;
            if changed {
                old.clone_from(&state);
            }
            changed
        });
        if changed {
            self.emit(Event::State(state));
        }
    }

    /// State of the speaker's echo.
    pub(super) const fn echo(&mut self, echo: EchoState) {
        self.echo = Some(echo);
    }

    /// Something went wrong.
    pub(super) fn trouble(&mut self, message: String) {
        tracing::warn!("{message}");
        remember(&mut self.troubles, message.clone());
        self.emit(Event::Trouble { message });
    }

    /// Reports that the user gets no answer, or none by ear. A missing speaker is reported only
    /// once until there is one: the answers are on the screen.
    pub(super) fn tell(&mut self, failure: &Failure) {
        let missing = *failure == Failure::StalledSpeaker && self.output.is_none();
        if !missing {
            self.trouble(failure.words().to_owned());
        } else if !std::mem::replace(&mut self.shown_only, true) {
            self.trouble(NO_SPEAKER.to_owned());
        }
    }

    /// Something the user should know about how an answer comes about.
    pub(super) fn note(&mut self, message: String) {
        tracing::warn!("{message}");
        self.emit(Event::Aside { message: message.clone() });
        remember(&mut self.notes, message);
    }

    /// An engine failure in the machine's terms; the error itself is kept for a one-shot question.
    pub(super) fn failure(&mut self, error: EngineError) -> Failure {
        let text = error.to_string();
        remember(&mut self.errors, error);
        Failure::Engine { text }
    }

    /// The next words of the reply of `epoch` are written.
    pub(super) fn written(&mut self, epoch: Epoch, text: String) {
        self.written = epoch;
        self.write(epoch, text);
    }

    /// What is written of `epoch` from now on follows a tool's call, or is said during one.
    pub(super) fn parted(&mut self, epoch: Epoch) {
        self.parted = self.begun == epoch;
    }

    fn write(&mut self, epoch: Epoch, mut text: String) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.parted)
            && self.begun == epoch
            && !text.starts_with(char::is_whitespace)
        {
            text.insert(0, ' ');
        }
        self.begun = epoch;
        self.emit(Event::Written { epoch: epoch.0, text });
    }

    /// Sound of `epoch` has come that says `text`; a partner that only speaks writes nothing else.
    pub(super) fn spoken(&mut self, epoch: Epoch, text: &str) {
        if self.written != epoch {
            self.write(epoch, text.to_owned());
        }
    }

    /// The reply of `epoch` cites `source`.
    pub(super) fn source(&mut self, epoch: Epoch, source: Source) {
        if self.sources.0 != epoch {
            self.sources = (epoch, Vec::new());
        }
        if !self.sources.1.contains(&source) {
            self.emit(Event::Source(source.clone()));
            self.sources.1.push(source);
        }
    }

    /// Publishes what has entered the history.
    pub(super) fn history(&mut self, history: &History) {
        let items = history.items();
        let new = usize::try_from(history.pushed() - self.seen).unwrap_or(usize::MAX);
        self.seen = history.pushed();
        // What was said before and after a tool's call is one reply, and enters at once.
        let mut said: Option<(Epoch, String, bool)> = None;
        for item in &items[items.len().saturating_sub(new)..] {
            match item {
                Item::Reply { epoch, text, interrupted } => match &mut said {
                    Some((of, all, cut)) if of == epoch => {
                        all.push(' ');
                        all.push_str(text);
                        *cut |= interrupted;
                    }
                    Some(_) | None => {
                        let before = said.replace((*epoch, text.clone(), *interrupted));
                        self.replied(before);
                    }
                },
                Item::Notice { text } => {
                    self.emit(Event::Reply { epoch: 0, text: text.clone(), interrupted: false });
                }
                Item::User { .. } | Item::Call { .. } | Item::Outcome(_) | Item::Picture(_) => {}
            }
        }
        self.replied(said);
    }

    fn replied(&mut self, said: Option<(Epoch, String, bool)>) {
        if let Some((epoch, text, interrupted)) = said {
            self.turns += 1;
            self.emit(Event::Reply { epoch: epoch.0, text, interrupted });
        }
    }

    /// A device appeared, disappeared or changed; returns what that means to the machine.
    pub(super) fn sound(&mut self, event: SoundEvent) -> Option<Device> {
        let (message, device) = match event {
            SoundEvent::Up { side, device } => {
                let message = format!("{side}: {device}");
                *self.name_of(side) = Some(device);
                (message, Some(self.device_back(side)))
            }
            SoundEvent::Moved { side, device, wanted } => {
                let message =
                    format!("{side} \"{wanted}\" is gone; \"{device}\" is used until it is back");
                *self.name_of(side) = Some(device);
                (message, Some(self.device_back(side)))
            }
            SoundEvent::Closed { side } => {
                *self.name_of(side) = None;
                self.lost.set(side, None);
                (format!("{side}: closed"), None)
            }
            SoundEvent::Lost { side, why } => {
                *self.name_of(side) = None;
                self.lost.set(side, Some(why.to_string()));
                let device = match side {
                    Side::Input => Device::MicrophoneLost,
                    Side::Output => Device::SpeakerLost,
                };
                (why.to_string(), Some(device))
            }
            SoundEvent::Ended => ("the recording is over".to_owned(), None),
        };
        tracing::info!("{message}");
        self.emit(Event::Sound { message });
        device
    }

    /// The end; the watchers are told, unless another driver takes over.
    pub(super) fn end(mut self, taken_over: bool) -> Kept {
        if !taken_over {
            self.emit(Event::Ending);
        }
        let Self { troubles, notes, errors, sources: (_, sources), .. } = self;
        Kept { troubles, notes, errors, sources }
    }

    fn device_back(&mut self, side: Side) -> Device {
        self.lost.set(side, None);
        match side {
            Side::Input => Device::MicrophoneBack,
            Side::Output => {
                self.shown_only = false;
                Device::SpeakerBack
            }
        }
    }

    fn name_of(&mut self, side: Side) -> &mut Option<String> {
        match side {
            Side::Input => &mut self.input,
            Side::Output => &mut self.output,
        }
    }
}

/// Appends `news` to `kept` if there is room.
fn remember<T>(kept: &mut Vec<T>, news: T) {
    if kept.len() < KEPT {
        kept.push(news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> (Watch, broadcast::Receiver<Event>) {
        let (events, seen) = broadcast::channel(64);
        let (state, _) = watch::channel(State::at_start("open"));
        (Watch::new(state, events), seen)
    }

    #[test]
    fn a_state_is_told_once() {
        let (mut watch, mut seen) = watch();
        watch.publish(State::at_start("open"));
        assert!(seen.try_recv().is_err(), "nothing has changed");
        watch.sound(SoundEvent::Up { side: Side::Input, device: "Desk".into() });
        seen.try_recv().unwrap();
        watch.publish(State::at_start("open"));
        watch.publish(State::at_start("open"));
        match seen.try_recv() {
            Ok(Event::State(state)) => assert_eq!(state.input.as_deref(), Some("Desk")),
            other => panic!("{other:?}"),
        }
        assert!(seen.try_recv().is_err());
    }

    #[test]
    fn a_missing_speaker_is_told_once_until_there_is_one() {
        let (mut watch, mut seen) = watch();
        let mut told = || {
            let events = std::iter::from_fn(|| seen.try_recv().ok());
            events.filter(|event| matches!(event, Event::Trouble { .. })).count()
        };
        watch.tell(&Failure::StalledSpeaker);
        watch.tell(&Failure::StalledSpeaker);
        assert_eq!(told(), 1);
        watch.tell(&Failure::SlowReply);
        assert_eq!(told(), 1, "another failure is told");
        let up = |watch: &mut Watch| {
            watch.sound(SoundEvent::Up { side: Side::Output, device: "Desk".into() })
        };
        up(&mut watch);
        watch.tell(&Failure::StalledSpeaker);
        watch.tell(&Failure::StalledSpeaker);
        assert_eq!(told(), 2, "a speaker that is there and does not play is told each time");
    }

    #[test]
    fn a_service_that_runs_for_weeks_keeps_the_first_troubles_only() {
        let (mut watch, _seen) = watch();
        for n in 0..1_000 {
            watch.trouble(n.to_string());
            watch.note(n.to_string());
        }
        let kept = watch.end(false);
        assert_eq!((kept.troubles.len(), kept.notes.len()), (KEPT, KEPT));
        assert_eq!(kept.troubles[0], "0");
    }
}
