//! Decodes complete encoded sound of any format.

use std::io::Cursor;

use crate::base::Rate;
use crate::pcm::{Decoder, Unreadable};

/// The samples of `bytes`, in the format named `kind`, mixed to one channel.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn decode(bytes: Vec<u8>, kind: &str) -> Result<(Vec<f32>, Rate), String> {
    let told = |why: Unreadable| match why {
        Unreadable::NotSound(why) => format!("its {kind} {why}"),
        Unreadable::Io(why) => format!("its {kind} cannot be decoded ({why})"),
    };
    let mut decoder = Decoder::open(Box::new(Cursor::new(bytes))).map_err(told)?;
    let mut samples = Vec::new();
    while decoder.load(&mut samples).map_err(|why| told(Unreadable::Io(why)))? {}
    Ok((samples, decoder.rate()))
}
