//! The cases of `test_leaks.py`: nothing is left of those that ended, of those that were dropped, and of their values.

use std::cell::Cell;
use std::panic::panic_any;
use std::rc::Rc;

use greenhub::{Greenlet, GreenletExit, parent, stack};

use crate::support::{
    AtDrop, Census, Counted, Log, caught, in_child, resident, slowness, started, wait,
};

#[test]
fn values_passed_a_hundred_times_are_dropped_once_each() {
    let census = Census::new();
    let echo: Greenlet<Counted, Counted> = Greenlet::new(|mut value| {
        loop {
            value = parent::<Counted, Counted>().switch(value);
        }
    });
    for _ in 0..100 {
        drop(echo.switch(census.one()));
    }
    census.check_all_dropped();
    // One that is there when it is unwound goes with its frame.
    let holds: Greenlet<Counted, ()> = Greenlet::new(|value| {
        wait();
        drop(value);
    });
    holds.switch(census.one());
    assert_eq!(census.dropped(), 100);
    drop(holds);
    census.check_all_dropped();
}

#[test]
fn a_thousand_panics_through_two_greenlets_leave_no_stack() {
    let before = stack::stats().in_use();
    for n in 0..1_000_u32 {
        let outer: Greenlet<(), ()> = Greenlet::new(move |()| {
            let inner: Greenlet<(), ()> = Greenlet::new(move |()| panic_any(n));
            inner.switch(());
        });
        let payload = caught(|| outer.switch(()));
        assert_eq!(payload.downcast_ref(), Some(&n));
    }
    assert_eq!(stack::stats().in_use(), before);
}

#[test]
fn twenty_thousand_waiters_get_exits_and_stacks_are_reused() {
    let count = 20_000 / slowness() as usize;
    let exits = Rc::new(Cell::new(0));
    let begin = || -> Vec<Greenlet<(), ()>> {
        (0..count)
            .map(|_| {
                let exits = exits.clone();
                started(move || {
                    let exit = caught(wait);
                    assert!(GreenletExit::is_in(&*exit));
                    exits.set(exits.get() + 1);
                })
            })
            .collect()
    };
    let before = stack::stats().in_use();
    let first = begin();
    let mapped = stack::stats().mapped_bytes();
    assert_eq!(stack::stats().in_use(), before + count);
    drop(first);
    assert_eq!(exits.replace(0), count);
    assert_eq!(stack::stats().in_use(), before);
    drop(begin());
    assert_eq!(exits.get(), count);
    assert_eq!(stack::stats().mapped_bytes(), mapped);
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer keeps freed memory, so what is resident says nothing"
)]
fn a_hundred_thousand_in_sequence_leave_no_memory() {
    let name = "like_greenlet::leaks::a_hundred_thousand_in_sequence_leave_no_memory";
    let ended = in_child(name, || {
        let log = Log::new();
        let round = |count: u32| {
            for n in 0..count {
                let text = format!("{n:>100}");
                let greenlet: Greenlet<(), usize> = Greenlet::new(move |()| text.len());
                assert_eq!(greenlet.switch(()), 100);
                let kept = AtDrop(log.clone(), "dropped");
                match n % 4 {
                    0 => drop(started(move || {
                        let _kept = kept;
                        wait();
                    })),
                    1 => drop(Greenlet::<(), ()>::new(move |()| drop(kept))),
                    2 => drop(Greenlet::<(), ()>::declare()),
                    _ => {
                        let panics: Greenlet<(), ()> = Greenlet::new(move |()| {
                            let _kept = kept;
                            panic_any(n)
                        });
                        drop(caught(|| panics.switch(())));
                    }
                }
                log.take();
            }
        };
        round(10_000 / slowness());
        let (memory, in_use) = (resident(), stack::stats().in_use());
        round(100_000 / slowness());
        let grown = resident().saturating_sub(memory);
        println!("100 000 greenlets left {grown} KiB");
        assert!(grown < 1024, "{grown} KiB");
        assert_eq!(stack::stats().in_use(), in_use);
    });
    if let Some(ended) = ended {
        ended.check_success();
    }
}
