//! Labels of a series or an exemplar, from the bytes of a request, as Prometheus judges them.

use narthex_model::{Labels, METRIC_NAME};

use crate::wire::{Malformed, label};

/// Labels of one series. Prometheus has no bound; a series with more is a mistake of its maker, and
/// would be carried along by every query of its metric.
pub(crate) const LABELS_MAX: usize = 1 << 10;
/// Bytes of the names and values of one series, for the same reason. The records of the store, which
/// hold some hundred series, have a bound too.
pub(crate) const LABEL_BYTES_MAX: usize = 64 << 10;

/// Why labels name no series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabels {
    /// No metric name, or an empty one.
    #[error("there is no metric name")]
    NoMetricName,
    /// A label without a name.
    #[error("a label has no name")]
    NoName,
    /// No UTF-8.
    #[error("a label is no UTF-8: {0}")]
    Encoding(String),
    /// One name for two labels.
    #[error("the label {0} is there twice")]
    Duplicate(String),
    /// Too many.
    #[error("more than {LABELS_MAX} labels")]
    TooMany,
    /// Too long.
    #[error("labels of more than {LABEL_BYTES_MAX} bytes")]
    TooLong,
}

/// A list of pairs that serves for all series of a request.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Pairs<'a> {
    /// Labels of a series. They may come in any order; empty ones are no labels.
    pub(crate) fn series(
        &mut self,
        messages: &[&'a [u8]],
    ) -> Result<Result<Labels, InvalidLabels>, Malformed> {
        Ok(match self.read(messages)? {
            Ok(()) => self.named(),
            Err(invalid) => Err(invalid),
        })
    }

    /// Labels of an exemplar, which needs no metric name.
    pub(crate) fn exemplar(
        &mut self,
        messages: &[&'a [u8]],
    ) -> Result<Result<Labels, InvalidLabels>, Malformed> {
        Ok(self.read(messages)?.map(|()| self.labels()))
    }

    /// Reads names and values, ascending by name.
    fn read(&mut self, messages: &[&'a [u8]]) -> Result<Result<(), InvalidLabels>, Malformed> {
        self.0.clear();
        let bytes: usize = messages.iter().map(|message| message.len()).sum();
        if messages.len() > LABELS_MAX {
            return Ok(Err(InvalidLabels::TooMany));
        }
        if bytes > LABEL_BYTES_MAX {
            return Ok(Err(InvalidLabels::TooLong));
        }
        for message in messages {
            let (name, value) = label(message)?;
            let text = std::str::from_utf8(name).and_then(|name| {
                let value = std::str::from_utf8(value)?;
                Ok((name, value))
            });
            let Ok(pair) = text else {
                let name = String::from_utf8_lossy(name).into_owned();
                return Ok(Err(InvalidLabels::Encoding(name)));
            };
            self.0.push(pair);
        }
        if !self.0.is_sorted_by_key(|(name, _)| *name) {
            self.0.sort_by_key(|(name, _)| *name);
        }
        Ok(self.check())
    }

    fn check(&self) -> Result<(), InvalidLabels> {
        if self.0.first().is_some_and(|(name, _)| name.is_empty()) {
            return Err(InvalidLabels::NoName);
        }
        let twice = self.0.windows(2).find_map(|pair| match pair {
            [(a, _), (b, _)] if a == b => Some(*a),
            _ => None,
        });
        twice.map_or(Ok(()), |name| Err(InvalidLabels::Duplicate(name.to_owned())))
    }

    fn named(&self) -> Result<Labels, InvalidLabels> {
        let name = self.0.iter().find(|(name, _)| *name == METRIC_NAME);
        if name.is_none_or(|(_, value)| value.is_empty()) {
            return Err(InvalidLabels::NoMetricName);
        }
        Ok(self.labels())
    }

    fn labels(&self) -> Labels {
        Labels::from_sorted(self.0.iter().copied().filter(|(_, value)| !value.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode;

    /// Reads labels that the encoder wrote as they are.
    #[track_caller]
    fn check(pairs: &[(&[u8], &[u8])], expected: Result<&str, &str>) {
        let messages: Vec<Vec<u8>> =
            pairs.iter().map(|(name, value)| encode::label(name, value)).collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let found = Pairs::default().series(&messages).expect("the bytes are messages");
        let found = found.map(|labels| labels.to_string()).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn labels_come_in_any_order_and_empty_ones_are_none() {
        check(
            &[(b"z", b"1"), (b"__name__", b"up"), (b"empty", b""), (b"a b", "ü".as_bytes())],
            Ok(r#"up{"a b"="ü", z="1"}"#),
        );
    }

    #[test]
    fn what_is_wrong_with_labels_is_said() {
        check(&[(b"a", b"1")], Err("there is no metric name"));
        check(&[(b"__name__", b""), (b"a", b"1")], Err("there is no metric name"));
        check(&[(b"__name__", b"up"), (b"", b"1")], Err("a label has no name"));
        check(&[(b"__name__", b"up"), (b"a", b"\xff")], Err("a label is no UTF-8: a"));
        check(
            &[(b"a", b"1"), (b"__name__", b"up"), (b"a", b"")],
            Err("the label a is there twice"),
        );
        let many = vec![(&b"a"[..], &b"1"[..]); LABELS_MAX + 1];
        check(&many, Err("more than 1024 labels"));
        let long = vec![b'x'; LABEL_BYTES_MAX];
        check(&[(b"a", &long)], Err("labels of more than 65536 bytes"));
    }
}
