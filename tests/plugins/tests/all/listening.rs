//! Somebody who listens to the log of a test's thread, so that guests are told that their lines are wanted.

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::util::SubscriberInitExt;

/// Listens until it is dropped. Two of them: while only one is there, `tracing` asks the thread that first comes by a line
/// of code whether it is wanted, and that may be the thread of another test, where nobody listens.
pub(crate) fn listening() -> [DefaultGuard; 2] {
    [(), ()].map(|()| tracing_subscriber::fmt().with_writer(std::io::sink).set_default())
}
