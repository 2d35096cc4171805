//! A mutex: who gets the lock, what poisons it and what does not, and where its guards may go.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::TryLockError;

use greenhub::generator::Generator;
use greenhub::hub::pause_clock;
use greenhub::sync::{Event, Mutex};
use greenhub::{Greenlet, Task, Timeout, joinall, parent, sleep, spawn, with_timeout, yield_now};

use crate::support::{InDrop, Log, caught, child, millis, panic_text, seconds, started};

fn mutex<T>(value: T) -> Rc<Mutex<T>> {
    Rc::new(Mutex::new(value))
}

/// A task that holds the lock until `event` is set, and then does `what`.
fn holds(mutex: &Rc<Mutex<u32>>, event: &Rc<Event>, what: impl FnOnce() + 'static) -> Task<()> {
    let (mutex, event) = (mutex.clone(), event.clone());
    let task = spawn(move || {
        let _guard = mutex.lock().unwrap();
        event.wait();
        what();
    });
    yield_now();
    task
}

#[test]
fn one_at_a_time_uses_the_value_in_the_order_in_which_they_came() {
    let (log, mutex) = (Log::new(), mutex(0));
    let tasks = ["a", "b", "c"].map(|name| {
        let (log, mutex) = (log.clone(), mutex.clone());
        spawn(move || {
            for _ in 0..3 {
                let mut guard = mutex.lock().unwrap();
                let before = *guard;
                log.say(format!("{name}{before}"));
                yield_now();
                *guard = before + 1;
            }
        })
    });
    joinall(&tasks);
    log.check_line("a0 b1 c2 a3 b4 c5 a6 b7 c8");
    assert_eq!(*mutex.lock().unwrap(), 9);
}

#[test]
fn nobody_overtakes_one_to_whom_the_lock_was_given_back() {
    let mutex = mutex(());
    let guard = mutex.lock().unwrap();
    let waits = spawn({
        let mutex = mutex.clone();
        move || drop(mutex.lock().unwrap())
    });
    yield_now();
    drop(guard);
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    let other = spawn({
        let mutex = mutex.clone();
        move || drop(mutex.lock().unwrap())
    });
    drop(mutex.lock().unwrap());
    assert!(waits.is_finished() && !other.is_finished());
    other.join().unwrap();
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn a_wait_for_the_lock_may_have_a_limit() {
    pause_clock();
    let mutex = mutex(7);
    let holder = spawn({
        let mutex = mutex.clone();
        move || {
            let _guard = mutex.lock().unwrap();
            sleep(millis(20));
        }
    });
    yield_now();
    let late = mutex.lock_timeout(millis(10)).map(|guard| *guard);
    assert!(matches!(late, Err(TryLockError::WouldBlock)));
    assert_eq!(*mutex.lock_timeout(millis(20)).unwrap(), 7);
    holder.join().unwrap();
}

#[test]
fn a_panic_of_the_holder_poisons_it_until_that_is_cleared() {
    let (mutex, event) = (mutex(1), Rc::new(Event::new()));
    let holder = holds(&mutex, &event, || panic!("with the lock"));
    let waits = spawn({
        let mutex = mutex.clone();
        move || {
            let poisoned = mutex.lock().unwrap_err();
            *poisoned.into_inner() = 2;
        }
    });
    yield_now();
    event.set();
    joinall(&[holder, waits]);
    assert!(mutex.is_poisoned());
    assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
    let timed = mutex.lock_timeout(seconds(1));
    assert!(matches!(timed, Err(TryLockError::Poisoned(_))));
    drop(timed);
    assert_eq!(**mutex.lock().unwrap_err().get_ref(), 2);
    mutex.clear_poison();
    assert_eq!(*mutex.lock().unwrap(), 2);
    let mut mutex = Rc::into_inner(mutex).unwrap();
    assert_eq!(mutex.get_mut().unwrap(), &mut 2);
    caught(|| {
        let _guard = mutex.lock();
        panic!("again");
    });
    assert_eq!(mutex.get_mut().unwrap_err().into_inner(), &mut 2);
    assert_eq!(mutex.into_inner().unwrap_err().into_inner(), 2);
}

#[test]
fn a_kill_of_the_holder_poisons_nothing_and_frees_the_lock() {
    let (mutex, event) = (mutex(1), Rc::new(Event::new()));
    let holder = holds(&mutex, &event, || ());
    let waits = spawn({
        let mutex = mutex.clone();
        move || *mutex.lock().unwrap()
    });
    yield_now();
    holder.kill();
    assert_eq!(waits.join().unwrap(), 1);
    assert!(!mutex.is_poisoned());
}

#[test]
fn kills_drops_and_generator_closes_do_not_poison() {
    let mutex = mutex(1);
    let holds = || {
        let mutex = mutex.clone();
        started(move || {
            let _guard = mutex.lock().unwrap();
            parent::<(), ()>().switch(());
        })
    };
    holds().kill();
    assert!(mutex.lock().is_ok());
    drop(holds());
    assert!(mutex.lock().is_ok());
    // Also where a panic drops it, which itself holds another lock.
    let other = Mutex::new(());
    caught(|| {
        let _guard = other.lock().unwrap();
        let _greenlet = holds();
        panic!("of the dropper");
    });
    assert!(mutex.lock().is_ok() && other.is_poisoned());
    let generator = |mutex: &Rc<Mutex<u32>>| {
        let mutex = mutex.clone();
        let mut generator = Generator::new(move |y| {
            let guard = mutex.lock().unwrap();
            y.yield_(*guard);
        });
        assert_eq!(generator.next(), Some(1));
        generator
    };
    drop(generator(&mutex));
    assert!(mutex.lock().is_ok());
    let mut failing = generator(&mutex);
    caught(|| failing.throw(Box::new("a panic of its own")));
    assert!(mutex.is_poisoned());
}

#[test]
fn a_timeout_poisons_nothing_and_a_panic_after_it_does() {
    pause_clock();
    let mutex = Mutex::new(1);
    let timed_out = with_timeout(millis(1), || {
        let _guard = mutex.lock().unwrap();
        sleep(seconds(1));
    });
    assert!(timed_out.is_err() && !mutex.is_poisoned());
    // One that nobody catches ends a task, as a panic would, and is none.
    let shared = Rc::new(Mutex::new(1));
    let task = spawn({
        let shared = shared.clone();
        move || {
            let _guard = shared.lock().unwrap();
            let _timeout = Timeout::start(millis(1));
            sleep(seconds(1));
        }
    });
    assert!(task.join().unwrap_err().is_panic());
    assert!(!shared.is_poisoned());
    caught(|| {
        let _guard = mutex.lock().unwrap();
        assert!(with_timeout(millis(1), || sleep(seconds(1))).is_err());
        panic!("after the timeout");
    });
    assert!(mutex.is_poisoned());
}

#[test]
fn a_panic_after_a_swallowed_kill_poisons_and_a_kill_does_not() {
    for swallows in [true, false] {
        let (mutex, other) = (mutex(1), mutex(2));
        let task = spawn({
            let (mutex, other) = (mutex.clone(), other.clone());
            move || {
                let _guard = mutex.lock().unwrap();
                let kill = catch_unwind(|| sleep(seconds(600))).unwrap_err();
                // Locks that are taken and given back meanwhile make no difference.
                *other.lock().unwrap() += 1;
                if swallows {
                    drop(kill);
                    panic!("of its own");
                }
                resume_unwind(kill);
            }
        });
        yield_now();
        task.kill();
        assert_eq!(mutex.is_poisoned(), swallows);
        assert_eq!(*other.lock().unwrap(), 3);
    }
}

#[test]
fn a_guard_taken_and_dropped_in_an_unwinding_poisons_nothing() {
    let (mutex, other) = (mutex(1), mutex(2));
    caught(|| {
        let _in_drop = InDrop(|| *mutex.lock().unwrap() += 1);
        let _guard = other.lock().unwrap();
        panic!("the lock is taken while this unwinds");
    });
    assert_eq!(*mutex.lock().unwrap(), 2);
    assert!(other.is_poisoned());
}

#[test]
fn its_holder_must_not_lock_it_again() {
    pause_clock();
    let mutex = mutex(1);
    let guard = mutex.lock().unwrap();
    let text = panic_text(|| mutex.lock().map(drop));
    assert!(
        text.starts_with("lock at tests/it/sync/mutex.rs:")
            && text.contains("would wait for itself"),
        "{text}"
    );
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    // With a limit it is no deadlock.
    assert!(mutex.lock_timeout(millis(1)).is_err());
    drop(guard);
    assert!(mutex.lock().is_ok(), "that has changed nothing");
}

#[test]
fn a_guard_dropped_by_another_greenlet_keeps_its_holder() {
    let mutex: &'static Mutex<u32> = Box::leak(Box::new(Mutex::new(5)));
    let guard = Rc::new(RefCell::new(None));
    let taker = spawn({
        let guard = guard.clone();
        move || {
            guard.replace(Some(mutex.lock().unwrap()));
            assert!(panic_text(|| mutex.lock().map(drop)).contains("for itself"));
        }
    });
    taker.join().unwrap();
    let waits = spawn(move || *mutex.lock().unwrap());
    yield_now();
    assert!(!waits.is_finished());
    **guard.borrow_mut().as_mut().unwrap() = 6;
    drop(guard.take());
    assert_eq!(waits.join().unwrap(), 6);
}

#[test]
fn a_generator_carries_a_guard_from_one_greenlet_to_another() {
    let mutex = mutex(0);
    let generator = Rc::new(RefCell::new(Generator::new({
        let mutex = mutex.clone();
        move |y| {
            let mut guard = mutex.lock().unwrap();
            for n in 1.. {
                *guard = n;
                y.yield_(n);
                if n == 2 {
                    break;
                }
            }
        }
    })));
    let next = || {
        let generator = generator.clone();
        spawn(move || generator.borrow_mut().next())
    };
    assert_eq!(next().join().unwrap(), Some(1));
    assert!(mutex.try_lock().is_err());
    assert_eq!(next().join().unwrap(), Some(2));
    let waits = spawn({
        let mutex = mutex.clone();
        move || *mutex.lock().unwrap()
    });
    assert_eq!(next().join().unwrap(), None);
    assert_eq!(waits.join().unwrap(), 2);
}

#[test]
fn a_guard_that_is_forgotten_leaves_it_locked_and_harms_nobody() {
    let mutex = mutex(vec![1]);
    std::mem::forget(mutex.lock().unwrap());
    let waits = spawn({
        let mutex = mutex.clone();
        move || mutex.lock().map(|guard| guard.len()).unwrap()
    });
    let text = panic_text(|| waits.wait());
    assert!(
        text.contains("waits for a mutex at tests/it/sync/mutex.rs"),
        "{text}"
    );
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { data: <locked>, poisoned: false, .. }"
    );
    waits.kill();
    let mutex = Rc::into_inner(mutex).unwrap();
    assert_eq!(mutex.into_inner().unwrap(), [1]);
}

#[test]
fn the_destructor_of_what_it_guards_may_lock_it() {
    struct Locks(Rc<Mutex<Option<Locks>>>, Rc<Cell<bool>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            self.1.set(self.0.try_lock().is_ok());
        }
    }
    let (mutex, could) = (mutex(None), Rc::new(Cell::new(false)));
    *mutex.lock().unwrap() = Some(Locks(mutex.clone(), could.clone()));
    let taken = mutex.lock().unwrap().take();
    drop(taken);
    assert!(could.get());
}

#[test]
fn a_lock_that_would_wait_in_a_panic_aborts() {
    let name = "sync::mutex::a_lock_that_would_wait_in_a_panic_aborts";
    let ended = child(name, || {
        let mutex = mutex(1);
        let _holder = holds(&mutex, &Rc::new(Event::new()), || ());
        let _in_drop = InDrop(|| drop(mutex.lock()));
        panic!("a first one");
    });
    ended.check_abort(&["lock at tests/it/sync/mutex.rs:", "while a panic unwinds"]);
}

#[test]
fn a_plain_greenlet_locks_it_too() {
    let (mutex, event) = (mutex(1), Rc::new(Event::new()));
    let holder = holds(&mutex, &event, || ());
    let greenlet: Greenlet<(), u32> = Greenlet::new({
        let mutex = mutex.clone();
        move |()| *mutex.lock().unwrap()
    });
    event.set();
    assert_eq!(greenlet.switch(()), 1);
    assert!(holder.is_finished());
}

#[test]
fn it_is_made_and_shown_as_std_does() {
    let mutex: Mutex<u8> = Mutex::default();
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { data: 0, poisoned: false, .. }"
    );
    let mutex = Mutex::from("text");
    let guard = mutex.lock().unwrap();
    assert_eq!(format!("{guard:?} {guard}"), "\"text\" text");
    drop(guard);
    let unsized_one: &Mutex<[u8]> = &Mutex::new([1, 2]);
    assert_eq!(unsized_one.lock().unwrap().len(), 2);
    // It may go into what is caught, since it tells by its poison.
    assert!(catch_unwind(|| drop(mutex.lock())).is_ok());
    let _ = AssertUnwindSafe(mutex);
}
