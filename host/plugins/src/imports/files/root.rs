//! A root of a plugin: a folder that is opened when a call first needs it.
//!
//! Invariant: to configure a plugin opens nothing, for a mount that hangs would hold the reload; who opens a root does it
//! on a thread that may wait.

use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use camino::Utf8PathBuf;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::config::{Access, Root};

/// `f_type` of `/proc` and `/sys`: their files are short and made by the kernel, so that reading
/// them on the spot is cheaper than handing them to a thread.
const KERNEL_FILE_SYSTEMS: [i64; 2] = [0x9fa0, 0x6265_6572];

#[derive(Debug)]
pub(super) struct GrantedRoot {
    pub(super) path: Utf8PathBuf,
    pub(super) access: Access,
    pub(super) is_default: bool,
    folder: OnceLock<Arc<Folder>>,
}

/// The folder of a root.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) descriptor: OwnedFd,
    pub(super) is_kernels: bool,
}

impl GrantedRoot {
    pub(super) fn new(Root { path, access }: Root, is_default: bool) -> Self {
        Self { path, access, is_default, folder: OnceLock::new() }
    }

    /// The folder, if a call opened it before.
    pub(super) fn opened(&self) -> Option<Arc<Folder>> {
        self.folder.get().cloned()
    }

    /// Opens the folder. Where it is missing the next use tries again.
    pub(super) fn open(&self) -> Result<Arc<Folder>, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(self.path.as_std_path(), flags, Mode::empty())?;
        let kind = rustix::fs::fstatfs(&descriptor)?.f_type;
        let is_kernels = KERNEL_FILE_SYSTEMS.contains(&kind);
        // Where two open it at one time, one of the two is kept; neither waits for the other.
        Ok(Arc::clone(self.folder.get_or_init(|| Arc::new(Folder { descriptor, is_kernels }))))
    }
}
