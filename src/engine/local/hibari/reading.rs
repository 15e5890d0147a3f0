/// A packed lexicon value: phonemes, or phonemes by part of speech.
///
/// Packed as one kind byte, followed by the phonemes for [`Reading::One`], and for
/// [`Reading::ByTag`] by rows of tag length, tag, phoneme length ([`NOTHING`] for none), phonemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading<'t> {
    /// The same phonemes in any part of speech.
    One(&'t str),
    /// Packed rows.
    ByTag(&'t [u8]),
}

/// The length that marks a tag for which the lexicon says "do not use this entry".
const NOTHING: u8 = u8::MAX;

/// Packs plain phonemes.
pub(super) fn pack_one(phonemes: &str, bytes: &mut Vec<u8>) {
    bytes.push(0);
    bytes.extend_from_slice(phonemes.as_bytes());
}

/// Packs phonemes by tag. Readings are at most 254 bytes; a longer one is dropped.
pub(super) fn pack_by_tag<'a>(
    rows: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    bytes: &mut Vec<u8>,
) {
    bytes.push(1);
    for (tag, phonemes) in rows {
        let length = |text: &str| u8::try_from(text.len()).ok().filter(|len| *len != NOTHING);
        let Some(tag_len) = length(tag) else { continue };
        bytes.push(tag_len);
        bytes.extend_from_slice(tag.as_bytes());
        match phonemes.and_then(|text| length(text).map(|len| (text, len))) {
            Some((text, len)) => {
                bytes.push(len);
                bytes.extend_from_slice(text.as_bytes());
            }
            None => bytes.push(NOTHING),
        }
    }
}

impl<'t> Reading<'t> {
    /// Unpacks a value of a lexicon table.
    pub(super) fn unpack(bytes: &'t [u8]) -> Self {
        match bytes.split_first() {
            Some((0, phonemes)) => Self::One(std::str::from_utf8(phonemes).unwrap_or_default()),
            Some((_, rows)) => Self::ByTag(rows),
            None => Self::One(""),
        }
    }

    /// The phonemes, if they do not depend on a tag.
    pub(super) fn one(self) -> Option<&'t str> {
        match self {
            Self::One(phonemes) => Some(phonemes),
            Self::ByTag(_) => None,
        }
    }

    /// The row of `tag`: `None` if there is none, `Some(None)` if it says "do not use this entry".
    pub(super) fn of_tag(self, tag: &str) -> Option<Option<&'t str>> {
        let Self::ByTag(mut rows) = self else { return None };
        while let Some((name, rest)) = field(rows) {
            let (phonemes, rest) = match rest.split_first() {
                Some((&NOTHING, rest)) => (None, rest),
                Some(_) => match field(rest) {
                    Some((phonemes, rest)) => (Some(phonemes), rest),
                    None => return None,
                },
                None => return None,
            };
            if name == tag {
                return Some(phonemes);
            }
            rows = rest;
        }
        None
    }
}

fn field(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*len))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}
