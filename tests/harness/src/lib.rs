//! Building blocks of end-to-end tests: a real host, fake targets and receivers, peers, and waiting on conditions.
//!
//! Enters: what a test says. Leaves: processes and sockets on the loopback interface, and their observed behavior.
//! Always holds: a process, a thread or a folder ends with the value that owns it; only `wait` sleeps; a test that
//! cannot run here reports itself skipped with the reason; an unexpected WARN or ERROR line of the host fails the test.
//! A block that cannot do its work panics at the caller's line: to a test that is the right kind of error.
//! Read first: `host.rs`, then `target.rs` and `receiver.rs`.
//!
//! ```
//! use narthex_harness::{FakeTarget, SECONDS, http, wait_until};
//!
//! let target = FakeTarget::start();
//! target.serve("up 1\n");
//! assert_eq!(http::get(&target.url()).text(), "up 1\n");
//! wait_until("the target was asked", 5 * SECONDS, || target.requests().len() == 1);
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep the host testable on simulated disks and clocks; these blocks drive the real ones"
)]

mod host;
mod logs;
mod process;

pub mod http;
mod receiver;
mod replies;
mod script;
mod server;
mod stream;
mod target;

mod peers;
mod skip;

mod folder;
mod ports;
mod wait;

use std::time::Duration;

pub use self::folder::{TempFolder, repository};
pub use self::host::{Host, HostBuilder, Series, binary};
pub use self::logs::{LogLine, Severity};
pub use self::peers::{Peer, peer, python_client, python_smtpd, tomcat};
pub use self::ports::free_port;
pub use self::process::Process;
pub use self::receiver::WebhookReceiver;
pub use self::replies::Replies;
pub use self::server::{Answer, Request};
pub use self::skip::skip;
pub use self::stream::{Outgoing, StreamTarget};
pub use self::target::FakeTarget;
pub use self::wait::{wait_for, wait_until};

/// One second, for deadlines that read as `10 * SECONDS`.
pub const SECONDS: Duration = Duration::from_secs(1);
