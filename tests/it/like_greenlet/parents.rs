//! The cases of `test_greenlet.py` with parents that were set: where a last value or a panic goes then, parents that
//! were not started yet, and chains of parents that would be a ring.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use greenhub::error::ParentError;
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, SwitchError, current, parent};

use crate::support::{Log, caught, panic_text, started, wait};

#[derive(Debug, PartialEq)]
struct SomeError;

/// Waits; says its name if that is ended by a panic, which goes on, and panics itself otherwise.
fn waits_and_panics(log: &Log, name: &'static str) -> Greenlet<(), ()> {
    let log = log.clone();
    started(move || match catch_unwind(AssertUnwindSafe(wait)) {
        Ok(()) => panic_any(SomeError),
        Err(payload) => {
            log.say(name);
            resume_unwind(payload)
        }
    })
}

#[test]
fn a_panic_goes_to_the_new_parent_then_to_its_parent() {
    let log = Log::new();
    let [first, second] = ["first", "second"].map(|name| waits_and_panics(&log, name));
    second.set_parent(&first).expect("not its descendant");
    let payload = caught(|| second.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&SomeError));
    log.check(["first"]);
    assert!(first.is_dead() && second.is_dead());
    // From now on a switch there is a switch to main, which gives the value straight back.
    second.switch(());
    let second = second.typed::<i32, i32>();
    assert_eq!(second.switch(25), 25);
    log.check([]);
}

#[test]
fn a_child_of_another_one_is_a_way_to_throw_into_that_one() {
    let log = Log::new();
    let target = waits_and_panics(&log, "target");
    let courier: Greenlet<(), ()> = Greenlet::new(|()| panic_any("carried"));
    courier.set_parent(&target).expect("not its descendant");
    let payload = caught(|| courier.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&"carried"));
    log.check(["target"]);
    assert!(courier.is_dead() && target.is_dead());
}

#[test]
fn a_last_value_starts_a_parent_that_was_not_started() {
    let father: Greenlet<u8, (u8, u8)> = Greenlet::new(|value| (value, 24));
    let son: Greenlet<(), u8> = Greenlet::new(|()| 42);
    son.set_parent(&father).expect("not its descendant");
    // What comes back here is what the father ends with.
    let son = son.typed::<(), (u8, u8)>();
    assert_eq!(son.switch(()), (42, 24));
    assert!(son.is_dead() && father.is_dead());
}

#[test]
fn a_last_value_of_a_wrong_type_passes_an_unstarted_parent() {
    let log = Log::new();
    let father: Greenlet<String, usize> = Greenlet::new(|text: String| text.len());
    let son: Greenlet<(), u8> = Greenlet::new({
        let log = log.clone();
        move |()| {
            log.say("son");
            42
        }
    });
    son.set_parent(&father).expect("not its descendant");
    match son.try_switch(()) {
        Err(SwitchError::WrongAnswer {
            type_name, value, ..
        }) => {
            assert_eq!((type_name, value.downcast_ref()), ("u8", Some(&42_u8)));
        }
        other => panic!("{other:?}"),
    }
    assert!(son.is_dead() && !father.is_started() && !father.is_dead());
    // Again, now past the dead one: the father still starts with a text only.
    let text = panic_text(|| son.switch(()));
    assert!(text.ends_with("failed: it has ended"), "{text}");
    log.check(["son"]);
    assert_eq!(father.switch("text".into()), 4);
}

#[test]
fn a_last_value_for_a_parent_without_a_body_is_told_further_up() {
    let father: Greenlet<u8, u8> = Greenlet::declare();
    let son: Greenlet<(), u8> = Greenlet::new(|()| 42);
    son.set_parent(&father).expect("not its descendant");
    let error = son.try_switch(()).expect_err("nobody to take it");
    assert!(
        matches!(error, SwitchError::WrongAnswer { .. }),
        "{error:?}"
    );
    assert!(son.is_dead() && !father.is_dead());
    father.define(|n| n + 1);
    assert_eq!(father.switch(1), 2);
}

#[test]
fn a_panic_kills_an_unstarted_parent_without_running_its_body() {
    let log = Log::new();
    let (captured, inside) = (log.at_drop("body dropped"), log.clone());
    let father: Greenlet<(), ()> = Greenlet::new(move |()| {
        let _captured = captured;
        inside.say("never");
    });
    let son: Greenlet<(), ()> = Greenlet::new(|()| panic_any(SomeError));
    son.set_parent(&father).expect("not its descendant");
    let payload = caught(|| son.switch(()));
    assert!(payload.is::<SomeError>());
    assert!(father.is_dead() && !father.is_started());
    log.check(["body dropped"]);
}

#[test]
fn a_switch_to_a_dead_child_starts_its_unstarted_parent() {
    let log = Log::new();
    let says = |word: &'static str| {
        let log = log.clone();
        Greenlet::<u8, u8>::new(move |n| {
            log.say(word);
            n + 1
        })
    };
    let (father, son) = (says("father"), says("son"));
    assert_eq!(son.switch(1), 2);
    son.set_parent(&father).expect("not its descendant");
    assert_eq!(son.switch(5), 6);
    log.check(["son", "father"]);
    assert!(father.is_dead());
    assert_eq!(son.switch(9), 9, "now main is its nearest live ancestor");
    log.check([]);
}

#[test]
fn a_waiting_greenlet_ends_into_its_new_parent() {
    let log = Log::new();
    let foster: Greenlet<(), Greenlet<(), ()>> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let child = started({
                let log = log.clone();
                move || {
                    log.say("to the foster");
                    wait();
                    log.say("to main");
                    wait();
                    log.say("never");
                }
            });
            parent::<Greenlet<(), ()>, ()>().switch(child);
            unreachable!("main does not come back");
        }
    });
    let child = foster.switch(());
    assert_eq!(child.parent(), Some(AnyGreenlet::from(&foster)));
    child
        .set_parent(current())
        .expect("main descends from nobody");
    assert_eq!(child.parent(), Some(current()));
    child.switch(());
    log.check(["to the foster", "to main"]);
    assert!(child.is_active() && foster.is_active());
}

#[test]
fn an_unwound_greenlet_returns_to_its_dropper() {
    let log = Log::new();
    let never: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| log.say("parent runs")
    });
    let worker: Greenlet<(), ()> = Greenlet::new({
        let (log, never) = (log.clone(), AnyGreenlet::from(&never));
        move |()| {
            let main = never.parent().expect("main").typed::<(), ()>();
            let exit = caught(|| main.switch(()));
            assert!(GreenletExit::is_in(&*exit));
            assert_eq!(current().parent(), Some(never));
            log.say("unwinds");
            resume_unwind(exit);
        }
    });
    worker.set_parent(&never).expect("not its descendant");
    worker.switch(());
    drop(worker);
    log.say("back in main");
    log.check(["unwinds", "back in main"]);
    assert!(!never.is_started(), "it was not told of the end");
}

#[test]
fn a_greenlet_is_not_its_own_parent() {
    let greenlet: Greenlet<u8, u8> = Greenlet::new(|n| n + 1);
    let refused = greenlet.set_parent(&greenlet);
    assert!(matches!(refused, Err(ParentError::Cycle)), "{refused:?}");
    assert_eq!(greenlet.parent(), Some(current()));
    assert_eq!(greenlet.switch(1), 2);
}

#[test]
fn a_ring_of_parents_is_refused_and_the_chain_stays_as_it_was() {
    let log = Log::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| {
        let log = log.clone();
        Greenlet::<u8, u8>::new(move |n| {
            log.say(name);
            n + 1
        })
    });
    a.set_parent(&b).expect("no ring yet");
    b.set_parent(&c).expect("no ring yet");
    let refused = c.set_parent(&a);
    assert!(matches!(refused, Err(ParentError::Cycle)), "{refused:?}");
    let parents = [&a, &b, &c].map(|greenlet| greenlet.parent().expect("not main"));
    assert_eq!(parents, [(&b).into(), (&c).into(), current()]);
    assert_eq!(a.switch(0), 3, "each starts the next");
    log.check(["a", "b", "c"]);
}

#[test]
fn a_ring_past_dead_ones_is_refused_too() {
    let [a, b] = [1, 2].map(|step| Greenlet::<u8, u8>::new(move |n| n + step));
    assert_eq!(a.switch(0), 1);
    a.set_parent(&b).expect("no ring yet");
    let refused = b.set_parent(&a);
    assert!(matches!(refused, Err(ParentError::Cycle)), "{refused:?}");
    assert_eq!(b.switch(0), 2);
}

#[test]
fn main_gets_no_parent() {
    let other: Greenlet<(), ()> = Greenlet::new(|()| ());
    for parent in [current(), AnyGreenlet::from(&other)] {
        let refused = current().set_parent(parent);
        assert!(matches!(refused, Err(ParentError::Main)), "{refused:?}");
    }
    assert!(current().parent().is_none());
    other.switch(());
}
