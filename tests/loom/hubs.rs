//! A hub with a mailbox, a park_state and a poller, as `src/hub/remote.rs` and `src/hub/turn.rs` put them together.

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::park_state::ParkState;
use crate::check;

/// What a hub shares with others.
struct Hub {
    mail: Mutex<Vec<u32>>,
    park_state: ParkState,
    poller: Poller,
}

/// The system's: a wake stays until a wait has seen it.
struct Poller {
    is_woken: Mutex<bool>,
    changed: Condvar,
}

impl Poller {
    fn wake(&self) {
        *self.is_woken.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut is_woken = self.is_woken.lock().unwrap();
        while !*is_woken {
            is_woken = self.changed.wait(is_woken).unwrap();
        }
        *is_woken = false;
    }
}

impl Hub {
    fn new() -> Arc<Hub> {
        Arc::new(Hub {
            mail: Mutex::new(Vec::new()),
            park_state: ParkState::new(),
            poller: Poller {
                is_woken: Mutex::new(false),
                changed: Condvar::new(),
            },
        })
    }

    fn send(&self, letter: u32) {
        self.mail.lock().unwrap().push(letter);
        if self.park_state.notify() {
            self.poller.wake();
        }
    }

    /// Turns of the hub, until it has so many letters.
    fn run_until(&self, count: usize) -> Vec<u32> {
        let mut read = Vec::new();
        loop {
            if self.park_state.take_notification() {
                read.append(&mut self.mail.lock().unwrap());
            }
            if read.len() == count {
                return read;
            }
            if !self.park_state.is_notified() && self.park_state.try_park() {
                self.poller.wait();
                self.park_state.unpark();
            }
        }
    }
}

#[test]
fn a_hub_that_falls_asleep_hears_two_who_ring() {
    check(|| {
        let hub = Hub::new();
        let senders = [1, 2].map(|letter| {
            let hub = hub.clone();
            thread::spawn(move || hub.send(letter))
        });
        let mut read = hub.run_until(2);
        read.sort_unstable();
        assert_eq!(read, [1, 2]);
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

#[test]
fn letters_of_one_sender_come_in_its_order_however_the_hub_sleeps() {
    loom::model(|| {
        let hub = Hub::new();
        let sender = thread::spawn({
            let hub = hub.clone();
            move || (1..=3).for_each(|letter| hub.send(letter))
        });
        assert_eq!(hub.run_until(3), [1, 2, 3]);
        sender.join().unwrap();
    });
}
