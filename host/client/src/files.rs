//! What a client keeps in files: secrets, certificates and keys. They are looked at again while it is used.
//!
//! Invariant: no thread that serves requests waits for the disk. One look is under way at a time, so that a
//! disk that hangs holds one thread of a client and no more.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_platform::{Clock, Disk, read_to_string};
use narthex_settings::{Secret, error_chain};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::{ClientOptions, SetupError};
use crate::config::HttpConfig;
use crate::error::{RequestError, invalid};
use crate::secret::Secrets;
use crate::tls::Tls;

/// How long a file may be written anew without being looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A secret, certificate or key in a file is not longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads the files that a configuration names.
#[derive(Debug)]
pub(crate) struct Reader {
    disk: Arc<dyn Disk>,
    folder: Utf8PathBuf,
    /// The file that is being read, or is the first to be, for whoever waits for it.
    reading: Mutex<Utf8PathBuf>,
}

impl Reader {
    pub(crate) fn new(options: &ClientOptions) -> Self {
        let (disk, folder) = (Arc::clone(&options.disk), options.folder.clone());
        Self { disk, folder, reading: Mutex::default() }
    }

    /// A certificate or key.
    pub(crate) fn bytes(&self, file: &str) -> Result<Vec<u8>, SetupError> {
        let path = self.open(file);
        let bytes = self.disk.read(&path, FILE_BYTES_MAX);
        bytes.map_err(|source| SetupError::File { path, source })
    }

    /// A secret, without the white space around it.
    pub(crate) fn text(&self, file: &str) -> Result<String, RequestError> {
        let path = self.open(file);
        let text = read_to_string(&*self.disk, &path, FILE_BYTES_MAX);
        let text = text.map_err(|source| RequestError::SecretFile { path, source })?;
        Ok(text.trim().to_owned())
    }

    /// Where a file is that is read next.
    fn open(&self, file: &str) -> Utf8PathBuf {
        let path = self.folder.join(file);
        self.reading.lock().clone_from(&path);
        path
    }
}

/// The files of one client, and what stood in them at the last look.
#[derive(Debug)]
pub(crate) struct Files {
    config: Arc<HttpConfig>,
    clock: Clock,
    reader: Arc<Reader>,
    has_files: bool,
    /// Guards what is known.
    known: Mutex<Known>,
    /// Held by the request that waits for a look, which goes on when the request gives up. Order: before
    /// `known`.
    look: tokio::sync::Mutex<Option<JoinHandle<Looked>>>,
}

#[derive(Debug)]
struct Known {
    tls: Arc<Tls>,
    /// `None` before the first look, and where it failed.
    secrets: Option<Arc<Secrets>>,
    /// When the files were looked at, by the monotonic clock.
    looked: Duration,
    /// What was wrong with the certificates at the last look; told once.
    trouble: Option<String>,
}

#[derive(Debug)]
struct Looked {
    secrets: Result<Secrets, RequestError>,
    /// `None`: as they were.
    tls: Result<Option<Tls>, SetupError>,
}

impl Files {
    /// Reads certificates and keys; secrets are read when they are needed.
    pub(crate) fn new(
        config: &Arc<HttpConfig>,
        options: &ClientOptions,
    ) -> Result<Self, SetupError> {
        let (reader, file) = (Arc::new(Reader::new(options)), config.any_file());
        let has_files = file.map(|file| reader.open(file)).is_some();
        let tls = Arc::new(Tls::read(&config.tls, &reader)?);
        let (config, clock) = (Arc::clone(config), options.clock.clone());
        let looked = clock.monotonic();
        let known = Mutex::new(Known { tls, secrets: None, looked, trouble: None });
        Ok(Self { config, clock, reader, has_files, known, look: tokio::sync::Mutex::default() })
    }

    /// The secrets as they were read last.
    pub(crate) fn known_secrets(&self) -> Vec<Secret> {
        let known = self.known.lock();
        known.secrets.as_ref().map(|secrets| secrets.texts.clone()).unwrap_or_default()
    }

    /// The certificates as they were read last.
    pub(crate) fn known_tls(&self) -> Arc<Tls> {
        Arc::clone(&self.known.lock().tls)
    }

    /// Reads the secrets for nothing but to see whether they can be used.
    pub(crate) fn check_secrets(&self) -> Result<(), RequestError> {
        Secrets::read(&self.config, &self.reader).map(drop)
    }

    /// What stands in the files, looked at lately. A disk that has not answered by `deadline` is an error.
    pub(crate) async fn current(
        &self,
        deadline: Instant,
    ) -> Result<(Arc<Secrets>, Arc<Tls>), RequestError> {
        if let Some(known) = self.fresh() {
            return Ok(known);
        }
        if !self.has_files {
            return self.take(Looked {
                secrets: Secrets::read(&self.config, &self.reader),
                tls: Ok(None),
            });
        }
        tokio::time::timeout_at(deadline, self.look()).await.unwrap_or_else(|_| {
            let path = self.reader.reading.lock().clone();
            Err(RequestError::SecretFile { path, source: io::ErrorKind::TimedOut.into() })
        })
    }

    fn fresh(&self) -> Option<(Arc<Secrets>, Arc<Tls>)> {
        let known = self.known.lock();
        let age = self.clock.monotonic().saturating_sub(known.looked);
        let secrets = known.secrets.as_ref().filter(|_| !self.has_files || age < LOOK_EVERY)?;
        Some((Arc::clone(secrets), Arc::clone(&known.tls)))
    }

    async fn look(&self) -> Result<(Arc<Secrets>, Arc<Tls>), RequestError> {
        let mut look = self.look.lock().await;
        // Another request may have waited for a look meanwhile.
        if let Some(known) = self.fresh() {
            return Ok(known);
        }
        let looking = look.get_or_insert_with(|| {
            let (config, reader) = (Arc::clone(&self.config), Arc::clone(&self.reader));
            let former = Arc::clone(&self.known.lock().tls);
            tokio::task::spawn_blocking(move || Looked {
                secrets: Secrets::read(&config, &reader),
                tls: former.renewed(&config.tls, &reader),
            })
        });
        let looked = looking.await;
        *look = None;
        match looked {
            Ok(looked) => self.take(looked),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(invalid("files", error)),
        }
    }

    /// Takes in what was read. Certificates that cannot be used leave the former ones in place, so that
    /// half a renewal breaks nothing.
    fn take(&self, looked: Looked) -> Result<(Arc<Secrets>, Arc<Tls>), RequestError> {
        let mut known = self.known.lock();
        known.looked = self.clock.monotonic();
        let trouble = match looked.tls {
            Ok(fresh) => {
                known.tls = fresh.map_or_else(|| Arc::clone(&known.tls), Arc::new);
                None
            }
            Err(error) => Some(error_chain(&error)),
        };
        if let Some(trouble) = trouble.as_ref().filter(|_| known.trouble != trouble) {
            let kept = "the former certificates are kept";
            tracing::warn!(error = trouble, "certificates cannot be renewed; {kept}");
        }
        known.trouble = trouble;
        known.secrets = None;
        let secrets = Arc::new(looked.secrets?);
        known.secrets = Some(Arc::clone(&secrets));
        Ok((secrets, Arc::clone(&known.tls)))
    }
}
