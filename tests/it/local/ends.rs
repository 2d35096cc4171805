//! The end of greenlet-locals: when they are dropped, where, in which order, and what their destructors may do.

use std::cell::{Cell, RefCell};
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::Arc;

use greenhub::greenlet::Builder;
use greenhub::local::LocalKey;
use greenhub::{Greenlet, GreenletExit, SwitchError, current, greenlet_local, parent, stack};

use crate::support::{
    Census, Log, Then, caught, panic_text, started, then, wait, wait_and_swallow_the_kill,
};

/// Says a word when it is dropped, and how often it was cloned.
struct Heirloom(Log, u32);

impl Clone for Heirloom {
    fn clone(&self) -> Heirloom {
        Heirloom(self.0.clone(), self.1 + 1)
    }
}

impl Drop for Heirloom {
    fn drop(&mut self) {
        self.0.say(format!("heirloom {}", self.1));
    }
}

greenlet_local! {
    static A: RefCell<Option<Then>> = const { RefCell::new(None) };
    static B: RefCell<Option<Then>> = const { RefCell::new(None) };
    static C: RefCell<Option<Then>> = const { RefCell::new(None) };
    inherited static HEIRLOOM: RefCell<Option<Heirloom>> = const { RefCell::new(None) };
}

type Key = LocalKey<RefCell<Option<Then>>>;

/// Sets these, each to say its name at its end.
fn set(locals: &[(&'static Key, &'static str)], log: &Log) {
    for &(key, word) in locals {
        let log = log.clone();
        key.set(then(move || log.say(word)));
    }
}

fn set_all(log: &Log) {
    set(&[(&A, "a"), (&B, "b"), (&C, "c")], log);
}

#[test]
fn values_drop_on_their_own_stack_in_reverse_order() {
    let log = Log::new();
    let greenlet: Greenlet<(), &str> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let me = current();
            let here = &raw const me as usize;
            for (key, word) in [(&B, "b"), (&A, "a"), (&C, "c")] {
                let (log, me) = (log.clone(), me.clone());
                key.set(then(move || {
                    // Out of the box that it lies in.
                    let log = log;
                    assert!(current() == me && me.is_active());
                    let there = &raw const log as usize;
                    assert!(here.abs_diff(there) < stack::DEFAULT_STACK_SIZE);
                    log.say(word);
                }));
            }
            let _body = log.at_drop("body");
            "value"
        }
    });
    log.say(greenlet.switch(()));
    log.check(["body", "c", "a", "b", "value"]);
}

#[test]
fn values_are_dropped_though_somebody_still_holds_a_handle() {
    let log = Log::new();
    let greenlet = started({
        let log = log.clone();
        move || {
            set_all(&log);
            wait();
        }
    });
    let kept = (greenlet.clone(), greenlet.downgrade());
    greenlet.switch(());
    log.check(["c", "b", "a"]);
    drop(kept);
    log.check([]);
}

#[test]
fn a_killed_one_drops_its_values_after_its_frames() {
    let log = Log::new();
    let waiting = || {
        started({
            let log = log.clone();
            move || {
                set_all(&log);
                let _frame = log.at_drop("frame");
                wait();
            }
        })
    };
    drop(waiting());
    log.check(["frame", "c", "b", "a"]);
    let kept = waiting();
    kept.kill();
    log.check(["frame", "c", "b", "a"]);
    let thrown = waiting();
    caught(|| thrown.throw(Box::new("stone")));
    log.check(["frame", "c", "b", "a"]);
}

#[test]
fn one_that_panics_drops_its_values_before_its_parent_panics() {
    let log = Log::new();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            set_all(&log);
            let log = log.clone();
            B.set(then(move || {
                assert!(!std::thread::panicking());
                log.say("b again");
            }));
            panic_any("oh")
        }
    });
    let payload = caught(|| greenlet.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&"oh"));
    log.check(["b", "c", "b again", "a"]);
}

#[test]
fn one_that_swallows_its_kill_drops_its_values_when_it_ends() {
    let log = Log::new();
    drop(started({
        let log = log.clone();
        move || {
            set_all(&log);
            drop(wait_and_swallow_the_kill());
            log.say("swallowed");
        }
    }));
    log.check(["swallowed", "c", "b", "a"]);
}

#[test]
fn a_leaked_one_keeps_its_values() {
    let census = Census::new();
    let counted = census.one();
    drop(started(move || {
        A.set(then(move || drop(counted)));
        loop {
            drop(wait_and_swallow_the_kill());
        }
    }));
    assert_eq!(census.dropped(), 0);
}

#[test]
fn an_unstarted_greenlet_drops_inherited_values_with_its_body() {
    let log = Log::new();
    HEIRLOOM.set(Some(Heirloom(log.clone(), 0)));
    let made = |word| {
        let body = log.at_drop(word);
        let child: Greenlet<(), ()> = Greenlet::new(move |()| drop(body));
        child
    };
    drop(made("dropped"));
    log.check(["dropped", "heirloom 1"]);
    let kept = made("killed");
    kept.kill();
    log.check(["killed", "heirloom 1"]);
    let kept = made("thrown");
    assert!(caught(|| kept.throw(Box::new(7))).is::<i32>());
    log.check(["thrown", "heirloom 1"]);
    let declared: Greenlet<(), ()> = Greenlet::declare();
    declared.kill();
    log.check(["heirloom 1"]);
    drop(declared);
    drop(Greenlet::<(), ()>::declare());
    log.check(["heirloom 1"]);
    // Two that a panic goes past on its way up.
    let (first, second) = (Greenlet::<(), ()>::declare(), made("second"));
    let child: Greenlet<(), ()> = Builder::new()
        .local(&HEIRLOOM, RefCell::new(None))
        .build(|()| panic_any("up"))
        .expect("a stack");
    second.set_parent(&first).expect("no cycle");
    child.set_parent(&second).expect("no cycle");
    assert!(caught(|| child.switch(())).is::<&str>());
    log.check(["second", "heirloom 1", "heirloom 1"]);
    drop((first, second, child));
    log.check([]);
    drop(HEIRLOOM.take());
    log.check(["heirloom 0"]);
}

#[test]
fn a_panic_of_an_inherited_value_reaches_the_dropper() {
    greenlet_local! {
        static SHOT: Option<Then> = None;
    }
    let log = Log::new();
    let greenlet = Builder::new()
        .local(&SHOT, then(|| panic_any("bang")))
        .local(&HEIRLOOM, RefCell::new(Some(Heirloom(log.clone(), 0))));
    let greenlet: Greenlet<(), ()> = greenlet.build(|()| ()).expect("a stack");
    let payload = caught(move || drop(greenlet));
    assert_eq!(payload.downcast_ref(), Some(&"bang"));
    log.check(["heirloom 0"]);
}

#[test]
fn a_destructor_may_use_older_values_and_make_new_ones() {
    let log = Log::new();
    started({
        let log = log.clone();
        move || {
            A.set(None);
            let said = log.clone();
            B.set(then(move || {
                // A is older: it is there still. C was never made: it is made now, and dropped next.
                let at_end = said.clone();
                A.set(then(move || at_end.say("a, set by b")));
                let at_end = said.clone();
                C.set(then(move || {
                    let (b, c) = (B.try_with(|_| ()), C.try_with(|_| ()));
                    at_end.say(format!("c, made by b; {} {}", b.is_err(), c.is_err()));
                }));
                assert!(B.try_with(|_| ()).is_err());
                said.say("b");
            }));
        }
    });
    log.check(["b", "c, made by b; true true", "a, set by b"]);
}

#[test]
fn a_local_that_was_dropped_says_so() {
    let said = Log::new();
    let greenlet = started({
        let said = said.clone();
        move || {
            let said = said.clone();
            A.set(then(move || said.say(panic_text(|| B.set(None)))));
            B.set(None);
            wait();
        }
    });
    said.check([]);
    greenlet.switch(());
    said.check([
        "the greenlet-local it::local::ends::B has no value any more: \
                this greenlet ends and has dropped it (use try_with in destructors)",
    ]);
}

#[test]
fn an_unwanted_result_finds_no_locals_when_dropped() {
    // Killed, it swallows that and ends with a value; who killed it waits for none.
    let log = Log::new();
    let greenlet: Greenlet<(), Option<Then>> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let kill = caught(|| parent::<Option<Then>, ()>().switch(None));
            assert!(GreenletExit::is_in(&*kill));
            then(move || log.say(format!("{}", A.try_with(|_| ()).is_err())))
        }
    });
    drop(greenlet.switch(()));
    drop(greenlet);
    log.check(["true"]);
}

#[test]
fn a_destructor_may_wait_and_the_value_waits_with_it() {
    let log = Log::new();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            set_all(&log);
            let said = log.clone();
            B.set(then(move || {
                said.say("waits");
                wait();
                said.say("goes on");
            }));
        }
    });
    log.check([]);
    greenlet.switch(());
    log.check(["b", "c", "waits"]);
    assert!(greenlet.is_active());
    greenlet.switch(());
    log.check(["goes on", "a"]);
    assert!(greenlet.is_dead());
}

#[test]
fn one_killed_while_a_destructor_waits_drops_the_rest() {
    let log = Log::new();
    let ends_with = |value: u32| -> Greenlet<(), u32> {
        Greenlet::new({
            let log = log.clone();
            move |()| {
                set(&[(&A, "a"), (&B, "b")], &log);
                let said = log.clone();
                C.set(then(move || {
                    let _fin = said.at_drop("c");
                    parent::<u32, ()>().switch(0);
                }));
                value
            }
        })
    };
    let dropped = ends_with(1);
    assert_eq!(dropped.switch(()), 0);
    drop(dropped);
    log.check(["c", "b", "a"]);
    // By a throw it has panicked; by a kill on its way from somebody else it was killed.
    let thrown = ends_with(2);
    assert_eq!(thrown.switch(()), 0);
    assert!(caught(|| thrown.throw(Box::new(7u8))).is::<u8>());
    log.check(["c", "b", "a"]);
    let killed = ends_with(3);
    assert_eq!(killed.switch(()), 0);
    let exit = caught(exit_of_another);
    let ended = killed.try_throw(exit);
    assert!(matches!(ended, Err(SwitchError::Killed)), "{ended:?}");
    log.check(["c", "b", "a"]);
}

/// Unwinds with the kill of another greenlet.
fn exit_of_another() {
    let kept = Rc::new(Cell::new(None));
    drop(started({
        let kept = kept.clone();
        move || kept.set(Some(wait_and_swallow_the_kill()))
    }));
    std::panic::resume_unwind(kept.take().expect("swallowed"))
}

#[test]
fn a_destructor_that_panics_is_taken_for_a_panic_of_the_body() {
    let log = Log::new();
    let greenlet: Greenlet<(), crate::support::AtDrop> = Greenlet::new({
        let log = log.clone();
        move |()| {
            set(&[(&A, "a")], &log);
            B.set(then(|| panic_any("b")));
            set(&[(&C, "c")], &log);
            log.at_drop("value")
        }
    });
    let payload = caught(|| greenlet.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&"b"));
    log.check(["c", "a", "value"]);
    assert!(greenlet.is_dead());
}

#[test]
fn the_first_panic_is_the_one_that_goes_on() {
    let ends = |body: fn()| {
        let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| {
            A.set(then(|| panic_any("a")));
            B.set(then(|| panic_any("b")));
            body();
        });
        caught(|| greenlet.switch(()))
    };
    assert_eq!(ends(|| ()).downcast_ref(), Some(&"b"));
    let body = ends(|| panic_any("body"));
    assert_eq!(body.downcast_ref(), Some(&"body"));
}

#[test]
fn what_the_other_panics_carry_is_dropped() {
    let count = Arc::new(());
    let [a, b, c] = [(); 3].map(|()| {
        let carried = count.clone();
        then(move || panic_any(carried))
    });
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| {
        A.set(a);
        B.set(b);
        C.set(c);
        panic_any("body");
    });
    assert!(caught(|| greenlet.switch(())).is::<&str>());
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn an_old_value_is_dropped_when_the_new_one_is_there() {
    let log = Log::new();
    let said = log.clone();
    A.set(then(move || {
        A.with_borrow(|a| assert!(a.is_some()));
        said.say("old");
    }));
    A.set(then({
        let log = log.clone();
        move || log.say("new")
    }));
    log.check(["old"]);
    A.set(None);
    log.check(["new"]);
}

#[test]
fn many_come_and_go_and_leave_nothing_behind() {
    greenlet_local! {
        inherited static SHARED: Option<Rc<crate::support::Counted>> = None;
        static OWN: Cell<u32> = const { Cell::new(0) };
    }
    let census = Census::new();
    let top = Builder::new().local(&SHARED, Some(Rc::new(census.one())));
    let top = top.build(|()| {
        for n in 0..2_000 {
            let child = started(move || {
                OWN.set(n);
                let inner: Greenlet<(), ()> = Greenlet::new(|()| SHARED.with(|_| ()));
                if n % 3 == 0 {
                    wait();
                }
                inner.switch(());
                assert_eq!(OWN.get(), n);
            });
            if n % 2 == 0 {
                child.kill();
            }
        }
        SHARED.with(|shared| Rc::strong_count(shared.as_ref().expect("given")))
    });
    assert_eq!(top.expect("a stack").switch(()), 1);
    census.check_all_dropped();
}
