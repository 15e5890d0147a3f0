//! From the file of a model to the steps of its network, each of them checked.

use super::flat::Table;
use super::graph::{Graph, Operator, Port, Tensor, code};
use super::kernel::{logistic, requantize};
use super::step::{self, Step};

/// One run of the network.
pub(super) struct Plan {
    /// The size of each tensor, in values.
    pub(super) sizes: Vec<usize>,
    /// The variables' initial values, as tensors that are read and written.
    pub(super) variables: Vec<Vec<i8>>,
    pub(super) steps: Vec<Step>,
    pub(super) input: Port,
    pub(super) output: Port,
}

/// Parses the file of a model.
///
/// # Errors
/// What is wrong with it, or which part of it is not supported.
pub(super) fn read(file: &[u8]) -> Result<Plan, String> {
    if file.get(4..8) != Some(b"TFL3") {
        return Err("it is no TensorFlow Lite model".into());
    }
    let model = Table::root(file).ok_or("it is cut off")?;
    let graphs = model.vector(2).ok_or("it holds no graph")?;
    let main = Graph::read(model, graphs, 0)?;
    let mut builder = Builder { names: Vec::new(), variables: Vec::new(), steps: Vec::new() };
    for n in 0..main.operators.len() {
        let operator = main.operator(n)?;
        if operator.code == code::CALL_ONCE {
            let graph = operator.options.and_then(|options| options.int(0)).unwrap_or(0);
            let graph = usize::try_from(graph).map_err(|_| "it calls a graph that is not there")?;
            builder.begin(&Graph::read(model, graphs, graph)?)?;
        }
    }
    for n in 0..main.operators.len() {
        let operator = main.operator(n)?;
        builder.add(&main, &operator)?;
    }
    if builder.steps.iter().any(Step::reads_itself) {
        return Err("an operation reads what it makes".into());
    }
    let sizes = main.tensors.iter().map(|tensor| tensor.size).collect();
    let Builder { variables, steps, .. } = builder;
    let (input, output) = (main.port(0)?, main.port(1)?);
    Ok(Plan { sizes, variables, steps, input, output })
}

/// What was parsed so far.
struct Builder<'f> {
    /// The variables' names, each with the tensor of the main graph that stands for it.
    names: Vec<(&'f str, Option<usize>)>,
    variables: Vec<Vec<i8>>,
    steps: Vec<Step>,
}

impl<'f> Builder<'f> {
    /// Reads the variables' initial values.
    fn begin(&mut self, graph: &Graph<'f>) -> Result<(), String> {
        let mut handles = Vec::new();
        for n in 0..graph.operators.len() {
            let operator = graph.operator(n)?;
            match operator.code {
                code::VAR_HANDLE => handles.push((operator.output()?, operator.name()?)),
                code::ASSIGN_VARIABLE => {
                    let [handle, value] = operator.inputs()?;
                    let known = handles.iter().find(|(tensor, _)| *tensor == handle);
                    let (_, name) = known.ok_or("a variable has no name")?;
                    self.names.push((name, None));
                    self.variables.push(graph.tensors[value].int8()?);
                }
                other => return Err(format!("it begins with operation {other}")),
            }
        }
        Ok(())
    }

    /// Adds what `operator` of the main graph does.
    fn add(&mut self, graph: &Graph<'f>, operator: &Operator<'f>) -> Result<(), String> {
        let step = match operator.code {
            code::CALL_ONCE => return Ok(()),
            code::VAR_HANDLE => {
                let (tensor, name) = (operator.output()?, operator.name()?);
                let known = self.names.iter_mut().find(|(known, _)| *known == name);
                known.ok_or("a variable holds nothing at first")?.1 = Some(tensor);
                return Ok(());
            }
            code::READ_VARIABLE => {
                let ([handle], to) = (operator.inputs()?, operator.output()?);
                let variable = self.variable(handle, &graph.tensors[to])?;
                Step::Read { variable, to }
            }
            code::ASSIGN_VARIABLE => {
                let [handle, from] = operator.inputs()?;
                let variable = self.variable(handle, &graph.tensors[from])?;
                Step::Assign { from, variable }
            }
            code::RESHAPE => {
                let from = *operator.inputs.first().ok_or("it copies nothing")?;
                let to = operator.output()?;
                step::same_size(&graph.tensors[from], &graph.tensors[to])?;
                Step::Copy { from, to }
            }
            code::CONCATENATION => step::weave(graph, operator)?,
            code::STRIDED_SLICE => step::slice(graph, operator)?,
            code::SPLIT_V => {
                self.steps.extend(step::split(graph, operator)?);
                return Ok(());
            }
            code::CONV_2D => step::conv(graph, operator)?,
            code::DEPTHWISE_CONV_2D => step::depthwise(graph, operator)?,
            code::FULLY_CONNECTED => step::full(graph, operator)?,
            code::LOGISTIC | code::QUANTIZE => {
                let ([from], to) = (operator.inputs()?, operator.output()?);
                let (source, target) = (&graph.tensors[from], &graph.tensors[to]);
                step::same_size(source, target)?;
                let (a, b) = (source.scale()?, target.scale()?);
                let unsigned = target.kind == code::UINT8;
                let table = if operator.code == code::LOGISTIC { logistic } else { requantize };
                Step::Table { from, to, table: Box::new(table(a, b, unsigned)) }
            }
            other => return Err(format!("it uses operation {other}, which is not known here")),
        };
        self.steps.push(step);
        Ok(())
    }

    /// The variable of `handle`, with the size of `tensor`.
    fn variable(&self, handle: usize, tensor: &Tensor<'_>) -> Result<usize, String> {
        let found = self.names.iter().position(|(_, tensor)| *tensor == Some(handle));
        let found = found.ok_or("a variable is not known")?;
        if self.variables[found].len() != tensor.size {
            return Err("a variable is of another size than what it holds".into());
        }
        Ok(found)
    }
}
