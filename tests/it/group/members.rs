//! Groups: who is in them, waiting for all, and killing all.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::State;
use greenhub::{GreenletExit, Group, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, caught, millis, panic_text, seconds, within};

#[test]
fn a_task_is_a_member_from_its_spawn_to_its_end() {
    let _watch = within(seconds(10));
    pause_clock();
    let group = Group::new();
    assert!(group.is_empty());
    let tasks = [3, 1, 2].map(|n| group.spawn(move || sleep(seconds(n))));
    let outside = spawn(|| sleep(seconds(2)));
    assert!(tasks.iter().all(|task| group.contains(task)));
    assert!(!group.contains(&outside));
    let ids = |group: &Group| -> Vec<u64> { group.tasks().iter().map(|task| task.id()).collect() };
    assert_eq!(ids(&group), tasks.each_ref().map(|task| task.id()));
    assert_eq!(format!("{group:?}"), "Group { len: 3 }");
    sleep(millis(2500));
    assert_eq!(ids(&group), [tasks[0].id()]);
    group.join();
    assert!(group.is_empty());
    assert!(tasks.iter().all(|task| task.is_finished()));
}

#[test]
fn foreign_tasks_can_be_added_and_be_in_several_groups() {
    let _watch = within(seconds(10));
    pause_clock();
    let groups = [Group::new(), Group::new()];
    let task = spawn(|| sleep(seconds(1)));
    let ended = spawn(|| ());
    ended.wait();
    for group in &groups {
        group.add(&task);
        group.add(&task);
        group.add(&ended);
        assert_eq!(group.len(), 1);
    }
    groups[0].join();
    assert!(groups[1].is_empty());
    groups[1].join();
    // Killing the members of one group takes them out of the other.
    let task = groups[0].spawn(|| sleep(Duration::MAX));
    groups[1].add(&task);
    groups[1].kill();
    assert!(groups[0].is_empty());
}

#[test]
fn join_waits_for_later_members_within_its_limit() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let group = Group::new();
    group.join();
    assert!(group.join_timeout(Duration::ZERO));
    group.spawn({
        let group = group.clone();
        move || {
            sleep(seconds(1));
            group.spawn(|| sleep(seconds(2)));
        }
    });
    assert!(!group.join_timeout(millis(1500)));
    assert_eq!((group.len(), now() - begun), (1, millis(1500)));
    group.join();
    assert_eq!(now() - begun, seconds(3));
    // A member that panics, or that is killed, has ended, too; join does not care.
    let panics = group.spawn(|| panic!("on purpose"));
    let _ = panics.on_failure(|_| ());
    let killed = group.spawn(|| sleep(Duration::MAX));
    assert!(with_timeout(seconds(1), || group.join()).is_err());
    killed.kill();
    assert!(group.join_timeout(Duration::MAX));
}

#[test]
fn a_member_may_wait_for_the_others() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, group) = (Log::new(), Group::new());
    group.spawn({
        let (log, group) = (log.clone(), group.clone());
        move || {
            group.join();
            log.say(format!("alone of {}", group.len()));
        }
    });
    group.spawn({
        let log = log.clone();
        move || {
            sleep(seconds(1));
            log.say("other ends");
        }
    });
    group.join();
    log.check(["other ends", "alone of 1"]);
}

#[test]
fn kill_ends_each_member_once_and_those_that_come_meanwhile() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, group) = (Log::new(), Group::new());
    let kills = Rc::new(Cell::new(0));
    group.spawn({
        let (log, group, kills) = (log.clone(), group.clone(), kills.clone());
        move || {
            let kill = caught(|| sleep(Duration::MAX));
            assert!(GreenletExit::is_in(&*kill));
            kills.set(kills.get() + 1);
            let bell = log.at_drop("late one dropped");
            group.spawn(move || {
                let _bell = bell;
                log.say("late one waits");
                sleep(Duration::MAX);
            });
        }
    });
    yield_now();
    let unstarted = group.spawn(|| unreachable!("it never runs"));
    group.kill();
    assert!(group.is_empty());
    assert_eq!(unstarted.state(), State::Cancelled);
    assert_eq!(kills.get(), 1);
    let said = log.take();
    assert_eq!(said.last().unwrap(), "late one dropped");
    group.kill();
}

#[test]
fn kill_waits_for_cleanup_within_its_limit() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let (log, group) = (Log::new(), Group::new());
    group.spawn({
        let log = log.clone();
        move || {
            greenhub::task::shield(|| sleep(seconds(2)));
            log.say("cleaned up");
            sleep(Duration::MAX);
        }
    });
    yield_now();
    assert!(!group.kill_timeout(seconds(1)));
    group.kill_nowait();
    assert_eq!((group.len(), now() - begun), (1, seconds(1)));
    assert!(group.kill_timeout(seconds(5)));
    assert_eq!(now() - begun, seconds(2));
    log.check(["cleaned up"]);
}

#[test]
fn a_member_that_kills_its_group_ends_last() {
    let _watch = within(seconds(10));
    let (log, group) = (Log::new(), Group::new());
    let member = |word: &'static str| {
        let (bell, group) = (log.at_drop(word), group.clone());
        move |kills: bool| {
            let _bell = bell;
            if kills {
                group.kill();
            }
            sleep(Duration::MAX);
        }
    };
    let (first, second, third) = (member("first"), member("second"), member("third"));
    let killed = [
        group.spawn(move || first(false)),
        group.spawn(move || second(true)),
        group.spawn(move || third(false)),
    ];
    group.join();
    for task in killed {
        assert!(task.join().unwrap_err().is_killed());
    }
    log.check(["third", "first", "second"]);
}

#[test]
fn a_dropped_group_leaves_tasks_running_and_named_in_deadlocks() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let group = Group::new();
    let stuck = group.spawn(|| sleep(Duration::MAX));
    let line = line!() + 1;
    let text = panic_text(|| group.join());
    let waits = format!(
        "waits for join of task {} at {}:{line}:",
        stuck.id(),
        file!()
    );
    assert!(text.contains(&waits), "{text}");
    group.spawn({
        let log = log.clone();
        move || log.say("ran")
    });
    drop(group);
    yield_now();
    log.check(["ran"]);
    stuck.kill();
}
