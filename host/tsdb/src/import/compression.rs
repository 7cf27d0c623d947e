//! How records of Prometheus' logs are compressed. The size is checked before memory is taken.

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;

use crate::encoding::Damage;

/// What a record may come to. Prometheus writes one per scrape or request: some megabytes, and more
/// only with labels of absurd length.
pub(super) const RECORD_BYTES_MAX: usize = 256 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Snappy,
    Zstd,
}

/// Replaces what is in `out` by the content of `bytes`.
pub(super) fn decompress(
    compression: Compression,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Damage> {
    out.clear();
    match compression {
        Compression::None => out.extend_from_slice(bytes),
        Compression::Snappy => {
            let len = snap::raw::decompress_len(bytes).map_err(|_| Damage)?;
            if len > RECORD_BYTES_MAX {
                return Err(Damage);
            }
            out.resize(len, 0);
            snap::raw::Decoder::new().decompress(bytes, out).map_err(|_| Damage)?;
        }
        Compression::Zstd => {
            let decoder = StreamingDecoder::new(bytes).map_err(|_| Damage)?;
            let limit = RECORD_BYTES_MAX as u64 + 1;
            decoder.take(limit).read_to_end(out).map_err(|_| Damage)?;
            if out.len() > RECORD_BYTES_MAX {
                return Err(Damage);
            }
        }
    }
    Ok(())
}
