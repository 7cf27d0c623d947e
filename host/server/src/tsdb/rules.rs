//! `create-blocks-from rules`: recording rules over the past, evaluated by a running server.
//!
//! A rule that cannot be evaluated ends only itself: what the others give becomes blocks, and all
//! errors are told at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, bail};
use narthex_client::{Client, Request};
use narthex_exposition::parse_float;
use narthex_model::{Labels, METRIC_NAME, Timestamp};
use narthex_platform::{Clock, Disk, RealDisk};
use narthex_rules::{Recording, RuleFiles};
use narthex_storage::Columns;
use serde::Deserialize;

use super::arguments::{FromRules, Telling};
use super::backfill::{Backfill, windows};
use super::notation::seconds;
use super::output::progress;
use crate::outbound::{client, from_seconds, time};

/// A range of two hours at one sample a second and ten thousand series stays below.
const ANSWER_BYTES_MAX: u64 = 2 << 30;
/// How long a server may take for one range of one rule.
const QUERY_TIMEOUT: Duration = Duration::from_secs(300);
/// A rule file is written by hand.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Recent data may still change: promtool's default for the end.
const END_BEFORE_NOW: Duration = Duration::from_secs(3 * 3600);

/// `narthex tsdb create-blocks-from rules`.
pub(crate) fn create(arguments: &FromRules, telling: Telling) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(create_all(arguments, telling))
}

async fn create_all(arguments: &FromRules, telling: Telling) -> anyhow::Result<()> {
    let disk = RealDisk::shared();
    let files = read_rules(&*disk, arguments)?;
    let now = Clock::real().now_millis();
    let start = time(&arguments.start).context("--start")?;
    let end = match &arguments.end {
        Some(text) => time(text).context("--end")?,
        None => now.saturating_sub(millis(END_BEFORE_NOW)),
    };
    if start > end {
        bail!("--start lies after --end");
    }
    let server = Server {
        client: client(&disk, arguments.http_config.as_deref())?,
        url: format!("{}/api/v1/query_range", arguments.url.trim_end_matches('/')),
    };
    let mut backfill = Backfill::new(disk, &arguments.output_dir, telling)?;
    let mut failed = BTreeSet::new();
    for window in windows(start, end, telling.max_block_duration) {
        for (index, rule) in files.recordings().enumerate() {
            if failed.contains(&index) {
                continue;
            }
            let from = Timestamp::from_millis(window.start.max(start));
            let interval = rule.interval().unwrap_or(arguments.eval_interval);
            let first = rule.first_slot(from, interval).millis();
            let last = (window.end - 1).min(end);
            if first > last {
                continue;
            }
            let slots = Slots { first, last, step: interval };
            if let Err(error) = evaluate(&server, &rule, slots, &mut backfill).await {
                progress(&format!("narthex: rule {:?}: {error:#}", rule.name()));
                failed.insert(index);
            }
        }
        backfill.finish_block()?;
    }
    backfill.end()?;
    match failed.len() {
        0 => Ok(()),
        1 => bail!("one rule could not be evaluated"),
        count => bail!("{count} rules could not be evaluated"),
    }
}

/// Times of evaluations, in milliseconds.
#[derive(Clone, Copy)]
struct Slots {
    first: i64,
    last: i64,
    step: Duration,
}

async fn evaluate(
    server: &Server,
    rule: &Recording<'_>,
    slots: Slots,
    backfill: &mut Backfill,
) -> anyhow::Result<()> {
    for series in server.range(rule.expr(), slots).await? {
        let (labels, columns) = recorded(rule, series)?;
        backfill.add(&labels, &columns)?;
    }
    Ok(())
}

fn read_rules(disk: &dyn Disk, arguments: &FromRules) -> anyhow::Result<RuleFiles> {
    let mut texts = Vec::new();
    for file in &arguments.files {
        let text = narthex_platform::read_to_string(disk, file, FILE_BYTES_MAX)
            .with_context(|| format!("read {file}"))?;
        texts.push((file.as_str(), text));
    }
    Ok(RuleFiles::read(texts)?)
}

/// The server that evaluates.
struct Server {
    client: Client,
    url: String,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    result_type: String,
    result: serde_json::Value,
}

/// One series of a range query's answer.
#[derive(Deserialize)]
struct MatrixSeries {
    metric: std::collections::BTreeMap<String, String>,
    /// Native histograms stand beside them; they are passed over, as by promtool.
    #[serde(default)]
    values: Vec<(f64, String)>,
}

impl Server {
    async fn range(&self, query: &str, slots: Slots) -> anyhow::Result<Vec<MatrixSeries>> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("start", &seconds(slots.first))
            .append_pair("end", &seconds(slots.last))
            .append_pair("step", &seconds(millis(slots.step)))
            .finish();
        let mut request = Request::get(&self.url, QUERY_TIMEOUT, ANSWER_BYTES_MAX);
        request.method = "POST".to_owned();
        let kind = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        request.headers.push(kind);
        request.body = form.into_bytes().into();
        let response =
            self.client.request(request).await.with_context(|| format!("ask {}", self.url))?;
        let answer: Answer = serde_json::from_slice(&response.body).with_context(|| {
            format!("{} answered {} and no JSON", self.url, response.status_text())
        })?;
        for warning in &answer.warnings {
            progress(&format!("warning: {warning}"));
        }
        let data = match answer.data {
            Some(data) if answer.status == "success" => data,
            _ => bail!("{} refused {query:?}: {}", self.url, answer.error),
        };
        if data.result_type != "matrix" {
            bail!("{query:?} gives a {}, not series", data.result_type);
        }
        serde_json::from_value(data.result).context("read the answer's series")
    }
}

/// What the rule records of one series: its own name and labels go before the query's.
fn recorded(rule: &Recording<'_>, series: MatrixSeries) -> anyhow::Result<(Labels, Columns)> {
    let mut labels = Labels::from_pairs(series.metric).to_builder();
    for (name, value) in rule.labels() {
        labels.set(name, value);
    }
    labels.set(METRIC_NAME, rule.name());
    let mut columns = Columns::default();
    for (at, value) in series.values {
        let value = parse_float(value.as_bytes())
            .with_context(|| format!("the server sent {value:?} as a value"))?;
        columns.push(from_seconds(at), value);
    }
    Ok((labels.finish(), columns))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
