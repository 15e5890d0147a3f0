//! The Fourier transform of sixteen-bit samples that the wake word models were trained with.

/// Real samples per transform.
pub(super) const SAMPLES: usize = 512;

/// Output frequencies: 0 to half the sampling rate.
pub(super) const BINS: usize = SAMPLES / 2 + 1;

/// Complex values of the inner transform, which takes the real samples in pairs.
const HALF: usize = SAMPLES / 2;

/// A complex number with fifteen fractional bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Complex {
    pub(super) re: i16,
    pub(super) im: i16,
}

/// A fixed-point transform of [`SAMPLES`] real samples, bit-exact with kissfft, which computed the
/// features that the models were trained on: radix 4, every stage scaled down by four.
pub(super) struct Fft {
    twiddles: [Complex; HALF],
    /// The rotations that separate the pairs.
    unpack: [Complex; HALF / 2],
    /// Where each value goes before the first stage.
    order: [u8; HALF],
    work: [Complex; HALF],
}

impl Fft {
    pub(super) fn new() -> Self {
        use std::f64::consts::PI;
        let order = std::array::from_fn(|n| {
            // The digits of the index in base four, reversed.
            let n = n as u8;
            (n & 3) << 6 | (n >> 2 & 3) << 4 | (n >> 4 & 3) << 2 | n >> 6
        });
        Self {
            twiddles: std::array::from_fn(|n| turn(-2.0 * PI * n as f64 / HALF as f64)),
            unpack: std::array::from_fn(|n| turn(-PI * ((n + 1) as f64 / HALF as f64 + 0.5))),
            order,
            work: [Complex::default(); HALF],
        }
    }

    /// The spectrum of `samples`, one 512th of their sum per frequency.
    pub(super) fn run(&mut self, samples: &[i16; SAMPLES], out: &mut [Complex; BINS]) {
        let (pairs, _) = samples.as_chunks::<2>();
        for (to, from) in self.work.iter_mut().zip(self.order) {
            let [re, im] = pairs[usize::from(from)];
            *to = Complex { re, im };
        }
        let mut length = 1;
        while length < HALF {
            for group in self.work.chunks_exact_mut(4 * length) {
                stage(group, length, &self.twiddles);
            }
            length *= 4;
        }
        self.take_apart(out);
    }

    /// Converts the spectrum of pairs to that of the samples.
    fn take_apart(&self, out: &mut [Complex; BINS]) {
        let zero = self.work[0].halved();
        out[0] = Complex { re: zero.re.wrapping_add(zero.im), im: 0 };
        out[HALF] = Complex { re: zero.re.wrapping_sub(zero.im), im: 0 };
        for k in 1..=HALF / 2 {
            let low = self.work[k].halved();
            let mirrored = self.work[HALF - k];
            let high = Complex { re: mirrored.re, im: mirrored.im.wrapping_neg() }.halved();
            let even = low.plus(high);
            let odd = low.minus(high).times(self.unpack[k - 1]);
            let half = |sum: i32| (sum >> 1) as i16;
            let wide = |z: Complex| (i32::from(z.re), i32::from(z.im));
            let ((even_re, even_im), (odd_re, odd_im)) = (wide(even), wide(odd));
            out[k] = Complex { re: half(even_re + odd_re), im: half(even_im + odd_im) };
            out[HALF - k] = Complex { re: half(even_re - odd_re), im: half(odd_im - even_im) };
        }
    }
}

/// Combines four transforms of `length` values into one of `4 * length`.
fn stage(group: &mut [Complex], length: usize, twiddles: &[Complex; HALF]) {
    let step = HALF / (4 * length);
    let (first, rest) = group.split_at_mut(length);
    let (second, rest) = rest.split_at_mut(length);
    let (third, fourth) = rest.split_at_mut(length);
    for n in 0..length {
        let a = first[n].quartered();
        let b = second[n].quartered().times(twiddles[n * step]);
        let c = third[n].quartered().times(twiddles[2 * n * step]);
        let d = fourth[n].quartered().times(twiddles[3 * n * step]);
        let (near, far) = (a.plus(c), a.minus(c));
        let (sum, difference) = (b.plus(d), b.minus(d));
        first[n] = near.plus(sum);
        third[n] = near.minus(sum);
        // The difference, rotated by a quarter turn.
        let turned = Complex { re: difference.im, im: difference.re.wrapping_neg() };
        second[n] = far.plus(turned);
        fourth[n] = far.minus(turned);
    }
}

/// The unit vector at `phase`.
fn turn(phase: f64) -> Complex {
    let fixed = |value: f64| (0.5 + 32_767.0 * value).floor() as i16;
    Complex { re: fixed(phase.cos()), im: fixed(phase.sin()) }
}

/// Rounds thirty fractional bits to fifteen.
fn round(product: i32) -> i16 {
    (product.wrapping_add(1 << 14) >> 15) as i16
}

impl Complex {
    fn scaled(self, by: i32) -> Self {
        let scale = |value: i16| round(i32::from(value) * by);
        Self { re: scale(self.re), im: scale(self.im) }
    }

    fn halved(self) -> Self {
        self.scaled(32_767 / 2)
    }

    fn quartered(self) -> Self {
        self.scaled(32_767 / 4)
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re.wrapping_add(other.re), im: self.im.wrapping_add(other.im) }
    }

    fn minus(self, other: Self) -> Self {
        Self { re: self.re.wrapping_sub(other.re), im: self.im.wrapping_sub(other.im) }
    }

    fn times(self, other: Self) -> Self {
        let product = |a: i16, b: i16| i32::from(a) * i32::from(b);
        Self {
            re: round(product(self.re, other.re).wrapping_sub(product(self.im, other.im))),
            im: round(product(self.re, other.im).wrapping_add(product(self.im, other.re))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_stands_at_its_own_frequency() {
        let tone = |n: usize| (std::f64::consts::TAU * 20.0 * n as f64 / 512.0).cos() * 30_000.0;
        let samples = std::array::from_fn(|n| tone(n) as i16);
        let mut out = [Complex::default(); BINS];
        Fft::new().run(&samples, &mut out);
        for (bin, value) in out.iter().enumerate() {
            let power = i32::from(value.re).pow(2) + i32::from(value.im).pow(2);
            let expected = if bin == 20 { 14_700..15_100 } else { 0..12 };
            assert!(expected.contains(&power.isqrt()), "{bin}: {value:?}");
        }
    }
}
