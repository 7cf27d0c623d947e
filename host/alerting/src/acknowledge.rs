//! Acknowledgements: somebody has seen an alert and cares for it.
//!
//! An acknowledgement belongs to alerts that fire, one by one, and ends with them: unlike a silence it
//! says nothing of what comes later. It holds back reminders only; what is new of a group is told.

use std::sync::Arc;

use narthex_model::Matcher;
use narthex_state::StateError;

use crate::alerts::{Acknowledgement, Kept};
use crate::index::matches_all;
use crate::service::Alerting;
use crate::silences::chooses;
use crate::views::AlertView;

/// The longest comment, and the longest name of who acknowledges, in bytes.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// Why an acknowledgement is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// It would be of every alert.
    #[error("invalid acknowledgement: at least one matcher must not match the empty string")]
    MatchesAll,
    /// It is over already.
    #[error("invalid acknowledgement: it ends before it begins")]
    Over,
    /// It is too long.
    #[error(
        "invalid acknowledgement: comment and createdBy have at most {TEXT_BYTES_MAX} bytes each"
    )]
    TooLong,
    /// There is nothing to acknowledge.
    #[error("no alert fires that matches")]
    NoAlert,
    /// There is nothing to take back.
    #[error("no alert of this fingerprint fires and is acknowledged")]
    NotAcknowledged,
    /// The disk. It holds until the server ends.
    #[error("keep the acknowledgement")]
    State(#[from] StateError),
}

impl Alerting {
    /// Acknowledges all alerts that fire and match; on disk when this returns. The alerts.
    ///
    /// # Errors
    /// When there is none, the acknowledgement cannot be, or it cannot be kept.
    pub async fn acknowledge(
        &self,
        matchers: &[Matcher],
        acknowledgement: Acknowledgement,
    ) -> Result<Vec<AlertView>, AcknowledgeError> {
        let longest = acknowledgement.comment.len().max(acknowledgement.created_by.len());
        if longest > TEXT_BYTES_MAX {
            return Err(AcknowledgeError::TooLong);
        }
        if acknowledgement.ends_at.is_some_and(|end| end <= acknowledgement.created_at) {
            return Err(AcknowledgeError::Over);
        }
        if !chooses(matchers) {
            return Err(AcknowledgeError::MatchesAll);
        }
        let is_meant = |kept: &Kept| matches_all(matchers, &kept.alert.labels);
        let found = self.change(is_meant, Some(&Arc::new(acknowledgement)));
        if found.is_empty() {
            return Err(AcknowledgeError::NoAlert);
        }
        self.write().await?;
        Ok(self.view(found))
    }

    /// Takes the acknowledgement of an alert back, which has this fingerprint of 16 hexadecimal
    /// digits; on disk when this returns.
    ///
    /// # Errors
    /// When no such alert fires and is acknowledged, or that cannot be kept.
    pub async fn unacknowledge(&self, fingerprint: &str) -> Result<(), AcknowledgeError> {
        let now = self.now();
        let wanted = u64::from_str_radix(fingerprint, 16);
        let wanted = wanted.map_err(|_| AcknowledgeError::NotAcknowledged)?;
        let is_meant =
            |kept: &Kept| kept.fingerprint == wanted && kept.acknowledgement(now).is_some();
        if self.change(is_meant, None).is_empty() {
            return Err(AcknowledgeError::NotAcknowledged);
        }
        Ok(self.write().await?)
    }

    /// Changes those that fire and are meant, one by one: other alerts come in between.
    fn change(
        &self,
        is_meant: impl Fn(&Kept) -> bool,
        acknowledgement: Option<&Arc<Acknowledgement>>,
    ) -> Vec<Arc<Kept>> {
        let now = self.now();
        let meant = self.kept().into_iter().filter(|kept| is_meant(kept));
        let changed = meant.filter_map(|kept| {
            let labels = &kept.alert.labels;
            self.0.state.lock().dispatcher.acknowledge(labels, acknowledgement.cloned(), now)
        });
        changed.collect()
    }
}

#[cfg(test)]
mod tests;
