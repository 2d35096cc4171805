//! How long a greenlet may go on with calls that need not wait before others run: in calls, in bytes, and in time.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::{Duration, Instant};

use greenhub::hub::pause_clock;
use greenhub::net::TcpStream;
use greenhub::sync::Queue;
use greenhub::{Task, joinall, spawn};

use crate::support::{Log, bytes, millis, pair_with_std, seconds, within};

/// A stream that has so many bytes to read already.
fn filled(count: usize) -> TcpStream {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(&bytes(count)).unwrap();
    theirs.shutdown(Shutdown::Write).unwrap();
    ours
}

/// Reads `rounds` times as much as fits `N` bytes, and counts the bytes.
fn reader<const N: usize>(rounds: usize, read: &Rc<Cell<usize>>) -> Task<()> {
    let mut stream = filled(N * rounds);
    let read = read.clone();
    spawn(move || {
        for _ in 0..rounds {
            stream.read_exact(&mut [0; N]).unwrap();
            read.set(read.get() + N);
        }
    })
}

#[test]
fn a_reader_of_lines_does_not_flood_the_queue_of_an_idle_consumer() {
    let _watch = within(seconds(30));
    let (stream, mut theirs) = pair_with_std();
    let line = format!("{}\n", "x".repeat(79));
    let lines = 20_000;
    let writer = std::thread::spawn(move || theirs.write_all(line.repeat(lines).as_bytes()));
    // All of it is on its way, so that the reader seldom waits.
    std::thread::sleep(millis(20));
    let queue = Rc::new(Queue::bounded(1024));
    let consumer = spawn({
        let queue = queue.clone();
        move || std::iter::from_fn(|| queue.pop().ok()).count()
    });
    let mut refused = 0;
    for line in BufReader::new(stream).lines() {
        refused += usize::from(queue.try_push(line.unwrap()).is_err());
    }
    queue.shutdown();
    assert_eq!((refused, consumer.join().unwrap()), (0, lines));
    writer.join().unwrap().unwrap();
}

#[test]
fn a_reader_spends_nothing_of_what_the_next_one_may() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let readers = ["first", "second", "third"].map(|name| {
        let (mut stream, log) = (filled(120), log.clone());
        spawn(move || {
            for _ in 0..120 {
                stream.read_exact(&mut [0]).unwrap();
            }
            log.say(name);
        })
    });
    let other = spawn({
        let log = log.clone();
        move || log.say("other")
    });
    joinall(&readers);
    other.join().unwrap();
    log.check(["first", "second", "third", "other"]);
}

#[test]
fn others_run_after_so_many_calls_or_bytes() {
    let _watch = within(seconds(10));
    pause_clock();
    type Start = fn(&Rc<Cell<usize>>) -> Task<()>;
    let cases: [(Start, usize); 3] = [
        (|read| reader::<1>(500, read), 128),
        (|read| reader::<8192>(20, read), 64 * 1024),
        (|read| reader::<100_000>(3, read), 100_000),
    ];
    for (start, most) in cases {
        let read = Rc::new(Cell::new(0));
        let busy = start(&read);
        let seen = spawn({
            let read = read.clone();
            move || read.get()
        });
        assert_eq!(seen.join().unwrap(), most);
        busy.join().unwrap();
    }
}

#[test]
fn others_run_when_a_reader_that_computes_has_had_its_time() {
    let _watch = within(seconds(10));
    let mut stream = filled(100);
    let read = Rc::new(Cell::new(0));
    let busy = spawn({
        let read = read.clone();
        move || {
            for _ in 0..100 {
                stream.read_exact(&mut [0]).unwrap();
                read.set(read.get() + 1);
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_micros(500) {}
            }
        }
    });
    let seen = spawn({
        let read = read.clone();
        move || read.get()
    });
    let seen = seen.join().unwrap();
    assert!((1..=8).contains(&seen), "{seen}");
    busy.join().unwrap();
}
