//! Several ready operations are chosen among with the same probability, and a biased select takes the first.

use std::rc::Rc;

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{self, after, at};
use greenhub::{Select, select, select_biased, spawn};

use super::ways::Op::{Recv, Send};
use super::ways::{WAYS, Way};
use crate::support::millis;

const COUNT: usize = 2000;

/// Each has at least half of its fair share.
#[track_caller]
fn check<const N: usize>(hits: [usize; N]) {
    assert_eq!(hits.iter().sum::<usize>(), COUNT);
    assert!(hits.iter().all(|hit| *hit >= COUNT / N / 2), "{hits:?}");
}

#[test]
fn two_full_channels_are_received_from_alike() {
    for way in WAYS {
        for capacity in [COUNT, usize::MAX] {
            let (first, one) = channel::bounded(capacity);
            let (second, two) = channel::unbounded();
            for _ in 0..COUNT {
                first.send(()).unwrap();
                second.send(()).unwrap();
            }
            let mut hits = [0; 2];
            for _ in 0..COUNT {
                hits[way.wait(&[Recv(&one), Recv(&two)]).0] += 1;
            }
            check(hits);
        }
    }
}

#[test]
fn two_empty_channels_are_sent_to_alike() {
    for way in WAYS {
        let (first, _one) = channel::bounded(COUNT);
        let (second, _two) = channel::unbounded();
        let mut hits = [0; 2];
        for _ in 0..COUNT {
            hits[way.wait(&[Send(&first, ()), Send(&second, ())]).0] += 1;
        }
        check(hits);
    }
}

#[test]
fn a_clocks_channel_is_an_arm_like_any_other() {
    let (first, one) = channel::bounded(COUNT);
    let (second, two) = channel::unbounded();
    for _ in 0..COUNT {
        first.send(now()).unwrap();
        second.send(now()).unwrap();
    }
    let mut hits = [0; 4];
    for _ in 0..COUNT {
        select! {
            recv(one) -> _ => hits[0] += 1,
            recv(two) -> _ => hits[1] += 1,
            recv(after(millis(0))) -> _ => hits[2] += 1,
            recv(at(now())) -> _ => hits[3] += 1,
        }
    }
    check(hits);
    for way in [Way::Set, Way::Ready] {
        let mut hits = [0; 4];
        for _ in 0..COUNT {
            let (three, four) = (after(millis(0)), at(now()));
            let all = [&one, &two, &three, &four];
            if one.is_empty() || two.is_empty() {
                first.send(now()).unwrap();
                second.send(now()).unwrap();
            }
            hits[way.wait(&all.map(Recv)).0] += 1;
        }
        check(hits);
    }
}

#[test]
fn several_arms_of_one_channel_are_chosen_alike() {
    pause_clock();
    for wait in [false, true] {
        for capacity in [0, COUNT, usize::MAX] {
            let (sender, receiver) = channel::bounded(capacity);
            let sending = spawn(move || {
                let mut hits = [0; 5];
                for _ in 0..COUNT {
                    if wait {
                        greenhub::yield_now();
                    }
                    select! {
                        send(sender, ()) -> _ => hits[0] += 1,
                        send(sender, ()) -> _ => hits[1] += 1,
                        send(sender, ()) -> _ => hits[2] += 1,
                        send(sender, ()) -> _ => hits[3] += 1,
                        send(sender, ()) -> _ => hits[4] += 1,
                    }
                }
                hits
            });
            let mut hits = [0; 5];
            for _ in 0..COUNT {
                select! {
                    recv(receiver) -> _ => hits[0] += 1,
                    recv(receiver) -> _ => hits[1] += 1,
                    recv(receiver) -> _ => hits[2] += 1,
                    recv(receiver) -> _ => hits[3] += 1,
                    recv(receiver) -> _ => hits[4] += 1,
                }
            }
            check(hits);
            check(sending.join().unwrap());
        }
    }
}

#[test]
fn two_that_select_among_two_rendezvous_channels_use_both() {
    for ways in [(WAYS[0], WAYS[0]), (WAYS[0], WAYS[1]), (WAYS[1], WAYS[0])] {
        let (first, one) = channel::bounded(0);
        let (second, two) = channel::bounded(0);
        let receiving = spawn(move || {
            let mut hits = [0; 2];
            for _ in 0..COUNT {
                hits[ways.0.wait(&[Recv(&one), Recv(&two)]).0] += 1;
            }
            hits
        });
        let mut hits = [0; 2];
        for _ in 0..COUNT {
            hits[ways.1.wait(&[Send(&first, ()), Send(&second, ())]).0] += 1;
        }
        check(hits);
        assert_eq!(receiving.join().unwrap(), hits);
    }
}

#[test]
fn a_select_takes_turns_among_three_kinds_of_channels() {
    for by_ready in [false, true] {
        let (first, one) = channel::unbounded();
        let (second, two) = channel::bounded(1);
        let (third, three) = channel::bounded(0);
        let sending = spawn(move || {
            let (hole, _receiver) = channel::bounded(0);
            for _ in 0..COUNT {
                let first = if first.is_empty() { &first } else { &hole };
                let second = if second.is_empty() { &second } else { &hole };
                select! {
                    send(first, ()) -> sent => sent.unwrap(),
                    send(second, ()) -> sent => sent.unwrap(),
                    send(third, ()) -> sent => sent.unwrap(),
                }
            }
        });
        let all = [&one, &two, &three].map(Recv);
        let way = if by_ready { Way::Ready } else { Way::Set };
        let mut hits = [0; 3];
        for _ in 0..COUNT {
            hits[way.wait(&all).0] += 1;
        }
        sending.join().unwrap();
        assert!(hits.iter().all(|hit| *hit > COUNT / 50), "{hits:?}");
    }
}

#[test]
fn clocks_that_are_due_together_are_chosen_alike() {
    pause_clock();
    for wait in [0, 1] {
        let mut hits = [0; 2];
        for _ in 0..COUNT {
            select! {
                recv(after(millis(wait))) -> _ => hits[0] += 1,
                recv(after(millis(wait))) -> _ => hits[1] += 1,
            }
        }
        // Of two that come at one moment later the one that was started first is the first that becomes ready.
        match wait {
            0 => check(hits),
            _ => assert_eq!(hits, [COUNT, 0]),
        }
        let mut hits = [0; 5];
        for _ in 0..COUNT {
            let receiver = after(millis(wait));
            select! {
                recv(receiver) -> _ => hits[0] += 1,
                recv(receiver) -> _ => hits[1] += 1,
                recv(receiver) -> _ => hits[2] += 1,
                recv(receiver) -> _ => hits[3] += 1,
                recv(receiver) -> _ => hits[4] += 1,
            }
        }
        check(hits);
    }
}

#[test]
fn two_tickers_have_their_turns() {
    pause_clock();
    let mut hits = [0; 2];
    for _ in 0..COUNT / 20 {
        let (one, two) = (channel::tick(millis(1)), channel::tick(millis(1)));
        for _ in 0..20 {
            select! {
                recv(one) -> _ => hits[0] += 1,
                recv(two) -> _ => hits[1] += 1,
            }
        }
    }
    check(hits);
}

#[test]
fn a_biased_select_takes_the_first_that_is_ready() {
    let (first, one) = channel::unbounded();
    let (second, two) = channel::unbounded();
    let (third, three) = channel::unbounded();
    for _ in 0..COUNT {
        first.send(()).unwrap();
        second.send(()).unwrap();
        third.send(()).unwrap();
    }
    let mut hits = [0; 3];
    for n in 0..2 * COUNT {
        match n % 3 {
            0 => select_biased! {
                recv(one) -> _ => hits[0] += 1,
                recv(two) -> _ => hits[1] += 1,
                recv(three) -> _ => hits[2] += 1,
            },
            1 => select_biased! {
                recv(one) -> _ => hits[0] += 1,
                recv(two) -> _ => hits[1] += 1,
                recv(three) -> _ => hits[2] += 1,
                default() => unreachable!(),
            },
            _ => select_biased! {
                recv(one) -> _ => hits[0] += 1,
                recv(two) -> _ => hits[1] += 1,
                recv(three) -> _ => hits[2] += 1,
                default(millis(1000)) => unreachable!(),
            },
        }
        assert_eq!(hits[0], (n + 1).min(COUNT));
    }
    assert_eq!(hits, [COUNT, COUNT, 0]);
    let receivers = Rc::new([one, two, three]);
    let mut set = Select::new_biased();
    for one in receivers.iter().rev() {
        set.recv(one);
    }
    for _ in 0..10 {
        assert_eq!(set.ready(), 0);
        assert_eq!(set.try_select().unwrap().recv(&receivers[2]), Ok(()));
    }
}
