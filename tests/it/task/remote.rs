//! Spawning on a hub from other threads: nothing is lost, and nobody sleeps through it.

use std::cell::Cell;
use std::io::Read;
use std::net::TcpStream as StdStream;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use greenhub::net::TcpListener;
use greenhub::{HubClosed, HubHandle, current, sleep, spawn, yield_now};

use crate::support::{Log, any_local_address, millis, panic_text, seconds, slowness, within};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[test]
fn a_body_from_another_thread_runs_as_a_task_on_the_hubs_thread() {
    let _watch = within(seconds(10));
    let hub = HubHandle::current().unwrap();
    let here = thread::current().id();
    let (say, heard) = mpsc::channel();
    let sender = thread::spawn(move || {
        hub.spawn(move || {
            let inner = spawn(|| Rc::new(7)); // what it makes of itself need not be Send
            let value = *inner.join().unwrap();
            say.send((
                thread::current().id() == here,
                value,
                current().name().is_none(),
            ))
            .unwrap();
        })
        .unwrap();
    });
    let answer = loop {
        match heard.try_recv() {
            Ok(answer) => break answer,
            Err(_) => sleep(Duration::from_micros(100)),
        }
    };
    assert_eq!(answer, (true, 7, true));
    sender.join().unwrap();
}

#[test]
fn mail_wakes_a_hub_that_sleeps_in_its_poller() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let hub = HubHandle::current().unwrap();
    let sender = thread::spawn(move || {
        // Long enough for the hub to have gone to sleep; it must work either way.
        thread::sleep(millis(20));
        let begun = Instant::now();
        let (say, heard) = mpsc::channel();
        hub.spawn(move || say.send(()).unwrap()).unwrap();
        heard.recv().unwrap();
        let latency = begun.elapsed();
        drop(StdStream::connect(address).unwrap());
        latency
    });
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let latency = sender.join().unwrap();
    println!("from another thread into a sleeping hub: {latency:?}");
    assert!(latency < seconds(1));
}

#[test]
fn forty_thousand_remote_bodies_run_in_sender_order() {
    let _watch = within(seconds(30));
    let hub = HubHandle::current().unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    thread_local! {
        static LAST: Cell<[i32; 4]> = const { Cell::new([-1; 4]) };
    }
    let senders = [0usize, 1, 2, 3].map(|who| {
        let (hub, dropped) = (hub.clone(), dropped.clone());
        thread::spawn(move || {
            for n in 0..10_000 {
                let counted = Counted(dropped.clone());
                hub.spawn(move || {
                    let _counted = counted;
                    let mut last = LAST.get();
                    assert_eq!(last[who], n - 1);
                    last[who] = n;
                    LAST.set(last);
                    COUNT.set(COUNT.get() + 1);
                })
                .unwrap();
            }
        })
    });
    let begun = Instant::now();
    while dropped.load(Ordering::Relaxed) < 40_000 {
        sleep(millis(1));
    }
    println!("40 000 bodies in {:?}", begun.elapsed());
    assert_eq!(COUNT.get(), 40_000);
    for sender in senders {
        sender.join().unwrap();
    }
}

#[test]
fn a_burst_larger_than_the_process_mappings_is_not_lost() {
    let _watch = within(seconds(30));
    let burst = 50_000 / slowness() as usize;
    let hub = HubHandle::current().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let sender = thread::spawn({
        let ran = ran.clone();
        move || {
            for _ in 0..burst {
                let ran = ran.clone();
                hub.spawn(move || {
                    ran.fetch_add(1, Ordering::Relaxed);
                })
                .unwrap();
            }
        }
    });
    // The hub does not look before all is there.
    sender.join().unwrap();
    sleep(millis(1));
    for _ in 0..burst {
        if ran.load(Ordering::Relaxed) == burst {
            break;
        }
        yield_now();
    }
    assert_eq!(ran.load(Ordering::Relaxed), burst);
}

#[test]
fn mail_that_comes_while_other_mail_is_taken_out_wakes_the_hub() {
    let _watch = within(seconds(30));
    let rounds = 10_000 / slowness() as usize;
    let hub = HubHandle::current().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let senders = [0, 1].map(|who| {
        let (hub, done) = (hub.clone(), done.clone());
        thread::spawn(move || {
            for round in 0..rounds {
                // The second comes about when the first has woken the hub.
                for _ in 0..who * (round * 7 % 1009) {
                    std::hint::spin_loop();
                }
                let count = done.clone();
                hub.spawn(move || {
                    count.fetch_add(1, Ordering::AcqRel);
                })
                .unwrap();
                // Both go on together, when both were served.
                while done.load(Ordering::Acquire) < 2 * (round + 1) {
                    thread::yield_now();
                }
            }
        })
    });
    drop(hub);
    // Asleep, but for mail; and that ends when both handles are gone.
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.contains("deadlock"), "{text}");
    assert_eq!(done.load(Ordering::Acquire), 2 * rounds);
    for sender in senders {
        sender.join().unwrap();
    }
}

#[test]
fn a_handle_outlives_its_hub_and_says_so() {
    let _watch = within(seconds(10));
    let hub = thread::spawn(|| {
        spawn(|| ()).join().unwrap();
        HubHandle::current().unwrap()
    })
    .join()
    .unwrap();
    let body = Arc::new(());
    let count = body.clone();
    let gone: HubClosed = hub.spawn(move || drop(body)).unwrap_err();
    assert_eq!(gone.to_string(), "the thread of that hub has ended");
    assert_eq!(Arc::strong_count(&count), 1, "dropped here");
    assert_eq!(hub.clone().spawn(|| ()), Err(gone));
}

#[test]
fn sending_to_an_ending_hub_neither_hangs_nor_crashes() {
    let _watch = within(seconds(20));
    let rounds = if slowness() > 1 { 5 } else { 50 };
    for _ in 0..rounds {
        let (say, heard) = mpsc::channel();
        let ran = Arc::new(AtomicUsize::new(0));
        let target = thread::spawn(move || {
            say.send(HubHandle::current().unwrap()).unwrap();
            for _ in 0..20 {
                yield_now();
            }
        });
        let hub = heard.recv().unwrap();
        let mut sent = 0;
        loop {
            let ran = ran.clone();
            match hub.spawn(move || {
                ran.fetch_add(1, Ordering::Relaxed);
            }) {
                // Not so fast that unread mail fills the memory of a slow machine.
                Ok(()) if sent > 20_000 => thread::sleep(millis(1)),
                Ok(()) => {}
                Err(HubClosed { .. }) => break,
            }
            sent += 1;
        }
        target.join().unwrap();
        assert!(ran.load(Ordering::Relaxed) <= sent);
    }
}

#[test]
fn a_live_handle_prevents_a_deadlock_report() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let hub = HubHandle::current().unwrap();
    let (say, heard) = mpsc::channel::<()>();
    let sender = thread::spawn(move || {
        heard.recv().unwrap();
        thread::sleep(millis(20));
        hub.spawn(|| COUNT.set(1)).unwrap();
    });
    let waiter = spawn({
        let log = log.clone();
        move || {
            say.send(()).unwrap();
            sleep(Duration::MAX);
            log.say("never");
        }
    });
    // First it waits; then the mail comes; then the last handle is gone, and nothing can come any more.
    let text = panic_text(|| waiter.join());
    assert!(text.contains("deadlock"), "{text}");
    assert_eq!(COUNT.get(), 1);
    sender.join().unwrap();
    log.check_line("");
}

#[test]
fn a_deadlock_is_noticed_when_the_last_handle_goes() {
    let _watch = within(seconds(10));
    for handles in [1, 2, 3] {
        let hub = HubHandle::current().unwrap();
        let stuck = spawn(|| sleep(Duration::MAX));
        let droppers: Vec<_> = (0..handles)
            .map(|_| {
                let hub = hub.clone();
                thread::spawn(move || {
                    thread::sleep(millis(20)); // the hub sleeps by now, or is about to
                    drop(hub);
                })
            })
            .collect();
        drop(hub);
        let text = panic_text(|| stuck.join());
        assert!(text.contains("deadlock"), "{text}");
        for dropper in droppers {
            dropper.join().unwrap();
        }
    }
}

#[test]
fn a_panic_in_a_body_from_another_thread_ends_only_that_body() {
    let _watch = within(seconds(10));
    let hub = HubHandle::current().unwrap();
    thread::spawn(move || {
        hub.spawn(|| panic!("in mail")).unwrap();
        hub.spawn(|| COUNT.set(5)).unwrap();
    })
    .join()
    .unwrap();
    while COUNT.get() != 5 {
        yield_now();
    }
}

#[test]
fn a_hub_may_send_to_itself() {
    let _watch = within(seconds(10));
    let hub = HubHandle::current().unwrap();
    let again = hub.clone();
    hub.spawn(move || {
        COUNT.set(COUNT.get() + 1);
        again.spawn(|| COUNT.set(COUNT.get() + 1)).unwrap();
    })
    .unwrap();
    while COUNT.get() != 2 {
        sleep(Duration::from_micros(1));
    }
}
