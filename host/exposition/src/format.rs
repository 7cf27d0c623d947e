//! Which format a body is in, and how formats are asked for.

use std::fmt;
use std::str::FromStr;

/// A format that [`crate::Parser`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The classic text format; 1.0.0 differs from 0.0.4 in quoted names only, which are always
    /// understood.
    Text004,
    /// OpenMetrics text 0.0.1 or 1.0.0, which read the same.
    OpenMetrics,
}

/// Why a body's format is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentTypeError {
    /// The header is missing or empty.
    #[error("the target sent no Content-Type and the job has no fallback_scrape_protocol")]
    Missing,
    /// The header names something else.
    #[error(
        "the target sent the unsupported Content-Type {0:?} and the job has no fallback_scrape_protocol"
    )]
    Unsupported(String),
    /// The delimited protobuf format is not read.
    #[error("the target answered in protobuf, which was not asked for")]
    Protobuf,
}

impl Format {
    /// The format that a `Content-Type` header names; `fallback` stands in where it names none.
    ///
    /// # Errors
    /// When neither the header nor `fallback` says the format.
    pub fn from_content_type(
        content_type: Option<&str>,
        fallback: Option<Self>,
    ) -> Result<Self, ContentTypeError> {
        let header = content_type.unwrap_or("").trim();
        let media_type = header.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let unknown = match media_type.as_str() {
            "application/openmetrics-text" => return Ok(Self::OpenMetrics),
            "text/plain" => return Ok(Self::Text004),
            "application/vnd.google.protobuf" => return Err(ContentTypeError::Protobuf),
            "" => ContentTypeError::Missing,
            _ => ContentTypeError::Unsupported(header.to_owned()),
        };
        fallback.ok_or(unknown)
    }

    /// The `Content-Type` of a body that [`crate::render`] wrote.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text004 => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format to answer with, given a client's `Accept` header: OpenMetrics when the client
    /// prefers it, else the text format.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        let mut best = (0.0, Self::Text004);
        for offer in accept.split(',') {
            let mut parts = offer.split(';').map(str::trim);
            let format = match parts.next().unwrap_or("").to_ascii_lowercase().as_str() {
                "application/openmetrics-text" => Self::OpenMetrics,
                "text/plain" | "text/*" | "*/*" => Self::Text004,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight: f64 = weight.map_or(Ok(1.0), str::parse).unwrap_or(0.0);
            if weight > best.0 {
                best = (weight, format);
            }
        }
        best.1
    }
}

/// A name in `scrape_protocols`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Delimited protobuf. Known by name, never asked for: no reader exists for it yet.
    PrometheusProto,
    /// OpenMetrics 0.0.1.
    OpenMetricsText001,
    /// OpenMetrics 1.0.0.
    OpenMetricsText100,
    /// Text 0.0.4.
    PrometheusText004,
    /// Text 1.0.0.
    PrometheusText100,
}

impl Protocol {
    /// Every protocol with its name in the configuration, as Prometheus sorts them in errors.
    pub const ALL: [(&'static str, Self); 5] = [
        ("OpenMetricsText0.0.1", Self::OpenMetricsText001),
        ("OpenMetricsText1.0.0", Self::OpenMetricsText100),
        ("PrometheusProto", Self::PrometheusProto),
        ("PrometheusText0.0.4", Self::PrometheusText004),
        ("PrometheusText1.0.0", Self::PrometheusText100),
    ];

    /// What is asked for unless the configuration says otherwise, best first.
    pub const DEFAULT: [Self; 4] = [
        Self::OpenMetricsText100,
        Self::OpenMetricsText001,
        Self::PrometheusText100,
        Self::PrometheusText004,
    ];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, protocol)| *protocol == self).map_or("", |(name, _)| name)
    }

    /// The format that is read; `None` when there is no reader.
    #[must_use]
    pub const fn format(self) -> Option<Format> {
        match self {
            Self::PrometheusProto => None,
            Self::OpenMetricsText001 | Self::OpenMetricsText100 => Some(Format::OpenMetrics),
            Self::PrometheusText004 | Self::PrometheusText100 => Some(Format::Text004),
        }
    }

    const fn media_range(self) -> Option<&'static str> {
        match self {
            Self::PrometheusProto => None,
            Self::OpenMetricsText001 => Some("application/openmetrics-text;version=0.0.1"),
            Self::OpenMetricsText100 => {
                Some("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8")
            }
            Self::PrometheusText004 => Some("text/plain;version=0.0.4"),
            Self::PrometheusText100 => Some("text/plain;version=1.0.0;escaping=allow-utf-8"),
        }
    }
}

/// A name that is no protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scrape protocol; write one of {names}", names = protocol_names())]
pub struct UnknownProtocol(String);

fn protocol_names() -> String {
    Protocol::ALL.map(|(name, _)| name).join(", ")
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        let found = Self::ALL.iter().find(|(candidate, _)| *candidate == name);
        found.map(|(_, protocol)| *protocol).ok_or_else(|| UnknownProtocol(name.to_owned()))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The `Accept` header that asks for these protocols, best first, with the weights that Prometheus
/// gives them; whatever else the target has comes last.
#[must_use]
pub fn accept_header(protocols: &[Protocol]) -> String {
    let mut weight = Protocol::ALL.len() + 1;
    let mut offers = Vec::with_capacity(protocols.len() + 1);
    for range in protocols.iter().filter_map(|protocol| protocol.media_range()) {
        offers.push(format!("{range};q=0.{weight}"));
        weight = weight.saturating_sub(1);
    }
    offers.push(format!("*/*;q=0.{weight}"));
    offers.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_decides_whatever_its_parameters() {
        let read = |header| Format::from_content_type(Some(header), None);
        assert_eq!(read("text/plain; version=0.0.4"), Ok(Format::Text004));
        assert_eq!(read("Text/Plain"), Ok(Format::Text004));
        let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(read(open), Ok(Format::OpenMetrics));
        assert_eq!(read(" "), Err(ContentTypeError::Missing));
        assert_eq!(read("text/html"), Err(ContentTypeError::Unsupported("text/html".into())));
        let fallback = Format::from_content_type(Some("text/html"), Some(Format::Text004));
        assert_eq!(fallback, Ok(Format::Text004));
    }

    #[test]
    fn the_client_gets_what_it_prefers() {
        let prometheus = accept_header(&Protocol::DEFAULT);
        assert_eq!(Format::negotiate(&prometheus), Format::OpenMetrics);
        assert_eq!(Format::negotiate("text/html,*/*;q=0.8"), Format::Text004);
        assert_eq!(Format::negotiate(""), Format::Text004);
        let reversed = "application/openmetrics-text;q=0.2,text/plain;q=0.5";
        assert_eq!(Format::negotiate(reversed), Format::Text004);
    }

    #[test]
    fn the_accept_header_is_the_one_of_prometheus() {
        assert_eq!(
            accept_header(&Protocol::DEFAULT),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = "prometheusproto".parse::<Protocol>().unwrap_err().to_string();
        assert!(error.contains("OpenMetricsText0.0.1, OpenMetricsText1.0.0"), "{error}");
    }
}
