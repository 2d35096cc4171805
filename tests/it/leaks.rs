//! What LeakSanitizer takes for a leak in greenlets, and what not. These need a program built with it: `.ci/asan`
//! runs them.

use std::hint::black_box;
use std::thread;

use greenhub::Greenlet;

use crate::support::{Ended, in_child, started, wait};

/// Memory to which nobody points any more.
fn leak() {
    std::mem::forget(black_box(vec![7_u8; 1000]));
}

/// Runs `body` in a process of its own, whose leaks are looked for when it ends.
fn checked(name: &str, body: impl FnOnce()) -> Ended {
    match in_child(name, body) {
        Some(ended) => ended,
        None => std::process::exit(0),
    }
}

#[test]
#[ignore = "needs LeakSanitizer"]
fn what_an_ended_greenlet_has_leaked_is_found() {
    let name = "leaks::what_an_ended_greenlet_has_leaked_is_found";
    let ended = checked(name, || {
        for _ in 0..10 {
            Greenlet::new(|()| leak()).switch(());
        }
    });
    assert_ne!(ended.status.code(), Some(0), "{}", ended.stdout);
    let found = "10000 byte(s) leaked in 10 allocation(s)";
    assert!(ended.stderr.contains(found), "{}", ended.stderr);
}

#[test]
#[ignore = "needs LeakSanitizer"]
fn what_a_suspended_greenlet_owns_is_no_leak() {
    let name = "leaks::what_a_suspended_greenlet_owns_is_no_leak";
    let ended = checked(name, || {
        let suspend = || {
            std::mem::forget(started(|| {
                let owned = black_box(vec![String::from("on the heap"); 10]);
                wait();
                drop(owned);
            }));
        };
        suspend();
        // The stacks of a thread that has ended are left as they are, and so is what they own.
        thread::spawn(suspend).join().expect("no panic");
    });
    ended.check_success();
}
