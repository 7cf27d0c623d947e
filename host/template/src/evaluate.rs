//! The tree and data to text.
//!
//! Invariant: each step is counted, each nested template too, and output stops at its bound; so a
//! rendering ends whatever the template says.

mod pipeline;

use std::sync::Arc;

use crate::error::{Position, RenderError};
use crate::functions::Functions;
use crate::html::Markup;
use crate::tree::{Branch, Definition, Node, Pipeline, Template};
use crate::value::Value;

/// Each level takes a few stack frames, of the two megabytes or more that a thread has.
pub(crate) const LEVELS_MAX: usize = 200;
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
    levels_max: usize,
    is_html: bool,
}

impl<'a> Scope<'a> {
    /// Data for the dot and for `$`.
    #[must_use]
    pub fn new(functions: &'a Functions, data: Value) -> Self {
        let (variables, limits) = (Vec::new(), Limits::default());
        Self { functions, data, variables, limits, levels_max: LEVELS_MAX, is_html: false }
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

    /// The output is HTML: each value is escaped for the place in which it stands.
    #[must_use]
    pub fn as_html(mut self) -> Self {
        self.is_html = true;
        self
    }

    /// Fewer blocks and templates in one another, for a rendering inside of another.
    #[must_use]
    pub(crate) fn with_levels_max(mut self, levels_max: usize) -> Self {
        self.levels_max = levels_max;
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
            held_bytes: 0,
            steps: 0,
            depth: 0,
            markup: scope.is_html.then(Markup::default),
            levels: 0,
            levels_max: scope.levels_max,
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
    /// Bytes of the texts in which the one that is written will stand.
    held_bytes: usize,
    steps: usize,
    /// Open templates.
    depth: usize,
    /// Where the output stands, if it is HTML.
    markup: Option<Markup>,
    /// Open blocks and templates.
    levels: usize,
    levels_max: usize,
}

type Outcome<T> = Result<T, RenderError>;

impl Run<'_> {
    /// The body of a block or of a template. `at` is where it was opened.
    fn body(&mut self, nodes: &[Node], at: Position, dot: &Value) -> Outcome<Flow> {
        if self.levels >= self.levels_max {
            let max = self.levels_max;
            let message = format!("more than {max} blocks and templates in one another");
            return Err(self.error(at, message));
        }
        self.levels += 1;
        let flow = self.nodes(nodes, dot)?;
        self.levels -= 1;
        Ok(flow)
    }

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
            Node::Text(text) => match &mut self.markup {
                Some(markup) => {
                    let text = markup.literal(text);
                    self.write(&text, Position::default())?;
                }
                None => self.write(text, Position::default())?,
            },
            Node::Action(pipeline) => self.action(pipeline, dot)?,
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

    /// Writes what a pipeline comes to, unless it sets variables.
    fn action(&mut self, pipeline: &Pipeline, dot: &Value) -> Outcome<()> {
        let at = pipeline.at;
        if !pipeline.variables.is_empty() {
            return self.pipeline(pipeline, dot).map(|_| ());
        }
        if self.markup.is_none() {
            let value = self.commands(&pipeline.commands, dot)?;
            return self.write(&value.to_string(), at);
        }
        let piped = self.before_escaping(&pipeline.commands, dot)?;
        let escaped = self.markup.as_mut().map_or(Ok(String::new()), |to| to.value(&piped));
        let text = escaped.map_err(|message| self.error(at, message))?;
        self.write(&text, at)
    }

    fn write(&mut self, text: &str, at: Position) -> Outcome<()> {
        self.step(at)?;
        if self.held_bytes + self.out.len() + text.len() > self.limits.output_bytes_max {
            let max = self.limits.output_bytes_max;
            return Err(self.error(at, format!("more than {max} bytes of output")));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn choose(&mut self, branch: &Branch, dot: &Value, moves_dot: bool) -> Outcome<Flow> {
        let mark = self.variables.len();
        let at = branch.pipeline.at;
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = if value.is_true() {
            self.body(&branch.body, at, if moves_dot { &value } else { dot })
        } else {
            self.body(&branch.otherwise, at, dot)
        }?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Outcome<Flow> {
        let mark = self.variables.len();
        let pipeline = &branch.pipeline;
        let value = self.commands(&pipeline.commands, dot)?;
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
            flow = self.body(&branch.otherwise, pipeline.at, dot)?;
        }
        for (key, item) in items {
            self.step(pipeline.at)?;
            self.set_range_variables(pipeline, first, &key, &item);
            let ended = self.body(&branch.body, pipeline.at, &item)?;
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
        if !self.template.defines(name) {
            return Err(self.error(at, format!("template {name:?} not defined")));
        }
        let dot = match argument {
            Some(pipeline) => self.pipeline(pipeline, dot)?,
            None => Value::Nil,
        };
        self.rendered(name, at, &dot)
    }

    /// Writes what another template comes to.
    fn rendered(&mut self, name: &str, at: Position, dot: &Value) -> Outcome<()> {
        let template: &Template = self.template;
        let Some(Definition { source, body }) = template.definitions.get(name) else {
            return Err(self.error(at, format!("template {name:?} not defined")));
        };
        if self.depth >= self.limits.depth_max {
            let max = self.limits.depth_max;
            return Err(self.error(at, format!("more than {max} templates in one another")));
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), dot.clone())]);
        let outer_source = std::mem::replace(&mut self.source, Arc::clone(source));
        let body = Arc::clone(body);
        self.body(&body, at, dot)?;
        self.source = outer_source;
        self.variables = outer;
        self.depth -= 1;
        Ok(())
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
