//! What takes no memory, once the tables of the hub have grown to what they need: waiting, switching and waking. And what
//! keeps none: waits that were left, tasks that were killed.
//!
//! In a binary of its own, because it counts in the allocator that all tests of a binary share. The count is each
//! thread's own, so the tests do not disturb each other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{advance_clock, pause_clock};
use greenhub::net::{TcpListener, TcpStream};
use greenhub::sync::{Barrier, Condvar, Event, Mutex, ReentrantLock, RwLock, Semaphore, channel};
use greenhub::{
    Greenlet, iwait, joinall, parent, select, sleep, spawn, spawn_later, wait_any, with_timeout,
    yield_now,
};

struct Counting;

thread_local! {
    // Neither made nor destroyed by code that could allocate.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static FREED: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory but this thread's cell.
unsafe impl GlobalAlloc for Counting {
    // SAFETY: as the system's.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: as the system's.
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREED.set(FREED.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    // SAFETY: as the system's.
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        FREED.set(FREED.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread asks for memory while `body` runs for the second time. The first time, tables grow.
fn allocations(mut body: impl FnMut()) -> u64 {
    body();
    let before = CALLS.get();
    body();
    CALLS.get() - before
}

#[test]
fn the_count_sees_an_allocation_in_a_task() {
    let count = allocations(|| {
        spawn(|| drop(std::hint::black_box(Box::new(1))))
            .join()
            .unwrap();
    });
    assert!(count >= 1, "{count}");
}

#[test]
fn a_sleep_takes_no_memory() {
    let count = allocations(|| {
        for _ in 0..10 {
            sleep(Duration::from_nanos(1));
        }
        sleep(Duration::from_millis(2));
    });
    assert_eq!(count, 0);
}

/// How often the thread asks for memory while so many tasks at once do `each` for the second time.
fn in_tasks(tasks: usize, each: impl Fn(usize) + Clone + 'static) -> u64 {
    pause_clock();
    let counts = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..tasks)
        .map(|n| {
            let (each, counts) = (each.clone(), counts.clone());
            spawn(move || {
                each(n); // the tables grow
                sleep(Duration::from_secs(1));
                let before = CALLS.get();
                each(n);
                sleep(Duration::from_secs(1));
                counts.set(counts.get() + CALLS.get() - before);
            })
        })
        .collect();
    joinall(&tasks);
    counts.get()
}

#[test]
fn sleeps_of_many_tasks_side_by_side_take_no_memory() {
    let count = in_tasks(1000, |n| {
        for round in 1..=10 {
            sleep(Duration::from_nanos((n as u64 * 7919 + round) % 1009));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_yield_takes_no_memory() {
    let count = in_tasks(100, |_| {
        for _ in 0..100 {
            yield_now();
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_join_that_waits_takes_no_memory() {
    let task = spawn(|| sleep(Duration::from_millis(20)));
    let other = spawn(|| sleep(Duration::from_millis(1)));
    other.wait(); // the tables have grown
    let before = CALLS.get();
    task.wait();
    assert_eq!(CALLS.get() - before, 0);
}

/// How many blocks more this thread has when `body` has run ten times after the first time, when tables grow.
fn kept(mut body: impl FnMut()) -> u64 {
    let blocks = || CALLS.get() - FREED.get();
    body();
    let before = blocks();
    for _ in 0..10 {
        body();
    }
    blocks() - before
}

#[test]
fn what_is_waited_for_keeps_nothing_of_a_wait_for_many_that_was_left() {
    pause_clock();
    let tasks = [(); 3].map(|()| spawn(|| sleep(Duration::MAX)));
    yield_now();
    let limit = Duration::from_secs(1);
    let left_in_between = kept(|| {
        let mut all = iwait(&tasks);
        assert!(with_timeout(limit, || all.next().is_some()).is_err());
    });
    assert_eq!(left_in_between, 0);
    let out_of_time = kept(|| assert!(iwait(&tasks).timeout(limit).next().is_none()));
    assert_eq!(out_of_time, 0);
    let ended = kept(|| {
        let waited = with_timeout(limit, || wait_any(&[&tasks[0], &tasks[1]]));
        assert!(waited.is_err());
    });
    assert_eq!(ended, 0);
}

#[test]
fn what_was_killed_timed_out_and_called_back_keeps_nothing() {
    pause_clock();
    let limit = Duration::from_secs(1);
    let count = kept(|| {
        let victim = spawn(|| sleep(Duration::MAX));
        let _ = victim.on_failure(|_| ());
        victim.on_done(|_| ()).remove();
        yield_now();
        victim.kill();
        let _ = victim.on_done(|_| ());
        assert!(with_timeout(limit, || sleep(Duration::MAX)).is_err());
        let unstarted = spawn_later(limit, || ());
        unstarted.kill();
    });
    assert_eq!(count, 0);
}

#[test]
fn setting_the_clock_forward_takes_no_memory() {
    pause_clock();
    drop(spawn(|| {
        loop {
            sleep(Duration::from_secs(1));
        }
    }));
    let count = allocations(|| advance_clock(Duration::from_secs(100)));
    assert_eq!(count, 0);
}

#[test]
fn waits_for_locks_and_their_like_take_no_memory() {
    const TASKS: usize = 10;
    let (lock, rwlock) = (Rc::new(ReentrantLock::new(())), Rc::new(RwLock::new(())));
    let (semaphore, barrier) = (Rc::new(Semaphore::new(3)), Rc::new(Barrier::new(TASKS)));
    let (event, done) = (
        Rc::new(Event::new()),
        Rc::new((Mutex::new(0), Condvar::new())),
    );
    let limit = Duration::from_secs(1);
    let count = in_tasks(TASKS, move |n| {
        let permits = semaphore.acquire_many(1 + n % 3);
        yield_now();
        drop(permits);
        let guard = lock.lock_timeout(limit);
        yield_now();
        drop(guard);
        let (reads, writes) = match n % 2 {
            0 => (rwlock.read().ok(), None),
            _ => (None, rwlock.write().ok()),
        };
        yield_now();
        drop((reads, writes));
        match n {
            0 => event.clear(),
            9 => event.set(),
            _ => assert!(event.wait_timeout(limit)),
        }
        // All wait until the last one has come, and leave it as it was.
        let mut come = done.0.lock().unwrap();
        *come += 1;
        done.1.notify_all();
        drop(done.1.wait_while(come, |come| *come < TASKS));
        barrier.wait();
        *done.0.lock().unwrap() = 0;
        barrier.wait();
    });
    assert_eq!(count, 0);
}

#[test]
fn reads_and_writes_that_wait_take_no_memory() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut theirs, _) = listener.accept().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    drop(spawn(move || {
        let mut byte = [0];
        while theirs.read_exact(&mut byte).is_ok() {
            theirs.write_all(&byte).unwrap();
        }
    }));
    let count = allocations(|| {
        for _ in 0..100 {
            ours.write_all(b"x").unwrap();
            ours.read_exact(&mut [0]).unwrap();
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_switch_takes_no_memory() {
    let echo: Greenlet<u64, u64> = Greenlet::new(|mut value| {
        let main = parent::<u64, u64>();
        loop {
            value = main.switch(value);
        }
    });
    let count = allocations(|| {
        for value in 0..100 {
            assert_eq!(echo.switch(value), value);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn items_of_channels_take_no_memory_once_the_queue_has_grown() {
    for capacity in [0, 1, 10, 1000] {
        let (sender, receiver) = channel::bounded(capacity);
        drop(spawn(move || {
            for n in 0.. {
                if sender.send(n).is_err() {
                    break;
                }
            }
        }));
        let count = allocations(|| assert_eq!(receiver.iter().take(3000).count(), 3000));
        assert_eq!(count, 0, "capacity {capacity}");
    }
}

#[test]
fn a_select_takes_no_memory() {
    let (ask, asked) = channel::bounded(1);
    let (answer, answered) = channel::bounded(1);
    let (_never, stopped) = channel::rendezvous::<()>();
    drop(spawn(move || {
        for n in &asked {
            answer.send(n).unwrap();
        }
    }));
    let count = allocations(|| {
        for n in 0..100 {
            ask.send(n).unwrap();
            select! {
                recv(answered) -> got => assert_eq!(got, Ok(n)),
                recv(stopped) -> _ => unreachable!(),
            }
        }
    });
    assert_eq!(count, 0);
}
