//! Rendezvous channels: a send is over when a receiver has taken the item, and not before.

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{
    self, Receiver, RecvError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use greenhub::{
    Select, Task, iwait, joinall, select, sleep, spawn, wait_any, with_timeout, yield_now,
};

use crate::support::{Census, Log, begun, millis, seconds, within};

#[test]
fn send_returns_when_a_receiver_has_taken_the_item() {
    let (log, (sender, receiver)) = (Log::new(), channel::rendezvous());
    let getter = spawn(log.given_to(move |log| {
        for n in &receiver {
            log.say(format!("got {n}"));
        }
    }));
    let putter = spawn(log.given_to(move |log| {
        for n in 0..2 {
            sender.send(n).unwrap();
            log.say(format!("put {n}"));
        }
    }));
    joinall([&putter, &getter]);
    log.check(["got 0", "put 0", "got 1", "put 1"]);
}

#[test]
fn the_order_is_the_same_when_the_sender_comes_first() {
    let (log, (sender, receiver)) = (Log::new(), channel::bounded(0));
    let putter = spawn(log.given_to(move |log| {
        for n in 0..2 {
            sender.send(n).unwrap();
            log.say(format!("put {n}"));
        }
    }));
    yield_now();
    log.check([]);
    let getter = spawn(log.given_to(move |log| {
        for n in &receiver {
            log.say(format!("got {n}"));
        }
    }));
    joinall([&putter, &getter]);
    log.check(["got 0", "put 0", "got 1", "put 1"]);
}

#[test]
fn without_a_receiver_that_waits_nothing_can_be_sent_at_once() {
    let (sender, receiver) = channel::rendezvous();
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    let receiving = spawn(move || (receiver.recv(), receiver));
    yield_now();
    assert_eq!(sender.try_send(2), Ok(()));
    assert_eq!(
        sender.try_send(3),
        Err(TrySendError::Full(3)),
        "it has its item"
    );
    let (received, receiver) = receiving.join().unwrap();
    assert_eq!(received, Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_receiver_that_does_not_wait_takes_what_a_sender_holds_out() {
    let (sender, receiver) = channel::rendezvous();
    let senders = [1, 2].map(|n| {
        let sender = sender.clone();
        spawn(move || sender.send(n).unwrap())
    });
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    yield_now();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    joinall(&senders);
}

#[test]
fn a_sender_whose_time_is_over_takes_its_item_back() {
    pause_clock();
    let (census, (sender, receiver)) = (Census::new(), channel::rendezvous());
    let begun = now();
    let late = sender.send_timeout(census.one(), millis(5));
    assert!(matches!(late, Err(SendTimeoutError::Timeout(_))));
    assert_eq!(now() - begun, millis(5));
    let late = with_timeout(millis(5), || sender.send(census.one()).is_ok());
    assert!(late.is_err());
    assert_eq!(census.dropped(), 1, "the other is in the error");
    assert!(receiver.try_recv().is_err());
    drop((sender, late));
    assert!(receiver.recv().is_err());
}

#[test]
fn a_send_that_was_matched_is_not_timed_out() {
    let (log, (sender, receiver)) = (Log::new(), channel::rendezvous());
    let receivers = ["a", "b"].map(|name| {
        let (log, receiver) = (log.clone(), receiver.clone());
        spawn(move || log.say(format!("{name} {:?}", receiver.recv())))
    });
    yield_now();
    let sent = with_timeout(millis(0), || sender.send(1));
    assert_eq!(sent.unwrap(), Ok(()));
    sender.send(2).unwrap();
    joinall(&receivers);
    log.check(["a Ok(1)", "b Ok(2)"]);
}

#[test]
fn an_item_whose_receiver_is_gone_goes_to_the_next() {
    let (sender, receiver) = channel::rendezvous();
    let (first, greenlet) = begun({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    assert_eq!(sender.try_send(1), Ok(()));
    greenlet.kill();
    assert!(first.join().unwrap_err().is_killed());
    assert_eq!((receiver.len(), receiver.recv()), (0, Ok(1)));
    let (second, greenlet) = begun({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    let (third, _) = begun(move || receiver.recv());
    assert_eq!(sender.try_send(2), Ok(()));
    greenlet.kill();
    assert_eq!(third.join().unwrap(), Ok(2));
    assert!(second.join().unwrap_err().is_killed());
}

#[test]
fn plain_and_selecting_senders_are_served_in_order() {
    let (log, (sender, receiver)) = (Log::new(), channel::rendezvous());
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let (log, sender) = (log.clone(), sender.clone());
            spawn(move || {
                if n % 3 == 1 {
                    select! { send(sender, n) -> sent => sent.unwrap(), default(seconds(9)) => {} }
                } else {
                    sender.send(n).unwrap();
                }
                log.say(format!("put {n}"));
            })
        })
        .collect();
    yield_now();
    for n in 0..6 {
        assert_eq!(receiver.recv(), Ok(n));
        log.say(format!("got {n}"));
    }
    joinall(&tasks);
    let got: Vec<_> = log
        .take()
        .into_iter()
        .filter(|word| word.starts_with("got"))
        .collect();
    assert_eq!(got, ["got 0", "got 1", "got 2", "got 3", "got 4", "got 5"]);
}

#[test]
fn two_selects_meet_from_both_sides() {
    for sender_first in [true, false] {
        let (log, (sender, receiver)) = (Log::new(), channel::rendezvous());
        let (never, nothing) = channel::rendezvous::<u8>();
        let nothing_too = nothing.clone();
        let sending = move |log: Log| {
            select! {
                send(sender, 7) -> sent => log.say(format!("put {sent:?}")),
                recv(nothing) -> _ => unreachable!(),
            }
        };
        let receiving = move |log: Log| {
            select! {
                recv(nothing_too) -> _ => unreachable!(),
                recv(receiver) -> got => log.say(format!("got {got:?}")),
            }
        };
        let (sending, receiving) = (log.given_to(sending), log.given_to(receiving));
        let tasks = if sender_first {
            let sending = spawn(sending);
            yield_now();
            [sending, spawn(receiving)]
        } else {
            let receiving = spawn(receiving);
            yield_now();
            [spawn(sending), receiving]
        };
        joinall(&tasks);
        log.check(["got Ok(7)", "put Ok(())"]);
        drop(never);
    }
}

#[test]
fn two_that_select_both_ends_meet_each_other() {
    pause_clock();
    let (sender, receiver) = channel::rendezvous();
    let both = move |n: u32| {
        let (sender, receiver) = (sender.clone(), receiver.clone());
        move || {
            select! {
                send(sender, n) -> sent => { sent.unwrap(); None },
                recv(receiver) -> got => Some(got.unwrap()),
                default(millis(10)) => Some(99),
            }
        }
    };
    assert_eq!(both(0)(), Some(99));
    let tasks = [1, 2].map(|n| spawn(both(n)));
    let outcomes = tasks.map(|task| task.join().unwrap());
    assert!(
        [[Some(2), None], [None, Some(1)]].contains(&outcomes),
        "{outcomes:?}"
    );
}

#[test]
fn a_select_meets_exactly_one_of_two_that_wait_for_it() {
    let log = Log::new();
    let (ones, on_one) = channel::rendezvous();
    let (twos, on_two) = channel::rendezvous();
    let senders = [(ones, 1), (twos, 2)].map(|(sender, n)| {
        let log = log.clone();
        spawn(move || {
            select! {
                send(sender, n) -> sent => log.say(if sent.is_ok() { "put" } else { "closed" }),
                default(seconds(100)) => log.say("late"),
            }
        })
    });
    yield_now();
    let got = select! {
        recv(on_one) -> one => one,
        recv(on_two) -> two => two,
    };
    assert!(got.is_ok());
    yield_now();
    log.check(["put"]);
    drop((on_one, on_two));
    joinall(&senders);
    log.check(["closed"]);
}

#[test]
fn a_selecting_sender_meets_an_observer() {
    let (sender, receiver) = channel::rendezvous();
    let sending = spawn(
        move || select! { send(sender, 7) -> sent => sent, default(seconds(100)) => Err(SendError(8)) },
    );
    yield_now();
    assert_eq!(wait_any(&[&receiver]), 0);
    assert_eq!(receiver.recv(), Ok(7));
    assert_eq!(sending.join().unwrap(), Ok(()));
}

#[test]
fn a_sender_that_comes_later_meets_one_that_selects_both_ends() {
    let (sender, receiver) = channel::rendezvous();
    let both = spawn({
        let sender = sender.clone();
        move || {
            select! {
                send(sender, 1) -> _ => unreachable!(),
                recv(receiver) -> n => n.unwrap(),
            }
        }
    });
    yield_now();
    sender.send(2).unwrap();
    assert_eq!(both.join().unwrap(), 2);
}

/// A sender of 2 that came when a select stood before it in the line, which has gone elsewhere since.
fn a_sender_left_behind() -> (Receiver<u32>, Task<Result<(), SendError<u32>>>) {
    let (sender, receiver) = channel::rendezvous();
    let (other, on_other) = channel::unbounded::<()>();
    let selecting = spawn({
        let sender = sender.clone();
        move || {
            select! {
                send(sender, 1) -> _ => unreachable!(),
                recv(on_other) -> _ => {}
            }
        }
    });
    yield_now();
    let behind = spawn(move || sender.send(2));
    yield_now();
    other.send(()).unwrap();
    selecting.join().unwrap();
    (receiver, behind)
}

#[test]
fn a_poll_takes_from_a_sender_behind_a_select_that_left() {
    let (receiver, behind) = a_sender_left_behind();
    assert_eq!(receiver.try_recv(), Ok(2));
    behind.join().unwrap().unwrap();

    let (receiver, behind) = a_sender_left_behind();
    let polled = select! {
        recv(receiver) -> item => item.ok(),
        default => None,
    };
    assert_eq!(polled, Some(2));
    behind.join().unwrap().unwrap();

    let (receiver, behind) = a_sender_left_behind();
    assert_eq!(iwait([&receiver]).count(), 1);
    assert_eq!(receiver.try_recv(), Ok(2));
    behind.join().unwrap().unwrap();
}

#[test]
fn who_is_killed_on_either_side_leaves_the_others_alone() {
    pause_clock();
    let (census, (sender, receiver)) = (Census::new(), channel::rendezvous());
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (sender, item) = (sender.clone(), census.one());
            spawn(move || sender.send(item).is_ok())
        })
        .collect();
    sleep(millis(1));
    senders[0].kill();
    senders[2].kill();
    assert_eq!(census.dropped(), 2);
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let receiver = receiver.clone();
            spawn(move || receiver.recv().is_ok())
        })
        .collect();
    sleep(millis(1));
    receivers[2].kill();
    assert_eq!(census.dropped(), 4);
    assert!(sender.try_send(census.one()).is_ok());
    drop(sender);
    let received = receivers.into_iter().map(|task| task.join().ok());
    assert_eq!(
        received.collect::<Vec<_>>(),
        [Some(true), Some(true), None, Some(true)]
    );
    let sent = senders.into_iter().map(|task| task.join().ok());
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [None, Some(true), None, Some(true)]
    );
    census.check_all_dropped();
}

#[test]
fn neighbours_that_select_in_a_ring_meet() {
    let _watch = within(seconds(10));
    for size in 2..8 {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..size).map(|_| channel::rendezvous()).unzip();
        let ring = |n: usize| {
            let (to, from) = (senders[n].clone(), receivers[(n + 1) % size].clone());
            spawn(move || {
                select! {
                    send(to, n) -> sent => sent.unwrap(),
                    recv(from) -> _ => {}
                }
            })
        };
        let tasks: Vec<_> = (0..size).map(ring).collect();
        for _ in 0..4 {
            yield_now();
        }
        let waits = |n: usize| !tasks[n % size].is_finished();
        assert!((0..size).all(|n| !waits(n) || !waits(n + 1)), "{tasks:?}");
        tasks.iter().for_each(|task| task.kill_nowait());
        joinall(&tasks);
    }
}

#[test]
fn a_receiver_whose_item_fails_keeps_the_order_of_senders() {
    for others_select in [false, true] {
        let (fails, one) = channel::bounded(0);
        let (sender, two) = channel::bounded(0);
        let taking = spawn(move || {
            [0; 2].map(|_| {
                select! {
                    recv(one) -> item => item.unwrap(),
                    recv(two) -> item => item.unwrap(),
                }
            })
        });
        yield_now();
        let give = move |sender: &channel::Sender<i32>, n| match others_select {
            true => select! { send(sender, n) -> sent => sent },
            false => sender.send(n),
        };
        let mut set = Select::new();
        set.send(&fails);
        let operation = set.select();
        let first = spawn({
            let sender = sender.clone();
            move || give(&sender, 1)
        });
        yield_now();
        drop(operation);
        // The receiver is undecided again, and has not run yet.
        assert_eq!(give(&sender, 2), Ok(()));
        assert_eq!(taking.join().unwrap(), [1, 2], "{others_select}");
        assert_eq!(first.join().unwrap(), Ok(()));
    }
}

#[test]
fn a_sender_whose_item_fails_keeps_the_order_of_receivers() {
    for others_select in [false, true] {
        let (fails, one) = channel::bounded::<i32>(0);
        let (sender, receiver) = channel::bounded(0);
        let take = move |receiver: &Receiver<i32>| match others_select {
            true => select! { recv(receiver) -> item => item },
            false => receiver.recv(),
        };
        // It gives to `receiver` when nothing comes from `one`, and is bound to that first.
        let giving = spawn(move || {
            [1, 2].map(|n| {
                select! {
                    recv(one) -> _ => unreachable!("nothing comes"),
                    send(sender, n) -> sent => sent,
                }
            })
        });
        yield_now();
        let mut set = Select::new();
        set.send(&fails);
        let operation = set.select();
        let first = spawn({
            let receiver = receiver.clone();
            move || take(&receiver)
        });
        yield_now();
        drop(operation);
        assert_eq!(take(&receiver), Ok(2), "{others_select}");
        assert_eq!(first.join().unwrap(), Ok(1), "it has come first");
        assert_eq!(giving.join().unwrap(), [Ok(()), Ok(())]);
    }
}

#[test]
fn closing_while_an_item_is_made_ends_its_receiver() {
    let (sender, receiver) = channel::rendezvous();
    let other = receiver.clone();
    let taking = spawn(move || {
        select! { recv(other) -> item => item }
    });
    yield_now();
    let sent = select! {
        send(sender, { receiver.close(); 7 }) -> sent => sent,
    };
    assert_eq!(sent, Err(SendError(7)));
    assert_eq!(taking.join().unwrap(), Err(RecvError));
}
