//! Wait groups: what counts as a member, and when the waits end.

use greenhub::hub::pause_clock;
use greenhub::sync::WaitGroup;
use greenhub::{sleep, spawn, yield_now};

use crate::support::{Log, begun, millis, panic_text};

#[test]
fn a_wait_ends_when_the_last_other_handle_goes() {
    let (group, log) = (WaitGroup::new(), Log::new());
    let members = [group.clone(), group.clone()];
    let (_waiter, _) = begun(log.given_to(move |log| {
        group.wait();
        log.say("over");
    }));
    let [a, b] = members;
    drop(a);
    yield_now();
    log.check([]);
    drop(b.clone());
    yield_now();
    log.check([]);
    drop(b);
    yield_now();
    log.check(["over"]);
}

#[test]
fn a_lone_handle_does_not_wait() {
    WaitGroup::new().wait();
    WaitGroup::default().clone().wait_timeout(millis(1));
    let group = WaitGroup::new();
    drop(group.clone());
    group.wait();
}

#[test]
fn those_that_wait_are_no_members() {
    let (group, log) = (WaitGroup::new(), Log::new());
    let member = group.clone();
    let _tasks = ["a", "b", "c"].map(|name| {
        let (group, log) = (group.clone(), log.clone());
        begun(move || {
            group.wait();
            log.say(name);
        })
    });
    drop(group);
    yield_now();
    log.check([]);
    drop(member);
    yield_now();
    log.check(["a", "b", "c"]);
}

#[test]
fn a_member_goes_however_its_task_ends() {
    pause_clock();
    let group = WaitGroup::new();
    let [a, b, c] = [(); 3].map(|()| group.clone());
    let panics = spawn(move || {
        let _member = a;
        panic!("in the task")
    });
    let killed = spawn(move || {
        let _member = b;
        sleep(millis(1000));
    });
    let unstarted = spawn(move || drop(c));
    unstarted.kill_nowait();
    let killer = spawn(move || killed.kill());
    group.wait();
    assert!(panics.join().is_err());
    killer.join().unwrap();
}

#[test]
fn a_wait_with_a_limit_ends_before_the_group_does() {
    pause_clock();
    let group = WaitGroup::new();
    let member = group.clone();
    assert!(!group.wait_timeout(millis(1)));
    let other = member.clone();
    let _task = spawn(move || {
        sleep(millis(1));
        drop(other);
    });
    assert!(member.wait_timeout(millis(2)));
}

#[test]
fn it_shows_its_handles_and_a_report_names_it() {
    let group = WaitGroup::new();
    let member = group.clone();
    assert_eq!(format!("{group:?}"), "WaitGroup { handles: 2, .. }");
    let text = panic_text(|| group.wait());
    assert!(
        text.contains("waits for the others of a wait group at tests/it/sync/wait_group.rs"),
        "{text}"
    );
    assert_eq!(format!("{member:?}"), "WaitGroup { handles: 1, .. }");
}
