//! Handles of the simulated disk: files and locks. Those of an earlier life answer nothing.

use std::io;

use camino::Utf8PathBuf;

use super::state::{State, power_is_off};
use super::{DiskFile, DiskLock, SimulatedDisk};

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

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let mut part = bytes.len();
            let mut outcome = Ok(());
            if state.step()? {
                part = state.chance.below(bytes.len() + 1);
                outcome = Err(power_is_off());
            } else if state.writes_failing > 0 {
                state.writes_failing -= 1;
                part = state.chance.below(bytes.len() + 1);
                outcome = Err(io::Error::other("the device failed to write"));
            } else if let Some(max) = state.bytes_max {
                let room = max.saturating_sub(state.used_bytes());
                if room < bytes.len() {
                    part = room;
                    outcome = Err(io::Error::from(io::ErrorKind::StorageFull));
                }
            }
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
        self.with(|state| Ok(self.disk.handle(state, self.number)))
    }
}
