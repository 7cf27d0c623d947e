//! `dev`: builds when a file is saved, and calls what was built, again and again.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, Watcher, watch_folders};
use narthex_plugins::{Card, Tape};
use narthex_settings::error_chain;

use crate::case;
use crate::console::{Console, Tone};
use crate::project::Project;
use crate::server::{Following, Server};
use crate::session::{Asked, Session, SessionError, World};
use crate::{difference, show};

/// Folders of sources; more are a sign of a `watch` that is too wide.
const FOLDERS_MAX: usize = 500;

/// Folders that tools write to while they build.
const BUILT: [&str; 6] = ["target", "node_modules", "dist", "__pycache__", ".venv", ".git"];

/// What `dev` does.
#[derive(Clone, Debug)]
pub struct Dev {
    /// The project's folder.
    pub folder: Utf8PathBuf,
    /// The plugin folder of a server that is to have each version.
    pub into: Option<Utf8PathBuf>,
    /// That server, to be asked what became of each version.
    pub server: Option<Server>,
    /// How often it is called while nothing changes.
    pub interval: Duration,
}

/// Builds and calls until the program is stopped.
///
/// # Errors
/// When the folder is no project, or cannot be watched.
pub async fn dev(world: &World, dev: &Dev, asked: &Asked, console: Console) -> Result<(), String> {
    let disk = &*world.deps.disk;
    let project = Project::open(disk, &dev.folder).map_err(|error| error_chain(&error))?;
    let mut watcher = watch(disk, &project)?;
    let mut last = None;
    let mut following = match &dev.server {
        Some(server) => Following::begin(server, &project.manifest.name).await,
        None => Following::default(),
    };
    loop {
        match built(world, &project, dev, asked, console).await {
            Ok(session) => {
                let calls = call_again(&session, dev.interval, &mut last, console);
                let Card { name, digest, .. } = session.card();
                let told = async {
                    match &dev.server {
                        Some(server) => {
                            let version = (name.as_str(), digest.as_str());
                            following.follow(server, version, &session.clock, console).await;
                        }
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = calls => {}
                    () = told => {}
                    () = watcher.changed() => {}
                }
            }
            Err(error) => {
                console.complain(&console.paint(Tone::Bad, &error_chain(&error)));
                watcher.changed().await;
            }
        }
        // A file may have moved into a folder that is new.
        watcher = watch(disk, &project)?;
        console.say(&console.paint(Tone::Aside, "a file changed"));
    }
}

async fn built(
    world: &World,
    project: &Project,
    dev: &Dev,
    asked: &Asked,
    console: Console,
) -> Result<Session, SessionError> {
    let building = project.clone();
    let built = tokio::task::spawn_blocking(move || building.build(console)).await;
    built.map_err(|panic| std::io::Error::other(panic.to_string())).map_err(|source| {
        let command = project.manifest.build.join(" ");
        crate::project::ProjectError::Start { command, source }
    })??;
    let disk = &*world.deps.disk;
    let bytes = project.component(disk)?;
    let session = Session::of(world, Some(project.clone()), bytes.into(), asked).await?;
    let (card, took) = (session.card(), show::time(session.opened_in));
    let size = show::size(card.bytes);
    console.say(&format!("{} {}, {size}, loaded in {took}", card.name, card.version));
    if let Some(folder) = &dev.into {
        project.hand_over(disk, folder, console)?;
    }
    Ok(session)
}

/// Calls it now and then; shows the first answer, and then what changes.
async fn call_again(
    session: &Session,
    interval: Duration,
    last: &mut Option<String>,
    console: Console,
) {
    if let Err(nothing) = session.is_askable() {
        console.complain(&nothing.to_string());
        return std::future::pending().await;
    }
    loop {
        let report = session.ask(Tape::listening()).await;
        let answer = case::answer(&report.reply);
        let answer = serde_json::to_string_pretty(&answer).unwrap_or_default();
        match last {
            Some(last) if *last == answer => console.say("the answer is the same"),
            Some(last) => {
                for line in difference::lines(last, &answer) {
                    let tone = if line.starts_with('+') { Tone::Good } else { Tone::Bad };
                    console.say(&console.paint(tone, &line));
                }
            }
            None => {
                show::report(console, &session.bench, &report);
            }
        }
        if last.is_some() {
            show::heard(console, &session.bench, &report.heard);
        }
        *last = Some(answer);
        session.clock.sleep(interval).await;
    }
}

/// Watches the project's sources, folders below folders.
fn watch(disk: &dyn Disk, project: &Project) -> Result<Watcher, String> {
    let mut folders = Vec::new();
    for path in &project.manifest.watch {
        let path = project.folder.join(path);
        // A file is watched by its folder, which sees a rename over it.
        match disk.list(&path) {
            Ok(_) => below(disk, &path, &mut folders),
            Err(_) => folders.extend(path.parent().map(Utf8Path::to_owned)),
        }
    }
    folders.sort();
    folders.dedup();
    if folders.len() > FOLDERS_MAX {
        let count = folders.len();
        return Err(format!("`watch` leads to {count} folders; at most {FOLDERS_MAX} are watched"));
    }
    watch_folders(&folders).map_err(|error| error_chain(&error))
}

fn below(disk: &dyn Disk, folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    found.push(folder.to_owned());
    for file in disk.list(folder).unwrap_or_default() {
        let is_source = file.is_folder && !BUILT.contains(&file.name.as_str());
        if is_source && found.len() <= FOLDERS_MAX {
            below(disk, &folder.join(&file.name), found);
        }
    }
}
