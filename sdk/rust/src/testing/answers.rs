//! What the host refuses of answers of discoveries.

use crate::{Change, Error, Refreshed};

/// The host's bound.
const CURSOR_BYTES_MAX: usize = 64 << 10;

/// Judges an answer to a call with this cursor.
pub(super) fn check(found: &Refreshed, cursor: Option<&str>) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::internal(format!("the host refuses the answer: {why}")));
    match (&found.change, &found.cursor) {
        (Change::Delta(_) | Change::Unchanged, _) if cursor.is_none() => {
            refused("differences, where everything was asked for")
        }
        (_, Some(cursor)) if cursor.len() > CURSOR_BYTES_MAX => {
            refused("a cursor of more than 64 KiB")
        }
        (_, None) if found.more => refused("more follows, and there is no cursor"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::{Change, Refreshed};

    #[track_caller]
    fn refused(found: &Refreshed, cursor: Option<&str>, why: &str) {
        let error = check(found, cursor).unwrap_err();
        assert_eq!(error.message, format!("the host refuses the answer: {why}"));
    }

    #[test]
    fn what_the_host_refuses_is_refused() {
        let unchanged = Refreshed::new(Change::Unchanged);
        refused(&unchanged, None, "differences, where everything was asked for");
        check(&unchanged, Some("1")).unwrap();
        let full = || Refreshed::new(Change::Full(Vec::new()));
        check(&full().cursor(Some("x".repeat(64 << 10))), None).unwrap();
        let long = full().cursor(Some("x".repeat((64 << 10) + 1)));
        refused(&long, None, "a cursor of more than 64 KiB");
        refused(&full().more(true), None, "more follows, and there is no cursor");
    }
}
