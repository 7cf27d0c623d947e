//! A disk in memory that fails on purpose: power cuts with torn pages and lost names, syncs that
//! fail, a full disk, flipped bits. One seed is one history.
//!
//! It is harsher than most file systems, never kinder: bytes survive a power cut only where a sync
//! of their file succeeded, names only where their folder was synced; whatever is not synced
//! survives by chance, page by page and, for names, as a random prefix of the changes.
//!
//! Invariant: bytes whose sync failed never become durable, not even by a later sync that
//! succeeds, as on Linux, where the failed pages are marked clean.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use parking_lot::Mutex;

use super::{Disk, DiskFile, DiskLock, DiskSpace, FileBytes, FileInfo};

/// What tears apart: the unit in which unsynced bytes survive a power cut or do not.
const PAGE_BYTES: usize = 512;

/// A disk in memory with faults. Clones share one disk.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    /// Guards all there is.
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: u64,
    inodes: Vec<Inode>,
    names: BTreeMap<Utf8PathBuf, usize>,
    names_durable: BTreeMap<Utf8PathBuf, usize>,
    /// Changes of names that no folder sync covers yet, oldest first.
    names_changed: Vec<NameChange>,
    folders: BTreeSet<Utf8PathBuf>,
    locks: BTreeSet<Utf8PathBuf>,
    /// Counts lives of the machine: handles of an earlier one answer nothing.
    life: u64,
    steps: u64,
    cut_after: Option<u64>,
    is_off: bool,
    syncs_failing: u32,
    bytes_max: Option<usize>,
}

#[derive(Debug, Default)]
struct Inode {
    /// As the running system sees it.
    bytes: Vec<u8>,
    /// As it is certain to be after a power cut.
    durable: Vec<u8>,
    /// Ranges whose sync failed: they stay unsynced for ever.
    lost: Vec<std::ops::Range<usize>>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Create {
        path: Utf8PathBuf,
        inode: usize,
    },
    Rename {
        from: Utf8PathBuf,
        to: Utf8PathBuf,
    },
    Remove {
        path: Utf8PathBuf,
    },
    /// A folder with all that is in it gets another name.
    RenameFolder {
        from: Utf8PathBuf,
        to: Utf8PathBuf,
    },
}

impl NameChange {
    fn concerns(&self, folder: &Utf8Path) -> bool {
        match self {
            Self::Create { path, .. } | Self::Remove { path } => path.parent() == Some(folder),
            Self::Rename { to, .. } | Self::RenameFolder { to, .. } => to.parent() == Some(folder),
        }
    }

    fn apply(&self, names: &mut BTreeMap<Utf8PathBuf, usize>) {
        match self {
            Self::Create { path, inode } => {
                names.insert(path.clone(), *inode);
            }
            Self::Rename { from, to } => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            Self::Remove { path } => {
                names.remove(path);
            }
            Self::RenameFolder { from, to } => {
                let moved: Vec<Utf8PathBuf> =
                    names.keys().filter(|path| path.starts_with(from)).cloned().collect();
                for path in moved {
                    let Some(inode) = names.remove(&path) else { continue };
                    let inside = path.strip_prefix(from).unwrap_or(&path);
                    names.insert(to.join(inside), inode);
                }
            }
        }
    }
}

impl SimulatedDisk {
    /// An empty disk without faults; `seed` decides what chance decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            random: seed,
            inodes: Vec::new(),
            names: BTreeMap::new(),
            names_durable: BTreeMap::new(),
            names_changed: Vec::new(),
            folders: BTreeSet::new(),
            locks: BTreeSet::new(),
            life: 0,
            steps: 0,
            cut_after: None,
            is_off: false,
            syncs_failing: 0,
            bytes_max: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
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

    /// The next `count` syncs of files fail, and lose what they should have made durable.
    pub fn fail_syncs(&self, count: u32) {
        self.state.lock().syncs_failing = count;
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

    /// Flips one bit of a file, also of its durable copy. Does nothing beyond its end.
    pub fn flip_bit(&self, path: &Utf8Path, bit: u64) {
        let mut state = self.state.lock();
        let Some(inode) = state.names.get(path).copied() else { return };
        let Some(inode) = state.inodes.get_mut(inode) else { return };
        let index = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        for bytes in [&mut inode.bytes, &mut inode.durable] {
            if let Some(byte) = bytes.get_mut(index) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    /// The process is killed and started again: files are as it left them, handles and locks gone.
    pub fn restart_after_kill(&self) {
        self.state.lock().start_new_life();
    }

    /// The machine lost power and starts again: only what was synced is certain to be there.
    pub fn restart_after_power_cut(&self) {
        let mut state = self.state.lock();
        let changes = std::mem::take(&mut state.names_changed);
        let survive = state.chance(changes.len() + 1);
        let mut names = std::mem::take(&mut state.names_durable);
        for change in changes.iter().take(survive) {
            change.apply(&mut names);
        }
        for index in 0..state.inodes.len() {
            state.tear(index);
        }
        state.names_durable.clone_from(&names);
        state.names = names;
        state.start_new_life();
    }
}

impl State {
    /// The next number of `SplitMix64`: small, and every seed is a good one.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    fn chance(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next_random() % end).unwrap_or(0)
    }

    fn used_bytes(&self) -> usize {
        let inodes: BTreeSet<usize> = self.names.values().copied().collect();
        inodes.iter().filter_map(|inode| self.inodes.get(*inode)).map(|i| i.bytes.len()).sum()
    }

    fn start_new_life(&mut self) {
        self.life += 1;
        self.locks.clear();
        self.is_off = false;
        self.cut_after = None;
        self.syncs_failing = 0;
    }

    /// Counts a step; true when the power fails in it.
    fn step(&mut self) -> io::Result<bool> {
        self.check_power()?;
        if self.cut_after.is_some_and(|steps| self.steps >= steps) {
            self.is_off = true;
            return Ok(true);
        }
        self.steps += 1;
        Ok(false)
    }

    fn check_power(&self) -> io::Result<()> {
        if self.is_off { Err(power_is_off()) } else { Ok(()) }
    }

    /// A step that is done whole or, when the power fails, not at all.
    fn whole_step(&mut self) -> io::Result<()> {
        if self.step()? { Err(power_is_off()) } else { Ok(()) }
    }

    fn inode_of(&self, path: &Utf8Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.names_changed.push(change);
    }

    /// What a power cut leaves of one file.
    fn tear(&mut self, index: usize) {
        let Some(inode) = self.inodes.get_mut(index) else { return };
        let mut inode = std::mem::take(inode);
        let synced = inode.durable.len();
        if inode.bytes.len() <= synced {
            // An unsynced cut may have happened or not.
            if self.chance(2) == 0 {
                inode.durable.truncate(inode.bytes.len());
            }
        } else {
            let grown = inode.bytes.len() - synced;
            let kept = synced + self.chance(grown + 1);
            let tail = inode.bytes.get(synced..kept).unwrap_or_default();
            let mut tail = tail.to_vec();
            // Half of the cuts lose the end only, the other half lose pages in between as well.
            if self.chance(2) == 0 {
                for page in tail.chunks_mut(PAGE_BYTES) {
                    if self.chance(3) == 0 {
                        page.fill(0);
                    }
                }
            }
            inode.durable.extend_from_slice(&tail);
        }
        for lost in inode.lost.drain(..) {
            let end = lost.end.min(inode.durable.len());
            if let Some(range) = inode.durable.get_mut(lost.start..end) {
                range.fill(0);
            }
        }
        inode.bytes.clone_from(&inode.durable);
        if let Some(place) = self.inodes.get_mut(index) {
            *place = inode;
        }
    }
}

impl Inode {
    fn sync(&mut self) {
        if self.bytes.len() < self.durable.len() {
            self.durable.truncate(self.bytes.len());
        }
        let synced = self.durable.len();
        self.durable.extend_from_slice(self.bytes.get(synced..).unwrap_or_default());
    }

    fn lose_unsynced(&mut self) {
        if self.bytes.len() > self.durable.len() {
            self.lost.push(self.durable.len()..self.bytes.len());
        }
    }
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

impl Disk for SimulatedDisk {
    fn create(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.whole_step()?;
        if state.names.contains_key(path) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        if !path.parent().is_some_and(|folder| state.folders.contains(folder)) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        if state.bytes_max.is_some_and(|max| state.used_bytes() >= max) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.change_name(NameChange::Create { path: path.to_owned(), inode });
        Ok(self.handle(&state, inode))
    }

    fn open(&self, path: &Utf8Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state.lock();
        state.check_power()?;
        let inode = state.inode_of(path)?;
        Ok(self.handle(&state, inode))
    }

    fn read(&self, path: &Utf8Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        let state = self.state.lock();
        state.check_power()?;
        let inode = state.inode_of(path)?;
        let bytes = state.inodes.get(inode).map(|inode| inode.bytes.clone()).unwrap_or_default();
        if bytes.len() as u64 > bytes_max {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes)
    }

    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<FileInfo>> {
        let state = self.state.lock();
        state.check_power()?;
        if !state.folders.contains(folder) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let name_in = |path: &Utf8Path| {
            let inside = path.parent() == Some(folder);
            inside.then(|| path.file_name().unwrap_or_default().to_owned())
        };
        let mut found = Vec::new();
        for (path, inode) in &state.names {
            let len = state.inodes.get(*inode).map_or(0, |inode| inode.bytes.len() as u64);
            found.extend(name_in(path).map(|name| FileInfo { name, len, is_folder: false }));
        }
        for path in &state.folders {
            found.extend(name_in(path).map(|name| FileInfo { name, len: 0, is_folder: true }));
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Folders are durable at once: what is simulated are files.
    fn create_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        state.folders.extend(folder.ancestors().map(Utf8Path::to_owned));
        Ok(())
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        if state.folders.contains(from) {
            let inside = |path: &Utf8PathBuf| path.starts_with(to) && path != to;
            if state.names.contains_key(to) || state.names.keys().any(inside) {
                return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
            }
            let moved: Vec<Utf8PathBuf> =
                state.folders.iter().filter(|folder| folder.starts_with(from)).cloned().collect();
            for folder in moved {
                state.folders.remove(&folder);
                let inside = folder.strip_prefix(from).unwrap_or(&folder);
                // Joining nothing would end the path with a slash.
                let renamed =
                    if inside.as_str().is_empty() { to.to_owned() } else { to.join(inside) };
                state.folders.insert(renamed);
            }
            state
                .change_name(NameChange::RenameFolder { from: from.to_owned(), to: to.to_owned() });
            return Ok(());
        }
        state.inode_of(from)?;
        state.change_name(NameChange::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        state.inode_of(path)?;
        state.change_name(NameChange::Remove { path: path.to_owned() });
        Ok(())
    }

    fn map(&self, path: &Utf8Path) -> io::Result<FileBytes> {
        Ok(FileBytes::from_bytes(self.read(path, u64::MAX)?))
    }

    fn hard_link(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let inode = state.inode_of(from)?;
        if state.names.contains_key(to) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        state.change_name(NameChange::Create { path: to.to_owned(), inode });
        Ok(())
    }

    /// One step a file: a power cut may leave a part.
    fn remove_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if !state.folders.contains(folder) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let files: Vec<Utf8PathBuf> =
            state.names.keys().filter(|path| path.starts_with(folder)).cloned().collect();
        for path in files {
            state.whole_step()?;
            state.change_name(NameChange::Remove { path });
        }
        state.whole_step()?;
        state.folders.retain(|known| !known.starts_with(folder));
        Ok(())
    }

    fn space(&self, _path: &Utf8Path) -> io::Result<DiskSpace> {
        let state = self.state.lock();
        state.check_power()?;
        let total = state.bytes_max.unwrap_or(usize::MAX);
        let available = total.saturating_sub(state.used_bytes());
        Ok(DiskSpace { total_bytes: total as u64, available_bytes: available as u64 })
    }

    fn sync_folder(&self, folder: &Utf8Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_step()?;
        let changes = std::mem::take(&mut state.names_changed);
        for change in changes {
            if change.concerns(folder) {
                change.apply(&mut state.names_durable);
            } else {
                state.names_changed.push(change);
            }
        }
        Ok(())
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

impl SimulatedDisk {
    fn handle(&self, state: &State, inode: usize) -> Box<dyn DiskFile> {
        Box::new(SimulatedFile { disk: self.clone(), life: state.life, inode })
    }
}

#[derive(Debug)]
struct SimulatedLock {
    disk: SimulatedDisk,
    life: u64,
    path: Utf8PathBuf,
}

impl DiskLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut state = self.disk.state.lock();
        if state.life == self.life {
            state.locks.remove(&self.path);
        }
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    life: u64,
    inode: usize,
}

impl SimulatedFile {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.state.lock();
        if state.life != self.life {
            return Err(power_is_off());
        }
        act(&mut state)
    }

    fn inode<'a>(&self, state: &'a mut State) -> io::Result<&'a mut Inode> {
        state.inodes.get_mut(self.inode).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let mut part = bytes;
            let mut outcome = Ok(());
            if state.step()? {
                let cut = state.chance(bytes.len() + 1);
                part = bytes.get(..cut).unwrap_or(bytes);
                outcome = Err(power_is_off());
            } else if let Some(max) = state.bytes_max {
                let room = max.saturating_sub(state.used_bytes());
                if room < bytes.len() {
                    part = bytes.get(..room).unwrap_or(bytes);
                    outcome = Err(io::Error::from(io::ErrorKind::StorageFull));
                }
            }
            self.inode(state)?.bytes.extend_from_slice(part);
            outcome
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|state| {
            state.check_power()?;
            let bytes = &self.inode(state)?.bytes;
            let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
            let rest = rest.unwrap_or_default();
            let count = rest.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(rest) {
                *to = *from;
            }
            Ok(count)
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|state| {
            state.check_power()?;
            Ok(self.inode(state)?.bytes.len() as u64)
        })
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.with(|state| {
            state.whole_step()?;
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            self.inode(state)?.bytes.truncate(len);
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|state| {
            state.whole_step()?;
            if state.syncs_failing > 0 {
                state.syncs_failing -= 1;
                self.inode(state)?.lose_unsynced();
                return Err(io::Error::other("the device failed to write"));
            }
            self.inode(state)?.sync();
            Ok(())
        })
    }

    fn sync_handle(&self) -> io::Result<Box<dyn DiskFile>> {
        self.with(|state| Ok(self.disk.handle(state, self.inode)))
    }
}

#[cfg(test)]
mod tests;
