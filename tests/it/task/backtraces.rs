//! The backtrace of a panic ends where the body of the task, greenlet, generator or job begins.

use std::panic::{AssertUnwindSafe, catch_unwind};

use greenhub::generator::Generator;
use greenhub::{Greenlet, Group, Pool, offload, scope, spawn, try_scope};

use crate::support::child_with_backtraces;

/// The name is printed before each.
const PANICKING: &[(&str, fn())] = &[
    ("a task", || {
        spawn(fail).join().unwrap();
    }),
    ("a task of a group", || {
        Group::new().spawn(fail).join().unwrap();
    }),
    ("a job of a pool", || {
        drop(Pool::new(1).map([1], |_| fail()));
    }),
    ("a task of a scope", || {
        scope(|s| drop(s.spawn(fail)));
    }),
    ("a task of a try_scope", || {
        let _ = try_scope(|s| {
            s.spawn(|| Err::<(), u8>(fail()));
            Ok(())
        });
    }),
    ("a greenlet", || {
        Greenlet::<(), u8>::new(|()| fail()).switch(());
    }),
    ("a generator", || {
        Generator::<u8>::new(|_| {
            fail();
        })
        .next();
    }),
    ("a job of the thread pool", || {
        offload(fail);
    }),
];

#[inline(never)]
fn fail() -> u8 {
    panic!("deliberate")
}

/// The numbered lines of a backtrace.
fn is_frame(line: &&str) -> bool {
    let number = line.trim_start().split(':').next().unwrap_or("");
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn a_backtrace_shows_the_frames_of_the_body_alone() {
    let test = "task::backtraces::a_backtrace_shows_the_frames_of_the_body_alone";
    let ended = child_with_backtraces(test, || {
        for (name, panics) in PANICKING {
            eprintln!("=== {name}");
            // Some raise the panic once more, which prints nothing.
            let _ = catch_unwind(AssertUnwindSafe(panics));
        }
    });
    ended.check_success();
    let mut parts = ended.stderr.split("=== ").skip(1);
    for (name, _) in PANICKING {
        let part = parts.next().expect("each kind prints something");
        assert!(part.starts_with(name), "{part}");
        let body = part.split("stack backtrace:").nth(1);
        let body = body.unwrap_or_else(|| panic!("{part}"));
        let frames: Vec<&str> = body.lines().filter(is_frame).collect();
        assert!(frames.iter().any(|frame| frame.contains("fail")), "{part}");
        // Two of std's, `fail`, and the closures around it.
        assert!((3..=6).contains(&frames.len()), "{part}");
    }
}
