//! What the imports answer, as it stands on a tape.

use super::veil::Veil;
use super::{Answer, Content};
use crate::bindings::imports::narthex::plugin::{dns, files, http};
use crate::imports::Label;

/// An answer that a tape can hold.
pub(crate) trait Taped: Sized {
    /// As it stands there, without secrets.
    fn answer(&self, veil: &Veil) -> Answer;

    /// As the guest gets it; `None`: it is the answer to another question.
    fn of(answer: &Answer) -> Option<Self>;

    /// About what it takes.
    fn bytes(&self) -> usize {
        0
    }
}

impl Taped for http::Response {
    fn answer(&self, veil: &Veil) -> Answer {
        let pair = |label: &Label| (label.name.clone(), label.value.clone());
        Answer::Http {
            status: self.status,
            headers: veil.headers(self.headers.iter().map(pair).collect()),
            truncated: self.truncated,
            body: Content(veil.bytes(&self.body)),
        }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Http { status, headers, truncated, body } = answer else { return None };
        Some(Self {
            status: *status,
            headers: headers.iter().map(label).collect(),
            truncated: *truncated,
            body: body.0.clone(),
        })
    }

    fn bytes(&self) -> usize {
        self.body.len() + bytes_of(&self.headers)
    }
}

impl Taped for http::Probed {
    fn answer(&self, veil: &Veil) -> Answer {
        let fact = |fact: &Label| (fact.name.clone(), veil.text(&fact.value));
        let header = |label: &Label| (label.name.clone(), label.value.clone());
        let headers = self.response.headers.iter().map(header).collect();
        Answer::Probed {
            status: self.response.status,
            headers: veil.headers(headers),
            truncated: self.response.truncated,
            body: Content(veil.bytes(&self.response.body)),
            facts: self.facts.iter().map(fact).collect(),
            certificates: self.certificates.iter().cloned().map(Content).collect(),
        }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Probed { status, headers, truncated, body, facts, certificates } = answer
        else {
            return None;
        };
        Some(Self {
            response: http::Response {
                status: *status,
                headers: headers.iter().map(label).collect(),
                truncated: *truncated,
                body: body.0.clone(),
            },
            facts: facts.iter().map(label).collect(),
            certificates: certificates.iter().map(|der| der.0.clone()).collect(),
        })
    }

    fn bytes(&self) -> usize {
        let certificates = self.certificates.iter().map(Vec::len).sum::<usize>();
        self.response.bytes() + certificates + bytes_of(&self.facts)
    }
}

impl Taped for dns::Exchanged {
    fn answer(&self, _veil: &Veil) -> Answer {
        let fact = |fact: &Label| (fact.name.clone(), fact.value.clone());
        let message = Content(self.message.clone());
        Answer::Exchanged { message, facts: self.facts.iter().map(fact).collect() }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Exchanged { message, facts } = answer else { return None };
        let (message, facts) = (message.0.clone(), facts.iter().map(label).collect());
        Some(Self { message, facts })
    }

    fn bytes(&self) -> usize {
        self.message.len() + bytes_of(&self.facts)
    }
}

/// About what labels take.
fn bytes_of(labels: &[Label]) -> usize {
    labels.iter().map(|label| label.name.len() + label.value.len()).sum()
}

fn label((name, value): &(String, String)) -> Label {
    Label { name: name.clone(), value: value.clone() }
}

impl Taped for Vec<dns::Answer> {
    fn answer(&self, _veil: &Veil) -> Answer {
        Answer::Records { records: self.iter().map(|one| (one.data.clone(), one.ttl_s)).collect() }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Records { records } = answer else { return None };
        let record = |(data, ttl): &(String, u32)| dns::Answer { data: data.clone(), ttl_s: *ttl };
        Some(records.iter().map(record).collect())
    }

    fn bytes(&self) -> usize {
        self.iter().map(|one| one.data.len()).sum()
    }
}

/// A file.
impl Taped for Vec<u8> {
    fn answer(&self, veil: &Veil) -> Answer {
        Answer::Content { content: Content(veil.bytes(self)) }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Content { content } = answer else { return None };
        Some(content.0.clone())
    }

    fn bytes(&self) -> usize {
        self.len()
    }
}

const ENTRY_KINDS: [(files::EntryKind, &str); 4] = [
    (files::EntryKind::File, "file"),
    (files::EntryKind::Directory, "directory"),
    (files::EntryKind::Symlink, "symlink"),
    (files::EntryKind::Other, "other"),
];

impl Taped for Vec<files::Entry> {
    fn answer(&self, _veil: &Veil) -> Answer {
        let word = |kind: files::EntryKind| {
            ENTRY_KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(_, word)| word)
        };
        let pair = |entry: &files::Entry| (entry.name.clone(), word(entry.kind).to_owned());
        Answer::Entries { entries: self.iter().map(pair).collect() }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Entries { entries } = answer else { return None };
        let kind = |word: &str| ENTRY_KINDS.iter().find(|(_, known)| *known == word);
        let entry = |(name, word): &(String, String)| {
            let kind = kind(word).map_or(files::EntryKind::Other, |(kind, _)| *kind);
            files::Entry { name: name.clone(), kind }
        };
        Some(entries.iter().map(entry).collect())
    }

    fn bytes(&self) -> usize {
        self.iter().map(|entry| entry.name.len() + 10).sum()
    }
}

/// When a file changed.
impl Taped for i64 {
    fn answer(&self, _veil: &Veil) -> Answer {
        Answer::Modified { modified_ns: *self }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Modified { modified_ns } = answer else { return None };
        Some(*modified_ns)
    }
}

/// What is known of something.
impl Taped for Vec<Label> {
    fn answer(&self, _veil: &Veil) -> Answer {
        let fact = |fact: &Label| (fact.name.clone(), fact.value.clone());
        Answer::Facts { facts: self.iter().map(fact).collect() }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Facts { facts } = answer else { return None };
        Some(facts.iter().map(label).collect())
    }
}

/// A symbolic link.
impl Taped for String {
    fn answer(&self, _veil: &Veil) -> Answer {
        Answer::Link { link: self.clone() }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Link { link } = answer else { return None };
        Some(link.clone())
    }

    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Taped for files::FsUsage {
    fn answer(&self, _veil: &Veil) -> Answer {
        let Self { block_size, blocks, free, available, files, files_free, fs_type } = *self;
        Answer::Usage { usage: [block_size, blocks, free, available, files, files_free, fs_type] }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Usage { usage } = answer else { return None };
        let [block_size, blocks, free, available, files, files_free, fs_type] = *usage;
        Some(Self { block_size, blocks, free, available, files, files_free, fs_type })
    }
}

/// Keys.
impl Taped for Vec<String> {
    fn answer(&self, veil: &Veil) -> Answer {
        Answer::Keys { keys: self.iter().map(|key| veil.text(key)).collect() }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Keys { keys } = answer else { return None };
        Some(keys.clone())
    }

    fn bytes(&self) -> usize {
        self.iter().map(String::len).sum()
    }
}

/// Whether `compare-and-set` did.
impl Taped for bool {
    fn answer(&self, _veil: &Veil) -> Answer {
        Answer::Swapped { swapped: *self }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Swapped { swapped } = answer else { return None };
        Some(*swapped)
    }
}

/// The value of a key.
impl Taped for Option<Vec<u8>> {
    fn answer(&self, veil: &Veil) -> Answer {
        let content = |value: &Vec<u8>| Content(veil.bytes(value));
        Answer::Value { value: self.as_ref().map(content) }
    }

    fn of(answer: &Answer) -> Option<Self> {
        let Answer::Value { value } = answer else { return None };
        Some(value.as_ref().map(|value| value.0.clone()))
    }

    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, Vec::len)
    }
}

/// Done.
impl Taped for () {
    fn answer(&self, _veil: &Veil) -> Answer {
        Answer::Value { value: None }
    }

    fn of(answer: &Answer) -> Option<Self> {
        matches!(answer, Answer::Value { .. }).then_some(())
    }
}
