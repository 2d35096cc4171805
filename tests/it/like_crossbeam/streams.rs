//! Many items through one channel, by one task or several, and iterators over what comes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use greenhub::sync::channel::{self, RecvError, TryRecvError};
use greenhub::{joinall, select, spawn, yield_now};

use crate::support::{millis, panic_text};

const CAPACITIES: [usize; 4] = [0, 1, 3, usize::MAX];

#[test]
fn one_task_sends_to_one_in_order() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded(capacity);
        let taking = spawn(move || {
            (0..2000).for_each(|n| assert_eq!(receiver.recv(), Ok(n)));
            assert_eq!(receiver.recv(), Err(RecvError));
        });
        (0..2000).for_each(|n| sender.send(n).unwrap());
        drop(sender);
        taking.join().unwrap();
    }
}

#[test]
fn each_item_of_four_senders_reaches_one_of_four_receivers() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::bounded(capacity);
        let seen = Rc::new([const { Cell::new(0) }; 500]);
        let taking = [0; 4].map(|_| {
            let (receiver, seen) = (receiver.clone(), seen.clone());
            spawn(move || {
                for _ in 0..500 {
                    let n: usize = receiver.recv().unwrap();
                    seen[n].set(seen[n].get() + 1);
                }
            })
        });
        let giving = [0; 4].map(|_| {
            let sender = sender.clone();
            spawn(move || (0..500).for_each(|n| sender.send(n).unwrap()))
        });
        joinall(&taking);
        joinall(&giving);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert!(seen.iter().all(|count| count.get() == 4));
    }
}

#[test]
fn a_thousand_channels_carry_one_item_each() {
    for capacity in CAPACITIES {
        for n in 0..500 {
            let (sender, receiver) = channel::bounded(capacity);
            let taking = spawn(move || receiver.recv());
            let giving = spawn(move || sender.send(n));
            assert_eq!(taking.join().unwrap(), Ok(n));
            assert_eq!(giving.join().unwrap(), Ok(()));
        }
    }
}

#[test]
fn what_is_asked_for_is_taken_as_it_comes() {
    for capacity in CAPACITIES {
        let (requests, on_request) = channel::bounded(capacity);
        let (answers, on_answer) = channel::bounded(capacity);
        let asking = spawn(move || {
            let mut sum = 0;
            loop {
                for answer in on_answer.try_iter() {
                    sum += answer;
                    if sum == 1000 {
                        return sum;
                    }
                }
                match capacity {
                    0 => drop(requests.try_send(())),
                    _ => requests.send(()).unwrap(),
                }
                // Where a send never waits, another task has its turn here only.
                yield_now();
            }
        });
        for () in &on_request {
            if answers.send(1).is_err() {
                break;
            }
        }
        drop((on_request, answers));
        assert_eq!(asking.join().unwrap(), 1000);
    }
}

#[test]
fn each_task_finds_an_item_after_it_has_sent_one() {
    for capacity in [4, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let tasks = [0; 4].map(|_| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            spawn(move || {
                for n in 0..500 {
                    sender.send(0).unwrap();
                    if n % 3 == 0 {
                        yield_now();
                    }
                    receiver.try_recv().unwrap();
                }
            })
        });
        for task in tasks {
            task.join().unwrap();
        }
    }
}

#[test]
fn a_receiver_loop_ends_with_its_last_sender_or_a_break() {
    for capacity in [1, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let (sums, on_sum) = channel::bounded(0);
        let adding = spawn(move || sums.send(receiver.iter().sum::<i32>()).unwrap());
        [3, 1, 2].into_iter().for_each(|n| sender.send(n).unwrap());
        drop(sender);
        assert_eq!(on_sum.recv(), Ok(6));
        adding.join().unwrap();

        let (sender, receiver) = channel::bounded(capacity);
        let adding = spawn(move || {
            let mut sum = 0;
            for n in &receiver {
                if sum >= 3 {
                    break;
                }
                sum += n;
            }
            sum
        });
        [2, 2, 2].into_iter().for_each(|n| sender.send(n).unwrap());
        let _ = sender.send(2);
        drop(sender);
        assert_eq!(adding.join().unwrap(), 4);
    }
}

#[test]
fn iterators_own_their_receiver_or_borrow_it() {
    let mut owning = {
        let (sender, receiver) = channel::unbounded();
        [1, 2].into_iter().for_each(|n| sender.send(n).unwrap());
        receiver.into_iter()
    };
    assert_eq!((owning.next(), owning.next()), (Some(1), Some(2)));
    assert_eq!((owning.next(), owning.next()), (None, None));
    let (sender, receiver) = channel::unbounded();
    [1, 2].into_iter().for_each(|n| sender.send(n).unwrap());
    drop(sender);
    let mut borrowing = (&receiver).into_iter();
    assert_eq!((borrowing.next(), borrowing.next()), (Some(1), Some(2)));
    assert_eq!((borrowing.next(), receiver.recv()), (None, Err(RecvError)));
}

#[test]
fn a_destructor_at_thread_end_uses_a_channel_without_waiting() {
    struct AtTheEnd(mpsc::Sender<String>);

    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let (sender, receiver) = channel::unbounded();
            sender.send(7).unwrap();
            assert_eq!(select! { recv(receiver) -> item => item }, Ok(7));
            let text = panic_text(|| {
                select! { recv(receiver) -> _ => unreachable!(), default(millis(1)) => {} }
            });
            self.0.send(text).unwrap();
        }
    }

    thread_local! {
        static KEPT: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    }

    let (text, on_text) = mpsc::channel();
    let thread = thread::spawn(move || {
        KEPT.with(|kept| kept.replace(Some(AtTheEnd(text))));
        let (sender, receiver) = channel::unbounded();
        spawn(move || sender.send(())).detach();
        receiver.recv().unwrap();
    });
    thread.join().unwrap();
    let text = on_text.recv().unwrap();
    assert!(
        text.starts_with("this thread's hub cannot be made"),
        "{text}"
    );
}
