//! What an event costs, in ns: for each greenlet that waits when it is set and cleared, and to look at while it is set.
//!
//! Run: `cargo bench --bench event`

mod measure;

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

use greenhub::sync::Event;
use greenhub::{joinall, spawn, yield_now};
use measure::report;

fn main() {
    let event = Event::new();
    event.set();
    report("wait for one that is set", "", 2_000_000, |n| {
        for _ in 0..n {
            black_box(&event).wait();
        }
    });
    for waiters in [1, 1000] {
        set_and_cleared(waiters);
    }
}

/// All wait, are let go, and wait again.
fn set_and_cleared(waiters: u64) {
    let name = format!("set and cleared, {waiters} waiting, each");
    let (event, ends) = (Rc::new(Event::new()), Rc::new(Cell::new(false)));
    let tasks: Vec<_> = (0..waiters)
        .map(|_| {
            let (event, ends) = (event.clone(), ends.clone());
            spawn(move || {
                while !ends.get() {
                    event.wait();
                }
            })
        })
        .collect();
    yield_now();
    report(&name, "", 200_000, |n| {
        for _ in 0..n.div_ceil(waiters) {
            event.set();
            event.clear();
            yield_now();
        }
    });
    ends.set(true);
    event.set();
    joinall(&tasks);
}
