//! Waits that are interrupted before they have begun: a loop of them lets others run.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::sync::{Event, Mutex, Semaphore, channel};
use greenhub::{Task, joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{seconds, within};

type Wait = Box<dyn Fn()>;

/// Makes the wait with a timeout of zero until another task has run; how often that was.
fn turns_until_another_runs(wait: impl Fn() + 'static) -> u32 {
    let has_run = Rc::new(Cell::new(false));
    let turns = spawn({
        let has_run = has_run.clone();
        move || {
            let mut turns = 0;
            while !has_run.get() && turns < 100_000 {
                assert!(with_timeout(Duration::ZERO, &wait).is_err());
                turns += 1;
            }
            turns
        }
    });
    let other = spawn(move || has_run.set(true));
    let turns = turns.join().unwrap();
    other.join().unwrap();
    turns
}

#[test]
fn each_kind_of_wait_lets_others_run() {
    let _watch = within(seconds(60));
    let event = Event::new();
    let semaphore = Semaphore::new(0);
    let mutex = Rc::new(Mutex::new(()));
    let holder = spawn({
        let mutex = mutex.clone();
        move || {
            let _guard = mutex.lock().unwrap();
            sleep(Duration::MAX);
        }
    });
    let (sender, receiver) = channel::bounded::<u32>(1);
    let (full, kept) = channel::bounded::<u32>(1);
    full.send(1).unwrap();
    let endless: Task<()> = spawn(|| sleep(Duration::MAX));
    yield_now();
    let any = endless.any();
    let waits: [(&str, Wait); 9] = [
        ("event", Box::new(move || event.wait())),
        ("semaphore", Box::new(move || drop(semaphore.acquire()))),
        ("mutex", Box::new(move || drop(mutex.lock()))),
        ("recv", Box::new(move || assert!(receiver.recv().is_err()))),
        ("send", Box::new(move || full.send(2).unwrap())),
        ("join", Box::new(move || any.wait())),
        ("sleep", Box::new(|| sleep(seconds(1)))),
        ("yield", Box::new(yield_now)),
        ("joinall", {
            let endless = endless.any();
            Box::new(move || joinall([&endless]))
        }),
    ];
    for (name, wait) in waits {
        let turns = turns_until_another_runs(wait);
        assert!(turns <= 200, "{name}: {turns}");
    }
    drop((sender, kept));
    endless.kill();
    holder.kill();
}

#[test]
fn main_lets_others_run_too() {
    let _watch = within(seconds(60));
    let has_run = Rc::new(Cell::new(false));
    let other = spawn({
        let has_run = has_run.clone();
        move || has_run.set(true)
    });
    let event = Event::new();
    let turns = (0..100_000).take_while(|_| {
        let _ = with_timeout(Duration::ZERO, || event.wait());
        !has_run.get()
    });
    assert!(turns.count() <= 200);
    other.join().unwrap();
}
