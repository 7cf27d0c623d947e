use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use narthex_platform::SimulatedClock;

use super::*;
use crate::error::Fault;

/// Pieces that have come, and nothing or the end after them.
struct Sent {
    pieces: Vec<usize>,
    ends: bool,
}

impl Incoming for Sent {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        match self.pieces.pop() {
            Some(length) => Ok(Some(Bytes::from(vec![7; length]))),
            None if self.ends => Ok(None),
            None => std::future::pending().await,
        }
    }
}

fn sent(mut pieces: Vec<usize>, ends: bool) -> Sent {
    pieces.reverse();
    Sent { pieces, ends }
}

struct Rig {
    room: Arc<Room>,
    clock: SimulatedClock,
}

impl Rig {
    fn new() -> Self {
        Self { room: Arc::new(Room::new()), clock: SimulatedClock::at(0) }
    }

    fn place(&self, length: Option<u64>) -> Result<Place, WriteError> {
        Place::new(Arc::clone(&self.room), self.clock.clock(), length)
    }

    fn taken(&self) -> usize {
        BODIES_BYTES_MAX - self.room.free_bytes()
    }
}

async fn fill(place: &mut Place, mut body: Sent) -> Result<(), WriteError> {
    while place.take(&mut body).await? {}
    Ok(())
}

/// One look: what is still to come does not come meanwhile.
fn look<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn check_refused(outcome: Poll<Result<(), WriteError>>, fault: Fault, text: &str) {
    let Poll::Ready(Err(error)) = outcome else { panic!("it is not refused") };
    assert_eq!((error.fault(), error.to_string().as_str()), (fault, text));
}

const BUSY: &str = "too many requests at the same time: there was no turn for this one within 20 s";

#[test]
fn a_body_takes_room_as_it_comes() {
    let rig = Rig::new();
    for length in [None, Some(BODY_BYTES_MAX as u64)] {
        let mut place = rig.place(length).unwrap();
        assert_eq!(rig.taken(), 0);
        assert!(look(pin!(fill(&mut place, sent(vec![], false)))).is_pending());
        assert_eq!(rig.taken(), FIRST_BYTES);
        assert!(look(pin!(fill(&mut place, sent(vec![50_000, 50_000], false)))).is_pending());
        assert_eq!(rig.taken(), 200_704, "twice what has come, in whole KiB");
        drop(place);
        assert_eq!(rig.taken(), 0);
    }
}

#[test]
fn pieces_are_put_together() {
    let rig = Rig::new();
    for pieces in [vec![], vec![0, 3], vec![5], vec![1, 70_000, 0, 200_000, 1_000_000]] {
        let length = pieces.iter().sum::<usize>();
        for announced in [None, Some(length as u64)] {
            let mut place = rig.place(announced).unwrap();
            let outcome = look(pin!(fill(&mut place, sent(pieces.clone(), true))));
            assert!(matches!(outcome, Poll::Ready(Ok(()))), "{outcome:?}");
            assert_eq!(place.bytes(), vec![7; length]);
        }
    }
}

#[test]
fn a_body_that_is_too_large_ends_where_it_is_seen() {
    let rig = Rig::new();
    let text = "request body exceeds the 33554432 bytes limit";
    let error = rig.place(Some(BODY_BYTES_MAX as u64 + 1)).unwrap_err();
    assert_eq!((error.fault(), error.to_string().as_str()), (Fault::Size, text));
    let mut place = rig.place(None).unwrap();
    let outcome = look(pin!(fill(&mut place, sent(vec![BODY_BYTES_MAX, 1], true))));
    check_refused(outcome, Fault::Size, text);
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let rig = Rig::new();
    let mut place = rig.place(None).unwrap();
    let mut waiting = Box::pin(fill(&mut place, sent(vec![100], false)));
    rig.clock.advance(WAIT_MAX.saturating_sub(Duration::from_millis(1)));
    assert!(look(waiting.as_mut()).is_pending());
    rig.clock.advance(Duration::from_millis(1));
    let text = "read the request body: it did not come within 20 s";
    check_refused(look(waiting.as_mut()), Fault::Load, text);
}

/// What is waited for first leaves less for what comes after.
#[test]
fn all_waits_have_one_end() {
    let rig = Rig::new();
    let workers = Arc::new(Semaphore::new(0));
    let mut place = rig.place(None).unwrap();
    rig.clock.advance(WAIT_MAX.saturating_sub(Duration::from_secs(1)));
    assert!(look(pin!(fill(&mut place, sent(vec![100], true)))).is_ready());
    let mut turn = Box::pin(place.turn(&workers));
    assert!(look(turn.as_mut()).is_pending());
    rig.clock.advance(Duration::from_secs(1));
    check_refused(look(turn.as_mut()).map_ok(drop), Fault::Load, BUSY);
}

#[test]
fn when_there_is_no_room_one_body_goes_on_and_others_wait() {
    let rig = Rig::new();
    // Each holds a megabyte, and could go on with two.
    let begun: Vec<Place> = (0..BODIES_BYTES_MAX >> 21)
        .map(|_| {
            let mut place = rig.place(None).unwrap();
            let outcome = look(pin!(fill(&mut place, sent(vec![1 << 20], false))));
            assert!(outcome.is_pending());
            place
        })
        .collect();
    assert_eq!(rig.taken(), BODIES_BYTES_MAX);
    let mut late = rig.place(Some(1)).unwrap();
    let mut late = Box::pin(fill(&mut late, sent(vec![1], true)));
    assert!(look(late.as_mut()).is_pending(), "one that has nothing waits");
    let mut begun = begun.into_iter();
    let (mut first, mut second) = (begun.next().unwrap(), begun.next().unwrap());
    let more = || sent(vec![2 << 20, 20 << 20], true);
    assert!(look(pin!(fill(&mut first, more()))).is_ready(), "the spare place takes a whole body");
    let mut waiting = Box::pin(fill(&mut second, more()));
    assert!(look(waiting.as_mut()).is_pending());
    drop(first);
    assert!(look(late.as_mut()).is_ready());
    assert!(look(waiting.as_mut()).is_ready());
    rig.clock.advance(WAIT_MAX);
    let mut third = begun.next().unwrap();
    check_refused(look(pin!(fill(&mut third, more()))), Fault::Load, BUSY);
}
