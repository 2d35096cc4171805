//! Delivering interrupts: how a kill or a timeout that is pending becomes a panic where its greenlet waits.
//!
//! Whoever has one pending makes its thread [attentive](thread::add_attention), so that the next switch or wait comes to
//! `permit.rs`, which looks here. The floor above ends waits that have begun.

use std::panic::resume_unwind;

use crate::error::TimedOut;
use crate::interrupts::{Interrupt, Interrupts};
use crate::stderr;
use crate::switch::describe;
use crate::switch::exit::GreenletExit;
use crate::switch::record::{Core, Resumption};
use crate::switch::switch_guard::MOST_SWALLOWED;
use crate::switch::tag::{Never, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::unwind;

/// To be called when what is pending for `core` has changed.
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

/// `core` has ended, or its body has: nothing is pending any more.
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

/// Ends the switch that `core` waits in, so that it may run and be interrupted. False if it waits in none.
pub(crate) fn end_switch(core: &Core) -> bool {
    let waits = core.state().is_alive()
        && core.as_ptr() != thread::current().as_ptr()
        && !core.expects.get().is::<Never>();
    if waits {
        // Nobody else may switch there any more.
        core.expects.set(TypeTag::of::<Never>());
        core.put_resumption(Resumption::Interrupt);
    }
    waits
}

/// The running greenlet has got control in a switch. If it stands in the queue, to be interrupted, it does so no more:
/// with another resumption that one was first. Without any it has only come here because of a tracer.
pub(super) fn end_turn(me: Current, resumption: Option<&Resumption>) {
    me.wait().end();
    if !matches!(resumption, None | Some(Resumption::Interrupt))
        && let Some(known) = me.known_interrupts()
    {
        known.put_off();
    }
}

/// Something is due for the running greenlet: its next wait ends before it has begun.
pub(crate) fn is_due(me: Current) -> bool {
    me.known_interrupts()
        .is_some_and(|known| known.due().is_some())
}

/// Raises what is due for the running greenlet, if anything is.
pub(super) fn raise_due(me: Current) {
    let Some(due) = me.known_interrupts().and_then(|known| known.take()) else {
        return;
    };
    sync_slow_path(&me);
    if due == Interrupt::Kill && me.interrupts().kill_again() >= MOST_SWALLOWED {
        leak_current(me);
    }
    raise(due)
}

/// Raises what has ended a wait of the running greenlet.
#[cold]
#[inline(never)]
pub(crate) fn raise_delivered(me: Current) {
    if let Some(delivered) = me.interrupts().take_delivered() {
        sync_slow_path(&me);
        raise(delivered)
    }
}

fn raise(interrupt: Interrupt) -> ! {
    match interrupt {
        Interrupt::Kill => GreenletExit::raise(),
        Interrupt::Timeout(id) => {
            let payload = thread::current().interrupts().begin_unwinding();
            resume_unwind(Box::new(TimedOut::to_unwind(id, payload)))
        }
    }
}

/// A panic unwinds the running greenlet, and it is neither its kill nor a timeout of its.
///
/// While it keeps a kill or a timeout that it has caught, every unwinding is taken for that one's going on.
pub(crate) fn is_panicking() -> bool {
    let interrupts = || {
        thread::current()
            .known_interrupts()
            .map(Interrupts::are_unwinding)
    };
    std::thread::panicking() && interrupts() != Some(true)
}

/// It catches its kill time and again: those who wait for it are told that it was killed, and it is left where it is.
fn leak_current(me: Current) -> ! {
    stderr::say(format_args!(
        "{} has caught its kill {MOST_SWALLOWED} times and waits again: it is given up, and its stack is leaked",
        describe(&me)
    ));
    clear(&me);
    // Its frames are never unwound, so its record must not go either.
    std::mem::forget(me.to_ref());
    // SAFETY: it is given up here, where it was not told of before.
    unsafe { me.tell_killed() };
    let hub = || me.parent().expect("a task's parent is its hub").as_ptr();
    let next = me.unwinder().unwrap_or_else(hub);
    unwind::leak(&me);
    thread::set_current(next);
    // SAFETY: this is its own stack, and a task's is not main's.
    unsafe { me.context.suspend(next) };
    unreachable!("nobody resumes a greenlet that was given up")
}
