//! Sound as its bytes arrive, recognized by those bytes and not by what was requested.

use super::sound::VOICE_RATE;
use crate::base::Rate;
use crate::pcm::{Format, Header, HeaderReader, InvalidHeader, Mixer, unpack};

/// The longest WAV header that is waited for, in bytes: some carry a picture's worth of notes.
const HEADER: usize = 64 * 1024;

/// The most encoded sound for one sentence, in bytes: minutes of it.
const PACKED_MOST: usize = 16 * 1024 * 1024;

/// First bytes of encoded formats, and their names.
const PACKED: [(&[u8], &str); 3] = [(b"ID3", "MP3"), (b"OggS", "Ogg"), (b"fLaC", "FLAC")];

/// First bytes of what is not sound.
const NONE: [(&[u8], &str); 5] = [
    (b"{\"er", "JSON"),
    (b"{\"de", "JSON"),
    (b"<!DO", "a web page"),
    (b"<htm", "a web page"),
    (b"\x1a\x45\xdf\xa3", "WebM"),
];

/// Sound as its bytes arrive: raw 16-bit samples, or a WAV file of integers or floats at any rate,
/// mixed to one channel; both come out as they arrive. Encoded sound comes out at its end. The
/// first bytes show which it is.
#[derive(Debug)]
pub(super) struct SoundBytes {
    rate: Rate,
    /// Channels of raw samples.
    channels: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The first bytes, until they show what it is.
    Start(Vec<u8>),
    /// Samples.
    Samples {
        format: Format,
        mixer: Mixer,
        /// Bytes of an incomplete frame.
        partial: Vec<u8>,
        /// Bytes left, if the header tells.
        left: u64,
    },
    /// Encoded sound so far, and the format's name.
    Packed(Vec<u8>, &'static str),
}

impl Default for SoundBytes {
    fn default() -> Self {
        Self { rate: VOICE_RATE, channels: 1, state: State::Start(Vec::new()) }
    }
}

impl SoundBytes {
    /// Sound with a media type such as `audio/pcm;rate=16000`, which describes raw samples.
    pub(super) fn told(kind: &str) -> Self {
        let mut sound = Self::default();
        for part in kind.to_lowercase().split([';', ',']) {
            let Some((key, value)) = part.split_once('=') else { continue };
            let value = value.trim().trim_matches('"').parse::<u32>();
            match (key.trim(), value) {
                ("rate" | "sample_rate" | "samplerate", Ok(rate @ 4_000..=192_000)) => {
                    sound.rate = Rate(rate)
                }
                ("channels", Ok(channels @ 1..=8)) => sound.channels = channels as usize,
                _ => {}
            }
        }
        sound
    }

    /// The rate of the samples returned so far.
    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// The samples that `bytes` complete.
    ///
    /// # Errors
    /// What came instead of sound, as the end of a sentence.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<f32>, String> {
        match &mut self.state {
            State::Start(head) => {
                head.extend_from_slice(bytes);
                let head = std::mem::take(head);
                self.begin(head, false)
            }
            State::Samples { format, mixer, partial, left } => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= take as u64;
                partial.extend_from_slice(&bytes[..take]);
                let whole = partial.len() / format.frame() * format.frame();
                let frames: Vec<f32> = format.samples(&partial[..whole]).collect();
                let mut samples = Vec::new();
                mixer.mix(&frames, &mut samples);
                partial.drain(..whole);
                Ok(samples)
            }
            State::Packed(all, kind) => {
                all.extend_from_slice(bytes);
                if all.len() > PACKED_MOST {
                    return Err(format!("its {kind} has no end"));
                }
                Ok(Vec::new())
            }
        }
    }

    /// The sound has ended: returns the rest.
    ///
    /// # Errors
    /// As [`SoundBytes::push`].
    pub(super) fn finish(&mut self) -> Result<Vec<f32>, String> {
        let fresh = State::Start(Vec::new());
        match std::mem::replace(&mut self.state, fresh) {
            State::Start(head) if head.is_empty() => Ok(Vec::new()),
            State::Start(head) => {
                let mut samples = self.begin(head, true)?;
                if matches!(self.state, State::Packed(..)) {
                    samples.extend(self.finish()?);
                }
                Ok(samples)
            }
            State::Samples { .. } => Ok(Vec::new()),
            State::Packed(all, kind) => {
                let unreadable = |why| format!("its {kind} {why}");
                let (samples, rate) = unpack(all).map_err(unreadable)?;
                self.rate = rate;
                Ok(samples)
            }
        }
    }

    /// Recognizes the format; `over` says that nothing more comes.
    fn begin(&mut self, head: Vec<u8>, over: bool) -> Result<Vec<f32>, String> {
        if let Some((_, kind)) = NONE.iter().find(|(mark, _)| head.starts_with(mark)) {
            return Err(format!("it answered with {kind} instead of audio"));
        }
        let packed = PACKED.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, kind)| *kind);
        let packed = match packed {
            None => match frames(&head) {
                Frames::Yes => Some("MP3"),
                Frames::Unknown if !over => {
                    self.state = State::Start(head);
                    return Ok(Vec::new());
                }
                Frames::Unknown | Frames::No => None,
            },
            packed => packed,
        };
        if let Some(kind) = packed {
            self.state = State::Packed(head, kind);
            return Ok(Vec::new());
        }
        let header = match head.get(..4) {
            // Too little to tell yet.
            None if !over => None,
            Some(b"RIFF" | b"RF64") => match HeaderReader::default().push(&head) {
                Ok(header) => header,
                Err(InvalidHeader::Coded(_)) => {
                    self.state = State::Packed(head, "WAV");
                    return Ok(Vec::new());
                }
                Err(InvalidHeader::Broken(why)) => return Err(format!("its sound {why}")),
            },
            Some(_) | None => {
                let format = Format::sixteen_bits(self.channels, self.rate);
                Some((Header { format, length: None }, 0))
            }
        };
        let Some((Header { format, length }, at)) = header else {
            if head.len() > HEADER || over {
                return Err("the header of its WAV file does not end".to_owned());
            }
            self.state = State::Start(head);
            return Ok(Vec::new());
        };
        if format.rate.0 == 0 {
            return Err("its WAV file does not tell its rate".to_owned());
        }
        self.rate = format.rate;
        // A streaming server does not know the length, and may write zero instead.
        let left = length.filter(|length| *length > 0).unwrap_or(u64::MAX);
        let mixer = Mixer::new(format.channels);
        self.state = State::Samples { format, mixer, partial: Vec::new(), left };
        self.push(&head[at..])
    }
}

/// Whether bytes are MP3 frames.
enum Frames {
    Yes,
    No,
    /// More bytes are needed to tell.
    Unknown,
}

/// Looks for two consecutive MP3 frames: samples may happen to look like one.
fn frames(head: &[u8]) -> Frames {
    match head {
        [] => Frames::Unknown,
        [0xff] => Frames::Unknown,
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 == 0x02 => {
            let Some(length) = head.get(..4).map(frame_length) else { return Frames::Unknown };
            let Some(length) = length else { return Frames::No };
            match head.get(length..length + 2) {
                None => Frames::Unknown,
                Some([0xff, next]) if next & 0xfe == second & 0xfe => Frames::Yes,
                Some(_) => Frames::No,
            }
        }
        _ => Frames::No,
    }
}

/// The length of the layer III frame that begins with these four bytes (ISO 11172-3, 2.4.3.1).
fn frame_length(head: &[u8]) -> Option<usize> {
    const FIRST: [usize; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const LATER: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let version = head[1] >> 3 & 3;
    let first = version == 3;
    let rates = if first { FIRST } else { LATER };
    let kilobits = rates.get(usize::from(head[2] >> 4).checked_sub(1)?)?;
    let rate = [44_100, 48_000, 32_000].get(usize::from(head[2] >> 2 & 3))?;
    let rate = match version {
        3 => *rate,
        2 => rate / 2,
        0 => rate / 4,
        _ => return None,
    };
    let padding = usize::from(head[2] >> 1 & 1);
    Some(if first { 144_000 } else { 72_000 } * kilobits / rate + padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate: u32, channels: u16, length: u32, extra: &[u8], samples: &[i16]) -> Vec<u8> {
        let mut out = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
        out.extend_from_slice(extra);
        out.extend_from_slice(b"fmt \x10\0\0\0\x01\0");
        out.extend_from_slice(&channels.to_le_bytes());
        out.extend_from_slice(&rate.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(b"\x10\0data");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        out
    }

    fn read(bytes: &[u8], cut: usize) -> Result<(Vec<f32>, Rate), String> {
        let mut sound = SoundBytes::default();
        let mut all = Vec::new();
        for piece in bytes.chunks(cut) {
            all.extend(sound.push(piece)?);
        }
        all.extend(sound.finish()?);
        Ok((all, sound.rate()))
    }

    #[test]
    fn plain_samples_and_wav_files_are_told_apart_however_they_are_cut() {
        let samples = [0x4952i16, 100, -200, 300, 400, -32_768];
        let float: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
        let plain: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let open = wav(16_000, 1, 0xffff_ffff, b"LIST\x03\0\0\0abc\0", &samples);
        let mut closed = wav(44_100, 1, 12, b"", &samples);
        closed.extend_from_slice(b"LIST\x04\0\0\0loud");
        for cut in [1, 2, 3, 7, 1000] {
            assert_eq!(read(&plain, cut), Ok((float.clone(), VOICE_RATE)), "{cut}");
            assert_eq!(read(&open, cut), Ok((float.clone(), Rate(16_000))), "{cut}");
            assert_eq!(read(&closed, cut), Ok((float.clone(), Rate(44_100))), "{cut}");
            let stereo = wav(48_000, 2, 0, b"", &[16_384, 0, -16_384, 0, 8_192, 8_192]);
            assert_eq!(read(&stereo, cut), Ok((vec![0.25, -0.25, 0.25], Rate(48_000))), "{cut}");
        }
    }

    #[test]
    fn floats_and_wide_samples_are_read_too() {
        let samples = [0.5f32, -0.25, 1.5];
        for (kind, bits) in [(3u16, 32u16), (3, 64), (1, 24), (1, 32)] {
            let mut file = wav(22_050, 1, 0xffff_ffff, b"", &[]);
            file[20..22].copy_from_slice(&kind.to_le_bytes());
            file[34..36].copy_from_slice(&bits.to_le_bytes());
            for sample in samples {
                let wide = (f64::from(sample.clamp(-1.0, 0.999_999)) * 2_147_483_648.0) as i32;
                match (kind, bits) {
                    (3, 32) => file.extend(sample.to_le_bytes()),
                    (3, _) => file.extend(f64::from(sample).to_le_bytes()),
                    (_, 24) => file.extend(&wide.to_le_bytes()[1..]),
                    _ => file.extend(wide.to_le_bytes()),
                }
            }
            for cut in [1, 5, 1000] {
                let (pcm, rate) = read(&file, cut).unwrap();
                assert_eq!(rate, Rate(22_050));
                let near = pcm.iter().zip([0.5, -0.25, 1.0]).all(|(a, b)| (a - b).abs() < 0.001);
                assert!(near && pcm.len() == 3, "{kind} {bits}: {pcm:?}");
            }
        }
    }

    #[test]
    fn the_type_tells_what_plain_samples_are() {
        for (kind, rate) in [
            ("audio/pcm;rate=16000", 16_000),
            ("audio/L16; Rate=\"44100\"; channels=1", 44_100),
            ("audio/pcm", 24_000),
            ("audio/pcm;rate=0", 24_000),
        ] {
            assert_eq!(SoundBytes::told(kind).rate(), Rate(rate), "{kind}");
        }
        let mut stereo = SoundBytes::told("audio/pcm; rate=16000; channels=2");
        assert_eq!(stereo.push(&[0, 0x40, 0, 0x40, 0, 0]), Ok(vec![0.5]));
    }

    #[test]
    fn samples_that_begin_like_a_frame_are_samples() {
        // 0xff 0xfb begins an MP3 frame; no other one follows where it should.
        let bytes: Vec<u8> = [0xff, 0xfb, 0x90, 0x00].into_iter().chain(vec![1; 2_000]).collect();
        assert_eq!(read(&bytes, 100).unwrap().0.len(), 1_002);
        assert_eq!(read(&[0xff, 0xfb, 0x90, 0x00], 1).unwrap().0.len(), 2);
    }

    #[test]
    fn what_cannot_be_played_is_told() {
        for (bytes, word) in [
            (&b"ID3\x04"[..], "MP3"),
            (b"OggS\0", "Ogg"),
            (b"{\"error\"", "JSON"),
            (b"<html>", "web page"),
        ] {
            assert!(read(bytes, 100).unwrap_err().contains(word));
        }
        assert!(read(&[&b"RIFF    WAVE"[..], &[1; 200_000]].concat(), 100).is_err());
    }
}
