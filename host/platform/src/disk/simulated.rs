//! A disk in memory that fails on purpose: power cuts with torn pages and lost names, writes and
//! syncs that fail, a full disk, flipped bits. One seed is one history.
//!
//! It is harsher than most file systems, never kinder: bytes survive a power cut only where a sync
//! of their file succeeded, names (of files and of folders) only where their folder was synced;
//! whatever is not synced survives by chance, page by page and, for names, as a random prefix of
//! the changes.
//!
//! Invariant: bytes whose sync failed never become durable, not even by a later sync that
//! succeeds, as on Linux, where the failed pages are marked clean.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use parking_lot::Mutex;

mod contents;
mod file;
mod state;

use self::contents::Contents;
use self::file::{SimulatedFile, SimulatedLock};
use self::state::{Folder, Node, ROOT, State};
use super::{Disk, DiskFile, DiskLock, DiskSlots, DiskSpace, FileBytes, FileInfo, Resolved};

/// A disk in memory with faults. Clones share one disk.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    /// Guards all there is.
    state: Arc<Mutex<State>>,
}

impl SimulatedDisk {
    /// An empty disk without faults; `seed` decides what chance decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// The disk as rooms take it.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// How many steps that change something were taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.state.lock().steps
    }

    /// The power fails in the step after the `steps`-th (counted as [`Self::steps`] does): that
    /// one is done in part, all later ones are refused until a restart.
    pub fn cut_power_after(&self, steps: u64) {
        self.state.lock().cut_after = Some(steps);
    }

    /// Whether the power has failed.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state.lock().is_off
    }

    /// The next `count` syncs of files or folders fail. Those of files lose what they should have
    /// made durable.
    pub fn fail_syncs(&self, count: u32) {
        self.fail_syncs_after(0, count);
    }

    /// As [`Self::fail_syncs`], after `passing` syncs that succeed.
    pub fn fail_syncs_after(&self, passing: u32, count: u32) {
        let mut state = self.state.lock();
        (state.syncs_passing, state.syncs_failing) = (passing, count);
    }

    /// The next `count` appends write a part, or nothing, and fail.
    pub fn fail_writes(&self, count: u32) {
        self.state.lock().writes_failing = count;
    }

    /// The disk takes no more than `bytes` in all; `None` lifts the limit.
    pub fn limit_bytes(&self, bytes: Option<usize>) {
        self.state.lock().bytes_max = bytes;
    }

    /// Bytes in all files.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.state.lock().used_bytes()
    }

    /// Paths and lengths of all files, ascending.
    #[must_use]
    pub fn files(&self) -> Vec<(Utf8PathBuf, u64)> {
        let state = self.state.lock();
        let files = state.files().into_iter();
        files.map(|(path, number)| (path, state.len(number) as u64)).collect()
    }

    /// Flips one bit of a file, also of its durable copy. Does nothing beyond its end.
    pub fn flip_bit(&self, path: &Utf8Path, bit: u64) {
        let mut state = self.state.lock();
        if let Ok(number) = state.find(path)
            && let Ok(contents) = state.contents(number)
        {
            contents.flip(bit);
        }
    }

    /// The process is killed and started again: files are as it left them, handles and locks gone.
    pub fn restart_after_kill(&self) {
        self.state.lock().start_new_life();
    }

    /// The machine lost power and starts again: only what was synced is certain to be there.
    pub fn restart_after_power_cut(&self) {
        let mut state = self.state.lock();
        state.lose_power();
        state.start_new_life();
    }

    fn handle(&self, state: &State, number: usize) -> SimulatedFile {
        SimulatedFile { disk: self.clone(), life: state.life, number }
    }

    fn create_file(&self, path: &Utf8Path) -> io::Result<SimulatedFile> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let place = state.place(path)?;
        if state.is_taken(&place) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        if state.bytes_max.is_some_and(|max| state.used_bytes() >= max) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let number = state.add(place, Node::File(Contents::default()));
        Ok(self.handle(&state, number))
    }
}

impl Disk for SimulatedDisk {
    fn create(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(self.create_file(path)?))
    }

    fn create_slots(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskSlots>> {
        Ok(Box::new(self.create_file(path)?))
    }

    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.check_power()?;
        let number = state.find(path)?;
        state.contents(number)?;
        Ok(Box::new(self.handle(&state, number)))
    }

    fn read(&self, path: &Utf8Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut state = self.state.lock();
        state.check_power()?;
        let number = state.find(path)?;
        let bytes = &state.contents(number)?.bytes;
        if bytes.len() as u64 > bytes_max {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes.clone())
    }

    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<FileInfo>> {
        let state = self.state.lock();
        state.check_power()?;
        let names = &state.folder(state.find(folder)?)?.names;
        let info = |(name, number): (&String, &usize)| FileInfo {
            name: name.clone(),
            len: state.len(*number) as u64,
            is_folder: matches!(state.node(*number), Some(Node::Folder(_))),
        };
        Ok(names.iter().map(info).collect())
    }

    /// There are no links.
    fn resolve(&self, path: &Utf8Path) -> io::Result<Resolved> {
        let state = self.state.lock();
        state.check_power()?;
        let node = state.node(state.find(path)?);
        let is_folder = matches!(node, Some(Node::Folder(_)));
        Ok(Resolved { path: path.to_owned(), is_folder })
    }

    /// One step a folder that is not there.
    fn create_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check_power()?;
        let mut missing = Vec::new();
        for path in folder.ancestors() {
            match state.find(path) {
                Ok(number) => {
                    state.folder(number).map_err(|_| io::ErrorKind::AlreadyExists)?;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(path),
                Err(error) => return Err(error),
            }
        }
        for path in missing.into_iter().rev() {
            state.whole_step()?;
            let place = state.place(path)?;
            state.add(place, Node::Folder(Folder::default()));
        }
        Ok(())
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let number = state.find(from)?;
        let (place_from, place_to) = (state.place(from)?, state.place(to)?);
        if from == to {
            return Ok(());
        }
        if to.starts_with(from) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let is_folder = matches!(state.node(number), Some(Node::Folder(_)));
        match state.find(to).ok().and_then(|there| state.node(there)) {
            Some(Node::File(_)) if is_folder => {
                return Err(io::Error::from(io::ErrorKind::NotADirectory));
            }
            Some(Node::Folder(_)) if !is_folder => {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            Some(Node::Folder(folder)) if !folder.names.is_empty() => {
                return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
            }
            _ => {}
        }
        state.rename(place_from, place_to, number);
        Ok(())
    }

    fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let number = state.find(path)?;
        state.contents(number)?;
        let place = state.place(path)?;
        state.unlink(place);
        Ok(())
    }

    fn sync_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let number = state.find(folder)?;
        state.folder(number)?;
        if state.sync_fails() {
            return Err(io::Error::other("the device failed to write"));
        }
        state.sync_folder(number);
        Ok(())
    }

    fn map(&self, path: &Utf8Path) -> io::Result<FileBytes> {
        Ok(FileBytes::from_bytes(self.read(path, u64::MAX)?))
    }

    fn hard_link(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let number = state.find(from)?;
        state.contents(number).map_err(|_| io::ErrorKind::PermissionDenied)?;
        let place = state.place(to)?;
        if state.is_taken(&place) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        state.link(place, number);
        Ok(())
    }

    /// One step a file or folder: a power cut may leave a part.
    fn remove_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.check_power()?;
        let number = state.find(folder)?;
        state.folder(number)?;
        if number == ROOT {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        // Depth first, what lies in a folder before the folder.
        let mut found = vec![(state.place(folder)?, number)];
        let mut next = 0;
        while let Some((_, number)) = found.get(next) {
            let number = *number;
            next += 1;
            if let Ok(folder) = state.folder(number) {
                found.extend(
                    folder.names.iter().map(|(name, inside)| ((number, name.clone()), *inside)),
                );
            }
        }
        for (place, _) in found.into_iter().rev() {
            state.whole_step()?;
            state.unlink(place);
        }
        Ok(())
    }

    fn space(&self, _path: &Utf8Path) -> io::Result<DiskSpace> {
        let state = self.state.lock();
        state.check_power()?;
        let total = state.bytes_max.unwrap_or(usize::MAX);
        let available = total.saturating_sub(state.used_bytes());
        Ok(DiskSpace { total_bytes: total as u64, available_bytes: available as u64 })
    }

    fn lock(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskLock>> {
        let mut state = self.state.lock();
        state.check_power()?;
        if !state.locks.insert(path.to_owned()) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        let lock = SimulatedLock { disk: self.clone(), life: state.life, path: path.to_owned() };
        Ok(Box::new(lock))
    }
}

#[cfg(test)]
mod tests;
