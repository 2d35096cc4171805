//! Callbacks: what is called when a task has ended, in the order in which it was added; and panics that nobody asks for.
//!
//! Output:
//! the task has ended
//! its value is 42
//! and now main goes on
//! it was killed
//! too late, so at once: 42
//! nobody asked: boom
use greenhub::{Task, sleep, spawn, task, yield_now};
use std::rc::Rc;
use std::time::Duration;

fn main() {
    let answer = spawn(|| {
        sleep(Duration::from_millis(10));
        6 * 7
    });
    let _ = answer.on_done(|_| println!("the task has ended"));
    let _ = answer.on_value(|value| println!("its value is {value}"));
    let _ = answer.on_failure(|error| println!("never: {error}"));
    // A callback can be taken back, as long as it was not called.
    let never = answer.on_done(|_| println!("never"));
    never.remove();
    answer.wait();
    println!("and now main goes on");

    let victim = spawn(|| sleep(Duration::MAX));
    let _ = victim.on_failure(|error| assert!(error.is_killed()));
    let _ = victim.on_failure(|_| println!("it was killed"));
    yield_now();
    victim.kill();

    let _ = answer.on_value(|value| println!("too late, so at once: {value}"));

    // A task whose handle was dropped cannot be joined. Its panic is reported instead, by default on stderr.
    task::set_unobserved_hook(Some(Rc::new(|error| {
        println!("nobody asked: {}", error.panic_message().unwrap());
    })));
    std::panic::set_hook(Box::new(|_| {}));
    let detached: Task<()> = spawn(|| panic!("boom"));
    drop(detached);
    yield_now();
}
