//! The report that main gets when everybody waits and nothing can wake anybody.
#![forbid(unsafe_code)]

use std::fmt::Write;

use super::Hub;
use crate::greenlet::describe;
use crate::greenlet::record::Core;

impl Hub {
    /// Lists who waits for what since which line, `main` first.
    pub(super) fn report_deadlock(&self, main: &Core) -> String {
        let mut text = String::from("deadlock: everybody waits, and nothing can wake anybody:");
        add(&mut text, main);
        self.tasks.for_each(|task| add(&mut text, task));
        self.for_each_other(|other| add(&mut text, other));
        text
    }
}

fn add(text: &mut String, core: &Core) {
    let who = describe(core);
    let _ = match core.wait().parked_at() {
        Some((reason, place)) => write!(text, "\n  {who} waits for {reason} at {place}"),
        None => write!(text, "\n  {who} waits in a switch"),
    };
}
