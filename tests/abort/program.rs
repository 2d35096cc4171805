//! A program that is built with `panic=abort`: what cannot be unwound is refused or leaked, and all else works.
//! `tests/abort.rs` builds it and reads what it prints.

use std::rc::Rc;
use std::time::Duration;

use greenhub::{Greenlet, KillError, hub, parent, sleep, spawn, stack, with_timeout, yield_now};

const LONG: Duration = Duration::from_secs(600);

fn main() {
    assert!(cfg!(panic = "abort"), "it is built so");
    if std::env::args().nth(1).as_deref() == Some("timeout") {
        let _ = with_timeout(LONG, || ());
        println!("not reached");
    }
    // Switches and tasks work.
    let doubler: Greenlet<u32, u32> = Greenlet::new(|n| n * 2);
    println!("switch: {}", doubler.switch(21));
    println!("join: {}", spawn(|| 7).join().unwrap());

    // What was not started can be killed: it is only dropped.
    let unstarted = spawn(|| 7);
    println!("kill unstarted: {:?}", unstarted.try_kill());
    println!("killed: {}", unstarted.join().unwrap_err().is_killed());

    // What was started cannot.
    let started = spawn(|| sleep(LONG));
    yield_now();
    println!("kill started: {:?}", started.try_kill());
    let greenlet: Greenlet<(), ()> = Greenlet::new(|()| parent::<(), ()>().switch(()));
    greenlet.switch(());
    assert_eq!(greenlet.try_kill(), Err(KillError::Unsupported));
    println!("kill greenlet: {:?}", greenlet.try_kill());

    // So it is left.
    let left = hub::shutdown(Duration::ZERO).unwrap_err();
    println!("a shutdown leaves {}", left.tasks().count());

    // A suspended greenlet whose last handle goes is leaked, with what it owns.
    let owned = Rc::new(());
    let leaked: Greenlet<(), ()> = Greenlet::new({
        let owned = owned.clone();
        move |()| {
            parent::<(), ()>().switch(());
            drop(owned);
        }
    });
    leaked.switch(());
    let before = stack::stats().leaked();
    drop(leaked);
    println!(
        "leaked: {} stack, {} owner besides us",
        stack::stats().leaked() - before,
        Rc::strong_count(&owned) - 1
    );
    println!("main returns with a task alive");
}
