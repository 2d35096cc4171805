//! `no_switch` in tasks: two halves of one thing stay together, and what need not wait works.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;

use greenhub::greenlet::no_switch;
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{millis, pair, panic_text};

#[test]
fn a_task_is_not_left_while_it_does_a_thing_in_two_halves() {
    let account = Rc::new(RefCell::new((50, 50)));
    let movers = [0; 3].map(|_| {
        let account = account.clone();
        spawn(move || {
            for _ in 0..10 {
                no_switch(|| {
                    account.borrow_mut().0 -= 1;
                    assert!(panic_text(yield_now).contains("no_switch"));
                    account.borrow_mut().1 += 1;
                });
                let (from, to) = *account.borrow();
                assert_eq!(from + to, 100);
                yield_now();
            }
        })
    });
    joinall(&movers);
    assert_eq!(*account.borrow(), (20, 80));
}

#[test]
fn reading_what_is_there_works_and_waiting_for_more_does_not() {
    let (mut ours, mut theirs) = pair();
    theirs.write_all(b"here").unwrap();
    sleep(millis(1));
    let mut buffer = [0; 4];
    no_switch(|| ours.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"here");
    let error = no_switch(|| ours.read(&mut buffer)).unwrap_err();
    assert!(
        error.to_string().starts_with("this runs inside no_switch"),
        "{error}"
    );
    theirs.write_all(b"more").unwrap();
    ours.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"more");
}

#[test]
fn a_task_that_panics_because_of_it_says_so_in_its_join() {
    let line = line!() + 1;
    let task = spawn(|| no_switch(|| sleep(millis(1))));
    let error = task.join().unwrap_err();
    let message = error.panic_message().expect("a text");
    let why = format!(
        "this runs inside no_switch, which was called at {}:{line}:",
        file!()
    );
    assert!(message.contains(&why), "{message}");
}
