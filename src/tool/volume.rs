use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{Settings, Tool, ToolError, ToolOutput, arguments, function, said};
use crate::base::Volume;
use crate::dialog::Effect;

/// The step of "louder" and "quieter", in percent of full volume.
const STEP: u8 = 10;
/// From this level on a jump needs confirmation: a misheard word must not hurt anybody's ears.
const LOUD: u8 = 90;
/// The size of such a jump, in percent of full volume.
const JUMP: u8 = 30;

#[derive(Deserialize)]
struct Arguments {
    level: Option<u8>,
    change: Option<Change>,
    by: Option<u8>,
    times: Option<f64>,
    #[serde(default)]
    sure: bool,
    mute: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Up,
    Down,
}

/// `set_volume`.
pub(crate) fn tool(settings: &Settings) -> Arc<dyn Tool> {
    let volume = settings.volume.clone();
    function(
        "set_volume",
        "Changes how loud this assistant speaks. Give one of level, change and mute; without any it \
         says how loud it is.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "level": {
                    "type": "integer", "minimum": 0, "maximum": 100,
                    "description": "Percent; half is 50, full is 100.",
                },
                "change": {
                    "type": "string", "enum": ["up", "down"],
                    "description": "Louder or quieter, by one step unless by says how much.",
                },
                "by": {
                    "type": "integer", "minimum": 1, "maximum": 100,
                    "description": "With change: by how many percent of full volume, only when said.",
                },
                "times": {
                    "type": "number", "minimum": 0.1, "maximum": 10,
                    "description": "Alone: this many times as loud as now; 0.5 is half as loud.",
                },
                "sure": {
                    "type": "boolean",
                    "description": "true once the user has said yes to a jump that was asked about.",
                },
                "mute": {"type": "boolean", "description": "true mutes, false unmutes."},
            }),
        ),
        move |mut arguments: Arguments, cx| {
            let tenths = cx.said.as_deref().is_some_and(said::turns_up);
            // "Turn it up to ten" at fifty percent means ten of ten, and eleven the same with verve.
            if let Some(level @ 1..=11) = arguments.level.filter(|_| tenths)
                && level <= volume.percent()
            {
                arguments.level = Some((level * 10).min(100));
            }
            let now = volume.percent();
            let result = match arguments.level.filter(|_| tenths) {
                Some(level) if level < now && !volume.muted() => Err(ToolError::Tell(format!(
                    "The volume is at {now} percent, which is louder than that."
                ))),
                _ => set(&volume, &arguments),
            };
            async move { result }
        },
    )
}

fn set(volume: &Volume, arguments: &Arguments) -> Result<ToolOutput, ToolError> {
    if let Some(question) = question(volume, arguments) {
        let data = json!({
            "asked": true, "level": volume.percent(),
            "next": "Nothing was changed. Call it again with sure set once the user says yes.",
        });
        return Ok(ToolOutput::new(data, question));
    }
    let say = match (arguments.level, arguments.change, arguments.mute) {
        (None, None, None) if let Some(times) = arguments.times => {
            volume.set(multiplied(volume.percent(), times));
            format!("Volume {} percent.", volume.percent())
        }
        (Some(level), None, None) if arguments.by.is_none() => {
            volume.set(level);
            format!("Volume set to {} percent.", volume.percent())
        }
        (None, Some(change), None) => {
            let before = volume.percent();
            let level = stepped(before, change, arguments.by);
            let end = match change {
                Change::Up => "as loud as it goes",
                Change::Down => "as quiet as it goes",
            };
            let muted = volume.muted();
            // Also sets an unchanged level, because asking for volume ends the muting.
            volume.set(level);
            if level == before && !muted {
                format!("The volume is already {end}.")
            } else {
                format!("Volume {level} percent.")
            }
        }
        (None, None, Some(mute)) if arguments.by.is_none() => {
            volume.mute(mute);
            if mute {
                "Muted.".into()
            } else {
                format!("Sound on, at {} percent.", volume.percent())
            }
        }
        (None, None, None) if volume.muted() => {
            format!("I'm muted; the volume is at {} percent.", volume.percent())
        }
        (None, None, None) => format!("The volume is at {} percent.", volume.percent()),
        _ => {
            return Err(ToolError::Tell(
                "To change the volume say one thing: a level from 0 to 100, up or down, or mute."
                    .into(),
            ));
        }
    };
    let data = json!({"level": volume.percent(), "muted": volume.muted()});
    Ok(ToolOutput::new(data, say))
}

/// `before` changed by `by` percent of full volume, or by one step.
fn stepped(before: u8, change: Change, by: Option<u8>) -> u8 {
    let by = by.unwrap_or(STEP);
    match change {
        Change::Up => before.saturating_add(by).min(100),
        Change::Down => before.saturating_sub(by),
    }
}

/// `before` times `times`.
fn multiplied(before: u8, times: f64) -> u8 {
    (f64::from(before) * times).round().clamp(0.0, 100.0) as u8
}

/// The question before a jump to a level that hurts; `None` if none is needed.
fn question(volume: &Volume, arguments: &Arguments) -> Option<String> {
    let before = volume.percent();
    let wanted = match (arguments.level, arguments.change, arguments.mute) {
        (Some(level), None, None) => level,
        (None, Some(change), None) => stepped(before, change, arguments.by),
        (None, None, None) => multiplied(before, arguments.times?),
        _ => return None,
    };
    let jump = wanted >= LOUD && wanted > before.saturating_add(JUMP);
    (jump && !arguments.sure)
        .then(|| format!("That's very loud: up from {before} to {wanted} percent. Shall I?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(
        volume: &Volume,
        level: Option<u8>,
        change: Option<Change>,
        mute: Option<bool>,
    ) -> String {
        match set(volume, &Arguments { level, change, mute, by: None, times: None, sure: false }) {
            Ok(output) => output.say,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_knob_turns_as_it_is_told() {
        let knob = Volume::new(70);
        assert_eq!(go(&knob, Some(95), None, None), "Volume set to 95 percent.");
        assert_eq!(go(&knob, None, Some(Change::Up), None), "Volume 100 percent.");
        assert_eq!(
            go(&knob, None, Some(Change::Up), None),
            "The volume is already as loud as it goes."
        );
        assert_eq!(go(&knob, None, None, Some(true)), "Muted.");
        assert!(knob.muted());
        assert_eq!(go(&knob, None, None, Some(false)), "Sound on, at 100 percent.");
        assert_eq!(knob.percent(), 100);
        knob.mute(true);
        assert_eq!(go(&knob, None, Some(Change::Down), None), "Volume 90 percent.");
        assert!(!knob.muted());
        assert!(
            go(&knob, Some(1), None, Some(true)).starts_with("To change the volume say one thing")
        );
        assert_eq!(go(&knob, None, None, None), "The volume is at 90 percent.");
        assert_eq!(knob.percent(), 90);
    }

    #[test]
    fn by_an_amount_is_not_to_an_amount() {
        let knob = Volume::new(50);
        let turn = |change, by| {
            let wish = Arguments {
                level: None,
                change: Some(change),
                by: Some(by),
                times: None,
                mute: None,
                sure: false,
            };
            set(&knob, &wish).unwrap().say
        };
        assert_eq!(turn(Change::Down, 20), "Volume 30 percent.");
        assert_eq!(turn(Change::Up, 25), "Volume 55 percent.");
        assert_eq!(turn(Change::Down, 90), "Volume 0 percent.");
    }

    #[test]
    fn half_as_loud_is_half_of_what_it_was() {
        let knob = Volume::new(60);
        let turn = |times| {
            let wish = Arguments {
                level: None,
                change: None,
                by: None,
                times: Some(times),
                mute: None,
                sure: false,
            };
            set(&knob, &wish).unwrap().say
        };
        assert_eq!(turn(0.5), "Volume 30 percent.");
        assert_eq!(turn(2.0), "Volume 60 percent.");
        assert_eq!(turn(2.0), "That's very loud: up from 60 to 100 percent. Shall I?");
    }

    #[test]
    fn a_jump_to_the_top_is_asked_back() {
        let knob = Volume::new(40);
        let wish = |sure| Arguments {
            level: Some(100),
            change: None,
            by: None,
            times: None,
            mute: None,
            sure,
        };
        let asked = set(&knob, &wish(false)).unwrap();
        assert_eq!(asked.say, "That's very loud: up from 40 to 100 percent. Shall I?");
        assert_eq!((&asked.data["asked"], knob.percent()), (&json!(true), 40));
        assert_eq!(set(&knob, &wish(true)).unwrap().say, "Volume set to 100 percent.");
        assert_eq!(knob.percent(), 100);
        // Down, and a little further up, is done immediately.
        assert_eq!(go(&knob, Some(70), None, None), "Volume set to 70 percent.");
        assert_eq!(go(&knob, Some(100), None, None), "Volume set to 100 percent.");
    }
}
