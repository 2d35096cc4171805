//! What a select over channels costs, in ns, beside the same without it.
//!
//! Run: `cargo bench --bench select`

mod measure;

use greenhub::sync::channel;
use greenhub::{select, spawn};
use measure::report;

fn main() {
    report("recv of what is there", "", 1_000_000, |n| {
        let (sender, receiver) = channel::unbounded();
        for value in 0..n {
            sender.send(value).unwrap();
            assert_eq!(receiver.recv(), Ok(value));
        }
    });
    report("select of two, one is ready", "", 1_000_000, |n| {
        let (sender, receiver) = channel::unbounded();
        let (_other_sender, other) = channel::unbounded::<u64>();
        for value in 0..n {
            sender.send(value).unwrap();
            select! {
                recv(receiver) -> got => assert_eq!(got, Ok(value)),
                recv(other) -> _ => unreachable!(),
            }
        }
    });
    for both in [false, true] {
        let name = if both {
            "round trip, one waits in a select of two"
        } else {
            "round trip, without select"
        };
        report(name, "", 500_000, |n| round_trips(n, both));
    }
}

fn round_trips(n: u64, with_select: bool) {
    let (ask, asked) = channel::bounded(1);
    let (answer, answered) = channel::bounded(1);
    let (stop, stopped) = channel::bounded::<()>(1);
    let answering = spawn(move || {
        while let Ok(value) = asked.recv() {
            answer.send(value + 1).unwrap();
        }
    });
    let asking = spawn(move || {
        for value in 0..n {
            ask.send(value).unwrap();
            if with_select {
                select! {
                    recv(answered) -> got => assert_eq!(got, Ok(value + 1)),
                    recv(stopped) -> _ => unreachable!(),
                }
            } else {
                assert_eq!(answered.recv(), Ok(value + 1));
            }
        }
        drop(stop);
    });
    asking.join().unwrap();
    answering.join().unwrap();
}
