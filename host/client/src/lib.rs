//! Outbound HTTP: TLS, auth, timeouts, body caps.
