//! The cases of `test_throw.py`: where a payload is raised, who catches it, and who is dead afterwards.

use std::any::Any;
use std::panic::resume_unwind;

use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, parent};

use crate::support::{Log, caught, panic_text, started, wait};

/// What these tests throw. It has an address, so that one can see whether it is the same that comes out.
#[derive(Debug, PartialEq)]
struct Complaint(&'static str);

fn complaint(text: &'static str) -> Box<dyn Any + Send> {
    Box::new(Complaint(text))
}

fn address(payload: &(dyn Any + Send)) -> usize {
    (&raw const *payload).addr()
}

/// Says that it is ready, and answers with the text of the complaint that ends its wait.
fn catches_one() -> Greenlet<(), &'static str> {
    let greenlet = Greenlet::new(|()| {
        let thrown = caught(|| parent::<&str, ()>().switch("ready"));
        thrown.downcast::<Complaint>().expect("a complaint").0
    });
    assert_eq!(greenlet.switch(()), "ready");
    greenlet
}

#[test]
fn a_catcher_answers_the_thrower_and_continues() {
    let patient: Greenlet<(), &str> = Greenlet::new(|()| {
        let main = parent::<&str, ()>();
        let thrown = caught(|| main.switch("ready"));
        let Complaint(text) = *thrown.downcast().expect("a complaint");
        main.switch(text);
        "end"
    });
    assert_eq!(patient.switch(()), "ready");
    assert_eq!(patient.throw(complaint("ciao")), "ciao");
    assert!(patient.is_active() && !patient.is_dead());
    assert_eq!(patient.switch(()), "end");
}

#[test]
fn an_uncaught_payload_is_back_in_the_thrower() {
    let log = Log::new();
    let greenlet = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("fin");
            wait();
            log.say("never");
        }
    });
    let thrown = complaint("for nobody");
    let before = address(&*thrown);
    let back = caught(|| greenlet.throw(thrown));
    assert_eq!(address(&*back), before);
    assert!(greenlet.is_dead());
    log.check(["fin"]);
}

#[test]
fn a_second_kill_finds_nothing_to_do() {
    let log = Log::new();
    let greenlet = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("fin");
            wait();
            log.say("never");
        }
    });
    greenlet.kill();
    log.say("killed");
    assert!(greenlet.is_dead());
    greenlet.kill();
    log.check(["fin", "killed"]);
}

#[test]
fn whoever_waits_for_one_that_kills_itself_is_told_so() {
    let log = Log::new();
    let make = || {
        let log = log.clone();
        Greenlet::<u8, u8>::new(move |_| {
            let _fin = log.at_drop("fin");
            current().kill();
            unreachable!("it unwinds in place")
        })
    };
    assert!(matches!(make().try_switch(1), Err(SwitchError::Killed)));
    let text = panic_text(|| make().switch(1));
    assert!(text.ends_with("failed: it was killed"), "{text}");
    log.check(["fin", "fin"]);
}

/// Two that were never switched to, the second with the first for its parent.
fn father_and_son(log: &Log) -> [Greenlet<(), &'static str>; 2] {
    let bodies = ["father", "son"].map(|name| {
        let log = log.clone();
        Greenlet::new(move |()| {
            log.say(name);
            name
        })
    });
    bodies[1]
        .set_parent(&bodies[0])
        .expect("not its descendant");
    bodies
}

#[test]
fn a_throw_into_an_unstarted_child_passes_an_unstarted_parent() {
    let log = Log::new();
    let [father, son] = father_and_son(&log);
    let thrown = complaint("to main");
    let before = address(&*thrown);
    let back = caught(|| son.throw(thrown));
    assert_eq!(address(&*back), before);
    assert!(son.is_dead() && !son.is_started());
    assert!(father.is_dead() && !father.is_started());
    log.check([]);
}

#[test]
fn a_waiting_parent_catches_a_throw_into_an_unstarted_child() {
    let log = Log::new();
    let father = catches_one();
    let [_, son] = father_and_son(&log);
    son.set_parent(&father).expect("not its descendant");
    assert_eq!(son.throw(complaint("caught")), "caught");
    assert!(son.is_dead() && father.is_dead());
    log.check([]);
}

#[test]
fn an_uncaught_throw_reaches_the_parent_not_the_awaited() {
    let father = catches_one();
    let son: Greenlet<(), &str> = Greenlet::new(|()| {
        let main = parent::<(), ()>().parent().expect("the father has one");
        main.typed::<&str, ()>().switch("from the son");
        "never"
    });
    son.set_parent(&father).expect("not its descendant");
    assert_eq!(son.switch(()), "from the son");
    assert_eq!(son.throw(complaint("caught")), "caught");
    assert!(son.is_dead() && father.is_dead());
}

#[test]
fn a_throw_into_a_dead_one_goes_on_in_its_nearest_live_ancestor() {
    let dead: Greenlet<(), &str> = Greenlet::new(|()| "end");
    dead.switch(());
    let thrown = complaint("to its parent, here");
    let before = address(&*thrown);
    assert_eq!(address(&*caught(|| dead.throw(thrown))), before);
    let father = catches_one();
    dead.set_parent(&father).expect("not its descendant");
    assert_eq!(dead.throw(complaint("to the father")), "to the father");
    assert!(father.is_dead());
}

#[test]
fn a_throw_into_oneself_is_raised_in_place() {
    let thrown = complaint("here");
    let before = address(&*thrown);
    assert_eq!(address(&*caught(|| current().throw(thrown))), before);
    let greenlet: Greenlet<(), &str> = Greenlet::new(|()| {
        let raised = caught(|| current().throw(complaint("inside")));
        raised.downcast::<Complaint>().expect("a complaint").0
    });
    assert_eq!(greenlet.switch(()), "inside");
}

#[test]
fn a_throw_into_main_is_raised_and_the_thrower_stays() {
    let log = Log::new();
    let thrower: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let main = current().parent().expect("main");
            main.throw(complaint("for main"));
            log.say("goes on");
        }
    });
    let raised = caught(|| thrower.switch(()));
    assert_eq!(raised.downcast_ref(), Some(&Complaint("for main")));
    assert!(thrower.is_active());
    log.check([]);
    thrower.switch(());
    log.check(["goes on"]);
}

#[test]
fn one_without_a_body_gives_the_payload_back_and_stays_as_it_is() {
    let declared: Greenlet<u8, u8> = Greenlet::declare();
    let thrown = complaint("too early");
    let before = address(&*thrown);
    match declared.try_throw(thrown) {
        Err(SwitchError::Undefined(back)) => assert_eq!(address(&*back), before),
        other => panic!("{other:?}"),
    }
    let text = panic_text(|| declared.throw(complaint("too early")));
    assert!(text.contains("it was declared and has no body"), "{text}");
    assert!(!declared.is_dead());
    declared.define(|n| n + 1);
    assert_eq!(declared.switch(1), 2);
}

#[test]
fn a_refused_throw_returns_the_payload() {
    struct ThrowsAtDrop(Greenlet<(), ()>, Log);
    impl Drop for ThrowsAtDrop {
        fn drop(&mut self) {
            match self.0.try_throw(complaint("refused")) {
                Err(SwitchError::Panicking(back)) => {
                    self.1.say(back.downcast::<Complaint>().expect("it").0);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let log = Log::new();
    let target = started({
        let log = log.clone();
        move || {
            wait();
            log.say("goes on");
        }
    });
    let throws = ThrowsAtDrop(target.clone(), log.clone());
    caught(move || {
        let _throws = throws;
        panic!("so that its destructor runs meanwhile")
    });
    log.check(["refused"]);
    assert!(target.is_active());
    target.switch(());
    log.check(["goes on"]);
}

#[test]
fn a_thrown_payload_survives_a_panic_of_the_dropped_body() {
    /// Catches a panic of its own while it is dropped.
    struct Busy(Log);
    impl Drop for Busy {
        fn drop(&mut self) {
            caught(|| resume_unwind(Box::new("its own")));
            self.0.say("dropped");
        }
    }
    let log = Log::new();
    let captured = Busy(log.clone());
    let never: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
    let raised = caught(|| never.throw(complaint("not lost")));
    assert_eq!(raised.downcast_ref(), Some(&Complaint("not lost")));
    assert!(never.is_dead());
    log.check(["dropped"]);
}

#[test]
fn two_take_turns_until_one_is_thrown_into_and_both_have_ended() {
    let log = Log::new();
    let first: Greenlet<&str, &str> = Greenlet::new({
        let log = log.clone();
        move |word| {
            log.say(word);
            let thrown = caught(|| parent::<&str, ()>().switch("ready"));
            log.say(thrown.downcast::<Complaint>().expect("a complaint").0);
            "caught"
        }
    });
    assert_eq!(first.switch("begin"), "ready");
    let second: Greenlet<(), &str> = Greenlet::new({
        let (log, first) = (log.clone(), AnyGreenlet::from(&first));
        move |()| {
            let _fin = log.at_drop("second unwinds");
            log.say("second");
            // The answer goes to first's parent, main; this one waits until somebody comes back.
            first.throw(complaint("from second"));
            log.say("never");
            "never"
        }
    });
    assert_eq!(second.switch(()), "caught");
    assert!(first.is_dead() && second.is_active());
    second.kill();
    assert!(second.is_dead());
    log.check(["begin", "second", "from second", "second unwinds"]);
}
