//! A test of code that waits, without waiting: the clock stands still while anybody can run, and jumps when nobody can.
//!
//! Output:
//! gave up after 5 tries and 31 virtual seconds
//! the cache is fresh after 59 s
//! the cache was emptied after 60 s
//! all that took less than a real second: true
use greenhub::{hub, sleep, spawn};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The code under test: tries again and again, and waits twice as long each time.
fn retry(mut tries_left: u32, mut call: impl FnMut() -> bool) -> bool {
    let mut pause = Duration::from_secs(1);
    while !call() {
        sleep(pause);
        pause *= 2;
        tries_left -= 1;
        if tries_left == 0 {
            return false;
        }
    }
    true
}

/// And this: empties a cache each minute.
fn empty_each_minute(entries: Rc<Cell<u32>>) {
    loop {
        sleep(Duration::from_secs(60));
        entries.set(0);
    }
}

fn main() {
    let begun = Instant::now();
    hub::pause_clock();

    let (start, mut tries) = (hub::now(), 0);
    let done = retry(5, || {
        tries += 1;
        false
    });
    assert!(!done);
    let took = (hub::now() - start).as_secs();
    println!("gave up after {tries} tries and {took} virtual seconds");

    let entries = Rc::new(Cell::new(7));
    let cleaner = spawn({
        let entries = entries.clone();
        move || empty_each_minute(entries)
    });
    // Step by step: all that is due on the way happens, and has come to rest when this returns.
    hub::advance_clock(Duration::from_secs(59));
    assert_eq!(entries.get(), 7);
    println!("the cache is fresh after 59 s");
    hub::advance_clock(Duration::from_secs(1));
    assert_eq!(entries.get(), 0);
    println!("the cache was emptied after 60 s");
    cleaner.kill();

    let fast = begun.elapsed() < Duration::from_secs(1);
    println!("all that took less than a real second: {fast}");
}
