//! `Once`: which call is made, and what a panic, a kill and a time-out of it leave.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::Once;
use greenhub::{joinall, sleep, spawn, wait_any, with_timeout, yield_now};

use crate::support::{Log, begun, caught, millis, panic_text};

#[test]
fn the_first_call_is_made_and_the_others_wait_for_it() {
    pause_clock();
    let (once, log) = (Rc::new(Once::new()), Log::new());
    let tasks = ["a", "b", "c"].map(|name| {
        let (once, log) = (once.clone(), log.clone());
        spawn(move || {
            once.call_once(|| {
                log.say(format!("{name} calls"));
                sleep(millis(1));
            });
            log.say(name);
        })
    });
    joinall(&tasks);
    log.check(["a calls", "a", "b", "c"]);
    once.call_once(|| unreachable!("it was made"));
    once.call_once_force(|_| unreachable!("it was made"));
    assert!(once.is_completed());
}

#[test]
fn a_panic_poisons_it_until_a_forced_call_returns() {
    let once = Once::new();
    drop(caught(|| once.call_once(|| panic!("in the call"))));
    for text in [
        panic_text(|| once.call_once(|| unreachable!("it is poisoned"))),
        panic_text(|| once.wait()),
    ] {
        assert!(
            text.contains("tests/it/sync/once.rs") && text.contains("poisoned"),
            "{text}"
        );
    }
    let forced = || once.call_once_force(|state| panic!("poisoned: {}", state.is_poisoned()));
    assert_eq!(panic_text(forced), "poisoned: true");
    assert!(!once.is_completed());
    once.call_once_force(|state| assert!(state.is_poisoned()));
    once.wait();
    once.wait_force();
    let fresh = Once::new();
    fresh.call_once_force(|state| assert!(!state.is_poisoned()));
}

#[test]
fn a_kill_or_a_time_out_leaves_the_call_to_the_next() {
    pause_clock();
    let (once, log) = (Rc::new(Once::new()), Log::new());
    let (first, _) = begun({
        let once = once.clone();
        move || once.call_once(|| sleep(millis(1000)))
    });
    let tasks = ["b", "c"].map(|name| {
        let (once, log) = (once.clone(), log.clone());
        begun(move || once.call_once(|| log.say(name))).0
    });
    first.kill();
    joinall(&tasks);
    log.check(["b"]);
    let once = Once::new();
    assert!(with_timeout(millis(1), || once.call_once(|| sleep(millis(9)))).is_err());
    once.call_once(|| log.say("again"));
    log.check(["again"]);
}

#[test]
fn a_wait_ends_with_the_call_and_panics_with_its_poison() {
    let (once, log) = (Rc::new(Once::new()), Log::new());
    let goes_on = Rc::new(Cell::new(false));
    let waits = |force: bool| {
        let once = once.clone();
        let wait = move || {
            if force {
                once.wait_force()
            } else {
                once.wait()
            }
        };
        begun(wait).0
    };
    let (plain, forced) = (waits(false), waits(true));
    let (call, _) = begun({
        let once = once.clone();
        move || {
            once.call_once(|| {
                yield_now();
                panic!("in the call")
            })
        }
    });
    assert!(call.join().is_err());
    assert!(plain.join().unwrap_err().to_string().contains("poisoned"));
    let (repair, _) = begun({
        let (once, goes_on) = (once.clone(), goes_on.clone());
        move || {
            once.call_once_force(|_| {
                while !goes_on.get() {
                    yield_now();
                }
            })
        }
    });
    let during = waits(false); // the repair is being made: it waits for that
    yield_now();
    assert!(!during.is_finished() && !forced.is_finished());
    goes_on.set(true);
    joinall([&repair, &forced, &during]);
    during.join().unwrap();
    log.check([]);
}

#[test]
fn a_wait_with_a_limit_ends_without_the_call() {
    pause_clock();
    let once = Once::default();
    assert!(!once.wait_timeout(millis(1)));
    once.call_once(|| ());
    assert!(once.wait_timeout(millis(1)));
    assert_eq!(wait_any(&[&once]), 0);
}

#[test]
fn a_call_in_its_own_call_is_refused() {
    let once = Once::new();
    let text = panic_text(|| once.call_once(|| once.call_once(|| ())));
    assert!(text.contains("would wait for itself"), "{text}");
}

#[test]
fn it_shows_whether_it_is_completed_and_a_report_names_it() {
    let once = Once::new();
    assert_eq!(format!("{once:?}"), "Once { is_completed: false, .. }");
    let text = panic_text(|| once.wait());
    assert!(
        text.contains("waits for a call that is made once at tests/it/sync/once.rs"),
        "{text}"
    );
}
