//! Recordings as a microphone in a noisy room would have made them. The same each time.

/// Silence around each recording in which only the noise is heard, in samples: 300 ms.
const AROUND: usize = 4_800;

/// How far the noise is below the speech, in decibels: near, and in the far room.
const NEAR_DB: f32 = 10.0;
const FAR_DB: f32 = 20.0;

/// People who talk in the background.
const PEOPLE: usize = 6;
/// How much faster each is played, so that they are six voices and not one.
const PACES: [f32; PEOPLE] = [0.75, 0.8, 0.85, 1.0, 1.1, 1.2];

/// Reverberation of the far room, in samples: 0.5 s; and its reflections, as loud as the direct
/// sound together.
const TAIL: usize = 8_000;
const REFLECTIONS: usize = 400;

/// Kinds of noise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    /// White noise.
    White,
    /// Six people who talk.
    Voices,
    /// Across a room with an echo, with a rumble of its own.
    Far,
}

impl Noise {
    /// The noise called `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "white" => Self::White,
            "voices" => Self::Voices,
            "far" => Self::Far,
            _ => return None,
        })
    }

    /// The share of the words that may be wrong in it.
    pub(crate) const fn budget(self) -> f64 {
        match self {
            Self::White => 0.12,
            Self::Voices => 0.09,
            Self::Far => 0.10,
        }
    }
}

/// Recording `at` of `all` in `noise`.
pub(crate) fn noisy(noise: Noise, all: &[Vec<f32>], at: usize) -> Vec<f32> {
    let mut chance = Chance(at as u32 + 1);
    let mut pcm = vec![0.0; AROUND];
    pcm.extend_from_slice(&all[at]);
    pcm.resize(pcm.len() + AROUND, 0.0);
    let (background, below) = match noise {
        Noise::White => ((0..pcm.len()).map(|_| chance.normal()).collect(), NEAR_DB),
        Noise::Voices => (voices(all, at, pcm.len()), NEAR_DB),
        Noise::Far => {
            pcm = far(&pcm, &mut chance);
            (rumble(pcm.len(), &mut chance), FAR_DB)
        }
    };
    let gain = speech(&pcm) / rms(&background) * 10_f32.powf(-below / 20.0);
    for (sample, noise) in pcm.iter_mut().zip(&background) {
        *sample += gain * noise;
    }
    pcm
}

/// The other recordings at other paces, all at once.
fn voices(all: &[Vec<f32>], at: usize, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    let levels: Vec<f32> = all.iter().map(|pcm| speech(pcm)).collect();
    for (person, pace) in PACES.iter().enumerate() {
        let mut next = at + 1 + 5 * person;
        let mut said = 0.0_f32;
        let mut of = &all[next % all.len()];
        for sample in &mut out {
            if said as usize + 1 >= of.len() {
                (next, said) = (next + PEOPLE, 0.0);
                if next % all.len() == at {
                    next += 1;
                }
                of = &all[next % all.len()];
            }
            let (whole, part) = (said as usize, said.fract());
            *sample += (of[whole] * (1.0 - part) + of[whole + 1] * part) / levels[next % all.len()];
            said += pace;
        }
    }
    out
}

/// `pcm` as it sounds across the room.
fn far(pcm: &[f32], chance: &mut Chance) -> Vec<f32> {
    let mut paths: Vec<(usize, f32)> = (0..REFLECTIONS)
        .map(|_| {
            let at = 40 + (chance.even() * TAIL as f32) as usize;
            (at, chance.normal() * (-6.9 * at as f32 / TAIL as f32).exp())
        })
        .collect();
    let sum = paths.iter().map(|(_, gain)| gain * gain).sum::<f32>().sqrt();
    paths.iter_mut().for_each(|(_, gain)| *gain /= sum);
    paths.push((0, 1.0));
    let mut out = vec![0.0; pcm.len() + TAIL];
    for (at, gain) in paths {
        for (out, sample) in out[at..].iter_mut().zip(pcm) {
            *out += gain * sample;
        }
    }
    out
}

/// Low noise, as of traffic or a fan.
fn rumble(len: usize, chance: &mut Chance) -> Vec<f32> {
    let mut low = 0.0;
    (0..len)
        .map(|_| {
            low = 0.98 * low + chance.normal();
            low + 0.2 * chance.normal()
        })
        .collect()
}

fn rms(pcm: &[f32]) -> f32 {
    (pcm.iter().map(|sample| sample * sample).sum::<f32>() / pcm.len().max(1) as f32).sqrt()
}

/// The level of the speech in `pcm`: of the frames of 10 ms within 30 dB of the loudest.
fn speech(pcm: &[f32]) -> f32 {
    let powers: Vec<f32> = pcm.chunks(160).map(|frame| rms(frame).powi(2)).collect();
    let loudest = powers.iter().fold(0.0, |a: f32, b| a.max(*b));
    let spoken: Vec<f32> = powers.into_iter().filter(|power| *power > 1e-3 * loudest).collect();
    (spoken.iter().sum::<f32>() / spoken.len().max(1) as f32).sqrt()
}

/// Chance that is the same each time.
struct Chance(u32);

impl Chance {
    /// 0..1, evenly.
    fn even(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }

    /// About normal, variance 1.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.even()).sum::<f32>() - 6.0
    }
}
