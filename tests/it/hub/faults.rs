//! Faults that readers and the random programs have found in throws, kills and tracers, each as small as it was found.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::generator::Generator;
use greenhub::greenlet::{Builder, TraceEvent, Tracer, set_tracer};
use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, parent, spawn, yield_now};

use crate::support::{
    Log, caught, in_child, lend, owning_itself, started, wait, wait_and_swallow_the_kill,
    yield_to_lender,
};

type Place = Rc<RefCell<Option<Generator<i32>>>>;

/// A greenlet that resumes the generator in `place` once, and then waits for a number.
fn resumes_once(name: &'static str, place: &Place, log: &Log) -> Greenlet<(), u64> {
    let (place, log) = (place.clone(), log.clone());
    let body = move |()| {
        let mut generator = place.borrow_mut().take().expect("a generator");
        log.say(format!("{name} gets {:?}", generator.next()));
        place.replace(Some(generator));
        let number = parent::<u64, u64>().switch(0);
        log.say(format!("{name} gets {number}"));
        number
    };
    Builder::new().name(name).build(body).expect("a stack")
}

/// `throw` drops a body that never ran. What that yields is resumed by another greenlet.
#[test]
fn a_throw_continues_after_the_dropped_body_has_yielded() {
    struct YieldsAtDrop;
    impl Drop for YieldsAtDrop {
        fn drop(&mut self) {
            yield_to_lender(1);
        }
    }
    let (log, place) = (Log::new(), Place::default());
    place.replace(Some(Generator::new({
        let log = log.clone();
        move |y| {
            lend(y, || {
                let captured = YieldsAtDrop;
                let victim: Greenlet<(), u64> = Greenlet::new(move |()| {
                    drop(captured);
                    0
                });
                let main = current().parent().expect("not main");
                victim.set_parent(main).expect("not its descendant");
                let answer = victim.throw(Box::new(7_u64));
                log.say(format!("{:?} gets {answer}", current().name()));
            });
        }
    })));
    let (a, b) = (
        resumes_once("a", &place, &log),
        resumes_once("b", &place, &log),
    );
    assert_eq!(a.switch(()), 0);
    // b resumes the generator in the middle of the throw, which goes on in main.
    let thrown = caught(|| b.switch(()));
    assert_eq!(thrown.downcast_ref(), Some(&7_u64));
    assert_eq!(b.typed::<u64, u64>().switch(9), 0);
    assert_eq!(a.typed::<u64, u64>().switch(5), 5);
    assert_eq!(b.typed::<u64, u64>().switch(6), 6);
    log.check([
        "a gets Some(1)",
        "Some(\"b\") gets 9",
        "b gets None",
        "a gets 5",
        "b gets 6",
    ]);
}

/// A kill that arrives in the destructor of what a throw drops is swallowed by the throw, which then goes on.
#[test]
fn a_throw_does_not_swallow_the_kill_of_the_thrower() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            wait();
        }
    }
    let log = Log::new();
    let elder = started({
        let log = log.clone();
        move || {
            if caught(wait).is::<i32>() {
                log.say("somebody else runs");
            }
        }
    });
    let thrower = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("unwound");
            let captured = Waits;
            let victim: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
            victim.set_parent(&elder).expect("not its descendant");
            victim.throw(Box::new(1));
            log.say("never");
        }
    });
    log.say("drop");
    drop(thrower);
    log.say("after");
    log.check(["drop", "unwound", "after"]);
}

type AnyPlace = Rc<RefCell<Option<AnyGreenlet>>>;

/// main -> x -> y -> a: `a` has no handle, and does `leaves`, which switches to `x`. So y unwinds it in between.
/// Meanwhile somebody kills x. When y goes on, it must not resume x, which is dead.
fn kill_the_next(leaves: impl FnOnce() + 'static, x_place: &AnyPlace) {
    let y_place: AnyPlace = Rc::default();
    let x: Greenlet<(), ()> = Greenlet::new({
        let (x_place, y_place) = (x_place.clone(), y_place.clone());
        move |()| {
            x_place.replace(Some(current()));
            let y: Greenlet<(), ()> = Greenlet::new(move |()| {
                owning_itself(move |own| {
                    own.set_parent(x_place.borrow().as_ref().expect("x"))
                        .expect("not its descendant");
                    drop(own);
                    leaves();
                });
            });
            y_place.replace(Some(AnyGreenlet::from(&y)));
            y.switch(());
        }
    });
    drop(x.try_switch(()));
    drop(x);
    let y = y_place.take().expect("y");
    // It is unwound, and then goes on with what it was about to do: give control to x.
    y.kill();
    assert!(y.is_dead());
}

/// Runs `body` in a process of its own, where nobody may resume what is dead. The panic of corosensei is lost in
/// the unwinding of y, but its message is seen.
#[track_caller]
fn nobody_dead_is_resumed(name: &str, body: impl FnOnce()) {
    if let Some(ended) = in_child(name, body) {
        // It may end with a message: a kill in the middle of a panic is refused, say.
        assert!(
            !ended.stderr.contains("attempt to resume"),
            "{}",
            ended.stderr
        );
    }
}

fn kills(x_place: &AnyPlace) -> impl FnOnce() + 'static {
    let x_place = x_place.clone();
    move || x_place.take().expect("x").kill()
}

#[test]
fn a_runner_after_a_swallowed_kill_cannot_end_the_successor() {
    struct SwitchesToItsParent;
    impl Drop for SwitchesToItsParent {
        fn drop(&mut self) {
            parent::<(), ()>().switch(());
        }
    }
    nobody_dead_is_resumed(
        "hub::faults::a_runner_after_a_swallowed_kill_cannot_end_the_successor",
        || {
            let x_place = AnyPlace::default();
            let kills = kills(&x_place);
            let elder = started(move || {
                caught(wait);
                kills();
            });
            kill_the_next(
                move || {
                    let captured = SwitchesToItsParent;
                    let victim: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
                    victim.set_parent(&elder).expect("not its descendant");
                    victim.throw(Box::new(1));
                },
                &x_place,
            );
        },
    );
}

/// The unwinding of one greenlet is begun by `a` and ended by `b`, which then puts a's wait back to what it was.
#[test]
fn a_tracer_that_yields_during_an_unwinding_disturbs_no_other() {
    let (log, place) = (Log::new(), Place::default());
    place.replace(Some(Generator::new(|y| {
        lend(y, || {
            let victim = started(wait);
            let armed = Cell::new(true);
            set_tracer(Some(Rc::new(move |_, origin, _| {
                if origin.is_dead() && armed.replace(false) {
                    yield_to_lender(3);
                }
            })));
            drop(victim);
            set_tracer(None);
        });
    })));
    let (a, b) = (
        resumes_once("a", &place, &log),
        resumes_once("b", &place, &log),
    );
    assert_eq!((a.switch(()), b.switch(())), (0, 0));
    assert_eq!(a.typed::<u64, u64>().try_switch(5).ok(), Some(5));
    assert_eq!(b.typed::<u64, u64>().try_switch(6).ok(), Some(6));
}

/// greenlet tells a throw past a dead one back to the thrower as `throw main -> main`, as one into oneself is told.
#[test]
fn a_throw_past_a_dead_one_to_oneself_is_told_to_the_tracer() {
    let log = Log::new();
    let dead: Greenlet<(), ()> = Greenlet::new(|()| ());
    dead.switch(());
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |event, origin, target| {
            log.say(format!("{event:?} {:?} {:?}", origin.name(), target.name()));
        }
    })));
    drop(caught(|| dead.throw(Box::new(1))));
    set_tracer(None);
    log.check(["Throw Some(\"main\") Some(\"main\")"]);
}

/// An ended task used to unwind, as a dead greenlet, one that only a stale queue entry still pointed to.
#[test]
fn a_stale_queue_entry_may_hold_the_last_pointer_to_a_greenlet() {
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

/// With a tracer it was unwound later, by the next greenlet to get control, so that a program did other things when it was traced.
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

/// A thrower that reached it through a link kept it while it waited for an answer.
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
