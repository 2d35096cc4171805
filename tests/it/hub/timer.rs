//! Timers that can be waited for.

use std::rc::Rc;
use std::time::Duration;

use greenhub::task::joinall_timeout;
use greenhub::{Timer, hub, iwait, joinall, spawn, wait_any, yield_now};

use crate::support::Log;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn all_who_wait_for_one_go_on_when_its_time_has_come() {
    hub::pause_clock();
    let (log, begun, timer) = (Log::new(), hub::now(), Rc::new(Timer::start(secs(5))));
    let tasks = ["a", "b"].map(|name| {
        let (log, timer) = (log.clone(), timer.clone());
        spawn(move || {
            timer.wait();
            log.say(name);
        })
    });
    joinall(&tasks);
    log.check(["a", "b"]);
    assert_eq!(hub::now() - begun, secs(5));
    timer.wait(); // it has come for good
    assert_eq!(hub::now() - begun, secs(5));
}

#[test]
fn several_come_in_the_order_of_their_times() {
    hub::pause_clock();
    let timers = [3, 1, 2].map(|time| Timer::start(secs(time)));
    let mut order = Vec::new();
    for timer in iwait(&timers) {
        order.push(
            timers
                .iter()
                .position(|other| std::ptr::eq(other, timer))
                .unwrap(),
        );
    }
    assert_eq!(order, [1, 2, 0]);
    assert_eq!(wait_any(&[&timers[0], &timers[1]]), 0);
}

#[test]
fn a_restarted_timer_keeps_its_waiters_a_cancelled_never_fires() {
    hub::pause_clock();
    let (begun, timer) = (hub::now(), Rc::new(Timer::start(secs(5))));
    let waits = spawn({
        let timer = timer.clone();
        move || timer.wait()
    });
    yield_now();
    timer.restart(secs(60));
    assert!(timer.is_running());
    waits.join().unwrap();
    assert_eq!(hub::now() - begun, secs(60));
    timer.restart(secs(1));
    assert!(!timer.has_expired());
    timer.cancel();
    assert!(!timer.is_running());
    assert!(!joinall_timeout([&*timer], secs(600)));
}

#[test]
fn a_time_of_zero_has_come_and_the_longest_never_does() {
    hub::pause_clock();
    let (now, never) = (Timer::start(Duration::ZERO), Timer::start(Duration::MAX));
    assert!(now.has_expired() && !never.has_expired());
    assert_eq!(wait_any(&[&never, &now]), 1);
    assert!(!joinall_timeout([&never], secs(600)));
    never.restart(Duration::ZERO);
    never.wait();
}

#[test]
fn one_that_is_dropped_leaves_no_deadline_behind() {
    hub::pause_clock();
    let begun = hub::now();
    drop(Timer::start(secs(600)));
    spawn(|| greenhub::sleep(secs(1))).join().unwrap();
    hub::join();
    assert_eq!(hub::now() - begun, secs(1));
}
