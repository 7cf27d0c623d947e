//! Reading an exposition of series that are known costs no memory, however long it is.

use narthex_fuzz::most_taken;
use narthex_oracles::formats::long_expositions;

/// Room for the reader itself.
const READER_BYTES_MAX: usize = 2048;
const SERIES: usize = 20_000;

#[test]
fn known_series_cost_no_memory() {
    for (protocol, body, read) in long_expositions(SERIES) {
        let mut samples = 0;
        let most = most_taken(|| samples = read(&body));
        assert_eq!(samples, SERIES, "{protocol}");
        assert!(most <= READER_BYTES_MAX, "{protocol}: {most} bytes");
    }
}
