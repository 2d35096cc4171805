//! How generators end before their time: panics, throws, close and drop, and the order of destructors.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;

use greenhub::GreenletExit;
use greenhub::generator::{Generator, Step, Yielder};

use crate::support::{Census, Log, caught, counting, leaked_stacks};

#[test]
fn a_panic_goes_on_in_the_caller_and_it_is_over() {
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            let _local = log.at_drop("local");
            y.yield_(1);
            panic_any(42_u8);
        }
    });
    assert_eq!(generator.next(), Some(1));
    assert_eq!(*caught(|| generator.next()).downcast::<u8>().unwrap(), 42);
    log.check(["local"]);
    assert!(generator.is_finished() && generator.is_started());
    assert!(!std::thread::panicking());
    assert_eq!(generator.next(), None);
}

#[test]
fn close_unwinds_from_the_pending_yield() {
    let log = Log::new();
    let mut generator = counting(&log);
    generator.nth(1);
    log.check(["inner"]);
    assert_eq!(generator.close(), None);
    log.check(["inner", "outer"]);
    assert!(generator.is_finished());
    assert_eq!((generator.next(), generator.close()), (None, None));
    log.check([]);
}

#[test]
fn dropping_is_closing() {
    let log = Log::new();
    let mut generator = counting(&log);
    generator.next();
    drop(generator);
    log.check(["inner", "outer"]);
    assert_eq!(counting(&log).find(|&n| n == 1), Some(1));
    log.check(["inner", "outer"]);
}

#[test]
fn closing_one_that_was_not_started_drops_its_body_unrun() {
    let log = Log::new();
    let mut generator = Generator::new({
        let (log, captured) = (log.clone(), log.at_drop("captured"));
        move |y| {
            let _captured = captured;
            log.say("ran");
            y.yield_(1);
        }
    });
    generator.close();
    log.check(["captured"]);
    assert!(generator.is_finished() && !generator.is_started());
    assert_eq!(generator.next(), None);
    drop(counting(&log));
    log.check([]);
}

#[test]
fn a_destructor_of_a_body_that_never_ran_may_panic() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic_any("boom");
        }
    }
    let census = Census::new();
    let grenade = (census.one(), Grenade, census.one());
    let generator = Generator::new(move |y| {
        let _all = &grenade;
        y.yield_(1);
    });
    assert_eq!(
        *caught(|| drop(generator)).downcast::<&str>().unwrap(),
        "boom"
    );
    census.check_all_dropped();
}

#[test]
fn a_body_recognises_its_exit_and_may_return_a_value() {
    let mut generator = Generator::new(|y| {
        let exit = caught(|| y.yield_(1));
        assert!(GreenletExit::is_in(&*exit));
        let exit = exit.downcast::<GreenletExit>().unwrap();
        format!("{exit}, {exit:?}")
    });
    generator.next();
    assert_eq!(
        generator.close().as_deref(),
        Some("the generator was closed, GreenletExit")
    );
}

/// Swallows its exit so many times.
fn stubborn(
    times: u32,
    told: &Rc<Cell<u32>>,
    census: &Census,
) -> Generator<crate::support::Counted> {
    let (told, census) = (told.clone(), census.clone());
    Generator::new(move |y| {
        for _ in 0..times {
            if catch_unwind(AssertUnwindSafe(|| y.yield_(census.one()))).is_err() {
                told.set(told.get() + 1);
            }
        }
        y.yield_(census.one());
    })
}

#[test]
fn one_that_swallows_its_exit_is_told_again() {
    let (told, census) = (Rc::default(), Census::new());
    let mut generator = stubborn(10, &told, &census);
    let before = leaked_stacks();
    generator.next();
    assert!(generator.close().is_none());
    assert_eq!(told.get(), 10);
    assert!(generator.is_finished());
    census.check_all_dropped();
    assert_eq!(leaked_stacks(), before);
}

#[test]
fn one_that_swallows_its_exit_for_ever_is_leaked_and_counted() {
    let (told, census) = (Rc::default(), Census::new());
    let mut generator = stubborn(u32::MAX, &told, &census);
    let before = leaked_stacks();
    generator.next();
    assert!(generator.close().is_none());
    assert_eq!(told.get(), 100);
    assert!(generator.is_finished() && generator.next().is_none());
    assert_eq!(leaked_stacks(), before + 1);
    census.check_all_dropped();
    drop(generator);
    assert_eq!(told.get(), 100);
}

#[test]
fn a_panic_instead_of_the_exit_goes_on_in_whoever_closes() {
    let make = || {
        Generator::new(|y| {
            drop(caught(|| y.yield_(1)));
            panic_any(5);
        })
    };
    let mut closed = make();
    closed.next();
    assert_eq!(*caught(|| closed.close()).downcast::<i32>().unwrap(), 5);
    let mut dropped = make();
    dropped.next();
    assert_eq!(*caught(|| drop(dropped)).downcast::<i32>().unwrap(), 5);
}

#[test]
fn an_item_whose_drop_panics_does_not_stop_the_closing() {
    struct Grenade(bool);
    impl Drop for Grenade {
        fn drop(&mut self) {
            if self.0 {
                panic_any("boom");
            }
        }
    }
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            let _local = log.at_drop("local");
            drop(caught(|| y.yield_(Grenade(false))));
            drop(caught(|| y.yield_(Grenade(true))));
            drop(caught(|| y.yield_(Grenade(true))));
        }
    });
    drop(generator.next());
    assert_eq!(
        *caught(|| generator.close()).downcast::<&str>().unwrap(),
        "boom"
    );
    log.check(["local"]);
}

#[test]
fn throw_panics_in_the_pending_yield() {
    let mut generator = Generator::new(|y| {
        let mut item = 0;
        loop {
            match catch_unwind(AssertUnwindSafe(|| y.yield_(item))) {
                Ok(()) => item += 1,
                Err(payload) if payload.is::<i32>() => item += *payload.downcast::<i32>().unwrap(),
                Err(other) => resume_unwind(other),
            }
        }
    });
    generator.next();
    assert_eq!(generator.throw(Box::new(10)), Step::Yielded(10));
    assert_eq!(generator.next(), Some(11));
    let payload = caught(|| -> Step<i32, ()> { generator.throw(Box::new("out")) });
    assert_eq!(*payload.downcast::<&str>().unwrap(), "out");
    assert!(generator.is_finished());
    let after = caught(|| generator.throw(Box::new(1_u8)));
    assert!(after.is::<u8>(), "after the end it goes on in the thrower");
}

#[test]
fn a_body_may_return_from_a_throw() {
    let mut generator = Generator::new(|y| *caught(|| y.yield_(1)).downcast::<u8>().unwrap());
    generator.next();
    assert_eq!(generator.throw(Box::new(9_u8)), Step::Returned(9));
}

#[test]
fn a_throw_into_one_that_was_not_started_goes_on_in_the_thrower() {
    let log = Log::new();
    let mut generator = Generator::new({
        let (log, captured) = (log.clone(), log.at_drop("captured"));
        move |y: &Yielder<u8>| {
            let _captured = captured;
            log.say("ran");
            y.yield_(1);
        }
    });
    let payload = caught(|| generator.throw(Box::new(3)));
    assert_eq!(*payload.downcast::<i32>().unwrap(), 3);
    log.check(["captured"]);
    assert!(generator.is_finished() && !generator.is_started());
    assert_eq!(generator.next(), None);
}

#[test]
fn throw_goes_through_yield_from() {
    let log = Log::new();
    let mut outer = Generator::new({
        let log = log.clone();
        move |y| {
            let inner = Generator::new({
                let log = log.clone();
                move |y| {
                    let _inner = log.at_drop("inner ends");
                    let first = caught(|| y.yield_(1));
                    log.say(format!(
                        "inner caught {}",
                        first.downcast::<&str>().unwrap()
                    ));
                    y.yield_(2);
                }
            });
            let second = caught(|| y.yield_from(inner));
            log.say(format!(
                "outer caught {}",
                second.downcast::<&str>().unwrap()
            ));
            y.yield_(3);
        }
    });
    outer.next();
    assert_eq!(outer.throw(Box::new("a")), Step::Yielded(2));
    log.check(["inner caught a"]);
    assert_eq!(outer.throw(Box::new("b")), Step::Yielded(3));
    log.check(["inner ends", "outer caught b"]);
}

#[test]
fn close_goes_through_yield_from_the_inner_one_first() {
    let log = Log::new();
    let mut outer = Generator::new({
        let log = log.clone();
        move |y| {
            let _outer = log.at_drop("outer");
            let inner = Generator::new({
                let log = log.clone();
                move |y| {
                    let exit = caught(|| y.yield_(1));
                    assert!(GreenletExit::is_in(&*exit));
                    // Nothing unwinds yet: it may do as it likes.
                    assert!(!std::thread::panicking());
                    log.say("inner");
                }
            });
            y.yield_from(inner);
            log.say("never said");
        }
    });
    outer.next();
    outer.close();
    log.check(["inner", "outer"]);
}
