//! Cases of Go's own tests of its channels and its `select`, which crossbeam runs against its channels.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use greenhub::sync::channel::{self, Receiver, RecvError, Sender};
use greenhub::{Select, Task, joinall, select, spawn, yield_now};

#[test]
fn what_goes_through_four_channels_of_one_select_comes_out_once() {
    let ends: Vec<_> = (0..4).map(|_| channel::bounded(0)).collect();
    let (out, all) = channel::bounded(0);
    let (senders, receivers): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
    let sending = spawn(move || {
        for n in 0..2000 {
            select! {
                send(senders[0], n) -> sent => sent.unwrap(),
                send(senders[1], n) -> sent => sent.unwrap(),
                send(senders[2], n) -> sent => sent.unwrap(),
                send(senders[3], n) -> sent => sent.unwrap(),
            }
        }
    });
    for receiver in receivers {
        let out = out.clone();
        spawn(move || receiver.iter().for_each(|n| out.send(n).unwrap())).detach();
    }
    drop(out);
    let mut seen = BTreeSet::new();
    assert!(all.iter().all(|n| seen.insert(n)), "twice");
    assert!(seen.into_iter().eq(0..2000));
    sending.join().unwrap();
}

#[test]
fn a_chain_of_tasks_receives_in_the_order_of_its_links() {
    let (sender, receiver) = channel::bounded(0);
    let (start, mut before) = channel::bounded(0);
    for n in 0..10 {
        let (out, next) = channel::bounded(0);
        let receiver = receiver.clone();
        spawn(move || {
            before.recv().unwrap();
            assert_eq!(receiver.recv(), Ok(n));
            out.send(()).unwrap();
        })
        .detach();
        before = next;
    }
    start.send(()).unwrap();
    (0..10).for_each(|n| sender.send(n).unwrap());
    before.recv().unwrap();

    let (leftmost, last) = channel::bounded(0);
    let mut left: Sender<i32> = leftmost;
    for _ in 0..100 {
        let (right, on_right) = channel::bounded(0);
        spawn(move || left.send(on_right.recv().unwrap() + 1).unwrap()).detach();
        left = right;
    }
    spawn(move || left.send(1).unwrap()).detach();
    assert_eq!(last.recv(), Ok(101));
}

#[test]
fn a_default_lets_others_run_until_they_wait() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel::bounded(capacity);
        let (done, on_done) = channel::bounded(0);
        let poll = |receiver: &Receiver<i32>| {
            select! {
                recv(receiver) -> item => item.ok(),
                default => None,
            }
        };
        assert_eq!(poll(&receiver), None);
        let taking = spawn({
            let (receiver, done) = (receiver.clone(), done.clone());
            move || {
                assert_eq!(receiver.recv(), Ok(123));
                done.send(()).unwrap();
            }
        });
        let mut tries = 0;
        loop {
            select! {
                send(sender, 123) -> sent => break sent.unwrap(),
                default => tries += 1,
            }
            yield_now();
        }
        assert_eq!(
            tries,
            usize::from(capacity == 0),
            "it waits after its first turn"
        );
        on_done.recv().unwrap();
        let giving = spawn(move || {
            sender.send(234).unwrap();
            done.send(()).unwrap();
        });
        let mut tries = 0;
        let item = loop {
            match poll(&receiver) {
                Some(item) => break item,
                None => tries += 1,
            }
            yield_now();
        };
        assert_eq!((item, tries), (234, 1));
        on_done.recv().unwrap();
        joinall([taking.any(), giving.any()]);
    }
}

#[test]
fn an_item_is_made_for_the_arm_that_is_chosen_only() {
    let (made, shift) = (Cell::new(0), Cell::new(0));
    let make = || {
        made.set(made.get() + 1);
        1 << shift.get()
    };
    let (idle, _kept) = channel::bounded(0);
    let fill = |mut a: Option<&Sender<u32>>, mut b: Option<&Sender<u32>>| {
        let mut sent = 0;
        loop {
            select! {
                send(a.unwrap_or(&idle), make()) -> _ => a = None,
                send(b.unwrap_or(&idle), make()) -> _ => b = None,
                default => break sent,
            }
            sent += 1;
            shift.set(shift.get() + 1);
        }
    };
    let (first, one) = channel::bounded(1);
    let (second, two) = channel::bounded(1);
    assert_eq!(fill(Some(&first), Some(&second)), 2);
    assert_eq!(one.recv().unwrap() | two.recv().unwrap(), 3);
    assert_eq!(fill(Some(&first), None), 1);
    assert_eq!(made.get(), 3, "Go makes ten: all of them before it chooses");
}

#[test]
fn a_select_goes_past_an_arm_that_others_wait_for_too() {
    let (first, one) = channel::bounded(0);
    let (second, two) = channel::bounded(0);
    let (third, three) = channel::bounded(0);
    let plain = spawn({
        let one = one.clone();
        move || one.recv()
    });
    let selecting = spawn(move || {
        select! {
            recv(one) -> _ => unreachable!(),
            recv(two) -> _ => third.send(true).unwrap(),
        }
        one.recv()
    });
    spawn(move || second.send(true).unwrap()).detach();
    three.recv().unwrap();
    first.send(1).unwrap();
    first.send(2).unwrap();
    assert_eq!(plain.join().unwrap(), Ok(1));
    assert_eq!(selecting.join().unwrap(), Ok(2));
}

#[test]
fn one_two_and_a_plain_call_meet_whatever_the_other_side_is() {
    fn receive(kind: usize, receiver: &Receiver<i32>) -> Result<i32, RecvError> {
        let (_kept, other) = channel::bounded(1);
        match kind {
            0 => receiver.recv(),
            1 => select! { recv(receiver) -> item => item },
            _ => select! { recv(receiver) -> item => item, recv(other) -> item => item },
        }
    }
    fn send(kind: usize, sender: &Sender<i32>, full: &Sender<i32>) {
        match kind {
            0 => sender.send(1).unwrap(),
            1 => select! { send(sender, 1) -> sent => sent.unwrap() },
            _ => select! {
                send(sender, 1) -> sent => sent.unwrap(),
                send(full, 1) -> _ => unreachable!(),
            },
        }
    }
    for kinds in 0..9 {
        for capacity in [0, 1] {
            for receiver_first in [true, false] {
                let (sender, receiver) = channel::bounded(capacity);
                let (full, _kept) = channel::bounded(0);
                let receiving = |r: Receiver<i32>| spawn(move || receive(kinds % 3, &r));
                let sending = move || spawn(move || send(kinds / 3, &sender, &full));
                let (giving, taking) = if receiver_first {
                    let taking = receiving(receiver);
                    yield_now();
                    (sending(), taking)
                } else {
                    let giving = sending();
                    yield_now();
                    (giving, receiving(receiver))
                };
                assert_eq!(taking.join().unwrap(), Ok(1), "{kinds}");
                giving.join().unwrap();
            }
        }
    }
}

#[test]
fn primes_come_through_a_growing_chain() {
    let (primes, on_prime) = channel::bounded(1);
    let (numbers, mut from) = channel::bounded(1);
    let generating = spawn(move || (2..).try_for_each(|n| numbers.send(n)).unwrap_err());
    let sieving = spawn(move || {
        while let Ok(prime) = from.recv() {
            if primes.send(prime).is_err() {
                return;
            }
            let (out, next) = channel::bounded(1);
            let rest = from;
            spawn(move || {
                let mut others = rest.iter().filter(|n| n % prime != 0);
                let _ = others.try_for_each(|n| out.send(n));
            })
            .detach();
            from = next;
        }
    });
    let first: Vec<i32> = on_prime.iter().take(15).collect();
    assert_eq!(
        first,
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]
    );
    drop(on_prime);
    sieving.join().unwrap();
    generating.join().unwrap();
}

#[test]
fn channels_of_every_capacity_wait_refuse_and_end() {
    for capacity in (0..20).chain([100, 199]) {
        let (sender, receiver) = channel::bounded(capacity);
        let poll = || {
            select! {
                recv(receiver) -> _ => unreachable!(),
                default => {}
            }
        };
        let taking = [0; 2].map(|_| {
            let receiver = receiver.clone();
            spawn(move || receiver.recv())
        });
        yield_now();
        assert!(taking.iter().all(|task| !task.is_finished()));
        (0..2).for_each(|_| poll());
        [1, 2].into_iter().for_each(|n| sender.send(n).unwrap());
        assert_eq!(taking.map(|task| task.join().unwrap()), [Ok(1), Ok(2)]);

        (0..capacity).for_each(|_| sender.send(0).unwrap());
        let giving = spawn({
            let sender = sender.clone();
            move || sender.send(0)
        });
        yield_now();
        assert!(!giving.is_finished());
        select! {
            send(sender, 0) -> _ => unreachable!(),
            default => {}
        }
        (0..=capacity).for_each(|_| assert!(receiver.recv().is_ok()));
        giving.join().unwrap().unwrap();

        let waiting = spawn({
            let receiver = receiver.clone();
            move || (receiver.recv(), receiver.try_recv().is_err())
        });
        yield_now();
        drop(sender);
        assert_eq!(waiting.join().unwrap(), (Err(RecvError), true));
    }
}

#[test]
fn a_default_is_not_chosen_while_an_arm_is_always_ready() {
    for closes in [false, true] {
        let (done, on_done) = channel::bounded(1);
        for _ in 0..200 {
            let (first, one) = channel::bounded(1);
            let (second, two) = channel::bounded(1);
            first.send(1).unwrap();
            let task = spawn({
                let (one, done) = (one.clone(), done.clone());
                move || {
                    let found = select! {
                        recv(one) -> _ => true,
                        recv(two) -> _ => true,
                        default => false,
                    };
                    done.send(found).unwrap();
                }
            });
            match closes {
                true => drop(second),
                false => second.send(1).unwrap(),
            }
            select! {
                recv(one) -> _ => {}
                default => {}
            }
            assert_eq!(on_done.recv(), Ok(true));
            task.join().unwrap();
        }
    }
}

#[test]
fn two_that_select_both_ends_of_one_channel_never_get_their_own() {
    for capacity in [0, 10] {
        let (sender, receiver) = channel::bounded(capacity);
        let tasks = [0, 1].map(|own| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            spawn(move || {
                for n in 0..1000 {
                    let received = if own == 0 || n % 2 == 0 {
                        select! {
                            send(sender, own) -> _ => None,
                            recv(receiver) -> item => item.ok(),
                        }
                    } else {
                        select! {
                            recv(receiver) -> item => item.ok(),
                            send(sender, own) -> _ => None,
                        }
                    };
                    assert!(capacity > 0 || received != Some(own));
                }
            })
        });
        for task in tasks {
            task.join().unwrap();
        }
    }
}

#[test]
fn plain_calls_and_sets_of_operations_share_four_channels() {
    const COUNT: usize = 500;
    let (senders, receivers): (Vec<_>, Vec<_>) =
        [0, 0, 2, 3].map(channel::bounded).into_iter().unzip();
    let (senders, receivers) = (Rc::new(senders), Rc::new(receivers));
    let mut tasks: Vec<Task<()>> = Vec::new();
    for n in 0..4 {
        let (sender, receiver) = (senders[n].clone(), receivers[n].clone());
        tasks.push(spawn(move || {
            (0..COUNT).for_each(|_| sender.send(0).unwrap())
        }));
        tasks.push(spawn(move || {
            (0..COUNT).for_each(|_| assert!(receiver.recv().is_ok()))
        }));
    }
    tasks.push(spawn({
        let receivers = receivers.clone();
        move || {
            let mut left = [COUNT; 4];
            let mut set = Select::new();
            for one in receivers.iter() {
                set.recv(one);
            }
            for _ in 0..4 * COUNT {
                let operation = set.select();
                let index = operation.index();
                assert_eq!(operation.recv(&receivers[index]), Ok(0));
                left[index] -= 1;
                if left[index] == 0 {
                    set.remove(index);
                }
            }
        }
    }));
    tasks.push(spawn({
        let senders = senders.clone();
        move || {
            let mut left = [COUNT; 4];
            for _ in 0..4 * COUNT {
                let mut set = Select::new();
                let open: Vec<_> = (0..4).filter(|n| left[*n] > 0).collect();
                for n in open.iter() {
                    set.send(&senders[*n]);
                }
                let operation = set.select();
                let index = open[operation.index()];
                operation.send(&senders[index], 0).unwrap();
                left[index] -= 1;
            }
        }
    }));
    joinall(&tasks);
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert!(receivers.iter().all(|one| one.try_recv().is_err()));
}

#[test]
fn a_select_takes_alike_from_two_full_channels() {
    const COUNT: usize = 2000;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..2).map(|_| channel::unbounded()).unzip();
    for (n, sender) in senders.iter().enumerate() {
        (0..=COUNT).for_each(|_| sender.send(n).unwrap());
    }
    let (_idle, empty): (Vec<_>, Vec<_>) = (0..2).map(|_| channel::bounded(0)).unzip();
    let (out, on_out) = channel::bounded(0);
    let (done, is_done) = channel::bounded::<()>(0);
    let task = spawn(move || {
        loop {
            let item = select! {
                recv(empty[0]) -> item => item.unwrap(),
                recv(empty[1]) -> item => item.unwrap(),
                recv(receivers[0]) -> item => item.unwrap(),
                recv(receivers[1]) -> item => item.unwrap(),
            };
            select! {
                send(out, item) -> sent => sent.unwrap(),
                recv(is_done) -> _ => return,
            }
        }
    });
    let mut hits = [0; 2];
    (0..COUNT).for_each(|_| hits[on_out.recv().unwrap()] += 1);
    drop(done);
    task.join().unwrap();
    assert!(hits.iter().all(|hit| *hit > COUNT * 9 / 20), "{hits:?}");
}

#[test]
fn two_sending_arms_are_chosen_alike_at_every_capacity() {
    for capacity in (0..10).chain([99]) {
        let (sender, receiver) = channel::bounded(capacity);
        let taking = spawn(move || {
            let take = |_| {
                yield_now();
                receiver.recv().unwrap()
            };
            (0..100).map(take).sum::<i32>()
        });
        for _ in 0..100 {
            select! {
                send(sender, 1) -> sent => sent.unwrap(),
                send(sender, 0) -> sent => sent.unwrap(),
            }
        }
        let ones = taking.join().unwrap();
        assert!((10..90).contains(&ones), "{capacity}: {ones}");
    }
}

#[test]
fn twenty_workers_share_one_queue_of_work() {
    const KINDS: [usize; 10] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
    let (work, on_work) = channel::bounded(60);
    let (results, on_result) = channel::bounded(60);
    for n in 0..20 {
        let (on_work, results) = (on_work.clone(), results.clone());
        spawn(move || {
            for item in on_work {
                if KINDS[n % 10] == item {
                    yield_now();
                }
                results.send(item).unwrap();
            }
        })
        .detach();
    }
    drop(results);
    spawn(move || (0..5000).for_each(|n| work.send(KINDS[n % 10]).unwrap())).detach();
    drop(on_work);
    let (count, sum) = on_result
        .iter()
        .fold((0, 0), |(count, sum), item| (count + 1, sum + item));
    assert_eq!((count, sum), (5000, 500 * KINDS.iter().sum::<usize>()));
}

#[test]
fn items_may_be_of_a_type_that_is_known_at_run_time_only() {
    use std::any::Any;
    struct Own;
    let (sender, receiver) = channel::bounded::<Box<dyn Any>>(1);
    sender.send(Box::new(Own)).unwrap();
    select! {
        send(sender, Box::new(Own)) -> _ => unreachable!(),
        send(sender, Box::new(7)) -> _ => unreachable!(),
        default => {}
    }
    assert!(receiver.recv().unwrap().is::<Own>());
}

#[test]
fn ten_that_select_one_channel_take_each_item_once() {
    let (sender, receiver) = channel::bounded(2);
    let taken = Rc::new(RefCell::new(Vec::new()));
    let tasks: Vec<Task<()>> = (0..10)
        .map(|_| {
            let (receiver, taken) = (receiver.clone(), taken.clone());
            let task = spawn(move || {
                loop {
                    select! {
                        recv(receiver) -> item => match item {
                            Ok(item) => taken.borrow_mut().push(item),
                            Err(RecvError) => return,
                        },
                    }
                }
            });
            yield_now();
            task
        })
        .collect();
    (0..1000).for_each(|n| sender.send(n).unwrap());
    drop(sender);
    joinall(&tasks);
    let mut taken = taken.take();
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..1000));
}
