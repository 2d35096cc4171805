//! Cases of std's own tests of its channels, which crossbeam runs against its channels.

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{
    self, Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, TrySendError,
};
use greenhub::{Task, select, sleep, spawn, yield_now};

use crate::support::{Log, millis};

#[test]
fn a_sender_in_a_loop_hears_that_its_receiver_has_gone() {
    for clones in [false, true] {
        let (sender, receiver) = channel::bounded(0);
        let other = sender.clone();
        let taking = spawn(move || receiver.recv());
        let mut count = 0;
        while sender.send(1).is_ok() && (!clones || other.send(1).is_ok()) {
            count += 1;
        }
        assert_eq!(count, usize::from(!clones));
        assert_eq!(taking.join().unwrap(), Ok(1));
    }
}

#[test]
fn a_receiver_in_a_loop_hears_that_its_sender_has_gone() {
    for capacity in [0, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let giving = spawn(move || [1, 1].map(|n| sender.send(n).unwrap()));
        let mut count = 0;
        while receiver.recv().is_ok() {
            count += 1;
        }
        assert_eq!(count, 2);
        giving.join().unwrap();
    }
}

#[test]
fn one_receiver_hears_eight_senders() {
    pause_clock();
    for capacity in [0, usize::MAX] {
        for limit in [None, Some(millis(10))] {
            let (sender, receiver) = channel::bounded(capacity);
            let taking = spawn(move || {
                let mut count = 0;
                loop {
                    let item = match limit {
                        Some(limit) => receiver.recv_timeout(limit),
                        None => receiver
                            .recv()
                            .map_err(|RecvError| RecvTimeoutError::Disconnected),
                    };
                    match item {
                        Ok(item) => count += item,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return count,
                    }
                }
            });
            for n in 0..8 {
                let sender = sender.clone();
                spawn(move || {
                    for _ in 0..100 {
                        sender.send(1).unwrap();
                        sleep(millis(n));
                    }
                })
                .detach();
            }
            drop(sender);
            assert_eq!(taking.join().unwrap(), 800);
        }
    }
}

#[test]
fn receivers_that_give_up_again_and_again_lose_no_item() {
    pause_clock();
    let begun = now();
    let (sender, receiver) = channel::unbounded();
    for n in 0..100 {
        let sender = sender.clone();
        spawn(move || {
            sleep(millis(n * 10));
            sender.send(n).unwrap();
        })
        .detach();
    }
    drop(sender);
    let (mut items, mut limits) = (Vec::new(), 0);
    loop {
        match receiver.recv_timeout(millis(4)) {
            Ok(item) => items.push(item),
            Err(RecvTimeoutError::Timeout) => limits += 1,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    assert_eq!(items, (0..100).collect::<Vec<_>>());
    assert_eq!((limits, now() - begun), (198, millis(990)));
}

#[test]
fn a_limit_is_kept_with_a_clone_of_the_sender_left() {
    pause_clock();
    for capacity in [0, 1, usize::MAX] {
        let (sender, receiver) = channel::bounded::<()>(capacity);
        let (_clone, begun) = (sender.clone(), now());
        drop(sender);
        assert_eq!(
            receiver.recv_timeout(millis(1)),
            Err(RecvTimeoutError::Timeout)
        );
        assert_eq!(now() - begun, millis(1));
    }
}

#[test]
fn ends_that_go_in_any_order_leave_nothing_to_wait_for() {
    for capacity in [0, 1, usize::MAX] {
        for order in 0..4 {
            let (sender, receiver) = channel::bounded(capacity);
            let (receiving, sending) = (
                spawn(move || match order % 2 {
                    0 => drop(receiver),
                    _ => assert!(receiver.recv().is_ok() || order == 3),
                }),
                spawn(move || match order / 2 {
                    0 => drop(sender.send(1)),
                    _ => drop(sender),
                }),
            );
            sending.join().unwrap();
            receiving.join().unwrap();
        }
    }
}

#[test]
fn the_two_ends_are_handed_on_from_task_to_task() {
    fn send(sender: Sender<i32>, n: i32) -> Task<()> {
        spawn(move || {
            sender.send(n).unwrap();
            if n < 10 {
                send(sender, n + 1).join().unwrap();
            }
        })
    }
    fn receive(receiver: Receiver<i32>, n: i32) -> Task<()> {
        spawn(move || {
            assert_eq!(receiver.recv(), Ok(n));
            if n < 10 {
                receive(receiver, n + 1).join().unwrap();
            }
        })
    }
    for capacity in [0, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let (sending, receiving) = (send(sender, 0), receive(receiver, 0));
        sending.join().unwrap();
        receiving.join().unwrap();
    }
}

#[test]
fn a_channel_is_empty_then_has_an_item_then_has_ended() {
    for capacity in [1, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let (steps, on_step) = channel::unbounded();
        let (done, on_done) = channel::unbounded();
        let task = spawn(move || {
            on_step.recv().unwrap();
            sender.send(1).unwrap();
            done.send(()).unwrap();
            on_step.recv().unwrap();
            drop(sender);
            done.send(()).unwrap();
        });
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        steps.send(()).unwrap();
        on_done.recv().unwrap();
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        steps.send(()).unwrap();
        on_done.recv().unwrap();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        task.join().unwrap();
    }
}

#[test]
fn a_receiver_may_go_while_clones_of_its_sender_come_and_go() {
    for capacity in [0, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let (gone, on_gone) = channel::unbounded();
        let task = spawn(move || {
            receiver.recv().unwrap();
            drop(receiver);
            gone.send(()).unwrap();
        });
        (0..50).for_each(|_| yield_now());
        let clone = sender.clone();
        drop(sender);
        clone.send(()).unwrap();
        on_gone.recv().unwrap();
        assert_eq!(clone.send(()), Err(SendError(())));
        task.join().unwrap();
    }
}

#[test]
fn a_rendezvous_sender_continues_when_its_item_is_settled() {
    let log = Log::new();
    let (sender, receiver) = channel::bounded(0);
    let sending = spawn({
        let (log, sender) = (log.clone(), sender.clone());
        move || {
            let sent = [1, 2].map(|n| {
                let sent = sender.send(n);
                log.say(format!("sent {n} {}", sent.is_ok()));
                sent
            });
            assert_eq!(sent, [Ok(()), Err(SendError(2))]);
        }
    });
    yield_now();
    log.say("receive");
    assert_eq!(receiver.recv(), Ok(1));
    yield_now();
    drop(receiver);
    sending.join().unwrap();
    log.check(["receive", "sent 1 true", "sent 2 false"]);

    // The item of a sender that waits for ever goes back to it when all receivers have gone.
    let (sender, receiver) = channel::bounded(0);
    let two = [1, 2].map(|n| {
        let sender = sender.clone();
        spawn(move || sender.send(n))
    });
    yield_now();
    drop(receiver);
    assert_eq!(
        two.map(|task| task.join().unwrap()),
        [Err(SendError(1)), Err(SendError(2))]
    );
}

#[test]
fn a_send_that_only_tries_finds_room_or_a_receiver_that_waits() {
    let (sender, receiver) = channel::bounded(0);
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    let (one, _receiver) = channel::bounded(1);
    assert_eq!(one.try_send(1), Ok(()));
    assert_eq!(one.try_send(1), Err(TrySendError::Full(1)));
    let taking = spawn(move || [receiver.recv(), receiver.recv()]);
    yield_now();
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(
        sender.try_send(2),
        Err(TrySendError::Full(2)),
        "it was called, and has not run"
    );
    yield_now();
    assert_eq!(sender.try_send(2), Ok(()));
    assert_eq!(taking.join().unwrap(), [Ok(1), Ok(2)]);
    assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
}

#[test]
fn an_answer_that_is_only_tried_finds_the_room_that_is_there() {
    for _ in 0..100 {
        let (sender, receiver) = channel::bounded(3);
        let (answers, on_answer) = channel::bounded(3);
        let task = spawn(move || {
            receiver.recv().unwrap();
            answers.try_send(()).unwrap();
        });
        sender.send(()).unwrap();
        on_answer.recv().unwrap();
        task.join().unwrap();
    }
}

#[test]
fn one_that_selects_sees_items_and_ends_of_two_in_turn() {
    let (first, one) = channel::unbounded();
    let (second, two) = channel::unbounded();
    let (steps, on_step) = channel::unbounded();
    let task = spawn(move || {
        for n in 0..200 {
            (0..n % 3).for_each(|_| yield_now());
            match n % 2 {
                0 => first.send(n).unwrap(),
                _ => second.send(n).unwrap(),
            }
            on_step.recv().unwrap();
        }
        drop(first);
        on_step.recv().unwrap();
    });
    let mut seen = Vec::new();
    loop {
        select! {
            recv(one) -> item => match item {
                Ok(item) => seen.push((0, item)),
                Err(RecvError) => break,
            },
            recv(two) -> item => seen.push((1, item.unwrap())),
        }
        steps.send(()).unwrap();
    }
    steps.send(()).unwrap();
    assert!(seen.into_iter().eq((0..200).map(|n| (n % 2, n))));
    task.join().unwrap();
    select! { recv(two) -> item => assert_eq!(item, Err(RecvError)) }
}

#[test]
fn a_select_gets_from_rendezvous_and_unbounded_channels() {
    let (first, one) = channel::bounded(0);
    let (second, two) = channel::unbounded();
    let tasks = [
        spawn(move || first.send(1).unwrap()),
        spawn(move || second.send(2).unwrap()),
    ];
    let other = select! {
        recv(one) -> item => (item, two.recv()),
        recv(two) -> item => (one.recv(), item),
    };
    assert_eq!(other, (Ok(1), Ok(2)));
    for task in tasks {
        task.join().unwrap();
    }
}
