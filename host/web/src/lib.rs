//! The listener, the browser UI, and what is true of the site as a whole.
//!
//! Enters: a router of the API. Leaves: answers on a socket.
//!
//! Always holds: addresses are bound before the program says that it is ready; connections,
//! headers and idle time are bounded; a stop lets requests in flight finish within a deadline.
//! The UI comes out of the binary: no page needs another host.
//!
//! Open `listen.rs` for sockets, `ui.rs` for pages, `site.rs` for what is around both. The pages' source is in `ui/`.

mod listen;
mod origins;
mod prefix;
mod site;
mod ui;

pub use self::listen::{BindError, Bound, ListenConfig, bind};
pub use self::origins::Origins;
pub use self::prefix::{PrefixError, RoutePrefix};
pub use self::site::{SiteConfig, site};
