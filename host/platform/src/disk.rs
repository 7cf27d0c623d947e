//! The disk as a parameter: what durable rooms may do to files, and nothing else.
//!
//! Invariant: a name that a file got by `create` or `rename` survives a power cut only after
//! [`Disk::sync_folder`] of its folder; bytes only after [`DiskFile::sync`].

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

mod mapped;
mod overlay;
mod simulated;

pub use self::mapped::FileBytes;
pub use self::overlay::OverlayDisk;
pub use self::simulated::SimulatedDisk;

/// A file system. Object-safe; every durable room gets one.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Creates an empty file for appending; it is an error when it exists.
    ///
    /// # Errors
    /// What the file system says.
    fn create(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>>;

    /// Creates an empty file whose parts are written over; it is an error when it exists.
    ///
    /// # Errors
    /// What the file system says.
    fn create_slots(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskSlots>>;

    /// Opens an existing file for reading and appending.
    ///
    /// # Errors
    /// What the file system says.
    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>>;

    /// The whole file, at most `bytes_max`; a longer one is an error.
    ///
    /// # Errors
    /// What the file system says.
    fn read(&self, path: &Utf8Path, bytes_max: u64) -> io::Result<Vec<u8>>;

    /// Names, sizes and kinds of the files and folders in a folder, ascending by name. Pipes, sockets and
    /// devices are left out: whoever reads all that is there would wait for them. So is a name that is no UTF-8.
    ///
    /// # Errors
    /// What the file system says.
    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<FileInfo>>;

    /// What a path leads to, links followed.
    ///
    /// # Errors
    /// What the file system says; `InvalidInput` when it is neither a file nor a folder.
    fn resolve(&self, path: &Utf8Path) -> io::Result<Resolved>;

    /// Creates a folder and those above it; it is no error when it exists.
    ///
    /// # Errors
    /// What the file system says.
    fn create_folder(&self, folder: &Utf8Path) -> io::Result<()>;

    /// Gives a file another name, over whatever had it.
    ///
    /// # Errors
    /// What the file system says.
    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the file system says.
    fn remove(&self, path: &Utf8Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// What the file system says.
    fn sync_folder(&self, folder: &Utf8Path) -> io::Result<()>;

    /// The whole file as bytes that are read when they are looked at. Only for files that no process
    /// cuts or writes anew while the answer lives, such as those of blocks. What users name is read.
    ///
    /// # Errors
    /// What the file system says.
    fn map(&self, path: &Utf8Path) -> io::Result<FileBytes>;

    /// Gives a file a second name.
    ///
    /// # Errors
    /// What the file system says.
    fn hard_link(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()>;

    /// Removes a folder with all that is in it.
    ///
    /// # Errors
    /// What the file system says; some of it may be gone then.
    fn remove_folder(&self, folder: &Utf8Path) -> io::Result<()>;

    /// The size of the file system that holds `path`, and what is free of it.
    ///
    /// # Errors
    /// What the file system says.
    fn space(&self, path: &Utf8Path) -> io::Result<DiskSpace>;

    /// Takes a file as a lock, created when it is not there; it is free again when the answer is
    /// dropped or its process ends.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when another one holds it, else what the file system says.
    fn lock(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskLock>>;
}

/// A held lock: all it can do is to be dropped.
pub trait DiskLock: Send + Sync + fmt::Debug {}

/// An open file: it is only ever appended to or cut.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Writes all bytes at the end.
    ///
    /// # Errors
    /// What the file system says; some of the bytes may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end.
    ///
    /// # Errors
    /// What the file system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The file's length in bytes.
    ///
    /// # Errors
    /// What the file system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// What the file system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts the file to `len` bytes.
    ///
    /// # Errors
    /// What the file system says.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// What the file system says. After a failure nothing is known of what was written before:
    /// the owner must not acknowledge it, and must not try to sync the same file again.
    fn sync(&mut self) -> io::Result<()>;

    /// A second handle whose only use is to sync beside the writer.
    ///
    /// # Errors
    /// What the file system says.
    fn sync_handle(&self) -> io::Result<Box<dyn DiskFile>>;
}

/// An open file whose parts are written over, by many threads at once where they are not the same
/// parts. What is written survives the end of the process, and maybe that of the machine.
pub trait DiskSlots: Send + Sync + fmt::Debug {
    /// Writes all bytes at `offset`; the file grows to hold them.
    ///
    /// # Errors
    /// What the file system says; some of the bytes may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

/// How large a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes in all.
    pub total_bytes: u64,
    /// Bytes that this process may still write.
    pub available_bytes: u64,
}

/// What a folder says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// The name within its folder.
    pub name: String,
    /// Bytes.
    pub len: u64,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The same without links and dots.
    pub path: Utf8PathBuf,
    /// Whether it is a folder, else a file.
    pub is_folder: bool,
}

/// A file of a folder, by a name from outside: no path, and no link, leads out of the folder.
///
/// # Errors
/// `NotFound` when the folder or the file is not there, or no name could be such a file's;
/// `IsADirectory`; `PermissionDenied` when it lies outside of the folder; else what the file system
/// says, as of a file of more than `bytes_max`.
pub fn read_inside(
    disk: &dyn Disk,
    folder: &Utf8Path,
    name: &str,
    bytes_max: u64,
) -> io::Result<Vec<u8>> {
    let mut parts = Utf8Path::new(name).components();
    let is_plain = parts.all(|part| matches!(part, Utf8Component::Normal(_)));
    if name.is_empty() || name.contains('\0') || !is_plain {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    let not_there = |error: io::Error| {
        let names_nothing = [io::ErrorKind::NotADirectory, io::ErrorKind::InvalidFilename];
        if names_nothing.contains(&error.kind()) {
            io::Error::from(io::ErrorKind::NotFound)
        } else {
            error
        }
    };
    let folder = disk.resolve(folder).map_err(not_there)?.path;
    let file = disk.resolve(&folder.join(name)).map_err(not_there)?;
    if !file.path.starts_with(&folder) {
        let message = format!("a link leads out of {folder}");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    if file.is_folder {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    disk.read(&file.path, bytes_max)
}

/// Replaces a file's content as one durable step: afterwards the old or the new content is there,
/// never a part.
///
/// # Errors
/// What the file system says; the old content is then still there.
pub fn replace(disk: &dyn Disk, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let temp = Utf8PathBuf::from(format!("{path}.tmp"));
    match disk.remove(&temp) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = disk.create(&temp)?;
    file.append(bytes)?;
    file.sync()?;
    disk.rename(&temp, path)?;
    disk.sync_folder(path.parent().unwrap_or(Utf8Path::new(".")))
}

/// A text file as a string.
///
/// # Errors
/// What the file system says, or that the bytes are no UTF-8.
pub fn read_to_string(disk: &dyn Disk, path: &Utf8Path, bytes_max: u64) -> io::Result<String> {
    let bytes = disk.read(path, bytes_max)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(Arc<File>);

#[derive(Debug)]
struct RealSlots(File);

impl DiskSlots for RealSlots {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
}

/// The lock lives as long as the open file.
#[derive(Debug)]
struct RealLock(#[expect(dead_code, reason = "held, not used")] File);

impl DiskLock for RealLock {}

impl RealDisk {
    /// The disk as rooms take it.
    #[must_use]
    pub fn shared() -> Arc<dyn Disk> {
        Arc::new(Self)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door to the disk")]
impl Disk for RealDisk {
    fn create(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(path)?;
        Ok(Box::new(RealFile(Arc::new(file))))
    }

    fn create_slots(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskSlots>> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Box::new(RealSlots(file)))
    }

    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        Ok(Box::new(RealFile(Arc::new(file))))
    }

    fn read(&self, path: &Utf8Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max {
            let message = format!("longer than {bytes_max} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(bytes)
    }

    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<FileInfo>> {
        let mut files = Vec::new();
        for entry in folder.read_dir_utf8()? {
            let entry = match entry {
                Ok(entry) => entry,
                // Its name is no UTF-8: it is nobody's here.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
                Err(error) => return Err(error),
            };
            // A file that is removed meanwhile, or a dangling link, is not there.
            let Ok(info) = fs::metadata(entry.path()) else { continue };
            if !info.is_file() && !info.is_dir() {
                continue;
            }
            let name = entry.file_name().to_owned();
            files.push(FileInfo { name, len: info.len(), is_folder: info.is_dir() });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn resolve(&self, path: &Utf8Path) -> io::Result<Resolved> {
        let path = path.canonicalize_utf8()?;
        let info = fs::metadata(&path)?;
        if !info.is_file() && !info.is_dir() {
            let message = format!("{path} is neither a file nor a folder");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Resolved { path, is_folder: info.is_dir() })
    }

    fn create_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn map(&self, path: &Utf8Path) -> io::Result<FileBytes> {
        FileBytes::map(&File::open(path)?)
    }

    fn hard_link(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        fs::remove_dir_all(folder)
    }

    fn space(&self, path: &Utf8Path) -> io::Result<DiskSpace> {
        let stat = rustix::fs::statvfs(path.as_str())?;
        Ok(DiskSpace {
            total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
            available_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
        })
    }

    fn lock(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskLock>> {
        let options = OpenOptions::new().create(true).truncate(false).write(true).clone();
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealLock(file))),
            Err(TryLockError::WouldBlock) => Err(io::Error::from(io::ErrorKind::WouldBlock)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.0).write_all(bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_handle(&self) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }
}

#[cfg(test)]
mod tests;
