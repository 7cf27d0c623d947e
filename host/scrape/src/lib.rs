//! Target to samples to appender.
