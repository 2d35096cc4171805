//! What it costs to end early, in ns: kills of tasks, timeouts that pass and timeouts that do not, a scope.
//!
//! Run: `cargo bench --bench kill`. Most of a kill is Rust's unwinding, so a panic that is caught at once stands beside it.

mod measure;

use std::panic::{catch_unwind, resume_unwind};
use std::time::Duration;

use greenhub::{hub, joinall, scope, sleep, spawn, task, with_timeout, yield_now};
use measure::report;

const FOREVER: Duration = Duration::from_secs(3600);

fn main() {
    hub::pause_clock();
    report("a panic that is caught at once", "", 20_000, |n| {
        for _ in 0..n {
            assert!(catch_unwind(|| resume_unwind(Box::new(()))).is_err());
        }
    });
    for (tasks, name) in [(1, "one at a time"), (1000, "1000 at once")] {
        kills(tasks, name);
    }
    report("kill one that was not started", "", 100_000, |n| {
        for _ in 0..n {
            spawn(|| ()).kill();
        }
    });
    report("with_timeout, in time", "", 200_000, |n| {
        for _ in 0..n {
            assert!(with_timeout(FOREVER, yield_now).is_ok());
        }
    });
    report("with_timeout, too late", "", 20_000, |n| {
        for _ in 0..n {
            assert!(with_timeout(Duration::from_nanos(1), || sleep(FOREVER)).is_err());
        }
    });
    report("a scope with one task", "", 100_000, |n| {
        for _ in 0..n {
            let mut value = 0;
            scope(|s| {
                s.spawn(|| value += 1);
            });
            assert_eq!(value, 1);
        }
    });
}

/// Spawn, sleep, kill, unwind, join.
fn kills(tasks: u64, name: &str) {
    let name = format!("spawn, let sleep, and kill, {name}");
    report(&name, "", 20_000, |n| {
        for _ in 0..n.div_ceil(tasks) {
            let tasks: Vec<_> = (0..tasks).map(|_| spawn(|| sleep(FOREVER))).collect();
            yield_now();
            task::killall(&tasks);
            joinall(&tasks);
        }
    });
}
