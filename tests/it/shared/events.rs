//! Events and results that other threads set, and what a handle tells of its hub.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use greenhub::sync::shared::{AsyncResult, Event};
use greenhub::{HubClosed, HubHandle, hub, joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, millis, seconds, within};

#[test]
fn an_event_set_by_another_thread_wakes_a_hub_that_sleeps() {
    let _watch = within(seconds(10));
    let event = Event::new();
    let mut latencies: Vec<_> = (0..20)
        .map(|_| {
            event.clear();
            let setter = thread::spawn({
                let event = event.clone();
                move || {
                    thread::sleep(millis(2)); // the hub sleeps in its poller by now
                    let at = Instant::now();
                    event.set();
                    at
                }
            });
            spawn({
                let event = event.clone();
                move || event.wait()
            })
            .join()
            .unwrap();
            let now = Instant::now();
            now - setter.join().unwrap()
        })
        .collect();
    latencies.sort();
    println!("set on one thread, heard on another: {:?}", latencies[10]);
    assert!(latencies[10] < millis(100));
}

#[test]
fn all_who_wait_go_on_though_it_is_cleared_in_the_same_turn() {
    let _watch = within(seconds(10));
    for count in [1, 100, 1000] {
        let event = Event::new();
        let waiters: Vec<_> = (0..count)
            .map(|_| {
                let event = event.clone();
                spawn(move || event.wait_timeout(seconds(10)))
            })
            .collect();
        yield_now();
        event.set();
        event.clear();
        joinall(&waiters);
        let woken = waiters.into_iter().map(|waiter| waiter.join().unwrap());
        assert_eq!(woken.filter(|woken| *woken).count(), count);
        assert!(!event.is_set());
    }
}

#[test]
fn threads_and_tasks_wait_for_the_same_event() {
    let _watch = within(seconds(10));
    let event = Event::new();
    let (say, heard) = std::sync::mpsc::channel();
    let threads = [(); 4].map(|()| {
        let (event, say) = (event.clone(), say.clone());
        thread::spawn(move || {
            assert!(!event.wait_timeout(Duration::ZERO));
            say.send(()).unwrap();
            event.wait();
            event.wait_timeout(Duration::ZERO)
        })
    });
    let task = spawn({
        let event = event.clone();
        move || event.wait()
    });
    for _ in &threads {
        heard.recv().unwrap();
    }
    sleep(millis(5));
    assert!(!task.is_finished());
    event.set();
    task.join().unwrap();
    for thread in threads {
        assert!(thread.join().unwrap());
    }
}

#[test]
fn a_wait_for_an_event_can_be_killed_and_timed_out() {
    let _watch = within(seconds(10));
    hub::pause_clock();
    let log = Log::new();
    let event = Event::new();
    let killed = spawn({
        let (log, event) = (log.clone(), event.clone());
        move || {
            let _word = log.at_drop("killed");
            event.wait();
        }
    });
    yield_now();
    killed.kill();
    log.check(["killed"]);
    let begun = hub::now();
    assert!(!event.wait_timeout(seconds(5)));
    assert!(with_timeout(seconds(5), || event.wait()).is_err());
    assert_eq!(hub::now() - begun, seconds(10));
    event.set();
    event.wait();
}

#[test]
fn a_result_is_set_once_and_lent_to_all() {
    let _watch = within(seconds(10));
    let answer: Arc<AsyncResult<String>> = Arc::new(AsyncResult::new());
    assert_eq!(format!("{answer:?}"), "AsyncResult(<not set>)");
    assert!(answer.try_get().is_none() && !answer.is_ready());
    assert!(answer.get_timeout(Duration::ZERO).is_none());
    let reader = {
        let answer = answer.clone();
        move || answer.get().unwrap().len()
    };
    let (task, thread) = (spawn(reader.clone()), thread::spawn(reader));
    yield_now();
    let setters = [1, 2].map(|n: usize| {
        let answer = answer.clone();
        thread::spawn(move || answer.set("x".repeat(n)).is_ok())
    });
    let set = setters.map(|setter| setter.join().unwrap());
    assert_ne!(set[0], set[1], "one of both was first");
    let length = if set[0] { 1 } else { 2 };
    assert_eq!(task.join().unwrap(), length);
    assert_eq!(thread.join().unwrap(), length);
    assert_eq!(answer.set("late".into()), Err("late".into()));
    let left = Arc::into_inner(answer).unwrap().into_inner();
    assert_eq!(left.unwrap().unwrap().len(), length);
}

#[test]
fn a_failure_is_a_result_too() {
    let _watch = within(seconds(10));
    let answer: Arc<AsyncResult<u8, &str>> = Arc::new(AsyncResult::new());
    let thread = thread::spawn({
        let answer = answer.clone();
        move || answer.fail("out of ink")
    });
    assert_eq!(answer.get(), Err(&"out of ink"));
    assert_eq!(thread.join().unwrap(), Ok(()));
    assert_eq!(answer.fail("again"), Err("again"));
    assert_eq!(answer.complete(Ok(1)), Err(Ok(1)));
}

#[test]
fn a_handle_counts_the_tasks_and_knows_whether_its_hub_is_there() {
    let _watch = within(seconds(10));
    let (say, heard) = std::sync::mpsc::channel();
    let over = Event::new();
    let target = thread::spawn({
        let over = over.clone();
        move || {
            let waiters = [(); 3].map(|()| {
                let over = over.clone();
                spawn(move || over.wait())
            });
            say.send(HubHandle::current().unwrap()).unwrap();
            joinall(&waiters);
        }
    });
    let hub = heard.recv().unwrap();
    while hub.task_count() != 3 {
        thread::yield_now();
    }
    assert!(hub.is_alive());
    assert_eq!(hub.wake(), Ok(()));
    over.set();
    target.join().unwrap();
    assert!(!hub.is_alive());
    let gone: HubClosed = hub.wake().unwrap_err();
    assert_eq!(gone.to_string(), "the thread of that hub has ended");
}
