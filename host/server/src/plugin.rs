//! `narthex plugin`: the loop of a plugin's author, and a look at a stranger's component.
//!
//! What is done is done in `host/author`; here are its arguments, and the world in which it is done.

mod arguments;

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};
use narthex_author::{
    Asked, Console, Dev, Kind, Lang, Load, Order, Project, Server, Session, Trial, Verdict, World,
};
use narthex_platform::{Clock, Disk, Metrics, RealDisk, read_to_string};
use narthex_plugins::{Access, Allow, Deps, NetPattern, Root};
use narthex_settings::Document;
use narthex_state::StateStore;
use serde_json::Value;

pub(crate) use self::arguments::PluginCommand;
use self::arguments::{CallArguments, KindArgument, LangArgument};
use crate::outbound;
use crate::reload::ConfigFile;

/// A configuration of one plugin is written by hand.
const CONFIG_BYTES_MAX: u64 = 4 << 20;

/// Does what the command line says.
///
/// # Errors
/// When the arguments make no sense, or there is nothing to work on.
pub(crate) fn run(command: &PluginCommand) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let outcome = runtime.block_on(run_one(command));
    runtime.shutdown_background();
    outcome.map(exit_code)
}

/// As docs/guide/plugins/README.md lists them.
fn exit_code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Good => ExitCode::SUCCESS,
        Verdict::Bad => ExitCode::FAILURE,
        Verdict::Nothing => ExitCode::from(2),
        Verdict::Lint => ExitCode::from(3),
    }
}

async fn run_one(command: &PluginCommand) -> anyhow::Result<Verdict> {
    let disk = RealDisk::shared();
    let console = Console { say, complain, is_colored: std::io::stdout().is_terminal() };
    match command {
        PluginCommand::New { name, kind, lang, dir } => {
            let order = order(name.clone(), *kind, *lang, dir.clone())?;
            narthex_author::new(&*disk, &order, console)?;
            Ok(Verdict::Good)
        }
        PluginCommand::Build { folder, into } => {
            let project = Project::open(&*disk, folder)?;
            project.build(console)?;
            match into {
                Some(into) => project.hand_over(&*disk, into, console)?,
                None => say(project.component_file().as_str()),
            }
            Ok(Verdict::Good)
        }
        PluginCommand::Dev { folder, into, server, http_config, interval, call } => {
            let (world, asked) = (world(call)?, asked(&*disk, call)?);
            let server = server.as_ref().map(|url| -> anyhow::Result<Server> {
                let client = outbound::client(&disk, http_config.as_deref())?;
                Ok(Server::new(client, outbound::base_url(url)))
            });
            let (folder, into, server) = (folder.clone(), into.clone(), server.transpose()?);
            let dev = Dev { folder, into, server, interval: *interval };
            let ended = narthex_author::dev(&world, &dev, &asked, console);
            ended.await.map_err(anyhow::Error::msg)?;
            Ok(Verdict::Good)
        }
        PluginCommand::Run { path, call } => {
            let (_, session) = open(path, call, console).await?;
            session.is_askable()?;
            Ok(narthex_author::run(&session, console).await)
        }
        PluginCommand::Test { path, record, keep_secrets, bless, call } => {
            let (world, session) = open(path, call, console).await?;
            let trial = match record {
                Some(name) => {
                    session.is_askable()?;
                    Trial::Record { name: name.clone(), keeps_secrets: *keep_secrets }
                }
                None if *bless => Trial::Bless,
                None => Trial::Replay,
            };
            let judged = narthex_author::test(&world, &session, &trial, console).await;
            Ok(judged.map_err(anyhow::Error::msg)?)
        }
        PluginCommand::Check { path, call } => {
            let (world, session) = open(path, call, console).await?;
            // Where the command line says what to ask, it is asked.
            let calls = call.target.is_some() || call.config.is_some();
            Ok(narthex_author::check(&world, &session, calls, console).await)
        }
        PluginCommand::Bench { path, calls, concurrency, replay, call } => {
            let (world, session) = open(path, call, console).await?;
            if replay.is_none() {
                session.is_askable()?;
            }
            let (calls, concurrency) = (*calls, (*concurrency).clamp(1, 64));
            let load = Load { calls, concurrency, replay: replay.clone() };
            let measured = narthex_author::measure(&world, &session, &load, console).await;
            Ok(measured.map_err(anyhow::Error::msg)?)
        }
        PluginCommand::Inspect { path, json } => {
            let call = CallArguments { no_build: true, ..CallArguments::default() };
            let (_, session) = open(path, &call, console).await?;
            narthex_author::inspect(&session, *json, console);
            Ok(Verdict::Good)
        }
    }
}

async fn open(
    path: &Utf8Path,
    call: &CallArguments,
    console: Console,
) -> anyhow::Result<(World, Session)> {
    let world = world(call)?;
    let asked = asked(&*world.deps.disk, call)?;
    let session = Session::open(&world, path, &asked, console).await?;
    Ok((world, session))
}

/// The world of a component: what a server has, with nothing kept from one command to the next.
fn world(call: &CallArguments) -> anyhow::Result<World> {
    let disk = RealDisk::shared();
    let grants = match &call.config_file {
        Some(path) => ConfigFile { path: path.clone(), expands_env: false }.load(&*disk)?.plugins,
        None => narthex_plugins::Config::default(),
    };
    let net = call.allow_net.iter().cloned().map(NetPattern::try_from);
    let net = net.collect::<Result<_, _>>().context("--allow-net")?;
    let mut files = std::collections::BTreeMap::new();
    for (root, path) in &call.allow_files {
        if !path.starts_with('/') {
            bail!("--allow-file: {path:?} is not absolute; write a path from / on");
        }
        files.insert(root.clone(), Root { path: path.into(), access: Access::Read });
    }
    let deps = Deps {
        clock: Clock::real(),
        client: outbound::options(&disk),
        environment: outbound::environment(),
        metrics: Metrics::new(),
        state: StateStore::in_memory()?,
        cache_folder: None,
        disk,
    };
    let extra = Allow { net, files, ..Allow::default() };
    Ok(World { deps, grants, extra, cache: outbound::cache_folder("projects") })
}

fn asked(disk: &dyn Disk, call: &CallArguments) -> anyhow::Result<Asked> {
    let config = call.config.as_deref().map(|text| config(disk, text)).transpose()?;
    Ok(Asked {
        config,
        target: call.target.clone(),
        labels: call.labels.clone(),
        params: call.params.clone(),
        timeout: call.timeout,
        cursor: call.cursor.clone(),
        alerts: call.alerts.iter().map(|alert| alert.0.clone()).collect(),
        is_resolved: call.resolved,
        is_built: call.no_build,
    })
}

fn config(disk: &dyn Disk, text: &str) -> anyhow::Result<Value> {
    let Some(file) = text.strip_prefix('@') else {
        return serde_json::from_str(text).context("--config is JSON, or @ and a file");
    };
    let text = read_to_string(disk, Utf8Path::new(file), CONFIG_BYTES_MAX)
        .with_context(|| format!("--config: read {file}"))?;
    match serde_json::from_str(&text) {
        Ok(value) => Ok(value),
        Err(_) => Ok(Document::parse(file, &text)?.read()?),
    }
}

/// What is to be made; on a terminal what is missing is asked for.
fn order(
    name: Option<String>,
    kind: Option<KindArgument>,
    lang: Option<LangArgument>,
    dir: Option<Utf8PathBuf>,
) -> anyhow::Result<Order> {
    let name = match name {
        Some(name) => name,
        None => ask("name", "its name")?,
    };
    let kind = match kind {
        Some(KindArgument::Exporter) => Kind::Exporter,
        Some(KindArgument::Discovery) => Kind::Discovery,
        Some(KindArgument::Notifier) => Kind::Notifier,
        None => match ask("--kind", "what it does: exporter, discovery or notifier")?.as_str() {
            "exporter" => Kind::Exporter,
            "discovery" => Kind::Discovery,
            "notifier" => Kind::Notifier,
            other => bail!("{other:?} is none of exporter, discovery and notifier"),
        },
    };
    let lang = match lang {
        Some(LangArgument::Rust) => Lang::Rust,
        Some(LangArgument::Js) => Lang::Js,
        Some(LangArgument::Python) => Lang::Python,
        None => match ask("--lang", "its language: rust, js or python")?.as_str() {
            "rust" => Lang::Rust,
            "js" => Lang::Js,
            "python" => Lang::Python,
            other => bail!("{other:?} is none of rust, js and python"),
        },
    };
    let folder = dir.unwrap_or_else(|| Utf8PathBuf::from(&name));
    Ok(Order { name, kind, lang, folder })
}

fn ask(argument: &str, what: &str) -> anyhow::Result<String> {
    let mut input = std::io::stdin().lock();
    if !std::io::stdin().is_terminal() {
        bail!("{argument} is missing: {what}");
    }
    complain(&format!("{what}?"));
    let mut line = String::new();
    input.read_line(&mut line).context("read the answer")?;
    Ok(line.trim().to_owned())
}

#[expect(clippy::print_stdout, reason = "the answer to a command")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "what is told beside the answer")]
fn complain(text: &str) {
    eprintln!("{text}");
}
