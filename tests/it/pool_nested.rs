//! Pools that are used by their own jobs: nothing waits for ever, and no more run than may.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock, set_max_greenlets};
use greenhub::task::AnyTask;
use greenhub::{Pool, current, sleep, spawn, task, yield_now};
use proptest::prelude::*;

use crate::support::{Gauge, Log, caught, millis, seconds, within};

#[test]
fn a_job_of_a_full_pool_spawns_into_it_and_lends_its_place_to_the_new_job() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(1));
    let job = pool.spawn({
        let (log, pool) = (log.clone(), pool.clone());
        move || {
            log.say("outer");
            assert_eq!(pool.free_count(), 0);
            let inner = pool.spawn({
                let log = log.clone();
                move || {
                    sleep(seconds(1));
                    log.say("inner");
                    7
                }
            });
            log.say("outer goes on");
            assert!(inner.is_finished());
            inner.join().unwrap()
        }
    });
    assert_eq!(job.join().unwrap(), 7);
    log.check(["outer", "inner", "outer goes on"]);
    assert_eq!(pool.free_count(), 1);
}

#[test]
fn it_goes_on_before_that_if_there_is_room_for_both() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let (log, pool) = (Log::new(), Pool::new(2));
    pool.spawn(|| sleep(seconds(1)));
    pool.spawn({
        let (log, pool) = (log.clone(), pool.clone());
        move || {
            let inner = pool.spawn(|| sleep(seconds(5)));
            log.say(format!("goes on after {:?}", now() - begun));
            // The inner job has the place that was lent, and this one another: both are taken.
            assert_eq!(pool.free_count(), 0);
            assert!(pool.try_spawn(|| ()).is_err());
            inner.join().unwrap();
            assert_eq!(pool.free_count(), 1);
        }
    });
    pool.join();
    log.check(["goes on after 1s"]);
    assert_eq!((pool.free_count(), now() - begun), (2, seconds(5)));
}

/// Counts the leaves of a tree, each node of which is a job of one pool that uses the pool itself.
fn leaves(pool: &Pool, gauge: &Gauge, how: u32, depth: u32) -> u32 {
    let work = || {
        let _running = gauge.enter();
        sleep(millis(1));
    };
    work();
    if depth == 0 {
        return 1;
    }
    let below = {
        let (pool, gauge) = (pool.clone(), gauge.clone());
        move |()| leaves(&pool, &gauge, how + 1, depth - 1)
    };
    let inputs = [(); 3];
    let below: Vec<_> = match how % 5 {
        0 => inputs
            .map(|()| {
                let below = below.clone();
                pool.spawn(move || below(()))
            })
            .map(|job| job.join())
            .into(),
        1 => pool.map(inputs, below),
        2 => pool.imap(inputs, below).collect(),
        3 => pool.imap_unordered(inputs, below).maxsize(1).collect(),
        _ => inputs
            .map(|()| {
                let below = below.clone();
                pool.apply(move || below(()))
            })
            .into(),
    };
    work();
    below.into_iter().map(Result::unwrap).sum()
}

#[test]
fn whatever_a_job_does_with_its_own_pool_nothing_waits_for_ever() {
    let _watch = within(seconds(60));
    pause_clock();
    for size in [1, 2, 3, 7] {
        for how in 0..5 {
            let (pool, gauge) = (Pool::new(size), Gauge::default());
            let root = {
                let (pool, gauge) = (pool.clone(), gauge.clone());
                move || leaves(&pool, &gauge, how, 4)
            };
            assert_eq!(pool.apply(root).unwrap(), 81);
            assert!(gauge.most() <= size, "{} of {size} ran", gauge.most());
            assert_eq!((pool.len(), pool.free_count()), (0, size));
        }
    }
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_job_may_take_the_results_of_an_imap_that_was_made_outside() {
    let _watch = within(seconds(10));
    pause_clock();
    let pool = Pool::new(1);
    let imap = pool.imap(1..=5, |n| {
        sleep(seconds(1));
        n
    });
    let job = pool.spawn(move || imap.map(Result::unwrap).sum::<u64>());
    assert_eq!(job.join().unwrap(), 15);
    assert_eq!(pool.free_count(), 1);
}

#[test]
fn a_job_that_is_killed_while_it_lends_its_place_takes_the_nested_one_along() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(1));
    let job = pool.spawn({
        let (log, pool) = (log.clone(), pool.clone());
        move || {
            let _bell = log.at_drop("outer");
            let bell = log.at_drop("inner");
            pool.spawn(move || {
                let _bell = bell;
                sleep(Duration::MAX);
            });
        }
    });
    sleep(seconds(1));
    let waiting = spawn({
        let (log, pool) = (log.clone(), pool.clone());
        move || pool.spawn(move || log.say("next"))
    });
    yield_now();
    job.kill();
    log.check(["outer", "inner"]);
    waiting.join().unwrap().join().unwrap();
    log.check(["next"]);
    assert_eq!((pool.len(), pool.free_count()), (0, 1));
}

#[test]
fn a_job_that_swallows_its_kill_while_it_lends_has_no_place_and_no_other_gets_two() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(1));
    let job = pool.spawn({
        let (log, pool) = (log.clone(), pool.clone());
        move || {
            drop(caught(|| pool.spawn(|| task::shield(|| sleep(seconds(5))))));
            log.say(format!("swallowed, {} free", pool.free_count()));
        }
    });
    sleep(seconds(1));
    job.kill();
    log.check(["swallowed, 0 free"]);
    pool.join();
    assert_eq!(pool.free_count(), 1);
}

/// Runs jobs one in the other, so many, and sleeps in the last.
fn nest(pool: &Pool, depth: u32) {
    if depth == 0 {
        sleep(Duration::MAX);
    }
    let inner = pool.clone();
    pool.spawn(move || nest(&inner, depth - 1));
}

#[test]
fn a_kill_of_thousands_of_jobs_one_in_the_other_gives_their_place_back() {
    let _watch = within(seconds(20));
    pause_clock();
    let pool = Pool::new(1);
    drop(pool.spawn({
        let pool = pool.clone();
        move || nest(&pool, 3000)
    }));
    sleep(seconds(1));
    assert_eq!(pool.len(), 3001);
    pool.kill();
    assert_eq!((pool.len(), pool.free_count()), (0, 1));
}

#[test]
fn a_nested_job_that_cannot_be_spawned_costs_its_spawner_nothing() {
    let _watch = within(seconds(10));
    let pool = Pool::new(1);
    let job = pool.spawn({
        let pool = pool.clone();
        move || {
            set_max_greenlets(1);
            let failed = catch_unwind(AssertUnwindSafe(|| pool.spawn(|| ()))).is_err();
            set_max_greenlets(usize::MAX);
            assert!(failed && pool.free_count() == 0);
            pool.spawn(|| 5).join().unwrap()
        }
    });
    assert_eq!(job.join().unwrap(), 5);
    assert_eq!(pool.free_count(), 1);
}

#[test]
fn a_job_is_unwound_as_a_greenlet_while_its_place_is_on_its_way_back() {
    let _watch = within(seconds(10));
    let pool = Pool::new(1);
    let (own, inner) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(None)));
    let job = pool.spawn({
        let (own, inner, pool) = (own.clone(), inner.clone(), pool.clone());
        move || {
            *own.borrow_mut() = Some(current());
            pool.spawn(move || {
                inner.set(task::current());
                yield_now();
            });
        }
    });
    loop {
        yield_now();
        let known = inner.take();
        if known.as_ref().is_some_and(AnyTask::is_finished) {
            break;
        }
        inner.set(known);
    }
    // It is in the queue, behind us.
    assert!(!job.is_finished());
    own.take().unwrap().kill();
    assert!(job.join().unwrap_err().is_killed());
    assert_eq!(pool.free_count(), 1);
    assert_eq!(pool.apply(|| 1).unwrap(), 1);
}

/// What a random job does, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Work(u64),
    Spawn(Vec<Step>),
    Join(Vec<Step>),
    Map(Vec<Step>, u8),
    Imap(Vec<Step>, u8),
    Fail,
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        6 => (0..4u64).prop_map(Step::Work),
        1 => Just(Step::Fail),
    ];
    let step = leaf.prop_recursive(4, 40, 4, |step| {
        let steps = prop::collection::vec(step, 0..4);
        prop_oneof![
            2 => steps.clone().prop_map(Step::Spawn),
            2 => steps.clone().prop_map(Step::Join),
            1 => (steps.clone(), 0..4u8).prop_map(|(steps, count)| Step::Map(steps, count)),
            1 => (steps, 0..4u8).prop_map(|(steps, count)| Step::Imap(steps, count)),
        ]
    });
    prop::collection::vec(step, 1..6)
}

fn perform(pool: &Pool, gauge: &Gauge, steps: &[Step]) {
    for step in steps {
        let job = |steps: &Vec<Step>| {
            let (pool, gauge, steps) = (pool.clone(), gauge.clone(), steps.clone());
            move || perform(&pool, &gauge, &steps)
        };
        match step {
            Step::Work(time) => {
                let _running = gauge.enter();
                sleep(millis(*time));
            }
            Step::Spawn(steps) => drop(pool.spawn(job(steps))),
            Step::Join(steps) => drop(pool.spawn(job(steps)).join()),
            Step::Map(steps, count) => {
                let job = job(steps);
                drop(pool.map(0..*count, move |_| job()));
            }
            Step::Imap(steps, count) => {
                let job = job(steps);
                let imap = pool.imap(0..*count, move |_| job()).maxsize(2);
                // Sometimes not all results are taken.
                drop(imap.take(2).collect::<Vec<_>>());
            }
            Step::Fail => std::panic::resume_unwind(Box::new("on purpose")),
        }
    }
}

proptest! {
    #[test]
    fn random_jobs_that_use_their_own_pool_all_end_and_never_too_many_work(
        size in 1..4usize,
        jobs in prop::collection::vec(any_steps(), 1..4),
        kill_after in prop::option::of(0..20u64),
    ) {
        pause_clock();
        let before = task::set_unobserved_hook(Some(Rc::new(|_| ())));
        let (pool, gauge) = (Pool::new(size), Gauge::default());
        let spawner = spawn({
            let (pool, gauge) = (pool.clone(), gauge.clone());
            move || {
                for steps in jobs {
                    let (inner, gauge) = (pool.clone(), gauge.clone());
                    pool.spawn(move || perform(&inner, &gauge, &steps));
                }
            }
        });
        if let Some(time) = kill_after {
            sleep(millis(time));
            pool.kill();
        }
        spawner.join().unwrap();
        pool.join();
        prop_assert_eq!((pool.len(), gauge.running()), (0, 0));
        // The tasks that feed imaps are no jobs, and end for themselves.
        greenhub::hub::join();
        prop_assert_eq!(pool.free_count(), size);
        prop_assert!(gauge.most() <= size, "{} of {} worked", gauge.most(), size);
        task::set_unobserved_hook(before);
    }
}
