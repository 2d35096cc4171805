//! A deadlock: all greenlets wait for each other, and main gets a report of all waits with their reasons and lines.
//!
//! Output:
//! deadlock: all greenlets wait, and nothing can end a wait:
//!   greenlet "main" waits for join of task 4 at examples/09_deadlock.rs:25:55
//!   greenlet "hen" (made at examples/09_deadlock.rs:18:42) waits for an event at examples/09_deadlock.rs:20:25
//!   greenlet "egg" (made at examples/09_deadlock.rs:23:42) waits for join of task 3 at examples/09_deadlock.rs:23:60
//! main goes on
use greenhub::sync::Event;
use greenhub::task::Builder;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let hatched = Rc::new(Event::new());

    let hen = Builder::new().name("hen").spawn({
        let hatched = hatched.clone();
        move || hatched.wait() // only the egg could set it
    });
    let hen = hen.unwrap();
    let egg = Builder::new().name("egg").spawn(move || hen.wait());
    let egg = egg.unwrap();
    let waited = catch_unwind(AssertUnwindSafe(|| egg.wait()));
    // As a panic, which ends main and with it the program, unless somebody catches it.
    let report = waited.unwrap_err();
    println!("{}", report.downcast_ref::<String>().unwrap());
    hatched.set();
    egg.wait();
    println!("main goes on");
}
