//! The table of functions that a template may call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::builtins;
use crate::value::Value;

/// A function: values in, a value out.
pub type Function = Arc<dyn Fn(&[Value]) -> Result<Value, FunctionError> + Send + Sync>;

/// Why a function gave no value. The template adds where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FunctionError(pub String);

impl FunctionError {
    /// From any text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Functions by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Functions {
    table: Arc<BTreeMap<&'static str, Function>>,
}

impl Functions {
    /// Those of the language itself: `and or not len index slice print printf println html js
    /// urlquery eq ne lt le gt ge`.
    #[must_use]
    pub fn builtin() -> Self {
        let mut functions = Self::default();
        builtins::add_to(&mut functions);
        functions
    }

    /// Adds a function, or replaces the one of this name.
    pub fn add(
        &mut self,
        name: &'static str,
        function: impl Fn(&[Value]) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) {
        Arc::make_mut(&mut self.table).insert(name, Arc::new(function));
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// The names of all, ascending.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.table.keys().copied()
    }

    /// The one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.table.get(name)
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.table.keys()).finish()
    }
}

/// The arguments, when there are exactly as many as the function takes.
pub(crate) fn exactly<const N: usize>(arguments: &[Value]) -> Result<&[Value; N], FunctionError> {
    arguments.try_into().map_err(|_| {
        FunctionError(format!("wrong number of args: want {N} got {}", arguments.len()))
    })
}

/// The text of an argument.
pub(crate) fn text(value: &Value) -> Result<&str, FunctionError> {
    value.as_text().ok_or_else(|| {
        FunctionError(format!("wrong type for value; expected string; got {}", value.type_name()))
    })
}

/// The number of an argument.
pub(crate) fn number(value: &Value) -> Result<f64, FunctionError> {
    value.as_number().ok_or_else(|| match value.as_text() {
        Some(text) => {
            FunctionError(format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
        }
        None => FunctionError(format!("can't convert {} to float", value.type_name())),
    })
}

/// What a function may give, whatever the limits of the rendering: it does not know these, and
/// some functions could make terabytes of a few megabytes.
pub(crate) const RESULT_BYTES_MAX: usize = 64 << 20;
/// Values inside of values that functions take.
const NESTED_MAX: usize = 64;

pub(crate) fn too_much() -> FunctionError {
    FunctionError(format!("the result would have more than {RESULT_BYTES_MAX} bytes"))
}

/// The arguments, when they may all be printed.
pub(crate) fn printable(arguments: &[Value]) -> Result<&[Value], FunctionError> {
    let mut free = RESULT_BYTES_MAX;
    for value in arguments {
        free -= value.weight(free, NESTED_MAX).ok_or_else(too_much)?;
    }
    Ok(arguments)
}
