//! The listener and the browser UI.
//!
//! Enters: a router of the API. Leaves: answers on a socket.
//!
//! Always holds: addresses are bound before the program says that it is ready; connections,
//! headers and idle time are bounded; a stop lets requests in flight finish within a deadline.
//! The UI comes out of the binary: no page needs another host.
//!
//! Open `listen.rs` for sockets, `ui.rs` for pages. The pages' source is in `ui/`.

mod listen;
mod ui;

pub use self::listen::{BindError, Bound, ListenConfig, bind};
pub use self::ui::with_ui;
