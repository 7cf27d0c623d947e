//! Tasks: each has a name, an owner and an end.
//!
//! Invariant: shutdown stops tasks in the order in which they were spawned, each before the next,
//! so that producers stop before consumers.
//! Invariant: a task that ends before it was told to, or panics, ends the whole.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tracing::{error, info, warn};

/// How long one task may take to end before it is cut off.
const STOP_MAX: Duration = Duration::from_secs(20);

/// Tells a task to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Returns when the task has to end.
    pub async fn stopped(&mut self) {
        // An error means that the owner is gone, which is an end too.
        self.0.wait_for(|stop| *stop).await.ok();
    }

    /// Whether the task has to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// A pair for tests and for parts with a life of their own: send `true` to stop.
    #[must_use]
    pub fn pair() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }
}

/// Why the tasks ended before they were told to.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The task returned although nobody had stopped it.
    #[error("task {name} ended by itself")]
    Ended {
        /// The task.
        name: &'static str,
    },
    /// The task panicked.
    #[error("task {name} panicked")]
    Panicked {
        /// The task.
        name: &'static str,
        /// The panic.
        source: tokio::task::JoinError,
    },
}

struct Task {
    name: &'static str,
    id: Id,
    stop: watch::Sender<bool>,
}

/// The tasks of a program, in the order of their start.
#[derive(Default)]
pub struct Tasks {
    set: JoinSet<()>,
    tasks: Vec<Task>,
    /// Tasks that ended while another one was waited for.
    ended: HashSet<Id>,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.tasks.iter().map(|task| task.name)).finish()
    }
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. It has to run until `Stop` says otherwise.
    pub fn spawn<F>(&mut self, name: &'static str, task: impl FnOnce(Stop) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = Stop::pair();
        let handle = self.set.spawn(task(stopped));
        self.tasks.push(Task { name, id: handle.id(), stop });
    }

    /// Runs until `signal` is ready, then stops all in order.
    ///
    /// # Errors
    /// When a task ends by itself or panics; the others are stopped in order all the same.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), TaskError> {
        let early = tokio::select! {
            () = signal => None,
            Some(joined) = self.set.join_next_with_id() => Some(joined),
        };
        let outcome = match early {
            None => Ok(()),
            Some(Ok((id, ()))) => Err(TaskError::Ended { name: self.forget(id) }),
            Some(Err(source)) => {
                let name = self.forget(source.id());
                Err(TaskError::Panicked { name, source })
            }
        };
        self.stop().await;
        outcome
    }

    async fn stop(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            info!(task = task.name, "stopping");
            task.stop.send_replace(true);
            if tokio::time::timeout(STOP_MAX, self.ended(task.id)).await.is_err() {
                warn!(task = task.name, "did not end in time and is cut off");
            }
        }
        self.set.shutdown().await;
    }

    async fn ended(&mut self, wanted: Id) {
        if self.ended.remove(&wanted) {
            return;
        }
        while let Some(joined) = self.set.join_next_with_id().await {
            let id = match joined {
                Ok((id, ())) => id,
                Err(panic) => {
                    error!(error = %panic, "a task panicked while stopping");
                    panic.id()
                }
            };
            if id == wanted {
                return;
            }
            self.ended.insert(id);
        }
    }

    fn forget(&mut self, id: Id) -> &'static str {
        let index = self.tasks.iter().position(|task| task.id == id);
        index.map_or("unknown", |index| self.tasks.remove(index).name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[tokio::test]
    async fn tasks_stop_in_the_order_of_their_start() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Tasks::new();
        for name in ["first", "second", "third"] {
            let order = Arc::clone(&order);
            tasks.spawn(name, |mut stop| async move {
                stop.stopped().await;
                order.lock().push(name);
            });
        }
        tasks.run_until(std::future::ready(())).await.unwrap();
        assert_eq!(*order.lock(), ["first", "second", "third"]);
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_named() {
        let mut tasks = Tasks::new();
        tasks.spawn("short", |_stop| async {});
        let error = tasks.run_until(std::future::pending()).await.unwrap_err();
        assert_eq!(error.to_string(), "task short ended by itself");
    }
}
