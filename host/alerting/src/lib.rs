//! Group, silence, route, notify.
