//! A plugin's folder: what `narthex-plugin.toml` says, and building it.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, read_to_string, replace};
use serde::Deserialize;

use crate::console::{Console, Tone};

/// The file that makes a folder a plugin's.
const MANIFEST: &str = "narthex-plugin.toml";

const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

/// The largest component that a server loads.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// A plugin's folder.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder.
    pub folder: Utf8PathBuf,
    pub(crate) manifest: Manifest,
}

/// What its file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) build: Vec<String>,
    pub(crate) component: String,
    #[serde(default)]
    pub(crate) watch: Vec<String>,
    #[serde(default, rename = "try")]
    pub(crate) tried: Tried,
}

/// What it is tried with where nobody says otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tried {
    pub(crate) target: Option<String>,
    pub(crate) config: Option<serde_json::Value>,
}

/// Why a plugin's folder is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is none.
    #[error(
        "{0} is neither a component nor a folder with {MANIFEST}; `narthex plugin new` makes one"
    )]
    NoProject(Utf8PathBuf),
    /// The file says nonsense.
    #[error("{file}: {message}")]
    Manifest {
        /// The file.
        file: Utf8PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The compiler cannot be run.
    #[error("run {command:?}; is it installed?")]
    Start {
        /// The program and its arguments.
        command: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The compiler refuses.
    #[error("{command:?} failed; what it says is above")]
    Build {
        /// The program and its arguments.
        command: String,
    },
    /// It left nothing.
    #[error("read {file}, where `component` in {MANIFEST} says that the build leaves it")]
    NotBuilt {
        /// Where it should be.
        file: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A component that is no project's.
    #[error("read {file}")]
    Component {
        /// The file.
        file: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No server would take it.
    #[error(
        "{MANIFEST} says name = {project:?}, and the component calls itself {component:?}; a server takes one name"
    )]
    Name {
        /// By its file.
        project: String,
        /// By itself.
        component: String,
    },
    /// It cannot be handed over.
    #[error("put {file}")]
    Into {
        /// Where it should go.
        file: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Project {
    /// Reads a plugin's folder.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(disk: &dyn Disk, folder: &Utf8Path) -> Result<Self, ProjectError> {
        let file = folder.join(MANIFEST);
        let text = read_to_string(disk, &file, MANIFEST_BYTES_MAX)
            .map_err(|_| ProjectError::NoProject(folder.to_owned()))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| ProjectError::Manifest {
            file: file.clone(),
            message: error.to_string(),
        })?;
        if manifest.build.is_empty() {
            let message = "`build` names no program".to_owned();
            return Err(ProjectError::Manifest { file, message });
        }
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// Says what the build is and runs it. What the compiler says goes to standard error.
    ///
    /// # Errors
    /// When it fails.
    pub fn build(&self, console: Console) -> Result<(), ProjectError> {
        let command = self.manifest.build.join(" ");
        console.complain(&console.paint(Tone::Aside, &format!("build: {command}")));
        let mut words = self.manifest.build.iter();
        let program = words.next().map(String::as_str).unwrap_or_default();
        let status = Command::new(program).args(words).current_dir(&self.folder).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(ProjectError::Build { command }),
            Err(source) => Err(ProjectError::Start { command, source }),
        }
    }

    /// The component as it was last built.
    ///
    /// # Errors
    /// When there is none.
    pub fn component(&self, disk: &dyn Disk) -> Result<Vec<u8>, ProjectError> {
        let file = self.component_file();
        disk.read(&file, COMPONENT_BYTES_MAX)
            .map_err(|source| ProjectError::NotBuilt { file, source })
    }

    /// Whether the component has the project's name.
    pub(crate) fn is_called(&self, component: &str) -> Result<(), ProjectError> {
        let project = &self.manifest.name;
        if project == component {
            return Ok(());
        }
        let (project, component) = (project.clone(), component.to_owned());
        Err(ProjectError::Name { project, component })
    }

    /// Puts the component into the plugin folder of a server, by a rename.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn hand_over(
        &self,
        disk: &dyn Disk,
        folder: &Utf8Path,
        console: Console,
    ) -> Result<(), ProjectError> {
        let bytes = self.component(disk)?;
        let file = folder.join(format!("{}.wasm", self.manifest.name));
        let put = disk.create_folder(folder).and_then(|()| replace(disk, &file, &bytes));
        put.map_err(|source| ProjectError::Into { file: file.clone(), source })?;
        console.say(&format!("{file}: {} KiB", bytes.len().div_ceil(1024)));
        Ok(())
    }

    /// Where the component is left.
    #[must_use]
    pub fn component_file(&self) -> Utf8PathBuf {
        self.folder.join(&self.manifest.component)
    }
}

pub(crate) fn read_component(disk: &dyn Disk, file: &Utf8Path) -> Result<Vec<u8>, ProjectError> {
    let read = disk.read(file, COMPONENT_BYTES_MAX);
    read.map_err(|source| ProjectError::Component { file: file.to_owned(), source })
}
