//! How a value lies in the store: version (one byte), CRC32C of key and value (four, little
//! endian), value. The key is covered so that a value under a wrong key is found out.

/// The one version there is.
const VERSION: u8 = 1;

pub(crate) fn wrap(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut wrapped = Vec::with_capacity(value.len() + 5);
    wrapped.push(VERSION);
    wrapped.extend_from_slice(&checksum(key, value).to_le_bytes());
    wrapped.extend_from_slice(value);
    wrapped
}

/// The value; `None` when it is damaged.
pub(crate) fn unwrap<'a>(key: &[u8], wrapped: &'a [u8]) -> Option<&'a [u8]> {
    let (version, rest) = wrapped.split_first()?;
    let (sum, value) = rest.split_first_chunk::<4>()?;
    let whole = *version == VERSION && u32::from_le_bytes(*sum) == checksum(key, value);
    whole.then_some(value)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_found() {
        let wrapped = wrap(b"key", b"value");
        assert_eq!(unwrap(b"key", &wrapped), Some(&b"value"[..]));
        assert_eq!(unwrap(b"kez", &wrapped), None);
        for bit in 0..wrapped.len() * 8 {
            let mut flipped = wrapped.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unwrap(b"key", &flipped), None, "bit {bit}");
        }
        assert_eq!(unwrap(b"key", &wrapped[..4]), None);
    }
}
