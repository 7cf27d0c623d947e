//! Log lines of the host: their severity, and which of them a test did not expect.

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// DEBUG, TRACE, INFO, and whatever has no level.
    Quiet,
    /// Something is wrong, and the host goes on.
    Warn,
    /// Something failed.
    Error,
}

/// One line that the host wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The line without its end.
    pub text: String,
}

impl LogLine {
    /// Reads the level of a line in either format, text (`<time> WARN <target>: ...`) or JSON (`"level":"WARN"`).
    /// A panic is an error whatever the format.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let has_level = |level: &str| {
            self.text.contains(&format!("\"level\":\"{level}\""))
                || self.text.split_whitespace().take(2).any(|word| word == level)
        };
        let panicked = self.text.starts_with("thread '") && self.text.contains("panicked at");
        if has_level("ERROR") || panicked {
            Severity::Error
        } else if has_level("WARN") {
            Severity::Warn
        } else {
            Severity::Quiet
        }
    }
}

/// The loud lines that contain none of the `expected` texts.
pub(crate) fn unexpected<'lines>(
    lines: &'lines [LogLine],
    expected: &[String],
) -> Vec<&'lines str> {
    lines
        .iter()
        .filter(|line| line.severity() > Severity::Quiet)
        .map(|line| line.text.as_str())
        .filter(|line| !expected.iter().any(|text| line.contains(text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine { text: text.to_owned() }
    }

    #[track_caller]
    fn check(text: &str, severity: Severity) {
        assert_eq!(line(text).severity(), severity, "{text}");
    }

    #[test]
    fn levels_are_read_in_both_formats() {
        check(
            "2026-01-01T00:00:00.000Z  WARN narthex_scrape: scrape failed target=a",
            Severity::Warn,
        );
        check("2026-01-01T00:00:00.000Z ERROR narthex: cannot listen", Severity::Error);
        check(
            "2026-01-01T00:00:00.000Z  INFO narthex: a word like ERROR later on",
            Severity::Quiet,
        );
        check(r#"{"timestamp":"2026-01-01T00:00:00Z","level":"WARN","fields":{}}"#, Severity::Warn);
        check("thread 'scrape' (17) panicked at host/scrape/src/pool.rs:1:1:", Severity::Error);
    }

    #[test]
    fn expected_lines_are_left_out() {
        let lines = [
            line("1  WARN a: disk is slow"),
            line("2  WARN a: clock jumped"),
            line("3  INFO b: fine"),
        ];
        assert_eq!(unexpected(&lines, &["disk is slow".to_owned()]), ["2  WARN a: clock jumped"]);
    }
}
