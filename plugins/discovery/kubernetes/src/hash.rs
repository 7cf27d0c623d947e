//! A hash that is the same in every build: hashes are kept between calls.

/// FNV-1a of 64 bits. Nobody gains by collisions here: a cluster that makes some misleads only its own watcher.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hasher(u64);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes a text in, and that it ends here.
    #[must_use]
    pub(crate) fn add(self, text: &str) -> Self {
        // A byte that is in no UTF-8 keeps `ab`, `c` apart from `a`, `bc`.
        Self(text.bytes().chain([0xff]).fold(self.0, step))
    }

    /// Takes another hash in.
    #[must_use]
    pub(crate) fn add_hash(self, hash: u64) -> Self {
        Self(hash.to_le_bytes().into_iter().fold(self.0, step))
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }

    /// The lower half, where a collision costs no more than work done in vain.
    pub(crate) fn finish_short(self) -> u32 {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}
