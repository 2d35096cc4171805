//! What a switch costs, in ns, beside raw corosensei in the same process.
//!
//! Run: `cargo bench --bench switch`

mod measure;

use greenhub::{Greenlet, parent};
use measure::report;

fn main() {
    main_and_greenlet();
    two_greenlets();
    ring();
}

fn main_and_greenlet() {
    let greenlet: Greenlet<u64, u64> = Greenlet::new(|mut value| {
        let main = parent::<u64, u64>();
        loop {
            value = main.switch(value + 1);
        }
    });
    report("switch main <-> greenlet", "target 2.5x", 2_000_000, |n| {
        let mut value = 0;
        for _ in 0..n / 2 {
            value = greenlet.switch(value);
        }
        assert_eq!(value, n / 2);
    });
}

fn two_greenlets() {
    report(
        "switch greenlet <-> greenlet",
        "target 2.5x",
        2_000_000,
        |n| {
            let pong: Greenlet<u64, u64> = Greenlet::declare();
            let ping: Greenlet<u64, u64> = Greenlet::new({
                let pong = pong.clone();
                move |_| {
                    let mut value = 0;
                    for _ in 0..n / 2 {
                        value = pong.switch(value);
                    }
                    value
                }
            });
            pong.define({
                let ping = ping.clone();
                move |mut value| {
                    loop {
                        value = ping.switch(value + 1);
                    }
                }
            });
            assert_eq!(ping.switch(0), n / 2);
        },
    );
}

fn ring() {
    report(
        "switch among three greenlets in a ring",
        "",
        1_000_000,
        |n| {
            let ring: Vec<Greenlet<u64, u64>> = (0..3).map(|_| Greenlet::declare()).collect();
            for (i, greenlet) in ring.iter().enumerate() {
                let next = ring[(i + 1) % 3].clone();
                greenlet.define(move |mut value| {
                    while value > 0 {
                        value = next.switch(value - 1);
                    }
                    0
                });
            }
            assert_eq!(ring[0].switch(n), 0);
        },
    );
}
