//! Calls that wait, that wait for some time and that do not, against a counterpart that comes at a known moment.

use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{
    self, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use greenhub::{joinall, sleep, spawn};

use super::ways::Done::{Received, Sent};
use super::ways::Limit::{Forever, Now, Within};
use super::ways::Op::{Recv, Send};
use super::ways::WAYS;
use crate::support::millis;

/// A rendezvous channel, bounded ones and an unbounded one.
const CAPACITIES: [usize; 4] = [0, 1, 100, usize::MAX];

fn clock() -> impl Fn() -> Duration {
    pause_clock();
    let begun = now();
    move || now() - begun
}

#[test]
fn a_trying_receiver_finds_nothing_then_an_item_then_the_end() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded(capacity);
        let passed = clock();
        let taking = spawn(move || {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            sleep(millis(1500));
            assert_eq!(receiver.try_recv(), Ok(7), "{capacity}");
            sleep(millis(500));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        });
        let giving = spawn(move || {
            sleep(millis(1000));
            sender.send(7).unwrap();
        });
        giving.join().unwrap();
        assert_eq!(passed(), millis(if capacity == 0 { 1500 } else { 1000 }));
        taking.join().unwrap();
    }
}

#[test]
fn a_receiver_waits_for_each_item_and_for_the_end() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded(capacity);
        let passed = clock();
        let taking = spawn(move || {
            let mut taken = Vec::new();
            loop {
                let item = receiver.recv();
                taken.push((item, passed().as_millis()));
                if item == Err(RecvError) {
                    return taken;
                }
                sleep(millis(1000));
            }
        });
        let giving = spawn(move || {
            sleep(millis(1500));
            (7..10).for_each(|n| sender.send(n).unwrap());
        });
        let taken = taking.join().unwrap();
        let items = [
            (Ok(7), 1500),
            (Ok(8), 2500),
            (Ok(9), 3500),
            (Err(RecvError), 4500),
        ];
        assert_eq!(taken, items, "{capacity}");
        giving.join().unwrap();
    }
}

#[test]
fn a_timed_receiver_times_out_then_gets_an_item_then_the_end() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded(capacity);
        let passed = clock();
        let taking = spawn(move || {
            let limit = millis(1000);
            assert_eq!(receiver.recv_timeout(limit), Err(RecvTimeoutError::Timeout));
            assert_eq!(passed(), millis(1000));
            assert_eq!(receiver.recv_timeout(limit), Ok(7));
            assert_eq!(passed(), millis(1500));
            assert_eq!(
                receiver.recv_timeout(limit),
                Err(RecvTimeoutError::Disconnected)
            );
            assert_eq!(passed(), millis(1500));
        });
        let giving = spawn(move || {
            sleep(millis(1500));
            sender.send(7).unwrap();
        });
        joinall([taking.any(), giving.any()]);
        taking.join().unwrap();
    }
}

#[test]
fn an_item_that_is_there_is_received_with_no_time_left() {
    pause_clock();
    for capacity in [1, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        sender.send(5).unwrap();
        let begun = now();
        assert_eq!(receiver.recv_deadline(begun - millis(5)), Ok(5));
        assert_eq!(
            receiver.recv_timeout(millis(0)),
            Err(RecvTimeoutError::Timeout)
        );
        sender.send(6).unwrap();
        assert_eq!(receiver.recv_timeout(millis(0)), Ok(6));
        assert_eq!(now(), begun);
    }
}

#[test]
fn a_sender_that_tries_finds_no_room_then_some_then_the_end() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel::bounded(capacity);
        pause_clock();
        let giving = spawn(move || {
            (0..capacity).for_each(|n| sender.try_send(n).unwrap());
            assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
            sleep(millis(1500));
            assert_eq!(sender.try_send(3), Ok(()), "{capacity}");
            sleep(millis(500));
            assert_eq!(sender.try_send(4), Err(TrySendError::Disconnected(4)));
        });
        let taking = spawn(move || {
            sleep(millis(1000));
            (0..capacity).for_each(|n| assert_eq!(receiver.try_recv(), Ok(n)));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            assert_eq!(receiver.recv(), Ok(3));
        });
        giving.join().unwrap();
        taking.join().unwrap();
    }
}

#[test]
fn an_unbounded_channel_takes_all_until_its_receiver_is_gone() {
    let (sender, receiver) = channel::unbounded();
    for n in 0..1000 {
        sender.try_send(n).unwrap();
        sender.send(n).unwrap();
        sender.send_timeout(n, millis(n % 3)).unwrap();
    }
    assert_eq!(receiver.len(), 3000);
    drop(receiver);
    assert_eq!(sender.try_send(7), Err(TrySendError::Disconnected(7)));
    assert_eq!(sender.send(8), Err(SendError(8)));
    assert_eq!(
        sender.send_timeout(9, millis(0)),
        Err(SendTimeoutError::Disconnected(9))
    );
}

#[test]
fn a_sender_waits_until_there_is_room() {
    for (capacity, times) in [(0, [1500, 2500, 3500]), (1, [0, 1500, 2500])] {
        let (sender, receiver) = channel::bounded(capacity);
        let passed = clock();
        let giving = spawn(move || {
            let mut sent = Vec::new();
            for n in 7..10 {
                sender.send(n).unwrap();
                sent.push(passed().as_millis());
                sleep(millis(1000));
            }
            sent
        });
        let taking = spawn(move || {
            sleep(millis(1500));
            (7..10).for_each(|n| assert_eq!(receiver.recv(), Ok(n)));
        });
        // With room for one, the second is sent at 1000 into a full channel, and taken at 1500.
        assert_eq!(giving.join().unwrap(), times, "{capacity}");
        taking.join().unwrap();
    }
}

#[test]
fn a_timed_sender_times_out_then_sends_then_finds_the_end() {
    for capacity in [0, 2] {
        let (sender, receiver) = channel::bounded(capacity);
        let passed = clock();
        let giving = spawn(move || {
            let limit = millis(1000);
            (0..capacity).for_each(|n| sender.send_timeout(n, limit).unwrap());
            assert_eq!(
                sender.send_timeout(7, limit),
                Err(SendTimeoutError::Timeout(7))
            );
            assert_eq!(passed(), millis(1000));
            assert_eq!(sender.send_timeout(8, limit), Ok(()));
            assert_eq!(passed(), millis(1500));
            sleep(millis(500));
            assert_eq!(
                sender.send_timeout(9, limit),
                Err(SendTimeoutError::Disconnected(9))
            );
            assert_eq!(sender.send(9), Err(SendError(9)));
            assert_eq!(passed(), millis(2000));
        });
        let taking = spawn(move || {
            sleep(millis(1500));
            (0..capacity).for_each(|n| assert_eq!(receiver.recv(), Ok(n)));
            assert_eq!(receiver.recv(), Ok(8));
        });
        giving.join().unwrap();
        taking.join().unwrap();
    }
}

#[test]
fn the_last_handle_to_go_wakes_the_other_end() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel::bounded(capacity);
        let passed = clock();
        let dropping = spawn(move || {
            sleep(millis(1000));
            drop(receiver);
        });
        (0..capacity).for_each(|n| sender.send(n).unwrap());
        assert_eq!(sender.send(9), Err(SendError(9)));
        assert_eq!(passed(), millis(1000));
        dropping.join().unwrap();
    }
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded::<()>(capacity);
        let passed = clock();
        let dropping = spawn(move || {
            sleep(millis(1000));
            drop(sender);
        });
        assert_eq!(receiver.recv(), Err(RecvError));
        assert_eq!(passed(), millis(1000));
        dropping.join().unwrap();
    }
}

#[test]
fn a_select_that_does_not_wait_receives_in_time() {
    for way in WAYS {
        let (sender, receiver) = channel::bounded(0);
        pause_clock();
        let taking = spawn(move || {
            let take = || way.select(&[Recv(&receiver)], Now);
            assert_eq!(take(), None);
            sleep(millis(1500));
            assert_eq!(take(), Some((0, Received(Ok(7)))), "{way:?}");
            sleep(millis(500));
            assert_eq!(take(), Some((0, Received(Err(RecvError)))));
        });
        // It is a select that waits there: by looking alone it would be no counterpart.
        let giving = spawn(move || {
            sleep(millis(1000));
            greenhub::select! { send(sender, 7) -> sent => sent.unwrap() }
        });
        taking.join().unwrap();
        giving.join().unwrap();
    }
}

#[test]
fn a_select_that_does_not_wait_sends_in_time() {
    for way in WAYS {
        let (sender, receiver) = channel::bounded(0);
        pause_clock();
        let giving = spawn(move || {
            let give = |n| way.select(&[Send(&sender, n)], Now);
            assert_eq!(give(7), None);
            sleep(millis(1500));
            assert_eq!(give(8), Some((0, Sent(Ok(())))), "{way:?}");
            sleep(millis(500));
            assert_eq!(give(8), Some((0, Sent(Err(SendError(8))))));
        });
        let taking = spawn(move || {
            sleep(millis(1000));
            greenhub::select! { recv(receiver) -> item => item }
        });
        giving.join().unwrap();
        assert_eq!(taking.join().unwrap(), Ok(8));
    }
}

#[test]
fn selects_of_one_operation_wait_as_plain_calls_do() {
    for receiver_first in [true, false] {
        let (sender, receiver) = channel::bounded(0);
        let passed = clock();
        let (take_at, give_at) = match receiver_first {
            true => (0, 1500),
            false => (1500, 0),
        };
        let pause = |is_mine: bool| millis(if is_mine { 1000 } else { 0 });
        let taking = spawn(move || {
            sleep(millis(take_at));
            for n in 7..10 {
                let done = WAYS[0].select(&[Recv(&receiver)], Forever);
                assert_eq!(done, Some((0, Received(Ok(n)))));
                sleep(pause(receiver_first));
            }
            greenhub::select! { recv(receiver) -> item => assert_eq!(item, Err(RecvError)) }
        });
        let giving = spawn(move || {
            sleep(millis(give_at));
            for n in 7..10 {
                let done = WAYS[1].select(&[Send(&sender, n)], Forever);
                assert_eq!(done, Some((0, Sent(Ok(())))));
                sleep(pause(!receiver_first));
            }
        });
        taking.join().unwrap();
        giving.join().unwrap();
        assert_eq!(passed(), millis(4500), "{receiver_first}");
    }
}

#[test]
fn selects_with_a_limit_are_out_of_time_then_done_then_ended() {
    for way in WAYS {
        let (sender, receiver) = channel::bounded(0);
        let passed = clock();
        let limit = Within(millis(1000));
        let taking = spawn(move || {
            let take = || way.select(&[Recv(&receiver)], limit);
            assert_eq!(take(), None);
            assert_eq!(take(), Some((0, Received(Ok(7)))), "{way:?}");
            assert_eq!(take(), Some((0, Received(Err(RecvError)))));
        });
        let giving = spawn(move || {
            sleep(millis(1500));
            sender.send(7).unwrap();
        });
        taking.join().unwrap();
        giving.join().unwrap();
        assert_eq!(passed(), millis(1500));

        let (sender, receiver) = channel::bounded(0);
        let giving = spawn(move || {
            let give = |n| way.select(&[Send(&sender, n)], limit);
            assert_eq!(give(7), None);
            assert_eq!(give(8), Some((0, Sent(Ok(())))), "{way:?}");
            assert_eq!(give(9), Some((0, Sent(Err(SendError(9))))));
        });
        let taking = spawn(move || {
            sleep(millis(1500));
            receiver.recv()
        });
        giving.join().unwrap();
        assert_eq!(taking.join().unwrap(), Ok(8));
        assert_eq!(passed(), millis(3000));
    }
}

#[test]
fn the_end_of_the_other_end_wakes_a_select() {
    for way in WAYS {
        let passed = clock();
        let (sender, receiver) = channel::bounded(0);
        spawn(move || {
            sleep(millis(1000));
            drop(receiver);
        })
        .detach();
        assert_eq!(
            way.wait(&[Send(&sender, ())]),
            (0, Sent(Err(SendError(()))))
        );
        let (sender, receiver) = channel::bounded::<()>(0);
        spawn(move || {
            sleep(millis(1000));
            drop(sender);
        })
        .detach();
        assert_eq!(way.wait(&[Recv(&receiver)]), (0, Received(Err(RecvError))));
        assert_eq!(passed(), millis(2000));
    }
}

#[test]
fn senders_and_receivers_with_short_limits_meet_at_last() {
    for capacity in [0, 2, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        pause_clock();
        let giving = spawn(move || {
            for n in 0..100 {
                if n % 2 == 0 {
                    sleep(millis(50));
                }
                while sender.send_timeout(n, millis(10)).is_err() {}
            }
        });
        let taking = spawn(move || {
            for n in 0..100 {
                if n % 2 == 0 {
                    sleep(millis(50));
                }
                while receiver.recv_timeout(millis(10)) != Ok(n) {}
            }
        });
        giving.join().unwrap();
        taking.join().unwrap();
    }
    for way in WAYS {
        let (sender, receiver) = channel::bounded(2);
        pause_clock();
        let giving = spawn(move || {
            for n in 0..20 {
                if n % 2 == 0 {
                    sleep(millis(500));
                }
                let limit = Within(millis(100));
                while way.select(&[Send(&sender, n)], limit).is_none() {}
            }
        });
        let taking = spawn(move || {
            for n in 0..20 {
                if n % 2 == 0 {
                    sleep(millis(500));
                }
                let taken = Some((0, Received(Ok(n))));
                while way.select(&[Recv(&receiver)], Within(millis(100))) != taken {}
            }
        });
        giving.join().unwrap();
        taking.join().unwrap();
    }
}
