//! Giving a greenlet another parent: what is refused, and where values, panics and kills go then.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::error::ParentError;
use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, parent};

use crate::support::{Census, Log, caught, panic_text, started, wait};

fn unstarted() -> Greenlet<(), ()> {
    Greenlet::new(|()| ())
}

#[test]
fn the_new_parent_is_the_one_that_is_asked_for() {
    let (parent, child) = (unstarted(), unstarted());
    assert_eq!(child.parent(), Some(current()));
    // By each kind of handle.
    child.set_parent(&parent).unwrap();
    assert_eq!(child.parent(), Some((&parent).into()));
    child.set_parent(current()).unwrap();
    assert_eq!(child.parent(), Some(current()));
    let any = AnyGreenlet::from(&parent);
    AnyGreenlet::from(&child).set_parent(&any).unwrap();
    assert_eq!(child.parent(), Some(any));
}

#[test]
fn nobody_becomes_an_ancestor_of_itself() {
    let (a, b, c) = (unstarted(), unstarted(), unstarted());
    assert_eq!(a.set_parent(&a), Err(ParentError::Cycle));
    b.set_parent(&a).unwrap();
    c.set_parent(&b).unwrap();
    for descendant in [&b, &c] {
        assert_eq!(a.set_parent(descendant), Err(ParentError::Cycle));
        assert_eq!(a.parent(), Some(current()), "unchanged");
    }
    assert_eq!(b.set_parent(&c), Err(ParentError::Cycle));
    assert_eq!(b.parent(), Some((&a).into()));
    assert_eq!(
        ParentError::Cycle.to_string(),
        "a greenlet cannot be an ancestor of itself"
    );
    // What is no cycle any more is allowed.
    b.set_parent(current()).unwrap();
    a.set_parent(&c).unwrap();
}

#[test]
fn main_gets_no_parent() {
    let greenlet = unstarted();
    let main = current();
    assert_eq!(main.set_parent(&greenlet), Err(ParentError::Main));
    assert_eq!(main.set_parent(&main), Err(ParentError::Main));
    assert!(main.parent().is_none());
    assert_eq!(
        ParentError::Main.to_string(),
        "a main greenlet has no parent"
    );
    let inside: Greenlet<(), Result<(), ParentError>> =
        Greenlet::new(|()| current().parent().unwrap().set_parent(current()));
    assert_eq!(inside.switch(()), Err(ParentError::Main));
}

#[test]
fn the_link_does_not_keep_the_parent() {
    let log = Log::new();
    let parent = started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("parent unwinds");
            wait();
        }
    });
    let child: Greenlet<(), u8> = Greenlet::new(|()| 7);
    child.set_parent(&parent).unwrap();
    drop(parent);
    log.check(["parent unwinds"]);
    assert!(child.parent().unwrap().is_dead());
    assert_eq!(
        child.switch(()),
        7,
        "it goes to the next one up, which is here"
    );
}

#[test]
fn a_value_starts_a_parent_that_was_not_started() {
    let log = Log::new();
    let collector: Greenlet<u32, String> = Greenlet::new({
        let log = log.clone();
        move |n| {
            log.say(format!("collector starts with {n}"));
            format!("got {n}")
        }
    });
    let worker: Greenlet<(), u32> = Greenlet::new(|()| 7);
    worker.set_parent(&collector).unwrap();
    let answer = worker.typed::<(), String>().switch(());
    assert_eq!(answer, "got 7");
    log.check(["collector starts with 7"]);
    assert!(worker.is_dead() && collector.is_dead());
}

#[test]
fn a_value_starts_a_parent_whose_handle_goes_with_the_child() {
    let log = Log::new();
    let worker: Greenlet<(), u32> = Greenlet::declare();
    let collector: Greenlet<u32, &str> = Greenlet::new({
        let log = log.clone();
        move |n| {
            log.say(format!("collector starts with {n}"));
            "collector ends"
        }
    });
    worker.set_parent(&collector).unwrap();
    worker.define(move |()| {
        // The last handle goes with this frame: before the value is handed over, so that nobody runs it.
        drop(collector);
        7
    });
    assert_eq!(worker.switch(()), 7);
    log.check([]);
}

#[test]
fn values_go_up_a_line_of_parents_that_were_not_started() {
    let mut line: Vec<Greenlet<u32, u32>> = Vec::new();
    for _ in 0..10 {
        let next = Greenlet::new(|n| n + 1);
        if let Some(last) = line.last() {
            last.set_parent(&next).unwrap();
        }
        line.push(next);
    }
    assert_eq!(line[0].switch(0), 10);
    assert!(line.iter().all(|greenlet| greenlet.is_dead()));
}

#[test]
fn a_wrong_value_type_passes_an_unstarted_parent() {
    let collector: Greenlet<String, usize> = Greenlet::new(|text: String| text.len());
    let worker: Greenlet<(), u32> = Greenlet::new(|()| 7);
    worker.set_parent(&collector).unwrap();
    match worker.try_switch(()) {
        Err(SwitchError::WrongAnswer {
            from,
            type_name,
            value,
        }) => {
            assert!(from.contains("tests/it/greenlet/reparenting.rs:"), "{from}");
            assert_eq!((type_name, *value.downcast().unwrap()), ("u32", 7_u32));
        }
        other => panic!("{other:?}"),
    }
    assert!(worker.is_dead() && !collector.is_started() && !collector.is_dead());
    assert_eq!(collector.switch("four".into()), 4);
}

#[test]
fn a_value_for_a_parent_without_a_body_is_told_one_further_up() {
    let declared: Greenlet<u32, u32> = Greenlet::declare();
    let worker: Greenlet<(), u32> = Greenlet::new(|()| 7);
    worker.set_parent(&declared).unwrap();
    let error = worker.try_switch(()).unwrap_err();
    assert!(
        matches!(error, SwitchError::WrongAnswer { .. }),
        "{error:?}"
    );
    declared.define(|n| n + 1);
    assert_eq!(declared.switch(1), 2);
}

#[test]
fn a_panic_ends_parents_that_never_ran_and_goes_on_up() {
    let (log, census) = (Log::new(), Census::new());
    let bodies = ["nearest", "further"].map(|word| {
        let captured = (log.at_drop(word), census.one());
        Greenlet::<(), ()>::new(move |()| {
            let _captured = captured;
            unreachable!("it never runs");
        })
    });
    let declared: Greenlet<(), ()> = Greenlet::declare();
    bodies[0].set_parent(&bodies[1]).unwrap();
    bodies[1].set_parent(&declared).unwrap();
    let panics: Greenlet<(), ()> = Greenlet::new(|()| panic!("up"));
    panics.set_parent(&bodies[0]).unwrap();
    assert_eq!(panic_text(|| panics.switch(())), "up");
    log.check(["nearest", "further"]);
    census.check_all_dropped();
    assert!(
        bodies
            .iter()
            .all(|body| body.is_dead() && !body.is_started())
    );
    assert!(declared.is_dead());
}

#[test]
fn a_kill_of_oneself_ends_unstarted_parents() {
    let never: Greenlet<(), ()> = Greenlet::new(|()| unreachable!("it never runs"));
    let suicide: Greenlet<(), ()> = Greenlet::new(|()| current().kill());
    suicide.set_parent(&never).unwrap();
    let error = suicide.try_switch(()).unwrap_err();
    assert!(matches!(error, SwitchError::Killed), "{error:?}");
    assert!(never.is_dead() && !never.is_started());
}

#[test]
fn a_kill_from_outside_is_nothing_to_the_parent() {
    let never = unstarted();
    let victim = started(wait);
    victim.set_parent(&never).unwrap();
    victim.kill();
    assert!(victim.is_dead() && !never.is_dead() && !never.is_started());
    never.switch(());
}

#[test]
fn a_running_one_that_gets_another_parent_ends_there() {
    let log = Log::new();
    let catcher: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let got: &str = parent::<(), &str>().switch(());
            log.say(format!("catcher got {got}"));
        }
    });
    catcher.switch(());
    let child: Greenlet<(), &str> = Greenlet::new({
        let catcher = catcher.clone();
        move |()| {
            current().set_parent(&catcher).unwrap();
            assert_eq!(current().parent(), Some((&catcher).into()));
            "from child"
        }
    });
    child.typed::<(), ()>().switch(());
    log.check(["catcher got from child"]);
    assert!(child.is_dead() && catcher.is_dead());
}

#[test]
fn a_suspended_one_that_gets_another_parent_panics_there() {
    let log = Log::new();
    let catcher: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| log.say(panic_text(wait))
    });
    catcher.switch(());
    let child = started(|| {
        wait();
        panic!("child");
    });
    child.set_parent(&catcher).unwrap();
    child.switch(());
    log.check(["child"]);
    assert!(catcher.is_dead());
}

#[test]
fn dead_parents_are_skipped_up_to_main() {
    // greenlet's test_switch_to_dead_greenlet_reparent.
    let (first, second) = (started(|| ()), Greenlet::<u8, u8>::new(|n| n + 1));
    assert!(first.is_dead());
    assert_eq!(first.parent(), Some(current()));
    first.set_parent(&second).unwrap();
    // A switch to the dead one is one to its nearest live ancestor, which starts with it.
    assert_eq!(first.typed::<u8, u8>().switch(1), 2);
    assert!(second.is_dead());
    // And now it comes straight back.
    assert_eq!(first.typed::<u8, u8>().switch(5), 5);
    // A child of a dead one of a dead one.
    let child: Greenlet<(), u8> = Greenlet::new(|()| 9);
    child.set_parent(&first).unwrap();
    assert_eq!(child.switch(()), 9);
}

#[test]
fn an_unstarted_parent_of_another_type_refuses_a_switch() {
    // greenlet's test_switch_to_dead_greenlet_with_unstarted_perverse_parent.
    let perverse: Greenlet<String, ()> = Greenlet::new(drop);
    let dead = started(|| ());
    dead.set_parent(&perverse).unwrap();
    let text = panic_text(|| dead.switch(()));
    assert!(text.ends_with("failed: it has ended"), "{text}");
    assert!(!perverse.is_started() && !perverse.is_dead());
    drop(caught(|| dead.throw(Box::new("through"))));
    assert!(perverse.is_dead() && !perverse.is_started());
}

#[test]
fn a_parent_that_dies_while_the_child_ends_is_passed_over() {
    let log = Log::new();
    let slot: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
    /// Ends the parent-to-be in a destructor of the child's body.
    struct EndsParent(Rc<RefCell<Option<Greenlet<(), ()>>>>);
    impl Drop for EndsParent {
        fn drop(&mut self) {
            drop(self.0.take());
        }
    }
    slot.replace(Some(started({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("parent unwinds");
            wait();
        }
    })));
    let ends = EndsParent(slot.clone());
    let child: Greenlet<(), ()> = Greenlet::new(move |()| {
        let _ends = ends;
        panic!("child");
    });
    child.set_parent(slot.borrow().as_ref().unwrap()).unwrap();
    assert_eq!(panic_text(|| child.switch(())), "child");
    log.check(["parent unwinds"]);
}

#[test]
fn a_destructor_of_an_unstarted_parent_may_choose_another_one() {
    let log = Log::new();
    let catcher = Greenlet::<(), ()>::new({
        let log = log.clone();
        move |()| log.say(panic_text(wait))
    });
    catcher.switch(());
    struct Adopts(AnyGreenlet, Greenlet<(), ()>);
    impl Drop for Adopts {
        fn drop(&mut self) {
            self.0.set_parent(&self.1).unwrap();
        }
    }
    let child: Greenlet<(), ()> = Greenlet::new(|()| panic!("child"));
    let adopts = Adopts((&child).into(), catcher.clone());
    let parent: Greenlet<(), ()> = Greenlet::new(move |()| drop(adopts));
    child.set_parent(&parent).unwrap();
    drop(parent.clone());
    child.switch(());
    log.check(["child"]);
    assert!(parent.is_dead() && catcher.is_dead());
}

#[test]
fn an_unstarted_parent_loses_its_last_handle_in_a_panic() {
    let census = Census::new();
    let slot: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
    struct TakesHandle(
        Rc<RefCell<Option<Greenlet<(), ()>>>>,
        #[expect(dead_code, reason = "counted")] crate::support::Counted,
    );
    impl Drop for TakesHandle {
        fn drop(&mut self) {
            let own = self.0.take().expect("its own handle");
            assert!(own.is_dead());
        }
    }
    let takes = TakesHandle(slot.clone(), census.one());
    slot.replace(Some(Greenlet::new(move |()| drop(takes))));
    let child: Greenlet<(), ()> = Greenlet::new(|()| panic!("child"));
    child.set_parent(slot.borrow().as_ref().unwrap()).unwrap();
    assert_eq!(panic_text(|| child.switch(())), "child");
    census.check_all_dropped();
    assert_eq!(child.parent(), Some(current()));
}

#[cfg(feature = "hub")]
#[test]
fn a_greenlet_whose_parent_is_the_hub_ends_there_without_a_word() {
    let log = Log::new();
    let census = Census::new();
    let value = census.one();
    let task = greenhub::spawn({
        let log = log.clone();
        move || {
            let hub = current().parent().expect("its hub");
            let returns = Greenlet::<(), _>::new(move |()| value);
            let panics: Greenlet<(), ()> = Greenlet::new(|()| panic!("nobody hears it"));
            let kills: Greenlet<(), ()> = Greenlet::new(|()| current().kill());
            returns.set_parent(&hub).unwrap();
            panics.set_parent(&hub).unwrap();
            kills.set_parent(&hub).unwrap();
            // None answers; each lets the hub go on.
            let switchers = [
                (&returns).into(),
                (&panics).into(),
                AnyGreenlet::from(&kills),
            ]
            .map(|greenlet| {
                greenhub::spawn(move || {
                    greenlet.typed::<(), ()>().switch(());
                    unreachable!("nobody answers");
                })
            });
            greenhub::yield_now();
            greenhub::yield_now();
            assert!(returns.is_dead() && panics.is_dead() && kills.is_dead());
            assert!(switchers.iter().all(|switcher| !switcher.is_finished()));
            log.say("done");
        }
    });
    task.join().unwrap();
    log.check(["done"]);
    census.check_all_dropped();
}
