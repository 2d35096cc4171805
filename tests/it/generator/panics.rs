//! Generators in the middle of a panic, and at the end of the thread and of the process.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;

use greenhub::generator::{Generator, Yielder};

use crate::support::{Log, caught, counting, in_child};

#[test]
fn a_panic_in_the_caller_closes_what_it_iterates() {
    let log = Log::new();
    let payload = caught(|| {
        let _caller = log.at_drop("caller");
        for n in counting(&log) {
            if n == 2 {
                panic_any("stop");
            }
        }
    });
    assert!(payload.is::<&str>());
    log.check(["inner", "inner", "outer", "caller"]);
    assert!(!std::thread::panicking());
}

#[test]
fn one_that_panics_while_a_panic_drops_it_does_not_abort() {
    let payload = caught(|| {
        let mut generator = Generator::new(|y| {
            drop(catch_unwind(AssertUnwindSafe(|| y.yield_(1))));
            // Swallowed, and told again, in the middle of somebody else's panic.
            drop(catch_unwind(AssertUnwindSafe(|| y.yield_(2))));
            panic_any("mine");
        });
        generator.next();
        panic_any("first");
    });
    assert_eq!(*payload.downcast::<&str>().unwrap(), "first");
    assert!(!std::thread::panicking());
}

#[test]
fn a_destructor_may_iterate_in_the_middle_of_a_panic() {
    struct AtEnd(Generator<u32>, Rc<Cell<u32>>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            let fresh = Generator::new(|y| y.yield_from(Generator::new(|y| y.yield_(100))));
            self.1.set(self.0.by_ref().chain(fresh).sum());
        }
    }
    let (log, sum) = (Log::new(), Rc::new(Cell::new(0)));
    let mut begun = counting(&log);
    begun.next();
    let at_end = AtEnd(begun, sum.clone());
    let payload = caught(move || {
        let _at_end = at_end;
        panic_any("first");
    });
    assert!(payload.is::<&str>());
    assert_eq!(sum.get(), 2 + 3 + 100);
    log.check(["inner", "inner", "inner", "end", "outer"]);
}

/// Yields when it is dropped.
struct YieldsAtDrop<'a>(&'a Yielder<u32>);

impl Drop for YieldsAtDrop<'_> {
    fn drop(&mut self) {
        self.0.yield_(7);
    }
}

#[test]
fn a_destructor_may_yield_where_nothing_unwinds() {
    let generator = Generator::new(|y| drop(YieldsAtDrop(y)));
    assert_eq!(generator.collect::<Vec<_>>(), [7]);
}

#[test]
fn a_yield_while_a_panic_unwinds_the_body_aborts_and_says_where() {
    let name = "generator::panics::a_yield_while_a_panic_unwinds_the_body_aborts_and_says_where";
    let ended = in_child(name, || {
        let mut generator = Generator::new(|y| {
            let _yields = YieldsAtDrop(y);
            panic_any("first");
        });
        generator.next();
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "greenhub: the generator made at tests/it/generator/panics.rs:",
            " cannot yield at tests/it/generator/panics.rs:",
            "while a panic unwinds it (destructors must not yield): aborting",
        ]);
    }
}

#[test]
fn a_yield_while_it_is_closed_aborts_and_says_where() {
    let name = "generator::panics::a_yield_while_it_is_closed_aborts_and_says_where";
    let ended = in_child(name, || {
        let mut generator = Generator::new(|y| {
            let _yields = YieldsAtDrop(y);
            y.yield_(1);
        });
        generator.next();
        generator.close();
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "cannot yield at tests/it/generator/panics.rs:",
            "while a panic unwinds it",
        ]);
    }
}

#[test]
fn one_in_a_thread_local_is_leaked_when_the_thread_ends() {
    thread_local! {
        static KEPT: Cell<Option<Generator<u32>>> = const { Cell::new(None) };
    }
    struct Tell;
    impl Drop for Tell {
        fn drop(&mut self) {
            std::process::abort();
        }
    }
    std::thread::spawn(|| {
        // It is there before greenhub is, and so destroyed after greenhub has noticed the end.
        KEPT.set(None);
        let mut generator = Generator::new(|y| {
            let _tell = Tell;
            y.yield_(1);
        });
        generator.next();
        KEPT.set(Some(generator));
    })
    .join()
    .unwrap();
}

#[test]
fn one_that_is_forgotten_stays_as_it_is() {
    let log = Log::new();
    let mut generator = counting(&log);
    generator.next();
    std::mem::forget(generator);
    log.check([]);
}

#[test]
fn the_process_may_end_inside_a_body() {
    thread_local! {
        static KEPT: RefCell<Option<Generator<u32>>> = const { RefCell::new(None) };
    }
    let name = "generator::panics::the_process_may_end_inside_a_body";
    let ended = in_child(name, || {
        // On the main thread, whose thread-locals `exit` destroys, with the generator in one of them.
        KEPT.set(Some(Generator::new(|y| {
            y.yield_(1);
            println!("exit");
            std::process::exit(7);
        })));
        KEPT.with_borrow_mut(|kept| {
            let kept = kept.as_mut().unwrap();
            (kept.next(), kept.next())
        });
    });
    if let Some(ended) = ended {
        assert_eq!(
            ended.status.code(),
            Some(7),
            "{}\n{}",
            ended.stdout,
            ended.stderr
        );
        assert!(ended.stdout.contains("exit"));
    }
}

#[test]
fn an_overflow_of_its_stack_is_named() {
    #[inline(never)]
    fn deeper(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 64]);
        if n == u64::MAX {
            0
        } else {
            deeper(n + 1) + frame[3]
        }
    }
    let ended = in_child(
        "generator::panics::an_overflow_of_its_stack_is_named",
        || {
            let mut generator = Generator::new(|y| y.yield_(deeper(0)));
            generator.next();
        },
    );
    if let Some(ended) = ended {
        ended.check_abort(&[
            "a generator overflowed its stack (192 KiB), made at tests/it/generator/panics.rs:",
        ]);
    }
}
