//! Backfill by remote write: hours of samples, in the order of time, over a few connections.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use narthex_remote::encode::{HEADERS, Request, labels};

use crate::http::{Connection, split};
use crate::shape::{Family, Member, Shape, Unit};
use crate::values::{BUCKETS, Seed, Value, histogram, single};

/// Samples in one request, about; what senders are configured to.
const SAMPLES_A_REQUEST: usize = 5000;

/// What is pushed where.
#[derive(Debug, Clone)]
pub struct Push {
    /// The endpoint.
    pub url: String,
    /// How many targets.
    pub targets: usize,
    /// Series of each.
    pub series: usize,
    /// The number of steps.
    pub steps: u64,
    /// Time of the first step, in milliseconds.
    pub first_at: i64,
    /// Milliseconds between steps.
    pub interval: Duration,
    /// Targets are dealt out to as many connections.
    pub connections: usize,
    /// Samples of one series in one request. Few, so that series ascend in time together, as a server
    /// expects: a sender that keeps up sends one.
    pub together: u64,
}

impl Push {
    fn at(&self, step: u64) -> i64 {
        let interval = i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX);
        self.first_at + i64::try_from(step).unwrap_or(i64::MAX) * interval
    }
}

/// What a push took.
#[derive(Debug, Clone, Copy)]
pub struct Pushed {
    /// Samples accepted.
    pub samples: u64,
    /// Wall time.
    pub duration: Duration,
}

/// Pushes everything.
///
/// # Errors
/// When the server refuses a request.
pub fn push(push: &Push) -> anyhow::Result<Pushed> {
    let began = Instant::now();
    let shape = Shape::new(push.series);
    let connections = push.connections.clamp(1, push.targets.max(1));
    let samples = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..connections)
            .map(|lane| {
                let targets = (lane..push.targets).step_by(connections).collect::<Vec<_>>();
                let shape = &shape;
                scope.spawn(move || Lane::open(push, shape)?.run(&targets))
            })
            .collect();
        let mut total = 0;
        for lane in lanes {
            total +=
                lane.join().map_err(|_| anyhow::anyhow!("a connection's thread panicked"))??;
        }
        anyhow::Ok(total)
    })?;
    Ok(Pushed { samples, duration: began.elapsed() })
}

struct Lane<'a> {
    push: &'a Push,
    shape: &'a Shape,
    connection: Connection,
    path: &'a str,
    headers: String,
    request: Request,
    /// Samples in `request`.
    pending: usize,
    pushed: u64,
}

impl<'a> Lane<'a> {
    fn open(push: &'a Push, shape: &'a Shape) -> anyhow::Result<Self> {
        let (host, path) = split(&push.url)?;
        let connection = Connection::open(host)?;
        Ok(Self {
            push,
            shape,
            connection,
            path,
            headers: headers(),
            request: Request::default(),
            pending: 0,
            pushed: 0,
        })
    }

    fn run(mut self, targets: &[usize]) -> anyhow::Result<u64> {
        let identities: Vec<Vec<Vec<u8>>> =
            targets.iter().map(|&target| encoded(self.shape, target)).collect();
        let mut from = 0;
        while from < self.push.steps {
            let to = (from + self.push.together.max(1)).min(self.push.steps);
            for (&target, identities) in targets.iter().zip(&identities) {
                self.target(u64::try_from(target)?, identities, from..to)?;
            }
            self.send()?;
            from = to;
        }
        Ok(self.pushed)
    }

    fn target(
        &mut self,
        target: u64,
        identities: &[Vec<u8>],
        steps: std::ops::Range<u64>,
    ) -> anyhow::Result<()> {
        let (push, shape) = (self.push, self.shape);
        let mut identities = identities.iter();
        for family in &shape.families {
            for member in &family.members {
                let seed = Seed::new(target, member.number);
                let columns = columns(family, member, seed, steps.clone());
                for column in &columns {
                    let identity = identities.next().context("an identity for every series")?;
                    let times = steps.clone().map(|step| push.at(step));
                    self.request.add(identity, times.zip(column.iter().copied()));
                    self.pending += column.len();
                }
                if self.pending >= SAMPLES_A_REQUEST {
                    self.send()?;
                }
            }
        }
        Ok(())
    }

    fn send(&mut self) -> anyhow::Result<()> {
        if self.pending == 0 {
            return Ok(());
        }
        let body = self.request.finish();
        let (status, text) = self.connection.post(self.path, &self.headers, &body)?;
        if status / 100 != 2 {
            bail!("{} answers {status}: {}", self.push.url, String::from_utf8_lossy(&text).trim());
        }
        self.pushed += u64::try_from(self.pending)?;
        self.pending = 0;
        Ok(())
    }
}

/// As lines of a request.
fn headers() -> String {
    let lines = HEADERS.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    lines.chain(["User-Agent: narthex-load\r\n".to_owned()]).collect()
}

/// The values of a member's series over steps, one column a series.
pub(crate) fn columns(
    family: &Family,
    member: &Member,
    seed: Seed,
    steps: std::ops::Range<u64>,
) -> Vec<Vec<f64>> {
    if family.unit != Unit::Histogram {
        let values = steps.map(|step| single(family.unit, member.constant, seed, step).number());
        return vec![values.collect()];
    }
    let mut columns = vec![Vec::new(); family.series_a_member()];
    for step in steps {
        let (counts, sum) = histogram(seed, step);
        let count = counts.last().copied().unwrap_or_default();
        let values = counts.into_iter().map(|count| Value::Whole(count).number());
        let values = values.chain([sum, Value::Whole(count).number()]);
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    columns
}

/// The same as a request writes them.
fn encoded(shape: &Shape, target: usize) -> Vec<Vec<u8>> {
    let pairs = |series: &Vec<(String, String)>| {
        labels(series.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    };
    identities(shape, target).iter().map(pairs).collect()
}

/// The labels of a target's series, ascending by name, in the order of [`columns`].
pub(crate) fn identities(shape: &Shape, target: usize) -> Vec<Vec<(String, String)>> {
    let instance = format!("load-{target:04}:9500");
    let mut all = Vec::with_capacity(shape.series());
    for family in &shape.families {
        for member in &family.members {
            let mut one = |name: &str, bound: Option<&str>| {
                let mut pairs = vec![("__name__", name), ("job", "load"), ("instance", &instance)];
                pairs.extend(member.labels.iter().map(|(name, value)| (*name, value.as_str())));
                pairs.extend(bound.map(|bound| ("le", bound)));
                pairs.sort_unstable();
                let own =
                    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
                all.push(own.collect());
            };
            if family.unit == Unit::Histogram {
                let bucket = format!("{}_bucket", family.name);
                BUCKETS.iter().for_each(|bound| one(&bucket, Some(bound)));
                one(&format!("{}_sum", family.name), None);
                one(&format!("{}_count", family.name), None);
            } else {
                one(&family.name, None);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_an_identity_and_a_column() {
        let shape = Shape::new(500);
        let identities = identities(&shape, 3);
        let members = shape
            .families
            .iter()
            .flat_map(|family| family.members.iter().map(move |member| (family, member)));
        let columns: Vec<_> = members
            .flat_map(|(family, member)| {
                columns(family, member, Seed::new(3, member.number), 0..10)
            })
            .collect();
        assert_eq!((identities.len(), columns.len()), (500, 500));
        assert!(columns.iter().all(|column| column.len() == 10));
        let distinct: std::collections::BTreeSet<_> = identities.iter().collect();
        assert_eq!(distinct.len(), 500);
    }
}
