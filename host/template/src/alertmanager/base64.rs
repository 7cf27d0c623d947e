//! Base64 with the alphabet for URLs (RFC 4648, part 5), padded.

use crate::functions::FunctionError;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| group.get(index).map_or(0, |byte| u32::from(*byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let letter = usize::try_from(bits >> (18 - 6 * position) & 63).unwrap_or(0);
            let letter = LETTERS.get(letter).filter(|_| position <= group.len());
            out.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    out
}

/// Line breaks are left out; all else must be as [`encode`] writes it.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, FunctionError> {
    let wrong = |at: usize| FunctionError(format!("illegal base64 data at input byte {at}"));
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0_u32, 0_usize, 0_usize);
    for (at, letter) in text.bytes().enumerate() {
        let value = match letter {
            b'\r' | b'\n' => continue,
            // Two or three letters may be filled up to four.
            b'=' if count + padding < 4 && count >= 2 => {
                padding += 1;
                continue;
            }
            _ if padding > 0 => return Err(wrong(at)),
            _ => LETTERS.iter().position(|known| *known == letter).ok_or_else(|| wrong(at))?,
        };
        bits = bits << 6 | u32::try_from(value).unwrap_or(0);
        count += 1;
        if count == 4 {
            let [_, group @ ..] = bits.to_be_bytes();
            bytes.extend(group);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => bytes.extend(bits.checked_shr(4).and_then(|bits| u8::try_from(bits & 255).ok())),
        (3, 1) => {
            let [_, _, group @ ..] = (bits >> 2).to_be_bytes();
            bytes.extend(group);
        }
        _ => return Err(wrong(text.len())),
    }
    Ok(bytes)
}
