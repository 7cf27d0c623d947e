//! How numbers become bytes: bits, variable-length integers, XOR chunks, value codes of the log.
//!
//! Bytes are walked with checked steps: a decoder never panics on damage, it says [`Damage`].
//! This is the one module of the room that casts between widths; each cast is a reinterpretation
//! of bits or follows a range check.

pub(crate) mod bits;
pub(crate) mod value;
pub(crate) mod varint;
pub(crate) mod xor;

/// The bytes are not what an encoder wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage;
