//! Handles that do not keep their greenlet: when they upgrade, and to what.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::greenlet::Weak;
use greenhub::{Greenlet, current};

use crate::support::{Log, started, wait};

#[test]
fn one_that_is_there_upgrades_to_the_same_greenlet() {
    let greenlet: Greenlet<u8, u8> = Greenlet::new(|n| n + 1);
    let weak = greenlet.downgrade();
    let again = weak.upgrade().expect("it is there");
    assert_eq!(again, greenlet);
    assert_eq!(again.switch(1), 2);
    // It has ended, and its handles keep it to be asked.
    assert!(weak.upgrade().expect("still there").is_dead());
    drop((again, greenlet));
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_handle_that_was_upgraded_keeps_the_greenlet() {
    let log = Log::new();
    let greenlet = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("unwinds");
            wait();
        }
    });
    let weak = greenlet.downgrade();
    let upgraded = weak.upgrade();
    drop(greenlet);
    log.check([]);
    drop(upgraded);
    log.check(["unwinds"]);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_weak_one_does_not_keep_a_body_that_never_ran() {
    let log = Log::new();
    let captured = log.at_drop("body dropped");
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
    let weak = greenlet.downgrade();
    drop(greenlet);
    log.check(["body dropped"]);
    assert!(weak.upgrade().is_none());
}

#[test]
fn one_without_a_body_goes_with_its_last_handle() {
    let greenlet: Greenlet<(), ()> = Greenlet::declare();
    let weak = greenlet.downgrade();
    assert_eq!(weak.upgrade().as_ref(), Some(&greenlet));
    drop(greenlet);
    assert!(weak.upgrade().is_none());
}

#[test]
fn one_that_runs_upgrades_though_nobody_else_has_a_handle() {
    let log = Log::new();
    let slot: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let (log, slot) = (log.clone(), slot.clone());
        move |()| {
            let weak = current().downgrade();
            drop(slot.take());
            log.say(format!("{}", weak.upgrade() == Some(current().typed())));
            let child: Greenlet<(), bool> = Greenlet::new({
                let weak = weak.clone();
                // It waits for us, and owns itself meanwhile.
                move |()| weak.upgrade().is_some_and(|parent| parent.is_active())
            });
            log.say(format!("{}", child.switch(())));
        }
    });
    let link = {
        let child: Greenlet<(), ()> = Greenlet::declare();
        child.set_parent(&greenlet).unwrap();
        child.parent().unwrap().typed::<(), ()>()
    };
    slot.replace(Some(greenlet));
    link.switch(());
    log.check(["true", "true"]);
    assert!(link.downgrade().upgrade().is_none(), "a link keeps nobody");
}

#[test]
fn one_may_be_got_hold_of_while_it_is_unwound() {
    type Kept = Rc<RefCell<Option<Greenlet<(), ()>>>>;
    struct KeepsAtDrop(Weak<(), ()>, Kept);
    impl Drop for KeepsAtDrop {
        fn drop(&mut self) {
            *self.1.borrow_mut() = self.0.upgrade();
        }
    }
    let kept = Kept::default();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let kept = kept.clone();
        move |()| {
            let _keeps = KeepsAtDrop(current().downgrade(), kept);
            wait();
        }
    });
    greenlet.switch(());
    let weak = greenlet.downgrade();
    drop(greenlet);
    let dead = kept.take().expect("kept while it was unwound");
    assert!(dead.is_dead());
    assert!(weak.upgrade().is_some());
    drop(dead);
    assert!(weak.upgrade().is_none());
}

#[test]
fn one_may_be_got_hold_of_while_its_body_is_dropped_unrun() {
    type Kept = Rc<RefCell<Option<Greenlet<(), ()>>>>;
    struct KeepsAtDrop(Rc<RefCell<Weak<(), ()>>>, Kept);
    impl Drop for KeepsAtDrop {
        fn drop(&mut self) {
            *self.1.borrow_mut() = self.0.borrow().upgrade();
        }
    }
    let (weak, kept) = (Rc::<RefCell<Weak<(), ()>>>::default(), Kept::default());
    let keeps = KeepsAtDrop(weak.clone(), kept.clone());
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| drop(keeps));
    weak.replace(greenlet.downgrade());
    drop(greenlet);
    let dead = kept.take().expect("kept while its body was dropped");
    assert!(dead.is_dead() && !dead.is_started());
    drop(dead);
    assert!(weak.borrow().upgrade().is_none());
}

#[test]
fn one_to_nobody_never_upgrades() {
    const NOBODY: Weak<u8, u8> = Weak::new();
    assert!(NOBODY.upgrade().is_none());
    assert!(Weak::<u8, u8>::default().ptr_eq(&NOBODY));
    assert_eq!(format!("{NOBODY:?}"), "(Weak)");
}

#[test]
fn two_to_the_same_one_are_equal_also_when_it_is_gone() {
    let (a, b) = (started(wait), started(wait));
    let (weak, same, other) = (a.downgrade(), a.downgrade(), b.downgrade());
    assert!(weak.ptr_eq(&same) && weak.ptr_eq(&weak.clone()));
    assert!(!weak.ptr_eq(&other) && !weak.ptr_eq(&Weak::new()));
    drop(a);
    assert!(weak.ptr_eq(&same));
}

#[test]
fn main_upgrades_while_its_thread_lives() {
    let weak = current().downgrade();
    let greenlet: Greenlet<(), bool> = Greenlet::new({
        let weak = weak.clone();
        move |()| weak.upgrade().map(|main| (&main).into()) == current().parent()
    });
    assert!(greenlet.switch(()));
    assert!(weak.upgrade().is_some_and(|main| main.is_active()));
}

/// In debug it takes a minute to count that far.
#[cfg(not(debug_assertions))]
#[test]
fn more_upgrades_than_can_be_counted_end_the_process() {
    let name = "greenlet::weak::more_upgrades_than_can_be_counted_end_the_process";
    let ended = crate::support::in_child(name, || {
        let greenlet = started(wait);
        let weak = greenlet.downgrade();
        loop {
            std::mem::forget(weak.upgrade());
        }
    });
    if let Some(ended) = ended {
        ended.check_abort(&["2^31 handles to one greenlet"]);
    }
}
