//! What each range function makes of one window.

use std::sync::Arc;

use crate::ast::Extension;
use crate::functions::native::mixed::{self, Mixed};
use crate::functions::native::{self, Finding, Findings, instant};
use crate::functions::quantile::quantile;
use crate::functions::window::{Window, seconds};
use crate::functions::{FunctionId, over_time, rate, regression};
use crate::remarks::Remark;
use crate::result::{QueryError, SampleValue};

use super::super::context::Context;
use super::super::extended;
use super::super::plan::WindowPlan;
use super::super::planner::refuse;
use super::{check_quantile, histograms};

/// A series while its windows are looked at.
pub(super) struct Series<'a> {
    pub(super) plan: &'a WindowPlan,
    pub(super) cx: &'a Context<'a>,
    /// The metric's name; empty when the series has none.
    pub(super) metric: &'a str,
}

impl Series<'_> {
    fn report(&self, findings: &Findings) {
        self.cx.report(self.plan.first_span, self.metric, findings);
    }

    fn find(&self, finding: Finding) {
        self.cx.remark(self.plan.first_span, finding.remark(self.metric));
    }

    /// The function at one step; the window is not empty.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others take no range vector")]
    pub(super) fn apply(
        &self,
        window: &Window<'_>,
        param: impl Fn(usize) -> f64,
    ) -> Result<Option<SampleValue>, QueryError> {
        let first = || window.first_at().map(seconds);
        let last = || window.last_at().map(seconds);
        let number = match self.plan.function {
            FunctionId::Rate => return Ok(self.rate(window, rate::RATE)),
            FunctionId::Increase => return Ok(self.rate(window, rate::INCREASE)),
            FunctionId::Delta => return Ok(self.rate(window, rate::DELTA)),
            FunctionId::Irate => return Ok(self.instant(window, true)),
            FunctionId::Idelta => return Ok(self.instant(window, false)),
            FunctionId::AvgOverTime => return Ok(self.sum(window, true)),
            FunctionId::SumOverTime => return Ok(self.sum(window, false)),
            FunctionId::LastOverTime => return Ok(histograms::last(window)),
            FunctionId::FirstOverTime => return Ok(histograms::first(window)),
            FunctionId::Resets => self.compared(window, true),
            FunctionId::Changes => self.compared(window, false),
            FunctionId::CountOverTime => Some(window.len() as f64),
            FunctionId::PresentOverTime => Some(1.0),
            FunctionId::TsOfFirstOverTime => first(),
            FunctionId::TsOfLastOverTime => last(),
            _ => self.of_floats(window, param)?,
        };
        Ok(number.map(SampleValue::Float))
    }

    /// Functions that look at floats only.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others take no range vector")]
    fn of_floats(
        &self,
        window: &Window<'_>,
        param: impl Fn(usize) -> f64,
    ) -> Result<Option<f64>, QueryError> {
        if window.times.is_empty() && self.plan.function != FunctionId::DoubleExponentialSmoothing {
            return Ok(None);
        }
        if window.is_mixed() {
            let remark = Remark::HistogramIgnoredInRange { metric: self.metric };
            self.cx.remark(self.plan.first_span, remark);
        }
        let values = window.values;
        Ok(match self.plan.function {
            FunctionId::Deriv => regression::deriv(window),
            FunctionId::PredictLinear => regression::predict_linear(window, param(0)),
            FunctionId::DoubleExponentialSmoothing => smoothing(values, param(0), param(1))?,
            FunctionId::MinOverTime => over_time::min(window),
            FunctionId::MaxOverTime => over_time::max(window),
            FunctionId::StddevOverTime => Some(over_time::variance(values).sqrt()),
            FunctionId::StdvarOverTime => Some(over_time::variance(values)),
            FunctionId::QuantileOverTime => {
                let q = param(0);
                check_quantile(q, self.plan.first_span, self.cx);
                Some(quantile(q, &mut values.to_vec()))
            }
            FunctionId::MadOverTime => Some(over_time::median_deviation(values)),
            FunctionId::TsOfMinOverTime => over_time::ts_of_min(window),
            FunctionId::TsOfMaxOverTime => over_time::ts_of_max(window),
            _ => None,
        })
    }

    fn extension(&self) -> Extension {
        self.plan.input.extension()
    }

    fn rate(&self, window: &Window<'_>, kind: rate::RateKind) -> Option<SampleValue> {
        if window.is_mixed() {
            self.find(Finding::MixedFloatsHistograms);
            return None;
        }
        let extension = self.extension();
        if window.histograms.is_empty() {
            let rate = match extension {
                Extension::None => self.float_rate(window, kind),
                Extension::Anchored | Extension::Smoothed => {
                    extended::rate(window, extension, kind)
                }
            };
            return rate.map(SampleValue::Float);
        }
        let (rate, findings) = match extension {
            Extension::None => native::rate::extrapolated(&window.native(), kind),
            Extension::Anchored | Extension::Smoothed => {
                native::extended::rate(&window.native(), extension, kind)
            }
        };
        self.report(&findings);
        rate.map(|rate| SampleValue::Histogram(Arc::new(rate)))
    }

    fn float_rate(&self, window: &Window<'_>, kind: rate::RateKind) -> Option<f64> {
        if kind.is_counter && !window.starts.is_empty() && rate::overlaps(window) {
            self.find(Finding::StartTimeOverlap);
        }
        rate::extrapolated(window, kind)
    }

    /// `irate` or `idelta`
    fn instant(&self, window: &Window<'_>, is_rate: bool) -> Option<SampleValue> {
        let (before, last) = histograms::last_two(window)?;
        let (change, findings) = instant::instant(&before, &last, is_rate);
        self.report(&findings);
        Some(match change? {
            instant::Change::Float(change) => SampleValue::Float(change),
            instant::Change::Histogram(change) => SampleValue::Histogram(Arc::new(change)),
        })
    }

    /// `avg_over_time` or `sum_over_time`
    fn sum(&self, window: &Window<'_>, is_mean: bool) -> Option<SampleValue> {
        if window.is_mixed() {
            self.find(Finding::MixedFloatsHistograms);
            return None;
        }
        if window.histograms.is_empty() {
            let values = window.values;
            let total = if is_mean { over_time::avg(values) } else { Some(over_time::sum(values)) };
            return total.map(SampleValue::Float);
        }
        let total = histograms::total(window.histograms, is_mean, self)?;
        Some(SampleValue::Histogram(Arc::new(total)))
    }

    /// `resets` or `changes`: the samples of the window one by one.
    fn compared(&self, window: &Window<'_>, is_resets: bool) -> Option<f64> {
        let samples: Vec<Mixed<'_>> = window.mixed().collect();
        let samples = match self.extension() {
            Extension::None => samples.as_slice(),
            Extension::Anchored | Extension::Smoothed => mixed::anchored(&samples, window.start),
        };
        let samples = samples.iter().copied();
        if is_resets { mixed::resets(samples) } else { mixed::changes(samples) }
    }
}

fn smoothing(values: &[f64], factor: f64, trend: f64) -> Result<Option<f64>, QueryError> {
    for (name, short, value) in [("smoothing", "sf", factor), ("trend", "tf", trend)] {
        if value <= 0.0 || value >= 1.0 {
            return refuse(format!(
                "invalid {name} factor. Expected: 0 < {short} < 1, got: {value:.6}"
            ));
        }
    }
    Ok(regression::double_exponential_smoothing(values, factor, trend))
}
