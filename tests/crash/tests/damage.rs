//! Bits flip on disk; what is lost must be said, and nothing may be made up.

use camino::Utf8PathBuf;
use narthex_crash_tests::{Faults, History};

#[test]
fn flipped_bits_lose_with_a_word_and_invent_nothing() {
    for seed in 0..200 {
        let mut history = History::new(seed);
        history.live(40, Faults::None);
        for _ in 0..=history.chance(3) {
            let files = history.disk().shared().list("/data/log".into()).expect("the log");
            let bits: u64 = files.iter().map(|file| file.len * 8).sum();
            let mut bit = history.chance(bits);
            for file in files {
                if bit < file.len * 8 {
                    let path = Utf8PathBuf::from(format!("/data/log/{}", file.name));
                    history.disk().flip_bit(&path, bit);
                    break;
                }
                bit -= file.len * 8;
            }
        }
        history.check_damaged();
    }
}
