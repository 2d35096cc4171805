//! The end of greenlets that nobody can switch to any more: unwound at once, everything dropped exactly once.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::{AnyGreenlet, Greenlet, GreenletExit, current, parent};

use crate::support::wait_and_swallow_the_kill;
use crate::support::{Census, Log, caught, in_child, panic_text, started, wait};

#[test]
fn dropping_the_last_handle_unwinds_before_the_next_statement() {
    let log = Log::new();
    let greenlet = started(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        let kill = caught(wait);
        assert!(GreenletExit::is_in(&*kill));
        log.say("GE");
        std::panic::resume_unwind(kill);
    }));
    let second = greenlet.clone();
    drop(greenlet);
    log.say("del");
    drop(second);
    log.say("after");
    log.check(["del", "GE", "fin", "after"]);
}

#[test]
fn locals_are_dropped_in_the_order_of_unwinding() {
    let log = Log::new();
    fn inner(log: &Log) {
        let _first = log.at_drop("first");
        let _second = log.at_drop("second");
        wait();
        log.say("never");
    }
    let greenlet = started(log.given_to(|log| {
        let _outer = log.at_drop("outer");
        inner(&log);
    }));
    drop(greenlet);
    log.check(["second", "first", "outer"]);
}

/// Lives `life` with a greenlet that has captured something, small or large, and runs `body`.
#[track_caller]
fn check_captures(life: fn(Greenlet<(), ()>), body: fn()) {
    let census = Census::new();
    let small = census.one();
    life(Greenlet::new(move |()| {
        let _small = small;
        body();
    }));
    census.check_all_dropped();
    let large = [0; 300].map(|_: u8| census.one());
    life(Greenlet::new(move |()| {
        let _large = large;
        body();
    }));
    census.check_all_dropped();
}

#[test]
fn captures_of_one_that_never_ran_are_dropped_once() {
    check_captures(drop, || unreachable!("it never runs"));
}

#[test]
fn captures_of_one_that_has_ended_are_dropped_once() {
    check_captures(|greenlet| greenlet.switch(()), || ());
}

#[test]
fn captures_of_one_that_panicked_are_dropped_once() {
    check_captures(
        |greenlet| drop(caught(|| greenlet.switch(()))),
        || panic!("so that it unwinds"),
    );
}

#[test]
fn captures_of_one_that_was_killed_are_dropped_once() {
    check_captures(
        |greenlet| {
            greenlet.switch(());
            drop(greenlet);
        },
        wait,
    );
}

#[test]
fn a_declared_one_without_a_body_just_goes() {
    let greenlet: Greenlet<String, String> = Greenlet::declare();
    drop(greenlet.clone());
    drop(greenlet);
}

#[test]
fn a_kill_swallowed_once_comes_again_at_the_next_switch() {
    let log = Log::new();
    let greenlet = started(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        wait_and_swallow_the_kill();
        log.say("swallowed");
        wait();
        log.say("never");
    }));
    drop(greenlet);
    log.check(["swallowed", "fin"]);
}

#[test]
fn try_switch_swallows_a_kill_no_further_than_switch() {
    let log = Log::new();
    let greenlet = started(log.given_to(|log| {
        for word in ["first", "second"] {
            let kill = caught(|| parent::<(), ()>().try_switch(()).is_ok());
            assert!(GreenletExit::is_in(&*kill));
            log.say(word);
        }
    }));
    drop(greenlet);
    log.check(["first", "second"]);
}

#[test]
fn a_body_that_returns_after_its_kill_drops_its_value() {
    let (census, log) = (Census::new(), Log::new());
    let greenlet = Greenlet::new({
        let (census, log) = (census.clone(), log.clone());
        move |()| {
            log.say("starts");
            wait_and_swallow_the_kill();
            log.say("returns");
            census.one()
        }
    });
    AnyGreenlet::from(&greenlet).typed::<(), ()>().switch(());
    drop(greenlet);
    log.say("after");
    log.check(["starts", "returns", "after"]);
    assert_eq!(census.dropped(), 1);
}

#[test]
fn one_that_swallows_every_kill_is_left_alone_and_stays_dead() {
    let (census, log) = (Census::new(), Log::new());
    let kept: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let greenlet = started({
        let (census, log, kept) = (census.clone(), log.clone(), kept.clone());
        move || {
            let _never_dropped = census.one();
            loop {
                wait_and_swallow_the_kill();
                log.say("swallowed");
                kept.replace(Some(current()));
            }
        }
    });
    drop(greenlet);
    let times = log.take().len();
    assert!((2..1000).contains(&times), "{times} times");
    assert_eq!(census.dropped(), 0, "its stack stays as it is");
    // It has got hold of itself meanwhile, and yet nobody can switch to it any more.
    let leaked = kept.take().expect("it kept itself");
    assert!(leaked.is_dead() && !leaked.is_active());
    let error = leaked.typed::<(), String>().try_switch(()).unwrap_err();
    assert_eq!(error.to_string(), "it has ended");
    let text = panic_text(|| leaked.typed::<(), String>().switch(()));
    assert!(text.ends_with("failed: it has ended"), "{text}");
    drop(leaked);
    assert!(log.take().is_empty() && census.dropped() == 0);
    assert_eq!(Greenlet::new(|n: u8| n + 1).switch(1), 2, "all goes on");
}

#[test]
fn one_that_keeps_itself_during_its_kill_is_dead_afterwards() {
    let kept: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    struct KeepsItself(Rc<RefCell<Option<AnyGreenlet>>>);
    impl Drop for KeepsItself {
        fn drop(&mut self) {
            self.0.replace(Some(current()));
        }
    }
    let keeps = KeepsItself(kept.clone());
    drop(started(move || {
        let _keeps = keeps;
        wait();
    }));
    let dead = kept.take().expect("kept in its destructor");
    assert!(dead.is_dead());
    let error = dead.typed::<(), ()>().try_switch(()).unwrap_err();
    assert_eq!(error.to_string(), "it has ended");
}

#[test]
fn a_panic_of_the_cleanup_stays_inside() {
    let log = Log::new();
    let greenlet = started(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        wait_and_swallow_the_kill();
        panic!("of the cleanup");
    }));
    drop(greenlet);
    log.say("after");
    log.check(["fin", "after"]);
}

#[test]
fn a_panic_in_a_capture_of_an_unstarted_greenlet_reaches_its_drop() {
    struct PanicsAtDrop(Log);
    impl Drop for PanicsAtDrop {
        fn drop(&mut self) {
            self.0.say("dropped");
            panic!("of the capture");
        }
    }
    let log = Log::new();
    let captured = PanicsAtDrop(log.clone());
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
    assert_eq!(panic_text(move || drop(greenlet)), "of the capture");
    log.check(["dropped"]);
    Greenlet::new(|()| ()).switch(());
}

#[test]
fn unwinding_one_unwinds_those_that_it_owns() {
    let log = Log::new();
    let outer = started(log.given_to(|log| {
        let _outer = log.at_drop("outer");
        let _middle = started(log.given_to(|log| {
            let _middle = log.at_drop("middle");
            let _inner = started(log.given_to(|log| {
                let _inner = log.at_drop("inner");
                wait();
            }));
            wait();
        }));
        wait();
    }));
    log.say("del");
    drop(outer);
    log.say("after");
    log.check(["del", "inner", "middle", "outer", "after"]);
}

#[test]
fn captures_of_an_unstarted_one_go_with_the_one_that_owns_it() {
    let log = Log::new();
    let outer = started(log.given_to(|log| {
        let captured = log.at_drop("captured");
        let _never: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
        wait();
    }));
    log.check([]);
    drop(outer);
    log.check(["captured"]);
}

#[test]
fn a_child_that_outlives_its_parent_ends_into_the_grandparent() {
    let log = Log::new();
    let handed_out: Rc<RefCell<Option<Greenlet<(), u8>>>> = Rc::default();
    let elder = started({
        let (log, handed_out) = (log.clone(), handed_out.clone());
        move || {
            let _elder = log.at_drop("elder unwinds");
            handed_out.replace(Some(Greenlet::new(|()| 5)));
            wait();
        }
    });
    let child = handed_out.take().expect("handed out");
    drop(elder);
    log.check(["elder unwinds"]);
    assert!(child.parent().expect("not main").is_dead());
    assert_eq!(child.switch(()), 5);
}

#[test]
fn a_thousand_nested_owners_unwind() {
    fn nested(depth: usize, census: Census) {
        let _here = census.one();
        let _owned = (depth > 0).then(|| {
            let census = census.clone();
            started(move || nested(depth - 1, census))
        });
        wait();
    }
    let census = Census::new();
    let outermost = started({
        let census = census.clone();
        move || nested(1_000, census)
    });
    drop(outermost);
    assert_eq!(census.dropped(), 1_001);
}

#[test]
fn a_drop_during_a_panic_unwinds_as_well() {
    let log = Log::new();
    let greenlet = started(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        wait();
    }));
    let text = panic_text(|| {
        let _owned = greenlet;
        panic!("outer");
    });
    assert_eq!(text, "outer");
    assert!(!std::thread::panicking());
    log.check(["fin"]);
}

#[test]
fn a_switch_in_a_destructor_during_a_kill_aborts() {
    let name = "greenlet::unwinding::a_switch_in_a_destructor_during_a_kill_aborts";
    struct WaitsAtDrop;
    impl Drop for WaitsAtDrop {
        fn drop(&mut self) {
            wait();
        }
    }
    let ended = in_child(name, || {
        drop(started(|| {
            let _waits = WaitsAtDrop;
            wait();
        }));
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "cannot switch to greenlet \"main\"",
            "tests/it/support/mod.rs:",
        ]);
    }
}
