//! The tree and data to text.
//!
//! Invariant: each step is counted, each nested template too, and output stops at its bound; so a
//! rendering ends whatever the template says.

use std::sync::Arc;

use crate::error::{Position, RenderError};
use crate::functions::{FunctionError, Functions};
use crate::tree::{Branch, Command, Definition, Node, Operand, OperandKind, Pipeline, Template};
use crate::value::Value;

/// What a rendering may spend.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nodes and calls.
    pub steps_max: usize,
    /// Templates inside templates.
    pub depth_max: usize,
    /// Bytes of the result and of any text on the way.
    pub output_bytes_max: usize,
}

impl Default for Limits {
    /// Far beyond any notification, and far below what a thread would notice.
    fn default() -> Self {
        Self { steps_max: 1_000_000, depth_max: 50, output_bytes_max: 4 << 20 }
    }
}

/// What a rendering works on.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    functions: &'a Functions,
    data: Value,
    variables: Vec<(String, Value)>,
    limits: Limits,
}

impl<'a> Scope<'a> {
    /// Data for the dot and for `$`.
    #[must_use]
    pub fn new(functions: &'a Functions, data: Value) -> Self {
        Self { functions, data, variables: Vec::new(), limits: Limits::default() }
    }

    /// Adds a variable, with its dollar, that the main template sees.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: Value) -> Self {
        self.variables.push((name.to_owned(), value));
        self
    }

    /// Other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Template {
    /// Renders the template `name`.
    ///
    /// # Errors
    /// When a step fails or a limit is reached.
    pub fn render(&self, name: &str, scope: &Scope<'_>) -> Result<String, RenderError> {
        let Some(definition) = self.definitions.get(name) else {
            let message = format!("template {name:?} not defined");
            return Err(RenderError { name: Arc::from(name), at: Position::default(), message });
        };
        let mut run = Run {
            template: self,
            functions: scope.functions,
            limits: scope.limits,
            source: Arc::clone(&definition.source),
            variables: Vec::new(),
            out: String::new(),
            steps: 0,
            depth: 0,
        };
        run.variables.push(("$".to_owned(), scope.data.clone()));
        run.variables.extend(scope.variables.iter().cloned());
        run.nodes(&definition.body, &scope.data)?;
        Ok(run.out)
    }
}

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Run<'a> {
    template: &'a Template,
    functions: &'a Functions,
    limits: Limits,
    /// The text in which the current nodes stand.
    source: Arc<str>,
    /// Innermost last; of two with one name the later counts.
    variables: Vec<(String, Value)>,
    out: String,
    steps: usize,
    depth: usize,
}

type Outcome<T> = Result<T, RenderError>;

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Outcome<Flow> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Outcome<Flow> {
        match node {
            Node::Text(text) => self.write(text, Position::default())?,
            Node::Action(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variables.is_empty() {
                    self.write(&value.to_string(), pipeline.at)?;
                }
            }
            Node::If(branch) => return self.choose(branch, dot, false),
            Node::With(branch) => return self.choose(branch, dot, true),
            Node::Range(branch) => return self.range(branch, dot),
            Node::Template { name, argument, at } => {
                self.nested(name, argument.as_ref(), *at, dot)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, text: &str, at: Position) -> Outcome<()> {
        self.step(at)?;
        if self.out.len() + text.len() > self.limits.output_bytes_max {
            let max = self.limits.output_bytes_max;
            return Err(self.error(at, format!("more than {max} bytes of output")));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn choose(&mut self, branch: &Branch, dot: &Value, moves_dot: bool) -> Outcome<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = if value.is_true() {
            self.nodes(&branch.body, if moves_dot { &value } else { dot })
        } else {
            self.nodes(&branch.otherwise, dot)
        }?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Outcome<Flow> {
        let mark = self.variables.len();
        let pipeline = &branch.pipeline;
        let value = self.commands(pipeline, dot)?;
        let first = self.variables.len();
        if !pipeline.assigns {
            for name in &pipeline.variables {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        let inner = self.variables.len();
        let items = self.items(&value, pipeline.at)?;
        let mut flow = Flow::Next;
        if items.is_empty() {
            flow = self.nodes(&branch.otherwise, dot)?;
        }
        for (key, item) in items {
            self.step(pipeline.at)?;
            self.set_range_variables(pipeline, first, &key, &item);
            let ended = self.nodes(&branch.body, &item)?;
            self.variables.truncate(inner);
            if ended == Flow::Break {
                break;
            }
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn set_range_variables(
        &mut self,
        pipeline: &Pipeline,
        first: usize,
        key: &Value,
        item: &Value,
    ) {
        let values: &[&Value] = match pipeline.variables.len() {
            0 => &[],
            1 => &[item],
            _ => &[key, item],
        };
        for (index, (name, value)) in pipeline.variables.iter().zip(values).enumerate() {
            if pipeline.assigns {
                self.assign(name, value);
            } else if let Some(slot) = self.variables.get_mut(first + index) {
                slot.1 = (*value).clone();
            }
        }
    }

    /// Keys and elements, in the order in which `range` visits them.
    fn items(&self, value: &Value, at: Position) -> Outcome<Vec<(Value, Value)>> {
        match value {
            Value::Nil => Ok(Vec::new()),
            Value::List(items) => {
                let pairs = items.iter().enumerate();
                Ok(pairs.map(|(index, item)| (Value::from(index), item.clone())).collect())
            }
            Value::Labels(labels) => {
                let pairs = labels.iter();
                Ok(pairs.map(|(name, value)| (Value::from(name), Value::from(value))).collect())
            }
            Value::Map(map) => {
                let pairs = map.iter();
                Ok(pairs.map(|(key, value)| (Value::from(key.as_str()), value.clone())).collect())
            }
            Value::Int(count) => {
                let max = i64::try_from(self.limits.steps_max).unwrap_or(i64::MAX);
                let numbers = 0..(*count).min(max);
                Ok(numbers.map(|number| (Value::Int(number), Value::Int(number))).collect())
            }
            Value::Object(object) => match object.items() {
                Some(items) => self.items(&items, at),
                None => Err(self.error(at, format!("range can't iterate over {value}"))),
            },
            Value::Bool(_) | Value::Float(_) | Value::String(_) => {
                Err(self.error(at, format!("range can't iterate over {value}")))
            }
        }
    }

    fn nested(
        &mut self,
        name: &str,
        argument: Option<&Pipeline>,
        at: Position,
        dot: &Value,
    ) -> Outcome<()> {
        self.step(at)?;
        let template: &Template = self.template;
        let Some(Definition { source, body }) = template.definitions.get(name) else {
            return Err(self.error(at, format!("template {name:?} not defined")));
        };
        let dot = match argument {
            Some(pipeline) => self.pipeline(pipeline, dot)?,
            None => Value::Nil,
        };
        if self.depth >= self.limits.depth_max {
            let max = self.limits.depth_max;
            return Err(self.error(at, format!("more than {max} templates in one another")));
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), dot.clone())]);
        let outer_source = std::mem::replace(&mut self.source, Arc::clone(source));
        let body = Arc::clone(body);
        self.nodes(&body, &dot)?;
        self.source = outer_source;
        self.variables = outer;
        self.depth -= 1;
        Ok(())
    }

    /// The value of a pipeline; its variables are set.
    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Outcome<Value> {
        let value = self.commands(pipeline, dot)?;
        for name in &pipeline.variables {
            if pipeline.assigns {
                self.assign(name, &value);
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn commands(&mut self, pipeline: &Pipeline, dot: &Value) -> Outcome<Value> {
        let mut piped = None;
        for command in &pipeline.commands {
            piped = Some(self.command(command, dot, piped)?);
        }
        Ok(piped.unwrap_or_default())
    }

    fn assign(&mut self, name: &str, value: &Value) {
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        if let Some((_, slot)) = known {
            *slot = value.clone();
        }
    }

    fn command(&mut self, command: &Command, dot: &Value, piped: Option<Value>) -> Outcome<Value> {
        let operand = &command.operand;
        self.step(operand.at)?;
        match &operand.kind {
            OperandKind::Function(name) => self.call(name, operand.at, command, dot, piped),
            OperandKind::Fields { of, path } => {
                let arguments = self.arguments(&command.arguments, dot, piped)?;
                let of = self.operand(of, dot)?;
                self.fields(of, path, &arguments, operand.at)
            }
            _ if !command.arguments.is_empty() || piped.is_some() => {
                Err(self.error(operand.at, "can't give argument to non-function"))
            }
            OperandKind::Dot
            | OperandKind::Nil
            | OperandKind::Bool(_)
            | OperandKind::Int(_)
            | OperandKind::Float(_)
            | OperandKind::String(_)
            | OperandKind::Variable(_)
            | OperandKind::Pipeline(_) => self.operand(operand, dot),
        }
    }

    fn arguments(
        &mut self,
        operands: &[Operand],
        dot: &Value,
        piped: Option<Value>,
    ) -> Outcome<Vec<Value>> {
        let mut values = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            values.push(self.operand(operand, dot)?);
        }
        values.extend(piped);
        Ok(values)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Outcome<Value> {
        match &operand.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => Ok(Value::Nil),
            OperandKind::Bool(value) => Ok(Value::Bool(*value)),
            OperandKind::Int(value) => Ok(Value::Int(*value)),
            OperandKind::Float(value) => Ok(Value::Float(*value)),
            OperandKind::String(text) => Ok(Value::String(Arc::clone(text))),
            OperandKind::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                match known {
                    Some((_, value)) => Ok(value.clone()),
                    None => Err(self.error(operand.at, format!("undefined variable: {name}"))),
                }
            }
            OperandKind::Function(name) => {
                self.step(operand.at)?;
                self.apply(name, operand.at, &[])
            }
            OperandKind::Fields { of, path } => {
                let of = self.operand(of, dot)?;
                self.fields(of, path, &[], operand.at)
            }
            OperandKind::Pipeline(pipeline) => {
                self.step(operand.at)?;
                self.pipeline(pipeline, dot)
            }
        }
    }

    /// Follows a path of fields; the arguments belong to the last one.
    fn fields(
        &mut self,
        of: Value,
        path: &[String],
        arguments: &[Value],
        at: Position,
    ) -> Outcome<Value> {
        let mut value = of;
        for (index, name) in path.iter().enumerate() {
            self.step(at)?;
            let arguments = if index + 1 == path.len() { arguments } else { &[] };
            value = self.field(&value, name, arguments, at)?;
        }
        Ok(value)
    }

    fn field(&self, of: &Value, name: &str, arguments: &[Value], at: Position) -> Outcome<Value> {
        if let Value::Object(object) = of
            && let Some(answer) = object.get(name, arguments)
        {
            let called = |error| self.error(at, format!("error calling {name}: {error}"));
            return answer.map_err(called);
        }
        match of.element(name) {
            Some(_) if !arguments.is_empty() => {
                Err(self.error(at, format!("{name} is not a method but has arguments")))
            }
            Some(element) => Ok(element),
            None if matches!(of, Value::Nil) => {
                Err(self.error(at, format!("nil data; no entry for key {name:?}")))
            }
            None => {
                let message = format!("can't evaluate field {name} in type {}", of.type_name());
                Err(self.error(at, message))
            }
        }
    }

    fn call(
        &mut self,
        name: &str,
        at: Position,
        command: &Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Outcome<Value> {
        // These two look at their arguments one by one and stop at the first that decides.
        let stops_at = match name {
            "and" => Some(false),
            "or" => Some(true),
            _ => None,
        };
        let Some(stops_at) = stops_at else {
            let arguments = self.arguments(&command.arguments, dot, piped)?;
            return self.apply(name, at, &arguments);
        };
        let mut last = None;
        for operand in &command.arguments {
            let value = self.operand(operand, dot)?;
            if value.is_true() == stops_at {
                return Ok(value);
            }
            last = Some(value);
        }
        piped.or(last).ok_or_else(|| {
            let message = format!("wrong number of args for {name}: want at least 1 got 0");
            self.error(at, message)
        })
    }

    fn apply(&self, name: &str, at: Position, arguments: &[Value]) -> Outcome<Value> {
        let function = self.functions.get(name).ok_or_else(|| {
            self.error(at, format!("function {name:?} is not there in this rendering"))
        })?;
        let failed =
            |error: FunctionError| self.error(at, format!("error calling {name}: {error}"));
        let value = function(arguments).map_err(failed)?;
        let bytes = value.as_text().map_or(0, str::len);
        if bytes > self.limits.output_bytes_max {
            return Err(self.error(at, format!("{name} gave a text of {bytes} bytes")));
        }
        Ok(value)
    }

    fn step(&mut self, at: Position) -> Outcome<()> {
        self.steps += 1;
        if self.steps > self.limits.steps_max {
            let max = self.limits.steps_max;
            return Err(self.error(at, format!("more than {max} steps")));
        }
        Ok(())
    }

    fn error(&self, at: Position, message: impl Into<String>) -> RenderError {
        RenderError { name: Arc::clone(&self.source), at, message: message.into() }
    }
}
