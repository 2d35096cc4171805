//! What it costs to go from one thread to another, in ns for one way there or one message: std's threads and channels
//! beside ours.
//!
//! Run: `cargo bench --bench wake_cross_thread`

mod measure;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use greenhub::sync::shared::{Event, Receiver, Sender, bounded, unbounded};
use greenhub::threadpool::ThreadPool;
use greenhub::{joinall, spawn};
use measure::report;

fn main() {
    report("std: ping-pong of two threads", "", 20_000, std_ping_pong);
    report("ping-pong of two threads, no hub", "", 20_000, |n| {
        ping_pong(n, false, false);
    });
    report("ping-pong of a thread and a hub", "", 20_000, |n| {
        ping_pong(n, false, true);
    });
    report("ping-pong of two hubs", "", 20_000, |n| {
        ping_pong(n, true, true);
    });
    report("the same on one hub, two tasks", "", 200_000, one_hub);
    report(
        "an event set by another thread, and back",
        "",
        20_000,
        events,
    );
    report(
        "std: one thread to another, 1024 places",
        "",
        400_000,
        |n| {
            let (sender, receiver) = mpsc::sync_channel(1024);
            let other = thread::spawn(move || (0..n).for_each(|m| sender.send(m).unwrap()));
            assert_eq!(receiver.iter().count() as u64, n);
            other.join().unwrap();
        },
    );
    report("one thread to another, 1024 places", "", 400_000, |n| {
        stream(n, false);
    });
    report("one thread to a task, 1024 places", "", 400_000, |n| {
        stream(n, true);
    });
    report("send and receive at once, one thread", "", 2_000_000, |n| {
        let (sender, receiver) = unbounded();
        for m in 0..n {
            sender.send(m).unwrap();
            assert_eq!(receiver.recv(), Ok(m));
        }
    });
    let pool = ThreadPool::builder().max_threads(1).build();
    report("offload, one job at a time", "", 20_000, |n| {
        let pool = &pool;
        for m in 0..n {
            assert_eq!(pool.offload(move || m), m);
        }
    });
    offload_many();
}

fn std_ping_pong(n: u64) {
    let (ping, pinged) = mpsc::sync_channel(1);
    let (pong, ponged) = mpsc::sync_channel(1);
    let other = thread::spawn(move || pinged.iter().for_each(|m: u64| pong.send(m).unwrap()));
    for m in 0..n / 2 {
        ping.send(m).unwrap();
        assert_eq!(ponged.recv(), Ok(m));
    }
    drop(ping);
    other.join().unwrap();
}

fn in_hub(with_hub: bool, body: impl FnOnce() + Send + 'static) {
    if with_hub {
        spawn(body).join().unwrap();
    } else {
        body();
    }
}

fn play(n: u64, ping: &Sender<u64>, ponged: &Receiver<u64>) {
    for m in 0..n / 2 {
        ping.send(m).unwrap();
        assert_eq!(ponged.recv(), Ok(m));
    }
}

fn ping_pong(n: u64, here: bool, there: bool) {
    let (ping, pinged) = bounded(1);
    let (pong, ponged) = bounded(1);
    let one = thread::spawn(move || {
        in_hub(there, move || {
            pinged.iter().for_each(|m| pong.send(m).unwrap());
        });
    });
    let other = thread::spawn(move || in_hub(here, move || play(n, &ping, &ponged)));
    other.join().unwrap();
    one.join().unwrap();
}

fn one_hub(n: u64) {
    let (ping, pinged) = bounded(1);
    let (pong, ponged) = bounded(1);
    let answers = spawn(move || pinged.iter().for_each(|m| pong.send(m).unwrap()));
    let asks = spawn(move || play(n, &ping, &ponged));
    joinall([answers.any(), asks.any()]);
}

fn events(n: u64) {
    let [ping, pong] = [(); 2].map(|()| Event::new());
    let other = thread::spawn({
        let (ping, pong) = (ping.clone(), pong.clone());
        move || {
            for _ in 0..n / 2 {
                ping.wait();
                ping.clear();
                pong.set();
            }
        }
    });
    spawn(move || {
        for _ in 0..n / 2 {
            ping.set();
            pong.wait();
            pong.clear();
        }
    })
    .join()
    .unwrap();
    other.join().unwrap();
}

fn stream(n: u64, to_hub: bool) {
    let (sender, receiver) = bounded(1024);
    let other = thread::spawn(move || (0..n).for_each(|m| sender.send(m).unwrap()));
    in_hub(to_hub, move || {
        assert_eq!(receiver.iter().count() as u64, n)
    });
    other.join().unwrap();
}

fn offload_many() {
    let pool = Arc::new(ThreadPool::builder().max_threads(1).build());
    report("offload, 100 tasks at a time", "", 20_000, |n| {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let pool = pool.clone();
                spawn(move || (0..n / 100).for_each(|_| pool.offload(|| ())))
            })
            .collect();
        joinall(&tasks);
    });
}
