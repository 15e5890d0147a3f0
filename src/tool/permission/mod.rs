//! Whether a call may run: at once, after the user has said yes, or not at all.
//!
//! ```text
//! Call ─▶ policy by name, else by effect ─▶ allow ──────────────────────────▶ run
//!           ▲                             └▶ ask ─▶ "Shall I …?" ─▶ "yes" ──▶ run, once
//!           └─ text from elsewhere in this turn makes allow an ask         └▶ audit log
//! ```
//!
//! **Invariant:** only the user's own words answer a question. What a model claims, or a page, a
//! list or a tool's result says, does not.
//! **Invariant:** a yes holds for one call: the same tool with the same arguments, in the next
//! turn, within a minute.
//! **Invariant:** whatever acted, or was kept from acting, is in the audit log.
//! Deliberately absent: tools that are denied; the registry does not have them.

mod audit;
mod question;

use std::collections::BTreeMap;
use std::time::Duration;

pub use audit::{Audit, Deed, Ruled};
use serde_json::{Value, json};

use super::{Registry, ToolCx};
use crate::base::{Epoch, Moment};
use crate::dialog::{Call, Effect, Outcome};
use crate::language::english::consent;

/// How long a question waits for its answer; after that it counts as no.
const PATIENCE: Duration = Duration::from_secs(60);

/// What may be done with the calls of a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// They run.
    Allow,
    /// The user is asked first.
    #[default]
    Ask,
}

/// The policies: by tool, and by effect for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// By the name of the tool.
    pub tools: BTreeMap<String, Policy>,
    /// For tools that change something.
    pub acts: Policy,
    /// For tools whose mistakes are hard to undo.
    pub dangerous: Policy,
}

impl Default for Policies {
    fn default() -> Self {
        Self { tools: BTreeMap::new(), acts: Policy::Allow, dangerous: Policy::Ask }
    }
}

impl Policies {
    fn of(&self, name: &str, effect: Effect) -> Policy {
        self.tools.get(name).copied().unwrap_or(match effect {
            Effect::Pure | Effect::Reads => Policy::Allow,
            Effect::Writes | Effect::Makes => self.acts,
            Effect::Dangerous => self.dangerous,
        })
    }
}

/// Decides about calls, one conversation long. By default with the default policies and no log.
#[derive(Default)]
pub struct Permissions {
    policies: Policies,
    audit: Audit,
    asked: Option<Asked>,
    /// The turn whose prompt holds text from elsewhere, and the tool that brought it.
    tainted: Option<(Epoch, String)>,
}

/// A question that waits for the user's answer.
struct Asked {
    epoch: Epoch,
    at: Moment,
    name: String,
    arguments: Value,
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
        Self { policies, audit, asked: None, tainted: None }
    }

    /// Decides about a call of `epoch`.
    pub fn rule(&mut self, tools: &Registry, epoch: Epoch, call: &Call, cx: &ToolCx) -> Ruling {
        // An unknown tool and wrong arguments are answered by the registry.
        let Some(effect) = tools.effect(&call.name) else { return Ruling::Run };
        if tools.check(&call.name, &call.arguments).is_err() || !effect.acts() {
            return Ruling::Run;
        }
        let mut policy = self.policies.of(&call.name, effect);
        let taint =
            self.tainted.as_ref().filter(|(of, _)| *of == epoch).map(|(_, tool)| tool.clone());
        if taint.is_some() {
            policy = Policy::Ask;
        }
        if policy == Policy::Allow {
            self.audit.note(Deed::of(call, effect, cx, Ruled::Allowed));
            return Ruling::Run;
        }
        let arguments = serde_json::from_str(&call.arguments).unwrap_or_default();
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
                self.asked = Some(Asked { epoch, at, name, arguments });
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

fn outcome(call: &Call, output: Value, say: &str) -> Outcome {
    Outcome { id: call.id.clone(), output: output.to_string(), say: say.to_owned(), ok: false }
}
