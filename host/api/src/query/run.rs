//! How a request's query gets its turn: waiting costs no thread, and a client that goes away ends it.

use narthex_promql::{Cancel, ParseError, Query, QueryError};

use crate::envelope::ApiError;

/// Cancels the query when the request is dropped because its client went away.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What a thread made of a query.
enum Step<T, W> {
    Done(Result<T, QueryError>),
    /// There is no place for it yet.
    Waits(Query, W),
}

/// Understands a query and does `work` with it, on threads that may block, until its client goes
/// away. While it waits for others it holds no thread: there are fewer of those than clients.
pub(crate) async fn run<T: Send + 'static>(
    cancel: Cancel,
    query: impl FnOnce() -> Result<Query, ParseError> + Send + 'static,
    work: impl FnOnce(Query) -> Result<T, QueryError> + Send + 'static,
) -> Result<T, ApiError> {
    let _guard = CancelOnDrop(cancel);
    let begin = move || {
        let mut query = match query() {
            Ok(query) => query,
            Err(error) => return Step::Done(Err(error.into())),
        };
        if query.try_enter() { Step::Done(work(query)) } else { Step::Waits(query, work) }
    };
    let result = match on_a_thread(begin).await? {
        Step::Done(result) => result,
        Step::Waits(mut query, work) => {
            query.enter().await;
            on_a_thread(move || work(query)).await?
        }
    };
    Ok(result?)
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|panic| ApiError::internal(format!("query failed: {panic}")))
}

#[cfg(test)]
mod tests;
