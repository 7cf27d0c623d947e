//! Waiting on conditions with a deadline: the only place that sleeps.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Short against everything a test waits for, long against the cost of asking once.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `condition` holds; panics with `what` after `within`.
#[track_caller]
pub fn wait_until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, within, || if condition() { Ok(()) } else { Err("not yet") });
}

/// Waits until `attempt` succeeds and returns its value; after `within` panics with `what` and the last error.
#[track_caller]
pub fn wait_for<T, E: Display>(
    what: &str,
    within: Duration,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> T {
    let started = Instant::now();
    loop {
        // One attempt is always made after the deadline, so that a slow machine is not blamed for a slow first look.
        let late = started.elapsed() >= within;
        match attempt() {
            Ok(value) => return value,
            Err(error) if late => panic!("waited {within:?} in vain until {what}: {error}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_the_first_success_is_returned() {
        let mut attempts = 0;
        let value = wait_for("three attempts were made", Duration::from_secs(5), || {
            attempts += 1;
            if attempts == 3 { Ok(attempts) } else { Err("too few") }
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "in vain until the moon is full: it is new")]
    fn a_deadline_names_what_was_waited_for_and_the_last_error() {
        wait_for("the moon is full", Duration::ZERO, || Err::<(), _>("it is new"));
    }
}
