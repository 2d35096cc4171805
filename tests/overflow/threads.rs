//! What becomes of stacks when threads and processes end, and when greenlets refuse to.

use super::system::{is_mapped, mappings, on_c_thread};
use super::{Case, End, case};
use greenhub::{AnyGreenlet, Greenlet, current, joinall, parent, sleep, spawn, stack};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

pub(crate) fn cases() -> Vec<Case> {
    let fine = |name: &str, body: fn()| case(name, body, End::Exit(0));
    let exits = |name: &str, body: fn()| case(name, body, End::Exit(3));
    vec![
        exits("exit inside a greenlet", || {
            Greenlet::<(), ()>::new(|()| std::process::exit(3)).switch(());
        }),
        exits("exit inside a task, while others wait", || {
            for _ in 0..100 {
                spawn(|| sleep(Duration::from_secs(1000))).detach();
            }
            let _ = spawn(|| std::process::exit(3)).join();
        }),
        exits("exit deep on a chain", || {
            let a = Greenlet::<(), ()>::new(|()| {
                Greenlet::<(), ()>::new(|()| std::process::exit(3)).switch(());
            });
            a.switch(());
        }),
        exits("exit on main, while others wait", || {
            let waits = waiting();
            waits.switch(());
            spawn(|| sleep(Duration::from_secs(1000))).detach();
            sleep(Duration::from_millis(1));
            std::process::exit(3);
        }),
        exits("exit on another thread", || {
            let waits = waiting();
            waits.switch(());
            let _ = std::thread::spawn(|| {
                Greenlet::<(), ()>::new(|()| std::process::exit(3)).switch(());
            })
            .join();
        }),
        fine("main returns while others wait", || {
            let waits = waiting();
            waits.switch(());
            spawn(|| sleep(Duration::from_secs(1000))).detach();
            sleep(Duration::from_millis(1));
            std::mem::forget(waits);
        }),
        fine("a greenlet swallows its kill a hundred times", swallowed),
        fine("an unstarted greenlet gives its stack back", unstarted),
        fine("a body whose drop panics gives its stack back", bad_body),
        fine("a thread ends with all stacks idle", thread_ends),
        fine("a thread ends with stacks in use", thread_ends_in_use),
        fine("handles outlive the pool of their thread", outlive),
        fine("C threads come and go with their signal stacks", c_threads),
    ]
}

/// A greenlet that hands out the address of a local, and waits.
fn waiting() -> Greenlet<(), usize> {
    Greenlet::new(|()| {
        let local = 4711_u32;
        parent::<usize, ()>().switch((&raw const local).expose_provenance());
        0
    })
}

fn swallowed() {
    for round in 1..=10 {
        let stubborn: Greenlet<(), ()> = Greenlet::new(|()| {
            loop {
                let wait = AssertUnwindSafe(|| parent::<(), ()>().switch(()));
                let _ = catch_unwind(wait);
            }
        });
        stubborn.switch(());
        assert_eq!(stack::stats().leaked(), round - 1);
        drop(stubborn);
        assert_eq!(stack::stats().leaked(), round);
        assert_eq!(stack::stats().in_use(), 0);
    }
    let task = spawn(|| sleep(Duration::from_millis(1)));
    task.join().expect("the process goes on");
    // The hub has one.
    assert_eq!((stack::stats().in_use(), stack::stats().leaked()), (1, 10));
    assert_eq!(stack::stats().orphaned, 0);
}

fn unstarted() {
    let all: Vec<Greenlet<(), ()>> = (0..10).map(|_| Greenlet::new(|()| ())).collect();
    assert_eq!(stack::stats().in_use(), 10);
    drop(all);
    assert_eq!((stack::stats().in_use(), stack::stats().idle()), (0, 10));
}

fn bad_body() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("a drop that panics");
        }
    }
    let bad = Bad;
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| drop(bad));
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(greenlet)));
    assert!(dropped.is_err(), "the panic goes on");
    assert_eq!((stack::stats().in_use(), stack::stats().idle()), (0, 1));
}

fn thread_ends() {
    let base = std::thread::spawn(|| {
        let address = waiting().switch(());
        assert!(is_mapped(address));
        address
    });
    let address = base.join().expect("no panic");
    assert!(!is_mapped(address), "the slab is still mapped");
    assert_eq!(stack::stats().orphaned, 0);
}

fn thread_ends_in_use() {
    let ended = std::thread::spawn(|| {
        let waits = waiting();
        let used = waits.switch(());
        std::mem::forget(waits);
        let small = Greenlet::<(), usize>::builder().stack_size(1);
        let small = small.build(|()| (&raw const *Box::new(1)).addr());
        let small = small.expect("memory");
        let idle_class = stack::stats().classes[0].clone();
        assert_eq!(
            (idle_class.usable_size, idle_class.in_use),
            (stack::MIN_STACK_SIZE, 1)
        );
        drop(small);
        let task = spawn(|| {
            let local = 4712_u32;
            ADDRESS.with(|place| place.replace((&raw const local).expose_provenance()));
            sleep(Duration::from_secs(1000));
        });
        sleep(Duration::from_millis(1));
        assert!(!task.is_finished());
        (used, ADDRESS.with(RefCell::take))
    });
    let (greenlets, tasks) = ended.join().expect("no panic");
    for (address, value) in [(greenlets, 4711), (tasks, 4712)] {
        // SAFETY: the slab of a stack in use stays mapped, and nobody writes there any more.
        let left = unsafe { ptr::with_exposed_provenance::<u32>(address).read_volatile() };
        assert_eq!(left, value);
    }
    // The greenlet, the task and the hub.
    assert_eq!(stack::stats().orphaned, 3);
}

thread_local! {
    static ADDRESS: RefCell<usize> = const { RefCell::new(0) };
}

/// Thread-locals that were made before the pool are destroyed after it.
fn outlive() {
    type Handles = (Vec<AnyGreenlet>, Vec<Greenlet<(), usize>>);
    thread_local! {
        static KEPT: RefCell<Handles> = const { RefCell::new((Vec::new(), Vec::new())) };
    }
    let ended = std::thread::spawn(|| {
        KEPT.with(|_| ());
        let (started, unstarted) = (waiting(), waiting());
        started.switch(());
        KEPT.with(|kept| kept.replace((vec![current()], vec![started, unstarted])));
    });
    ended.join().expect("no panic");
    assert_eq!(stack::stats().orphaned, 2);
}

fn c_threads() {
    let mut before = 0;
    for round in 0..50 {
        on_c_thread(|| {
            Greenlet::<(), ()>::new(|()| ()).switch(());
            joinall(&[spawn(|| ()), spawn(|| ())]);
        });
        if round == 5 {
            before = mappings();
        }
    }
    let after = mappings();
    assert!(
        after <= before + 2,
        "{before} mappings after 5 threads, {after} after 50"
    );
}
