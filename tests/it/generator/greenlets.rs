//! Generators inside greenlets and greenlets inside generators: who waits, who is unwound, and in which order.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;

use greenhub::generator::{Generator, Step};
use greenhub::{Greenlet, GreenletExit, current, parent};

use crate::support::{
    Census, Log, caught, leaked_stacks, started, wait, wait_and_swallow_the_kill,
};

/// Waits in its parent before each item.
fn waiting(log: &Log) -> Generator<u32> {
    let log = log.clone();
    Generator::new(move |y| {
        let _body = log.at_drop("body");
        for n in 1.. {
            let _item = log.at_drop("item");
            wait();
            y.yield_(n);
        }
    })
}

#[test]
fn the_greenlet_that_iterates_is_the_one_that_waits() {
    let log = Log::new();
    let greenlet = started(log.given_to(|said| {
        let me = current().id();
        let inside = Generator::new(move |y| {
            assert_eq!(current().id(), me);
            wait();
            assert_eq!(current().id(), me);
            y.yield_(1);
        });
        for n in inside {
            said.say(format!("got {n}"));
        }
    }));
    log.check([]);
    log.say("main");
    greenlet.switch(());
    log.check(["main", "got 1"]);
    assert!(greenlet.is_dead());
}

#[test]
fn values_switch_out_of_a_body_and_back() {
    let greenlet: Greenlet<u32, u32> = Greenlet::new(|first| {
        let sums = Generator::new(move |y| {
            let mut sum = first;
            loop {
                sum += parent::<u32, u32>().switch(sum);
                y.yield_(sum);
            }
        });
        sums.take(3).sum()
    });
    assert_eq!(greenlet.switch(1), 1);
    assert_eq!(greenlet.switch(10), 11);
    assert_eq!(greenlet.switch(100), 111);
    assert_eq!(greenlet.switch(1000), 11 + 111 + 1111);
}

#[test]
fn two_greenlets_iterate_by_turns() {
    let log = Log::new();
    let both: Vec<_> = ["a", "b"]
        .map(|name| {
            let log = log.clone();
            started(move || {
                let items = Generator::new(move |y| {
                    for n in 0..2 {
                        wait();
                        y.yield_(format!("{name}{n}"));
                    }
                });
                items.for_each(|item| log.say(item));
            })
        })
        .into();
    for _ in 0..2 {
        both.iter().for_each(|greenlet| greenlet.switch(()));
    }
    log.check(["a0", "b0", "a1", "b1"]);
    assert!(both.iter().all(|greenlet| greenlet.is_dead()));
}

#[test]
fn a_generator_goes_from_greenlet_to_greenlet_between_items() {
    let shared = Rc::new(RefCell::new(Generator::new(|y| {
        for _ in 0..4 {
            y.yield_(current().id());
        }
    })));
    let takes = |shared: &Rc<RefCell<Generator<u64>>>| {
        let shared = shared.clone();
        started(move || {
            for _ in 0..2 {
                let id = shared.borrow_mut().next();
                assert_eq!(id, Some(current().id()));
                wait();
            }
        })
    };
    let (a, b) = (takes(&shared), takes(&shared));
    a.switch(());
    b.switch(());
    drop((a, b));
    assert_eq!(shared.borrow_mut().next(), None);
}

#[test]
fn dropping_a_greenlet_inside_a_body_unwinds_both_stacks() {
    let log = Log::new();
    let greenlet = started(log.given_to(|said| {
        let _greenlet = said.at_drop("greenlet");
        for _ in waiting(&said) {
            let _loop = said.at_drop("loop");
        }
        said.say("never said");
    }));
    greenlet.switch(());
    log.check(["loop", "item"]);
    drop(greenlet);
    log.check(["item", "body", "greenlet"]);
    assert!(!std::thread::panicking());
}

#[test]
fn bodies_in_bodies_unwind_from_the_innermost() {
    let (log, census) = (Log::new(), Census::new());
    let (said, counts) = (log.clone(), census.clone());
    let greenlet = started(move || {
        let _greenlet = said.at_drop("greenlet");
        let outer = Generator::new({
            let said = said.clone();
            move |y| {
                let _outer = said.at_drop("outer");
                y.yield_from(Generator::new(move |y| {
                    let (_inner, _counted) = (said.at_drop("inner"), counts.one());
                    y.yield_(1);
                    wait();
                }));
            }
        });
        outer.for_each(|_| said.say("item"));
    });
    log.check(["item"]);
    drop(greenlet);
    log.check(["inner", "outer", "greenlet"]);
    census.check_all_dropped();
}

#[test]
fn a_suspended_body_is_closed_with_its_greenlet() {
    let log = Log::new();
    let greenlet = started(log.given_to(|said| {
        let _greenlet = said.at_drop("greenlet");
        let mut generator = Generator::new({
            let said = said.clone();
            move |y| {
                let _body = said.at_drop("body");
                y.yield_(1);
            }
        });
        generator.next();
        wait();
    }));
    drop(greenlet);
    log.check(["body", "greenlet"]);
}

#[test]
fn a_body_may_own_the_greenlet_that_it_switches_to() {
    let log = Log::new();
    let said = log.clone();
    let mut generator = Generator::new(move |y| {
        let _body = said.at_drop("body");
        let greenlet = started({
            let said = said.clone();
            move || {
                let _greenlet = said.at_drop("greenlet");
                wait();
            }
        });
        y.yield_(1);
        drop(greenlet);
    });
    generator.next();
    generator.close();
    log.check(["greenlet", "body"]);
}

#[test]
fn the_panic_of_a_child_arrives_in_the_body() {
    let mut generator = Generator::new(|y| {
        let child: Greenlet<(), ()> = Greenlet::new(|()| panic_any("from the child"));
        y.yield_(*caught(|| child.switch(())).downcast::<&str>().unwrap());
        child_that_panics();
    });
    fn child_that_panics() {
        let child: Greenlet<(), ()> = Greenlet::new(|()| panic_any(3));
        child.switch(());
    }
    assert_eq!(generator.next(), Some("from the child"));
    assert_eq!(*caught(|| generator.next()).downcast::<i32>().unwrap(), 3);
    assert!(generator.is_finished());
}

#[test]
fn a_kill_of_the_greenlet_is_not_lost_in_a_closing() {
    // The greenlet closes a generator whose body swallows the exit and waits; the greenlet is killed there.
    let log = Log::new();
    let greenlet = started(log.given_to(|said| {
        let _greenlet = said.at_drop("greenlet");
        let mut generator = Generator::new({
            let said = said.clone();
            move |y| {
                let _body = said.at_drop("body");
                drop(caught(|| y.yield_(1)));
                said.say("swallowed");
                wait();
            }
        });
        generator.next();
        generator.close();
        said.say("never said");
    }));
    log.check(["swallowed"]);
    drop(greenlet);
    log.check(["body", "greenlet"]);
}

#[test]
fn a_swallowed_kill_comes_again_at_the_next_wait() {
    let log = Log::new();
    let greenlet = started(log.given_to(|said| {
        let _greenlet = said.at_drop("greenlet");
        let mut generator = Generator::new(|y| {
            drop(wait_and_swallow_the_kill());
            y.yield_("swallowed");
        });
        said.say(generator.next().unwrap());
        wait();
        said.say("never said");
    }));
    drop(greenlet);
    log.check(["swallowed", "greenlet"]);
}

#[test]
fn a_greenlet_that_always_swallows_leaks_both_stacks() {
    let (before, told) = (leaked_stacks(), Rc::new(Cell::new(0)));
    let counted = told.clone();
    let greenlet = started(move || {
        let mut generator = Generator::new(move |y| {
            loop {
                if catch_unwind(AssertUnwindSafe(wait)).is_err() {
                    counted.set(counted.get() + 1);
                }
                if counted.get() == u32::MAX {
                    y.yield_(());
                }
            }
        });
        generator.next();
    });
    drop(greenlet);
    assert!(told.get() >= 99, "{}", told.get());
    assert_eq!(leaked_stacks(), before + 1);
    // The thread goes on.
    assert_eq!(Generator::new(|y| y.yield_(1)).count(), 1);
}

#[test]
fn a_thrown_exit_of_a_greenlet_passes_the_generator() {
    // A body catches the kill of its greenlet, and its greenlet throws it on into another generator.
    let log = Log::new();
    let greenlet = started(log.given_to(|said| {
        let kill = wait_and_swallow_the_kill();
        let mut other = Generator::new({
            let said = said.clone();
            move |y| {
                let exit = caught(|| y.yield_(1));
                assert!(GreenletExit::is_in(&*exit));
                said.say("caught in the other");
                exit
            }
        });
        other.next();
        match other.throw(kill) {
            Step::Returned(kill) => std::panic::resume_unwind(kill),
            Step::Yielded(_) => unreachable!(),
        }
    }));
    drop(greenlet);
    log.check(["caught in the other"]);
}

#[test]
fn a_long_way_of_stacks() {
    // greenlet in generator in greenlet, and so on: each hands one up.
    fn level(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let mut generator = Generator::new(move |y| {
            let greenlet: Greenlet<u32, u32> = Greenlet::new(level);
            y.yield_(greenlet.switch(depth - 1) + 1);
        });
        generator.next().unwrap()
    }
    assert_eq!(level(60), 60);
}
