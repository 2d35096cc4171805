//! Who goes on after something has blocked the whole thread, and in which order.

use std::io::{Read, Write};
use std::thread;

use greenhub::{HubHandle, Task, joinall, sleep, spawn, yield_now};

use crate::support::{Log, millis, pair_with_std, seconds, slowness, within};

#[test]
fn three_tasks_keep_their_order_through_blocks() {
    let _watch = within(seconds(20));
    let log = Log::new();
    let tasks = [("a", 0), ("b", 12), ("c", 0)].map(|(name, blocks)| {
        let log = log.clone();
        spawn(move || {
            for _ in 0..4 {
                sleep(millis(5));
                log.say(name);
                thread::sleep(millis(blocks));
            }
        })
    });
    joinall(&tasks);
    // When b has blocked, both others are long due: c since the same moment as b, a for the next time.
    log.check_line("a b c a b c a b c a b c");
}

/// Waits for the task, and says so.
fn waits_for(log: &Log, task: Task<()>, word: &'static str) -> Task<()> {
    let log = log.clone();
    spawn(move || {
        task.join().unwrap();
        log.say(word);
    })
}

#[test]
fn a_wake_before_a_block_precedes_a_wake_after() {
    let _watch = within(seconds(10));
    let log = Log::new();
    // They end in their second turn: x, y, and between them the one that blocks.
    let x = spawn(yield_now);
    let blocker = spawn({
        let log = log.clone();
        move || {
            yield_now();
            log.say("blocks");
            thread::sleep(millis(10));
            yield_now();
            log.say("after its block");
        }
    });
    let y = spawn(yield_now);
    let z = spawn(|| sleep(millis(5)));
    let waiters = [
        waits_for(&log, z, "for z"),
        waits_for(&log, y, "for y"),
        waits_for(&log, x, "for x"),
    ];
    joinall(&waiters);
    joinall([&blocker]);
    // x had woken its waiter before the block, y did so after it; z's time came meanwhile, and the hub saw it last.
    log.check(["blocks", "for x", "after its block", "for y", "for z"]);
}

#[test]
fn readers_resume_in_byte_order_after_a_block() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (mut peers, mut readers) = (Vec::new(), Vec::new());
    for name in ["a", "b", "c", "d"] {
        let (mut ours, theirs) = pair_with_std();
        peers.push(theirs);
        let log = log.clone();
        readers.push(spawn(move || {
            for _ in 0..2 {
                ours.read_exact(&mut [0]).unwrap();
                log.say(name);
            }
        }));
    }
    for order in [[2, 0, 3, 1], [1, 3, 2, 0]] {
        sleep(millis(1) * slowness()); // all wait, and no event of before is left
        for index in order {
            peers[index].write_all(b"x").unwrap();
        }
        thread::sleep(millis(5));
    }
    joinall(&readers);
    log.check_line("c a d b b d c a");
}

#[test]
fn bodies_from_another_thread_begin_in_send_order() {
    let _watch = within(seconds(10));
    let (say, said) = std::sync::mpsc::channel();
    let hub = HubHandle::current().unwrap();
    let sender = thread::spawn(move || {
        for n in 0..1000 {
            let say = say.clone();
            hub.spawn(move || say.send(n).unwrap()).unwrap();
        }
    });
    thread::sleep(millis(10));
    sender.join().unwrap();
    let mut order = Vec::new();
    while order.len() < 1000 {
        yield_now();
        order.extend(said.try_iter());
    }
    assert!(order.into_iter().eq(0..1000));
}
