//! Greenlet-locals: whose value one sees, when it is made, and what children inherit.

use std::cell::{Cell, RefCell};
use std::panic::panic_any;
use std::ptr;
use std::rc::Rc;
use std::thread;

use greenhub::generator::{Generator, Yielder};
use greenhub::greenlet::{Builder, no_switch};
use greenhub::{Greenlet, current, greenlet_local, parent};

use crate::support::{Census, Counted, Log, caught, panic_text, started, wait};

greenlet_local! {
    static COUNT: Cell<u32> = const { Cell::new(1) };
    static TEXT: RefCell<String> = RefCell::new(format!("of {}", current().id()));
    inherited static DEPTH: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn each_greenlet_has_a_value_of_its_own() {
    let count_up = |by: u32| {
        Greenlet::new(move |()| {
            for _ in 0..3 {
                COUNT.set(COUNT.get() + by);
                parent::<u32, ()>().switch(COUNT.get());
            }
            COUNT.get()
        })
    };
    let (a, b): (Greenlet<(), u32>, Greenlet<(), u32>) = (count_up(1), count_up(10));
    COUNT.set(1000);
    assert_eq!((a.switch(()), b.switch(())), (2, 11));
    assert_eq!((a.switch(()), b.switch(())), (3, 21));
    assert_eq!(COUNT.get(), 1000);
    assert_eq!((a.switch(()), a.switch(()), b.switch(())), (4, 4, 31));
}

#[test]
fn a_value_is_made_when_its_greenlet_first_asks_and_not_again() {
    thread_local!(static MADE: Cell<u32> = const { Cell::new(0) });
    greenlet_local! {
        static LAZY: u64 = {
            MADE.set(MADE.get() + 1);
            current().id()
        };
    }
    let asks = || {
        assert_eq!(LAZY.with(|id| *id), current().id());
        assert_eq!(LAZY.try_with(|id| *id), Ok(current().id()));
    };
    let greenlet = started(move || {
        wait();
        asks();
    });
    started(|| ());
    assert_eq!(MADE.get(), 0);
    greenlet.switch(());
    assert_eq!(MADE.get(), 1);
    asks();
    assert_eq!(MADE.get(), 2);
}

#[test]
fn each_thread_has_its_own_greenlets_and_so_its_own_values() {
    COUNT.set(5);
    let there = thread::spawn(|| COUNT.replace(7));
    assert_eq!(there.join().unwrap(), 1);
    assert_eq!(COUNT.get(), 5);
}

mod elsewhere {
    greenhub::greenlet_local! {
        /// Documented, public, and the last one without a semicolon.
        #[allow(dead_code, reason = "an attribute")]
        pub(crate) static PUBLIC: &'static str = "seen from outside";
        pub(super) inherited static LAST: Vec<u8> = vec![1, 2]
    }
    greenhub::greenlet_local!();
}

#[test]
fn declarations_look_like_those_of_thread_locals() {
    assert_eq!(elsewhere::PUBLIC.with(|text| text.len()), 17);
    elsewhere::LAST.with(|bytes| assert_eq!(*bytes, [1, 2]));
    let shown = format!("{:?}", elsewhere::LAST);
    assert!(shown.contains("elsewhere::LAST"), "{shown}");
}

#[test]
fn cells_have_the_shortcuts_that_std_has() {
    TEXT.set("set first: no initialiser runs".to_string());
    assert!(TEXT.take().starts_with("set"));
    TEXT.with_borrow_mut(|text| text.push('a'));
    assert_eq!(TEXT.replace("b".into()), "a");
    TEXT.with_borrow(|text| assert_eq!(text, "b"));
    let borrowed = || TEXT.with_borrow(|_| TEXT.set(String::new()));
    assert!(panic_text(borrowed).contains("borrowed"));
    assert_eq!((COUNT.take(), COUNT.replace(3), COUNT.get()), (1, 0, 3));
    let other: Greenlet<(), String> = Greenlet::new(|()| TEXT.take());
    assert_eq!(other.switch(()), format!("of {}", other.id()));
}

#[test]
fn what_is_not_inherited_starts_anew() {
    COUNT.set(9);
    let child: Greenlet<(), u32> = Greenlet::new(|()| COUNT.get());
    assert_eq!(child.switch(()), 1);
}

#[test]
fn a_child_inherits_what_its_maker_has_when_it_is_made() {
    DEPTH.set(1);
    let made: Greenlet<(), u32> = Greenlet::new(|()| DEPTH.replace(50));
    let declared: Greenlet<(), u32> = Greenlet::declare();
    let built = Builder::new().build(|()| DEPTH.get()).expect("a stack");
    DEPTH.set(2);
    declared.define(|()| DEPTH.get());
    let later: Greenlet<(), u32> = Greenlet::new(|()| DEPTH.get());
    assert_eq!(made.switch(()), 1);
    assert_eq!(declared.switch(()), 1);
    assert_eq!(built.switch(()), 1);
    assert_eq!(later.switch(()), 2);
    assert_eq!(DEPTH.get(), 2, "a child's own is another");
}

#[test]
fn a_maker_that_has_none_hands_none_down() {
    let child: Greenlet<(), u32> = Greenlet::new(|()| DEPTH.get());
    DEPTH.set(7);
    assert_eq!(child.switch(()), 0);
}

#[test]
fn generations_inherit_from_one_another() {
    fn deep(levels: u32) -> Vec<u32> {
        DEPTH.set(DEPTH.get() + 1);
        let mut all = vec![DEPTH.get()];
        if levels > 0 {
            let child: Greenlet<u32, Vec<u32>> = Greenlet::new(deep);
            all.extend(child.switch(levels - 1));
        }
        all.push(DEPTH.get());
        all
    }
    assert_eq!(deep(3), [1, 2, 3, 4, 4, 3, 2, 1]);
}

#[test]
fn the_maker_is_who_runs_whatever_parent_the_child_gets() {
    let other = started(|| {
        DEPTH.set(100);
        wait();
    });
    DEPTH.set(1);
    let child: Greenlet<(), u32> = Greenlet::new(|()| DEPTH.get());
    child.set_parent(&other).expect("no cycle");
    child.set_parent(current()).expect("no cycle");
    assert_eq!(child.switch(()), 1);
}

#[test]
fn a_builder_gives_values_in_place_of_inherited_ones() {
    /// Nobody shall clone it.
    struct Precious(&'static str);
    impl Clone for Precious {
        fn clone(&self) -> Precious {
            panic!("cloned {}", self.0)
        }
    }
    greenlet_local! {
        inherited static PRECIOUS: Precious = Precious("made");
    }
    let log = Log::new();
    greenlet_local! {
        static SLOT: Option<crate::support::AtDrop> = None;
    }
    PRECIOUS.with(|precious| assert_eq!(precious.0, "made"));
    let built = Builder::new()
        .local(&PRECIOUS, Precious("given first"))
        .local(&SLOT, Some(log.at_drop("given first")))
        .local(&PRECIOUS, Precious("given"))
        .local(&SLOT, Some(log.at_drop("given last")));
    log.check(["given first"]);
    let built = built.build(|()| (PRECIOUS.with(|precious| precious.0), DEPTH.get()));
    assert_eq!(built.expect("a stack").switch(()), ("given", 0));
    log.check(["given last"]);
}

#[test]
fn what_a_builder_was_given_goes_with_it_where_nothing_is_built() {
    let log = Log::new();
    greenlet_local! {
        static SLOT: Option<crate::support::AtDrop> = None;
    }
    let builder = |word| Builder::new().local(&SLOT, Some(log.at_drop(word)));
    drop(builder("dropped"));
    log.check(["dropped"]);
    let refused = builder("refused")
        .stack_size(usize::MAX)
        .build(|()| log_nothing());
    assert!(refused.is_err());
    log.check(["refused"]);
    fn log_nothing() {}
}

#[test]
fn with_may_switch_inside() {
    let other: Greenlet<(), u32> = Greenlet::new(|()| COUNT.with(Cell::get));
    let seen = COUNT.with(|mine| {
        mine.set(6);
        (other.switch(()), mine.get(), COUNT.get())
    });
    assert_eq!(seen, (1, 6, 6));
}

#[test]
fn an_initialiser_may_switch_and_others_ask_meanwhile() {
    greenlet_local! {
        static SLOW: u64 = {
            if current().parent().is_some() {
                wait();
            }
            current().id()
        };
    }
    let ask = || started(|| assert_eq!(SLOW.with(|id| *id), current().id()));
    let (a, b) = (ask(), ask());
    assert_eq!(SLOW.with(|id| *id), current().id());
    b.switch(());
    a.switch(());
    assert!(a.is_dead() && b.is_dead());
}

#[test]
fn an_initialiser_that_panics_leaves_no_value_and_runs_again() {
    greenlet_local! {
        static FRAGILE: u32 = match COUNT.replace(COUNT.get() + 1) {
            1 => panic_any("not yet"),
            n => n,
        };
    }
    for _ in 0..2 {
        started(|| {
            let payload = caught(|| FRAGILE.with(|n| *n));
            assert_eq!(payload.downcast_ref(), Some(&"not yet"));
            assert_eq!(FRAGILE.try_with(|n| *n), Ok(2));
            assert_eq!(FRAGILE.with(|n| *n), 2);
        });
    }
}

#[test]
fn an_initialiser_that_needs_its_own_value_is_told_so() {
    greenlet_local! {
        static FIRST: u32 = SECOND.with(|n| n + 1);
        static SECOND: u32 = if COUNT.get() == 1 { FIRST.with(|n| n + 1) } else { 10 };
        static CURIOUS: bool = CURIOUS.try_with(|_| ()).is_err();
    }
    let text = panic_text(|| FIRST.with(|n| *n));
    assert_eq!(
        text,
        "the greenlet-local it::local::values::FIRST has no value yet: its initialiser runs in this greenlet"
    );
    COUNT.set(2);
    assert_eq!((FIRST.with(|n| *n), SECOND.with(|n| *n)), (11, 10));
    assert!(CURIOUS.with(|refused| *refused));
}

#[test]
fn an_initialiser_that_sets_its_own_value_has_set_it() {
    greenlet_local! {
        static STUBBORN: Cell<u32> = {
            STUBBORN.set(1);
            Cell::new(2)
        };
    }
    assert_eq!((STUBBORN.get(), STUBBORN.get()), (1, 1));
}

#[test]
fn a_clone_that_panics_makes_no_child() {
    struct Rare(Counted);
    impl Clone for Rare {
        fn clone(&self) -> Rare {
            panic_any("there is only one")
        }
    }
    greenlet_local! {
        inherited static DEEP: Cell<u8> = const { Cell::new(1) };
        inherited static RARE: Option<Rare> = None;
    }
    let census = Census::new();
    let greenlet = Builder::new()
        .local(&DEEP, Cell::new(2))
        .local(&RARE, Some(Rare(census.one())));
    let greenlet = greenlet.build(move |()| {
        RARE.with(|rare| assert!(rare.as_ref().is_some_and(|rare| size_of_val(&rare.0) > 0)));
        let body = census.one();
        let payload = caught(|| {
            Greenlet::<(), ()>::new(move |()| drop(body));
        });
        assert_eq!(payload.downcast_ref(), Some(&"there is only one"));
        let declared = caught(Greenlet::<(), ()>::declare);
        assert_eq!(declared.downcast_ref(), Some(&"there is only one"));
        // Given, so not cloned.
        let child = Builder::new().local(&RARE, None).build(|()| DEEP.get());
        assert_eq!(child.expect("a stack").switch(()), 2);
        census
    });
    greenlet.expect("a stack").switch(()).check_all_dropped();
}

#[test]
fn a_clone_may_switch_and_use_locals() {
    struct Busy(u32);
    impl Clone for Busy {
        fn clone(&self) -> Busy {
            // Its own value is here, and another is made; and children are made while one is made.
            let mine = BUSY.with(|busy| busy.0);
            let other: Greenlet<(), u32> = Builder::new()
                .local(&BUSY, Busy(0))
                .build(|()| COUNT.replace(4) + BUSY.with(|busy| busy.0))
                .expect("a stack");
            Busy(mine + other.switch(()) + COUNT.get())
        }
    }
    greenlet_local! {
        inherited static BUSY: Busy = Busy(40);
    }
    BUSY.with(|_| ());
    let child: Greenlet<(), u32> = Greenlet::new(|()| BUSY.with(|busy| busy.0));
    assert_eq!(child.switch(()), 42);
}

#[test]
fn a_generators_body_has_the_values_of_whoever_resumes_it() {
    let shared = Rc::new(RefCell::new(Generator::new(|y| {
        loop {
            y.yield_((current().id(), COUNT.replace(COUNT.get() + 1)));
        }
    })));
    let takes = |n: usize| {
        let shared = shared.clone();
        Greenlet::<(), Vec<u32>>::new(move |()| {
            let me = current().id();
            let mut all = vec![];
            for _ in 0..n {
                let (whose, count) = shared.borrow_mut().next().expect("endless");
                assert_eq!(whose, me);
                all.push(count);
            }
            all.push(COUNT.get());
            all
        })
    };
    assert_eq!(takes(2).switch(()), [1, 2, 3]);
    assert_eq!(takes(3).switch(()), [1, 2, 3, 4]);
}

#[test]
fn a_generator_that_yields_inside_with_keeps_the_borrow() {
    let log = Log::new();
    greenlet_local! {
        static KEPT: RefCell<Option<crate::support::AtDrop>> = const { RefCell::new(None) };
    }
    let mut generator = Generator::new(|y| {
        KEPT.with(|kept| {
            for _ in 0..2 {
                y.yield_(kept.borrow().as_ref().map_or("nothing", |kept| kept.1));
            }
        });
        y.yield_("out of it");
    });
    let first: Greenlet<(), _> = Greenlet::new({
        let log = log.clone();
        move |()| {
            KEPT.set(Some(log.at_drop("the first one's")));
            let item = generator.next();
            log.say(item.expect("one"));
            generator
        }
    });
    let mut generator = first.switch(());
    assert!(first.is_dead());
    log.say("the first one is dead");
    KEPT.set(Some(log.at_drop("main's")));
    log.say(generator.next().expect("one"));
    log.say(generator.next().expect("one"));
    drop(KEPT.take());
    log.check([
        "the first one's",
        "the first one is dead",
        "the first one's",
        "the first one's",
        "out of it",
        "main's",
    ]);
}

#[test]
fn a_value_made_across_a_yield_belongs_to_the_running_greenlet() {
    thread_local!(static LENT: Cell<*const Yielder<u64>> = const { Cell::new(ptr::null()) });
    greenlet_local! {
        static SLOW: u64 = {
            // SAFETY: lent by the generator below, whose body has not returned.
            unsafe { &*LENT.get() }.yield_(0);
            current().id()
        };
    }
    let body = |y: &Yielder<u64>| {
        LENT.set(y);
        y.yield_(SLOW.with(|id| *id));
        y.yield_(SLOW.with(|id| *id));
    };
    let first: Greenlet<(), Generator<u64>> = Greenlet::new(move |()| {
        let mut generator = Generator::new(body);
        assert_eq!(generator.next(), Some(0));
        generator
    });
    let mut generator = first.switch(());
    assert!(first.is_dead());
    let me = current().id();
    assert_eq!(generator.next(), Some(me));
    assert_eq!(SLOW.with(|id| *id), me, "not made again");
    let last: Greenlet<(), (u64, u64)> = Builder::new()
        .local(&SLOW, 77)
        .build(move |()| (generator.next().expect("one"), SLOW.with(|id| *id)))
        .expect("a stack");
    assert_eq!(last.switch(()), (77, 77));
}

#[test]
fn locals_work_where_no_switch_may_be_made() {
    no_switch(|| {
        COUNT.set(COUNT.get() + 1);
        assert_eq!(COUNT.get(), 2);
    });
}
