//! Silences of a file, for a server.

use futures_util::{StreamExt as _, stream};
use narthex_settings::error_chain;

use crate::server::{Alertmanager, ServerError};
use crate::wire::PostedSilence;
use crate::{CommandError, Outcome};

/// Silences that are sent at the same time.
const WORKERS_MAX: usize = 64;

/// How silences are taken from a file.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// Whether each is a new one, even where the server has it.
    pub is_forced: bool,
    /// How many are sent at the same time.
    pub workers: usize,
}

/// Sends the silences of a file. One that the server has is changed, one that it never had is new;
/// the ids of those that it took are the answer, in the order of the file.
///
/// # Errors
/// When the text is no list of silences: then none is sent.
pub async fn import_silences(
    server: &Alertmanager,
    text: &str,
    import: Import,
) -> Result<Outcome, CommandError> {
    let silences: Vec<PostedSilence> =
        serde_json::from_str(text).map_err(CommandError::Silences)?;
    let count = silences.len();
    let sent = stream::iter(silences).map(|mut silence| async move {
        let id = silence.id.clone();
        if import.is_forced {
            silence.id.clear();
        }
        send(server, silence).await.map_err(|error| (id, error))
    });
    let workers = import.workers.clamp(1, WORKERS_MAX);
    let sent: Vec<Result<String, (String, ServerError)>> = sent.buffered(workers).collect().await;
    let mut outcome = Outcome::default();
    for sent in sent {
        match sent {
            Ok(id) => outcome.answer.push_str(&format!("{id}\n")),
            Err((id, error)) => {
                let why = error_chain(&error);
                outcome.aside.push(format!("Error adding silence id='{id}': {why}"));
            }
        }
    }
    if !outcome.aside.is_empty() {
        let failed = outcome.aside.len();
        outcome.aside.push(format!("couldn't import {failed} out of {count} silences"));
        outcome.is_bad = true;
    }
    Ok(outcome)
}

async fn send(server: &Alertmanager, mut silence: PostedSilence) -> Result<String, ServerError> {
    match server.post_silence(&silence).await {
        Err(error) if error.is_not_found() && !silence.id.is_empty() => {
            silence.id.clear();
            server.post_silence(&silence).await
        }
        sent => sent,
    }
}
