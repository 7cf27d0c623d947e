//! Handles of the simulated disk: files and locks. Those of an earlier life answer nothing.

use std::io;

use camino::Utf8PathBuf;

use super::state::{State, power_is_off};
use super::{DiskFile, DiskLock, DiskSlots, SimulatedDisk};

#[derive(Debug)]
pub(super) struct SimulatedLock {
    pub(super) disk: SimulatedDisk,
    pub(super) life: u64,
    pub(super) path: Utf8PathBuf,
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
pub(super) struct SimulatedFile {
    pub(super) disk: SimulatedDisk,
    pub(super) life: u64,
    pub(super) number: usize,
}

impl SimulatedFile {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.state.lock();
        if state.life != self.life {
            return Err(power_is_off());
        }
        act(&mut state)
    }
}

/// How much of `length` bytes is written, of which `growth` take new room, and what is said of it.
fn written(state: &mut State, length: usize, growth: usize) -> (usize, io::Result<()>) {
    match state.step() {
        Ok(false) => {}
        Ok(true) => return (state.chance.below(length + 1), Err(power_is_off())),
        Err(error) => return (0, Err(error)),
    }
    if state.writes_failing > 0 {
        state.writes_failing -= 1;
        let error = io::Error::other("the device failed to write");
        return (state.chance.below(length + 1), Err(error));
    }
    let room = state.bytes_max.map_or(growth, |max| max.saturating_sub(state.used_bytes()));
    if room < growth {
        let part = length - (growth - room);
        return (part, Err(io::Error::from(io::ErrorKind::StorageFull)));
    }
    (length, Ok(()))
}

impl DiskSlots for SimulatedFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.with(|state| {
            let end = offset.saturating_add(bytes.len());
            let growth = end.saturating_sub(state.len(self.number));
            let (part, outcome) = written(state, bytes.len(), growth.min(bytes.len()));
            let contents = &mut state.contents(self.number)?.bytes;
            if contents.len() < offset + part {
                contents.resize(offset + part, 0);
            }
            for (to, from) in contents.iter_mut().skip(offset).zip(bytes.iter().take(part)) {
                *to = *from;
            }
            outcome
        })
    }
}

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let (part, outcome) = written(state, bytes.len(), bytes.len());
            let part = bytes.get(..part).unwrap_or(bytes);
            state.contents(self.number)?.bytes.extend_from_slice(part);
            outcome
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|state| {
            state.check_power()?;
            let bytes = &state.contents(self.number)?.bytes;
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
            Ok(state.len(self.number) as u64)
        })
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.with(|state| {
            state.whole_step()?;
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            state.contents(self.number)?.truncate(len);
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|state| {
            state.whole_step()?;
            if state.sync_fails() {
                state.contents(self.number)?.lose_unsynced();
                return Err(io::Error::other("the device failed to write"));
            }
            state.contents(self.number)?.sync();
            Ok(())
        })
    }

    fn sync_handle(&self) -> io::Result<Box<dyn DiskFile>> {
        let handle = self.with(|state| Ok(self.disk.handle(state, self.number)))?;
        Ok(Box::new(handle))
    }
}
