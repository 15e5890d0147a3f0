//! A small quantized network for a stream: its variables hold what it remembers.

use super::graph::Port;
use super::plan::{self, Plan};
use super::step::Step;

/// An eight-bit TensorFlow Lite network, as far as microWakeWord's streaming models go: fifteen
/// operations, one input and one output, convolutions along time only. It is run here and not by a
/// library because it is small: 24,000 multiplications, about 8 us, every 30 ms.
///
/// Sums are scaled in floating point and rounded once, as in XNNPACK; TensorFlow Lite's reference
/// kernels use integers, which may differ in the last bit.
pub(crate) struct Network {
    plan: Plan,
    tensors: Vec<Vec<i8>>,
    variables: Vec<Vec<i8>>,
    /// Scratch space for a layer's values with more bits.
    wide: Vec<i16>,
    sums: Vec<i32>,
}

impl Network {
    /// Parses a model.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let plan = plan::read(file)?;
        let most = plan.sizes.iter().copied().max().unwrap_or(0);
        Ok(Self {
            tensors: plan.sizes.iter().map(|size| vec![0; *size]).collect(),
            variables: plan.variables.clone(),
            wide: vec![0; most],
            sums: vec![0; most],
            plan,
        })
    }

    /// Number of input values.
    pub(crate) fn inputs(&self) -> usize {
        self.plan.sizes[self.plan.input.tensor]
    }

    /// Forgets what was heard.
    pub(crate) fn reset(&mut self) {
        for (variable, first) in self.variables.iter_mut().zip(&self.plan.variables) {
            variable.copy_from_slice(first);
        }
    }

    /// Runs it once on [`Network::inputs`] values; missing ones keep their old values. Returns the
    /// first output value.
    pub(crate) fn run(&mut self, values: impl Iterator<Item = f32>) -> f32 {
        let Port { tensor, scale, unsigned } = self.plan.input;
        let (least, most) = if unsigned { (0.0, 255.0) } else { (-128.0, 127.0) };
        for (to, value) in self.tensors[tensor].iter_mut().zip(values) {
            let value = (value / scale.step + scale.zero as f32).round_ties_even();
            *to = value.clamp(least, most) as i32 as u8 as i8;
        }
        for step in &self.plan.steps {
            let to = step.to();
            let mut out = to.map(|to| std::mem::take(&mut self.tensors[to])).unwrap_or_default();
            match step {
                Step::Copy { from, .. } => out.copy_from_slice(&self.tensors[*from]),
                Step::Read { variable, .. } => out.copy_from_slice(&self.variables[*variable]),
                Step::Assign { from, variable } => {
                    self.variables[*variable].copy_from_slice(&self.tensors[*from]);
                }
                Step::Gather { from, runs, .. } => {
                    let mut rest = &mut out[..];
                    for (at, length) in runs {
                        let (part, after) = rest.split_at_mut(*length);
                        part.copy_from_slice(&self.tensors[*from][*at..at + length]);
                        rest = after;
                    }
                }
                Step::Weave { from, rounds, .. } => {
                    let mut rest = &mut out[..];
                    for round in 0..*rounds {
                        for (tensor, length) in from {
                            let (part, after) = rest.split_at_mut(*length);
                            let source = &self.tensors[*tensor];
                            part.copy_from_slice(&source[round * length..(round + 1) * length]);
                            rest = after;
                        }
                    }
                }
                Step::Conv { from, conv, .. } => {
                    let input = &self.tensors[*from];
                    conv.run(input, &mut self.wide[..input.len()], &mut out);
                }
                Step::Depthwise { from, window, .. } => {
                    window.run(&self.tensors[*from], &mut self.sums, &mut out);
                }
                Step::Table { from, table, .. } => {
                    for (to, from) in out.iter_mut().zip(&self.tensors[*from]) {
                        *to = table[(i32::from(*from) + 128) as usize];
                    }
                }
            }
            if let Some(to) = to {
                self.tensors[to] = out;
            }
        }
        let Port { tensor, scale, unsigned } = self.plan.output;
        let value = self.tensors[tensor].first().copied().unwrap_or(0);
        let value = if unsigned { i32::from(value as u8) } else { i32::from(value) };
        (value - scale.zero) as f32 * scale.step
    }
}
