//! `run` and `test`: one call of the world as it is, or of a world that was recorded.

use camino::{Utf8Path, Utf8PathBuf};
use narthex_plugins::{Report, Tape};
use narthex_settings::error_chain;
use serde_json::Value;

use crate::case::{self, CASE_BYTES_MAX, Case, CaseError};
use crate::console::{Console, Tone, Verdict};
use crate::session::{Session, World};
use crate::{difference, show};

/// What `test` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Replays all cases.
    Replay,
    /// Replays all cases, and takes their answers for right.
    Bless,
    /// Makes a case of this name by a live call.
    Record {
        /// The file's name without `.json`.
        name: String,
        /// Whether secrets stay as they are.
        keeps_secrets: bool,
    },
}

/// Calls it once and shows all of it.
pub async fn run(session: &Session, console: Console) -> Verdict {
    let report = session.ask(Tape::listening()).await;
    show::report(console, &session.bench, &report)
}

/// Replays or makes cases.
///
/// # Errors
/// When a file of a case cannot be read or written.
pub async fn test(
    world: &World,
    session: &Session,
    trial: &Trial,
    console: Console,
) -> Result<Verdict, String> {
    let folder = session.project.as_ref().map(|project| project.folder.join("tests"));
    let folder = folder.unwrap_or_else(|| Utf8PathBuf::from("tests"));
    let outcome = match trial {
        Trial::Record { name, keeps_secrets } => {
            let file = folder.join(format!("{name}.json"));
            record(world, session, &file, *keeps_secrets, console).await
        }
        Trial::Replay => replay(world, session, &folder, false, console).await,
        Trial::Bless => replay(world, session, &folder, true, console).await,
    };
    outcome.map_err(|error| error_chain(&error))
}

async fn record(
    world: &World,
    session: &Session,
    file: &Utf8Path,
    keeps_secrets: bool,
    console: Console,
) -> Result<Verdict, CaseError> {
    let bytes_max = usize::try_from(CASE_BYTES_MAX / 2).unwrap_or(usize::MAX);
    let tape = match keeps_secrets {
        true => Tape::recording_secrets(bytes_max),
        false => Tape::recording(bytes_max),
    };
    let report = session.ask(tape).await;
    let verdict = show::report(console, &session.bench, &report);
    let Some(recording) = report.heard.recording else {
        console.complain("the conversation is too long to be kept; ask for less");
        return Ok(Verdict::Bad);
    };
    let config = match keeps_secrets {
        true => session.config.clone(),
        false => session.without_secrets(),
    };
    let answer = case::answer(&report.reply);
    Case { config, call: session.call.clone(), recording, answer }
        .write(&*world.deps.disk, file)?;
    console.say(&format!("{file}: recorded; an error is a case too"));
    Ok(verdict)
}

async fn replay(
    world: &World,
    session: &Session,
    folder: &Utf8Path,
    blesses: bool,
    console: Console,
) -> Result<Verdict, CaseError> {
    let disk = &*world.deps.disk;
    let listed = disk.list(folder).unwrap_or_default();
    let names = listed.into_iter().filter(|file| !file.is_folder).map(|file| file.name);
    let mut files: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    files.sort();
    if files.is_empty() {
        console.complain(&format!(
            "{folder} has no recordings; `narthex plugin test --record NAME` makes one by a live call"
        ));
        return Ok(Verdict::Nothing);
    }
    let mut failed = 0_usize;
    for name in &files {
        let file = folder.join(name);
        let case = Case::read(disk, &file)?;
        let report = session.replay(&case).await;
        let given = case::answer(&report.reply);
        let mut wrong = unlike(&report);
        if !blesses {
            wrong.extend(changed(&case.answer, &given));
        } else if wrong.is_empty() && given != case.answer {
            // An answer to other questions than the recorded ones says nothing of the world.
            Case { answer: given, ..case }.write(disk, &file)?;
            console.say(&format!("{name}: the answer is taken for right"));
        }
        if wrong.is_empty() {
            console.say(&format!("{} {name}", console.paint(Tone::Good, "ok    ")));
            continue;
        }
        failed += 1;
        console.say(&format!("{} {name}", console.paint(Tone::Bad, "FAILED")));
        for line in wrong {
            let tone = match line.chars().next() {
                Some('+') => Tone::Good,
                Some('-') => Tone::Bad,
                _ => Tone::Value,
            };
            console.say(&format!("  {}", console.paint(tone, &line)));
        }
        show::heard(console, &session.bench, &report.heard);
    }
    if blesses && failed > 0 {
        console.complain("--bless keeps answers alone; record anew what asks otherwise (--record)");
    }
    let count = files.len();
    console.say(&format!("{count} replayed, {failed} failed"));
    Ok(if failed == 0 { Verdict::Good } else { Verdict::Bad })
}

/// How the questions of a replay are other than the recorded ones.
fn unlike(report: &Report) -> Vec<String> {
    let not_asked = report.heard.not_asked.iter().map(|ask| format!("it did not: {ask}"));
    report.heard.misses.iter().cloned().chain(not_asked).collect()
}

/// The lines in which the answer is another one.
fn changed(expected: &Value, given: &Value) -> Vec<String> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    difference::lines(&pretty(expected), &pretty(given))
}
