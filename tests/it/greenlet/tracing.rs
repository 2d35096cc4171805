//! The tracer: the switches that it sees, their order, and the greenlet that it runs in.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::generator::Generator;
use greenhub::greenlet::{TraceEvent, Tracer, set_tracer};
use greenhub::{AnyGreenlet, Greenlet, current};

use crate::support::{Log, caught, started, wait};

/// What the tracer of a test has seen, told with the names that the test gives.
#[derive(Clone)]
struct Seen(Rc<RefCell<Vec<(TraceEvent, u64, u64)>>>);

impl Seen {
    /// Sets a tracer that only looks.
    fn set() -> Seen {
        let seen = Seen(Rc::default());
        set_tracer(Some(seen.tracer()));
        seen
    }

    fn tracer(&self) -> Tracer {
        let seen = self.clone();
        Rc::new(move |event, origin, target| {
            assert_eq!(*target, current(), "it runs in the target");
            seen.0.borrow_mut().push((event, origin.id(), target.id()));
        })
    }

    /// Compares all that was seen since the last check, as lines like `switch main a`.
    #[track_caller]
    fn check<const N: usize>(&self, names: &[(&str, &dyn Named)], expected: [&str; N]) {
        let name = |id: u64| {
            let known = names.iter().find(|(_, greenlet)| greenlet.id() == id);
            known.map_or("?", |(name, _)| name)
        };
        let lines: Vec<String> = (self.0.take().into_iter())
            .map(|(event, origin, target)| {
                let event = match event {
                    TraceEvent::Switch => "switch",
                    TraceEvent::Throw => "throw",
                    other => panic!("{other:?}"),
                };
                format!("{event} {} {}", name(origin), name(target))
            })
            .collect();
        assert_eq!(lines, expected);
    }
}

trait Named {
    fn id(&self) -> u64;
}

impl<I: 'static, O: 'static> Named for Greenlet<I, O> {
    fn id(&self) -> u64 {
        AnyGreenlet::id(self)
    }
}

impl Named for u64 {
    fn id(&self) -> u64 {
        *self
    }
}

impl Named for AnyGreenlet {
    fn id(&self) -> u64 {
        AnyGreenlet::id(self)
    }
}

#[test]
fn switches_returns_and_a_death_by_panic() {
    // greenlet's test_a_greenlet_tracing.
    let returns: Greenlet<(), ()> = Greenlet::new(|()| ());
    let panics: Greenlet<(), ()> = Greenlet::new(|()| panic!("some error"));
    let seen = Seen::set();
    returns.switch(());
    drop(caught(|| panics.switch(())));
    set_tracer(None);
    started(wait).switch(()); // not seen
    seen.check(
        &[("main", &current()), ("g1", &returns), ("g2", &panics)],
        [
            "switch main g1",
            "switch g1 main",
            "switch main g2",
            "throw g2 main",
        ],
    );
}

#[test]
fn a_switch_to_oneself_and_a_throw_into_oneself() {
    let main = current();
    let seen = Seen::set();
    assert_eq!(main.typed::<u8, u8>().switch(7), 7);
    drop(caught(|| main.throw(Box::new(1))));
    set_tracer(None);
    seen.check(&[("main", &main)], ["switch main main", "throw main main"]);
}

#[test]
fn throws_into_one_that_waits_that_never_ran_and_that_has_ended() {
    let catches = started(|| drop(caught(wait)));
    let (unstarted, dies) = (Greenlet::<(), ()>::new(|()| ()), started(wait));
    let catcher = started(|| drop(caught(wait)));
    unstarted.set_parent(&catcher).unwrap();
    let main = current();
    let seen = Seen::set();
    catches.throw(Box::new(1));
    drop(caught(|| dies.throw(Box::new(1))));
    unstarted.throw(Box::new(1));
    drop(caught(|| unstarted.throw(Box::new(1))));
    set_tracer(None);
    seen.check(
        &[
            ("main", &main),
            ("catches", &catches),
            ("dies", &dies),
            ("unstarted", &unstarted),
            ("catcher", &catcher),
        ],
        [
            "throw main catches",
            "switch catches main",
            "throw main dies",
            "throw dies main",
            "throw main catcher", // the one that never ran gets no control
            "switch catcher main",
            "throw main main",
            // into the dead one: its nearest live ancestor is here, and nobody gets control
        ],
    );
}

#[test]
fn kills_and_dropped_handles() {
    let (killed, dropped, swallows) = (
        started(wait),
        started(wait),
        started(|| {
            drop(caught(wait));
        }),
    );
    let never: Greenlet<(), ()> = Greenlet::new(|()| ());
    let suicide: Greenlet<(), ()> = Greenlet::new(|()| current().kill());
    let dropped_id = dropped.id();
    let seen = Seen::set();
    killed.kill();
    drop(dropped);
    never.kill();
    swallows.kill();
    drop(suicide.try_switch(()));
    set_tracer(None);
    seen.check(
        &[
            ("main", &current()),
            ("killed", &killed),
            ("dropped", &dropped_id),
            ("swallows", &swallows),
            ("suicide", &suicide),
        ],
        [
            "throw main killed",
            "switch killed main",
            "throw main dropped",
            "switch dropped main",
            "throw main swallows",
            "switch swallows main",
            "switch main suicide",
            "throw suicide main",
        ],
    );
}

#[test]
fn a_kill_from_above_and_values_between_siblings() {
    let seen = Seen(Rc::default());
    let names = Rc::new(RefCell::new(Vec::new()));
    let victim: Greenlet<(), ()> = Greenlet::new({
        let (seen, names) = (seen.clone(), names.clone());
        move |()| {
            let victim = current();
            let killer: Greenlet<(), ()> = Greenlet::new(move |()| victim.kill());
            names.borrow_mut().push(AnyGreenlet::from(&killer));
            set_tracer(Some(seen.tracer()));
            killer.switch(());
        }
    });
    victim.switch(());
    set_tracer(None);
    let killer = names.borrow()[0].clone();
    seen.check(
        &[
            ("main", &current()),
            ("victim", &victim),
            ("killer", &killer),
        ],
        [
            "switch victim killer",
            "throw killer victim",
            "switch victim killer",
            "switch killer main",
        ],
    );
}

#[test]
fn a_value_that_starts_a_parent_and_an_end_that_is_unwanted() {
    let collector: Greenlet<u8, ()> = Greenlet::new(|_| ());
    let worker: Greenlet<(), u8> = Greenlet::new(|()| 1);
    worker.set_parent(&collector).unwrap();
    let other: Greenlet<(), u64> = Greenlet::new(|()| 1);
    let seen = Seen::set();
    worker.typed::<(), ()>().switch(());
    drop(other.typed::<(), ()>().try_switch(()));
    set_tracer(None);
    seen.check(
        &[
            ("main", &current()),
            ("worker", &worker),
            ("collector", &collector),
            ("other", &other),
        ],
        [
            "switch main worker",
            "switch worker collector",
            "switch collector main",
            "switch main other",
            "switch other main",
        ],
    );
}

#[test]
fn generators_are_not_seen_but_what_their_bodies_switch_to_is() {
    let other: Greenlet<(), ()> = Greenlet::new(|()| ());
    let mut generator = Generator::new({
        let other = other.clone();
        move |y| {
            y.yield_(1);
            other.switch(());
            y.yield_(2);
        }
    });
    let seen = Seen::set();
    assert_eq!(generator.next(), Some(1));
    assert_eq!(generator.next(), Some(2));
    drop(generator);
    set_tracer(None);
    seen.check(
        &[("main", &current()), ("other", &other)],
        ["switch main other", "switch other main"],
    );
}

#[test]
fn one_that_is_refused_is_no_switch() {
    let (dead, declared) = (started(|| ()), Greenlet::<(), ()>::declare());
    let seen = Seen::set();
    drop(dead.try_switch(()));
    drop(declared.try_switch(()));
    drop(declared.try_throw(Box::new(1)));
    let _ = current().try_kill();
    set_tracer(None);
    seen.check(&[], []);
}

#[test]
fn the_one_before_comes_back_and_is_called_no_more() {
    let (first, second) = (Seen(Rc::default()), Seen(Rc::default()));
    let names: [(&str, &dyn Named); 0] = [];
    assert!(set_tracer(None).is_none());
    let tracer = first.tracer();
    assert!(set_tracer(Some(tracer.clone())).is_none());
    let before = set_tracer(Some(second.tracer())).expect("the first");
    assert!(Rc::ptr_eq(&before, &tracer));
    started(|| ());
    first.check(&names, []);
    second.check(&names, ["switch ? ?", "switch ? ?"]);
    drop(set_tracer(Some(before)));
    started(|| ());
    set_tracer(None);
    first.check(&names, ["switch ? ?", "switch ? ?"]);
    second.check(&names, []);
    assert_eq!(Rc::strong_count(&tracer), 1);
}

#[test]
fn each_thread_has_its_own_and_ends_with_it() {
    let seen = Seen::set();
    let other = std::thread::spawn(|| {
        let dropped = Log::new();
        let seen = Seen::set();
        let held = dropped.at_drop("gone");
        set_tracer(Some(Rc::new(move |_, _, _| {
            let _held = &held;
        })));
        started(wait);
        seen.0.borrow().len()
    });
    assert_eq!(other.join().unwrap(), 0);
    set_tracer(None);
    seen.check(&[], []);
}

#[test]
fn handles_that_the_tracer_keeps_are_handles_like_any_other() {
    let log = Log::new();
    let kept: Rc<RefCell<Vec<AnyGreenlet>>> = Rc::default();
    set_tracer(Some(Rc::new({
        let kept = kept.clone();
        move |_, origin, target| kept.borrow_mut().extend([origin.clone(), target.clone()])
    })));
    let greenlet = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("unwinds");
            wait();
        }
    });
    set_tracer(None);
    drop(greenlet);
    log.check([]);
    kept.borrow_mut().clear();
    log.check(["unwinds"]);
}
