//! Series selectors that stand alone: what `match[]`, flags and keys of files take.

use narthex_model::Matcher;

use crate::{Features, NodeKind, ParseError, check, parse};

/// Why a text chooses no series.
#[derive(Debug, thiserror::Error)]
pub enum NotASelector {
    /// It is no expression.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is another expression, or says something of time.
    #[error("{0:?} is no plain series selector, as in up{{job=\"node\"}}")]
    Other(String),
}

/// The conditions of a selector that says nothing of time. One of them must refuse the empty text,
/// as in a query.
///
/// # Errors
/// When the text is another expression, or none.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, NotASelector> {
    crate::parse(text)?;
    parse_any_selector(text)
}

/// The same of a selector that may choose every series, as commands on a whole folder take it.
///
/// # Errors
/// When the text is another expression, or none.
pub fn parse_any_selector(text: &str) -> Result<Vec<Matcher>, NotASelector> {
    let root = parse::parse_tree(text, Features::default())?;
    match root.kind {
        NodeKind::Selector(selector) if selector.is_plain() => {
            check::check_selector(text, root.span, &selector)?;
            Ok(selector.matchers)
        }
        NodeKind::Selector(_)
        | NodeKind::Matrix { .. }
        | NodeKind::Subquery { .. }
        | NodeKind::Number { .. }
        | NodeKind::String(_)
        | NodeKind::Paren(_)
        | NodeKind::Unary { .. }
        | NodeKind::Binary(_)
        | NodeKind::Aggregate(_)
        | NodeKind::Call { .. } => Err(NotASelector::Other(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_selectors_without_a_time_are_taken() {
        assert_eq!(parse_selector("up{job=\"a\"}").unwrap().len(), 2);
        for text in ["up offset 1h", "up @ 5", "up[5m]", "sum(up)", "1"] {
            assert!(matches!(parse_selector(text), Err(NotASelector::Other(_))), "{text}");
        }
        assert!(matches!(parse_selector("up{"), Err(NotASelector::Parse(_))));
        let all = "{__name__=~\"(?s:.*)\"}";
        assert!(matches!(parse_selector(all), Err(NotASelector::Parse(_))));
        assert_eq!(parse_any_selector(all).unwrap().len(), 1);
        assert!(matches!(parse_any_selector("sum(up)"), Err(NotASelector::Other(_))));
        assert!(parse_any_selector("a{__name__=\"b\"}").is_err(), "two names");
    }
}
