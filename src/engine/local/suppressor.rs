use std::borrow::Cow;

use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

/// Samples processed at a time: 10 ms.
const FRAME: usize = 160;

/// How many samples the output lags behind the input: the overlap of its windows of 256.
const LAG: usize = 256 - FRAME;

/// Full scale of the suppressor's samples.
const SCALE: f32 = 32_768.0;

/// Samples whose level is one value: 20 ms.
const STRETCH: usize = 320;
/// The shares of the quietest stretches between which steady noise hardly changes, and the decibels
/// that count as hardly. On the prompts of `scripts/wer` with noise at 10 dB this is 0.3 to 0.8 for
/// white and 0.9 to 1.5 for pink noise, and 2.5 at least for voices, a far room, and no noise.
const QUIETEST: f32 = 0.02;
const QUIET: f32 = 0.15;
const STEADY: f32 = 2.0;
/// How much of it is high: the power of its first difference over its own. 2 for white noise, 0.7 for
/// pink noise, of which a recognizer understands as much as of what a suppressor leaves.
const HISSING: f32 = 1.2;
/// The share of the loudest stretches that are speech, and the decibels by which they exceed noise
/// that disturbs: a mean of 15 in the same noise, 26 in the far room.
const LOUDEST: f32 = 0.05;
const CLEAR: f32 = 20.0;
/// Fewer stretches tell nothing about the noise: half a second.
const FEW: usize = 25;

/// `pcm`, mono at 16 kHz, for a recognizer: with less noise where that helps. Only a loud and steady
/// hiss is suppressed, such as a bad microphone's. With other noise a recognizer understands less of
/// what a suppressor leaves:
///
/// | words wrong, noise at 10 dB | as it is | suppressed |
/// |---|---|---|
/// | white noise | 16.8 % | 12.2 % |
/// | pink noise | 10.9 % | 11.6 % |
/// | six voices | 6.0 % | 7.3 % |
/// | a far room | 8.2 % | 10.8 % |
pub(super) fn quieter(pcm: &[f32]) -> Cow<'_, [f32]> {
    if is_hissing(pcm) { Cow::Owned(suppressed(pcm)) } else { Cow::Borrowed(pcm) }
}

/// Whether there is a loud and steady hiss in `pcm`.
fn is_hissing(pcm: &[f32]) -> bool {
    let mut powers: Vec<f32> = pcm.chunks_exact(STRETCH).map(power).collect();
    if powers.len() < FEW {
        return false;
    }
    powers.sort_by(f32::total_cmp);
    let at = |share: f32| powers[(share * powers.len() as f32) as usize];
    let over =
        |a: f32, b: f32| 10.0 * (a.max(f32::MIN_POSITIVE) / b.max(f32::MIN_POSITIVE)).log10();
    let loud = &powers[((1.0 - LOUDEST) * powers.len() as f32) as usize..];
    let loud = loud.iter().sum::<f32>() / loud.len() as f32;
    let steady = over(at(QUIET), at(QUIETEST)) < STEADY && over(loud, at(QUIET)) < CLEAR;
    // Digital silence is steady too.
    steady && at(QUIETEST) > 0.0 && highness(pcm, at(QUIET)) > HISSING
}

/// The mean square of `stretch`.
fn power(stretch: &[f32]) -> f32 {
    stretch.iter().map(|sample| sample * sample).sum::<f32>() / stretch.len() as f32
}

/// The power of the first difference over that of the sound, where it is no louder than `quiet`.
fn highness(pcm: &[f32], quiet: f32) -> f32 {
    let (mut high, mut all) = (0.0, f32::MIN_POSITIVE);
    for stretch in pcm.chunks_exact(STRETCH).filter(|stretch| power(stretch) <= quiet) {
        high += stretch.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f32>();
        all += stretch.iter().map(|sample| sample * sample).sum::<f32>();
    }
    high / all
}

/// `pcm` with its steady noise about 12 dB quieter: the suppressor of WebRTC, ported by the crate
/// `sonora-ns`. It hears all of it first, so that the noise is known from the first word on.
fn suppressed(pcm: &[f32]) -> Vec<f32> {
    let mut suppressor = NoiseSuppressor::new(NsConfig { target_level: SuppressionLevel::K12dB });
    let frame = |at: usize| -> [f32; FRAME] {
        std::array::from_fn(|n| pcm.get(at + n).map_or(0.0, |sample| sample * SCALE))
    };
    for at in (0..pcm.len()).step_by(FRAME) {
        let mut frame = frame(at);
        suppressor.analyze(&frame);
        suppressor.process(&mut frame);
    }
    let mut out = Vec::with_capacity(pcm.len() + LAG + FRAME);
    for at in (0..pcm.len() + LAG).step_by(FRAME) {
        let mut frame = frame(at);
        suppressor.analyze(&frame);
        suppressor.process(&mut frame);
        out.extend(frame.map(|sample| sample / SCALE));
    }
    out.drain(..LAG);
    out.truncate(pcm.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White noise.
    fn hiss(samples: usize, level: f32) -> Vec<f32> {
        let mut seed = 7_u32;
        let next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            level * ((seed >> 8) as f32 / (1 << 23) as f32 - 1.0)
        };
        std::iter::repeat_with(next).take(samples).collect()
    }

    /// Syllables of 200 ms, with pauses of 200 ms.
    fn syllables(samples: usize) -> Vec<f32> {
        let voice = |n: usize| {
            let t = n as f32 / 16_000.0;
            let buzz: f32 =
                (1..20).map(|h| (std::f32::consts::TAU * 140.0 * h as f32 * t).sin()).sum();
            if (n / 3_200).is_multiple_of(2) { 0.0 } else { 0.03 * buzz }
        };
        (0..samples).map(voice).collect()
    }

    fn mixed(level: f32) -> Vec<f32> {
        let pairs = syllables(48_000).into_iter().zip(hiss(48_000, level));
        pairs.map(|(voice, noise)| voice + noise).collect()
    }

    #[test]
    fn loud_and_steady_noise_becomes_quieter_and_the_voice_stays_where_it_was() {
        let noisy = mixed(0.06);
        let clean = quieter(&noisy);
        assert_eq!(clean.len(), noisy.len());
        // A pause, and a syllable.
        let fall = |span: std::ops::Range<usize>| {
            10.0 * (power(&noisy[span.clone()]) / power(&clean[span])).log10()
        };
        assert!(fall(6_800..9_200) > 6.0, "{} dB in a pause", fall(6_800..9_200));
        assert!(fall(3_600..6_000) < 3.0, "{} dB of the voice", fall(3_600..6_000));
        let voice = syllables(48_000);
        let match_at = |lag: usize| -> f32 {
            clean[lag..40_000 + lag].iter().zip(&voice).map(|(a, b)| a * b).sum()
        };
        assert!(match_at(0) > match_at(12) && match_at(0) > match_at(96));
    }

    #[test]
    fn other_sound_is_left_as_it_is() {
        // A fan: low noise.
        let mut low = 0.0;
        let fan = hiss(48_000, 0.06).into_iter().zip(syllables(48_000)).map(|(noise, voice)| {
            low = 0.9 * low + noise;
            low + voice
        });
        let fan = fan.collect();
        for pcm in [mixed(0.0), mixed(0.001), vec![0.0; 48_000], Vec::new(), hiss(4_000, 0.1), fan]
        {
            assert!(matches!(quieter(&pcm), Cow::Borrowed(_)));
        }
    }
}
