//! The steps of a network, each checked against the tensors that it reads and writes.

use super::graph::{Graph, Operator, Tensor, code};
use super::kernel::{Conv, Parts, Window};

/// One step. Tensors and variables are indices into the vectors of the plan.
pub(super) enum Step {
    Copy {
        from: usize,
        to: usize,
    },
    Read {
        variable: usize,
        to: usize,
    },
    Assign {
        from: usize,
        variable: usize,
    },
    /// Parts of the input, appended to the output one after the other: each a position in it and a
    /// number of values.
    Gather {
        from: usize,
        to: usize,
        runs: Vec<(usize, usize)>,
    },
    /// Pieces of several inputs in turn, `rounds` times.
    Weave {
        from: Vec<(usize, usize)>,
        to: usize,
        rounds: usize,
    },
    Conv {
        from: usize,
        to: usize,
        conv: Conv,
    },
    Depthwise {
        from: usize,
        to: usize,
        window: Window,
    },
    /// A lookup table.
    Table {
        from: usize,
        to: usize,
        table: Box<[i8; 256]>,
    },
}

impl Step {
    /// The tensor that it writes.
    pub(super) fn to(&self) -> Option<usize> {
        match self {
            Self::Copy { to, .. }
            | Self::Read { to, .. }
            | Self::Gather { to, .. }
            | Self::Weave { to, .. }
            | Self::Conv { to, .. }
            | Self::Depthwise { to, .. }
            | Self::Table { to, .. } => Some(*to),
            Self::Assign { .. } => None,
        }
    }

    /// Whether it reads the tensor that it writes.
    pub(super) fn reads_itself(&self) -> bool {
        let to = self.to();
        match self {
            Self::Read { .. } | Self::Assign { .. } => false,
            Self::Weave { from, .. } => from.iter().any(|(tensor, _)| Some(*tensor) == to),
            Self::Copy { from, .. }
            | Self::Gather { from, .. }
            | Self::Conv { from, .. }
            | Self::Depthwise { from, .. }
            | Self::Table { from, .. } => Some(*from) == to,
        }
    }
}

pub(super) fn same_size(a: &Tensor<'_>, b: &Tensor<'_>) -> Result<(), String> {
    if a.size == b.size { Ok(()) } else { Err("two tensors differ in size".into()) }
}

/// `axis`, which may count from the end, of `dimensions`.
fn axis(axis: i32, dimensions: usize) -> Result<usize, String> {
    let count = i32::try_from(dimensions).unwrap_or(0);
    let axis = if axis < 0 { axis + count } else { axis };
    usize::try_from(axis)
        .ok()
        .filter(|axis| *axis < dimensions)
        .ok_or_else(|| "an axis is not there".into())
}

pub(super) fn weave(graph: &Graph<'_>, operator: &Operator<'_>) -> Result<Step, String> {
    let to = operator.output()?;
    let target = &graph.tensors[to];
    let axis = axis(operator.option(0), target.shape.len())?;
    let rounds: usize = target.shape[..axis].iter().product();
    let mut from = Vec::new();
    for number in &operator.inputs {
        let source = &graph.tensors[*number];
        let outer: usize = source.shape.get(..axis).unwrap_or_default().iter().product();
        if source.shape.len() != target.shape.len() || outer != rounds || rounds == 0 {
            return Err("tensors that do not fit are joined".into());
        }
        from.push((*number, source.size / rounds));
    }
    let total: usize = from.iter().map(|(_, length)| length * rounds).sum();
    if total != target.size || operator.flag(1) != 0 {
        return Err("tensors that do not fit are joined".into());
    }
    Ok(Step::Weave { from, to, rounds })
}

pub(super) fn slice(graph: &Graph<'_>, operator: &Operator<'_>) -> Result<Step, String> {
    let ([from, begin, end, strides], to) = (operator.inputs()?, operator.output()?);
    let [begin, end, strides] = [begin, end, strides].map(|n| graph.tensors[n].int32());
    let (begin, end, strides) = (begin?, end?, strides?);
    let shape = &graph.tensors[from].shape;
    let plain = (2..5).all(|option| operator.option(option) == 0);
    let sized = [&begin, &end, &strides].iter().all(|list| list.len() == shape.len());
    if !plain || !sized || strides.iter().any(|stride| *stride != 1) {
        return Err("it slices in a way that is not known here".into());
    }
    let mut ranges = Vec::new();
    for (n, length) in shape.iter().enumerate() {
        let length = i32::try_from(*length).map_err(|_| "a tensor is too large")?;
        let place = |at: i32| if at < 0 { at + length } else { at }.clamp(0, length) as usize;
        let masked = |option: usize| operator.option(option) >> n & 1 == 1;
        let first = if masked(0) { 0 } else { place(begin[n]) };
        let last = if masked(1) { length as usize } else { place(end[n]) };
        ranges.push(first..last.max(first));
    }
    gather(graph, from, to, &ranges)
}

pub(super) fn split(graph: &Graph<'_>, operator: &Operator<'_>) -> Result<Vec<Step>, String> {
    let [from, sizes, along] = operator.inputs()?;
    let shape = &graph.tensors[from].shape;
    let (sizes, along) = (graph.tensors[sizes].int32()?, graph.tensors[along].int32()?);
    let axis = axis(along.first().copied().unwrap_or(0), shape.len())?;
    if sizes.len() != operator.outputs.len() {
        return Err("a tensor is split into another number of parts".into());
    }
    let mut start = 0;
    let mut steps = Vec::new();
    for (to, size) in operator.outputs.iter().zip(sizes) {
        let size = usize::try_from(size).map_err(|_| "a part has no size")?;
        let mut ranges: Vec<_> = shape.iter().map(|length| 0..*length).collect();
        ranges[axis] = start..(start + size).min(shape[axis]);
        steps.push(gather(graph, from, *to, &ranges)?);
        start += size;
    }
    Ok(steps)
}

/// The part of a tensor within `ranges`.
fn gather(
    graph: &Graph<'_>,
    from: usize,
    to: usize,
    ranges: &[std::ops::Range<usize>],
) -> Result<Step, String> {
    let shape = &graph.tensors[from].shape;
    let size: usize = ranges.iter().map(ExactSizeIterator::len).product();
    if size != graph.tensors[to].size || size == 0 {
        return Err("a part of a tensor is of another size".into());
    }
    // Runs of adjacent values, the innermost dimension first.
    let mut runs = vec![(0, 1)];
    let mut inner = 1;
    for (range, length) in ranges.iter().zip(shape).rev() {
        runs = if runs.len() == 1 && runs[0] == (0, inner) {
            vec![(range.start * inner, range.len() * inner)]
        } else {
            let shifted = |n: usize| runs.iter().map(move |(at, len)| (at + n * inner, *len));
            range.clone().flat_map(shifted).collect()
        };
        inner *= length;
    }
    Ok(Step::Gather { from, to, runs })
}

/// Input, weights, bias and output of a multiplication.
struct Product<'g, 'f> {
    from: usize,
    to: usize,
    source: &'g Tensor<'f>,
    target: &'g Tensor<'f>,
    weights: &'g Tensor<'f>,
    bias: Vec<i32>,
}

impl<'g, 'f> Product<'g, 'f> {
    fn read(graph: &'g Graph<'f>, operator: &Operator<'f>) -> Result<Self, String> {
        let ([from, weights, bias], to) = (operator.inputs()?, operator.output()?);
        let [source, weights, target] = [from, weights, to].map(|n| &graph.tensors[n]);
        let bias = graph.tensors[bias].int32()?;
        Ok(Self { from, to, source, target, weights, bias })
    }

    /// The layer of `channels` outputs with `span` weights each that ends with `activation`.
    fn parts(self, channels: usize, span: usize, activation: i8) -> Result<Parts, String> {
        let (from, to) = (self.source.scale()?, self.target.scale()?);
        self.weights.scale()?;
        let (weights, scales) = (self.weights.int8()?, &self.weights.scales);
        let scale = |n: usize| if scales.len() == 1 { scales.first() } else { scales.get(n) };
        let factor = |n: usize| scale(n).map(|scale| from.step * scale / to.step);
        let factors = (0..channels).map(factor).collect::<Option<Vec<f32>>>();
        let sized = self.bias.len() == channels && weights.len() == channels * span;
        let factors = factors.filter(|_| sized && span > 0 && channels > 0);
        let least = match activation {
            0 => i8::MIN,
            code::RELU => to.zero.clamp(-128, 127) as i8,
            other => return Err(format!("it uses activation {other}, which is not known here")),
        };
        Ok(Parts {
            weights,
            bias: self.bias,
            factors: factors.ok_or("weights and channels do not fit")?,
            zeros: [from.zero, to.zero],
            least,
        })
    }
}

pub(super) fn conv(graph: &Graph<'_>, operator: &Operator<'_>) -> Result<Step, String> {
    let product = Product::read(graph, operator)?;
    let [_, height, width, depth] = product.source.four()?;
    let [_, rows, columns, channels] = product.target.four()?;
    let [filters, kernel_rows, kernel_columns, kernel_depth] = product.weights.four()?;
    let (stride_x, stride_y) = (operator.option(1), operator.option(2));
    // One column, as wide as the kernel: only the vertical direction remains.
    let unpadded = operator.flag(0) == code::VALID || (kernel_rows, kernel_columns) == (1, 1);
    let stride = usize::try_from(stride_y).unwrap_or(0).max(1);
    let fits = unpadded
        && (width, columns, kernel_columns) == (1, 1, 1)
        && (filters, kernel_depth) == (channels, depth)
        && stride_x > 0
        && height >= kernel_rows
        && rows == (height - kernel_rows) / stride + 1
        && dilations(operator, 4);
    if !fits {
        return Err("it folds in a way that is not known here".into());
    }
    let (from, to, span) = (product.from, product.to, kernel_rows * depth);
    let parts = product.parts(channels, span, operator.flag(3))?;
    Ok(Step::Conv { from, to, conv: Conv::new(parts, span, stride * depth) })
}

pub(super) fn depthwise(graph: &Graph<'_>, operator: &Operator<'_>) -> Result<Step, String> {
    let product = Product::read(graph, operator)?;
    let source = product.source.four()?;
    let [_, rows, _, channels] = source;
    let whole = product.weights.four()? == source && product.target.four()? == [1, 1, 1, channels];
    if source[0] != 1
        || source[2] != 1
        || !whole
        || operator.option(3) != 1
        || !dilations(operator, 5)
    {
        return Err("it folds each channel in a way that is not known here".into());
    }
    let (from, to) = (product.from, product.to);
    let parts = product.parts(channels, rows, operator.flag(4))?;
    Ok(Step::Depthwise { from, to, window: Window::new(parts) })
}

pub(super) fn full(graph: &Graph<'_>, operator: &Operator<'_>) -> Result<Step, String> {
    let product = Product::read(graph, operator)?;
    let (outputs, inputs) = match product.weights.shape.as_slice() {
        [outputs, inputs] => (*outputs, *inputs),
        _ => return Err("a layer has no two dimensions".into()),
    };
    if inputs != product.source.size || outputs != product.target.size || operator.flag(1) != 0 {
        return Err("a layer does not fit its input".into());
    }
    let (from, to) = (product.from, product.to);
    let parts = product.parts(outputs, inputs, operator.flag(0))?;
    Ok(Step::Conv { from, to, conv: Conv::new(parts, inputs, inputs) })
}

/// Whether the two options from `first` on, which default to 1, are 1.
fn dilations(operator: &Operator<'_>, first: usize) -> bool {
    let one = |number| operator.options.and_then(|o| o.int(number)).unwrap_or(1) == 1;
    one(first) && one(first + 1)
}
