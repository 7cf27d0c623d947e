//! The templates of notifications: Alertmanager's functions, data and built-in texts.
//!
//! Enters: files of templates, once; for each notification its data and the texts of its settings.
//! Leaves: plain text or HTML. A [`Library`] holds the built-in templates and those of the files;
//! an [`Expander`] renders texts that may use them.

mod base64;
mod data;
mod functions;
mod library;
mod objects;
mod route_labels;
mod title;

pub use self::data::{NotificationAlert, NotificationData};
pub use self::library::{Expander, Library};

#[cfg(test)]
mod tests;
