//! Outbound HTTP for every room: TLS, authentication, timeouts, body caps.
//!
//! Enters: the keys that Prometheus calls `http_config` ([`HttpConfig`]) and single requests
//! ([`Request`]). Leaves: a whole, bounded [`Response`], or a [`RequestError`] that tells connecting,
//! TLS, timeout, size and permission apart.
//!
//! Always holds: no request outlives its timeout, whatever the peer or the disk does how slowly; no body, as
//! sent or decompressed, grows beyond its cap in memory; nothing comes from the environment but the
//! proxies that the configuration asks of it; a secret of the configuration stands in no error and no
//! debug output and follows no redirect to another host (one below the host that was asked is none); an
//! [`AddressGuard`] sees every address before a connection to it is opened.
//!
//! Open `client.rs` first.
//!
//! ```
//! use narthex_client::HttpConfig;
//! use narthex_settings::Document;
//! let text = "basic_auth: { username: a, password: b }\nbearer_token: c\n";
//! let error = Document::parse("my.yml", text).unwrap().read::<HttpConfig>().unwrap_err();
//! assert!(error.to_string().contains("at most one of"));
//! ```

mod body;
mod client;
mod config;
mod dial;
mod error;
mod files;
mod guard;
mod oauth2;
mod pools;
mod probe;
mod redirect;
mod request;
mod secret;
mod stream;
mod tls;

pub use self::body::BodyMeter;
pub use self::client::{Client, ClientOptions, SetupError, USER_AGENT};
pub use self::config::{
    Authorization, BasicAuth, HTTP_KEYS, HeaderValues, HttpConfig, HttpConfigError, HttpKeys,
    OAuth2Keys, ProxyEnvironment, TlsConfig, TlsVersion, is_reserved_header,
};
pub use self::dial::{Dial, DialError, IpVersion, Steps};
pub use self::error::RequestError;
pub use self::guard::AddressGuard;
pub use self::probe::{Course, Probe};
pub use self::redirect::{REDIRECTS_MAX, RedirectError, redirect};
pub use self::request::{Request, Response, WhenLarger};
pub use self::secret::base64;
pub use self::stream::{Encryption, EncryptionError, Stream};
