//! Ctrl-C cancels every task; each cleans up, and the program ends in order. Press Ctrl-C, or send it SIGINT.
//!
//! The signal arrives on a thread of its own, which sends a task to the hub: the task kills all others.
use std::time::Duration;

use greenhub::{HubHandle, JoinError, sleep, task};

struct CleanUp(u32);

impl Drop for CleanUp {
    fn drop(&mut self) {
        println!("worker {} cleans up", self.0);
    }
}

fn work(number: u32) {
    let _clean_up = CleanUp(number);
    loop {
        sleep(Duration::from_secs(1));
    }
}

/// Runs on the hub, as a task of its own.
fn cancel_all() {
    let me = task::current();
    for task in task::all() {
        if Some(&task) != me.as_ref() {
            task.kill_nowait();
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = HubHandle::current()?;
    ctrlc::set_handler(move || {
        // It fails only when the hub's thread has ended, and then there is nothing to cancel.
        let _ = hub.spawn(cancel_all);
    })?;
    let mut workers = Vec::new();
    for number in 1..=3 {
        let builder = task::Builder::new().name(format!("worker {number}"));
        workers.push(builder.spawn(move || work(number))?);
    }
    println!("three workers run; press Ctrl-C");
    for outcome in task::gather(workers) {
        let end = outcome.as_ref().err();
        println!("killed: {}", end.is_some_and(JoinError::is_killed));
    }
    println!("good bye");
    Ok(())
}
