//! Folders, names and faults of the simulated disk.
//!
//! A folder's names are kept twice: as the running system sees them, and as they are certain to be
//! after a power cut. What differs is a list of changes, oldest first, until the folder is synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::contents::Contents;

/// The root folder's number. Its names are durable at once: what lies in it is mounted there.
pub(super) const ROOT: usize = 0;

/// The next number of `SplitMix64`: small, and every seed is a good one.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// A number below `end`, which is not zero.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(mixed % end).unwrap_or(0)
    }
}

#[derive(Debug)]
pub(super) enum Node {
    File(Contents),
    Folder(Folder),
}

#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
}

/// A name in a folder.
type Place = (usize, String);

/// One change of names, done whole or not at all: a name goes, a name comes, or both.
#[derive(Clone, Debug)]
struct NameChange {
    from: Option<Place>,
    to: Option<(Place, usize)>,
}

impl NameChange {
    /// The folder whose sync makes the change durable.
    fn folder(&self) -> Option<usize> {
        let to = self.to.as_ref().map(|((folder, _), _)| *folder);
        to.or(self.from.as_ref().map(|(folder, _)| *folder))
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) chance: Chance,
    nodes: Vec<Node>,
    /// Changes that no sync of their folder covers yet, oldest first.
    changes: Vec<NameChange>,
    pub(super) locks: BTreeSet<Utf8PathBuf>,
    /// Counts lives of the machine: handles of an earlier one answer nothing.
    pub(super) life: u64,
    pub(super) steps: u64,
    pub(super) cut_after: Option<u64>,
    pub(super) is_off: bool,
    /// Of the syncs to come so many succeed before `syncs_failing` fail.
    pub(super) syncs_passing: u32,
    pub(super) syncs_failing: u32,
    pub(super) writes_failing: u32,
    pub(super) bytes_max: Option<usize>,
}

pub(super) fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Chance(seed),
            nodes: vec![Node::Folder(Folder::default())],
            changes: Vec::new(),
            locks: BTreeSet::new(),
            life: 0,
            steps: 0,
            cut_after: None,
            is_off: false,
            syncs_passing: 0,
            syncs_failing: 0,
            writes_failing: 0,
            bytes_max: None,
        }
    }

    // -- power and steps --

    pub(super) fn check_power(&self) -> io::Result<()> {
        if self.is_off { Err(power_is_off()) } else { Ok(()) }
    }

    /// Counts a step; true when the power fails in it.
    pub(super) fn step(&mut self) -> io::Result<bool> {
        self.check_power()?;
        if self.cut_after.is_some_and(|steps| self.steps >= steps) {
            self.is_off = true;
            return Ok(true);
        }
        self.steps += 1;
        Ok(false)
    }

    /// A step that is done whole or, when the power fails, not at all.
    pub(super) fn whole_step(&mut self) -> io::Result<()> {
        if self.step()? { Err(power_is_off()) } else { Ok(()) }
    }

    /// Whether this sync is one of those that are to fail.
    pub(super) fn sync_fails(&mut self) -> bool {
        if self.syncs_passing > 0 {
            self.syncs_passing -= 1;
            return false;
        }
        let fails = self.syncs_failing > 0;
        self.syncs_failing = self.syncs_failing.saturating_sub(1);
        fails
    }

    pub(super) fn start_new_life(&mut self) {
        self.life += 1;
        self.locks.clear();
        self.is_off = false;
        self.cut_after = None;
        self.syncs_passing = 0;
        self.syncs_failing = 0;
        self.writes_failing = 0;
    }

    /// What a power cut leaves of names and bytes.
    pub(super) fn lose_power(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        let survive = self.chance.below(changes.len() + 1);
        for change in changes.iter().take(survive) {
            self.make_durable(change);
        }
        for node in &mut self.nodes {
            match node {
                Node::File(contents) => contents.tear(&mut self.chance),
                Node::Folder(folder) => folder.names.clone_from(&folder.durable),
            }
        }
    }

    // -- nodes and names --

    pub(super) fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    pub(super) fn folder(&self, number: usize) -> io::Result<&Folder> {
        match self.nodes.get(number) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(Node::File(_)) => Err(io::Error::from(io::ErrorKind::NotADirectory)),
            None => Err(not_found()),
        }
    }

    pub(super) fn contents(&mut self, number: usize) -> io::Result<&mut Contents> {
        match self.nodes.get_mut(number) {
            Some(Node::File(contents)) => Ok(contents),
            Some(Node::Folder(_)) => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            None => Err(not_found()),
        }
    }

    /// The number of what has this path.
    pub(super) fn find(&self, path: &Utf8Path) -> io::Result<usize> {
        let mut at = ROOT;
        for component in path.components() {
            if let Utf8Component::Normal(name) = component {
                at = self.folder(at)?.names.get(name).copied().ok_or_else(not_found)?;
            }
        }
        Ok(at)
    }

    /// The folder in which a path stands, and its name there.
    pub(super) fn place(&self, path: &Utf8Path) -> io::Result<Place> {
        let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let folder = self.find(path.parent().unwrap_or(Utf8Path::new("/")))?;
        self.folder(folder)?;
        Ok((folder, name.to_owned()))
    }

    pub(super) fn is_taken(&self, (folder, name): &Place) -> bool {
        self.folder(*folder).is_ok_and(|folder| folder.names.contains_key(name))
    }

    /// A new node under a name that is free.
    pub(super) fn add(&mut self, place: Place, node: Node) -> usize {
        let number = self.nodes.len();
        self.nodes.push(node);
        self.change(NameChange { from: None, to: Some((place, number)) });
        number
    }

    pub(super) fn link(&mut self, place: Place, number: usize) {
        self.change(NameChange { from: None, to: Some((place, number)) });
    }

    pub(super) fn unlink(&mut self, place: Place) {
        self.change(NameChange { from: Some(place), to: None });
    }

    pub(super) fn rename(&mut self, from: Place, to: Place, number: usize) {
        self.change(NameChange { from: Some(from), to: Some((to, number)) });
    }

    fn change(&mut self, change: NameChange) {
        self.apply(&change, |folder| &mut folder.names);
        if change.folder() == Some(ROOT) {
            self.make_durable(&change);
        } else {
            self.changes.push(change);
        }
    }

    fn make_durable(&mut self, change: &NameChange) {
        self.apply(change, |folder| &mut folder.durable);
    }

    fn apply(
        &mut self,
        change: &NameChange,
        names: impl Fn(&mut Folder) -> &mut BTreeMap<String, usize>,
    ) {
        if let Some((folder, name)) = &change.from
            && let Some(Node::Folder(folder)) = self.nodes.get_mut(*folder)
        {
            names(folder).remove(name);
        }
        if let Some(((folder, name), number)) = &change.to
            && let Some(Node::Folder(folder)) = self.nodes.get_mut(*folder)
        {
            names(folder).insert(name.clone(), *number);
        }
    }

    /// Makes the names in a folder durable.
    pub(super) fn sync_folder(&mut self, number: usize) {
        for change in std::mem::take(&mut self.changes) {
            if change.folder() == Some(number) {
                self.make_durable(&change);
            } else {
                self.changes.push(change);
            }
        }
    }

    /// All files that have a name, each name once, ascending.
    pub(super) fn files(&self) -> Vec<(Utf8PathBuf, usize)> {
        let mut found = Vec::new();
        let mut folders = vec![(Utf8PathBuf::from("/"), ROOT)];
        while let Some((path, number)) = folders.pop() {
            let Ok(folder) = self.folder(number) else { continue };
            for (name, number) in &folder.names {
                match self.nodes.get(*number) {
                    Some(Node::File(_)) => found.push((path.join(name), *number)),
                    Some(Node::Folder(_)) => folders.push((path.join(name), *number)),
                    None => {}
                }
            }
        }
        found.sort_unstable();
        found
    }

    pub(super) fn used_bytes(&self) -> usize {
        let numbers: BTreeSet<usize> = self.files().into_iter().map(|(_, number)| number).collect();
        numbers.into_iter().map(|number| self.len(number)).sum()
    }

    pub(super) fn len(&self, number: usize) -> usize {
        match self.nodes.get(number) {
            Some(Node::File(contents)) => contents.bytes.len(),
            Some(Node::Folder(_)) | None => 0,
        }
    }
}
