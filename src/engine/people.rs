//! Tells speakers apart in a recording too long to be transcribed at once.

use std::sync::Arc;

use super::Segment;
use crate::base::LISTEN_RATE;

/// The most voices that an engine can be given in advance.
const MOST: usize = 4;

/// Minimum and maximum length of a voice sample, in seconds.
const SHORTEST: f64 = 2.0;
const LONGEST: f64 = 10.0;

/// A voice heard before.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The speaker name in its segments.
    pub name: String,
    /// A sample of it, at the rate of an utterance: 2 to 10 s.
    pub pcm: Arc<[f32]>,
}

/// The people of a recording that is transcribed piece by piece. An engine names them anew in each
/// piece; here they keep their names, and no two people ever share one.
///
/// Somebody who speaks again in the next piece is recognized by a voice sample. Without one,
/// because they spoke too little or there are too many people, the same person gets another name:
/// better one person under two names than two people under one.
#[derive(Debug, Default)]
pub struct People(Vec<Person>);

#[derive(Debug)]
struct Person {
    name: String,
    /// Seconds of speech so far.
    spoken: f64,
    /// Their longest segment, and its length in seconds.
    sample: (f64, Arc<[f32]>),
}

impl People {
    /// The voices to pass with the next piece: of those with a sample, the ones who spoke most.
    pub fn known(&self) -> Arc<[Known]> {
        let mut all: Vec<&Person> =
            self.0.iter().filter(|person| person.sample.0 >= SHORTEST).collect();
        all.sort_by(|one, other| other.spoken.total_cmp(&one.spoken));
        let known = all.into_iter().take(MOST);
        known.map(|p| Known { name: given(&p.name), pcm: Arc::clone(&p.sample.1) }).collect()
    }

    /// Renames the speakers in the `segments` of a piece to their permanent names, and learns their
    /// voices from its sound.
    pub fn settle(&mut self, pcm: &[f32], segments: &mut [Segment]) {
        let before = self.0.len();
        let mut here: Vec<(String, usize)> = Vec::new();
        for segment in segments {
            let Some(label) = &segment.speaker else { continue };
            let at = match here.iter().find(|(other, _)| other == label) {
                Some((_, at)) => *at,
                None => {
                    let old = self.0[..before].iter().position(|p| given(&p.name) == *label);
                    let at = old.unwrap_or_else(|| self.join(label));
                    here.push((label.clone(), at));
                    at
                }
            };
            let person = &mut self.0[at];
            segment.speaker = Some(person.name.clone());
            let length = segment.to - segment.from;
            person.spoken += length;
            if length > person.sample.0 {
                let sample = &pcm[at_second(pcm, segment.from)..];
                let sample = &sample[..at_second(sample, length.min(LONGEST))];
                person.sample = (sample.len() as f64 / f64::from(LISTEN_RATE.0), sample.into());
            }
        }
    }

    /// Adds a person, under the engine's own name if it is free.
    fn join(&mut self, label: &str) -> usize {
        let taken = |name: &str| self.0.iter().any(|person| person.name == name);
        let letters = ('A'..='Z').map(String::from);
        let numbers = (1..).map(|number| format!("Speaker {number}"));
        let mut names = std::iter::once(label.to_owned()).chain(letters).chain(numbers);
        let name = names.find(|name| !taken(name)).unwrap_or_default();
        self.0.push(Person { name, spoken: 0.0, sample: (0.0, Arc::default()) });
        self.0.len() - 1
    }
}

/// The name by which an engine is told about a person: one that it would not assign itself.
fn given(name: &str) -> String {
    format!("known_{}", name.replace(' ', "_"))
}

/// The index of the sample at `second`, within the sound.
fn at_second(pcm: &[f32], second: f64) -> usize {
    // Negative ones become zero.
    ((second * f64::from(LISTEN_RATE.0)) as usize).min(pcm.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(from: f64, to: f64, speaker: &str) -> Segment {
        Segment { from, to, speaker: Some(speaker.into()), text: "Words.".into() }
    }

    fn names(people: &mut People, seconds: usize, segments: &[(f64, f64, &str)]) -> Vec<String> {
        let mut segments: Vec<_> = segments.iter().map(|(f, t, who)| said(*f, *t, who)).collect();
        people.settle(&vec![0.5; seconds * 16_000], &mut segments);
        segments.into_iter().filter_map(|segment| segment.speaker).collect()
    }

    #[test]
    fn a_known_voice_keeps_its_name_and_nobody_gets_that_of_another() {
        let mut people = People::default();
        assert_eq!(people.known().len(), 0);
        let first = [(0.0, 3.0, "A"), (3.0, 4.0, "B"), (4.0, 30.0, "A")];
        assert_eq!(names(&mut people, 30, &first), ["A", "B", "A"]);
        // B has spoken too little.
        let known = people.known();
        assert_eq!(known.iter().map(|k| &*k.name).collect::<Vec<_>>(), ["known_A"]);
        assert_eq!(known[0].pcm.len(), 160_000);
        let next = [(0.0, 2.5, "A"), (2.5, 5.0, "known_A"), (5.0, 9.0, "B"), (9.0, 10.0, "A")];
        assert_eq!(names(&mut people, 10, &next), ["C", "A", "D", "C"]);
        let known: Vec<_> = people.known().iter().map(|known| known.name.clone()).collect();
        assert_eq!(known, ["known_A", "known_D", "known_C"]);
    }

    #[test]
    fn of_many_people_those_who_speak_most_are_known() {
        let mut people = People::default();
        let all: Vec<_> =
            (0..6).map(|at| (f64::from(at) * 10.0, f64::from(at) * 11.0 + 3.0)).collect();
        let labels = ["A", "B", "C", "D", "E", "F"];
        let said: Vec<_> = all.iter().zip(labels).map(|((f, t), who)| (*f, *t, who)).collect();
        assert_eq!(names(&mut people, 60, &said), labels);
        let known: Vec<_> = people.known().iter().map(|known| known.name.clone()).collect();
        assert_eq!(known, ["known_F", "known_E", "known_D", "known_C"]);
    }
}
