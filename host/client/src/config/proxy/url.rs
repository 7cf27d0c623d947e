//! The URL of a proxy. It may hold a password, which is not shown.

use std::fmt;

use reqwest::Url;

/// Where a proxy is, and who asks it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ProxyUrl(Url);

impl ProxyUrl {
    /// Without a scheme it is an HTTP proxy.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let with_scheme = format!("http://{text}");
        let text = if text.contains("://") { text } else { &with_scheme };
        let mut url = Url::parse(text).ok()?;
        match url.scheme() {
            "http" | "https" | "socks5h" => {}
            // The proxy looks names up, as it does for Go's programs under either scheme: it may know
            // names that this host does not.
            "socks5" => url.set_scheme("socks5h").ok()?,
            _ => return None,
        }
        url.has_host().then_some(Self(url))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if shown.password().is_some() {
            // Refused only for a URL without a host, which this is not.
            shown.set_password(Some("xxxxx")).ok();
        }
        f.write_str(shown.as_str())
    }
}
