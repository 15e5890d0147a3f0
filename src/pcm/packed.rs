//! Compressed formats: MP3, FLAC, Ogg, AAC, MP4, WebM, AIFF, CAF and the rare kinds of WAV.

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ropus::{Channels, DecodeMode};
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::{Bytes, PIECE};
use crate::base::Rate;

/// Opus always decodes to this rate.
const OPUS_RATE: u32 = 48_000;

/// Frames of the longest packet that Opus allows: 120 ms.
const LONGEST_PACKET: usize = 5_760;

/// Consecutive broken packets after which decoding stops.
const BROKEN_PACKETS: usize = 200;

/// A container with one sound track.
pub(super) struct Packed {
    format: Box<dyn FormatReader>,
    track: u32,
    codec: Codec,
    channels: usize,
    rate: Rate,
    /// Leading frames that only warm up the decoder.
    skip: usize,
    broken: bool,
}

enum Codec {
    Any(Box<dyn AudioDecoder>),
    Opus { decoder: Box<ropus::Decoder>, pcm: Vec<f32> },
}

impl Packed {
    /// Reads up to the first packet. The error is the rest of a sentence that begins with the file.
    pub(super) fn open(bytes: Box<dyn Bytes>) -> Result<Self, String> {
        guarded(|| Self::probe(bytes)).unwrap_or_else(|| Err("is damaged".to_owned()))
    }

    fn probe(bytes: Box<dyn Bytes>) -> Result<Self, String> {
        let unreadable = |why: Error| format!("cannot be decoded ({why})");
        let stream = MediaSourceStream::new(Box::new(Seekable::new(bytes)), Default::default());
        let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
        let format = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, format, metadata)
            .map_err(unreadable)?;
        let track = format.default_track(TrackType::Audio).ok_or("contains no sound")?;
        let parameters = track.codec_params.as_ref().and_then(|codec| codec.audio());
        let parameters = parameters.ok_or("holds sound of a kind that is not known")?;
        let id = track.id;
        let delay = track.delay.unwrap_or(0);
        let (codec, channels, rate) = if parameters.codec == CODEC_ID_OPUS {
            let channels = parameters.channels.as_ref().map_or(1, |channels| channels.count());
            let layout = match channels {
                0 | 1 => Channels::Mono,
                2 => Channels::Stereo,
                _ => return Err(format!("is Opus with {channels} channels; two can be read")),
            };
            let channels = channels.max(1);
            let decoder = ropus::Decoder::new(OPUS_RATE, layout)
                .map_err(|why| format!("cannot be decoded ({why})"))?;
            let pcm = vec![0.0; LONGEST_PACKET * channels];
            (Codec::Opus { decoder: Box::new(decoder), pcm }, channels, OPUS_RATE)
        } else {
            let options = AudioDecoderOptions::default();
            let decoder = symphonia::default::get_codecs()
                .make_audio_decoder(parameters, &options)
                .map_err(unreadable)?;
            let (channels, rate) = shape(parameters);
            (Codec::Any(decoder), channels, rate)
        };
        let skip = if matches!(codec, Codec::Opus { .. }) { delay as usize } else { 0 };
        let mut packed =
            Self { format, track: id, codec, channels, rate: Rate(rate), skip, broken: false };
        // AAC reveals its channels and rate only in its first packet.
        if packed.channels == 0 || packed.rate.0 == 0 {
            packed.look()?;
        }
        Ok(packed)
    }

    /// Finds channels and rate in the first packet, and rewinds.
    fn look(&mut self) -> Result<(), String> {
        while let Ok(Some(packet)) = self.format.next_packet() {
            if packet.track_id != self.track {
                continue;
            }
            if let Codec::Any(decoder) = &mut self.codec
                && let Ok(audio) = decoder.decode(&packet)
            {
                self.channels = audio.spec().channels().count();
                self.rate = Rate(audio.spec().rate());
                break;
            }
        }
        if self.channels == 0 || self.rate.0 == 0 {
            return Err("cannot be decoded (it does not say its rate)".to_owned());
        }
        Ok(())
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Appends the next frames, interleaved; whether more follow.
    pub(super) fn load(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        let start = out.len();
        let mut broken = 0;
        while out.len() < start + PIECE * self.channels {
            let packet = match guarded(|| self.format.next_packet()) {
                Some(Ok(Some(packet))) if packet.track_id == self.track => packet,
                Some(Ok(Some(_))) => continue,
                Some(Ok(None)) => return Ok(false),
                Some(Err(Error::IoError(why))) if why.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(why);
                }
                Some(Err(_)) | None => {
                    self.broken = true;
                    return Ok(false);
                }
            };
            match guarded(|| self.decode(&packet, out)) {
                Some(Ok(())) => broken = 0,
                // A damaged packet is skipped, as every player does.
                Some(Err(())) if broken < BROKEN_PACKETS => {
                    self.broken = true;
                    broken += 1;
                }
                Some(Err(())) | None => {
                    self.broken = true;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) -> Result<(), ()> {
        match &mut self.codec {
            Codec::Any(decoder) => {
                let audio = decoder.decode(packet).map_err(drop)?;
                // A stream that changes its channels halfway would be noise from there on.
                if audio.spec().channels().count() != self.channels {
                    return Err(());
                }
                let mut samples = vec![0.0f32; audio.samples_interleaved()];
                audio.copy_to_slice_interleaved(&mut samples);
                out.append(&mut samples);
            }
            Codec::Opus { decoder, pcm } => {
                let frames =
                    decoder.decode_float(&packet.data, pcm, DecodeMode::Normal).map_err(drop)?;
                let skip = self.skip.min(frames);
                self.skip -= skip;
                let end = usize::try_from(packet.trim_end.get()).unwrap_or(0);
                let keep = frames.saturating_sub(end).max(skip);
                out.extend_from_slice(&pcm[skip * self.channels..keep * self.channels]);
            }
        }
        Ok(())
    }

    pub(super) fn warnings(&self) -> Option<&'static str> {
        self.broken.then_some("is damaged; what could be read of it was")
    }
}

/// Channels and rate, 0 if the container does not say.
fn shape(parameters: &AudioCodecParameters) -> (usize, u32) {
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count());
    (channels, parameters.sample_rate.unwrap_or(0))
}

/// The result of `work`; `None` if it panics, as decoders do on some broken files.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Bytes that the decoders may seek in.
struct Seekable {
    bytes: Box<dyn Bytes>,
    len: Option<u64>,
}

impl Seekable {
    fn new(mut bytes: Box<dyn Bytes>) -> Self {
        let len = bytes.seek(SeekFrom::End(0)).ok();
        let back = bytes.seek(SeekFrom::Start(0));
        Self { bytes, len: len.filter(|_| back.is_ok()) }
    }
}

impl Read for Seekable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl Seek for Seekable {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl MediaSource for Seekable {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        self.len
    }
}
