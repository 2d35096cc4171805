//! Killing where it is least convenient: those who swallow it, killers, each other, in destructors, in a panic.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::error::CannotWait;
use greenhub::greenlet::Builder;
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, KillError, SwitchError, current, parent};

use crate::support::wait_and_swallow_the_kill;
use crate::support::{AtDrop, Census, InDrop, Log, caught, in_child, panic_text, started, wait};

#[test]
fn a_swallowed_kill_is_repeated_then_the_target_is_leaked() {
    let (census, log) = (Census::new(), Log::new());
    let victim = started({
        let (census, log) = (census.clone(), log.clone());
        move || {
            let _never_dropped = census.one();
            loop {
                wait_and_swallow_the_kill();
                log.say("swallowed");
            }
        }
    });
    let leaked = greenhub::stack::stats().leaked();
    assert_eq!(victim.try_kill(), Ok(()));
    assert_eq!(log.take().len(), 100);
    assert!(victim.is_dead() && !victim.is_active());
    assert_eq!(greenhub::stack::stats().leaked(), leaked + 1);
    assert_eq!(census.dropped(), 0, "its stack stays as it is");
    assert_eq!(victim.try_kill(), Ok(()));
    assert!(log.take().is_empty());
}

#[test]
fn a_target_below_its_killer_that_swallows_stays_dead() {
    let log = Log::new();
    let killer: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let victim: Greenlet<(), ()> = Greenlet::new({
        let (log, killer) = (log.clone(), killer.clone());
        move |()| {
            let victim = current();
            let above: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    victim.kill();
                    log.say(format!("killed: {}", victim.is_dead()));
                    let main = victim.parent().expect("main").typed::<(), ()>();
                    main.switch(());
                    log.say(format!("still: {}", victim.is_dead()));
                }
            });
            killer.replace(Some((&above).into()));
            loop {
                let kill = caught(|| above.switch(()));
                assert!(GreenletExit::is_in(&*kill));
            }
        }
    });
    victim.switch(());
    log.check(["killed: true"]);
    assert!(victim.is_dead() && !victim.is_active());
    let error = victim.try_throw(Box::new("nobody there")).unwrap_err();
    assert!(matches!(error, SwitchError::Dead(_)), "{error:?}");
    assert_eq!(victim.try_kill(), Ok(()));
    killer
        .take()
        .expect("it waits for main")
        .typed::<(), ()>()
        .switch(());
    log.check(["still: true"]);
}

#[test]
fn a_waiting_killer_refuses_kill_throw_and_switch() {
    let log = Log::new();
    let killer: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let victim: Greenlet<(), ()> = Greenlet::new({
        let (log, killer) = (log.clone(), killer.clone());
        move |()| {
            let victim = current();
            let above: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    victim.kill();
                    log.say("killer goes on");
                }
            });
            killer.replace(Some((&above).into()));
            let kill = caught(|| above.switch(()));
            // Not unwinding, but told to.
            assert_eq!(above.try_kill(), Err(KillError::Killing));
            let text = panic_text(|| above.kill());
            assert!(text.ends_with("another greenlet, which it kills"), "{text}");
            log.say("refused");
            drop(above); // not its end: it waits for ours
            for meanwhile in 0..3 {
                let again = match meanwhile {
                    0 => caught(|| {
                        killer
                            .borrow()
                            .as_ref()
                            .unwrap()
                            .typed::<(), ()>()
                            .try_switch(())
                            .is_ok()
                    }),
                    1 => caught(|| {
                        killer
                            .borrow()
                            .as_ref()
                            .unwrap()
                            .try_throw(Box::new(1))
                            .is_ok()
                    }),
                    _ => caught(wait),
                };
                assert!(GreenletExit::is_in(&*again), "told again");
            }
            killer.take();
            log.say("victim unwinds");
            resume_unwind(kill);
        }
    });
    victim.switch(());
    log.check(["refused", "victim unwinds", "killer goes on"]);
}

#[test]
fn a_kill_in_a_destructor_works_while_a_panic_unwinds() {
    let log = Log::new();
    let victim = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("victim unwinds");
            wait();
        }
    });
    let unstarted: Greenlet<(), ()> = Greenlet::new({
        let captured = log.at_drop("body dropped");
        move |()| drop(captured)
    });
    let text = panic_text(|| {
        let _kills = InDrop(|| {
            victim.kill();
            unstarted.kill();
            log.say(format!("panicking: {}", std::thread::panicking()));
        });
        panic!("outer");
    });
    assert_eq!(text, "outer");
    log.check(["victim unwinds", "body dropped", "panicking: true"]);
    assert!(victim.is_dead() && unstarted.is_dead());
}

#[test]
fn a_kill_in_a_panic_is_refused_if_others_must_run_first() {
    let log = Log::new();
    let outer: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let outer = current();
            let inner: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    let _kills = InDrop(|| {
                        for victim in [&outer, &current()] {
                            log.say(format!("{:?}", victim.try_kill().unwrap_err()));
                        }
                    });
                    panic!("inner");
                }
            });
            log.say(panic_text(|| inner.switch(())));
        }
    });
    outer.switch(());
    assert_eq!(
        KillError::Refused(CannotWait::Panicking).to_string(),
        "a panic unwinds the running greenlet, which cannot switch or wait meanwhile"
    );
    log.check(["Refused(Panicking)", "Refused(Panicking)", "inner"]);
}

#[test]
fn a_refused_kill_in_a_destructor_aborts_with_a_message() {
    let name = "greenlet::kill_corners::a_refused_kill_in_a_destructor_aborts_with_a_message";
    let ended = in_child(name, || {
        let outer: Greenlet<(), ()> = Greenlet::new(|()| {
            let outer = current();
            let inner: Greenlet<(), ()> = Greenlet::new(move |()| {
                let _kills = InDrop(|| outer.kill());
                wait();
            });
            inner.switch(());
            inner.kill();
        });
        outer.switch(());
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "cannot kill greenlet",
            "tests/it/greenlet/kill_corners.rs:",
            "while a panic unwinds it (use try_kill in destructors)",
        ]);
    }
}

#[test]
fn catching_the_kill_of_a_panicking_killer_aborts_and_names_both() {
    let name =
        "greenlet::kill_corners::catching_the_kill_of_a_panicking_killer_aborts_and_names_both";
    let ended = in_child(name, || {
        let last = started(|| {
            drop(wait_and_swallow_the_kill());
            wait();
        });
        // It ends another in turn, without a panic of its own.
        let victim = started(move || {
            drop(wait_and_swallow_the_kill());
            last.kill();
        });
        let killer: Greenlet<(), ()> = Builder::new()
            .name("killer")
            .build(move |()| {
                let _kills = InDrop(|| victim.kill());
                panic!("the only panic");
            })
            .expect("a stack");
        killer.switch(());
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "cannot switch to greenlet \"main\" at tests/it/",
            "while a panic unwinds greenlet \"killer\" (made at tests/it/greenlet/kill_corners.rs:",
            "), which ends it (use try_switch in destructors)",
        ]);
    }
}

#[test]
fn two_that_kill_each_other_both_end() {
    let log = Log::new();
    let (a, b): (Greenlet<(), ()>, Greenlet<(), ()>) = (Greenlet::declare(), Greenlet::declare());
    let body = |log: Log, mine: &'static str, other: Greenlet<(), ()>| {
        move |()| {
            let _fin = AtDrop(log.clone(), mine);
            drop(wait_and_swallow_the_kill());
            log.say(match catch_unwind(AssertUnwindSafe(|| other.try_kill())) {
                Ok(done) => format!("{mine} kills the other: {done:?}"),
                Err(kill) => {
                    assert!(GreenletExit::is_in(&*kill));
                    format!("{mine} is told again")
                }
            });
        }
    };
    a.define(body(log.clone(), "a", b.clone()));
    b.define(body(log.clone(), "b", a.clone()));
    a.switch(());
    b.switch(());
    // Main kills a, which kills b, which cannot kill a: that one waits for it.
    a.kill();
    log.check(["b is told again", "b", "a kills the other: Ok(())", "a"]);
    assert!(a.is_dead() && b.is_dead());
}

#[test]
fn a_kill_inside_a_destructor_of_the_killed() {
    let log = Log::new();
    let friend = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("friend");
            wait();
        }
    });
    let victim = started({
        let (log, friend) = (log.clone(), friend.clone());
        move || {
            let _fin = log.at_drop("victim");
            let _kills = InDrop(move || friend.kill());
            wait();
        }
    });
    victim.kill();
    log.check(["friend", "victim"]);
    assert!(friend.is_dead());
}

#[test]
fn the_last_handle_may_go_while_its_greenlet_is_killed() {
    let log = Log::new();
    let slot: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
    let victim = started({
        let (log, slot) = (log.clone(), slot.clone());
        move || {
            let _fin = log.at_drop("fin");
            let _drops = InDrop(move || drop(slot.take()));
            wait();
        }
    });
    let by_link = {
        let child: Greenlet<(), ()> = Greenlet::declare();
        child.set_parent(&victim).expect("no cycle");
        child.parent().expect("just set")
    };
    slot.replace(Some(victim));
    by_link.kill(); // this handle is a link, as each that `parent` gives
    log.check(["fin"]);
    assert!(by_link.is_dead() && slot.borrow().is_none());
}

#[test]
fn a_body_whose_destructor_waits_can_be_killed_there() {
    let log = Log::new();
    let thrower: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let bystander = started({
                let log = log.clone();
                move || {
                    drop(caught(wait));
                    log.say("bystander is thrown into");
                }
            });
            let waits = InDrop({
                let log = log.clone();
                move || {
                    log.say("destructor waits");
                    parent::<(), ()>().switch(());
                }
            });
            let child: Greenlet<(), ()> = Greenlet::new(move |()| drop(waits));
            child.set_parent(&bystander).expect("no cycle");
            // Dropping the body waits; the payload would go on in the bystander after that.
            let end = caught(|| child.try_throw(Box::new("stone")).is_ok());
            assert!(
                GreenletExit::is_in(&*end),
                "told again before anybody else runs"
            );
            log.say("thrower ends");
            std::mem::forget(bystander);
        }
    });
    thrower.switch(());
    log.check(["destructor waits"]);
    thrower.kill();
    log.check(["thrower ends"]);
}
