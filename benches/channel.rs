//! What it costs to hand items over in channels, in ns for an item there and one back.
//!
//! Run: `cargo bench --bench channel`

mod measure;

use greenhub::spawn;
use greenhub::sync::channel::{self, Receiver, Sender};
use measure::report;

type Pair = (Sender<u64>, Receiver<u64>);

fn main() {
    round_trips("round trip, capacity 1", "target 30 ns", || {
        channel::bounded(1)
    });
    round_trips("round trip, unbounded", "", channel::unbounded);
    round_trips("round trip, rendezvous", "", channel::rendezvous);
    streams("an item of a stream, capacity 1", || channel::bounded(1));
    streams("an item of a stream, capacity 100", || {
        channel::bounded(100)
    });
    streams("an item of a stream, unbounded", channel::unbounded);
    streams("an item of a stream, rendezvous", channel::rendezvous);
    report("try_send and try_recv", "", 2_000_000, |n| {
        let (sender, receiver) = channel::bounded(1);
        for value in 0..n {
            assert_eq!(sender.try_send(value), Ok(()));
            assert_eq!(receiver.try_recv(), Ok(value));
        }
    });
}

/// Two tasks, a channel each way: one asks, the other answers.
fn round_trips(name: &str, target: &str, channel: impl Fn() -> Pair) {
    report(name, target, 500_000, |n| {
        let (ask, asked) = channel();
        let (answer, answered) = channel();
        let answering = spawn(move || {
            while let Ok(value) = asked.recv() {
                answer.send(value + 1).unwrap();
            }
        });
        let asking = spawn(move || {
            for value in 0..n {
                ask.send(value).unwrap();
                assert_eq!(answered.recv(), Ok(value + 1));
            }
        });
        asking.join().unwrap();
        answering.join().unwrap();
    });
}

/// One task sends all, the other receives all.
fn streams(name: &str, channel: impl Fn() -> Pair) {
    report(name, "", 1_000_000, |n| {
        let (sender, receiver) = channel();
        let sending = spawn(move || (0..n).for_each(|value| sender.send(value).unwrap()));
        let receiving = spawn(move || receiver.iter().sum::<u64>());
        sending.join().unwrap();
        assert_eq!(receiving.join().unwrap(), n * (n - 1) / 2);
    });
}
