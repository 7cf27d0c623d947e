//! The functions: one table that parser, checker and engine read.

pub(crate) mod calendar;
pub(crate) mod math;
pub(crate) mod mean;
pub(crate) mod native;
pub(crate) mod over_time;
pub(crate) mod quantile;
pub(crate) mod rate;
pub(crate) mod regression;
pub(crate) mod window;

use crate::ast::ValueType::{self, Matrix, Scalar, String, Vector};

/// A function, as the table describes it.
#[derive(Debug)]
pub struct Function {
    /// The name.
    pub name: &'static str,
    /// The types of the arguments, in order; the last one repeats as `extra` says.
    pub args: &'static [ValueType],
    /// Which arguments may be absent or come more than once.
    pub extra: Extra,
    /// The type of the result.
    pub returns: ValueType,
    /// Whether it needs `--enable-feature=promql-experimental-functions`.
    pub is_experimental: bool,
    pub(crate) id: FunctionId,
}

/// Which arguments may be absent or come more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// All are there, each once.
    None,
    /// The last one may be absent, or come up to this many times.
    UpTo(usize),
    /// The last one may be absent, or come any number of times.
    Any,
}

macro_rules! functions {
    ($($id:ident $name:literal ($($arg:ident),*) $extra:expr => $returns:ident $experimental:literal;)*) => {
        /// Names a function in the engine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum FunctionId { $($id,)* }

        impl FunctionId {
            /// The function's name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$id => $name,)* }
            }
        }

        /// Every function, ascending by name.
        pub(crate) static FUNCTIONS: &[Function] = &[$(Function {
            name: $name,
            args: &[$($arg),*],
            extra: $extra,
            returns: $returns,
            is_experimental: $experimental,
            id: FunctionId::$id,
        },)*];
    };
}

const NO: Extra = Extra::None;
const ONE: Extra = Extra::UpTo(1);

functions! {
    Abs "abs" (Vector) NO => Vector false;
    Absent "absent" (Vector) NO => Vector false;
    AbsentOverTime "absent_over_time" (Matrix) NO => Vector false;
    Acos "acos" (Vector) NO => Vector false;
    Acosh "acosh" (Vector) NO => Vector false;
    Asin "asin" (Vector) NO => Vector false;
    Asinh "asinh" (Vector) NO => Vector false;
    Atan "atan" (Vector) NO => Vector false;
    Atanh "atanh" (Vector) NO => Vector false;
    AvgOverTime "avg_over_time" (Matrix) NO => Vector false;
    Ceil "ceil" (Vector) NO => Vector false;
    Changes "changes" (Matrix) NO => Vector false;
    Clamp "clamp" (Vector, Scalar, Scalar) NO => Vector false;
    ClampMax "clamp_max" (Vector, Scalar) NO => Vector false;
    ClampMin "clamp_min" (Vector, Scalar) NO => Vector false;
    Cos "cos" (Vector) NO => Vector false;
    Cosh "cosh" (Vector) NO => Vector false;
    CountOverTime "count_over_time" (Matrix) NO => Vector false;
    DayOfMonth "day_of_month" (Vector) ONE => Vector false;
    DayOfWeek "day_of_week" (Vector) ONE => Vector false;
    DayOfYear "day_of_year" (Vector) ONE => Vector false;
    DaysInMonth "days_in_month" (Vector) ONE => Vector false;
    Deg "deg" (Vector) NO => Vector false;
    Delta "delta" (Matrix) NO => Vector false;
    Deriv "deriv" (Matrix) NO => Vector false;
    DoubleExponentialSmoothing "double_exponential_smoothing" (Matrix, Scalar, Scalar) NO => Vector true;
    End "end" () NO => Scalar true;
    Exp "exp" (Vector) NO => Vector false;
    FirstOverTime "first_over_time" (Matrix) NO => Vector false;
    Floor "floor" (Vector) NO => Vector false;
    HistogramAvg "histogram_avg" (Vector) NO => Vector false;
    HistogramCount "histogram_count" (Vector) NO => Vector false;
    HistogramFraction "histogram_fraction" (Scalar, Scalar, Vector) NO => Vector false;
    HistogramQuantile "histogram_quantile" (Scalar, Vector) NO => Vector false;
    HistogramQuantiles "histogram_quantiles" (Vector, String, Scalar, Scalar) Extra::UpTo(9) => Vector true;
    HistogramStddev "histogram_stddev" (Vector) NO => Vector false;
    HistogramStdvar "histogram_stdvar" (Vector) NO => Vector false;
    HistogramSum "histogram_sum" (Vector) NO => Vector false;
    Hour "hour" (Vector) ONE => Vector false;
    Idelta "idelta" (Matrix) NO => Vector false;
    Increase "increase" (Matrix) NO => Vector false;
    Info "info" (Vector, Vector) ONE => Vector true;
    Irate "irate" (Matrix) NO => Vector false;
    LabelJoin "label_join" (Vector, String, String, String) Extra::Any => Vector false;
    LabelReplace "label_replace" (Vector, String, String, String, String) NO => Vector false;
    LastOverTime "last_over_time" (Matrix) NO => Vector false;
    Ln "ln" (Vector) NO => Vector false;
    Log10 "log10" (Vector) NO => Vector false;
    Log2 "log2" (Vector) NO => Vector false;
    MadOverTime "mad_over_time" (Matrix) NO => Vector true;
    MaxOf "max_of" (Scalar, Scalar) NO => Scalar true;
    MaxOverTime "max_over_time" (Matrix) NO => Vector false;
    MinOf "min_of" (Scalar, Scalar) NO => Scalar true;
    MinOverTime "min_over_time" (Matrix) NO => Vector false;
    Minute "minute" (Vector) ONE => Vector false;
    Month "month" (Vector) ONE => Vector false;
    Pi "pi" () NO => Scalar false;
    PredictLinear "predict_linear" (Matrix, Scalar) NO => Vector false;
    PresentOverTime "present_over_time" (Matrix) NO => Vector false;
    QuantileOverTime "quantile_over_time" (Scalar, Matrix) NO => Vector false;
    Rad "rad" (Vector) NO => Vector false;
    Range "range" () NO => Scalar true;
    Rate "rate" (Matrix) NO => Vector false;
    Resets "resets" (Matrix) NO => Vector false;
    Round "round" (Vector, Scalar) ONE => Vector false;
    Scalar "scalar" (Vector) NO => Scalar false;
    Sgn "sgn" (Vector) NO => Vector false;
    Sin "sin" (Vector) NO => Vector false;
    Sinh "sinh" (Vector) NO => Vector false;
    Sort "sort" (Vector) NO => Vector false;
    SortByLabel "sort_by_label" (Vector, String) Extra::Any => Vector true;
    SortByLabelDesc "sort_by_label_desc" (Vector, String) Extra::Any => Vector true;
    SortDesc "sort_desc" (Vector) NO => Vector false;
    Sqrt "sqrt" (Vector) NO => Vector false;
    Start "start" () NO => Scalar true;
    StartTimestamp "start_timestamp" (Vector) NO => Vector true;
    StddevOverTime "stddev_over_time" (Matrix) NO => Vector false;
    StdvarOverTime "stdvar_over_time" (Matrix) NO => Vector false;
    Step "step" () NO => Scalar true;
    SumOverTime "sum_over_time" (Matrix) NO => Vector false;
    Tan "tan" (Vector) NO => Vector false;
    Tanh "tanh" (Vector) NO => Vector false;
    Time "time" () NO => Scalar false;
    Timestamp "timestamp" (Vector) NO => Vector false;
    TsOfFirstOverTime "ts_of_first_over_time" (Matrix) NO => Vector true;
    TsOfLastOverTime "ts_of_last_over_time" (Matrix) NO => Vector true;
    TsOfMaxOverTime "ts_of_max_over_time" (Matrix) NO => Vector true;
    TsOfMinOverTime "ts_of_min_over_time" (Matrix) NO => Vector true;
    VectorOf "vector" (Scalar) NO => Vector false;
    Year "year" (Vector) ONE => Vector false;
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let index = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    FUNCTIONS.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_function_is_found() {
        for function in FUNCTIONS {
            assert_eq!(find(function.name).map(|found| found.id), Some(function.id));
        }
        assert!(find("nope").is_none());
    }
}
