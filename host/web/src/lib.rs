//! Listener and the browser UI; mounts api.
