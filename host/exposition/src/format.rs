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
}
