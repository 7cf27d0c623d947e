//! The functions of the language itself.

use std::cmp::Ordering;

use crate::functions::{FunctionError, Functions, exactly, printable};
use crate::value::Value;
use crate::{compare, escape, printf};

pub(crate) fn add_to(functions: &mut Functions) {
    // The evaluator handles these two itself, since they do not look at all of their arguments;
    // here they only have a name.
    functions.add("and", |arguments| Ok(arguments.first().cloned().unwrap_or_default()));
    functions.add("or", |arguments| Ok(arguments.first().cloned().unwrap_or_default()));
    functions.add("not", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(Value::Bool(!value.is_true()))
    });
    functions.add("len", len);
    functions.add("index", |arguments| match arguments {
        [] => Err(FunctionError::new("wrong number of args: want at least 1 got 0")),
        [of, keys @ ..] => keys.iter().try_fold(of.clone(), |value, key| index(&value, key)),
    });
    functions.add("slice", slice);
    functions.add("print", |arguments| Ok(printf::print(printable(arguments)?).into()));
    functions.add("println", |arguments| Ok(printf::println(printable(arguments)?).into()));
    functions.add("printf", |arguments| match arguments {
        [Value::String(format), values @ ..] => {
            Ok(printf::printf(format, printable(values)?).into())
        }
        _ => Err(FunctionError::new("printf wants a format, a string, first")),
    });
    functions
        .add("html", |arguments| Ok(escape::html(&printf::print(printable(arguments)?)).into()));
    functions.add("js", |arguments| Ok(escape::js(&printf::print(printable(arguments)?)).into()));
    functions.add("urlquery", |arguments| {
        Ok(escape::url_query(&printf::print(printable(arguments)?)).into())
    });
    functions.add("eq", |arguments| compare::eq(arguments).map(Value::Bool));
    functions.add("ne", |arguments| {
        exactly::<2>(arguments)?;
        compare::eq(arguments).map(|equal| Value::Bool(!equal))
    });
    functions.add("lt", |values| compare::ordered(values, Ordering::is_lt).map(Value::Bool));
    functions.add("le", |values| compare::ordered(values, Ordering::is_le).map(Value::Bool));
    functions.add("gt", |values| compare::ordered(values, Ordering::is_gt).map(Value::Bool));
    functions.add("ge", |values| compare::ordered(values, Ordering::is_ge).map(Value::Bool));
}

fn len(arguments: &[Value]) -> Result<Value, FunctionError> {
    let [value] = exactly::<1>(arguments)?;
    let count = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Labels(labels) => labels.len(),
        Value::Map(map) => map.len(),
        Value::Object(object) => match object.items() {
            Some(items) => return len(&[items]),
            None => return Err(FunctionError::new("len of type object")),
        },
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            return Err(FunctionError(format!("len of type {}", value.type_name())));
        }
    };
    Ok(count.into())
}

fn index(of: &Value, key: &Value) -> Result<Value, FunctionError> {
    let out_of_range = || FunctionError(format!("error calling index: index out of range: {key}"));
    let position = || match key {
        Value::Int(position) => usize::try_from(*position).map_err(|_| out_of_range()),
        Value::Nil
        | Value::Bool(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::List(_)
        | Value::Labels(_)
        | Value::Map(_)
        | Value::Object(_) => {
            Err(FunctionError(format!("cannot index slice/array with type {}", key.type_name())))
        }
    };
    match of {
        Value::List(items) => items.get(position()?).cloned().ok_or_else(out_of_range),
        Value::String(text) => {
            let byte = text.as_bytes().get(position()?).ok_or_else(out_of_range)?;
            Ok(Value::Int(i64::from(*byte)))
        }
        Value::Labels(_) | Value::Map(_) => match key.as_text() {
            Some(key) => Ok(of.element(key).unwrap_or_default()),
            None => {
                let kind = key.type_name();
                Err(FunctionError(format!("value has type {kind}; should be string")))
            }
        },
        Value::Object(object) => match object.items() {
            Some(items) => index(&items, key),
            None => Err(FunctionError::new("can't index item of type object")),
        },
        Value::Nil => Err(FunctionError::new("index of untyped nil")),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            Err(FunctionError(format!("can't index item of type {}", of.type_name())))
        }
    }
}

fn slice(arguments: &[Value]) -> Result<Value, FunctionError> {
    let items = arguments.first().and_then(Value::items);
    let (of, bounds) = match arguments {
        [of, bounds @ ..] if bounds.len() <= 2 => (items.as_ref().unwrap_or(of), bounds),
        _ => return Err(FunctionError::new("slice wants an item and at most two bounds")),
    };
    let bound = |index: usize, default: usize| match bounds.get(index) {
        None => Ok(default),
        Some(Value::Int(bound)) => usize::try_from(*bound)
            .map_err(|_| FunctionError(format!("index out of range: {bound}"))),
        Some(other) => {
            let kind = other.type_name();
            Err(FunctionError(format!("cannot index slice/array with type {kind}")))
        }
    };
    let out_of_range = || FunctionError::new("slice bounds out of range");
    match of {
        Value::String(text) => {
            let range = bound(0, 0)?..bound(1, text.len())?;
            text.get(range).map(Value::from).ok_or_else(out_of_range)
        }
        Value::List(items) => {
            let range = bound(0, 0)?..bound(1, items.len())?;
            let part = items.get(range).ok_or_else(out_of_range)?;
            Ok(Value::list(part.iter().cloned()))
        }
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Labels(_)
        | Value::Map(_)
        | Value::Object(_) => {
            Err(FunctionError(format!("can't slice item of type {}", of.type_name())))
        }
    }
}
