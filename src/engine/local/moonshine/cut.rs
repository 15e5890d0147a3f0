use std::ops::Range;

use crate::engine::local::silero::WINDOW;

/// The longest piece transcribed at once, in samples at 16 kHz. The model was trained on pieces of
/// up to 30 s; its work grows with the square of the length.
pub(super) const LONGEST: usize = 16 * 16_000;

/// Probability of speech at which a stretch begins.
const SPEECH: f32 = 0.5;

/// Probability of speech below which a stretch ends.
const STILL_SPEECH: f32 = 0.2;

/// Pauses shorter than this, in samples, stay inside a piece: the context helps the model.
const PAUSE: usize = 2 * 16_000;

/// Sound kept around speech, in samples, since its soft edges score low.
const MARGIN: usize = 16_000 / 4;

/// Cuts a recording of any length into the pieces that contain speech, none longer than
/// [`LONGEST`], in order and without overlap; no pieces if nobody speaks. `track` is the
/// probability of speech for each [`WINDOW`].
pub(super) fn pieces(length: usize, track: &[f32]) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for stretch in stretches(track) {
        let from = (stretch.start * WINDOW).saturating_sub(MARGIN);
        let to = (stretch.end * WINDOW + MARGIN).min(length);
        match pieces.last_mut() {
            Some(last) if from < last.end + PAUSE => last.end = to,
            Some(_) | None => pieces.push(from..to),
        }
    }
    pieces.into_iter().flat_map(|piece| shorter(piece, track)).collect()
}

/// Runs of windows with speech.
fn stretches(track: &[f32]) -> Vec<Range<usize>> {
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for (at, &probability) in track.iter().enumerate() {
        match open {
            None if probability >= SPEECH => open = Some(at),
            Some(start) if probability < STILL_SPEECH => {
                stretches.push(start..at);
                open = None;
            }
            None | Some(_) => {}
        }
    }
    stretches.extend(open.map(|start| start..track.len()));
    stretches
}

/// Cuts `piece` where speech is least likely until no part is too long.
fn shorter(mut piece: Range<usize>, track: &[f32]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    while piece.len() > LONGEST {
        let cut = quietest(piece.start + LONGEST / 3..piece.start + LONGEST, track);
        parts.push(piece.start..cut);
        piece.start = cut;
    }
    parts.push(piece);
    parts
}

/// Cuts `piece` near its middle, where speech is least likely.
pub(super) fn halves(piece: &Range<usize>, track: &[f32]) -> [Range<usize>; 2] {
    let third = piece.len() / 3;
    let cut = quietest(piece.start + third..piece.end - third, track);
    [piece.start..cut, cut..piece.end]
}

/// The sample within `range` where speech is least likely; the latest if there are several.
fn quietest(range: Range<usize>, track: &[f32]) -> usize {
    let around = |window: usize| -> f32 {
        let from = window.saturating_sub(2);
        let to = (window + 3).min(track.len());
        track.get(from..to).map_or(0.0, |near| near.iter().sum())
    };
    let windows = range.start.div_ceil(WINDOW)..range.end / WINDOW;
    let window = windows.rev().min_by(|a, b| around(*a).total_cmp(&around(*b)));
    window.map_or(range.start + range.len() / 2, |window| window * WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A track with speech in the given seconds.
    fn track(seconds: usize, speech: &[Range<usize>]) -> (usize, Vec<f32>) {
        let length = seconds * 16_000;
        let score = |window: usize| {
            let second = window * WINDOW / 16_000;
            if speech.iter().any(|speech| speech.contains(&second)) { 0.9 } else { 0.01 }
        };
        (length, (0..length.div_ceil(WINDOW)).map(score).collect())
    }

    fn seconds(pieces: &[Range<usize>]) -> Vec<(f32, f32)> {
        let tenth = |at: usize| (at as f32 / 1_600.0).round() / 10.0;
        pieces.iter().map(|piece| (tenth(piece.start), tenth(piece.end))).collect()
    }

    #[test]
    fn where_nobody_speaks_there_is_no_piece() {
        let (length, track) = track(60, &[]);
        assert!(pieces(length, &track).is_empty());
        assert!(pieces(0, &[]).is_empty());
    }

    #[test]
    fn a_short_pause_stays_inside_and_a_long_one_parts() {
        let (length, track) = track(30, &[2..4, 5..8, 20..21]);
        assert_eq!(seconds(&pieces(length, &track)), [(1.8, 8.3), (19.8, 21.3)]);
    }

    #[test]
    fn a_long_talk_is_cut_in_its_pauses() {
        let (length, track) = track(90, &[0..20, 21..43, 44..61, 62..90]);
        let pieces = pieces(length, &track);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST), "{pieces:?}");
        let cuts: Vec<usize> = pieces.iter().skip(1).map(|piece| piece.start / 16_000).collect();
        assert!(cuts.iter().any(|cut| [20, 43, 61].contains(cut)), "{cuts:?}");
        assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (0, length));
    }

    #[test]
    fn talk_without_any_pause_is_cut_all_the_same() {
        let (length, track) = track(100, std::slice::from_ref(&(0..100)));
        let pieces = pieces(length, &track);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST), "{pieces:?}");
        assert_eq!(pieces.iter().map(Range::len).sum::<usize>(), length);
    }

    #[test]
    fn halves_meet_in_the_pause() {
        let (_, track) = track(10, &[0..5, 6..10]);
        let [a, b] = halves(&(0..160_000), &track);
        assert_eq!((a.start, b.end), (0, 160_000));
        assert_eq!(a.end, b.start);
        assert_eq!(a.end / 16_000, 5);
    }
}
