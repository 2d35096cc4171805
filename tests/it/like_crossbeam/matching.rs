//! Tasks that select both ends of one rendezvous channel, and others that meet them: each is matched with exactly one other.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{self, Receiver, TryRecvError};
use greenhub::{Select, Task, joinall, select, spawn, yield_now};

use super::ways::Done::{Received, Sent};
use super::ways::Limit::{Now, Within};
use super::ways::Op::{Recv, Send};
use super::ways::{WAYS, Way};
use crate::support::{Log, millis};

/// Those that meet others where both select: one that only looks promises nothing.
const TAKING: [Way; 2] = [Way::Macro, Way::Set];

#[test]
fn tasks_that_select_both_ends_meet_in_pairs() {
    for way in TAKING {
        for (count, leftover) in [(44, false), (55, true)] {
            let (sender, receiver) = channel::bounded(0);
            let pairs = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<Task<()>> = (0..count)
                .map(|n| {
                    let (sender, receiver, pairs) =
                        (sender.clone(), receiver.clone(), pairs.clone());
                    spawn(
                        move || match way.wait(&[Recv(&receiver), Send(&sender, n)]) {
                            (0, Received(Ok(other))) => pairs.borrow_mut().push((n, other)),
                            (1, Sent(Ok(()))) => {}
                            other => unreachable!("{other:?}"),
                        },
                    )
                })
                .collect();
            if leftover {
                sender.send(1000).unwrap();
            }
            joinall(&tasks);
            let mut seen: Vec<i32> = Vec::new();
            for (one, other) in &*pairs.borrow() {
                assert_ne!(one, other);
                seen.extend([one, other]);
            }
            seen.sort_unstable();
            let all = (0..count).chain(leftover.then_some(1000));
            assert_eq!(seen, all.collect::<Vec<_>>(), "{way:?}");
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
    }
}

#[test]
fn clones_of_one_set_of_operations_meet_each_other() {
    // Handles on the heap, which the sets may borrow from in tasks of their own.
    let ends: &'static (channel::Sender<i32>, Receiver<i32>) =
        Box::leak(Box::new(channel::bounded(0)));
    let (sender, receiver) = ends;
    let mut set = Select::new();
    let (receiving, sending) = (set.recv(receiver), set.send(sender));
    let tasks: Vec<Task<()>> = (0..20)
        .map(|n| {
            let mut set = set.clone();
            spawn(move || {
                let operation = set.select();
                match operation.index() {
                    index if index == receiving => {
                        assert_ne!(operation.recv(receiver).unwrap(), n);
                    }
                    index if index == sending => operation.send(sender, n).unwrap(),
                    _ => unreachable!(),
                }
            })
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_channel_goes_through_a_channel_that_came_through_one() {
    type Item = Box<dyn Any>;
    for way in 0..4 {
        for capacity in [0, 1, 2, usize::MAX] {
            if capacity == 0 && way == 3 {
                continue; // two that look never meet
            }
            let (mut sender, mut receiver) = channel::bounded::<Item>(capacity);
            let sending = spawn(move || {
                for _ in 0..200 {
                    let (next, through) = channel::bounded::<Item>(capacity);
                    let item: Item = Box::new(through);
                    match way {
                        0 => sender.send(item).unwrap(),
                        1 => select! { send(sender, item) -> sent => sent.unwrap() },
                        _ => {
                            let mut set = Select::new();
                            set.send(&sender);
                            if way == 2 {
                                set.select().send(&sender, item).unwrap();
                            } else {
                                assert_eq!(set.ready(), 0);
                                sender.try_send(item).unwrap();
                            }
                        }
                    }
                    sender = next;
                }
            });
            for _ in 0..200 {
                let item = match way {
                    0 => receiver.recv().unwrap(),
                    1 => select! { recv(receiver) -> item => item.unwrap() },
                    _ => {
                        let mut set = Select::new();
                        set.recv(&receiver);
                        if way == 2 {
                            set.select().recv(&receiver).unwrap()
                        } else {
                            assert_eq!(set.ready(), 0);
                            receiver.try_recv().unwrap()
                        }
                    }
                };
                receiver = *item.downcast::<Receiver<Item>>().unwrap();
            }
            sending.join().unwrap();
        }
    }
}

#[test]
fn of_two_that_send_first_and_then_try_nobody_finds_nothing() {
    pause_clock();
    for limit in [Now, Within(millis(0))] {
        for way in WAYS {
            for capacity in [1, usize::MAX] {
                let (start, on_start) = channel::bounded(0);
                let (end, on_end) = channel::bounded(0);
                let (first, one) = channel::bounded(capacity);
                let (second, two) = channel::bounded(capacity);
                let begun = now();
                let task = spawn({
                    let (one, two) = (one.clone(), two.clone());
                    move || {
                        for _ in 0..500 {
                            start.send(()).unwrap();
                            first.send(1).unwrap();
                            let done = way.select(&[Recv(&one), Recv(&two)], limit);
                            assert!(matches!(done, Some((_, Received(Ok(1))))), "{way:?}");
                            end.send(()).unwrap();
                            let _ = two.try_recv();
                        }
                    }
                });
                for _ in 0..500 {
                    on_start.recv().unwrap();
                    second.send(1).unwrap();
                    let _ = one.try_recv();
                    on_end.recv().unwrap();
                }
                task.join().unwrap();
                assert_eq!(now(), begun);
            }
        }
    }
}

#[test]
fn selects_keep_up_with_one_that_does_one_thing_after_the_other() {
    for way in WAYS {
        let (first, one) = channel::unbounded();
        let (second, two) = channel::bounded(5);
        let (steps, on_step) = channel::bounded(if way == Way::Ready { 0 } else { 100 });
        let task = spawn(move || {
            for n in 0..1000 {
                first.send(n).unwrap();
                on_step.recv().unwrap();
                second.send(n).unwrap();
                on_step.recv().unwrap();
            }
        });
        for n in 0..1000 {
            for arm in 0..2 {
                let done = way.wait(&[Recv(&one), Recv(&two)]);
                assert_eq!(done, (arm, Received(Ok(n))), "{way:?}");
                steps.send(()).unwrap();
            }
        }
        task.join().unwrap();
    }
    for way in WAYS {
        for both_send in [true, false] {
            let (first, one) = channel::bounded(0);
            let (second, two) = channel::bounded(0);
            let (steps, on_step) = channel::bounded(100);
            let task = spawn({
                let (first, one) = (first.clone(), one.clone());
                move || {
                    for n in 0..1000 {
                        match both_send {
                            true => assert_eq!(one.recv(), Ok(n)),
                            false => first.send(n).unwrap(),
                        }
                        assert_eq!(two.recv(), Ok(n));
                        on_step.recv().unwrap();
                    }
                }
            });
            for n in 0..1000 {
                for arm in 0..2 {
                    let arms = match both_send {
                        true => [Send(&first, n), Send(&second, n)],
                        false => [Recv(&one), Send(&second, n)],
                    };
                    let (index, done) = way.wait(&arms);
                    assert_eq!(index, arm, "{way:?}");
                    assert!(matches!(done, Sent(Ok(())) | Received(Ok(_))));
                }
                steps.send(()).unwrap();
            }
            task.join().unwrap();
        }
    }
}

#[test]
fn a_task_in_several_lines_gives_each_next_one_its_turn() {
    let (first, one) = channel::bounded(0);
    let (second, two) = channel::bounded(0);
    let (third, three) = channel::bounded(0);
    let log = Log::new();
    let selecting = spawn({
        let (log, one) = (log.clone(), one.clone());
        move || {
            select! {
                recv(one) -> _ => unreachable!("another one waits for it, too"),
                recv(two) -> item => log.say(format!("two {}", item.unwrap())),
            }
            third.send(9).unwrap();
            log.say(format!("one {}", one.recv().unwrap()));
        }
    });
    yield_now();
    let plain = spawn(move || one.recv());
    yield_now();
    second.send(7).unwrap();
    assert_eq!(three.recv(), Ok(9));
    first.send(1).unwrap();
    first.send(2).unwrap();
    assert_eq!(plain.join().unwrap(), Ok(1), "it has come first");
    selecting.join().unwrap();
    log.check(["two 7", "one 2"]);
}

#[test]
fn three_selects_in_a_ring_lose_nothing() {
    pause_clock();
    for seed in 0..40_u64 {
        let ends: Vec<_> = (0..3).map(|_| channel::bounded::<u64>(0)).collect();
        let tasks: Vec<Task<(u64, u64)>> = (0..3_usize)
            .map(|n| {
                let (to, from) = (ends[n].0.clone(), ends[(n + 1) % 3].1.clone());
                spawn(move || {
                    let (mut given, mut taken) = (0, 0);
                    for round in 0..30 {
                        let way = TAKING[(seed as usize + n + round) % 2];
                        let limit = match (seed + n as u64 * 7 + round as u64 * 3) % 4 {
                            0 => Now,
                            other => Within(millis(other)),
                        };
                        let item = (n as u64 + 1) << 32 | round as u64;
                        match way.select(&[Recv(&from), Send(&to, item)], limit) {
                            Some((0, Received(Ok(item)))) => taken += item,
                            Some((1, Sent(Ok(())))) => given += item,
                            Some((0, Received(Err(_))) | (1, Sent(Err(_)))) => {}
                            Some(other) => unreachable!("{other:?}"),
                            None => yield_now(),
                        }
                    }
                    (given, taken)
                })
            })
            .collect();
        drop(ends);
        let (mut given, mut taken) = (0, 0);
        for task in tasks {
            let (one, other) = task.join().unwrap();
            given += one;
            taken += other;
        }
        assert_eq!(given, taken, "{seed}");
        assert!(given > 0);
    }
}
