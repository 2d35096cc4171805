//! What a generator costs, in ns per item, beside raw corosensei in the same process.
//!
//! An item is a resume and a suspend: two raw switches, so that 2.00x raw is what corosensei itself takes for one.
//!
//! Run: `cargo bench --bench generator`

mod measure;

use corosensei::{Coroutine, CoroutineResult};
use greenhub::generator::{Generator, Step};
use measure::report;

fn main() {
    raw_items();
    next();
    send();
    strings();
    tree_by_a_function();
    tree_by_yield_from();
    short();
}

fn raw_items() {
    report("raw corosensei, an item", "", 1_000_000, |n| {
        let mut coroutine: Coroutine<(), u64, ()> = Coroutine::new(move |yielder, ()| {
            for value in 0..n {
                yielder.suspend(value);
            }
        });
        let mut sum = 0;
        while let CoroutineResult::Yield(value) = coroutine.resume(()) {
            sum += value;
        }
        assert_eq!(sum, n * (n - 1) / 2);
    });
}

fn next() {
    report(
        "next, an item",
        "target 3x: 1.5x each way",
        1_000_000,
        |n| {
            let mut generator = Generator::new(move |y| (0..n).for_each(|value| y.yield_(value)));
            let mut sum = 0;
            for value in &mut generator {
                sum += value;
            }
            assert_eq!(sum, n * (n - 1) / 2);
        },
    );
}

fn send() {
    let mut generator = Generator::with_input(|y, mut value: u64| {
        loop {
            value = y.yield_(value + 1);
        }
    });
    report(
        "send, an item",
        "target 3x: 1.5x each way",
        1_000_000,
        |n| {
            let mut value = 0;
            for _ in 0..n {
                match generator.send(value) {
                    Step::Yielded(next) => value = next,
                    Step::Returned(()) => unreachable!(),
                }
            }
            assert_eq!(value, n);
        },
    );
}

fn strings() {
    report("next, an item of 24 bytes", "", 1_000_000, |n| {
        let generator = Generator::new(move |y| (0..n).for_each(|_| y.yield_(String::new())));
        assert_eq!(generator.map(|s| s.len()).sum::<usize>(), 0);
    });
}

/// A binary tree of 1023 nodes, by one generator and a recursive function; the returns of that function are what costs,
/// for the processor does not expect them after a switch: so the same in raw corosensei.
fn tree_by_a_function() {
    fn walk(depth: u32, visit: &mut dyn FnMut(u32)) {
        if depth > 0 {
            walk(depth - 1, visit);
            visit(depth);
            walk(depth - 1, visit);
        }
    }
    report("tree by a raw coroutine, a node", "", 1023 * 100, |n| {
        for _ in 0..n / 1023 {
            let mut coroutine: Coroutine<(), u32, ()> =
                Coroutine::new(|y, ()| walk(10, &mut |depth| y.suspend(depth)));
            let mut nodes = 0;
            while let CoroutineResult::Yield(_) = coroutine.resume(()) {
                nodes += 1;
            }
            assert_eq!(nodes, 1023);
        }
    });
    report("tree by a function, a node", "", 1023 * 100, |n| {
        for _ in 0..n / 1023 {
            let nodes = Generator::new(|y| walk(10, &mut |depth| y.yield_(depth)));
            assert_eq!(nodes.count(), 1023);
        }
    });
}

/// The same tree by a generator for each node: an item passes through eight of them on the average.
fn tree_by_yield_from() {
    fn nested(depth: u32) -> Generator<u32> {
        Generator::new(move |y| {
            if depth > 0 {
                y.yield_from(nested(depth - 1));
                y.yield_(depth);
                y.yield_from(nested(depth - 1));
            }
        })
    }
    report("tree by yield_from, a node", "", 1023 * 100, |n| {
        for _ in 0..n / 1023 {
            assert_eq!(nested(10).count(), 1023);
        }
    });
}

fn short() {
    report("make, take one item, end", "", 200_000, |n| {
        for value in 0..n {
            let generator = Generator::new(move |y| y.yield_(value));
            assert_eq!(generator.sum::<u64>(), value);
        }
    });
}
