//! What a task costs: yielding to each other through the hub, and spawn and join, in ns.
//!
//! Run: `cargo bench --bench spawn`

mod measure;

use corosensei::{Coroutine, CoroutineResult};
use greenhub::{joinall, spawn, yield_now};
use measure::{measure, report};

fn main() {
    let raw = raw_switch().median;
    for (tasks, target) in [(2, Some("5x")), (10, None), (100, None), (1000, Some("8x"))] {
        let name = format!("yield through the hub, {tasks} tasks");
        report(&name, yields(tasks), raw, target);
    }
    report(
        "spawn and join, one at a time",
        one_at_a_time(),
        raw,
        Some("60 ns"),
    );
    for (tasks, target) in [(100, None), (10_000, Some("120 ns"))] {
        let name = format!("spawn and join, {tasks} at once");
        report(&name, at_once(tasks), raw, target);
    }
}

fn raw_switch() -> measure::Figure {
    let mut coroutine = Coroutine::<u64, u64, ()>::new(|yielder, mut value| {
        loop {
            value = yielder.suspend(value + 1);
        }
    });
    let figure = measure(10_000_000, |n| {
        for value in 0..n / 2 {
            assert!(matches!(coroutine.resume(value), CoroutineResult::Yield(_)));
        }
    });
    // SAFETY: the suspended body owns nothing.
    unsafe { coroutine.force_reset() };
    figure
}

fn yields(tasks: u64) -> measure::Figure {
    measure(4_000_000, |n| {
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
    })
}

fn one_at_a_time() -> measure::Figure {
    measure(1_000_000, |n| {
        for value in 0..n {
            assert_eq!(spawn(move || value).join().ok(), Some(value));
        }
    })
}

fn at_once(tasks: u64) -> measure::Figure {
    measure(1_000_000, |n| {
        let mut left = n;
        while left > 0 {
            let now = left.min(tasks);
            let tasks: Vec<_> = (0..now).map(|value| spawn(move || value)).collect();
            joinall(&tasks);
            left -= now;
        }
    })
}
