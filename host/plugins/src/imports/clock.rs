//! `clock`: time, and the time that is left.

use std::time::Duration;

use narthex_platform::Clock;
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasSelf, Linker};

use super::{CallContext, Error, Label, system_error};
use crate::bindings::imports::narthex::plugin::clock;
use crate::tape::{Ask, Ear, Reading};

/// The clock of one call.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    clock: Clock,
    /// By the clock's monotonic time.
    deadline: Duration,
    ear: Ear,
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    clock::add_to_linker::<_, HasSelf<Instance>>(linker, |guest| &mut guest.host().clock)
}

impl Instance {
    pub(crate) fn instantiate(clock: &Clock, deadline: Duration, ear: &Ear) -> Self {
        Self { clock: clock.clone(), deadline, ear: ear.clone() }
    }

    /// Time left to the call.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.monotonic())
    }

    /// What the guest asked for, but not beyond the call.
    pub(crate) fn at_most_left(&self, asked_ms: Option<u32>) -> Duration {
        let asked = asked_ms.map_or(Duration::MAX, |ms| Duration::from_millis(u64::from(ms)));
        asked.min(self.left())
    }
}

impl clock::Host for Instance {
    async fn wall_ms(&mut self) -> wasmtime::Result<i64> {
        Ok(self.ear.reading(Reading::Wall, self.clock.now_millis()))
    }

    async fn monotonic_ns(&mut self) -> wasmtime::Result<u64> {
        let now = i64::try_from(self.clock.monotonic().as_nanos()).unwrap_or(i64::MAX);
        Ok(u64::try_from(self.ear.reading(Reading::Monotonic, now)).unwrap_or(0))
    }

    async fn deadline_ms(&mut self) -> wasmtime::Result<u32> {
        let left = i64::try_from(self.left().as_millis()).unwrap_or(i64::MAX);
        Ok(u32::try_from(self.ear.reading(Reading::Deadline, left)).unwrap_or(u32::MAX))
    }

    async fn sleep_ms(&mut self, ms: u32) -> wasmtime::Result<()> {
        if self.ear.plays() {
            return Ok(());
        }
        self.clock.sleep(self.at_most_left(Some(ms))).await;
        Ok(())
    }

    async fn discipline(&mut self) -> wasmtime::Result<Result<Vec<Label>, Error>> {
        let live = async {
            let told = self.clock.discipline().map_err(|error| {
                let errno = rustix::io::Errno::from_io_error(&error);
                system_error("ask how the clock is kept", errno.unwrap_or(rustix::io::Errno::NOSYS))
            })?;
            let label = |(name, value): (&str, i64)| Label {
                name: name.to_owned(),
                value: value.to_string(),
            };
            Ok(told.into_iter().map(label).collect())
        };
        Ok(self.ear.ask(|| Ask::Clock { clock: "discipline".to_owned() }, live).await)
    }
}
