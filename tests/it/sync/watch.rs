//! Watched values: which versions a receiver sees, and how both ends close.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::watch::{self, Receiver, RecvError, RecvTimeoutError, SendError, Sender};
use greenhub::{sleep, spawn, wait_any, yield_now};

use crate::support::{Census, Log, millis, panic_text};

#[test]
fn a_receiver_sees_the_newest_value_only() {
    let (sender, receiver) = watch::channel(0);
    assert_eq!(receiver.has_changed(), Ok(false));
    for value in 1..=3 {
        sender.send(value).unwrap();
    }
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(receiver.changed(), Ok(()));
    assert_eq!(*receiver.borrow(), 3);
    assert_eq!(receiver.has_changed(), Ok(false));
}

#[test]
fn a_borrow_leaves_the_change_unseen() {
    let (sender, receiver) = watch::channel('a');
    sender.send('b').unwrap();
    assert!(receiver.borrow().has_changed());
    assert_eq!(receiver.has_changed(), Ok(true));
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
    assert_eq!(receiver.has_changed(), Ok(false));
    receiver.mark_changed();
    assert_eq!(receiver.changed(), Ok(()));
    receiver.mark_changed();
    receiver.mark_unchanged();
    assert_eq!(receiver.has_changed(), Ok(false));
    assert_eq!((receiver.get(), sender.get()), ('b', 'b'));
    assert!(!sender.borrow().has_changed());
}

#[test]
fn all_receivers_are_told_in_the_order_of_their_waits() {
    let (sender, receiver) = watch::channel(0);
    let log = Log::new();
    let _tasks = ["a", "b", "c"].map(|name| {
        let (receiver, log) = (receiver.clone(), log.clone());
        let task = spawn(move || {
            while receiver.changed().is_ok() {
                log.say(format!("{name}{}", receiver.get()));
            }
            log.say(format!("{name} ends"));
        });
        yield_now();
        task
    });
    sender.send(1).unwrap();
    yield_now();
    log.check(["a1", "b1", "c1"]);
    sender.send(2).unwrap();
    drop(sender);
    yield_now();
    log.check(["a2", "a ends", "b2", "b ends", "c2", "c ends"]);
}

#[test]
fn a_clone_has_seen_what_its_original_has_seen() {
    let (sender, old) = watch::channel(0);
    sender.send(1).unwrap();
    let (clone, subscribed) = (old.clone(), sender.subscribe());
    assert_eq!(clone.has_changed(), Ok(true));
    assert_eq!(subscribed.has_changed(), Ok(false));
    assert_eq!(clone.changed(), Ok(()));
    assert_eq!(old.has_changed(), Ok(true));
    assert!(old.same_channel(&clone) && !old.same_channel(&watch::channel(0).1));
    assert!(sender.same_channel(&sender.clone()));
}

#[test]
fn without_a_receiver_a_send_gives_its_value_back() {
    let (sender, receiver) = watch::channel(0);
    assert_eq!((sender.receiver_count(), sender.sender_count()), (1, 1));
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(SendError(1)));
    assert_eq!(*sender.borrow(), 0);
    assert_eq!(sender.send_replace(2), 0);
    sender.send_modify(|value| *value += 1);
    assert_eq!(*sender.subscribe().borrow(), 3);
    assert_eq!(*Sender::<u8>::default().borrow(), 0);
}

#[test]
fn the_last_change_is_seen_after_the_last_sender_has_gone() {
    let (sender, receiver) = watch::channel(0);
    let other = sender.clone();
    drop(sender);
    other.send(1).unwrap();
    drop(other);
    assert_eq!(receiver.has_changed(), Err(RecvError));
    assert_eq!(receiver.changed(), Ok(()));
    assert_eq!(receiver.changed(), Err(RecvError));
    let late = receiver.changed_timeout(millis(1));
    assert_eq!(late, Err(RecvTimeoutError::Disconnected));
    assert_eq!(*receiver.borrow(), 1);
}

#[test]
fn a_change_that_is_none_tells_nobody() {
    pause_clock();
    let (sender, receiver) = watch::channel(vec![1]);
    assert!(!sender.send_if_modified(|_| false));
    assert_eq!(receiver.has_changed(), Ok(false));
    assert!(sender.send_if_modified(|value| {
        value.push(2);
        true
    }));
    assert_eq!(receiver.changed(), Ok(()));
    let late = receiver.changed_timeout(millis(1));
    assert_eq!(late, Err(RecvTimeoutError::Timeout));
    assert!(late.unwrap_err().is_timeout() && !late.unwrap_err().is_disconnected());
}

#[test]
fn a_closure_that_panics_tells_nobody_and_breaks_nothing() {
    let (sender, receiver) = watch::channel(1);
    let panics = AssertUnwindSafe(|| {
        sender.send_modify(|value| {
            *value = 2;
            panic!("in the closure")
        });
    });
    assert!(catch_unwind(panics).is_err());
    assert_eq!(receiver.has_changed(), Ok(false));
    assert_eq!(*receiver.borrow(), 2);
    sender.send(3).unwrap();
    assert!(receiver.changed().is_ok());
    receiver.mark_changed();
    let panics = AssertUnwindSafe(|| drop(receiver.wait_for(|_| panic!("in the closure"))));
    assert!(catch_unwind(panics).is_err());
    sender.send(4).unwrap();
    assert_eq!(receiver.get(), 4);
}

#[test]
fn wait_for_looks_at_once_and_after_each_change() {
    let (sender, receiver) = watch::channel(1);
    assert_eq!(*receiver.wait_for(|value| *value == 1).unwrap(), 1);
    let looked = Rc::new(RefCell::new(Vec::new()));
    let waiter = spawn({
        let (receiver, looked) = (receiver.clone(), looked.clone());
        move || {
            let found = receiver.wait_for(|value| {
                looked.borrow_mut().push(*value);
                *value > 2
            });
            found.map(|value| *value)
        }
    });
    for value in [2, 3, 4] {
        yield_now();
        sender.send(value).unwrap();
    }
    assert_eq!(waiter.join().unwrap(), Ok(3));
    assert_eq!(*looked.borrow(), [1, 2, 3]);
}

#[test]
fn wait_for_looks_at_the_last_value_before_it_gives_up() {
    let (sender, receiver) = watch::channel(1);
    let tasks = [2, 3].map(|wanted| {
        let receiver = receiver.clone();
        spawn(move || {
            receiver
                .wait_for(|value| *value == wanted)
                .map(|value| *value)
        })
    });
    yield_now();
    sender.send(2).unwrap();
    drop(sender);
    let [found, missed] = tasks.map(|task| task.join().unwrap());
    assert_eq!((found, missed), (Ok(2), Err(RecvError)));
    assert!(receiver.wait_for(|value| *value == 2).is_ok());
}

#[test]
fn closed_waits_for_the_last_receiver() {
    let (sender, receiver) = watch::channel(());
    let (sender, log) = (Rc::new(sender), Log::new());
    let _task = spawn({
        let (sender, log) = (sender.clone(), log.clone());
        move || {
            sender.closed();
            log.say("closed");
        }
    });
    let other = receiver.clone();
    yield_now();
    drop(receiver);
    yield_now();
    log.check([]);
    drop(other);
    let again = sender.subscribe(); // before the task has run
    yield_now();
    log.check([]);
    drop(again);
    yield_now();
    log.check(["closed"]);
    sender.closed();
}

#[test]
fn a_change_while_the_value_is_borrowed_panics() {
    let (sender, receiver) = watch::channel(0);
    let borrowed = receiver.borrow();
    let text = panic_text(|| sender.send(1));
    assert!(text.contains("a `Ref` must not be kept"), "{text}");
    assert_eq!(*borrowed, 0);
    drop(borrowed);
    let inside = panic_text(|| sender.send_modify(|_| drop(receiver.borrow())));
    assert!(inside.contains("inside of a closure"), "{inside}");
    assert_eq!(receiver.has_changed(), Ok(false));
    sender.send(1).unwrap();
}

#[test]
fn an_old_value_may_use_the_channel_in_its_destructor() {
    struct Looks(Option<Receiver<Option<Looks>>>, Log);
    impl Drop for Looks {
        fn drop(&mut self) {
            let newest = self.0.as_ref().map(|receiver| receiver.borrow().is_some());
            self.1.say(format!("{newest:?}"));
        }
    }
    let log = Log::new();
    let (sender, receiver) = watch::channel(None);
    let old = Looks(Some(receiver.clone()), log.clone());
    sender.send(Some(old)).unwrap();
    sender.send(None).unwrap();
    log.check(["Some(false)"]);
}

#[test]
fn it_can_be_waited_for_beside_others() {
    pause_clock();
    let (sender, receiver) = watch::channel(0);
    let task = spawn(move || {
        sleep(millis(5));
        sender.send(1).unwrap();
        sleep(millis(5));
    });
    assert_eq!(wait_any(&[&task, &receiver]), 1);
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(wait_any(&[&task, &receiver]), 1);
    receiver.mark_unchanged();
    assert_eq!(wait_any(&[&task, &receiver]), 0);
    assert_eq!(wait_any(&[&receiver]), 0, "its sender has gone");
}

#[test]
fn every_value_is_dropped_once() {
    let census = Census::new();
    let (sender, receiver) = watch::channel(census.one());
    for _ in 0..3 {
        sender.send(census.one()).unwrap();
    }
    assert_eq!(census.dropped(), 3);
    drop(sender);
    assert_eq!(census.dropped(), 3);
    drop(receiver);
    census.check_all_dropped();
}

#[test]
fn handles_and_errors_show_themselves() {
    let (sender, receiver) = watch::channel(7);
    assert_eq!(format!("{sender:?}"), "Sender { receiver_count: 1, .. }");
    assert_eq!(
        format!("{receiver:?}"),
        "Receiver { has_changed: false, .. }"
    );
    assert_eq!(format!("{0:?} {0}", receiver.borrow()), "7 7");
    drop(sender);
    let errors = (
        receiver.changed().unwrap_err().to_string(),
        RecvTimeoutError::from(RecvError).to_string(),
        RecvTimeoutError::Timeout.to_string(),
    );
    assert_eq!(
        errors.0,
        "there is nothing to receive, and no sender is left"
    );
    assert_eq!(errors.1, errors.0);
    assert_eq!(errors.2, "nothing was received in time");
    let (sender, receiver) = watch::channel(());
    let text = panic_text(|| receiver.changed());
    assert!(
        text.contains("a change of a watched value at tests/it/sync/watch.rs"),
        "{text}"
    );
    let text = panic_text(|| sender.closed());
    assert!(
        text.contains("the last receiver of a watched value to go at"),
        "{text}"
    );
}
