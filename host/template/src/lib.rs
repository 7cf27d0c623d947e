//! The text/template language of Go, as alert annotations, notifications and consoles use it.
//!
//! Enters: the text of a template, a table of [`Functions`], data as [`Value`]s. Leaves: text, or
//! an error that names template, line and column.
//!
//! Always holds: a template that parsed names only functions and variables that were declared; a
//! rendering ends, because steps, depth and output are bounded by [`Limits`]. A rendering does no
//! I/O of its own: what a function may reach is decided by the caller who fills the table.
//!
//! For HTML each value is escaped for the place in which it stands: see `html.rs`, also for what is
//! not done.
//!
//! Differences from Go, all of them lenient: integers and floats compare with each other; a string
//! that holds a number is taken where a number is wanted; functions cannot be values, so there is
//! no `call`.
//!
//! Open `tree.rs`, then `evaluate.rs`; `prometheus.rs` holds the functions of alerting rules,
//! `alertmanager.rs` functions, data and built-in texts of notifications.
//!
//! ```
//! use narthex_template::{Functions, Scope, Template, Value};
//! let functions = Functions::builtin();
//! let template = Template::parse("hello", "Hi {{ .name | printf \"%q\" }}!", &functions, &[])?;
//! let data = Value::map([("name", Value::from("Ada"))]);
//! let text = template.render("hello", &Scope::new(&functions, data)).unwrap();
//! assert_eq!(text, "Hi \"Ada\"!");
//! # Ok::<(), narthex_template::ParseError>(())
//! ```

mod alertmanager;
mod builtins;
mod compare;
mod error;
mod escape;
mod evaluate;
mod functions;
mod html;
mod humanize;
mod json;
mod lex;
mod number;
mod parse;
mod printf;
mod prometheus;
mod shared;
mod time;
mod tree;
mod value;

pub use self::alertmanager::{Expander, Library, NotificationAlert, NotificationData};
pub use self::error::{ParseError, Position, RenderError};
pub use self::evaluate::{Limits, Scope};
pub use self::functions::{Function, FunctionError, Functions};
pub use self::number::format_float;
pub use self::prometheus::{PrometheusContext, QueryCallback, QuerySample};
pub use self::time::{DurationValue, TimeValue};
pub use self::tree::Template;
pub use self::value::{Object, Value};

#[cfg(test)]
mod tests;
