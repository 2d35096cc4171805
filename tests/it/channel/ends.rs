//! The ends of channels, and of the greenlets that wait there: what becomes of the items, and of the other waiters.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::channel::{self, Receiver, RecvError, SendError, Sender, TryRecvError};
use greenhub::{AnyGreenlet, Greenlet, Task, joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{Census, InDrop, Log, begun, caught, in_child, millis, seconds};

fn receiving<T: 'static>(receiver: &Receiver<T>) -> (Task<Result<T, RecvError>>, AnyGreenlet) {
    let receiver = receiver.clone();
    begun(move || receiver.recv())
}

fn sending(sender: &Sender<u32>, n: u32) -> (Task<Result<(), SendError<u32>>>, AnyGreenlet) {
    let sender = sender.clone();
    begun(move || sender.send(n))
}

/// Does something, and throws into `greenlet` in the same turn. Nobody answers a thrower whose target has ended.
fn throwing(first: impl FnOnce() + 'static, greenlet: AnyGreenlet) -> Task<()> {
    spawn(move || {
        first();
        drop(greenlet.typed::<(), ()>().try_throw(Box::new("a stone")));
    })
}

#[test]
fn receivers_get_what_is_left_and_then_an_error() {
    let (sender, receiver) = channel::unbounded();
    let other = sender.clone();
    other.send(1).unwrap();
    drop(other);
    sender.send(2).unwrap();
    drop(sender);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.recv(), Err(RecvError));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn the_last_sender_to_go_wakes_those_who_wait_for_an_item() {
    let (sender, receiver) = channel::unbounded::<u32>();
    let waiting = [(); 3].map(|()| receiving(&receiver).0);
    let other = sender.clone();
    drop(sender);
    yield_now();
    assert!(waiting.iter().all(|task| !task.is_finished()));
    drop(other);
    for task in waiting {
        assert_eq!(task.join().unwrap(), Err(RecvError));
    }
}

#[test]
fn the_last_receiver_returns_waiting_senders_their_items() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel::bounded(capacity);
        (0..capacity as u32).for_each(|n| sender.send(n).unwrap());
        let waiting = [7, 8, 9].map(|n| sending(&sender, n).0);
        drop(receiver);
        let back = waiting.map(|task| task.join().unwrap());
        assert_eq!(back, [7, 8, 9].map(|n| Err(SendError(n))));
        assert_eq!(sender.send(10), Err(SendError(10)));
    }
}

#[test]
fn items_are_dropped_with_the_last_receiver() {
    let (census, (sender, receiver)) = (Census::new(), channel::unbounded());
    for _ in 0..3 {
        sender.send(census.one()).map_err(drop).unwrap();
    }
    let other = receiver.clone();
    drop(receiver);
    assert_eq!(census.dropped(), 0);
    drop(other);
    assert_eq!(census.dropped(), 3);
    assert!(sender.is_empty());
    drop(sender.send(census.one()));
    census.check_all_dropped();
}

#[test]
fn the_destructors_of_items_may_use_the_channel_and_switch() {
    let (sender, receiver) = channel::unbounded();
    let log = Log::new();
    let busy = spawn(log.given_to(|log| log.say("others run")));
    let item = InDrop({
        let (sender, log) = (sender.clone(), log.clone());
        move || {
            log.say(format!("{} left", sender.len()));
            yield_now();
            let refused: Result<(), SendError<Box<dyn std::any::Any>>> = sender.send(Box::new(2));
            log.say(format!("refused: {}", refused.is_err()));
        }
    });
    let item: Box<dyn std::any::Any> = Box::new(item);
    sender.send(item).map_err(drop).unwrap();
    drop(receiver);
    log.check(["0 left", "others run", "refused: true"]);
    busy.join().unwrap();
}

#[test]
fn an_item_of_a_killed_receiver_is_delivered_once() {
    let (log, (sender, receiver)) = (Log::new(), channel::unbounded());
    let [first, second] = ["first", "second"].map(|name| {
        let (log, receiver) = (log.clone(), receiver.clone());
        begun(move || {
            let item = receiver.recv();
            log.say(format!("{name} {item:?}"));
            yield_now();
        })
        .0
    });
    sender.send(1).unwrap();
    first.kill_nowait();
    // It was called before it was killed: it has the item, and its kill comes at its next wait.
    joinall([&first]);
    log.check(["first Ok(1)"]);
    sender.send(2).unwrap();
    second.join().unwrap();
    log.check(["second Ok(2)"]);
    assert!(first.join().unwrap_err().is_killed());
}

#[test]
fn a_receiver_that_is_killed_first_leaves_the_line() {
    let (sender, receiver) = channel::unbounded();
    let (first, _) = receiving(&receiver);
    let (second, _) = receiving(&receiver);
    first.kill_nowait();
    sender.send(1).unwrap();
    assert_eq!(second.join().unwrap(), Ok(1));
    assert!(first.join().unwrap_err().is_killed());
}

#[test]
fn an_item_goes_on_when_its_receiver_is_thrown_at() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel::bounded(capacity);
        let (first, greenlet) = receiving(&receiver);
        let (second, _) = receiving(&receiver);
        let send = move || sender.try_send(1).unwrap();
        let thrower = throwing(send, greenlet);
        assert!(first.join().unwrap_err().is_panic());
        assert_eq!(second.join().unwrap(), Ok(1), "capacity {capacity}");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        thrower.kill();
    }
}

#[test]
fn an_item_goes_on_when_a_child_ends_its_receiver() {
    let (sender, receiver) = channel::unbounded();
    let child = Rc::new(RefCell::new(None));
    let (first, _) = begun({
        let (child, receiver) = (child.clone(), receiver.clone());
        move || {
            let greenlet: Greenlet<(), ()> = Greenlet::new(|()| panic!("the child's"));
            child.replace(Some(greenlet));
            receiver.recv()
        }
    });
    let (second, _) = receiving(&receiver);
    let child = child.take().unwrap();
    let ending = spawn(move || {
        sender.send(1).unwrap(); // to the first, which is called,
        child.try_switch(()).ok(); // and ended before it runs
    });
    assert!(first.join().unwrap_err().is_panic());
    assert_eq!(second.join().unwrap(), Ok(1));
    ending.kill();
}

#[test]
fn room_of_a_killed_or_thrown_at_sender_goes_to_the_next() {
    let (sender, receiver) = channel::bounded(1);
    sender.send(0).unwrap();
    let (killed, _) = sending(&sender, 1);
    let (thrown_at, greenlet) = sending(&sender, 2);
    let (last, _) = sending(&sender, 3);
    killed.kill();
    let take = {
        let receiver = receiver.clone();
        move || assert_eq!(receiver.recv(), Ok(0)) // the second is called
    };
    let thrower = throwing(take, greenlet);
    last.join().unwrap().unwrap();
    assert!(thrown_at.join().is_err());
    assert_eq!(receiver.recv(), Ok(3));
    assert_eq!(sender.try_send(4), Ok(()));
    thrower.kill();
}

#[test]
fn time_may_be_over_in_the_very_turn_in_which_the_item_comes() {
    pause_clock();
    let (sender, receiver) = channel::unbounded();
    let limit = millis(10);
    let sending = spawn(move || {
        for n in 0..4 {
            sleep(limit);
            sender.send(n).unwrap();
        }
        sender
    });
    // Both timers are due at once: either the item was there first, or it is there afterwards.
    let mut received = Vec::new();
    for _ in 0..8 {
        received.extend(receiver.recv_timeout(limit).ok());
        received.extend(
            with_timeout(limit, || receiver.recv())
                .ok()
                .map(Result::unwrap),
        );
    }
    received.extend(receiver.try_iter());
    assert_eq!(received, [0, 1, 2, 3]);
    drop(sending.join().unwrap());
}

#[test]
fn a_killed_producer_closes_its_end() {
    let (sender, receiver) = channel::bounded(1);
    let producer = spawn(move || {
        for n in 0.. {
            sender.send(n).unwrap();
        }
    });
    assert_eq!(receiver.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    producer.kill();
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [3]);
}

#[test]
fn an_end_may_be_dropped_where_there_is_no_hub() {
    let (sender, receiver) = channel::bounded(1);
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    thread_local! {
        static KEPT: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
    }
    std::thread::spawn(|| {
        let (sender, receiver) = channel::bounded(1);
        sender.try_send(1).unwrap();
        KEPT.with_borrow_mut(|kept| kept.extend([Box::new(sender) as _, Box::new(receiver) as _]));
        sleep(millis(1));
    })
    .join()
    .unwrap();
}

#[test]
fn a_destructor_may_use_a_channel_without_waiting() {
    let (sender, receiver) = channel::bounded(1);
    let sending = sender.clone();
    caught(move || {
        let _in_drop = InDrop(|| sending.send(1).unwrap());
        panic!("unwinds");
    });
    assert_eq!(receiver.recv(), Ok(1));
}

#[test]
fn a_send_that_would_wait_in_a_panic_aborts() {
    let name = "channel::ends::a_send_that_would_wait_in_a_panic_aborts";
    let ended = in_child(name, || {
        let (sender, _receiver) = channel::bounded(1);
        sender.send(1).unwrap();
        let _in_drop = InDrop(move || sender.send(2).unwrap());
        panic!("unwinds");
    });
    if let Some(ended) = ended {
        ended.check_abort(&["send at", "channel/ends.rs", "would have to wait"]);
    }
}

#[test]
fn nothing_is_left_behind_by_a_thousand_that_were_ended() {
    pause_clock();
    let census = Census::new();
    let (sender, receiver) = channel::bounded(1);
    sender.send(census.one()).map_err(drop).unwrap();
    let tasks: Vec<_> = (0..1000)
        .map(|n| {
            let (item, sender) = (census.one(), sender.clone());
            spawn(move || {
                let limit = if n % 2 == 0 { millis(n) } else { seconds(1000) };
                sender.send_timeout(item, limit).is_ok()
            })
        })
        .collect();
    sleep(millis(300));
    tasks.iter().step_by(3).for_each(|task| task.kill());
    sleep(millis(3000));
    drop(receiver);
    assert!(
        tasks
            .into_iter()
            .all(|task| !matches!(task.join(), Ok(true)))
    );
    drop(sender);
    census.check_all_dropped();
}
