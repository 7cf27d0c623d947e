//! Remote write 1.0, received, and federation, answered.
//!
//! Enters: headers and bodies of `POST /api/v1/write`, selectors of `/federate`. Leaves: samples, native
//! histograms, exemplars and metadata in the store, one batch a request, and what is to be answered;
//! the newest samples as an exposition.
//!
//! Always holds: a request is stored as a whole or not at all, but for series whose labels are no
//! labels, which are left out and counted, as Prometheus does; what was acknowledged is committed;
//! nothing in a body decides memory or time beyond the bounds in `place.rs` and `labels.rs`.
//!
//! Open `receiver.rs` first, then `place.rs` for how a request comes, `batch.rs` for what becomes of
//! it, and `wire.rs` for its bytes. `known.rs` is what makes a series that is sent again cheap.
//! `federation.rs` stands by itself.

mod error;
mod headers;
mod place;
mod receiver;
mod telemetry;

mod batch;
mod known;
mod labels;

mod wire;

mod federation;

#[cfg(any(test, feature = "testing"))]
pub mod encode;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use self::batch::Written;
pub use self::error::{Fault, WriteError};
pub use self::federation::{Federated, Federation};
pub use self::headers::UnsupportedHeader;
pub use self::labels::InvalidLabels;
pub use self::place::Incoming;
pub use self::receiver::{Headers, Receiver};
pub use self::wire::Malformed;
