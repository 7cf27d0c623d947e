use super::*;

const LIMITS: HoldingLimits = HoldingLimits { samples_max: 10, bytes_max: 100 };

#[test]
fn an_account_is_settled_when_it_is_dropped() {
    let ledger = Ledger::new(LIMITS);
    let mut first = ledger.holding();
    first.add(Amount { samples: 3, bytes: 60 }).unwrap();
    let mut second = ledger.holding();
    second.add(Amount { samples: 2, bytes: 40 }).unwrap();
    first.remove(Amount { samples: 1, bytes: 20 });
    assert_eq!(ledger.held(), Amount { samples: 4, bytes: 80 });
    drop(first);
    assert_eq!(ledger.held(), Amount { samples: 2, bytes: 40 });
    drop(second);
    assert_eq!(ledger.held(), Amount::default());
    assert_eq!(ledger.peak(), Amount { samples: 5, bytes: 100 });
}

#[test]
fn no_more_is_given_back_than_is_held() {
    let ledger = Ledger::new(LIMITS);
    let mut other = ledger.holding();
    other.add(Amount { samples: 5, bytes: 50 }).unwrap();
    let mut holding = ledger.holding();
    holding.add(Amount { samples: 1, bytes: 10 }).unwrap();
    holding.remove(Amount { samples: 0, bytes: 30 });
    assert_eq!(ledger.held(), Amount { samples: 6, bytes: 50 });
    holding.remove(Amount { samples: 9, bytes: 30 });
    assert_eq!(ledger.held(), Amount { samples: 5, bytes: 50 });
}

#[test]
fn what_was_refused_is_settled_too() {
    let ledger = Ledger::new(LIMITS);
    let mut holding = ledger.holding();
    let error = holding.add(Amount { samples: 1, bytes: 101 }).unwrap_err();
    assert!(matches!(error, QueryError::TooMuchMemory { max: 100, .. }), "{error}");
    drop(holding);
    let mut holding = ledger.holding();
    let error = holding.add(Amount { samples: 11, bytes: 1 }).unwrap_err();
    assert!(matches!(error, QueryError::TooManySamples), "{error}");
    drop(holding);
    assert_eq!(ledger.held(), Amount::default());
}

#[test]
fn what_is_kept_counts_but_is_no_account() {
    let ledger = Ledger::new(LIMITS);
    ledger.keep(60).unwrap();
    assert_eq!((ledger.held(), ledger.peak().bytes), (Amount::default(), 60));
    let mut holding = ledger.holding();
    assert!(holding.add(Amount { samples: 0, bytes: 41 }).is_err());
    drop(holding);
    assert!(ledger.keep(41).is_err());
}
