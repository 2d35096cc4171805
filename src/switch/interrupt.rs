//! Pending interrupts, a kill or timeouts: what the thread knows of them, and how they end a switch that has begun.
//!
//! A greenlet with a pending interrupt requests the slow path, so that its next switch or wait reaches `switch_guard.rs`,
//! which raises the interrupt. The hub ends waits that have begun.
#![forbid(unsafe_code)]

use crate::switch::record::{Core, Resumption};
use crate::switch::state::{Never, TypeTag};
use crate::switch::thread::{self, Current};

/// To be called when the pending interrupts of `core` have changed.
pub(crate) fn sync_slow_path(core: &Core) {
    let interrupts = core.interrupts();
    let pending = interrupts.is_pending() && !core.state().is_over();
    if interrupts.noticed.replace(pending) != pending {
        if pending {
            thread::request_slow_path();
        } else {
            thread::withdraw_slow_path();
        }
    }
}

/// Drops the pending interrupts of `core`, which has ended, or the body of which has ended.
#[inline(always)]
pub(crate) fn clear(core: &Core) {
    if core.known_interrupts().is_some() {
        clear_slow(core);
    }
}

#[cold]
#[inline(never)]
fn clear_slow(core: &Core) {
    core.interrupts().clear(thread::next_id());
    sync_slow_path(core);
}

/// Ends the switch that `core` waits in, so that it can run and be interrupted. False if it waits in none.
pub(crate) fn end_switch(core: &Core) -> bool {
    let waits = core.state().is_alive()
        && core.as_ptr() != thread::current().as_ptr()
        && !core.expects.get().is::<Never>();
    if waits {
        // No other greenlet can switch there any more.
        core.expects.set(TypeTag::of::<Never>());
        core.put_resumption(Resumption::Interrupt);
    }
    waits
}

/// The running greenlet has got control with `resumption`. If another resumption was first, an interrupt that was about to be
/// delivered is due again at the next wait.
pub(super) fn defer(me: Current, resumption: Option<&Resumption>) {
    if !matches!(resumption, None | Some(Resumption::Interrupt))
        && let Some(known) = me.known_interrupts()
    {
        known.put_off();
    }
}

/// An interrupt is due for the running greenlet: its next wait ends before it has begun.
pub(crate) fn is_due(me: Current) -> bool {
    me.known_interrupts()
        .is_some_and(|known| known.due().is_some())
}
