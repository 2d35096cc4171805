//! The README's first program: three tasks that sleep at the same time.
//!
//! Output:
//! task 1 begins
//! task 2 begins
//! task 3 begins
//! task 1 ends
//! task 2 ends
//! task 3 ends
use greenhub::{joinall, sleep, spawn};
use std::time::Duration;

fn main() {
    let tasks: Vec<_> = (1..=3)
        .map(|n| {
            spawn(move || {
                println!("task {n} begins");
                sleep(Duration::from_millis(10 * n));
                println!("task {n} ends");
            })
        })
        .collect();
    joinall(&tasks);
}
