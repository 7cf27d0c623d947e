//! Many seeds. `NARTHEX_SEEDS` says how many, `NARTHEX_SEED` runs one alone.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "says which seeds ran and how to run one alone"
)]

use narthex_simulation::{History, Marks, Tell};

/// So many histories when nothing else is said.
const SEEDS_DEFAULT: u64 = 1000;
/// Tests run beside each other: each takes its share of the seeds.
const SHARES: u64 = 4;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name} is no number: {}", text.display())))
}

/// Says how to run a seed alone when it fails.
struct Name(u64);

impl Drop for Name {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!(
                "seed {seed} fails; alone: NARTHEX_SEED={seed} cargo nextest run -p narthex-simulation one_seed"
            );
        }
    }
}

fn run(seed: u64, tell: Tell) -> Marks {
    let _name = Name(seed);
    History::run(seed, tell)
}

fn run_share(share: u64) {
    let seeds = number("NARTHEX_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let mut marks = Marks::default();
    for seed in (0..seeds).filter(|seed| seed % SHARES == share) {
        marks.add(&run(seed, Tell::Nothing));
    }
    println!("seeds {share}, {}, ... of {seeds}: {marks:?}", share + SHARES);
    // A few seeds need not come by every place.
    if seeds >= SEEDS_DEFAULT {
        assert_eq!(marks.missing(), [], "what never happened was not tested");
    }
}

#[test]
fn every_seed_keeps_its_promises_first_share() {
    run_share(0);
}

#[test]
fn every_seed_keeps_its_promises_second_share() {
    run_share(1);
}

#[test]
fn every_seed_keeps_its_promises_third_share() {
    run_share(2);
}

#[test]
fn every_seed_keeps_its_promises_fourth_share() {
    run_share(3);
}

#[test]
fn one_seed() {
    run(number("NARTHEX_SEED").unwrap_or(0), Tell::Steps);
}
