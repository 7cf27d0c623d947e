//! What a request says of its body.

/// The message that is served.
const MESSAGE: &str = "prometheus.WriteRequest";
/// That of remote write 2.0.
const MESSAGE_2: &str = "io.prometheus.write.v2.Request";
const MEDIA_TYPE: &str = "application/x-protobuf";
const ENCODING: &str = "snappy";

/// The body is of a kind that is not served; the text says which is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedHeader {
    /// Another compression.
    #[error(
        "{0} encoding (compression) is not accepted by this server; only {ENCODING} is acceptable"
    )]
    Encoding(String),
    /// No protobuf.
    #[error("expected {MEDIA_TYPE} as the first (media) part, got {0} content-type")]
    Media(String),
    /// What follows the media type is no list of parameters.
    #[error("expected parameters to be key-values, got {parameter} in {content_type} content-type")]
    Parameter {
        /// What stands where a parameter should.
        parameter: String,
        /// The whole header.
        content_type: String,
    },
    /// Remote write 2.0.
    #[error("{MESSAGE_2} protobuf message is not accepted by this server; only accepts {MESSAGE}")]
    Version2,
    /// A message of somebody else.
    #[error("unknown type for remote write protobuf message {0}, supported: {MESSAGE}")]
    Message(String),
}

/// Whether a body with these headers is served. Without them it is taken for what remote write 1.0
/// demands: old senders leave one or the other out.
///
/// # Errors
/// When it is not; to be answered by 415.
pub(crate) fn check_headers(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<(), UnsupportedHeader> {
    let encoding = content_encoding.unwrap_or_default();
    if !encoding.is_empty() && encoding != ENCODING {
        return Err(UnsupportedHeader::Encoding(encoding.to_owned()));
    }
    let whole = content_type.unwrap_or_default().trim();
    if whole.is_empty() {
        return Ok(());
    }
    let mut parts = whole.split(';');
    if parts.next() != Some(MEDIA_TYPE) {
        return Err(UnsupportedHeader::Media(whole.to_owned()));
    }
    for parameter in parts {
        match parameter.split_once('=') {
            Some(("proto", MESSAGE)) => return Ok(()),
            Some(("proto", MESSAGE_2)) => return Err(UnsupportedHeader::Version2),
            Some(("proto", other)) => return Err(UnsupportedHeader::Message(other.to_owned())),
            Some((_, value)) if !value.contains('=') => {}
            _ => {
                return Err(UnsupportedHeader::Parameter {
                    parameter: parameter.to_owned(),
                    content_type: whole.to_owned(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &str, encoding: &str, expected: Result<(), &str>) {
        let found = check_headers(Some(content_type), Some(encoding));
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn bodies_of_version_1_are_served() {
        assert_eq!(check_headers(None, None), Ok(()));
        check("application/x-protobuf", "snappy", Ok(()));
        check("application/x-protobuf;proto=prometheus.WriteRequest", "", Ok(()));
        check("application/x-protobuf;charset=x;proto=prometheus.WriteRequest", "snappy", Ok(()));
        check(" application/x-protobuf ", "snappy", Ok(()));
    }

    #[test]
    fn others_are_told_what_is_served() {
        check(
            "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            "snappy",
            Err(
                "io.prometheus.write.v2.Request protobuf message is not accepted by this server; only accepts prometheus.WriteRequest",
            ),
        );
        check(
            "application/json",
            "snappy",
            Err(
                "expected application/x-protobuf as the first (media) part, got application/json content-type",
            ),
        );
        check(
            "application/x-protobuf",
            "zstd",
            Err(
                "zstd encoding (compression) is not accepted by this server; only snappy is acceptable",
            ),
        );
        check(
            "application/x-protobuf;proto=x.Y",
            "snappy",
            Err(
                "unknown type for remote write protobuf message x.Y, supported: prometheus.WriteRequest",
            ),
        );
        check(
            "application/x-protobuf;proto",
            "snappy",
            Err(
                "expected parameters to be key-values, got proto in application/x-protobuf;proto content-type",
            ),
        );
    }
}
