//! Scripts, others' and ours, run against our rooms.
//!
//! Enters: a script. Leaves: what came of each of its cases.
//!
//! [`promql`] runs Prometheus' promqltest language over an engine and the reference store. The
//! tests find the shared scripts in the folder that `NARTHEX_CONFORMANCE` names; `promql/` beside
//! this crate holds our own. [`exposition`] reads bodies; its scripts are in `exposition/`.

pub mod exposition;
pub mod promql;
