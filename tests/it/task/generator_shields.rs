//! Shields, timeouts and their like in the bodies of generators: they hold while the generator runs, for the greenlet that
//! has resumed it, and for nobody while it is suspended.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use greenhub::generator::{Generator, Yielder};
use greenhub::hub::{now, pause_clock};
use greenhub::sync::Event;
use greenhub::task::{self, shield};
use greenhub::{
    GreenletExit, Task, TimedOut, Timeout, greenlet_local, sleep, spawn, with_timeout, yield_now,
};

use crate::support::{Log, caught, forget, lend, seconds, yield_to_lender};

/// A generator that yields out of a shield; then sleeps for a second there, and for another after it.
fn shielded(log: &Log) -> Generator<u32> {
    let log = log.clone();
    Generator::new(move |y| {
        shield(|| {
            y.yield_(1);
            sleep(seconds(1));
            log.say("in the shield");
        });
        sleep(seconds(1));
        log.say("after the shield");
        y.yield_(2);
    })
}

fn is_killed_at_once(task: &Task<()>) -> bool {
    yield_now();
    let begun = now();
    task.kill_timeout(seconds(9)) && now() == begun && task.state() == task::State::Cancelled
}

#[test]
fn a_shield_does_not_hold_while_its_generator_is_suspended() {
    pause_clock();
    let task = spawn(|| {
        let mut generator = shielded(&Log::new());
        generator.next();
        sleep(seconds(5));
    });
    assert!(is_killed_at_once(&task));
}

#[test]
fn a_shield_holds_again_when_its_generator_runs() {
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        let mut generator = shielded(&log);
        generator.next();
        generator.next();
    }));
    yield_now();
    task.kill();
    log.check(["in the shield"]);
}

#[test]
fn shields_may_end_in_the_order_in_which_they_began() {
    pause_clock();
    let task = spawn(|| {
        let mut inner = Generator::new(|y: &Yielder<u32>| shield(|| y.yield_(1)));
        inner.next();
        shield(|| inner.next());
        sleep(seconds(5));
    });
    assert!(is_killed_at_once(&task));
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        let mut inner = Generator::new(|y: &Yielder<u32>| {
            shield(|| y.yield_(1));
            y.yield_(2);
        });
        inner.next();
        shield(|| {
            inner.next();
            sleep(seconds(1));
            log.say("in peace");
        });
        sleep(seconds(1));
        log.say("never");
    }));
    yield_now();
    task.kill();
    log.check(["in peace"]);
}

#[test]
fn generators_with_shields_may_be_dropped_in_any_order() {
    pause_clock();
    for in_order in [true, false] {
        let task = spawn(move || {
            let mut a = shielded(&Log::new());
            let mut b = shielded(&Log::new());
            a.next();
            b.next();
            let (first, second) = if in_order { (a, b) } else { (b, a) };
            drop(first);
            drop(second);
            sleep(seconds(5));
        });
        assert!(is_killed_at_once(&task));
    }
}

#[test]
fn a_forgotten_generator_leaves_no_shield() {
    pause_clock();
    let task = spawn(|| {
        let mut generator = shielded(&Log::new());
        generator.next();
        forget(generator);
        sleep(seconds(5));
    });
    assert!(is_killed_at_once(&task));
}

#[test]
fn a_shield_goes_with_its_generator_to_another_task() {
    pause_clock();
    let log = Log::new();
    let lent: Rc<RefCell<Option<Generator<u32>>>> = Rc::default();
    let first = spawn({
        let (log, lent) = (log.clone(), lent.clone());
        move || {
            let mut generator = shielded(&log);
            generator.next();
            lent.replace(Some(generator));
            sleep(seconds(5));
        }
    });
    yield_now();
    let second = spawn(move || {
        let mut generator = lent.take().expect("it was lent");
        generator.next();
        log.say("never");
    });
    yield_now();
    assert!(is_killed_at_once(&first), "it is shielded no more");
    let begun = now();
    second.kill();
    assert_eq!(now() - begun, seconds(1), "the end of the shield");
}

#[test]
fn an_outer_generator_takes_only_its_own_shields_along() {
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        let said = log.clone();
        let mut outer = Generator::new(move |y: &Yielder<u32>| {
            let mut inner = shielded(&said);
            inner.next();
            shield(|| {
                y.yield_(1);
                inner.next();
            });
            sleep(seconds(1));
            said.say("never");
        });
        outer.next();
        outer.next();
    }));
    yield_now();
    task.kill();
    log.check(["in the shield", "after the shield"]);
    assert!(task.join().unwrap_err().is_killed());
}

#[test]
fn a_shield_in_a_generator_holds_off_an_outer_timeout() {
    pause_clock();
    let log = Log::new();
    let mut generator = shielded(&log);
    generator.next();
    let begun = now();
    // The timeout is the younger one, and lies outside nevertheless.
    assert!(with_timeout(Duration::from_millis(500), || generator.next()).is_err());
    assert_eq!(now() - begun, seconds(1));
    log.check(["in the shield"]);
}

#[test]
fn a_timeout_in_a_suspended_generator_ends_no_wait_outside() {
    pause_clock();
    let log = Log::new();
    let said = log.clone();
    let mut generator = Generator::new(move |y: &Yielder<u32>| {
        let outcome = with_timeout(seconds(1), || {
            y.yield_(1);
            said.say("resumed");
            sleep(seconds(9));
        });
        assert!(outcome.is_err());
        y.yield_(2);
    });
    generator.next();
    sleep(seconds(3));
    log.say("slept");
    let begun = now();
    let other = spawn(move || generator.next());
    assert_eq!(
        other.join().unwrap(),
        Some(2),
        "in whichever task it waits next"
    );
    assert_eq!(now(), begun);
    log.check(["slept", "resumed"]);
}

#[test]
fn a_timeout_in_a_generator_ends_its_wait_in_another_task() {
    pause_clock();
    let begun = now();
    let mut generator = Generator::new(|y: &Yielder<bool>| {
        let outcome = with_timeout(seconds(2), || {
            y.yield_(true);
            sleep(seconds(9));
        });
        y.yield_(outcome.is_err());
    });
    generator.next();
    sleep(seconds(1));
    let other = spawn(move || generator.next());
    assert_eq!(other.join().unwrap(), Some(true));
    assert_eq!(now() - begun, seconds(2));
}

#[test]
fn timeouts_of_forgotten_and_ended_generators_end_no_wait() {
    pause_clock();
    let mut forgotten = Generator::new(|y: &Yielder<()>| {
        let _ = with_timeout(seconds(1), || y.yield_(()));
    });
    forgotten.next();
    forget(forgotten);
    let kept: Rc<Cell<Option<Timeout>>> = Rc::default();
    let mut ended = Generator::new({
        let kept = kept.clone();
        move |y: &Yielder<()>| {
            kept.set(Some(Timeout::start(seconds(1))));
            y.yield_(());
        }
    });
    assert_eq!((&mut ended).count(), 1);
    sleep(seconds(3));
    assert!(kept.take().expect("started").has_expired());
}

#[test]
fn a_timeout_guard_is_cancelled_from_outside_its_generator() {
    pause_clock();
    let kept: Rc<Cell<Option<Timeout>>> = Rc::default();
    let given = kept.clone();
    let mut generator = Generator::new(move |y: &Yielder<()>| {
        given.set(Some(Timeout::start(seconds(1))));
        y.yield_(());
        sleep(seconds(3));
        y.yield_(());
    });
    generator.next();
    sleep(seconds(2));
    drop(kept.take());
    assert_eq!(generator.next(), Some(()));
}

#[test]
fn an_outer_timeout_comes_before_one_in_a_generator() {
    pause_clock();
    let mut generator = Generator::new(|y: &Yielder<()>| {
        let _ = with_timeout(seconds(1), || {
            y.yield_(());
            sleep(seconds(9));
        });
        y.yield_(());
    });
    generator.next();
    let outer = Timeout::start(Duration::ZERO);
    sleep_shielded(seconds(2));
    let payload = caught(|| generator.next());
    assert!(outer.is_in(&*payload) && TimedOut::is_in(&*payload));
    assert!(generator.is_finished());
}

fn sleep_shielded(time: Duration) {
    shield(|| sleep(time));
}

#[test]
fn a_body_that_is_closed_ends_in_its_shield() {
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        let said = log.clone();
        let mut generator = Generator::new(move |y: &Yielder<()>| {
            shield(|| {
                let exit = caught(|| y.yield_(()));
                assert!(GreenletExit::is_in(&*exit));
                sleep(seconds(1));
                said.say("in peace");
            });
        });
        generator.next();
        generator.close();
        sleep(seconds(1));
        log.say("never");
    }));
    yield_now();
    task.kill();
    log.check(["in peace"]);
}

#[test]
fn a_shield_in_a_generator_that_never_yields_is_an_ordinary_one() {
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        let mut generator = Generator::new(move |y: &Yielder<()>| {
            shield(|| sleep(seconds(1)));
            log.say("shield over");
            y.yield_(());
            log.say("resumed");
            shield(|| y.yield_(()));
            sleep(seconds(1));
            log.say("never");
        });
        while generator.next().is_some() {}
    }));
    yield_now();
    task.kill();
    log.check(["shield over", "resumed"]);
}

#[test]
fn many_items_pass_out_of_a_shield_and_a_timeout() {
    pause_clock();
    let sum: u64 = Generator::new(|y| {
        let _timeout = Timeout::start(seconds(1));
        shield(|| (0..1000_u64).for_each(|n| y.yield_(n)));
    })
    .sum();
    assert_eq!(sum, 499_500);
    sleep(seconds(2));
}

#[test]
fn an_initialiser_in_a_suspended_generator_is_in_nobodys_way() {
    greenlet_local! {
        static SLOW: u32 = {
            if !DONE.replace(true) {
                yield_to_lender(1);
            }
            7
        };
        static RECURSIVE: u32 = {
            let refused = RECURSIVE.try_with(|_| ()).is_err();
            u32::from(refused)
        };
    }
    thread_local!(static DONE: Cell<bool> = const { Cell::new(false) });
    let mut generator = Generator::new(|y| lend(y, || assert_eq!(SLOW.with(|n| *n), 7)));
    assert_eq!(generator.next(), Some(1));
    assert_eq!(SLOW.with(|n| *n), 7, "not refused as its own initialiser");
    assert_eq!(generator.next(), None);
    DONE.set(false);
    let task = spawn(|| {
        let mut generator = Generator::new(|y| lend(y, || SLOW.with(|_| ())));
        assert_eq!(generator.next(), Some(1));
        forget(generator);
        SLOW.with(|n| *n)
    });
    assert_eq!(task.join().unwrap(), 7);
    let mut generator = Generator::new(|y| y.yield_(RECURSIVE.with(|n| *n)));
    assert_eq!(generator.next(), Some(1), "refused in itself");
}

#[test]
fn a_generator_that_a_dead_task_has_run_in_is_free_of_it() {
    pause_clock();
    let lent: Rc<RefCell<Option<Generator<u32>>>> = Rc::default();
    let event = Rc::new(Event::new());
    let first = spawn({
        let (lent, event) = (lent.clone(), event.clone());
        move || {
            let mut generator = Generator::new(move |y: &Yielder<u32>| {
                shield(|| {
                    y.yield_(1);
                    event.wait();
                    y.yield_(2);
                });
                y.yield_(3);
            });
            generator.next();
            lent.replace(Some(generator));
        }
    });
    first.join().unwrap();
    event.set();
    let mut generator = lent.take().expect("lent");
    assert_eq!((generator.next(), generator.next()), (Some(2), Some(3)));
    assert!(with_timeout(seconds(1), || sleep(seconds(2))).is_err());
}
