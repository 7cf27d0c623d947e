//! Compiled code on disk, so that a start compiles nothing twice.
//!
//! The engine trusts compiled code as the processor does: whoever can write it runs as this
//! process. Hence:
//!
//! Invariant: code is read only from a folder that is no link, belongs to this user and is closed
//! to all others, and only from files that this user owns.
//! Invariant: a name holds the digest of the component and a hash of engine version, settings and
//! processor; the file beside it holds a checksum, so that a torn or rotten file is compiled anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, replace};
use rustix::fs::{FileType, Mode};
use tracing::warn;
use wasmtime::Engine;
use wasmtime::component::Component;
use xxhash_rust::xxh3::xxh3_64;

use crate::code::Digest;

/// The largest compiled component that is read back; compiled interpreters take 40 MiB.
const CODE_BYTES_MAX: u64 = 256 << 20;

/// Why a folder cannot hold compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder cannot be made or read.
    #[error("prepare the folder {folder} for compiled plugins")]
    Folder {
        /// The folder.
        folder: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others could put code there.
    #[error(
        "the folder {folder} for compiled plugins is {why}: whoever can write there can run code \
         in this server; remove it, and it is made anew"
    )]
    Unsafe {
        /// The folder.
        folder: Utf8PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Compiled code on disk.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: Utf8PathBuf,
    disk: Arc<dyn Disk>,
    /// Engine version, settings and processor as 16 hexadecimal digits.
    engine: String,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    /// Opens a folder, or makes it.
    pub(crate) fn open(
        folder: Utf8PathBuf,
        disk: Arc<dyn Disk>,
        engine: &Engine,
    ) -> Result<Self, CacheError> {
        prepare_folder(&folder, disk.as_ref())?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = format!("{:016x}", hasher.finish());
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        let cache = Self { folder, disk, engine, hits, misses };
        cache.keep(|name| name.contains(&cache.engine));
        Ok(cache)
    }

    /// Loads found and not found since the start.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Removes what was compiled for none of `digests`.
    pub(crate) fn retain(&self, digests: &[Digest]) {
        let names: Vec<String> = digests.iter().map(|digest| self.name(*digest)).collect();
        self.keep(|name| names.iter().any(|kept| name.starts_with(kept)));
    }

    /// Whether there is compiled code of a component; it may be damaged.
    pub(crate) fn has(&self, digest: Digest) -> bool {
        let (_, sum_path) = self.paths(digest);
        rustix::fs::lstat(sum_path.as_std_path()).is_ok()
    }

    /// The compiled code of a component, if it is there and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let found = self.load_checked(engine, digest).unwrap_or_else(|error| {
            warn!(%digest, error, "compiled plugin cannot be used and is compiled anew");
            None
        });
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn load_checked(&self, engine: &Engine, digest: Digest) -> Result<Option<Component>, String> {
        let (code_path, sum_path) = self.paths(digest);
        let sum = match self.disk.read(&sum_path, 8) {
            Ok(sum) => sum,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let info = rustix::fs::lstat(code_path.as_std_path()).map_err(|error| error.to_string())?;
        if FileType::from_raw_mode(info.st_mode) != FileType::RegularFile
            || info.st_uid != rustix::process::geteuid().as_raw()
        {
            return Err(format!("{code_path} is no file of this user"));
        }
        let code = self.disk.read(&code_path, CODE_BYTES_MAX).map_err(|error| error.to_string())?;
        if xxh3_64(&code).to_le_bytes() != *sum {
            return Err(format!("{code_path} is damaged"));
        }
        // SAFETY: the bytes were written by this program's own compiler: the folder and the file
        // belong to this user alone (checked above and at opening), the checksum says that they are
        // whole, and the engine itself checks its version and settings. The file is never changed
        // in place, only replaced by rename, so the mapping stays valid.
        #[expect(unsafe_code, reason = "running compiled code is what this cache is for")]
        let component = unsafe { Component::deserialize_file(engine, code_path.as_std_path()) };
        component.map(Some).map_err(|error| format!("{error:#}"))
    }

    /// Keeps compiled code; a failure costs time at the next start and nothing else.
    pub(crate) fn store(&self, digest: Digest, component: &Component) {
        let (code_path, sum_path) = self.paths(digest);
        let stored = component.serialize().map_err(|error| format!("{error:#}")).and_then(|code| {
            replace(self.disk.as_ref(), &code_path, &code)
                .and_then(|()| {
                    replace(self.disk.as_ref(), &sum_path, &xxh3_64(&code).to_le_bytes())
                })
                .map_err(|error| error.to_string())
        });
        if let Err(error) = stored {
            warn!(%digest, error, "compiled plugin cannot be kept");
        }
    }

    fn paths(&self, digest: Digest) -> (Utf8PathBuf, Utf8PathBuf) {
        let name = self.name(digest);
        (self.folder.join(format!("{name}.cwasm")), self.folder.join(format!("{name}.sum")))
    }

    fn name(&self, digest: Digest) -> String {
        format!("{}-{}", digest.hex(), self.engine)
    }

    fn keep(&self, is_kept: impl Fn(&str) -> bool) {
        let Ok(files) = self.disk.list(&self.folder) else { return };
        for file in files.iter().filter(|file| !file.is_folder && !is_kept(&file.name)) {
            if let Err(error) = self.disk.remove(&self.folder.join(&file.name)) {
                warn!(file = file.name, %error, "old compiled plugin cannot be removed");
            }
        }
    }
}

fn prepare_folder(folder: &Utf8Path, disk: &dyn Disk) -> Result<(), CacheError> {
    let failed = |source: io::Error| CacheError::Folder { folder: folder.to_owned(), source };
    let unsafe_because = |why| CacheError::Unsafe { folder: folder.to_owned(), why };
    if let Some(parent) = folder.parent() {
        disk.create_folder(parent).map_err(failed)?;
    }
    match rustix::fs::mkdir(folder.as_std_path(), Mode::RWXU) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => {}
        Err(errno) => return Err(failed(errno.into())),
    }
    let info = rustix::fs::lstat(folder.as_std_path()).map_err(|errno| failed(errno.into()))?;
    if FileType::from_raw_mode(info.st_mode) != FileType::Directory {
        return Err(unsafe_because("no folder"));
    }
    if info.st_uid != rustix::process::geteuid().as_raw() {
        return Err(unsafe_because("another user's"));
    }
    if Mode::from_raw_mode(info.st_mode).intersects(Mode::RWXG | Mode::RWXO) {
        return Err(unsafe_because("open to other users"));
    }
    Ok(())
}
