//! Which format a body is in.

use crate::media_type::{MalformedMediaType, media_type};

/// A format that [`crate::Parser`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The classic text format; 1.0.0 differs from 0.0.4 in quoted names only, which are always
    /// understood.
    Text004,
    /// OpenMetrics text 0.0.1 or 1.0.0, which read the same.
    OpenMetrics,
    /// Metric families in delimited protobuf.
    Protobuf,
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
    /// The header is none.
    #[error(
        "the target sent the Content-Type {content_type:?}, which cannot be read ({problem}), and the job has no fallback_scrape_protocol"
    )]
    Malformed {
        /// What it sent.
        content_type: String,
        /// What is wrong with it.
        problem: MalformedMediaType,
    },
}

/// A target does not say its format; the job does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentTypeRemark {
    /// The header is missing or empty.
    #[error("the target sent no Content-Type; fallback_scrape_protocol stands in")]
    Missing,
    /// The header names something else.
    #[error(
        "the target sent the unsupported Content-Type {0:?}; fallback_scrape_protocol stands in"
    )]
    Unsupported(String),
    /// The header is none.
    #[error(
        "the target sent the Content-Type {content_type:?}, which cannot be read ({problem}); fallback_scrape_protocol stands in"
    )]
    Malformed {
        /// What it sent.
        content_type: String,
        /// What is wrong with it.
        problem: MalformedMediaType,
    },
}

impl Format {
    /// The format that a `Content-Type` header names; `fallback` stands in where it names none, with a
    /// remark on that.
    ///
    /// # Errors
    /// When neither the header nor `fallback` says the format.
    pub fn from_content_type(
        content_type: Option<&str>,
        fallback: Option<Self>,
    ) -> Result<(Self, Option<ContentTypeRemark>), ContentTypeError> {
        type Remark = ContentTypeRemark;
        let content_type = content_type.unwrap_or("");
        let remark = if content_type.is_empty() {
            Remark::Missing
        } else {
            match media_type(content_type).as_deref() {
                Ok("application/openmetrics-text") => return Ok((Self::OpenMetrics, None)),
                Ok("text/plain") => return Ok((Self::Text004, None)),
                Ok("application/vnd.google.protobuf") => return Ok((Self::Protobuf, None)),
                Ok(_) => Remark::Unsupported(content_type.to_owned()),
                Err(problem) => {
                    let content_type = content_type.to_owned();
                    Remark::Malformed { content_type, problem: *problem }
                }
            }
        };
        match (fallback, remark) {
            (Some(fallback), remark) => Ok((fallback, Some(remark))),
            (None, Remark::Missing) => Err(ContentTypeError::Missing),
            (None, Remark::Unsupported(sent)) => Err(ContentTypeError::Unsupported(sent)),
            (None, Remark::Malformed { content_type, problem }) => {
                Err(ContentTypeError::Malformed { content_type, problem })
            }
        }
    }

    /// The `Content-Type` of a body that [`crate::render`] wrote.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text004 | Self::Protobuf => "text/plain; version=0.0.4; charset=utf-8",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_decides_whatever_its_parameters() {
        let read = |header| Format::from_content_type(Some(header), None);
        let plain = |format| Ok((format, None));
        assert_eq!(read("text/plain; version=0.0.4"), plain(Format::Text004));
        assert_eq!(read("Text/Plain"), plain(Format::Text004));
        let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(read(open), plain(Format::OpenMetrics));
        let proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
        assert_eq!(read(proto), plain(Format::Protobuf));
        assert_eq!(read(""), Err(ContentTypeError::Missing));
        assert_eq!(read("text/html"), Err(ContentTypeError::Unsupported("text/html".into())));
        assert!(matches!(read("text/plain; version"), Err(ContentTypeError::Malformed { .. })));
    }

    #[test]
    fn a_fallback_stands_in_with_a_remark() {
        let read = |header| Format::from_content_type(header, Some(Format::Text004)).unwrap();
        assert_eq!(read(None), (Format::Text004, Some(ContentTypeRemark::Missing)));
        let unsupported = ContentTypeRemark::Unsupported("text/html".into());
        assert_eq!(read(Some("text/html")), (Format::Text004, Some(unsupported)));
        let (_, remark) = read(Some(" "));
        assert!(matches!(remark, Some(ContentTypeRemark::Malformed { .. })));
        assert_eq!(read(Some("text/plain")), (Format::Text004, None));
    }

    #[test]
    fn the_client_gets_what_it_prefers() {
        let prometheus =
            crate::accept_header(&crate::Protocol::DEFAULT, crate::Escaping::AllowUtf8);
        assert_eq!(Format::negotiate(&prometheus), Format::OpenMetrics);
        assert_eq!(Format::negotiate("text/html,*/*;q=0.8"), Format::Text004);
        assert_eq!(Format::negotiate(""), Format::Text004);
        let reversed = "application/openmetrics-text;q=0.2,text/plain;q=0.5";
        assert_eq!(Format::negotiate(reversed), Format::Text004);
    }
}
