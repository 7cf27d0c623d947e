//! The functions of Alertmanager 0.34.

use std::sync::Arc;

use narthex_model::Timestamp;

use super::{base64, title};
use crate::functions::{
    FunctionError, Functions, RESULT_BYTES_MAX, exactly, printable, text, too_much,
};
use crate::html::Trusted;
use crate::shared::{self, ChangeText};
use crate::time::{TimeValue, time};
use crate::value::Value;
use crate::{escape, json};

impl Functions {
    /// The language's own functions and those of Alertmanager, on which `now` is the time.
    ///
    /// `routeLabels` is empty here; a [`Library`](crate::Library) fills it from its data.
    #[must_use]
    pub fn alertmanager(now: Timestamp) -> Self {
        let mut functions = Self::builtin();
        add_texts(&mut functions);
        add_encodings(&mut functions);
        add_times(&mut functions, now);
        add_collections(&mut functions);
        functions.add("routeLabels", |arguments| {
            let [name] = exactly::<1>(arguments)?;
            text(name).map(|_| Value::from(""))
        });
        functions
    }
}

fn add_texts(functions: &mut Functions) {
    let changed: [(_, ChangeText); 2] =
        [("title", title::title), ("trimSpace", |text| text.trim().to_owned())];
    for (name, change) in changed {
        functions.add(name, move |arguments| {
            let [value] = exactly::<1>(arguments)?;
            Ok(change(text(value)?).into())
        });
    }
    shared::add_to(functions);
    functions.add("join", |arguments| {
        let [separator, list] = exactly::<2>(arguments)?;
        let items = items(list)?;
        join(&items, text(separator)?)
    });
    functions.add("safeHtml", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(Value::object(Trusted::html(text(value)?)))
    });
    functions.add("safeUrl", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(Value::object(Trusted::url(text(value)?)))
    });
}

fn add_encodings(functions: &mut Functions) {
    functions.add("urlUnescape", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        escape::url_query_decoded(text(value)?).map(Value::from)
    });
    functions.add("base64encode", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(base64::encode(text(value)?.as_bytes()).into())
    });
    functions.add("base64decode", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        let bytes = base64::decode(text(value)?)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned().into())
    });
    functions.add("toJson", |arguments| {
        let [value] = exactly::<1>(printable(arguments)?)?;
        json::encode(value).map(Value::from)
    });
}

fn add_times(functions: &mut Functions, now: Timestamp) {
    let now = TimeValue::new(now);
    let at = now.clone();
    functions.add("now", move |arguments| {
        exactly::<0>(arguments)?;
        Ok(Value::object(at.clone()))
    });
    functions.add("since", move |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(Value::object(now.since(time(value)?)))
    });
    functions.add("date", |arguments| {
        let [layout, value] = exactly::<2>(arguments)?;
        Ok(time(value)?.format(text(layout)?).into())
    });
    functions.add("tz", |arguments| {
        let [zone, value] = exactly::<2>(arguments)?;
        time(value)?.in_zone(text(zone)?).map(Value::object)
    });
    functions.add("toDate", |arguments| {
        let [layout, value] = exactly::<2>(arguments)?;
        let read = TimeValue::parse(text(layout)?, text(value)?);
        Ok(Value::object(read.unwrap_or_else(|_| TimeValue::zero())))
    });
    functions.add("mustToDate", |arguments| {
        let [layout, value] = exactly::<2>(arguments)?;
        TimeValue::parse(text(layout)?, text(value)?).map(Value::object)
    });
}

fn add_collections(functions: &mut Functions) {
    functions.add("stringSlice", |arguments| {
        for value in arguments {
            text(value)?;
        }
        Ok(Value::list(arguments.iter().cloned()))
    });
    functions.add("list", |arguments| Ok(Value::list(arguments.iter().cloned())));
    functions.add("append", |arguments| match arguments {
        [list, more @ ..] => Ok(Value::list(items(list)?.iter().chain(more).cloned())),
        [] => Err(FunctionError::new("wrong number of args: want at least 1 got 0")),
    });
    functions.add("dict", |arguments| {
        let (pairs, rest) = arguments.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(FunctionError::new("dict requires an even number of arguments"));
        }
        let pairs: Result<Vec<(String, Value)>, FunctionError> = pairs
            .iter()
            .map(|[key, value]| match key.as_text() {
                Some(key) => Ok((key.to_owned(), value.clone())),
                None => Err(FunctionError::new("dict keys must be strings")),
            })
            .collect();
        Ok(Value::map(pairs?))
    });
}

/// Texts with something between them.
pub(super) fn join(items: &[Value], separator: &str) -> Result<Value, FunctionError> {
    let between = separator.len().saturating_mul(items.len().saturating_sub(1));
    let texts: Result<Vec<&str>, FunctionError> = items.iter().map(text).collect();
    let texts = texts?;
    let bytes = texts.iter().map(|text| text.len()).fold(between, usize::saturating_add);
    if bytes > RESULT_BYTES_MAX { Err(too_much()) } else { Ok(texts.join(separator).into()) }
}

/// The elements of a list.
pub(super) fn items(value: &Value) -> Result<Arc<[Value]>, FunctionError> {
    let inner = value.items();
    let Value::List(items) = inner.as_ref().unwrap_or(value) else {
        let kind = value.type_name();
        return Err(FunctionError(format!("wrong type for value; expected a list; got {kind}")));
    };
    Ok(Arc::clone(items))
}
