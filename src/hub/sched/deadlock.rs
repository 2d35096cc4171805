//! The report of all waits: main gets it when nothing can end any of them, and a shutdown that has timed out returns it.
#![forbid(unsafe_code)]

use std::fmt::Write;

use crate::hub::Hub;
use crate::switch::record::Core;
use crate::switch::{GreenletState, describe};

impl Hub {
    /// Lists each wait with its reason and its line, `main` first.
    pub(in crate::hub) fn report_deadlock(&self, main: &Core) -> String {
        let mut text = String::from("deadlock: all greenlets wait, and nothing can end a wait:");
        add(&mut text, main);
        self.tasks.for_each(|task| add(&mut text, task));
        self.for_each_untracked(|other| add(&mut text, other));
        text
    }

    /// Lists which tasks but `me` wait for what since which line.
    pub(in crate::hub) fn report_tasks(&self, me: &Core) -> String {
        let mut text = String::new();
        self.tasks.for_each(|task| {
            if task.as_ptr() != me.as_ptr() {
                add(&mut text, task);
            }
        });
        text
    }
}

fn add(text: &mut String, core: &Core) {
    let name = describe(core);
    let _ = match core.wait().parked_for() {
        Some((reason, place)) => write!(text, "\n  {name} waits for {reason} at {place}"),
        None if core.state() == GreenletState::Unstarted => {
            write!(text, "\n  {name} was not started")
        }
        None if core.wait().is_ready() => write!(text, "\n  {name} is ready"),
        None => write!(text, "\n  {name} waits in a switch"),
    };
}
