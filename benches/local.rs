//! What a greenlet-local costs, in ns, beside std's thread-local of the same kind; and what a spawn costs that
//! inherits one.
//!
//! Run: `cargo bench --bench local`

mod measure;

use std::cell::{Cell, RefCell};
use std::hint::black_box;

use greenhub::{Greenlet, greenlet_local};
use measure::report;

thread_local! {
    static CONST: Cell<u64> = const { Cell::new(0) };
    static DROPPED: RefCell<String> = const { RefCell::new(String::new()) };
}

greenlet_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static TEXT: RefCell<String> = RefCell::new(String::new());
    static A: u64 = 1;
    static B: u64 = 2;
    static C: u64 = 3;
    static LAST: Cell<u64> = const { Cell::new(0) };
}

fn main() {
    report("std: with, a Cell, const", "", 2_000_000, |n| {
        for _ in 0..n {
            CONST.with(|count| black_box(count).set(count.get() + 1));
        }
    });
    report("std: with, a RefCell that is dropped", "", 2_000_000, |n| {
        for _ in 0..n {
            DROPPED.with(|text| assert!(black_box(text).borrow().is_empty()));
        }
    });
    report("with, a Cell, the only local", "", 2_000_000, |n| {
        for _ in 0..n {
            COUNT.with(|count| black_box(count).set(count.get() + 1));
        }
    });
    report("with, a RefCell, the second local", "", 2_000_000, |n| {
        for _ in 0..n {
            TEXT.with(|text| assert!(black_box(text).borrow().is_empty()));
        }
    });
    for key in [&A, &B, &C] {
        key.with(|_| ());
    }
    report("with, a Cell, the sixth local", "", 2_000_000, |n| {
        for _ in 0..n {
            LAST.with(|count| black_box(count).set(count.get() + 1));
        }
    });
    made_and_dropped();
    inherited();
}

fn made_and_dropped() {
    report("a greenlet that uses no local", "", 200_000, |n| {
        for _ in 0..n {
            Greenlet::<(), ()>::new(|()| ()).switch(());
        }
    });
    report("a greenlet that uses one", "", 200_000, |n| {
        for _ in 0..n {
            Greenlet::<(), ()>::new(|()| COUNT.set(1)).switch(());
        }
    });
}

fn inherited() {
    greenlet_local! {
        inherited static LEVEL: Cell<u64> = const { Cell::new(0) };
    }
    LEVEL.set(1);
    report("a greenlet that inherits one", "", 200_000, |n| {
        for _ in 0..n {
            Greenlet::<(), ()>::new(|()| ()).switch(());
        }
    });
}
