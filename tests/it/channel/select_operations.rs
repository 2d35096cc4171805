//! `Select`: operations whose number is known at run time only.

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{self, RecvError, SendError, TryRecvError, TrySendError};
use greenhub::{Select, Task, joinall, spawn, yield_now};

use crate::support::{Census, caught, millis, panic_text};

#[test]
fn one_of_many_receivers_is_selected() {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..20).map(|_| channel::unbounded()).unzip();
    let mut select = Select::new();
    for (index, receiver) in receivers.iter().enumerate() {
        assert_eq!(select.recv(receiver), index);
    }
    assert!(select.try_select().is_err());
    let task = spawn(move || senders[13].send("item").map(|()| senders));
    let operation = select.select();
    assert_eq!(operation.index(), 13);
    assert_eq!(operation.recv(&receivers[13]), Ok("item"));
    drop(task.join());
    let ended = select.select();
    let index = ended.index();
    assert_eq!(ended.recv(&receivers[index]), Err(RecvError));
}

#[test]
fn what_is_ready_is_selected_fairly() {
    let pairs: Vec<_> = (0..4).map(|_| channel::unbounded()).collect();
    let mut hits = [0; 4];
    for (sender, _) in &pairs {
        (0..1000).for_each(|n| sender.send(n).unwrap());
    }
    let mut select = Select::new();
    for (_, receiver) in &pairs {
        select.recv(receiver);
    }
    for _ in 0..1000 {
        let operation = select.select();
        let index = operation.index();
        hits[index] += 1;
        operation.recv(&pairs[index].1).unwrap();
    }
    assert!(hits.iter().all(|hit| (200..300).contains(hit)), "{hits:?}");
}

#[test]
fn the_biased_one_takes_the_first() {
    let (sender, receiver) = channel::unbounded();
    (0..3).for_each(|n| sender.send(n).unwrap());
    let mut select = Select::new_biased();
    select.send(&sender);
    select.recv(&receiver);
    for _ in 0..10 {
        let operation = select.select();
        assert_eq!(operation.index(), 0);
        operation.send(&sender, 7).unwrap();
    }
    select.remove(0);
    assert_eq!(select.select().recv(&receiver), Ok(0));
    assert_eq!(
        panic_text(|| select.remove(0)),
        "there is no operation 0 to remove from a Select"
    );
}

#[test]
fn an_operation_that_is_dropped_gives_back_what_it_has() {
    let census = Census::new();
    let (sender, receiver) = channel::bounded(1);
    sender.send(census.one()).unwrap();
    let mut select = Select::new();
    select.recv(&receiver);
    let operation = select.select();
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
    drop(operation);
    assert_eq!(receiver.len(), 1);
    drop(receiver.recv());
    let mut select = Select::new();
    select.send(&sender);
    let operation = select.select();
    assert!(matches!(
        sender.try_send(census.one()),
        Err(TrySendError::Full(_))
    ));
    drop(operation);
    assert!(sender.try_send(census.one()).is_ok());
    drop((sender, receiver));
    census.check_all_dropped();
}

#[test]
fn it_meets_others_in_a_rendezvous_channel() {
    for sender_first in [true, false] {
        for completes in [true, false] {
            let (sender, receiver) = channel::rendezvous();
            let give = move || {
                let mut select = Select::new();
                select.send(&sender);
                let operation = select.select();
                yield_now();
                if completes {
                    operation.send(&sender, 7).unwrap();
                }
            };
            let take = move || {
                let mut select = Select::new();
                select.recv(&receiver);
                let operation = select.select();
                yield_now();
                operation.recv(&receiver)
            };
            let (giving, taking): (Task<()>, Task<_>) = if sender_first {
                (spawn(give), spawn(take))
            } else {
                let taking = spawn(take);
                yield_now();
                (spawn(give), taking)
            };
            joinall([giving.any(), taking.any()]);
            let expected = if completes { Ok(7) } else { Err(RecvError) };
            assert_eq!(taking.join().unwrap(), expected);
        }
    }
}

#[test]
fn an_item_of_a_plain_sender_is_kept_until_it_is_taken() {
    let (sender, receiver) = channel::rendezvous();
    let sending = spawn(move || sender.send(5));
    yield_now();
    let mut select = Select::new();
    select.recv(&receiver);
    let operation = select.select();
    sending.join().unwrap().unwrap();
    assert_eq!(operation.recv(&receiver), Ok(5));
}

#[test]
fn the_wrong_channel_is_a_panic_that_loses_nothing() {
    let (sender, receiver) = channel::unbounded();
    let (_other, wrong) = channel::unbounded::<i32>();
    sender.send(1).unwrap();
    let mut select = Select::new();
    select.recv(&receiver);
    let text = panic_text(|| {
        let _ = select.select().recv(&wrong);
    });
    assert_eq!(
        text,
        "recv of operation 0, which was added to the Select for another end of a channel"
    );
    let mut select = Select::new();
    select.recv(&receiver);
    caught(|| {
        let _ = select.select().send(&sender, 2);
    });
    assert_eq!(receiver.clone().recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn ready_selects_nothing() {
    pause_clock();
    let (sender, receiver) = channel::bounded(1);
    let mut select = Select::new();
    select.recv(&receiver);
    let begun = now();
    assert!(select.ready_timeout(millis(5)).is_err());
    assert!(select.select_timeout(millis(5)).is_err());
    assert!(select.ready_deadline(begun + millis(15)).is_err());
    assert!(select.select_deadline(begun + millis(20)).is_err());
    assert_eq!(now() - begun, millis(20));
    assert!(select.try_ready().is_err());
    let mut both = Select::new();
    both.recv(&receiver);
    both.send(&sender);
    assert_eq!(both.ready(), 1);
    let ready = spawn({
        let receiver = receiver.clone();
        move || {
            let mut select = Select::new();
            select.recv(&receiver);
            select.ready()
        }
    });
    yield_now();
    sender.send(3).unwrap();
    assert_eq!(ready.join().unwrap(), 0);
    assert_eq!((select.try_ready(), receiver.recv()), (Ok(0), Ok(3)));
    drop(receiver);
    let mut select = Select::new();
    select.send(&sender);
    assert_eq!(select.ready(), 0);
    assert_eq!(select.select().send(&sender, 9), Err(SendError(9)));
}
