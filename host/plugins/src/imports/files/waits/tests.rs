use std::sync::mpsc;

use narthex_platform::SimulatedClock;

use super::*;

/// A mount whose server is gone: steps wait until the test lets them go.
struct Mount {
    time: SimulatedClock,
    waits: Arc<Waits>,
    /// Dropping one lets its step go.
    gates: Vec<mpsc::Sender<()>>,
}

impl Mount {
    fn new() -> Self {
        let time = SimulatedClock::at(0);
        let waits = Arc::new(Waits::new(time.clock()));
        Self { time, waits, gates: Vec::new() }
    }

    /// Asks a place that hangs, and gives up.
    async fn ask_in_vain(&mut self, place: &str) -> Error {
        let (gate, held) = mpsc::channel::<()>();
        self.gates.push(gate);
        let sleepers = self.time.sleepers();
        let step = move || {
            held.recv().ok();
            Ok(())
        };
        let asked = self.waits.run("node", place, Duration::MAX, step);
        let time_passes = async {
            while self.time.sleepers() == sleepers {
                tokio::task::yield_now().await;
            }
            self.time.advance(PATIENCE);
        };
        let (answer, ()) = tokio::join!(asked, time_passes);
        answer.unwrap_err()
    }

    async fn ask(&self, place: &str) -> Result<u8, Error> {
        self.waits.run("node", place, Duration::MAX, || Ok(7)).await
    }

    fn hung(&self) -> Vec<f64> {
        let families = self.waits.families();
        let values = families[0].points.iter().map(|point| {
            let PointValue::Number(number) = point.value else { panic!("a gauge is a number") };
            number
        });
        values.collect()
    }

    /// The mount answers again; waits until all threads are back.
    async fn recover(&mut self) {
        self.gates.clear();
        while self.hung() != [0.0] {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_place_that_hangs_is_left_alone_until_it_answers() {
    let mut mount = Mount::new();
    let error = mount.ask_in_vain("/mnt/nfs").await;
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Timeout, "/mnt/nfs does not answer within 2s")
    );
    assert_eq!(mount.hung(), [1.0]);

    mount.time.advance(Duration::from_secs(8));
    let error = mount.ask("/mnt/nfs").await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (
            ErrorKind::Timeout,
            "/mnt/nfs does not answer since 10 s; it is not asked again until it does"
        )
    );
    assert_eq!(mount.hung(), [1.0], "no thread was added");
    assert_eq!(mount.ask("/").await.unwrap(), 7, "other places answer");

    mount.recover().await;
    assert_eq!(mount.ask("/mnt/nfs").await.unwrap(), 7);
}

#[tokio::test]
async fn threads_that_hang_are_bounded() {
    let mut mount = Mount::new();
    for index in 0..THREADS_MAX {
        let error = mount.ask_in_vain(&format!("/mnt/{index}")).await;
        assert_eq!(error.kind, ErrorKind::Timeout, "{index}");
    }
    let error = mount.ask("/").await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (
            ErrorKind::Exhausted,
            "0 accesses to files of this plugin are under way and 32 hang; 8 and 24 are allowed"
        )
    );
    let other = mount.waits.run("other", "/", Duration::MAX, || Ok(7)).await;
    assert_eq!(other.unwrap(), 7, "other plugins have their own");
    drop(mount.gates.pop());
    while mount.hung()[0] > 31.0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(mount.ask("/").await.unwrap(), 7);
    mount.gates.clear();
}

#[tokio::test]
async fn accesses_at_the_same_time_are_bounded() {
    let mount = Mount::new();
    let tickets: Vec<_> =
        (0..WAITING_MAX).map(|_| mount.waits.begin("node", "/").unwrap()).collect();
    assert_eq!(mount.ask("/").await.unwrap_err().kind, ErrorKind::Exhausted);
    drop(tickets);
    assert_eq!(mount.ask("/").await.unwrap(), 7);
}

#[tokio::test]
async fn a_slow_file_of_the_kernel_is_read_on_a_thread_from_then_on() {
    let mut mount = Mount::new();
    let time = mount.time.clone();
    let slow = move || {
        time.advance(SLOW * 2);
        Ok(1)
    };
    let here = std::thread::current().id();
    assert_eq!(mount.waits.run_quick("node", "/sys/slow", Duration::MAX, slow).await.unwrap(), 1);
    let place = || Ok(std::thread::current().id());
    let slow = mount.waits.run_quick("node", "/sys/slow", Duration::MAX, place).await.unwrap();
    let quick = mount.waits.run_quick("node", "/sys/quick", Duration::MAX, place).await.unwrap();
    assert_ne!(slow, here);
    assert_eq!(quick, here);
    mount.recover().await;
}

#[tokio::test]
async fn a_call_waits_no_longer_than_it_may() {
    let mount = Mount::new();
    let (gate, held) = mpsc::channel::<()>();
    let step = move || {
        held.recv().ok();
        Ok(())
    };
    let error = mount.waits.run("node", "/mnt", Duration::ZERO, step).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    drop(gate);
}
