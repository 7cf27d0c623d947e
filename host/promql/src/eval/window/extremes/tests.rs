use std::time::Duration;

use narthex_platform::Clock;
use narthex_storage::Columns;
use proptest::prelude::*;

use super::super::super::context::Limits;
use super::super::super::counts::{Counted, Counts};
use super::super::super::grid::Grid;
use super::super::super::plan::Reading;
use super::super::super::track::Slider;
use super::*;
use crate::Cancel;
use crate::functions::over_time;
use crate::functions::window::Window;

type Naive = fn(&Window<'_>) -> Option<f64>;

const ALL: [(Extreme, Naive); 4] = [
    (Extreme { wins: |later, earlier| later > earlier, is_time: false }, over_time::max),
    (Extreme { wins: |later, earlier| later < earlier, is_time: false }, over_time::min),
    (Extreme { wins: |later, earlier| later >= earlier, is_time: true }, over_time::ts_of_max),
    (Extreme { wins: |later, earlier| later <= earlier, is_time: true }, over_time::ts_of_min),
];

proptest! {
    #[test]
    fn a_pass_finds_what_looking_at_every_sample_finds(
        values in prop::collection::vec(0_usize..6, 0..50),
        range in 1_i64..40,
        step in 1_i64..9,
    ) {
        let values: Vec<f64> =
            values.into_iter().map(|index| [f64::NAN, -0.0, 0.0, 1.0, 2.0, 3.0][index]).collect();
        let times: Vec<i64> = (0..).take(values.len()).map(|index| index * 2).collect();
        let columns = Columns::from_floats(times, values);
        let track = Track::new(columns, false, Reading::Value);
        let ends: Vec<i64> = (0..30).map(|index| index * step - 5).collect();
        let grid = Grid::range(0, 29, 1);
        let (clock, cancel) = (Clock::real(), Cancel::default());
        let limits = Limits { clock: &clock, deadline: Duration::MAX, cancel: &cancel };
        for (extreme, naive) in ALL {
            let counts = Counts::new(grid, true);
            let tally = counts.tally(Counted::AtSteps);
            let ends_of_steps = ends.iter().copied();
            let found = extreme.column(&track, range, ends_of_steps, tally, limits.pace()).unwrap();
            let mut slider = Slider::default();
            for (index, end) in ends.iter().enumerate() {
                let start = end - range;
                let window = slider.window(&track, (start, *end), (start, *end, *end));
                let wanted = if window.len() == 0 { None } else { naive(&window) };
                let bits = |value: Option<f64>| value.map(f64::to_bits);
                prop_assert_eq!(bits(found.get(index)), bits(wanted), "{}..{}", start, end);
                prop_assert_eq!(counts.steps()[index].1, window.len() as u64);
            }
        }
    }
}
