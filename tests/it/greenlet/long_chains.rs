//! Bodies that never ran, each of which owns the next: a chain of any length is dropped on a small stack.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use greenhub::generator::{Generator, Yielder};
use greenhub::{Greenlet, greenlet, greenlet_local, stack};

use crate::support::{InDrop, Log, forget, panic_text, wait};

type Owner = Option<Box<dyn Any>>;

greenlet_local! {
    static OWNED: RefCell<Owner> = RefCell::default();
}

fn unstarted(next: Owner) -> Owner {
    let greenlet: Greenlet<(), ()> = greenlet::Builder::new()
        .stack_size(stack::MIN_STACK_SIZE)
        .build(move |()| drop(next))
        .expect("a stack");
    Some(Box::new(greenlet))
}

fn by_a_local(next: Owner) -> Owner {
    let greenlet: Greenlet<(), ()> = greenlet::Builder::new()
        .stack_size(stack::MIN_STACK_SIZE)
        .local(&OWNED, RefCell::new(next))
        .build(|()| ())
        .expect("a stack");
    Some(Box::new(greenlet))
}

fn generator(next: Owner) -> Owner {
    let generator = Generator::builder()
        .stack_size(stack::MIN_STACK_SIZE)
        .build(move |_: &Yielder<()>| drop(next))
        .expect("a stack");
    Some(Box::new(generator))
}

/// So many greenlets, the innermost of which owns `inner`.
fn under(links: usize, mut inner: Owner) -> Owner {
    for _ in 0..links {
        inner = unstarted(inner);
    }
    inner
}

fn chain(links: usize, link: impl Fn(usize, Owner) -> Owner) -> Owner {
    (0..links).fold(None, |next, number| link(number, next))
}

/// Runs `body` on a thread with a stack of 128 KiB, on which a chain of 10,000 does not fit.
fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    thread.spawn(body).unwrap().join().unwrap();
}

const LONG: usize = 10_000;

#[test]
fn a_long_chain_of_unstarted_greenlets_is_dropped() {
    on_a_small_stack(|| drop(chain(LONG, |_, next| unstarted(next))));
}

#[test]
fn a_long_chain_by_locals_is_dropped() {
    on_a_small_stack(|| drop(chain(LONG, |_, next| by_a_local(next))));
}

#[test]
fn a_long_chain_of_unstarted_generators_is_dropped() {
    on_a_small_stack(|| drop(chain(LONG, |_, next| generator(next))));
}

#[test]
fn a_long_mixed_chain_is_dropped() {
    on_a_small_stack(|| {
        drop(chain(LONG, |number, next| match number % 3 {
            0 => unstarted(next),
            1 => by_a_local(next),
            _ => generator(next),
        }));
    });
}

#[test]
fn a_long_chain_is_dropped_on_a_greenlets_stack() {
    let chain = RefCell::new(chain(LONG, |_, next| unstarted(next)));
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| drop(chain.take()));
    greenlet.switch(());
}

#[test]
fn a_long_chain_in_a_thread_local_is_dropped() {
    thread_local!(static KEPT: RefCell<Owner> = const { RefCell::new(None) });
    on_a_small_stack(|| {
        KEPT.set(None);
        drop(chain(1, |_, next| unstarted(next)));
        KEPT.set(chain(LONG, |_, next| unstarted(next)));
    });
}

/// A body that owns two others, down to this depth. Each says its name when it is dropped, before what it owns.
fn tree(log: &Log, name: String, depth: usize) -> Owner {
    let said = log.clone();
    let children = (depth > 0).then(|| {
        let child = |side: &str| tree(log, format!("{name}{side}"), depth - 1);
        (child("a"), child("b"))
    });
    let note = InDrop(move || said.say(name.clone()));
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| forget((&note, &children)));
    Some(Box::new(greenlet))
}

fn names(name: &str, depth: usize, names: &mut Vec<String>) {
    names.push(name.to_owned());
    if depth > 0 {
        for side in ["a", "b"] {
            self::names(&format!("{name}{side}"), depth - 1, names);
        }
    }
}

#[test]
fn what_is_owned_is_dropped_in_order_at_any_depth() {
    for above in [0, 5, 6, 7, 8, 50] {
        let log = Log::new();
        let top = tree(&log, String::from("t"), 3);
        let links = under(above, top);
        drop(links);
        let mut expected = Vec::new();
        names("t", 3, &mut expected);
        assert_eq!(log.take(), expected, "under {above} others");
    }
}

#[test]
fn a_body_near_the_top_is_dropped_before_its_owner_goes_on() {
    let log = Log::new();
    let inner = log.at_drop("inner");
    let inner: Greenlet<(), ()> = Greenlet::new(move |()| drop(inner));
    let mut inner = Some(inner);
    let said = log.clone();
    let note = InDrop(move || {
        drop(inner.take());
        said.say("outer");
    });
    let outer: Greenlet<(), ()> = Greenlet::new(move |()| drop(note));
    drop(outer);
    log.check(["inner", "outer"]);
}

#[test]
fn a_panic_deep_in_a_chain_goes_on_and_the_rest_is_dropped() {
    for place in [1, 20, 40, 100] {
        let dropped = Rc::new(RefCell::new(0));
        let links = chain(120, |number, next| {
            let dropped = dropped.clone();
            let note = InDrop(move || {
                *dropped.borrow_mut() += 1;
                assert!(number != place, "from the depth");
            });
            let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| forget((&note, &next)));
            Some(Box::new(greenlet) as Box<dyn Any>)
        });
        assert_eq!(panic_text(|| drop(links)), "from the depth");
        assert_eq!(*dropped.borrow(), 120);
    }
}

#[test]
fn bodies_are_dropped_while_another_such_drop_waits() {
    let log = Log::new();
    let said = log.clone();
    let links = {
        let wait = InDrop(move || {
            said.say("waits");
            wait();
            said.say("goes on");
        });
        let last: Greenlet<(), ()> = Greenlet::new(move |()| drop(wait));
        under(31, Some(Box::new(last) as Box<dyn Any>))
    };
    let links = RefCell::new(links);
    let other: Greenlet<(), ()> = Greenlet::new(move |()| drop(links.take()));
    other.switch(());
    let last = log.at_drop("here");
    let last: Greenlet<(), ()> = Greenlet::new(move |()| drop(last));
    drop(under(10, Some(Box::new(last) as Box<dyn Any>)));
    log.say("and now");
    other.switch(());
    log.check(["waits", "here", "and now", "goes on"]);
}

#[test]
fn a_body_that_is_found_before_its_turn_stays() {
    let log = Log::new();
    let found: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
    let last = log.at_drop("last");
    let last: Greenlet<(), ()> = Greenlet::new(move |()| drop(last));
    let weak = last.downgrade();
    let keep = found.clone();
    let finds = InDrop(move || drop(keep.replace(weak.upgrade())));
    // The deepest that is dropped in place owns the one that is put off, and finds it again.
    let deepest: Greenlet<(), ()> = Greenlet::new(move |()| forget((&last, &finds)));
    let links = under(31, Some(Box::new(deepest) as Box<dyn Any>));
    drop(links);
    log.check([]);
    found.take().expect("it is there").switch(());
    log.check(["last"]);
}
