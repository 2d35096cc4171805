//! A lock to read or to write: who waits behind whom.

use std::rc::Rc;
use std::sync::TryLockError;

use greenhub::hub::pause_clock;
use greenhub::sync::{RwLock, RwLockWriteGuard};
use greenhub::{Task, joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, caught, millis, panic_text, seconds};

/// Greenlets that read or write for a turn, and say when they begin and end.
struct Scene {
    log: Log,
    lock: Rc<RwLock<u32>>,
}

impl Scene {
    fn new() -> Scene {
        Scene {
            log: Log::new(),
            lock: Rc::new(RwLock::new(0)),
        }
    }

    fn read(&self, name: &'static str) -> Task<()> {
        let (log, lock) = (self.log.clone(), self.lock.clone());
        spawn(move || {
            let guard = lock.read().unwrap();
            log.say(format!("{name}{}", *guard));
            yield_now();
            yield_now();
            log.say(format!("/{name}"));
        })
    }

    fn write(&self, name: &'static str) -> Task<()> {
        let (log, lock) = (self.log.clone(), self.lock.clone());
        spawn(move || {
            let mut guard = lock.write().unwrap();
            *guard += 1;
            log.say(format!("{name}{}", *guard));
            yield_now();
            yield_now();
            log.say(format!("/{name}"));
        })
    }
}

#[test]
fn readers_read_together_and_a_writer_writes_alone() {
    let scene = Scene::new();
    let tasks = [
        scene.read("a"),
        scene.read("b"),
        scene.write("w"),
        scene.write("x"),
    ];
    joinall(&tasks);
    scene.log.check_line("a0 b0 /a /b w1 /w x2 /x");
}

#[test]
fn a_waiting_writer_holds_back_later_readers_that_then_share() {
    let scene = Scene::new();
    let tasks = [
        scene.read("a"),
        scene.write("w"),
        scene.read("b"),
        scene.read("c"),
        scene.write("x"),
        scene.read("d"),
    ];
    joinall(&tasks);
    scene.log.check_line("a0 /a w1 /w b1 c1 /b /c x2 /x d2 /d");
}

#[test]
fn a_writer_that_is_gone_holds_nobody_back() {
    pause_clock();
    for times_out in [true, false] {
        let scene = Scene::new();
        let reader = scene.lock.read().unwrap();
        let writer = spawn({
            let lock = scene.lock.clone();
            move || {
                let written = match times_out {
                    true => lock.write_timeout(millis(5)).map(drop),
                    false => lock.write().map(drop).map_err(Into::into),
                };
                assert!(matches!(written, Err(TryLockError::WouldBlock)));
            }
        });
        yield_now();
        let later = scene.read("b");
        yield_now();
        assert!(matches!(
            scene.lock.try_read(),
            Err(TryLockError::WouldBlock)
        ));
        scene.log.check([]);
        if times_out {
            writer.join().unwrap();
        } else {
            writer.kill();
        }
        later.join().unwrap();
        scene.log.check(["b0", "/b"]);
        assert!(scene.lock.try_write().is_err());
        drop(reader);
        assert!(scene.lock.try_write().is_ok());
    }
}

#[test]
fn neither_side_keeps_the_other_out() {
    let (lock, log) = (Rc::new(RwLock::new(())), Log::new());
    let endless = [1, 2].map(|_| {
        let lock = lock.clone();
        spawn(move || {
            loop {
                let guard = lock.read().unwrap();
                yield_now();
                drop(guard);
            }
        })
    });
    let writers = ["w", "x"].map(|name| {
        let (lock, log) = (lock.clone(), log.clone());
        spawn(move || {
            for _ in 0..2 {
                let _guard = lock.write().unwrap();
                log.say(name);
                yield_now();
            }
        })
    });
    joinall(&writers);
    log.check(["w", "x", "w", "x"]);
    for reader in endless {
        reader.kill();
    }
    assert!(lock.try_write().is_ok());
}

#[test]
fn try_forms_take_what_is_free_and_promised_to_nobody() {
    let lock = Rc::new(RwLock::new(1));
    let (one, two) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    assert!(lock.try_write().is_err());
    let writer = spawn({
        let lock = lock.clone();
        move || *lock.write().unwrap() = 2
    });
    yield_now();
    drop((one, two));
    // The writer was called and has not run yet.
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    writer.join().unwrap();
    let writes = lock.try_write().unwrap();
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    assert_eq!(
        format!("{lock:?}"),
        "RwLock { data: <locked>, poisoned: false, .. }"
    );
    drop(writes);
    assert_eq!(
        format!("{lock:?}"),
        "RwLock { data: 2, poisoned: false, .. }"
    );
}

#[test]
fn only_the_panic_of_one_who_writes_poisons_it() {
    pause_clock();
    let lock = Rc::new(RwLock::new(1));
    caught(|| {
        let _guard = lock.read().unwrap();
        panic!("a reader");
    });
    let timed_out = with_timeout(millis(1), || {
        let _guard = lock.write().unwrap();
        sleep(seconds(1));
    });
    assert!(timed_out.is_err());
    let writer = spawn({
        let lock = lock.clone();
        move || {
            let _guard = lock.write().unwrap();
            sleep(seconds(1));
        }
    });
    yield_now();
    writer.kill();
    assert!(!lock.is_poisoned());
    caught(|| {
        let _guard = lock.write().unwrap();
        panic!("a writer");
    });
    assert!(lock.is_poisoned());
    assert_eq!(**lock.read().unwrap_err().get_ref(), 1);
    assert_eq!(**lock.write().unwrap_err().get_ref(), 1);
    assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(_))));
    assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
    lock.clear_poison();
    let mut lock = Rc::into_inner(lock).unwrap();
    assert_eq!(lock.get_mut().unwrap(), &mut 1);
    assert_eq!(lock.into_inner().unwrap(), 1);
}

#[test]
fn who_writes_must_not_lock_it_again() {
    let lock = RwLock::new(1);
    let guard = lock.write().unwrap();
    let read = panic_text(|| lock.read().map(drop));
    let write = panic_text(|| lock.write().map(drop));
    assert!(
        read.starts_with("read at tests/it/sync/rwlock.rs:"),
        "{read}"
    );
    assert!(
        write.starts_with("write at tests/it/sync/rwlock.rs:"),
        "{write}"
    );
    drop(guard);
    assert!(lock.try_write().is_ok());
}

#[test]
fn the_report_of_a_deadlock_tells_readers_from_writers() {
    let lock = Rc::new(RwLock::new(1));
    std::mem::forget(lock.read().unwrap());
    let writer = spawn({
        let lock = lock.clone();
        move || drop(lock.write())
    });
    yield_now();
    let text = panic_text(|| lock.read().map(drop));
    assert!(
        text.contains("waits for a rwlock, to write at tests/it/"),
        "{text}"
    );
    assert!(
        text.contains("waits for a rwlock, to read at tests/it/"),
        "{text}"
    );
    writer.kill();
    assert_eq!(*lock.read().unwrap(), 1);
}

#[test]
fn waits_with_a_limit_take_what_comes_in_time() {
    pause_clock();
    let lock = Rc::new(RwLock::new(1));
    let holder = spawn({
        let lock = lock.clone();
        move || {
            let mut guard = lock.write().unwrap();
            sleep(millis(10));
            *guard = 2;
        }
    });
    yield_now();
    assert!(lock.read_timeout(millis(5)).is_err());
    assert_eq!(*lock.read_timeout(millis(10)).unwrap(), 2);
    *lock.write_timeout(millis(10)).unwrap() = 3;
    assert_eq!(*lock.read().unwrap(), 3);
    holder.join().unwrap();
}

#[test]
fn a_writer_that_reads_on_lets_readers_in_and_no_writer() {
    let scene = Scene::new();
    let mut writing = scene.lock.write().unwrap();
    *writing = 7;
    let tasks = [scene.read("a"), scene.write("w"), scene.read("b")];
    yield_now();
    scene.log.check_line("");
    let reading = RwLockWriteGuard::downgrade(writing);
    yield_now();
    scene.log.check_line("a7");
    assert!(scene.lock.try_write().is_err());
    assert_eq!(*reading, 7);
    joinall(&tasks[..1]);
    scene.log.check_line("a7 /a");
    drop(reading);
    joinall(&tasks);
    scene.log.check_line("a7 /a w8 /w b8 /b");
    let guard = RwLockWriteGuard::downgrade(scene.lock.write().unwrap());
    let other = scene.lock.try_read().unwrap();
    drop(guard);
    assert!(scene.lock.try_write().is_err());
    drop(other);
    assert!(scene.lock.try_write().is_ok());
}

#[test]
fn a_panic_after_the_downgrade_poisons_nothing() {
    let lock = RwLock::new(0);
    let writing = caught(|| {
        let reading = RwLockWriteGuard::downgrade(lock.write().unwrap());
        panic!("{}", *reading)
    });
    drop(writing);
    assert!(!lock.is_poisoned() && lock.try_write().is_ok());
    struct InDrop<'a>(Option<RwLockWriteGuard<'a, i32>>);
    impl Drop for InDrop<'_> {
        fn drop(&mut self) {
            drop(self.0.take().map(RwLockWriteGuard::downgrade));
        }
    }
    drop(caught(|| {
        let _guard = InDrop(lock.write().ok());
        panic!("in the block")
    }));
    assert!(!lock.is_poisoned() && lock.try_write().is_ok());
}
