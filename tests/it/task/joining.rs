//! Tasks: what join gives, whose panic is whose, and when things are dropped.

use std::cell::Cell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use greenhub::{
    Greenlet, GreenletExit, JoinError, current, joinall, parent, sleep, spawn, task, try_spawn,
    yield_now,
};

use crate::support::{AtDrop, InDrop, Log, child, millis, panic_text, seconds, within};

#[test]
fn join_gives_what_the_body_returned() {
    let _watch = within(seconds(10));
    assert_eq!(spawn(|| 42).join().unwrap(), 42);
    assert_eq!(spawn(|| String::from("text")).join().unwrap(), "text");
    spawn(|| ()).join().unwrap();
    assert_eq!(
        try_spawn(|| [7u8; 4096]).unwrap().join().unwrap(),
        [7; 4096]
    );
    let shared = Rc::new(Cell::new(1));
    let task = spawn({
        let shared = shared.clone();
        move || {
            shared.set(2);
            shared
        }
    });
    let back = task.join().unwrap();
    assert!(Rc::ptr_eq(&back, &shared));
    drop(back);
    assert_eq!((shared.get(), Rc::strong_count(&shared)), (2, 1));
}

#[test]
fn a_join_returns_the_panic_with_its_message_task_and_place() {
    let _watch = within(seconds(10));
    let line = line!() + 1;
    let task = spawn(|| panic!("no {} today", "luck"));
    let id = task.id();
    task.wait();
    let error: JoinError = task.join().unwrap_err();
    assert!(error.is_panic() && !error.is_killed());
    assert_eq!(error.panic_message(), Some("no luck today"));
    let file = file!();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("task {id} (spawned at {file}:{line}:")),
        "{text}"
    );
    assert!(text.ends_with(") panicked: no luck today"), "{text}");
    assert_eq!(format!("{error:?}"), format!("JoinError({text})"));
    assert!(error.source().is_none());

    let named = task::Builder::new()
        .name("careless")
        .spawn(|| panic!("oops"));
    let error = named.unwrap().join().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("task \"careless\" (spawned at ")
    );
    assert_eq!(error.panic_message(), Some("oops"));

    let task = spawn(|| panic_any(17u64));
    let error = task.join().unwrap_err();
    assert_eq!(error.panic_message(), None);
    assert!(error.to_string().ends_with(" panicked"));
    assert_eq!(*error.into_panic().downcast::<u64>().unwrap(), 17);
}

#[test]
fn a_panic_can_be_let_go_on_from_join() {
    let _watch = within(seconds(10));
    let outer = spawn(|| {
        let inner = spawn(|| panic!("from inside"));
        match inner.join() {
            Ok(()) => unreachable!(),
            Err(error) => resume_unwind(error.into_panic()),
        }
    });
    assert_eq!(
        outer.join().unwrap_err().panic_message(),
        Some("from inside")
    );
}

#[test]
fn a_task_that_unwinds_with_a_kill_is_killed_and_did_not_panic() {
    let _watch = within(seconds(10));
    // A kill is caught where a suspended greenlet loses its last handle, and carried over to a task.
    let caught = Rc::new(Cell::new(None));
    let victim: Greenlet<(), ()> = Greenlet::new({
        let caught = caught.clone();
        move |()| {
            caught.set(catch_unwind(|| parent::<(), ()>().switch(())).err());
        }
    });
    victim.switch(());
    drop(victim);
    let kill = caught.take().unwrap();
    assert!(GreenletExit::is_in(&*kill));
    let error = spawn(move || resume_unwind(kill)).join().unwrap_err();
    assert!(error.is_killed() && !error.is_panic());
    assert!(error.to_string().ends_with(" was killed"), "{error}");
}

#[test]
fn waiting_leaves_the_outcome_for_join() {
    let _watch = within(seconds(10));
    let task = spawn(|| 5);
    assert!(!task.is_finished());
    task.wait();
    task.wait();
    assert!(task.is_finished());
    assert!(format!("{task:?}").ends_with("state: Done }"));
    assert_eq!(task.join().unwrap(), 5);
}

#[test]
fn many_may_wait_for_one_task() {
    let _watch = within(seconds(10));
    let slow = Rc::new(spawn(|| sleep(millis(1))));
    let waiters: Vec<_> = (0..1000)
        .map(|_| {
            let slow = slow.clone();
            spawn(move || {
                slow.wait();
                slow.is_finished()
            })
        })
        .collect();
    for waiter in waiters {
        assert!(waiter.join().unwrap());
    }
    Rc::into_inner(slow).unwrap().join().unwrap();
}

#[test]
fn joinall_waits_for_all_also_for_none_and_for_one_twice() {
    let _watch = within(seconds(10));
    joinall(Vec::<greenhub::Task<()>>::new());
    let tasks = [3, 1, 2].map(|n| {
        spawn(move || {
            sleep(millis(n));
            n
        })
    });
    joinall([&tasks[0], &tasks[1], &tasks[0], &tasks[2], &tasks[1]]);
    assert!(tasks.iter().all(|task| task.is_finished()));
    assert_eq!(tasks.map(|task| task.join().unwrap()), [3, 1, 2]);
    let panicking = [spawn(|| panic!("one of them")), spawn(|| ())];
    joinall(&panicking);
    let [bad, good] = panicking;
    assert!(bad.join().is_err() && good.join().is_ok());
}

#[test]
fn a_task_whose_handle_is_dropped_runs_on() {
    let _watch = within(seconds(10));
    let log = Log::new();
    drop(spawn({
        let log = log.clone();
        move || {
            yield_now();
            log.say("ran");
        }
    }));
    sleep(millis(1));
    log.check_line("ran");
}

#[test]
fn an_outcome_is_dropped_once_whoever_drops_it() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let bell = |word| AtDrop(log.clone(), word);
    let (a, b, c, d) = (bell("joined"), bell("left"), bell("detached"), bell("late"));
    let joined = spawn(move || a);
    let left = spawn(move || b);
    drop(spawn(move || c));
    let late = spawn(move || {
        yield_now();
        d
    });
    joinall([&joined, &left]);
    log.say("ran");
    drop(left);
    drop(late);
    drop(joined.join().unwrap());
    yield_now();
    yield_now();
    log.check_line("detached ran left joined late");
}

#[test]
fn captures_of_a_task_are_dropped_once_when_it_ends_or_panics() {
    let _watch = within(seconds(10));
    let log = Log::new();
    for panics in [false, true] {
        let bell = AtDrop(log.clone(), "dropped");
        let task = spawn(move || {
            let _bell = &bell;
            yield_now();
            assert!(!panics, "on purpose");
        });
        assert_eq!(task.join().is_err(), panics);
        log.say("joined");
    }
    log.check_line("dropped joined dropped joined");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor's panic");
    }
}

#[test]
fn an_outcome_whose_destructor_panics_ends_nothing_else() {
    let _watch = within(seconds(10));
    let log = Log::new();
    drop(spawn(|| Bomb));
    drop(spawn(|| panic_any(Bomb)));
    let after = spawn({
        let log = log.clone();
        move || log.say("after")
    });
    after.join().unwrap();
    let kept = spawn(|| Bomb);
    kept.wait();
    assert_eq!(panic_text(|| drop(kept)), "a destructor's panic");
    let failed = spawn(|| panic_any(Bomb));
    failed.wait();
    assert_eq!(panic_text(|| drop(failed)), "a destructor's panic");
    log.check_line("after");
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

#[test]
fn what_a_destructor_panics_with_is_dropped_as_well() {
    let _watch = within(seconds(10));
    struct PanicsWith(Arc<()>);
    impl Drop for PanicsWith {
        fn drop(&mut self) {
            panic_any(self.0.clone());
        }
    }
    struct PanicsTwice(bool);
    impl Drop for PanicsTwice {
        fn drop(&mut self) {
            match self.0 {
                false => panic_any(PanicsTwice(true)),
                true => panic_any(()),
            }
        }
    }
    let payload = Arc::new(());
    let panics = PanicsWith(payload.clone());
    drop(spawn(move || panics));
    drop(spawn(|| PanicsTwice(false)));
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
    assert_eq!(Arc::strong_count(&payload), 1);
}

struct Waits(Log);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.say("begins");
        yield_now();
        self.0.say("ends");
    }
}

#[test]
fn a_destructor_may_wait_in_a_detached_outcome_and_in_captures() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (first, second) = (Waits(log.clone()), Waits(log.clone()));
    drop(spawn(move || first));
    let task = spawn(move || drop(second));
    task.join().unwrap();
    log.check_line("begins begins ends ends");
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "with the sanitizer's margins its locals are larger than the stack"
)]
fn large_and_over_aligned_captures_and_outcomes_arrive_whole() {
    let _watch = within(seconds(10));
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(64))]
    struct Line([u8; 64]);
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(4096))]
    struct Page([u8; 4096]);
    fn is_aligned<T>(value: &T) -> bool {
        std::ptr::from_ref(value)
            .addr()
            .is_multiple_of(align_of::<T>())
    }
    for size in 0..20u8 {
        let (line, page, many) = (Line([size; 64]), Page([size; 4096]), [size; 1500]);
        let few = [size; 3];
        let line_task = spawn(move || {
            assert!(is_aligned(&line));
            (line, few)
        });
        let page_task = spawn(move || {
            assert!(is_aligned(&page));
            page
        });
        let many_task = spawn(move || many);
        let at_the_limit = [size; 470];
        let limit_task = spawn(move || at_the_limit);
        assert_eq!(line_task.join().unwrap(), (line, few));
        let back = page_task.join().unwrap();
        assert!(is_aligned(&back));
        assert_eq!(back, page);
        assert_eq!(many_task.join().unwrap(), many);
        assert_eq!(limit_task.join().unwrap(), at_the_limit);
    }
}

#[test]
fn names_and_ids_are_the_tasks_own() {
    let _watch = within(seconds(10));
    let inside = || (current().id(), current().name().map(str::to_owned));
    let plain = spawn(inside);
    let named = task::Builder::new().name("n").spawn(inside).unwrap();
    assert_eq!((plain.name(), named.name()), (None, Some("n")));
    let ids = [current().id(), plain.id(), named.id()];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert_eq!(plain.join().unwrap(), (ids[1], None));
    assert_eq!(named.join().unwrap(), (ids[2], Some("n".into())));
}

#[test]
fn tasks_spawn_tasks_to_any_depth() {
    let _watch = within(seconds(20));
    fn count(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let halves = [(); 2].map(|()| spawn(move || count(depth - 1)));
        halves.map(|task| task.join().unwrap()).iter().sum()
    }
    assert_eq!(count(10), 1024);
    fn down(depth: u32) -> u32 {
        match depth {
            0 => 0,
            _ => spawn(move || down(depth - 1)).join().unwrap() + 1,
        }
    }
    assert_eq!(down(500), 500);
}

#[test]
fn a_sleep_in_the_middle_of_a_panic_aborts_and_says_where() {
    let ended = child(
        "task::joining::a_sleep_in_the_middle_of_a_panic_aborts_and_says_where",
        || {
            let task = spawn(|| {
                let _sleeper = InDrop(|| sleep(millis(1)));
                panic!("the first panic");
            });
            let _ = task.join();
        },
    );
    let text = &ended.must_have_aborted().stderr;
    assert!(
        text.contains("sleep at tests/it/task/joining.rs:"),
        "{text}"
    );
    assert!(text.contains("while a panic unwinds greenlet "), "{text}");
}

#[test]
fn a_join_that_would_wait_in_a_panic_aborts() {
    let ended = child(
        "task::joining::a_join_that_would_wait_in_a_panic_aborts",
        || {
            let finished = spawn(|| 1);
            finished.wait();
            let mut finished = Some(finished);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _joiner = InDrop(|| {
                    let task = finished.take().unwrap();
                    assert_eq!(task.join().unwrap(), 1);
                    drop(spawn(|| ())); // needs no wait, so it is allowed
                    eprintln!("a finished task was joined");
                });
                panic!("the first panic");
            }));
            assert!(caught.is_err());
            let unfinished = spawn(|| 2);
            let _joiner = InDrop(|| unfinished.wait());
            panic!("the second panic");
        },
    );
    let text = &ended.must_have_aborted().stderr;
    assert!(text.contains("a finished task was joined"), "{text}");
    assert!(text.contains("join at tests/it/task/joining.rs:"), "{text}");
}
