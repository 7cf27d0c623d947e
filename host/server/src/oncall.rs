//! `narthex alert`, `silence`, `alertmanager`, `routes` and `template`: what somebody on call does, with the
//! arguments and the lines of `amtool`.
//!
//! What is done is done in `host/oncall`; here are its arguments and the world in which it is done.
//! A flag that the command line does not say is looked up in amtool's configuration files.

mod arguments;
mod given;
mod line;

use std::io::Read as _;

use anyhow::Context as _;
use camino::Utf8Path;
use narthex_model::Timestamp;
use narthex_oncall::{
    AlertChoice, Import, NewAcknowledgement, NewAlert, NewSilence, Outcome, RouteTrial,
    SilenceChange, SilenceChoice,
};
use narthex_platform::{Clock, Disk, RealDisk, expand_pattern, read_to_string};
use narthex_settings::Document;

use self::arguments::{
    Acknowledge, AlertAsk, AlertQuery, AlertmanagerAsk, RoutesAsk, SilenceAdd, SilenceAsk,
    SilenceQuery, TemplateAsk,
};
pub(crate) use self::arguments::{
    AlertCommand, AlertmanagerCommand, RoutesCommand, SilenceCommand, TemplateCommand,
};
use self::given::Given;
pub(crate) use self::line::server_flags_last;
use crate::tsdb::output::{ClosedPipe, Output, progress};

/// Files that people write, and 50,000 silences.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// Silences that are sent at the same time where nothing is said.
const WORKERS: usize = 8;

/// What is said in front of a command that has words of its own is said to nobody.
const MISPLACED: &str = "flags and matchers of a query stand in front of the command that follows them; put them \
                         behind `query`, or leave them out";

/// `narthex alert`
pub(crate) fn run_alert(command: &AlertCommand) -> anyhow::Result<bool> {
    let is_plain = command.ask.is_none() || command.query == AlertQuery::default();
    anyhow::ensure!(is_plain, MISPLACED);
    let given = Given::new(&command.server)?;
    let query = |query: &AlertQuery| AlertChoice {
        inhibited: given.is_on("inhibited", query.inhibited),
        silenced: given.is_on("silenced", query.silenced),
        active: given.is_on("active", query.active),
        unprocessed: given.is_on("unprocessed", query.unprocessed),
        receiver: given.text("receiver", query.receiver.as_ref()).unwrap_or_default(),
        matchers: query.matchers.clone(),
    };
    let (server, style) = (given.server()?, given.style()?);
    let outcome = match &command.ask {
        None => block_on(narthex_oncall::query_alerts(&server, &query(&command.query), &style)),
        Some(AlertAsk::Query(asked)) => {
            block_on(narthex_oncall::query_alerts(&server, &query(asked), &style))
        }
        Some(AlertAsk::Add(add)) => {
            let new = NewAlert {
                labels: add.labels.clone(),
                annotations: add.annotations.clone(),
                generator_url: given
                    .text("generator-url", add.generator_url.as_ref())
                    .unwrap_or_default(),
                start: given.text("start", add.start.as_ref()),
                end: given.text("end", add.end.as_ref()),
            };
            block_on(narthex_oncall::add_alert(&server, &new))
        }
        Some(AlertAsk::Acknowledge(acknowledge)) => {
            let new = new_acknowledgement(&given, acknowledge);
            block_on(narthex_oncall::acknowledge(&server, &new, &style, now()))
        }
        Some(AlertAsk::Acknowledgements { matchers }) => {
            block_on(narthex_oncall::query_acknowledgements(&server, matchers, &style))
        }
        Some(AlertAsk::Unacknowledge { fingerprints }) => {
            block_on(narthex_oncall::unacknowledge(&server, fingerprints))
        }
    };
    tell(&outcome??)
}

/// The files of amtool speak of the length of silences: an acknowledgement has its own.
fn new_acknowledgement(given: &Given<'_>, new: &Acknowledge) -> NewAcknowledgement {
    NewAcknowledgement {
        matchers: new.matchers.clone(),
        author: given.text("author", new.author.as_ref()).unwrap_or_else(given::user_name),
        comment: given.text("comment", new.comment.as_ref()).unwrap_or_default(),
        requires_comment: given.is_required("require-comment", None),
        duration: new.duration.clone(),
        end: new.end.clone(),
    }
}

/// `narthex alertmanager`
pub(crate) fn run_alertmanager(command: &AlertmanagerCommand) -> anyhow::Result<bool> {
    let given = Given::new(&command.server)?;
    let (server, style) = (given.server()?, given.style()?);
    let shown = match command.ask {
        AlertmanagerAsk::Config => block_on(narthex_oncall::show_config(&server, &style)),
        AlertmanagerAsk::Cluster => block_on(narthex_oncall::show_cluster(&server, &style)),
    };
    tell(&shown??.into())
}

/// `narthex silence`
pub(crate) fn run_silence(command: &SilenceCommand) -> anyhow::Result<bool> {
    let is_plain = command.ask.is_none() || command.query == SilenceQuery::default();
    anyhow::ensure!(is_plain, MISPLACED);
    let given = Given::new(&command.server)?;
    let (server, style) = (given.server()?, given.style()?);
    let now = now();
    let query = |query: &SilenceQuery| -> anyhow::Result<Outcome> {
        let only_ids = given.is_on("quiet", query.quiet);
        let choice = choice(&given, query)?;
        let asked = narthex_oncall::query_silences(&server, &choice, (&style, only_ids), now);
        Ok(block_on(asked)??)
    };
    let outcome = match &command.ask {
        None => query(&command.query)?,
        Some(SilenceAsk::Query(asked)) => query(asked)?,
        Some(SilenceAsk::Add(add)) => {
            let new = new_silence(&given, add);
            block_on(narthex_oncall::add_silence(&server, &new, now))??
        }
        Some(SilenceAsk::Expire { ids }) => {
            block_on(narthex_oncall::expire_silences(&server, ids))??
        }
        Some(SilenceAsk::Update(update)) => {
            let change = SilenceChange {
                duration: given.text("duration", update.duration.as_ref()),
                start: given.text("start", update.start.as_ref()),
                end: given.text("end", update.end.as_ref()),
                comment: given.text("comment", update.comment.as_ref()),
            };
            let only_ids = given.is_on("quiet", update.quiet);
            let shown = (&style, only_ids);
            block_on(narthex_oncall::update_silences(&server, &update.ids, &change, shown))??
        }
        Some(SilenceAsk::Import { force, workers, file }) => {
            let workers = match workers {
                Some(workers) => *workers,
                None => given.number("worker")?.unwrap_or(WORKERS),
            };
            let import = Import { is_forced: given.is_on("force", *force), workers };
            let text = file_or_input(file.as_deref())?;
            block_on(narthex_oncall::import_silences(&server, &text, import))??
        }
        Some(SilenceAsk::Export(asked)) => {
            let choice = choice(&given, asked)?;
            block_on(narthex_oncall::export_silences(&server, &choice, now))??
        }
    };
    tell(&outcome)
}

fn choice(given: &Given<'_>, query: &SilenceQuery) -> anyhow::Result<SilenceChoice> {
    Ok(SilenceChoice {
        expired: given.is_on("expired", query.expired),
        within: given.duration("within", query.within.as_ref())?.unwrap_or_default(),
        created_by: given.text("created-by", query.created_by.as_ref()),
        id: given.text("id", query.id.as_ref()),
        matchers: query.matchers.clone(),
    })
}

fn new_silence(given: &Given<'_>, add: &SilenceAdd) -> NewSilence {
    let requires_comment = given.is_required("require-comment", add.comment_is_required());
    NewSilence {
        matchers: add.matchers.clone(),
        author: given.text("author", add.author.as_ref()).unwrap_or_else(given::user_name),
        comment: given.text("comment", add.comment.as_ref()).unwrap_or_default(),
        requires_comment,
        duration: given.text("duration", add.duration.as_ref()),
        start: given.text("start", add.start.as_ref()),
        end: given.text("end", add.end.as_ref()),
        annotations: add.annotations.clone(),
        recurring: add.recurring.clone(),
        is_dry: add.dry_run,
    }
}

/// `narthex routes`
pub(crate) fn run_routes(command: &RoutesCommand) -> anyhow::Result<bool> {
    let given = Given::new(&command.server)?;
    let file = given.text("config.file", command.routing_file.as_ref());
    let config = match &file {
        Some(file) => {
            if given.names_server() {
                progress("Warning: --config.file flag overrides the --alertmanager.url.");
            }
            routing_file(&*RealDisk::shared(), Utf8Path::new(file))?
        }
        None => {
            let text = block_on(given.server()?.routing())??;
            narthex_oncall::read_routing("the server's alertmanager.yml", &text)?
        }
    };
    match &command.ask {
        None | Some(RoutesAsk::Show) => tell(&narthex_oncall::show_routes(config.routes()).into()),
        Some(RoutesAsk::Test { expected, tree, explain, labels }) => {
            let labels = narthex_oncall::parse_labels(labels)?;
            let trial = RouteTrial {
                shows_tree: given.is_on("tree", *tree),
                explains: *explain,
                expected: given.text("verify.receivers", expected.as_ref()),
            };
            tell(&narthex_oncall::try_routes(config.routes(), &labels, trial))
        }
    }
}

/// The routing of an alertmanager.yml, or of a file of ours that holds it or names it.
fn routing_file(disk: &dyn Disk, path: &Utf8Path) -> anyhow::Result<narthex_alerting::Config> {
    let text = read(disk, path)?;
    let document = Document::parse(path.as_str(), &text)?;
    let Some(node) = document.root().get("alertmanager_config_file") else {
        return Ok(narthex_oncall::read_routing(path.as_str(), &text)?);
    };
    let name: String = document.read_node(node, "alertmanager_config_file")?;
    let path = path.parent().unwrap_or(Utf8Path::new("")).join(name);
    Ok(narthex_oncall::read_routing(path.as_str(), &read(disk, &path)?)?)
}

/// `narthex template`
pub(crate) fn run_template(command: &TemplateCommand) -> anyhow::Result<bool> {
    let TemplateAsk::Render { globs, text, kind, data } = &command.ask;
    let disk = RealDisk::shared();
    let mut files = Vec::new();
    for pattern in globs {
        files.extend(template_files(&*disk, pattern)?);
    }
    let data = data.as_deref().map(|path| read(&*disk, path)).transpose()?;
    let is_html = *kind == arguments::TextKind::Html;
    let text = (text.as_str(), is_html);
    tell(&narthex_oncall::render_template(&files, text, data.as_deref(), now())?.into())
}

/// Names and texts of templates. A file that does not exist is none.
pub(crate) fn template_files(
    disk: &dyn Disk,
    pattern: &Utf8Path,
) -> anyhow::Result<Vec<(String, String)>> {
    let found = expand_pattern(disk, pattern).with_context(|| format!("list {pattern}"))?;
    let mut files = Vec::new();
    for path in found {
        let name = path.file_name().unwrap_or_default().to_owned();
        match read_to_string(disk, &path, FILE_BYTES_MAX) {
            Ok(text) => files.push((name, text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("read {path}")),
        }
    }
    Ok(files)
}

fn read(disk: &dyn Disk, path: &Utf8Path) -> anyhow::Result<String> {
    read_to_string(disk, path, FILE_BYTES_MAX).with_context(|| format!("read {path}"))
}

fn file_or_input(file: Option<&Utf8Path>) -> anyhow::Result<String> {
    if let Some(path) = file {
        return read(&*RealDisk::shared(), path);
    }
    let mut text = String::new();
    std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text).context("read the input")?;
    Ok(text)
}

fn now() -> Timestamp {
    Timestamp::from_millis(Clock::real().now_millis())
}

fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    Ok(runtime.block_on(future))
}

/// Prints what came; whether it is what was expected.
fn tell(outcome: &Outcome) -> anyhow::Result<bool> {
    let mut out = Output::new();
    let told = out.text(&outcome.answer).and_then(|()| out.finish());
    outcome.aside.iter().for_each(|line| progress(line));
    match told {
        Err(error) if !error.is::<ClosedPipe>() => Err(error),
        _ => Ok(!outcome.is_bad),
    }
}
