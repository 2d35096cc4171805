//! Callbacks that are added when the task has ended: called at once by whoever adds them, who may wait in them and be ended.

use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::{AnyTask, State, try_gather, try_joinall};
use greenhub::{Task, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, millis, seconds, within};

#[test]
fn a_late_one_is_called_before_on_done_returns() {
    let log = Log::new();
    let task = spawn(|| 7);
    task.wait();
    let _ = task.on_done({
        let log = log.clone();
        move |_| log.say("callback")
    });
    log.say("goes on");
    log.check(["callback", "goes on"]);
}

#[test]
fn a_late_callback_during_another_is_called_after() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let task = Rc::new(spawn(|| 7));
    task.wait();
    let adder = spawn(log.given_to({
        let task = task.clone();
        move |log| {
            let _ = task.on_value(move |_| {
                log.say("first waits");
                sleep(seconds(1));
                log.say("first ends");
            });
        }
    }));
    yield_now();
    let _ = task.on_value({
        let log = log.clone();
        move |value| log.say(format!("second got {value}"))
    });
    assert!(task.on_done(|_| unreachable!("taken back")).remove());
    adder.join().unwrap();
    log.check(["first waits", "first ends", "second got 7"]);
    let task = Rc::try_unwrap(task).expect("nobody else has it");
    assert_eq!(task.join().unwrap(), 7);
}

/// A task that has panicked, and whose late callback waits for a second.
fn looked_at_late() -> (Rc<Task<()>>, Task<()>) {
    let failed = Rc::new(spawn(|| resume_unwind(Box::new("stone"))));
    failed.wait();
    let looker = spawn({
        let failed = failed.clone();
        move || {
            let _ = failed.on_failure(|_| sleep(seconds(1)));
        }
    });
    yield_now();
    (failed, looker)
}

#[test]
fn a_failure_is_one_also_while_a_late_callback_looks_at_it() {
    pause_clock();
    let begun = now();
    let (failed, looker) = looked_at_late();
    let first = try_joinall([&*failed]).map_err(|task| task.id());
    assert_eq!(first, Err(failed.id()));
    assert_eq!(now(), begun);
    looker.join().unwrap();
    assert_eq!(failed.state(), State::Done);
    let failed = Rc::try_unwrap(failed).expect("nobody else has it");
    let error = try_gather([failed]).unwrap_err();
    assert_eq!(error.panic_message(), Some("stone"));
}

#[test]
fn a_timeout_that_ends_a_late_callback_goes_on_to_its_own_block() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let task = Rc::new(spawn(|| 7));
    task.wait();
    // Somebody else's, which comes while ours waits, is called in peace.
    let _other = spawn(log.given_to({
        let task = task.clone();
        move |log| {
            sleep(millis(500));
            let _ = task.on_done(move |_| {
                sleep(seconds(1));
                log.say("other");
            });
        }
    }));
    let outcome = with_timeout(seconds(1), || {
        let _ = task.on_done(|_| sleep(Duration::MAX));
        log.say("never");
    });
    assert!(outcome.is_err());
    assert_eq!(now() - begun, seconds(2));
    log.check(["other"]);
    let _ = task.on_value({
        let log = log.clone();
        move |value| log.say(value.to_string())
    });
    log.check(["7"]);
}

#[test]
fn a_kill_that_ends_a_late_callback_ends_who_has_added_it() {
    pause_clock();
    let log = Log::new();
    let task = Rc::new(spawn(|| 7));
    task.wait();
    let adder = spawn(log.given_to({
        let task = task.clone();
        move |log| {
            let _fin = log.at_drop("fin");
            let _ = task.on_done(|_| sleep(Duration::MAX));
            log.say("never");
        }
    }));
    yield_now();
    adder.kill();
    log.check(["fin"]);
    let task = Rc::try_unwrap(task).expect("nobody else has it");
    assert_eq!(task.join().unwrap(), 7);
}

#[test]
fn a_timeout_of_a_callbacks_own_stays_inside_it() {
    pause_clock();
    let log = Log::new();
    let task = spawn(|| 7);
    let bounded = |log: &Log| {
        let log = log.clone();
        move |_: &AnyTask| {
            let outcome = with_timeout(seconds(1), || sleep(Duration::MAX));
            log.say(format!("{outcome:?}").starts_with("Err").to_string());
        }
    };
    let _ = task.on_done(bounded(&log));
    task.wait();
    let _ = task.on_done(bounded(&log));
    log.check(["true", "true"]);
}
