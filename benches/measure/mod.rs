//! How the benches measure: rounds of many operations, each beside a round of raw corosensei, and the median of both
//! and of their ratio. A tiny size, unless `cargo bench` asks for more.

use std::time::Instant;

use corosensei::{Coroutine, CoroutineResult};

/// Rounds per figure; the median is the middle one.
const ROUNDS: usize = 31;
/// Raw switches in a round: about four milliseconds.
const RAW_SWITCHES: u64 = 2_000_000;

/// Whether to measure in earnest: `cargo bench` passes `--bench`, `cargo test --benches` does not.
pub(crate) fn in_earnest() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Prints one row: nanoseconds for one of `operations`, the spread, and how many times a raw switch that is.
///
/// `round` does as many operations as it is told. The machine may be slower at one moment than at another, so each
/// round is timed beside a round of raw switches, and the ratio is the median of the pairs' ratios.
pub(crate) fn report(name: &str, target: &str, operations: u64, mut round: impl FnMut(u64)) {
    let (rounds, operations) = if in_earnest() {
        (ROUNDS, operations)
    } else {
        (1, operations.div_ceil(1000).max(2))
    };
    let mut raw = Raw::new();
    round(operations);
    let mut times = Vec::new();
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let raw = raw.time();
        let begun = Instant::now();
        round(operations);
        let time = begun.elapsed().as_nanos() as f64 / operations as f64;
        times.push(time);
        ratios.push(time / raw);
    }
    times.sort_by(f64::total_cmp);
    ratios.sort_by(f64::total_cmp);
    println!(
        "{name:<42} {:>7.2} ns  ({:>6.2} to {:>6.2})  {:>6.2}x raw  {target}",
        times[rounds / 2],
        times[0],
        times[rounds - 1],
        ratios[rounds / 2],
    );
}

/// What everything is compared with: corosensei's own `resume` and `suspend`, half the time of both.
struct Raw {
    coroutine: Coroutine<u64, u64, ()>,
}

impl Raw {
    fn new() -> Raw {
        Raw {
            coroutine: Coroutine::new(|yielder, mut value| {
                loop {
                    value = yielder.suspend(value + 1);
                }
            }),
        }
    }

    fn time(&mut self) -> f64 {
        let switches = if in_earnest() { RAW_SWITCHES } else { 100 };
        let begun = Instant::now();
        let mut value = 0;
        for _ in 0..switches / 2 {
            match self.coroutine.resume(value) {
                CoroutineResult::Yield(next) => value = next,
                CoroutineResult::Return(()) => unreachable!(),
            }
        }
        assert_eq!(value, switches / 2);
        begun.elapsed().as_nanos() as f64 / switches as f64
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the suspended body owns nothing.
        unsafe { self.coroutine.force_reset() };
    }
}
