//! A notification that was delivered, with all that was said over the network for it: so that a new
//! version can say it again to a recording, and nobody is notified twice.

use crate::adapters::notifiers::group_bytes;
use crate::bindings::notifier::exports::narthex::plugin::notifier_api::AlertGroup;
use crate::tape::{Heard, Matching, Recording, Tape};

/// What is kept of a notification: its group and its conversation may have so many bytes each.
const BYTES_MAX: usize = 256 << 10;

/// A notification and its conversation, without secrets.
#[derive(Debug)]
pub(crate) struct Sent {
    group: AlertGroup,
    conversation: Recording,
}

/// A notification under way, heard if it is small enough to be kept.
#[derive(Debug)]
pub(crate) struct Sending {
    group: Option<AlertGroup>,
    tape: Tape,
}

impl Sending {
    pub(crate) fn of(group: &AlertGroup) -> Self {
        if group_bytes(group) > BYTES_MAX {
            return Self { group: None, tape: Tape::off() };
        }
        Self { group: Some(group.clone()), tape: Tape::conversing(BYTES_MAX) }
    }

    /// What hears it.
    pub(crate) fn tape(&self) -> Tape {
        self.tape.clone()
    }

    /// Once it is delivered; `None`: it takes too much to be kept.
    pub(crate) fn sent(self) -> Option<Sent> {
        Some(Sent { group: self.group?, conversation: self.tape.heard().recording? })
    }
}

impl Sent {
    pub(crate) fn group(&self) -> AlertGroup {
        self.group.clone()
    }

    /// Answers another version as this one was answered, in whatever words it asks.
    pub(crate) fn replay(&self) -> Tape {
        Tape::playing(self.conversation.clone(), Matching::Place)
    }

    /// Whether a version that was heard has said nothing of what was said then.
    pub(crate) fn is_left_unsaid(&self, heard: &Heard) -> bool {
        let mut events = self.conversation.conversation.iter();
        events.any(|event| event.ask.leaves_the_host()) && !heard.has_spoken
    }
}
