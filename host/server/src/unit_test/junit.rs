//! Results as JUnit XML, in promtool's shape.

use std::fmt::Write as _;

use narthex_platform::Clock;

#[derive(Default)]
pub(super) struct Junit {
    suites: Vec<Suite>,
}

/// The tests of one file.
#[derive(Default)]
pub(super) struct Suite {
    name: String,
    timestamp: String,
    failures: usize,
    errors: usize,
    tests: usize,
    cases: Vec<Case>,
}

#[derive(Default)]
struct Case {
    name: String,
    failures: Vec<String>,
    error: String,
}

impl Junit {
    pub(super) fn suite(&mut self, name: &str) -> &mut Suite {
        self.suites.push(Suite { name: name.to_owned(), ..Suite::default() });
        self.suites.last_mut().expect("one was added")
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::from("<testsuites>");
        for suite in &self.suites {
            suite.push(&mut out).expect("a string takes all");
        }
        out.push_str("</testsuites>");
        out
    }
}

impl Suite {
    /// The file could be read: its tests begin.
    pub(super) fn start(&mut self) {
        let now = jiff::Timestamp::from_millisecond(Clock::real().now_millis());
        let zone = jiff::tz::TimeZone::system();
        self.timestamp = now
            .map(|now| now.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S").to_string())
            .unwrap_or_default();
    }

    pub(super) fn case(&mut self, name: &str) {
        self.tests += 1;
        self.cases.push(Case { name: name.to_owned(), ..Case::default() });
    }

    pub(super) fn fail(&mut self, failure: &str) {
        self.failures += 1;
        self.last().failures.push(failure.to_owned());
    }

    /// There could be no tests, or no more of them.
    pub(super) fn abort(&mut self, error: &str) {
        self.errors += 1;
        error.clone_into(&mut self.last().error);
    }

    fn last(&mut self) -> &mut Case {
        if self.cases.is_empty() {
            self.case("unknown");
        }
        self.cases.last_mut().expect("there is one")
    }

    fn push(&self, out: &mut String) -> std::fmt::Result {
        let Self { failures, errors, tests, .. } = self;
        write!(
            out,
            "<testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"0\" timestamp=\"{}\">",
            escaped(&self.name),
            escaped(&self.timestamp)
        )?;
        for case in &self.cases {
            write!(out, "<testcase name=\"{}\">", escaped(&case.name))?;
            for failure in &case.failures {
                write!(out, "<failure>{}</failure>", escaped(failure))?;
            }
            if !case.error.is_empty() {
                write!(out, "<error>{}</error>", escaped(&case.error))?;
            }
            out.push_str("</testcase>");
        }
        out.push_str("</testsuite>");
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_errors_stand_in_their_cases() {
        let mut junit = Junit::default();
        let suite = junit.suite("a.yml");
        suite.case("one");
        suite.case("two");
        suite.fail("exp: \"1\"\n<2>");
        junit.suite("b.yml").abort("no file");
        let expected = "<testsuites>\
            <testsuite name=\"a.yml\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" \
            timestamp=\"\"><testcase name=\"one\"></testcase><testcase name=\"two\"><failure>\
            exp: &#34;1&#34;&#xA;&lt;2&gt;</failure></testcase></testsuite>\
            <testsuite name=\"b.yml\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" \
            timestamp=\"\"><testcase name=\"unknown\"><error>no file</error></testcase>\
            </testsuite></testsuites>";
        assert_eq!(junit.text(), expected);
    }
}
