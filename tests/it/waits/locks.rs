//! Each wait of `sync`, one by one: killed, out of time, freed, and two of these in one turn. Whoever else waits gets its
//! turn all the same, in order, and nothing is left behind.
//!
//! A row of the table is a function that sets a stage and hands it to the play:
//! ```text
//!   a, b, c   wait, one after the other; one of them is the victim
//!   end       what happens to the victim
//!   free      lets the first of the others go on, who lets the next one go on, if they are not all let go at once
//!   check     the thing is as it was before
//! ```

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::pause_clock;
use greenhub::sync::{
    AsyncResult, Barrier, Condvar, Event, Mutex, OnceLock, ReentrantLock, RwLock, Semaphore,
};
use greenhub::{AnyGreenlet, Task, current, sleep, spawn, with_timeout, yield_now};

use crate::support::{Census, Log};

/// Waits, for so long at most if there is a limit, and gives back at once what it gets. True if it got something.
pub(crate) type Wait = Rc<dyn Fn(Option<Duration>) -> bool>;

pub(crate) struct Stage<'a> {
    pub(crate) wait: Wait,
    pub(crate) free: &'a dyn Fn(),
    /// When `free` returns the first who waits has been called.
    pub(crate) is_prompt: bool,
    pub(crate) check: &'a dyn Fn(),
}

pub(crate) type Row = fn(&dyn Fn(Stage<'_>));

const ROWS: &[(&str, Row)] = &[
    ("event", event),
    ("async result", async_result),
    ("semaphore", semaphore),
    ("semaphore, many", semaphore_many),
    ("mutex", mutex),
    ("reentrant lock", reentrant_lock),
    ("rwlock, to read", rwlock_read),
    ("rwlock, to write", rwlock_write),
    (
        "rwlock, to write when all have read",
        rwlock_write_behind_a_reader,
    ),
    ("condition variable", condvar),
    ("barrier", barrier),
    ("once, to make it", once_init),
    ("once, made by another", once_wait),
];

/// What happens to the victim.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Kill,
    /// Unwound on the spot.
    KillNow,
    Limit,
    TimeoutFromOutside,
    /// At the very moment of its limit, by one whose timer was set before.
    KillThenLimit,
    /// The same, after.
    LimitThenKill,
    KillThenFree,
    /// It was called, and goes on with that.
    FreeThenKill,
    /// It was called, and unwinds all the same.
    FreeThenKillNow,
    /// Its time is over, and it is freed before it has run.
    LimitThenFree,
}

const ENDS: &[End] = &[
    End::Kill,
    End::KillNow,
    End::Limit,
    End::TimeoutFromOutside,
    End::KillThenLimit,
    End::LimitThenKill,
    End::KillThenFree,
    End::FreeThenKill,
    End::FreeThenKillNow,
    End::LimitThenFree,
];

const NAMES: [&str; 3] = ["a", "b", "c"];
const LIMIT: Duration = Duration::from_millis(5);

#[test]
fn ending_a_wait_leaves_the_others_their_turns() {
    walk(ROWS);
}

/// Plays each row with each end and each victim.
pub(crate) fn walk(rows: &[(&str, Row)]) {
    pause_clock();
    for (name, row) in rows {
        for end in ENDS {
            for victim in 0..NAMES.len() {
                row(&|stage| play(&format!("{name}, {end:?}, {victim}"), stage, *end, victim));
            }
        }
    }
}

fn play(what: &str, stage: Stage<'_>, end: End, victim: usize) {
    let (log, census) = (Log::new(), Census::new());
    let killer: Rc<Cell<Option<Task<()>>>> = Rc::default();
    let victims_task: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let set_killer = || {
        let victim = victims_task.clone();
        killer.set(Some(spawn(move || {
            sleep(LIMIT);
            victim.take().expect("the victim has begun").kill();
        })));
    };
    if end == End::KillThenLimit {
        set_killer();
        yield_now();
    }
    let mut tasks = Vec::new();
    for (number, name) in NAMES.into_iter().enumerate() {
        let is_victim = number == victim;
        let (log, one, wait) = (log.clone(), census.one(), stage.wait.clone());
        let seen = victims_task.clone();
        tasks.push(spawn(move || {
            let _one = one;
            if is_victim {
                seen.replace(Some(current()));
            }
            let got = match end {
                _ if !is_victim => wait(None),
                End::Limit | End::KillThenLimit | End::LimitThenKill | End::LimitThenFree => {
                    wait(Some(LIMIT))
                }
                End::TimeoutFromOutside => with_timeout(LIMIT, || wait(None)).unwrap_or(false),
                _ => wait(None),
            };
            log.say(format!("{name} {got}"));
        }));
        // There this one's timer shall be the first.
        if end != End::LimitThenFree {
            yield_now();
        }
    }
    assert_eq!(
        log.take(),
        [""; 0],
        "{what}: nobody goes on before it is freed"
    );
    let greenlet = || victims_task.take().expect("the victim has begun");
    let mut is_free = false;
    let mut free = || {
        is_free = true;
        (stage.free)();
    };
    match end {
        End::Kill => tasks[victim].kill(),
        End::KillNow => greenlet().kill(),
        End::Limit | End::TimeoutFromOutside => sleep(LIMIT * 2),
        End::KillThenLimit => sleep(LIMIT * 2),
        End::LimitThenKill => {
            set_killer();
            sleep(LIMIT * 2);
        }
        End::KillThenFree => {
            tasks[victim].kill_nowait();
            free();
        }
        End::FreeThenKill => {
            free();
            tasks[victim].kill_nowait();
        }
        End::FreeThenKillNow => {
            free();
            greenlet().kill();
        }
        End::LimitThenFree => {
            sleep(LIMIT);
            free();
        }
    }
    if !is_free {
        let others =
            |words: &Vec<String>| words.iter().filter(|word| word.ends_with("true")).count();
        assert_eq!(others(&log.words()), 0, "{what}: the others wait on");
        (stage.free)();
    }
    for task in &tasks {
        task.wait();
    }
    drop(killer.take().map(Task::join));
    check_log(what, &log.take(), end, victim, stage.is_prompt);
    drop((tasks, stage.wait));
    census.check_all_dropped();
    (stage.check)();
}

/// All others have got theirs, in order; the victim has where it had to.
fn check_log(what: &str, said: &[String], end: End, victim: usize, is_prompt: bool) {
    let name = NAMES[victim];
    let got = |name: &str| said.contains(&format!("{name} true"));
    // There it runs before the others, and may see what it came for all the same.
    let counts = |other: &str| other != name || (got(name) && end != End::LimitThenFree);
    let is_counted = |word: &&String| word.ends_with("true") && counts(&word[..1]);
    let in_order: Vec<_> = said.iter().filter(is_counted).cloned().collect();
    let expected = NAMES.into_iter().filter(|other| counts(other));
    let expected: Vec<_> = expected.map(|other| format!("{other} true")).collect();
    assert_eq!(in_order, expected, "{what}: in order");
    let is_late = said.contains(&format!("{name} false"));
    match end {
        End::Kill | End::KillNow | End::KillThenFree => assert!(!got(name) && !is_late, "{what}"),
        End::Limit | End::TimeoutFromOutside => assert!(is_late, "{what}: out of time"),
        End::KillThenLimit | End::LimitThenKill => assert!(!got(name), "{what}"),
        End::FreeThenKill if is_prompt && victim == 0 => assert!(got(name), "{what}: called"),
        End::FreeThenKillNow => assert!(!got(name) && !is_late, "{what}"),
        End::FreeThenKill | End::LimitThenFree => {}
    }
}

fn event(play: &dyn Fn(Stage<'_>)) {
    let event = Rc::new(Event::new());
    play(Stage {
        wait: Rc::new({
            let event = event.clone();
            move |limit| match limit {
                Some(limit) => event.wait_timeout(limit),
                None => {
                    event.wait();
                    true
                }
            }
        }),
        free: &|| {
            event.set();
            event.clear();
        },
        is_prompt: true,
        check: &|| assert_eq!(Rc::strong_count(&event), 1),
    });
}

fn async_result(play: &dyn Fn(Stage<'_>)) {
    let result: Rc<AsyncResult<u8>> = Rc::default();
    play(Stage {
        wait: Rc::new({
            let result = result.clone();
            move |limit| match limit {
                Some(limit) => result.get_timeout(limit).is_some(),
                None => result.get().is_ok(),
            }
        }),
        free: &|| result.set(1).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!(*result.get().unwrap(), 1),
    });
}

fn semaphore(play: &dyn Fn(Stage<'_>)) {
    let semaphore = Rc::new(Semaphore::new(0));
    play(Stage {
        wait: Rc::new({
            let semaphore = semaphore.clone();
            move |limit| match limit {
                Some(limit) => semaphore.acquire_timeout(limit).is_some(),
                None => {
                    drop(semaphore.acquire());
                    true
                }
            }
        }),
        free: &|| semaphore.add_permits(1),
        is_prompt: true,
        check: &|| assert_eq!(semaphore.available_permits(), 1),
    });
}

fn semaphore_many(play: &dyn Fn(Stage<'_>)) {
    let semaphore = Rc::new(Semaphore::new(1));
    play(Stage {
        wait: Rc::new({
            let semaphore = semaphore.clone();
            move |limit| match limit {
                Some(limit) => semaphore.acquire_many_timeout(3, limit).is_some(),
                None => {
                    drop(semaphore.acquire_many(3));
                    true
                }
            }
        }),
        free: &|| semaphore.add_permits(2),
        is_prompt: true,
        check: &|| assert_eq!(semaphore.available_permits(), 3),
    });
}

fn mutex(play: &dyn Fn(Stage<'_>)) {
    let mutex = Rc::new(Mutex::new(()));
    let guard = RefCell::new(Some(mutex.lock().unwrap()));
    play(Stage {
        wait: Rc::new({
            let mutex = mutex.clone();
            move |limit| match limit {
                Some(limit) => mutex.lock_timeout(limit).is_ok(),
                None => mutex.lock().is_ok(),
            }
        }),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(mutex.try_lock().is_ok()),
    });
}

fn reentrant_lock(play: &dyn Fn(Stage<'_>)) {
    let lock = Rc::new(ReentrantLock::new(()));
    let guards = RefCell::new(Some((lock.lock(), lock.lock())));
    play(Stage {
        wait: Rc::new({
            let lock = lock.clone();
            move |limit| match limit {
                Some(limit) => lock.lock_timeout(limit).is_some(),
                None => {
                    drop((lock.lock(), lock.lock()));
                    true
                }
            }
        }),
        free: &|| drop(guards.take()),
        is_prompt: true,
        check: &|| assert!(lock.try_lock().is_some()),
    });
}

fn to_write(lock: &Rc<RwLock<()>>) -> Wait {
    let lock = lock.clone();
    Rc::new(move |limit| match limit {
        Some(limit) => lock.write_timeout(limit).is_ok(),
        None => lock.write().is_ok(),
    })
}

fn rwlock_read(play: &dyn Fn(Stage<'_>)) {
    let lock = Rc::new(RwLock::new(()));
    let guard = RefCell::new(Some(lock.write().unwrap()));
    play(Stage {
        wait: Rc::new({
            let lock = lock.clone();
            move |limit| match limit {
                Some(limit) => lock.read_timeout(limit).is_ok(),
                None => lock.read().is_ok(),
            }
        }),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(lock.try_write().is_ok()),
    });
}

fn rwlock_write(play: &dyn Fn(Stage<'_>)) {
    let lock = Rc::new(RwLock::new(()));
    let guard = RefCell::new(Some(lock.write().unwrap()));
    play(Stage {
        wait: to_write(&lock),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(lock.try_write().is_ok()),
    });
}

fn rwlock_write_behind_a_reader(play: &dyn Fn(Stage<'_>)) {
    let lock = Rc::new(RwLock::new(()));
    let guard = RefCell::new(Some(lock.read().unwrap()));
    play(Stage {
        wait: to_write(&lock),
        free: &|| drop(guard.take()),
        is_prompt: true,
        check: &|| assert!(lock.try_write().is_ok()),
    });
}

fn condvar(play: &dyn Fn(Stage<'_>)) {
    let shared = Rc::new((Mutex::new(()), Condvar::new()));
    play(Stage {
        wait: Rc::new({
            let shared = shared.clone();
            move |limit| {
                let (mutex, condvar) = &*shared;
                let guard = mutex.lock().unwrap();
                let is_notified = match limit {
                    Some(limit) => !condvar.wait_timeout(guard, limit).unwrap().1.timed_out(),
                    None => condvar.wait(guard).is_ok(),
                };
                if is_notified {
                    condvar.notify_one();
                }
                is_notified
            }
        }),
        free: &|| shared.1.notify_one(),
        is_prompt: true,
        check: &|| assert!(shared.0.try_lock().is_ok()),
    });
}

fn barrier(play: &dyn Fn(Stage<'_>)) {
    const NEEDED: usize = 5;
    let barrier = Rc::new(Barrier::new(NEEDED));
    let waiting = Rc::new(Cell::new(0));
    let fill = || {
        while waiting.get() < NEEDED - 1 {
            let (barrier, waiting) = (barrier.clone(), waiting.clone());
            drop(spawn(move || Waiting::begin(&waiting, || barrier.wait())));
            yield_now();
        }
        assert!(barrier.wait().is_leader());
    };
    play(Stage {
        wait: Rc::new({
            let (barrier, waiting) = (barrier.clone(), waiting.clone());
            move |limit| {
                Waiting::begin(&waiting, || match limit {
                    Some(limit) => barrier.wait_timeout(limit).is_some(),
                    None => !barrier.wait().is_leader(),
                })
            }
        }),
        free: &fill,
        is_prompt: true,
        check: &fill,
    });
}

/// One who waits, counted for as long as it does.
struct Waiting<'a>(&'a Cell<usize>);

impl Waiting<'_> {
    fn begin<R>(count: &Cell<usize>, wait: impl FnOnce() -> R) -> R {
        count.set(count.get() + 1);
        let _waiting = Waiting(count);
        wait()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn once_init(play: &dyn Fn(Stage<'_>)) {
    let (once, go) = (Rc::new(OnceLock::new()), Rc::new(Event::new()));
    let maker = spawn({
        let (once, go) = (once.clone(), go.clone());
        move || {
            once.get_or_init(|| {
                go.wait();
                7
            });
        }
    });
    yield_now();
    play(Stage {
        wait: Rc::new({
            let once = once.clone();
            move |limit| match limit {
                Some(limit) => {
                    let value = || *once.get_or_init(|| unreachable!("another makes it"));
                    with_timeout(limit, value) == Ok(7)
                }
                None => *once.get_or_init(|| unreachable!("another makes it")) == 7,
            }
        }),
        free: &|| go.set(),
        is_prompt: false,
        check: &|| assert_eq!(once.get(), Some(&7)),
    });
    maker.join().unwrap();
}

fn once_wait(play: &dyn Fn(Stage<'_>)) {
    let once = Rc::new(OnceLock::new());
    play(Stage {
        wait: Rc::new({
            let once = once.clone();
            move |limit| match limit {
                Some(limit) => once.wait_timeout(limit).is_some(),
                None => *once.wait() == 7,
            }
        }),
        free: &|| once.set(7).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!(once.get(), Some(&7)),
    });
}
