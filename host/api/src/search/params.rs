//! What is asked of a search. Defaults and bounds are Prometheus'.

use narthex_model::{Matcher, Timestamp};
use narthex_storage::TimeRange;

use super::filter::{Filter, Fuzz, Order};
use crate::envelope::ApiError;
use crate::params::Params;
use crate::routes::Rooms;

/// Terms of one search: each is compared with every name.
const TERMS_MAX: usize = 32;

/// Results, and results of one line, unless the request says otherwise.
const RESULTS: usize = 100;
const BATCH: usize = 100;

/// How far a search looks back unless the request says otherwise.
const LOOK_BACK_MILLIS: i64 = 3_600_000;

#[derive(Clone, Debug)]
pub(super) struct SearchParams {
    pub(super) range: TimeRange,
    pub(super) sets: Vec<Vec<Matcher>>,
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) with_score: bool,
    pub(super) limit: usize,
    pub(super) batch_size: usize,
}

impl SearchParams {
    pub(super) fn new(params: &Params, rooms: &Rooms) -> Result<Self, ApiError> {
        Self::at(params, rooms.clock.now_millis(), rooms.search_results_max)
    }

    /// `results_max`: 0 is no bound.
    fn at(params: &Params, now_millis: i64, results_max: usize) -> Result<Self, ApiError> {
        let now = Timestamp::from_millis(now_millis);
        let before = Timestamp::from_millis(now_millis.saturating_sub(LOOK_BACK_MILLIS));
        let (start, end) = (params.time_or("start", before)?, params.time_or("end", now)?);
        if end < start {
            return Err(ApiError::bad_data("end timestamp must not be before start timestamp"));
        }
        let sets = params.match_sets()?;
        let terms = params.all("search[]").count();
        if terms > TERMS_MAX {
            let message = format!("too many search[] terms: {terms}, more than {TERMS_MAX}");
            return Err(ApiError::bad_data(message));
        }
        let threshold =
            number(params, "fuzz_threshold", "a whole number from 0 to 100", |number| {
                u8::try_from(number).ok().filter(|number| *number <= 100)
            })?;
        let fuzz = fuzz(params)?;
        let is_case_sensitive =
            params.get("case_sensitive").is_none() || params.flag("case_sensitive")?;
        let with_score = params.flag("include_score")?;
        let order = order(params, terms > 0)?;
        let positive = |number| usize::try_from(number).ok().filter(|number| *number > 0);
        let limit = number(params, "limit", "a positive whole number", positive)?;
        let bound = if results_max == 0 { usize::MAX } else { results_max };
        if let Some(limit) = limit.filter(|limit| *limit > bound) {
            let message = format!(
                "limit {limit} is more than the {bound} that --web.search.max-limit allows"
            );
            return Err(ApiError::bad_data(message));
        }
        let batch_size = number(params, "batch_size", "a positive whole number", positive)?;
        let texts = params.all("search[]");
        Ok(Self {
            range: TimeRange { start, end },
            sets,
            filter: Filter::new(texts, fuzz, threshold.unwrap_or(0), is_case_sensitive),
            order,
            with_score,
            limit: limit.unwrap_or(RESULTS.min(bound)),
            batch_size: batch_size.unwrap_or(BATCH),
        })
    }
}

/// A number, if it is given; `wanted` says which ones may be.
fn number<T>(
    params: &Params,
    name: &str,
    wanted: &str,
    fits: impl Fn(i64) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let fitting = text.parse().ok().and_then(fits);
    let refusal = || ApiError::bad_data(format!("invalid {name} {text:?}: must be {wanted}"));
    fitting.ok_or_else(refusal).map(Some)
}

fn fuzz(params: &Params) -> Result<Fuzz, ApiError> {
    let [(default, _), (other, _)] = Fuzz::ALL;
    let name = params.get("fuzz_alg").unwrap_or(default);
    let known = Fuzz::ALL.iter().find(|(known, _)| *known == name);
    let refusal = || {
        let message = format!("unsupported fuzz_alg {name:?}: must be {default} or {other}");
        ApiError::bad_data(message)
    };
    known.map(|(_, fuzz)| *fuzz).ok_or_else(refusal)
}

fn order(params: &Params, has_terms: bool) -> Result<Order, ApiError> {
    let refuse = |message: &str| Err(ApiError::bad_data(message));
    let (by, direction) = (params.get("sort_by"), params.get("sort_dir"));
    match (by, direction) {
        (None, Some(_)) => refuse("sort_dir is only valid when sort_by is set"),
        (Some("score"), Some(_)) => refuse("sort_dir is not supported for sort_by=score"),
        (_, Some(other)) if other != "asc" && other != "dsc" => {
            refuse(&format!("invalid sort_dir {other:?}: must be \"asc\" or \"dsc\""))
        }
        (Some("score"), None) if !has_terms => refuse("sort_by=score requires search[] to be set"),
        (Some("score"), None) => Ok(Order::Nearest),
        (Some("alpha"), Some("dsc")) => Ok(Order::Descending),
        (None | Some("alpha"), _) => Ok(Order::Ascending),
        (Some(other), _) => {
            refuse(&format!("invalid sort_by {other:?}: must be \"alpha\" or \"score\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(query: &str, results_max: usize) -> Result<SearchParams, ApiError> {
        SearchParams::at(&Params::of(query), 7_200_000, results_max)
    }

    #[test]
    fn a_search_that_says_nothing_is_of_the_last_hour() {
        let asked = at("", 10_000).unwrap();
        let expected = TimeRange {
            start: Timestamp::from_millis(3_600_000),
            end: Timestamp::from_millis(7_200_000),
        };
        assert_eq!(asked.range, expected);
        assert_eq!((asked.limit, asked.batch_size, asked.order), (100, 100, Order::Ascending));
        assert_eq!(at("", 7).unwrap().limit, 7);
        assert_eq!(at("limit=20000", 0).unwrap().limit, 20_000);
        assert_eq!(at("sort_by=score&search[]=a", 0).unwrap().order, Order::Nearest);
        assert_eq!(at("sort_by=alpha&sort_dir=dsc", 0).unwrap().order, Order::Descending);
        assert!(at("start=5&end=5&fuzz_threshold=100&batch_size=1&case_sensitive=F", 0).is_ok());
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        for (query, name) in [
            ("start=x", "start"),
            ("start=5&end=4", "end"),
            ("match[]={}", "match[]"),
            ("fuzz_threshold=101", "fuzz_threshold"),
            ("fuzz_threshold=-1", "fuzz_threshold"),
            ("fuzz_alg=soundex", "fuzz_alg"),
            ("case_sensitive=maybe", "case_sensitive"),
            ("include_score=2", "include_score"),
            ("sort_dir=asc", "sort_dir"),
            ("sort_by=alpha&sort_dir=up", "sort_dir"),
            ("sort_by=score&sort_dir=asc&search[]=a", "sort_dir"),
            ("sort_by=score", "search[]"),
            ("sort_by=time", "sort_by"),
            ("limit=0", "limit"),
            ("limit=10001", "--web.search.max-limit"),
            ("batch_size=0", "batch_size"),
            (&"search[]=a&".repeat(33), "search[]"),
        ] {
            let error = at(query, 10_000).expect_err(query);
            assert!(
                format!("{error:?}").contains(&name.replace('"', "\\\"")),
                "{query}: {error:?}"
            );
        }
    }
}
