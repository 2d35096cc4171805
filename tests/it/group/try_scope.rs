//! Scopes that end with the first failure: what it kills, what comes back, and what comes before it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::generator::Generator;
use greenhub::hub::{now, pause_clock};
use greenhub::task::{self, set_unobserved_hook, shield};
use greenhub::{
    Greenlet, GreenletExit, TimedOut, scope, sleep, spawn, try_scope, with_timeout, yield_now,
};
use proptest::prelude::*;

use crate::support::{Log, caught, millis, panic_text, seconds, within};

/// The panics that are reported as unobserved go to the log.
fn hook(log: &Log) {
    let log = log.clone();
    set_unobserved_hook(Some(Rc::new(move |error| {
        log.say(format!(
            "reported: {}",
            error.panic_message().unwrap_or("no text")
        ))
    })));
}

#[test]
fn without_a_failure_it_is_a_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    let count = Cell::new(0);
    let outcome: Result<u32, ()> = try_scope(|s| {
        let tasks = [3, 1, 2].map(|n| {
            let count = &count;
            s.spawn(move || {
                sleep(seconds(n));
                count.set(count.get() + 1);
                Ok(n as u32)
            })
        });
        Ok(tasks.map(|task| task.join().unwrap()).iter().sum())
    });
    assert_eq!((outcome, count.get()), (Ok(6), 3));
    let nothing: Result<(), ()> = try_scope(|_| Ok(()));
    assert_eq!(nothing, Ok(()));
    assert_eq!(try_scope(|_| Err::<(), _>(7)), Err(7));
}

#[test]
fn the_first_error_kills_the_rest_and_comes_back() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outcome: Result<(), String> = try_scope(|s| {
        s.spawn(|| {
            let _end = log.at_drop("slow is killed");
            sleep(seconds(100));
            Ok(())
        });
        s.spawn(|| {
            sleep(seconds(1));
            log.say("fast ends");
            Ok(())
        });
        s.spawn(|| {
            sleep(seconds(2));
            let unstarted = log.at_drop("dropped unstarted");
            let log = &log;
            s.spawn(move || {
                log.say("never");
                drop(unstarted);
                Ok(())
            });
            log.say("fails");
            Err::<(), _>("the first".to_string())
        });
        let _end = log.at_drop("the body is unwound");
        sleep(seconds(100));
        log.say("never");
        Ok(())
    });
    assert_eq!(outcome.unwrap_err(), "the first");
    assert_eq!(now() - begun, seconds(2));
    log.check([
        "fast ends",
        "fails",
        "dropped unstarted",
        "slow is killed",
        "the body is unwound",
    ]);
    assert_eq!(task::all().len(), 0);
    sleep(seconds(1)); // nothing is left to come
}

#[test]
fn a_failure_after_the_body_ends_the_wait_for_the_tasks() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let outcome = try_scope(|s| {
        s.spawn(|| {
            sleep(seconds(100));
            Ok(())
        });
        s.spawn(|| {
            sleep(seconds(1));
            Err::<(), _>("late")
        });
        Ok("the body's")
    });
    assert_eq!(outcome, Err("late"));
    assert_eq!(now() - begun, seconds(1));
}

#[test]
fn a_panic_of_a_task_kills_the_rest_and_continues() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    hook(&log);
    let text = panic_text(|| {
        try_scope(|s| {
            s.spawn(|| {
                let _end = log.at_drop("killed");
                sleep(seconds(100));
                Ok(())
            });
            s.spawn(|| -> Result<(), ()> { resume_unwind(Box::new("a task's")) });
            sleep(seconds(100));
            Ok(())
        })
    });
    log.say(text);
    log.check(["killed", "a task's"]);
}

#[test]
fn a_failure_of_the_body_kills_all() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let begun = now();
    let outcome: Result<(), &str> = try_scope(|s| {
        s.spawn(|| {
            let _end = log.at_drop("killed");
            sleep(seconds(100));
            Ok(())
        });
        yield_now();
        Err("the body's")
    });
    log.say(outcome.unwrap_err());
    let text = panic_text(|| {
        try_scope(|s| -> Result<(), ()> {
            s.spawn(|| {
                let _end = log.at_drop("killed, too");
                sleep(seconds(100));
                Ok(())
            });
            yield_now();
            resume_unwind(Box::new("the body's panic"))
        })
    });
    log.say(text);
    log.check(["killed", "the body's", "killed, too", "the body's panic"]);
    assert_eq!(now(), begun);
}

#[test]
fn what_fails_later_is_dropped_or_reported() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    hook(&log);
    let outcome = try_scope(|s| {
        for name in ["dropped error", "second dropped error"] {
            let log = &log;
            s.spawn(move || {
                let _ = catch_unwind(AssertUnwindSafe(|| sleep(seconds(100))));
                Err::<(), _>(log.at_drop(name))
            });
        }
        s.spawn(|| -> Result<(), _> {
            let _ = catch_unwind(AssertUnwindSafe(|| sleep(seconds(100))));
            resume_unwind(Box::new("a late panic"))
        });
        s.spawn(|| {
            sleep(seconds(1));
            Err::<(), _>(log.at_drop("the first error"))
        });
        let swallowed = caught(|| sleep(seconds(100)));
        assert!(GreenletExit::is_in(&*swallowed));
        assert_eq!(
            swallowed
                .downcast_ref::<GreenletExit>()
                .unwrap()
                .to_string(),
            "a task of the scope has failed"
        );
        drop(swallowed);
        assert!(GreenletExit::is_in(&*caught(yield_now)), "it comes again");
        Err::<(), _>(log.at_drop("the body's error"))
    });
    let Err(first) = outcome else {
        panic!("{:?}", log.words());
    };
    drop(first);
    let mut words = log.take();
    words.sort();
    assert_eq!(
        words,
        [
            "dropped error",
            "reported: a late panic",
            "second dropped error",
            "the body's error",
            "the first error"
        ]
    );
}

#[test]
fn a_failed_task_counts_as_killed_for_its_joins() {
    let _watch = within(seconds(10));
    pause_clock();
    let outcome: Result<(), u32> = try_scope(|s| {
        let failing = s.spawn(|| Err::<(), _>(7));
        let error = shield(|| failing.join()).unwrap_err();
        assert!(error.is_killed(), "{error}");
        let panicking = s.spawn(|| -> Result<(), u32> { panic!("never runs") });
        assert!(panicking.is_finished(), "spawned after the failure");
        assert!(shield(|| panicking.join()).unwrap_err().is_killed());
        Ok(())
    });
    assert_eq!(outcome, Err(7));
}

#[test]
fn a_kill_and_a_timeout_come_before_a_failure() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    hook(&log);
    let outcome = with_timeout(seconds(1), || {
        try_scope(|s| {
            s.spawn(|| {
                let _ = catch_unwind(AssertUnwindSafe(|| sleep(seconds(100))));
                Err::<(), _>(log.at_drop("error"))
            });
            sleep(seconds(100));
            Ok(())
        })
        .is_ok()
    });
    assert!(outcome.is_err());
    log.check(["error"]);
    let victim = spawn(log.given_to(|log| {
        try_scope(|s| {
            s.spawn(|| -> Result<(), ()> {
                let _ = catch_unwind(AssertUnwindSafe(|| sleep(seconds(100))));
                resume_unwind(Box::new("a panic"))
            });
            let _end = log.at_drop("the body ends");
            sleep(seconds(100));
            Ok(())
        })
    }));
    yield_now();
    yield_now();
    victim.kill();
    assert!(victim.join().unwrap_err().is_killed());
    log.check(["the body ends", "reported: a panic"]);
    // A timeout of a task's own is its failure.
    let payload = caught(|| {
        try_scope(|s| -> Result<(), ()> {
            s.spawn(|| {
                let timeout = greenhub::Timeout::start(seconds(1));
                sleep(seconds(100));
                drop(timeout);
                Ok(())
            });
            Ok(())
        })
    });
    assert!(TimedOut::is_in(&*payload));
}

#[test]
fn scopes_nest_and_each_ends_with_its_own_failure() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let outer: Result<&str, String> = try_scope(|s| {
        s.spawn(|| {
            sleep(seconds(2));
            Err::<(), _>("outer".to_string())
        });
        let inner: Result<(), String> = try_scope(|s| {
            s.spawn(|| {
                sleep(seconds(1));
                Err::<(), _>("inner".to_string())
            });
            sleep(seconds(100));
            Ok(())
        });
        log.say(inner.unwrap_err());
        let inner: Result<(), String> = try_scope(|s| {
            s.spawn(|| {
                let _end = log.at_drop("inner task");
                sleep(seconds(100));
                Ok(())
            });
            scope(|s| {
                s.spawn(|| {
                    let _end = log.at_drop("innermost task");
                    sleep(seconds(100));
                });
                sleep(seconds(100));
            });
            Ok(())
        });
        unreachable!("{inner:?}")
    });
    log.say(outer.unwrap_err());
    log.check(["inner", "innermost task", "inner task", "outer"]);
}

#[test]
fn the_body_may_lie_on_a_generators_or_a_plain_greenlets_stack() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let said = log.clone();
    let mut items = Generator::new(move |y| {
        let outcome: Result<(), u32> = try_scope(|s| {
            s.spawn(|| Err::<(), _>(7));
            y.yield_(1); // the task fails meanwhile
            said.say("resumed");
            sleep(seconds(100));
            Ok(())
        });
        y.yield_(outcome.unwrap_err());
    });
    assert_eq!(items.next(), Some(1));
    sleep(seconds(1)); // this greenlet is not its body
    log.say("slept");
    assert_eq!(items.next(), Some(7));
    assert_eq!(items.next(), None);
    let plain: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let outcome: Result<(), &str> = try_scope(|s| {
                s.spawn(|| {
                    sleep(seconds(1));
                    Err::<(), _>("of a task")
                });
                sleep(seconds(100));
                Ok(())
            });
            log.say(outcome.unwrap_err());
        }
    });
    plain.switch(());
    assert!(plain.is_dead());
    log.check(["slept", "resumed", "of a task"]);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Value,
    Error,
    Panic,
}

fn an_end() -> impl Strategy<Value = End> {
    prop_oneof![3 => Just(End::Value), 1 => Just(End::Error), 1 => Just(End::Panic)]
}

proptest! {
    /// Tasks of random length fail or not; the first failure in time, and among equals in the order of their spawns, is the
    /// outcome, and only what would have ended later is killed.
    #[test]
    fn the_first_in_time_counts(
        tasks in prop::collection::vec((1..6_u64, an_end()), 0..8),
        body in (1..6_u64, an_end()),
    ) {
        pause_clock();
        set_unobserved_hook(Some(Rc::new(|_| ())));
        let begun = now();
        let ran = Cell::new(0);
        let play = |(time, end): (u64, End), number: usize| {
            sleep(millis(time));
            ran.set(ran.get() + 1);
            match end {
                End::Value => Ok(number),
                End::Error => Err(number),
                End::Panic => resume_unwind(Box::new(number)),
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| try_scope(|s| {
            for (number, task) in tasks.iter().enumerate() {
                let play = &play;
                s.spawn(move || play(*task, number));
            }
            yield_now(); // they begin before the body sleeps
            play(body, tasks.len())
        })));
        let mut all = tasks.clone();
        all.push(body);
        let first = (0..all.len())
            .filter(|&number| all[number].1 != End::Value)
            .min_by_key(|&number| (all[number].0, number));
        let last = match first {
            Some(first) => all[first].0,
            None => all.iter().map(|(time, _)| *time).max().unwrap(),
        };
        // What is to resume at the same moment is not ended any more.
        let ended = all.iter().filter(|(time, _)| *time <= last);
        prop_assert_eq!(ran.get(), ended.count());
        prop_assert_eq!(now() - begun, millis(last));
        match (outcome, first.map(|first| (all[first].1, first))) {
            (Ok(Ok(value)), None) => prop_assert_eq!(value, tasks.len()),
            (Ok(Err(error)), Some((End::Error, first))) => prop_assert_eq!(error, first),
            (Err(payload), Some((End::Panic, first))) => {
                prop_assert_eq!(*payload.downcast::<usize>().unwrap(), first);
            }
            (outcome, first) => prop_assert!(false, "{:?} for {:?}", outcome.is_ok(), first),
        }
        prop_assert_eq!(task::all().len(), 0);
    }
}
