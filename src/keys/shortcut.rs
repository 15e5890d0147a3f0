use std::fmt;
use std::str::FromStr;

use super::names::{KEYS, Key};

/// A modifier key, either one of its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Modifier {
    Ctrl,
    Alt,
    Shift,
    Super,
}

impl Modifier {
    pub(super) const ALL: [Self; 4] = [Self::Ctrl, Self::Alt, Self::Shift, Self::Super];

    const fn name(self) -> &'static str {
        match self {
            Self::Ctrl => "Ctrl",
            Self::Alt => "Alt",
            Self::Shift => "Shift",
            Self::Super => "Super",
        }
    }

    /// Its name in the shortcuts of the XDG specification.
    const fn portal(self) -> &'static str {
        match self {
            Self::Ctrl => "CTRL",
            Self::Alt => "ALT",
            Self::Shift => "SHIFT",
            Self::Super => "LOGO",
        }
    }

    /// The kernel's codes of the left and the right one.
    pub(super) const fn codes(self) -> [u16; 2] {
        match self {
            Self::Ctrl => [29, 97],
            Self::Alt => [56, 100],
            Self::Shift => [42, 54],
            Self::Super => [125, 126],
        }
    }

    fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "ctrl" | "control" => Self::Ctrl,
            "alt" => Self::Alt,
            "shift" => Self::Shift,
            "super" | "logo" | "meta" | "win" => Self::Super,
            _ => return None,
        })
    }
}

/// A key, and the modifiers that are down with it: `Super+Space`, `RightCtrl`, `F13`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// In the order of [`Modifier::ALL`], each once.
    pub(super) modifiers: Vec<Modifier>,
    pub(super) key: &'static Key,
}

impl Shortcut {
    /// As the portal writes it; `None` for a modifier alone, which it cannot write.
    pub(super) fn portal(&self) -> Option<String> {
        if self.is_modifier() {
            return None;
        }
        let words = self.modifiers.iter().map(|modifier| modifier.portal());
        Some(words.chain([self.key.xkb]).collect::<Vec<_>>().join("+"))
    }

    /// Whether the key is a modifier itself, so that its own bit may be set while it is down.
    pub(super) fn is_modifier(&self) -> bool {
        Modifier::ALL.iter().any(|modifier| modifier.codes().contains(&self.key.code))
    }
}

impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for modifier in &self.modifiers {
            write!(f, "{}+", modifier.name())?;
        }
        f.write_str(self.key.name)
    }
}

impl FromStr for Shortcut {
    type Err = String;

    /// # Errors
    /// What is wrong with it.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (before, last) = text.rsplit_once('+').map_or(("", text), |(before, last)| {
            // "Super++" would be the key "+", which no layout has without Shift.
            (before, last.trim())
        });
        let mut modifiers = Vec::new();
        for word in before.split('+').map(str::trim).filter(|_| !before.is_empty()) {
            let modifier = Modifier::named(word)
                .ok_or_else(|| format!("\"{word}\" is no modifier (Ctrl, Alt, Shift, Super)"))?;
            if !modifiers.contains(&modifier) {
                modifiers.push(modifier);
            }
        }
        modifiers.sort_unstable();
        let wanted = last.replace([' ', '_'], "").to_ascii_lowercase();
        let key = KEYS
            .iter()
            .find(|key| {
                key.name.eq_ignore_ascii_case(&wanted)
                    || key.xkb.replace('_', "").eq_ignore_ascii_case(&wanted)
            })
            .ok_or_else(|| match (last, Modifier::named(last)) {
                ("", _) => "it names no key".to_owned(),
                (_, Some(modifier)) => {
                    format!("say which {0}: \"Left{0}\" or \"Right{0}\"", modifier.name())
                }
                (_, None) => format!("there is no key called \"{last}\""),
            })?;
        if key.types && modifiers.iter().all(|modifier| *modifier == Modifier::Shift) {
            return Err(format!("\"{}\" could not be typed any more", key.name));
        }
        Ok(Self { modifiers, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_people_write_it() {
        for (text, shown, portal) in [
            ("super+space", "Super+Space", Some("LOGO+space")),
            ("Shift + Ctrl + a", "Ctrl+Shift+A", Some("CTRL+SHIFT+a")),
            ("Right Ctrl", "RightCtrl", None),
            ("Control_R", "RightCtrl", None),
            ("F13", "F13", Some("F13")),
            ("Super+`", "Super+`", Some("LOGO+grave")),
            ("meta+Page Up", "Super+PageUp", Some("LOGO+Prior")),
        ] {
            let shortcut: Shortcut = text.parse().unwrap();
            assert_eq!(shortcut.to_string(), shown);
            assert_eq!(shortcut.portal().as_deref(), portal, "{text}");
            assert_eq!(shown.parse(), Ok(shortcut));
        }
    }

    #[test]
    fn what_is_no_key_is_told() {
        for (text, why) in [
            ("", "it names no key"),
            ("Super+", "it names no key"),
            ("Ctrl", "say which Ctrl: \"LeftCtrl\" or \"RightCtrl\""),
            ("Hyper+a", "\"Hyper\" is no modifier (Ctrl, Alt, Shift, Super)"),
            ("Super+Foo", "there is no key called \"Foo\""),
            ("a", "\"A\" could not be typed any more"),
            ("Shift+Space", "\"Space\" could not be typed any more"),
        ] {
            assert_eq!(text.parse::<Shortcut>(), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn no_key_is_listed_twice() {
        for (at, key) in KEYS.iter().enumerate() {
            let others = &KEYS[at + 1..];
            assert!(others.iter().all(|other| {
                other.name != key.name && other.keysym != key.keysym && other.code != key.code
            }));
        }
    }
}
