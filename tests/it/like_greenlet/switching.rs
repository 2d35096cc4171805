//! The cases of `test_greenlet.py`, `test_greenlet_trash.py` and `test_cpp.py` about switches at odd places: from handlers,
//! from comparisons, from destructors, and by those that have given their last handle away.

use std::any::Any;
use std::cell::RefCell;
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::Mutex;
use std::thread::panicking;

use greenhub::{AnyGreenlet, Greenlet, GreenletExit, current, parent};

use crate::support::{Census, Counted, Log, caught, started, wait};

#[test]
fn a_child_made_inside_switches_to_its_maker_and_goes_with_it() {
    let (census, log) = (Census::new(), Log::new());
    let outer: Greenlet<(), ()> = Greenlet::new({
        let (log, captured) = (log.clone(), census.one());
        move |()| {
            log.say("a");
            let inner: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    let _captured = captured;
                    log.say("b");
                    wait();
                    log.say("never");
                }
            });
            inner.switch(());
            log.say("c");
        }
    });
    outer.switch(());
    log.check(["a", "b", "c"]);
    census.check_all_dropped();
}

#[test]
fn a_greenlet_started_in_a_handler_sees_no_panic() {
    let outer: Greenlet<(), ()> = Greenlet::new(|()| {
        let handled = caught(|| panic_any("fun"));
        let inner: Greenlet<(), ()> = Greenlet::new(|()| {
            assert!(!panicking());
            drop(caught(|| panic_any("its own")));
        });
        inner.switch(());
        assert!(inner.is_dead() && !panicking());
        assert_eq!(handled.downcast_ref(), Some(&"fun"));
    });
    outer.switch(());
    assert!(outer.is_dead());
}

#[test]
fn four_waiting_handlers_resume_with_their_own_panics() {
    let all: Vec<Greenlet<u32, Option<u32>>> = (0..4)
        .map(|_| {
            Greenlet::new(|number: u32| {
                let handled: Box<dyn Any + Send> = caught(|| panic_any(number));
                parent::<Option<u32>, u32>().switch(None);
                handled.downcast_ref().copied()
            })
        })
        .collect();
    for (number, greenlet) in (0..).zip(&all) {
        assert_eq!(greenlet.switch(number), None);
    }
    for (number, greenlet) in (0..).zip(&all) {
        assert_eq!(greenlet.switch(99), Some(number));
    }
}

#[test]
fn switching_sorts_and_held_locks_are_kept_apart() {
    fn body(other: &Greenlet<(), ()>, log: &Log, name: &str) {
        let lock = Mutex::new(name.to_owned());
        let held = lock.lock().expect("not poisoned");
        let mut numbers = [3, 1, 2];
        numbers.sort_by(|a, b| {
            other.switch(());
            a.cmp(b)
        });
        assert_eq!(numbers, [1, 2, 3]);
        log.say(format!("{held} has sorted"));
    }
    let log = Log::new();
    let (g1, g2) = (Greenlet::<(), ()>::declare(), Greenlet::<(), ()>::declare());
    g1.define({
        let (g2, log) = (g2.clone(), log.clone());
        move |()| body(&g2, &log, "g1")
    });
    g2.define({
        let (g1, log) = (g1.clone(), log.clone());
        move |()| body(&g1, &log, "g2")
    });
    g1.switch(());
    // One of them ends in a switch of the other, whose own end is waited for here.
    for greenlet in [&g1, &g2] {
        while !greenlet.is_dead() {
            greenlet.switch(());
        }
    }
    let mut said = log.take();
    said.sort();
    assert_eq!(said, ["g1 has sorted", "g2 has sorted"]);
}

#[test]
fn a_value_from_a_greenlet_without_handle_arrives() {
    let log = Log::new();
    let kept: Rc<RefCell<Option<Greenlet<(), u32>>>> = Rc::default();
    let worker: Greenlet<(), u32> = Greenlet::new({
        let (log, kept) = (log.clone(), kept.clone());
        move |()| {
            let _fin = log.at_drop("unwound");
            let value = parent::<(), u32>().switch(());
            drop(kept.take());
            parent::<u32, ()>().switch(value);
            unreachable!("nobody can come back");
        }
    });
    worker.typed::<(), ()>().switch(());
    let starter: Greenlet<(), u32> = Greenlet::new(|()| 42);
    starter.set_parent(&worker).expect("not its descendant");
    kept.replace(Some(worker));
    assert_eq!(starter.switch(()), 42);
    log.check(["unwound"]);
}

#[test]
fn ten_dropped_self_owning_greenlets_keep_nothing_alive() {
    let census = Census::new();
    let kept: Rc<RefCell<Vec<AnyGreenlet>>> = Rc::default();
    for _ in 0..10 {
        drop(started({
            let (captured, kept) = (census.one(), kept.clone());
            move || {
                let _captured = captured;
                let exit = caught(wait);
                assert!(GreenletExit::is_in(&*exit));
                kept.borrow_mut().push(current());
            }
        }));
    }
    census.check_all_dropped();
    assert!(kept.take().iter().all(AnyGreenlet::is_dead));
}

/// A list that goes through destructors one inside the other. Two of them switch.
struct Link {
    number: u32,
    counted: Option<Counted>,
    at: Rc<Places>,
    rest: Option<Box<Link>>,
}

struct Places {
    census: Census,
    main: AnyGreenlet,
    other: RefCell<Option<Greenlet<(), ()>>>,
    log: Log,
}

const LENGTH: u32 = 120;

fn list(at: &Rc<Places>) -> Box<Link> {
    let link = |rest, number| {
        Some(Box::new(Link {
            number,
            counted: Some(at.census.one()),
            at: at.clone(),
            rest,
        }))
    };
    (1..=LENGTH).fold(None, link).expect("not empty")
}

impl Drop for Link {
    fn drop(&mut self) {
        drop(self.counted.take());
        if self.number == LENGTH / 2 && current() == self.at.main && !panicking() {
            let at = self.at.clone();
            let other = started(move || drop(list(&at)));
            self.at.log.say("main goes on");
            self.at.other.replace(Some(other));
        } else if self.number == 40 && current() != self.at.main {
            self.at.log.say("the other waits in a destructor");
            let exit = caught(wait);
            assert!(GreenletExit::is_in(&*exit));
            self.at.log.say("the other is unwound");
        }
        drop(self.rest.take());
    }
}

#[test]
fn destructors_may_switch_inside_long_chains_of_destructors() {
    let at = Rc::new(Places {
        census: Census::new(),
        main: current(),
        other: RefCell::default(),
        log: Log::new(),
    });
    drop(list(&at));
    at.log
        .check(["the other waits in a destructor", "main goes on"]);
    assert!(at.census.dropped() > LENGTH as usize);
    // The other one is still in the middle of its chain, and goes on there when it is unwound.
    drop(at.other.take());
    at.log.check(["the other is unwound"]);
    at.census.check_all_dropped();
    assert_eq!(at.census.dropped(), 2 * LENGTH as usize);
}
