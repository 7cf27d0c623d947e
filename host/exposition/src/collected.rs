//! The labels of one series or exemplar while they are read.
//!
//! Always holds: however a line is made, putting its labels together costs little more than reading
//! it, and what comes of it is small enough for all who handle labels.

use std::borrow::Cow;

use narthex_model::Labels;

use crate::error::InvalidMessage;
use crate::text::shortened;

/// Labels of one series: the largest info metrics have some hundred. Relabeling looks for names one
/// by one, so that more cost more than they are worth.
const LABELS_MAX: usize = 1024;

/// Bytes of the names and values of one series.
pub const LABELS_BYTES_MAX: usize = 1 << 20;

/// Why well-formed bytes are no series.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LabelsError {
    /// A label of a message is none.
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    /// A label stands twice.
    #[error("label {0:?} stands twice in one series")]
    Duplicate(String),
    /// There are too many.
    #[error("a series has more than {LABELS_MAX} labels")]
    TooMany,
    /// They are too long, all together.
    #[error("the labels of a series are longer than {LABELS_BYTES_MAX} bytes")]
    TooLong,
}

/// Labels so far, in the order in which they stand.
#[derive(Default)]
pub(crate) struct Collected<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    bytes: usize,
}

impl<'a> Collected<'a> {
    /// Adds a label; one without value is none.
    pub(crate) fn add(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<(), LabelsError> {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            return Ok(());
        }
        self.bytes += name.len() + value.len();
        if self.bytes > LABELS_BYTES_MAX {
            return Err(LabelsError::TooLong);
        }
        if self.pairs.len() >= LABELS_MAX {
            return Err(LabelsError::TooMany);
        }
        self.pairs.push((name, value));
        Ok(())
    }

    /// All of them.
    pub(crate) fn finish(mut self) -> Result<Labels, LabelsError> {
        self.pairs.sort_unstable();
        for pair in self.pairs.windows(2) {
            if let [(name, _), (next, _)] = pair
                && name == next
            {
                return Err(LabelsError::Duplicate(shortened(name)));
            }
        }
        Ok(Labels::from_sorted(self.pairs.iter().map(|(name, value)| (&**name, &**value))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(labels: &[(&str, &str)]) -> Result<String, LabelsError> {
        let mut collected = Collected::default();
        for (name, value) in labels {
            collected.add(*name, *value)?;
        }
        collected.finish().map(|labels| labels.to_string())
    }

    #[test]
    fn labels_are_sorted_and_none_stands_twice() {
        assert_eq!(collect(&[("b", "1"), ("a", "2"), ("c", "")]).unwrap(), r#"{a="2", b="1"}"#);
        assert_eq!(collect(&[("b", ""), ("b", "1")]).unwrap(), r#"{b="1"}"#);
        let twice = collect(&[("b", "1"), ("a", "2"), ("b", "1")]);
        assert_eq!(twice, Err(LabelsError::Duplicate("b".to_owned())));
    }

    #[test]
    fn an_error_holds_little_of_what_was_sent() {
        let long = "é".repeat(1000);
        let twice = collect(&[(&long, "1"), (&long, "2")]).unwrap_err();
        assert!(twice.to_string().len() < 200, "{twice}");
    }

    #[test]
    fn labels_are_bounded() {
        let names: Vec<String> = (0..=LABELS_MAX).map(|index| format!("l{index}")).collect();
        let mut labels: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert_eq!(collect(&labels), Err(LabelsError::TooMany));
        labels.pop();
        assert!(collect(&labels).is_ok());
        let long = "x".repeat(LABELS_BYTES_MAX);
        assert_eq!(collect(&[("a", &long)]), Err(LabelsError::TooLong));
        assert!(collect(&[("", &long)]).is_ok());
    }
}
