//! The last lines of each plugin, for the pages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use super::single_line;
use crate::view::LogView;

/// Lines of one plugin.
const LINES_MAX: usize = 50;

/// Bytes of a line, of the message and of all fields each.
const TEXT_BYTES_MAX: usize = 1024;

/// The last lines of all plugins, whatever their versions and grants.
#[derive(Debug, Default)]
pub(crate) struct Recent(
    /// Guards the table, not the lines in it.
    Mutex<BTreeMap<String, Lines>>,
);

/// The last lines of one plugin. Cheap to clone; clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(
    /// Guards the lines, the newest last.
    Arc<Mutex<VecDeque<LogView>>>,
);

impl Recent {
    pub(crate) fn of(&self, plugin: &str) -> Lines {
        self.0.lock().entry(plugin.to_owned()).or_default().clone()
    }

    /// A plugin is gone.
    pub(crate) fn forget(&self, plugin: &str) {
        self.0.lock().remove(plugin);
    }
}

impl Lines {
    pub(super) fn push(&self, mut line: LogView) {
        for text in [&mut line.message, &mut line.fields] {
            *text = single_line(text, TEXT_BYTES_MAX);
        }
        let mut lines = self.0.lock();
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The newest last.
    pub(crate) fn all(&self) -> Vec<LogView> {
        self.0.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_each_plugin_are_kept() {
        let recent = Recent::default();
        let line = |text: &str| LogView {
            at_millis: 0,
            level: "info",
            call: "collect",
            message: text.to_owned(),
            fields: String::new(),
        };
        recent.of("other").push(line("other"));
        (0..LINES_MAX + 3).for_each(|number| recent.of("x").push(line(&number.to_string())));
        recent.of("x").push(line(&"é".repeat(TEXT_BYTES_MAX)));
        let lines = recent.of("x").all();
        assert_eq!((lines.len(), lines[0].message.as_str()), (LINES_MAX, "4"));
        assert!(lines[LINES_MAX - 1].message.ends_with('…'));
        recent.forget("x");
        assert_eq!((recent.of("x").all().len(), recent.of("other").all().len()), (0, 1));
    }
}
