//! The graphs of a model as described in its file.

use super::flat::{Table, Vector};
use super::kernel::Scale;

/// The format's codes for types and operations.
pub(super) mod code {
    pub(in crate::listen::wake::micro) const UINT8: i8 = 3;
    pub(in crate::listen::wake::micro) const INT8: i8 = 9;
    pub(in crate::listen::wake::micro) const CONCATENATION: i32 = 2;
    pub(in crate::listen::wake::micro) const CONV_2D: i32 = 3;
    pub(in crate::listen::wake::micro) const DEPTHWISE_CONV_2D: i32 = 4;
    pub(in crate::listen::wake::micro) const FULLY_CONNECTED: i32 = 9;
    pub(in crate::listen::wake::micro) const LOGISTIC: i32 = 14;
    pub(in crate::listen::wake::micro) const RESHAPE: i32 = 22;
    pub(in crate::listen::wake::micro) const STRIDED_SLICE: i32 = 45;
    pub(in crate::listen::wake::micro) const SPLIT_V: i32 = 102;
    pub(in crate::listen::wake::micro) const QUANTIZE: i32 = 114;
    pub(in crate::listen::wake::micro) const CALL_ONCE: i32 = 129;
    pub(in crate::listen::wake::micro) const VAR_HANDLE: i32 = 142;
    pub(in crate::listen::wake::micro) const READ_VARIABLE: i32 = 143;
    pub(in crate::listen::wake::micro) const ASSIGN_VARIABLE: i32 = 144;
    pub(in crate::listen::wake::micro) const VALID: i8 = 1;
    pub(in crate::listen::wake::micro) const RELU: i8 = 1;
}

/// The most values of one tensor: a file that asks for more is not ours.
const MOST: usize = 1 << 16;
/// Values in all tensors of a graph, and dimensions of one.
const MOST_IN_ALL: usize = 1 << 22;
const DIMENSIONS: usize = 4;

/// An input or output tensor.
#[derive(Clone, Copy)]
pub(super) struct Port {
    pub(super) tensor: usize,
    pub(super) scale: Scale,
    /// Whether its values are bytes from 0 to 255.
    pub(super) unsigned: bool,
}

/// A graph of the file.
pub(super) struct Graph<'f> {
    model: Table<'f>,
    graph: Table<'f>,
    pub(super) tensors: Vec<Tensor<'f>>,
    pub(super) operators: Vector<'f>,
}

/// A tensor as described in the file.
pub(super) struct Tensor<'f> {
    pub(super) shape: Vec<usize>,
    pub(super) size: usize,
    pub(super) kind: i8,
    /// Its values, if they are in the file.
    pub(super) data: &'f [u8],
    pub(super) scales: Vec<f32>,
    pub(super) zero: i32,
}

/// An operation, with its tensors as indices.
pub(super) struct Operator<'f> {
    pub(super) code: i32,
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
    pub(super) options: Option<Table<'f>>,
}

impl<'f> Graph<'f> {
    pub(super) fn read(
        model: Table<'f>,
        graphs: Vector<'f>,
        number: usize,
    ) -> Result<Self, String> {
        let graph = graphs.table(number).ok_or("it calls a graph that is not there")?;
        let tensors = graph.vector(0).ok_or("a graph has no tensors")?;
        let buffers = model.vector(4).ok_or("it holds no values")?;
        let tensors = (0..tensors.len())
            .map(|n| {
                let tensor = tensors.table(n)?;
                Tensor::read(tensor, buffers)
            })
            .collect::<Option<Vec<_>>>()
            .ok_or("a tensor cannot be read")?;
        if tensors.iter().map(|tensor| tensor.size).sum::<usize>() > MOST_IN_ALL {
            return Err("it is too large".into());
        }
        let operators = graph.vector(3).ok_or("a graph does nothing")?;
        Ok(Self { model, graph, tensors, operators })
    }

    pub(super) fn operator(&self, n: usize) -> Result<Operator<'f>, String> {
        let read = || {
            let table = self.operators.table(n)?;
            let kind = usize::try_from(table.int(0).unwrap_or(0)).ok()?;
            let kind = self.model.vector(1)?.table(kind)?;
            let old = i32::from(kind.byte(0).unwrap_or(0));
            let numbers = |field| -> Option<Vec<usize>> {
                let all = table.vector(field).and_then(Vector::ints).unwrap_or_default();
                let known = |n: i32| usize::try_from(n).ok().filter(|n| *n < self.tensors.len());
                all.into_iter().map(known).collect()
            };
            Some(Operator {
                // Codes that fit into a byte are in the older field.
                code: kind.int(3).unwrap_or(0).max(old),
                inputs: numbers(1)?,
                outputs: numbers(2)?,
                options: table.table(4),
            })
        };
        read().ok_or_else(|| "an operation cannot be read".into())
    }

    /// The input (`which` 0) or output (1) tensor.
    pub(super) fn port(&self, which: usize) -> Result<Port, String> {
        let number = self.graph.vector(1 + which).and_then(Vector::ints);
        let number = number.and_then(|all| usize::try_from(*all.first()?).ok());
        let found = number.and_then(|n| Some((n, self.tensors.get(n)?)));
        let (number, tensor) = found.ok_or("it has no input or no output")?;
        if !matches!(tensor.kind, code::INT8 | code::UINT8) {
            return Err("its input or output is not quantized".into());
        }
        let scale = tensor.scale()?;
        Ok(Port { tensor: number, scale, unsigned: tensor.kind == code::UINT8 })
    }
}

impl<'f> Tensor<'f> {
    pub(super) fn read(table: Table<'f>, buffers: Vector<'f>) -> Option<Self> {
        let shape = table.vector(0).and_then(Vector::ints).unwrap_or_default();
        let shape: Option<Vec<usize>> =
            shape.into_iter().map(|n| usize::try_from(n).ok()).collect();
        let shape = shape?;
        if shape.len() > DIMENSIONS || shape.iter().any(|n| *n > MOST) {
            return None;
        }
        let size = shape.iter().try_fold(1usize, |size, n| size.checked_mul(*n))?;
        let buffer = buffers.table(usize::try_from(table.int(2).unwrap_or(0)).ok()?)?;
        let quantization = table.table(4);
        let scales = quantization.and_then(|q| q.vector(2)).and_then(Vector::floats);
        let zeros = quantization.and_then(|q| q.vector(3)).and_then(Vector::longs);
        let zero = zeros.and_then(|all| all.first().copied()).unwrap_or(0);
        (size <= MOST).then_some(Self {
            shape,
            size,
            kind: table.byte(1).unwrap_or(0),
            data: buffer.vector(0).map(Vector::raw).unwrap_or_default(),
            scales: scales.unwrap_or_default(),
            zero: i32::try_from(zero).ok()?,
        })
    }

    pub(super) fn scale(&self) -> Result<Scale, String> {
        match self.scales.first() {
            Some(step) if step.is_finite() && *step > 0.0 && self.zero.abs() <= 255 => {
                Ok(Scale { step: *step, zero: self.zero })
            }
            _ => Err("a tensor is not quantized".into()),
        }
    }

    /// Its shape in four dimensions.
    pub(super) fn four(&self) -> Result<[usize; 4], String> {
        <[usize; 4]>::try_from(self.shape.as_slice())
            .map_err(|_| format!("a tensor has {} dimensions and not 4", self.shape.len()))
    }

    pub(super) fn int8(&self) -> Result<Vec<i8>, String> {
        if self.kind != code::INT8 || self.data.len() != self.size {
            return Err("a tensor lacks its values".into());
        }
        Ok(self.data.iter().map(|byte| *byte as i8).collect())
    }

    pub(super) fn int32(&self) -> Result<Vec<i32>, String> {
        let (words, rest) = self.data.as_chunks::<4>();
        if words.len() != self.size || !rest.is_empty() {
            return Err("a tensor lacks its values".into());
        }
        Ok(words.iter().map(|word| i32::from_le_bytes(*word)).collect())
    }
}

impl<'f> Operator<'f> {
    pub(super) fn inputs<const N: usize>(&self) -> Result<[usize; N], String> {
        <[usize; N]>::try_from(self.inputs.as_slice())
            .map_err(|_| format!("operation {} has {} inputs", self.code, self.inputs.len()))
    }

    pub(super) fn output(&self) -> Result<usize, String> {
        match self.outputs.as_slice() {
            [one] => Ok(*one),
            _ => Err(format!("operation {} has {} outputs", self.code, self.outputs.len())),
        }
    }

    pub(super) fn name(&self) -> Result<&'f str, String> {
        let name = self.options.and_then(|options| options.text(1));
        name.ok_or_else(|| "a variable has no name".into())
    }

    pub(super) fn option(&self, number: usize) -> i32 {
        self.options.and_then(|options| options.int(number)).unwrap_or(0)
    }

    pub(super) fn flag(&self, number: usize) -> i8 {
        self.options.and_then(|options| options.byte(number)).unwrap_or(0)
    }
}
