//! `scrape_protocols`.

use narthex_exposition::Protocol;
use serde::Deserialize;

use super::error::ScrapeKeyError;

/// A protocol by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ProtocolName(pub(super) Protocol);

impl TryFrom<String> for ProtocolName {
    type Error = narthex_exposition::UnknownProtocol;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse().map(Self)
    }
}

/// The protocols of a list that is right: not empty, none twice.
pub(super) fn checked(names: &[ProtocolName]) -> Result<Vec<Protocol>, ScrapeKeyError> {
    let protocols: Vec<Protocol> = names.iter().map(|name| name.0).collect();
    if protocols.is_empty() {
        return Err(ScrapeKeyError::NoProtocols);
    }
    for (index, protocol) in protocols.iter().enumerate() {
        if protocols.iter().take(index).any(|earlier| earlier == protocol) {
            return Err(ScrapeKeyError::RepeatedProtocol(*protocol));
        }
    }
    Ok(protocols)
}
