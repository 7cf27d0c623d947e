//! How formats are asked for.

use std::fmt;
use std::str::FromStr;

use crate::{Escaping, Format};

/// A name in `scrape_protocols`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Delimited protobuf, the only one with native histograms.
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

    /// The same where protobuf has more to say: native histograms, or since when counters count.
    pub const DEFAULT_WITH_PROTOBUF: [Self; 5] = [
        Self::PrometheusProto,
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

    /// The format that it asks for.
    #[must_use]
    pub const fn format(self) -> Format {
        match self {
            Self::PrometheusProto => Format::Protobuf,
            Self::OpenMetricsText001 | Self::OpenMetricsText100 => Format::OpenMetrics,
            Self::PrometheusText004 | Self::PrometheusText100 => Format::Text004,
        }
    }

    const fn media_range(self) -> &'static str {
        match self {
            Self::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            Self::OpenMetricsText001 => "application/openmetrics-text;version=0.0.1",
            Self::OpenMetricsText100 => "application/openmetrics-text;version=1.0.0",
            Self::PrometheusText004 => "text/plain;version=0.0.4",
            Self::PrometheusText100 => "text/plain;version=1.0.0",
        }
    }

    /// Only the newer text formats know names that need escapes.
    const fn has_escaping(self) -> bool {
        match self {
            Self::OpenMetricsText100 | Self::PrometheusText100 => true,
            Self::PrometheusProto | Self::OpenMetricsText001 | Self::PrometheusText004 => false,
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
pub fn accept_header(protocols: &[Protocol], escaping: Escaping) -> String {
    let mut weight = Protocol::ALL.len() + 1;
    let mut offers = Vec::with_capacity(protocols.len() + 1);
    for protocol in protocols {
        let range = protocol.media_range();
        offers.push(if protocol.has_escaping() {
            format!("{range};escaping={escaping};q=0.{weight}")
        } else {
            format!("{range};q=0.{weight}")
        });
        weight = weight.saturating_sub(1);
    }
    offers.push(format!("*/*;q=0.{weight}"));
    offers.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_header_is_the_one_of_prometheus() {
        assert_eq!(
            accept_header(&Protocol::DEFAULT, Escaping::AllowUtf8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        let protocols = [Protocol::PrometheusProto, Protocol::PrometheusText100];
        assert_eq!(
            accept_header(&protocols, Escaping::Underscores),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.6,text/plain;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.4"
        );
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = "prometheusproto".parse::<Protocol>().unwrap_err().to_string();
        assert!(error.contains("OpenMetricsText0.0.1, OpenMetricsText1.0.0"), "{error}");
    }
}
