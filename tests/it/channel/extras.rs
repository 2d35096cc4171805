//! Channels beyond sending and receiving: the clock's, deadlines, reserved places, closing, weak senders, looking at senders.

use greenhub::hub::{advance_clock, now, pause_clock};
use greenhub::sync::channel::{
    self, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use greenhub::{Task, select, select_biased, sleep, spawn, wait_any, wait_any_timeout, yield_now};

use crate::support::{Census, millis, panic_text};

#[test]
fn after_and_at_bring_one_moment() {
    pause_clock();
    let begun = now();
    let (after, at) = (channel::after(millis(5)), channel::at(begun + millis(7)));
    assert_eq!(after.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(at.recv(), Ok(begun + millis(7)));
    assert_eq!(now() - begun, millis(7));
    assert_eq!(after.recv(), Ok(begun + millis(5)));
    assert_eq!(
        after.recv_timeout(millis(5)),
        Err(RecvTimeoutError::Timeout)
    );
    assert_eq!(channel::at(begun).recv(), Ok(begun));
}

#[test]
fn ticks_that_are_missed_are_skipped() {
    pause_clock();
    let begun = now();
    let ticks = channel::tick(millis(10));
    assert_eq!(ticks.recv(), Ok(begun + millis(10)));
    sleep(millis(35));
    assert_eq!(ticks.try_recv(), Ok(begun + millis(20)));
    assert_eq!(ticks.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(ticks.recv(), Ok(begun + millis(55)));
    assert_eq!(
        panic_text(|| drop(channel::tick(millis(0)))),
        "a tick needs a period longer than zero"
    );
}

#[test]
fn a_select_hears_the_clock_and_never_hears_never() {
    pause_clock();
    let (begun, ticks) = (now(), channel::tick(millis(3)));
    let end = channel::after(millis(10));
    let mut count = 0;
    loop {
        select_biased! {
            recv(end) -> _ => break,
            recv(ticks) -> _ => count += 1,
            recv(channel::never::<()>()) -> _ => unreachable!(),
        }
    }
    assert_eq!((count, now() - begun), (3, millis(10)));
    assert_eq!(wait_any(&[&channel::never::<u8>(), &ticks]), 1);
}

#[test]
fn a_clock_that_is_not_received_from_ends_a_deadlock_once() {
    let text = panic_text(|| {
        pause_clock();
        let ticks = channel::tick(millis(1));
        assert!(ticks.recv().is_ok());
        let _ = channel::never::<()>().recv();
    });
    assert!(text.starts_with("deadlock"), "{text}");
}

#[test]
fn deadlines_are_moments_of_the_hubs_clock() {
    pause_clock();
    let (sender, receiver) = channel::bounded(1);
    let (begun, end) = (now(), now() + millis(5));
    assert_eq!(receiver.recv_deadline(end), Err(RecvTimeoutError::Timeout));
    assert_eq!(now(), end);
    assert_eq!(sender.send_deadline(1, begun), Ok(()));
    let late = sender.send_deadline(2, end + millis(5));
    assert_eq!(late, Err(SendTimeoutError::Timeout(2)));
    assert_eq!(now(), end + millis(5));
    assert_eq!(receiver.recv_deadline(begun), Ok(1));
    advance_clock(millis(1));
}

#[test]
fn a_reserved_place_comes_before_what_is_sent_later() {
    let (sender, receiver) = channel::bounded(3);
    let permit = sender.reserve().unwrap();
    sender.send(2).unwrap();
    let given_back = sender.try_reserve().unwrap();
    assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    assert!(sender.is_full());
    assert_eq!(
        (receiver.len(), receiver.try_recv()),
        (1, Err(TryRecvError::Empty))
    );
    drop(given_back);
    sender.send(3).unwrap();
    permit.send(1).unwrap();
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_place_in_a_full_channel_is_waited_for_in_turn() {
    let (sender, receiver) = channel::bounded(1);
    sender.send(0).unwrap();
    let reserving = spawn({
        let sender = sender.clone();
        move || {
            let permit = sender.reserve().unwrap();
            yield_now();
            permit.send(1).unwrap();
        }
    });
    yield_now();
    let sending = spawn(move || sender.send(2).unwrap());
    yield_now();
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2]);
    drop((reserving.join(), sending.join()));
}

#[test]
fn a_reserved_place_of_a_rendezvous_channel_is_a_receiver() {
    let (sender, receiver) = channel::rendezvous();
    assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
    let receivers = [(); 2].map(|()| {
        let receiver = receiver.clone();
        spawn(move || receiver.recv())
    });
    yield_now();
    let permit = sender.reserve().unwrap();
    drop(sender.try_reserve().unwrap());
    sender.send(2).unwrap();
    permit.send(1).unwrap();
    let received = receivers.map(|task: Task<_>| task.join().unwrap());
    assert_eq!(received, [Ok(1), Ok(2)]);
    receiver.close();
    assert!(matches!(sender.reserve(), Err(SendError(()))));
    assert!(matches!(
        sender.try_reserve(),
        Err(TrySendError::Disconnected(()))
    ));
}

#[test]
fn a_closed_channel_gives_what_is_left() {
    let census = Census::new();
    let (sender, receiver) = channel::bounded(1);
    sender.send(census.one()).unwrap();
    let permit_sender = sender.clone();
    let waiting = spawn({
        let (sender, item) = (sender.clone(), census.one());
        move || sender.send(item).is_err()
    });
    yield_now();
    receiver.close();
    receiver.close();
    assert!(waiting.join().unwrap());
    assert!(sender.is_closed() && permit_sender.reserve().is_err());
    assert!(receiver.recv().is_ok());
    assert!(matches!(receiver.recv(), Err(RecvError)));
    assert!(matches!(
        receiver.try_recv(),
        Err(TryRecvError::Disconnected)
    ));
    census.check_all_dropped();
}

#[test]
fn closing_wakes_the_other_receivers() {
    let (_sender, receiver) = channel::rendezvous::<i32>();
    let receiving = spawn({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    yield_now();
    receiver.close();
    assert_eq!(receiving.join().unwrap(), Err(RecvError));
}

#[test]
fn a_weak_sender_keeps_no_channel_open() {
    let (sender, receiver) = channel::unbounded();
    let weak = sender.downgrade();
    weak.clone().upgrade().unwrap().send(1).unwrap();
    drop(sender);
    assert!(weak.upgrade().is_none());
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Err(RecvError)));
    assert_eq!(format!("{weak:?}"), "WeakSender { len: 0, .. }");
}

#[test]
fn a_sender_is_ready_while_there_is_room() {
    pause_clock();
    let (sender, receiver) = channel::bounded(1);
    assert_eq!(wait_any(&[&sender]), 0);
    sender.send(1).unwrap();
    assert_eq!(wait_any_timeout(&[&sender], millis(1)), None);
    let looking = spawn({
        let sender = sender.clone();
        move || wait_any(&[&sender])
    });
    yield_now();
    assert_eq!(receiver.recv(), Ok(1));
    looking.join().unwrap();

    let (sender, receiver) = channel::rendezvous();
    assert_eq!(wait_any_timeout(&[&sender], millis(1)), None);
    let looking = spawn({
        let sender = sender.clone();
        move || {
            wait_any(&[&sender]);
            sender.try_send(5)
        }
    });
    yield_now();
    assert_eq!(receiver.recv(), Ok(5));
    assert_eq!(looking.join().unwrap(), Ok(()));
    drop(receiver);
    assert_eq!(wait_any(&[&sender]), 0);
}

#[test]
fn the_biased_select_takes_the_first_that_is_ready() {
    let (sender, receiver) = channel::unbounded();
    (0..6).for_each(|n| sender.send(n).unwrap());
    let other = receiver.clone();
    for n in 0..3 {
        let got = select_biased! {
            recv(receiver) -> got => got,
            recv(other) -> _ => unreachable!(),
            default => unreachable!(),
        };
        assert_eq!(got, Ok(n));
    }
    let (empty_sender, empty) = channel::bounded(1);
    let task = spawn(move || {
        let twice = empty.clone();
        (0..3)
            .map(|_| select_biased! { recv(empty) -> _ => 0, recv(twice) -> _ => 1 })
            .sum::<i32>()
    });
    for _ in 0..3 {
        yield_now();
        empty_sender.send(()).unwrap();
    }
    assert_eq!(task.join().unwrap(), 0);
    let _ = select! { recv(receiver) -> got => got };
}

#[test]
fn a_clocks_channel_that_is_closed_brings_nothing_more() {
    pause_clock();
    for clock in [channel::after, channel::tick] {
        for is_due in [false, true] {
            let receiver = clock(millis(10));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            if is_due {
                sleep(millis(20));
            }
            receiver.close();
            sleep(millis(20));
            assert_eq!(receiver.try_recv().is_ok(), is_due);
            assert_eq!(receiver.recv(), Err(RecvError));
        }
        let receiver = clock(millis(10));
        let waiting = [0; 2].map(|_| {
            let receiver = receiver.clone();
            spawn(move || receiver.recv())
        });
        yield_now();
        receiver.close();
        for task in waiting {
            assert_eq!(task.join().unwrap(), Err(RecvError));
        }
        channel::never::<()>().close();
    }
}
