//! One channel of each kind: what its ends tell, what is left at its end, and what becomes of its items.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::channel::{
    self, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError,
};
use greenhub::{select, spawn};

use crate::support::{Census, InDrop, millis, panic_text};

#[test]
fn an_item_goes_through_and_nothing_is_left() {
    pause_clock();
    for capacity in [1, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        sender.try_send(7).unwrap();
        assert_eq!(receiver.try_recv(), Ok(7));
        sender.send(8).unwrap();
        assert_eq!(receiver.recv(), Ok(8));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(
            receiver.recv_timeout(millis(1000)),
            Err(RecvTimeoutError::Timeout)
        );
    }
    let (sender, receiver) = channel::bounded(0);
    assert_eq!(sender.try_send(7), Err(TrySendError::Full(7)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn the_capacity_is_what_was_asked_for() {
    for capacity in 0..10 {
        let (sender, receiver) = channel::bounded::<()>(capacity);
        assert_eq!(sender.capacity(), Some(capacity));
        assert_eq!(receiver.capacity(), Some(capacity));
    }
    let (sender, receiver) = channel::unbounded::<()>();
    assert_eq!((sender.capacity(), receiver.capacity()), (None, None));
}

#[track_caller]
fn check<T>(ends: &(Sender<T>, Receiver<T>), len: usize, is_full: bool) {
    let (sender, receiver) = ends;
    let told = (sender.len(), sender.is_empty(), sender.is_full());
    assert_eq!(told, (len, len == 0, is_full));
    let told = (receiver.len(), receiver.is_empty(), receiver.is_full());
    assert_eq!(told, (len, len == 0, is_full));
}

#[test]
fn both_ends_tell_how_much_is_in_a_channel() {
    let two = channel::bounded(2);
    check(&two, 0, false);
    two.0.send(()).unwrap();
    check(&two, 1, false);
    two.0.send(()).unwrap();
    check(&two, 2, true);
    two.1.recv().unwrap();
    check(&two, 1, false);

    let all = channel::unbounded();
    check(&all, 0, false);
    all.0.send(()).unwrap();
    check(&all, 1, false);
    all.1.recv().unwrap();
    check(&all, 0, false);

    let none = channel::bounded(0);
    check(&none, 0, true);
    let sending = spawn({
        let sender = none.0.clone();
        move || sender.send(())
    });
    assert_eq!(none.1.recv(), Ok(()));
    check(&none, 0, true);
    sending.join().unwrap().unwrap();
}

#[test]
fn the_length_is_exact_at_each_step() {
    for capacity in [1000, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        for _ in 0..20 {
            for n in 0..50 {
                sender.send(n).unwrap();
                assert_eq!(sender.len(), n + 1);
            }
            for n in 0..50 {
                receiver.recv().unwrap();
                assert_eq!(receiver.len(), 50 - n - 1);
            }
        }
    }
    for capacity in [0, 10] {
        let (sender, receiver) = channel::bounded(capacity);
        let sending = spawn({
            let sender = sender.clone();
            move || {
                for n in 0..1000 {
                    sender.send(n).unwrap();
                    assert!(sender.len() <= capacity);
                }
            }
        });
        for n in 0..1000 {
            assert_eq!(receiver.recv(), Ok(n));
            assert!(receiver.len() <= capacity);
        }
        sending.join().unwrap();
        assert_eq!((sender.len(), receiver.len()), (0, 0));
    }
}

#[test]
fn every_send_fails_once_the_receiver_is_gone() {
    for capacity in [0, 1, 100, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        (0..capacity.min(3)).for_each(|_| sender.send(1).unwrap());
        let other = sender.clone();
        drop(receiver);
        assert_eq!(sender.send(4), Err(SendError(4)));
        assert_eq!(other.send(4), Err(SendError(4)));
        drop(sender);
        assert_eq!(other.try_send(5), Err(TrySendError::Disconnected(5)));
        assert_eq!(
            other.send_timeout(6, millis(500)),
            Err(SendTimeoutError::Disconnected(6))
        );
    }
}

#[test]
fn what_was_sent_is_received_after_the_sender_is_gone() {
    for capacity in [0, 1, 100, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let count = capacity.min(3);
        (0..count).for_each(|n| sender.send(n).unwrap());
        drop(sender.clone());
        drop(sender);
        (0..count).for_each(|n| assert_eq!(receiver.recv(), Ok(n)));
        for _ in 0..2 {
            assert_eq!(receiver.recv(), Err(RecvError));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        }
    }
}

#[test]
fn each_item_is_dropped_once_whatever_becomes_of_it() {
    for capacity in [0, 1, 50, usize::MAX] {
        for run in 0..20 {
            let census = Census::new();
            let (sender, receiver) = channel::bounded(capacity);
            let taking = spawn({
                let receiver = receiver.clone();
                move || (0..run * 7).for_each(|_| drop(receiver.recv()))
            });
            (0..run * 7).for_each(|_| assert!(sender.send(census.one()).is_ok()));
            taking.join().unwrap();
            assert_eq!(census.dropped(), run * 7);
            for _ in 0..run.min(capacity) {
                assert!(sender.try_send(census.one()).is_ok());
            }
            assert_eq!(census.dropped(), run * 7);
            drop(sender);
            drop(receiver);
            census.check_all_dropped();
        }
    }
}

#[test]
fn what_is_not_received_goes_with_the_last_receiver() {
    for capacity in [1, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let item = Rc::new(());
        let weak = Rc::downgrade(&item);
        assert!(sender.send(item).is_ok());
        let clone = receiver.clone();
        drop(receiver);
        assert!(weak.upgrade().is_some());
        drop(clone);
        assert!(weak.upgrade().is_none());
    }
}

#[test]
fn a_destructor_that_panics_does_not_stop_other_drops() {
    for capacity in [2, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let dropped = Rc::new(Cell::new(0));
        for number in 1..=2 {
            let dropped = dropped.clone();
            let item = InDrop(move || {
                dropped.set(dropped.get() + 1);
                assert!(number > 1, "the first destructor");
            });
            assert!(sender.send(item).is_ok());
        }
        drop(sender);
        assert_eq!(panic_text(move || drop(receiver)), "the first destructor");
        assert_eq!(dropped.get(), 2);
    }
}

#[test]
fn an_item_may_be_received_while_an_item_is_made() {
    let (sender, _receiver) = channel::bounded(1);
    sender.send(()).unwrap();
    let make = || -> () { unreachable!("no arm is chosen that sends") };
    select! {
        send(sender, make()) -> _ => unreachable!(),
        default => {}
    }
    for capacity in [2, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        sender.send(1).unwrap();
        select! { send(sender, receiver.recv().unwrap() + 1) -> sent => sent.unwrap() }
        assert_eq!((receiver.recv(), receiver.len()), (Ok(2), 0));
    }
}

#[test]
fn an_item_for_a_receiver_may_wait_for_another_sender() {
    use greenhub::sleep;
    pause_clock();
    let (sender, receiver) = channel::bounded(0);
    let first = spawn({
        let receiver = receiver.clone();
        move || {
            sleep(millis(100));
            receiver.recv()
        }
    });
    let second = spawn({
        let sender = sender.clone();
        move || {
            sleep(millis(500));
            sender.send(1).unwrap();
        }
    });
    // The first receiver is matched with this select, and waits for its item, which comes from the second sender.
    select! { send(sender, receiver.recv().unwrap() + 1) -> sent => sent.unwrap() }
    assert_eq!(first.join().unwrap(), Ok(2));
    second.join().unwrap();
}

#[test]
fn handles_tell_whether_they_are_of_one_channel() {
    for capacity in [0, 1, usize::MAX] {
        let (sender, receiver) = channel::bounded::<usize>(capacity);
        let (other_sender, other_receiver) = channel::bounded(capacity);
        assert!(sender.same_channel(&sender.clone()));
        assert!(receiver.same_channel(&receiver.clone()));
        assert!(!sender.same_channel(&other_sender));
        assert!(!receiver.clone().same_channel(&other_receiver));
    }
    let (sender, receiver) = channel::bounded::<usize>(0);
    let (other_sender, other_receiver) = channel::unbounded();
    assert!(!sender.same_channel(&other_sender));
    assert!(!receiver.same_channel(&other_receiver));
    let makers: [fn() -> Receiver<std::time::Instant>; 3] = [
        || channel::after(millis(50)),
        || channel::tick(millis(50)),
        || channel::never(),
    ];
    for make in makers {
        let receiver = make();
        assert!(receiver.same_channel(&receiver.clone()));
        assert!(!receiver.same_channel(&make()));
    }
}

#[test]
fn items_have_any_size_and_any_type() {
    struct Nothing;
    let (sender, receiver) = channel::bounded(1);
    sender.send(Nothing).unwrap_or_else(|_| unreachable!());
    assert!(receiver.recv().is_ok());
    let (sender, receiver) = channel::unbounded();
    for _ in 0..3 {
        sender.send([7_u8; 4096]).unwrap();
    }
    assert!(receiver.try_iter().all(|item| item[4095] == 7));
    drop(receiver);
    assert!(sender.send([0; 4096]).is_err());
}
