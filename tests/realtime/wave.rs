//! The encoding of sound, implemented from the standard and not from the client.

/// A sound format on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wave {
    Pcm,
    Ulaw,
    Alaw,
}

impl Wave {
    /// The format of this name, in either dialect.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "audio/pcm" | "pcm16" => Some(Self::Pcm),
            "audio/pcmu" | "g711_ulaw" => Some(Self::Ulaw),
            "audio/pcma" | "g711_alaw" => Some(Self::Alaw),
            _ => None,
        }
    }

    /// Its names: in the current dialect, in the old one.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Pcm => ("audio/pcm", "pcm16"),
            Self::Ulaw => ("audio/pcmu", "g711_ulaw"),
            Self::Alaw => ("audio/pcma", "g711_alaw"),
        }
    }

    /// Rate in samples per second.
    pub(crate) fn rate(self) -> usize {
        if self == Self::Pcm { 24_000 } else { 8_000 }
    }

    /// The samples in `bytes`; `None` if they are not a whole number of them.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<Vec<i16>> {
        match self {
            Self::Pcm if bytes.len() % 2 == 1 => None,
            Self::Pcm => {
                Some(bytes.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
            }
            Self::Ulaw | Self::Alaw => Some(bytes.iter().map(|byte| self.value(*byte)).collect()),
        }
    }

    /// The bytes of `pcm`: for each sample the code with the nearest value.
    pub(crate) fn write(self, pcm: &[i16]) -> Vec<u8> {
        if self == Self::Pcm {
            return pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        }
        let near = |sample: i16| {
            let far = |byte: &u8| (i32::from(self.value(*byte)) - i32::from(sample)).abs();
            (0..=u8::MAX).min_by_key(far).unwrap()
        };
        pcm.iter().map(|sample| near(*sample)).collect()
    }

    /// The value of a code, by the formulas below tables 1a to 2b of ITU-T G.711, in 16 bits.
    fn value(self, byte: u8) -> i16 {
        let even = if self == Self::Ulaw { !byte } else { byte ^ 0x55 };
        let (segment, step) = (u32::from(even >> 4 & 7), i32::from(even & 15));
        let size = match (self, segment) {
            (Self::Ulaw | Self::Pcm, _) => (((2 * step + 33) << segment) - 33) * 4,
            (Self::Alaw, 0) => (2 * step + 1) * 8,
            (Self::Alaw, _) => ((2 * step + 33) << (segment - 1)) * 8,
        };
        // The sign bits of the two laws are inverse.
        let negative = (even & 0x80 == 0) == (self == Self::Alaw);
        i16::try_from(if negative { -size } else { size }).unwrap()
    }
}

/// How much stronger the tone of `frequency` in `pcm` is than the rest, in decibels.
pub(crate) fn purity(pcm: &[f32], rate: usize, frequency: f64) -> f64 {
    let turn = std::f64::consts::TAU * frequency / rate as f64;
    let (mut ss, mut cc, mut sc, mut sx, mut cx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in pcm.iter().enumerate() {
        let ((s, c), x) = ((turn * n as f64).sin_cos(), f64::from(*x));
        (ss, cc, sc, sx, cx) = (ss + s * s, cc + c * c, sc + s * c, sx + s * x, cx + c * x);
    }
    // Least squares: the nearest tone.
    let det = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / det, (cx * ss - sx * sc) / det);
    let (mut signal, mut noise) = (0.0, 1e-12);
    for (n, x) in pcm.iter().enumerate() {
        let (s, c) = (turn * n as f64).sin_cos();
        let tone = a * s + b * c;
        signal += tone * tone;
        noise += (f64::from(*x) - tone).powi(2);
    }
    10.0 * (signal / noise).log10()
}
