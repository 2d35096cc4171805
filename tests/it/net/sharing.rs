//! Several greenlets at one stream: they queue up, in each direction for itself.

use std::io::{Read, Write};
use std::rc::Rc;

use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{Log, bytes, millis, pair, seconds, within};

#[test]
fn readers_of_one_stream_queue_up() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    let ours = Rc::new(ours);
    let log = Log::new();
    let readers: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| {
            let (ours, log) = (ours.clone(), log.clone());
            spawn(move || {
                let mut byte = [0];
                (&*ours).read_exact(&mut byte).unwrap();
                log.say(format!("{name}{}", byte[0]));
            })
        })
        .into();
    yield_now();
    for n in 0..4 {
        theirs.write_all(&[n]).unwrap();
        readers[usize::from(n)].wait();
    }
    log.check_line("a0 b1 c2 d3");
}

#[test]
fn readers_that_read_again_and_again_take_turns() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    let ours = Rc::new(ours);
    let log = Log::new();
    let readers = ["a", "b", "c"].map(|name| {
        let (ours, log) = (ours.clone(), log.clone());
        spawn(move || {
            while (&*ours).read(&mut [0; 8]).unwrap() > 0 {
                log.say(name);
            }
        })
    });
    for n in 1..=6 {
        yield_now();
        theirs.write_all(b"x").unwrap();
        while log.words().len() < n {
            sleep(millis(1));
        }
    }
    drop(theirs);
    joinall(&readers);
    log.check_line("a b c a b c");
}

#[test]
fn one_edge_serves_all_readers_whose_bytes_it_brought() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    let ours = Rc::new(ours);
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let ours = ours.clone();
            spawn(move || {
                let mut byte = [0];
                (&*ours).read_exact(&mut byte).unwrap();
                byte[0]
            })
        })
        .collect();
    yield_now();
    theirs.write_all(&bytes(50)).unwrap();
    let got: Vec<u8> = readers
        .into_iter()
        .map(|task| task.join().unwrap())
        .collect();
    assert_eq!(got, bytes(50));
}

#[test]
fn one_stream_is_read_and_written_at_the_same_time() {
    let _watch = within(seconds(30));
    const SIZE: usize = 3 << 20;
    let (ours, theirs) = pair();
    let tasks: Vec<_> = [Rc::new(ours), Rc::new(theirs)]
        .into_iter()
        .flat_map(|stream| {
            let other = stream.clone();
            let writer = spawn(move || {
                (&*stream).write_all(&bytes(SIZE)).unwrap();
                0
            });
            let reader = spawn(move || {
                let mut room = vec![0; SIZE];
                (&*other).read_exact(&mut room).unwrap();
                assert!(room == bytes(SIZE));
                room.len()
            });
            [writer, reader]
        })
        .collect();
    let read: usize = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    assert_eq!(read, 2 * SIZE);
}

#[test]
fn clones_are_one_stream_until_the_last_is_dropped() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    let clone = ours.try_clone().unwrap();
    clone.set_read_timeout(Some(seconds(9))).unwrap();
    assert_eq!(ours.read_timeout().unwrap(), Some(seconds(9)));
    assert_eq!(ours.local_addr().unwrap(), clone.local_addr().unwrap());
    let reader = spawn(move || {
        (&clone)
            .read(&mut [0; 8])
            .map(|count| (count, clone))
            .unwrap()
    });
    yield_now();
    drop(ours);
    yield_now();
    assert!(!reader.is_finished());
    theirs.write_all(b"xy").unwrap();
    let (count, clone) = reader.join().unwrap();
    assert_eq!(count, 2);
    drop(clone);
    assert_eq!(theirs.read(&mut [0; 8]).unwrap(), 0);
}
