//! The values of pipelines, commands and operands.

use std::sync::Arc;

use super::{Outcome, Run};
use crate::error::Position;
use crate::functions::printable;
use crate::html::{Markup, Piped, Trusted};
use crate::printf;
use crate::tree::{Command, Operand, OperandKind, Pipeline};
use crate::value::Value;

/// A list or a map that a function makes may hold this many times what the output may.
const COLLECTED_MAX: usize = 16;
/// Values inside of values: more would be a rendering that wraps what it has, over and over.
const NESTED_MAX: usize = 32;
/// The function that renders a template, which no table of functions could.
const TEMPLATE_FUNCTION: &str = "tmpl";
/// A step is a microsecond or two, in which a function goes through this many bytes.
const STEP_BYTES: usize = 2048;

impl Run<'_> {
    /// The value of a pipeline; its variables are set.
    pub(super) fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Outcome<Value> {
        let value = self.commands(&pipeline.commands, dot)?;
        for name in &pipeline.variables {
            if pipeline.assigns {
                self.assign(name, &value);
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    pub(super) fn commands(&mut self, commands: &[Command], dot: &Value) -> Outcome<Value> {
        let mut piped = None;
        for command in commands {
            piped = Some(self.command(command, dot, piped)?);
        }
        Ok(piped.unwrap_or_default())
    }

    /// The value of a pipeline for HTML. When the last function escapes, it is left to the place in
    /// which the value will stand: escaped twice it would be wrong.
    pub(super) fn before_escaping(&mut self, commands: &[Command], dot: &Value) -> Outcome<Piped> {
        let is_last = |name: &str| {
            let last = commands.last().map(|last| &last.operand.kind);
            matches!(last, Some(OperandKind::Function(function)) if function == name)
        };
        let is_query = is_last("urlquery");
        let whole = if is_query || is_last("html") { commands.split_last() } else { None };
        let (value, is_query) = match whole {
            Some((escaper, [])) if !escaper.arguments.is_empty() => {
                let values = self.arguments(&escaper.arguments, dot, None)?;
                let value = match values.as_slice() {
                    [value] => value.clone(),
                    values => {
                        let values = printable(values)
                            .map_err(|error| self.error(escaper.operand.at, error.to_string()))?;
                        printf::print(values).into()
                    }
                };
                (value, is_query)
            }
            Some((escaper, others)) if escaper.arguments.is_empty() && !others.is_empty() => {
                (self.commands(others, dot)?, is_query)
            }
            Some(_) | None => (self.commands(commands, dot)?, false),
        };
        Ok(Piped { value, is_query })
    }

    pub(super) fn assign(&mut self, name: &str, value: &Value) {
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

    /// What a template comes to between tags, as HTML that needs no escaping.
    fn template_value(&mut self, at: Position, arguments: &[Value]) -> Outcome<Value> {
        let (name, dot) = match arguments {
            [Value::String(name), dot] => (name, dot),
            _ => return Err(self.error(at, "tmpl wants the name of a template and its data")),
        };
        let outer_markup = self.markup.replace(Markup::default());
        let outer = std::mem::take(&mut self.out);
        self.held_bytes += outer.len();
        self.rendered(name, at, dot)?;
        self.held_bytes -= outer.len();
        let html = std::mem::replace(&mut self.out, outer);
        let inner = std::mem::replace(&mut self.markup, outer_markup);
        if inner.is_some_and(|markup| !markup.is_between_tags()) {
            return Err(self.error(at, format!("template {name:?} ends inside of a tag")));
        }
        Ok(Value::object(Trusted::html(&html)))
    }

    fn apply(&mut self, name: &str, at: Position, arguments: &[Value]) -> Outcome<Value> {
        let function = self.functions.get(name).ok_or_else(|| {
            self.error(at, format!("function {name:?} is not there in this rendering"))
        })?;
        if name == TEMPLATE_FUNCTION && self.markup.is_some() {
            return self.template_value(at, arguments);
        }
        let value = function(arguments)
            .map_err(|error| self.error(at, format!("error calling {name}: {error}")))?;
        let output_max = self.limits.output_bytes_max;
        let is_text = value.as_text().is_some();
        let bytes_max = if is_text { output_max } else { output_max.saturating_mul(COLLECTED_MAX) };
        let Some(bytes) = value.weight(bytes_max, NESTED_MAX) else {
            let message = if is_text {
                format!("{name} gave a text of more than {bytes_max} bytes")
            } else {
                format!("{name} gave values of more than {bytes_max} bytes or {NESTED_MAX} levels")
            };
            return Err(self.error(at, message));
        };
        // Large values cost as many steps as their bytes are worth; so does work on large texts.
        let read: usize = arguments.iter().filter_map(Value::as_text).map(str::len).sum();
        self.steps = self.steps.saturating_add(bytes.saturating_add(read) / STEP_BYTES);
        Ok(value)
    }
}
