//! Scopes in which the running greenlet must not be left: what they refuse, what they do not, and how they nest.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;

use greenhub::generator::{Generator, Yielder};
use greenhub::greenlet::{no_switch, set_tracer};
use greenhub::{Greenlet, GreenletExit, SwitchError, current};

use crate::support::{AtDrop, Log, caught, in_child, panic_text, started, wait};

#[test]
fn a_switch_inside_returns_the_value_and_names_the_line() {
    let other: Greenlet<String, usize> = Greenlet::new(|text: String| text.len());
    let line = line!() + 1;
    let refused = no_switch(|| other.try_switch("kept".into()));
    match refused {
        Err(SwitchError::Forbidden { value, place }) => {
            assert_eq!((value.as_str(), place.line()), ("kept", line));
            assert_eq!(place.file(), file!());
        }
        refused => panic!("{refused:?}"),
    }
    assert!(!other.is_started());
    assert_eq!(other.switch("four".into()), 4, "outside it is switched to");
}

#[test]
fn a_panic_of_a_refused_switch_ends_the_scope() {
    let other: Greenlet<(), u8> = Greenlet::new(|()| 1);
    let line = line!() + 1;
    let text = panic_text(|| no_switch(|| other.switch(())));
    let why = format!(
        "this runs inside no_switch, which was called at {}:{line}:",
        file!()
    );
    assert!(text.contains(&why), "{text}");
    assert_eq!(other.switch(()), 1);
}

#[test]
fn it_gives_what_its_body_gives_and_lets_panics_through() {
    assert_eq!(no_switch(|| "value"), "value");
    assert_eq!(panic_text(|| no_switch(|| panic!("through"))), "through");
    started(wait).switch(());
}

#[test]
fn the_innermost_scope_is_the_one_that_is_named() {
    let other: Greenlet<(), ()> = Greenlet::new(|()| ());
    let place = || match other.try_switch(()) {
        Err(SwitchError::Forbidden { place, .. }) => place.line(),
        refused => panic!("{refused:?}"),
    };
    let first = line!() + 1;
    no_switch(|| {
        assert_eq!(place(), first);
        let second = line!() + 1;
        no_switch(|| assert_eq!(place(), second));
        assert_eq!(place(), first, "and then the outer one again");
        let third = line!() + 1;
        drop(caught(|| {
            no_switch(|| resume_unwind(Box::new(place() == third)))
        }));
        assert_eq!(place(), first, "also after a panic");
    });
    other.switch(());
}

#[test]
fn a_scope_covers_all_callees_and_no_later_greenlet() {
    let log = Log::new();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let inside = no_switch(|| caught(wait));
            assert!(inside.is::<String>());
            log.say("refused in a greenlet");
            wait();
            log.say("goes on");
        }
    });
    greenlet.switch(());
    greenlet.switch(());
    log.check(["refused in a greenlet", "goes on"]);
}

#[test]
fn oneself_may_be_switched_to_thrown_into_and_killed() {
    let greenlet: Greenlet<(), ()> = Greenlet::new(|()| {
        no_switch(|| {
            let me = current();
            assert_eq!(me.typed::<u8, u8>().switch(5), 5);
            let thrown = caught(|| me.throw(Box::new("stone")));
            assert_eq!(*thrown.downcast::<&str>().unwrap(), "stone");
            me.kill();
        });
        unreachable!("killed inside");
    });
    assert!(matches!(greenlet.try_switch(()), Err(SwitchError::Killed)));
    // The scope went with the greenlet.
    started(wait).switch(());
}

#[test]
fn who_waits_can_be_dropped_and_killed_and_unwinds_as_outside() {
    let log = Log::new();
    let suspended = |name: &'static str| {
        let log = log.clone();
        started(move || {
            let _fin = AtDrop(log, name);
            wait();
        })
    };
    let (dropped, killed) = (suspended("dropped"), suspended("killed"));
    let unstarted: Greenlet<(), ()> = Greenlet::new({
        let captured = log.at_drop("body dropped");
        move |()| drop(captured)
    });
    no_switch(|| {
        drop(dropped);
        log.say("between");
        killed.kill();
        unstarted.kill();
    });
    log.check(["dropped", "between", "killed", "body dropped"]);
}

#[test]
fn one_that_is_killed_inside_and_swallows_that_is_told_again() {
    let log = Log::new();
    let victim = started({
        let log = log.clone();
        move || {
            for word in ["first", "second"] {
                let kill = caught(wait);
                assert!(GreenletExit::is_in(&*kill), "not a word of the scope");
                log.say(word);
            }
            // In a scope of its own it is refused as anybody.
            let text = panic_text(|| no_switch(wait));
            log.say(text.contains("this runs inside no_switch").to_string());
        }
    });
    no_switch(|| victim.kill());
    log.check(["first", "second", "true"]);
    assert!(victim.is_dead());
}

#[test]
fn a_scope_inside_one_that_is_unwound_inside_another() {
    let log = Log::new();
    struct ScopeAtDrop(Log);
    impl Drop for ScopeAtDrop {
        fn drop(&mut self) {
            no_switch(|| self.0.say("scope at drop"));
        }
    }
    let victim = started({
        let log = log.clone();
        move || {
            let _scope = ScopeAtDrop(log);
            wait();
        }
    });
    let other: Greenlet<(), ()> = Greenlet::new(|()| ());
    let line = line!() + 1;
    no_switch(|| {
        drop(victim);
        match other.try_switch(()) {
            Err(SwitchError::Forbidden { place, .. }) => assert_eq!(place.line(), line),
            refused => panic!("{refused:?}"),
        }
    });
    log.check(["scope at drop"]);
    other.switch(());
}

#[test]
fn a_generator_may_be_resumed_inside_and_yield_out() {
    let mut numbers = Generator::new(|y| {
        for n in 0..3 {
            y.yield_(n);
        }
    });
    let inside: Vec<i32> = no_switch(|| numbers.by_ref().take(2).collect());
    assert_eq!(inside, [0, 1]);
    assert_eq!(numbers.next(), Some(2));
    no_switch(|| drop(numbers));
}

#[test]
fn a_body_cannot_yield_out_of_its_scope_but_may_afterwards() {
    let log = Log::new();
    let line = line!() + 4;
    let mut generator = Generator::new({
        let log = log.clone();
        move |y: &Yielder<i32>| {
            let text = panic_text(|| no_switch(|| y.yield_(1)));
            log.say(text);
            y.yield_(2);
        }
    });
    assert_eq!(generator.next(), Some(2));
    let said = log.take().remove(0);
    let file = file!();
    assert!(
        said.starts_with(&format!("the generator made at {file}:")),
        "{said}"
    );
    let why = format!("this runs inside no_switch, which was called at {file}:{line}:");
    assert!(
        said.contains(&format!(" cannot yield at {file}:{line}:")) && said.contains(&why),
        "{said}"
    );
    assert_eq!(generator.next(), None);
}

#[test]
fn a_body_inside_a_scope_of_an_outer_body_may_yield_to_it() {
    let mut outer = Generator::new(|y: &Yielder<Vec<i32>>| {
        let items = no_switch(|| Generator::new(|y| (0..3).for_each(|n| y.yield_(n))).collect());
        y.yield_(items);
        // And the other way round: the inner one has the scope, and the outer one does not yield in it.
        let mut inner = Generator::new(|y| {
            y.yield_(no_switch(|| 7));
        });
        y.yield_(no_switch(|| inner.by_ref().collect()));
    });
    assert_eq!(outer.next(), Some(vec![0, 1, 2]));
    assert_eq!(outer.next(), Some(vec![7]));
    assert_eq!(outer.next(), None);
}

#[test]
fn a_body_that_switches_inside_is_refused_on_every_stack() {
    // The scope lies on the greenlet's stack, the switch is made on that of a generator.
    let other: Greenlet<(), ()> = Greenlet::new(|()| ());
    let mut tries = Generator::new({
        let other = other.clone();
        move |y| {
            for _ in 0..2 {
                y.yield_(other.try_switch(()).map_err(|error| error.to_string()));
            }
        }
    });
    let refused = no_switch(|| tries.next()).expect("an item").unwrap_err();
    assert!(
        refused.starts_with("this runs inside no_switch"),
        "{refused}"
    );
    assert_eq!(tries.next(), Some(Ok(())), "the same body, outside");
}

#[test]
fn a_generator_is_closed_inside() {
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            let _fin = log.at_drop("fin");
            y.yield_(1);
        }
    });
    generator.next();
    no_switch(|| generator.close());
    log.check(["fin"]);
}

#[test]
fn a_destructor_may_open_a_scope_in_the_middle_of_a_panic() {
    let log = Log::new();
    struct ScopeAtDrop(Log, Greenlet<(), ()>);
    impl Drop for ScopeAtDrop {
        fn drop(&mut self) {
            // The panic is the first thing that stands against it.
            let error = no_switch(|| self.1.try_switch(())).unwrap_err();
            assert!(matches!(error, SwitchError::Panicking(())));
            self.0.say("refused");
        }
    }
    let scope = ScopeAtDrop(log.clone(), Greenlet::new(|()| ()));
    let text = panic_text(move || {
        let _scope = scope;
        panic!("outer");
    });
    assert_eq!(text, "outer");
    log.check(["refused"]);
}

#[test]
fn a_tracer_is_in_the_scope_that_it_is_called_in() {
    let log = Log::new();
    let (victim, other) = (started(wait), Greenlet::<(), ()>::new(|()| ()));
    let main = current();
    set_tracer(Some(Rc::new({
        let (log, other) = (log.clone(), other.clone());
        move |_, _, target| {
            if *target == main {
                log.say(other.try_switch(()).unwrap_err().to_string());
            }
        }
    })));
    no_switch(|| victim.kill());
    set_tracer(None);
    let said = log.take();
    assert_eq!(said.len(), 1, "control came back once");
    other.switch(());
}

#[test]
fn a_greenlet_that_ends_inside_its_scope_ends_the_scope() {
    let ends: Greenlet<(), ()> = Greenlet::new(|()| no_switch(|| panic!("inside")));
    assert_eq!(panic_text(|| ends.switch(())), "inside");
    started(wait).switch(());
}

#[test]
fn each_thread_has_its_own_scopes() {
    no_switch(|| {
        let other = std::thread::spawn(|| Greenlet::new(|n: u8| n + 1).switch(1));
        assert_eq!(other.join().unwrap(), 2);
    });
}

#[test]
fn a_thread_that_ends_inside_a_scope_ends_like_any_other() {
    let ended = std::thread::spawn(|| {
        let kept = Rc::new(RefCell::new(Vec::new()));
        no_switch(|| {
            kept.borrow_mut().push(Greenlet::<(), ()>::new(|()| ()));
            resume_unwind(Box::new("ends it"));
        })
    });
    let payload = ended.join().unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "ends it");
}

#[test]
fn a_process_that_exits_inside_a_scope_exits() {
    let ended = in_child(
        "greenlet::no_switch::a_process_that_exits_inside_a_scope_exits",
        || {
            let greenlet: Greenlet<(), ()> = Greenlet::new(|()| {
                let _waiting = started(wait);
                no_switch(|| std::process::exit(7));
            });
            greenlet.switch(());
        },
    );
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
    }
}
