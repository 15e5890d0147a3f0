use std::io::{self, BufRead, BufReader};

use super::{Format, HeaderReader, InvalidHeader};
use crate::base::Rate;
use crate::pcm::{Bytes, PIECE, Unreadable, fill};

/// The data of a WAV file.
pub(in crate::pcm) struct WavReader {
    data: BufReader<Box<dyn Bytes>>,
    format: Format,
    /// Bytes of data that the header promises and that have not been read yet; `None` if it leaves
    /// the length open.
    left: Option<u64>,
    bytes: Vec<u8>,
}

/// A WAV file, read up to its data.
pub(in crate::pcm) enum Opened {
    /// Its samples are plain.
    Plain(WavReader),
    /// The samples are encoded: the bytes, and the message in case no decoder reads them.
    Coded(Box<dyn Bytes>, String),
}

impl WavReader {
    /// Reads up to the first byte of data.
    pub(in crate::pcm) fn open(bytes: Box<dyn Bytes>) -> Result<Opened, Unreadable> {
        let mut data = BufReader::new(bytes);
        let mut reader = HeaderReader::default();
        let header = loop {
            let piece = match data.fill_buf() {
                Ok(piece) => piece,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => return Err(Unreadable::Io(why)),
            };
            if piece.is_empty() {
                break Err(reader.cut_short());
            }
            let all = piece.len();
            let read = reader.push(piece);
            let used = match &read {
                Ok(Some((_, used))) => *used,
                Ok(None) | Err(_) => all,
            };
            data.consume(used);
            match read {
                Ok(Some((header, _))) => break Ok(header),
                Ok(None) => {}
                Err(why) => break Err(why),
            }
        };
        match header {
            Ok(header) => Ok(Opened::Plain(Self {
                data,
                format: header.format,
                left: header.length,
                bytes: Vec::new(),
            })),
            Err(InvalidHeader::Coded(why)) => Ok(Opened::Coded(data.into_inner(), why)),
            Err(InvalidHeader::Broken(why)) => Err(Unreadable::NotSound(why)),
        }
    }

    pub(in crate::pcm) fn channels(&self) -> usize {
        self.format.channels
    }

    pub(in crate::pcm) fn rate(&self) -> Rate {
        self.format.rate
    }

    /// Appends the next frames, interleaved; whether more follow.
    pub(in crate::pcm) fn load(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        let frame = self.format.frame();
        let room = (PIECE / self.format.channels).max(1) * frame;
        let wanted = self.left.map_or(room, |left| room.min(usize::try_from(left).unwrap_or(room)));
        self.bytes.resize(wanted, 0);
        let got = fill(&mut self.data, &mut self.bytes)?;
        self.left = self.left.map(|left| left - got as u64);
        out.extend(self.format.samples(&self.bytes[..got / frame * frame]));
        Ok(got == wanted && self.left != Some(0))
    }

    /// What the header gets wrong.
    pub(in crate::pcm) fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let cut = self.left.is_some_and(|left| left > 0).then_some("is cut short");
        let width = self.format.contradicts;
        let width = width.then_some("has a wrong block size in its header, which was ignored");
        cut.into_iter().chain(width)
    }
}
