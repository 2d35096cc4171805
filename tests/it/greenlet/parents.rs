//! Parents and death: where a last value and a panic go, and who stays suspended meanwhile.

use std::any::Any;
use std::panic::{panic_any, resume_unwind};

use greenhub::{AnyGreenlet, Greenlet, current, parent};

use crate::support::{Log, caught, panic_text, slowness, started, wait};

#[test]
fn the_creator_is_the_parent() {
    let outer: Greenlet<(), ()> = Greenlet::new(|()| {
        let inner: Greenlet<(), ()> = Greenlet::new(|()| ());
        assert_eq!(inner.parent(), Some(current()));
        assert_ne!(inner.parent(), current().parent());
        let declared: Greenlet<(), ()> = Greenlet::declare();
        assert_eq!(declared.parent(), Some(current()));
    });
    assert_eq!(outer.parent(), Some(current()));
    outer.switch(());
    assert!(outer.is_dead());
    assert_eq!(outer.parent(), Some(current()), "also of a dead one");
}

#[test]
fn a_last_value_goes_to_the_parent_and_not_to_whoever_switched() {
    let log = Log::new();
    let child: Greenlet<(), &str> = Greenlet::new(|()| "from child");
    let sibling: Greenlet<(), &str> = Greenlet::new({
        let (log, child) = (log.clone(), child.clone());
        move |()| {
            log.say("sibling switches to child");
            let got = child.switch(());
            log.say(format!("sibling got {got}"));
            "from sibling"
        }
    });
    assert_eq!(sibling.switch(()), "from child");
    assert!(child.is_dead() && sibling.is_active());
    log.check(["sibling switches to child"]);
    // It waits in its switch until somebody switches to it, with the type that it waits for.
    let sibling_waits_for = AnyGreenlet::from(&sibling).typed::<&str, &str>();
    assert_eq!(sibling_waits_for.switch("at last"), "from sibling");
    log.check(["sibling got at last"]);
}

#[test]
fn a_panic_reaches_the_parent_and_leaves_the_sibling() {
    let log = Log::new();
    let child: Greenlet<(), ()> = Greenlet::new(|()| panic!("child"));
    let sibling: Greenlet<(), ()> = Greenlet::new({
        let (log, child) = (log.clone(), child.clone());
        move |()| {
            let _cleanup = log.at_drop("sibling unwinds");
            child.switch(());
            log.say("sibling goes on");
        }
    });
    assert_eq!(panic_text(|| sibling.switch(())), "child");
    assert!(child.is_dead() && sibling.is_active());
    log.check([]);
    sibling.switch(());
    log.check(["sibling goes on", "sibling unwinds"]);
}

#[test]
fn a_panic_carries_the_same_object_up() {
    struct Payload(#[expect(dead_code, reason = "so that it has an address")] u64);
    let payload: Box<dyn Any + Send> = Box::new(Payload(1));
    let address = (&raw const *payload).addr();
    let outer: Greenlet<(), ()> = Greenlet::new(|()| {
        let inner: Greenlet<(), ()> = Greenlet::new(|()| resume_unwind(payload));
        inner.switch(());
    });
    let arrived = caught(|| outer.switch(()));
    assert!(arrived.is::<Payload>());
    assert_eq!((&raw const *arrived).addr(), address);
}

#[test]
fn a_parent_that_catches_a_panic_keeps_it_from_main() {
    let log = Log::new();
    let outer: Greenlet<(), u8> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let inner: Greenlet<(), ()> = Greenlet::new(|()| panic_any(7u8));
            let payload = caught(|| inner.switch(()));
            assert!(inner.is_dead());
            log.say("outer caught it");
            *payload.downcast().expect("a u8")
        }
    });
    assert_eq!(outer.switch(()), 7);
    log.check(["outer caught it"]);
}

#[test]
fn a_panic_nobody_catches_unwinds_each_ancestor_in_turn() {
    let log = Log::new();
    fn nested(log: Log, depth: u8) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let _cleanup = log.at_drop(NAMES[usize::from(depth)]);
        if depth == 3 {
            panic_any("deepest");
        }
        Greenlet::<(), ()>::new(move |()| nested(log, depth + 1)).switch(());
    }
    let top = {
        let log = log.clone();
        Greenlet::<(), ()>::new(move |()| nested(log, 0))
    };
    assert_eq!(panic_text(|| top.switch(())), "deepest");
    log.check(["d", "c", "b", "a"]);
    assert!(!std::thread::panicking());
}

#[test]
fn results_go_up_level_by_level() {
    let log = Log::new();
    let a: Greenlet<(), String> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let b: Greenlet<(), String> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    let c: Greenlet<(), &str> = Greenlet::new({
                        let log = log.clone();
                        move |()| {
                            log.say("c runs");
                            "c"
                        }
                    });
                    let got = c.switch(());
                    log.say(format!("b got {got}"));
                    "b".into()
                }
            });
            let got = b.switch(());
            log.say(format!("a got {got}"));
            "a".into()
        }
    });
    assert_eq!(a.switch(()), "a");
    log.check(["c runs", "b got c", "a got b"]);
}

/// A greenlet whose parent, grandparent and so on, `dead` of them, have ended.
fn orphan<O: 'static>(dead: u8, body: impl FnOnce(()) -> O + 'static) -> Greenlet<(), O> {
    if dead == 0 {
        return Greenlet::new(body);
    }
    let elder = Greenlet::<(), Greenlet<(), O>>::new(move |()| orphan(dead - 1, body));
    let orphan = elder.switch(());
    assert!(elder.is_dead());
    orphan
}

#[test]
fn dead_ancestors_are_skipped_by_a_value_and_by_a_panic() {
    for dead in 0..5 {
        assert_eq!(orphan(dead, move |()| dead).switch(()), dead);
        let panics: Greenlet<(), ()> = orphan(dead, |()| panic!("orphan"));
        assert_eq!(panic_text(|| panics.switch(())), "orphan");
    }
}

#[test]
fn a_dead_parent_still_has_its_name_and_state() {
    let orphan: Greenlet<(), ()> = orphan(2, |()| ());
    let dead = orphan.parent().expect("not main");
    assert!(dead.is_dead() && dead.is_started());
    let dead = dead.parent().expect("not main");
    assert!(dead.is_dead());
    assert_eq!(dead.parent(), Some(current()));
}

#[test]
fn a_switch_to_a_dead_child_resumes_its_waiting_parent() {
    let p: Greenlet<&'static str, String> = Greenlet::new(|_| {
        let child: Greenlet<&'static str, &'static str> = Greenlet::new(|value| value);
        assert_eq!(child.switch("first"), "first");
        let greeting = parent::<Greenlet<&'static str, &'static str>, &str>().switch(child);
        format!("parent got {greeting}")
    });
    let p_gives_child = AnyGreenlet::from(&p).typed::<_, Greenlet<&'static str, &'static str>>();
    let child = p_gives_child.switch("start");
    assert!(child.is_dead() && p.is_active());
    let child_of_p = AnyGreenlet::from(&child).typed::<_, String>();
    assert_eq!(child_of_p.switch("hi"), "parent got hi");
    assert!(p.is_dead());
}

#[test]
fn a_value_reaches_a_parent_that_waits_for_somebody_else() {
    let log = Log::new();
    let outer: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let child: Greenlet<(), u32> = Greenlet::new(|()| 5);
            let go_between: Greenlet<(), u32> = {
                let child = child.clone();
                Greenlet::new(move |()| child.switch(()) + 100)
            };
            log.say(format!("got {}", go_between.switch(())));
            let go_between = AnyGreenlet::from(&go_between).typed::<u32, u32>();
            log.say(format!("then got {}", go_between.switch(1)));
        }
    });
    outer.switch(());
    log.check(["got 5", "then got 101"]);
}

#[test]
fn a_greenlet_that_ends_leaves_the_others_where_they_are() {
    let log = Log::new();
    let waiting: Vec<Greenlet<(), ()>> = (0..3)
        .map(|n| {
            let log = log.clone();
            started(move || {
                wait();
                log.say(n.to_string());
            })
        })
        .collect();
    waiting[1].switch(());
    assert!(waiting[1].is_dead());
    waiting[2].switch(());
    waiting[0].switch(());
    log.check(["1", "2", "0"]);
}

#[test]
fn a_hundred_thousand_successors_are_freed_without_overflow() {
    fn elder(_: ()) -> AnyGreenlet {
        AnyGreenlet::from(&Greenlet::new(elder))
    }
    let mut youngest = elder(());
    for _ in 0..100_000 / slowness() {
        youngest = youngest.typed::<(), AnyGreenlet>().switch(());
    }
    let mut ancestor = youngest.parent().expect("not main");
    assert!(ancestor.is_dead());
    while let Some(parent) = ancestor.parent() {
        ancestor = parent;
    }
    assert_eq!(ancestor, current());
    drop(youngest);
}

#[test]
fn five_thousand_generations_are_freed_without_overflow() {
    fn generations(left: usize) -> AnyGreenlet {
        if left == 0 {
            return current();
        }
        let child = Greenlet::new(move |()| generations(left - 1));
        child.switch(())
    }
    let youngest = generations(5_000);
    assert!(youngest.is_dead());
    let generations = std::iter::successors(youngest.parent(), AnyGreenlet::parent);
    assert_eq!(generations.count(), 5_000);
    drop(youngest);
}
