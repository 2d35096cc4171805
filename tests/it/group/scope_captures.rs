//! What the tasks of a scope have captured ends with them, and its destructors may spawn, wait, and stay: the scope is
//! not left before they have returned.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::group::Scope;
use greenhub::hub::{self, pause_clock};
use greenhub::{
    AnyGreenlet, Greenlet, current, scope, sleep, spawn, task, with_timeout, yield_now,
};

use crate::support::{InDrop, Log, child, seconds, wait, within};

/// Spawns a task whose captures spawn the next one when it ends, however it ends.
fn spawn_in_turn<'scope>(s: &'scope Scope<'scope, '_>, log: &'scope Log, left: u32) {
    if left > 0 {
        let next = InDrop(move || spawn_in_turn(s, log, left - 1));
        s.spawn(move || {
            let _next = next;
            log.say("runs");
            sleep(seconds(1));
        });
    }
}

#[test]
fn destructors_may_spawn_into_any_ending_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    for how in 0..6 {
        let log = Log::new();
        let body = {
            let log = log.clone();
            move || {
                let _frame = log.at_drop("frame");
                let (own, tasks) = (log.clone(), Log::new());
                scope(|s| {
                    let _body = own.at_drop("body");
                    spawn_in_turn(s, &tasks, 5);
                    match how {
                        0 | 1 => yield_now(),
                        2 => drop(with_timeout(Duration::ZERO, || sleep(seconds(9)))),
                        3 => sleep(seconds(9)),
                        _ => wait(),
                    }
                });
            }
        };
        if how < 4 {
            let task = spawn(body);
            yield_now();
            match how {
                0 => drop(task.join()),
                1 | 2 => task.kill(),
                _ => hub::shutdown(seconds(9)).unwrap(),
            }
        } else {
            let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| body());
            greenlet.switch(());
            if how == 5 {
                yield_now();
            }
            drop(greenlet);
        }
        log.check(["body", "frame"]);
        assert_eq!(task::all().len(), 0, "{how}");
    }
}

#[test]
fn a_capture_of_an_unstarted_task_that_waits_keeps_the_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    for is_killed in [false, true] {
        let log = Log::new();
        let owner = spawn(log.given_to(move |log| {
            let _frame = log.at_drop("frame");
            let frame = String::from("borrowed");
            scope(|s| {
                let (frame, said) = (&frame, &log);
                let victim = Rc::new(RefCell::new(None::<task::AnyTask>));
                let killer = spawn({
                    let victim = victim.clone();
                    move || victim.take().unwrap().kill()
                });
                let capture = InDrop(move || {
                    said.say("destructor");
                    let slept = catch_unwind(AssertUnwindSafe(|| sleep(seconds(5))));
                    said.say(format!("{frame}, slept: {}", slept.is_ok()));
                });
                let task = s.spawn(move || {
                    let _capture = capture;
                    said.say("runs");
                });
                victim.replace(Some(task.any()));
                if is_killed {
                    spawn(move || {
                        sleep(seconds(1));
                        killer.kill();
                    })
                    .detach();
                }
            });
        }));
        drop(owner.join());
        let slept = format!("borrowed, slept: {}", !is_killed);
        log.check(["destructor", &slept, "frame"]);
        hub::join();
    }
}

#[test]
fn a_capture_whose_drop_never_returns_aborts() {
    let name = "group::scope_captures::a_capture_whose_drop_never_returns_aborts";
    let ended = child(name, || {
        let _watch = within(seconds(10));
        let frame = String::from("borrowed");
        scope(|s| {
            let frame = &frame;
            let capture = InDrop(move || {
                wait();
                println!("{frame}");
            });
            let task = s.spawn(move || drop(capture)).any();
            let killer: Greenlet<(), ()> = Greenlet::new(move |()| task.kill_nowait());
            killer.switch(());
            mem::forget(killer);
        });
        println!("left");
    });
    ended.check_abort(&["cannot end while task", "it cannot be unwound from here"]);
    assert!(!ended.stdout.contains("left") && !ended.stdout.contains("borrowed"));
}

#[test]
fn payloads_thrown_into_its_wait_do_not_shorten_a_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, owner) = (Log::new(), Rc::new(RefCell::new(None)));
    let body = {
        let (log, owner) = (log.clone(), owner.clone());
        move |()| {
            owner.replace(Some(current()));
            let _frame = log.at_drop("frame");
            drop(catch_unwind(AssertUnwindSafe(|| {
                scope(|s| {
                    s.spawn(|| task::shield(|| sleep(seconds(10))));
                });
            })));
        }
    };
    let starter = spawn(|| Greenlet::<(), ()>::new(body).switch(()));
    yield_now();
    let owner: AnyGreenlet = owner.take().unwrap();
    for _ in 0..9 {
        let owner = owner.clone();
        spawn(move || _ = owner.try_throw(Box::new("thrown"))).detach();
        sleep(seconds(1));
        log.check([]);
    }
    sleep(seconds(2));
    log.check(["frame"]);
    assert!(owner.is_dead());
    starter.join().unwrap();
    hub::shutdown(seconds(1)).unwrap();
}
