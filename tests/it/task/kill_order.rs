//! A kill, a wake and a deadline in the same turn: which of them a task sees first.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::pause_clock;
use greenhub::task::State;
use greenhub::{Task, sleep, spawn, yield_now};

use crate::support::{Log, seconds};

#[test]
fn one_that_only_yields_is_killed_at_its_next_yield() {
    let log = Log::new();
    let victim: Task<()> = spawn(log.given_to(|log| {
        loop {
            log.say("turn");
            yield_now();
        }
    }));
    yield_now();
    yield_now();
    log.check(["turn", "turn"]);
    victim.kill_nowait();
    // It stands in the queue: its yield is over, and the next one raises.
    yield_now();
    log.check(["turn"]);
    assert!(victim.is_finished() && victim.join().unwrap_err().is_killed());
}

#[test]
fn a_task_woken_before_its_kill_runs_to_its_next_wait() {
    let log = Log::new();
    let first = Rc::new(spawn(yield_now));
    let victim = Rc::new(spawn(log.given_to({
        let first = first.clone();
        move |log| {
            first.wait();
            log.say("joined");
            yield_now();
            log.say("never");
        }
    })));
    let killer = spawn(log.given_to({
        let (first, victim) = (first.clone(), victim.clone());
        move |log| {
            yield_now();
            assert!(first.is_finished(), "and has woken the victim");
            log.say("kills");
            victim.kill();
        }
    }));
    killer.join().unwrap();
    log.check(["kills", "joined"]);
    assert_eq!(victim.state(), State::Cancelled);
}

#[test]
fn one_that_is_killed_before_it_is_woken_does_not_go_on() {
    let log = Log::new();
    let first = Rc::new(spawn(|| sleep(Duration::MAX)));
    let victim = spawn(log.given_to({
        let first = first.clone();
        move |log| {
            let _fin = log.at_drop("fin");
            first.wait();
            log.say("never");
        }
    }));
    yield_now();
    victim.kill_nowait();
    first.kill_nowait(); // it ends before the victim's turn, and would wake it
    first.wait();
    victim.wait();
    log.check(["fin"]);
    assert_eq!(victim.state(), State::Cancelled);
}

#[test]
fn a_deadline_at_the_moment_of_the_kill_comes_first() {
    for killer_begins_first in [true, false] {
        pause_clock();
        let log = Log::new();
        let victim = Rc::new(RefCell::new(None));
        let killer = |log: &Log| {
            spawn(log.given_to({
                let victim = victim.clone();
                move |log| {
                    sleep(seconds(1));
                    log.say("kills");
                    let victim: Option<Task<()>> = victim.take();
                    victim.unwrap().kill();
                }
            }))
        };
        let early = killer_begins_first.then(|| killer(&log));
        let slept = spawn(log.given_to(|log| {
            sleep(seconds(1));
            log.say("slept");
            sleep(seconds(1));
            log.say("never");
        }));
        *victim.borrow_mut() = Some(slept);
        let late = (!killer_begins_first).then(|| killer(&log));
        early.or(late).unwrap().join().unwrap();
        // Both deadlines have passed when the first of them runs.
        match killer_begins_first {
            true => log.check(["kills", "slept"]),
            false => log.check(["slept", "kills"]),
        }
    }
}
