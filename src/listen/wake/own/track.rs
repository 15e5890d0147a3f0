use super::Embedding;
use super::lens::product;

/// Compares the end of what was heard with one recording, step by step: dynamic time warping with a
/// free start. Each row of the recording is passed; a step of the sound may be skipped between two
/// rows, or a row held for one more, so the word may be said at half to double the speed.
#[derive(Clone, Debug)]
pub(super) struct Track {
    rows: Vec<Embedding>,
    /// The cheapest way to each row at the last step, and at the one before.
    last: Vec<Way>,
    before: Vec<Way>,
}

/// A way through the recording to one of its rows.
#[derive(Clone, Copy, Debug)]
struct Way {
    cost: f32,
    steps: f32,
    /// Whether the last step held the row.
    held: bool,
}

/// No way.
const NONE: Way = Way { cost: f32::INFINITY, steps: 1.0, held: false };

impl Way {
    fn mean(&self) -> f32 {
        self.cost / self.steps
    }
}

impl Track {
    /// Of a recording's embeddings, through the lens.
    pub(super) fn new(rows: Vec<Embedding>) -> Self {
        let none = vec![NONE; rows.len()];
        Self { rows, last: none.clone(), before: none }
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        self.last.fill(NONE);
        self.before.fill(NONE);
    }

    /// Takes the next step, through the lens; returns how far its end is from the recording: the
    /// mean of 1 less the cosine, 0.0..=2.0, or infinite.
    pub(super) fn hear(&mut self, seen: &Embedding) -> f32 {
        // The oldest ways are overwritten from the end, as each row needs those before it.
        for row in (0..self.rows.len()).rev() {
            let cost = 1.0 - product(&self.rows[row], seen);
            let way = match row.checked_sub(1) {
                None => Way { cost, steps: 1.0, held: false },
                Some(previous) => {
                    let hold = Way { held: true, ..self.last[row] };
                    let hold = if self.last[row].held { NONE } else { hold };
                    let ways = [self.last[previous], self.before[previous]];
                    let best = ways
                        .into_iter()
                        .map(|way| Way { held: false, ..way })
                        .fold(hold, |best, way| if way.mean() < best.mean() { way } else { best });
                    Way { cost: best.cost + cost, steps: best.steps + 1.0, held: best.held }
                }
            };
            self.before[row] = way;
        }
        std::mem::swap(&mut self.last, &mut self.before);
        self.last.last().map_or(f32::INFINITY, Way::mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A direction of its own for each number.
    fn seen(n: usize) -> Embedding {
        let mut seen = [0.0; 96];
        seen[n] = 1.0;
        seen
    }

    fn heard(track: &mut Track, steps: &[usize]) -> Vec<f32> {
        steps.iter().map(|n| track.hear(&seen(*n))).collect()
    }

    #[test]
    fn the_same_word_is_found_at_another_speed_and_in_the_midst_of_others() {
        let mut track = Track::new([1, 2, 3, 4].map(seen).to_vec());
        let steps = heard(&mut track, &[9, 8, 1, 2, 3, 4, 7]);
        assert_eq!((steps[5], steps[2]), (0.0, f32::INFINITY));
        assert!(steps[6] > 0.1, "{steps:?}");
        assert_eq!(heard(&mut track, &[1, 1, 2, 2, 3, 3, 4, 4])[7], 0.0);
        assert_eq!(heard(&mut track, &[1, 9, 2, 9, 3, 9, 4])[6], 0.0);
        let halves = heard(&mut track, &[3, 4, 1, 2]);
        assert!(halves[3] > 0.4, "{halves:?}");
        heard(&mut track, &[1, 2, 3]);
        track.reset();
        assert_eq!(heard(&mut track, &[4]), [f32::INFINITY]);
    }
}
