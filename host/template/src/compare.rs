//! `eq ne lt le gt ge`.

use std::cmp::Ordering;

use crate::functions::{FunctionError, exactly};
use crate::value::Value;

/// `eq a b c …`: whether `a` equals one of the others.
pub(crate) fn eq(arguments: &[Value]) -> Result<bool, FunctionError> {
    let (first, others) = match arguments {
        [first, others @ ..] if !others.is_empty() => (first, others),
        _ => return Err(FunctionError::new("missing argument for comparison")),
    };
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(a: &Value, b: &Value) -> Result<bool, FunctionError> {
    match (a, b) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Labels(a), Value::Labels(b)) => Ok(a == b),
        _ => match numbers(a, b) {
            #[expect(clippy::float_cmp, reason = "eq means equal")]
            Some((a, b)) => Ok(a == b),
            None => Err(incompatible(a, b)),
        },
    }
}

/// Both as floats, if both are numbers; texts are not, however they look.
fn numbers(a: &Value, b: &Value) -> Option<(f64, f64)> {
    if a.as_text().is_some() || b.as_text().is_some() {
        return None;
    }
    Some((a.as_number()?, b.as_number()?))
}

fn incompatible(a: &Value, b: &Value) -> FunctionError {
    let (a, b) = (a.type_name(), b.type_name());
    FunctionError(format!("incompatible types for comparison: {a} and {b}"))
}

/// Whether the order of two values is one that `wanted` accepts; never so for NaN.
pub(crate) fn ordered(
    arguments: &[Value],
    wanted: impl Fn(Ordering) -> bool,
) -> Result<bool, FunctionError> {
    let [a, b] = exactly::<2>(arguments)?;
    let order = match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        _ => match numbers(a, b) {
            Some((a, b)) => a.partial_cmp(&b),
            None => return Err(incompatible(a, b)),
        },
    };
    Ok(order.is_some_and(wanted))
}
