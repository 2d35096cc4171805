//! A lock that its holder may take again.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::ReentrantLock;
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{Log, caught, millis, panic_text};

#[test]
fn its_holder_takes_it_again_and_others_wait_for_the_last_guard() {
    let (log, lock) = (Log::new(), Rc::new(ReentrantLock::new(())));
    let tasks = ["a", "b"].map(|name| {
        let (log, lock) = (log.clone(), lock.clone());
        spawn(move || {
            let outer = lock.lock();
            log.say(format!("{name} outer"));
            yield_now();
            let inner = lock.lock();
            let third = lock.try_lock().unwrap();
            yield_now();
            drop(outer);
            drop(third);
            yield_now();
            log.say(format!("{name} inner"));
            drop(inner);
        })
    });
    yield_now();
    assert!(lock.try_lock().is_none());
    joinall(&tasks);
    log.check(["a outer", "a inner", "b outer", "b inner"]);
    assert!(lock.try_lock().is_some());
}

#[test]
fn a_guard_that_another_greenlet_drops_counts_as_the_takers() {
    let lock: &'static ReentrantLock<()> = Box::leak(Box::new(ReentrantLock::new(())));
    let guards = [lock.lock(), lock.lock()];
    let other = spawn(move || {
        assert!(lock.try_lock().is_none());
        drop(guards);
        lock.try_lock().is_some()
    });
    assert!(other.join().unwrap());
    assert!(lock.try_lock().is_some());
}

#[test]
fn a_wait_for_it_may_have_a_limit_and_leaves_it_as_it_was() {
    pause_clock();
    let lock = Rc::new(ReentrantLock::new(Cell::new(1)));
    let holder = spawn({
        let lock = lock.clone();
        move || {
            let guard = lock.lock();
            sleep(millis(20));
            guard.set(2);
        }
    });
    yield_now();
    assert!(lock.lock_timeout(millis(10)).is_none());
    assert_eq!(lock.lock_timeout(millis(20)).unwrap().get(), 2);
    holder.join().unwrap();
}

#[test]
fn a_kill_or_a_panic_of_its_holder_frees_it() {
    let lock = Rc::new(ReentrantLock::new(()));
    let holder = spawn({
        let lock = lock.clone();
        move || {
            let (_one, _two) = (lock.lock(), lock.lock());
            sleep(millis(1000));
        }
    });
    yield_now();
    assert!(lock.try_lock().is_none());
    holder.kill();
    caught(|| {
        let (_one, _two) = (lock.lock(), lock.lock());
        panic!("with two guards");
    });
    let other = spawn({
        let lock = lock.clone();
        move || drop(lock.lock())
    });
    other.join().unwrap();
}

#[test]
fn who_waits_for_it_is_named_in_the_report_of_a_deadlock() {
    let lock = Rc::new(ReentrantLock::new(3));
    std::mem::forget(lock.lock());
    assert_eq!(*lock.lock(), 3);
    let waits = spawn({
        let lock = lock.clone();
        move || *lock.lock()
    });
    let text = panic_text(|| waits.wait());
    assert!(
        text.contains("waits for a reentrant lock at tests/it/"),
        "{text}"
    );
    waits.kill();
    let shown = format!("{lock:?} {:?} {}", lock.lock(), lock.lock());
    assert_eq!(shown, "ReentrantLock { data: 3, .. } 3 3");
    let mut lock = Rc::into_inner(lock).unwrap();
    *lock.get_mut() += 1;
    assert_eq!(lock.into_inner(), 4);
    assert_eq!(*ReentrantLock::<u8>::default().lock(), 0);
    assert_eq!(*ReentrantLock::from(1).lock(), 1);
}
