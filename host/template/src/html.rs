//! HTML that values cannot break out of.

mod trusted;

pub(crate) use self::trusted::Trusted;
