//! What a task costs, in ns: yielding to each other through the hub, and spawn and join.
//!
//! Run: `cargo bench --bench spawn`

mod measure;

use greenhub::{joinall, spawn, yield_now};
use measure::report;

fn main() {
    for (tasks, target) in [(2, "target 5x"), (10, ""), (100, ""), (1000, "target 8x")] {
        yields(tasks, target);
    }
    report(
        "spawn and join, one at a time",
        "target 60 ns",
        200_000,
        |n| {
            for value in 0..n {
                assert_eq!(spawn(move || value).join().ok(), Some(value));
            }
        },
    );
    for (tasks, target) in [(100, ""), (10_000, "target 120 ns")] {
        at_once(tasks, target);
    }
}

fn yields(tasks: u64, target: &str) {
    let name = format!("yield through the hub, {tasks} tasks");
    report(&name, target, 1_000_000, |n| {
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                spawn(move || {
                    for _ in 0..n / tasks {
                        yield_now();
                    }
                })
            })
            .collect();
        joinall(&tasks);
    });
}

fn at_once(tasks: u64, target: &str) {
    let name = format!("spawn and join, {tasks} at once");
    report(&name, target, 200_000, |n| {
        let mut left = n;
        while left > 0 {
            let now = left.min(tasks);
            let tasks: Vec<_> = (0..now).map(|value| spawn(move || value)).collect();
            joinall(&tasks);
            left -= now;
        }
    });
}
