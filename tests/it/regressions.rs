//! Faults that a reader or the random programs have found, each in a form as small as it was found in.

use std::cell::RefCell;
#[cfg(feature = "hub")]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::greenlet::{TraceEvent, Tracer, set_tracer};
use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, parent};
#[cfg(feature = "hub")]
use greenhub::{spawn, yield_now};

use crate::support::{Log, caught, started, wait, wait_and_swallow_the_kill};

/// An ended task used to unwind, as a dead greenlet, one that only a stale queue entry still pointed to.
#[cfg(feature = "hub")]
#[test]
fn a_stale_queue_entry_is_the_last_pointer_to_a_greenlet_when_a_task_ends() {
    let child = Rc::new(RefCell::new(None));
    let waits_twice: Greenlet<(), ()> = Greenlet::new({
        let child = child.clone();
        move |()| {
            *child.borrow_mut() = Some(Greenlet::<(), ()>::new(|()| resume_unwind(Box::new(1))));
            let _ = catch_unwind(AssertUnwindSafe(yield_now));
            parent::<(), ()>().switch(());
        }
    });
    let _first = spawn({
        let child = child.clone();
        move || {
            let child = child.borrow().clone().unwrap();
            child.switch(());
        }
    });
    let second = spawn(|| ());
    waits_twice.switch(());
    drop(waits_twice);
    second.join().unwrap();
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

fn tracer(log: &Log) -> Option<Tracer> {
    let log = log.clone();
    Some(Rc::new(move |event, from, to| {
        let name = |greenlet: &AnyGreenlet| greenlet.name().expect("a name").to_owned();
        let how = match event {
            TraceEvent::Switch => "to",
            _ => "throws at",
        };
        log.say(format!("{} {how} {}", name(from), name(to)));
    }))
}

fn named<I: 'static, O: 'static>(
    name: &str,
    body: impl FnOnce(I) -> O + 'static,
) -> Greenlet<I, O> {
    let built = Greenlet::<I, O>::builder().name(name).build(body);
    built.expect("a stack")
}

/// The tracer was told of it.
#[test]
fn a_switch_to_oneself_that_is_refused_is_none() {
    let log = Log::new();
    set_tracer(tracer(&log));
    let me = current();
    assert_eq!(me.typed::<u8, u8>().switch(1), 1);
    let refused = me.typed::<u8, u16>().try_switch(1);
    set_tracer(None);
    assert!(matches!(
        refused,
        Err(SwitchError::WrongType { value: 1, .. })
    ));
    log.check(["main to main"]);
}

/// With a tracer it was unwound later, by whoever got control, so that a program did other things when it was traced.
#[test]
fn a_tracer_does_not_change_who_unwinds_an_abandoned_greenlet() {
    let log = Log::new();
    let only_handle = Rc::new(RefCell::new(None));
    let main = current().typed::<(), ()>();
    let between = named("between", {
        let only_handle = only_handle.clone();
        move |()| {
            let abandoned: Greenlet<(), ()> = only_handle.borrow().clone().unwrap();
            abandoned.switch(());
        }
    });
    let abandoned = named("abandoned", {
        let (log, only_handle, between) = (log.clone(), only_handle.clone(), between.clone());
        move |()| {
            let _cleanup = log.at_drop("is unwound");
            between.kill();
            only_handle.take();
            set_tracer(tracer(&log));
            main.switch(());
        }
    });
    *only_handle.borrow_mut() = Some(abandoned);
    between.switch(());
    set_tracer(None);
    log.check([
        "main throws at abandoned",
        "is unwound",
        "abandoned to main",
        "abandoned to main",
    ]);
}

/// It kept its dead parent, so that a line of killed ones was kept as long as its youngest child.
#[test]
fn a_killed_greenlet_has_its_nearest_live_ancestor_for_parent() {
    let inner = Rc::new(RefCell::new(None));
    let outer = started({
        let inner = inner.clone();
        move || {
            inner.replace(Some([
                started(wait),
                Greenlet::new(|()| ()),
                Greenlet::declare(),
            ]));
            wait();
        }
    });
    outer.kill();
    for inner in inner.take().unwrap() {
        inner.kill();
        assert_eq!(inner.parent(), Some(current()));
    }
}

/// It was given another parent by that.
#[test]
fn a_throw_at_a_dead_greenlet_leaves_its_parent_as_it_is() {
    let inner = Rc::new(RefCell::new(None));
    let outer = started({
        let inner = inner.clone();
        move || {
            let child = Greenlet::<(), ()>::new(|()| ());
            child.switch(());
            inner.replace(Some(child));
        }
    });
    let inner = inner.take().unwrap();
    assert!(outer.is_dead() && inner.is_dead());
    caught(|| inner.throw(Box::new(1)));
    assert_eq!(inner.parent(), Some(AnyGreenlet::from(&outer)));
}

/// Nobody could define it any more, and yet it counted as one that waits for another type.
#[test]
fn a_declared_parent_without_handles_is_skipped() {
    let child: Greenlet<(), u8> = Greenlet::new(|()| 7);
    let declared = Greenlet::<String, ()>::declare();
    child.set_parent(&declared).unwrap();
    drop(declared);
    assert_eq!(child.switch(()), 7);
}

/// It was told to unwind again instead, though a throw into oneself is no switch.
#[test]
fn a_greenlet_that_swallowed_its_kill_can_throw_into_itself() {
    let log = Log::new();
    let stubborn = started({
        let log = log.clone();
        move || {
            wait_and_swallow_the_kill();
            let thrown = caught(|| current().throw(Box::new("a stone")));
            log.say(*thrown.downcast::<&str>().expect("what was thrown"));
        }
    });
    stubborn.kill();
    assert!(stubborn.is_dead());
    log.check(["a stone"]);
}

/// Whoever had thrown into it through a link kept it while it waited for an answer.
#[test]
fn a_dead_greenlet_without_handles_is_not_upgraded() {
    let never_runs: Greenlet<(), ()> = Greenlet::new(|()| ());
    let weak = never_runs.downgrade();
    let thrower: Greenlet<(), ()> =
        Greenlet::new(|()| current().parent().unwrap().throw(Box::new(1)));
    thrower.set_parent(&never_runs).unwrap();
    caught(|| thrower.switch(()));
    assert!(never_runs.is_dead() && thrower.is_active());
    drop(never_runs);
    assert!(weak.upgrade().is_none());
}
