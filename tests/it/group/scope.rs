//! Scopes: tasks that borrow, what joins give, whose panic goes where, and what a kill or a timeout of the scope does.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::greenlet::set_tracer;
use greenhub::hub::{now, pause_clock};
use greenhub::task::{self, State, shield};
use greenhub::{
    Greenlet, GreenletExit, Timeout, current, joinall, parent, scope, sleep, spawn, with_timeout,
    yield_now,
};

use crate::support::{Log, caught, child, millis, panic_text, resident, seconds, slowness, within};

#[test]
fn tasks_borrow_run_in_order_and_end_before_the_scope_returns() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let log = Log::new();
    let mut total = 0;
    let value = scope(|s| {
        for n in [3, 1, 2] {
            let log = &log;
            s.spawn(move || {
                log.say(format!("{n} begins"));
                sleep(seconds(n));
                log.say(format!("{n} ends"));
            });
        }
        s.spawn(|| total += 1);
        log.say("spawned");
        yield_now();
        log.say("body ends");
        "value"
    });
    log.check([
        "spawned",
        "3 begins",
        "1 begins",
        "2 begins",
        "body ends",
        "1 ends",
        "2 ends",
        "3 ends",
    ]);
    assert_eq!((value, total, now() - begun), ("value", 1, seconds(3)));
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_join_returns_the_value_even_a_borrowed_value() {
    let _watch = within(seconds(10));
    let mut words = vec!["so", "much", "depends"];
    let longest = scope(|s| {
        let words = &words;
        let longest = s.spawn(move || words.iter().max_by_key(|word| word.len()).unwrap());
        assert!(!longest.is_finished());
        assert_eq!(longest.state(), State::Pending);
        longest.wait();
        assert_eq!(longest.state(), State::Done);
        longest.join().unwrap()
    });
    assert_eq!(*longest, "depends");
    scope(|s| s.spawn(|| words.clear()).join().unwrap());
    assert!(words.is_empty());
}

#[test]
fn handles_work_with_other_waits_and_may_be_dropped_or_forgotten() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    scope(|s| {
        let slow = s.spawn(|| sleep(seconds(2)));
        let fast = s.spawn(|| sleep(seconds(1)));
        assert_eq!(greenhub::wait_any(&[&slow, &fast]), 1);
        assert!(!slow.wait_timeout(millis(1)));
        joinall([&slow, &fast]);
        // Nobody can ask for the value: the task itself drops it.
        drop(s.spawn(|| log.at_drop("value")));
        yield_now();
        log.check(["value"]);
        crate::support::forget(s.spawn(|| {
            sleep(seconds(1));
            log.say("forgotten");
            log.at_drop("never dropped")
        }));
        let kept = s.spawn(|| log.at_drop("kept"));
        yield_now();
        log.say("body ends");
        drop(kept);
    });
    log.check(["body ends", "kept", "forgotten"]);
}

#[test]
fn tasks_spawn_into_their_scope_even_after_its_body() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    scope(|s| {
        s.spawn(|| {
            sleep(seconds(1));
            s.spawn(|| {
                sleep(seconds(1));
                s.spawn(|| log.say("third"));
                log.say("second");
            });
            log.say("first");
        });
        log.say("body ends");
    });
    log.check(["body ends", "first", "second", "third"]);
    fn count(depth: u32) -> u32 {
        let total = Cell::new(0);
        scope(|s| {
            for _ in 0..depth {
                s.spawn(|| {
                    let below = count(depth - 1);
                    total.set(total.get() + 1 + below);
                });
            }
        });
        total.get()
    }
    assert_eq!(count(4), 64);
}

#[test]
fn tasks_of_a_panicking_body_run_to_their_ends_first() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let text = panic_text(|| {
        scope(|s| {
            s.spawn(|| {
                sleep(seconds(1));
                log.say("ends");
            });
            yield_now();
            panic!("the body's");
        })
    });
    log.say(text);
    log.check(["ends", "the body's"]);
}

#[test]
fn the_first_panic_continues_and_the_others_are_reported() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let before = task::set_unobserved_hook(Some(Rc::new({
        let log = log.clone();
        move |error| log.say(format!("reported {}", error.panic_message().unwrap()))
    })));
    let text = panic_text(|| {
        scope(|s| {
            for n in [3, 1, 2] {
                s.spawn(move || {
                    sleep(seconds(n));
                    panic!("{n}");
                });
            }
            let joined = s.spawn(|| panic!("joined"));
            s.spawn(|| sleep(seconds(600))).kill();
            s.spawn(|| {
                sleep(seconds(4));
                log.say("last");
            });
            let error = joined.join().unwrap_err();
            assert!(error.is_panic());
            assert_eq!(error.panic_message(), Some("joined"));
            log.at_drop("value dropped")
        })
    });
    log.say(text);
    log.check(["last", "value dropped", "reported 2", "reported 3", "1"]);
    task::set_unobserved_hook(before);
}

#[test]
fn a_killed_task_has_not_failed_and_tells_its_join_so() {
    let _watch = within(seconds(10));
    let log = Log::new();
    scope(|s| {
        let unstarted = s.spawn(|| unreachable!("it never runs"));
        unstarted.kill();
        let bell = log.at_drop("unwound");
        let started = task::Builder::new().name("started").spawn_scoped(s, || {
            let _bell = bell;
            sleep(Duration::MAX);
        });
        let started = started.unwrap();
        yield_now();
        assert!(started.kill_timeout(seconds(1)));
        assert_eq!(started.state(), State::Cancelled);
        for task in [unstarted, started] {
            let (at, error) = (task.spawned_at(), task.join().unwrap_err());
            assert!(error.is_killed());
            assert!(GreenletExit::is_in(&*error.into_panic()));
            assert_eq!(at.file(), file!());
        }
    });
    log.check(["unwound"]);
}

/// A task whose scope has three tasks: one that cleans up, one that is shielded for a while, one that is not started
/// when it is killed.
fn in_a_scope(log: &Log, body: impl FnOnce() + 'static) -> greenhub::Task<()> {
    let log = log.clone();
    spawn(move || {
        let _frame = log.at_drop("frame");
        let log = &log;
        scope(|s| {
            s.spawn(|| {
                let _bell = log.at_drop("first unwound");
                sleep(Duration::MAX);
            });
            s.spawn(|| {
                shield(|| sleep(seconds(3)));
                log.say("shield ends");
                sleep(Duration::MAX);
            });
            yield_now();
            let bell = log.at_drop("third dropped");
            s.spawn(move || {
                let _bell = bell;
                log.say("third runs");
            });
            log.say("body");
            body();
            log.say("body ends");
        });
        log.say("never");
    })
}

#[test]
fn a_kill_in_the_body_kills_the_tasks_and_waits_for_them() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let task = in_a_scope(&log, || task::current().unwrap().kill_nowait());
    task.wait();
    log.check([
        "body",
        "third dropped",
        "first unwound",
        "shield ends",
        "frame",
    ]);
    assert_eq!(now() - begun, seconds(3));
    assert!(task.join().unwrap_err().is_killed());
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_second_kill_does_not_shorten_cleanup_at_scope_end() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let task = in_a_scope(&log, || ());
    sleep(seconds(1));
    log.check(["body", "body ends", "third runs", "third dropped"]);
    for _ in 0..3 {
        assert!(!task.kill_timeout(millis(500)));
        log.say("killed");
    }
    task.kill();
    log.check([
        "first unwound",
        "killed",
        "killed",
        "killed",
        "shield ends",
        "frame",
    ]);
    assert!(task.join().unwrap_err().is_killed());
}

#[test]
fn a_timeout_of_the_scope_does_the_same_wherever_it_comes() {
    let _watch = within(seconds(10));
    pause_clock();
    for in_body in [true, false] {
        let (log, begun) = (Log::new(), now());
        let outcome = with_timeout(seconds(1), || {
            scope(|s| {
                s.spawn(|| {
                    let _bell = log.at_drop("unwound");
                    sleep(Duration::MAX);
                });
                s.spawn(|| {
                    shield(|| sleep(seconds(5)));
                    log.say("shield ends");
                });
                if in_body {
                    sleep(Duration::MAX);
                }
            });
        });
        assert!(outcome.is_err());
        log.check(["unwound", "shield ends"]);
        assert_eq!(now() - begun, seconds(5));
    }
    // A task's own timeout is its own; an inner one of the scope does not hide the outer one.
    let (outer, log) = (Timeout::start(seconds(2)), Log::new());
    let payload = caught(|| {
        scope(|s| {
            s.spawn(|| assert!(with_timeout(seconds(1), || sleep(Duration::MAX)).is_err()));
            let _ = with_timeout(seconds(3), || {
                scope(|s| {
                    s.spawn(|| {
                        let _bell = log.at_drop("unwound");
                        sleep(Duration::MAX);
                    });
                });
            });
            log.say("never");
        })
    });
    assert!(outer.is_in(&*payload));
    log.check(["unwound"]);
}

#[test]
fn a_task_spawned_by_a_swallower_of_a_kill_is_killed_too() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let task = spawn({
        let log = log.clone();
        move || {
            scope(|s| {
                s.spawn(|| {
                    let kill = caught(|| sleep(Duration::MAX));
                    assert!(GreenletExit::is_in(&*kill));
                    let bell = log.at_drop("late one dropped");
                    s.spawn(move || drop(bell));
                    s.spawn(|| log.say("ready before it is killed"));
                    log.say(format!("{}", GreenletExit::is_in(&*caught(yield_now))));
                });
            });
        }
    });
    yield_now();
    yield_now();
    task.kill();
    let (task, said) = (task.join().unwrap_err(), log.take());
    assert!(task.is_killed());
    assert_eq!(said[..1], ["true"]);
    assert_eq!(
        said.iter()
            .filter(|word| *word == "late one dropped")
            .count(),
        1
    );
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_body_that_swallows_its_kill_is_killed_at_scope_end() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let task = spawn({
        let log = log.clone();
        move || {
            scope(|s| {
                s.spawn(|| {
                    let _bell = log.at_drop("unwound");
                    sleep(Duration::MAX);
                });
                drop(caught(|| sleep(Duration::MAX)));
                log.say("swallowed");
            });
            log.say("never");
        }
    });
    yield_now();
    task.kill();
    log.check(["swallowed", "unwound"]);
    assert!(task.join().unwrap_err().is_killed());
}

#[test]
fn a_payload_thrown_into_a_scope_wait_kills_the_tasks_first() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let me = Rc::new(RefCell::new(None));
    let task = spawn({
        let (log, me) = (log.clone(), me.clone());
        move || {
            *me.borrow_mut() = Some(current());
            let thrown = caught(|| {
                scope(|s| {
                    s.spawn(|| {
                        let _bell = log.at_drop("unwound");
                        sleep(Duration::MAX);
                    });
                })
            });
            log.say(*thrown.downcast::<&str>().unwrap());
        }
    });
    yield_now();
    yield_now();
    let me = me.take().unwrap();
    let thrower: Greenlet<(), ()> = Greenlet::new(move |()| me.throw(Box::new("a stone")));
    let _ = with_timeout(millis(1), || thrower.switch(()));
    task.join().unwrap();
    log.check(["unwound", "a stone"]);
}

#[test]
fn a_deadlock_inside_a_scope_ends_its_tasks_then_is_reported() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let line = line!() + 2;
    let text = panic_text(|| {
        scope(|s| {
            let stuck = s.spawn(|| {
                let _bell = log.at_drop("unwound");
                sleep(Duration::MAX);
            });
            s.spawn(move || stuck.wait());
            // This one does not heed its kill: nothing but unwinding it from here ends it.
            s.spawn(|| {
                let _bell = log.at_drop("unwound in its shield");
                shield(|| sleep(Duration::MAX));
            });
        })
    });
    let first = text.lines().nth(1).unwrap();
    assert!(
        first.contains(&format!(" waits for join of task {}", "")),
        "{text}"
    );
    assert!(
        first.contains(&format!(" at {}:{line}:", file!())),
        "{text}"
    );
    log.check(["unwound", "unwound in its shield"]);
    assert_eq!(task::all().len(), 0);
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

#[test]
fn a_scope_without_tasks_works_where_waiting_is_refused() {
    let _watch = within(seconds(10));
    struct InDrop<'a>(&'a Cell<u32>);
    impl Drop for InDrop<'_> {
        fn drop(&mut self) {
            self.0.set(scope(|_| self.0.get() + 1));
        }
    }
    let count = Cell::new(0);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _in_drop = InDrop(&count);
        resume_unwind(Box::new(()));
    }));
    greenhub::greenlet::no_switch(|| scope(|_| count.set(count.get() + 1)));
    assert_eq!(count.get(), 2);
}

#[test]
fn what_outlives_the_scope_of_a_task_tells_that_it_has_ended() {
    let _watch = within(seconds(10));
    let text = String::from("borrowed");
    let (ended, killed) = scope(|s| {
        let killed = s.spawn(|| sleep(Duration::MAX));
        yield_now();
        killed.kill_nowait();
        let ended = s.spawn(|| text.len());
        assert!(format!("{s:?}").starts_with("Scope { place: tests/it/group/scope.rs:"));
        assert!(format!("{ended:?}").ends_with("state: Pending }"));
        (ended.any(), killed.any())
    });
    drop(text);
    assert_eq!(
        (ended.state(), killed.state()),
        (State::Done, State::Cancelled)
    );
    ended.wait();
    killed.kill();
}

#[test]
fn a_tracer_panic_before_a_task_begins_is_the_tasks_panic() {
    let _watch = within(seconds(10));
    let log = Log::new();
    for joined in [true, false] {
        let bell = log.at_drop("dropped");
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            scope(|s| {
                let task = s.spawn(move || drop(bell));
                let id = task.id();
                set_tracer(Some(Rc::new(move |_, _, target| {
                    assert!(target.id() != id, "the tracer's");
                })));
                if joined {
                    let error = task.join().unwrap_err();
                    log.say(error.panic_message().unwrap());
                }
            });
        }));
        match outcome {
            Ok(()) => log.say("joined"),
            Err(payload) => log.say(*payload.downcast_ref::<&str>().unwrap()),
        }
        assert!(set_tracer(None).is_none());
    }
    log.check([
        "dropped",
        "the tracer's",
        "joined",
        "dropped",
        "the tracer's",
    ]);
}

greenhub::greenlet_local! {
    static LAST: RefCell<Option<AtEnd>> = RefCell::new(None);
}

/// Does something when its task's locals go.
struct AtEnd(Box<dyn FnMut()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_task_ends_after_its_locals_and_owns_their_panic() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let at_end = |word: &'static str| {
        let log = log.clone();
        AtEnd(Box::new(move || {
            sleep(seconds(1));
            log.say(word);
        }))
    };
    let slow = at_end("slow");
    let text = panic_text(|| {
        scope(|s| {
            s.spawn(move || LAST.with(|last| *last.borrow_mut() = Some(slow)));
            let late = s.spawn(|| {
                LAST.with(|last| *last.borrow_mut() = Some(AtEnd(Box::new(|| panic!("late")))));
                "a value"
            });
            s.spawn(|| {
                LAST.with(|last| *last.borrow_mut() = Some(AtEnd(Box::new(|| panic!("joined")))));
            })
            .join()
            .unwrap_err();
            assert!(late.is_finished());
            log.say("body ends");
        })
    });
    log.say(text);
    log.check(["body ends", "slow", "late"]);
}

#[test]
fn raw_greenlets_open_scopes_without_a_waiter() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let greenlet: Greenlet<(), u32> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let sum = Cell::new(0);
            scope(|s| {
                for n in 1..=3 {
                    let sum = &sum;
                    s.spawn(move || {
                        sleep(seconds(u64::from(n)));
                        sum.set(sum.get() + n);
                    });
                }
                parent::<u32, ()>().switch(sum.get());
            });
            log.say("scope ends");
            sum.get()
        }
    });
    assert_eq!(greenlet.switch(()), 0);
    sleep(seconds(2));
    log.say("main");
    assert_eq!(greenlet.switch(()), 6);
    log.check(["main", "scope ends"]);
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer keeps freed memory, so what is resident says nothing"
)]
fn a_long_lived_scope_keeps_nothing_of_ended_tasks() {
    child(
        "group::scope::a_long_lived_scope_keeps_nothing_of_ended_tasks",
        || {
            scope(|s| {
                let keeper = s.spawn(|| sleep(Duration::MAX));
                let round = |count: u32| {
                    for _ in 0..count {
                        let text = String::from("text");
                        s.spawn(move || text.len());
                        yield_now();
                    }
                };
                round(10_000 / slowness());
                let memory = resident();
                round(200_000 / slowness());
                let grown = resident().saturating_sub(memory);
                println!("200 000 tasks left {grown} KiB");
                assert!(grown < 2048, "{grown} KiB");
                keeper.kill();
            });
        },
    )
    .must_be_ok();
}
