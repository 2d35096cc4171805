//! Channels: what goes in comes out once and in order, and a greenlet that must wait does so in a queue.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{
    self, Receiver, RecvError, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError,
    TrySendError,
};
use greenhub::{joinall, sleep, spawn, wait_any, wait_any_timeout, yield_now};

use crate::support::{Log, millis, panic_text};

/// A task that says what it has received.
fn receive<T: ToString + 'static>(
    log: &Log,
    name: &'static str,
    receiver: &Receiver<T>,
) -> greenhub::Task<()> {
    let (log, receiver) = (log.clone(), receiver.clone());
    spawn(move || match receiver.recv() {
        Ok(item) => log.say(format!("{name} {}", item.to_string())),
        Err(error) => log.say(format!("{name} {error}")),
    })
}

/// A task that says when its item is sent.
fn send(log: &Log, item: u32, sender: &Sender<u32>) -> greenhub::Task<()> {
    let (log, sender) = (log.clone(), sender.clone());
    spawn(move || match sender.send(item) {
        Ok(()) => log.say(format!("sent {item}")),
        Err(error) => log.say(format!("{error}, {}", error.into_inner())),
    })
}

#[test]
fn what_is_sent_is_received_in_that_order() {
    let (sender, receiver) = channel::unbounded();
    let sending = spawn(move || {
        for n in 0..1000 {
            sender.send(n).unwrap();
            if n % 7 == 0 {
                yield_now();
            }
        }
    });
    let received: Vec<u32> = receiver.iter().collect();
    assert_eq!(received, (0..1000).collect::<Vec<_>>());
    sending.join().unwrap();
}

#[test]
fn a_sender_waits_while_the_channel_is_full() {
    let log = Log::new();
    let (sender, receiver) = channel::bounded(2);
    let sending = spawn(log.given_to(move |log| {
        for n in 1..=4 {
            sender.send(n).unwrap();
            log.say(format!("sent {n}"));
        }
    }));
    yield_now();
    log.check(["sent 1", "sent 2"]);
    assert_eq!(receiver.recv(), Ok(1));
    log.check([]);
    yield_now();
    log.check(["sent 3"]);
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [2, 3, 4]);
    sending.join().unwrap();
}

#[test]
fn a_receiver_waits_while_the_channel_is_empty() {
    pause_clock();
    let (sender, receiver) = channel::unbounded();
    let begun = now();
    spawn(move || {
        sleep(millis(20));
        sender.send("late").unwrap();
    })
    .detach();
    assert_eq!(receiver.recv(), Ok("late"));
    assert_eq!(now() - begun, millis(20));
}

#[test]
fn receivers_get_items_in_the_order_in_which_they_came() {
    let (log, (sender, receiver)) = (Log::new(), channel::unbounded());
    let tasks = ["a", "b", "c"].map(|name| receive(&log, name, &receiver));
    yield_now();
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    // A receiver that comes now stands behind those that were woken and have not run yet.
    let late = receive(&log, "late", &receiver);
    sender.send(3).unwrap();
    sender.send(4).unwrap();
    joinall(&tasks);
    late.join().unwrap();
    log.check(["a 1", "b 2", "c 3", "late 4"]);
}

#[test]
fn items_arrive_in_the_order_in_which_their_senders_came() {
    let (log, (sender, receiver)) = (Log::new(), channel::bounded(2));
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    let waiting = [3, 4].map(|n| send(&log, n, &sender));
    yield_now();
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.recv(), Ok(2));
    // There is room for two, but it was promised to two: the next stands behind them.
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let late = send(&log, 5, &sender);
    yield_now();
    log.check(["sent 3", "sent 4"]);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [3, 4]);
    joinall(&waiting);
    late.join().unwrap();
    assert_eq!(receiver.recv(), Ok(5));
}

#[test]
fn a_sender_that_comes_when_another_was_called_stands_behind_it() {
    let (log, (sender, receiver)) = (Log::new(), channel::bounded(2));
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    let first = send(&log, 3, &sender);
    yield_now();
    // Room for two, of which one was promised.
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2]);
    sender.send(4).unwrap();
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [3, 4]);
    first.join().unwrap();
}

#[test]
fn what_was_promised_is_not_there_for_those_who_do_not_wait() {
    let (log, (sender, receiver)) = (Log::new(), channel::bounded(1));
    let waiting = receive(&log, "first", &receiver);
    yield_now();
    sender.send(7).unwrap();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.len(), 1);
    waiting.join().unwrap();
    log.check(["first 7"]);
}

#[test]
fn calls_with_a_limit_give_up_in_time() {
    pause_clock();
    let (sender, receiver) = channel::bounded(1);
    let begun = now();
    let late = receiver.recv_timeout(millis(5));
    assert_eq!(late, Err(RecvTimeoutError::Timeout));
    assert_eq!(now() - begun, millis(5));
    assert_eq!(sender.send_timeout(1, millis(5)), Ok(()));
    let late = sender.send_timeout(2, millis(5));
    assert_eq!(late, Err(SendTimeoutError::Timeout(2)));
    assert_eq!(now() - begun, millis(10));
    assert_eq!(receiver.recv_timeout(millis(5)), Ok(1));
    drop(sender);
    let closed = receiver.recv_timeout(millis(5));
    assert_eq!(closed, Err(RecvTimeoutError::Disconnected));
    let (sender, receiver) = channel::bounded(1);
    drop(receiver);
    let closed = sender.send_timeout(3, millis(5));
    assert_eq!(closed, Err(SendTimeoutError::Disconnected(3)));
    assert_eq!(now() - begun, millis(10));
}

#[test]
fn each_end_tells_how_the_channel_stands() {
    let (sender, receiver) = channel::bounded(2);
    assert!(sender.is_empty() && receiver.is_empty() && !sender.is_full());
    sender.send('a').unwrap();
    assert_eq!((sender.len(), receiver.len()), (1, 1));
    sender.send('b').unwrap();
    assert!(sender.is_full() && receiver.is_full());
    assert_eq!((sender.capacity(), receiver.capacity()), (Some(2), Some(2)));
    let (other_sender, other_receiver) = channel::unbounded::<char>();
    assert_eq!(other_sender.capacity(), None);
    assert!(sender.same_channel(&sender.clone()) && !sender.same_channel(&other_sender));
    assert!(receiver.same_channel(&receiver.clone()) && !receiver.same_channel(&other_receiver));
    assert_eq!(
        format!("{sender:?} {receiver:?}"),
        "Sender { len: 2, .. } Receiver { len: 2, .. }"
    );
    let (sender, receiver) = channel::rendezvous::<u8>();
    assert_eq!((sender.len(), receiver.capacity()), (0, Some(0)));
    assert!(sender.is_empty() && sender.is_full());
}

#[test]
fn a_receiver_is_something_to_wait_for() {
    pause_clock();
    let (sender, receiver) = channel::unbounded();
    let (idle, quiet) = channel::unbounded::<u8>();
    assert_eq!(wait_any_timeout(&[&receiver, &quiet], millis(1)), None);
    let sending = spawn({
        let sender = sender.clone();
        move || sender.send(1)
    });
    assert_eq!(wait_any(&[&quiet, &receiver]), 1);
    assert_eq!(receiver.len(), 1, "nothing was taken");
    assert_eq!(wait_any(&[&receiver, &quiet]), 0);
    sending.join().unwrap().unwrap();
    drop(idle);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(wait_any(&[&receiver, &quiet]), 1, "closed is ready");
    assert_eq!(quiet.recv(), Err(RecvError));
}

#[test]
fn a_looker_is_told_of_what_no_receiver_takes() {
    let (log, (sender, receiver)) = (Log::new(), channel::unbounded());
    let looking = spawn({
        let (log, receiver) = (log.clone(), receiver.clone());
        move || {
            wait_any(&[&receiver]);
            log.say("there is something");
        }
    });
    let receiving = receive(&log, "got", &receiver);
    yield_now();
    sender.send(1).unwrap();
    receiving.wait();
    yield_now();
    log.check(["got 1"]);
    sender.send(2).unwrap();
    looking.wait();
    log.check(["there is something"]);
}

#[test]
fn many_senders_and_receivers_share_a_channel() {
    for capacity in [Some(0), Some(1), Some(3), None] {
        let (sender, receiver) = capacity.map_or_else(channel::unbounded, channel::bounded);
        let sum = Rc::new(Cell::new((0, 0)));
        let receiving: Vec<_> = (0..4)
            .map(|_| {
                let (receiver, sum) = (receiver.clone(), sum.clone());
                spawn(move || {
                    for n in receiver {
                        let (count, total) = sum.get();
                        sum.set((count + 1, total + n));
                        if n % 3 == 0 {
                            yield_now();
                        }
                    }
                })
            })
            .collect();
        for first in 0..5 {
            let sender = sender.clone();
            spawn(move || (0..100).for_each(|n| sender.send(first + n * 5).unwrap())).detach();
        }
        drop((sender, receiver));
        joinall(&receiving);
        assert_eq!(sum.get(), (500, 499 * 500 / 2), "{capacity:?}");
    }
}

#[test]
fn a_report_says_that_somebody_waits_for_a_channel() {
    let (sender, receiver) = channel::bounded(1);
    let text = panic_text(|| receiver.recv());
    assert!(
        text.contains("receive from a channel") && text.contains("channel/sending.rs"),
        "{text}"
    );
    sender.send(1).unwrap();
    let text = panic_text(|| sender.send(2));
    assert!(text.contains("send to a channel"), "{text}");
}
