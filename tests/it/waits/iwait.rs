//! Waiting for many things by their completion: when it ends, and what it leaves behind where it is forgotten.

use greenhub::hub::pause_clock;
use greenhub::sync::Semaphore;
use greenhub::{iwait, scope, sleep, spawn, yield_now};

use crate::support::{seconds, within};

#[test]
fn nothing_comes_after_the_time_is_over() {
    let _watch = within(seconds(10));
    pause_clock();
    let tasks = [1, 3].map(|time| spawn(move || sleep(seconds(time))));
    let mut things = iwait(&tasks).timeout(seconds(2));
    assert_eq!(things.next().unwrap().id(), tasks[0].id());
    assert!(things.next().is_none());
    sleep(seconds(2));
    assert!(tasks[1].is_finished());
    assert!(things.next().is_none());
    assert_eq!(things.size_hint(), (0, Some(0)));
}

#[test]
fn one_that_is_forgotten_leaves_the_things_as_they_are() {
    let _watch = within(seconds(10));
    let semaphore = Semaphore::new(0);
    scope(|s| {
        let task = s.spawn(|| {
            yield_now();
            semaphore.add_permits(1);
        });
        crate::support::forget(iwait([&task]));
        crate::support::forget(iwait([&semaphore, &semaphore]));
        let moved = Box::new(iwait([&semaphore]));
        let mut things = *moved;
        assert!(things.next().is_some());
    });
    crate::support::forget(iwait([&semaphore]));
    drop(semaphore.acquire());
    // Its list moves, with a node in it that is never taken out.
    let semaphore = *Box::new(semaphore);
    let permit = semaphore.acquire();
    crate::support::forget(iwait([&semaphore]));
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1);
}
