use std::borrow::Cow;

use super::Ignored;
use super::asked::Spoken;
use super::judge::{Worth, worth};
use super::own::{OwnVoice, Whose};
use super::words::is_backchannel;

/// The meaning of something said.
pub(super) enum Meaning<'t> {
    /// These words.
    Words(Cow<'t, str>),
    /// Nothing, for this reason.
    Nothing(Ignored),
    /// Something that was not understood.
    Unclear,
}

/// What `text` means, said to us after we have said `own` and while we are about to say `ahead`.
pub(super) fn meaning<'t>(
    own: &OwnVoice,
    ahead: &str,
    text: &'t str,
    spoken: &Spoken,
    certainty: Option<f32>,
) -> Meaning<'t> {
    let mut text = Cow::Borrowed(text.trim());
    if !spoken.held {
        match own.whose(&text, &spoken.span, ahead) {
            Whose::Ours => return Meaning::Nothing(Ignored::OwnVoice),
            Whose::Among(theirs) => text = Cow::Owned(theirs),
            Whose::Theirs(0) => {}
            Whose::Theirs(from) => text = Cow::Owned(text.get(from..).unwrap_or("").to_owned()),
        }
    }
    let aside = spoken.aside.is_some();
    match worth(&text, spoken.evidence(certainty)) {
        Worth::Nothing => Meaning::Nothing(Ignored::Noise),
        // Over a reply it may be anything; the reply goes on.
        Worth::Unclear if aside => Meaning::Nothing(Ignored::Noise),
        Worth::Unclear => Meaning::Unclear,
        Worth::Words if aside && is_backchannel(&text) => Meaning::Nothing(Ignored::Murmur),
        Worth::Words => Meaning::Words(text),
    }
}
