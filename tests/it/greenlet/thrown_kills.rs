//! Kills that somebody has caught and throws at others: to whoever waits for those they are kills.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use greenhub::{Greenlet, GreenletExit, SwitchError, current, parent};

use crate::support::{Log, caught, panic_text, started, wait};

/// A kill that somebody has caught and kept.
fn kept_kill() -> Box<dyn Any + Send> {
    let kept = Rc::new(Cell::new(None));
    let catcher: Greenlet<(), ()> = Greenlet::new({
        let kept = kept.clone();
        move |()| kept.set(Some(caught(|| current().kill())))
    });
    catcher.switch(());
    kept.take().expect("it has caught its kill")
}

#[test]
fn a_kill_that_is_thrown_is_a_kill_to_whoever_waits_for_it() {
    // Into one that waits, one that never ran, and one that has ended: its parent is here.
    let waiting = started(wait);
    let error = waiting.try_throw(kept_kill()).unwrap_err();
    assert!(matches!(error, SwitchError::Killed), "{error:?}");
    assert!(waiting.is_dead());
    let text = panic_text(|| waiting.throw(kept_kill()));
    assert!(text.ends_with("failed: it was killed"), "{text}");
    let unstarted: Greenlet<(), ()> = Greenlet::new(|()| unreachable!("it never runs"));
    let error = unstarted.try_throw(kept_kill()).unwrap_err();
    assert!(matches!(error, SwitchError::Killed), "{error:?}");
    assert!(unstarted.is_dead());
    // And in a parent elsewhere.
    let log = Log::new();
    let elder: Greenlet<(), Greenlet<(), ()>> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let child: Greenlet<(), ()> = Greenlet::new(|()| ());
            let answer = parent::<_, ()>().try_switch(child.clone());
            log.say(format!("{:?}", answer.unwrap_err()));
            child
        }
    });
    let child = elder.switch(());
    let child = child.typed::<(), Greenlet<(), ()>>();
    drop(child.throw(kept_kill()));
    log.check(["SwitchError::Killed(it was killed)"]);
}

#[test]
fn a_kill_that_is_thrown_can_be_caught_once_and_for_all() {
    let greenlet: Greenlet<(), u8> = Greenlet::new(|()| {
        let kill = caught(|| parent::<u8, ()>().switch(1));
        assert!(GreenletExit::is_in(&*kill));
        parent::<u8, ()>().switch(2); // nobody unwinds it
        3
    });
    assert_eq!(greenlet.switch(()), 1);
    assert_eq!(greenlet.throw(kept_kill()), 2);
    assert_eq!(greenlet.switch(()), 3);
}
