//! The state of one guest: the caller's host context beside what every guest has.

use std::fmt;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::budget::Limiter;
use crate::output::Output;

/// Resources a guest may hold at one time, WASI's streams and pollables among them.
const RESOURCES_MAX: usize = 1_000;

/// Bytes of one answer of WASI's random numbers.
const RANDOM_BYTES_MAX: u64 = 64 * 1024;

/// The state of one guest during one call. `T` is what the caller's imports work with.
pub struct Guest<T> {
    host: T,
    resources: ResourceTable,
    wasi: WasiCtx,
    pub(crate) limiter: Limiter,
}

impl<T: fmt::Debug> fmt::Debug for Guest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("host", &self.host).finish_non_exhaustive()
    }
}

impl<T> Guest<T> {
    pub(crate) fn new(host: T, limiter: Limiter, output: Output) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(RESOURCES_MAX);
        let mut wasi = WasiCtx::builder();
        // Nothing is granted by default but sockets without addresses; those are refused too.
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES_MAX).stdout(output.clone()).stderr(output);
        Self { host, resources, wasi: wasi.build(), limiter }
    }

    /// The caller's host context.
    pub fn host(&mut self) -> &mut T {
        &mut self.host
    }

    /// The caller's host context, and the table of what the guest holds.
    pub fn host_and_resources(&mut self) -> (&mut T, &mut ResourceTable) {
        (&mut self.host, &mut self.resources)
    }

    pub(crate) fn into_host(self) -> T {
        self.host
    }
}

impl<T: Send> WasiView for Guest<T> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.resources }
    }
}
