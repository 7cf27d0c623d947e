//! Begins the corpora: writes a few small inputs, made by each target's generator and mutated, into
//! the folders that have none. Names of targets as arguments limit it to them.
#![expect(clippy::disallowed_methods, reason = "a tool on the machine's own files")]

use std::io;

use narthex_fuzz::corpus;
use narthex_oracles::Chance;
use narthex_oracles::formats::{TARGETS, mutate};

/// Inputs of each kind.
const INPUTS: usize = 4;
/// Small ones are read, mutated and understood quickly.
const LEN_MAX: usize = 1500;
/// So many are made to find small ones.
const TRIES: usize = 400;

fn main() -> io::Result<()> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|wanted| wanted == name);
    for target in TARGETS.iter().filter(|target| wanted(target.name)) {
        let folder = corpus(target.name);
        std::fs::create_dir_all(&folder)?;
        let mut chance = Chance::new(7);
        let made = (0..TRIES).map(|_| (target.generate)(&mut chance));
        let made: Vec<Vec<u8>> = made.filter(|input| input.len() <= LEN_MAX).take(INPUTS).collect();
        for (number, input) in made.iter().enumerate() {
            std::fs::write(folder.join(format!("made-{number}")), input)?;
        }
        if made.is_empty() {
            continue;
        }
        for number in 0..INPUTS {
            let input = mutate(&made, &mut chance);
            std::fs::write(folder.join(format!("mutated-{number}")), input)?;
        }
    }
    Ok(())
}
