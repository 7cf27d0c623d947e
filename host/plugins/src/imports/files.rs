//! `files`: reading beneath named roots.
//!
//! Invariant: the kernel resolves every path beneath its root's own descriptor (`openat2` with
//! `RESOLVE_BENEATH` and `RESOLVE_NO_MAGICLINKS`): no `..`, no link and no race leads out of it.
//! Invariant: a file system that hangs holds a bounded number of threads (see `waits.rs`).
//! Invariant: what is no regular file is never opened, for opening alone does something to a device or a pipe.

mod root;
mod waits;

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasSelf, Linker};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use self::root::{Folder, GrantedRoot};
pub(crate) use self::waits::Waits;
use super::{CallContext, Error, ErrorKind, clock, error, system_error};
use crate::bindings::imports::narthex::plugin::files;
use crate::config::{Access, Root};
use crate::grant::allow_line;
use crate::tape::{Ask, Ear, Taped};
use crate::view::GrantView;

/// The largest file that is read.
const FILE_BYTES_MAX: usize = 16 << 20;

/// The most entries of a folder.
const ENTRIES_MAX: usize = 65_536;

/// The roots of one plugin.
#[derive(Debug)]
pub(crate) struct Capability {
    plugin: String,
    roots: BTreeMap<String, Arc<GrantedRoot>>,
    waits: Arc<Waits>,
}

/// The roots of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    /// `None` while the plugin describes itself.
    capability: Option<Arc<Capability>>,
    plugin: String,
    clock: clock::Instance,
    ear: Ear,
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    files::add_to_linker::<_, HasSelf<Instance>>(linker, |guest| &mut guest.host().files)
}

/// The roots that follow from use: the plugin `node` is there to read these.
fn default_roots(plugin: &str) -> Vec<(&'static str, Root)> {
    let root = |path: &str, access| Root { path: path.into(), access };
    if plugin == "node" {
        vec![("proc", root("/proc", Access::Read)), ("sys", root("/sys", Access::Read))]
    } else {
        Vec::new()
    }
}

impl Capability {
    /// The operator's roots, and those by default that the operator did not set.
    pub(crate) fn configure(
        plugin: &str,
        allowed: &BTreeMap<String, Root>,
        waits: &Arc<Waits>,
    ) -> Self {
        let defaults = default_roots(plugin).into_iter().map(|(name, root)| (name, root, true));
        let given = allowed.iter().map(|(name, root)| (name.as_str(), root.clone(), false));
        let roots = defaults
            .chain(given)
            .map(|(name, root, is_default)| {
                (name.to_owned(), Arc::new(GrantedRoot::new(root, is_default)))
            })
            .collect();
        Self { plugin: plugin.to_owned(), roots, waits: Arc::clone(waits) }
    }

    pub(crate) fn view(&self) -> Vec<GrantView> {
        let view = |(name, root): (&String, &Arc<GrantedRoot>)| GrantView {
            capability: "files",
            detail: match root.access {
                Access::Read => format!("{name} = {}", root.path),
                Access::Usage => format!("{name} = {} (usage of file systems only)", root.path),
            },
            source: match root.is_default {
                true => "default".to_owned(),
                false => format!("plugins.allow.{}", self.plugin),
            },
        };
        self.roots.iter().map(view).collect()
    }
}

impl Instance {
    pub(crate) fn instantiate(
        capability: Option<&Arc<Capability>>,
        plugin: &str,
        clock: &clock::Instance,
        ear: &Ear,
    ) -> Self {
        let (clock, ear) = (clock.clone(), ear.clone());
        Self { capability: capability.cloned(), plugin: plugin.to_owned(), clock, ear }
    }

    fn denied(&self, root: &str) -> Error {
        let plugin = &self.plugin;
        let line = allow_line(plugin, &format!("files: {{ {root}: /its/folder }}"));
        error(
            ErrorKind::Denied,
            format!("plugin {plugin:?} may not read files of {root:?}; {line}"),
        )
    }

    /// Has a use of a file heard.
    async fn heard<T: Taped>(
        &self,
        call: &str,
        (root, path): (&str, &str),
        live: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let text = str::to_owned;
        let ask = || Ask::File { call: text(call), root: text(root), path: text(path) };
        self.ear.ask(ask, live).await
    }

    /// Runs `step` on a root's folder: on the spot for the kernel's own files, else on a thread.
    async fn run<T: Send + 'static>(
        &self,
        root: &str,
        path: String,
        wanted: Access,
        step: impl FnOnce(&OwnedFd, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(capability) = &self.capability else { return Err(self.denied(root)) };
        let Some(granted) = capability.roots.get(root) else { return Err(self.denied(root)) };
        if wanted == Access::Read && granted.access == Access::Usage {
            return Err(self.denied(root));
        }
        check_path(&path)?;
        if granted.is_default && root == "proc" && !is_about_machine(&path) {
            return Err(self.denied(root));
        }
        let folder = self.folder(&capability.waits, root, granted).await?;
        let place = granted.path.join(&path);
        let (waits, plugin, patience) = (&capability.waits, &self.plugin, self.patience());
        let is_quick = folder.is_kernels && wanted == Access::Read;
        let step = move || step(&folder.descriptor, &path);
        if is_quick {
            waits.run_quick(plugin, place.as_str(), patience, step).await
        } else {
            waits.run(plugin, place.as_str(), patience, step).await
        }
    }

    /// The folder of a root, opened on a thread when it is first needed.
    async fn folder(
        &self,
        waits: &Arc<Waits>,
        name: &str,
        root: &Arc<GrantedRoot>,
    ) -> Result<Arc<Folder>, Error> {
        if let Some(opened) = root.opened() {
            return Ok(opened);
        }
        let (place, step) =
            (root.path.as_str(), format!("open {} for the root {name:?}", root.path));
        let root = Arc::clone(root);
        let open = move || root.open().map_err(|errno| system_error(&step, errno));
        waits.run(&self.plugin, place, self.patience(), open).await
    }

    /// Half of what is left, so that one access that hangs leaves time to say so.
    fn patience(&self) -> Duration {
        self.clock.left() / 2
    }
}

/// What the root `proc` shows by default: the machine, not its processes. Of a process only what
/// it sees of the machine; neither its environment, its memory nor its command line.
fn is_about_machine(path: &str) -> bool {
    const OF_A_PROCESS: [&str; 5] = ["auxv", "mountinfo", "mounts", "net", "stat"];
    const NEVER: [&str; 3] = ["kcore", "kmsg", "vmcore"];
    let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let first = parts.next().unwrap_or("");
    let is_process = first == "self"
        || first == "thread-self"
        || first.bytes().all(|byte| byte.is_ascii_digit()) && !first.is_empty();
    if is_process {
        parts.next().is_none_or(|second| OF_A_PROCESS.contains(&second))
    } else {
        !NEVER.contains(&first)
    }
}

impl files::Host for Instance {
    async fn read(
        &mut self,
        root: String,
        path: String,
        max_bytes: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let max = usize::try_from(max_bytes).unwrap_or(FILE_BYTES_MAX).min(FILE_BYTES_MAX);
        let step = move |folder: &OwnedFd, path: &str| read(folder, path, max);
        let place = (root.as_str(), path.as_str());
        Ok(self.heard("read", place, self.run(&root, path.clone(), Access::Read, step)).await)
    }

    async fn list_dir(
        &mut self,
        root: String,
        path: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<files::Entry>, Error>> {
        let limit = usize::try_from(limit).unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX);
        let step = move |folder: &OwnedFd, path: &str| list(folder, path, limit);
        let place = (root.as_str(), path.as_str());
        Ok(self.heard("list", place, self.run(&root, path.clone(), Access::Read, step)).await)
    }

    async fn read_link(
        &mut self,
        root: String,
        path: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let place = (root.as_str(), path.as_str());
        Ok(self.heard("link", place, self.run(&root, path.clone(), Access::Read, read_link)).await)
    }

    async fn modified(
        &mut self,
        root: String,
        path: String,
    ) -> wasmtime::Result<Result<i64, Error>> {
        let place = (root.as_str(), path.as_str());
        Ok(self
            .heard("modified", place, self.run(&root, path.clone(), Access::Read, modified))
            .await)
    }

    async fn usage(
        &mut self,
        root: String,
        path: String,
    ) -> wasmtime::Result<Result<files::FsUsage, Error>> {
        let place = (root.as_str(), path.as_str());
        Ok(self.heard("usage", place, self.run(&root, path.clone(), Access::Usage, usage)).await)
    }
}

fn check_path(path: &str) -> Result<(), Error> {
    let refused = path.starts_with('/')
        || path.contains('\0')
        || path.len() > 4096
        || path.split('/').any(|part| part == "..");
    if refused {
        let message = format!("{path:?} is no path beneath a root: it is relative and without ..");
        return Err(error(ErrorKind::Denied, message));
    }
    Ok(())
}

fn open(folder: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Error> {
    let path = if path.is_empty() { "." } else { path };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let flags = flags | OFlags::CLOEXEC;
    let denied = |why: &str| error(ErrorKind::Denied, format!("{path:?} {why}"));
    // The kernel answers EAGAIN when something moved while it looked; it asks to try again.
    for _ in 0..4 {
        match rustix::fs::openat2(folder, path, flags, Mode::empty(), resolve) {
            Ok(file) => return Ok(file),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::XDEV) => return Err(denied("leads out of its root")),
            Err(Errno::LOOP) => {
                return Err(denied("leads through a link of the kernel, or in circles"));
            }
            Err(errno) => return Err(system_error(&format!("open {path:?}"), errno)),
        }
    }
    Err(system_error(&format!("open {path:?}"), Errno::AGAIN))
}

/// Opens a regular file. What it is has to be seen before it is opened, and nobody may put something else in its place
/// in between; so the file that was seen is opened by its descriptor.
fn open_regular(folder: &OwnedFd, path: &str) -> Result<OwnedFd, Error> {
    let seen = open(folder, path, OFlags::PATH)?;
    let failed = |errno| system_error(&format!("open {path:?}"), errno);
    let info = rustix::fs::fstat(&seen).map_err(failed)?;
    match FileType::from_raw_mode(info.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(failed(Errno::ISDIR)),
        FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => {
            return Err(error(ErrorKind::Denied, format!("{path:?} is no regular file")));
        }
    }
    let own = format!("/proc/self/fd/{}", seen.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(own, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT if rustix::fs::stat("/proc/self/fd").is_err() => {
            error(ErrorKind::Internal, format!("open {path:?}: the server needs /proc mounted"))
        }
        other => failed(other),
    })
}

fn read(folder: &OwnedFd, path: &str, max: usize) -> Result<Vec<u8>, Error> {
    let file = open_regular(folder, path)?;
    let failed = |errno| system_error(&format!("read {path:?}"), errno);
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        // Doubling, and one byte beyond the bound to see that there is more.
        let room = start.max(8192).min(max.saturating_add(1).saturating_sub(start));
        bytes.resize(start + room, 0);
        let rest = bytes.get_mut(start..).unwrap_or_default();
        let count = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut *rest));
        let count = count.map_err(failed)?;
        bytes.truncate(start + count);
        if bytes.len() > max {
            let message = format!("{path:?} is longer than {max} bytes");
            return Err(error(ErrorKind::Exhausted, message));
        }
        if count == 0 {
            return Ok(bytes);
        }
    }
}

fn list(folder: &OwnedFd, path: &str, limit: usize) -> Result<Vec<files::Entry>, Error> {
    let opened = open(folder, path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let failed = |errno| system_error(&format!("list {path:?}"), errno);
    let mut entries = Vec::new();
    for entry in rustix::fs::Dir::read_from(&opened).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if name == "." || name == ".." {
            continue;
        }
        if entries.len() >= limit {
            let message = format!("{path:?} has more than {limit} entries");
            return Err(error(ErrorKind::Exhausted, message));
        }
        let kind = match entry.file_type() {
            FileType::RegularFile => files::EntryKind::File,
            FileType::Directory => files::EntryKind::Directory,
            FileType::Symlink => files::EntryKind::Symlink,
            FileType::Unknown => kind_of(&opened, name),
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice => files::EntryKind::Other,
        };
        entries.push(files::Entry { name: name.to_owned(), kind });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// For file systems that do not tell the kind in a listing.
fn kind_of(folder: &OwnedFd, name: &str) -> files::EntryKind {
    let info = rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    match info.map(|info| FileType::from_raw_mode(info.st_mode)) {
        Ok(FileType::RegularFile) => files::EntryKind::File,
        Ok(FileType::Directory) => files::EntryKind::Directory,
        Ok(FileType::Symlink) => files::EntryKind::Symlink,
        Ok(_) | Err(_) => files::EntryKind::Other,
    }
}

fn read_link(folder: &OwnedFd, path: &str) -> Result<String, Error> {
    let link = open(folder, path, OFlags::PATH | OFlags::NOFOLLOW)?;
    let target = rustix::fs::readlinkat(&link, "", Vec::new()).map_err(|errno| match errno {
        Errno::NOENT => system_error(&format!("read the link {path:?}"), Errno::INVAL),
        other => system_error(&format!("read the link {path:?}"), other),
    })?;
    Ok(target.to_string_lossy().into_owned())
}

/// Nanoseconds since the Unix epoch.
fn modified(folder: &OwnedFd, path: &str) -> Result<i64, Error> {
    let place = open(folder, path, OFlags::PATH)?;
    let failed = |errno| system_error(&format!("ask when {path:?} changed"), errno);
    let info = rustix::fs::fstat(&place).map_err(failed)?;
    let nanos = i64::try_from(info.st_mtime_nsec).unwrap_or(0);
    Ok(info.st_mtime.saturating_mul(1_000_000_000).saturating_add(nanos))
}

fn usage(folder: &OwnedFd, path: &str) -> Result<files::FsUsage, Error> {
    let place = open(folder, path, OFlags::PATH)?;
    let failed = |errno| system_error(&format!("ask for the usage of {path:?}"), errno);
    let usage = rustix::fs::fstatvfs(&place).map_err(failed)?;
    let kind = rustix::fs::fstatfs(&place).map_err(failed)?;
    Ok(files::FsUsage {
        block_size: usage.f_frsize,
        blocks: usage.f_blocks,
        free: usage.f_bfree,
        available: usage.f_bavail,
        files: usage.f_files,
        files_free: usage.f_ffree,
        fs_type: u64::try_from(kind.f_type).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests;
