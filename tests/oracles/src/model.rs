//! What was written to a store, what was promised about it, and whether that is what it shows.
//!
//! Invariant: a sample that was promised and neither deleted nor expired must be shown; whatever is
//! shown was written; a commit is there whole or not at all; a refused commit is there only if the
//! refusal was the last word of a life.

mod query;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use narthex_model::{Labels, Metadata};

pub use self::query::exemplar_key;
use crate::Value;

/// A series, as the model numbers it.
pub type SeriesNumber = u32;

/// A series and a time.
pub type Key = (SeriesNumber, i64);

/// What stands where.
pub type Samples = BTreeMap<Key, Value>;

/// The series that were ever written.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    labels: Vec<Labels>,
    numbers: HashMap<Labels, SeriesNumber>,
}

impl Catalog {
    /// The number of a series, given when it is new.
    ///
    /// # Panics
    /// With more than four thousand million series.
    pub fn number(&mut self, labels: &Labels) -> SeriesNumber {
        if let Some(number) = self.numbers.get(labels) {
            return *number;
        }
        let number = SeriesNumber::try_from(self.labels.len()).expect("few series");
        self.labels.push(labels.clone());
        self.numbers.insert(labels.clone(), number);
        number
    }

    /// The number of a series that was written before.
    #[must_use]
    pub fn find(&self, labels: &Labels) -> Option<SeriesNumber> {
        self.numbers.get(labels).copied()
    }

    /// The labels of a series; empty for a number that was never given.
    #[must_use]
    pub fn labels(&self, number: SeriesNumber) -> Labels {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.labels.get(index).cloned().unwrap_or_default()
    }

    /// All label sets, in the order of their numbers.
    #[must_use]
    pub fn all(&self) -> &[Labels] {
        &self.labels
    }
}

/// What became of a commit, as far as the writer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It failed: it may be there only if nothing was acknowledged after it.
    Refused,
    /// It was acknowledged: it survives the end of the process.
    Acknowledged,
    /// It was acknowledged and a sync succeeded: it survives a power cut.
    Durable,
}

/// How a life ended, and so what may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The process is gone, the machine goes on: what was acknowledged is there.
    Kill,
    /// The machine lost power: what was durable is there.
    PowerCut,
}

impl Loss {
    fn promised(self) -> Fate {
        match self {
            Self::Kill => Fate::Acknowledged,
            Self::PowerCut => Fate::Durable,
        }
    }
}

/// An exemplar of a series: when, and labels and value as text.
pub type ExemplarKey = (SeriesNumber, i64, String);

/// What one commit brings.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Samples.
    pub samples: Samples,
    /// What it says of families.
    pub metadata: Vec<(String, Metadata)>,
    /// Exemplars.
    pub exemplars: BTreeSet<ExemplarKey>,
}

/// What a store showed.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Everything, or the answer to a query.
    pub samples: Samples,
    /// What it knows of families.
    pub metadata: BTreeMap<String, Metadata>,
    /// All exemplars.
    pub exemplars: BTreeSet<ExemplarKey>,
}

#[derive(Clone, Debug)]
struct Commit {
    samples: Samples,
    metadata: Vec<(String, Metadata)>,
    exemplars: BTreeSet<ExemplarKey>,
    fate: Fate,
}

/// All that was written.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The series.
    pub catalog: Catalog,
    commits: Vec<Commit>,
    /// What the running store shows.
    shown: Samples,
    /// May be gone: too old, or deleted by a deletion that failed.
    optional: BTreeSet<Key>,
    /// Deleted, but the deletion is not durable: a power cut may bring them back.
    revivable: Samples,
    /// Values of refused commits: the same at the same place again could not be told apart.
    refused: BTreeSet<(Key, Value)>,
    /// All that was ever said of families.
    said: BTreeMap<String, Vec<Metadata>>,
    exemplars_shown: BTreeSet<ExemplarKey>,
    /// What retention may have taken.
    expired_before: Option<i64>,
}

impl Model {
    /// Notes a commit and what became of it.
    pub fn committed(&mut self, batch: Batch, fate: Fate) {
        let Batch { samples, metadata, exemplars } = batch;
        for (family, what) in &metadata {
            self.said.entry(family.clone()).or_default().push(what.clone());
        }
        if fate == Fate::Refused {
            self.refused.extend(samples.iter().map(|(key, value)| (*key, *value)));
        } else {
            self.shown.extend(&samples);
            self.exemplars_shown.extend(exemplars.iter().cloned());
            for key in samples.keys() {
                self.optional.remove(key);
                self.revivable.remove(key);
            }
        }
        self.commits.push(Commit { samples, metadata, exemplars, fate });
    }

    /// Notes that all that was acknowledged is durable now.
    pub fn synced(&mut self) {
        for commit in self.commits.iter_mut().filter(|commit| commit.fate != Fate::Refused) {
            commit.fate = Fate::Durable;
        }
        self.revivable.clear();
    }

    /// Notes that the last commit was durable when it was acknowledged.
    pub fn committed_durably(&mut self) {
        if let Some(commit) = self.commits.last_mut() {
            commit.fate = Fate::Durable;
        }
    }

    /// Notes that samples before `cutoff` may be gone.
    pub fn expired(&mut self, cutoff: i64) {
        let old = self.shown.keys().filter(|(_, at)| *at < cutoff).copied();
        self.optional.extend(old);
        self.expired_before = self.expired_before.max(Some(cutoff));
    }

    /// How many commits there were: those from here on are of a later time.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits.len()
    }

    /// Notes a deletion. `None`: it failed, so that some of it may have happened.
    pub fn deleted(&mut self, is_deleted: impl Fn(&Labels, i64) -> bool, fate: Option<Fate>) {
        let concerned: Vec<Key> = self
            .shown
            .keys()
            .filter(|(series, at)| is_deleted(&self.catalog.labels(*series), *at))
            .copied()
            .collect();
        match fate {
            None | Some(Fate::Refused) => self.optional.extend(concerned),
            Some(fate) => {
                for key in concerned {
                    let Some(value) = self.shown.remove(&key) else { continue };
                    self.optional.remove(&key);
                    for commit in &mut self.commits {
                        if commit.fate != Fate::Refused {
                            commit.samples.remove(&key);
                        }
                    }
                    if fate != Fate::Durable {
                        self.revivable.insert(key, value);
                    }
                }
            }
        }
    }

    /// What a store that lost nothing shows.
    #[must_use]
    pub fn shown(&self) -> &Samples {
        &self.shown
    }

    /// The newest sample of a series; `None` when there is none, or it may be gone.
    #[must_use]
    pub fn newest(&self, series: SeriesNumber) -> Option<(i64, Value)> {
        let (key, value) = self.shown.range((series, i64::MIN)..=(series, i64::MAX)).next_back()?;
        (!self.optional.contains(key)).then_some((key.1, *value))
    }

    /// The newest time of all.
    #[must_use]
    pub fn newest_of_all(&self) -> Option<i64> {
        self.shown.keys().map(|(_, at)| *at).max()
    }

    /// Whether anything was ever written there, refused or not.
    #[must_use]
    pub fn was_written(&self, key: Key) -> bool {
        let was_refused = self.refused.iter().any(|(refused, _)| *refused == key);
        was_refused || self.shown.contains_key(&key) || self.revivable.contains_key(&key)
    }

    /// Whether a refused commit had this very sample.
    #[must_use]
    pub fn was_refused(&self, key: Key, value: Value) -> bool {
        self.refused.contains(&(key, value))
    }

    /// Compares what a running store shows.
    ///
    /// # Panics
    /// When it is not what was acknowledged.
    pub fn check_running(&self, found: &Found) {
        self.check_samples(&found.samples, &self.shown);
        for (family, known) in &found.metadata {
            let commits = self.commits.iter().filter(|commit| commit.fate != Fate::Refused);
            let mut said =
                commits.flat_map(|commit| &commit.metadata).filter(|(name, _)| name == family);
            assert_eq!(said.next_back().map(|(_, what)| what), Some(known), "metadata of {family}");
        }
        for exemplar in &found.exemplars {
            let is_known = self.exemplars_shown.contains(exemplar);
            assert!(is_known, "the exemplar {exemplar:?} was not acknowledged");
        }
        self.check_exemplars_there(&self.exemplars_shown, &found.exemplars);
    }

    /// Compares what is shown while the log is still replayed: of what came before, any part; of
    /// the commits from `begun` on, all.
    ///
    /// # Panics
    /// When it is not so.
    pub fn check_replaying(&self, begun: usize, found: &Found) {
        for (key, value) in &found.samples {
            let expected = self.shown.get(key);
            // The log may hold what retention took, and say only at its end that it is gone.
            let has_expired = Some(key.1) < self.expired_before;
            if expected.is_some() || !has_expired {
                assert_eq!(Some(value), expected, "what is shown of {}", self.name(*key));
            }
        }
        let commits = self.commits.iter().skip(begun).filter(|commit| commit.fate != Fate::Refused);
        for key in commits.flat_map(|commit| commit.samples.keys()) {
            let is_there = found.samples.contains_key(key) || self.optional.contains(key);
            assert!(is_there, "{} is not shown while the log is replayed", self.name(*key));
        }
    }

    fn check_exemplars_there<'a>(
        &self,
        must: impl IntoIterator<Item = &'a ExemplarKey>,
        found: &BTreeSet<ExemplarKey>,
    ) {
        for exemplar in must {
            // It may go with the sample beside it.
            let key = (exemplar.0, exemplar.1);
            let may_go = !self.shown.contains_key(&key) || self.optional.contains(&key);
            let may_go = may_go || Some(exemplar.1) < self.expired_before;
            let is_there = found.contains(exemplar) || may_go;
            assert!(is_there, "the exemplar {exemplar:?} is gone");
        }
    }

    /// Compares samples with those that are expected, but for what may be gone.
    ///
    /// # Panics
    /// When they differ.
    pub fn check_samples(&self, found: &Samples, expected: &Samples) {
        for (key, value) in found {
            let expected = expected.get(key);
            assert_eq!(Some(value), expected, "what is shown of {}", self.name(*key));
        }
        for key in expected.keys() {
            let is_there = found.contains_key(key) || self.optional.contains(key);
            assert!(is_there, "{} is not shown", self.name(*key));
        }
    }

    /// Compares what is there after the end of a life, and forgets what is gone.
    ///
    /// # Panics
    /// When a promise is broken.
    pub fn check_after(&mut self, loss: Loss, found: &Found) {
        self.check_nothing_invented(found, loss == Loss::PowerCut);
        self.check_commits(found, loss.promised());
        self.check_metadata(found, loss.promised());
        self.take_over(found);
    }

    /// Compares what is there after bits were flipped.
    ///
    /// # Panics
    /// When something is there that was never written, or something is gone and nobody said so.
    pub fn check_after_damage(&self, found: &Found, is_reported: bool) {
        self.check_nothing_invented(found, is_reported);
        let must = self.shown.iter().filter(|(key, _)| !self.optional.contains(key));
        for (key, value) in must {
            let is_there = found.samples.get(key) == Some(value);
            let name = self.name(*key);
            assert!(is_there || is_reported, "{name} is gone and no damage was reported");
        }
    }

    /// Goes on from what is there.
    pub fn take_over(&mut self, found: &Found) {
        let there = |key: &Key, value: &Value| found.samples.get(key) == Some(value);
        for commit in &mut self.commits {
            commit.samples.retain(|key, value| there(key, value));
            commit.metadata.clear();
            commit.exemplars.clear();
            commit.fate = Fate::Acknowledged;
        }
        self.commits.retain(|commit| !commit.samples.is_empty());
        let metadata = found.metadata.clone().into_iter().collect();
        let (samples, exemplars) = (Samples::new(), found.exemplars.clone());
        self.commits.insert(0, Commit { samples, metadata, exemplars, fate: Fate::Acknowledged });
        self.exemplars_shown.clone_from(&found.exemplars);
        let revived = self.revivable.iter().filter(|(key, value)| there(key, value));
        let revived: Samples = revived.map(|(key, value)| (*key, *value)).collect();
        if !revived.is_empty() {
            // They may be deleted, or not, for as long as the deletion is in doubt.
            self.optional.extend(revived.keys());
            let (metadata, exemplars) = (Vec::new(), BTreeSet::new());
            let fate = Fate::Acknowledged;
            self.commits.push(Commit { samples: revived, metadata, exemplars, fate });
        }
        self.shown.clone_from(&found.samples);
        self.optional.retain(|key| found.samples.contains_key(key));
        self.revivable.clear();
        self.refused.clear();
    }

    /// A sample's place, for people.
    #[must_use]
    pub fn name(&self, (series, at): Key) -> String {
        format!("{} @{at}", self.catalog.labels(series))
    }

    fn check_nothing_invented(&self, found: &Found, deleted_may_return: bool) {
        let written: BTreeSet<(&Key, &Value)> =
            self.commits.iter().flat_map(|commit| &commit.samples).collect();
        for (key, value) in &found.samples {
            let returned = deleted_may_return && self.revivable.get(key) == Some(value);
            let was_written = written.contains(&(key, value)) || returned;
            assert!(was_written, "{} was never written as {value:?}", self.name(*key));
        }
        for (family, what) in &found.metadata {
            let was_said = self.said.get(family).is_some_and(|said| said.contains(what));
            assert!(was_said, "nobody ever said of {family}: {what:?}");
        }
        let exemplars: BTreeSet<&ExemplarKey> =
            self.commits.iter().flat_map(|commit| &commit.exemplars).collect();
        for exemplar in &found.exemplars {
            assert!(exemplars.contains(exemplar), "the exemplar {exemplar:?} was never written");
        }
    }

    fn check_commits(&self, found: &Found, promised: Fate) {
        let exemplars = &found.exemplars;
        let found = &found.samples;
        let mut acknowledged_later = false;
        for (number, commit) in self.commits.iter().enumerate().rev() {
            let is_there = |(key, value): &(&Key, &Value)| found.get(*key) == Some(*value);
            let certain = commit.samples.iter().filter(|(key, _)| !self.optional.contains(key));
            let (there, lost): (Vec<_>, Vec<_>) = certain.partition(is_there);
            let (fate, all) = (commit.fate, there.len() + lost.len());
            if let Some((key, _)) = lost.first() {
                let name = self.name(**key);
                let whole = there.is_empty();
                assert!(whole, "of commit {number} there are {} of {all}: no {name}", there.len());
                assert!(fate < promised, "commit {number} was promised ({fate:?}): no {name}");
            }
            if fate == Fate::Refused && acknowledged_later {
                let text = "was refused, and others followed it";
                assert!(there.is_empty(), "commit {number} {text}, but {all} samples came back");
            }
            if fate >= promised {
                self.check_exemplars_there(&commit.exemplars, exemplars);
            }
            acknowledged_later |= fate != Fate::Refused;
        }
    }

    /// What was said of a family, oldest first, from the newest promise on.
    fn said_of(&self, family: &str, promised: Fate) -> Vec<&Metadata> {
        let mut said = Vec::new();
        for commit in &self.commits {
            for (_, what) in commit.metadata.iter().filter(|(name, _)| name == family) {
                if commit.fate >= promised {
                    said.clear();
                }
                said.push(what);
            }
        }
        said
    }

    fn check_metadata(&self, found: &Found, promised: Fate) {
        let families: BTreeSet<&String> =
            self.commits.iter().flat_map(|c| c.metadata.iter().map(|(name, _)| name)).collect();
        for family in families {
            let was_promised = self.commits.iter().any(|commit| {
                commit.fate >= promised && commit.metadata.iter().any(|(name, _)| name == family)
            });
            match found.metadata.get(family) {
                None => assert!(!was_promised, "what was said of {family} is gone"),
                Some(known) => {
                    let said = self.said_of(family, promised);
                    assert!(said.contains(&known), "{family} was not last said to be {known:?}");
                }
            }
        }
    }
}
