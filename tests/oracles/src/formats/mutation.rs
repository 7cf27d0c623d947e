//! Small changes of inputs, as a fuzzing engine makes them, but decided by a seed.

use crate::Chance;

/// Longer inputs say no more and take more time.
const LEN_MAX: usize = 1 << 16;

/// Numbers at which lengths and differences go wrong.
const ODD_BYTES: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/// One of the inputs, changed in one to four places.
///
/// # Panics
/// When there is no input.
pub fn mutate(inputs: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = chance.pick(inputs).clone();
    for _ in 0..1 + chance.below(4) {
        change(&mut bytes, inputs, chance);
    }
    bytes.truncate(LEN_MAX);
    bytes
}

fn change(bytes: &mut Vec<u8>, inputs: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.index(bytes.len() + 1);
    let byte = match chance.below(3) {
        0 => *chance.pick(&ODD_BYTES),
        _ => u8::try_from(chance.below(256)).unwrap_or(0),
    };
    let run = 1 + chance.index(8);
    let end = bytes.len().min(at + run);
    match chance.below(8) {
        0 => {
            if let Some(place) = bytes.get_mut(at) {
                *place ^= 1 << chance.below(8);
            }
        }
        1 => {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        2 => {
            if let Some(places) = bytes.get_mut(at..end) {
                places.fill(byte);
            }
        }
        3 => bytes.insert(at, byte),
        4 => {
            bytes.drain(at..end);
        }
        5 => bytes.truncate(at),
        6 => {
            let again = bytes.get(at..end).unwrap_or_default().to_vec();
            bytes.splice(at..at, again);
        }
        _ => {
            let other = chance.pick(inputs).clone();
            let from = chance.index(other.len() + 1);
            let part = other.into_iter().skip(from).take(4 * run);
            bytes.splice(at..end, part);
        }
    }
}
