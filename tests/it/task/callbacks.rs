//! What is called when a task has ended: in which order, for which outcome, also late, and what taking it back means.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::{AnyTask, Callback, State};
use greenhub::{Task, sleep, spawn, yield_now};

use crate::support::{Census, InDrop, Log, millis, seconds};

/// A callback that says a word.
fn says(log: &Log, word: &'static str) -> impl FnOnce(&AnyTask) + 'static {
    let log = log.clone();
    move |_| log.say(word)
}

/// Adds one of each kind, which says what it was given.
fn listen(task: &Task<u8>, log: &Log) {
    let (value, failure) = (log.clone(), log.clone());
    let _ = task.on_done(says(log, "done"));
    let _ = task.on_value(move |number| value.say(format!("value {number}")));
    let _ = task.on_failure(move |error| {
        failure.say(if error.is_killed() {
            "killed"
        } else {
            "panicked"
        });
    });
}

#[test]
fn each_is_called_for_the_outcome_that_it_is_for() {
    let log = Log::new();
    let returns = spawn(|| 7);
    let panics = spawn(|| resume_unwind(Box::new("stone")));
    let killed = spawn(|| {
        sleep(Duration::MAX);
        7
    });
    for (task, expected) in [
        (&returns, ["done", "value 7"]),
        (&panics, ["done", "panicked"]),
        (&killed, ["done", "killed"]),
    ] {
        listen(task, &log);
        if std::ptr::eq(task, &killed) {
            yield_now();
            task.kill();
        }
        task.wait();
        log.check(expected);
        listen(task, &log); // late ones, at once
        log.check(expected);
    }
    let unstarted = spawn(|| unreachable!("killed before"));
    listen(&unstarted, &log);
    unstarted.kill();
    log.check(["done", "killed"]);
}

#[test]
fn a_thousand_callbacks_run_in_order_before_joiners() {
    let log = Log::new();
    let task = Rc::new(spawn(|| 7));
    let joiner = spawn(log.given_to({
        let task = task.clone();
        move |log| {
            task.wait();
            log.say("joined");
        }
    }));
    for number in 0..1000 {
        let log = log.clone();
        let _ = task.on_done(move |_| log.say(number.to_string()));
    }
    joiner.join().unwrap();
    let mut expected: Vec<String> = (0..1000).map(|number: u32| number.to_string()).collect();
    expected.push("joined".into());
    assert_eq!(log.take(), expected);
}

#[test]
fn a_callback_knows_its_task_and_sees_the_value_of_join() {
    let log = Log::new();
    let task = spawn(|| Rc::new(7));
    let id = task.id();
    let _ = task.on_done({
        let log = log.clone();
        move |task| log.say((task.id() == id).to_string())
    });
    let seen: Rc<RefCell<Option<Rc<i32>>>> = Rc::default();
    let _ = task.on_value({
        let seen = seen.clone();
        move |value| drop(seen.replace(Some(value.clone())))
    });
    let value = task.join().unwrap();
    assert!(Rc::ptr_eq(&value, &seen.take().unwrap()));
    log.check(["true"]);
}

#[test]
fn one_that_is_taken_back_is_dropped_and_never_called() {
    let (log, census) = (Log::new(), Census::new());
    let task = spawn(|| 7);
    let _ = task.on_done(says(&log, "a"));
    let captured = census.one();
    let b: Callback<u8> = task.on_done(move |_| {
        let _captured = captured;
        unreachable!("taken back");
    });
    let c = task.on_done(says(&log, "c"));
    assert!(b.remove());
    census.check_all_dropped();
    task.wait();
    log.check(["a", "c"]);
    assert!(!c.remove(), "called before");
    let late = task.on_done(says(&log, "late"));
    assert!(!late.remove(), "called at once");
    log.check(["late"]);
}

#[test]
fn a_callback_may_cancel_a_later_callback_only() {
    let log = Log::new();
    let task = spawn(|| 7);
    let kept: Rc<RefCell<Vec<Callback<u8>>>> = Rc::default();
    for word in ["first", "second", "third"] {
        let (others, log) = (kept.clone(), log.clone());
        let callback = task.on_done(move |_| {
            let took: Vec<bool> = others.take().into_iter().map(Callback::remove).collect();
            log.say(format!("{word} {took:?}"));
        });
        kept.borrow_mut().push(callback);
    }
    let _ = task.on_done(says(&log, "fourth"));
    task.wait();
    log.check(["first [false, true, true]", "fourth"]);
}

#[test]
fn one_that_is_added_meanwhile_is_called_last() {
    let log = Log::new();
    let task = Rc::new(spawn(|| 7));
    let _ = task.on_done({
        let (task, log) = (Rc::downgrade(&task), log.clone());
        move |_| {
            let task = task.upgrade().unwrap();
            let _ = task.on_done(says(&log, "added"));
            log.say("first");
        }
    });
    let _ = task.on_done(says(&log, "second"));
    task.wait();
    log.check(["first", "second", "added"]);
}

#[test]
fn one_that_panics_keeps_no_other_from_being_called() {
    let log = Log::new();
    let stone = |log: &Log, word: &'static str| {
        let log = log.clone();
        move |_: &AnyTask| {
            log.say(word);
            resume_unwind(Box::new("stone"))
        }
    };
    let task = spawn(|| 7);
    let _ = task.on_done(stone(&log, "a"));
    let _ = task.on_done(says(&log, "b"));
    let _ = task.on_done(stone(&log, "c"));
    let _ = task.on_done(says(&log, "d"));
    task.wait();
    let _ = task.on_done(stone(&log, "late"));
    log.check(["a", "b", "c", "d", "late"]);
    assert_eq!(task.join().unwrap(), 7, "and the outcome is the body's");
}

#[test]
fn joiners_resume_after_callbacks_that_wait() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let task = spawn(|| 7);
    for word in ["first", "second"] {
        let log = log.clone();
        let _ = task.on_done(move |_| {
            sleep(seconds(1));
            log.say(word);
        });
    }
    assert!(!task.wait_timeout(millis(1500)));
    log.check(["first"]);
    task.wait();
    log.check(["second"]);
    assert_eq!(now() - begun, seconds(2));
}

#[test]
fn a_kill_after_the_body_ends_a_callback_and_not_the_value() {
    pause_clock();
    let log = Log::new();
    let task = spawn(|| 7);
    let _ = task.on_done({
        let log = log.clone();
        move |_| {
            let _fin = log.at_drop("first ends");
            sleep(Duration::MAX);
        }
    });
    let _ = task.on_done(says(&log, "second"));
    yield_now();
    assert!(!task.is_finished());
    task.kill();
    log.check(["first ends", "second"]);
    assert_eq!(task.state(), State::Done);
    assert_eq!(task.join().unwrap(), 7);
}

#[test]
fn a_callback_may_drop_the_last_handle_and_the_value_goes_once() {
    let (log, census) = (Log::new(), Census::new());
    let value = census.one();
    let kept = Rc::new(RefCell::new(Some(spawn(move || value))));
    let handle = kept.clone();
    let _ = kept.borrow().as_ref().unwrap().on_done({
        let log = log.clone();
        move |_| {
            drop(handle.take());
            log.say("dropped");
        }
    });
    let _ = kept
        .borrow()
        .as_ref()
        .unwrap()
        .on_done(says(&log, "second"));
    assert_eq!(census.dropped(), 0);
    yield_now();
    log.check(["dropped", "second"]);
    census.check_all_dropped();
}

#[test]
fn callbacks_of_a_detached_task_run_and_drop_their_captures() {
    let (log, census) = (Log::new(), Census::new());
    let task = spawn(|| 7);
    let captured = census.one();
    let _ = task.on_value({
        let log = log.clone();
        move |value| {
            let _captured = captured;
            log.say(value.to_string());
        }
    });
    drop(task);
    yield_now();
    log.check(["7"]);
    census.check_all_dropped();
}

#[test]
fn a_callback_may_spawn_join_and_drop_waiting_captures() {
    pause_clock();
    let log = Log::new();
    let task = spawn(|| 7);
    let waits = InDrop({
        let log = log.clone();
        move || {
            sleep(seconds(1));
            log.say("captures gone");
        }
    });
    let _ = task.on_done({
        let log = log.clone();
        move |_| {
            let _waits = waits;
            let child = spawn(|| 8);
            log.say(child.join().unwrap().to_string());
        }
    });
    task.wait();
    log.check(["8", "captures gone"]);
}
