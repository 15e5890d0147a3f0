use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::base::Moment;
use crate::tool::{EntryId, Ring, RingKind};

/// How long a timer rings when nobody answers.
const TIMER_RINGS: Duration = Duration::from_secs(120);

/// How long an alarm rings when nobody answers.
const ALARM_RINGS: Duration = Duration::from_secs(600);

/// Anything due longer ago than this gets one round only: somebody who comes home in the evening
/// need not be woken for the morning.
const STALE: SignedDuration = SignedDuration::from_hours(1);

/// Silence after a round without words, and after one with words: long enough for the user to be
/// heard.
const REST: Duration = Duration::from_millis(2_000);
const REST_AFTER_WORDS: Duration = Duration::from_millis(3_500);

/// How long to wait before trying again after a round that nobody can have heard.
const RETRY: Duration = Duration::from_secs(5);

/// Every this many rounds the words are repeated.
const SAY_EVERY: u32 = 4;

/// Rounds at one loudness before the next step.
const STEP_ROUNDS: u32 = 3;

/// Gain of the tone at each step (1.0 is the original, which peaks at 0.25), and the minimum
/// speaker volume in percent, enforced even when muted.
const STEPS: [(f32, u8); 5] = [(0.6, 40), (0.9, 50), (1.2, 60), (1.6, 70), (2.0, 80)];

/// How many rings are named; the rest are only counted.
const NAMED: usize = 3;

/// Rings until somebody answers: decides when the next round sounds, how loud, with which words,
/// and when to give up. Pure: time is an argument.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Vec<Rung>,
    phase: Phase,
    /// Rounds heard since ringing began.
    rounds: u32,
    /// Entries that are over here but not yet confirmed by the book.
    over: BTreeSet<EntryId>,
}

/// One ring, and for how long it has been heard.
#[derive(Debug)]
struct Rung {
    ring: Ring,
    heard: Duration,
    said: bool,
    /// When it was first announced: a ring that goes on is not thereby late.
    first: Option<Timestamp>,
}

#[derive(Debug, Default, PartialEq)]
enum Phase {
    /// Nothing rings.
    #[default]
    Silent,
    /// The next round may start as soon as nobody speaks.
    Wanted,
    /// A round was handed out and has not ended.
    Sounding { since: Moment, words: bool },
    /// Between two rounds.
    Resting { since: Moment, until: Moment },
}

/// One round.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Round {
    /// Gain of the tone.
    pub(super) tone: f32,
    /// Minimum speaker volume in percent.
    pub(super) floor: u8,
    /// Words after the tone; empty in most rounds.
    pub(super) words: String,
}

/// How much of a round was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// It sounded.
    Heard,
    /// Nothing of it sounded.
    Unheard,
}

impl Bell {
    /// Takes over what the book says is due. True if that changes what rings.
    pub(super) fn set(&mut self, due: &[Ring]) -> bool {
        let before = self.ids();
        self.over.retain(|id| due.iter().any(|ring| ring.id == *id));
        self.rung.retain(|rung| due.contains(&rung.ring));
        for ring in due.iter().filter(|ring| !self.over.contains(&ring.id)) {
            if !self.rung.iter().any(|rung| rung.ring.id == ring.id) {
                let rung =
                    Rung { ring: ring.clone(), heard: Duration::ZERO, said: false, first: None };
                self.rung.push(rung);
                // A new ring need not wait out the rest between rounds of another one.
                if let Phase::Silent | Phase::Resting { .. } = self.phase {
                    self.phase = Phase::Wanted;
                }
            }
        }
        self.settle();
        before != self.ids()
    }

    /// What rings, longest due first.
    pub(super) fn ringing(&self) -> impl Iterator<Item = &Ring> {
        self.rung.iter().map(|rung| &rung.ring)
    }

    /// Whether anything rings.
    pub(super) fn rings(&self) -> bool {
        !self.rung.is_empty()
    }

    /// Whether a round is sounding.
    pub(super) fn sounds(&self) -> bool {
        matches!(self.phase, Phase::Sounding { .. })
    }

    /// When [`Bell::next`] or [`Bell::give_up`] should be called.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.phase {
            Phase::Resting { until, .. } => Some(until),
            Phase::Silent | Phase::Wanted | Phase::Sounding { .. } => None,
        }
    }

    /// Whether a round is due.
    pub(super) fn wants(&mut self, now: Moment) -> bool {
        self.rest_over(now);
        self.phase == Phase::Wanted
    }

    /// The speaker is back: retry an unheard round immediately.
    pub(super) fn hurry(&mut self) {
        if let Phase::Resting { .. } = self.phase {
            self.phase = Phase::Wanted;
        }
    }

    /// The next round, if one is due. Call only while nobody speaks and there is a speaker. `wall`
    /// is the time of day, for the words.
    pub(super) fn next(&mut self, now: Moment, wall: Timestamp) -> Option<Round> {
        self.rest_over(now);
        if self.phase != Phase::Wanted {
            return None;
        }
        let new = self.rung.iter().any(|rung| !rung.said);
        let words = new || self.rounds.is_multiple_of(SAY_EVERY);
        let step = (self.rounds / STEP_ROUNDS) as usize;
        let (tone, floor) = STEPS[step.min(STEPS.len() - 1)];
        self.phase = Phase::Sounding { since: now, words };
        let words = if words {
            self.rung.iter_mut().for_each(|rung| rung.first = rung.first.or(Some(wall)));
            self.words(wall)
        } else {
            String::new()
        };
        Some(Round { tone, floor, words })
    }

    /// The round ended, complete or cut.
    pub(super) fn ended(&mut self, now: Moment, hearing: Hearing) {
        let Phase::Sounding { since, words } = self.phase else { return };
        let rest = match hearing {
            Hearing::Heard => {
                self.rounds += 1;
                let took = now.since(since);
                for rung in &mut self.rung {
                    rung.heard += took;
                    rung.said |= words;
                }
                if words { REST_AFTER_WORDS } else { REST }
            }
            Hearing::Unheard => RETRY,
        };
        // Time that was not heard does not count towards giving up, so neither does its rest.
        let since = if hearing == Hearing::Heard { now } else { now + rest };
        self.phase = Phase::Resting { since, until: now + rest };
        self.settle();
    }

    /// Entries that rang unanswered for their full time; they stop ringing.
    pub(super) fn give_up(&mut self, now: Moment, wall: Timestamp) -> Vec<EntryId> {
        self.rest_over(now);
        if self.sounds() {
            return Vec::new();
        }
        let vain =
            |rung: &Rung| rung.heard > Duration::ZERO && rung.heard >= limit(&rung.ring, wall);
        let ids: Vec<EntryId> =
            self.rung.iter().filter(|rung| vain(rung)).map(|rung| rung.ring.id).collect();
        self.end(&ids);
        ids
    }

    /// Somebody answered: nothing rings any more. Returns what did.
    pub(super) fn answer(&mut self) -> Vec<EntryId> {
        let ids = self.ids();
        self.end(&ids);
        ids
    }

    fn end(&mut self, ids: &[EntryId]) {
        self.over.extend(ids);
        self.rung.retain(|rung| !ids.contains(&rung.ring.id));
        self.settle();
    }

    fn settle(&mut self) {
        if self.rung.is_empty() {
            self.phase = Phase::Silent;
            self.rounds = 0;
        }
    }

    fn rest_over(&mut self, now: Moment) {
        if let Phase::Resting { since, until } = self.phase
            && until <= now
        {
            for rung in &mut self.rung {
                rung.heard += until.since(since);
            }
            self.phase = Phase::Wanted;
        }
    }

    fn ids(&self) -> Vec<EntryId> {
        self.ringing().map(|ring| ring.id).collect()
    }

    fn words(&self, wall: Timestamp) -> String {
        let say = |rung: &Rung| rung.ring.say(rung.first.unwrap_or(wall));
        let mut words: Vec<String> = self.rung.iter().take(NAMED).map(say).collect();
        match self.rung.len().saturating_sub(NAMED) {
            0 => {}
            1 => words.push("One more is ringing.".into()),
            more => words.push(format!("{more} more are ringing.")),
        }
        words.join(" ")
    }
}

fn limit(ring: &Ring, wall: Timestamp) -> Duration {
    if wall.duration_since(ring.due) > STALE {
        return Duration::ZERO;
    }
    match ring.kind {
        RingKind::Timer { .. } | RingKind::Reminder => TIMER_RINGS,
        RingKind::Alarm { .. } => ALARM_RINGS,
    }
}

/// What words spoken during a ring mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Not meant for us.
    None,
    /// Only an acknowledgement.
    Heard,
    /// Something else; the speaker is present, so the ring ends too.
    Speaks,
}

/// Words that only acknowledge a ring, in English and in German.
const HEARD: &str = "\
    stop|stop it|stop that|okay stop|please stop|stop please|stop ringing|okay|ok|all right|\
    alright|thanks|thank you|okay thanks|okay thank you|yes|yeah|yep|yes yes|got it|i got it|\
    i hear you|i heard you|im up|i am up|im awake|i am awake|im coming|enough|thats enough|\
    quiet|be quiet|shut up|silence|\
    stopp|halt|danke|okay danke|ja|ja ja|ist gut|schon gut|alles klar|ruhe|sei still|hör auf|\
    aus|ich bin wach|ich komme|ich hab es gehört";

/// Interprets words spoken during a ring. `over` means that they began while a round was sounding,
/// so the microphone may have picked up part of it; `own` is what the last rounds said.
pub(super) fn answer(said: &str, over: bool, own: &str) -> Answer {
    let said = plain(said);
    if said.is_empty() {
        return Answer::None;
    }
    let (spoken, own) = (format!(" {said} "), format!(" {} ", plain(own)));
    if own.contains(&spoken) {
        // Our own voice, picked up by the microphone.
        return Answer::None;
    }
    let halves = |word: &str| said == format!("{word} {word}") || said == word;
    if HEARD.split('|').any(halves) {
        return Answer::Heard;
    }
    // A recognizer sometimes hears a tone as a short word.
    if over && !said.contains(' ') && !matches!(said.as_str(), "snooze" | "cancel" | "later") {
        return Answer::None;
    }
    Answer::Speaks
}

/// Lower case, with only letters, digits and single blanks.
fn plain(text: &str) -> String {
    let text = text.to_lowercase();
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, '\'' | '’'))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(id: i64, kind: RingKind, due: &str) -> Ring {
        let clock = jiff::civil::Time::constant(7, 0, 0, 0);
        Ring { id: EntryId(id), label: None, kind, due: due.parse().unwrap(), clock }
    }

    fn timer(id: i64) -> Ring {
        ring(id, RingKind::Timer { seconds: 600 }, DUE)
    }

    fn alarm(id: i64) -> Ring {
        ring(id, RingKind::Alarm { time: jiff::civil::Time::constant(7, 0, 0, 0) }, DUE)
    }

    const DUE: &str = "2026-11-03T07:00:00Z";

    fn wall() -> Timestamp {
        DUE.parse().unwrap()
    }

    /// Runs the bell with rounds of two seconds until it is silent or `seconds` are over. Returns
    /// the rounds and the entries given up, each with its time in seconds.
    #[allow(clippy::type_complexity, reason = "the rounds and the ends, each with its moment")]
    fn run(bell: &mut Bell, from: u64, seconds: u64) -> (Vec<(u64, Round)>, Vec<(u64, EntryId)>) {
        let (mut rounds, mut vain) = (Vec::new(), Vec::new());
        // A round of an earlier run has ended by now.
        bell.ended(Moment::from_millis(from * 1_000), Hearing::Heard);
        let mut ends = None;
        for tenth in from * 10..(from + seconds) * 10 {
            let now = Moment::from_millis(tenth * 100);
            if ends.is_some_and(|at| at <= now) {
                ends = None;
                bell.ended(now, Hearing::Heard);
            }
            vain.extend(bell.give_up(now, wall()).into_iter().map(|id| (tenth / 10, id)));
            if let Some(round) = bell.next(now, wall()) {
                ends = Some(now + Duration::from_secs(2));
                rounds.push((tenth / 10, round));
            }
        }
        (rounds, vain)
    }

    #[test]
    fn a_timer_rings_two_minutes_and_an_alarm_ten() {
        for (ring, length) in [(timer(1), 120), (alarm(1), 600)] {
            let mut bell = Bell::default();
            assert!(bell.set(&[ring]));
            let (rounds, vain) = run(&mut bell, 0, 700);
            let (at, id) = vain[0];
            assert!((length..length + 5).contains(&at), "{at}");
            assert_eq!((vain.len(), id), (1, EntryId(1)));
            assert!(!bell.rings());
            assert!(rounds.last().unwrap().0 < at);
        }
    }

    #[test]
    fn it_grows_louder_and_says_again_what_rings() {
        let mut bell = Bell::default();
        bell.set(&[alarm(1)]);
        let (rounds, _) = run(&mut bell, 0, 120);
        let loud: Vec<f32> = rounds.iter().map(|(_, round)| round.tone).collect();
        assert!(loud.is_sorted() && loud[0] < 1.0 && loud.last() == Some(&2.0), "{loud:?}");
        let said: Vec<usize> =
            (0..rounds.len()).filter(|n| !rounds[*n].1.words.is_empty()).collect();
        assert_eq!(said[..3], [0, 4, 8]);
        assert_eq!(rounds[0].1.words, "It's 7 AM. This is your alarm.");
        // It is silent between rounds, so that an answer can be heard.
        assert!(rounds.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 4), "{rounds:?}");
    }

    #[test]
    fn forty_at_once_are_one_ring_and_one_answer_ends_them() {
        let mut bell = Bell::default();
        let all: Vec<Ring> = (1..=40).map(timer).collect();
        bell.set(&all);
        let round = bell.next(Moment::ZERO, wall()).unwrap();
        assert!(round.words.ends_with("37 more are ringing."), "{}", round.words);
        assert_eq!(bell.answer().len(), 40);
        // The book does not know yet.
        assert!(!bell.set(&all));
        assert!(!bell.rings());
        // The same alarm ringing again is a new ring.
        bell.set(&[]);
        assert!(bell.set(&all[..1]));
    }

    #[test]
    fn what_nobody_can_hear_is_tried_again_and_not_given_up() {
        let mut bell = Bell::default();
        bell.set(&[timer(1)]);
        let mut now = Moment::ZERO;
        for _ in 0..1_000 {
            assert!(bell.next(now, wall()).is_some());
            now = now + Duration::from_millis(100);
            bell.ended(now, Hearing::Unheard);
            assert!(bell.give_up(now, wall()).is_empty());
            now = bell.deadline().unwrap();
        }
        assert!(bell.rings());
    }

    #[test]
    fn a_second_ring_is_said_at_once_and_rings_its_own_time() {
        let mut bell = Bell::default();
        bell.set(&[timer(1)]);
        run(&mut bell, 0, 60);
        bell.set(&[timer(1), alarm(2)]);
        let (rounds, vain) = run(&mut bell, 60, 700);
        assert!(rounds[0].0 <= 62 && rounds[0].1.words.contains("alarm"), "{:?}", rounds[0]);
        assert_eq!(vain.iter().map(|(_, id)| id.0).collect::<Vec<_>>(), [1, 2]);
        assert!((120..126).contains(&vain[0].0) && (658..668).contains(&vain[1].0), "{vain:?}");
    }

    #[test]
    fn what_is_long_over_rings_once() {
        let mut bell = Bell::default();
        bell.set(&[ring(1, RingKind::Timer { seconds: 60 }, "2026-11-03T03:00:00Z")]);
        let (rounds, vain) = run(&mut bell, 0, 60);
        assert_eq!((rounds.len(), vain.len()), (1, 1));
        assert_eq!(rounds[0].1.words, "Your 1 minute timer ended 4 hours ago.");
    }

    #[test]
    fn words_end_a_ring_and_its_own_voice_does_not() {
        let own = "Your pasta timer is done.";
        for heard in ["Stop.", "okay", "Okay, okay!", "Thanks.", "I'm up.", "stop stop", "Got it"] {
            assert_eq!(answer(heard, false, own), Answer::Heard, "{heard}");
            assert_eq!(answer(heard, true, own), Answer::Heard, "{heard}");
        }
        for none in ["", " ... ", "Your pasta timer", "pasta timer is done", "Timer."] {
            assert_eq!(answer(none, true, own), Answer::None, "{none}");
        }
        assert_eq!(answer("Ding.", true, own), Answer::None);
        for speaks in ["Snooze.", "five more minutes", "what time is it", "stop the music"] {
            assert_eq!(answer(speaks, true, own), Answer::Speaks, "{speaks}");
        }
        assert_eq!(answer("Hello", false, own), Answer::Speaks);
    }
}
