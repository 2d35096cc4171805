//! Looks, polls and selects that once waited for ever, were served by turns, or took what was not there.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use greenhub::greenlet::no_switch;
use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{self, RecvError, TryRecvError, TrySendError};
use greenhub::sync::{Event, Queue, Semaphore};
use greenhub::{
    Task, Timer, Waitable, iwait, joinall, select, sleep, spawn, wait_any, with_timeout, yield_now,
};

use crate::support::{Census, InDrop, Log, caught, millis, seconds, within};

#[test]
fn one_of_many_lookers_takes_what_comes() {
    let _watch = within(seconds(10));
    let (sender, receiver) = channel::unbounded();
    let (queue, semaphore) = (Rc::new(Queue::new()), Rc::new(Semaphore::new(0)));
    type Take = Box<dyn Fn() -> bool>;
    let bring: [Box<dyn Fn()>; 3] = [
        Box::new(move || sender.send(7).unwrap()),
        Box::new({
            let queue = queue.clone();
            move || queue.push(7).unwrap()
        }),
        Box::new({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(1)
        }),
    ];
    let takes = || -> [(Rc<dyn Waitable>, Take); 3] {
        let (items, jobs, permits) = (receiver.clone(), queue.clone(), semaphore.clone());
        [
            (
                Rc::new(receiver.clone()),
                Box::new(move || items.try_recv().is_ok()),
            ),
            (queue.clone(), Box::new(move || jobs.try_pop().is_ok())),
            (
                semaphore.clone(),
                Box::new(move || {
                    permits
                        .try_acquire()
                        .map(|permit| permit.forget())
                        .is_some()
                }),
            ),
        ]
    };
    for (index, bring) in bring.iter().enumerate() {
        let looks = Rc::new(Cell::new(0));
        let tasks: Vec<Task<()>> = (0..5)
            .map(|_| {
                let (looks, takes) = (looks.clone(), takes());
                spawn(move || {
                    let (thing, take) = &takes[index];
                    loop {
                        wait_any(&[&**thing]);
                        looks.set(looks.get() + 1);
                        if take() {
                            break;
                        }
                    }
                })
            })
            .collect();
        yield_now();
        for taken in 1..=5 {
            bring();
            yield_now();
            let finished = tasks.iter().filter(|task| task.is_finished()).count();
            assert_eq!(finished, taken);
        }
        assert_eq!(looks.get(), 5, "each looks when there is something");
    }
}

#[test]
fn lookers_of_several_things_take_all_of_them() {
    let _watch = within(seconds(10));
    let (left, on_left) = channel::unbounded();
    let (right, on_right) = channel::rendezvous();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (on_left, on_right) = (on_left.clone(), on_right.clone());
            spawn(move || {
                loop {
                    let got = match wait_any(&[&on_left, &on_right]) {
                        0 => on_left.try_recv(),
                        _ => on_right.try_recv(),
                    };
                    if let Ok(item) = got {
                        break item;
                    }
                }
            })
        })
        .collect();
    yield_now();
    (0..2).for_each(|n| left.send(n).unwrap());
    let sending = spawn(move || (2..4).for_each(|n| right.send(n).unwrap()));
    let mut got: Vec<i32> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 3]);
    sending.join().unwrap();
}

#[test]
fn a_select_that_waits_meets_two_that_poll() {
    let _watch = within(seconds(10));
    for _ in 0..100 {
        let ((to_one, one), (to_two, two)) = (channel::rendezvous(), channel::rendezvous());
        let over = Rc::new(Cell::new(false));
        let polls_one = spawn({
            let over = over.clone();
            move || {
                while !over.get() && to_one.try_send(1).is_err() {
                    yield_now();
                }
            }
        });
        let polls_two = spawn({
            let over = over.clone();
            move || {
                while !over.get() && two.try_recv().is_err() {
                    yield_now();
                }
            }
        });
        let begun = now();
        select! {
            recv(one) -> item => assert_eq!(item, Ok(1)),
            send(to_two, 2) -> sent => sent.unwrap(),
            default(seconds(1)) => panic!("neither was met in a second"),
        }
        assert!(now() - begun < seconds(1));
        over.set(true);
        joinall([&polls_one, &polls_two]);
    }
}

#[test]
fn a_default_waits_for_no_looker_and_no_slow_item() {
    pause_clock();
    let (sender, receiver) = channel::rendezvous();
    let looking = spawn({
        let receiver = receiver.clone();
        move || wait_any(&[&Timer::start(millis(5)), &receiver])
    });
    yield_now();
    let got = select! { send(sender, 1) -> _ => "sent", default => "default" };
    assert_eq!((got, looking.join().unwrap()), ("default", 0));

    let receiving = spawn({
        let receiver = receiver.clone();
        move || receiver.recv_timeout(millis(20))
    });
    yield_now();
    let begun = now();
    let got = select! {
        send(sender, { sleep(millis(50)); 1 }) -> sent => sent.map(|()| "sent"),
        default => Ok("default"),
    };
    // They were matched before the receiver's time was over.
    assert_eq!((got, receiving.join().unwrap()), (Ok("sent"), Ok(1)));
    assert_eq!(now() - begun, millis(50));
    let late = select! { send(sender, 1) -> _ => false, default(millis(7)) => true };
    assert!(late);
    assert_eq!(now() - begun, millis(57));
}

#[test]
fn a_looker_is_no_receiver() {
    let (census, (sender, receiver)) = (Census::new(), channel::rendezvous());
    let looking = spawn({
        let receiver = receiver.clone();
        move || {
            wait_any(&[&receiver]);
            receiver.try_recv().is_ok()
        }
    });
    yield_now();
    assert!(matches!(
        sender.try_send(census.one()),
        Err(TrySendError::Full(_))
    ));
    assert_eq!(census.dropped(), 1, "it came back, and was dropped here");
    sender.send(census.one()).unwrap();
    assert!(looking.join().unwrap());
    census.check_all_dropped();
}

#[test]
fn a_select_that_was_looked_at_hears_its_other_arms() {
    let (sender, receiver) = channel::rendezvous();
    let (other, on_other) = channel::unbounded();
    let selecting = spawn(move || {
        select! {
            send(sender, 1) -> _ => "sent",
            recv(on_other) -> _ => "heard",
        }
    });
    yield_now();
    assert_eq!(wait_any(&[&receiver]), 0);
    yield_now();
    other.send(()).unwrap();
    assert_eq!(selecting.join().unwrap(), "heard");
}

#[test]
fn an_item_that_is_made_slowly_holds_up_its_own_receiver_alone() {
    pause_clock();
    for (room, receives, left) in [
        (0, false, vec![]),
        (10, false, vec![0, 1, 2]),
        (10, true, vec![1, 2]),
    ] {
        let (log, (sender, receiver)) = (Log::new(), channel::bounded(room));
        if room == 0 {
            for _ in 0..2 {
                let receiver = receiver.clone();
                spawn(move || receiver.recv()).detach();
            }
        } else {
            sender.send(0).unwrap();
        }
        yield_now();
        let slow = spawn({
            let (log, sender) = (log.clone(), sender.clone());
            move || {
                select! { send(sender, { sleep(millis(300)); 1 }) -> sent => sent.unwrap() }
                log.say("slow");
            }
        });
        yield_now();
        let begun = now();
        sender.send(2).unwrap();
        assert_eq!(now(), begun);
        log.say("quick");
        if receives {
            assert_eq!(receiver.recv(), Ok(0));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
        slow.join().unwrap();
        log.check(["quick", "slow"]);
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), left);
    }
}

#[test]
#[expect(
    unreachable_code,
    clippy::diverging_sub_expression,
    clippy::never_loop,
    reason = "the items never come"
)]
fn a_receiver_is_in_its_old_place_when_its_item_does_not_come() {
    let (log, (sender, receiver)) = (Log::new(), channel::rendezvous());
    let receivers = ["a", "b"].map(|name| {
        let (log, receiver) = (log.clone(), receiver.clone());
        spawn(move || log.say(format!("{name} {:?}", receiver.recv())))
    });
    yield_now();
    caught(|| select! { send(sender, panic!("no item")) -> _ => {} });
    for _ in 0..1 {
        select! { send(sender, break) -> _ => {} }
    }
    let killed = spawn({
        let sender = sender.clone();
        move || select! { send(sender, { sleep(seconds(9)); 0 }) -> _ => {} }
    });
    yield_now();
    killed.kill();
    // Nothing has run since: both receivers are undecided, in their places.
    assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Ok(())));
    joinall(&receivers);
    log.check(["a Ok(1)", "b Ok(2)"]);
}

#[test]
fn an_item_that_fails_leaves_its_receiver_to_the_next_sender() {
    let (sender, receiver) = channel::rendezvous();
    let receiving = spawn(move || receiver.recv());
    yield_now();
    let slow = spawn({
        let sender = sender.clone();
        move || select! { send(sender, { sleep(seconds(9)); 1 }) -> _ => {} }
    });
    yield_now();
    let waiting = spawn(move || sender.send(2));
    yield_now();
    slow.kill();
    assert_eq!(receiving.join().unwrap(), Ok(2));
    waiting.join().unwrap().unwrap();
}

#[test]
fn arms_of_one_channel_are_chosen_among_after_a_wait() {
    let (sender, receiver) = channel::unbounded();
    let hits = spawn(move || {
        let mut hits = [0; 3];
        for _ in 0..3000 {
            select! {
                recv(receiver) -> _ => hits[0] += 1,
                recv(receiver) -> _ => hits[1] += 1,
                recv(receiver) -> _ => hits[2] += 1,
            }
        }
        hits
    });
    for _ in 0..3000 {
        sender.send(()).unwrap();
        yield_now();
    }
    let hits = hits.join().unwrap();
    assert!(hits.iter().all(|hit| (900..1100).contains(hit)), "{hits:?}");
}

#[test]
fn a_poll_meets_a_select_that_waits_to_send() {
    let (sender, receiver) = channel::rendezvous();
    let sending = spawn({
        let sender = sender.clone();
        move || {
            for n in 0..3 {
                select! { send(sender, n) -> sent => sent.unwrap() }
            }
        }
    });
    yield_now();
    assert_eq!(receiver.try_recv(), Ok(0));
    yield_now();
    let polled = select! { recv(receiver) -> item => item, default => Err(RecvError) };
    assert_eq!(polled, Ok(1));
    yield_now();
    assert_eq!(no_switch(|| receiver.try_recv()), Err(TryRecvError::Empty));
    let in_panic = Rc::new(Cell::new(None));
    caught(|| {
        let _polls = InDrop(|| in_panic.set(Some(receiver.try_recv())));
        panic!("the only one");
    });
    assert_eq!(in_panic.get(), Some(Err(TryRecvError::Empty)));
    assert_eq!(receiver.try_recv(), Ok(2));
    sending.join().unwrap();
}

#[test]
fn what_comes_before_the_thread_has_a_hub_is_not_lost() {
    let came = thread::spawn(|| {
        let event = Event::new();
        let mut waiting = iwait([&event]);
        event.set();
        waiting.next().is_some()
    });
    assert!(came.join().unwrap());
    let came = thread::spawn(|| {
        let (sender, receiver) = channel::unbounded();
        let mut waiting = iwait([&receiver]);
        sender.send(1).unwrap();
        waiting.next().is_some()
    });
    assert!(came.join().unwrap());
    let came = thread::spawn(|| {
        let semaphore = Semaphore::new(0);
        let mut waiting = iwait([&semaphore]);
        semaphore.add_permits(1);
        waiting.next().is_some()
    });
    assert!(came.join().unwrap());
}

#[test]
fn a_thing_that_is_gone_is_not_given_by_iwait() {
    pause_clock();
    let (sender, receiver) = channel::unbounded();
    let mut waiting = iwait([&receiver]).timeout(millis(5));
    sender.send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(waiting.next().is_none());
    let mut waiting = iwait([&receiver]);
    sender.send(2).unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
    sender.send(3).unwrap();
    assert_eq!(
        waiting.next().map(|receiver| receiver.try_recv()),
        Some(Ok(3))
    );
}

#[test]
fn a_channel_drops_all_items_when_one_panics() {
    let census = Census::new();
    let item = |panics: bool| {
        let counted = census.one();
        InDrop(move || {
            let _ = &counted;
            assert!(!panics, "of an item");
        })
    };
    for panicking in 1..3 {
        let payload = caught(|| {
            let (sender, receiver) = channel::bounded(5);
            for n in 0..5 {
                assert!(sender.send(item(n % 2 == 0 && n / 2 < panicking)).is_ok());
            }
            drop((sender, receiver));
        });
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"of an item"));
    }
    census.check_all_dropped();
}

#[test]
fn with_timeout_ends_a_bound_receiver() {
    pause_clock();
    let (sender, receiver) = channel::rendezvous();
    let other = receiver.clone();
    let receiving = spawn(move || with_timeout(millis(10), || receiver.recv()).is_err());
    yield_now();
    let sending = spawn(move || select! { send(sender, { sleep(millis(50)); 1 }) -> sent => sent });
    assert!(receiving.join().unwrap());
    assert_eq!(sending.join().unwrap(), Ok(()));
    assert_eq!(other.recv(), Ok(1), "its item waits for the next");
}

mod a_module_of_that_name {
    use greenhub::select;

    mod select {
        pub(super) const THREE: i32 = 3;
    }

    #[test]
    fn may_stand_beside_the_macro() {
        let (sender, receiver) = greenhub::sync::channel::unbounded();
        sender.send(select::THREE).unwrap();
        assert_eq!(select! { recv(receiver) -> n => n }, Ok(3));
    }
}
