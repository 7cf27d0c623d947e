//! One run of a slow step for all who asked before it began.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};

/// A step that is the same for everybody, takes long and blocks, as a sync of the disk does. One run
/// goes on at a time; who asks meanwhile shares the next.
#[derive(Debug, Default)]
pub struct SharedStep {
    /// How often it was asked for.
    asked: AtomicU64,
    /// How many of those, the first ones, a run that succeeded has served. Held during a run.
    served: Arc<Mutex<u64>>,
}

impl SharedStep {
    /// Returns once `step` has run from beginning to end after this was called, by this caller or by
    /// another one. A run goes on to its end, and serves others, even if its caller leaves.
    ///
    /// # Errors
    /// When the caller's own run fails.
    pub async fn run<E>(
        &self,
        step: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> Result<(), E>
    where
        E: From<JoinError> + Send + 'static,
    {
        let place = self.asked.fetch_add(1, Ordering::AcqRel);
        let mut served = Arc::clone(&self.served).lock_owned().await;
        if place < *served {
            return Ok(());
        }
        let serves = self.asked.load(Ordering::Acquire);
        let run = spawn_blocking(move || {
            step()?;
            *served = serves;
            Ok(())
        });
        run.await?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use parking_lot::Mutex;

    use super::*;

    /// Runs that wait for a word, and their number.
    struct Gated {
        step: SharedStep,
        runs: Arc<AtomicU64>,
        gate: mpsc::Sender<()>,
        opened: Arc<Mutex<mpsc::Receiver<()>>>,
    }

    impl Gated {
        fn new() -> Self {
            let (gate, opened) = mpsc::channel();
            let opened = Arc::new(Mutex::new(opened));
            Self { step: SharedStep::default(), runs: Arc::default(), gate, opened }
        }

        async fn ask(&self) {
            let (runs, opened) = (Arc::clone(&self.runs), Arc::clone(&self.opened));
            let run = move || {
                runs.fetch_add(1, Ordering::AcqRel);
                opened.lock().recv().expect("the test opens the gate");
                Ok::<(), JoinError>(())
            };
            self.step.run(run).await.expect("the run succeeds");
        }

        fn runs(&self) -> u64 {
            self.runs.load(Ordering::Acquire)
        }

        async fn until_run(&self, number: u64) {
            while self.runs() < number {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn all_who_ask_during_a_run_share_the_next() {
        let gated = Gated::new();
        let others = async {
            gated.until_run(1).await;
            let opens = async {
                tokio::task::yield_now().await; // the three have asked by now
                gated.gate.send(()).unwrap();
                gated.gate.send(()).unwrap();
            };
            tokio::join!(gated.ask(), gated.ask(), gated.ask(), opens);
        };
        tokio::join!(gated.ask(), others);
        assert_eq!(gated.runs(), 2, "the first was no use to those who asked during it");
    }

    #[tokio::test]
    async fn a_run_whose_caller_leaves_goes_on_alone() {
        let gated = Gated::new();
        tokio::select! {
            () = gated.ask() => unreachable!("the gate is closed"),
            () = gated.until_run(1) => {}
        }
        let next = async {
            gated.gate.send(()).unwrap();
            gated.until_run(2).await;
            gated.gate.send(()).unwrap();
        };
        tokio::join!(gated.ask(), next);
        assert_eq!(gated.runs(), 2);
    }

    #[derive(Debug, PartialEq)]
    struct Full;

    impl From<JoinError> for Full {
        fn from(_: JoinError) -> Self {
            Self
        }
    }

    #[tokio::test]
    async fn a_run_that_fails_serves_nobody() {
        let step = SharedStep::default();
        assert_eq!(step.run(|| Err(Full)).await, Err(Full));
        assert_eq!(step.run(|| Err(Full)).await, Err(Full));
        assert_eq!(step.run(|| Ok::<(), Full>(())).await, Ok(()));
    }
}
