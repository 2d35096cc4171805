//! Greenlet-locals at the end of a thread and of the process.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::mpsc::{self, Sender};
use std::thread;

use greenhub::error::AccessError;
use greenhub::{AnyGreenlet, Greenlet, current, greenlet_local};

use crate::support::{Then, in_child, started, then, wait};

fn says(say: &Sender<String>, word: &'static str) -> Option<Then> {
    let say = say.clone();
    then(move || say.send(word.to_string()).expect("it is heard"))
}

greenlet_local! {
    static A: RefCell<Option<Then>> = const { RefCell::new(None) };
    static B: RefCell<Option<Then>> = const { RefCell::new(None) };
    static C: RefCell<Option<Then>> = const { RefCell::new(None) };
}

/// Runs `body` on a thread, and gives all that was said there, to the last destructor.
fn on_a_thread(body: impl FnOnce(Sender<String>) + Send + 'static) -> Vec<String> {
    let (say, said) = mpsc::channel();
    thread::spawn(move || body(say)).join().expect("no panic");
    said.try_iter().collect()
}

#[test]
fn a_main_greenlet_drops_its_values_when_its_thread_ends() {
    let said = on_a_thread(|say| {
        let me = current();
        B.set(says(&say, "b"));
        C.set(then({
            let say = say.clone();
            move || {
                let was_main = current() == me;
                // A was never made: it is made now.
                A.set(says(&say, "a"));
                say.send(format!("c in main: {was_main}")).expect("heard");
            }
        }));
        let frame = says(&say, "frame");
        drop(frame);
    });
    assert_eq!(said, ["frame", "c in main: true", "a", "b"]);
}

#[test]
fn values_of_suspended_greenlets_leak_at_thread_end() {
    thread_local!(static KEPT: RefCell<Vec<AnyGreenlet>> = RefCell::default());
    let said = on_a_thread(|say| {
        // Older than what greenhub keeps for this thread, so it goes later.
        KEPT.with_borrow_mut(Vec::clear);
        A.set(says(&say, "main"));
        let suspended = started(move || {
            A.set(says(&say, "suspended"));
            wait();
        });
        KEPT.with_borrow_mut(|kept| kept.push(AnyGreenlet::from(&suspended)));
    });
    assert_eq!(said, ["main"]);
}

thread_local! {
    static EARLY: Cell<Option<Then>> = const { Cell::new(None) };
    static LATE: Cell<Option<Then>> = const { Cell::new(None) };
}

#[test]
fn thread_locals_find_the_values_as_long_as_they_go_first() {
    let said = on_a_thread(|say| {
        let asks = |who: &'static str| {
            let say = say.clone();
            then(move || {
                let a = A.try_with(|a| a.borrow().is_some());
                let (b, c) = (B.try_with(|_| ()), C.try_with(|_| ()));
                let seen = format!("{who}: {a:?} {} {}", b.is_ok(), c.is_ok());
                say.send(seen).expect("it is heard");
            })
        };
        EARLY.set(asks("early"));
        A.set(says(&say, "a"));
        LATE.set(asks("late"));
    });
    // Those that were used first go last.
    let gone = "early: Err(AccessError { name: \"it::local::threads::A\", in_initialiser: false }) false false";
    assert_eq!(said, ["late: Ok(true) true true", "a", gone]);
}

#[test]
fn a_thread_locals_destructor_may_make_the_first_greenlet() {
    let said = on_a_thread(|say| {
        LATE.set(then(move || A.set(says(&say, "a"))));
    });
    assert_eq!(said, ["a"]);
}

#[test]
fn a_greenlet_made_at_the_very_end_of_a_thread_has_values() {
    let said = on_a_thread(|say| {
        EARLY.set(then({
            let say = say.clone();
            move || {
                let ran = catch_unwind(AssertUnwindSafe(|| {
                    let new: Greenlet<(), bool> = Greenlet::new(|()| A.try_with(|_| ()).is_ok());
                    new.switch(())
                }));
                let main = A
                    .try_with(|_| ())
                    .map_err(|error: AccessError| error.to_string());
                let fine = ran.unwrap_or(true) && main.is_err();
                say.send(format!("{fine}")).expect("it is heard");
            }
        }));
        A.set(says(&say, "a"));
    });
    assert_eq!(said, ["a", "true"]);
}

#[test]
fn a_panicking_destructor_at_thread_end_stops_no_other() {
    let said = on_a_thread(|say| {
        A.set(says(&say, "a"));
        B.set(then(|| panic_any("nobody hears this")));
        C.set(says(&say, "c"));
    });
    assert_eq!(said, ["c", "a"]);
}

#[test]
fn a_destructor_at_thread_end_may_switch_and_drop_greenlets() {
    let said = on_a_thread(|say| {
        let other: Greenlet<u8, u8> = Greenlet::new(|n| n + 1);
        let waiting = started(wait);
        A.set(then(move || {
            say.send(format!("{}", other.switch(1))).expect("heard");
            drop(waiting); // leaked
        }));
    });
    assert_eq!(said, ["2"]);
}

#[test]
fn a_process_that_exits_in_a_greenlet_drops_no_value() {
    let name = "local::threads::a_process_that_exits_in_a_greenlet_drops_no_value";
    let ended = in_child(name, || {
        A.set(then(|| println!("main's dropped")));
        started(|| {
            A.set(then(|| println!("dropped")));
            A.with_borrow(|_| std::process::exit(7));
        });
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
        assert!(!ended.stdout.contains("dropped"), "{}", ended.stdout);
    }
}

#[test]
fn a_process_that_exits_inside_with_keeps_what_is_borrowed() {
    let name = "local::threads::a_process_that_exits_inside_with_keeps_what_is_borrowed";
    let ended = in_child(name, || {
        greenlet_local!(static BORROWED: Option<Then> = then(|| println!("borrowed one dropped")));
        B.set(then(|| println!("other dropped")));
        BORROWED.with(|_| std::process::exit(7));
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
        assert!(!ended.stdout.contains("borrowed one"), "{}", ended.stdout);
    }
}

#[test]
fn a_process_may_exit_in_an_initialiser_and_in_a_destructor() {
    let name = "local::threads::a_process_may_exit_in_an_initialiser_and_in_a_destructor";
    let ended = in_child(name, || {
        greenlet_local!(static EXITS: u8 = std::process::exit(7));
        A.set(then(|| {
            // This thread's values are being dropped when it exits for good.
            assert!(EXITS.try_with(|_| ()).is_err(), "it is being made");
        }));
        started(|| {
            A.set(then(|| EXITS.with(|_| ())));
        });
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
    }
}
