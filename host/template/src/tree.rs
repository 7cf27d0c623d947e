//! What a parsed template is made of.
//!
//! Invariant: every variable that occurs was declared before, every function stood in the table
//! that the parser was given, `break` and `continue` stand inside a `range`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Position;

/// A set of named templates that may call each other; the result of parsing one or more texts.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pub(crate) definitions: BTreeMap<String, Definition>,
}

impl Template {
    /// The names that can be rendered, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().map(String::as_str)
    }

    /// Whether a template of this name is defined.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        self.definitions.contains_key(name)
    }
}

/// One named template.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    /// The text it was written in, for messages.
    pub(crate) source: Arc<str>,
    pub(crate) body: Arc<[Node]>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template { name: String, argument: Option<Pipeline>, at: Position },
    Break,
    Continue,
}

/// `if`, `with` and `range`: what decides, what follows, what else.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) pipeline: Pipeline,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// `$a, $b := first | second`.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) variables: Vec<String>,
    /// `=` instead of `:=`: the variables exist already.
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
    pub(crate) at: Position,
}

/// An operand and its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) operand: Operand,
    pub(crate) arguments: Vec<Operand>,
}

#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) kind: OperandKind,
    pub(crate) at: Position,
}

#[derive(Clone, Debug)]
pub(crate) enum OperandKind {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Arc<str>),
    Function(String),
    Variable(String),
    /// `.a.b`, `$x.a.b`, `(pipeline).a.b`: fields of something, in order, at least one.
    Fields {
        of: Box<Operand>,
        path: Vec<String>,
    },
    Pipeline(Box<Pipeline>),
}
