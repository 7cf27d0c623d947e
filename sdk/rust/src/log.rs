//! The host's structured log.

use std::fmt::Display;

use crate::{Label, host};

pub use crate::bindings::host::narthex::plugin::log::Level;

/// Whether a message of this level would be kept.
pub fn enabled(level: Level) -> bool {
    host::log::enabled(level)
}

/// Writes a message with its fields.
pub fn write(level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
    if enabled(level) {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| Label::new(name, value.to_string())).collect();
        host::log::log(level, message, &fields);
    }
}

/// For the plugin's author.
pub fn debug(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Debug, message, fields);
}

/// For the operator, when all is well.
pub fn info(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Info, message, fields);
}

/// Something is wrong and the call goes on.
pub fn warn(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Warn, message, fields);
}

/// Something is wrong and part of the work is not done.
pub fn error(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Error, message, fields);
}
