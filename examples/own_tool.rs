//! A custom tool: a coin to toss, called the way a turn calls it. Prints, makes no sound.
//!
//! ```text
//! cargo run --example own_tool
//! ```

use aloud::base::{CallId, Clock, LocalZone, Volume, WallClock};
use aloud::dialog::{Call, Effect};
use aloud::tool::{
    Book, Pad, Ringer, Settings, ToolCx, ToolError, ToolOutput, arguments, builtin, function,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Toss {
    coins: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let clock = Clock::start();
    let toss = function(
        "toss_coins",
        "Tosses coins and tells how many show heads.",
        // It changes nothing, so it may run while the user still speaks. A tool that switches a
        // light or sends a message is `Effect::Writes` and waits for the end of the turn.
        Effect::Reads,
        arguments(&["coins"], json!({"coins": {"type": "integer", "minimum": 1, "maximum": 100}})),
        |toss: Toss, cx| async move {
            if toss.coins > 50 {
                return Err(ToolError::Tell("I have only 50 coins. Say a smaller number.".into()));
            }
            // Randomness is an argument, as time is: here it comes from the moment of the call.
            let mut state = cx.now.as_micros() | 1;
            let mut toss_one = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state >> 63 == 1
            };
            let heads = (0..toss.coins).filter(|_| toss_one()).count();
            let say = format!("{heads} of {} coins show heads.", toss.coins);
            Ok(ToolOutput::new(json!({"coins": toss.coins, "heads": heads}), say))
        },
    );

    let book = Book::in_memory(WallClock::System, LocalZone::system());
    // Lists and notes would be written here.
    let pad = Pad::new(std::env::temp_dir().join("aloud-example"));
    let tools = builtin(Settings::new(book, Ringer::Here, Volume::new(50), pad)).with(toss);

    let calls = [
        ("toss_coins", r#"{"coins": 3}"#),
        ("toss_coins", r#"{"coins": "three"}"#),
        ("toss_coins", r#"{"coins": 99}"#),
        ("convert_units", r#"{"value": 26.2, "from": "mile", "to": "kilometer"}"#),
        ("set_timer", r#"{"seconds": 600, "label": "pasta"}"#),
        ("list_timers", ""),
        ("get_weather", "{}"),
        ("switch_light", "{}"),
    ];
    for (number, (name, arguments)) in calls.into_iter().enumerate() {
        let call = Call {
            id: CallId(format!("call_{number}")),
            name: name.into(),
            arguments: arguments.into(),
        };
        let cx = ToolCx { now: clock.now(), ..ToolCx::default() };
        let done = tools.call(&call, cx).await;
        let mark = if done.outcome.ok { "ok" } else { "no" };
        #[expect(clippy::print_stdout, reason = "an example shows what it does")]
        {
            println!(
                "{mark}  {name} {arguments}\n    says: {}\n    data: {}",
                done.outcome.say, done.outcome.output
            );
        }
    }
    Ok(())
}
