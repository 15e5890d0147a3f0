use super::event::Timings;
use crate::base::{Epoch, LISTEN_RATE, Moment};

/// Times the steps of a turn, from the end of the user's speech.
#[derive(Default)]
pub(super) struct Stopwatch {
    end: Option<Moment>,
    timings: Timings,
}

impl Stopwatch {
    /// The user has just finished a question.
    pub(super) fn start(&mut self, now: Moment) {
        self.end = Some(now);
    }

    /// The user stopped speaking at `end`.
    pub(super) fn speech_ended(&mut self, end: Moment) {
        self.end = Some(end);
        self.timings = Timings::default();
    }

    /// Milliseconds from the end of the user's speech to `now`.
    pub(super) fn ms(&self, now: Moment) -> u64 {
        let since = self.end.map_or(0, |end| now.since(end).as_millis());
        u64::try_from(since).unwrap_or(u64::MAX)
    }

    /// The transcript of the question is complete.
    pub(super) fn transcribed(&mut self, now: Moment) {
        self.timings.transcribe = Some(self.ms(now));
    }

    /// The first words of the reply of `epoch` are written.
    pub(super) fn first_words(&mut self, now: Moment, epoch: Epoch) {
        if self.timings.epoch != epoch {
            self.timings.epoch = epoch;
            self.timings.first_token = Some(self.ms(now));
            self.timings.first_audio = None;
        }
    }

    /// Sound of `epoch` goes out: the time in milliseconds, if it is the turn's first.
    pub(super) fn sounds(&mut self, now: Moment, epoch: Epoch) -> Option<u64> {
        if self.timings.first_audio.is_some() || !self.timings.sounds(epoch) {
            return None;
        }
        self.timings.first_audio = Some(self.ms(now));
        self.timings.first_audio
    }

    /// The turn is over.
    pub(super) fn stop(&mut self, now: Moment) -> Timings {
        self.timings.total = Some(self.ms(now));
        self.timings
    }
}

/// The moment `since` microphone samples before `now`.
pub(super) fn ago(now: Moment, since: u64) -> Moment {
    let micros = since.saturating_mul(1_000_000) / u64::from(LISTEN_RATE.0);
    Moment::from_micros(now.as_micros().saturating_sub(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_end_of_the_speech_and_the_first_sound_counts_once() {
        let mut watch = Stopwatch::default();
        watch.speech_ended(ago(Moment::from_millis(1_000), 3_200));
        watch.transcribed(Moment::from_millis(1_100));
        watch.first_words(Moment::from_millis(1_200), Epoch(1));
        assert_eq!(watch.sounds(Moment::from_millis(1_250), Epoch(2)), None);
        assert_eq!(watch.sounds(Moment::from_millis(1_300), Epoch(1)), Some(500));
        assert_eq!(watch.sounds(Moment::from_millis(1_400), Epoch(1)), None);
        let timings = watch.stop(Moment::from_millis(2_000));
        assert_eq!((timings.transcribe, timings.first_token), (Some(300), Some(400)));
        assert_eq!((timings.first_audio, timings.total), (Some(500), Some(1_200)));
    }
}
