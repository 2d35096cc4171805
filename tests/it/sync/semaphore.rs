//! A semaphore: who gets a permit, and what becomes of one whose greenlet cannot take it any more.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::sync::Semaphore;
use greenhub::{
    AnyGreenlet, Task, current, hub, joinall, sleep, spawn, wait_any, wait_any_timeout, yield_now,
};

use crate::support::{Log, panic_text};

fn taken(permits: usize) -> Rc<Semaphore> {
    let semaphore = Rc::new(Semaphore::new(permits));
    for _ in 0..permits {
        semaphore.acquire().forget();
    }
    semaphore
}

/// A task that takes so many permits for good, and says its name when it has them.
fn wants(log: &Log, semaphore: &Rc<Semaphore>, name: &'static str, count: usize) -> Task<()> {
    let (log, semaphore) = (log.clone(), semaphore.clone());
    spawn(move || {
        semaphore.acquire_many(count).forget();
        log.say(name);
    })
}

#[test]
fn permits_go_to_those_who_wait_in_the_order_in_which_they_came() {
    let (log, semaphore) = (Log::new(), taken(1));
    let tasks = ["a", "b", "c"].map(|name| {
        let (log, semaphore) = (log.clone(), semaphore.clone());
        spawn(move || {
            semaphore.acquire().forget();
            log.say(name);
        })
    });
    yield_now();
    semaphore.add_permits(2);
    yield_now();
    log.check(["a", "b"]);
    semaphore.add_permits(1);
    joinall(&tasks);
    log.check(["c"]);
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn nobody_overtakes_who_was_called_and_has_not_run_yet() {
    let semaphore = taken(1);
    let waits = spawn({
        let semaphore = semaphore.clone();
        move || semaphore.acquire().forget()
    });
    yield_now();
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_none());
    assert_eq!(semaphore.available_permits(), 0);
    waits.join().unwrap();
}

#[test]
fn three_who_take_turns_all_get_theirs() {
    let (log, semaphore) = (Log::new(), Rc::new(Semaphore::new(1)));
    let tasks = ["a", "b", "c"].map(|name| {
        let (log, semaphore) = (log.clone(), semaphore.clone());
        spawn(move || {
            for _ in 0..3 {
                let permit = semaphore.acquire();
                log.say(name);
                yield_now();
                drop(permit);
            }
        })
    });
    joinall(&tasks);
    log.check_line("a b c a b c a b c");
}

#[test]
fn a_permit_of_a_killed_waiter_goes_to_the_next() {
    let (log, semaphore) = (Log::new(), taken(1));
    let [first, second] = ["first", "second"].map(|name| {
        let (log, semaphore) = (log.clone(), semaphore.clone());
        spawn(move || {
            let permit = semaphore.acquire();
            log.say(name);
            yield_now();
            drop(permit);
        })
    });
    yield_now();
    semaphore.add_permits(1);
    first.kill_nowait();
    joinall([&first, &second]);
    // It was woken before it was killed, so it has the permit when its kill comes, at its next wait.
    log.check(["first", "second"]);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn one_who_is_killed_while_it_waits_leaves_the_line() {
    let semaphore = taken(1);
    let acquire = |semaphore: &Rc<Semaphore>| {
        let semaphore = semaphore.clone();
        spawn(move || semaphore.acquire().forget())
    };
    let (first, second) = (acquire(&semaphore), acquire(&semaphore));
    yield_now();
    first.kill();
    semaphore.add_permits(1);
    second.join().unwrap();
    assert!(first.join().unwrap_err().is_killed());
}

#[test]
fn a_permit_that_comes_too_late_is_there_for_others() {
    hub::pause_clock();
    let semaphore = taken(1);
    assert!(semaphore.acquire_timeout(Duration::from_secs(1)).is_none());
    semaphore.add_permits(1);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_some());
    assert!(semaphore.try_acquire().is_some());
}

#[test]
fn a_looker_is_told_of_what_no_taker_waits_for() {
    hub::pause_clock();
    let (log, here, there) = (Log::new(), taken(1), taken(1));
    let any = spawn({
        let (log, here, there) = (log.clone(), here.clone(), there.clone());
        move || {
            let index = wait_any(&[&*here, &*there]);
            log.say(format!("any {index}"));
        }
    });
    let waits = spawn({
        let (log, there) = (log.clone(), there.clone());
        move || {
            there.acquire().forget();
            log.say("taken");
        }
    });
    yield_now();
    there.add_permits(1);
    waits.wait();
    yield_now();
    log.check(["taken"]);
    there.add_permits(1);
    any.wait();
    log.check(["any 1"]);
    there.acquire().forget();
    let limit = Duration::from_secs(1);
    assert_eq!(wait_any_timeout(&[&*here, &*there], limit), None);
    sleep(limit);
}

#[test]
fn a_bounded_one_refuses_permits_that_were_not_taken() {
    let semaphore = Semaphore::bounded(2);
    let one = semaphore.acquire();
    let text = semaphore.try_add_permits(1).unwrap_err().to_string();
    assert_eq!(
        text,
        "cannot add 1 to the semaphore's 2 permits, taken ones included: it may have at most 2"
    );
    assert_eq!(panic_text(|| semaphore.add_permits(1)), text);
    assert_eq!(semaphore.available_permits(), 1);
    drop(one);
    semaphore.acquire().forget();
    semaphore.add_permits(1);
    assert!(semaphore.try_add_permits(1).is_err());
    assert_eq!(semaphore.available_permits(), 2);
    assert!(Semaphore::new(1).try_add_permits(usize::MAX).is_err());
}

#[test]
fn who_wants_many_is_first_in_line_until_there_are_enough() {
    let (log, semaphore) = (Log::new(), taken(0));
    let wants = |name, count| wants(&log, &semaphore, name, count);
    let tasks = [
        wants("one", 1),
        wants("three", 3),
        wants("two", 2),
        wants("last", 1),
    ];
    yield_now();
    semaphore.add_permits(3);
    yield_now();
    yield_now();
    log.check(["one"]);
    assert!(semaphore.try_acquire().is_none() && semaphore.try_acquire_many(2).is_none());
    semaphore.add_permits(4);
    joinall(&tasks);
    log.check(["three", "two", "last"]);
    assert_eq!(semaphore.available_permits(), 0);
    let none = semaphore.acquire_many(0);
    assert_eq!(format!("{none:?}"), "Permit { count: 0, .. }");
}

#[test]
fn who_gathers_many_and_goes_gives_them_to_the_next() {
    hub::pause_clock();
    for is_killed in [true, false] {
        let (log, semaphore) = (Log::new(), Rc::new(Semaphore::new(2)));
        let gathers = spawn({
            let semaphore = semaphore.clone();
            move || {
                semaphore
                    .acquire_many_timeout(3, Duration::from_secs(1))
                    .is_some()
            }
        });
        yield_now();
        assert_eq!(semaphore.available_permits(), 0);
        let next = [1, 2].map(|_| {
            let (log, semaphore) = (log.clone(), semaphore.clone());
            spawn(move || {
                semaphore.acquire().forget();
                log.say("next");
            })
        });
        yield_now();
        log.check([]);
        if is_killed {
            gathers.kill();
        } else {
            assert!(!gathers.join().unwrap());
        }
        joinall(&next);
        log.check(["next", "next"]);
        assert_eq!(semaphore.available_permits(), 0);
    }
}

#[test]
fn a_gone_acquirer_of_many_leaves_only_reserved_permits() {
    let semaphore = Rc::new(Semaphore::new(2));
    let seen = Rc::new(RefCell::new(None));
    let gathers = spawn({
        let (semaphore, seen) = (semaphore.clone(), seen.clone());
        move || {
            seen.replace(Some(current()));
            semaphore.acquire_many(3).forget();
        }
    });
    let next = [1, 2].map(|_| {
        let semaphore = semaphore.clone();
        spawn(move || semaphore.acquire().forget())
    });
    yield_now();
    let greenlet: AnyGreenlet = seen.take().expect("it has begun");
    greenlet.kill();
    assert!(gathers.is_finished());
    assert!(semaphore.try_acquire().is_none());
    joinall(&next);
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn who_takes_many_takes_nothing_that_was_promised_to_others() {
    let (log, semaphore) = (Log::new(), taken(0));
    let tasks = [("three", 3), ("one", 1), ("last", 1)].map(|(name, count)| {
        let (log, semaphore) = (log.clone(), semaphore.clone());
        spawn(move || {
            semaphore.acquire_many(count).forget();
            log.say(name);
        })
    });
    yield_now();
    semaphore.add_permits(3);
    yield_now();
    yield_now();
    log.check(["three"]);
    semaphore.add_permits(2);
    joinall(&tasks);
    log.check(["one", "last"]);
}

#[test]
fn an_acquirer_of_many_is_not_overtaken_during_a_kill() {
    let (log, semaphore) = (Log::new(), taken(0));
    let wants = |name, count| wants(&log, &semaphore, name, count);
    let killed = wants("killed", 3);
    yield_now();
    let (four, one) = (wants("four", 4), wants("one", 1));
    killed.kill_nowait();
    semaphore.add_permits(2);
    yield_now();
    yield_now();
    log.check([]);
    semaphore.add_permits(3);
    joinall([&four, &one]);
    log.check(["four", "one"]);
}

#[test]
fn more_than_a_bounded_one_ever_has_cannot_be_waited_for() {
    let text = panic_text(|| Semaphore::bounded(2).acquire_many(3).forget());
    assert_eq!(
        text,
        "3 permits were asked for, and the semaphore never has more than 2"
    );
}
