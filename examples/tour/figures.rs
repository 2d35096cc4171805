//! What the parts cost here: a switch, a spawn with its join, and the memory of a parked greenlet.
use greenhub::Greenlet;
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Enough greenlets for a page more or less not to matter.
const PARKED: u64 = 10_000;

/// Nanoseconds a switch: to a greenlet and back is two.
pub(crate) fn switch() -> f64 {
    const ROUNDS: u32 = 1_000_000;
    let greenlet: Greenlet<u64, u64> = Greenlet::new(|mut x: u64| {
        let main = greenhub::parent::<u64, u64>();
        loop {
            x = main.switch(x);
        }
    });
    let begun = Instant::now();
    for round in 0..ROUNDS {
        black_box(greenlet.switch(u64::from(round)));
    }
    nanoseconds(begun, ROUNDS) / 2.0
}

/// Nanoseconds to start a greenlet on a stack of its own and wait for its result.
pub(crate) fn spawn_and_join() -> f64 {
    const ROUNDS: u32 = 1_000_000;
    let begun = Instant::now();
    for round in 0..ROUNDS {
        black_box(greenhub::spawn(move || black_box(round)).join().ok());
    }
    nanoseconds(begun, ROUNDS)
}

/// Bytes of memory a parked greenlet takes, page tables included; `None` where `/proc` does not tell.
///
/// Only true before stacks have been used and returned: a second use costs no new memory.
pub(crate) fn memory() -> Option<u64> {
    let (parked, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    // The hub makes itself on first use: not a greenlet's cost.
    greenhub::sleep(Duration::from_micros(1));
    let before = resident();
    let tasks: Vec<_> = (0..PARKED)
        .map(|_| {
            let (parked, done) = (parked.clone(), done.clone());
            greenhub::spawn(move || {
                parked.set(parked.get() + 1);
                while !done.get() {
                    greenhub::sleep(Duration::from_millis(100));
                }
            })
        })
        .collect();
    while parked.get() < PARKED {
        greenhub::sleep(Duration::ZERO);
    }
    let after = resident();
    done.set(true);
    greenhub::joinall(&tasks);
    Some(after?.saturating_sub(before?) / PARKED)
}

fn nanoseconds(begun: Instant, rounds: u32) -> f64 {
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
}

/// Bytes this process holds in memory, and the kernel for its page tables.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = |field: &str| -> Option<u64> {
        let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
        rest.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some((kibibytes("VmRSS:")? + kibibytes("VmPTE:")?) * 1024)
}
