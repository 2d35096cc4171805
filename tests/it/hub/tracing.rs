//! The tracer with a hub: each turn of a task is traced, and a tracer may spawn and wake tasks, but not wait.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;

use greenhub::error::CannotWait;
use greenhub::greenlet::{TraceEvent, set_tracer};
use greenhub::hub::{now, pause_clock};
use greenhub::sync::Event;
use greenhub::{AnyGreenlet, SwitchError, Task, current, sleep, spawn, task, yield_now};

use crate::support::{Log, child, millis, panic_text};

fn named<T: 'static>(name: &str, body: impl FnOnce() -> T + 'static) -> Task<T> {
    task::Builder::new().name(name).spawn(body).unwrap()
}

fn name_of(greenlet: &AnyGreenlet) -> &str {
    greenlet.name().unwrap_or("?")
}

/// Sets a tracer that says what it sees.
fn trace(log: &Log) {
    let log = log.clone();
    set_tracer(Some(Rc::new(move |event, origin, target| {
        let event = match event {
            TraceEvent::Switch => "",
            _ => "throw ",
        };
        log.say(format!("{event}{} {}", name_of(origin), name_of(target)));
    })));
}

#[test]
fn each_turn_is_seen_from_the_very_first_one() {
    pause_clock(); // a turn that takes its time makes the next slices shorter
    let log = Log::new();
    trace(&log);
    let one = named("one", yield_now);
    let two = named("two", || ());
    one.join().unwrap();
    two.join().unwrap();
    set_tracer(None);
    log.check([
        "main hub", "hub one", "one hub", // the first slice is a single turn
        "hub two", "two one", "one hub", "hub main",
    ]);
}

#[test]
fn a_sleeper_is_woken_by_the_hub() {
    pause_clock();
    let log = Log::new();
    yield_now(); // the hub is at work
    let sleeper = named("sleeper", || sleep(millis(5)));
    trace(&log);
    sleeper.join().unwrap();
    set_tracer(None);
    let said = log.take();
    let sleeper_turns: Vec<_> = said
        .iter()
        .filter(|line| line.contains("sleeper"))
        .collect();
    assert_eq!(sleeper_turns[0], "hub sleeper");
    assert_eq!(sleeper_turns[1], "sleeper hub");
    assert_eq!(sleeper_turns[2], "hub sleeper");
    assert_eq!(said.last().unwrap().split(' ').next_back(), Some("main"));
}

#[test]
fn a_panic_of_a_task_is_a_switch_for_it_stays_with_its_join() {
    let log = Log::new();
    yield_now();
    let task = named("task", || panic!("kept for the join"));
    trace(&log);
    let outcome: Result<(), _> = task.join();
    set_tracer(None);
    assert!(outcome.is_err());
    let said = log.take();
    assert!(
        said.iter().all(|line| !line.starts_with("throw")),
        "{said:?}"
    );
    assert_eq!(said[0], "main hub");
}

#[test]
fn a_task_kill_traces_as_a_throw_and_a_switch_to_the_killer() {
    let seen = Rc::new(RefCell::new(None));
    let victim = named("victim", {
        let seen = seen.clone();
        move || {
            seen.replace(Some(current()));
            sleep(millis(1000));
        }
    });
    yield_now();
    let greenlet = seen.take().expect("it has begun");
    let log = Log::new();
    trace(&log);
    greenlet.kill();
    set_tracer(None);
    log.check(["throw main victim", "victim main"]);
    assert!(victim.join().unwrap_err().is_killed());
}

/// Tries to wait in some ways, and says that each was refused.
fn try_to_wait(log: &Log) {
    let refusal = CannotWait::Tracing.to_string();
    let event = Event::new();
    for text in [
        panic_text(yield_now),
        panic_text(|| sleep(millis(1))),
        panic_text(|| event.wait()),
    ] {
        assert!(text.ends_with(&refusal), "{text}");
    }
    log.say("no wait");
}

#[test]
fn a_tracer_cannot_wait_in_a_task_and_no_wake_is_lost() {
    pause_clock();
    let begun = now();
    let log = Log::new();
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |_, _, target| {
            if name_of(target) != "hub" {
                try_to_wait(&log);
            }
        }
    })));
    let sleeper = named("sleeper", {
        let log = log.clone();
        move || {
            sleep(millis(10));
            log.say("slept");
            "slept"
        }
    });
    assert_eq!(sleeper.join().unwrap(), "slept");
    assert!(set_tracer(None).is_some(), "it was not removed");
    // Before the body, at the end of its sleep, at the end of the join.
    log.check(["no wait", "no wait", "slept", "no wait"]);
    assert_eq!(now() - begun, millis(10));
}

#[test]
fn a_tracer_cannot_wait_in_a_task_that_is_thrown_into() {
    pause_clock();
    let log = Log::new();
    let seen = Rc::new(RefCell::new(None));
    let task = named("task", {
        let (log, seen) = (log.clone(), seen.clone());
        move || {
            seen.replace(Some(current()));
            log.say(panic_text(|| sleep(millis(1000))));
            sleep(millis(1));
            log.say("done");
        }
    });
    yield_now();
    let greenlet: AnyGreenlet = seen.take().expect("it has begun");
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |event, _, target| {
            if event == TraceEvent::Throw && name_of(target) == "task" {
                try_to_wait(&log);
            }
        }
    })));
    let thrower = spawn(move || greenlet.throw(Box::new("stone")));
    task.join().unwrap();
    assert!(set_tracer(None).is_some());
    log.check(["no wait", "stone", "done"]);
    assert!(!thrower.is_finished());
}

#[test]
fn a_tracer_can_neither_switch_nor_wait_on_the_hubs_stack() {
    let log = Log::new();
    yield_now();
    let main = current();
    set_tracer(Some(Rc::new({
        let log = log.clone();
        move |_, _, target| {
            if name_of(target) != "hub" || !log.words().is_empty() {
                return;
            }
            let error = main.typed::<(), ()>().try_switch(()).unwrap_err();
            assert!(matches!(error, SwitchError::Tracing(())));
            try_to_wait(&log);
        }
    })));
    spawn(yield_now).join().unwrap();
    assert!(set_tracer(None).is_some());
    log.check(["no wait"]);
}

#[test]
fn a_tracer_may_spawn_and_wake_tasks() {
    let log = Log::new();
    let event = Rc::new(Event::new());
    let waits = spawn({
        let (log, event) = (log.clone(), event.clone());
        move || {
            event.wait();
            log.say("woken");
        }
    });
    yield_now();
    set_tracer(Some(Rc::new({
        let (log, event) = (log.clone(), event.clone());
        move |_, _, _| {
            if !event.is_set() {
                event.set();
                let log = log.clone();
                drop(spawn(move || log.say("spawned")));
            }
        }
    })));
    yield_now();
    waits.join().unwrap();
    yield_now();
    assert!(set_tracer(None).is_some());
    log.check(["woken", "spawned"]);
}

#[test]
fn a_tracer_that_panics_on_the_hub_is_removed() {
    let name = "hub::tracing::a_tracer_that_panics_on_the_hub_is_removed";
    let ended = child(name, || {
        set_tracer(Some(Rc::new(|_, _, target| {
            if name_of(target) == "hub" {
                resume_unwind(Box::new("on the hub"));
            }
        })));
        assert_eq!(spawn(|| 5).join().unwrap(), 5);
        assert!(set_tracer(None).is_none());
        assert_eq!(spawn(|| 6).join().unwrap(), 6);
    });
    ended.check_success();
    let line = "greenhub: the tracer panicked and was removed";
    assert_eq!(ended.stderr.matches(line).count(), 1);
}

#[test]
fn one_that_panics_before_a_task_runs_is_that_tasks_end() {
    let log = Log::new();
    yield_now();
    let captured = log.at_drop("body dropped");
    let task = named("task", move || {
        let _captured = captured;
        unreachable!("it never runs");
    });
    set_tracer(Some(Rc::new(|_, _, target| {
        if name_of(target) == "task" {
            panic!("of the tracer");
        }
    })));
    let error = task.join().unwrap_err();
    assert_eq!(error.panic_message(), Some("of the tracer"));
    assert!(set_tracer(None).is_none());
    log.check(["body dropped"]);
}

#[test]
fn a_thread_that_ends_with_a_tracer_and_waiting_tasks_ends() {
    let ended = std::thread::spawn(|| {
        let log = Log::new();
        trace(&log);
        drop(spawn(|| sleep(millis(1000))));
        yield_now();
        log.words().len()
    });
    assert_eq!(ended.join().unwrap(), 4);
}
