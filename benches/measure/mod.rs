//! How the benches measure: several rounds of many operations, the median round, and a tiny size
//! unless `cargo bench` asks for more.

use std::time::Instant;

/// Rounds per figure; the median is the middle one.
const ROUNDS: usize = 15;

/// One measured figure: nanoseconds per operation.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) best: f64,
    pub(crate) worst: f64,
}

/// Whether to measure in earnest: `cargo bench` passes `--bench`, `cargo test --benches` does not.
pub(crate) fn in_earnest() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Times `round`, which does `operations` operations each time it is called. The first call warms up.
pub(crate) fn measure(operations: u64, mut round: impl FnMut(u64)) -> Figure {
    let (rounds, operations) = if in_earnest() {
        (ROUNDS, operations)
    } else {
        (1, operations.div_ceil(1000).max(2))
    };
    round(operations);
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            round(operations);
            begun.elapsed().as_nanos() as f64 / operations as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Figure {
        median: times[rounds / 2],
        best: times[0],
        worst: times[rounds - 1],
    }
}

/// Prints one row: the figure, its spread, and how many times `raw` it is.
pub(crate) fn report(name: &str, figure: Figure, raw: f64, target: Option<&str>) {
    println!(
        "{name:<44} {:>8.2} ns  ({:.2} to {:.2})  {:>6.2}x raw{}",
        figure.median,
        figure.best,
        figure.worst,
        figure.median / raw,
        target.map_or(String::new(), |target| format!("  target {target}")),
    );
}
