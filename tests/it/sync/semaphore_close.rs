//! A semaphore that is closed: which waits are told, which get a permit all the same, and what goes back.

use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::Semaphore;
use greenhub::{Task, spawn, wait_any, yield_now};

use crate::support::{Log, begun, millis, panic_text, seconds};

fn waits(semaphore: &Rc<Semaphore>, log: &Log, name: &'static str, count: usize) -> Task<()> {
    let (semaphore, log) = (semaphore.clone(), log.clone());
    let waiting = move || {
        let got = semaphore.acquire_many_checked(count);
        log.say(format!("{name} {}", got.is_ok()));
    };
    begun(waiting).0
}

#[test]
fn all_that_wait_are_told_in_order_and_later_ones_at_once() {
    pause_clock();
    let (semaphore, log) = (Rc::new(Semaphore::new(1)), Log::new());
    let taken = semaphore.acquire();
    let _tasks = [("a", 1), ("b", 3), ("c", 1)].map(|(name, n)| waits(&semaphore, &log, name, n));
    let timed = spawn({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_timeout(seconds(9)).is_none()
    });
    yield_now();
    assert!(!semaphore.is_closed());
    semaphore.close();
    semaphore.close();
    assert!(semaphore.is_closed());
    yield_now();
    log.check(["a false", "b false", "c false"]);
    assert!(timed.join().unwrap());
    drop(taken);
    assert!(semaphore.acquire_checked().is_err() && semaphore.try_acquire().is_none());
    assert!(semaphore.acquire_timeout(millis(1)).is_none());
    assert!(semaphore.acquire_many_checked(0).is_err());
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire_many(1).is_none());
}

#[test]
fn one_that_was_promised_a_permit_before_gets_it() {
    let (semaphore, log) = (Rc::new(Semaphore::new(0)), Log::new());
    let _tasks = ["a", "b"].map(|name| waits(&semaphore, &log, name, 1));
    semaphore.add_permits(1);
    semaphore.close();
    yield_now();
    log.check(["a true", "b false"]);
}

#[test]
fn one_that_gathers_gives_back_what_it_has() {
    let (semaphore, log) = (Rc::new(Semaphore::bounded(4)), Log::new());
    let taken = semaphore.acquire();
    let _task = waits(&semaphore, &log, "all", 4);
    assert_eq!(semaphore.available_permits(), 0);
    drop(taken);
    semaphore.close(); // it has been promised the last one
    yield_now();
    log.check(["all true"]);
    let semaphore = Rc::new(Semaphore::bounded(4));
    let taken = semaphore.acquire_many(2);
    let _task = waits(&semaphore, &log, "all", 4);
    semaphore.close();
    yield_now();
    log.check(["all false"]);
    drop(taken);
    assert!(semaphore.try_add_permits(1).is_err(), "it has all four");
}

#[test]
fn a_plain_acquire_of_a_closed_one_panics() {
    let semaphore = Rc::new(Semaphore::new(0));
    let (waiter, _) = begun({
        let semaphore = semaphore.clone();
        move || drop(semaphore.acquire())
    });
    semaphore.close();
    assert!(
        waiter
            .join()
            .unwrap_err()
            .to_string()
            .contains("the semaphore is closed")
    );
    for text in [
        panic_text(|| drop(semaphore.acquire())),
        panic_text(|| drop(semaphore.acquire_many(2))),
        panic_text(|| drop(semaphore.acquire_owned())),
    ] {
        assert!(text.contains("tests/it/sync/semaphore_close.rs"), "{text}");
        assert!(text.contains("the semaphore is closed"), "{text}");
    }
    assert_eq!(
        semaphore.acquire_checked().unwrap_err().to_string(),
        "the semaphore is closed"
    );
}

#[test]
fn a_closed_one_is_ready() {
    let semaphore = Rc::new(Semaphore::new(0));
    let looker = spawn({
        let semaphore = semaphore.clone();
        move || wait_any(&[&semaphore])
    });
    yield_now();
    semaphore.close();
    assert_eq!(looker.join().unwrap(), 0);
    assert_eq!(wait_any(&[&semaphore]), 0);
}
