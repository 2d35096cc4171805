//! What greenlets wait for, and the report of all waits: main gets it when nothing can end any of them, and a shutdown that has
//! timed out returns it.
#![forbid(unsafe_code)]

use std::fmt::Write;

use crate::hub::Hub;
use crate::switch::record::Core;
use crate::switch::{describe, thread};
use crate::waiting::WaitInfo;

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

/// What `core` waits for. `None` if it runs or is ready to, was not started, or has ended.
pub(crate) fn wait_of(core: &Core) -> Option<WaitInfo> {
    let wait = core.wait();
    let is_left = core.state().is_alive() && core.as_ptr() != thread::current().as_ptr();
    let in_switch = is_left && !wait.is_ready();
    wait.parked_for().or(in_switch.then(WaitInfo::in_switch))
}

fn add(text: &mut String, core: &Core) {
    let name = describe(core);
    let _ = match wait_of(core) {
        Some(wait) => write!(text, "\n  {name} waits for {wait}"),
        None if core.wait().is_ready() => write!(text, "\n  {name} is ready"),
        None => write!(text, "\n  {name} was not started"),
    };
}
