//! Timeouts: what a bound on a block ends, which of several counts, and that nothing is left of one that is over.

use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::shield;
use greenhub::{Greenlet, Task, TimedOut, Timeout, joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{InDrop, Log, caught, millis, panic_text, seconds, within};

const ZERO: Duration = Duration::ZERO;
const MAX: Duration = Duration::MAX;

#[test]
fn a_block_that_waits_too_long_unwinds_at_its_moment() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outcome = with_timeout(seconds(3), || {
        let _outer = log.at_drop("outer");
        sleep(seconds(2));
        log.say("waits on");
        let _inner = log.at_drop("inner");
        sleep(seconds(2));
        log.say("never");
    });
    assert_eq!(now() - begun, seconds(3));
    log.check(["waits on", "inner", "outer"]);
    assert_eq!(outcome.unwrap_err().to_string(), "timed out");
}

#[test]
fn a_block_in_time_gives_its_value_and_nothing_follows() {
    pause_clock();
    let begun = now();
    assert_eq!(with_timeout(seconds(3), || 7), Ok(7));
    assert_eq!(with_timeout(seconds(3), || sleep(seconds(2))), Ok(()));
    sleep(seconds(10));
    // No timer is left either: nothing can wake anybody.
    let text = panic_text(|| sleep(MAX));
    assert!(text.starts_with("deadlock"), "{text}");
    assert_eq!(now() - begun, seconds(12));
}

#[test]
fn no_time_at_all_ends_the_first_wait_that_is_not_over() {
    let ended = spawn(|| ());
    ended.wait();
    assert_eq!(with_timeout(ZERO, || 7), Ok(7));
    assert_eq!(with_timeout(ZERO, || joinall([&ended])), Ok(()));
    assert!(with_timeout(ZERO, yield_now).is_err());
    assert!(with_timeout(ZERO, || sleep(ZERO)).is_err());
    assert!(with_timeout(ZERO, || sleep(MAX)).is_err());
    yield_now();
}

#[test]
fn an_endless_one_never_comes_and_does_not_hide_a_deadlock() {
    pause_clock();
    let begun = now();
    assert_eq!(with_timeout(MAX, || sleep(seconds(1_000_000))), Ok(()));
    let text = panic_text(|| with_timeout(MAX, || sleep(MAX)));
    assert!(text.starts_with("deadlock"), "{text}");
    assert_eq!(now() - begun, seconds(1_000_000));
}

#[test]
fn a_computing_block_times_out_at_its_next_wait_or_never() {
    let _watch = within(seconds(10));
    let compute = || std::thread::sleep(millis(3));
    assert_eq!(with_timeout(millis(1), compute), Ok(()));
    sleep(millis(1));
    yield_now();
    let log = Log::new();
    let outcome = with_timeout(millis(1), || {
        compute();
        log.say("computed");
        // The hub learns the time when it gets control.
        for _ in 0..100_000 {
            yield_now();
        }
        log.say("never");
    });
    assert!(outcome.is_err());
    log.check(["computed"]);
}

#[test]
fn one_that_yields_for_ever_is_ended() {
    let _watch = within(seconds(10));
    let yields_too: Task<()> = spawn(|| {
        loop {
            yield_now();
        }
    });
    let outcome: Result<(), TimedOut> = with_timeout(millis(5), || {
        loop {
            yield_now();
        }
    });
    assert!(outcome.is_err());
    yields_too.kill();
}

#[test]
fn an_outer_one_goes_past_an_inner_block() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outer = with_timeout(seconds(1), || {
        let inner = with_timeout(seconds(100), || {
            let _fin = log.at_drop("inner block unwinds");
            sleep(MAX);
        });
        log.say(format!("never: {inner:?}"));
    });
    assert!(outer.is_err());
    assert_eq!(now() - begun, seconds(1));
    log.check(["inner block unwinds"]);
    // And the inner one is gone with it.
    sleep(seconds(200));
}

#[test]
fn an_inner_one_ends_its_own_block_only() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outer = with_timeout(seconds(3), || {
        for _ in 0..2 {
            assert!(with_timeout(seconds(1), || sleep(MAX)).is_err());
            log.say(format!("{:?}", now() - begun));
        }
        sleep(MAX);
    });
    assert!(outer.is_err());
    log.check(["1s", "2s"]);
    assert_eq!(now() - begun, seconds(3));
}

#[test]
fn of_equal_ones_the_outermost_counts_and_the_others_never_come() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outer = with_timeout(seconds(1), || {
        let _ = with_timeout(seconds(1), || {
            let _ = with_timeout(seconds(1), || sleep(MAX));
            log.say("never");
        });
        log.say("never");
    });
    assert!(outer.is_err());
    log.check([]);
    sleep(seconds(1));
    yield_now();
    assert_eq!(now() - begun, seconds(2));
}

#[test]
fn each_of_a_hundred_nested_blocks_catches_its_own() {
    fn nest(depth: u64, which: u64, log: &Log) {
        let limit = if depth == which {
            seconds(1)
        } else {
            seconds(1000)
        };
        let outcome = with_timeout(limit, || match depth {
            99 => sleep(MAX),
            _ => nest(depth + 1, which, log),
        });
        if outcome.is_err() {
            log.say(depth.to_string());
        }
    }
    pause_clock();
    for which in [0, 50, 99] {
        let log = Log::new();
        nest(0, which, &log);
        log.check([&*which.to_string()]);
    }
}

#[test]
fn what_was_caught_comes_again_at_each_wait_until_the_block_is_left() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outer = with_timeout(seconds(2), || {
        let inner = with_timeout(seconds(1), || {
            for _ in 0..300 {
                assert!(TimedOut::is_in(&*caught(|| sleep(seconds(100)))));
            }
            assert!(TimedOut::is_in(&*caught(yield_now)));
            // Not inside a shield, and not where nothing waits.
            shield(|| sleep(millis(500)));
            log.say("after 1.5 s");
            sleep(seconds(100));
            log.say("never");
        });
        assert!(inner.is_err());
        sleep(millis(400)); // nothing is left of it
        log.say("left");
        assert!(TimedOut::is_in(&*caught(|| sleep(seconds(100)))));
        "a value without a wait"
    });
    assert_eq!(outer, Ok("a value without a wait"));
    assert_eq!(now() - begun, seconds(2));
    sleep(seconds(1));
    log.check(["after 1.5 s", "left"]);
}

#[test]
fn a_timeout_that_is_no_block_ends_one_wait() {
    pause_clock();
    let timeout = Timeout::start(seconds(1));
    assert!(timeout.is_in(&*caught(|| sleep(seconds(100)))));
    assert!(timeout.has_expired());
    sleep(seconds(100));
}

#[test]
fn a_swallowed_timeout_lets_others_run() {
    pause_clock();
    let log = Log::new();
    let loops = spawn(log.given_to(|log| {
        let outcome = with_timeout(seconds(1), || {
            for _ in 0..10_000 {
                drop(caught(|| sleep(seconds(100))));
            }
            log.say("swallowed");
        });
        assert_eq!(outcome, Ok(()));
    }));
    let other = spawn(log.given_to(|log| {
        sleep(seconds(1));
        yield_now();
        log.say("other");
    }));
    joinall([&loops, &other]);
    log.check(["other", "swallowed"]);
}

#[test]
fn a_timeout_after_a_wake_comes_at_the_next_wait_or_never() {
    pause_clock();
    for waits_again in [false, true] {
        let log = Log::new();
        let timeout = Rc::new(Timeout::start(seconds(100)));
        // For the moment at which main's sleep ends, and after that has begun: so it comes second.
        let _other = spawn({
            let timeout = timeout.clone();
            move || timeout.restart(seconds(1))
        });
        sleep(seconds(1));
        assert!(timeout.has_expired());
        log.say("slept");
        if waits_again {
            assert!(timeout.is_in(&*caught(yield_now)));
            log.say("ended");
        }
        timeout.cancel();
        sleep(seconds(1));
        match waits_again {
            true => log.check(["slept", "ended"]),
            false => log.check(["slept"]),
        }
    }
}

#[test]
fn an_answer_at_the_last_moment_is_an_answer() {
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        sleep(seconds(1));
        log.say("task");
    }));
    yield_now();
    // The task's deadline is the first of the two, so it has ended by then.
    assert!(task.wait_timeout(seconds(1)));
    log.check(["task"]);
    let task = spawn(|| sleep(seconds(1)));
    yield_now();
    assert!(greenhub::task::joinall_timeout([&task], seconds(1)));
    let task = spawn(|| sleep(seconds(1)));
    yield_now();
    assert_eq!(greenhub::wait_any_timeout(&[&task], seconds(1)), Some(0));
    let tasks = [spawn(|| sleep(seconds(1))), spawn(|| sleep(seconds(1)))];
    yield_now();
    assert_eq!(
        greenhub::iwait(&tasks)
            .timeout(seconds(1))
            .collect::<Vec<_>>()
            .len(),
        2
    );
}

#[test]
fn a_timeout_of_a_join_leaves_the_task_alone() {
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        sleep(seconds(2));
        log.say("slept");
        7
    }));
    assert!(with_timeout(seconds(1), || task.wait()).is_err());
    assert!(!task.is_finished());
    assert_eq!(task.join().unwrap(), 7);
    log.check(["slept"]);
}

#[test]
fn an_uncaught_timeout_of_a_block_reaches_join() {
    pause_clock();
    let task = spawn(|| {
        let timeout = Timeout::start(seconds(1));
        sleep(MAX);
        drop(timeout);
    });
    let error = task.join().unwrap_err();
    assert!(error.is_panic() && !error.is_killed());
    assert_eq!(error.panic_message(), Some("timed out"));
    assert!(
        error.to_string().ends_with(") panicked: timed out"),
        "{error}"
    );
    assert!(TimedOut::is_in(&*error.into_panic()));
}

#[test]
fn a_panic_of_the_block_goes_on_and_its_timeout_is_over() {
    pause_clock();
    let stone = caught(|| {
        let never: Result<(), TimedOut> =
            with_timeout(seconds(1), || resume_unwind(Box::new("stone")));
        never
    });
    assert_eq!(*stone.downcast::<&str>().unwrap(), "stone");
    sleep(seconds(2));
}

#[test]
fn each_greenlet_has_timeouts_of_its_own() {
    pause_clock();
    let log = Log::new();
    let tasks = [3, 1, 2].map(|secs| {
        spawn(log.given_to(move |log| {
            let bounded = with_timeout(seconds(secs), || sleep(MAX));
            log.say(format!("{secs} {}", bounded.is_err()));
        }))
    });
    assert_eq!(with_timeout(seconds(10), || joinall(&tasks)), Ok(()));
    log.check(["1 true", "2 true", "3 true"]);
}

#[test]
fn a_plain_greenlet_has_timeouts_of_its_own() {
    pause_clock();
    let begun = now();
    let plain: Greenlet<u64, bool> = Greenlet::new(|secs| {
        let in_time = with_timeout(seconds(secs), || sleep(seconds(2)));
        in_time.is_ok()
    });
    assert!(!plain.switch(1));
    assert_eq!(now() - begun, seconds(1));
    // And one of main's ends its switch, not what the other one does.
    let log = Log::new();
    let said = log.clone();
    let plain: Greenlet<(), ()> = Greenlet::new(move |()| {
        sleep(seconds(2));
        said.say("slept");
    });
    assert!(with_timeout(seconds(1), || plain.switch(())).is_err());
    log.check([]);
    // It goes on, and its end is told where main waits then.
    let text = panic_text(|| sleep(seconds(2)));
    assert!(
        text.ends_with("which this greenlet does not wait for"),
        "{text}"
    );
    log.check(["slept"]);
}

#[test]
fn a_block_without_waits_gives_its_value_in_a_panic() {
    let log = Log::new();
    let said = log.clone();
    let in_a_panic = InDrop(move || {
        assert!(std::thread::panicking());
        for limit in [ZERO, seconds(1), MAX] {
            said.say(format!("{:?}", with_timeout(limit, || 7)));
        }
    });
    let stone = caught(move || {
        let _in_a_panic = in_a_panic;
        resume_unwind(Box::new("stone"))
    });
    assert_eq!(*stone.downcast::<&str>().unwrap(), "stone");
    log.check(["Ok(7)"; 3]);
    yield_now();
}
