//! All interleavings of the steps by which threads wake hubs and each other: a wake-up that is lost in one of them ends as a
//! deadlock, which loom reports.
#![cfg(test)]
#![allow(dead_code, unreachable_pub, reason = "the files are the library's")]

#[path = "../../src/hub/remote/park_state.rs"]
mod park_state;
#[path = "../../src/sync/shared/monitor.rs"]
mod monitor;
#[path = "../../src/sync/shared/flag.rs"]
mod flag;
#[path = "../../src/sync/shared/queue.rs"]
mod queue;
#[path = "../../src/sync/shared/parker.rs"]
mod parker;
#[path = "../../src/sync/shared/channel_state.rs"]
mod channel_state;

mod channels;
mod hubs;

/// As `loom::model`, without the orders in which more than three threads lose the processor where they need not.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
