//! `flip_coin`, `roll_dice`, `pick_number` and `choose`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Tool, ToolError, ToolOutput, arguments, function, said, say};
use crate::base::Chance;
use crate::dialog::Effect;

/// The greatest number to pick.
const MOST: i64 = 1_000_000_000;

#[derive(Deserialize)]
struct Dice {
    count: Option<u32>,
    sides: Option<u32>,
}

#[derive(Deserialize)]
struct Range {
    from: Option<i64>,
    to: Option<i64>,
}

#[derive(Deserialize)]
struct Choice {
    options: String,
}

/// The things of "pizza, soup or curry".
fn options(text: &str) -> Vec<&str> {
    let sides =
        text.split(',').flat_map(|part| part.split(" or ")).flat_map(|part| part.split(" and "));
    sides
        .map(|side| side.trim().trim_start_matches("or ").trim_start_matches("and ").trim())
        .filter(|side| !side.is_empty())
        .collect()
}

pub(crate) fn tools(chance: Chance) -> [Arc<dyn Tool>; 4] {
    [
        function(
            "flip_coin",
            "Flips a coin.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, _| async move {
                let side = if chance.roll() < 0.5 { "heads" } else { "tails" };
                Ok(ToolOutput::new(json!({"side": side}), format!("It's {side}.")))
            },
        ),
        function(
            "roll_dice",
            "Rolls dice.",
            Effect::Reads,
            arguments(
                &[],
                json!({
                    "count": {"type": "integer", "minimum": 1, "maximum": 10,
                        "description": "How many; one when not said."},
                    "sides": {"type": "integer", "minimum": 2, "maximum": 1000,
                        "description": "Of each; six when not said."},
                }),
            ),
            move |dice: Dice, _| async move {
                let sides = f64::from(dice.sides.unwrap_or(6));
                let rolled: Vec<u32> = (0..dice.count.unwrap_or(1))
                    .map(|_| (chance.roll() * sides).floor() as u32 + 1)
                    .collect();
                let total: u32 = rolled.iter().sum();
                let shown: Vec<String> = rolled.iter().map(u32::to_string).collect();
                let say = match shown.as_slice() {
                    [one] => format!("It's {one}."),
                    [first @ .., last] => {
                        format!("{} and {last}, {total} together.", first.join(", "))
                    }
                    [] => String::new(),
                };
                Ok(ToolOutput::new(json!({"rolled": rolled, "total": total}), say))
            },
        ),
        function(
            "pick_number",
            "Picks a random whole number.",
            Effect::Reads,
            arguments(
                &[],
                json!({
                    "from": {"type": "integer", "minimum": -MOST, "maximum": MOST,
                        "description": "The least; 1 when not said."},
                    "to": {"type": "integer", "minimum": -MOST, "maximum": MOST,
                        "description": "The greatest; 10 when not said."},
                }),
            ),
            move |range: Range, _| async move {
                let (from, to) = (range.from.unwrap_or(1), range.to.unwrap_or(10));
                let (from, to) = (from.min(to), from.max(to));
                let number = from + (chance.roll() * (to - from + 1) as f64).floor() as i64;
                Ok(ToolOutput::new(json!({"number": number}), format!("{number}.")))
            },
        ),
        function(
            "choose",
            "Chooses one of several things by chance.",
            Effect::Reads,
            arguments(
                &["options"],
                json!({
                    "options": {"type": "string", "maxLength": 500,
                        "description": "The things, in the user's words: \"pizza, soup or curry\"."},
                }),
            ),
            move |choice: Choice, cx| async move {
                let all = options(&choice.options);
                let [_, _, ..] = all.as_slice() else {
                    return Err(ToolError::Tell("Between what?".into()));
                };
                let at = (chance.roll() * all.len() as f64).floor() as usize;
                let chosen = all.get(at).or(all.last()).copied().unwrap_or_default();
                let chosen = said::as_said(chosen, cx.said.as_deref());
                let say = say::sentence(&format!("{chosen}."));
                Ok(ToolOutput::new(json!({"chosen": chosen}), say))
            },
        ),
    ]
}
