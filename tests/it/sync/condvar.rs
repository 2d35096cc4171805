//! A condition variable: who is notified, and what becomes of a notice whose greenlet cannot use it.

use std::rc::Rc;
use std::sync::PoisonError;

use greenhub::hub::pause_clock;
use greenhub::sync::{Condvar, Mutex};
use greenhub::{Task, joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, caught, millis, panic_text};

type Shared = Rc<(Mutex<u32>, Condvar)>;

fn shared() -> Shared {
    Rc::new((Mutex::new(0), Condvar::new()))
}

/// A task that waits for one notice and says its name.
fn waits(shared: &Shared, log: &Log, name: &'static str) -> Task<()> {
    let (shared, log) = (shared.clone(), log.clone());
    spawn(move || {
        let guard = shared.1.wait(shared.0.lock().unwrap()).unwrap();
        log.say(name);
        drop(guard);
    })
}

#[test]
fn each_notice_ends_the_first_wait_and_a_spare_notice_is_lost() {
    let (shared, log) = (shared(), Log::new());
    shared.1.notify_one();
    shared.1.notify_all();
    let tasks = ["a", "b", "c", "d"].map(|name| waits(&shared, &log, name));
    yield_now();
    log.check([]);
    shared.1.notify_one();
    yield_now();
    log.check(["a"]);
    shared.1.notify_one();
    shared.1.notify_one();
    yield_now();
    log.check(["b", "c"]);
    shared.1.notify_all();
    shared.1.notify_one();
    joinall(&tasks);
    log.check(["d"]);
    let late = waits(&shared, &log, "late");
    yield_now();
    log.check([]);
    shared.1.notify_all();
    late.join().unwrap();
}

#[test]
fn all_are_notified_and_lock_the_mutex_one_by_one() {
    let (shared, log) = (shared(), Log::new());
    let tasks = ["a", "b", "c"].map(|name| waits(&shared, &log, name));
    yield_now();
    let guard = shared.0.lock().unwrap();
    shared.1.notify_all();
    yield_now();
    log.check([]);
    drop(guard);
    joinall(&tasks);
    log.check(["a", "b", "c"]);
}

#[test]
fn a_wait_unlocks_the_mutex_and_looks_at_the_condition_again() {
    let (shared, log) = (shared(), Log::new());
    let waits = spawn({
        let (shared, log) = (shared.clone(), log.clone());
        move || {
            let guard = shared.0.lock().unwrap();
            let guard = shared.1.wait_while(guard, |n| {
                log.say(format!("sees {n}"));
                *n < 2
            });
            *guard.unwrap()
        }
    });
    for _ in 0..2 {
        yield_now();
        *shared.0.lock().unwrap() += 1;
        shared.1.notify_one();
    }
    assert_eq!(waits.join().unwrap(), 2);
    log.check(["sees 0", "sees 1", "sees 2"]);
}

#[test]
fn limits_end_waits_and_say_so() {
    pause_clock();
    let shared = shared();
    let (mutex, condvar) = &*shared;
    let (guard, result) = condvar
        .wait_timeout(mutex.lock().unwrap(), millis(5))
        .unwrap();
    assert!(result.timed_out());
    drop(guard);
    let notifier = spawn({
        let shared = shared.clone();
        move || {
            for _ in 0..3 {
                sleep(millis(2));
                *shared.0.lock().unwrap() += 1;
                shared.1.notify_all();
            }
        }
    });
    let (guard, result) = condvar
        .wait_timeout(mutex.lock().unwrap(), millis(5))
        .unwrap();
    assert!(!result.timed_out() && *guard == 1);
    let waited = condvar.wait_timeout_while(guard, millis(1), |n| *n < 3);
    let (guard, result) = waited.unwrap();
    assert!(result.timed_out() && *guard == 1);
    let waited = condvar.wait_timeout_while(guard, millis(5), |n| *n < 3);
    let (guard, result) = waited.unwrap();
    assert!(!result.timed_out() && *guard == 3);
    drop(guard);
    notifier.join().unwrap();
}

#[test]
fn a_notice_of_a_killed_waiter_without_the_lock_goes_on() {
    let (shared, log) = (shared(), Log::new());
    let [first, second, third] = ["a", "b", "c"].map(|name| waits(&shared, &log, name));
    yield_now();
    let guard = shared.0.lock().unwrap();
    shared.1.notify_one();
    first.kill_nowait();
    yield_now();
    drop(guard);
    second.join().unwrap();
    assert!(first.join().unwrap_err().is_killed());
    log.check(["b"]);
    assert!(!third.is_finished());
    third.kill();
    // Nobody was there for this one, and it waits for nobody.
    let last = waits(&shared, &log, "last");
    yield_now();
    let guard = shared.0.lock().unwrap();
    shared.1.notify_one();
    last.kill_nowait();
    yield_now();
    drop(guard);
    let late = waits(&shared, &log, "late");
    yield_now();
    assert!(!late.is_finished() && last.is_finished());
    shared.1.notify_one();
    late.join().unwrap();
    log.check(["late"]);
}

#[test]
fn a_killed_or_timed_out_waiter_unlocks_and_takes_no_notice() {
    pause_clock();
    let (shared, log) = (shared(), Log::new());
    let killed = waits(&shared, &log, "killed");
    let timed = spawn({
        let shared = shared.clone();
        move || {
            let wait = || drop(shared.1.wait(shared.0.lock().unwrap()));
            with_timeout(millis(1), wait).is_err()
        }
    });
    let last = waits(&shared, &log, "last");
    yield_now();
    killed.kill();
    assert!(timed.join().unwrap());
    assert!(shared.0.try_lock().is_ok());
    shared.1.notify_one();
    last.join().unwrap();
    log.check(["last"]);
    assert!(!shared.0.is_poisoned());
}

#[test]
fn waits_with_different_mutexes_may_be_mixed() {
    let condvar = Rc::new(Condvar::default());
    let tasks = [1, 2].map(|n| {
        let condvar = condvar.clone();
        spawn(move || {
            let mutex = Mutex::new(n);
            *condvar.wait(mutex.lock().unwrap()).unwrap()
        })
    });
    yield_now();
    condvar.notify_all();
    assert_eq!(tasks.map(|task| task.join().unwrap()), [1, 2]);
    assert_eq!(format!("{condvar:?}"), "Condvar { .. }");
}

#[test]
fn a_mutex_that_was_poisoned_meanwhile_says_so() {
    pause_clock();
    let shared = shared();
    let poisons = || {
        let shared = shared.clone();
        spawn(move || {
            caught(|| {
                let _guard = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                panic!("with the lock");
            });
            shared.1.notify_one();
        })
    };
    let (mutex, condvar) = &*shared;
    let task = poisons();
    let guard = condvar
        .wait(mutex.lock().unwrap())
        .unwrap_err()
        .into_inner();
    let waited = condvar.wait_timeout(guard, millis(1));
    let (guard, result) = waited.unwrap_err().into_inner();
    assert!(result.timed_out());
    let waited = condvar.wait_timeout_while(guard, millis(1), |_| true);
    assert!(waited.is_err());
    task.join().unwrap();
}

#[test]
fn the_report_of_a_deadlock_names_it() {
    let (mutex, condvar) = &*shared();
    let text = panic_text(|| condvar.wait(mutex.lock().unwrap()).map(drop));
    let expected = "waits for a condition variable at tests/it/sync/condvar.rs";
    assert!(text.contains(expected), "{text}");
    assert!(mutex.try_lock().is_ok() && !mutex.is_poisoned());
}
