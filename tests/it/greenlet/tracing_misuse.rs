//! Tracers that do more than observe: they panic, remove or replace themselves, or try to switch, which is refused.

use std::cell::{Cell, RefCell};
use std::panic::{panic_any, resume_unwind};
use std::ptr;
use std::rc::Rc;

use greenhub::error::{CannotWait, KillError};
use greenhub::generator::{Generator, Yielder};
use greenhub::greenlet::{Tracer, set_tracer};
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, SwitchError, current};

use crate::support::{Log, caught, in_child, panic_text, started, wait};

#[test]
fn a_panic_at_a_later_switch_removes_the_tracer() {
    // greenlet's test_b_exception_disables_tracing.
    let log = Log::new();
    let greenlet = started({
        let log = log.clone();
        move || {
            log.say(panic_text(wait));
            assert!(set_tracer(None).is_none(), "it was removed");
            wait();
            log.say("goes on");
        }
    });
    let tracer: Tracer = Rc::new(|_, _, _| panic!("of the tracer"));
    let watched = Rc::downgrade(&tracer);
    set_tracer(Some(tracer));
    greenlet.switch(());
    assert!(watched.upgrade().is_none(), "dropped with that");
    log.check(["of the tracer"]);
    greenlet.switch(());
    log.check(["goes on"]);
}

#[test]
fn a_panic_at_the_first_switch_ends_the_greenlet_unstarted() {
    let log = Log::new();
    struct Value(Log);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.say("value dropped");
        }
    }
    let captured = log.at_drop("body dropped");
    let greenlet: Greenlet<Value, ()> = Greenlet::new(move |_| {
        let _captured = captured;
        unreachable!("it never runs");
    });
    set_tracer(Some(Rc::new(|_, _, _| panic_any("of the tracer"))));
    let thrown = caught(|| greenlet.switch(Value(log.clone())));
    assert_eq!(*thrown.downcast::<&str>().unwrap(), "of the tracer");
    assert!(set_tracer(None).is_none());
    assert!(greenlet.is_dead());
    log.check(["value dropped", "body dropped"]);
}

#[test]
fn a_panic_at_the_way_back_replaces_the_value_or_panic() {
    let main = current();
    let panics_in_main = || {
        let main = main.clone();
        set_tracer(Some(Rc::new(move |_, _, target| {
            if *target == main {
                panic!("of the tracer");
            }
        })));
    };
    let log = Log::new();
    let returns: Greenlet<(), _> = Greenlet::new({
        let value = log.at_drop("value dropped");
        move |()| value
    });
    panics_in_main();
    assert_eq!(panic_text(|| drop(returns.switch(()))), "of the tracer");
    log.check(["value dropped"]);
    assert!(set_tracer(None).is_none());
    let panics: Greenlet<(), ()> = Greenlet::new(|()| panic!("of the body"));
    panics_in_main();
    assert_eq!(panic_text(|| panics.switch(())), "of the tracer");
    panics_in_main();
    assert_eq!(
        panic_text(|| main.typed::<u8, u8>().switch(1)),
        "of the tracer"
    );
    panics_in_main();
    assert_eq!(panic_text(|| main.throw(Box::new(1))), "of the tracer");
    started(wait).switch(());
}

#[test]
fn a_panic_while_unwinding_another_removes_the_tracer() {
    let name = "greenlet::tracing_misuse::a_panic_while_unwinding_another_removes_the_tracer";
    let ended = in_child(name, || {
        let victim = started(wait);
        let main = current();
        set_tracer(Some(Rc::new(move |_, _, target| {
            if *target == main {
                resume_unwind(Box::new("of the tracer"));
            }
        })));
        victim.kill();
        assert!(victim.is_dead());
        assert!(set_tracer(None).is_none());
    });
    if let Some(ended) = ended {
        ended.check_success();
        assert!(
            ended
                .stderr
                .contains("greenhub: the tracer panicked and was removed")
        );
    }
}

#[test]
fn a_panic_in_a_killed_greenlet_does_not_stop_its_unwinding() {
    let log = Log::new();
    let victim = started({
        let log = log.clone();
        move || {
            let kill = caught(wait);
            log.say(GreenletExit::is_in(&*kill).to_string());
        }
    });
    set_tracer(Some(Rc::new(|_, _, _| panic!("of the tracer"))));
    victim.kill();
    assert!(victim.is_dead() && set_tracer(None).is_none());
    log.check(["true"]);
}

#[test]
fn one_that_replaces_itself_and_one_that_removes_itself() {
    let log = Log::new();
    let second: Tracer = Rc::new({
        let log = log.clone();
        move |_, _, _| {
            log.say("second");
            assert!(set_tracer(None).is_some());
        }
    });
    let held = log.at_drop("first dropped");
    set_tracer(Some(Rc::new({
        let (log, second) = (log.clone(), second.clone());
        move |_, _, _| {
            let _held = &held;
            log.say("first");
            drop(set_tracer(Some(second.clone())));
            log.say("first is still there");
        }
    })));
    started({
        let log = log.clone();
        move || log.say("body")
    });
    log.check([
        "first",
        "first is still there",
        "first dropped",
        "body",
        "second",
    ]);
    started(|| ());
    assert_eq!(Rc::strong_count(&second), 1);
    log.check([]);
}

/// Tries to leave the running greenlet in every way, and says what the refusals are.
fn try_to_leave(log: &Log, other: &Greenlet<(), ()>) {
    match other.try_switch(()) {
        Err(SwitchError::Tracing(())) => log.say("no switch"),
        answer => panic!("{answer:?}"),
    }
    match other.try_throw(Box::new(5)) {
        Err(SwitchError::Tracing(payload)) => {
            assert_eq!(payload.downcast_ref(), Some(&5));
            log.say("no throw");
        }
        answer => panic!("{answer:?}"),
    }
    let refusal = CannotWait::Tracing.to_string();
    for text in [
        panic_text(|| other.switch(())),
        panic_text(|| other.throw(Box::new(5))),
    ] {
        assert!(text.ends_with(&refusal), "{text}");
    }
}

#[test]
fn a_tracer_cannot_switch_in_main() {
    let (log, other, main) = (Log::new(), started(wait), current());
    set_tracer(Some(Rc::new({
        let (log, other) = (log.clone(), other.clone());
        move |_, _, target| {
            if *target == main {
                try_to_leave(&log, &other);
            }
        }
    })));
    let greenlet: Greenlet<(), String> = Greenlet::new(|()| "the value".to_string());
    let got = greenlet.switch(());
    let text = panic_text(|| Greenlet::<(), ()>::new(|()| panic!("the panic")).switch(()));
    assert!(set_tracer(None).is_some(), "it was not removed");
    assert_eq!((got.as_str(), text.as_str()), ("the value", "the panic"));
    log.check(["no switch", "no throw", "no switch", "no throw"]);
    other.switch(());
}

#[test]
fn a_tracer_cannot_switch_before_a_body_begins() {
    let log = Log::new();
    let greenlet: Greenlet<u8, ()> = Greenlet::new({
        let log = log.clone();
        move |n| log.say(format!("starts with {n}"))
    });
    let (main, first) = (current().typed::<(), ()>(), AnyGreenlet::from(&greenlet));
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |_, _, target| {
            if *target == first {
                try_to_leave(&log, &main);
            }
        }
    })));
    greenlet.switch(5);
    assert!(set_tracer(None).is_some());
    log.check(["no switch", "no throw", "starts with 5"]);
}

#[test]
fn a_tracer_cannot_switch_in_a_greenlet_that_is_killed() {
    let (log, main) = (Log::new(), current().typed::<(), ()>());
    let victim = started({
        let log = log.clone();
        move || {
            let kill = caught(wait);
            log.say(GreenletExit::is_in(&*kill).to_string());
        }
    });
    set_tracer(Some(Rc::new({
        let (log, victim) = (log.clone(), AnyGreenlet::from(&victim));
        move |_, _, target| {
            if *target == victim {
                try_to_leave(&log, &main);
            }
        }
    })));
    victim.kill();
    assert!(set_tracer(None).is_some());
    log.check(["no switch", "no throw", "true"]);
}

#[test]
fn a_tracer_cannot_kill_a_waiter_of_the_running_greenlet() {
    let log = Log::new();
    let outer: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let (log, outer) = (log.clone(), current());
            let inner: Greenlet<(), ()> = Greenlet::new(|()| ());
            let first = AnyGreenlet::from(&inner);
            set_tracer(Some(Rc::new(move |_, _, target| {
                if *target == first {
                    assert_eq!(
                        outer.try_kill(),
                        Err(KillError::Refused(CannotWait::Tracing))
                    );
                    log.say("no kill");
                }
            })));
            inner.switch(());
        }
    });
    outer.switch(());
    assert!(outer.is_dead() && set_tracer(None).is_some());
    log.check(["no kill"]);
}

#[test]
fn a_tracer_may_end_suspended_greenlets_and_resume_generators() {
    let log = Log::new();
    let unwinds = |text: &'static str| {
        let log = log.clone();
        started(move || {
            let _fin = log.at_drop(text);
            wait();
        })
    };
    let ends = Cell::new(Some((unwinds("killed"), unwinds("dropped"))));
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |_, _, _| {
            let Some((killed, dropped)) = ends.take() else {
                return;
            };
            killed.kill();
            drop(dropped);
            let items = Generator::new(|y| (1..3).for_each(|n| y.yield_(n)));
            log.say(format!("{:?}", items.collect::<Vec<_>>()));
        }
    })));
    started(|| ());
    assert!(set_tracer(None).is_some());
    log.check(["killed", "dropped", "[1, 2]"]);
}

/// Goes to `next` from a greenlet that nobody has a handle to while it waits for `above`.
fn abandoned_between(above: Greenlet<(), ()>) -> Greenlet<(), String> {
    Greenlet::new(move |()| {
        let own: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
        let abandoned: Greenlet<(), ()> = Greenlet::new({
            let own = own.clone();
            move |()| {
                drop(own.take());
                above.switch(());
                unreachable!("it is unwound");
            }
        });
        let link = {
            let child: Greenlet<(), ()> = Greenlet::declare();
            child.set_parent(&abandoned).unwrap();
            child.parent().unwrap().typed::<(), ()>()
        };
        own.replace(Some(abandoned));
        link.switch(());
        "the one between goes on".to_string()
    })
}

#[test]
fn a_tracer_cannot_switch_in_the_middle_of_a_handover() {
    // main -> between -> abandoned -> above; above switches to main, so that all of them leave the chain, and between
    // unwinds the abandoned one while main's value lies ready.
    let main = current().typed::<String, String>();
    let above: Greenlet<(), ()> = Greenlet::new({
        let main = main.clone();
        move |()| drop(main.switch("first".to_string()))
    });
    let between = abandoned_between(above);
    let refused = Rc::new(RefCell::new(Vec::new()));
    set_tracer(Some(Rc::new({
        let (refused, between, main) = (refused.clone(), AnyGreenlet::from(&between), main.clone());
        let started = Cell::new(false);
        move |_, _, target| {
            if *target != between || !started.replace(true) {
                return;
            }
            match main.try_switch("second".to_string()) {
                Err(SwitchError::Tracing(value)) => refused.borrow_mut().push(value),
                other => panic!("{other:?}"),
            }
            let stone = main.try_throw(Box::new(1));
            assert!(matches!(stone, Err(SwitchError::Tracing(_))));
            let error = AnyGreenlet::from(&main).try_kill().unwrap_err();
            refused.borrow_mut().push(error.to_string());
        }
    })));
    assert_eq!(between.switch(()), "first");
    assert!(set_tracer(None).is_some());
    assert_eq!(
        *refused.borrow(),
        ["second", "a main greenlet ends with its thread only"]
    );
    assert_eq!(between.switch(()), "the one between goes on");
}

#[test]
fn a_tracer_cannot_switch_after_unwinding_another_greenlet() {
    let (log, victim, other, main) = (Log::new(), started(wait), started(wait), current());
    set_tracer(Some(Rc::new({
        let (log, other) = (log.clone(), other.clone());
        move |_, _, target| {
            if *target == main {
                try_to_leave(&log, &other);
            }
        }
    })));
    drop(victim);
    assert!(set_tracer(None).is_some());
    log.check(["no switch", "no throw"]);
    other.switch(());
}

thread_local! {
    static LENT: Cell<*const Yielder<i32>> = const { Cell::new(ptr::null()) };
}

#[test]
fn a_tracer_cannot_yield_for_the_generator_that_it_runs_in() {
    // The yielder is lent through a thread-local, as the safe crate `scoped-tls` does.
    let other: Greenlet<(), ()> = Greenlet::new(|()| {
        loop {
            wait();
        }
    });
    let log = Log::new();
    let mut generator = Generator::new({
        let other = other.clone();
        move |y: &Yielder<i32>| {
            LENT.set(y);
            other.switch(());
            LENT.set(ptr::null());
            y.yield_(2);
        }
    });
    let main = current();
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |_, _, target| {
            let lent = LENT.get();
            if *target == main && !lent.is_null() {
                log.say(panic_text(|| {
                    // SAFETY: lent by a frame that has not returned.
                    unsafe { &*lent }.yield_(1)
                }));
            }
        }
    })));
    assert_eq!(generator.next(), Some(2));
    set_tracer(None);
    let said = log.take();
    assert_eq!(said.len(), 1);
    assert!(
        said[0].ends_with(&CannotWait::Tracing.to_string()),
        "{}",
        said[0]
    );
}
