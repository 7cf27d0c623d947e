//! The sandbox: one engine for all guests.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use camino::Utf8PathBuf;
use narthex_platform::{Disk, RealDisk};
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::{Cache, CacheError};
use crate::code::{self, Code, CompileError, Digest, Found};
use crate::guest::Guest;
use crate::kill::BACKTRACE_FRAMES_MAX;
use crate::memory::{MemoryStats, SharedMemory};
use crate::ticker::Ticker;

/// Instances that the pool has above the calls that run: a call that ends gives its slot back a
/// moment before its instance is gone.
const POOL_SPARE: u32 = 16;

/// Core instances, memories and tables of one component. The pool has as many for each instance, so that what one
/// component takes is never missed by another. Plugins in Rust have three core instances, one memory and two tables;
/// those in Python have 38 core instances, those in TypeScript two memories.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
const MEMORIES_PER_COMPONENT: u32 = 2;
const TABLES_PER_COMPONENT: u32 = 8;

/// What the sandbox is made of.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Calls that run at one time; more wait.
    pub calls_max: u32,
    /// Calls beside these that may wait for a long time.
    pub waiting_max: u32,
    /// The largest memory that any budget may grant, in bytes.
    pub memory_bytes_max: u64,
    /// What all guests together may hold, in bytes.
    pub memory_total_bytes: u64,
    /// Where compiled code is kept; nowhere when absent.
    pub cache_folder: Option<Utf8PathBuf>,
    /// The disk that holds it.
    pub disk: Arc<dyn Disk>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            calls_max: 64,
            waiting_max: 64,
            memory_bytes_max: 1 << 30,
            memory_total_bytes: 1 << 30,
            cache_folder: None,
            disk: RealDisk::shared(),
        }
    }
}

/// Why the sandbox cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine refused its settings.
    #[error("start the WebAssembly engine: {message}")]
    Engine {
        /// The engine's words.
        message: String,
    },
    /// The ticker's thread.
    #[error("start the thread that interrupts busy guests")]
    Ticker {
        /// What the system says.
        source: io::Error,
    },
    /// The folder for compiled code.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// How often compiled code was found on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Found.
    pub hits: u64,
    /// Not found, hence compiled.
    pub misses: u64,
}

/// One engine, its ticker, its cache, and the slots of calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sandbox(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    engine: Engine,
    cache: Option<Cache>,
    /// One slot a running call; fewer than the pool has instances.
    calls: Semaphore,
    /// One slot a call that may wait for a long time.
    waiting: Arc<Semaphore>,
    /// One compilation at a time, on one thread: scrapes go on meanwhile.
    compiler: Semaphore,
    memory_bytes_max: u64,
    memory: Arc<SharedMemory>,
    ticker: Ticker,
}

impl Sandbox {
    /// Makes the engine and starts its ticker.
    ///
    /// # Errors
    /// When the engine, its thread or the folder for compiled code cannot be had.
    pub fn start(config: SandboxConfig) -> Result<Self, StartError> {
        let engine = Engine::new(&engine_config(&config))
            .map_err(|error| StartError::Engine { message: format!("{error:#}") })?;
        let cache = config
            .cache_folder
            .map(|folder| Cache::open(folder, config.disk, &engine))
            .transpose()?;
        let ticker = Ticker::start(&engine).map_err(|source| StartError::Ticker { source })?;
        let slots = |max: u32| Semaphore::new(usize::try_from(max).unwrap_or(usize::MAX));
        let running_max = config.calls_max.saturating_add(config.waiting_max);
        let memory = SharedMemory::new(config.memory_total_bytes, running_max);
        let (calls, waiting) = (slots(config.calls_max), Arc::new(slots(config.waiting_max)));
        Ok(Self(Arc::new(Parts {
            engine,
            cache,
            calls,
            waiting,
            compiler: Semaphore::new(1),
            memory_bytes_max: config.memory_bytes_max,
            memory,
            ticker,
        })))
    }

    /// A linker with WASI, without any authority.
    ///
    /// # Errors
    /// Never in practice: the engine refuses names that are defined twice.
    pub fn linker<T: Send + 'static>(&self) -> wasmtime::Result<Linker<Guest<T>>> {
        let mut linker = Linker::new(&self.0.engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        Ok(linker)
    }

    /// Compiles a component, or takes its compiled code from the cache.
    ///
    /// # Errors
    /// When the bytes are no component that this engine can run.
    pub async fn compile(&self, bytes: Arc<[u8]>) -> Result<Code, CompileError> {
        code::check(&bytes)?;
        let (parts, own) = (Arc::clone(&self.0), Arc::clone(&bytes));
        // Who has its code already waits for no compilation.
        let find = move || code::find(&parts.engine, parts.cache.as_ref(), &own);
        let panicked = |source| CompileError::CompilerFailed { source };
        let is_damaged = match tokio::task::spawn_blocking(find).await.map_err(panicked)? {
            Found::Whole(code) => return Ok(code),
            Found::Damaged => true,
            Found::Nothing => false,
        };
        // The semaphore is never closed.
        let _turn = self.0.compiler.acquire().await;
        let parts = Arc::clone(&self.0);
        let compile = move || {
            // Another may have compiled the same while this one waited for its turn.
            let cache = parts.cache.as_ref();
            let again = cache.filter(|cache| !is_damaged && cache.has(Digest::of(&bytes)));
            match code::find(&parts.engine, again, &bytes) {
                Found::Whole(code) => Ok(code),
                Found::Damaged | Found::Nothing => code::compile(&parts.engine, cache, &bytes),
            }
        };
        tokio::task::spawn_blocking(compile).await.map_err(panicked)?
    }

    /// Whether the compiled code of a component is on disk.
    #[must_use]
    pub fn has_compiled(&self, digest: Digest) -> bool {
        self.0.cache.as_ref().is_some_and(|cache| cache.has(digest))
    }

    /// Whether these bytes take long: they may be a component, whose code would be kept and is not yet.
    #[must_use]
    pub fn compiles_slowly(&self, bytes: &[u8], digest: Digest) -> bool {
        self.0.cache.as_ref().is_some_and(|cache| !cache.has(digest)) && code::check(bytes).is_ok()
    }

    /// Removes compiled code of all components but these. Blocks on the disk.
    pub fn retain_compiled(&self, digests: &[Digest]) {
        if let Some(cache) = &self.0.cache {
            cache.retain(digests);
        }
    }

    /// How often compiled code was found on disk.
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        let (hits, misses) = self.0.cache.as_ref().map_or((0, 0), Cache::counts);
        CacheStats { hits, misses }
    }

    /// The largest memory that a budget may grant, in bytes.
    #[must_use]
    pub fn memory_bytes_max(&self) -> u64 {
        self.0.memory_bytes_max
    }

    /// What all guests together hold, and may.
    #[must_use]
    pub fn memory_stats(&self) -> MemoryStats {
        self.0.memory.stats()
    }

    /// Lets all guests together hold so many bytes from now on.
    pub fn set_memory_total(&self, bytes: u64) {
        self.0.memory.set_total(bytes);
    }

    pub(crate) fn memory(&self) -> &Arc<SharedMemory> {
        &self.0.memory
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.0.ticker
    }

    pub(crate) fn calls(&self) -> &Semaphore {
        &self.0.calls
    }

    pub(crate) fn waiting(&self) -> &Arc<Semaphore> {
        &self.0.waiting
    }
}

fn engine_config(config: &SandboxConfig) -> Config {
    let calls = config.calls_max.saturating_add(config.waiting_max);
    let instances = calls.saturating_add(POOL_SPARE);
    let memory_bytes = usize::try_from(config.memory_bytes_max).unwrap_or(usize::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(instances.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(instances.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(instances)
        .max_memory_size(memory_bytes)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .table_elements(20_000)
        .max_component_instance_size(2 << 20)
        .max_core_instance_size(2 << 20)
        .max_unused_warm_slots(16);
    let mut engine = Config::new();
    engine
        .epoch_interruption(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX))
        // A compilation takes one core and leaves the others to scrapes.
        .parallel_compilation(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    engine
}
