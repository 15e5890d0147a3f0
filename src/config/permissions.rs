//! `[permissions]`: an entry for each tool, `acts` and `dangerous` for all others with that effect,
//! and a table for each way in which a turn begins.

use std::collections::BTreeMap;

use super::names::word;
use super::section::Section;
use crate::dialog::Start;
use crate::tool::permission::{Exceptions, Policies, Policy};

/// The entries that are about effects.
const EFFECTS: [&str; 2] = ["acts", "dangerous"];

/// The policies, and the tools that must never be called.
pub(super) fn read(mut of: Section<'_, '_>) -> (Policies, Vec<String>) {
    let all = [word("allow", Policy::Allow), word("ask", Policy::Ask)];
    let (acts, dangerous) = (of.choice("acts", &all, "allow"), of.choice("dangerous", &all, "ask"));
    let mut policies = Policies { acts, dangerous, ..Policies::default() };
    let tables = of.tables();
    for name in &tables {
        let Some(start) = Start::ALL.into_iter().find(|start| start.name() == name) else {
            let ways = Start::ALL.map(|start| format!("[permissions.{}]", start.name()));
            let next = format!("the tables here are {}", ways.join(", "));
            let at = of.section(name).at();
            of.wrong(&at, name, ("no turn begins like that".to_owned(), next));
            continue;
        };
        let mut table = of.section(name);
        if start == Start::Wake {
            for word in table.tables() {
                let only = exceptions(table.section(&word));
                policies.words.insert(word, only);
            }
        }
        policies.starts.insert(start, exceptions(table));
    }
    let mut denied = Vec::new();
    let others = |name: &String| !tables.contains(name) && !EFFECTS.contains(&name.as_str());
    for name in of.names().into_iter().filter(others) {
        match policy(&mut of, &name) {
            Some(Policy::Deny) => denied.push(name),
            Some(policy) => drop(policies.tools.insert(name, policy)),
            None => {}
        }
    }
    of.end();
    (policies, denied)
}

fn exceptions(mut of: Section<'_, '_>) -> Exceptions {
    let tables = of.tables();
    let names = of.names().into_iter().filter(|name| !tables.contains(name));
    let mut tools: BTreeMap<String, Policy> =
        names.filter_map(|name| Some((name.clone(), policy(&mut of, &name)?))).collect();
    let (acts, dangerous) = (tools.remove("acts"), tools.remove("dangerous"));
    of.end();
    Exceptions { tools, acts, dangerous }
}

fn policy(of: &mut Section<'_, '_>, name: &str) -> Option<Policy> {
    let word = of.maybe_word(name, &["allow", "ask", "deny"])?;
    Some(match word.as_str() {
        "allow" => Policy::Allow,
        "ask" => Policy::Ask,
        _ => Policy::Deny,
    })
}
