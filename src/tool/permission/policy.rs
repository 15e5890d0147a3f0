use std::collections::{BTreeMap, BTreeSet};

use crate::dialog::{Effect, Start};

/// What may be done with the calls of a tool, from the least to the most strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// They run.
    Allow,
    /// The user is asked first.
    #[default]
    Ask,
    /// They do not run.
    Deny,
}

/// The policies: by tool, and by effect for the others; with exceptions by what began the turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// By the name of the tool.
    pub tools: BTreeMap<String, Policy>,
    /// For tools that change something.
    pub acts: Policy,
    /// For tools whose mistakes are hard to undo.
    pub dangerous: Policy,
    /// What else holds in turns that began in this way.
    pub starts: BTreeMap<Start, Exceptions>,
    /// What else holds in turns that began with this wake word.
    pub words: BTreeMap<String, Exceptions>,
}

/// Policies that hold in some turns only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// By the name of the tool.
    pub tools: BTreeMap<String, Policy>,
    /// For tools that change something.
    pub acts: Option<Policy>,
    /// For tools whose mistakes are hard to undo.
    pub dangerous: Option<Policy>,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            tools: BTreeMap::new(),
            acts: Policy::Allow,
            dangerous: Policy::Ask,
            starts: BTreeMap::new(),
            words: BTreeMap::new(),
        }
    }
}

/// A policy, and whether a line names the tool it is for.
#[derive(Clone, Copy)]
struct Rule {
    policy: Policy,
    named: bool,
}

impl Policies {
    /// The policy for calls of `name` in any turn.
    pub fn general(&self, name: &str, effect: Effect) -> Policy {
        self.rule(name, effect).policy
    }

    /// The policy in a turn that began in these ways, with the last wake word `word`: the strictest
    /// of theirs.
    pub fn of(
        &self,
        name: &str,
        effect: Effect,
        starts: &BTreeSet<Start>,
        word: Option<&str>,
    ) -> Policy {
        let each = starts.iter().map(|start| {
            let rule = self.rule(name, effect);
            let rule = narrowed(rule, self.starts.get(start), name, effect);
            let word = word.filter(|_| *start == Start::Wake).and_then(|word| self.words.get(word));
            narrowed(rule, word, name, effect).policy
        });
        each.max().unwrap_or_else(|| self.general(name, effect))
    }

    /// Where the policy for calls of `name` is another than in general: what begins such turns, as
    /// the configuration names it, and the policy there.
    pub fn exceptions(&self, name: &str, effect: Effect) -> Vec<(String, Policy)> {
        let general = self.general(name, effect);
        let mut all = Vec::new();
        for start in self.starts.keys() {
            let policy = self.of(name, effect, &[*start].into(), None);
            all.push((start.name().to_owned(), policy));
        }
        for word in self.words.keys() {
            let policy = self.of(name, effect, &[Start::Wake].into(), Some(word));
            all.push((format!("{}.{word}", Start::Wake.name()), policy));
        }
        all.retain(|(_, policy)| *policy != general);
        all
    }

    fn rule(&self, name: &str, effect: Effect) -> Rule {
        match self.tools.get(name) {
            Some(policy) => Rule { policy: *policy, named: true },
            None => {
                let policy = match effect {
                    Effect::Pure | Effect::Reads => Policy::Allow,
                    Effect::Writes | Effect::Makes => self.acts,
                    Effect::Dangerous => self.dangerous,
                };
                Rule { policy, named: false }
            }
        }
    }
}

/// `rule` where `exceptions` hold. Only a line that means it loosens anything: one that names the
/// tool, or one for its effect if no line named the tool before. What holds for tools that change
/// something holds for dangerous ones too if it is stricter.
fn narrowed(rule: Rule, exceptions: Option<&Exceptions>, name: &str, effect: Effect) -> Rule {
    let Some(exceptions) = exceptions else { return rule };
    if let Some(policy) = exceptions.tools.get(name) {
        return Rule { policy: *policy, named: true };
    }
    let line = match effect {
        Effect::Pure | Effect::Reads => None,
        Effect::Writes | Effect::Makes => exceptions.acts,
        Effect::Dangerous => {
            exceptions.dangerous.or(exceptions.acts.filter(|acts| *acts > rule.policy))
        }
    };
    match line {
        None => rule,
        Some(policy) if rule.named => Rule { policy: policy.max(rule.policy), named: true },
        Some(policy) => Rule { policy, named: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies() -> Policies {
        let tools = |all: &[(&str, Policy)]| {
            all.iter().map(|(name, policy)| ((*name).to_owned(), *policy)).collect()
        };
        let acts = |policy| Exceptions { acts: Some(policy), ..Exceptions::default() };
        let bold =
            Exceptions { tools: tools(&[("delete_list", Policy::Allow)]), ..acts(Policy::Allow) };
        Policies {
            tools: tools(&[("set_timer", Policy::Ask)]),
            starts: [
                (Start::Typed, bold),
                (Start::Wake, acts(Policy::Ask)),
                (Start::Microphone, acts(Policy::Deny)),
            ]
            .into(),
            words: [("computer".to_owned(), acts(Policy::Deny))].into(),
            ..Policies::default()
        }
    }

    #[test]
    fn an_exception_narrows_and_loosens_only_what_it_names() {
        use Effect::{Dangerous, Reads, Writes};
        use Policy::{Allow, Ask, Deny};
        let policies = policies();
        for (start, word, name, effect, wanted) in [
            (Start::Key, None, "add_note", Writes, Allow),
            (Start::Key, None, "delete_list", Dangerous, Ask),
            (Start::Wake, None, "add_note", Writes, Ask),
            (Start::Wake, None, "get_time", Reads, Allow),
            (Start::Wake, None, "delete_list", Dangerous, Ask),
            (Start::Wake, Some("computer"), "add_note", Writes, Deny),
            (Start::Wake, Some("alexa"), "add_note", Writes, Ask),
            // The word says nothing about a turn that began with the key.
            (Start::Key, Some("computer"), "add_note", Writes, Allow),
            (Start::Microphone, None, "delete_list", Dangerous, Deny),
            // "acts" is neither about dangerous tools nor about those with a line of their own.
            (Start::Typed, None, "clear_list", Dangerous, Ask),
            (Start::Typed, None, "set_timer", Writes, Ask),
            (Start::Typed, None, "delete_list", Dangerous, Allow),
        ] {
            let is = policies.of(name, effect, &[start].into(), word);
            assert_eq!(is, wanted, "{name} by {start:?} {word:?}");
        }
    }

    #[test]
    fn what_began_in_two_ways_may_do_only_what_both_may() {
        let both = [Start::Typed, Start::Microphone].into();
        assert_eq!(policies().of("add_note", Effect::Writes, &both, None), Policy::Deny);
    }

    #[test]
    fn exceptions_are_told() {
        let told = policies().exceptions("add_note", Effect::Writes);
        let wanted =
            [("wake", Policy::Ask), ("microphone", Policy::Deny), ("wake.computer", Policy::Deny)];
        assert_eq!(told, wanted.map(|(name, policy)| (name.to_owned(), policy)));
    }
}
