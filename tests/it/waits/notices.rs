//! Each wait for notices, watched values, broadcasts and what else tells greenlets something, ended in each way, as `sync_waits.rs` does it with locks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use greenhub::sync::{
    Barrier, Event, Mutex, Notify, Once, RwLock, Semaphore, WaitGroup, broadcast, watch,
};
use greenhub::task::AnyTask;
use greenhub::{spawn, task, with_timeout, yield_now};

use crate::waits::locks::{Row, Stage, walk};

const ROWS: &[(&str, Row)] = &[
    ("notify, one by one", notify_one),
    ("notify, all", notify_waiters),
    ("watch, changed", watch_changed),
    ("watch, wait_for", watch_wait_for),
    ("watch, closed", watch_closed),
    ("broadcast", broadcast_recv),
    ("once, to make the call", once_call),
    ("once, called by another", once_wait),
    ("park", park),
    ("semaphore, until it is closed", semaphore_closed),
    ("semaphore, an owned permit", semaphore_owned),
    ("barrier, until it is reset", barrier_broken),
    ("wait group", wait_group),
    ("mutex, owned", mutex_owned),
    ("rwlock, to read, owned", rwlock_read_owned),
    ("rwlock, to write, owned", rwlock_write_owned),
];

#[test]
fn each_wait_ended_in_each_way_leaves_the_others_their_turn() {
    walk(ROWS);
}

/// Waits that have no form with a limit of their own.
fn within<R>(limit: Option<Duration>, wait: impl FnOnce() -> R) -> Option<R> {
    match limit {
        Some(limit) => with_timeout(limit, wait).ok(),
        None => Some(wait()),
    }
}

fn notify_one(play: &dyn Fn(Stage<'_>)) {
    let notify = Rc::new(Notify::new());
    play(Stage {
        wait: Rc::new({
            let notify = notify.clone();
            move |limit| {
                let is_notified = match limit {
                    Some(limit) => notify.wait_timeout(limit),
                    None => {
                        notify.wait();
                        true
                    }
                };
                if is_notified {
                    notify.notify_one();
                }
                is_notified
            }
        }),
        free: &|| notify.notify_one(),
        is_prompt: true,
        check: &|| assert!(notify.try_wait() && !notify.try_wait()),
    });
}

fn notify_waiters(play: &dyn Fn(Stage<'_>)) {
    let notify = Rc::new(Notify::new());
    play(Stage {
        wait: Rc::new({
            let notify = notify.clone();
            move |limit| match limit {
                Some(limit) => notify.wait_timeout(limit),
                None => {
                    notify.wait();
                    true
                }
            }
        }),
        free: &|| notify.notify_waiters(),
        is_prompt: true,
        check: &|| assert!(!notify.try_wait()),
    });
}

fn watch_changed(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = watch::channel(0);
    play(Stage {
        wait: Rc::new({
            let receiver = receiver.clone();
            move |limit| {
                let receiver = receiver.clone();
                match limit {
                    Some(limit) => receiver.changed_timeout(limit).is_ok(),
                    None => receiver.changed().is_ok(),
                }
            }
        }),
        free: &|| sender.send(1).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!((receiver.get(), sender.receiver_count()), (1, 1)),
    });
}

fn watch_wait_for(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = watch::channel(0);
    play(Stage {
        wait: Rc::new({
            let receiver = receiver.clone();
            move |limit| {
                let receiver = receiver.clone();
                within(limit, || receiver.wait_for(|value| *value == 2).is_ok()).unwrap_or(false)
            }
        }),
        free: &|| {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        },
        is_prompt: true,
        check: &|| assert_eq!((receiver.get(), sender.receiver_count()), (2, 1)),
    });
}

fn watch_closed(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = watch::channel(());
    let (sender, receiver) = (Rc::new(sender), Cell::new(Some(receiver)));
    play(Stage {
        wait: Rc::new({
            let sender = sender.clone();
            move |limit| within(limit, || sender.closed()).is_some()
        }),
        free: &|| drop(receiver.take()),
        is_prompt: true,
        check: &|| assert!(sender.is_closed() && Rc::strong_count(&sender) == 1),
    });
}

fn broadcast_recv(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = broadcast::channel(1);
    play(Stage {
        wait: Rc::new({
            let sender = sender.clone();
            move |limit| {
                let receiver = sender.subscribe();
                match limit {
                    Some(limit) => receiver.recv_timeout(limit).is_ok(),
                    None => receiver.recv().is_ok(),
                }
            }
        }),
        free: &|| assert!(sender.send(()).is_ok()),
        is_prompt: true,
        check: &|| {
            assert_eq!(sender.receiver_count(), 1);
            assert_eq!(receiver.try_recv(), Ok(()));
        },
    });
}

fn once_call(play: &dyn Fn(Stage<'_>)) {
    let (once, go) = (Rc::new(Once::new()), Rc::new(Event::new()));
    let caller = spawn({
        let (once, go) = (once.clone(), go.clone());
        move || once.call_once(|| go.wait())
    });
    yield_now();
    play(Stage {
        wait: Rc::new({
            let once = once.clone();
            move |limit| {
                let call = || once.call_once(|| unreachable!("another makes it"));
                within(limit, call).is_some()
            }
        }),
        free: &|| go.set(),
        is_prompt: false,
        check: &|| assert!(once.is_completed()),
    });
    caller.join().unwrap();
}

fn once_wait(play: &dyn Fn(Stage<'_>)) {
    let once = Rc::new(Once::new());
    play(Stage {
        wait: Rc::new({
            let once = once.clone();
            move |limit| match limit {
                Some(limit) => once.wait_timeout(limit),
                None => {
                    once.wait();
                    true
                }
            }
        }),
        free: &|| once.call_once(|| ()),
        is_prompt: true,
        check: &|| assert!(once.is_completed()),
    });
}

fn park(play: &dyn Fn(Stage<'_>)) {
    let parked = Rc::new(RefCell::new(Vec::new()));
    play(Stage {
        wait: Rc::new({
            let parked = parked.clone();
            move |limit| {
                parked.borrow_mut().push(task::current().expect("a task"));
                match limit {
                    Some(limit) => task::park_timeout(limit),
                    None => {
                        task::park();
                        true
                    }
                }
            }
        }),
        free: &|| parked.take().iter().for_each(AnyTask::unpark),
        is_prompt: true,
        check: &|| assert_eq!(Rc::strong_count(&parked), 1),
    });
}

fn semaphore_closed(play: &dyn Fn(Stage<'_>)) {
    let semaphore = Rc::new(Semaphore::new(2));
    play(Stage {
        wait: Rc::new({
            let semaphore = semaphore.clone();
            move |limit| {
                within(limit, || semaphore.acquire_many_checked(3).is_err()).unwrap_or(false)
            }
        }),
        free: &|| semaphore.close(),
        is_prompt: true,
        check: &|| assert!(semaphore.acquire_checked().is_err()),
    });
}

fn semaphore_owned(play: &dyn Fn(Stage<'_>)) {
    let semaphore = Rc::new(Semaphore::new(0));
    play(Stage {
        wait: Rc::new({
            let semaphore = semaphore.clone();
            move |limit| within(limit, || drop(semaphore.acquire_owned())).is_some()
        }),
        free: &|| semaphore.add_permits(1),
        is_prompt: true,
        check: &|| {
            assert_eq!(semaphore.available_permits(), 1);
            assert_eq!(Rc::strong_count(&semaphore), 1);
        },
    });
}

fn mutex_owned(play: &dyn Fn(Stage<'_>)) {
    let mutex = Rc::new(Mutex::new(()));
    let guard = RefCell::new(mutex.lock_owned().ok());
    play(Stage {
        wait: Rc::new({
            let mutex = mutex.clone();
            move |limit| within(limit, || mutex.lock_owned().is_ok()).unwrap_or(false)
        }),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(mutex.try_lock().is_ok() && Rc::strong_count(&mutex) == 1),
    });
}

fn rwlock_read_owned(play: &dyn Fn(Stage<'_>)) {
    let lock = Rc::new(RwLock::new(()));
    let guard = RefCell::new(lock.write_owned().ok());
    play(Stage {
        wait: Rc::new({
            let lock = lock.clone();
            move |limit| within(limit, || lock.read_owned().is_ok()).unwrap_or(false)
        }),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(lock.try_write().is_ok() && Rc::strong_count(&lock) == 1),
    });
}

fn rwlock_write_owned(play: &dyn Fn(Stage<'_>)) {
    let lock = Rc::new(RwLock::new(()));
    let guard = RefCell::new(lock.read_owned().ok());
    play(Stage {
        wait: Rc::new({
            let lock = lock.clone();
            move |limit| within(limit, || lock.write_owned().is_ok()).unwrap_or(false)
        }),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(lock.try_write().is_ok() && Rc::strong_count(&lock) == 1),
    });
}

fn barrier_broken(play: &dyn Fn(Stage<'_>)) {
    let barrier = Rc::new(Barrier::new(9));
    play(Stage {
        wait: Rc::new({
            let barrier = barrier.clone();
            move |limit| within(limit, || barrier.wait_checked().is_err()).unwrap_or(false)
        }),
        free: &|| barrier.reset(),
        is_prompt: true,
        check: &|| assert!(!barrier.is_broken() && barrier.wait_timeout(Duration::ZERO).is_none()),
    });
}

fn wait_group(play: &dyn Fn(Stage<'_>)) {
    let member = Rc::new(RefCell::new(Some(WaitGroup::new())));
    play(Stage {
        wait: Rc::new({
            let member = member.clone();
            move |limit| {
                let group = member.borrow().clone().expect("the group is not over");
                match limit {
                    Some(limit) => group.wait_timeout(limit),
                    None => {
                        group.wait();
                        true
                    }
                }
            }
        }),
        free: &|| drop(member.take()),
        is_prompt: true,
        check: &|| assert_eq!(Rc::strong_count(&member), 1),
    });
}
