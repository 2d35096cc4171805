//! Selects among two or more: what is ready is done, what has ended counts as ready, and limits are kept.

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{self, Receiver, RecvError, SendError, TryRecvError};
use greenhub::{Select, joinall, select, sleep, spawn, yield_now};

use super::ways::Done::{Received, Sent};
use super::ways::Limit::{Now, Within};
use super::ways::Op::{Recv, Send};
use super::ways::{WAYS, Way};
use crate::support::{Log, caught, millis, panic_text};

#[test]
fn an_item_is_received_from_the_channel_that_has_it() {
    for way in WAYS {
        let (first, one) = channel::unbounded();
        let (second, two) = channel::unbounded();
        for (index, sender) in [first, second].iter().enumerate() {
            sender.send(index).unwrap();
            let done = way.wait(&[Recv(&one), Recv(&two)]);
            assert_eq!(done, (index, Received(Ok(index))), "{way:?}");
        }
    }
}

#[test]
fn among_five_the_only_one_with_an_item_is_found() {
    let (_senders, empty): (Vec<_>, Vec<_>) = (0..4).map(|_| channel::unbounded::<i32>()).unzip();
    let (sender, full) = channel::unbounded();
    sender.send(5).unwrap();
    select! {
        recv(empty[0]) -> _ => unreachable!(),
        recv(empty[1]) -> _ => unreachable!(),
        recv(empty[2]) -> _ => unreachable!(),
        recv(empty[3]) -> _ => unreachable!(),
        recv(full) -> item => assert_eq!(item, Ok(5)),
    }
    sender.send(6).unwrap();
    let mut set = Select::new();
    for receiver in empty.iter().chain([&full]) {
        set.recv(receiver);
    }
    assert_eq!(set.ready(), 4);
    let operation = set.select();
    assert_eq!((operation.index(), operation.recv(&full)), (4, Ok(6)));
}

#[test]
fn a_channel_that_has_ended_is_ready_at_once() {
    for way in WAYS {
        pause_clock();
        let begun = now();
        let (first, one) = channel::unbounded::<i32>();
        let (second, two) = channel::unbounded();
        let task = spawn(move || {
            drop(first);
            sleep(millis(500));
            second.send(5).unwrap();
            sleep(millis(500));
        });
        for _ in 0..2 {
            let done = way.select(&[Recv(&one), Recv(&two)], Within(millis(400)));
            assert_eq!(done, Some((0, Received(Err(RecvError)))), "{way:?}");
        }
        assert_eq!(now(), begun);
        assert_eq!(two.recv(), Ok(5));
        let done = way.select(&[Recv(&two)], Within(millis(600)));
        assert_eq!(done, Some((0, Received(Err(RecvError)))), "{way:?}");
        assert_eq!(now() - begun, millis(1000));
        task.join().unwrap();
    }
}

#[test]
fn a_default_comes_only_when_no_arm_is_ready_or_ended() {
    for way in WAYS {
        let (first, one) = channel::unbounded::<i32>();
        let (second, two) = channel::unbounded();
        let both = [Recv(&one), Recv(&two)];
        assert_eq!(way.select(&both, Now), None);
        drop(first);
        let ended = Some((0, Received(Err(RecvError))));
        assert_eq!(way.select(&both, Now), ended, "{way:?}");
        second.send(2).unwrap();
        assert_eq!(
            way.select(&[Recv(&two)], Now),
            Some((0, Received(Ok(2)))),
            "{way:?}"
        );
        assert_eq!(way.select(&[Recv(&two)], Now), None, "{way:?}");
        assert_eq!(way.select::<i32>(&[], Now), None, "{way:?}");
    }
}

#[test]
fn a_lost_end_is_ready_with_a_default_and_a_limit() {
    pause_clock();
    let begun = now();
    for way in WAYS {
        for limit in [Now, Within(millis(1000))] {
            for capacity in [0, 1, usize::MAX] {
                let receiver = channel::bounded::<i32>(capacity).1;
                let sender = channel::bounded::<i32>(capacity).0;
                assert_eq!(
                    way.select(&[Recv(&receiver)], limit),
                    Some((0, Received(Err(RecvError))))
                );
                assert_eq!(
                    way.select(&[Send(&sender, 7)], limit),
                    Some((0, Sent(Err(SendError(7)))))
                );
            }
        }
    }
    assert_eq!(now(), begun);
}

#[test]
fn a_limit_ends_at_its_time_and_an_item_that_comes_later_stays() {
    pause_clock();
    for way in WAYS {
        let begun = now();
        let (_first, one) = channel::unbounded::<i32>();
        let (second, two) = channel::unbounded();
        let task = spawn(move || {
            sleep(millis(1500));
            second.send(2).unwrap();
        });
        let both = [Recv(&one), Recv(&two)];
        assert_eq!(way.select(&both, Within(millis(1000))), None);
        assert_eq!(now() - begun, millis(1000), "{way:?}");
        let done = way.select(&both, Within(millis(1000)));
        assert_eq!(done, Some((1, Received(Ok(2)))), "{way:?}");
        assert_eq!(now() - begun, millis(1500), "{way:?}");
        task.join().unwrap();
    }
}

#[test]
fn a_select_of_nothing_takes_just_its_limit() {
    pause_clock();
    let (sender, receiver) = channel::unbounded::<i32>();
    spawn(move || {
        sleep(millis(500));
        drop(sender);
    })
    .detach();
    let begun = now();
    select! { default => {} }
    assert!(Select::new().try_select().is_err());
    assert!(Select::new().try_ready().is_err());
    assert_eq!(now(), begun);
    assert!(Select::new().select_timeout(millis(250)).is_err());
    assert!(Select::new().ready_timeout(millis(250)).is_err());
    select! {
        default(millis(500)) => select! {
            recv(receiver) -> res => assert_eq!(res, Err(RecvError)),
            default => unreachable!(),
        }
    }
    assert_eq!(now() - begun, millis(1000));
}

#[test]
fn a_counterpart_that_comes_later_ends_the_wait() {
    pause_clock();
    for way in WAYS {
        let begun = now();
        let (first, one) = channel::bounded(0);
        let (second, two) = channel::bounded(0);
        let task = spawn({
            let (second, one) = (second.clone(), one.clone());
            move || {
                sleep(millis(500));
                second.send(2).unwrap();
                sleep(millis(500));
                assert_eq!(one.recv(), Ok(1));
            }
        });
        let done = way.select(&[Recv(&one), Recv(&two)], Within(millis(1000)));
        assert_eq!(done, Some((1, Received(Ok(2)))), "{way:?}");
        let done = way.select(&[Send(&first, 1), Send(&second, 2)], Within(millis(1000)));
        assert_eq!(done, Some((0, Sent(Ok(())))), "{way:?}");
        assert_eq!(now() - begun, millis(1000));
        task.join().unwrap();
    }
}

#[test]
fn both_arms_are_done_one_after_the_other() {
    for way in WAYS {
        let log = Log::new();
        let (first, one) = channel::bounded(0);
        let (second, two) = channel::bounded(0);
        let task = spawn({
            let log = log.clone();
            move || {
                (0..20).for_each(|_| yield_now());
                first.send(1).unwrap();
                log.say(format!("got {}", two.recv().unwrap()));
            }
        });
        for _ in 0..2 {
            match way.wait(&[Recv(&one), Send(&second, 2)]) {
                (0, Received(Ok(1))) => log.say("received"),
                (1, Sent(Ok(()))) => log.say("sent"),
                other => unreachable!("{other:?}"),
            }
        }
        task.join().unwrap();
        match way {
            // Where a receiver is given an item it runs before its sender goes on, and a call that only tries lets none run.
            Way::Macro | Way::Set => log.check(["received", "got 2", "sent"]),
            Way::Ready => log.check(["received", "sent", "got 2"]),
        }
    }
}

#[test]
fn two_that_poll_in_a_loop_meet_one_that_selects() {
    pause_clock();
    for way in WAYS {
        let (first, one) = channel::bounded(0);
        let (second, two) = channel::bounded(0);
        let (end, is_end) = channel::bounded::<i32>(0);
        let is_over = move || way.select(&[Recv(&is_end)], Now).is_some();
        let sending = spawn({
            let is_over = is_over.clone();
            move || {
                while way.select(&[Send(&first, 1)], Now).is_none() && !is_over() {
                    sleep(millis(1));
                }
            }
        });
        let receiving = spawn(move || {
            while two.try_recv().map(|item| assert_eq!(item, 2)).is_err() && !is_over() {
                sleep(millis(1));
            }
        });
        let selecting = spawn(move || {
            sleep(millis(50));
            let done = way.select(&[Recv(&one), Send(&second, 2)], Within(millis(50)));
            drop(end);
            done
        });
        let done = selecting.join().unwrap();
        // One that waits until something is ready, and tries then, is no counterpart of one that only tries.
        let meets = done == Some((0, Received(Ok(1)))) || done == Some((1, Sent(Ok(()))));
        assert_eq!(meets, way != Way::Ready, "{way:?} {done:?}");
        joinall([sending.any(), receiving.any()]);
    }
}

#[test]
fn clones_that_come_and_go_are_no_end_and_no_item() {
    pause_clock();
    for way in WAYS {
        let (first, one) = channel::unbounded();
        let (_second, two) = channel::unbounded::<i32>();
        let (steps, on_step) = channel::unbounded();
        let task = spawn(move || {
            on_step.recv().unwrap();
            drop(first.clone());
            assert_eq!(on_step.try_recv(), Err(TryRecvError::Empty));
            yield_now();
            first.send(1).unwrap();
            on_step.recv().unwrap();
        });
        steps.send(()).unwrap();
        let done = way.wait(&[Recv(&one), Recv(&two)]);
        assert_eq!(done, (0, Received(Ok(1))), "{way:?}");
        steps.send(()).unwrap();
        task.join().unwrap();

        let (first, one) = channel::unbounded::<i32>();
        let (second, two) = channel::unbounded();
        let selecting = spawn({
            let one = one.clone();
            move || way.wait(&[Recv(&one), Recv(&two)])
        });
        yield_now();
        drop((first.clone(), one.clone()));
        drop(one);
        yield_now();
        assert!(!selecting.is_finished());
        second.send(7).unwrap();
        assert_eq!(selecting.join().unwrap(), (1, Received(Ok(7))), "{way:?}");
    }
}

#[test]
fn what_was_there_before_is_found_and_then_the_end() {
    for way in WAYS {
        for clones in [false, true] {
            let (sender, receiver) = channel::unbounded();
            if clones {
                drop(sender.clone());
            }
            sender.send(1).unwrap();
            sender.send(2).unwrap();
            assert_eq!(way.wait(&[Recv(&receiver)]), (0, Received(Ok(1))));
            drop(sender);
            assert_eq!(way.wait(&[Recv(&receiver)]), (0, Received(Ok(2))));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
            assert_eq!(way.wait(&[Recv(&receiver)]), (0, Received(Err(RecvError))));
        }
    }
}

#[test]
fn a_select_inside_of_an_arm_is_one_of_its_own() {
    let (sender, receiver) = channel::unbounded();
    let found = select! {
        send(sender, 0) -> _ => select! {
            recv(receiver) -> first => select! {
                send(sender, 1) -> _ => select! {
                    recv(receiver) -> second => (first, second),
                },
            },
        },
    };
    assert_eq!(found, (Ok(0), Ok(1)));
    let mut set = Select::new();
    set.send(&sender);
    let outer = set.select();
    // Its place is kept: what is sent meanwhile comes after it.
    let mut inner = Select::new();
    inner.send(&sender);
    inner.select().send(&sender, 3).unwrap();
    outer.send(&sender, 2).unwrap();
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(2), Ok(3)));
}

#[test]
fn both_ends_of_one_channel_meet_no_one_in_one_select() {
    pause_clock();
    for way in WAYS {
        let begun = now();
        let (sender, receiver) = channel::bounded(0);
        let arms = [Send(&sender, 0), Recv(&receiver)];
        assert_eq!(way.select(&arms, Within(millis(100))), None, "{way:?}");
        assert_eq!(way.select(&arms, Now), None, "{way:?}");
        assert_eq!(now() - begun, millis(100));
        for capacity in [1, usize::MAX] {
            let (sender, receiver) = channel::bounded(capacity);
            let arms = [Send(&sender, 0), Recv(&receiver)];
            let done = way.select(&arms, Within(millis(100)));
            assert_eq!(done, Some((0, Sent(Ok(())))), "{way:?}");
        }
    }
}

#[test]
fn a_panic_where_an_operand_is_evaluated_comes_out() {
    fn panics<T>(text: &str) -> T {
        panic!("{text}")
    }
    let text = panic_text(|| {
        select! { send(panics::<channel::Sender<i32>>("sender"), panics("item")) -> _ => {} }
    });
    assert_eq!(text, "sender");
    let text = panic_text(|| {
        select! { recv(panics::<Receiver<i32>>("receiver")) -> _ => {} }
    });
    assert_eq!(text, "receiver");
    let (sender, receiver) = channel::bounded::<i32>(1);
    drop(caught(|| {
        select! { send(sender, panics("item")) -> _ => {} }
    }));
    assert_eq!((receiver.len(), sender.try_send(1)), (0, Ok(())));
    assert_eq!(receiver.recv(), Ok(1));
}
