//! What locks and permits cost, in ns: taken and given back by one, beside std's mutex; and handed on among tasks that
//! all want them.
//!
//! Run: `cargo bench --bench mutex`

mod measure;

use std::hint::black_box;
use std::rc::Rc;

use greenhub::sync::{Mutex, ReentrantLock, RwLock, Semaphore};
use greenhub::{joinall, spawn, yield_now};
use measure::report;

fn main() {
    alone();
    for tasks in [2, 1000] {
        handed_on(tasks);
    }
}

fn alone() {
    let std_one = std::sync::Mutex::new(0_u64);
    one("std: lock and unlock", || *std_one.lock().unwrap() += 1);
    let mutex = Mutex::new(0_u64);
    one("lock and unlock", || *mutex.lock().unwrap() += 1);
    one("try_lock and unlock", || *mutex.try_lock().unwrap() += 1);
    let lock = ReentrantLock::new(0_u64);
    one("lock and unlock, reentrant", || {
        black_box(*lock.lock());
    });
    let outer = lock.lock();
    one("lock again and unlock, reentrant", || {
        black_box(*lock.lock());
    });
    drop(outer);
    let rwlock = RwLock::new(0_u64);
    one("rwlock: read and unlock", || {
        black_box(*rwlock.read().unwrap());
    });
    one("rwlock: write and unlock", || *rwlock.write().unwrap() += 1);
    let semaphore = Semaphore::new(1);
    one("semaphore: acquire and give back", || {
        drop(semaphore.acquire());
    });
}

fn one(name: &str, mut once: impl FnMut()) {
    report(name, "", 1_000_000, |n| {
        for _ in 0..n {
            once();
        }
    });
}

/// Each yields while it has the lock, so that all others wait in the line.
fn handed_on(tasks: u64) {
    let name = format!("handed on among {tasks} tasks");
    report(&name, "", 200_000, |n| {
        let mutex = Rc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let mutex = mutex.clone();
                spawn(move || {
                    for _ in 0..n.div_ceil(tasks) {
                        let mut guard = mutex.lock().unwrap();
                        *guard += 1;
                        yield_now();
                    }
                })
            })
            .collect();
        joinall(&tasks);
        assert!(*mutex.lock().unwrap() >= n);
    });
}
