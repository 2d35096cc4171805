//! The cases of `test_weakref.py` and `test_gc.py`: what is freed when, and weak handles, which keep nothing.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::greenlet::Weak;
use greenhub::{Greenlet, current};

use crate::support::{Census, Log, started, wait};

#[test]
fn a_weak_handle_finds_its_greenlet_while_a_handle_lives() {
    let greenlet: Greenlet<u8, u8> = Greenlet::new(|n| n + 1);
    let weak = greenlet.downgrade();
    assert_eq!(weak.upgrade().as_ref(), Some(&greenlet));
    assert_eq!(weak.clone().upgrade().expect("alive").switch(1), 2);
    assert!(weak.upgrade().expect("still a handle").is_dead());
    drop(greenlet);
    assert!(weak.upgrade().is_none());
    assert!(Weak::<u8, u8>::new().upgrade().is_none());
}

#[test]
fn weak_handles_find_nothing_after_the_last_handle() {
    let lives: [fn(&Greenlet<(), ()>); 3] = [
        |_| (),
        |greenlet| greenlet.switch(()),
        |greenlet| (0..2).for_each(|_| greenlet.switch(())),
    ];
    for live in lives {
        let census = Census::new();
        let captured = census.one();
        let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| {
            let _captured = captured;
            wait();
        });
        let weak = greenlet.downgrade();
        live(&greenlet);
        drop(greenlet);
        assert!(weak.upgrade().is_none());
        census.check_all_dropped();
    }
    let declared: Greenlet<(), ()> = Greenlet::declare();
    let weak = declared.downgrade();
    drop(declared);
    assert!(weak.upgrade().is_none());
}

#[test]
fn an_unwinding_parent_does_not_find_a_child_that_went_before() {
    let log = Log::new();
    let place: Rc<RefCell<Weak<(), ()>>> = Rc::default();
    struct Looks(Log, Rc<RefCell<Weak<(), ()>>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            let found = self.1.borrow().upgrade();
            self.0.say(format!("child there: {}", found.is_some()));
        }
    }
    let looks = Looks(log.clone(), place.clone());
    let father = started(move || {
        let _looks = looks;
        wait();
    });
    let son: Greenlet<(), ()> = Greenlet::new(|()| ());
    son.set_parent(&father).expect("not its descendant");
    place.replace(son.downgrade());
    drop(father);
    log.check(["child there: true"]);
    // Once more, the child first. Its link has not kept the parent, and nothing keeps the child.
    let looks = Looks(log.clone(), place.clone());
    let father = started(move || {
        let _looks = looks;
        wait();
    });
    let son: Greenlet<(), ()> = Greenlet::new(|()| ());
    son.set_parent(&father).expect("not its descendant");
    place.replace(son.downgrade());
    drop(son);
    drop(father);
    log.check(["child there: false"]);
}

#[test]
fn one_that_captures_a_weak_handle_to_itself_is_freed() {
    let census = Census::new();
    let make = || {
        let (captured, place) = (census.one(), Rc::new(RefCell::new(Weak::new())));
        let greenlet: Greenlet<(), ()> = Greenlet::new({
            let place = place.clone();
            move |()| {
                let _captured = captured;
                let me = place.borrow().upgrade();
                assert_eq!(me.map(|me| me.id()), Some(current().id()));
                wait();
            }
        });
        place.replace(greenlet.downgrade());
        greenlet
    };
    drop(make());
    let suspended = make();
    suspended.switch(());
    drop(suspended);
    let ended = make();
    ended.switch(());
    ended.switch(());
    census.check_all_dropped();
}

#[test]
fn one_that_captures_its_own_handle_is_freed_when_it_has_run() {
    let census = Census::new();
    let greenlet: Greenlet<(), ()> = Greenlet::declare();
    greenlet.define({
        let (me, captured) = (greenlet.clone(), census.one());
        move |()| {
            let _captured = captured;
            assert!(me.is_active());
        }
    });
    let weak = greenlet.downgrade();
    greenlet.switch(());
    census.check_all_dropped();
    drop(greenlet);
    assert!(weak.upgrade().is_none(), "its body, which kept it, is gone");
}
