//! The type of a file, by its first bytes. Decoders that guess find MP3 in any text file.

/// How to read a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    /// WAV of any variant.
    Wav,
    /// A format that the decoders know.
    Packed,
    /// A known format that nothing here decodes, by name.
    Foreign(&'static str),
    Other,
}

/// Formats recognized but not supported.
const FOREIGN: [(&[u8], &str); 7] = [
    (b"#!AMR", "AMR"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (b"MThd", "MIDI"),
    (b".snd", "Sun audio"),
    (b"MAC ", "Monkey's Audio"),
    (b"wvpk", "WavPack"),
    (b".RMF", "RealAudio"),
];

/// The type of a file that begins with `head`; 12 bytes are enough.
pub(super) fn of(head: &[u8]) -> Kind {
    let form = head.get(8..12);
    match head {
        [] => Kind::Empty,
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..]
            if form == Some(b"WAVE") =>
        {
            Kind::Wav
        }
        [b'F', b'O', b'R', b'M', ..] if matches!(form, Some(b"AIFF" | b"AIFC")) => Kind::Packed,
        [b'f', b'L', b'a', b'C', ..]
        | [b'O', b'g', b'g', b'S', ..]
        | [b'I', b'D', b'3', ..]
        | [b'c', b'a', b'f', b'f', ..]
        // EBML header of Matroska and WebM.
        | [0x1a, 0x45, 0xdf, 0xa3, ..]
        // The `ftyp` box of m4a, mp4 and mov.
        | [_, _, _, _, b'f', b't', b'y', b'p', ..] => Kind::Packed,
        // Twelve ones and layer 0 start an AAC frame; eleven ones and a layer other than the
        // reserved one start an MP3 frame.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Kind::Packed,
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Kind::Packed,
        _ => FOREIGN
            .iter()
            .find(|(mark, _)| head.starts_with(mark))
            .map_or(Kind::Other, |(_, name)| Kind::Foreign(name)),
    }
}
