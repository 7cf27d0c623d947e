//! What a client gets that asks for an exposition.

use crate::{Escaping, Protocol};

/// A protocol, and how names are written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The protocol.
    pub protocol: Protocol,
    /// How names that do not fit the old alphabet are written.
    pub escaping: Escaping,
}

/// Who does not say how names are to be written may not know quoted ones.
const ESCAPING_DEFAULT: Escaping = Escaping::Underscores;

impl Default for Answer {
    /// What every client reads.
    fn default() -> Self {
        Self { protocol: Protocol::PrometheusText004, escaping: ESCAPING_DEFAULT }
    }
}

/// A clause of an `Accept` header.
struct Clause<'a> {
    range: String,
    parameters: Vec<(&'a str, &'a str)>,
    weight: f64,
}

impl Answer {
    /// What a client wants most, given its `Accept` header; the text format when it wants nothing
    /// that is written here.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        Self::negotiate_among(accept, &Protocol::ALL.map(|(_, protocol)| protocol))
    }

    /// The same where not every protocol is offered.
    #[must_use]
    pub fn negotiate_among(accept: &str, offered: &[Protocol]) -> Self {
        let mut clauses: Vec<Clause<'_>> = accept.split(',').map(Clause::new).collect();
        // Of equal weight, the first: the sort is stable.
        clauses.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut answer = Self::default();
        for clause in clauses.iter().filter(|clause| clause.weight > 0.0) {
            // A client that knows an escaping knows it in a format that it wants less as well.
            let escaping = clause.parameter("escaping").and_then(|name| name.parse().ok());
            answer.escaping = escaping.unwrap_or(answer.escaping);
            if let Some(protocol) = clause.protocol().filter(|wanted| offered.contains(wanted)) {
                answer.protocol = protocol;
                break;
            }
        }
        answer
    }

    /// The `Content-Type` of a body that is written so.
    #[must_use]
    pub fn content_type(self) -> String {
        let media_type = match self.protocol {
            Protocol::PrometheusProto => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
            Protocol::OpenMetricsText001 => {
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            }
            Protocol::OpenMetricsText100 => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            Protocol::PrometheusText004 => "text/plain; version=0.0.4; charset=utf-8",
            Protocol::PrometheusText100 => "text/plain; version=1.0.0; charset=utf-8",
        };
        format!("{media_type}; escaping={}", self.escaping)
    }
}

impl<'a> Clause<'a> {
    fn new(clause: &'a str) -> Self {
        let mut parts = clause.split(';');
        let range = parts.next().unwrap_or("").trim().to_ascii_lowercase();
        let parameters: Vec<_> = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
            .collect();
        let mut clause = Self { range, parameters, weight: 1.0 };
        if let Some(weight) = clause.parameter("q") {
            // What is no number is no wish.
            clause.weight = weight.parse().ok().filter(|q: &f64| !q.is_nan()).unwrap_or(0.0);
        }
        clause
    }

    fn parameter(&self, wanted: &str) -> Option<&'a str> {
        let found = self.parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| *value)
    }

    fn protocol(&self) -> Option<Protocol> {
        match (self.range.as_str(), self.parameter("version")) {
            ("application/openmetrics-text", None | Some("0.0.1")) => {
                Some(Protocol::OpenMetricsText001)
            }
            ("application/openmetrics-text", Some("1.0.0")) => Some(Protocol::OpenMetricsText100),
            ("text/plain", Some("1.0.0")) => Some(Protocol::PrometheusText100),
            ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => {
                Some(Protocol::PrometheusText004)
            }
            ("application/vnd.google.protobuf", _) => {
                let is_ours = self.parameter("proto") == Some("io.prometheus.client.MetricFamily")
                    && self.parameter("encoding") == Some("delimited");
                is_ours.then_some(Protocol::PrometheusProto)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept_header;

    #[track_caller]
    fn check(accept: &str, protocol: Protocol, escaping: Escaping) {
        assert_eq!(Answer::negotiate(accept), Answer { protocol, escaping }, "{accept}");
    }

    #[test]
    fn the_client_gets_what_it_prefers() {
        let (text, open) = (Protocol::PrometheusText004, Protocol::OpenMetricsText100);
        let none = Escaping::Underscores;
        check("", text, none);
        check("text/html,*/*;q=0.8", text, none);
        check("application/json", text, none);
        check("application/openmetrics-text", Protocol::OpenMetricsText001, none);
        check("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", text, none);
        check("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.5", text, none);
        check("application/openmetrics-text; version=1.0.0; q=0, text/plain;q=0.5", text, none);
        check(
            "text/plain;version=1.0.0;escaping=dots",
            Protocol::PrometheusText100,
            Escaping::Dots,
        );
        check("text/plain;escaping=what", text, none);
        check(
            "application/openmetrics-text;version=\"1.0.0\";escaping=values",
            open,
            Escaping::Values,
        );
        check("application/vnd.google.protobuf,text/plain;q=0.2", text, none);
        check("application/json;escaping=dots,text/plain;q=0.2", text, Escaping::Dots);
        check("text/plain;q=0.2,text/html;escaping=dots;q=0.1", text, none);
    }

    #[test]
    fn what_is_not_offered_is_not_answered() {
        let offered = [Protocol::PrometheusProto, Protocol::PrometheusText004];
        let among = |accept: &str| Answer::negotiate_among(accept, &offered);
        let escaping = Escaping::AllowUtf8;
        let text = Answer { protocol: Protocol::PrometheusText004, escaping };
        assert_eq!(among(&accept_header(&Protocol::DEFAULT, escaping)), text);
        assert_eq!(among(&accept_header(&[Protocol::OpenMetricsText100], escaping)), text);
        let accept = accept_header(&Protocol::DEFAULT_WITH_PROTOBUF, escaping);
        assert_eq!(among(&accept).protocol, Protocol::PrometheusProto);
        assert_eq!(among("application/openmetrics-text"), Answer::default());
    }

    #[test]
    fn prometheus_gets_what_it_asks_for_first() {
        let accept = accept_header(&Protocol::DEFAULT, Escaping::AllowUtf8);
        check(&accept, Protocol::OpenMetricsText100, Escaping::AllowUtf8);
        let all = Protocol::ALL.map(|(_, protocol)| protocol);
        for protocol in all {
            let accept = accept_header(&[protocol], Escaping::AllowUtf8);
            assert_eq!(Answer::negotiate(&accept).protocol, protocol, "{accept}");
        }
    }

    #[test]
    fn the_content_type_says_the_escaping() {
        assert_eq!(
            Answer::default().content_type(),
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
        );
    }
}
