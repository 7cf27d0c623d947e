//! Outbound HTTP for every room: TLS, authentication, timeouts, body caps.
//!
//! Enters: the keys that Prometheus calls `http_config` ([`HttpConfig`]) and single requests
//! ([`Request`]). Leaves: a whole, bounded [`Response`], or a [`RequestError`] that tells connecting,
//! TLS, timeout, size and permission apart.
//!
//! Always holds: no request outlives its timeout, whatever the peer sends how slowly; no body, as
//! sent or decompressed, grows beyond its cap in memory; no proxy and no setting comes from the
//! environment; a secret stands in no error; an [`AddressGuard`] sees every address before a
//! connection to it is opened.
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
mod error;
mod guard;

pub use self::client::{
    Client, ClientOptions, Request, Response, SetupError, USER_AGENT, WhenLarger,
};
pub use self::config::{
    Authorization, BasicAuth, HTTP_KEYS, HeaderValues, HttpConfig, HttpConfigError, HttpKeys,
    NotSupported, TlsConfig, TlsVersion, is_reserved_header,
};
pub use self::error::RequestError;
pub use self::guard::AddressGuard;
