//! The loop of a plugin's author: a project is made, built, called, recorded, replayed, judged and
//! measured, without a server; beside one, what it makes of each version is told.
//!
//! Enters: folders with a `narthex-plugin.toml`, components, and what is asked of them ([`Asked`]).
//! Leaves: lines for a [`Console`], verdicts ([`Verdict`]), and files in the author's folder.
//!
//! Always holds: a component has here the grants and the budget that a server would give it; a
//! replay reaches nothing; nothing is written outside the project and the folder named by `--into`;
//! a [`Server`] is only read.
//!
//! Open `project.rs` first, then `session.rs` (one component on the bench), `case.rs` (recordings).

mod case;
mod check;
mod component;
mod console;
mod dev;
mod difference;
mod inspect;
mod measure;
mod project;
mod scaffold;
mod server;
mod session;
mod show;
mod trial;

pub use self::check::check;
pub use self::console::{Console, Verdict};
pub use self::dev::{Dev, dev};
pub use self::difference::common_lines;
pub use self::inspect::inspect;
pub use self::measure::{Load, measure};
pub use self::project::{Project, ProjectError};
pub use self::scaffold::{Kind, Lang, NewError, Order, new};
pub use self::server::Server;
pub use self::session::{Asked, Session, SessionError, World};
pub use self::trial::{Trial, run, test};
