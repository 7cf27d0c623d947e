//! Free ports of the loopback interface.

use std::net::TcpListener;

/// A port that nobody listens on now. The system hands ports out in turn, so that two tests at the same time do not
/// get the same one in practice.
///
/// # Panics
/// When the loopback interface has no free port.
#[must_use]
#[track_caller]
pub fn free_port() -> u16 {
    let listener =
        TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
