//! Guards and permits that own their lock: kept by tasks, moved, changed, and the last owner.

use std::rc::{Rc, Weak};
use std::sync::TryLockError;

use greenhub::sync::{
    Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, Semaphore,
};
use greenhub::{joinall, spawn, yield_now};

use crate::support::{Census, Log, begun, caught, panic_text};

#[test]
fn a_task_keeps_an_owned_guard_until_it_ends() {
    let mutex = Rc::new(Mutex::new(1));
    let mut guard = mutex.lock_owned().unwrap();
    let task = spawn(move || {
        *guard += 1;
        yield_now();
        *guard += 1;
    });
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    assert_eq!(*mutex.lock().unwrap(), 3);
    task.join().unwrap();
    assert_eq!(Rc::strong_count(&mutex), 1);
}

#[test]
fn owned_and_plain_guards_stand_in_one_line() {
    let (mutex, log) = (Rc::new(Mutex::new(())), Log::new());
    let first = mutex.lock().unwrap();
    let takes = |name: &'static str, is_owned: bool| {
        let (mutex, log) = (mutex.clone(), log.clone());
        begun(move || {
            if is_owned {
                let _guard = mutex.lock_owned().unwrap();
                log.say(name);
            } else {
                let _guard = mutex.lock().unwrap();
                log.say(name);
            }
        })
        .0
    };
    let tasks = [takes("a", true), takes("b", false), takes("c", true)];
    assert!(mutex.try_lock_owned().is_err());
    drop(first);
    joinall(&tasks);
    log.check(["a", "b", "c"]);
    drop(mutex.try_lock_owned().unwrap());
}

#[test]
fn a_guard_may_be_the_last_owner() {
    let census = Census::new();
    let mutex = Rc::new(Mutex::new(Some(census.one())));
    let weak: Weak<_> = Rc::downgrade(&mutex);
    let mut guard = mutex.lock_owned().unwrap();
    drop(mutex);
    assert!(
        weak.upgrade()
            .is_some_and(|mutex| mutex.try_lock().is_err())
    );
    drop(guard.replace(census.one()));
    assert_eq!(census.dropped(), 1);
    drop(guard);
    assert!(weak.upgrade().is_none());
    census.check_all_dropped();
}

#[test]
fn a_guard_that_is_forgotten_keeps_lock_and_value() {
    let mutex = Rc::new(Mutex::new(1));
    crate::support::forget(mutex.lock_owned().unwrap());
    assert!(mutex.try_lock().is_err());
    assert_eq!(Rc::strong_count(&mutex), 2);
}

#[test]
fn a_panic_poisons_and_a_kill_does_not() {
    let mutex = Rc::new(Mutex::new(0));
    let (killed, _) = begun({
        let mutex = mutex.clone();
        move || {
            let _guard = mutex.lock_owned();
            yield_now();
        }
    });
    killed.kill();
    assert!(!mutex.is_poisoned());
    drop(caught(|| {
        let _guard = mutex.lock_owned().unwrap();
        panic!("in the block")
    }));
    let poisoned = mutex.lock_owned().unwrap_err();
    assert_eq!(*poisoned.into_inner(), 0);
    assert!(matches!(
        mutex.try_lock_owned(),
        Err(TryLockError::Poisoned(_))
    ));
    assert!(mutex.try_lock().is_err());
    mutex.clear_poison();
    assert!(mutex.try_lock_owned().is_ok());
}

#[test]
fn a_greenlet_may_wait_for_the_guard_that_it_gave_away() {
    let lock = Rc::new(RwLock::new(0));
    let mut writing = lock.write_owned().unwrap();
    let _task = spawn(move || *writing += 1);
    assert_eq!(*lock.write().unwrap(), 1);
    let mut writing = lock.try_write_owned().unwrap();
    let _task = spawn(move || *writing += 1);
    assert_eq!(*lock.read().unwrap(), 2);
    let mutex = Rc::new(Mutex::new(0));
    let kept = mutex.try_lock_owned().unwrap();
    let text = panic_text(|| mutex.lock_owned());
    assert!(text.starts_with("deadlock"), "{text}");
    assert_eq!(Rc::strong_count(&mutex), 2);
    drop(kept);
}

#[test]
fn readers_and_a_writer_own_their_lock() {
    let lock = Rc::new(RwLock::new(vec![0]));
    let (a, b) = (lock.read_owned().unwrap(), lock.try_read_owned().unwrap());
    assert!(lock.try_write_owned().is_err());
    let (writer, _) = begun({
        let lock = lock.clone();
        move || lock.write_owned().unwrap().clear()
    });
    assert_eq!(a.len() + b.len(), 2);
    drop((a, b));
    writer.join().unwrap();
    assert!(lock.read().unwrap().is_empty());
    let lock = Rc::new(RwLock::new(vec![1]));
    let mut writing = lock.try_write_owned().unwrap();
    assert!(lock.try_read_owned().is_err());
    writing.push(2);
    let reading = OwnedRwLockWriteGuard::downgrade(writing);
    assert_eq!((reading.len(), lock.read().unwrap().len()), (2, 2));
    assert!(lock.try_write().is_err());
    drop(reading);
    assert!(lock.try_write().is_ok());
    assert_eq!(Rc::strong_count(&lock), 1);
}

#[test]
fn a_downgraded_guard_may_be_the_last_owner() {
    let census = Census::new();
    let lock = Rc::new(RwLock::new(census.one()));
    let writing = lock.write_owned().unwrap();
    drop(lock);
    let reading = OwnedRwLockWriteGuard::downgrade(writing);
    assert_eq!(census.dropped(), 0);
    drop(reading);
    census.check_all_dropped();
}

#[test]
fn values_without_a_size_are_guarded_too() {
    let mutex: Rc<Mutex<[u8]>> = Rc::new(Mutex::new([1, 2, 3]));
    mutex.lock_owned().unwrap()[1] = 7;
    assert_eq!(*mutex.lock().unwrap(), [1, 7, 3]);
    let lock: Rc<RwLock<dyn std::fmt::Debug>> = Rc::new(RwLock::new("text"));
    assert_eq!(format!("{:?}", lock.read_owned().unwrap()), "\"text\"");
}

#[test]
fn owned_permits_are_given_back_where_they_are_dropped() {
    let semaphore = Rc::new(Semaphore::new(3));
    let (one, two) = (semaphore.acquire_owned(), semaphore.acquire_many_owned(2));
    assert!(semaphore.try_acquire_owned().is_none());
    let task = spawn(move || drop(two));
    let three = semaphore.acquire_many(2);
    task.join().unwrap();
    drop((one, three));
    assert!(semaphore.try_acquire_many_owned(4).is_none());
    semaphore.try_acquire_many_owned(2).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
    let last = semaphore.try_acquire_owned().unwrap();
    assert_eq!(format!("{last:?}"), "OwnedPermit { count: 1, .. }");
    assert!(Rc::ptr_eq(last.semaphore(), &semaphore));
    let weak = Rc::downgrade(&semaphore);
    drop(semaphore);
    assert_eq!(weak.strong_count(), 1);
    drop(last);
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn guards_show_their_value_and_name_their_lock() {
    let mutex = Rc::new(Mutex::new(7));
    let guard = mutex.lock_owned().unwrap();
    assert_eq!(format!("{guard:?} {guard}"), "7 7");
    assert!(Rc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    let lock = Rc::new(RwLock::new(8));
    let writing = lock.write_owned().unwrap();
    assert_eq!(format!("{writing:?} {writing}"), "8 8");
    assert!(Rc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&writing), &lock));
    drop(writing);
    let reading = lock.read_owned().unwrap();
    assert_eq!(format!("{reading:?} {reading}"), "8 8");
    assert!(Rc::ptr_eq(OwnedRwLockReadGuard::rwlock(&reading), &lock));
}
