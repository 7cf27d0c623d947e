//! The standard alphabet of base64 (RFC 4648, part 4).

pub(crate) use narthex_client::base64 as encoded;
pub(crate) use narthex_settings::base64_decoded as decoded;
