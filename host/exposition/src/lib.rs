//! Bytes to samples and back: text 0.0.4 and OpenMetrics.
