//! The cases of `test_tracing.py`: what a tracer sees, and in which greenlet it runs. greenlet lets a tracer switch; here
//! that is refused.

use std::cell::Cell;
use std::panic::panic_any;
use std::rc::Rc;

use greenhub::greenlet::{Builder, TraceEvent, Tracer, set_tracer};
use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, parent};

use crate::support::{Log, caught, wait};

/// One line for each event, by the names of those that took part.
fn line(event: TraceEvent, origin: &AnyGreenlet, target: &AnyGreenlet) -> String {
    let event = match event {
        TraceEvent::Switch => "switch",
        TraceEvent::Throw => "throw",
        other => panic!("a new event: {other:?}"),
    };
    let name = |who: &AnyGreenlet| who.name().unwrap_or("?").to_owned();
    assert_eq!(*target, current(), "it runs in the target");
    format!("{event} {} -> {}", name(origin), name(target))
}

/// Runs `body` with a tracer that says each event; the one before is back afterwards.
fn traced(log: &Log, body: impl FnOnce()) {
    let log = log.clone();
    let before = set_tracer(Some(Rc::new(move |event, origin, target| {
        log.say(line(event, origin, target));
    })));
    body();
    set_tracer(before);
}

fn named<I: 'static, O: 'static>(
    name: &str,
    body: impl FnOnce(I) -> O + 'static,
) -> Greenlet<I, O> {
    Builder::new().name(name).build(body).expect("a stack")
}

#[test]
fn switches_returns_and_panics_are_told_in_order() {
    let log = Log::new();
    traced(&log, || {
        named("g1", |()| ()).switch(());
        let g2 = named("g2", |()| panic_any(1_u8));
        let _: Box<u8> = caught(|| g2.switch(())).downcast().expect("its panic");
    });
    log.check([
        "switch main -> g1",
        "switch g1 -> main",
        "switch main -> g2",
        "throw g2 -> main",
    ]);
    named("g3", |()| ()).switch(());
    log.check([]);
}

#[test]
fn throws_and_kills_are_told_as_throws() {
    let log = Log::new();
    let catches = named("catches", |()| drop(caught(wait)));
    let dies = named("dies", |()| wait());
    catches.switch(());
    dies.switch(());
    traced(&log, || {
        catches.throw(Box::new(1));
        dies.kill();
    });
    log.check([
        "throw main -> catches",
        "switch catches -> main",
        "throw main -> dies",
        "switch dies -> main",
    ]);
}

#[test]
fn a_switch_to_oneself_and_a_throw_into_oneself_are_told_of_too() {
    let log = Log::new();
    traced(&log, || {
        assert_eq!(current().typed::<u8, u8>().switch(1), 1);
        drop(caught(|| current().throw(Box::new(2))));
    });
    log.check(["switch main -> main", "throw main -> main"]);
}

#[test]
fn an_unwinding_for_want_of_handles_is_told_as_a_throw() {
    let log = Log::new();
    let greenlet = named("g", |()| wait());
    greenlet.switch(());
    traced(&log, || drop(greenlet));
    log.check(["throw main -> g", "switch g -> main"]);
}

#[test]
fn a_switch_past_a_dead_one_is_told_as_one_to_whom_it_goes() {
    let log = Log::new();
    let dead = named("dead", |n: u8| n);
    dead.switch(1);
    let elder = named("elder", |n: u8| parent::<u8, u8>().switch(n));
    elder.switch(1);
    traced(&log, || {
        assert_eq!(dead.switch(2), 2);
        dead.set_parent(&elder).expect("not its descendant");
        assert_eq!(dead.switch(3), 3);
    });
    log.check([
        "switch main -> main",
        "switch main -> elder",
        "switch elder -> main",
    ]);
}

#[test]
fn a_panicking_tracer_is_removed_and_its_panic_reaches_the_target() {
    let log = Log::new();
    let greenlet = named("g", {
        let log = log.clone();
        move |()| {
            let _fin = log.at_drop("fin");
            wait();
            log.say("never");
        }
    });
    greenlet.switch(());
    let panics: Tracer = Rc::new({
        let log = log.clone();
        move |event, origin, target| {
            log.say(line(event, origin, target));
            panic_any("the tracer");
        }
    });
    assert!(set_tracer(Some(panics)).is_none());
    let payload = caught(|| greenlet.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&"the tracer"));
    assert!(set_tracer(None).is_none(), "it was removed");
    assert!(greenlet.is_dead());
    log.check(["switch main -> g", "fin"]);
    named("later", |()| ()).switch(());
}

#[test]
fn a_tracer_panic_at_a_first_switch_stops_the_body() {
    let log = Log::new();
    let never = named("g", {
        let (log, captured) = (log.clone(), log.at_drop("body dropped"));
        move |()| {
            let _captured = captured;
            log.say("never");
        }
    });
    set_tracer(Some(Rc::new(|_, _, _| panic_any("the tracer"))));
    let payload = caught(|| never.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&"the tracer"));
    assert!(set_tracer(None).is_none(), "it was removed");
    assert!(never.is_dead());
    log.check(["body dropped"]);
}

#[test]
fn the_tracer_that_was_set_before_comes_back() {
    let tracer: Tracer = Rc::new(|_, _, _| ());
    let is_ours = |set: Option<Tracer>| set.is_some_and(|set| Rc::ptr_eq(&set, &tracer));
    assert!(set_tracer(Some(tracer.clone())).is_none());
    assert!(is_ours(set_tracer(Some(tracer.clone()))));
    named("g", |()| ()).switch(());
    assert!(is_ours(set_tracer(None)));
    assert!(set_tracer(None).is_none());
    assert_eq!(Rc::strong_count(&tracer), 1);
}

#[test]
fn each_thread_has_a_tracer_of_its_own() {
    let log = Log::new();
    traced(&log, || {
        let thread = std::thread::spawn(|| {
            named("elsewhere", |()| ()).switch(());
            set_tracer(None).is_none()
        });
        assert!(thread.join().expect("no panic"));
    });
    log.check([]);
}

/// Runs `script` with a tracer that says each event, and at the first one for which `when` is set tries to switch to
/// `other`.
fn with_a_switch(
    log: &Log,
    other: &Greenlet<(), ()>,
    when: &Rc<Cell<bool>>,
    script: impl FnOnce(),
) {
    let (log, other, when) = (log.clone(), other.clone(), when.clone());
    let before = set_tracer(Some(Rc::new(move |event, origin, target| {
        log.say(line(event, origin, target));
        if when.replace(false) {
            let refused = matches!(other.try_switch(()), Err(SwitchError::Tracing(())));
            log.say(if refused { "refused" } else { "switched" });
        }
    })));
    script();
    set_tracer(before);
}

#[test]
fn a_switch_in_a_tracer_is_refused_and_the_value_arrives() {
    let log = Log::new();
    let when = Rc::new(Cell::new(true));
    let other = named("other", |()| wait());
    let g = named("g", {
        let log = log.clone();
        move |n: u8| {
            log.say(format!("g got {n}"));
            parent::<u8, u8>().switch(n + 1) + 1
        }
    });
    with_a_switch(&log, &other, &when, || {
        assert_eq!(g.switch(1), 2);
        assert_eq!(g.switch(5), 6);
    });
    log.check([
        "switch main -> g",
        "refused",
        "g got 1",
        "switch g -> main",
        "switch main -> g",
        "switch g -> main",
    ]);
    assert!(g.is_dead() && !other.is_started());
}

#[test]
fn a_switch_in_a_tracer_at_the_end_of_a_greenlet_is_refused() {
    let log = Log::new();
    let when = Rc::new(Cell::new(false));
    let other = named("other", |()| ());
    let g = named("g", {
        let when = when.clone();
        move |()| {
            when.set(true);
            7_u8
        }
    });
    with_a_switch(&log, &other, &when, || assert_eq!(g.switch(()), 7));
    log.check(["switch main -> g", "switch g -> main", "refused"]);
    assert!(g.is_dead() && !other.is_started());
}
