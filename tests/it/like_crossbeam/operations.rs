//! `Select` with operations that are used again, completed with other handles, given up and forgotten.

use std::cell::Cell;

use greenhub::sync::channel::{self, SendError, TryRecvError};
use greenhub::{Select, select, spawn, yield_now};

use super::ways::Done::{Received, Sent};
use super::ways::Op::{Recv, Send};
use super::ways::Way;

#[test]
fn a_set_of_operations_is_used_again_and_cloned() {
    let (first, one) = channel::bounded(0);
    let (second, two) = channel::bounded(0);
    let task = spawn(move || {
        for n in 0..1000 {
            first.send(n).unwrap();
            assert_eq!(two.recv(), Ok(n));
        }
    });
    let mut set = Select::new();
    let (receiving, sending) = (set.recv(&one), set.send(&second));
    let mut copy = set.clone();
    for n in 0..1000 {
        for set in [&mut set, &mut copy] {
            let operation = set.select();
            match operation.index() {
                index if index == receiving => assert_eq!(operation.recv(&one), Ok(n)),
                index if index == sending => operation.send(&second, n).unwrap(),
                _ => unreachable!(),
            }
        }
    }
    task.join().unwrap();
}

#[test]
fn an_operation_is_completed_with_another_handle_to_its_channel() {
    for capacity in [0, 2, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let giving = spawn({
            let sender = sender.clone();
            move || sender.send(123).unwrap()
        });
        let mut set = Select::new();
        set.recv(&receiver);
        let operation = set.select();
        assert_eq!(operation.recv(&receiver.clone()), Ok(123));
        giving.join().unwrap();
        let taking = spawn(move || receiver.recv());
        let mut set = Select::new();
        set.send(&sender);
        let operation = set.select();
        operation.send(&sender.clone(), 124).unwrap();
        assert_eq!(taking.join().unwrap(), Ok(124));
    }
}

#[test]
fn an_operation_that_is_not_completed_hangs_nobody() {
    for capacity in [0, 2, usize::MAX] {
        for queued in 0..=capacity.min(1) {
            let (sender, receiver) = channel::bounded(capacity);
            (0..queued).for_each(|n| sender.send(n).unwrap());
            let taking = spawn({
                let receiver = receiver.clone();
                move || (0..=queued).map(|_| receiver.recv()).collect::<Vec<_>>()
            });
            yield_now();
            let mut set = Select::new();
            set.send(&sender);
            drop(set.try_select().expect("there is room, or a receiver"));
            yield_now();
            assert!(!taking.is_finished(), "it gets nothing of it");
            sender.send(9).unwrap();
            let taken = taking.join().unwrap();
            assert_eq!(taken.last(), Some(&Ok(9)));
        }
    }
}

#[test]
fn a_forgotten_operation_keeps_its_item_and_spoils_no_end() {
    for capacity in [1, 2, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let forgetting = spawn({
            let sender = sender.clone();
            move || {
                let mut set = Select::new();
                set.send(&sender);
                std::mem::forget(set.select());
            }
        });
        forgetting.join().unwrap();
        assert_eq!(
            sender.try_send(1).is_ok(),
            capacity > 1,
            "its place is gone"
        );
        assert_eq!(
            receiver.try_recv(),
            Err(TryRecvError::Empty),
            "it comes first"
        );
        drop(receiver);
        assert_eq!(sender.send(2), Err(SendError(2)));
    }
    let (sender, receiver) = channel::bounded(0);
    let taking = spawn({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    yield_now();
    let mut set = Select::new();
    set.send(&sender);
    std::mem::forget(set.select());
    let other = spawn(move || receiver.recv());
    yield_now();
    sender.send(3).unwrap();
    assert_eq!(other.join().unwrap(), Ok(3));
    assert!(!taking.is_finished(), "it waits for that item alone");
    taking.kill();
}

#[test]
fn each_operation_on_a_channel_is_chosen_some_time() {
    let (sender, receiver) = channel::unbounded();
    let mut hit = [false; 4];
    while hit.contains(&false) {
        select! {
            recv(receiver) -> item => hit[0] = item.is_ok(),
            recv(receiver) -> item => hit[1] = item.is_ok(),
            send(sender, 0) -> sent => hit[2] = sent.is_ok(),
            send(sender, 0) -> sent => hit[3] = sent.is_ok(),
        }
    }
    let four = [
        Recv(&receiver),
        Recv(&receiver),
        Send(&sender, 0),
        Send(&sender, 0),
    ];
    for way in [Way::Set, Way::Ready] {
        let hit = [const { Cell::new(false) }; 4];
        while hit.iter().any(|hit| !hit.get()) {
            let (index, done) = way.wait(&four);
            assert!(matches!(done, Received(Ok(0)) | Sent(Ok(()))));
            hit[index].set(true);
        }
    }
}
