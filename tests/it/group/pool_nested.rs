//! Pools that are used by their own jobs: nothing waits for ever, and no more run than may.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock, set_max_tasks};
use greenhub::task::AnyTask;
use greenhub::{Pool, current, sleep, spawn, task, with_timeout, yield_now};
use proptest::prelude::*;

use crate::support::{Gauge, Log, caught, millis, seconds, within};

#[test]
fn a_job_of_a_full_pool_lends_its_place_to_a_nested_job() {
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
fn killing_a_lending_job_kills_the_nested_job() {
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
    log.check(["inner", "outer"]);
    waiting.join().unwrap().join().unwrap();
    log.check(["next"]);
    assert_eq!((pool.len(), pool.free_count()), (0, 1));
}

#[test]
fn a_job_that_swallows_its_kill_has_its_place_again() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool, gauge) = (Log::new(), Pool::new(1), Gauge::default());
    let job = pool.spawn({
        let (log, pool, gauge) = (log.clone(), pool.clone(), gauge.clone());
        move || {
            let inner = gauge.clone();
            let shielded = move || {
                let _running = inner.enter();
                task::shield(|| sleep(seconds(5)));
            };
            drop(caught(|| pool.spawn(shielded)));
            let _running = gauge.enter();
            log.say(format!("swallowed, {} free", pool.free_count()));
        }
    });
    sleep(seconds(1));
    let begun = now();
    job.kill();
    log.check(["swallowed, 0 free"]);
    assert_eq!(now() - begun, seconds(4), "the shield of the inner job");
    assert_eq!((gauge.most(), pool.len(), pool.free_count()), (1, 0, 1));
}

type LongCall = fn(&Pool, Rc<dyn Fn()>);

/// What a job may do with its own pool for longer than it has time, and how long it takes: jobs of `map` and `apply` are killed, others
/// work for 30 ms.
const LONG_CALLS: &[(&str, u64, LongCall)] = &[
    ("spawn", 30, |pool, work| drop(pool.spawn(move || work()))),
    ("apply", 5, |pool, work| drop(pool.apply(move || work()))),
    ("map", 5, |pool, work| drop(pool.map(0..3, move |_| work()))),
    ("imap", 30, |pool, work| {
        drop(pool.imap(0..3, move |_| work()).collect::<Vec<_>>());
    }),
    ("imap_unordered", 30, |pool, work| {
        let imap = pool.imap_unordered(0..3, move |_| work());
        drop(imap.maxsize(1).collect::<Vec<_>>());
    }),
    ("spawn in spawn", 30, |pool, work| {
        let inner = pool.clone();
        drop(pool.spawn(move || drop(inner.spawn(move || work()))));
    }),
];

#[test]
fn a_job_whose_nested_call_times_out_has_its_place_again() {
    let _watch = within(seconds(10));
    pause_clock();
    for (name, time, call) in LONG_CALLS {
        let (pool, gauge) = (Pool::new(1), Gauge::default());
        let work: Rc<dyn Fn()> = Rc::new({
            let gauge = gauge.clone();
            move || {
                let _running = gauge.enter();
                sleep(millis(30));
            }
        });
        let job = pool.spawn({
            let (pool, work) = (pool.clone(), work.clone());
            move || {
                let begun = now();
                let timed_out = with_timeout(millis(5), || call(&pool, work.clone()));
                assert!(timed_out.is_err(), "{name}");
                assert_eq!(now() - begun, millis(*time), "{name}");
                assert_eq!(pool.free_count(), 0, "{name}");
                work();
                assert_eq!(pool.apply(|| 7).unwrap(), 7, "{name}: it lends again");
            }
        });
        job.join().unwrap();
        pool.join();
        greenhub::hub::join();
        assert_eq!((gauge.most(), pool.free_count()), (1, 1), "{name}");
    }
}

#[test]
fn a_place_that_another_job_leaves_ends_the_wait_early() {
    let _watch = within(seconds(10));
    pause_clock();
    let pool = Pool::new(2);
    pool.spawn(|| sleep(millis(10)));
    let job = pool.spawn({
        let pool = pool.clone();
        move || {
            let begun = now();
            let shielded = || task::shield(|| sleep(seconds(5)));
            let _ = with_timeout(millis(5), || drop(pool.spawn(shielded)));
            assert_eq!((now() - begun, pool.free_count()), (millis(10), 0));
        }
    });
    job.join().unwrap();
}

#[test]
fn a_lent_place_without_a_job_comes_back_at_once() {
    let _watch = within(seconds(10));
    pause_clock();
    let pool = Pool::new(1);
    let job = pool.spawn({
        let pool = pool.clone();
        move || {
            let own = task::current().unwrap();
            let begun = now();
            let mut imap = pool.imap(1..=3, |n| {
                sleep(seconds(1));
                n
            });
            // The kill comes when the place is lent and its job is not spawned.
            spawn(move || own.kill_nowait()).detach();
            let killed = caught(|| imap.next());
            assert_eq!(now(), begun, "no job began");
            let rest = task::shield(|| imap.map(Result::unwrap).collect::<Vec<_>>());
            assert_eq!(rest, [1, 2, 3]);
            std::panic::resume_unwind(killed);
        }
    });
    assert!(job.join().unwrap_err().is_killed());
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
fn killing_thousands_of_nested_jobs_returns_their_place() {
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
fn a_failed_spawn_of_a_nested_job_costs_its_spawner_nothing() {
    let _watch = within(seconds(10));
    let pool = Pool::new(1);
    let job = pool.spawn({
        let pool = pool.clone();
        move || {
            set_max_tasks(1);
            let failed = catch_unwind(AssertUnwindSafe(|| pool.spawn(|| ()))).is_err();
            set_max_tasks(usize::MAX);
            assert!(failed && pool.free_count() == 0);
            pool.spawn(|| 5).join().unwrap()
        }
    });
    assert_eq!(job.join().unwrap(), 5);
    assert_eq!(pool.free_count(), 1);
}

#[test]
fn a_job_is_unwound_while_its_place_is_on_its_way_back() {
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
    /// With so much time.
    Within(Vec<Step>, u64),
    /// And catch what ends it early.
    Catch(Vec<Step>),
    Shield(Vec<Step>),
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
            1 => (steps.clone(), 0..4u8).prop_map(|(steps, count)| Step::Imap(steps, count)),
            2 => (steps.clone(), 0..5u64).prop_map(|(steps, time)| Step::Within(steps, time)),
            1 => steps.clone().prop_map(Step::Catch),
            1 => steps.prop_map(Step::Shield),
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
            Step::Within(steps, time) => {
                let _ = with_timeout(millis(*time), || perform(pool, gauge, steps));
            }
            Step::Catch(steps) => {
                let _ = catch_unwind(AssertUnwindSafe(|| perform(pool, gauge, steps)));
            }
            Step::Shield(steps) => task::shield(|| perform(pool, gauge, steps)),
            Step::Fail => std::panic::resume_unwind(Box::new("on purpose")),
        }
    }
}

proptest! {
    #[test]
    fn random_nested_jobs_all_end_within_the_limit(
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

#[test]
fn a_nested_job_that_has_not_begun_does_not_run_after_a_timeout() {
    let _watch = within(seconds(10));
    pause_clock();
    let pool = Pool::new(1);
    let job = pool.spawn({
        let pool = pool.clone();
        move || {
            let refused = with_timeout(Duration::ZERO, || {
                drop(pool.spawn(|| unreachable!("it does not run")));
            });
            assert!(refused.is_err());
            assert_eq!((pool.len(), pool.free_count()), (1, 0));
        }
    });
    job.join().unwrap();
}
