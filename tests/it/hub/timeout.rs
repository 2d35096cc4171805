//! The guard of a timeout: how it tells where it stands, and what restarting, cancelling, sharing and forgetting it does.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::{TimedOut, Timeout, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, caught, seconds};

const ZERO: Duration = Duration::ZERO;
const MAX: Duration = Duration::MAX;

#[test]
fn a_guard_tells_how_it_stands() {
    pause_clock();
    let stands = |timeout: &Timeout| (timeout.is_running(), timeout.has_expired());
    let timeout = Timeout::start(seconds(1));
    assert_eq!(stands(&timeout), (true, false));
    let came = caught(|| sleep(seconds(2)));
    assert!(timeout.is_in(&*came) && TimedOut::is_in(&*came));
    assert_eq!(stands(&timeout), (false, true));
    timeout.restart(seconds(1));
    assert_eq!(stands(&timeout), (true, false));
    timeout.cancel();
    assert_eq!(stands(&timeout), (false, false));
    timeout.cancel();
    sleep(seconds(5));
    timeout.restart(ZERO);
    assert_eq!(stands(&timeout), (false, true));
    timeout.cancel();
    yield_now();
    assert!(format!("{timeout:?}").starts_with("Timeout { running: false"));
}

#[test]
fn a_guard_that_is_restarted_in_time_never_comes() {
    pause_clock();
    let (timeout, begun) = (Timeout::start(seconds(2)), now());
    for _ in 0..10 {
        sleep(seconds(1));
        timeout.restart(seconds(2));
    }
    assert!(timeout.is_in(&*caught(|| sleep(MAX))));
    assert_eq!(now() - begun, seconds(12));
}

#[test]
fn a_guard_dropped_or_cancelled_in_its_own_unwinding_is_over() {
    pause_clock();
    let came = caught(|| {
        let _timeout = Timeout::start(seconds(1));
        sleep(seconds(2));
    });
    assert!(TimedOut::is_in(&*came));
    sleep(seconds(2));
    yield_now();
}

#[test]
fn a_guard_knows_its_own_from_another_ones() {
    pause_clock();
    let (first, second) = (Timeout::start(seconds(1)), Timeout::start(seconds(2)));
    let came = caught(|| sleep(MAX));
    assert!(first.is_in(&*came) && !second.is_in(&*came));
    let came = caught(|| sleep(MAX));
    assert!(!first.is_in(&*came) && second.is_in(&*came));
    assert!(!first.is_in(&"another panic"));
}

#[test]
fn an_outer_one_that_was_restarted_is_still_the_outer_one() {
    pause_clock();
    let outer = Timeout::start(seconds(10));
    let inner = Timeout::start(seconds(1));
    outer.restart(seconds(1));
    // Both are due.
    assert!(outer.is_in(&*caught(|| sleep(MAX))));
    assert!(inner.is_in(&*caught(|| sleep(MAX))));
}

#[test]
fn others_may_restart_cancel_and_cut_short_a_greenlets_timeout() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let timeout = Rc::new(Timeout::start(seconds(1)));
    let _other = spawn(log.given_to({
        let timeout = timeout.clone();
        move |log| {
            timeout.cancel();
            sleep(seconds(5));
            timeout.restart(seconds(100));
            sleep(seconds(5));
            log.say("cuts it short");
            timeout.restart(ZERO);
        }
    }));
    assert!(timeout.is_in(&*caught(|| sleep(seconds(50)))));
    log.check(["cuts it short"]);
    assert_eq!(now() - begun, seconds(10));
}

#[test]
fn a_guard_may_outlive_its_greenlet() {
    pause_clock();
    let kept: Rc<RefCell<Option<Timeout>>> = Rc::default();
    let task = spawn({
        let kept = kept.clone();
        move || drop(kept.replace(Some(Timeout::start(seconds(1)))))
    });
    task.join().unwrap();
    sleep(seconds(2));
    let timeout = kept.take().unwrap();
    timeout.restart(seconds(1));
    sleep(seconds(2));
    timeout.cancel();
    drop(timeout);
    // None of that was for anybody else.
    yield_now();
}

#[test]
fn a_guard_that_is_forgotten_comes_once() {
    pause_clock();
    crate::support::forget(Timeout::start(seconds(1)));
    assert!(TimedOut::is_in(&*caught(|| sleep(seconds(5)))));
    sleep(seconds(5));
    assert_eq!(with_timeout(seconds(1), || 7), Ok(7));
}
