//! `task::park` and `unpark`: one token, which outlives whatever ends a wait.

use greenhub::hub::pause_clock;
use greenhub::{Greenlet, sleep, spawn, task, with_timeout, yield_now};

use crate::support::{Log, begun, millis, panic_text};

#[test]
fn an_unpark_ends_the_park() {
    let log = Log::new();
    let tasks = ["a", "b"].map(|name| {
        begun(log.given_to(move |log| {
            task::park();
            log.say(name);
        }))
        .0
    });
    tasks[1].unpark();
    log.check([]);
    tasks[0].any().unpark();
    yield_now();
    log.check(["b", "a"]);
    tasks[0].unpark(); // it has ended
}

#[test]
fn one_token_is_kept_for_the_next_park() {
    pause_clock();
    let parks = spawn(|| {
        task::park();
        task::park_timeout(millis(1))
    });
    parks.unpark(); // before it has begun
    parks.unpark();
    assert!(!parks.join().unwrap());
}

#[test]
fn other_waits_are_not_ended_by_it() {
    pause_clock();
    let log = Log::new();
    let (sleeper, _) = begun(log.given_to(|log| {
        sleep(millis(2));
        log.say("slept");
        task::park();
        log.say("parked");
    }));
    sleeper.unpark();
    sleep(millis(1));
    log.check([]);
    sleeper.join().unwrap();
    log.check(["slept", "parked"]);
}

#[test]
fn a_task_may_unpark_itself() {
    let parks = spawn(|| {
        task::current().unwrap().unpark();
        task::park();
    });
    parks.join().unwrap();
}

#[test]
fn a_wait_that_unwinds_keeps_the_token() {
    pause_clock();
    let (parks, _) = begun(|| {
        let late = with_timeout(millis(5), || task::shield(|| sleep(millis(9))));
        assert!(late.is_ok());
        let late = with_timeout(millis(5), task::park);
        (late.is_err(), task::park_timeout(millis(5)))
    });
    sleep(millis(14)); // its time-out comes first, in this turn
    parks.unpark();
    assert_eq!(parks.join().unwrap(), (true, true));
}

#[test]
fn an_unpark_at_the_last_moment_is_in_time() {
    pause_clock();
    let parks = spawn(|| task::park_timeout(millis(5)));
    sleep(millis(5)); // it began before the task did, so it ends first
    parks.unpark();
    assert!(parks.join().unwrap());
}

#[test]
fn only_tasks_park() {
    let text = panic_text(task::park);
    assert!(
        text.contains("is no task, so nothing could unpark it"),
        "{text}"
    );
    let inside = spawn(|| Greenlet::<(), ()>::new(|()| task::park()).switch(()));
    assert!(inside.join().is_err());
}

#[test]
fn the_deadlock_report_names_the_wait() {
    let (parked, _) = begun(|| {
        task::park();
        true
    });
    let text = panic_text(|| parked.wait());
    assert!(
        text.contains("waits for its unpark at tests/it/task/unpark.rs"),
        "{text}"
    );
    parked.unpark();
}
