//! Throwing into greenlets: where the payload goes on, and who waits for an answer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, parent};

use crate::support::{AtDrop, Census, Log, caught, in_child, panic_text, started, wait};

/// What the greenlets of this file throw.
fn stone(text: &'static str) -> Box<dyn Any + Send> {
    Box::new(text)
}

/// The text of a stone that was caught.
#[track_caller]
fn text_of(payload: Box<dyn Any + Send>) -> &'static str {
    *payload.downcast::<&str>().expect("a stone")
}

#[test]
fn one_that_catches_it_answers_the_thrower_and_lives_on() {
    let patient: Greenlet<(), &str> = Greenlet::new(|()| {
        let main = parent::<&str, ()>();
        let thrown = caught(|| main.switch("ready"));
        assert_eq!(text_of(thrown), "a stone");
        main.switch("caught it");
        "done"
    });
    assert_eq!(patient.switch(()), "ready");
    assert_eq!(patient.throw(stone("a stone")), "caught it");
    assert!(patient.is_active());
    assert_eq!(patient.switch(()), "done");
    assert!(patient.is_dead());
}

#[test]
fn an_uncaught_throw_unwinds_and_reaches_the_parent_unchanged() {
    struct Payload(#[expect(dead_code, reason = "so that it has an address")] u64);
    let log = Log::new();
    let greenlet = started({
        let log = log.clone();
        move || {
            let _cleanup = log.at_drop("unwinds");
            wait();
            log.say("never");
        }
    });
    let payload: Box<dyn Any + Send> = Box::new(Payload(1));
    let address = (&raw const *payload).addr();
    let arrived = caught(|| greenlet.throw(payload));
    assert!(arrived.is::<Payload>());
    assert_eq!((&raw const *arrived).addr(), address);
    assert!(greenlet.is_dead());
    log.check(["unwinds"]);
}

#[test]
fn no_panic_hook_runs() {
    let name = "greenlet::throwing::no_panic_hook_runs";
    let ended = in_child(name, || {
        let greenlet = started(wait);
        drop(caught(|| greenlet.throw(stone("first"))));
        drop(caught(|| greenlet.throw(stone("second"))));
        drop(caught(|| current().throw(stone("third"))));
        Greenlet::<(), ()>::new(|()| ())
            .try_throw(stone("fourth"))
            .ok();
    });
    if let Some(ended) = ended {
        // The last one is caught by nobody, and ends the test.
        assert_eq!(ended.status.code(), Some(101));
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}

#[test]
fn one_that_never_ran_never_runs_and_its_body_is_dropped() {
    let (log, census) = (Log::new(), Census::new());
    let captured = (log.at_drop("body dropped"), census.one());
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| {
        let _captured = captured;
        unreachable!("it never runs");
    });
    // It goes on in the parent, which is here.
    assert_eq!(text_of(caught(|| greenlet.throw(stone("first")))), "first");
    log.check(["body dropped"]);
    census.check_all_dropped();
    assert!(greenlet.is_dead() && !greenlet.is_started());
    match greenlet.try_throw(stone("second")) {
        Err(SwitchError::Dead(payload)) => assert_eq!(text_of(payload), "second"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_throw_at_a_dead_target_reaches_the_nearest_live_ancestor() {
    let log = Log::new();
    let elder: Greenlet<(), AnyGreenlet> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let child: Greenlet<(), ()> = Greenlet::new(|()| ());
            child.switch(());
            assert!(child.is_dead());
            // Of the running one: here.
            assert_eq!(text_of(caught(|| child.throw(stone("here")))), "here");
            let child = AnyGreenlet::from(&child);
            let thrown = caught(|| parent::<AnyGreenlet, ()>().switch(child.clone()));
            log.say(format!("elder caught {}", text_of(thrown)));
            child
        }
    });
    let child = elder.switch(());
    let answer = child.typed::<(), AnyGreenlet>().throw(stone("there"));
    assert_eq!(answer, child);
    log.check(["elder caught there"]);
    // Now elder has ended, too, and it goes on in main.
    assert_eq!(text_of(caught(|| child.throw(stone("main")))), "main");
    let error = child.try_throw(stone("tried")).unwrap_err();
    assert_eq!(format!("{error:?}"), "SwitchError::Dead(it has ended)");
}

#[test]
fn at_oneself_it_is_raised_in_place() {
    let thrown = caught(|| current().throw(stone("in main")));
    assert_eq!(text_of(thrown), "in main");
    let greenlet: Greenlet<(), &str> = Greenlet::new(|()| {
        let me = current().typed::<(), u64>();
        let thrown = catch_unwind(AssertUnwindSafe(|| me.try_throw(stone("in place")).is_ok()));
        text_of(thrown.unwrap_err())
    });
    assert_eq!(greenlet.switch(()), "in place");
    let text = panic_text(|| {
        Greenlet::<(), ()>::new(|()| current().throw(stone("to the parent"))).switch(());
    });
    assert_eq!(text, "to the parent");
}

#[test]
fn the_thrower_goes_on_when_somebody_switches_back_to_it() {
    let log = Log::new();
    let target = started({
        let log = log.clone();
        move || {
            let thrown = caught(wait);
            log.say(format!("target caught {}", text_of(thrown)));
            wait(); // main goes on, and not the thrower
            log.say("target ends");
        }
    });
    let thrower: Greenlet<(), ()> = Greenlet::new({
        let (log, target) = (log.clone(), target.clone());
        move |()| {
            let answer = target.typed::<(), u32>().throw(stone("it"));
            log.say(format!("thrower got {answer}"));
        }
    });
    thrower.switch(());
    log.check(["target caught it"]);
    assert!(thrower.is_active());
    thrower.typed::<u32, ()>().switch(7);
    log.check(["thrower got 7"]);
    target.switch(());
    log.check(["target ends"]);
}

#[test]
fn the_thrower_stays_suspended_while_the_parent_continues() {
    let target = started(wait);
    let log = Log::new();
    let sibling: Greenlet<(), ()> = Greenlet::new({
        let (log, target) = (log.clone(), target.clone());
        move |()| {
            target.throw(stone("through"));
            log.say("sibling goes on");
        }
    });
    assert_eq!(text_of(caught(|| sibling.switch(()))), "through");
    assert!(target.is_dead() && sibling.is_active());
    log.check([]);
    sibling.switch(());
    log.check(["sibling goes on"]);
}

#[test]
fn a_target_below_the_thrower_gets_the_payload() {
    let log = Log::new();
    let outer: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let outer = current();
            let inner: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    let _inner = log.at_drop("inner ends");
                    outer.throw(stone("from above"));
                    log.say("inner goes on");
                }
            });
            let thrown = caught(|| inner.switch(()));
            log.say(format!("outer caught {}", text_of(thrown)));
            inner.switch(());
            log.say("outer ends");
        }
    });
    outer.switch(());
    log.check([
        "outer caught from above",
        "inner goes on",
        "inner ends",
        "outer ends",
    ]);
}

#[test]
fn main_can_be_thrown_into_like_any_other() {
    let greenlet: Greenlet<(), ()> = Greenlet::new(|()| {
        let main = parent::<(), ()>();
        assert_eq!(main.throw(stone("up")), ());
    });
    assert_eq!(text_of(caught(|| greenlet.switch(()))), "up");
    assert!(greenlet.is_active());
    greenlet.switch(());
    assert!(greenlet.is_dead());
}

/// greenlet's `test_throw_goes_to_original_parent`: a catcher, and a child of its that is thrown into.
fn catcher_and_child() -> (Greenlet<(), &'static str>, Greenlet<(), &'static str>) {
    let catcher = Greenlet::new(|()| {
        let main = parent::<&str, ()>();
        match catch_unwind(AssertUnwindSafe(|| main.switch("ready"))) {
            Ok(()) => "normal exit",
            Err(_) => "caught",
        }
    });
    let main = current().typed::<&str, ()>();
    let child = Greenlet::new(move |()| {
        main.switch("from child");
        "child ends"
    });
    child.set_parent(&catcher).expect("no cycle");
    (catcher, child)
}

#[test]
fn neither_was_started_and_it_goes_on_past_both() {
    let (catcher, child) = catcher_and_child();
    assert_eq!(text_of(caught(|| child.throw(stone("past")))), "past");
    assert!(child.is_dead() && catcher.is_dead());
    assert!(!catcher.is_started());
}

#[test]
fn the_parent_catches_a_throw_at_an_unstarted_child() {
    let (catcher, child) = catcher_and_child();
    assert_eq!(catcher.switch(()), "ready");
    assert_eq!(child.throw(stone("at it")), "caught");
    assert!(child.is_dead() && catcher.is_dead());
}

#[test]
fn the_parent_catches_what_is_thrown_into_a_child_that_waits() {
    let (catcher, child) = catcher_and_child();
    assert_eq!(catcher.switch(()), "ready");
    assert_eq!(child.switch(()), "from child");
    assert_eq!(child.throw(stone("at it")), "caught");
    assert!(child.is_dead() && catcher.is_dead());
}

#[test]
fn one_without_a_body_gives_the_payload_back_and_stays_as_it_is() {
    let declared: Greenlet<u8, u8> = Greenlet::declare();
    match declared.try_throw(stone("back")) {
        Err(SwitchError::Undefined(payload)) => assert_eq!(text_of(payload), "back"),
        other => panic!("{other:?}"),
    }
    let text = panic_text(|| declared.throw(stone("lost")));
    assert!(text.starts_with("throw into greenlet "), "{text}");
    assert!(text.contains("tests/it/greenlet/throwing.rs:"), "{text}");
    assert!(text.contains("it was declared and has no body"), "{text}");
    declared.define(|n| n + 1);
    assert_eq!(declared.switch(1), 2);
}

/// Throws in its destructor, and says what came of it.
struct ThrowsAtDrop(Log, AnyGreenlet);

impl Drop for ThrowsAtDrop {
    fn drop(&mut self) {
        for target in [&self.1, &current()] {
            match target.try_throw(stone("at drop")) {
                Err(SwitchError::Panicking(payload)) => self.0.say(text_of(payload)),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_destructor_that_a_panic_runs_gets_the_payload_back() {
    let (log, target) = (Log::new(), started(wait));
    let throws = ThrowsAtDrop(log.clone(), (&target).into());
    let text = panic_text(move || {
        let _throws = throws;
        panic!("outer");
    });
    assert_eq!(text, "outer");
    log.check(["at drop", "at drop"]);
    target.switch(());
}

#[test]
fn a_throw_in_an_unwinding_destructor_aborts_with_a_message() {
    struct Throws(AnyGreenlet);
    impl Drop for Throws {
        fn drop(&mut self) {
            self.0.throw(stone("never arrives"));
        }
    }
    let name = "greenlet::throwing::a_throw_in_an_unwinding_destructor_aborts_with_a_message";
    let ended = in_child(name, || {
        let _throws = Throws((&started(wait)).into());
        panic!("so that it unwinds");
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "greenlet \"main\" cannot throw into greenlet 2",
            "tests/it/greenlet/throwing.rs:",
            "while a panic unwinds it (use try_throw in destructors)",
        ]);
    }
}

#[test]
fn the_answer_to_a_throw_may_be_of_the_wrong_type_or_a_panic() {
    let answers = |what: fn()| -> Greenlet<(), u8> {
        let greenlet = Greenlet::new(move |()| {
            drop(caught(wait));
            what();
            7
        });
        greenlet.typed::<(), ()>().switch(());
        greenlet
    };
    assert_eq!(answers(|| ()).throw(stone("")), 7);
    match answers(|| ()).typed::<(), String>().try_throw(stone("")) {
        Err(SwitchError::WrongAnswer { value, .. }) => assert!(value.is::<u8>()),
        other => panic!("{other:?}"),
    }
    let panics = answers(|| panic!("another"));
    assert_eq!(panic_text(|| panics.throw(stone("one"))), "another");
}

#[test]
fn a_payload_that_nobody_takes_is_dropped_once() {
    let log = Log::new();
    // AtDrop is not Send, so its text goes by a payload that is.
    struct Payload(std::sync::mpsc::Sender<&'static str>);
    impl Drop for Payload {
        fn drop(&mut self) {
            self.0
                .send("payload dropped")
                .expect("the test waits for it");
        }
    }
    let (sender, drops) = std::sync::mpsc::channel();
    let ignores = started({
        let log = log.clone();
        move || {
            let _ends = AtDrop(log.clone(), "ends");
            drop(caught(wait));
            log.say("ignored");
        }
    });
    ignores.throw(Box::new(Payload(sender.clone())));
    log.check(["ignored", "ends"]);
    assert_eq!(drops.try_iter().count(), 1);
    drop(ignores.try_throw(Box::new(Payload(sender.clone()))));
    assert_eq!(drops.try_iter().count(), 1);
    let unstarted: Greenlet<(), ()> = Greenlet::new(|()| ());
    drop(caught(|| unstarted.throw(Box::new(Payload(sender)))));
    assert_eq!(drops.try_iter().count(), 1);
}
