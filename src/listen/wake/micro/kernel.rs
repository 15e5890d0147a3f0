//! The arithmetic of quantized networks: integers in, sums in 32 bits, one factor per channel for
//! the output.

/// The meaning of a quantized value: `(value - zero) * step`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) step: f32,
    pub(super) zero: i32,
}

/// Weights, and how their sums become output values.
pub(super) struct Layer {
    /// Eight-bit weights, widened because the processor multiplies pairs of sixteen bits at once.
    weights: Vec<i16>,
    /// Each channel's bias, less the contribution of the input's zero.
    bias: Vec<i32>,
    factors: Vec<f32>,
    zero: f32,
    least: f32,
}

/// The parts of a [`Layer`].
pub(super) struct Parts {
    pub(super) weights: Vec<i8>,
    pub(super) bias: Vec<i32>,
    /// Factor of each channel's sum.
    pub(super) factors: Vec<f32>,
    /// The zeros of the input and of the output.
    pub(super) zeros: [i32; 2],
    /// The least output value.
    pub(super) least: i8,
}

impl Layer {
    /// `channel_of` maps a weight to its channel.
    fn new(parts: Parts, channel_of: impl Fn(usize) -> usize) -> Self {
        let [from, to] = parts.zeros;
        let mut bias = parts.bias;
        for (at, weight) in parts.weights.iter().enumerate() {
            let bias = &mut bias[channel_of(at)];
            *bias = bias.wrapping_sub(from * i32::from(*weight));
        }
        Self {
            weights: parts.weights.into_iter().map(i16::from).collect(),
            bias,
            factors: parts.factors,
            zero: to as f32,
            least: f32::from(parts.least),
        }
    }

    fn finish(&self, sum: i32, channel: usize) -> i8 {
        let value = (sum as f32 * self.factors[channel]).round_ties_even() + self.zero;
        value.clamp(self.least, 127.0) as i8
    }
}

/// A convolution along one dimension: each output row is computed from a stretch of the input.
pub(super) struct Conv {
    layer: Layer,
    /// Input values of one output row, and between two rows.
    span: usize,
    stride: usize,
}

impl Conv {
    /// `span * channels` weights, those of a channel side by side; neither may be 0.
    pub(super) fn new(parts: Parts, span: usize, stride: usize) -> Self {
        Self { layer: Layer::new(parts, |at| at / span), span, stride }
    }

    /// `wide` is scratch space as long as `input`.
    pub(super) fn run(&self, input: &[i8], wide: &mut [i16], out: &mut [i8]) {
        for (to, from) in wide.iter_mut().zip(input) {
            *to = i16::from(*from);
        }
        let layer = &self.layer;
        let rows = out.chunks_exact_mut(layer.bias.len());
        for (row, starts) in
            rows.zip(wide.chunks(self.stride).enumerate().map(|(n, _)| n * self.stride))
        {
            let stretch = wide.get(starts..starts + self.span).unwrap_or_default();
            let filters = layer.weights.chunks_exact(self.span);
            for (channel, (out, weights)) in row.iter_mut().zip(filters).enumerate() {
                *out =
                    layer.finish(layer.bias[channel].wrapping_add(dot(weights, stretch)), channel);
            }
        }
    }
}

/// A depthwise convolution over all rows of the input.
pub(super) struct Window {
    layer: Layer,
}

impl Window {
    /// As many weights as the input has values, one row of channels after the other.
    pub(super) fn new(parts: Parts) -> Self {
        let channels = parts.bias.len();
        Self { layer: Layer::new(parts, |at| at % channels) }
    }

    /// `sums` is scratch space for one row.
    pub(super) fn run(&self, input: &[i8], sums: &mut [i32], out: &mut [i8]) {
        let layer = &self.layer;
        let sums = &mut sums[..layer.bias.len()];
        sums.copy_from_slice(&layer.bias);
        let rows = input.chunks_exact(sums.len()).zip(layer.weights.chunks_exact(sums.len()));
        for (values, weights) in rows {
            for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
                *sum = sum.wrapping_add(i32::from(*value) * i32::from(*weight));
            }
        }
        for (channel, (out, sum)) in out.iter_mut().zip(sums.iter()).enumerate() {
            *out = layer.finish(*sum, channel);
        }
    }
}

fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

/// For each input value: the logistic function of its meaning, on the scale `to`.
pub(super) fn logistic(from: Scale, to: Scale, unsigned: bool) -> [i8; 256] {
    table(from, to, unsigned, |x| 1.0 / (1.0 + (-x).exp()))
}

/// For each input value: the same on the scale `to`.
pub(super) fn requantize(from: Scale, to: Scale, unsigned: bool) -> [i8; 256] {
    table(from, to, unsigned, |x| x)
}

fn table(from: Scale, to: Scale, unsigned: bool, f: impl Fn(f32) -> f32) -> [i8; 256] {
    let (least, most) = if unsigned { (0.0, 255.0) } else { (-128.0, 127.0) };
    std::array::from_fn(|index| {
        let input = index as i32 - 128;
        let value = f((input - from.zero) as f32 * from.step);
        let value = ((value / to.step).round_ties_even() + to.zero as f32).clamp(least, most);
        // A byte above 127 is stored as the signed one with the same bits.
        value as i32 as u8 as i8
    })
}
