//! All interleavings of the steps by which threads wake hubs and each other: a wake-up that is lost in one of them ends as a
//! deadlock, which loom reports.
#![cfg(test)]
#![allow(dead_code, unreachable_pub, reason = "the files are the library's")]

#[path = "../../src/hub/bell.rs"]
mod bell;
#[path = "../../src/sync/shared/desk.rs"]
mod desk;
#[path = "../../src/sync/shared/flag.rs"]
mod flag;
#[path = "../../src/sync/shared/line.rs"]
mod line;
#[path = "../../src/sync/shared/parker.rs"]
mod parker;
#[path = "../../src/sync/shared/passage.rs"]
mod passage;

mod channels;
mod hubs;

/// As `loom::model`, without the orders in which more than three threads lose the processor where they need not.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
