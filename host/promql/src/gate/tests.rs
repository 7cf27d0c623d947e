use narthex_platform::SimulatedClock;

use super::*;

const FOREVER: Duration = Duration::from_secs(3600);

/// One look at a future that nobody is woken for.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_place_that_is_left_goes_to_the_one_who_waits_longest() {
    let (gate, clock) = (Gate::new(1), SimulatedClock::at(0).clock());
    let pass = gate.try_enter().unwrap();
    let mut first = Box::pin(gate.enter_later(&clock, FOREVER));
    let mut second = Box::pin(gate.enter_later(&clock, FOREVER));
    assert!(poll(&mut first).is_pending());
    assert!(poll(&mut second).is_pending());
    drop(pass);
    assert!(gate.try_enter().is_none(), "the place is taken already");
    assert!(poll(&mut second).is_pending());
    let Poll::Ready(Ok(pass)) = poll(&mut first) else { panic!("the first has its place") };
    assert!(gate.try_enter().is_none(), "the place is taken again");
    drop(pass);
    assert!(poll(&mut second).is_ready());
    drop((first, second));
    assert!(gate.try_enter().is_some(), "nobody is left");
}

#[test]
fn who_waits_is_counted_as_who_runs() {
    let gate = Gate::new(1);
    let (_runs, waits) = (gate.arrive(), gate.arrive());
    assert_eq!(gate.present(), 2);
    drop(waits);
    assert_eq!(gate.present(), 1);
}

#[test]
fn one_who_goes_away_leaves_its_turn_to_the_next() {
    let (gate, clock) = (Gate::new(1), SimulatedClock::at(0).clock());
    let pass = gate.try_enter().unwrap();
    let mut first = Box::pin(gate.enter_later(&clock, FOREVER));
    let mut second = Box::pin(gate.enter_later(&clock, FOREVER));
    assert!(poll(&mut first).is_pending());
    assert!(poll(&mut second).is_pending());
    drop((first, pass));
    assert!(poll(&mut second).is_ready());
}

#[test]
fn nobody_waits_beyond_the_deadline() {
    let (gate, clock) = (Gate::new(1), SimulatedClock::at(0));
    let _pass = gate.try_enter().unwrap();
    let handle = clock.clock();
    let mut waiting = Box::pin(gate.enter_later(&handle, Duration::from_secs(5)));
    clock.advance(Duration::from_secs(4));
    assert!(poll(&mut waiting).is_pending());
    clock.advance(Duration::from_secs(1));
    let Poll::Ready(Err(error)) = poll(&mut waiting) else { panic!("the wait has ended") };
    assert_eq!(error.to_string(), "query timed out in query queue");
    let error = gate.enter(&handle, Duration::from_secs(5), &Cancel::new()).unwrap_err();
    assert_eq!(error.to_string(), "query timed out in query queue");
}

#[test]
fn a_thread_waits_in_the_same_row_until_it_is_canceled() {
    let (gate, clock) = (Gate::new(1), SimulatedClock::at(0).clock());
    let pass = gate.try_enter().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| gate.enter(&clock, FOREVER, &Cancel::new()));
        drop(pass);
        let pass = waiting.join().unwrap().unwrap();
        let cancel = Cancel::new();
        let (flag, gate, clock) = (cancel.clone(), &gate, &clock);
        let waiting = scope.spawn(move || gate.enter(clock, FOREVER, &flag));
        cancel.cancel();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "query was canceled in query queue");
        drop(pass);
    });
    assert!(gate.try_enter().is_some(), "nobody is left");
}
