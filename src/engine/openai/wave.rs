use super::sound::{PcmBytes, VOICE_RATE};
use crate::base::Rate;

/// The longest header of a WAV file that is waited for: some carry a picture's worth of notes.
const HEADER: usize = 64 * 1024;

/// How other kinds of sound begin, which cannot be played: they are compressed.
const PACKED: [(&[u8], &str); 5] = [
    (b"ID3", "MP3"),
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"{\"er", "JSON"),
    (b"<!DO", "a web page"),
];

/// Sound as its bytes stream in: plain 16 bit samples at [`VOICE_RATE`], or a WAV file of 16 bit
/// samples at any rate, its channels mixed. Which of the two shows in the first bytes.
#[derive(Debug)]
pub(super) struct SoundBytes {
    rate: Rate,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The first bytes, until they show what it is.
    Start(Vec<u8>),
    /// Samples.
    Samples {
        bytes: PcmBytes,
        /// Samples of a moment that is not complete, and how many make one.
        moment: Vec<f32>,
        channels: usize,
        /// Bytes that are left, where the header tells.
        left: u64,
    },
}

impl Default for SoundBytes {
    fn default() -> Self {
        Self { rate: VOICE_RATE, state: State::Start(Vec::new()) }
    }
}

impl SoundBytes {
    /// The rate of the samples that came out so far.
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
                self.begin(head)
            }
            State::Samples { bytes: pcm, moment, channels, left } => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= take as u64;
                let samples = pcm.push(&bytes[..take]);
                Ok(if *channels == 1 { samples } else { mix(moment, *channels, samples) })
            }
        }
    }

    fn begin(&mut self, head: Vec<u8>) -> Result<Vec<f32>, String> {
        if let Some((_, kind)) = PACKED.iter().find(|(mark, _)| head.starts_with(mark)) {
            return Err(format!("it answers {kind} where plain samples were asked for"));
        }
        let header = match head.get(..4) {
            // Too little to tell yet.
            None => None,
            Some(b"RIFF") => header(&head)?,
            Some(_) => Some(Header { rate: VOICE_RATE, channels: 1, at: 0, length: u64::MAX }),
        };
        let Some(Header { rate, channels, at, length }) = header else {
            if head.len() > HEADER {
                return Err("its WAV file has no end of header".to_owned());
            }
            self.state = State::Start(head);
            return Ok(Vec::new());
        };
        self.rate = rate;
        let (bytes, moment) = (PcmBytes::default(), Vec::new());
        self.state = State::Samples { bytes, moment, channels, left: length };
        self.push(&head[at..])
    }
}

/// What the header of a WAV file says.
struct Header {
    rate: Rate,
    channels: usize,
    /// Where the samples begin, and how many bytes of them there are.
    at: usize,
    length: u64,
}

/// Reads the header; none while it is not complete.
fn header(head: &[u8]) -> Result<Option<Header>, String> {
    let number = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?))
    };
    let short = |at: usize| -> Option<u16> {
        Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?))
    };
    let mut format = None;
    let mut at = 12;
    loop {
        let Some(size) = number(at + 4) else { return Ok(None) };
        let body = at + 8;
        match head.get(at..at + 4) {
            Some(b"fmt ") => {
                let told = (|| {
                    Some((short(body)?, short(body + 2)?, number(body + 4)?, short(body + 14)?))
                })();
                let Some((kind, channels, rate, bits)) = told else { return Ok(None) };
                // Extensible headers (0xfffe) of 16 bits hold integers: floats have 32.
                if !matches!(kind, 1 | 0xfffe) || bits != 16 || channels == 0 || rate == 0 {
                    return Err(format!(
                        "its WAV file is not of 16 bit samples but of {bits} bits"
                    ));
                }
                format = Some((Rate(rate), usize::from(channels)));
            }
            Some(b"data") => {
                let (rate, channels) = format.ok_or("its WAV file does not say of what")?;
                // Who streams does not know the length: then it is nothing or the largest number.
                let open = size == 0 || size > 0x7fff_0000;
                let length = if open { u64::MAX } else { u64::from(size) };
                return Ok(Some(Header { rate, channels, at: body, length }));
            }
            Some(_) | None => {}
        }
        // Chunks lie at even places.
        at = body.saturating_add(size as usize).saturating_add(size as usize & 1);
        if at > HEADER {
            return Err("its WAV file has no end of header".to_owned());
        }
    }
}

/// The means of whole moments; what is left of the last one waits in `moment`.
fn mix(moment: &mut Vec<f32>, channels: usize, samples: Vec<f32>) -> Vec<f32> {
    moment.extend(samples);
    let whole = moment.len() / channels * channels;
    let mixed = moment[..whole].chunks_exact(channels);
    let mixed = mixed.map(|samples| samples.iter().sum::<f32>() / channels as f32).collect();
    moment.drain(..whole);
    mixed
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
    fn what_cannot_be_played_is_told() {
        for (bytes, word) in [(&b"ID3\x04"[..], "MP3"), (b"OggS\0", "Ogg"), (b"{\"error\"", "JSON")]
        {
            assert!(read(bytes, 100).unwrap_err().contains(word));
        }
        let eight = [&wav(8000, 1, 0, b"", &[])[..34], b"\x08\0data\0\0\0\0"].concat();
        assert!(read(&eight, 3).unwrap_err().contains("8 bits"));
        assert!(read(&[&b"RIFF    WAVE"[..], &[1; 200_000]].concat(), 100).is_err());
    }
}
