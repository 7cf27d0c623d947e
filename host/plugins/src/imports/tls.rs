//! TLS by profiles that the operator bound, and by what stands in an item: `tcp` speaks it by them, and `http.probe`.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_client::{ClientOptions, Encryption, TlsConfig};

use super::{ConfigureError, Error, ErrorKind, error};

/// The profile that needs no grant.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// How a plugin's connections are encrypted, by the name of the profile.
#[derive(Debug)]
pub(crate) struct Profiles {
    plugin: String,
    by_name: BTreeMap<String, Encryption>,
}

/// The profiles of one call.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) profiles: Arc<Profiles>,
    /// Of the item, by its `x-tls-config`: the profile `default` of calls about it.
    pub(crate) own: Option<Arc<Encryption>>,
}

impl Bound {
    pub(crate) fn named(&self, name: &str) -> Result<&Encryption, Error> {
        match &self.own {
            Some(own) if name == DEFAULT_PROFILE => Ok(own),
            Some(_) | None => self.profiles.named(name),
        }
    }
}

impl Profiles {
    pub(crate) fn configure(
        plugin: &str,
        profiles: &BTreeMap<String, TlsConfig>,
        client: &ClientOptions,
    ) -> Result<Self, ConfigureError> {
        let default = (DEFAULT_PROFILE.to_owned(), TlsConfig::default());
        let all = [default].into_iter().chain(profiles.clone());
        let read = |(profile, keys): (String, TlsConfig)| match Encryption::read(&keys, client) {
            Ok(encryption) => Ok((profile, encryption)),
            Err(source) => Err(ConfigureError::Tls { profile, source }),
        };
        let by_name = all.map(read).collect::<Result<_, _>>()?;
        Ok(Self { plugin: plugin.to_owned(), by_name })
    }

    fn named(&self, name: &str) -> Result<&Encryption, Error> {
        self.by_name.get(name).ok_or_else(|| {
            let plugin = &self.plugin;
            let message = format!(
                "no TLS profile {name:?} is bound to plugin {plugin:?}; to bind one: \
                 plugins: {{ allow: {{ {plugin}: {{ tls: {{ {name}: {{ ca_file: ca.pem }} }} }} }} }}"
            );
            error(ErrorKind::Config, message)
        })
    }
}
