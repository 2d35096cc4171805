//! Channels between threads: tasks of several hubs and threads without a hub at either end.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use greenhub::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use greenhub::greenlet::no_switch;
use greenhub::sync::shared::{self, bounded, unbounded};
use greenhub::{hub, joinall, sleep, spawn, yield_now};

use crate::support::{Log, child, millis, open_descriptors, panic_text, seconds, within};

/// Counts how many of it were dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_thread_without_a_hub_sends_to_a_task_while_others_run() {
    let _watch = within(seconds(10));
    let (numbers, received) = bounded(1);
    let sender = thread::spawn(move || {
        for n in 0..100 {
            numbers.send(n).unwrap();
        }
        open_descriptors()
    });
    let turns = Rc::new(Cell::new(0));
    let others = spawn({
        let turns = turns.clone();
        move || loop {
            turns.set(turns.get() + 1);
            sleep(Duration::from_micros(10));
        }
    });
    let all = spawn(move || received.iter().collect::<Vec<i32>>());
    assert_eq!(all.join().unwrap(), (0..100).collect::<Vec<_>>());
    assert!(turns.get() > 0);
    others.kill();
    sender.join().unwrap();
}

#[test]
fn a_thread_that_waits_without_a_hub_gets_none() {
    let ended = child(
        "shared::channel::a_thread_that_waits_without_a_hub_gets_none",
        || {
            let before = open_descriptors();
            let (sender, receiver) = bounded(0);
            let other = thread::spawn(move || {
                for n in 0..3 {
                    sender.send(n).unwrap();
                }
                sender.send_timeout(9, millis(1)).unwrap_err();
                open_descriptors()
            });
            assert_eq!(receiver.recv_timeout(seconds(5)), Ok(0));
            assert_eq!(receiver.recv(), Ok(1));
            assert_eq!(receiver.recv(), Ok(2));
            // A hub would have a poller.
            assert_eq!(other.join().unwrap(), before);
            assert_eq!(receiver.recv(), Err(RecvError));
        },
    );
    ended.must_be_ok();
}

#[test]
fn two_hubs_play_ping_pong() {
    let _watch = within(seconds(30));
    const ROUNDS: u32 = 2_000;
    let (ping, pinged) = bounded(1);
    let (pong, ponged) = bounded(1);
    let other = thread::spawn(move || {
        spawn(move || {
            for n in &pinged {
                pong.send(n + 1).unwrap();
            }
        })
        .join()
        .unwrap();
    });
    let here = spawn(move || {
        let mut n = 0;
        for _ in 0..ROUNDS {
            ping.send(n).unwrap();
            n = ponged.recv().unwrap();
        }
        n
    });
    assert_eq!(here.join().unwrap(), ROUNDS);
    other.join().unwrap();
}

#[test]
fn who_sends_too_much_waits_and_keeps_its_place() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (sender, receiver) = bounded(1);
    let senders = ["a", "b", "c"].map(|name| {
        let (log, sender) = (log.clone(), sender.clone());
        spawn(move || {
            sender.send(name).unwrap();
            log.say(name);
        })
    });
    yield_now();
    log.check(["a"]);
    assert_eq!(sender.try_send("d"), Err(TrySendError::Full("d")));
    assert!(sender.is_full() && receiver.len() == 1 && sender.capacity() == Some(1));
    let three = [(); 3].map(|()| receiver.recv().unwrap());
    assert_eq!(three, ["a", "b", "c"]);
    joinall(&senders);
    log.check(["b", "c"]);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn receivers_get_what_is_left_and_then_the_end() {
    let _watch = within(seconds(10));
    let (sender, receiver) = unbounded();
    assert_eq!(sender.capacity(), None);
    let waiting = [(); 2].map(|()| {
        let receiver = receiver.clone();
        thread::spawn(move || (receiver.recv(), receiver.recv()))
    });
    let task = spawn({
        let receiver = receiver.clone();
        move || receiver.into_iter().count()
    });
    thread::sleep(millis(5));
    sender.send(1).unwrap();
    sender.clone().send(2).unwrap();
    drop(sender);
    let of_threads: usize = waiting
        .map(|thread| thread.join().unwrap())
        .iter()
        .map(|(first, second)| {
            assert!(second.is_err() || first.is_ok(), "nothing after the end");
            usize::from(first.is_ok()) + usize::from(second.is_ok())
        })
        .sum();
    assert_eq!(task.join().unwrap() + of_threads, 2);
    assert_eq!(receiver.recv(), Err(RecvError));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn senders_get_their_values_back_when_the_last_receiver_goes() {
    let _watch = within(seconds(10));
    let dropped = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = bounded(2);
    for _ in 0..2 {
        assert!(sender.send(Counted(dropped.clone())).is_ok());
    }
    let blocked = thread::spawn({
        let (sender, value) = (sender.clone(), Counted(dropped.clone()));
        move || sender.send(value).unwrap_err().into_inner()
    });
    let task = spawn({
        let (sender, value) = (sender.clone(), Counted(dropped.clone()));
        move || {
            sender
                .send(value)
                .is_err_and(|error| error.0.0.load(Ordering::Relaxed) == 2)
        }
    });
    yield_now();
    thread::sleep(millis(5));
    drop(receiver.clone());
    drop(receiver);
    assert_eq!(
        dropped.load(Ordering::Relaxed),
        2,
        "what lay in the channel"
    );
    assert!(task.join().unwrap());
    drop(blocked.join().unwrap());
    assert_eq!(dropped.load(Ordering::Relaxed), 4);
    let last = Counted(dropped.clone());
    assert!(matches!(
        sender.try_send(last),
        Err(TrySendError::Disconnected(_))
    ));
}

#[test]
fn deadlines_are_those_of_the_hubs_clock_or_of_the_system() {
    let _watch = within(seconds(10));
    let (sender, receiver) = bounded(1);
    sender.send(1).unwrap();
    let plain = thread::spawn({
        let sender = sender.clone();
        move || {
            let begun = Instant::now();
            let full = sender.send_timeout(2, millis(10));
            assert_eq!(full, Err(SendTimeoutError::Timeout(2)));
            let until = begun + millis(20);
            assert_eq!(
                sender.send_deadline(3, until),
                Err(SendTimeoutError::Timeout(3))
            );
            begun.elapsed()
        }
    });
    assert!(plain.join().unwrap() >= millis(20));
    assert_eq!(receiver.recv(), Ok(1));
    hub::pause_clock();
    let begun = hub::now();
    let hour = seconds(3600);
    assert_eq!(receiver.recv_timeout(hour), Err(RecvTimeoutError::Timeout));
    assert_eq!(hub::now() - begun, hour);
    let until = begun + hour * 2;
    assert_eq!(
        receiver.recv_deadline(until),
        Err(RecvTimeoutError::Timeout)
    );
    assert_eq!(hub::now() - begun, hour * 2);
    sender.send(4).unwrap();
    assert_eq!(receiver.recv_timeout(Duration::ZERO), Ok(4));
    drop(sender);
    assert_eq!(
        receiver.recv_timeout(hour),
        Err(RecvTimeoutError::Disconnected)
    );
}

#[test]
fn one_who_is_killed_while_it_waits_leaves_nothing_behind() {
    let _watch = within(seconds(10));
    let (sender, receiver) = bounded(1);
    let receive = || {
        let receiver = receiver.clone();
        spawn(move || receiver.recv().unwrap())
    };
    let (first, second) = (receive(), receive());
    yield_now();
    first.kill();
    sender.send(1).unwrap();
    assert_eq!(second.join().unwrap(), 1);
    assert!(first.join().unwrap_err().is_killed());

    sender.send(2).unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    let stuck = spawn({
        let (sender, last) = (sender.clone(), Counted(dropped.clone()));
        move || {
            let _last = last;
            sender.send(3).unwrap();
        }
    });
    yield_now();
    stuck.kill();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    assert_eq!(
        (receiver.recv(), receiver.try_recv()),
        (Ok(2), Err(TryRecvError::Empty))
    );
}

#[test]
fn one_who_was_called_before_its_kill_goes_on_with_its_item() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (sender, receiver) = bounded(1);
    let task = spawn({
        let log = log.clone();
        move || {
            log.say(format!("got {}", receiver.recv().unwrap()));
            yield_now();
            log.say("never");
        }
    });
    yield_now();
    sender.send(1).unwrap();
    task.kill_nowait();
    assert!(task.join().unwrap_err().is_killed());
    log.check(["got 1"]);
}

#[test]
fn an_item_for_a_receiver_timed_out_in_that_tick_comes_once() {
    let _watch = within(seconds(10));
    hub::pause_clock();
    let (sender, receiver) = unbounded();
    let tasks = [1, 1, 1].map(|limit| {
        let receiver = receiver.clone();
        spawn(move || receiver.recv_timeout(seconds(limit)).ok())
    });
    yield_now();
    sleep(seconds(1)); // all four are due at the same moment; this came last
    sender.send(7).unwrap();
    let got = tasks.map(|task| task.join().unwrap());
    let left = receiver.try_recv().ok();
    let all: Vec<i32> = got.into_iter().chain([left]).flatten().collect();
    assert_eq!(all, [7]);
}

#[test]
fn without_places_a_send_ends_when_somebody_has_taken_it() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (sender, receiver) = bounded(0);
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let sends = spawn({
        let (log, sender) = (log.clone(), sender.clone());
        move || {
            for n in 0..2 {
                sender.send(n).unwrap();
                log.say(format!("put {n}"));
            }
        }
    });
    yield_now();
    log.check([]);
    for n in 0..2 {
        assert_eq!(receiver.recv(), Ok(n));
        log.say(format!("got {n}"));
        yield_now();
    }
    log.check(["got 0", "put 0", "got 1", "put 1"]);
    sends.join().unwrap();

    let waits = spawn(move || receiver.recv());
    yield_now();
    assert_eq!(sender.try_send(5), Ok(()), "somebody waits for it");
    assert_eq!(sender.try_send(6), Err(TrySendError::Full(6)), "for one");
    assert_eq!(waits.join().unwrap(), Ok(5));
}

#[test]
fn a_value_without_a_place_goes_with_its_sender() {
    let _watch = within(seconds(10));
    hub::pause_clock();
    let dropped = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = bounded(0);
    let stuck = spawn({
        let (sender, value) = (sender.clone(), Counted(dropped.clone()));
        move || drop(sender.send(value))
    });
    yield_now();
    stuck.kill();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    let value = Counted(dropped.clone());
    let late = sender.send_timeout(value, seconds(1)).unwrap_err();
    assert!(late.is_timeout());
    assert!(receiver.try_recv().is_err(), "it is taken back");
    drop(late);
    let task = spawn({
        let value = Counted(dropped.clone());
        move || matches!(sender.send(value), Err(SendError(_)))
    });
    yield_now();
    drop(receiver);
    assert!(task.join().unwrap());
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn a_hub_whose_greenlet_waits_for_a_thread_is_in_no_deadlock() {
    let _watch = within(seconds(10));
    let (sender, receiver) = bounded(1);
    let thread = thread::spawn(move || {
        thread::sleep(millis(20));
        sender.send(1).unwrap();
        thread::sleep(millis(20));
        drop(sender);
    });
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.recv(), Err(RecvError));
    // Nobody waits for anything outside any more.
    let text = panic_text(|| spawn(|| sleep(Duration::MAX)).join());
    assert!(text.contains("deadlock"), "{text}");
    thread.join().unwrap();
}

#[test]
fn a_shutdown_says_who_waits_for_other_threads_and_where() {
    let _watch = within(seconds(10));
    hub::pause_clock();
    let (sender, receiver) = bounded::<()>(1);
    sender.send(()).unwrap();
    let tasks = [
        spawn({
            let receiver = receiver.clone();
            move || {
                receiver.recv().unwrap();
                let _ = greenhub::task::shield(|| receiver.recv());
            }
        }),
        spawn(move || sleep(seconds(1))),
    ];
    yield_now();
    let left = hub::shutdown(seconds(2)).unwrap_err();
    let lines: Vec<_> = left.tasks().collect();
    let ([line], file) = (lines.as_slice(), file!()) else {
        panic!("{lines:?}");
    };
    assert!(line.contains("an item from other threads at"), "{line}");
    assert!(line.contains(file), "{line}");
    drop(sender);
    joinall(&tasks);
}

#[test]
fn a_wake_for_a_task_whose_thread_ends_goes_to_the_next() {
    let _watch = within(seconds(20));
    for _ in 0..50 {
        let (sender, receiver) = bounded(4);
        let (go, wait) = mpsc::channel::<()>();
        let (say, ready) = mpsc::channel();
        let ends = thread::spawn({
            let receiver = receiver.clone();
            move || {
                // It waits first, and its hub never looks at its mail again.
                spawn(move || receiver.recv()).detach();
                yield_now();
                say.send(()).unwrap();
                wait.recv().unwrap();
            }
        });
        ready.recv().unwrap();
        let next = thread::spawn(move || receiver.recv());
        thread::sleep(Duration::from_micros(100));
        sender.send(7).unwrap();
        go.send(()).unwrap();
        ends.join().unwrap();
        assert_eq!(next.join().unwrap(), Ok(7));
    }
}

#[test]
fn a_sleeping_hub_wakes_promptly() {
    let _watch = within(seconds(10));
    let (sender, receiver) = bounded::<Instant>(1);
    let thread = thread::spawn(move || {
        for _ in 0..20 {
            thread::sleep(millis(2)); // the hub sleeps by now
            sender.send(Instant::now()).unwrap();
        }
    });
    let mut latencies: Vec<_> = receiver.iter().map(|sent| sent.elapsed()).collect();
    thread.join().unwrap();
    latencies.sort();
    println!(
        "from another thread into a sleeping hub: {:?}",
        latencies[10]
    );
    assert!(latencies[10] < millis(100));
}

#[test]
fn what_need_not_wait_works_in_a_destructor_during_a_panic() {
    let _watch = within(seconds(10));
    let (sender, receiver) = shared::bounded(1);
    struct SendAtDrop(shared::Sender<i32>);
    impl Drop for SendAtDrop {
        fn drop(&mut self) {
            self.0.send(1).unwrap();
        }
    }
    let text = panic_text(|| {
        let _send = SendAtDrop(sender);
        panic!("on purpose");
    });
    assert_eq!(text, "on purpose");
    assert_eq!(receiver.recv(), Ok(1));
}

#[test]
fn a_receiver_that_never_waits_lets_others_run() {
    let _watch = within(seconds(10));
    let (sender, receiver) = unbounded();
    for n in 0..5_000 {
        sender.send(n).unwrap();
    }
    let seen = Rc::new(Cell::new(0));
    let counts = spawn({
        let seen = seen.clone();
        move || {
            for n in receiver {
                seen.set(n);
            }
        }
    });
    let mut before_the_end = 0;
    while seen.get() < 4_999 {
        before_the_end += 1;
        yield_now();
    }
    assert!(before_the_end > 5, "{before_the_end} turns");
    drop(sender);
    counts.join().unwrap();
}

#[test]
fn a_refused_receive_leaves_nothing_behind() {
    let _watch = within(seconds(10));
    let (sender, receiver) = bounded(1);
    spawn(|| ()).join().unwrap(); // there is a hub now
    let text = panic_text(|| no_switch(|| receiver.recv()));
    assert!(text.contains("recv at"), "{text}");
    assert!(text.contains(file!()), "{text}");
    sender.send(1).unwrap();
    assert_eq!(no_switch(|| receiver.recv()), Ok(1), "it need not wait");
    sender.send(2).unwrap();
    let text = panic_text(|| no_switch(|| sender.send(3)));
    assert!(text.contains("send at"), "{text}");
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_receive_that_would_wait_in_a_panic_aborts() {
    let ended = child(
        "shared::channel::a_receive_that_would_wait_in_a_panic_aborts",
        || {
            struct ReceiveAtDrop(shared::Receiver<i32>);
            impl Drop for ReceiveAtDrop {
                fn drop(&mut self) {
                    let _ = self.0.recv();
                }
            }
            let (_sender, receiver) = bounded(1);
            spawn(move || {
                let _receive = ReceiveAtDrop(receiver);
                panic!("on purpose");
            })
            .wait();
        },
    );
    ended.check_abort(&[
        "recv at tests/it/shared/channel.rs",
        "while a panic unwinds",
    ]);
}

#[test]
fn a_hub_without_a_wake_descriptor_reports_and_continues() {
    let ended = child(
        "shared::channel::a_hub_without_a_wake_descriptor_reports_and_continues",
        || {
            spawn(|| ()).join().unwrap();
            let (sender, receiver) = bounded(1);
            let (soft, hard) = rlimit::Resource::NOFILE.get().unwrap();
            rlimit::Resource::NOFILE.set(3, hard).unwrap();
            let text = panic_text(|| receiver.recv());
            assert!(text.contains("no descriptor for that"), "{text}");
            sender.send(1).unwrap();
            assert_eq!(receiver.recv(), Ok(1), "no wait, no descriptor");
            rlimit::Resource::NOFILE.set(soft, hard).unwrap();
            let late = spawn(move || receiver.recv());
            yield_now();
            sender.send(2).unwrap();
            assert_eq!(late.join().unwrap(), Ok(2));
        },
    );
    ended.must_be_ok();
}
