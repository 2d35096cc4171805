//! Many threads, many messages: nothing is lost, nothing comes twice, nobody sleeps through it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use greenhub::sync::shared::{Receiver, Sender, bounded};
use greenhub::task::killall;
use greenhub::{joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{millis, seconds, slowness, within};

/// Two threads send, two receive: one of each kind with a hub and eight tasks, the other without.
fn pour(messages: usize, capacity: usize) -> Duration {
    fn send(sender: &Sender<usize>, range: std::ops::Range<usize>) {
        range.for_each(|n| sender.send(n).unwrap());
    }
    fn receive(receiver: &Receiver<usize>) -> (usize, u128) {
        receiver
            .iter()
            .fold((0, 0), |(count, sum), n| (count + 1, sum + n as u128))
    }
    const TASKS: usize = 8;
    let (sender, receiver) = bounded(capacity);
    let begun = Instant::now();
    let half = messages / 2;
    let senders = [
        thread::spawn({
            let sender = sender.clone();
            move || send(&sender, 0..half)
        }),
        thread::spawn(move || {
            let share = (messages - half) / TASKS;
            let tasks: Vec<_> = (0..TASKS)
                .map(|who| {
                    let sender = sender.clone();
                    let first = half + who * share;
                    let last = if who + 1 == TASKS {
                        messages
                    } else {
                        first + share
                    };
                    spawn(move || send(&sender, first..last))
                })
                .collect();
            joinall(&tasks);
        }),
    ];
    let receivers = [
        thread::spawn({
            let receiver = receiver.clone();
            move || receive(&receiver)
        }),
        thread::spawn(move || {
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| {
                    let receiver = receiver.clone();
                    spawn(move || receive(&receiver))
                })
                .collect();
            let all = tasks.into_iter().map(|task| task.join().unwrap());
            all.fold((0, 0), |(c, s), (count, sum)| (c + count, s + sum))
        }),
    ];
    for sender in senders {
        sender.join().unwrap();
    }
    let [one, other] = receivers.map(|receiver| receiver.join().unwrap());
    let (count, sum) = (one.0 + other.0, one.1 + other.1);
    assert_eq!(count, messages);
    assert_eq!(sum, (0..messages as u128).sum::<u128>());
    begun.elapsed()
}

#[test]
fn four_threads_lose_no_message() {
    let _watch = within(seconds(120));
    // Ten million where the optimiser was at work: some two seconds.
    let messages = if cfg!(debug_assertions) || slowness() > 1 {
        200_000 / slowness() as usize
    } else {
        10_000_000
    };
    for (capacity, share) in [(1024, 1), (16, 20), (1, 100)] {
        let messages = messages / share;
        let took = pour(messages, capacity);
        println!("{messages} messages, {capacity} places: {took:?}");
    }
}

#[test]
fn kills_and_deadlines_lose_and_double_nothing() {
    let _watch = within(seconds(60));
    let rounds = 400 / slowness() as usize;
    for capacity in [0, 1, 4] {
        let (sender, receiver) = bounded::<usize>(capacity);
        let stop = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicUsize::new(0));
        // A thread that gives up again and again, and one that never does.
        let (plain_stop, plain_sent) = (stop.clone(), sent.clone());
        let plain = thread::spawn({
            let sender = sender.clone();
            move || {
                let mut done: Vec<usize> = Vec::new();
                while !plain_stop.load(Ordering::Relaxed) {
                    let n = plain_sent.fetch_add(1, Ordering::Relaxed);
                    if sender.send_timeout(n, Duration::from_micros(50)).is_ok() {
                        done.push(n);
                    }
                }
                done
            }
        });
        let patient = thread::spawn({
            let receiver = receiver.clone();
            move || receiver.iter().collect::<Vec<_>>()
        });
        // Tasks that are timed out and killed, where they send and where they receive. What was done is noted at once.
        let (got, mine) = (
            Rc::new(RefCell::new(Vec::new())),
            Rc::new(RefCell::new(Vec::new())),
        );
        let mut kills = 0;
        for round in 0..rounds as u64 {
            let limit = Duration::from_micros(20 * (round % 7));
            let receives = spawn({
                let (receiver, got) = (receiver.clone(), got.clone());
                move || {
                    let _ = with_timeout(limit, || {
                        while let Ok(n) = receiver.recv() {
                            got.borrow_mut().push(n);
                        }
                    });
                }
            });
            let sends = spawn({
                let (sender, sent, mine) = (sender.clone(), sent.clone(), Rc::clone(&mine));
                // Without places, who unwinds does not know whether its item was taken just now.
                let turns = if capacity == 0 { 0 } else { 20 };
                move || {
                    for _ in 0..turns {
                        let n = sent.fetch_add(1, Ordering::Relaxed);
                        sender.send(n).unwrap();
                        RefCell::borrow_mut(&mine).push(n);
                    }
                }
            });
            match round % 3 {
                0 => yield_now(),
                1 => sleep(Duration::from_micros(30)),
                _ => sleep(millis(1)),
            }
            kills += usize::from(!receives.is_finished()) + usize::from(!sends.is_finished());
            killall([receives.any(), sends.any()]);
        }
        assert!(kills > 0, "some were still waiting");
        stop.store(true, Ordering::Relaxed);
        let done = plain.join().unwrap();
        drop((sender, receiver));
        let mut got: Vec<usize> = got.take();
        got.extend(patient.join().unwrap());
        let unique: HashSet<_> = got.iter().copied().collect();
        assert_eq!(unique.len(), got.len(), "each once");
        let done = done.into_iter().chain(mine.take());
        assert_eq!(unique, done.collect(), "all that were sent");
    }
}
