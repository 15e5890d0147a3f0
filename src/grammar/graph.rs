//! A line of the grammar as a graph, and the search for its cheapest match.
//!
//! The search is memoized over (node, token): each pair is visited once, whatever the line says, so
//! a sentence costs at most nodes x tokens steps and no line can blow up.

use super::lexer::WordId;
use super::pattern::Pattern;
use super::scan::Scan;
use super::slot::{self, KINDS, Kind, Match, Slot};

type NodeId = u32;

/// A step of a line. There are some hundred thousand in the grammar, so lists stand elsewhere.
#[derive(Clone, Copy, Debug)]
enum Node {
    Word(WordId, NodeId),
    /// One of these words of the line, in order.
    Words(Part, NodeId),
    Slot(u32, NodeId),
    Pause(NodeId),
    /// These nodes of the line's forks.
    Split(Part),
    Accept,
}

/// A part of a longer list: where it begins, and its length.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    from: u32,
    len: u16,
}

impl Part {
    /// Appends `items` to `list`.
    fn add<T: Copy>(list: &mut Vec<T>, items: &[T]) -> Self {
        let from = list.len() as u32;
        list.extend_from_slice(items);
        Self { from, len: items.len() as u16 }
    }

    fn of<T>(self, list: &[T]) -> &[T] {
        &list[self.from as usize..self.from as usize + usize::from(self.len)]
    }
}

/// One compiled line.
#[derive(Debug)]
pub(super) struct Line {
    nodes: Vec<Node>,
    words: Vec<WordId>,
    forks: Vec<NodeId>,
    entry: NodeId,
    pub(super) slots: Vec<Slot>,
    /// Word sets, each with at least one word in every match.
    must: Vec<Box<[WordId]>>,
    /// Words that can begin a match; `None` if a slot can.
    pub(super) first: Option<Vec<WordId>>,
    empty: bool,
    /// The template that it belongs to.
    pub(super) template: usize,
}

/// A match of a line: its slots in order, with what each took and where it ended.
pub(super) struct Found {
    pub(super) cost: u32,
    pub(super) taken: Vec<(usize, Match)>,
}

const FAIL: u32 = u32::MAX - 1;
const UNSEEN: u32 = u32::MAX;

impl Line {
    /// Compiles a tree.
    pub(super) fn new(pattern: &Pattern, slots: Vec<Slot>, template: usize) -> Self {
        let mut line = Self {
            nodes: vec![Node::Accept],
            words: Vec::new(),
            forks: Vec::new(),
            entry: 0,
            slots,
            must: Vec::new(),
            first: None,
            empty: false,
            template,
        };
        line.entry = line.build(pattern, 0);
        line.nodes.shrink_to_fit();
        line.words.shrink_to_fit();
        line.forks.shrink_to_fit();
        line.must = musts(pattern);
        // The smallest set is the likeliest to be missing, and the fastest to check.
        line.must.sort_by_key(|set| set.len());
        let mut words = Vec::new();
        line.empty = pattern.takes_nothing();
        if !firsts(pattern, &mut words).open {
            words.sort_unstable();
            words.dedup();
            line.first = Some(words);
        }
        line
    }

    /// The number of its nodes.
    pub(super) fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the empty sentence matches.
    pub(super) fn takes_nothing(&self) -> bool {
        self.empty
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    /// Builds `pattern` in front of `next`.
    fn build(&mut self, pattern: &Pattern, next: NodeId) -> NodeId {
        match pattern {
            Pattern::Word(id) => self.add(Node::Word(*id, next)),
            Pattern::Slot(slot) => self.add(Node::Slot(*slot as u32, next)),
            Pattern::Pause => self.add(Node::Pause(next)),
            Pattern::Many(item) => {
                // The body leads back to the fork in front of it. It always takes a word, as the
                // pattern reader has made sure, so the search makes progress.
                let fork = self.add(Node::Split(Part::default()));
                let body = self.build(item, fork);
                self.nodes[fork as usize] = Node::Split(Part::add(&mut self.forks, &[next, body]));
                fork
            }
            Pattern::Seq(items) => {
                items.iter().rev().fold(next, |next, item| self.build(item, next))
            }
            Pattern::Any(options) => {
                // Single words of a choice are one node: most choices are just that.
                let mut words: Vec<WordId> = Vec::new();
                let mut nodes = Vec::new();
                for option in options {
                    match option {
                        Pattern::Word(id) => words.push(*id),
                        Pattern::Slot(_)
                        | Pattern::Pause
                        | Pattern::Seq(_)
                        | Pattern::Any(_)
                        | Pattern::Many(_) => {
                            nodes.push(self.build(option, next));
                        }
                    }
                }
                words.sort_unstable();
                words.dedup();
                match words.as_slice() {
                    [] => {}
                    [only] => nodes.insert(0, self.add(Node::Word(*only, next))),
                    words => {
                        let words = Part::add(&mut self.words, words);
                        nodes.insert(0, self.add(Node::Words(words, next)));
                    }
                }
                match nodes.as_slice() {
                    [one] => *one,
                    nodes => {
                        let nodes = Part::add(&mut self.forks, nodes);
                        self.add(Node::Split(nodes))
                    }
                }
            }
        }
    }

    /// Whether the sentence contains the words that every match of this line needs.
    pub(super) fn possible(&self, present: &[u64]) -> bool {
        self.must
            .iter()
            .all(|set| set.iter().any(|id| present[*id as usize / 64] & (1 << (*id % 64)) != 0))
    }

    /// The cheapest match of the tokens `from..to`, if it costs less than `limit`.
    pub(super) fn find(
        &self,
        search: &mut Search<'_>,
        from: usize,
        to: usize,
        limit: u32,
    ) -> Option<Found> {
        let width = to - from + 1;
        search.costs.clear();
        search.costs.resize(self.nodes.len() * width, UNSEEN);
        let frame = Frame { line: self, from, to, width };
        let cost = frame.cost(search, self.entry, from);
        if cost >= limit {
            return None;
        }
        let mut taken = Vec::new();
        frame.walk(search, &mut taken);
        Some(Found { cost, taken })
    }
}

impl Line {
    /// Whether a match begins with the tokens `from..to` and goes on after them. Words in an open
    /// slot, which takes any, prove nothing until a word of the line follows.
    pub(super) fn begins(&self, search: &mut Search<'_>, from: usize, to: usize) -> bool {
        let width = to - from + 1;
        // Every pair of node and token is visited once, or twice if an open slot leads to it.
        let mut seen = vec![[false; 2]; self.nodes.len() * width];
        let mut next = vec![(self.entry, from, false)];
        while let Some((node, at, loose)) = next.pop() {
            let seen = &mut seen[node as usize * width + (at - from)][usize::from(loose)];
            if std::mem::replace(seen, true) {
                continue;
            }
            match self.nodes[node as usize] {
                Node::Accept => {}
                Node::Word(..) | Node::Words(..) | Node::Slot(..) if at == to => {
                    if !loose {
                        return true;
                    }
                }
                Node::Word(word, then) => {
                    if word == search.scan.id(at) {
                        next.push((then, at + 1, false));
                    }
                }
                Node::Words(words, then) => {
                    if has(words.of(&self.words), search.scan.id(at)) {
                        next.push((then, at + 1, false));
                    }
                }
                Node::Slot(slot, then) => {
                    let kind = self.slots[slot as usize].kind;
                    for i in search.range(kind, at) {
                        let end = search.matches[i].end;
                        if end <= to {
                            next.push((then, end, kind.takes_any_words()));
                        }
                    }
                }
                Node::Pause(then) => next.push((then, at, loose)),
                Node::Split(nodes) => {
                    next.extend(nodes.of(&self.forks).iter().map(|node| (*node, at, loose)));
                }
            }
        }
        false
    }
}

/// The memory of one sentence's search: slot matches by kind and position, costs of one line.
pub(super) struct Search<'a> {
    pub(super) scan: Scan<'a>,
    costs: Vec<u32>,
    matches: Vec<Match>,
    /// By kind and position: where its matches begin and how many there are.
    index: Vec<Option<(u32, u32)>>,
}

impl<'a> Search<'a> {
    /// A search over the tokens of `scan`.
    pub(super) fn new(scan: Scan<'a>) -> Self {
        let size = KINDS.len() * (scan.tokens.len() + 1);
        Self { scan, costs: Vec::new(), matches: Vec::new(), index: vec![None; size] }
    }

    fn range(&mut self, kind: Kind, at: usize) -> std::ops::Range<usize> {
        let key = kind as usize * (self.scan.tokens.len() + 1) + at;
        let (start, count) = match self.index[key] {
            Some(range) => range,
            None => {
                let start = self.matches.len();
                slot::matches(&self.scan, kind, at, &mut self.matches);
                let range = (start as u32, (self.matches.len() - start) as u32);
                self.index[key] = Some(range);
                range
            }
        };
        start as usize..(start + count) as usize
    }
}

struct Frame<'l> {
    line: &'l Line,
    from: usize,
    to: usize,
    width: usize,
}

impl Frame<'_> {
    /// The lowest cost from `node` at token `at` to the end.
    fn cost(&self, search: &mut Search<'_>, node: NodeId, at: usize) -> u32 {
        let key = node as usize * self.width + (at - self.from);
        if search.costs[key] != UNSEEN {
            return search.costs[key];
        }
        let cost = match self.line.nodes[node as usize] {
            Node::Accept => {
                if at == self.to {
                    0
                } else {
                    FAIL
                }
            }
            Node::Word(word, next) => {
                if at < self.to && word == search.scan.id(at) {
                    self.cost(search, next, at + 1)
                } else {
                    FAIL
                }
            }
            Node::Words(words, next) => {
                if at < self.to && has(words.of(&self.line.words), search.scan.id(at)) {
                    self.cost(search, next, at + 1)
                } else {
                    FAIL
                }
            }
            Node::Pause(next) => {
                if search.scan.tokens.get(at).is_some_and(|t| t.pause) {
                    self.cost(search, next, at)
                } else {
                    FAIL
                }
            }
            Node::Split(nodes) => {
                let mut best = FAIL;
                for next in nodes.of(&self.line.forks) {
                    best = best.min(self.cost(search, *next, at));
                    if best == 0 {
                        break;
                    }
                }
                best
            }
            Node::Slot(slot, next) => {
                let mut best = FAIL;
                if at < self.to {
                    for i in search.range(self.line.slots[slot as usize].kind, at) {
                        let (end, own) = (search.matches[i].end, search.matches[i].cost);
                        if end <= self.to && own < best {
                            let rest = self.cost(search, next, end);
                            best = best.min(own.saturating_add(rest)).min(FAIL);
                        }
                        if best == 0 {
                            break;
                        }
                    }
                }
                best
            }
        };
        search.costs[key] = cost;
        cost
    }

    /// Follows the cheapest path again and records what the slots took.
    fn walk(&self, search: &mut Search<'_>, out: &mut Vec<(usize, Match)>) {
        let (mut node, mut at) = (self.line.entry, self.from);
        // Each step reaches another pair of node and token.
        for _ in 0..self.line.nodes.len() * self.width {
            let cost = self.cost(search, node, at);
            match self.line.nodes[node as usize] {
                Node::Accept => return,
                Node::Word(_, next) | Node::Words(_, next) => (node, at) = (next, at + 1),
                Node::Pause(next) => node = next,
                Node::Split(nodes) => {
                    let next = nodes
                        .of(&self.line.forks)
                        .iter()
                        .find(|n| self.cost(search, **n, at) == cost);
                    let Some(next) = next else { return };
                    node = *next;
                }
                Node::Slot(slot, next) => {
                    let kind = self.line.slots[slot as usize].kind;
                    let found = search.range(kind, at).find(|i| {
                        let (end, own) = (search.matches[*i].end, search.matches[*i].cost);
                        end <= self.to && own.saturating_add(self.cost(search, next, end)) == cost
                    });
                    let Some(i) = found else { return };
                    let taken = search.matches[i].clone();
                    at = taken.end;
                    out.push((slot as usize, taken));
                    node = next;
                }
            }
        }
    }
}

fn has(words: &[WordId], id: WordId) -> bool {
    if words.len() <= 8 { words.contains(&id) } else { words.binary_search(&id).is_ok() }
}

/// Word sets of which every match contains a word, the smallest for each stretch.
fn musts(pattern: &Pattern) -> Vec<Box<[WordId]>> {
    match pattern {
        Pattern::Word(id) => vec![[*id].into()],
        Pattern::Slot(_) | Pattern::Pause | Pattern::Many(_) => Vec::new(),
        Pattern::Seq(items) => items.iter().flat_map(musts).collect(),
        Pattern::Any(options) => {
            let mut union: Vec<WordId> = Vec::new();
            for option in options {
                match musts(option).into_iter().min_by_key(|set| set.len()) {
                    Some(set) => union.extend(set),
                    None => return Vec::new(),
                }
            }
            union.sort_unstable();
            union.dedup();
            vec![union.into()]
        }
    }
}

struct First {
    open: bool,
    empty: bool,
}

/// Collects the words that can begin a match. `open` if a slot can, `empty` if nothing must.
fn firsts(pattern: &Pattern, words: &mut Vec<WordId>) -> First {
    match pattern {
        Pattern::Word(id) => {
            words.push(*id);
            First { open: false, empty: false }
        }
        Pattern::Slot(_) => First { open: true, empty: false },
        Pattern::Pause => First { open: false, empty: true },
        Pattern::Many(item) => First { empty: true, ..firsts(item, words) },
        Pattern::Seq(items) => {
            let mut open = false;
            for item in items {
                let first = firsts(item, words);
                open |= first.open;
                if !first.empty {
                    return First { open, empty: false };
                }
            }
            First { open, empty: true }
        }
        Pattern::Any(options) => {
            let mut all = First { open: false, empty: false };
            for option in options {
                let first = firsts(option, words);
                all.open |= first.open;
                all.empty |= first.empty;
            }
            all
        }
    }
}
