//! Killing greenlets: in every state, from everywhere, and by each other.

use std::cell::Cell;
use std::panic::resume_unwind;

use greenhub::{AnyGreenlet, Greenlet, GreenletExit, KillError, SwitchError, current, parent};

use crate::support::wait_and_swallow_the_kill;
use crate::support::{Census, InDrop, Log, caught, panic_text, slowness, started, wait};

#[test]
fn a_waiting_target_ends_before_the_next_statement() {
    let log = Log::new();
    let victim = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("fin");
            let kill = wait_and_swallow_the_kill();
            log.say(kill.downcast_ref::<GreenletExit>().unwrap().to_string());
            resume_unwind(kill);
        }
    });
    log.say("kill");
    victim.kill();
    log.say("after");
    log.check(["kill", "the greenlet was killed", "fin", "after"]);
    assert!(victim.is_dead() && victim.is_started() && !victim.is_active());
    assert!(matches!(victim.try_switch(()), Err(SwitchError::Dead(()))));
}

#[test]
fn an_unstarted_target_never_runs_and_drops_its_captures_once() {
    let census = Census::new();
    let captured = census.one();
    let victim: Greenlet<(), ()> = Greenlet::new(move |()| {
        let _captured = captured;
        unreachable!("it never runs");
    });
    victim.kill();
    census.check_all_dropped();
    assert!(victim.is_dead() && !victim.is_started());
    victim.kill();
    drop(victim);
    assert_eq!(census.dropped(), 1);
}

#[test]
fn one_without_a_body_never_gets_one() {
    let victim: Greenlet<u8, u8> = Greenlet::declare();
    victim.kill();
    assert!(victim.is_dead() && !victim.is_started());
    let census = Census::new();
    let captured = census.one();
    let text = panic_text(|| {
        victim.define(move |n| {
            drop(captured);
            n
        });
    });
    assert!(text.ends_with(" has ended"), "{text}");
    census.check_all_dropped();
    assert!(matches!(victim.try_switch(1), Err(SwitchError::Dead(1))));
}

#[test]
fn one_that_has_ended_stays_as_it_is() {
    let returned: Greenlet<(), ()> = Greenlet::new(|()| ());
    returned.switch(());
    let panicked: Greenlet<(), ()> = Greenlet::new(|()| panic!("its end"));
    drop(caught(|| panicked.switch(())));
    for dead in [returned, panicked] {
        assert_eq!(dead.try_kill(), Ok(()));
        dead.kill();
        assert!(dead.is_dead());
    }
}

#[test]
fn a_greenlet_kills_itself_and_its_waiter_learns_of_the_kill() {
    let log = Log::new();
    let body = |log: Log| {
        move |()| -> u8 {
            let _fin = log.at_drop("fin");
            current().kill();
            unreachable!("it is gone");
        }
    };
    let error = Greenlet::new(body(log.clone())).try_switch(()).unwrap_err();
    assert!(matches!(error, SwitchError::Killed), "{error:?}");
    log.check(["fin"]);
    let greenlet: Greenlet<(), u8> = Greenlet::new(body(log.clone()));
    let text = panic_text(|| greenlet.switch(()));
    assert!(text.ends_with("failed: it was killed"), "{text}");
    assert!(greenlet.is_dead());
}

/// The kill returns to the killer, and only one of two can go on.
#[test]
fn a_waiter_of_a_killed_greenlet_takes_the_next_value() {
    let log = Log::new();
    let victim: Greenlet<(), ()> = Greenlet::new({
        let main = current().typed::<(), ()>();
        move |()| main.switch(())
    });
    let waiting: Greenlet<(), ()> = Greenlet::new({
        let (log, victim) = (log.clone(), victim.typed::<(), &str>());
        move |()| log.say(victim.switch(()))
    });
    waiting.switch(()); // which switches to the victim, which switches here
    victim.kill();
    log.check([]);
    assert!(victim.is_dead() && waiting.is_active());
    waiting.typed::<&str, ()>().switch("an answer");
    log.check(["an answer"]);
    assert!(waiting.is_dead());
}

#[test]
fn oneself_may_catch_its_own_kill_like_any_panic() {
    let greenlet: Greenlet<(), u8> = Greenlet::new(|()| {
        for _ in 0..200 {
            let kill = caught(|| current().kill());
            assert!(GreenletExit::is_in(&*kill));
        }
        7
    });
    assert_eq!(greenlet.switch(()), 7);
}

#[test]
fn main_cannot_be_killed_by_itself_nor_by_others() {
    assert_eq!(current().try_kill(), Err(KillError::Main));
    let text = panic_text(|| current().kill());
    assert!(
        text.starts_with("greenlet \"main\"") && text.ends_with("ends with its thread only"),
        "{text}"
    );
    let greenlet: Greenlet<(), Result<(), KillError>> =
        Greenlet::new(|()| parent::<(), ()>().try_kill());
    assert_eq!(greenlet.switch(()), Err(KillError::Main));
}

#[test]
fn a_target_below_its_killer_unwinds_and_the_killer_resumes() {
    let log = Log::new();
    let outer: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let _outer = log.at_drop("outer unwinds");
            let victim = current();
            let killer: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    log.say("killer kills");
                    victim.kill();
                    log.say("killer goes on");
                    assert!(victim.is_dead());
                    victim.kill();
                }
            });
            killer.switch(());
            log.say("never");
        }
    });
    outer.switch(());
    log.check(["killer kills", "outer unwinds", "killer goes on"]);
    assert!(outer.is_dead());
}

#[test]
fn the_killer_of_its_parent_ends_into_the_grandparent() {
    let outer: Greenlet<(), u8> = Greenlet::new(|()| {
        let victim = current();
        let child: Greenlet<(), u8> = Greenlet::new(move |()| {
            victim.kill();
            9
        });
        child.switch(()) + 1
    });
    assert_eq!(outer.switch(()), 9, "from the child, not from outer");
}

#[test]
fn the_whole_chain_below_can_be_killed_from_its_top() {
    fn level(depth: usize, below: Vec<AnyGreenlet>, log: Log) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let _here = log.at_drop(NAMES[depth]);
        let mut all = below;
        all.push(current());
        if depth == 3 {
            for victim in &all[..3] {
                victim.kill();
                log.say("killed");
            }
            return;
        }
        let next: Greenlet<(), ()> = Greenlet::new(move |()| level(depth + 1, all, log));
        next.switch(());
        unreachable!("killed there");
    }
    let log = Log::new();
    let root: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| level(0, Vec::new(), log)
    });
    root.switch(());
    log.check(["a", "killed", "b", "killed", "c", "killed", "d"]);
}

#[test]
fn a_kill_from_a_greenlet_with_the_types_unknown_is_the_same() {
    let victim = started(wait);
    let any = AnyGreenlet::from(&victim);
    assert_eq!(any.try_kill(), Ok(()));
    any.kill();
    assert!(victim.is_dead());
}

#[test]
fn a_panic_of_the_cleanup_is_nobodys() {
    let log = Log::new();
    let victim = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("fin");
            drop(caught(wait));
            panic!("of the cleanup");
        }
    });
    victim.kill();
    log.check(["fin"]);
    // That of a body which never ran is the killer's.
    let panics = Cell::new(Some(InDrop(|| panic!("of the capture"))));
    let unstarted: Greenlet<(), ()> = Greenlet::new(move |()| drop(panics));
    assert_eq!(panic_text(|| unstarted.kill()), "of the capture");
    assert!(unstarted.is_dead());
}

#[test]
fn ten_thousand_kills_leave_nothing_behind() {
    let census = Census::new();
    let before = greenhub::stack::stats();
    for _ in 0..10_000 / slowness() {
        let victim = started({
            let captured = census.one();
            move || {
                let _captured = captured;
                wait();
            }
        });
        victim.kill();
    }
    census.check_all_dropped();
    let after = greenhub::stack::stats();
    assert_eq!(
        (after.in_use(), after.leaked()),
        (before.in_use(), before.leaked())
    );
}
