//! The labels of a route, whose values may be templates that refer to one another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::library::{Expander, TEXT};
use crate::error::{Position, RenderError};
use crate::evaluate::LEVELS_MAX;
use crate::functions::{FunctionError, Functions, exactly, text};
use crate::value::Value;

/// Labels that refer to one another in a row. Each has half the levels of the one before, so that
/// all together have twice those of one.
const NESTED_MAX: usize = 6;

/// The values that one rendering asked for, each rendered at most once.
#[derive(Debug)]
pub(super) struct RouteLabels {
    expander: Expander,
    /// Guards what was rendered; not held while a label is.
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    done: BTreeMap<String, Arc<str>>,
    /// Those that wait for one another, outermost first.
    open: Vec<String>,
}

impl RouteLabels {
    pub(super) fn new(expander: &Expander) -> Arc<Self> {
        Arc::new(Self { expander: expander.clone(), progress: Mutex::default() })
    }

    /// The functions with a `routeLabels` that asks here.
    pub(super) fn provide(self: &Arc<Self>, functions: &Functions) -> Functions {
        let labels = Arc::clone(self);
        let mut functions = functions.clone();
        functions.add("routeLabels", move |arguments| {
            let [name] = exactly::<1>(arguments)?;
            let value = labels.value(text(name)?);
            value.map(Value::String).map_err(|error| FunctionError(error.to_string()))
        });
        functions
    }

    /// The value of a label; that of none is empty.
    pub(super) fn value(self: &Arc<Self>, name: &str) -> Result<Arc<str>, RenderError> {
        let value = self.expander.route_labels.get(name).unwrap_or("");
        if self.expander.route_labels_rendered || !value.contains("{{") {
            return Ok(Arc::from(value));
        }
        let depth = {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = progress.done.get(name) {
                return Ok(Arc::clone(value));
            }
            progress.enter(name)?
        };
        let rendered = self.expander.render(value, self, LEVELS_MAX >> depth);
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.open.pop();
        let rendered: Arc<str> = Arc::from(rendered?);
        progress.done.insert(name.to_owned(), Arc::clone(&rendered));
        Ok(rendered)
    }
}

impl Progress {
    /// Returns how many labels wait for this one, itself among them.
    fn enter(&mut self, name: &str) -> Result<usize, RenderError> {
        let failed =
            |message| Err(RenderError { name: Arc::from(TEXT), at: Position::default(), message });
        let path = || {
            let names = self.open.iter().map(String::as_str).chain([name]);
            names.collect::<Vec<_>>().join(" -> ")
        };
        if self.open.iter().any(|open| open == name) {
            return failed(format!("route label cycle detected: {}", path()));
        }
        if self.open.len() >= NESTED_MAX {
            let path = path();
            return failed(format!("more than {NESTED_MAX} route labels in a row: {path}"));
        }
        self.open.push(name.to_owned());
        Ok(self.open.len())
    }
}
