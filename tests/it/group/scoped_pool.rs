//! Pools in a scope: jobs that borrow, so many at a time, and none that outlives what it borrows.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use greenhub::error::TrySpawnError;
use greenhub::greenlet::no_switch;
use greenhub::hub::{now, pause_clock};
use greenhub::{TimedOut, scope, sleep, spawn, try_scope, with_timeout, yield_now};
use proptest::prelude::*;

use crate::support::{Log, caught, forget, millis, panic_text, seconds, within};

/// Says what it was told to when it is dropped.
struct Says<'a>(&'a Log, String);

impl Drop for Says<'_> {
    fn drop(&mut self) {
        self.0.say(&self.1);
    }
}

#[test]
fn jobs_borrow_and_so_many_run_at_a_time() {
    let _watch = within(seconds(10));
    pause_clock();
    let (running, most) = (Cell::new(0), Cell::new(0));
    let names = ["a", "b", "c", "d", "e"].map(String::from);
    let begun = now();
    let lengths = scope(|s| {
        let pool = s.pool(2);
        assert_eq!((pool.size(), pool.free_count()), (2, 2));
        pool.map(&names, |name| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            sleep(seconds(1));
            running.set(running.get() - 1);
            name.as_str()
        })
    });
    let lengths: Vec<&str> = lengths.into_iter().map(|job| job.unwrap()).collect();
    assert_eq!(lengths, ["a", "b", "c", "d", "e"]);
    assert_eq!((most.get(), now() - begun), (2, seconds(3)));
}

#[test]
fn the_scope_waits_for_the_jobs_of_a_pool_that_is_gone_or_leaked() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    for leak in [false, true] {
        let text = String::from("borrowed");
        scope(|s| {
            let pool = s.pool(1);
            pool.spawn(|| {
                sleep(seconds(1));
                log.say(&text);
            });
            if leak {
                forget(pool);
            }
        });
        log.check(["borrowed"]);
        drop(text);
    }
}

#[test]
fn a_job_that_uses_its_pool_lends_its_place() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, depth) = (Log::new(), 3);
    let log = &log;
    scope(|s| {
        let pool = s.pool(1);
        let inner = pool.clone();
        pool.spawn(move || {
            for n in 0..depth {
                inner.spawn(move || log.say(format!("inner {n}")));
            }
            let halves = inner.map([2, 4], |n| n / 2);
            log.say(format!(
                "{:?}",
                halves.into_iter().flatten().collect::<Vec<_>>()
            ));
        });
        pool.join();
        assert_eq!(pool.free_count(), 1);
    });
    log.check(["inner 0", "inner 1", "inner 2", "[1, 2]"]);
}

#[test]
fn a_full_pool_gives_the_body_back() {
    let _watch = within(seconds(10));
    let value = Cell::new(0);
    scope(|s| {
        let pool = s.pool(1);
        pool.spawn(yield_now);
        let refused = pool.try_spawn(|| value.set(7)).unwrap_err();
        assert!(matches!(refused, TrySpawnError::Full(_)));
        let body = refused.into_body().expect("the pool is full");
        pool.join();
        pool.try_spawn(body).unwrap().join().unwrap();
    });
    assert_eq!(value.get(), 7);
}

#[test]
fn a_timeout_of_map_kills_its_jobs_and_one_of_spawn_those_that_wait() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let text = String::from("borrowed");
    let job = |n: u64| {
        let _end = Says(&log, format!("{n} of {text}"));
        sleep(seconds(n));
    };
    scope(|s| {
        let pool = s.pool(2);
        let mapped = with_timeout(seconds(3), || pool.map([1, 100, 200, 300], job));
        assert!(mapped.is_err());
        log.check(["1 of borrowed"]);
        pool.join();
        log.check(["100 of borrowed", "200 of borrowed"]);

        let busy = [10, 10].map(|n| pool.spawn(move || sleep(seconds(n))));
        let refused: Result<_, TimedOut> =
            with_timeout(seconds(1), || pool.spawn(|| job(9)).is_finished());
        assert!(refused.is_err());
        drop(busy);
    });
    log.check([]);
}

#[test]
fn a_killed_scope_ends_its_jobs_before_it_is_left() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let task = spawn({
        let log = log.clone();
        move || {
            let text = String::from("borrowed");
            let _frame = log.at_drop("the frame is left");
            scope(|s| {
                let pool = s.pool(1);
                for n in 0..3 {
                    let (log, text) = (&log, &text);
                    pool.spawn(move || {
                        let _end = Says(log, format!("{n} of {text}"));
                        sleep(Duration::MAX);
                    });
                }
            });
        }
    });
    yield_now();
    yield_now();
    task.kill();
    log.check(["0 of borrowed", "the frame is left"]);
}

#[test]
fn a_panic_of_a_job_is_the_scopes_unless_it_is_joined() {
    let _watch = within(seconds(10));
    let text = panic_text(|| {
        scope(|s| drop(s.pool(1).spawn(|| panic!("not joined"))));
    });
    assert_eq!(text, "not joined");
    scope(|s| {
        let outcomes = s.pool(1).map([1, 2], |n| assert_ne!(n, 2, "joined"));
        assert!(outcomes[0].is_ok() && outcomes[1].is_err());
        assert_eq!(s.pool(1).free_count(), 1);
    });
}

#[test]
fn no_pool_is_without_room_and_no_job_where_the_scope_cannot_wait() {
    let _watch = within(seconds(10));
    let text = panic_text(|| scope(|s| drop(s.pool(0))));
    assert!(text.contains("without room"), "{text}");
    no_switch(|| {
        scope(|s| {
            let pool = s.pool(1);
            drop(caught(|| drop(pool.spawn(|| ()))));
            drop(caught(|| drop(pool.try_spawn(|| ()))));
            assert_eq!(pool.free_count(), 1, "its place came back");
        });
    });
}

#[test]
fn it_works_in_a_task_of_a_failing_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let outcome = try_scope(|s| {
        s.spawn(|| {
            scope(|inner| {
                let pool = inner.pool(1);
                pool.spawn(|| {
                    let _end = log.at_drop("the job is killed");
                    sleep(Duration::MAX);
                });
            });
            Ok(())
        });
        s.spawn(|| {
            sleep(seconds(1));
            Err::<(), _>("failed")
        });
        Ok(())
    });
    assert_eq!(outcome, Err("failed"));
    log.check(["the job is killed"]);
}

/// When each job of a pool begins, in ms: as soon as one of the places is free, in the order of the jobs.
fn beginnings(size: usize, times: &[u64]) -> Vec<u64> {
    let mut free_at = vec![0; size];
    let begin = |time: &u64| {
        let first = free_at.iter_mut().min().expect("a pool has room");
        let begun = *first;
        *first += time;
        begun
    };
    times.iter().map(begin).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn each_job_begins_when_a_place_is_free(
        size in 1..5usize,
        times in prop::collection::vec(1..50u64, 0..20),
        by_map: bool,
    ) {
        pause_clock();
        let begun = now();
        let seen = RefCell::new(Vec::new());
        let job = |time: u64| {
            seen.borrow_mut().push((now() - begun).as_millis() as u64);
            sleep(millis(time));
        };
        scope(|s| {
            let pool = s.pool(size);
            if by_map {
                pool.map(times.clone(), job);
            } else {
                for &time in &times {
                    pool.spawn(move || job(time));
                }
            }
        });
        prop_assert_eq!(seen.into_inner(), beginnings(size, &times));
    }
}
