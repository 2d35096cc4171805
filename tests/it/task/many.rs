//! Waiting for many: who is given in which order, how many, until when; and what a wait that was ended leaves behind.

use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::{AnyTask, gather, joinall_timeout, try_gather, try_joinall};
use greenhub::{
    Task, Waitable, iwait, joinall, sleep, spawn, wait_any, wait_any_timeout, with_timeout,
    yield_now,
};

use crate::support::{Log, caught, millis, panic_text, seconds, within};

/// A task for each, which sleeps so many seconds and returns them.
fn sleepers<const N: usize>(secs: [u64; N]) -> [Task<u64>; N] {
    secs.map(|secs| {
        spawn(move || {
            sleep(seconds(secs));
            secs
        })
    })
}

fn panics_after(secs: u64, text: &'static str) -> Task<u64> {
    spawn(move || {
        sleep(seconds(secs));
        resume_unwind(Box::new(text))
    })
}

/// The places in `all` of those that were given.
fn places(all: &[Task<u64>], given: &[&Task<u64>]) -> Vec<usize> {
    let place = |one: &&Task<u64>| all.iter().position(|task| std::ptr::eq(task, *one));
    given.iter().map(|one| place(one).unwrap()).collect()
}

#[test]
fn joinall_waits_for_the_last_and_its_timeout_tells_readiness() {
    pause_clock();
    let (tasks, begun) = (sleepers([3, 1, 2]), now());
    assert!(!joinall_timeout(&tasks, seconds(2)));
    assert_eq!(now() - begun, seconds(2));
    assert!(joinall_timeout(&tasks, seconds(2)));
    assert_eq!(now() - begun, seconds(3));
    joinall(&tasks);
    assert!(joinall_timeout(&tasks, Duration::ZERO));
    assert!(joinall_timeout([] as [&Task<u64>; 0], Duration::ZERO));
    assert_eq!(gather(tasks).map_ok(), [3, 1, 2]);
}

trait MapOk {
    fn map_ok(self) -> Vec<u64>;
}

impl<E: std::fmt::Debug> MapOk for Vec<Result<u64, E>> {
    fn map_ok(self) -> Vec<u64> {
        self.into_iter().map(Result::unwrap).collect()
    }
}

#[test]
fn a_timeout_gives_the_fast_task_and_leaves_the_slow_running() {
    pause_clock();
    let (tasks, begun) = (sleepers([1, 10]), now());
    let ready = iwait(&tasks).timeout(seconds(2)).collect::<Vec<_>>();
    assert_eq!(places(&tasks, &ready), [0]);
    assert_eq!(now() - begun, seconds(2));
    assert!(!tasks[1].is_finished());
    assert_eq!(gather(tasks).map_ok(), [1, 10]);
    assert_eq!(now() - begun, seconds(10));
}

#[test]
fn wait_gives_all_in_the_order_of_their_ends() {
    pause_clock();
    let tasks = sleepers([3, 1, 2, 1]);
    assert_eq!(
        places(&tasks, &iwait(&tasks).collect::<Vec<_>>()),
        [1, 3, 2, 0]
    );
    // Those that are ready come in their own order.
    assert_eq!(
        places(&tasks, &iwait(&tasks).collect::<Vec<_>>()),
        [0, 1, 2, 3]
    );
    assert!(iwait([] as [&Task<u64>; 0]).collect::<Vec<_>>().is_empty());
}

#[test]
fn wait_count_gives_so_many_and_goes_on_at_once() {
    pause_clock();
    let (tasks, begun) = (sleepers([3, 1, 2]), now());
    assert!(iwait(&tasks).take(0).collect::<Vec<_>>().is_empty());
    assert_eq!(
        places(&tasks, &iwait(&tasks).take(2).collect::<Vec<_>>()),
        [1, 2]
    );
    assert_eq!(now() - begun, seconds(2));
    assert_eq!(iwait(&tasks).take(100).collect::<Vec<_>>().len(), 3);
    assert_eq!(now() - begun, seconds(3));
}

#[test]
fn a_failure_counts_as_an_end_where_nobody_asks_for_values() {
    pause_clock();
    let begun = now();
    let sleeper = spawn(|| {
        sleep(Duration::MAX);
        0
    });
    let bad = panics_after(0, "bad");
    let first = iwait([&sleeper, &bad]).take(1).collect::<Vec<_>>();
    assert!(std::ptr::eq(first[0], &bad));
    joinall([&bad]);
    assert_eq!(now(), begun);
    assert!(bad.join().is_err());
    sleeper.kill();
}

#[test]
fn the_same_task_twice_is_two_entries() {
    pause_clock();
    let [a, b] = sleepers([1, 2]);
    joinall([&a, &b, &a]);
    let given: Vec<u64> = iwait([&a, &b, &a])
        .collect::<Vec<_>>()
        .into_iter()
        .map(|task| task.id())
        .collect();
    assert_eq!(given, [a.id(), b.id(), a.id()]);
    let [c, d] = sleepers([2, 1]);
    let given: Vec<u64> = iwait([&c, &d, &c]).map(|task| task.id()).collect();
    assert_eq!(given, [d.id(), c.id(), c.id()]);
    assert_eq!(wait_any(&[&c, &c]), 0);
}

#[test]
fn iwait_gives_each_as_it_ends_and_others_run_in_between() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let tasks = sleepers([3, 1, 2]);
    let mut left = 3;
    for task in iwait(&tasks) {
        left -= 1;
        let place = places(&tasks, &[task])[0];
        log.say(format!("{place} at {:?}, {left} left", now() - begun));
        sleep(millis(1500)); // others end meanwhile
    }
    log.check(["1 at 1s, 2 left", "2 at 2.5s, 1 left", "0 at 4s, 0 left"]);
}

#[test]
fn iwait_takes_what_it_waits_for_and_gives_it_back() {
    pause_clock();
    let mut all = iwait(sleepers([2, 1]));
    assert_eq!(all.next().unwrap().join().unwrap(), 1);
    assert_eq!(all.size_hint(), (0, Some(1)));
    assert_eq!(all.next().unwrap().join().unwrap(), 2);
    assert!(all.next().is_none() && all.next().is_none());
}

#[test]
fn iwait_with_a_limit_ends_then_and_for_good() {
    pause_clock();
    let (tasks, begun) = (sleepers([1, 3]), now());
    let mut all = iwait(&tasks).timeout(seconds(2));
    assert_eq!(places(&tasks, &[all.next().unwrap()]), [0]);
    assert!(all.next().is_none());
    assert_eq!(now() - begun, seconds(2));
    tasks[1].wait();
    assert!(all.next().is_none());
    assert_eq!(all.size_hint(), (0, Some(0)));
}

#[test]
fn what_is_ready_when_the_limit_has_passed_is_given() {
    pause_clock();
    let (tasks, begun) = (sleepers([1, 2, 9]), now());
    let mut all = iwait(&tasks).timeout(seconds(3));
    assert_eq!(places(&tasks, &[all.next().unwrap()]), [0]);
    sleep(seconds(5));
    assert_eq!(places(&tasks, &[all.next().unwrap()]), [1]);
    assert!(all.next().is_none());
    assert_eq!(now() - begun, seconds(6));
}

#[test]
fn an_iterator_that_is_dropped_in_between_leaves_nothing_behind() {
    pause_clock();
    for taken in 0..3 {
        let tasks = sleepers([1, 2, 3]);
        let mut all = iwait(&tasks);
        for _ in 0..taken {
            all.next();
        }
        drop(all);
        // A node of it would be woken here, or found in the list by the next one.
        assert_eq!(iwait(&tasks).collect::<Vec<_>>().len(), 3);
        assert_eq!(gather(tasks).map_ok(), [1, 2, 3]);
    }
}

#[test]
fn an_iterator_may_be_forgotten_with_what_it_waits_for() {
    pause_clock();
    let tasks = sleepers([1, 2]);
    let handles: Vec<AnyTask> = tasks.iter().map(Task::any).collect();
    let mut all = iwait(handles.clone());
    assert!(all.next().is_some());
    crate::support::forget(all);
    joinall(&handles);
    assert_eq!(gather(tasks).map_ok(), [1, 2]);
}

#[test]
fn an_iterator_that_a_timeout_ends_goes_on_where_it_was() {
    pause_clock();
    let tasks = sleepers([1, 3]);
    let mut all = iwait(&tasks);
    all.next();
    assert!(with_timeout(seconds(1), || all.next()).is_err());
    assert_eq!(places(&tasks, &[all.next().unwrap()]), [1]);
}

#[test]
fn a_task_killed_in_a_wait_for_many_is_woken_by_none() {
    pause_clock();
    let log = Log::new();
    let tasks: Rc<Vec<Task<u64>>> = Rc::new(sleepers([1, 2]).into());
    let waits: [fn(&[Task<u64>]); 5] = [
        |tasks| drop(iwait(tasks).collect::<Vec<_>>()),
        |tasks| {
            wait_any(&[&tasks[0], &tasks[1]]);
        },
        |tasks| joinall(tasks),
        |tasks| {
            joinall_timeout(tasks, seconds(100));
        },
        |tasks| {
            let _ = try_joinall(tasks);
        },
    ];
    let waiters = waits.map(|each_way| {
        let tasks = tasks.clone();
        spawn(log.given_to(move |log| {
            let _fin = log.at_drop("fin");
            each_way(&tasks);
            log.say("never");
        }))
    });
    yield_now();
    greenhub::task::killall(&waiters);
    log.check(["fin"; 5]);
    joinall(tasks.iter());
    yield_now();
    log.check([]);
}

#[test]
fn wait_any_gives_the_lowest_ready_or_the_first_to_become_so() {
    pause_clock();
    let [a, b, c] = sleepers([3, 1, 1]);
    assert_eq!(wait_any(&[&a, &b, &c]), 1);
    c.wait();
    assert_eq!(wait_any(&[&a, &c, &b]), 1);
    let text = spawn(|| "of another type");
    assert_eq!(wait_any(&[&a, &text.any(), &text]), 1);
    assert_eq!(wait_any_timeout(&[&a], seconds(1)), None);
    assert_eq!(wait_any_timeout(&[&a], seconds(10)), Some(0));
    assert_eq!(wait_any_timeout(&[], seconds(1)), None);
}

#[test]
fn the_first_failure_is_told_at_once_and_the_others_run_on() {
    pause_clock();
    let begun = now();
    let slow = panics_after(3, "slow");
    let fast = panics_after(1, "fast");
    let [good] = sleepers([2]);
    let first = try_joinall([&slow, &good, &fast]).map_err(|task| task.id());
    assert_eq!(first, Err(fast.id()));
    assert_eq!(now() - begun, seconds(1));
    // When all have ended it is the first of the list.
    joinall([&slow, &good, &fast]);
    let first = try_joinall([&good, &slow, &fast]).map_err(|task| task.id());
    assert_eq!(first, Err(slow.id()));
    assert_eq!(try_joinall([&good]).map_err(|task| task.id()), Ok(()));
    let texts = gather([slow, good, fast]).into_iter();
    let texts =
        texts.map(|outcome| outcome.map_err(|error| error.panic_message().map(String::from)));
    let texts: Vec<_> = texts.collect();
    assert_eq!(
        texts,
        [Err(Some("slow".into())), Ok(2), Err(Some("fast".into()))]
    );
}

#[test]
fn a_kill_is_a_failure_too() {
    pause_clock();
    let [slow, victim] = sleepers([10, 10]);
    let id = victim.id();
    let _killer = spawn({
        let victim = victim.any();
        move || victim.kill()
    });
    assert_eq!(
        try_joinall([&slow, &victim]).map_err(|task| task.id()),
        Err(id)
    );
    let error = try_gather([slow, victim]).unwrap_err();
    assert!(error.is_killed());
}

#[test]
fn try_gather_gives_all_values_in_order_or_the_earliest_error() {
    pause_clock();
    let begun = now();
    assert_eq!(try_gather(sleepers([3, 1, 2])).unwrap(), [3, 1, 2]);
    assert_eq!(try_gather([] as [Task<u64>; 0]).unwrap(), []);
    let log = Log::new();
    let [good] = sleepers([1]);
    let outlives = spawn(log.given_to(|log| {
        sleep(seconds(5));
        log.say("runs on");
        0
    }));
    let bad = [panics_after(3, "late"), panics_after(2, "early")];
    let [late, early] = bad;
    let error = try_gather([outlives, late, good, early]).unwrap_err();
    assert_eq!(error.panic_message(), Some("early"));
    assert_eq!(now() - begun, seconds(5));
    log.check([]);
    // The other failure is one that nobody joins: its line on stderr is not for us.
    greenhub::task::set_unobserved_hook(Some(Rc::new(|_| ())));
    sleep(seconds(5));
    log.check(["runs on"]);
}

#[test]
fn things_of_all_kinds_are_waited_for_together() {
    pause_clock();
    let [number] = sleepers([2]);
    let text = spawn(|| {
        sleep(seconds(1));
        "text"
    });
    let any = text.any();
    let things: [&dyn Waitable; 3] = [&number, &any, &text];
    assert_eq!(iwait(things).count(), 3);
    joinall(things);
    assert_eq!(wait_any(&things), 0);
}

#[test]
fn ten_thousand_are_waited_for_in_the_order_of_their_ends() {
    let _watch = within(seconds(60));
    pause_clock();
    const COUNT: u64 = 10_000;
    let tasks: Vec<Task<u64>> = (0..COUNT)
        .map(|number| {
            // A different moment for each.
            let moment = number * 7919 % COUNT;
            spawn(move || {
                sleep(millis(moment + 1));
                moment
            })
        })
        .collect();
    let order: Vec<u64> = iwait(tasks).map(|task| task.join().unwrap()).collect();
    assert!(order.iter().copied().eq(0..COUNT));
}

#[test]
fn a_thing_that_panics_during_a_wait_is_given_normally() {
    pause_clock();
    let bad = panics_after(1, "bad");
    let given: Vec<_> = iwait([bad]).collect();
    let [bad] = <[Task<u64>; 1]>::try_from(given).ok().unwrap();
    let panic = caught(|| resume_unwind(bad.join().unwrap_err().into_panic()));
    assert_eq!(*panic.downcast::<&str>().unwrap(), "bad");
}

#[test]
fn a_circular_wait_is_reported_with_the_number_of_things() {
    let stuck = spawn(|| sleep(Duration::MAX));
    let line = line!() + 1;
    let text = panic_text(|| wait_any(&[&stuck, &stuck]));
    let said = format!(" waits for any of 2 things at {}:{line}:", file!());
    assert!(text.contains(&said), "{text}");
    let line = line!() + 1;
    let text = panic_text(|| iwait([&stuck]).collect::<Vec<_>>());
    let said = format!("waits for any of 1 things at {}:{line}:", file!());
    assert!(text.contains(&said), "{text}");
}
