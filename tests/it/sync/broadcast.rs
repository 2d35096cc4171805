//! Broadcast channels: each receiver receives each item, or is told how many it has missed.

use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::broadcast::{
    self, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError,
};
use greenhub::{joinall, sleep, spawn, wait_any, yield_now};

use crate::support::{Census, Counted, Log, caught, millis, panic_text};

#[test]
fn each_receiver_receives_each_item_in_order() {
    let (sender, receiver) = broadcast::channel(4);
    let log = Log::new();
    let others = ["a", "b"].map(|name| {
        let (receiver, log) = (sender.subscribe(), log.clone());
        let task = spawn(move || {
            while let Ok(item) = receiver.recv() {
                log.say(format!("{name}{item}"));
            }
        });
        yield_now();
        task
    });
    assert_eq!(sender.send(1), Ok(3));
    assert_eq!(sender.send(2), Ok(3));
    assert_eq!((sender.len(), receiver.len()), (2, 2));
    yield_now();
    log.check(["a1", "a2", "b1", "b2"]);
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert!(sender.is_empty() && receiver.is_empty());
    drop(sender);
    joinall(&others);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_slow_receiver_is_told_once_how_many_it_has_missed() {
    let (sender, slow) = broadcast::channel(2);
    let fast = sender.subscribe();
    for item in 1..=5 {
        sender.send(item).unwrap();
        assert_eq!(fast.recv(), Ok(item));
    }
    assert_eq!((slow.len(), sender.len()), (5, 2));
    assert_eq!(slow.recv(), Err(RecvError::Lagged(3)));
    assert_eq!(slow.len(), 2);
    assert_eq!((slow.recv(), slow.recv()), (Ok(4), Ok(5)));
    for item in 6..=9 {
        sender.send(item).unwrap();
    }
    assert_eq!(fast.try_recv(), Err(TryRecvError::Lagged(2)));
    let limit = millis(1);
    assert_eq!(slow.recv_timeout(limit), Err(RecvTimeoutError::Lagged(2)));
    assert_eq!(slow.recv_timeout(limit), Ok(8));
}

#[test]
fn an_item_is_dropped_with_the_last_receiver_that_needs_its_value() {
    #[derive(Clone)]
    struct Item(#[expect(dead_code, reason = "counted when it is dropped")] Rc<Counted>);
    let census = Census::new();
    let item = || Item(Rc::new(census.one()));
    let (sender, receiver) = broadcast::channel(3);
    let (other, third) = (sender.subscribe(), sender.subscribe());
    for _ in 0..3 {
        sender.send(item()).unwrap_or_default();
    }
    drop((receiver.recv(), other.recv()));
    assert_eq!(census.dropped(), 0);
    drop(third);
    assert_eq!((census.dropped(), sender.len()), (1, 2));
    drop(receiver);
    assert_eq!((census.dropped(), sender.len()), (1, 2));
    drop(other.recv());
    assert_eq!((census.dropped(), sender.len()), (2, 1));
    for _ in 0..3 {
        sender.send(item()).unwrap_or_default();
    }
    assert_eq!((census.dropped(), sender.len()), (3, 3));
    drop(other); // which lags behind
    assert_eq!(sender.len(), 0);
    census.check_all_dropped();
}

#[test]
fn the_last_receiver_gets_the_item_itself() {
    struct Cloned(u8);
    impl Clone for Cloned {
        fn clone(&self) -> Cloned {
            Cloned(self.0 + 1)
        }
    }
    let (sender, receiver) = broadcast::channel(1);
    let other = sender.subscribe();
    drop(sender.send(Cloned(0)));
    assert_eq!(receiver.recv().map(|item| item.0), Ok(1));
    assert_eq!(other.recv().map(|item| item.0), Ok(0));
}

#[test]
fn without_a_receiver_a_send_gives_its_item_back() {
    let (sender, receiver) = broadcast::channel(1);
    drop(receiver);
    assert_eq!(sender.send(1), Err(SendError(1)));
    let later = sender.subscribe();
    assert_eq!(sender.send(2), Ok(1));
    let again = later.resubscribe();
    assert_eq!(later.recv(), Ok(2));
    assert_eq!(
        again.try_recv(),
        Err(TryRecvError::Empty),
        "it was sent before"
    );
    assert!(later.same_channel(&again) && sender.same_channel(&sender.clone()));
    assert_eq!(sender.receiver_count(), 2);
    assert!(!later.is_closed());
    drop(sender);
    assert!(later.is_closed());
}

#[test]
fn what_is_left_is_received_after_the_last_sender_has_gone() {
    pause_clock();
    let (sender, receiver) = broadcast::channel(2);
    let late = receiver.recv_timeout(millis(1));
    assert_eq!(late, Err(RecvTimeoutError::Timeout));
    let other = sender.clone();
    drop(sender);
    other.send(1).unwrap();
    drop(other);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
    let late = receiver.recv_timeout(millis(1));
    assert_eq!(late, Err(RecvTimeoutError::Closed));
}

#[test]
fn a_clone_that_uses_the_channel_or_panics_harms_nothing() {
    struct Item(Sender<Item>, bool);
    impl Clone for Item {
        fn clone(&self) -> Item {
            assert!(!self.1, "cannot be cloned");
            assert_eq!(self.0.len(), 2);
            drop(self.0.send(Item(self.0.clone(), true)));
            Item(self.0.clone(), false)
        }
    }
    let (sender, receiver) = broadcast::channel(3);
    let other = sender.subscribe();
    drop(sender.send(Item(sender.clone(), false)));
    drop(sender.send(Item(sender.clone(), true)));
    drop(receiver.recv()); // sends one more
    assert_eq!((receiver.len(), other.len()), (2, 3));
    drop(caught(|| receiver.recv()));
    assert_eq!(receiver.len(), 1, "it counts as received");
    drop(receiver);
    assert!(
        (0..3).all(|_| other.try_recv().is_ok()),
        "the last one clones nothing"
    );
}

#[test]
fn it_can_be_waited_for_beside_others() {
    pause_clock();
    let (sender, receiver) = broadcast::channel(1);
    let task = spawn(move || {
        sleep(millis(5));
        sender.send(1).unwrap();
        sleep(millis(5));
    });
    assert_eq!(wait_any(&[&task, &receiver]), 1);
    assert_eq!(wait_any(&[&task, &receiver]), 1, "nothing was taken");
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(wait_any(&[&task, &receiver]), 0);
    assert_eq!(wait_any(&[&receiver]), 0, "its sender has gone");
}

#[test]
fn a_capacity_of_zero_is_refused() {
    let text = panic_text(|| broadcast::channel::<()>(0));
    assert!(text.contains("room for one item at least"), "{text}");
}

#[test]
fn handles_and_errors_show_themselves() {
    let (sender, receiver) = broadcast::channel(2);
    sender.send(1).unwrap();
    assert_eq!(format!("{sender:?}"), "Sender { len: 1, .. }");
    assert_eq!(format!("{receiver:?}"), "Receiver { len: 1, .. }");
    let lagged = RecvError::Lagged(2);
    let texts = [
        lagged.to_string(),
        TryRecvError::from(lagged).to_string(),
        RecvTimeoutError::from(lagged).to_string(),
    ];
    assert_eq!(
        texts[0],
        "the receiver lagged behind: 2 items were dropped before it received them"
    );
    assert!(texts[1] == texts[0] && texts[2] == texts[0]);
    assert_eq!(
        TryRecvError::from(RecvError::Closed).to_string(),
        RecvError::Closed.to_string()
    );
    assert_eq!(
        RecvTimeoutError::from(RecvError::Closed).to_string(),
        "the channel has no sender left"
    );
    assert_eq!(
        RecvTimeoutError::Timeout.to_string(),
        "nothing was received in time"
    );
    assert_eq!(TryRecvError::Empty.to_string(), "the channel is empty");
    receiver.recv().unwrap();
    let text = panic_text(|| receiver.recv());
    assert!(
        text.contains("an item of a broadcast channel at tests/it/sync/broadcast.rs"),
        "{text}"
    );
}
