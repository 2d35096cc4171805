//! Channels between threads: the library's own monitor, queues and parkers. A thread that gives up is one whose sleep unwinds, as that
//! of a greenlet which is killed does, or whose time is over.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::check;
use crate::monitor::{Monitor, Park, WaitTicket, Parked, Wake};
use crate::flag::{Flag, WAITERS};
use crate::parker::Parker;
use crate::channel_state::{ChannelState, RECEIVERS, SENDERS, Sent};

impl Wake for Parker {
    fn wake(&self) {
        Parker::wake(self);
    }
}

/// How a wait ends.
#[derive(Clone, Copy, PartialEq)]
enum Temper {
    /// When it is woken.
    Patient,
    /// At once, as if its time were over.
    Hasty,
    /// At once, by unwinding.
    Killed,
}

impl Park for Temper {
    type Waker = Parker;
    type Parked = Sleeper;
    type Refusal = std::convert::Infallible;

    fn begin(&self, _: WaitTicket) -> Result<Sleeper, Self::Refusal> {
        Ok(Sleeper {
            parker: Parker::new(),
            temper: *self,
        })
    }
}

struct Sleeper {
    parker: Parker,
    temper: Temper,
}

impl Parked for Sleeper {
    type Waker = Parker;

    fn waker(&self) -> Parker {
        self.parker.clone()
    }

    fn sleep(&self) -> bool {
        match self.temper {
            Temper::Patient => {
                self.parker.park();
                true
            }
            Temper::Hasty => false,
            Temper::Killed => resume_unwind(Box::new("killed")),
        }
    }
}

type Channel = Arc<Monitor<ChannelState<u32, Parker>>>;

fn channel(capacity: usize) -> Channel {
    Arc::new(Monitor::new(ChannelState::new(capacity)))
}

fn send(channel: &Channel, value: u32) -> bool {
    let mut value = Some(value);
    let sent = channel.wait(SENDERS, &Temper::Patient, |s, rank| {
        s.send(&mut value, rank)
    });
    sent == Ok(Some(Sent::Done))
}

fn receive(channel: &Channel, temper: Temper) -> Option<u32> {
    let wait = || channel.wait(RECEIVERS, &temper, |s, _| s.receive());
    let received = catch_unwind(AssertUnwindSafe(wait)).ok()?;
    received.unwrap().flatten()
}

#[test]
fn one_item_reaches_one_who_waits() {
    loom::model(|| {
        let channel = channel(1);
        let receiver = thread::spawn({
            let channel = channel.clone();
            move || receive(&channel, Temper::Patient)
        });
        assert!(send(&channel, 7));
        assert_eq!(receiver.join().unwrap(), Some(7));
    });
}

#[test]
fn who_finds_no_room_goes_on_when_there_is_some() {
    check(|| {
        let channel = channel(1);
        let sender = thread::spawn({
            let channel = channel.clone();
            move || (1..=3).all(|value| send(&channel, value))
        });
        for value in 1..=3 {
            assert_eq!(receive(&channel, Temper::Patient), Some(value));
        }
        assert!(sender.join().unwrap());
    });
}

#[test]
fn two_who_wait_get_one_item_each() {
    check(|| {
        let channel = channel(2);
        let receivers = [(); 2].map(|()| {
            let channel = channel.clone();
            thread::spawn(move || receive(&channel, Temper::Patient))
        });
        assert!(send(&channel, 1) && send(&channel, 2));
        let [one, other] = receivers.map(|receiver| receiver.join().unwrap().unwrap());
        assert_eq!(one + other, 3);
    });
}

#[test]
fn what_one_was_called_for_who_gives_up_goes_to_the_next() {
    for temper in [Temper::Hasty, Temper::Killed] {
        check(move || {
            let channel = channel(2);
            let got = Arc::new(AtomicUsize::new(0));
            let impatient = thread::spawn({
                let (channel, got) = (channel.clone(), got.clone());
                move || {
                    if receive(&channel, temper).is_some() {
                        got.fetch_add(1, Ordering::Relaxed);
                        // Then there must be one for the patient, too.
                        assert!(send(&channel, 9));
                    }
                }
            });
            let patient = thread::spawn({
                let channel = channel.clone();
                move || receive(&channel, Temper::Patient)
            });
            assert!(send(&channel, 1));
            assert!(patient.join().unwrap().is_some());
            impatient.join().unwrap();
            assert_eq!(channel.with(|s| s.len()), 0);
        });
    }
}

#[test]
fn without_places_a_send_is_over_when_its_item_was_taken() {
    check(|| {
        let channel = channel(0);
        let taken = Arc::new(AtomicUsize::new(0));
        let receiver = thread::spawn({
            let (channel, taken) = (channel.clone(), taken.clone());
            move || {
                taken.store(1, Ordering::Relaxed);
                receive(&channel, Temper::Patient)
            }
        });
        assert!(send(&channel, 5));
        assert_eq!(taken.load(Ordering::Relaxed), 1);
        assert_eq!(receiver.join().unwrap(), Some(5));
    });
}

#[test]
fn the_last_sender_tells_all_who_wait() {
    check(|| {
        let channel = channel(1);
        let receivers = [(); 2].map(|()| {
            let channel = channel.clone();
            thread::spawn(move || receive(&channel, Temper::Patient))
        });
        channel.with(ChannelState::remove_sender);
        assert_eq!(receivers.map(|receiver| receiver.join().unwrap()), [None; 2]);
    });
}

#[test]
fn who_waits_for_an_event_goes_on_though_it_is_cleared_at_once() {
    check(|| {
        let event = Arc::new(Monitor::new(Flag::new()));
        let entered = Arc::new(AtomicUsize::new(0));
        let waiters = [(); 2].map(|()| {
            let (event, entered) = (event.clone(), entered.clone());
            thread::spawn(move || {
                let mut times = None;
                let found = event.wait(WAITERS, &Temper::Patient, |flag, _| {
                    let found = flag.look(&mut times);
                    entered.fetch_add(1, Ordering::AcqRel);
                    found
                });
                assert_eq!(found, Ok(Some(())));
            })
        });
        // A set before somebody's first look is none of its business, and then it waits for this one.
        event.with(Flag::set);
        if entered.load(Ordering::Acquire) >= 4 {
            event.with(Flag::clear);
        }
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}
