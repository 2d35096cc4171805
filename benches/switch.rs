//! What a switch costs, in ns, beside raw corosensei in the same process.
//!
//! Run: `cargo bench --bench switch`

mod measure;

use corosensei::{Coroutine, CoroutineResult};
use greenhub::{Greenlet, parent};
use measure::{measure, report};

fn main() {
    let raw = raw_switch();
    report(
        "raw corosensei: (resume + suspend) / 2",
        raw,
        raw.median,
        None,
    );
    let raw = raw.median;
    report(
        "switch main <-> greenlet",
        main_and_greenlet(),
        raw,
        Some("2.5x"),
    );
    report(
        "switch greenlet <-> greenlet",
        two_greenlets(),
        raw,
        Some("2.5x"),
    );
    report("switch among three greenlets in a ring", ring(), raw, None);
}

fn raw_switch() -> measure::Figure {
    let mut coroutine = Coroutine::<u64, u64, ()>::new(|yielder, mut value| {
        loop {
            value = yielder.suspend(value + 1);
        }
    });
    let figure = measure(10_000_000, |n| {
        let mut value = 0;
        for _ in 0..n / 2 {
            match coroutine.resume(value) {
                CoroutineResult::Yield(next) => value = next,
                CoroutineResult::Return(()) => unreachable!(),
            }
        }
        assert_eq!(value, n / 2);
    });
    // SAFETY: the suspended body owns nothing.
    unsafe { coroutine.force_reset() };
    figure
}

fn main_and_greenlet() -> measure::Figure {
    let greenlet: Greenlet<u64, u64> = Greenlet::new(|mut value| {
        let main = parent::<u64, u64>();
        loop {
            value = main.switch(value + 1);
        }
    });
    measure(10_000_000, |n| {
        let mut value = 0;
        for _ in 0..n / 2 {
            value = greenlet.switch(value);
        }
        assert_eq!(value, n / 2);
    })
}

fn two_greenlets() -> measure::Figure {
    measure(10_000_000, |n| {
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
    })
}

fn ring() -> measure::Figure {
    measure(3_000_000, |n| {
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
    })
}
