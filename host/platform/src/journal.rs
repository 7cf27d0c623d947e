//! Files that lines are appended to, by a task of their own.
//!
//! Invariant: who writes a line never waits for the disk. Lines go through a bounded queue; those
//! that find it full, or that the disk does not take, are counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use parking_lot::Mutex;
use tracing::warn;

use crate::disk::{Disk, DiskFile};
use crate::metrics::{Counter, Metrics};
use crate::queue::{Receiver, Sender, WhenFull, bounded};
use crate::tasks::{Stop, Tasks};

/// Lines that wait: several seconds of a busy server.
const LINES_MAX: usize = 4_096;

/// Bytes that wait: lines may be long.
const QUEUED_BYTES_MAX: usize = 16 << 20;

/// Lines that are written by one call.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// A file of a journal. Where it had to be created, it goes again unless it is kept: the
/// configuration that names it may still be refused.
#[derive(Debug)]
pub struct JournalFile {
    disk: Arc<dyn Disk>,
    path: Utf8PathBuf,
    /// Guards the file that lines are written to.
    file: Mutex<Box<dyn DiskFile>>,
    is_new: bool,
    is_kept: AtomicBool,
}

impl JournalFile {
    /// Opens the file, created when it is not there. The same path opened anew is another file
    /// where the old one was moved away.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(disk: &Arc<dyn Disk>, path: &Utf8Path) -> io::Result<Arc<Self>> {
        let (file, is_new) = match disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (disk.create(path)?, true),
            opened => (opened?, false),
        };
        Ok(Arc::new(Self {
            disk: Arc::clone(disk),
            path: path.to_owned(),
            file: Mutex::new(file),
            is_new,
            is_kept: AtomicBool::new(false),
        }))
    }

    /// The file is in use, and stays.
    pub fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        if self.is_new
            && !self.is_kept.load(Ordering::Relaxed)
            && let Err(error) = self.disk.remove(&self.path)
        {
            warn!(path = %self.path, %error, "remove a file of a configuration that was refused");
        }
    }
}

type Line = (Arc<JournalFile>, Vec<u8>);

/// Takes lines; cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    lines: Sender<Line>,
    queued_bytes: Arc<AtomicUsize>,
    missing: Counter,
}

/// Writes lines until it is stopped.
#[derive(Debug)]
pub struct JournalWriter {
    name: &'static str,
    lines: Receiver<Line>,
    queued_bytes: Arc<AtomicUsize>,
    missing: Counter,
}

impl Journal {
    /// A journal and its writer. The queue between them is named `queue`; `missing` counts lines
    /// that were not written.
    #[must_use]
    pub fn new(queue: &'static str, missing: Counter, metrics: &Metrics) -> (Self, JournalWriter) {
        let (sender, receiver) = bounded(queue, LINES_MAX, WhenFull::DropNewest);
        metrics.add_source(Arc::new(sender.clone()));
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let writer = JournalWriter {
            name: queue,
            lines: receiver,
            queued_bytes: Arc::clone(&queued_bytes),
            missing: missing.clone(),
        };
        (Self { lines: sender, queued_bytes, missing }, writer)
    }

    /// Adds a line, its end included, to a file; never waits.
    pub fn write(&self, file: &Arc<JournalFile>, line: Vec<u8>) {
        let bytes = line.len();
        let queued = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if queued + bytes > QUEUED_BYTES_MAX || !self.lines.send((Arc::clone(file), line)) {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.missing.increment();
        }
    }
}

impl JournalWriter {
    /// Starts the task.
    pub fn spawn(self, tasks: &mut Tasks) {
        tasks.spawn(self.name, |stop| self.run(stop));
    }

    /// Writes until it is stopped; what waits then is written too.
    pub async fn run(mut self, mut stop: Stop) {
        let mut is_stopped = false;
        let mut next: Option<Line> = None;
        while !is_stopped || next.is_some() {
            let first = match next.take() {
                Some(line) => Some(line),
                None => tokio::select! {
                    line = self.lines.receive() => Some(line),
                    () = stop.stopped() => {
                        is_stopped = true;
                        self.lines.try_receive()
                    }
                },
            };
            let Some((file, mut batch)) = first else { continue };
            let mut lines = 1;
            while batch.len() < BATCH_BYTES_MAX {
                match self.lines.try_receive() {
                    Some((other, line)) if Arc::ptr_eq(&other, &file) => {
                        batch.extend_from_slice(&line);
                        lines += 1;
                    }
                    other => {
                        next = other;
                        break;
                    }
                }
            }
            if is_stopped && next.is_none() {
                next = self.lines.try_receive();
            }
            self.queued_bytes.fetch_sub(batch.len(), Ordering::Relaxed);
            let written = tokio::task::spawn_blocking(move || {
                let written = file.file.lock().append(&batch);
                (written, file)
            });
            match written.await {
                Ok((Ok(()), _)) => {}
                Ok((Err(error), file)) => {
                    self.missing.add(lines);
                    warn!(path = %file.path, %error, lines, "lines are missing in a log");
                }
                Err(_) => self.missing.add(lines),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimulatedDisk;

    fn lines(disk: &SimulatedDisk, path: &str) -> String {
        String::from_utf8(disk.read(path.into(), 64 << 20).unwrap()).unwrap()
    }

    async fn write_all(writer: JournalWriter) {
        let (stop, stopped) = Stop::pair();
        stop.send_replace(true);
        writer.run(stopped).await;
    }

    #[tokio::test]
    async fn lines_reach_their_files_in_order() {
        let disk = SimulatedDisk::new(1);
        let shared = disk.shared();
        let (journal, writer) = Journal::new("j", Counter::default(), &Metrics::new());
        let [a, b] = ["/a", "/b"].map(|path| JournalFile::open(&shared, path.into()).unwrap());
        for (file, line) in [(&a, "1\n"), (&a, "2\n"), (&b, "3\n"), (&a, "4\n"), (&b, "5\n")] {
            file.keep();
            journal.write(file, line.as_bytes().to_vec());
        }
        write_all(writer).await;
        assert_eq!(lines(&disk, "/a"), "1\n2\n4\n");
        assert_eq!(lines(&disk, "/b"), "3\n5\n");
    }

    #[tokio::test]
    async fn a_full_queue_drops_and_counts() {
        let disk = SimulatedDisk::new(1);
        let missing = Counter::default();
        let (journal, writer) = Journal::new("j", missing.clone(), &Metrics::new());
        let file = JournalFile::open(&disk.shared(), "/a".into()).unwrap();
        file.keep();
        for _ in 0..20 {
            journal.write(&file, vec![b'x'; (1 << 20) + 1]);
        }
        assert_eq!(missing.get(), 5, "16 MiB fit 15 lines of a little more than a MiB");
        write_all(writer).await;
        assert_eq!(lines(&disk, "/a").len(), 15 * ((1 << 20) + 1));
        assert_eq!(journal.queued_bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_file_that_is_not_kept_goes_again() {
        let disk = SimulatedDisk::new(1);
        let shared = disk.shared();
        let names = || disk.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        let open = || JournalFile::open(&shared, "/a".into()).unwrap();
        drop(open());
        assert_eq!(names(), [""; 0]);
        open().keep();
        assert_eq!(names(), ["/a"]);
        // The file of the one before stays.
        drop(open());
        assert_eq!(names(), ["/a"]);
    }
}
