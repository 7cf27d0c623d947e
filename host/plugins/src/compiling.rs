//! Files whose code is not compiled yet: a look at the folder marks them and goes on with the others;
//! they are compiled one by one, the smallest first, so that a large one holds up none but itself.
//!
//! Invariant: the folder is not locked while a file is compiled: other files, reloads and an
//! operator's words are served meanwhile. The compiled code is in the cache before the next look,
//! which takes the file on as any other.
//! Invariant: each turn takes a mark away or puts the mark of another file in its place.

use std::io;
use std::sync::Arc;

use narthex_wasm::Digest;
use tracing::info;

use crate::folder::{FILE_BYTES_MAX, Look};
use crate::plugin::Plugin;
use crate::plugins::Plugins;

/// A file that waits to be compiled, or is being compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compiling {
    pub(crate) digest: Digest,
    /// Its length.
    pub(crate) bytes: usize,
    /// Milliseconds since the Unix epoch.
    pub(crate) since_millis: i64,
}

impl Plugins {
    /// Compiles what waits for it, of the plugins that are wanted.
    pub(crate) async fn compile_waiting(&self, is_wanted: impl Fn(&str) -> bool) {
        while let Some((plugin, compiling)) = self.next_to_compile(&is_wanted) {
            info!(plugin = plugin.name, digest = %compiling.digest, "the plugin is being compiled");
            self.compile(&plugin, compiling).await;
        }
    }

    /// The smallest file that waits.
    fn next_to_compile(
        &self,
        is_wanted: &impl Fn(&str) -> bool,
    ) -> Option<(Arc<Plugin>, Compiling)> {
        let plugins = self.0.plugins.load();
        let wanted = plugins.values().filter(|plugin| is_wanted(&plugin.name));
        let waiting = wanted.filter_map(|plugin| Some((Arc::clone(plugin), plugin.compiling()?)));
        waiting.min_by_key(|(_, compiling)| compiling.bytes)
    }

    /// Compiles a file, and then looks at what is in its place by now.
    async fn compile(&self, plugin: &Plugin, compiling: Compiling) {
        let (disk, path) = (Arc::clone(&self.0.disk), plugin.file.clone());
        let read = tokio::task::spawn_blocking(move || disk.read(&path, FILE_BYTES_MAX)).await;
        let bytes = read.map_err(io::Error::other).flatten();
        let is_compiled = match bytes {
            // Why it failed is told by the look.
            Ok(bytes) => self.0.sandbox.compile(bytes.into()).await.is_ok(),
            Err(_) => false,
        };
        let mut folder = self.0.folder.lock().await;
        // What is in no cache is compiled by the look itself, so that it ends in any case.
        let is_kept = is_compiled && self.0.sandbox.has_compiled(compiling.digest);
        let look = if is_kept { Look::Scan } else { Look::Asked };
        let (name, rights) = (&plugin.name, plugin.rights());
        let seen = folder.seen(name);
        let found = self.look_at(seen, name, &plugin.file, &rights, look).await;
        match found {
            Some(finding) => self.take(&mut folder, finding, rights),
            None => plugin.compiles(None),
        }
    }
}
