//! A folder that can be written without being changed: what is written stays in a sandbox.
//!
//! Lets a command open a store that a server may have open at the same time: replay, which cuts
//! torn tails and begins segments, then happens beside the store.
//!
//! Invariant: nothing below `root` of the base disk is ever written, renamed or removed; locks
//! below it are not taken.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use parking_lot::Mutex;

use super::{Disk, DiskFile, DiskLock, DiskSlots, DiskSpace, FileBytes, FileInfo, Resolved};

/// How much of a file is copied at a time.
const COPY_BYTES: usize = 1 << 20;

/// A disk on which `root` can be written without being changed.
#[derive(Clone, Debug)]
pub struct OverlayDisk(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    base: Arc<dyn Disk>,
    root: Utf8PathBuf,
    sandbox: Utf8PathBuf,
    /// Guards what differs from the base.
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    /// Files below `root` that live in the sandbox, and their names there.
    files: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
    /// Folders that exist in the overlay only.
    folders: BTreeSet<Utf8PathBuf>,
    /// Files and folders of the base that are gone.
    gone: BTreeSet<Utf8PathBuf>,
    /// Names the next file in the sandbox.
    next: u64,
}

impl Changes {
    fn is_gone(&self, path: &Utf8Path) -> bool {
        path.ancestors().any(|part| self.gone.contains(part))
    }

    fn add(&mut self, path: &Utf8Path, sandbox: &Utf8Path) -> Utf8PathBuf {
        self.next += 1;
        let place = sandbox.join(self.next.to_string());
        self.files.insert(path.to_owned(), place.clone());
        place
    }
}

impl OverlayDisk {
    /// `root` of `base`, with what is written to it kept in `sandbox`, an empty folder outside.
    #[must_use]
    pub fn new(base: Arc<dyn Disk>, root: Utf8PathBuf, sandbox: Utf8PathBuf) -> Self {
        let changes = Mutex::default();
        Self(Arc::new(Shared { base, root, sandbox, changes }))
    }

    /// The disk as rooms take it.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    fn base(&self) -> &dyn Disk {
        &*self.0.base
    }

    fn is_inside(&self, path: &Utf8Path) -> bool {
        path.starts_with(&self.0.root)
    }

    /// Where the bytes of a file are: in the sandbox or as the base has it.
    fn place(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let changes = self.0.changes.lock();
        if let Some(place) = changes.files.get(path) {
            return Ok(place.clone());
        }
        if changes.is_gone(path) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        Ok(path.to_owned())
    }

    /// Moves a file into the sandbox, so that it can be written.
    fn copy_up(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let from = self.place(path)?;
        if from != path {
            return Ok(from);
        }
        // Read, not mapped: a server may cut the end of its log meanwhile.
        let from = self.base().open(path)?;
        let to = self.0.changes.lock().add(path, &self.0.sandbox);
        let mut file = self.base().create(&to)?;
        let (mut part, mut copied) = (vec![0; COPY_BYTES], 0);
        loop {
            let count = from.read_at(copied, &mut part)?;
            file.append(part.get(..count).unwrap_or_default())?;
            copied += count as u64;
            if count < COPY_BYTES {
                return Ok(to);
            }
        }
    }

    fn remove_name(&self, path: &Utf8Path) {
        let mut changes = self.0.changes.lock();
        changes.files.remove(path);
        changes.gone.insert(path.to_owned());
    }

    fn is_folder(&self, path: &Utf8Path) -> bool {
        let changes = self.0.changes.lock();
        changes.folders.contains(path) || (!changes.is_gone(path) && self.base().list(path).is_ok())
    }

    fn is_there(&self, path: &Utf8Path) -> bool {
        self.place(path).is_ok_and(|place| self.base().open(&place).is_ok())
    }
}

impl Disk for OverlayDisk {
    fn create(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        if !self.is_inside(path) {
            return self.base().create(path);
        }
        if self.is_there(path) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let place = self.0.changes.lock().add(path, &self.0.sandbox);
        self.base().create(&place)
    }

    fn create_slots(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskSlots>> {
        if !self.is_inside(path) {
            return self.base().create_slots(path);
        }
        if self.is_there(path) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let place = self.0.changes.lock().add(path, &self.0.sandbox);
        self.base().create_slots(&place)
    }

    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        let place = self.place(path)?;
        let file = self.base().open(&place)?;
        if place != path || !self.is_inside(path) {
            return Ok(file);
        }
        Ok(Box::new(OverlayFile { disk: self.clone(), path: path.to_owned(), file, is_own: false }))
    }

    fn read(&self, path: &Utf8Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        self.base().read(&self.place(path)?, bytes_max)
    }

    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<FileInfo>> {
        if !self.is_inside(folder) {
            return self.base().list(folder);
        }
        let changes = self.0.changes.lock();
        let is_new = changes.folders.contains(folder);
        let mut found = BTreeMap::new();
        if !changes.is_gone(folder) {
            match self.base().list(folder) {
                Ok(infos) => {
                    let kept =
                        infos.into_iter().filter(|i| !changes.is_gone(&folder.join(&i.name)));
                    found.extend(kept.map(|info| (info.name.clone(), info)));
                }
                Err(error) if !is_new => return Err(error),
                Err(_) => {}
            }
        } else if !is_new {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let name_in = |path: &Utf8Path| {
            let inside = path.parent() == Some(folder);
            inside.then(|| path.file_name().unwrap_or_default().to_owned())
        };
        for (path, place) in &changes.files {
            let Some(name) = name_in(path) else { continue };
            let len = self.base().open(place)?.len()?;
            found.insert(name.clone(), FileInfo { name, len, is_folder: false });
        }
        for name in changes.folders.iter().filter_map(|path| name_in(path)) {
            found.insert(name.clone(), FileInfo { name, len: 0, is_folder: true });
        }
        Ok(found.into_values().collect())
    }

    fn resolve(&self, path: &Utf8Path) -> io::Result<Resolved> {
        let place = self.place(path)?;
        if self.is_inside(path) && self.is_folder(path) {
            return Ok(Resolved { path: path.to_owned(), is_folder: true });
        }
        let resolved = self.base().resolve(&place)?;
        let is_own = place != path;
        Ok(if is_own { Resolved { path: path.to_owned(), ..resolved } } else { resolved })
    }

    fn create_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        if !self.is_inside(folder) {
            return self.base().create_folder(folder);
        }
        let inside = folder.ancestors().filter(|part| self.is_inside(part));
        let new: Vec<Utf8PathBuf> =
            inside.filter(|part| !self.is_folder(part)).map(Utf8Path::to_owned).collect();
        self.0.changes.lock().folders.extend(new);
        Ok(())
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        if !self.is_folder(from) {
            let place = self.copy_up(from)?;
            self.remove_name(from);
            self.0.changes.lock().files.insert(to.to_owned(), place);
            return Ok(());
        }
        // What is renamed as a folder was made here: nothing of the base needs to be moved.
        if !self.0.changes.lock().folders.contains(from) {
            let message = "a folder of the base cannot be renamed";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        let mut changes = self.0.changes.lock();
        let rename = |path: &Utf8Path| {
            let inside = path.strip_prefix(from).unwrap_or(path);
            if inside.as_str().is_empty() { to.to_owned() } else { to.join(inside) }
        };
        let (moved, kept) = std::mem::take(&mut changes.files)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(path, _)| path.starts_with(from));
        changes.files = kept;
        changes.files.extend(moved.into_iter().map(|(path, place)| (rename(&path), place)));
        let (moved, kept) = std::mem::take(&mut changes.folders)
            .into_iter()
            .partition::<BTreeSet<_>, _>(|path| path.starts_with(from));
        changes.folders = kept;
        changes.folders.extend(moved.iter().map(|path| rename(path)));
        Ok(())
    }

    fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        if !self.is_inside(path) {
            return self.base().remove(path);
        }
        if !self.is_there(path) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        self.remove_name(path);
        Ok(())
    }

    fn sync_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        if self.is_inside(folder) { Ok(()) } else { self.base().sync_folder(folder) }
    }

    fn map(&self, path: &Utf8Path) -> io::Result<FileBytes> {
        self.base().map(&self.place(path)?)
    }

    fn hard_link(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        if !self.is_inside(to) {
            return self.base().hard_link(&self.place(from)?, to);
        }
        let place = self.place(from)?;
        self.0.changes.lock().files.insert(to.to_owned(), place);
        Ok(())
    }

    fn remove_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        if !self.is_inside(folder) {
            return self.base().remove_folder(folder);
        }
        if !self.is_folder(folder) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let mut changes = self.0.changes.lock();
        changes.files.retain(|path, _| !path.starts_with(folder));
        changes.folders.retain(|path| !path.starts_with(folder));
        changes.gone.insert(folder.to_owned());
        Ok(())
    }

    fn space(&self, path: &Utf8Path) -> io::Result<DiskSpace> {
        let inside = self.is_inside(path);
        self.base().space(if inside { &self.0.sandbox } else { path })
    }

    /// Other processes may hold the lock of the base: nothing of it is written, so that is fine.
    fn lock(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskLock>> {
        if self.is_inside(path) { Ok(Box::new(NoLock)) } else { self.base().lock(path) }
    }
}

#[derive(Debug)]
struct NoLock;

impl DiskLock for NoLock {}

/// A file of the base until it is written first.
#[derive(Debug)]
struct OverlayFile {
    disk: OverlayDisk,
    path: Utf8PathBuf,
    file: Box<dyn DiskFile>,
    is_own: bool,
}

impl OverlayFile {
    fn own(&mut self) -> io::Result<&mut dyn DiskFile> {
        if !self.is_own {
            let place = self.disk.copy_up(&self.path)?;
            self.file = self.disk.base().open(&place)?;
            self.is_own = true;
        }
        Ok(&mut *self.file)
    }
}

impl DiskFile for OverlayFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.own()?.append(bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.own()?.truncate(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.is_own { self.file.sync() } else { Ok(()) }
    }

    fn sync_handle(&self) -> io::Result<Box<dyn DiskFile>> {
        self.file.sync_handle()
    }
}

#[cfg(test)]
mod tests {
    use super::super::SimulatedDisk;
    use super::*;

    fn overlay() -> (SimulatedDisk, OverlayDisk) {
        let base = SimulatedDisk::new(1);
        for folder in ["/data/log", "/sandbox"] {
            base.create_folder(folder.into()).unwrap();
        }
        for (path, text) in [("/data/meta", "m"), ("/data/log/1", "one"), ("/data/log/2", "two")] {
            base.create(path.into()).unwrap().append(text.as_bytes()).unwrap();
        }
        let disk = OverlayDisk::new(base.shared(), "/data".into(), "/sandbox".into());
        (base, disk)
    }

    fn names(disk: &dyn Disk, folder: &str) -> Vec<String> {
        disk.list(folder.into()).unwrap().into_iter().map(|info| info.name).collect()
    }

    fn text(disk: &dyn Disk, path: &str) -> String {
        String::from_utf8(disk.read(path.into(), 100).unwrap()).unwrap()
    }

    #[test]
    fn the_base_stays_as_it_is_whatever_is_done() {
        let (base, disk) = overlay();
        let before = base.steps();
        let unchanged = |base: &SimulatedDisk| {
            assert_eq!(names(base, "/data"), ["log", "meta"]);
            assert_eq!(names(base, "/data/log"), ["1", "2"]);
            assert_eq!(text(base, "/data/log/1") + &text(base, "/data/log/2"), "onetwo");
        };
        disk.open("/data/log/1".into()).unwrap().truncate(2).unwrap();
        assert_eq!(text(&disk, "/data/log/1"), "on");
        disk.open("/data/log/1".into()).unwrap().append(b"ly").unwrap();
        assert_eq!(text(&disk, "/data/log/1"), "only");
        disk.create("/data/log/3.tmp".into()).unwrap().append(b"three").unwrap();
        disk.rename("/data/log/3.tmp".into(), "/data/log/3".into()).unwrap();
        disk.remove("/data/log/2".into()).unwrap();
        let slots = disk.create_slots("/data/log/4".into()).unwrap();
        slots.write_at(0, b"four").unwrap();
        assert_eq!(names(&disk, "/data/log"), ["1", "3", "4"]);
        assert_eq!(text(&disk, "/data/log/4"), "four");
        assert_eq!(text(&disk, "/data/log/3"), "three");
        disk.rename("/data/meta".into(), "/data/meta.old".into()).unwrap();
        assert_eq!(names(&disk, "/data"), ["log", "meta.old"]);
        assert!(disk.open("/data/meta".into()).is_err());
        unchanged(&base);
        assert!(base.steps() > before, "the sandbox was written");
    }

    #[test]
    fn folders_are_made_renamed_and_removed_beside_the_base() {
        let (base, disk) = overlay();
        disk.create_folder("/data/block.tmp/chunks".into()).unwrap();
        disk.create("/data/block.tmp/chunks/1".into()).unwrap().append(b"c").unwrap();
        disk.rename("/data/block.tmp".into(), "/data/block".into()).unwrap();
        assert_eq!(names(&disk, "/data"), ["block", "log", "meta"]);
        assert_eq!(text(&disk, "/data/block/chunks/1"), "c");
        disk.remove_folder("/data/log".into()).unwrap();
        assert_eq!(names(&disk, "/data"), ["block", "meta"]);
        assert!(disk.list("/data/log".into()).is_err());
        assert_eq!(names(&base, "/data"), ["log", "meta"]);
    }

    #[test]
    fn the_lock_of_the_base_is_not_needed() {
        let (base, disk) = overlay();
        let _held = base.lock("/data/lock".into()).unwrap();
        assert!(disk.lock("/data/lock".into()).is_ok());
    }

    #[test]
    fn a_file_is_not_made_twice() {
        let (_base, disk) = overlay();
        let error = disk.create("/data/log/1".into()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        disk.remove("/data/log/1".into()).unwrap();
        assert!(disk.create("/data/log/1".into()).is_ok());
        assert!(disk.create_slots("/data/log/1".into()).is_err());
    }
}
