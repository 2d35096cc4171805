//! Misuse of generators: a yielder away from its own stack, and a body that wants its own generator.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::generator::{Generator, Yielder};
use greenhub::{Greenlet, parent};

use crate::support::{Log, lend, lend_on, panic_text, started, wait, yield_to_lender};

#[track_caller]
fn check_refused(text: &str) {
    assert!(
        text.starts_with("the generator made at tests/it/generator/misuse.rs:")
            && text.ends_with(
                "that does not run on its own stack, but in another generator or greenlet"
            ),
        "{text}"
    );
}

#[test]
fn an_inner_generator_cannot_yield_for_the_outer_one() {
    let outer = Generator::new(|y| {
        lend(y, || {
            let mut inner = Generator::new(|y| {
                y.yield_(10);
                check_refused(&panic_text(|| yield_to_lender(1)));
                y.yield_(11);
            });
            assert_eq!(inner.by_ref().collect::<Vec<i32>>(), [10, 11]);
            yield_to_lender(2);
        });
        y.yield_(3);
    });
    assert_eq!(outer.collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn another_greenlet_cannot_yield_for_a_generator() {
    let mut generator = Generator::new(|y| {
        lend(y, || {
            let other: Greenlet<(), ()> = Greenlet::new(|()| {
                check_refused(&panic_text(|| yield_to_lender(1)));
            });
            other.switch(());
        });
        y.yield_(2);
    });
    assert_eq!(generator.next(), Some(2));
}

#[test]
fn another_greenlet_cannot_yield_for_the_iterating_greenlet() {
    // The generator runs, and its greenlet waits: a raw suspend would leave through a greenlet off the chain.
    let iterating = started(|| {
        let mut generator = Generator::new(|y| {
            lend(y, || {
                wait();
                lend_on(y);
            });
            y.yield_(5);
        });
        assert_eq!(generator.next(), Some(5));
    });
    check_refused(&panic_text(|| yield_to_lender(1)));
    let other: Greenlet<(), ()> =
        Greenlet::new(|()| check_refused(&panic_text(|| yield_to_lender(1))));
    other.switch(());
    iterating.switch(());
    assert!(iterating.is_dead());
}

#[test]
fn nobody_can_yield_for_one_that_is_suspended() {
    let mut generator = Generator::new(|y| {
        lend(y, || {
            yield_to_lender(1);
        });
    });
    generator.next();
    // Left in the middle of `lend`, so it is lent still.
    check_refused(&panic_text(|| yield_to_lender(2)));
    assert_eq!(generator.next(), None);
}

#[test]
fn nobody_can_yield_for_one_that_was_forgotten() {
    let mut generator = Generator::new(|y| {
        lend(y, || {
            yield_to_lender(1);
        });
    });
    generator.next();
    std::mem::forget(generator);
    check_refused(&panic_text(|| yield_to_lender(2)));
    let mut other = Generator::new(|y| {
        check_refused(&panic_text(|| yield_to_lender(3)));
        y.yield_(4);
    });
    assert_eq!(other.next(), Some(4));
}

#[test]
fn a_deep_frame_is_on_its_own_stack() {
    #[inline(never)]
    fn at_depth(y: &Yielder<i32>, depth: usize) {
        let frame = std::hint::black_box([depth as u8; 1024]);
        if depth == 0 {
            y.yield_(1);
        } else {
            at_depth(y, depth - 1);
        }
        std::hint::black_box(&frame);
    }
    let generator = Generator::new(|y| at_depth(y, 30));
    assert_eq!(generator.collect::<Vec<_>>(), [1]);
}

#[test]
fn a_body_cannot_resume_its_own_generator() {
    type Shared = Rc<RefCell<Option<Generator<i32>>>>;
    let shared: Shared = Rc::default();
    let own = shared.clone();
    *shared.borrow_mut() = Some(Generator::new(move |y| {
        let text = panic_text(|| own.borrow_mut().as_mut().map(Iterator::next));
        assert!(text.contains("already borrowed"), "{text}");
        y.yield_(1);
    }));
    let item = shared.borrow_mut().as_mut().and_then(Iterator::next);
    assert_eq!(item, Some(1));
    drop(shared.take());
}

#[test]
fn a_body_that_owns_itself_is_closed_all_the_same() {
    let log = Log::new();
    let shared: Rc<RefCell<Option<Generator<i32>>>> = Rc::default();
    let (own, said) = (shared.clone(), log.clone());
    *shared.borrow_mut() = Some(Generator::new(move |y| {
        let _own = own;
        let _local = said.at_drop("local");
        y.yield_(1);
    }));
    assert!(shared.borrow_mut().as_mut().unwrap().next().is_some());
    // Taken out, then closed: its body drops the cell, which is empty.
    drop(shared.take());
    log.check(["local"]);
    assert_eq!(Rc::strong_count(&shared), 1);
}

#[test]
fn a_greenlet_that_ends_below_a_lender_is_no_way_round_either() {
    let log = Log::new();
    let said = log.clone();
    let greenlet: Greenlet<(), i32> = Greenlet::new(move |()| {
        let mut generator = Generator::new(|y| {
            lend(y, || {
                // The child's parent is the greenlet that iterates, and its stack is its own.
                let child: Greenlet<(), ()> = Greenlet::new(|()| {
                    parent::<(), ()>().switch(());
                    check_refused(&panic_text(|| yield_to_lender(1)));
                });
                child.switch(());
                child.switch(());
            });
            y.yield_(8);
        });
        said.say("iterates");
        generator.next().unwrap()
    });
    assert_eq!(greenlet.switch(()), 8);
    log.check(["iterates"]);
}
