use narthex_model::Labels;

use super::super::holding::HoldingLimits;
use super::super::row::Column;
use super::*;

fn ledger(bytes_max: usize) -> Ledger {
    Ledger::new(HoldingLimits { samples_max: usize::MAX, bytes_max })
}

fn row(name: &str, values: usize) -> Row {
    let labels = Labels::from_pairs([("__name__", name)]);
    let mut row = Row { labels, drops_name: false, values: Column::absent(10) };
    for step in 0..values {
        row.values.set(step, 1.0);
    }
    row
}

fn stream(names: &[&str]) -> Rows<'static> {
    let rows: Vec<_> = names.iter().map(|name| Ok(row(name, 4))).collect();
    Box::new(rows.into_iter())
}

#[test]
fn a_row_is_on_the_ledger_until_it_is_handed_on() {
    let ledger = ledger(usize::MAX);
    let held = Held::collect(stream(&["a", "b", "c"]), &ledger).unwrap();
    let one = Amount::of_row(&row("a", 4));
    assert_eq!(one.samples, 4);
    assert_eq!(ledger.held(), one.plus(one).plus(one));
    let mut rows = held.into_rows();
    rows.next().unwrap().unwrap();
    assert_eq!(ledger.held(), one.plus(one));
    drop(rows);
    assert_eq!(ledger.held(), Amount::default());
}

#[test]
fn rows_that_changed_or_went_leave_nothing_behind() {
    let ledger = ledger(usize::MAX);
    let mut held = Held::collect(stream(&["a", "b", "c"]), &ledger).unwrap();
    held.retain(|row| row.labels.metric_name() != Some("b"));
    assert_eq!(held.rows.len(), 2);
    // One loses values, one gains some.
    held.rows[0].values.keep(|step| step == 0);
    held.rows[1].values.set(9, 1.0);
    let mut rows = held.into_rows();
    rows.next().unwrap().unwrap();
    assert!(ledger.held().samples <= 7, "{:?}", ledger.held());
    rows.next().unwrap().unwrap();
    assert_eq!(ledger.held().bytes, 0);
    drop(rows);
    assert_eq!(ledger.held(), Amount::default());
}

#[test]
fn more_than_the_budget_is_refused_at_the_row_that_is_too_much() {
    let one = Amount::of_row(&row("a", 4));
    let ledger = ledger(2 * one.bytes);
    let mut held = Held::new(&ledger);
    held.push(row("a", 4)).unwrap();
    held.push(row("b", 4)).unwrap();
    assert!(matches!(held.push(row("c", 4)), Err(QueryError::TooMuchMemory { .. })));
    drop(held);
    assert_eq!(ledger.held(), Amount::default());
}

#[test]
fn merged_rows_hold_what_they_came_to() {
    let ledger = ledger(usize::MAX);
    let mut held = Held::new(&ledger);
    held.push(row("a", 4)).unwrap();
    let mut rest = row("a", 0);
    rest.values.set(7, 2.0);
    held.push(rest).unwrap();
    let merged = super::super::merge::merge(held).unwrap();
    assert_eq!(merged.rows.len(), 1);
    assert_eq!(ledger.held(), Amount::of_row(&merged.rows[0]));
    assert_eq!(ledger.held().samples, 5);
    assert_eq!(merged.into_rows().count(), 1);
    assert_eq!(ledger.held(), Amount::default());
}
