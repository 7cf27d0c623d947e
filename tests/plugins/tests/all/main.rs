//! Plugins in the real sandbox.

mod grants;
mod hostile;
mod life;
mod rooms;
