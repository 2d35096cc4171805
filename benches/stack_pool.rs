//! What a stack costs in ns: a greenlet on a warm stack, made and dropped, and run, and the same on a cold one.
//!
//! Run: `cargo bench --bench stack_pool`. Cold is a stack that was never used: the kernel maps a slab, installs a
//! guard, and gives a page, besides the memory for the greenlet's record.

mod measure;

use greenhub::greenlet::Builder;
use greenhub::{Greenlet, stack};
use measure::{in_earnest, report};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    report("made and dropped, warm", "", 1_000_000, |n| {
        for _ in 0..n {
            black_box(Greenlet::<(), ()>::new(|()| ()));
        }
    });
    report("made and dropped, warm, another size", "", 1_000_000, |n| {
        for _ in 0..n {
            let greenlet = Builder::new().stack_size(black_box(64 << 10));
            black_box(greenlet.build(|()| ()).expect("memory"));
        }
    });
    report("made, run and dropped, warm", "", 1_000_000, |n| {
        for _ in 0..n {
            Greenlet::<(), ()>::new(|()| ()).switch(());
        }
    });
    report(
        "made, run and dropped, warm, 1000 at once",
        "",
        1_000_000,
        |n| {
            for _ in 0..n.div_ceil(1000) {
                run_all(&make(n.min(1000) as usize));
            }
        },
    );
    #[cfg(feature = "hub")]
    report("task spawned and joined, warm", "", 1_000_000, |n| {
        for _ in 0..n {
            let _ = greenhub::spawn(|| ()).join();
        }
    });
    let count = if in_earnest() { 100_000 } else { 100 };
    for pass in 1..=3 {
        // A thread has a pool of its own, which goes with it.
        let thread = std::thread::spawn(move || cold(count, pass));
        thread.join().expect("no panic");
    }
}

fn make(count: usize) -> Vec<Greenlet<(), ()>> {
    (0..count).map(|_| Greenlet::new(|()| ())).collect()
}

fn run_all(greenlets: &[Greenlet<(), ()>]) {
    for greenlet in greenlets {
        greenlet.switch(());
    }
}

/// Makes so many greenlets on stacks that were never used, runs them, and does it again on the same stacks.
fn cold(count: usize, pass: u32) {
    for warmth in ["cold", "warm"] {
        let begun = Instant::now();
        let greenlets = make(count);
        let made = begun.elapsed();
        let begun = Instant::now();
        run_all(&greenlets);
        let ran = begun.elapsed();
        let begun = Instant::now();
        drop(greenlets);
        let dropped = begun.elapsed();
        let each = |took: std::time::Duration| took.as_nanos() / count as u128;
        println!(
            "{count} at once, {warmth}, pass {pass}: made in {} ns each, run in {}, dropped in {}  ({} slabs)",
            each(made),
            each(ran),
            each(dropped),
            stack::stats().slabs()
        );
    }
}
