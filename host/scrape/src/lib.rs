//! Target to samples to appender.
//!
//! Enters: jobs ([`JobConfig`]) with a channel of discovered targets each. Leaves: samples in a
//! [`storage::Appendable`](narthex_storage::Appendable), one batch a scrape, and what the API shows
//! of targets ([`PoolView`]).
//!
//! Always holds: a scrape is stored whole or, but for the report on its failure, not at all; every
//! series that a target stops exposing is ended by a staleness marker; a reload disturbs no job
//! that it does not change; HTTP servers and exporter plugins share everything behind the bytes; at
//! shutdown nothing is ended, as the targets go on.
//!
//! Open `target_loop.rs` first, then `ingest.rs`; `scraper.rs` is the handle.
//!
//! ```
//! use narthex_scrape::{GlobalScrape, JobSpec};
//! use narthex_settings::Document;
//! let text = "job_name: node\nscrape_interval: 5s\nexporter: { plugin: node }\n";
//! let spec: JobSpec = Document::parse("my.yml", text).unwrap().read().unwrap();
//! let job = spec.resolve(&GlobalScrape::default()).unwrap();
//! assert_eq!(job.timeout.as_secs(), 5);
//! ```

mod cache;
mod config;
mod failures;
mod families;
mod fetch;
mod histograms;
mod ingest;
mod labels;
mod memory;
mod pool;
mod report;
mod scraper;
mod settings;
mod storing;
mod target;
mod target_loop;
mod telemetry;
mod view;

pub use self::config::{
    ExporterSpec, GlobalKeys, GlobalScrape, Histograms, InvalidScrape, JobConfig, JobSpec, Limits,
    ScrapeKeyError, Source,
};
pub use self::families::FamilyMetadata;
pub use self::fetch::{Body, Exporters, FetchError};
pub use self::scraper::{PrepareError, Prepared, Reload, ScrapeParts, Scraper};
pub use self::settings::{ScrapeFeatures, ScrapeSettings};
pub use self::target::{JudgedTarget, Target, judge_targets};
pub use self::view::{FailedScrape, PoolView, RelabelStep, TargetHealth, TargetView};
