//! Whether a call may run: at once, after the user has said yes, or not at all.
//!
//! ```text
//! Call ─▶ policy by name, else by effect ─▶ allow ──────────────────────────▶ run
//!           ▲                             ├▶ ask ─▶ "Shall I …?" ─▶ "yes" ──▶ run, once
//!           │                             └▶ deny                          └▶ audit log
//!           ├─ what began the turn (typed, key, wake word, …) has exceptions
//!           └─ text from elsewhere in this turn makes allow an ask
//! ```
//!
//! **Invariant:** only the user's own words answer a question. What a model claims, or a page, a
//! list or a tool's result says, does not.
//! **Invariant:** a yes holds for one call: the same tool with the same arguments, in the next
//! turn, within a minute.
//! **Invariant:** whatever acted, or was kept from acting, is in the audit log.
//! Deliberately absent: tools that are denied in every turn; the registry does not have them.

mod audit;
mod policy;
mod question;

use std::collections::BTreeSet;
use std::time::Duration;

pub use audit::{Audit, Deed, Ruled};
pub use policy::{Exceptions, Policies, Policy};
use serde_json::{Value, json};

use super::{Registry, ToolCx};
use crate::base::{Epoch, Moment};
use crate::dialog::{Call, Outcome, Start};
use crate::language::english::consent;

/// How long a question waits for its answer; after that it counts as no.
const PATIENCE: Duration = Duration::from_secs(60);

/// The argument by which a tool is told that the user has said yes to it.
const SURE: &str = "sure";

/// Decides about calls, one conversation long. By default with the default policies and no log.
#[derive(Default)]
pub struct Permissions {
    policies: Policies,
    audit: Audit,
    asked: Option<Asked>,
    /// The last call that ran, in case its tool has asked whether it is meant.
    called: Option<Asked>,
    /// The turn whose prompt holds text from elsewhere, and the tool that brought it.
    tainted: Option<(Epoch, String)>,
}

/// A question that waits for the user's answer.
struct Asked {
    epoch: Epoch,
    at: Moment,
    name: String,
    arguments: Value,
    /// What the user had said.
    said: Option<String>,
}

/// What happens with a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// It runs.
    Run,
    /// It does not; this is its outcome.
    Not(Outcome),
}

impl Permissions {
    /// Decides by `policies`, and records in `audit`.
    pub const fn new(policies: Policies, audit: Audit) -> Self {
        Self { policies, audit, asked: None, called: None, tainted: None }
    }

    /// Decides about a call of `epoch`.
    pub fn rule(&mut self, tools: &Registry, epoch: Epoch, call: &Call, cx: &ToolCx) -> Ruling {
        // An unknown tool and wrong arguments are answered by the registry.
        let Some(effect) = tools.effect(&call.name) else { return Ruling::Run };
        if tools.check(&call.name, &call.arguments).is_err() {
            return Ruling::Run;
        }
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let mut policy = self.policies.of(&call.name, effect, &cx.starts, cx.word.as_deref());
        // Whether the user is sure is for them to say, not for a model.
        if arguments[SURE] == true && !self.is_sure(epoch, &call.name, &arguments, cx) {
            policy = policy.max(Policy::Ask);
        }
        let tainted = self.tainted.as_ref().filter(|(of, _)| *of == epoch && effect.acts());
        let taint = tainted.map(|(_, tool)| tool.clone());
        match (policy, &taint) {
            (Policy::Deny, _) => {
                self.audit.note(Deed::of(call, effect, cx, Ruled::Denied));
                return Ruling::Not(denied(call, &cx.starts));
            }
            (Policy::Allow, None) => {
                if arguments[SURE] != true {
                    let (at, name) = (cx.now, call.name.clone());
                    let said = cx.said.clone();
                    self.called = Some(Asked { epoch, at, name, arguments, said });
                }
                if effect.acts() {
                    self.audit.note(Deed::of(call, effect, cx, Ruled::Allowed));
                }
                return Ruling::Run;
            }
            (Policy::Ask, _) | (Policy::Allow, Some(_)) => {}
        }
        let asked = self.asked.take().filter(|asked| {
            let same = asked.name == call.name && asked.arguments == arguments;
            same && cx.now.since(asked.at) <= PATIENCE
        });
        let answer = cx.said.as_deref().and_then(consent);
        match asked.as_ref().filter(|asked| asked.epoch != epoch).and(answer) {
            Some(true) => {
                self.audit.note(Deed::of(call, effect, cx, Ruled::Confirmed));
                Ruling::Run
            }
            Some(false) => {
                self.audit.note(Deed::of(call, effect, cx, Ruled::Declined));
                Ruling::Not(outcome(call, json!({ "declined": true }), "Okay, I won't."))
            }
            None => {
                let question = question::question(&call.name, &arguments);
                let say = match &taint {
                    Some(tool) => {
                        let shall = question.replacen("Shall", "shall", 1);
                        format!("I used {} first, so I'm asking: {shall}", question::title(tool))
                    }
                    None => question.clone(),
                };
                if asked.is_none() {
                    self.audit.note(Deed::of(call, effect, cx, Ruled::Asked));
                }
                let (at, name) = (cx.now, call.name.clone());
                let said = cx.said.clone();
                self.asked = Some(Asked { epoch, at, name, arguments, said });
                let hint = "Nothing was done. Ask the user exactly this question and end your \
                    answer. If they say yes, make the same call again.";
                Ruling::Not(outcome(
                    call,
                    json!({ "permission": true, "asked": true, "question": question, "hint": hint }),
                    &say,
                ))
            }
        }
    }

    /// Whether the user has said that this call is meant, after its tool asked: by a yes, or by
    /// saying the same again.
    fn is_sure(&self, epoch: Epoch, name: &str, arguments: &Value, cx: &ToolCx) -> bool {
        let mut unsure = arguments.clone();
        if let Some(arguments) = unsure.as_object_mut() {
            arguments.remove(SURE);
        }
        let called = self.called.as_ref().filter(|called| {
            let same = called.name == name && called.arguments == unsure;
            same && called.epoch != epoch && cx.now.since(called.at) <= PATIENCE
        });
        let said = cx.said.as_deref();
        called.is_some_and(|called| said.and_then(consent) == Some(true) || called.said == cx.said)
    }

    /// The result of `name` goes to the responder of `epoch`.
    pub fn told(&mut self, tools: &Registry, epoch: Epoch, name: &str) {
        if tools.is_foreign(name) {
            self.tainted = Some((epoch, name.to_owned()));
        }
    }
}

impl Drop for Permissions {
    /// What is not written yet is written now: the program may be about to end.
    fn drop(&mut self) {
        self.audit.flush();
    }
}

/// The outcome of a call that must not run in a turn that began in these ways.
fn denied(call: &Call, starts: &BTreeSet<Start>) -> Outcome {
    let arguments = serde_json::from_str(&call.arguments).unwrap_or_default();
    let deed = question::deed(&call.name, &arguments);
    let ways: Vec<&str> = starts.iter().map(|start| way(*start)).collect();
    let hint =
        "Nothing was done. The user has not allowed this in the configuration, [permissions].";
    let output = json!({ "permission": false, "hint": hint });
    outcome(call, output, &format!("I'm not allowed to {deed} when {}.", ways.join(" and ")))
}

/// How a turn began, after "when".
const fn way(start: Start) -> &'static str {
    match start {
        Start::Typed => "you type it",
        Start::Key => "you hold the talk key",
        Start::Wake => "you wake me by voice",
        Start::Microphone => "the microphone is just open",
        Start::Client => "another program asks for it",
    }
}

fn outcome(call: &Call, output: Value, say: &str) -> Outcome {
    Outcome { id: call.id.clone(), output: output.to_string(), say: say.to_owned(), ok: false }
}
