use std::time::Duration;

use narthex_platform::Clock;
use narthex_storage::Columns;
use proptest::prelude::*;

use super::super::context::Limits;
use super::super::plan::Reading;
use super::*;
use crate::Cancel;

proptest! {
    /// Windows of any length and step over a counter that begins anew now and then.
    #[test]
    fn a_window_has_its_samples_and_the_resets_between_them(
        values in prop::collection::vec(0_u8..4, 0..40),
        length in 1_i64..12,
        step in 1_i64..6,
    ) {
        let times: Vec<i64> = (0..).take(values.len()).map(|index| index * 2).collect();
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let columns = Columns::from_floats(times.clone(), values.clone());
        let mut track = Track::new(columns, false, Reading::Value);
        let (clock, cancel) = (Clock::real(), Cancel::default());
        let limits = Limits { clock: &clock, deadline: Duration::MAX, cancel: &cancel };
        track.find_resets(&mut limits.pace()).unwrap();
        let mut slider = Slider::default();
        let mut end = -3;
        while end < 90 {
            let start = end - length;
            let window = slider.window(&track, (start, end), (start, end, end));
            let within: Vec<f64> = times
                .iter()
                .zip(&values)
                .filter(|(at, _)| **at > start && **at <= end)
                .map(|(_, value)| *value)
                .collect();
            prop_assert_eq!(window.values, within.as_slice());
            let resets: Vec<f64> = within
                .windows(2)
                .filter(|pair| pair[1] < pair[0])
                .map(|pair| pair[0])
                .collect();
            prop_assert_eq!(window.before_resets, resets.as_slice(), "{}..{}", start, end);
            end += step;
        }
    }
}
