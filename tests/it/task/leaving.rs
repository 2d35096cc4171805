//! Leaving: waiting for all tasks, killing all of them, and going while some are alive.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use greenhub::hub::{self, now, pause_clock};
use greenhub::task::{self, Builder, State, shield};
use greenhub::{GreenletExit, Task, sleep, spawn, spawn_later, with_timeout, yield_now};

use crate::support::{Log, caught, child, in_child, panic_text, seconds};

const MAX: Duration = Duration::MAX;

/// A task that says its name when it unwinds, and sleeps for ever.
fn sleeper(log: &Log, name: &'static str) -> Task<()> {
    let sleeper = Builder::new().name(name);
    let sleeper = sleeper.spawn(log.given_to(move |log| {
        let _fin = log.at_drop(name);
        sleep(MAX);
    }));
    sleeper.unwrap()
}

#[test]
fn shutdown_kills_in_spawn_order_and_the_hub_continues() {
    let log = Log::new();
    let tasks = ["a", "b", "c"].map(|name| sleeper(&log, name));
    let later: Task<()> = spawn_later(seconds(1000), || unreachable!("killed before"));
    yield_now();
    let unstarted: Task<()> = spawn(|| unreachable!("killed before"));
    hub::shutdown(seconds(1)).unwrap();
    log.check(["a", "b", "c"]);
    assert_eq!(task::all(), []);
    assert!(tasks.iter().all(|task| task.state() == State::Cancelled));
    assert!(later.join().unwrap_err().is_killed());
    assert!(unstarted.join().unwrap_err().is_killed());
    hub::shutdown(seconds(1)).unwrap();
    assert_eq!(spawn(|| 7).join().unwrap(), 7);
}

#[test]
fn who_is_spawned_while_all_are_killed_is_killed_too() {
    let log = Log::new();
    let _first = spawn(log.given_to(|log| {
        assert!(GreenletExit::is_in(&*caught(|| sleep(MAX))));
        log.say("spawns");
        let _second = sleeper(&log, "never begun");
        let third = spawn(log.given_to(|log| {
            let _fin = log.at_drop("third");
            sleep(MAX);
        }));
        // It begins, if nobody kills it before.
        shield(|| {
            yield_now();
            yield_now();
        });
        log.say(format!("third is {:?}", third.state()));
    }));
    yield_now();
    hub::shutdown(MAX).unwrap();
    log.check(["spawns", "third is Cancelled"]);
}

#[test]
fn two_shutdowns_may_end_in_the_order_in_which_they_began() {
    pause_clock();
    let log = Log::new();
    let _slow = spawn(log.given_to(|log| {
        shield(|| sleep(seconds(2)));
        let _late = ["a", "b"].map(|name| sleeper(&log, name));
    }));
    let first = spawn(|| shield(|| hub::shutdown(seconds(1))).is_err());
    yield_now();
    let begun = now();
    hub::shutdown(seconds(5)).unwrap();
    assert_eq!(now() - begun, seconds(2), "it learns of what is spawned");
    assert!(first.join().unwrap(), "it has ended before");
}

#[test]
fn a_task_that_shuts_down_goes_on_alone() {
    let log = Log::new();
    let _others = ["a", "b"].map(|name| sleeper(&log, name));
    let last = spawn(log.given_to(|log| {
        hub::shutdown(seconds(1)).unwrap();
        log.say("alone");
        task::all().len()
    }));
    assert_eq!(last.join().unwrap(), 1);
    log.check(["a", "b", "alone"]);
}

#[test]
fn those_who_did_not_end_in_time_are_listed_and_stay_killed() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let _ends = sleeper(&log, "ends");
    let (made, waits) = (line!() + 1, line!() + 2);
    let careful = Builder::new().name("careful").spawn(log.given_to(|log| {
        shield(|| sleep(seconds(10)));
        log.say("out of the shield");
        sleep(seconds(1));
        log.say("never");
    }));
    let careful = careful.unwrap();
    yield_now();
    let error = hub::shutdown(seconds(3)).unwrap_err();
    assert_eq!(now() - begun, seconds(3));
    log.check(["ends"]);
    let file = file!();
    let lines: Vec<&str> = error.tasks().collect();
    assert_eq!(lines.len(), 1);
    let who = format!("greenlet \"careful\" (made at {file}:{made}:");
    let what = format!(" waits for sleep at {file}:{waits}:");
    assert!(
        lines[0].starts_with(&who) && lines[0].contains(&what),
        "{error}"
    );
    let text = error.to_string();
    assert_eq!(text, format!("these tasks have not ended:\n  {}", lines[0]));
    careful.wait();
    assert_eq!(now() - begun, seconds(10));
    log.check(["out of the shield"]);
    assert_eq!(careful.state(), State::Cancelled);
}

#[test]
fn those_who_swallow_their_kill_and_end_have_ended() {
    pause_clock();
    let stubborn = spawn(|| {
        for _ in 0..10 {
            assert!(GreenletExit::is_in(&*caught(|| sleep(MAX))));
        }
        7
    });
    yield_now();
    hub::shutdown(Duration::ZERO).unwrap();
    assert_eq!(stubborn.join().unwrap(), 7);
}

#[test]
fn a_shutdown_that_a_timeout_ends_has_killed_all_the_same() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(|| shield(|| sleep(seconds(10))));
    let _other = sleeper(&log, "other");
    yield_now();
    assert!(with_timeout(seconds(1), || hub::shutdown(seconds(5))).is_err());
    log.check(["other"]);
    // And it is over: who is spawned now lives.
    let new = spawn(|| sleep(seconds(20)));
    careful.wait();
    assert!(!new.is_finished());
    new.join().unwrap();
}

#[test]
fn join_waits_for_all_tasks_and_may_be_repeated() {
    pause_clock();
    let begun = now();
    hub::join();
    let _first = spawn(|| {
        sleep(seconds(1));
        drop(spawn(|| sleep(seconds(2))));
    });
    assert!(!hub::join_timeout(seconds(2)));
    assert_eq!(now() - begun, seconds(2));
    assert!(hub::join_timeout(seconds(100)));
    assert_eq!(now() - begun, seconds(3));
    hub::join();
    assert!(hub::join_timeout(Duration::ZERO));
    sleep(seconds(1));
    hub::join();
    assert_eq!(now() - begun, seconds(4));
}

#[test]
fn a_task_may_wait_for_all_others() {
    pause_clock();
    let log = Log::new();
    let _others = [2, 1].map(|secs| {
        spawn(log.given_to(move |log| {
            sleep(seconds(secs));
            log.say(secs.to_string());
        }))
    });
    let last = spawn(log.given_to(|log| {
        assert!(!hub::join_timeout(seconds(1)));
        hub::join();
        log.say("last");
    }));
    hub::join();
    log.check(["1", "2", "last"]);
    last.join().unwrap();
}

#[test]
fn two_that_wait_for_all_others_wait_for_each_other() {
    let tasks = [(); 2].map(|()| spawn(hub::join));
    let text = panic_text(|| tasks[0].wait());
    assert_eq!(
        text.matches(" waits for all tasks to end at ").count(),
        2,
        "{text}"
    );
    hub::shutdown(seconds(1)).unwrap();
}

#[test]
fn a_deadlock_ends_mains_wait_for_all() {
    let stuck = spawn(|| sleep(MAX));
    let text = panic_text(hub::join);
    assert!(text.starts_with("deadlock"), "{text}");
    stuck.kill();
}

// Going while tasks are alive.

static UNWOUND: AtomicU32 = AtomicU32::new(0);

/// Counts when it is dropped.
struct Unwinds;

impl Drop for Unwinds {
    fn drop(&mut self) {
        UNWOUND.fetch_add(1, Ordering::SeqCst);
        println!("unwound");
    }
}

/// Tasks in each state that one can be left in, and greenlets of theirs.
fn leave_tasks() {
    for _ in 0..50 {
        drop(spawn(|| {
            let _unwinds = Unwinds;
            let child = greenhub::Greenlet::new(|()| {
                let _unwinds = Unwinds;
                sleep(MAX);
            });
            child.switch(());
        }));
        drop(spawn(|| {
            let _unwinds = Unwinds;
            shield(|| sleep(MAX));
        }));
    }
    drop(spawn_later(MAX, || ()));
    let task = Rc::new(spawn(|| sleep(MAX)));
    let waits = task.clone();
    drop(spawn(move || waits.wait()));
    yield_now();
    drop(spawn(|| println!("never begins")));
    task.kill_nowait();
}

#[test]
fn main_may_return_with_tasks_alive() {
    let ended = in_child(
        "task::leaving::main_may_return_with_tasks_alive",
        leave_tasks,
    );
    if let Some(ended) = ended {
        ended.check_success();
        assert!(!ended.stdout.contains("unwound"), "{}", ended.stdout);
        assert!(!ended.stdout.contains("never begins"), "{}", ended.stdout);
    }
}

#[test]
fn a_thread_may_end_with_tasks_alive_which_are_left_as_they_are() {
    let name = "task::leaving::a_thread_may_end_with_tasks_alive_which_are_left_as_they_are";
    let ended = child(name, || {
        for _ in 0..3 {
            std::thread::spawn(leave_tasks).join().unwrap();
        }
        assert_eq!(UNWOUND.load(Ordering::SeqCst), 0);
        // After a shutdown nothing is left.
        let orderly = std::thread::spawn(|| {
            drop(spawn(|| {
                let _unwinds = Unwinds;
                sleep(MAX);
            }));
            yield_now();
            hub::shutdown(seconds(1)).unwrap();
        });
        orderly.join().unwrap();
        assert_eq!(UNWOUND.load(Ordering::SeqCst), 1);
    });
    ended.check_success();
}

#[test]
fn a_process_may_exit_in_a_task() {
    let ended = child("task::leaving::a_process_may_exit_in_a_task", || {
        leave_tasks();
        let exits: Task<()> = spawn(|| {
            let _unwinds = Unwinds;
            println!("exits");
            std::process::exit(3)
        });
        exits.wait();
        println!("goes on");
    });
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(ended.stdout.contains("exits"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("unwound"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("goes on"), "{}", ended.stdout);
}

#[test]
fn a_process_may_exit_where_a_task_unwinds_and_in_a_callback() {
    let name = "task::leaving::a_process_may_exit_where_a_task_unwinds_and_in_a_callback";
    let ended = child(name, || {
        struct Exits;
        impl Drop for Exits {
            fn drop(&mut self) {
                std::process::exit(4);
            }
        }
        let task = spawn(|| ());
        let _ = task.on_done(|_| {
            let exits = spawn(|| {
                let _exits = Exits;
                sleep(MAX);
            });
            yield_now();
            exits.kill();
        });
        task.wait();
    });
    assert_eq!(ended.status.code(), Some(4), "{}", ended.stderr);
}

#[test]
fn a_panic_of_main_ends_a_process_with_live_tasks() {
    let name = "task::leaving::a_panic_of_main_ends_a_process_with_live_tasks";
    let ended = in_child(name, || {
        leave_tasks();
        panic!("main is done");
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(101), "{}", ended.stderr);
        assert!(!ended.stdout.contains("unwound"), "{}", ended.stdout);
    }
}
