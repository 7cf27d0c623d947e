//! What a reader of expositions wants beside the samples.

/// All off: what is asked for nothing reads a body as it is written, native histograms left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the configuration")]
pub struct Options {
    /// Native histograms are read. Else only what a histogram says in the classic way.
    pub native_histograms: bool,
    /// The classic series of a histogram are given beside the native one, whether that was exposed
    /// or made of them.
    pub keep_classic: bool,
    /// Classic histograms become native ones with custom buckets.
    pub to_custom_buckets: bool,
    /// Series get the labels `__type__` and `__unit__`.
    pub type_and_unit: bool,
    /// Readings say since when a counter counts; the lines of OpenMetrics that say so are no series
    /// of their own then. Protobuf always says it.
    pub start_times: bool,
}
