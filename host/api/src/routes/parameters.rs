//! Parameters of many endpoints.

use crate::endpoint::Parameter;

pub(super) fn start(about: &'static str) -> Parameter {
    Parameter::time("start", about)
}

pub(super) fn end(about: &'static str) -> Parameter {
    Parameter::time("end", about)
}

pub(super) fn limit(about: &'static str) -> Parameter {
    Parameter::count("limit", about)
}

/// Series by selectors; one of them has to match.
pub(super) fn selectors(about: &'static str) -> Parameter {
    Parameter::many("match[]", about)
}
