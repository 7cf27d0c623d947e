//! The decoder by itself, for fuzzing: all of a request as values.

use crate::batch::SAMPLES_MAX;
use crate::encode::{Exemplar, Family, Pair, Request, TimeSeries};
use crate::wire::{self, Fields, Malformed, Part};

/// Reads all there is in the bytes of a `WriteRequest`, whatever a store would say to it.
///
/// # Errors
/// When they are none.
pub fn decode(bytes: &[u8]) -> Result<(Vec<TimeSeries>, Vec<Family>), Malformed> {
    let (mut list, mut families) = (Vec::new(), Vec::new());
    let mut fields = Fields::new(bytes);
    let mut series = wire::TimeSeries::default();
    while let Some(part) = wire::next_part(&mut fields)? {
        match part {
            Part::Series(message) => {
                series.read(message, SAMPLES_MAX)?;
                list.push(TimeSeries {
                    labels: pairs(&series.labels)?,
                    samples: series.samples.clone(),
                    histograms: series
                        .histograms
                        .iter()
                        .map(|message| wire::histogram(message))
                        .collect::<Result<_, _>>()?,
                    exemplars: series
                        .exemplars
                        .iter()
                        .map(|message| exemplar(message))
                        .collect::<Result<_, _>>()?,
                });
            }
            Part::Metadata(message) => {
                let found = wire::metadata(message)?;
                families.push(Family {
                    name: found.family.to_vec(),
                    metric_type: found.metric_type,
                    help: found.help.to_vec(),
                    unit: found.unit.to_vec(),
                });
            }
        }
    }
    Ok((list, families))
}

/// The bytes of a `WriteRequest`.
#[must_use]
pub fn encode(series: &[TimeSeries], families: &[Family]) -> Vec<u8> {
    let mut request = Request::default();
    series.iter().for_each(|one| request.add_series(one));
    families.iter().for_each(|one| request.add_family(one));
    request.bytes().to_vec()
}

fn exemplar(message: &[u8]) -> Result<Exemplar, Malformed> {
    let found = wire::exemplar(message)?;
    Ok(Exemplar { labels: pairs(&found.labels)?, value: found.value, at: found.at })
}

fn pairs(messages: &[&[u8]]) -> Result<Vec<Pair>, Malformed> {
    let pair = |message: &&[u8]| {
        let (name, value) = wire::label(message)?;
        Ok((name.to_vec(), value.to_vec()))
    };
    messages.iter().map(pair).collect()
}
