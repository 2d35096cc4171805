//! Tracers that do more than look: they panic, go away, switch, and would like to where nothing may.

use std::cell::{Cell, RefCell};
use std::panic::{panic_any, resume_unwind};
use std::ptr;
use std::rc::Rc;

use greenhub::generator::{Generator, Yielder};
use greenhub::greenlet::{Tracer, set_tracer};
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, SwitchError, current, parent};

use crate::support::{Log, caught, in_child, panic_text, started, wait};

#[test]
fn one_that_panics_at_a_later_switch_is_removed_and_the_panic_goes_on_in_the_target() {
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
fn one_that_panics_at_the_first_switch_ends_the_greenlet_before_it_runs() {
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
fn one_that_panics_at_the_way_back_takes_the_place_of_the_value_or_of_the_panic() {
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
fn one_that_panics_in_a_greenlet_that_unwinds_another_is_removed_and_a_line_says_so() {
    let name = "greenlet::tracing_misuse::one_that_panics_in_a_greenlet_that_unwinds_another_is_removed_and_a_line_says_so";
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
fn one_that_panics_in_the_killed_one_does_not_keep_it_from_unwinding() {
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

#[test]
fn one_that_switches_is_traced_itself_and_the_values_arrive() {
    // greenlet's TestBrokenGreenlets.test_reentrant_switch_two_greenlets.
    let log = Log::new();
    let helper: Greenlet<u8, u8> = Greenlet::new(|mut n| {
        loop {
            n = parent::<u8, u8>().switch(n * 2);
        }
    });
    let main = current();
    set_tracer(Some(Rc::new({
        let (log, helper, busy) = (log.clone(), helper, Cell::new(false));
        move |event, _, target| {
            if busy.get() {
                log.say("nested");
            } else if *target == main {
                busy.set(true);
                log.say(format!("{event:?}: the helper says {}", helper.switch(21)));
                busy.set(false);
            }
        }
    })));
    let greenlet: Greenlet<(), String> = Greenlet::new(|()| "the value".to_string());
    let got = greenlet.switch(());
    let text = panic_text(|| Greenlet::<(), ()>::new(|()| panic!("the panic")).switch(()));
    set_tracer(None);
    assert_eq!((got.as_str(), text.as_str()), ("the value", "the panic"));
    log.check([
        "nested",
        "nested",
        "Switch: the helper says 42",
        "nested",
        "nested",
        "Throw: the helper says 42",
    ]);
}

#[test]
fn one_that_switches_away_before_a_body_runs_lets_it_run_later() {
    let log = Log::new();
    let greenlet: Greenlet<u8, ()> = Greenlet::new({
        let log = log.clone();
        move |n| log.say(format!("starts with {n}"))
    });
    let once = Cell::new(true);
    let (main, first) = (current().typed::<(), ()>(), AnyGreenlet::from(&greenlet));
    set_tracer(Some(Rc::new(move |_, _, target| {
        if *target == first && once.replace(false) {
            main.switch(());
        }
    })));
    greenlet.switch(5);
    log.check([]);
    assert!(greenlet.is_active());
    greenlet.typed::<(), ()>().switch(());
    set_tracer(None);
    log.check(["starts with 5"]);
}

#[test]
fn one_that_is_killed_where_it_switched_to_ends_its_greenlet() {
    let log = Log::new();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let captured = log.at_drop("body dropped");
        move |()| {
            let _captured = captured;
            unreachable!("killed before");
        }
    });
    let main = current().typed::<(), ()>();
    let first = AnyGreenlet::from(&greenlet);
    set_tracer(Some(Rc::new(move |_, _, target| {
        if *target == first {
            main.switch(());
        }
    })));
    greenlet.switch(());
    greenlet.kill();
    assert!(greenlet.is_dead());
    set_tracer(None);
    log.check(["body dropped"]);
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
fn one_that_is_called_in_the_middle_of_a_handover_cannot_switch() {
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
                Err(SwitchError::NotWaiting(value)) => refused.borrow_mut().push(value),
                other => panic!("{other:?}"),
            }
            let stone = main.try_throw(Box::new(1));
            assert!(matches!(stone, Err(SwitchError::NotWaiting(_))));
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
fn one_that_switches_in_a_greenlet_that_has_just_unwound_another_panics() {
    let (victim, other) = (started(wait), started(wait));
    let text = Rc::new(RefCell::new(String::new()));
    let main = current();
    set_tracer(Some(Rc::new({
        let (text, other) = (text.clone(), other.clone());
        move |_, _, target| {
            if *target == main {
                *text.borrow_mut() = panic_text(|| other.switch(()));
            }
        }
    })));
    drop(victim);
    set_tracer(None);
    assert!(
        text.borrow().contains("switch to greenlet"),
        "{}",
        text.borrow()
    );
    other.switch(());
}

thread_local! {
    static LENT: Cell<*const Yielder<i32>> = const { Cell::new(ptr::null()) };
}

#[test]
fn one_that_is_called_in_a_generators_body_cannot_yield_for_it() {
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
                // It is called by a switch that goes on with the greenlet that made it.
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
        said[0].ends_with("this runs in a tracer, whose greenlet waits for it"),
        "{}",
        said[0]
    );
}
