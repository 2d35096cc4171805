//! Scopes that are ended where nobody may wait: no task ever outlives the frame that it borrows from.

use std::cell::{Cell, RefCell};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::generator::Generator;
use greenhub::greenlet::no_switch;
use greenhub::hub::pause_clock;
use greenhub::{
    Greenlet, GreenletExit, current, parent, scope, sleep, spawn, stack, task, with_timeout,
    yield_now,
};

use crate::support::{InDrop, Log, caught, child, millis, panic_text, seconds, wait, within};

type Plain = Greenlet<(), ()>;

/// Something in a frame that tasks borrow: they look at it whenever they run, and it is not there for ever.
struct Ground(Cell<u64>);

const SOLID: u64 = 0x5011_d901_1dd0_5011;

impl Ground {
    fn new() -> Ground {
        Ground(Cell::new(SOLID))
    }

    #[track_caller]
    fn stand(&self) {
        assert_eq!(self.0.get(), SOLID, "a frame that has gone");
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.stand();
        self.0.set(0);
    }
}

/// Looks at the ground once more when its frame unwinds.
struct Stands<'a>(&'a Ground, &'a Log, &'static str);

impl Drop for Stands<'_> {
    fn drop(&mut self) {
        self.0.stand();
        self.1.say(self.2);
    }
}

/// Opens a scope with a task in each stage, all of which borrow its frame, and runs `body` in it.
fn with_tasks_in_all_stages(log: &Log, body: impl FnOnce()) {
    let ground = Ground::new();
    let _frame = Stands(&ground, log, "frame");
    scope(|s| {
        let ground = &ground;
        s.spawn(move || {
            let _stands = Stands(ground, log, "parked");
            sleep(Duration::MAX);
        });
        s.spawn(move || {
            let _stands = Stands(ground, log, "in a switch");
            let inner: Plain = Greenlet::new(|()| sleep(Duration::MAX));
            inner.switch(());
        });
        s.spawn(move || {
            let _stands = Stands(ground, log, "in a scope");
            let own = Ground::new();
            scope(|s| {
                s.spawn(|| {
                    let _stands = Stands(&own, log, "inner");
                    sleep(Duration::MAX);
                });
            });
        });
        s.spawn(move || {
            let _stands = Stands(ground, log, "shielded");
            task::shield(|| sleep(Duration::MAX));
        });
        for _ in 0..3 {
            yield_now();
        }
        s.spawn(move || {
            let _stands = Stands(ground, log, "ready");
            yield_now();
        });
        yield_now();
        let unstarted = Stands(ground, log, "unstarted");
        s.spawn(move || {
            let unstarted = unstarted;
            unstarted.0.stand();
        });
        body();
    });
}

const ALL: [&str; 8] = [
    "parked",
    "in a switch",
    "inner",
    "in a scope",
    "shielded",
    "ready",
    "unstarted",
    "frame",
];

#[test]
fn dropping_a_greenlet_in_a_scope_unwinds_its_tasks_at_once() {
    let _watch = within(seconds(10));
    for by_kill in [false, true] {
        let log = Log::new();
        let greenlet: Plain = Greenlet::new({
            let log = log.clone();
            move |()| with_tasks_in_all_stages(&log, wait)
        });
        greenlet.switch(());
        log.check([]);
        if by_kill {
            greenlet.kill();
        }
        drop(greenlet);
        log.check(ALL);
        assert_eq!(task::all().len(), 0);
    }
}

#[test]
fn killing_a_greenlet_in_a_scope_join_unwinds_tasks_at_once() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let greenlet: Plain = Greenlet::new({
        let log = log.clone();
        move |()| with_tasks_in_all_stages(&log, || ())
    });
    assert!(with_timeout(millis(1), || greenlet.switch(())).is_err());
    let said = log.take();
    assert_eq!(said, ["ready", "unstarted"]);
    greenlet.kill();
    log.check([
        "parked",
        "in a switch",
        "inner",
        "in a scope",
        "shielded",
        "frame",
    ]);
    assert_eq!(task::all().len(), 0);
}

#[test]
fn dropping_its_own_last_handle_unwinds_the_tasks_of_a_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let greenlet: Plain = Greenlet::new({
        let log = log.clone();
        move |()| {
            sleep(millis(5));
            // The hub has woken it, and nobody has a handle: who waits for nothing that ends is unwound when it waits.
            with_tasks_in_all_stages(&log, || sleep(Duration::MAX));
        }
    });
    let starter = spawn(move || with_timeout(millis(1), || greenlet.switch(())).is_err());
    assert!(starter.join().unwrap());
    sleep(millis(50));
    let mut said = log.take();
    assert_eq!(said.pop().unwrap(), "frame");
    said.sort();
    let mut all = ALL[..7].to_vec();
    all.sort();
    assert_eq!(said, all);
    assert_eq!(task::all().len(), 0);
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

#[test]
fn a_generator_dropped_in_a_scope_ends_tasks_before_frames() {
    let _watch = within(seconds(10));
    pause_clock();
    for how in ["dropped", "dropped in a panic", "dropped in no_switch"] {
        let log = Log::new();
        let mut generator = Generator::new({
            let log = log.clone();
            move |y| {
                let ground = Ground::new();
                let _frame = Stands(&ground, &log, "frame");
                scope(|s| {
                    s.spawn(|| {
                        let _stands = Stands(&ground, &log, "parked");
                        sleep(Duration::MAX);
                    });
                    yield_now();
                    y.yield_(1);
                });
            }
        });
        assert_eq!(generator.next(), Some(1));
        match how {
            "dropped" => drop(generator),
            "dropped in no_switch" => no_switch(|| drop(generator)),
            _ => {
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    let _generator = generator;
                    resume_unwind(Box::new(()));
                }));
            }
        }
        log.check(["parked", "frame"]);
    }
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_forgotten_generator_leaves_its_tasks_their_borrows() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            let ground = Ground::new();
            scope(|s| {
                s.spawn(|| {
                    for _ in 0..3 {
                        sleep(seconds(1));
                        ground.stand();
                        log.say("stands");
                    }
                });
                y.yield_(1);
            });
        }
    });
    assert_eq!(generator.next(), Some(1));
    mem::forget(generator);
    sleep(seconds(5));
    log.check(["stands", "stands", "stands"]);
}

#[test]
fn a_second_task_may_resume_a_generator_in_a_scope() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            let ground = Ground::new();
            scope(|s| {
                s.spawn(|| {
                    let _stands = Stands(&ground, &log, "task ends");
                    sleep(seconds(5));
                });
                y.yield_(1);
            });
            log.say("scope ends");
            y.yield_(2);
        }
    });
    assert_eq!(generator.next(), Some(1));
    let other = spawn(move || generator.next());
    sleep(seconds(1));
    log.say("main");
    assert_eq!(other.join().unwrap(), Some(2));
    log.check(["main", "task ends", "scope ends"]);
}

#[test]
fn a_task_cannot_yield_for_the_generator_that_its_scope_is_in() {
    let _watch = within(seconds(10));
    let mut generator = Generator::new(|y| {
        scope(|s| {
            s.spawn(|| y.yield_(1));
        });
    });
    let text = panic_text(|| generator.next());
    assert!(
        text.contains("that does not run on its own stack"),
        "{text}"
    );
    assert!(generator.is_finished());
}

#[test]
fn a_scope_that_ends_inside_no_switch_unwinds_its_tasks() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            let ground = Ground::new();
            let _frame = Stands(&ground, &log, "frame");
            scope(|s| {
                s.spawn(|| {
                    let _stands = Stands(&ground, &log, "parked");
                    sleep(Duration::MAX);
                });
                y.yield_(1);
            });
        }
    });
    assert_eq!(generator.next(), Some(1));
    yield_now();
    let text = panic_text(|| no_switch(|| generator.next()));
    assert!(
        text.contains("scope at tests/it/group/scope_ends.rs:"),
        "{text}"
    );
    assert!(text.contains("inside no_switch"), "{text}");
    log.check(["parked", "frame"]);
}

#[test]
fn a_scope_that_cannot_wait_refuses_spawns() {
    let _watch = within(seconds(10));
    let text = panic_text(|| no_switch(|| scope(|s| drop(s.spawn(|| ())))));
    assert!(
        text.starts_with("no task can be spawned into the scope at tests/it/group/scope_ends.rs:"),
        "{text}"
    );
    // The other way round it is fine: the scope waits when `no_switch` is over.
    let ran = Cell::new(false);
    scope(|s| no_switch(|| drop(s.spawn(|| ran.set(true)))));
    assert!(ran.get());
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_destructor_may_spawn_into_a_panicking_scope() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let text = panic_text(|| {
        scope(|s| {
            let _spawns = InDrop(|| drop(s.spawn(|| log.say("ran"))));
            panic!("the body's");
        })
    });
    log.check(["ran"]);
    assert_eq!(text, "the body's");
}

#[test]
fn a_greenlet_killed_by_its_own_task_is_leaked_with_its_frames() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let leaked = || {
        stack::stats()
            .classes
            .iter()
            .map(|class| class.leaked)
            .sum::<usize>()
    };
    let before = leaked();
    let own: Rc<RefCell<Option<Plain>>> = Rc::default();
    let greenlet: Plain = Greenlet::new({
        let (log, own) = (log.clone(), own.clone());
        move |()| {
            let ground = Ground::new();
            let _frame = Stands(&ground, &log, "frame");
            scope(|s| {
                s.spawn(|| {
                    let _stands = Stands(&ground, &log, "task ends");
                    let owner = own.take().unwrap();
                    owner.kill();
                    assert!(owner.is_dead());
                    ground.stand();
                    log.say("goes on");
                    sleep(millis(1)); // its own kill comes here
                    log.say("never");
                });
                wait();
            });
        }
    });
    greenlet.switch(());
    *own.borrow_mut() = Some(greenlet.clone());
    sleep(millis(20));
    log.check(["goes on", "task ends"]);
    assert!(greenlet.is_dead());
    drop(greenlet);
    assert_eq!(leaked(), before + 1);
    assert_eq!(task::all().len(), 0);
}

#[test]
fn a_leaked_task_leaves_its_frames_to_its_scope_tasks() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let stubborn = spawn({
        let log = log.clone();
        move || {
            let ground = Ground::new();
            scope(|s| {
                s.spawn(|| {
                    sleep(millis(20));
                    ground.stand();
                    log.say("stands");
                });
                loop {
                    drop(catch_unwind(AssertUnwindSafe(yield_now)));
                }
            })
        }
    });
    yield_now();
    stubborn.kill();
    let outcome: Result<(), _> = stubborn.join();
    assert!(outcome.unwrap_err().is_killed());
    log.check([]);
    sleep(millis(50));
    log.check(["stands"]);
}

#[test]
fn the_end_of_a_thread_leaves_tasks_and_scopes_where_they_are() {
    let _watch = within(seconds(10));
    pause_clock();
    std::thread::spawn(|| {
        pause_clock();
        let log = Log::new();
        let stays = |log: Log| move || with_tasks_in_all_stages(&log, || sleep(Duration::MAX));
        spawn(stays(log.clone())).detach();
        let greenlet: Plain = Greenlet::new({
            let stay = stays(log.clone());
            move |()| stay()
        });
        assert!(with_timeout(millis(1), || greenlet.switch(())).is_err());
        mem::forget(greenlet);
        for _ in 0..3 {
            yield_now();
        }
        log.take();
        // In main everything ends before main's frames do.
        let text = panic_text(|| scope(|s| drop(s.spawn(|| panic!("on another thread")))));
        assert_eq!(text, "on another thread");
        log.check([]);
    })
    .join()
    .unwrap();
}

thread_local! {
    static KEPT: RefCell<Option<Generator<u8>>> = const { RefCell::new(None) };
}

#[test]
fn a_generator_in_a_thread_local_does_not_unwind_in_its_scope() {
    let ended = child(
        "group::scope_ends::a_generator_in_a_thread_local_does_not_unwind_in_its_scope",
        || {
            std::thread::spawn(|| {
                drop(current());
                KEPT.with(|_| ());
                let mut generator = Generator::new(|y| {
                    let ground = Ground::new();
                    scope(|s| {
                        s.spawn(|| {
                            sleep(Duration::MAX);
                            ground.stand();
                        });
                        yield_now();
                        y.yield_(1);
                    });
                });
                assert_eq!(generator.next(), Some(1));
                KEPT.set(Some(generator));
            })
            .join()
            .unwrap();
            println!("the thread has ended");
        },
    );
    assert!(ended.must_be_ok().stdout.contains("the thread has ended"));
}

#[test]
fn a_process_may_exit_in_the_body_of_a_scope_and_in_its_tasks() {
    for in_task in [false, true] {
        let name = "group::scope_ends::a_process_may_exit_in_the_body_of_a_scope_and_in_its_tasks";
        let ended = child(name, || {
            let ground = Ground::new();
            scope(|s| {
                s.spawn(|| {
                    yield_now();
                    ground.stand();
                    if in_task {
                        std::process::exit(0);
                    }
                    sleep(Duration::MAX);
                });
                yield_now();
                if !in_task {
                    std::process::exit(0);
                }
                sleep(Duration::MAX);
            });
        });
        ended.must_be_ok();
    }
}

#[test]
fn a_task_that_never_heeds_its_kill_aborts() {
    let ended = child(
        "group::scope_ends::a_task_that_never_heeds_its_kill_aborts",
        || {
            let owner = spawn(|| {
                scope(|s| {
                    s.spawn(|| {
                        loop {
                            drop(catch_unwind(AssertUnwindSafe(|| sleep(millis(1)))));
                        }
                    });
                    sleep(Duration::MAX);
                });
                println!("left");
            });
            yield_now();
            yield_now();
            owner.kill();
            println!("left");
        },
    );
    ended.check_abort(&[
        "its stack is leaked",
        "the scope at tests/it/group/scope_ends.rs:",
        "cannot end while task ",
        "(spawned at tests/it/group/scope_ends.rs:",
        "may use what it borrows: it has caught its kill time and again",
    ]);
    assert!(!ended.stdout.contains("left"));
}

#[test]
fn a_task_that_swallows_its_unwinding_ends_the_process_too() {
    let ended = child(
        "group::scope_ends::a_task_that_swallows_its_unwinding_ends_the_process_too",
        || {
            let greenlet: Plain = Greenlet::new(|()| {
                scope(|s| {
                    s.spawn(|| {
                        loop {
                            let caught = caught(|| sleep(Duration::MAX));
                            assert!(GreenletExit::is_in(&*caught));
                        }
                    });
                    yield_now();
                    wait();
                });
            });
            assert!(with_timeout(seconds(10), || greenlet.switch(())).is_ok());
            drop(greenlet);
            println!("left");
        },
    );
    ended.check_abort(&["cannot end while task ", "it has caught its kill"]);
    assert!(!ended.stdout.contains("left"));
}

#[test]
fn a_scope_that_would_end_in_its_own_task_ends_the_process() {
    let ended = child(
        "group::scope_ends::a_scope_that_would_end_in_its_own_task_ends_the_process",
        || {
            let own: Rc<RefCell<Option<Generator<u8>>>> = Rc::default();
            let mut generator = Generator::new({
                let own = own.clone();
                move |y| {
                    let ground = Ground::new();
                    scope(|s| {
                        s.spawn(|| {
                            let mut generator = own.take().unwrap();
                            assert_eq!(generator.next(), None);
                            ground.stand();
                        });
                        y.yield_(1);
                    });
                }
            });
            assert_eq!(generator.next(), Some(1));
            *own.borrow_mut() = Some(generator);
            yield_now();
            println!("left");
        },
    );
    ended.check_abort(&["cannot end while task ", "it is the running one itself"]);
    assert!(!ended.stdout.contains("left"));
}

#[test]
fn a_destructor_with_its_own_scope_aborts_in_a_panic() {
    let ended = child(
        "group::scope_ends::a_destructor_with_its_own_scope_aborts_in_a_panic",
        || {
            struct Spawns;
            impl Drop for Spawns {
                fn drop(&mut self) {
                    let text = String::from("borrowed");
                    scope(|s| drop(s.spawn(|| text.len())));
                    println!("scope ends");
                }
            }
            drop(Spawns);
            let _spawns = Spawns;
            panic!("the first panic");
        },
    );
    ended.check_abort(&[
        "scope at tests/it/group/scope_ends.rs:",
        " would have to wait while a panic unwinds greenlet ",
    ]);
    assert_eq!(ended.stdout.matches("scope ends").count(), 1);
}

#[test]
fn a_parent_switched_to_by_its_scope_task_still_waits() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let own: Rc<RefCell<Option<Greenlet<u8, u8>>>> = Rc::default();
    let greenlet: Greenlet<u8, u8> = Greenlet::new({
        let (log, own) = (log.clone(), own.clone());
        move |first| {
            let ground = Ground::new();
            let second = scope(|s| {
                s.spawn(|| {
                    let _stands = Stands(&ground, &log, "task ends");
                    let owner = own.take().unwrap();
                    // It never answers, for it waits for this task: which is killed with it.
                    log.say(format!("answer {}", owner.switch(2)));
                });
                parent::<u8, u8>().switch(first)
            });
            log.say("scope ends");
            second
        }
    });
    assert_eq!(greenlet.switch(1), 1);
    *own.borrow_mut() = Some(greenlet.clone());
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.contains("deadlock"), "{text}");
    log.check([]);
    greenlet.kill();
    log.check(["task ends"]);
    assert!(greenlet.is_dead());
}
