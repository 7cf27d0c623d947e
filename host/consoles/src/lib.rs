//! Console templates: pages that an operator writes in the language of Prometheus' consoles.
//!
//! Enters: the name of a page, the parameters of a request. Leaves: HTML, made of the page's
//! template, the libraries beside it and what queries answer; or a file of the operator's as it is.
//!
//! Always holds: no name from outside leads out of the folder, nor does a link; values are escaped
//! for the place in which they stand; a page has bounds in size and time, and so has the number of
//! pages that are made at once. Templates are read anew for each request.
//!
//! Open `page.rs`.

mod page;

use std::io;
use std::sync::Arc;

use camino::Utf8PathBuf;
use narthex_model::Labels;
use narthex_platform::{Clock, Disk, read_inside};
use narthex_promql::{Engine, QueryOptions};
use parking_lot::RwLock;
use tokio::sync::Semaphore;

pub use self::page::PageError;

/// A file under `/user` is held in memory while it is sent.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Pages that are made at once; each holds a thread, also while its queries wait for others.
const PAGES_MAX: usize = 8;

/// Where an operator's files are.
#[derive(Clone, Debug)]
pub struct ConsoleConfig {
    /// The folder of templates, each a page.
    pub templates: Utf8PathBuf,
    /// The folder of libraries, `*.lib`, whose definitions every page may use.
    pub libraries: Utf8PathBuf,
    /// The folder of files that are served as they are.
    pub assets: Option<Utf8PathBuf>,
    /// Where people reach this server, without a slash at the end.
    pub external_url: String,
}

/// The pages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Consoles(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: ConsoleConfig,
    disk: Arc<dyn Disk>,
    engine: Engine,
    clock: Clock,
    external_labels: RwLock<Labels>,
    turns: Arc<Semaphore>,
}

/// Which page, and for whom.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// The path below the folder of templates, without a slash in front.
    pub path: String,
    /// Names and values, in the order of the request.
    pub parameters: Vec<(String, String)>,
    /// For its queries: whose they are, and what ends them.
    pub options: QueryOptions,
}

impl Consoles {
    /// Pages that ask `engine`.
    #[must_use]
    pub fn new(config: ConsoleConfig, disk: Arc<dyn Disk>, engine: Engine, clock: Clock) -> Self {
        let external_labels = RwLock::new(Labels::empty());
        let turns = Arc::new(Semaphore::new(PAGES_MAX));
        Self(Arc::new(Shared { config, disk, engine, clock, external_labels, turns }))
    }

    /// Changes what pages are told of the labels of this server.
    pub fn set_external_labels(&self, labels: &Labels) {
        *self.0.external_labels.write() = labels.clone();
    }

    /// Makes a page, on a thread that may block.
    ///
    /// # Errors
    /// When there is no such page, or it cannot be made.
    pub async fn page(&self, request: PageRequest) -> Result<String, PageError> {
        let turn = Arc::clone(&self.0.turns).acquire_owned().await;
        let consoles = self.clone();
        let making = tokio::task::spawn_blocking(move || {
            let page = page::make(&consoles.0, &request);
            drop(turn);
            page
        });
        making.await.map_err(|error| PageError::Ended(error.to_string()))?
    }

    /// A file of the operator's, as it is; blocks. `None`: none are served.
    ///
    /// # Errors
    /// As [`read_inside`].
    pub fn asset(&self, path: &str) -> Option<io::Result<Vec<u8>>> {
        let folder = self.0.config.assets.as_ref()?;
        Some(read_inside(&*self.0.disk, folder, path, FILE_BYTES_MAX))
    }
}

#[cfg(test)]
mod tests;
