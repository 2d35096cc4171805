//! Closures at the end of a block: when they run, in which order, and that they must not wait while it is unwound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use greenhub::{defer, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, child, millis};

#[test]
fn it_runs_at_each_kind_of_end_and_the_last_first() {
    let log = Log::new();
    let block = |end: fn()| {
        let _first = defer(|| log.say("first"));
        let _second = defer(|| log.say("second"));
        end();
        log.say("came to its end");
    };
    block(|| ());
    log.check(["came to its end", "second", "first"]);
    let _ = catch_unwind(AssertUnwindSafe(|| block(|| panic!("of its own"))));
    log.check(["second", "first"]);
    with_timeout(millis(1), || block(|| sleep(Duration::MAX))).unwrap_err();
    log.check(["second", "first"]);
    let task = spawn({
        let log = log.clone();
        move || {
            let _end = defer(|| log.say("killed"));
            sleep(Duration::MAX);
        }
    });
    yield_now();
    task.kill();
    log.check(["killed"]);
}

#[test]
fn it_may_wait_where_nothing_is_unwound_and_be_cancelled() {
    let log = Log::new();
    {
        let _end = defer(|| {
            sleep(millis(1));
            log.say("slept");
        });
    }
    log.check(["slept"]);
    let cancelled = defer(|| log.say("by hand"));
    let body = cancelled.cancel();
    log.check([]);
    body();
    log.check(["by hand"]);
}

#[test]
fn a_wait_in_it_during_a_kill_ends_the_process_with_a_message() {
    let test = "task::deferred::a_wait_in_it_during_a_kill_ends_the_process_with_a_message";
    let ended = child(test, || {
        let task = spawn(|| {
            let _end = defer(|| sleep(millis(1)));
            sleep(Duration::MAX);
        });
        yield_now();
        task.kill();
    });
    assert!(!ended.status.success());
    let said = "destructors must not wait";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}
