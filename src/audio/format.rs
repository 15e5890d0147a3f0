use std::sync::Arc;
use std::time::Duration;

use cpal::{FromSample, Sample, SizedSample};
use crossbeam_utils::atomic::AtomicCell;
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::{CaptureEdge, PlaybackEdge};
use crate::base::{Moment, Rate, SPEAKER_RATE};
use crate::pcm::{BlockResampler, RateError};

/// Frames converted at a time. Devices ask for about as many.
const CHUNK: usize = 480;

/// The slot that holds the edge for a callback, from which it can be recalled.
///
/// The callback takes the edge out, works and puts it back: two pointer exchanges. A recall takes
/// it out for good; a callback that finds the slot empty does nothing. So the edge of a dead device
/// is free immediately, even if the callback is never dropped, as with a card that hangs.
struct Seat<E>(Arc<AtomicCell<Option<Box<E>>>>);

/// Recalls an edge from a device's callback, with its ring, its counts and its position.
pub struct Recall<E>(Seat<E>);

impl<E> Seat<E> {
    fn new(edge: E) -> (Self, Recall<E>) {
        let place = Arc::new(AtomicCell::new(Some(Box::new(edge))));
        (Self(Arc::clone(&place)), Recall(Self(place)))
    }
}

impl<E> Recall<E> {
    /// The edge, as soon as the callback is not using it. `None` if the callback has not released
    /// it for a second, which means that its thread died while working.
    pub fn recall(self) -> Option<E> {
        // One period takes microseconds of work; the first try nearly always finds the edge.
        for _ in 0..1_000 {
            if let Some(edge) = self.0.0.take() {
                return Some(*edge);
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        None
    }
}

/// Never allocates, locks, waits or logs. Takes samples from a device in any format and with any
/// number of channels, and passes them on as mono.
pub struct MicrophoneEdge {
    seat: Seat<CaptureEdge>,
    channels: usize,
    mono: [f32; CHUNK],
}

impl MicrophoneEdge {
    /// `channels` interleaved channels at `rate`, averaged into one. The reader of the ring is told
    /// of the new device.
    pub fn new(mut edge: CaptureEdge, channels: u16, rate: Rate) -> (Self, Recall<CaptureEdge>) {
        edge.restart(rate);
        let (seat, recall) = Seat::new(edge);
        (Self { seat, channels: usize::from(channels.max(1)), mono: [0.0; CHUNK] }, recall)
    }

    /// Takes what the device delivered at `now`.
    pub fn take<T>(&mut self, data: &[T], now: Moment)
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        let Some(mut edge) = self.seat.0.take() else { return };
        edge.at(now);
        let scale = 1.0 / self.channels as f32;
        for piece in data.chunks(self.channels * CHUNK) {
            let frames = piece.chunks_exact(self.channels);
            let n = frames.len();
            for (mono, frame) in self.mono.iter_mut().zip(frames) {
                *mono = frame.iter().map(|s| f32::from_sample(*s)).sum::<f32>() * scale;
            }
            edge.push(&self.mono[..n]);
        }
        self.seat.0.store(Some(edge));
    }
}

/// Never allocates, locks, waits or logs. Gives a device the samples to play, at its rate, in its
/// format, on its channels.
pub struct SpeakerEdge {
    seat: Seat<PlaybackEdge>,
    channels: usize,
    rate: Rate,
    mono: [f32; CHUNK],
    converter: Option<RateConverter>,
}

/// Converts the rate for the device, in preallocated memory.
struct RateConverter {
    blocks: BlockResampler,
    spare: HeapProd<f32>,
    ready: HeapCons<f32>,
    /// The most frames held in here between the edge and the device, at the device's rate.
    delay: u64,
}

impl RateConverter {
    fn new(rate: Rate) -> Result<Self, RateError> {
        let blocks = BlockResampler::new(SPEAKER_RATE, rate)?;
        let (spare, ready) = HeapRb::new(blocks.output_len() + CHUNK).split();
        let delay = (blocks.delay() + blocks.output_len()) as u64;
        Ok(Self { blocks, spare, ready, delay })
    }

    fn pull(&mut self, edge: &mut PlaybackEdge, out: &mut [f32]) {
        let mut done = 0;
        while done < out.len() {
            if self.ready.is_empty() {
                edge.pull(self.blocks.input());
                self.spare.push_slice(self.blocks.convert());
            }
            done += self.ready.pop_slice(&mut out[done..]);
        }
    }
}

impl SpeakerEdge {
    /// `channels` interleaved channels at `rate`; the first two carry the sound, the others are
    /// silent.
    ///
    /// # Errors
    /// The edge itself, for a rate that cannot be converted.
    // An edge is a kilobyte; it is returned by value because it must not be lost.
    #[expect(clippy::result_large_err, reason = "it happens once in the life of a device")]
    pub fn new(
        mut edge: PlaybackEdge,
        channels: u16,
        rate: Rate,
    ) -> Result<(Self, Recall<PlaybackEdge>), PlaybackEdge> {
        let converter = if rate == SPEAKER_RATE {
            None
        } else {
            match RateConverter::new(rate) {
                Ok(converter) => Some(converter),
                Err(_) => return Err(edge),
            }
        };
        edge.restart();
        let (seat, recall) = Seat::new(edge);
        let channels = usize::from(channels.max(1));
        Ok((Self { seat, channels, rate, mono: [0.0; CHUNK], converter }, recall))
    }

    /// Fills the next samples to play. `ahead` is the number of frames at the device's rate between
    /// the first frame of `data` and the loudspeaker, as far as the device reports it; `now` is
    /// when it asks.
    pub fn fill<T>(&mut self, data: &mut [T], ahead: u64, now: Moment)
    where
        T: SizedSample + FromSample<f32>,
    {
        let Some(mut edge) = self.seat.0.take() else {
            data.fill(T::EQUILIBRIUM);
            return;
        };
        edge.at(now);
        let frames = (data.len() / self.channels) as u64;
        let inside = self.converter.as_ref().map_or(0, |converter| converter.delay);
        edge.shared().note_latency(ahead + frames + inside, self.rate);
        for piece in data.chunks_mut(self.channels * CHUNK) {
            let n = piece.len() / self.channels;
            let mono = &mut self.mono[..n];
            match &mut self.converter {
                Some(converter) => converter.pull(&mut edge, mono),
                None => edge.pull(mono),
            }
            for (frame, sample) in piece.chunks_mut(self.channels).zip(mono) {
                let level = T::from_sample(sample.clamp(-1.0, 1.0));
                for (channel, slot) in frame.iter_mut().enumerate() {
                    *slot = if channel < 2 { level } else { T::EQUILIBRIUM };
                }
            }
        }
        self.seat.0.store(Some(edge));
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;
    use crate::audio::{Block, Path, path};
    use crate::base::{Epoch, Volume};

    /// Two samples in a device's format, and what they must be when captured and when played.
    fn round_trip<T>(device: [T; 3])
    where
        T: SizedSample + FromSample<f32> + PartialEq + Debug,
        f32: FromSample<T>,
    {
        let Path { capture, mut tail, mut feed, playback, shared, .. } = path(Volume::new(100));
        let (mut mic, _) = MicrophoneEdge::new(capture, 1, SPEAKER_RATE);
        mic.take(&device, Moment::ZERO);
        let mut heard = [0.0; 3];
        tail.poll();
        assert_eq!(tail.read(&mut heard), 3);
        for (heard, ideal) in heard.iter().zip([0.0, 0.5, -0.5]) {
            assert!((heard - ideal).abs() < 0.01, "{heard} for {ideal}");
        }
        shared.set_live(Epoch(1));
        assert!(feed.push(Block::new(Epoch(1), &[0.0, 0.5, -0.5])).is_ok());
        let (mut speaker, _) = SpeakerEdge::new(playback, 1, SPEAKER_RATE).ok().unwrap();
        let mut played = [T::EQUILIBRIUM; 3];
        speaker.fill(&mut played, 0, Moment::ZERO);
        assert_eq!(played, device);
    }

    #[test]
    fn every_format_of_a_device_is_heard_and_played() {
        round_trip::<f32>([0.0, 0.5, -0.5]);
        round_trip::<f64>([0.0, 0.5, -0.5]);
        round_trip::<i8>([0, 64, -64]);
        round_trip::<i16>([0, 16_384, -16_384]);
        round_trip::<i32>([0, 1 << 30, -(1 << 30)]);
        round_trip::<u8>([128, 192, 64]);
        round_trip::<u16>([32_768, 49_152, 16_384]);
        let i24 = |n| cpal::I24::new(n).unwrap();
        round_trip::<cpal::I24>([i24(0), i24(1 << 22), i24(-(1 << 22))]);
    }

    #[test]
    fn channels_are_averaged_and_the_first_two_play() {
        let Path { capture, mut tail, mut feed, playback, shared, .. } = path(Volume::new(100));
        let (mut mic, _) = MicrophoneEdge::new(capture, 4, SPEAKER_RATE);
        // 1,000 frames exceed one conversion chunk; the odd sample is not a whole frame.
        let mut data: Vec<f32> = [0.1, 0.2, 0.3, 0.4].repeat(1_000);
        data.push(0.9);
        mic.take(&data, Moment::ZERO);
        tail.poll();
        let mut heard = [0.0; 2_000];
        assert_eq!(tail.read(&mut heard), 1_000);
        assert!(heard[..1_000].iter().all(|s| (s - 0.25).abs() < 1e-6));

        shared.set_live(Epoch(1));
        assert!(feed.push(Block::new(Epoch(1), &[0.5; 240])).is_ok());
        let (mut speaker, _) = SpeakerEdge::new(playback, 6, SPEAKER_RATE).ok().unwrap();
        let mut played = [9i16; 6 * 240];
        speaker.fill(&mut played, 0, Moment::ZERO);
        assert_eq!(played, [16_384, 16_384, 0, 0, 0, 0].repeat(240)[..]);
    }

    #[test]
    fn a_device_at_another_rate_plays_the_same_tone() {
        for rate in [8_000, 16_000, 44_100, 96_000, 192_000] {
            let Path { mut feed, playback, shared, .. } = path(Volume::new(100));
            shared.set_live(Epoch(1));
            let (mut speaker, _) = SpeakerEdge::new(playback, 2, Rate(rate)).ok().unwrap();
            let tone = |n: usize, rate: u32| {
                0.5 * (std::f64::consts::TAU * 500.0 * n as f64 / f64::from(rate)).sin() as f32
            };
            let mut fed = 0;
            let mut played = Vec::new();
            // The callback's length is not a multiple of anything.
            while played.len() < rate as usize / 2 {
                while feed.vacant() > 0 {
                    let pcm: Vec<f32> = (fed..fed + 240).map(|n| tone(n, 48_000)).collect();
                    assert!(feed.push(Block::new(Epoch(1), &pcm)).is_ok());
                    fed += 240;
                }
                let mut data = [0.0f32; 2 * 331];
                speaker.fill(&mut data, 0, Moment::ZERO);
                assert!(data.chunks(2).all(|frame| frame[0] == frame[1]));
                played.extend(data.chunks(2).map(|frame| frame[0]));
            }
            // The tone keeps its frequency and its loudness.
            let tail = &played[played.len() / 2..];
            let crossings = tail.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count() as f32;
            let frequency = crossings * rate as f32 / tail.len() as f32;
            assert!((frequency - 500.0).abs() < 8.0, "{rate} Hz: {frequency}");
            let rms = (tail.iter().map(|s| s * s).sum::<f32>() / tail.len() as f32).sqrt();
            assert!((rms - 0.3535).abs() < 0.01, "{rate} Hz: {rms}");
            assert!(shared.latency() >= 331 * 48_000 / u64::from(rate), "{}", shared.latency());
        }
    }

    #[test]
    fn an_edge_is_called_back_from_a_device_that_still_lives() {
        let Path { mut feed, playback, shared, .. } = path(Volume::new(100));
        shared.set_live(Epoch(1));
        for _ in 0..4 {
            assert!(feed.push(Block::new(Epoch(1), &[0.5; 240])).is_ok());
        }
        let (mut dead, recall) = SpeakerEdge::new(playback, 1, SPEAKER_RATE).ok().unwrap();
        dead.fill(&mut [0.0f32; 480], 0, Moment::ZERO);
        let edge = recall.recall().unwrap();
        let mut data = [9.0f32; 480];
        dead.fill(&mut data, 0, Moment::ZERO);
        assert_eq!(data, [0.0; 480], "what is left of the device plays silence");
        let (mut speaker, _) = SpeakerEdge::new(edge, 1, Rate(44_100)).ok().unwrap();
        assert_eq!(shared.played(Epoch(1)), 480);
        speaker.fill(&mut [0.0f32; 441], 0, Moment::ZERO);
        assert_eq!(shared.played(Epoch(1)), 960, "it goes on where it was");
    }

    #[test]
    fn the_exchange_of_an_edge_takes_no_lock() {
        assert!(AtomicCell::<Option<Box<CaptureEdge>>>::is_lock_free());
        assert!(AtomicCell::<Option<Box<PlaybackEdge>>>::is_lock_free());
    }
}
