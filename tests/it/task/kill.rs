//! Killing a task: where the kill comes, when the killer goes on, and what is first when several things end one wait.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::{self, AnyTask, State, killall, shield};
use greenhub::{Greenlet, GreenletExit, Task, sleep, spawn, spawn_later, yield_now};

use crate::support::{Census, Log, caught, child, leaked_stacks, millis, panic_text, seconds};

type Kill = fn(&Task<u8>);
type Spawn = fn(Box<dyn FnOnce() -> u8>) -> Task<u8>;

/// Each way to kill a task.
const KILLS: &[(&str, Kill)] = &[
    ("kill", |task| task.kill()),
    ("kill_nowait", |task| task.kill_nowait()),
    ("kill_timeout", |task| {
        assert!(task.kill_timeout(seconds(1)));
    }),
    ("try_kill", |task| task.try_kill().unwrap()),
    ("killall", |task| killall([task])),
    ("AnyTask::kill", |task| task.any().kill()),
    ("AnyTask::kill_nowait", |task| task.any().kill_nowait()),
    ("AnyTask::kill_timeout", |task| {
        assert!(task.any().kill_timeout(seconds(1)));
    }),
    ("AnyTask::try_kill", |task| task.any().try_kill().unwrap()),
];

/// Waits, and swallows the kill that ends the wait.
fn swallow(wait: impl FnOnce()) {
    let kill = caught(wait);
    assert!(GreenletExit::is_in(&*kill));
}

#[test]
fn a_kill_is_raised_at_the_wait_and_the_killer_resumes_after() {
    pause_clock();
    let log = Log::new();
    let victim: Task<()> = spawn(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        let kill = caught(|| sleep(seconds(100)));
        log.say("raised");
        std::panic::resume_unwind(kill);
    }));
    let bystander = spawn(log.given_to(|log| {
        yield_now();
        log.say("bystander");
    }));
    yield_now();
    log.say("killer");
    victim.kill();
    log.say("goes on");
    assert_eq!(victim.state(), State::Cancelled);
    assert!(victim.join().unwrap_err().is_killed());
    bystander.join().unwrap();
    log.check(["killer", "bystander", "raised", "fin", "goes on"]);
}

#[test]
fn a_killer_that_does_not_wait_resumes_before_the_task() {
    let log = Log::new();
    let victim = spawn(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        sleep(Duration::MAX);
    }));
    yield_now();
    victim.kill_nowait();
    victim.try_kill().unwrap();
    assert_eq!(victim.state(), State::Suspended);
    log.say("killer");
    yield_now();
    log.check(["killer", "fin"]);
    assert!(victim.join().unwrap_err().is_killed());
}

#[test]
fn a_task_may_clean_up_in_a_shield_and_its_value_counts() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        swallow(|| sleep(seconds(100)));
        log.say("cleans up");
        shield(|| sleep(seconds(3)));
        log.say("is done");
        "value"
    }));
    yield_now();
    let begun = now();
    assert!(!careful.kill_timeout(seconds(1)));
    assert_eq!(now() - begun, seconds(1));
    log.check(["cleans up"]);
    assert!(careful.kill_timeout(seconds(100)));
    assert_eq!(now() - begun, seconds(3));
    log.check(["is done"]);
    assert_eq!(careful.state(), State::Done);
    assert_eq!(careful.join().unwrap(), "value");
}

#[test]
fn an_unstarted_task_never_runs_and_its_captures_go_at_once() {
    for (name, kill) in KILLS {
        let spawns: [Spawn; 3] = [
            |body| spawn(body),
            |body| spawn_later(seconds(5), body),
            |body| spawn_later(Duration::MAX, body),
        ];
        for spawned in spawns {
            let census = Census::new();
            let captured = census.one();
            let log = Log::new();
            let task = spawned(Box::new(move || {
                let _captured = captured;
                unreachable!("it was killed before");
            }));
            let _ = task.on_done({
                let log = log.clone();
                move |_| log.say("done")
            });
            kill(&task);
            census.check_all_dropped();
            assert_eq!(task.state(), State::Cancelled, "{name}");
            log.check(["done"]);
            yield_now();
            sleep(millis(1));
            assert!(task.join().unwrap_err().is_killed(), "{name}");
        }
    }
    assert_eq!(task::all(), []);
}

#[test]
fn a_delayed_task_killed_before_its_start_is_not_waited_for() {
    pause_clock();
    let later = spawn_later(seconds(1000), || ());
    let begun = now();
    later.kill();
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.starts_with("deadlock"), "{text}");
    assert_eq!(now(), begun);
}

#[test]
fn one_that_has_ended_stays_as_it_is() {
    for (name, kill) in KILLS {
        let returned = spawn(|| 7);
        let panicked = spawn(|| std::panic::resume_unwind(Box::new("stone")));
        yield_now();
        for _ in 0..2 {
            kill(&returned);
            kill(&panicked);
        }
        let states = [returned.state(), panicked.state()];
        assert_eq!(states, [State::Done; 2], "{name}");
        assert_eq!(returned.join().unwrap(), 7);
        let error = panicked.join().unwrap_err();
        assert!(error.is_panic() && error.panic_message() == Some("stone"));
    }
}

#[test]
fn a_second_kill_changes_nothing() {
    for (name, kill) in KILLS {
        let victim = spawn(|| {
            sleep(Duration::MAX);
            1
        });
        yield_now();
        victim.kill_nowait();
        kill(&victim);
        kill(&victim);
        assert!(victim.join().unwrap_err().is_killed(), "{name}");
    }
}

#[test]
fn a_task_that_kills_itself_unwinds_there() {
    pause_clock();
    let kills: [fn(&AnyTask); 5] = [
        |me| me.kill(),
        |me| me.kill_nowait(),
        |me| {
            me.kill_timeout(seconds(1));
        },
        |me| me.try_kill().unwrap(),
        |me| killall([me]),
    ];
    for kill in kills {
        let log = Log::new();
        let begun = now();
        let victim = spawn(log.given_to(move |log| {
            let _fin = log.at_drop("fin");
            log.say("kills");
            kill(&task::current().unwrap());
            log.say("never");
        }));
        victim.wait();
        log.check(["kills", "fin"]);
        assert_eq!(now(), begun);
        assert!(victim.join().unwrap_err().is_killed());
    }
}

#[test]
fn a_kill_that_is_swallowed_comes_again_at_each_wait() {
    pause_clock();
    let log = Log::new();
    let other = Rc::new(spawn(|| sleep(Duration::MAX)));
    let victim = spawn(log.given_to({
        let other = other.clone();
        move |log| {
            swallow(|| sleep(seconds(1)));
            log.say("sleep");
            swallow(yield_now);
            log.say("yield");
            swallow(|| other.wait());
            log.say("join");
            swallow(|| Greenlet::new(|()| ()).switch(()));
            log.say("switch");
            "value"
        }
    }));
    yield_now();
    let begun = now();
    victim.kill();
    log.check(["sleep", "yield", "join", "switch"]);
    assert_eq!(now(), begun);
    assert_eq!(victim.join().unwrap(), "value");
    other.kill();
}

#[test]
fn a_task_that_swallows_its_own_kill_is_killed_again() {
    let log = Log::new();
    let victim = spawn(log.given_to(|log| {
        swallow(|| task::current().unwrap().kill());
        log.say("swallowed");
        yield_now();
        log.say("never");
    }));
    assert!(victim.join().unwrap_err().is_killed());
    log.check(["swallowed"]);
}

#[test]
fn a_task_that_swallows_a_hundred_kills_is_leaked() {
    let name = "task::kill::a_task_that_swallows_a_hundred_kills_is_leaked";
    let ended = child(name, || {
        let (log, census) = (Log::new(), Census::new());
        let captured = census.one();
        let before = leaked_stacks();
        let stubborn = task::Builder::new().name("stubborn");
        let stubborn = stubborn.spawn(log.given_to(move |log| {
            let _captured = captured;
            loop {
                swallow(|| sleep(seconds(600)));
                log.say("swallowed");
            }
        }));
        let stubborn: Task<()> = stubborn.unwrap();
        yield_now();
        stubborn.kill();
        assert_eq!(log.take().len(), 100);
        assert_eq!(stubborn.state(), State::Cancelled);
        assert_eq!(leaked_stacks(), before + 1);
        assert_eq!(census.dropped(), 0, "what lies on its stack stays");
        assert!(stubborn.join().unwrap_err().is_killed());
        assert_eq!(task::all(), []);
        assert_eq!(spawn(|| 5).join().unwrap(), 5);
    });
    ended.check_success();
    let said = "greenlet \"stubborn\" (made at tests/it/task/kill.rs:";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let said = "has caught its kill 100 times and waits again: its stack is leaked";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn killall_kills_all_before_it_waits_and_the_killer_itself_last() {
    let log = Log::new();
    let tasks: Rc<RefCell<Vec<AnyTask>>> = Rc::default();
    for name in ["a", "b", "killer", "c"] {
        let all = tasks.clone();
        let task = spawn(log.given_to(move |log| {
            let _fin = log.at_drop(name);
            if name == "killer" {
                yield_now(); // c begins
                let late = spawn(|| unreachable!("killed before it began"));
                all.borrow_mut().push(late.any());
                log.say("kills");
                let all = all.borrow().clone();
                killall(&all);
                log.say("never");
            }
            sleep(Duration::MAX);
        }));
        tasks.borrow_mut().push(task.any());
    }
    greenhub::hub::join();
    log.check(["kills", "a", "b", "c", "killer"]);
    let tasks = tasks.borrow();
    assert!(tasks.iter().all(|task| task.state() == State::Cancelled));
}

#[test]
fn two_that_kill_each_other_and_wait_for_that_both_end() {
    let log = Log::new();
    let seen: Rc<RefCell<Vec<AnyTask>>> = Rc::default();
    let other = |number: usize| seen.borrow()[number].clone();
    let tasks = ["first", "second"].map(|name| {
        let seen = seen.clone();
        spawn(log.given_to(move |log| {
            let _fin = log.at_drop(name);
            yield_now();
            let number = usize::from(name == "first");
            let other = seen.borrow()[number].clone();
            other.kill();
            log.say("never");
        }))
    });
    seen.borrow_mut().extend(tasks.iter().map(Task::any));
    other(0).wait();
    other(1).wait();
    // The second has killed the first, and comes to its own kill where it would wait for that.
    log.check(["second", "first"]);
    assert!(
        tasks
            .into_iter()
            .all(|task| task.join().unwrap_err().is_killed())
    );
}

#[test]
fn a_task_in_a_switch_is_killed_there_and_its_child_continues() {
    pause_clock();
    let log = Log::new();
    let victim: Task<()> = spawn(log.given_to(|log| {
        let said = log.clone();
        let child: Greenlet<(), ()> = Greenlet::new(move |()| {
            sleep(seconds(1));
            said.say("child slept");
        });
        let kill = caught(|| child.switch(()));
        log.say("killed in its switch");
        drop(child);
        std::panic::resume_unwind(kill);
    }));
    yield_now();
    victim.kill();
    assert!(victim.join().unwrap_err().is_killed());
    log.check(["killed in its switch"]);
    sleep(seconds(2));
    log.check(["child slept"]);
}
