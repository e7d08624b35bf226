//! Fuzzes the kernels through their public, safe functions: arbitrary bytes as codes, bits as floats, dims, counts,
//! k, allow-lists and lengths that don't fit, in memory at any offset. Every instruction set has to give what
//! `scalar` gives, bit for bit, or the same fault; a refused call writes nothing, nothing beside an output may change,
//! and nothing may panic.
//!
//! ```text
//! cargo run --release --example fuzz -- [--seconds N] [--seed N] [--only CASE] [--isa NAME]
//! ```
//!
//! Each case is made from the seed and its number alone, so `--seed S --only N` runs a failing one again; `--isa scalar`
//! runs the reference alone. To find reads
//! and writes outside of the slices, run it under AddressSanitizer (`tools/faults/README.md` has the command): every
//! buffer ends where its allocation ends.

mod case;
mod kernel;
mod layouts;
mod rng;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use pith_kernels::Isa;
use rng::Rng;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).map(|at| arguments[at + 1].as_str());
    let number = |name: &str| option(name).map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("--seed").unwrap_or(1);
    let limit = Duration::from_secs(number("--seconds").unwrap_or(10));
    let simd = Isa::available().iter().copied().filter(|&isa| isa != Isa::SCALAR);
    let isas: Vec<Isa> = simd.filter(|isa| option("--isa").is_none_or(|name| isa.name() == name)).collect();
    let names: Vec<&str> = isas.iter().map(|isa| isa.name()).collect();
    println!("seed {seed}, {limit:?}, scalar {}", names.join(" "));
    if let Some(only) = number("--only") {
        let outcome = run(&isas, seed, only);
        println!("case {only}: {} {outcome}", kernel::name(&mut Rng::case(seed, only)));
        return;
    }
    let begin = Instant::now();
    let (mut cases, mut refused) = (vec![0u64; kernel::COUNT], 0u64);
    let mut number = 0;
    while begin.elapsed() < limit {
        for _ in 0..64 {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&isas, seed, number)));
            let Ok(outcome) = outcome else {
                eprintln!("case {number} of seed {seed} failed: run again with --seed {seed} --only {number}");
                std::process::exit(1);
            };
            cases[kernel::index(&mut Rng::case(seed, number))] += 1;
            refused += u64::from(outcome == Outcome::Refused);
            number += 1;
        }
    }
    println!("{number} cases ({refused} of them refused), all alike on each instruction set; by kernel:");
    for (i, n) in cases.into_iter().enumerate() {
        println!("  {:<20} {n}", kernel::NAMES[i]);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ran,
    Refused,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(if *self == Outcome::Ran { "ran" } else { "was refused" })
    }
}

/// One case on each instruction set. Panics where one differs from the reference.
fn run(isas: &[Isa], seed: u64, number: u64) -> Outcome {
    let expected = kernel::run(Isa::SCALAR, &mut Rng::case(seed, number));
    for &isa in isas {
        let actual = kernel::run(isa, &mut Rng::case(seed, number));
        assert_eq!(expected.fault, actual.fault, "{}: another fault than scalar", isa.name());
        assert!(expected.words == actual.words, "{}: {} differ from scalar's", isa.name(), expected.differing(&actual));
    }
    if expected.fault.is_some() { Outcome::Refused } else { Outcome::Ran }
}
