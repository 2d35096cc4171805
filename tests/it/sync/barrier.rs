//! A barrier: who goes on together, and who is not counted.

use std::rc::Rc;

use greenhub::error::BrokenBarrierError;
use greenhub::hub::pause_clock;
use greenhub::sync::Barrier;
use greenhub::{Task, joinall, sleep, spawn, yield_now};

use crate::support::{Log, begun, millis, panic_text};

fn comes(barrier: &Rc<Barrier>, log: &Log, name: &'static str) -> Task<bool> {
    let (barrier, log) = (barrier.clone(), log.clone());
    spawn(move || {
        let is_leader = barrier.wait().is_leader();
        log.say(name);
        is_leader
    })
}

#[test]
fn they_go_on_together_time_and_again_and_the_last_leads() {
    let (barrier, log) = (Rc::new(Barrier::new(3)), Log::new());
    for _ in 0..2 {
        let tasks = ["a", "b", "c"].map(|name| comes(&barrier, &log, name));
        joinall(&tasks);
        log.check(["c", "a", "b"]);
        let leaders = tasks.map(|task| task.join().unwrap());
        assert_eq!(leaders, [false, false, true]);
    }
    let four = ["a", "b", "c", "d"].map(|name| comes(&barrier, &log, name));
    yield_now();
    yield_now();
    log.check(["c", "a", "b"]);
    assert!(!four[3].is_finished());
    four[3].kill();
}

#[test]
fn for_one_or_none_nobody_waits() {
    assert!(Barrier::new(0).wait().is_leader());
    let one = Barrier::new(1);
    assert!(one.wait().is_leader() && one.wait().is_leader());
    assert_eq!(format!("{one:?}"), "Barrier { is_broken: false, .. }");
}

#[test]
fn who_is_killed_or_out_of_time_there_has_not_come() {
    pause_clock();
    let (barrier, log) = (Rc::new(Barrier::new(2)), Log::new());
    assert!(barrier.wait_timeout(millis(1)).is_none());
    let killed = comes(&barrier, &log, "killed");
    yield_now();
    killed.kill();
    let first = comes(&barrier, &log, "first");
    yield_now();
    yield_now();
    log.check([]);
    assert!(barrier.wait_timeout(millis(1)).unwrap().is_leader());
    assert!(!first.join().unwrap());
    log.check(["first"]);
}

#[test]
fn a_counted_waiter_continues_though_its_time_is_over() {
    pause_clock();
    let barrier = Rc::new(Barrier::new(2));
    let last = spawn({
        let barrier = barrier.clone();
        move || {
            sleep(millis(5));
            barrier.wait().is_leader()
        }
    });
    let timed = spawn({
        let barrier = barrier.clone();
        move || {
            barrier
                .wait_timeout(millis(5))
                .map(|result| result.is_leader())
        }
    });
    assert!(last.join().unwrap());
    assert_eq!(timed.join().unwrap(), Some(false));
}

#[test]
fn the_report_of_a_deadlock_names_it() {
    let text = panic_text(|| Barrier::new(2).wait());
    let expected = "waits for the others at a barrier at tests/it/sync/barrier.rs";
    assert!(text.contains(expected), "{text}");
}

fn checks(barrier: &Rc<Barrier>, log: &Log, name: &'static str) -> Task<()> {
    let (barrier, log) = (barrier.clone(), log.clone());
    begun(move || log.say(format!("{name} {}", barrier.wait_checked().is_ok()))).0
}

#[test]
fn an_abort_tells_all_that_wait_and_all_that_come() {
    let (barrier, log) = (Rc::new(Barrier::new(3)), Log::new());
    let _tasks = ["a", "b"].map(|name| checks(&barrier, &log, name));
    barrier.abort();
    assert!(barrier.is_broken());
    let _late = checks(&barrier, &log, "late");
    log.check(["a false", "b false", "late false"]);
    assert!(barrier.wait_timeout(millis(1)).is_none());
    let text = panic_text(|| barrier.wait());
    assert!(
        text.contains("tests/it/sync/barrier.rs") && text.contains("it is broken"),
        "{text}"
    );
    assert_eq!(BrokenBarrierError.to_string(), "the barrier is broken");
}

#[test]
fn a_reset_tells_those_that_wait_and_begins_anew() {
    let (barrier, log) = (Rc::new(Barrier::new(2)), Log::new());
    barrier.reset();
    let waiter = comes(&barrier, &log, "old");
    yield_now();
    barrier.reset();
    assert!(!barrier.is_broken());
    let _tasks = ["a", "b"].map(|name| checks(&barrier, &log, name));
    assert!(waiter.join().is_err());
    yield_now();
    log.check(["b true", "a true"]);
    barrier.abort();
    barrier.reset();
    let _tasks = ["a", "b"].map(|name| checks(&barrier, &log, name));
    yield_now();
    log.check(["b true", "a true"]);
}

#[test]
fn what_a_wait_came_to_stays_so_though_the_barrier_is_reset() {
    let (barrier, log) = (Rc::new(Barrier::new(2)), Log::new());
    let _passed = checks(&barrier, &log, "passed");
    assert!(barrier.wait().is_leader());
    barrier.abort(); // before the other has run
    barrier.reset();
    yield_now();
    log.check(["passed true"]);
    let (_killed, greenlet) = begun({
        let barrier = barrier.clone();
        move || barrier.wait_checked().is_ok()
    });
    barrier.abort();
    greenlet.kill(); // before it has run
    barrier.reset();
    let _tasks = ["a", "b"].map(|name| checks(&barrier, &log, name));
    yield_now();
    log.check(["b true", "a true"]);
}
