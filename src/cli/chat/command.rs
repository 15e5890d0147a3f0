/// What can be typed in the chat instead of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Quit,
    Mute,
    Unmute,
    /// Open the microphone all the time, or only for the talk key.
    Mode {
        open: bool,
    },
    Stop,
    Repeat,
    /// Show why turns end and how the listening goes, or hide it.
    Details,
    Say(String),
    Clear,
}

/// The commands as the help shows them.
pub(super) const COMMANDS: [(&str, &str); 10] = [
    ("/help", "show the keys and commands"),
    ("/mute", "mute the microphone"),
    ("/unmute", "unmute it"),
    ("/mode", "open, or push-to-talk"),
    ("/stop", "stop the answer"),
    ("/repeat", "say the last answer again"),
    ("/say", "speak the text that follows"),
    ("/details", "show or hide wake scores, echo and why turns end"),
    ("/clear", "clear the screen"),
    ("/quit", "leave the chat"),
];

/// Parses `text` as a command: `None` if it is a question, which may begin with a slash too, as in
/// "/etc/hosts is empty, why?".
pub(super) fn parse(text: &str) -> Option<Result<Command, String>> {
    let text = text.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let word = name.strip_prefix('/')?;
    if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let rest = rest.trim();
    let command = match word.to_ascii_lowercase().as_str() {
        "help" | "h" | "keys" => Command::Help,
        "quit" | "exit" | "q" | "bye" => Command::Quit,
        "mute" => Command::Mute,
        "unmute" => Command::Unmute,
        "stop" => Command::Stop,
        "repeat" => Command::Repeat,
        "details" => Command::Details,
        "clear" => Command::Clear,
        "say" if rest.is_empty() => return Some(Err("type a text after /say".into())),
        "say" => return Some(Ok(Command::Say(rest.to_owned()))),
        "mode" => {
            return Some(match rest {
                "open" | "hands-free" => Ok(Command::Mode { open: true }),
                "push-to-talk" | "ptt" => Ok(Command::Mode { open: false }),
                _ => Err("type /mode open or /mode push-to-talk".into()),
            });
        }
        _ => return Some(Err(format!("there is no command {name}; type /help for the list"))),
    };
    if rest.is_empty() {
        Some(Ok(command))
    } else {
        Some(Err(format!("{name} takes nothing after it")))
    }
}

/// The only command that begins with `text`.
pub(super) fn complete(text: &str) -> Option<&'static str> {
    let mut fits = COMMANDS.iter().map(|(name, _)| *name).filter(|name| name.starts_with(text));
    let first = fits.next().filter(|_| text.len() > 1)?;
    fits.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_questions_that_begin_with_a_slash() {
        assert_eq!(parse("what is 1/2?"), None);
        assert_eq!(parse("/etc/hosts is empty, why?"), None);
        assert_eq!(parse("/ 2"), None);
        assert_eq!(parse(" /quit "), Some(Ok(Command::Quit)));
        assert_eq!(parse("/Mode open"), Some(Ok(Command::Mode { open: true })));
        assert_eq!(parse("/mode ptt"), Some(Ok(Command::Mode { open: false })));
        assert_eq!(parse("/say  Dinner, now"), Some(Ok(Command::Say("Dinner, now".into()))));
        for wrong in ["/mode", "/mode wake", "/say", "/nonsense", "/mute please"] {
            assert!(matches!(parse(wrong), Some(Err(_))), "{wrong}");
        }
    }

    #[test]
    fn every_command_of_the_help_is_one() {
        for (name, _) in COMMANDS {
            let unknown = Err(format!("there is no command {name}; type /help for the list"));
            assert_ne!(parse(name), Some(unknown));
        }
    }

    #[test]
    fn tab_completes_what_can_mean_one_thing_only() {
        assert_eq!(complete("/q"), Some("/quit"));
        assert_eq!(complete("/m"), None);
        assert_eq!(complete("/"), None);
        assert_eq!(complete("mute"), None);
    }
}
