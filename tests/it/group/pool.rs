//! Pools: how many jobs run at a time, who waits for room, and what map and imap give.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::error::TrySpawnError;
use greenhub::hub::{now, pause_clock, set_max_tasks};
use greenhub::task::State;
use greenhub::{JoinError, Pool, current, sleep, spawn, task, with_timeout, yield_now};
use proptest::prelude::*;

use crate::support::{Census, Gauge, Log, caught, millis, panic_text, seconds, within};

#[test]
fn the_third_spawn_into_a_pool_of_two_waits_for_one_job_to_end() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let pool = Pool::new(2);
    assert_eq!((pool.size(), pool.free_count()), (2, 2));
    pool.spawn(|| sleep(seconds(3)));
    pool.spawn(|| sleep(seconds(1)));
    assert_eq!((now() - begun, pool.free_count()), (seconds(0), 0));
    let third = pool.spawn(|| sleep(seconds(1)));
    assert_eq!((now() - begun, third.state()), (seconds(1), State::Pending));
    assert!(pool.contains(&third));
    assert_eq!(format!("{pool:?}"), "Pool { size: 2, len: 2, free: 0 }");
    assert!(!pool.join_timeout(millis(500)));
    assert!(pool.join_timeout(seconds(5)));
    assert_eq!((now() - begun, pool.free_count()), (seconds(3), 2));
    assert!(pool.is_empty());
}

#[test]
fn a_full_pool_gives_the_body_back() {
    let _watch = within(seconds(10));
    let census = Census::new();
    let pool = Pool::new(1);
    pool.spawn(yield_now);
    let mut body = {
        let one = census.one();
        move || drop(one)
    };
    for _ in 0..3 {
        let refused = pool.try_spawn(body).unwrap_err();
        assert_eq!(refused.to_string(), "the pool is full");
        assert_eq!(format!("{refused:?}"), "Full");
        assert!(refused.is_full());
        body = refused.into_body().unwrap();
    }
    assert_eq!(census.dropped(), 0);
    pool.join();
    pool.try_spawn(body).unwrap().join().unwrap();
    census.check_all_dropped();
    assert!(panic_text(|| Pool::new(0)).contains("a pool without room"));
}

#[test]
fn what_cannot_be_spawned_takes_no_room() {
    let _watch = within(seconds(10));
    let pool = Pool::new(2);
    let outside = spawn(|| sleep(Duration::MAX));
    set_max_tasks(1);
    let error = pool.try_spawn(|| ()).unwrap_err();
    assert!(matches!(error, TrySpawnError::NoTask(_)) && !error.is_full());
    assert!(error.to_string().contains("set_max_tasks"), "{error}");
    assert!(error.into_body().is_none());
    assert!(panic_text(|| pool.spawn(|| ())).starts_with("no task could be spawned: "));
    assert_eq!((pool.free_count(), pool.len()), (2, 0));
    set_max_tasks(usize::MAX);
    outside.kill();
}

#[test]
fn waiters_for_room_are_served_in_order() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(1));
    pool.spawn(|| sleep(seconds(1)));
    let waiting = ["a", "b", "c"].map(|name| {
        let (log, pool) = (log.clone(), pool.clone());
        spawn(move || {
            for round in 1..=2 {
                let log = log.clone();
                pool.spawn(move || {
                    log.say(format!("{name}{round}"));
                    sleep(seconds(1));
                });
            }
        })
    });
    yield_now();
    // The room of the first job goes to `a`: whoever asks at that moment comes too late.
    sleep(seconds(1));
    assert!(pool.try_spawn(|| ()).is_err());
    task::joinall_timeout(&waiting, Duration::MAX);
    pool.join();
    log.check(["a1", "b1", "c1", "a2", "b2", "c2"]);
}

#[test]
fn whoever_stops_waiting_for_room_leaves_it_to_the_next() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(1));
    let first = pool.spawn(|| sleep(seconds(3)));
    let spawner = |name: &'static str| {
        let (bell, pool) = (log.at_drop(name), pool.clone());
        move || {
            pool.spawn(move || {
                let _bell = bell;
                sleep(seconds(1));
            })
        }
    };
    let (killed, timed_out, woken, last) = (
        spawner("killed"),
        spawner("timed out"),
        spawner("woken"),
        spawner("last"),
    );
    let killed = spawn(move || drop(killed()));
    let timed_out = spawn(move || with_timeout(seconds(2), timed_out).is_err());
    let own = Rc::new(Cell::new(None));
    let woken = spawn({
        let own = own.clone();
        move || {
            own.set(Some(current()));
            drop(woken());
        }
    });
    let last = spawn(move || drop(last()));
    sleep(seconds(1));
    killed.kill();
    log.check(["killed"]);
    assert!(timed_out.join().unwrap());
    log.check(["timed out"]);
    // When the first job ends its room is on its way to `woken`, which is unwound before it gets there.
    let _ = first.on_done(move |_| own.take().unwrap().kill());
    first.join().unwrap();
    log.check(["woken"]);
    assert!(woken.join().unwrap_err().is_killed());
    last.join().unwrap();
    pool.join();
    log.check(["last"]);
    assert_eq!(pool.free_count(), 1);
}

#[test]
fn main_is_told_who_waits_for_room_where_there_will_be_none() {
    let _watch = within(seconds(10));
    let pool = Pool::new(1);
    let stuck = pool.spawn(|| sleep(Duration::MAX));
    let line = line!() + 1;
    let text = panic_text(|| pool.spawn(|| ()));
    let waits = format!("waits for room in a pool at {}:{line}:", file!());
    assert!(text.contains(&waits), "{text}");
    stuck.kill();
    pool.spawn(|| ()).join().unwrap();
}

#[test]
fn kill_ends_the_jobs_and_those_who_waited_for_room() {
    let _watch = within(seconds(10));
    let (log, pool) = (Log::new(), Pool::new(1));
    let first = pool.spawn(|| sleep(Duration::MAX));
    let spawner = spawn({
        let (log, pool) = (log.clone(), pool.clone());
        move || {
            let bell = log.at_drop("never ran");
            pool.spawn(move || {
                let _bell = bell;
                log.say("runs");
            });
        }
    });
    yield_now();
    pool.kill();
    assert!(first.join().unwrap_err().is_killed());
    spawner.join().unwrap();
    log.check(["never ran"]);
    assert_eq!((pool.len(), pool.free_count()), (0, 1));
    pool.spawn(|| sleep(Duration::MAX));
    pool.kill_nowait();
    assert!(pool.kill_timeout(seconds(1)));
}

#[test]
fn twenty_jobs_in_a_pool_of_two_are_never_more_than_two_at_once() {
    let _watch = within(seconds(10));
    pause_clock();
    let work = |gauge: &Gauge| {
        let gauge = gauge.clone();
        move |n: u64| {
            let _running = gauge.enter();
            sleep(millis(1 + n % 3));
            n
        }
    };
    let numbers: Vec<u64> = (0..20).collect();
    let pool = Pool::new(2);
    let gauges = [(); 4].map(|()| Gauge::default());
    let run = |gauge: &Gauge| {
        let work = work(gauge);
        let work = Rc::new(work);
        for &n in &numbers {
            let work = work.clone();
            pool.spawn(move || work(n));
        }
        pool.join();
    };
    run(&gauges[0]);
    let all: Result<Vec<u64>, JoinError> = pool
        .map(numbers.clone(), work(&gauges[1]))
        .into_iter()
        .collect();
    assert_eq!(all.unwrap(), numbers);
    let all: Result<Vec<u64>, JoinError> = pool.imap(0..20, work(&gauges[2])).collect();
    assert_eq!(all.unwrap(), numbers);
    let all: Result<Vec<u64>, JoinError> = pool.imap_unordered(0..20, work(&gauges[3])).collect();
    let mut all = all.unwrap();
    assert_ne!(all, numbers);
    all.sort();
    assert_eq!(all, numbers);
    assert_eq!(
        gauges.map(|gauge| (gauge.running(), gauge.most())),
        [(0, 2); 4]
    );
}

#[test]
fn map_takes_inputs_as_there_is_room_and_survives_failures() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let inputs = (0..3).inspect({
        let log = log.clone();
        move |n| log.say(format!("takes {n}"))
    });
    let results = Pool::new(1).map(inputs, {
        let log = log.clone();
        move |n| {
            log.say(format!("runs {n}"));
            sleep(seconds(1));
            assert_ne!(n, 1, "one is bad");
            n * 10
        }
    });
    log.check([
        "takes 0", "takes 1", "runs 0", "takes 2", "runs 1", "runs 2",
    ]);
    let results: Vec<String> = results
        .into_iter()
        .map(|result| match result {
            Ok(n) => n.to_string(),
            Err(error) => error.panic_message().unwrap().to_owned(),
        })
        .collect();
    assert!(results[1].contains("one is bad"));
    assert_eq!((&*results[0], &*results[2]), ("0", "20"));
}

#[test]
fn jobs_whose_results_nobody_will_take_are_killed() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(2));
    let work = |log: &Log| {
        let log = log.clone();
        move |word: &'static str| {
            let _bell = log.at_drop(word);
            sleep(seconds(5));
        }
    };
    let words = || ["a", "b", "c"];
    assert!(with_timeout(seconds(1), || pool.map(words(), work(&log))).is_err());
    pool.join();
    log.check(["a", "b"]);
    assert!(with_timeout(seconds(7), || pool.map(words(), work(&log))).is_err());
    pool.join();
    log.check(["a", "b", "c"]);
    let work_once = work(&log);
    assert!(with_timeout(seconds(1), || pool.apply(move || work_once("applied"))).is_err());
    pool.join();
    log.check(["applied"]);
    let imap = pool.imap(words(), work(&log));
    sleep(seconds(1));
    drop(imap);
    pool.join();
    log.check(["a", "b"]);
    assert_eq!(task::all().len(), 0);
    assert_eq!(pool.free_count(), 2);
}

#[test]
fn imap_yields_in_input_order_and_imap_unordered_in_end_order() {
    let _watch = within(seconds(10));
    pause_clock();
    let pool = Pool::new(3);
    let work = |n: u64| {
        sleep(seconds(n));
        assert_ne!(n, 2, "two is bad");
        n
    };
    let show = |result: Result<u64, JoinError>| result.map_or(0, |n| n);
    let begun = now();
    let mut ordered = pool.imap([3, 1, 2], work);
    assert_eq!(show(ordered.next().unwrap()), 3);
    assert_eq!(now() - begun, seconds(3));
    assert_eq!(ordered.map(show).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(now() - begun, seconds(3));
    let unordered = pool.imap_unordered([3, 1, 2], work);
    assert_eq!(unordered.map(show).collect::<Vec<_>>(), [1, 0, 3]);
    assert!(pool.imap([], work).next().is_none());
    let mut over = pool.imap_unordered([1], work);
    assert_eq!(over.by_ref().count(), 1);
    assert!(over.next().is_none() && over.next().is_none());
}

#[test]
fn imap_starts_no_more_than_maxsize_jobs_ahead_of_its_consumer() {
    let _watch = within(seconds(10));
    pause_clock();
    for ordered in [true, false] {
        let pool = Pool::new(50);
        let (taken, ran) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let inputs = (0..100).inspect({
            let taken = taken.clone();
            move |_| taken.set(taken.get() + 1)
        });
        let work = {
            let ran = ran.clone();
            move |n: i32| {
                ran.set(ran.get() + 1);
                n
            }
        };
        let imap = match ordered {
            true => pool.imap(inputs, work),
            false => pool.imap_unordered(inputs, work),
        };
        let mut imap = imap.maxsize(3);
        assert!(format!("{imap:?}").starts_with("Imap { maxsize: 3, started: 0"));
        sleep(seconds(1));
        assert_eq!((taken.get(), ran.get()), (3, 3));
        assert_eq!(imap.next().unwrap().unwrap(), 0);
        sleep(seconds(1));
        assert_eq!((taken.get(), ran.get()), (4, 4));
        let mut imap = imap.maxsize(10);
        sleep(seconds(1));
        assert_eq!(ran.get(), 11);
        assert_eq!(imap.by_ref().map(Result::unwrap).sum::<i32>(), 99 * 50);
    }
    assert!(panic_text(|| Pool::new(1).imap([1], |n| n).maxsize(0)).contains("no results"));
}

#[test]
fn a_result_is_given_though_the_next_input_is_not_there_yet() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let slow_inputs = (0..3).inspect(|_| sleep(seconds(10)));
    let results = Pool::new(2).imap(slow_inputs, |n| n);
    let times: Vec<u64> = results.map(|_| (now() - begun).as_secs()).collect();
    assert_eq!(times, [10, 20, 30]);
}

#[test]
fn an_early_end_of_imap_inputs_reaches_the_consumer() {
    let _watch = within(seconds(10));
    let pool = Pool::new(2);
    let bad = (0..5).inspect(|n| assert!(*n < 2, "bad input"));
    let mut imap = pool.imap(bad, |n| n);
    assert_eq!(imap.next().unwrap().unwrap(), 0);
    assert_eq!(imap.next().unwrap().unwrap(), 1);
    assert_eq!(panic_text(|| imap.next()), "bad input");
    assert!(imap.next().is_none());
    let mut imap = pool.imap(0..5, |n| n).maxsize(1);
    yield_now();
    let feeder = task::all()
        .into_iter()
        .find(|task| task.name() == Some("imap"));
    feeder.unwrap().kill();
    assert_eq!(imap.next().unwrap().unwrap(), 0);
    let text = panic_text(|| imap.next());
    assert!(
        text.starts_with("the imap at tests/it/group/pool.rs:"),
        "{text}"
    );
    assert!(
        text.contains("has lost its inputs: task \"imap\""),
        "{text}"
    );
}

#[test]
fn a_consumer_of_imap_that_times_out_can_go_on_with_it() {
    let _watch = within(seconds(10));
    pause_clock();
    let mut imap = Pool::new(1).imap([5, 1], |n| {
        sleep(seconds(n));
        n
    });
    for _ in 0..3 {
        assert!(with_timeout(seconds(1), || imap.next()).is_err());
    }
    assert_eq!(imap.map(Result::unwrap).collect::<Vec<_>>(), [5, 1]);
}

#[test]
fn a_panicking_job_frees_its_room_and_its_joiner_gets_the_panic() {
    let _watch = within(seconds(10));
    let pool = Pool::new(1);
    for _ in 0..3 {
        let job = pool.spawn(|| panic!("on purpose"));
        let outcome: Result<(), JoinError> = job.join();
        assert_eq!(outcome.unwrap_err().panic_message(), Some("on purpose"));
    }
    let failed: Result<(), JoinError> = pool.apply(|| panic!("applied"));
    assert_eq!(failed.unwrap_err().panic_message(), Some("applied"));
    drop(caught(|| {
        pool.map((0..3).inspect(|n| assert!(*n < 1)), |n| n)
    }));
    pool.join();
    assert_eq!(pool.free_count(), 1);
}

proptest! {
    /// When each job of one spawner begins and ends, compared with a plain list of seats.
    #[test]
    fn jobs_begin_in_spawn_order_as_room_becomes_free(
        size in 1..5usize,
        jobs in prop::collection::vec((0..4u64, 1..6u64), 1..30),
    ) {
        pause_clock();
        let log = Log::new();
        let pool = Pool::new(size);
        let begun = now();
        for (number, &(pause, work)) in jobs.iter().enumerate() {
            sleep(millis(pause));
            let log = log.clone();
            pool.spawn(move || {
                let began = (now() - begun).as_millis();
                sleep(millis(work));
                log.say(format!("{number:02}: {began} {}", (now() - begun).as_millis()));
            });
        }
        pool.join();
        prop_assert_eq!(pool.free_count(), size);
        let mut seats = vec![0; size];
        let mut time = 0;
        let mut expected = Vec::new();
        for (number, &(pause, work)) in jobs.iter().enumerate() {
            let seat = seats.iter_mut().min().unwrap();
            time = (time + pause).max(*seat);
            *seat = time + work;
            expected.push(format!("{number:02}: {time} {}", *seat));
        }
        let mut said = log.take();
        said.sort();
        prop_assert_eq!(said, expected);
    }
}
